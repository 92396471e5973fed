/* late_put.h - the mark that becomes an address to upload to.
 *
 * A collector on a host uploads without rights of its own: to an address that is signed when its
 * script is sent (S3, "Sharing objects with presigned URLs"). The step writes
 *
 *     cdr-late-put:BUCKET/KEY:REGION:SECONDS
 *
 * as a whole JSON string, and the connection puts the address there, at every attempt anew, signed
 * by the connection that the evidence belongs to. Journal, plans and hashes have the mark. Whoever
 * has the address may put that one key, once (If-None-Match: * is signed), for so many seconds, and
 * as long as the credentials live that signed it.
 *
 * Only in ssm:SendCommand, no other request has what reads it; and only the very mark that the step
 * says it wrote (request.late): any other text stays what it is. */
#pragma once

#include "act/step.h"
#include "aws/endpoint.h"
#include "aws/keys.h"

#define LATE_PUT "cdr-late-put:"
enum { LATE_PUT_SECONDS_MAX = 4 * 3600 };

/* Who signs, and when. */
struct late_signer {
    const struct aws_endpoints *endpoints;
    const struct aws_keys *keys;
    int64_t now_s;
};

/* `body` with request->late replaced, in `arena`; `body` itself where that is no such mark.
 * ERR_INVALID: the mark is none that can be signed, or not in the body once, *reterr_reason is a sentence in `arena`.
 * ERR_LIMIT: over REQUEST_BYTES_MAX; ERR_MEMORY. */
MUST_CHECK enum err late_put_fill(str body, const struct request *request,
    const struct late_signer *signer, struct arena *arena, str *ret_body,
    const char **reterr_reason);

/* The address for "BUCKET/KEY" alone. As late_put_fill. */
MUST_CHECK enum err late_put_address(str place, str region, uint32_t seconds,
    const struct late_signer *signer, struct arena *arena, const char **ret_address,
    const char **reterr_reason);
