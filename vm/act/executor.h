/* executor.h - carries a builtin's requests to the provider, once each.
 *
 * The journal decides: a request whose reply is recorded is not sent again, a change
 * that was intended without a recorded reply is reported to the builtin as lost, so
 * that it looks before it acts. An intent is on disk before its request leaves.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "builtin.h"
#include "host/clock.h"
#include "host/transport.h"

struct store;

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
    /* The transport that serves `provider`, or NULL with a sentence in *reterr_reason
     * ("no connection: AWS_ACCESS_KEY_ID is not set"). */
    struct transport *(*connect)(
        struct executor *executor, const char *provider, const char **reterr_reason);
    void *self;               /* whoever made `connect` */
    const volatile int *stop; /* not 0: end with ERR_BUSY before the next request; may be NULL */
};

/* How one step ended. */
struct step_outcome {
    enum step_turn turn; /* an end */
    str target;
    str found;
    const char *reason;
    struct step_values results;
    struct planned_request *requests; /* MODE_PLAN and MODE_OFFLINE: what it asked, in order */
};

/* Run builtin `row` with `args` until it ends, from wherever the journal says it was
 * cut off. `run` and `step` (from 0) name its entries in the journal; outcome and
 * everything it points to lives in `arena`. The end itself is recorded too.
 * ERR_DIVERGED is not returned but told: the step ends as STEP_UNKNOWN.
 * ERR_STORE, ERR_MEMORY, ERR_BUSY (stopped): to be resumed. */
MUST_CHECK enum err step_execute(struct executor *executor, const struct builtin *row,
    const value *args, int64_t run, uint32_t step, str key, struct arena *arena,
    struct step_outcome *ret_outcome);
