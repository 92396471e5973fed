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

/* Takes the body of a reply with a status of success as it comes, in place of the reply's body. */
struct http_sink {
    /* False: no more of it is wanted, and the exchange ends as one that broke. */
    bool (*take)(struct http_sink *sink, str bytes);
};

/* Reply headers that one request may want, and bytes of all of them. */
enum { HTTP_WANTED_MAX = 12, HTTP_WANTED_BYTES_MAX = 8 * 1024 };

struct http_request {
    const char *method; /* "POST" */
    const char *url;    /* http or https */
    const struct http_header *headers;
    uint32_t headers_count;
    str body;
    bool is_change;           /* goes over a new connection, because a kept one that turns out to be
                     * closed would make libcurl send it a second time */
    const volatile int *stop; /* not 0: give the exchange up; may be NULL */
    uint32_t timeout_ms;      /* of all of it, connecting too; 0: as the way to send it says */
    bool is_direct;           /* never over a proxy */
    bool is_secret;           /* the reply is: no copy of it is left but ret_reply's */
    const char *const *wanted; /* names of reply headers, at most HTTP_WANTED_MAX, ended by a NULL;
                                * may be NULL */
    struct http_sink *sink; /* may be NULL; an exchange with one also ends where nothing comes for
                                * a minute */
};

struct http_reply {
    int status;
    int64_t date_unix_s; /* the server's clock, from its Date header; 0 without one */
    str error_type; /* of x-amzn-errortype, where AWS's REST services name an error; or empty */
    str body;       /* both in the arena of the exchange */
    uint32_t retry_after_ms; /* of x-amz-retry-after; 0 without one */
    const struct http_header
        *headers; /* those wanted that came, in the order in which they did, named
                                        * as the server spells them; in the arena */
    uint32_t headers_count;
};

/* The value of the first header of that name (any case), or empty. */
str http_reply_header(const struct http_reply *reply, const char *name);

struct http {
    /* Send `request` once and wait for the whole reply; whatever arrives with a status
     * is ERR_OK. ERR_REFUSED: no connection could be made, so nothing was sent.
     * ERR_TRANSPORT: the connection broke, or the reply is over REPLY_BYTES_MAX: the
     * request may have arrived. ERR_TIMEOUT: the time was up before the whole reply was
     * there; it may have arrived. On these *reterr_reason is a sentence in `arena` that
     * names the address, without user and query (direct or secret: host and port alone), and
     * no header. ERR_STOPPED: request->stop, seen within about a
     * second; the request may have arrived. ERR_MEMORY: it may have been sent or not. */
    enum err (*send)(struct http *http, const struct http_request *request, struct arena *arena,
        struct http_reply *ret_reply, const char **reterr_reason);
};

/* libcurl: certificates are verified, redirects are not followed, proxies are used as
 * the environment says, for https only. One exchange at a time. */
struct http_curl;

struct http_curl_options {
    uint32_t connect_timeout_ms; /* name, connection and TLS; 0: 5 s */
    uint32_t total_timeout_ms;   /* 0: 20 s */
    const char *ca_file;         /* PEM, in place of the system's authorities; NULL: those */
    const char *proxy;           /* for https, in place of the environment's; NULL: those */
};

/* `options` may be NULL; it is copied. ERR_MEMORY. */
MUST_CHECK enum err http_curl_new(
    const struct http_curl_options *options, struct http_curl **ret_curl);
struct http *http_curl_interface(struct http_curl *curl);
/* NULL is fine. */
void http_curl_free(struct http_curl *curl);
