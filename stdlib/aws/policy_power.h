/* policy_power.h - which policies let whoever has them do everything, or give themselves everything.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

/* Whether the AWS managed policy of that ARN is one of those that are known to. */
bool policy_is_known_power(str arn);

/* Whether a statement of `document` allows "*" or "iam:*" (also by NotAction) on every resource; a
 * condition does not make it less. ERR_JSON: it is no policy document. ERR_MEMORY. */
MUST_CHECK enum err policy_judge(str document, bool *ret_is_power);
