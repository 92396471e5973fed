/* ssm.h - what a command on an instance needs of the rest of the sandbox. */
#pragma once

#include "auth/sigv4.h"
#include "sandbox/call.h"

/* PUT to S3 as somebody outside would: signature, then effect. `put` is fresh; its error_code
 * says what came of it. It is in no log. */
void sandbox_put(struct call *put, const struct sigv4_request *request);
