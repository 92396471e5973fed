/* step.h - what a builtin does, told one request at a time.
 *
 * A builtin performs no I/O. The executor calls `next` with the reply to the request
 * that was asked for (NULL at the start) until it ends. Requests and replies are
 * journalled, a builtin's own state is not: after a crash a fresh state is fed the
 * recorded replies and asks for the same requests again. So `next` depends on its
 * arguments and its replies alone: no clock, no randomness, no globals.
 *
 * When step->arena is full, `next` says so by what is missing: a request whose
 * body.ptr is NULL, or an end without a reason. Nothing of such a turn, nor of any in which
 * an allocation of step->arena failed (arena.is_full), is sent or recorded; the executor
 * returns ERR_MEMORY and the step can be resumed.
 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "value.h"

#include <stdint.h>

enum step_turn {
    STEP_ASK,        /* `request` only reads: a plan sends it too */
    STEP_CHANGE,     /* `request` changes the provider: a plan prints it, `undo` takes it back */
    STEP_DONE,       /* all that was wanted is so */
    STEP_PARTIAL,    /* some of it is; `reason` says what is not */
    STEP_FAILED,     /* none of it is */
    STEP_UNRESOLVED, /* the target could not be found; nothing was changed */
    STEP_UNKNOWN,    /* what became of a change cannot be known: a person must look */
    STEP_REFUSED,    /* a clause forbids it: `never`, a ceiling; nothing was changed */
    STEP_REJECTED,   /* a person said no, or nobody answered in time; nothing was changed */
    STEP_SHADOWED,   /* of a rule in shadow: planned to the end, nothing was changed */
    STEP_HELD,       /* no end: it waits for a person (store/holds.h); nothing was changed yet */
    STEP_TURN_COUNT
};

/* "done", "partial", ...: how a step that ended is called; "ask" and "change" before.
 * Static. */
const char *step_turn_name(enum step_turn turn);
/* The ending of that name, or STEP_TURN_COUNT. */
enum step_turn step_turn_find(str name);

static inline bool step_turn_is_end(enum step_turn turn)
{
    return turn != STEP_ASK && turn != STEP_CHANGE && turn != STEP_HELD;
}

/* What a provider said. Without a reply there is still something to say. */
enum reply_kind {
    REPLY_RECEIVED,
    REPLY_ASSUMED, /* not sent: a change while planning, anything while offline.
                    * Suppose that it worked, with an empty body */
    REPLY_LOST,    /* the request may have arrived: find out by reading; body is a sentence for
                    * a person, or empty */
    REPLY_REFUSED, /* it certainly did not arrive: nothing listens there, no credentials;
                    * body is a sentence for a person */
};

struct reply {
    enum reply_kind kind;
    int status; /* HTTP status, 0 unless received */
    str body;   /* borrowed for the call of `next` */
};

/* One call of a provider's API. All str live in the step's arena. */
struct request {
    const char *service;   /* the provider's spelling in signatures: "iam" */
    const char *operation; /* provider's spelling: "PutRolePolicy" */
    str region;            /* where it is sent; empty: the connection's own */
    str target;            /* what a person would call the thing it is about */
    str body;              /* as it goes over the wire, without authentication */
    str once;              /* what tells a second sending from another request (Idempotency-Key),
                             * where the receiver may be told; else empty */
    str late;              /* what of `body` is only known when it is sent: a mark of the
                             * provider's late.h, exactly as it stands there; empty: nothing, whatever
                             * an alert or a host put into it */
    uint32_t delay_ms;     /* wait so long before sending: polling */
    uint32_t answer_ms;    /* how long its answer may take; 0: as the connection says */
    const char
        *provider; /* of a read: whom it asks, where that is another than the row's; else NULL */
    str account;   /* of such a read; empty: the connection's own */
    str keep_as;   /* of a read: its answer is a file, kept in the evidence folder of the connection
                             * under this name ("i-1/triage.7z"; what is no 7z archive gets another ending), and never over another. The reply is
                             * then {"bytes":1,"sha256":"hex","path":"/..","existed":false}; empty: the
                             * answer is the reply */
    const char *pause_file; /* the executor's (host/pause.h): while it is there, a change that was
                             * sent and not applied is not sent again; NULL: it is */
};

/* The builtin and arguments that take one change back. Arguments are in the order of
 * its parameters. A NULL builtin: nothing to take back (a part of what another undo covers). */
struct undo {
    const char *builtin;
    value args[STEP_PARAMS_MAX];
    uint32_t args_count;
};

/* What a rule may ask of a step that ended: `t.verdict`. Members that say nothing are
 * absent; complete, partial and failed follow from the turn. */
struct step_values {
    value verdict; /* VALUE_VERDICT */
    value url;     /* where the evidence is */
    value sha256;  /* of the evidence */
};

/* Something that the provider shows of what a step acts on: every name it goes by, its
 * addresses, its tags, the account it is in. The governor looks for protected targets in them. */
struct fact {
    const struct fact *next;
    uint32_t field; /* enum field */
    str key;        /* of a tag (FIELD_RESOURCE_TAGS), else empty */
    str text;       /* converted to the field's type by who reads it; what does not fit is a gap.
                     * Empty, but of a tag: there is none */
    bool is_gap;    /* it could not be read: `text` says why ("iam:ListRoleTags was denied") */
};

struct step {
    /* in */
    const value *args;   /* as the row declares them, checked and converted; absent if not given */
    struct arena *arena; /* the step's own: whatever it builds lives here */
    str key;             /* names this step of this run to the world, the same on every replay;
                          * at most 64 of [a-z0-9-] */
    str region; /* where requests go that name none: the connection's own when the step began, the
                 * same on every replay; empty while offline */
    int64_t began_ms; /* when the step was begun, by our clock, the same on every replay: how far
                       * back `since` reaches is counted from here */
    str alert;        /* what the step is about, for a row that `tells` it (act/alert_text.h), the
                       * same on every replay; else empty */
    void *state;      /* the builtin's own, zeroed before the first turn */
    /* out */
    struct request request;   /* after STEP_ASK and STEP_CHANGE */
    struct undo undo;         /* after STEP_CHANGE */
    const struct fact *facts; /* all that is known before a change is asked for; grows by
                               * step_fact. A row that changes or collects says of its target
                               * what its `shows` promises (builtin.h) */
    str target;               /* what the step changes, once it is found: "role/web", an ARN, "sg-1
                               * ingress". Different things differ in it: by it steps join, wait
                               * for and rely on one another. Several are joined by ", ", and
                               * each is the target of the request that changes it */
    str found;                /* how: "instance i-1 -> profile p -> role web"; may grow each turn */
    const char *reason;       /* after an end: one sentence for a person, in the arena or static;
                             * NULL: the arena was full */
    struct step_values results; /* after an end; absent where not set */
};

/* Each sets the step's outputs and returns the turn, so that a builtin can end a
 * case with `return step_ask(...)`. */
static inline enum step_turn step_ask(struct step *step, struct request request)
{
    step->request = request;
    return STEP_ASK;
}

static inline enum step_turn step_change(
    struct step *step, struct request request, struct undo undo)
{
    step->request = request;
    step->undo = undo;
    return STEP_CHANGE;
}

static inline enum step_turn step_end(struct step *step, enum step_turn end, const char *reason)
{
    step->reason = reason;
    return end;
}

/* Add what is known of the target, copied: a name that it goes by (an empty text is none), a tag of the
 * resource whose resource.id was said last, that it has nothing of the field, or that it could
 * not be read. When the arena is full the turn counts for nothing, as always. */
void step_fact(struct step *step, uint32_t field, str text);
void step_fact_tag(struct step *step, str key, str text);
void step_none(struct step *step, uint32_t field);
void step_gap(struct step *step, uint32_t field, const char *why);
