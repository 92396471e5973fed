/* setup_template.h - the role that cdr takes in an account, as a template of tools that make it. */
#pragma once

#include "driver/policy.h"

struct setup {
    const char *role;        /* its name */
    const char *trust;       /* an account, or the ARN of a role or user */
    const char *external_id; /* what who takes it must know */
    bool is_made;            /* it was made up just now */
    const struct needs *own; /* what rules need of who takes the role */
};

enum setup_form { SETUP_CLOUDFORMATION, SETUP_TERRAFORM, SETUP_JSON };

enum { SETUP_POLICIES_MAX = 10 }; /* managed policies that a role may have, as AWS sets it */

/* The template of a role that may do what `needs` say, and nothing to itself; for SETUP_JSON an
 * object {role, external_id, trust, policies, taker}. NULL when out of memory; *ret_policies is how many
 * policies it has. The caller's. */
json_t *setup_template(const struct needs *needs, const struct setup *setup, enum setup_form form,
    size_t *ret_policies);

/* What the role or user that takes the roles needs, as a policy: to take them, to list accounts,
 * and setup->own. NULL when out of memory. */
json_t *setup_hub_policy(const struct setup *setup);

/* A sentence on what is wrong with a name of a role, an external id, or whom to trust; static, or
 * NULL. */
const char *setup_role_fault(const char *name);
const char *setup_external_id_fault(const char *text);
const char *setup_trust_fault(const char *text);
/* Whether a whole account is trusted: its number, or its root. */
bool setup_trusts_account(const char *trust);
