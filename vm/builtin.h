/* builtin.h - what a builtin is. The rows themselves are in stdlib/.
 *
 * One table row says everything about a step that rules may take. The type checker,
 * `cdr permissions`, the planner, the executor and docs/builtins.md read the row; no
 * other file names the builtin. What it does is `next` (act/step.h): one request at a
 * time, without I/O. That is what makes a plan free of changes, a test free of a
 * network, and a run that was killed able to go on.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "value.h"

enum {
    BUILTIN_PERMISSIONS_MAX = 24,
    BUILTIN_LIMITS_MAX = 4,
    BUILTIN_SHOWS_MAX = 16,
    BUILTIN_WAYS_MAX = 4
};

enum verb {
    VERB_COLLECT,
    VERB_RESPOND,
    VERB_NOTIFY,
    VERB_OPEN,
    VERB_IMPORT,
    VERB_CALL,
    VERB_UNDO, /* no rule can write it: the inverse of another row */
    VERB_FIND, /* nor this: what is found for another step (act/locate.h) */
    VERB_COUNT
};

/* "collect"; static. */
const char *verb_name(enum verb verb);

enum effect {
    EFFECT_READS,    /* asks a provider and changes nothing */
    EFFECT_COLLECTS, /* leaves something behind (a snapshot), harms nothing */
    EFFECT_CHANGES,  /* changes the provider and can be taken back */
    EFFECT_DESTROYS, /* cannot be taken back: rules must say `irreversible` */
    EFFECT_COUNT
};

/* "reads", "collects", ...; static. */
const char *effect_name(enum effect effect);

enum param_need {
    PARAM_TARGET,   /* an identifier; taken from the alert by type when not given. Of all
                     * targets of a row at least one must be there, else it is unresolved */
    PARAM_SCOPE,    /* account, region: from the alert when not given; may stay absent */
    PARAM_REQUIRED, /* the rule must give it */
    PARAM_OPTIONAL,
};

struct param {
    const char *name;
    enum type type;
    enum param_need need;
    const char *doc;
    const char *choices; /* "untrack nacl none": the only texts allowed; NULL: any */
    const char *setting; /* not given, it is this setting of the provider's `connection` block
                          * ("evidence"), where the rules have one; NULL: there is no such */
    bool is_list;
    bool locates; /* an account, or the ARN of what it acts on: says in which account the step acts.
                   * Targets and an account that is its scope do so without */
    bool
        is_told; /* text for people alone, from which nothing follows: what the alert lacks reads `-`, as
                   * in a text with {..}; not written, it is the alert's title */
    bool fills; /* text that names a profile or collector of the rules, which the compiler writes to
                     * the parameter that is_filled; `choices` are those that there always are */
    bool is_filled; /* the compiler writes it, no rule can, and no page shows it */
    bool directs;   /* text that says where the step goes, or what it acts on: nothing that an
                   * attacker may have written */
};

/* What acting destroys: evidence that can no longer be collected afterwards. */
enum destroys {
    DESTROYS_NOTHING = 0,
    DESTROYS_MEMORY = 1 << 0,
    DESTROYS_CHANNEL = 1 << 1,
    DESTROYS_DISK = 1 << 2
};

struct builtin {
    const char *name; /* as in rules: isolate_role */
    enum verb verb;
    const char *provider; /* "aws"; who must be connected. NULL: several could, see `missing`;
                           * without `missing` it reaches nobody, and asks for nothing */
    const char *doc;      /* one sentence: what it does */
    struct param params[STEP_PARAMS_MAX]; /* ends at the first without a name */
    enum effect effect;
    unsigned destroys; /* enum destroys */
    bool tells;        /* it hands the alert on: step.alert */
    struct {
        const char *apply[BUILTIN_PERMISSIONS_MAX]; /* least set, provider's spelling */
        const char *undo[BUILTIN_PERMISSIONS_MAX];  /* what its undo rows need */
    } permissions;
    const char *limits[BUILTIN_LIMITS_MAX]; /* the vendor's, in words */
    uint8_t shows[BUILTIN_SHOWS_MAX]; /* enum field: what it says of its target before it changes
                                       * anything, as facts or gaps; ends at 0 (FIELD_SOURCE) */
    const char *inverse; /* row with VERB_UNDO that takes it back, in words of `undo`; or NULL */
    const char
        *source; /* provider's reference page for the main call; NULL when it reaches nobody */
    /* The rows of the providers that can do it, ending at NULL: then this row does nothing itself,
     * and has the parameters, effect and `destroys` that each of them has. act/way.h says which
     * one acts. NULL: the row itself. */
    const struct builtin *const *ways;
    bool (*fits)(const value *args); /* of a way: whether what is to be acted on may be its
                                      * provider's, by the form alone; NULL: anything */
    const char *missing; /* why it cannot run in this build: "triage needs a CrowdStrike or
                          * Defender connection"; NULL when it can */
    size_t state_bytes;  /* at most STEP_STATE_BYTES_MAX */
    enum step_turn (*next)(struct step *step, const struct reply *reply); /* NULL with `missing` */
};

/* Whether it is done by this program alone: no connection, no permission, no request. It ends as
 * done at once, whatever its arguments are. */
static inline bool builtin_is_alone(const struct builtin *builtin)
{
    return builtin->provider == NULL && builtin->missing == NULL && builtin->ways == NULL;
}

/* The row, and then its ways, by index from 0: rows that speak with somebody. NULL past the last. */
const struct builtin *builtin_part(const struct builtin *builtin, uint32_t index);

/* Whether something takes it back: of a front each way has its own inverse. */
static inline bool builtin_has_inverse(const struct builtin *builtin)
{
    const struct builtin *first = builtin->ways == NULL ? builtin : builtin->ways[0];
    return first->inverse != NULL;
}

/* How many parameters the row declares. */
uint32_t builtin_param_count(const struct builtin *builtin);
