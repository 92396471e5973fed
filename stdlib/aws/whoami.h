/* whoami.h - whom AWS takes a connection for: asked apart from any step. */
#pragma once

#include "host/transport.h"

/* Ask sts:GetCallerIdentity over `transport`, in the connection's own region. *ret_identity,
 * in `arena`: the caller's ARN; of a session of a role the ARN of all its sessions
 * ("arn:aws:sts::111122223333:assumed-role/ops"). *ret_session: that of a role, which is the id of the
 * instance when one calls; empty: none. NULL: nobody wants it. Errors as transport's send, with a sentence:
 * ERR_CREDENTIALS too when AWS does not accept the credentials, ERR_TRANSPORT too when what
 * came was no answer of AWS. ERR_MEMORY. */
MUST_CHECK enum err aws_whoami(struct transport *transport, struct arena *arena, str *ret_identity,
    str *ret_session, const char **reterr_reason);
