/* executor.h - carries a builtin's requests to the provider, once each.
 *
 * The journal decides: a request whose reply is recorded is not sent again, a change
 * that was intended without a recorded reply is reported to the builtin as lost, so
 * that it looks before it acts. An intent is on disk before its request leaves.
 *
 * No answer is an answer: a builtin is told REPLY_LOST or REPLY_REFUSED, that is
 * recorded, and mostly it ends as failed. With one exception: once a change of the step
 * may have arrived, a read that gets no answer (after READ_TRIES_MAX tries) decides
 * nothing. The step stays open and can be resumed when the provider is back, because
 * whoever gave up there could not say what became of the change. And with another: who stays and
 * comes back by itself (a daemon) is patient, and leaves a step open as well that has changed nothing.
 *
 * A step belongs to one identity and one region: both are recorded when it is begun, and
 * before it goes on the connection is asked whether it is still the same. So do the steps of
 * a run in one account of a provider; and wherever they go, they go by one base: whom the provider
 * takes the connection itself for. Replay alone needs no connection.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "builtin.h"
#include "host/clock.h"
#include "host/transport.h"

struct governor;
struct step_cause;
struct store;

enum { READ_TRIES_MAX = 3, WAIT_TOLD_MS = 5000 };

enum run_mode {
    MODE_OFFLINE, /* sends nothing: a plan of what can be known without looking */
    MODE_PLAN,    /* sends reads, supposes writes */
    MODE_APPLY,   /* sends both, each after its intent is in the journal */
};

/* A request that a plan would send, for printing. */
struct planned_request {
    struct request request;
    bool is_change;
    struct planned_request *next;
};

struct executor {
    enum run_mode mode;
    struct store *store; /* NULL unless MODE_APPLY */
    struct clock *clock;
    /* The transport that serves `provider` in `account` (empty: the connection's own), or NULL
     * with a sentence in *reterr_reason ("no connection: AWS_ACCESS_KEY_ID is not set"). */
    struct transport *(*connect)(
        struct executor *executor, const char *provider, str account, const char **reterr_reason);
    /* The row with VERB_FIND whose result is a thing of that type (act/locate.h), or NULL; itself
     * NULL: nothing is looked for. */
    const struct builtin *(*finder)(enum type type);
    void *self;                /* whoever made `connect` */
    struct governor *governor; /* asked before every change (governor.h); NULL: nobody is, which
                                * only tests of the executor may want */
    uint32_t
        patience_tries; /* while its run was put off less often (timers_retry) a step without an
                              * answer, to a read or to who we are, stays open to be resumed; 0: it
                              * ends as failed */
    int64_t plans;      /* runs that were planned so far */
    /* Told before a wait of WAIT_TOLD_MS or more, and what is asked then; NULL: nobody is. */
    void (*waits)(struct executor *executor, const struct request *request);
    const volatile int *stop; /* not 0: end with ERR_STOPPED before the next request; may be
                               * NULL. A transport may look at it too, while it reads */
    const char *reason;       /* after ERR_TRANSPORT, ERR_REFUSED, ERR_CREDENTIALS and
                               * ERR_NEEDED: a sentence, in the arena of the failed call */
};

/* How one step ended, or that it is held. */
struct step_outcome {
    enum step_turn turn; /* an end, or STEP_HELD */
    str target;
    str found;
    const char *reason;
    struct step_values results;
    uint32_t
        replayed;  /* so many of its requests were made before, not by this call; UINT32_MAX: all */
    str plan_hash; /* MODE_APPLY, once it is planned; else empty */
    str would;     /* once it is planned: what the builtin says would come of it; else empty */
    const struct judgement *judgement; /* what the governor said last, or would say in a plan; may
                                        * be NULL */
    int64_t hold;                      /* STEP_HELD: the hold that it waits for */
    int64_t approval;                  /* the hold by which people let it through, or 0 */
    bool is_held_still;                /* STEP_HELD: it was before, for the same */
    struct planned_request *requests;  /* MODE_PLAN and MODE_OFFLINE: what it asked, in order */
};

/* One step of a run, before it is executed. */
struct step_order {
    const struct builtin *row;
    const value *args; /* as many as the row has parameters */
    int64_t run;       /* with `index` it names the step's entries in the journal; 0 in a plan */
    uint32_t index;    /* from 0, in the order steps are begun */
    str found;         /* how the arguments were found; the outcome's `found` begins with it */
    str region;        /* where its requests go that name none; empty: where the connection's go */
    str account;       /* in which it acts; empty: that of its arguments (order_account) */
    const struct step_cause *cause; /* why (governor.h); NULL: an undo, which is not judged */
    int64_t timeout_ms;             /* it ends at its next read after that; 0: no such time */
    str began_as; /* of an undo: as whom the change was made; nobody else takes it back but clients of
                   * the same tenant ("microsoft:TENANT/CLIENT"); empty: whoever gets into the
                   * account may */
    bool is_by_person; /* an undo that somebody asked for: it goes on although cdr is paused */
};

/* The account in which a step acts: the order's own, else the argument that says so, else that of
 * the first ARN among what it acts on (param.locates); empty: that of the connection. Borrowed. */
str order_account(const struct step_order *order);

/* Run a step until it ends, from wherever the journal says it was cut off; one that
 * ended before is not run again, its recorded end is told. The outcome and everything it
 * points to lives in `arena`. The end itself is recorded too.
 * A row with `missing`, or nobody to connect to before anything was changed, ends as
 * STEP_UNRESOLVED. ERR_DIVERGED is not returned but told: the step ends as STEP_UNKNOWN
 * and nothing is sent.
 * A connection that does not say who we are ends it as STEP_FAILED before it was begun, and
 * is ERR_TRANSPORT, ERR_REFUSED or ERR_CREDENTIALS later. ERR_CREDENTIALS too when it says
 * another identity than the step was begun with: nothing is sent.
 * ERR_STORE, ERR_JSON (the journal's own text is damaged), ERR_MEMORY, ERR_STOPPED,
 * and ERR_TRANSPORT, ERR_REFUSED, ERR_CREDENTIALS (no answer after a change): the step
 * stays open, to be resumed. */
MUST_CHECK enum err step_execute(struct executor *executor, const struct step_order *order,
    struct arena *arena, struct step_outcome *ret_outcome);

/* End a step as `end` without running it, for example STEP_UNRESOLVED because its arguments
 * could not be bound. Recorded like any other end. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err step_refuse(struct executor *executor, const struct step_order *order,
    enum step_turn end, const char *reason, struct arena *arena, struct step_outcome *ret_outcome);
