/* policy_forms.h - where policies stand in what tools print: a document, the answer of the AWS
 * command line, a template. */
#pragma once

#include "base/arena.h"

#include <jansson.h>
#include <stdbool.h>

/* The statement that keeps the holder of a policy from changing itself. */
#define POLICY_ITSELF_SID "NeverItself"

/* The documents of `json` in an array, with the texts of Fn::Sub in place; NULL when out of memory.
 * *ret_is_template: it is what makes a role of an account, as `cdr setup` prints it. What is none of
 * these forms is the document itself. */
json_t *policy_documents(json_t *json, bool *ret_is_template);

/* Of whom a template's own Deny says that it does nothing to itself, in the policy; or NULL. */
const char *policy_itself(const json_t *policy);

/* Field `index` (from 0) of an ARN and all behind it; what stands in ${..} has no fields. */
const char *policy_arn_field(const char *arn, int index);

/* The one account, and the one partition, that the ARNs of a document name; NULL: none, or
 * several. In the arena. */
void policy_places(const json_t *policy, struct arena *arena, const char **ret_partition,
    const char **ret_account);
