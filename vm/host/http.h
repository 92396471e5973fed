/* http.h - one HTTP exchange, replaceable in tests. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

struct http_header {
    str name;
    str value;
};

struct http_request {
    const char *method; /* "POST" */
    const char *url;    /* http or https */
    const struct http_header *headers;
    uint32_t headers_count;
    str body;
};

struct http_reply {
    int status;
    int64_t date_unix_s; /* the server's clock, from its Date header; 0 without one */
    str body;            /* in the arena of the exchange */
};

struct http {
    /* Send `request` once and wait for the whole reply; whatever arrives with a status
     * is ERR_OK. ERR_REFUSED: no connection could be made, so nothing was sent.
     * ERR_TRANSPORT: the connection broke, the time was up, or the reply is over
     * REPLY_BYTES_MAX: the request may have arrived. On both *reterr_reason is a
     * sentence in `arena` that names the host and no header. ERR_MEMORY: before
     * anything was sent. */
    enum err (*send)(struct http *http, const struct http_request *request, struct arena *arena,
        struct http_reply *ret_reply, const char **reterr_reason);
};

/* libcurl: certificates are verified, redirects are not followed, proxies as the
 * environment says. */
struct http_curl;

struct http_curl_options {
    uint32_t connect_timeout_ms; /* 0: 5 s */
    uint32_t total_timeout_ms;   /* 0: 30 s */
};

/* ERR_MEMORY. One exchange at a time; connections are kept between them. */
MUST_CHECK enum err http_curl_new(
    const struct http_curl_options *options, struct http_curl **ret_curl);
struct http *http_curl_interface(struct http_curl *curl);
/* NULL is fine. */
void http_curl_free(struct http_curl *curl);
