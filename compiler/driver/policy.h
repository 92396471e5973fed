/* policy.h - needs as a policy document of IAM, and what a document permits of needs.
 *
 * Statements are told apart by phase (apply, undo), resources and conditions. What undo needs
 * and apply has already is not said twice.
 */
#pragma once

#include "base/buf.h"
#include "driver/needs.h"

#include <jansson.h>

enum {
    POLICY_ACCOUNTS_MAX = 16,  /* ARNs of one type; with more accounts it is a star */
    POLICY_MANAGED_MAX = 6144, /* characters of a managed policy, white space not counted */
    POLICY_INLINE_MAX = 10240, /* of all inline policies of a role; of a user 2,048 */
};

/* In which words a document says where it is. */
struct policy_words {
    const char *partition; /* "aws", "${AWS::Partition}" */
    const char *account;   /* of every ARN; NULL: the accounts of the rules */
    const char *open;      /* of ARNs whose account the rules leave open; NULL: "*" */
    const char *self;      /* ARN of the principal that gets the policy, or NULL */
};

/* {"Version":.., "Statement":[..]}; NULL when out of memory. The caller's. */
json_t *policy_json(const struct needs *needs, const struct policy_words *words);
/* Characters as IAM counts them; 0 when out of memory. */
size_t policy_length(const json_t *policy);
/* The ARNs of one need, or ["*"]; its conditions ({}: none). NULL when out of memory. */
json_t *policy_resources(const struct need *need, const struct policy_words *words);
json_t *policy_conditions(const struct need *need);
/* What whoever steals credentials that may do it gets by "iam:PutRolePolicy" and its like, and what
 * to do about it: "give any role any permission: ..". The same text for the same way; static, or
 * NULL. */
const char *policy_escalation(const char *permission);

/* Read what somebody wrote: a document, an answer that holds one, or a template
 * (policy_forms.h), whose documents come as one. Its statements are added to *policy, which is made
 * where it is NULL. *ret_is_template: it makes the role of an account. ERR_INVALID: *reterr_reason
 * says where what is wrong, in the arena. ERR_MEMORY. */
MUST_CHECK enum err policy_read(str text, struct arena *arena, json_t **policy,
    bool *ret_is_template, const char **reterr_reason);

enum permitted {
    PERMITTED,         /* for all that is needed */
    PERMITTED_NOT,     /* no statement allows it, or one denies it */
    PERMITTED_UNCLEAR, /* there is a condition or a resource that is not compared */
};

/* Whether the document (as policy_read gave it) permits a need. *ret_reason: why not, or what was
 * not compared, in the arena; NULL with PERMITTED. ERR_MEMORY. */
MUST_CHECK enum err policy_permits(const json_t *policy, const struct need *need,
    const struct policy_words *words, struct arena *arena, enum permitted *ret_permitted,
    const char **ret_reason);

/* What the document allows and nothing needs, as sentences in an array;
 * NULL when out of memory. */
json_t *policy_excess(const json_t *policy, const struct needs *needs, struct arena *arena);
