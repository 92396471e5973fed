/* policy_power.h - which policies let whoever has them do everything, or give themselves everything.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

/* Whether the AWS managed policy of that ARN is one of those that are known to. */
bool policy_is_known_power(str arn);

/* Whether a statement of `document` lets `role`, an ARN, give itself everything: an action with a
 * wildcard that covers iam:PutRolePolicy, or NotAction, on resources with `role` among them, or
 * NotResource. A condition does not make it less; what a variable ("${..}") stands for may be
 * anything. Actions that are listed one by one do not count. ERR_JSON: it is no policy document. ERR_MEMORY. */
MUST_CHECK enum err policy_judge(str document, str role, bool *ret_is_power);
