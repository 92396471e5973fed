/* identity.h - who signed a request, and whether they may make it. */
#pragma once

#include "auth/sigv4.h"
#include "sandbox/call.h"

/* Read and verify the signature; sets service, region_name, credential, account and
 * region. False: refused as the service refuses. */
MUST_CHECK bool identity_accepts(struct call *call, const struct sigv4_request *request);

/* Whether the caller's role denies the call. EC2 and the others say so in own words. */
MUST_CHECK bool identity_may(struct call *call);
/* Refuse as a policy would. */
void identity_refuse(struct call *call);
