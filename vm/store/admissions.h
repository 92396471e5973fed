/* admissions.h - which targets were acted on when: what limits count. */
#pragma once

#include "bytecode.h"
#include "store/store.h"

struct admission {
    int64_t run;
    uint32_t step;
    int64_t at_ms; /* time of timers (host/clock.h) */
    str rule;      /* name */
    str rule_id;
    str builtin;
    str provider;
    str account; /* identity that it acts as, or the account of it; one spelling */
    str target;
};

/* How many distinct targets other than `admission->target` were admitted within the window of
 * `limit` before admission->at_ms, in its scope. ERR_STORE. */
MUST_CHECK enum err admissions_count(struct store *store, const struct limit_code *limit,
    const struct admission *admission, uint64_t *ret_targets);
/* Whether the target itself was within the window. */
MUST_CHECK enum err admissions_has(struct store *store, const struct limit_code *limit,
    const struct admission *admission, bool *ret_has);
/* Count it; a step is counted once, however often this is called. */
MUST_CHECK enum err admissions_add(struct store *store, const struct admission *admission);
