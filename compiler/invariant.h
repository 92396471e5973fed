/* invariant.h - which rules may break what `never`, `always` and `never target` say.
 *
 * Nothing is proved: where a rule plainly keeps what is said, a test of it can say so; where it may
 * not, the governor decides (act/governor.h), and a test of the rule is skipped.
 */
#pragma once

#include "ast.h"

/* Whether one of the steps, in whatever branch, acts on a target: a snapshot does, an open
 * case does not. */
bool steps_have_target(const struct ast_step *steps);

/* Whether ITEM_NEVER or ITEM_ALWAYS may be broken by the rule; false for other items. */
bool invariant_concerns(const struct item *invariant, const struct item *rule);

/* "never", "never target" or "always"; static. */
const char *invariant_name(const struct item *invariant);
