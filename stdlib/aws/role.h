/* role.h - becoming a role: sts:AssumeRole and sts:AssumeRoleWithWebIdentity. */
#pragma once

#include "aws/keys.h"
#include "base/arena.h"

struct aws_role {
    str arn;             /* "arn:aws:iam::111122223333:role/responder" */
    str external_id;     /* empty: none */
    str session_name;    /* empty: "cdr" */
    uint32_t duration_s; /* 0: an hour, the most that a chain of roles may have */
};

/* NULL when AWS may be asked for it; else what is wrong with it, static. */
const char *aws_role_fault(const struct aws_role *role);

/* The forms of the two operations, in `arena`. `token` is a secret: so is the body.
 * ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err aws_role_form(const struct aws_role *role, struct arena *arena, str *ret_body);
MUST_CHECK enum err aws_role_web_form(
    const struct aws_role *role, str token, struct arena *arena, str *ret_body);

/* Read the answer to either. *ret_identity, in `arena`: whose they are, without the session.
 * ERR_CREDENTIALS: there are no credentials in it, and *reterr_reason is a sentence in `arena`
 * that says what AWS declined and quotes no secret. ERR_MEMORY. */
MUST_CHECK enum err aws_role_answer(const struct aws_role *role, int status, str body,
    struct arena *arena, struct aws_keys *keys, str *ret_identity, const char **reterr_reason);
