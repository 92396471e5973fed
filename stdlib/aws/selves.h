/* selves.h - whether what a step is about to change is one of those that a connection acts as.
 *
 * A connection is its own identity, and each one that a role was taken from to become it: who loses
 * the user, its key, the role or the instance at the bottom of that chain is locked out too. */
#pragma once

#include "act/step.h"

/* One link of the chain. */
struct aws_self {
    str identity; /* as aws_whoami says: of a role without the session */
    str access_key_id;
    str instance; /* that a session of an instance's role is of; or empty */
};

/* Which name among `facts` is that of the link, or NULL. Roles and users are compared by account and
 * name, which IAM has once for all paths. */
const struct fact *aws_self_find(const struct aws_self *self, const struct fact *facts);
