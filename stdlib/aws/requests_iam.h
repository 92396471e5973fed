/* requests_iam.h - the calls to IAM about users, keys, and the policies of roles and users.
 *
 * As requests.h. Roles and users are named, not given by ARN; policies that are attached, and
 * boundaries, are ARNs. `page` is a Marker, or empty. */
#pragma once

#include "act/step.h"

/* Who somebody is, and the page of all users. */
struct request iam_get_user(struct step *step, str user);
struct request iam_list_users(struct step *step, str page);

/* Whose key it is; the keys of a user; what becomes of one. */
struct request iam_get_access_key_last_used(struct step *step, str key);
struct request iam_list_access_keys(struct step *step, str user, str page);
/* status: "Active", "Inactive" */
struct request iam_update_access_key(struct step *step, str user, str key, const char *status);

/* The inline policy `policy` of the user (is_user) or role `name`. */
struct request iam_get_inline_policy(struct step *step, bool is_user, str name, const char *policy);
struct request iam_put_inline_policy(
    struct step *step, bool is_user, str name, const char *policy, str document);
struct request iam_delete_inline_policy(
    struct step *step, bool is_user, str name, const char *policy);
struct request iam_list_role_policies(struct step *step, str role, str page);

/* Managed policies: those of a role, and what one says. */
struct request iam_list_attached_role_policies(struct step *step, str role, str page);
struct request iam_attach_role_policy(struct step *step, str role, str policy);
struct request iam_detach_role_policy(struct step *step, str role, str policy);
struct request iam_get_policy(struct step *step, str policy);
struct request iam_get_policy_version(struct step *step, str policy, str version);

struct request iam_put_role_boundary(struct step *step, str role, str policy);
struct request iam_delete_role_boundary(struct step *step, str role);
