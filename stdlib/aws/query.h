/* query.h - request bodies of the EC2 and IAM/STS query protocols.
 *
 * `Action=..&Version=..&InstanceId.1=..`, percent-encoded, a space as a plus. Names
 * are the wire's own: EC2 lists are flat (`InstanceId.1`), those of IAM and STS say `member`
 * (`Tags.member.1.Key`).
 *
 *     struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
 *     query_begin(&body, "ec2", "StopInstances");
 *     query_add(&body, "InstanceId.1", id);
 *     TRY(query_end(&body, step->arena, &request.body));
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* The API version of `service` ("ec2"), NULL unless it speaks the query protocol; static. */
const char *query_version(const char *service);

/* Start an empty body. A service without a version makes query_end ERR_INVALID. */
void query_begin(struct buf *body, const char *service, const char *operation);
void query_add(struct buf *body, const char *key, str value);
/* As query_add with a formatted key: query_addf(&body, id, "InstanceId.%u", number). */
void query_addf(struct buf *body, str value, const char *key_format, ...) PRINTF_LIKE(3, 4);

/* Release `body` and give its text, copied into `arena`. ERR_MEMORY, ERR_LIMIT, ERR_INVALID. */
MUST_CHECK enum err query_end(struct buf *body, struct arena *arena, str *ret_body);

/* Take the next pair off a form body, decoded into `arena`. An empty key means that
 * `*rest` is at its end; pairs without a key are passed over. ERR_MEMORY. */
MUST_CHECK enum err query_next(struct arena *arena, str *rest, str *ret_key, str *ret_value);
