/* admissions.h - which targets were acted on when: what limits count.
 *
 * A target counts once in each scope, from when it was admitted last. Windows slide and are open
 * at their beginning: what was admitted exactly one window ago is out, so no stretch of that
 * length ever holds more targets than the limit. Whoever counts and then adds does both
 * between store_begin and store_commit; then no two ever take the same last place.
 */
#pragma once

#include "bytecode.h"
#include "store/store.h"

struct admission {
    int64_t at_ms; /* time of timers (host/clock.h) */
    str rule;      /* name */
    str rule_id;   /* the count goes on for a rule that was renamed, or edited, not both at once */
    str builtin;
    str provider;
    str account; /* admission_account */
    str target;  /* with account and provider: the same name elsewhere is another target */
};

/* How limits call whom `identity` acts for: the account of an ARN, else all of it. Borrowed. */
str admission_account(str identity);

/* How many distinct targets other than `admission->target` were admitted within the window of
 * `limit` before admission->at_ms, in its scope; not counted past limit->targets. ERR_STORE. */
MUST_CHECK enum err admissions_count(struct store *store, const struct limit_code *limit,
    const struct admission *admission, uint64_t *ret_targets);
/* Whether that many are fewer than limit->targets: as admissions_count, which is asked only where what
 * it said before and what was added since leave it open. ERR_STORE. */
MUST_CHECK enum err admissions_room(struct store *store, const struct limit_code *limit,
    const struct admission *admission, bool *ret_has_room);
/* Whether the target itself was within the window. ERR_STORE. */
MUST_CHECK enum err admissions_has(struct store *store, const struct limit_code *limit,
    const struct admission *admission, bool *ret_has);
/* Count it in every scope; a target that was there counts from now on. ERR_STORE. */
MUST_CHECK enum err admissions_add(struct store *store, const struct admission *admission);
/* Whether every scope has its target, with its rule and builtin, from at_ms or later; rule_id,
 * account and provider are not looked at. ERR_STORE. */
MUST_CHECK enum err admissions_kept(
    struct store *store, const struct admission *admission, bool *ret_is_kept);
