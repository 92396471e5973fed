/* story.h - a stored run with its steps and calls, and how it is told. */
#pragma once

#include "driver/output.h"
#include "store/dedup.h"
#include "store/holds.h"
#include "store/timers.h"

#include <jansson.h>

/* An undo of a run. One takes back all that the ones before it left (act/undo.h), so
 * when it is done the run is taken back. */
struct story_undo {
    int64_t run;
    const char *state; /* run_state */
    bool is_done;
};

struct story {
    struct run run;
    const char *state; /* run_state */
    struct step_record *steps;
    size_t step_count;
    struct call_record *calls; /* of all steps, in the order they were intended */
    size_t call_count;
    const struct story_undo *undos; /* oldest first */
    size_t undo_count;
    struct hold *holds; /* of its steps, oldest first */
    size_t hold_count;
    struct timer *timers; /* that are set */
    size_t timer_count;
    struct joined_alert *joined; /* other alerts that belong to it, by `dedup` */
    size_t joined_count;
};

/* Read everything about a run of the journal, in `arena`. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err story_read(
    struct store *store, const struct run *run, struct arena *arena, struct story *ret_story);

/* Write a run and its undos as a person reads them; `data` is the data directory as a word of a
 * shell. */
void story_text(struct output *out, const struct story *story, const char *data);
/* The same as an object. NULL when out of memory. */
json_t *story_json(const struct story *story);

/* What of a run is in every list of them; `state` is run_state. NULL when out of memory. */
json_t *run_json(const struct run *run, const char *state);

/* The hold that a step waits for, or waited for last; NULL: it never did. */
const struct hold *story_hold(const struct story *story, const struct step_record *step);
/* When a step is undone because its `for` is over, in ms since 1970; 0: it is not. */
int64_t story_undo_ms(const struct story *story, const struct step_record *step);

/* One line: the inverse of a change with the state before it, from undo_to_json; nothing when it has
 * none. */
void story_undo_text(struct output *out, str undo_json, struct arena *arena);

/* The row that a step or an undo of the journal names, or NULL in a build without it. */
const struct builtin *builtin_by_name(str name);
