/* sigv4.h - AWS Signature Version 4: signing, presigning, verifying.
 *
 * Pure: the same request, credentials and time give the same signature. Everything
 * returned lives in the caller's arena. Source: AWS General Reference, "Signing AWS
 * API requests", and the vectors of the vendor's test suite.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "host/http.h"

#include <stdint.h>

struct sigv4_credentials {
    str access_key_id;
    const struct secret *secret_access_key;
    const struct secret *session_token; /* NULL or empty: none */
};

/* What is signed. Every header here is, so leave out what a proxy may change;
 * `host` must be among them. */
struct sigv4_request {
    str method;
    str path;  /* as sent, from the first `/`; empty is "/" */
    str query; /* as sent, without `?` */
    const struct http_header *headers;
    uint32_t headers_count;
    str body;
};

struct sigv4_options {
    str region;
    str service; /* "iam" */
    int64_t at_unix_s;
    bool path_as_is;     /* S3: the path is encoded once and keeps its dots and slashes */
    bool body_header;    /* S3: send x-amz-content-sha256 too */
    bool token_unsigned; /* add the session token after signing */
    bool body_unsigned;  /* S3: whatever body is sent fits ("UNSIGNED-PAYLOAD") */
};

enum { SIGV4_HEADERS_MAX = 4, SIGV4_REQUEST_HEADERS_MAX = 64, SIGV4_TEXT_BYTES_MAX = 64 * 1024 };

struct sigv4_signed {
    str canonical_request;
    str string_to_sign;
    str signature; /* 64 lower-case hexadecimal digits */
    /* sigv4_sign: to be sent with the request, in any order. */
    struct http_header headers[SIGV4_HEADERS_MAX];
    uint32_t headers_count;
    /* sigv4_presign: to be sent in place of the request's own query. */
    str query;
};

/* Sign by headers. ERR_MEMORY; ERR_LIMIT past SIGV4_*_MAX; ERR_INVALID: a secret of over
 * 256 bytes, or a year that does not have four digits. */
MUST_CHECK enum err sigv4_sign(struct arena *arena, const struct sigv4_request *request,
    const struct sigv4_credentials *credentials, const struct sigv4_options *options,
    struct sigv4_signed *ret_signed);

/* Sign by query: whoever has the address may send the request for `expires_s` seconds
 * (at most seven days). Errors as sigv4_sign. */
MUST_CHECK enum err sigv4_presign(struct arena *arena, const struct sigv4_request *request,
    const struct sigv4_credentials *credentials, const struct sigv4_options *options,
    uint32_t expires_s, struct sigv4_signed *ret_signed);

enum { SIGV4_EXPIRES_S_MAX = 7 * 24 * 3600 };

/* What a signed request says of itself, borrowed from it, or in an arena when its query says it. */
struct sigv4_claim {
    str access_key_id;
    str region;
    str service;
    str date;           /* "20150830", of the scope */
    str amz_date;       /* "20150830T123600Z", of the header */
    int64_t at_unix_s;  /* the same */
    str signed_headers; /* "host;x-amz-date" */
    str signature;
    str session_token;  /* empty: none */
    uint32_t expires_s; /* how long after at_unix_s it is good; 0: signed by headers */
};

/* Read the claim. False when there is no well-formed Authorization header of the kind,
 * no X-Amz-Date that fits its scope, or host or x-amz-date are not signed. */
bool sigv4_claim_read(const struct sigv4_request *request, struct sigv4_claim *ret_claim);

/* The same of a request that was signed by its query. False too when a parameter of the
 * signature is there twice, or it is good for no second or for more than seven days. */
bool sigv4_claim_read_query(
    struct arena *arena, const struct sigv4_request *request, struct sigv4_claim *ret_claim);

/* Compute the signature anew with `secret_access_key`, from the headers that `claim` names,
 * and compare in constant time; a claim that expires leaves the body of S3 unsigned. That time, region and service are acceptable is the
 * caller's to see. Errors as sigv4_sign. */
MUST_CHECK enum err sigv4_verify(struct arena *arena, const struct sigv4_request *request,
    const struct sigv4_claim *claim, const struct secret *secret_access_key, bool *ret_genuine);
