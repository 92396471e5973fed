/* attempt.h - one step while it is executed: what the files of the executor share, and nobody
 * else.
 *
 *   executor.c        a step from its beginning in the journal to its end there
 *   attempt_way.c     the connection, and as whom and where the step acts
 *   attempt_answer.c  the answer to one request: from the journal, the provider, or supposed
 *   attempt_plan.c    what it would do, and what the governor says of that
 */
#pragma once

#include "act/executor.h"
#include "act/governor.h"
#include "store/store.h"

/* How a request of the builtin is answered now. */
enum attempt_phase {
    PHASE_ACT,     /* from the journal while that knows it, else sent */
    PHASE_SUPPOSE, /* as PHASE_ACT up to the first change; changes are supposed, and reads after
                    * one are sent and forgotten */
    PHASE_LOOK,    /* a look at the world as it is: all reads are sent and forgotten, changes are
                    * supposed */
};

struct attempt {
    struct executor *executor;
    const struct step_order *order;
    struct arena *arena;   /* the caller's: what outlives the step */
    struct arena own;      /* the builtin's */
    struct arena replies;  /* the last reply's */
    struct transport *way; /* NULL until something had to be sent */
    struct step step;
    enum attempt_phase phase;
    str identity;      /* with which the step was begun; empty: not known, so not compared */
    str base;          /* and with which the connection itself; the same */
    bool is_same;      /* the connection was asked, and is of both */
    bool is_held;      /* the journal has it as held */
    bool is_awaited;   /* a person was asked about it: without a connection it stays open */
    bool is_patient;   /* without an answer it stays open: whoever executes it comes back */
    bool is_fresh;     /* whatever the journal answers was asked by this very call */
    uint32_t calls;    /* requests that were answered: the number of the next */
    uint32_t replayed; /* of them, those that an earlier call asked */
    bool is_other;     /* the target was compared with those that the connection acts as */
    bool has_changed;  /* a change of this step may have arrived */
    bool was_silent;   /* a request got no answer */
    bool is_over;
    enum step_turn end; /* once it is over; step.reason says why */
    int64_t due_ms;     /* when its time is up (`timeout`), in the time of timers; 0: never */
    const struct step_record *joined; /* whose end this step takes over, or NULL */
    /* the plan */
    struct plan plan;
    struct plan_change *changes_last;
    str plan_hash;
    str approved; /* the plan that people let through, as JSON: nothing else is sent; or empty */
    const struct judgement *judgement;
    int64_t hold;
    bool was_open; /* it waited for an answer before this attempt */
    bool is_let;   /* people let the step through, by the hold */
    struct planned_request *planned;
    struct planned_request **planned_last;
};

static inline bool is_applied(const struct attempt *a)
{
    return a->executor->mode == MODE_APPLY;
}

static inline int64_t now_ms(const struct attempt *a)
{
    return a->executor->clock->now_ms(a->executor->clock);
}

/* The step is over, as `end`. */
void over(struct attempt *a, enum step_turn end, const char *reason);
/* A copy in the caller's arena. ERR_MEMORY. */
MUST_CHECK enum err keep(struct attempt *a, str text, str *ret_text);
MUST_CHECK enum err keep_chars(struct attempt *a, const char *text, const char **ret_text);
/* The time of timers (act/timers.h), only while it is applied. */
MUST_CHECK enum err attempt_time(struct attempt *a, int64_t *ret_ms);
/* ERR_STOPPED when somebody wants to end meanwhile. */
MUST_CHECK enum err wait_ms(struct attempt *a, uint32_t duration_ms);

/* Bind the step to its connection unless the journal has: then, or when an older cdr began
 * it, replay comes first. Its timeout runs from here. */
MUST_CHECK enum err attempt_bind(struct attempt *a);

/* ---- attempt_way.c ---- */

/* Find the way to the provider, or end the step. Once something was changed the step has
 * to stay open: whoever connects again can find out what became of it. */
MUST_CHECK enum err way_find(struct attempt *a);
/* Bind the step to its connection: from here on it is its identity's. Without one nothing is
 * bound, and what the builtin asks first ends the step. */
MUST_CHECK enum err where_begin(struct attempt *a);
/* Before the first request that the journal does not answer: whether we are still who began.
 * ERR_CREDENTIALS: not. */
MUST_CHECK enum err where_compare(struct attempt *a);

/* Before the first change is sent, or supposed with a connection: end the step when its target is
 * one of those that the connection acts as, so that nothing of that is in the journal. What takes
 * back is let through. */
MUST_CHECK enum err self_spare(struct attempt *a);

/* ---- attempt_answer.c ---- */

/* The reply to what the builtin just asked; none when that ended the step. */
MUST_CHECK enum err answer(struct attempt *a, bool is_change, struct reply *ret_reply);
/* Whether the journal has requests of this step, and when the first was sent. */
MUST_CHECK enum err has_asked(struct attempt *a, bool *ret_has_asked, int64_t *ret_since_ms);

/* ---- attempt_plan.c ---- */

/* Begin the builtin from its start, with nothing answered yet. */
MUST_CHECK enum err attempt_prepare(struct attempt *a);
/* Run the builtin until it ends or the step is over. */
MUST_CHECK enum err attempt_run(struct attempt *a);
/* One more change that it would make. ERR_MEMORY. */
MUST_CHECK enum err plan_add(struct attempt *a);
/* Ask the governor whether the step may act, before it does. Afterwards the step is over, held or not, or
 * it may be run. */
MUST_CHECK enum err attempt_ask_leave(struct attempt *a);
/* In a plan: what the governor would say, in a->judgement. */
MUST_CHECK enum err attempt_judge_plan(struct attempt *a);
