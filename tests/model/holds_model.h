/* holds_model.h - a small world around act/hold.c: one step that must be approved, the journal
 * that remembers it, the executor that may be killed between any two of its moves, two states of
 * the provider, six people and a clock.
 *
 * What a hold is, and who may say what, is decided by the real code. What the journal and the
 * executor do around it is told here again, move by move, as store/holds.h and act/executor.h
 * promise it. A mutation takes one guard away: then the search must find a way to the wrong act.
 */
#pragma once

#include "act/hold.h"

#include <stdint.h>

enum { HOLDS_MAX = 3, SAID_MAX = 3, TIME_MAX = 6 };

/* alice, bob and the author are of the role that is asked first, carol and dave of the one that is
 * asked next, eve of none. Each stage needs two. */
enum person { ALICE, BOB, AUTHOR, CAROL, DAVE, EVE, PEOPLE };

enum mutation {
    MUTATION_NONE,
    MUTATION_AUTHOR,     /* the author counts as anybody else */
    MUTATION_ROLE,       /* nobody asks whether who decides may */
    MUTATION_NEEDED,     /* one approval is enough for every stage */
    MUTATION_DISTINCT,   /* one person counts as often as they speak */
    MUTATION_SEEN,       /* an approval of another plan counts for this one */
    MUTATION_CLAIM,      /* the plan that is carried out is not compared with the approved one */
    MUTATION_FRESH,      /* the step is not planned anew before it acts */
    MUTATION_VOID,       /* another plan does not end the approval */
    MUTATION_TIME,       /* a stage has no end */
    MUTATION_STAGE,      /* what was said in one stage counts in the next */
    MUTATION_REJECTION,  /* a rejection is no end */
    MUTATION_WITHDRAW,   /* whoever approved may not reject any more */
    MUTATION_EARLIER,    /* nor may whoever was asked before */
    MUTATION_LOG,        /* decisions are not looked up in the audit log */
    MUTATION_PAUSE,      /* the pause is not looked at before a change */
    MUTATION_REMEMBERED, /* that a change was sent is not on disk before it is */
    MUTATION_COUNT
};

/* What the mutation takes away, in words; static. */
const char *mutation_words(enum mutation mutation);

/* One thing that somebody said of a hold; all members of the state are bytes, so that two states
 * are the same when their bytes are. */
struct said {
    uint8_t who;
    uint8_t is_approval;
    uint8_t plan; /* what they saw */
    uint8_t stage;
    uint8_t at;
    uint8_t is_in_log;
};

struct model_hold {
    uint8_t plan; /* the state of the provider that it was made of */
    uint8_t held;
    uint8_t state;
    uint8_t has_met_other; /* truth: a later plan of the step was another one */
    uint8_t has_objector;  /* truth: somebody who was asked said no in time */
    uint8_t said_count;
    struct said said[SAID_MAX];
};

enum step_state { STEP_NEW, STEP_WAITS, STEP_GOES, STEP_OVER };
enum executor_phase { PHASE_IDLE, PHASE_PLANNED, PHASE_VOIDED, PHASE_CLAIMED, PHASE_SENT };

struct model {
    /* the world */
    uint8_t provider; /* 0 or 1: the state before, which is in the plan */
    uint8_t time;
    uint8_t is_paused;
    uint8_t changes; /* truth: made by the step */
    /* on disk */
    uint8_t step;
    uint8_t is_sent; /* the intent of the change */
    uint8_t hold_count;
    struct model_hold holds[HOLDS_MAX];
    /* in the executor's memory: gone with a restart */
    uint8_t phase;
    uint8_t plan;
    uint8_t is_fresh; /* the plan was made after the hold was settled */
};
static_assert(_Alignof(struct model) == 1, "bytes alone: no padding to compare");

enum { EVENTS_MAX = 64 };

/* The moves that somebody may make next, at most EVENTS_MAX; how many. */
unsigned model_events(
    const struct model *model, enum mutation mutation, uint8_t events[EVENTS_MAX]);
/* Make one. Returns NULL, or what went wrong with it: a change that nobody let through. */
const char *model_move(struct model *model, enum mutation mutation, uint8_t event);
/* "alice approves hold 1"; in `text`. */
void model_event_words(uint8_t event, char text[static 64]);
