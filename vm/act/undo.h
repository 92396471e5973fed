/* undo.h - takes a run back: its changes, newest first, each by its recorded inverse.
 *
 * An undo is a run of its own (run.undoes), journalled like any other, so it can be
 * killed and resumed. Each inverse compares before it restores: what somebody else
 * changed since is left alone and said. It goes to the region of the step that it takes back,
 * wherever the connection is at home.
 */
#pragma once

#include "act/run.h"
#include "store/store.h"

struct undo_step {
    uint32_t index;
    const struct builtin *builtin; /* the inverse */
    const value *args;
    struct step_outcome outcome;
};

struct undo_report {
    /* Called when an inverse has ended; may be NULL. */
    void (*step)(struct undo_report *report, const struct undo_step *step);
};

/* Take `run` back, or go on with an unfinished undo of it. The changes are those of the
 * journal, intended ones without a reply too (their inverse looks first), but not those
 * that certainly never arrived. What a finished undo could not take back is tried again
 * by the next. A run that is still open is ended first (store_run_abandon), so that no
 * resume goes on with what is being taken back. The undo of a run that changed nothing has no
 * steps: it closes the run, which then relies on nothing any more.
 * `find` gives the row of an inverse by name; one that is recorded in words that cannot be
 * read ends as unknown. *ret_undo is the run of the undo, set as soon as it is begun, on later
 * errors too; 0 in MODE_PLAN, which needs a store to read from but writes nothing there.
 * ERR_NOT_FOUND: no such run; ERR_INVALID: it is an undo itself, or all of it was taken back
 * before. ERR_NEEDED: another run relies on what it did (store_reliance); executor.reason says
 * which, and nothing was sent. Else as step_execute: the undo stays open. */
MUST_CHECK enum err undo_execute(struct executor *executor, const struct builtin *(*find)(str name),
    int64_t run, struct arena *arena, struct undo_report *report, int64_t *ret_undo);
