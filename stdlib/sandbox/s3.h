/* s3.h - what is asked of S3: buckets by path, /BUCKET/KEY, signed by headers or by the query. */
#pragma once

#include "auth/sigv4.h"
#include "sandbox/call.h"

/* Whether the request says of itself that it is for S3. */
bool s3_is_meant(const struct sigv4_request *request);
/* Set operation_name and form: Bucket, Key and If-None-Match, and of the query what is not about
 * the signature. False: refused. */
MUST_CHECK bool s3_accepts(struct call *call, const struct sigv4_request *request);
/* Whether the body is the one that was signed, where one was. False: refused. */
MUST_CHECK bool s3_body_is_signed(struct call *call, const struct sigv4_request *request);
