/* sigv4_canonical.h - the one spelling of a request that both sides sign.
 *
 * Source: AWS General Reference, "Create a signed AWS API request", steps 1 and 2.
 */
#pragma once

#include "auth/sigv4.h"
#include "base/buf.h"

enum { SHA256_HEX_LEN = 64 };

/* A header as it is signed: name in lower case, value with single spaces. */
struct canonical_headers {
    str block; /* "host:example.com\nx-amz-date:..\n" */
    str names; /* "host;x-amz-date" */
};

/* Of all headers, or only of those that `only` ("a;b;c") names; empty means all.
 * `more` are taken as if they were among the request's. */
MUST_CHECK enum err canonical_headers(struct arena *arena, const struct sigv4_request *request,
    const struct http_header *more, uint32_t more_count, str only,
    struct canonical_headers *ret_headers);

/* How the parts that differ by service are spelled. */
struct canonical_form {
    bool path_as_is;
    bool body_unsigned; /* "UNSIGNED-PAYLOAD" stands for the hash of the body */
};

/* The request's line by line, up to the hash of its body. */
MUST_CHECK enum err canonical_request(struct arena *arena, const struct sigv4_request *request,
    str query, const struct canonical_headers *headers, struct canonical_form form, str *ret_text);

/* Whether `name` is one of `names` ("a;b;c"). */
bool header_names_include(str names, str name);

/* SHA-256 in lower-case hexadecimal digits, in the arena. ERR_MEMORY. */
MUST_CHECK enum err digest_hex(struct arena *arena, str bytes, str *ret_hex);
/* `bytes` in lower-case hexadecimal digits, in the arena. ERR_MEMORY. */
MUST_CHECK enum err bytes_hex(struct arena *arena, str bytes, str *ret_hex);
