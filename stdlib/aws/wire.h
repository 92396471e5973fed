/* wire.h - how a request goes over the wire: method, address, headers, body.
 *
 * By protocol (service.h, rest.def). A query's form and a JSON body are sent as they are; what
 * stands in a path is percent-encoded, so that nothing of a target becomes another path, query
 * or host; a target with a segment `.` or `..` is refused. An S3 bucket is in the host where AWS's own address is used and its name has no dot,
 * else the first segment of the path. */
#pragma once

#include "aws/endpoint.h"
#include "act/step.h"
#include "auth/sigv4.h"
#include "host/http.h"

enum { WIRE_HEADERS_MAX = 8 };

struct wire {
    const char *url; /* with the query */
    struct http_header headers[WIRE_HEADERS_MAX];
    uint32_t headers_count;
    struct sigv4_request request; /* method, path, query, `headers`, body */
    bool is_s3;                   /* is signed as S3 wants it */
};

/* `request` for `endpoint` (of its service and region), all in `arena`. ERR_INVALID: there is no
 * such operation, or the target is none that could be addressed; *reterr_reason is a sentence in
 * `arena`. ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err wire_make(const struct request *request, const struct aws_endpoint *endpoint,
    struct arena *arena, struct wire *ret_wire, const char **reterr_reason);
