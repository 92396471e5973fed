/* protocol.h - a request of any of AWS's protocols as one form of parameters.
 *
 *   query  POST / with a form; answers in XML
 *   JSON   POST / with X-Amz-Target; {"InstanceIds": ["i-1"]} is InstanceIds.1=i-1; answers
 *          are call->json
 *   REST   method and path say the operation (rest_routes.def); what stands in the path and the query
 *          are parameters, the body is call->raw; an operation writes call->body and
 *          call->content_type itself; S3 has addresses of its own (s3.h)
 */
#pragma once

#include "auth/sigv4.h"
#include "sandbox/call.h"

/* Find protocol, operation_name and form of `request`, and of JSON and REST the service.
 * False: refused. */
MUST_CHECK bool protocol_accepts(struct call *call, const struct sigv4_request *request);

/* The header of that name, or empty. */
str protocol_header(const struct sigv4_request *request, const char *name);
