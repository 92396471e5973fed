/* iam_policy.h - the policy documents of IAM, as far as the sandbox judges by them. */
#pragma once

#include "base/arena.h"

#include <jansson.h>

/* NULL when IAM would take `document` as an inline policy, else what is wrong, static. */
const char *iam_policy_fault(const char *document);

/* As the next, of one document. */
bool iam_document_denies(const char *document, const char *action, const char *issued_at);

/* Whether an inline policy of `role`, or user, denies `action` ("ec2:StopInstances") on everything
 * to a session issued at `issued_at` (RFC 3339, "" for none). Allows are not looked at,
 * nor are conditions other than DateLessThan aws:TokenIssueTime: such a deny counts as
 * not in force. */
bool iam_role_denies(const json_t *role, const char *action, const char *issued_at);
