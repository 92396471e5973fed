/* undo.h - takes a run, or one step of it, back: its changes, newest first, each by its recorded
 * inverse.
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

/* What is to be taken back, and because of whom. */
struct undo_order {
    int64_t run;
    bool is_of_one_step; /* only what `step` changed; the run goes on or stands */
    uint32_t step;
    str person;    /* who asks for it now (host/person.h); empty: nobody does, its time is over */
    int64_t timer; /* the TIMER_UNDO whose time is over, or 0: it ends when the undo is begun */
    str reason;    /* for the audit log; may be empty */
};

/* Take it back, or go on with an unfinished undo of it. The changes are those of the
 * journal, intended ones without a reply too (their inverse looks first), but not those
 * that certainly never arrived. What a finished undo could not take back is tried again
 * by the next. Before all of a run, unfinished undos of single steps of it are finished. A run
 * that is still open is ended first (store_run_abandon), so that no resume goes on with what is
 * being taken back; not for the undo of one step. The undo of what changed nothing has no
 * steps: it closes the run, or step, which then relies on nothing any more. The timers of what is
 * taken back are cancelled; where nobody asks for the undo of one step and not all of it could be
 * taken back, a timer for another try is set (timers_undo_again). Begin and end are in the audit log.
 * `find` gives the row of an inverse by name; one that is recorded in words that cannot be
 * read ends as unknown. *ret_undo is the run of the undo, set as soon as it is begun, on later
 * errors too; 0 in MODE_PLAN, which needs a store to read from but writes nothing there.
 * ERR_NOT_FOUND: no such run, or step; ERR_INVALID: it is an undo itself, or all of it was taken back
 * before. ERR_NEEDED: another run relies on what it did (store_reliance); ERR_PAUSED: cdr is
 * paused and nobody asks for it now; executor.reason says which (where
 * others rely on those again, all of them, newest first, at most 20), and nothing was begun. Else as
 * step_execute: the undo stays open. */
MUST_CHECK enum err undo_execute(struct executor *executor, const struct builtin *(*find)(str name),
    const struct undo_order *order, struct arena *arena, struct undo_report *report,
    int64_t *ret_undo);
