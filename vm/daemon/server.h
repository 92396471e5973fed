/* server.h - HTTP and HTTPS, strictly read: libmicrohttpd behind a door of our own that looks at
 * each head first.
 *
 * One request a connection: what follows it is never read, so that nothing can be smuggled past
 * whoever stands in front. A request reaches its handler whole, or is answered 4xx and counted.
 * Chunked bodies are taken up to 64 KiB and not behind TLS, where they cannot be judged beforehand.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "daemon/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct server;

/* One request. Everything lives until it is answered. */
struct exchange {
    const char *method;  /* "POST" */
    str path;            /* decoded once; begins with "/", has no "." or ".." part and no NUL */
    str body;            /* all of it */
    str peer;            /* address of the other end, without port */
    str peer_subject;    /* of the client's certificate, which was verified; empty without one */
    bool is_known;       /* set by `admit`: the head alone has shown a secret */
    const str *peer_cas; /* the names of all of server_options.client_cas that it goes back to */
    size_t peer_ca_count;
    struct arena *arena;
    struct handler *handler; /* that has it */
    void *
        self; /* the handler's own, for this exchange. Until `handle` is called it must be in `arena`:
                 * who goes away while the body comes in is not told of */
};

/* A header's value, whose name is compared without case; an empty str when it is not there, or there
 * more than once. */
str exchange_header(const struct exchange *exchange, const char *name);
/* Whether it is there, however often. */
bool exchange_has_header(const struct exchange *exchange, const char *name);
/* The same for a parameter of the query, decoded. */
str exchange_query(const struct exchange *exchange, const char *name);

/* The name of parameter `at` of the query, from 0, as it was sent; its ptr is NULL behind the last. */
str exchange_query_name(const struct exchange *exchange, size_t at);

struct answer {
    int status;
    const char *content_type; /* NULL: none */
    str body;                 /* copied */
    uint32_t retry_after_s;   /* 0: no such header */
    const char *authenticate; /* of 401, WWW-Authenticate; or NULL */
    const char *etag;         /* or NULL */
    const char *allow;        /* of 405; or NULL */
};

/* Answer: once for each exchange, from any thread, also before handle returns; the exchange is gone
 * then. Who is not answered within handle_ms is told 503 by the server, and what comes
 * later is forgotten. */
void exchange_answer(struct exchange *exchange, const struct answer *answer);
/* The same, as application/problem+json (RFC 9457): `title` is a sentence, `detail` may be NULL. */
void exchange_refuse(struct exchange *exchange, int status, const char *title, const char *detail);

/* Who answers what. */
struct handler {
    /* When the head is read, before any of the body: how many bytes of body the request may have, at
     * least 1, also of a GET; 0: it was refused here (exchange_refuse), nothing more is read. Whoever is not let in costs no
     * disk and no memory. Called in a thread of the server, as `handle` is: neither may wait for long. */
    size_t (*admit)(struct handler *handler, struct exchange *exchange);
    /* When the request is whole. It is answered here or later. */
    void (*handle)(struct handler *handler, struct exchange *exchange);
};

/* Who may have signed the certificates of clients. */
struct client_ca {
    str name; /* what exchange.peer_cas says: the name of the file */
    str pem;
};

struct server_options {
    const char *address; /* "127.0.0.1" */
    uint16_t port;       /* 0: any free one */
    struct handler *handler;
    struct metrics *metrics;
    str certificate; /* PEM; empty: plain HTTP */
    str key;
    const struct client_ca *client_cas; /* a handler asks for peer_cas; copied */
    size_t client_ca_count;
    uint32_t connections_max;         /* 0: 4000 */
    uint32_t connections_of_peer_max; /* 0: no ceiling for loopback, 200 for others */
    uint32_t head_ms;                 /* for the whole head; 0: 10 s */
    uint32_t body_ms; /* for the whole body, and for the whole answer to be taken; 0: 60 s */
    uint32_t stranger_body_ms; /* for the body of who is not known; 0: 20 s, or body_ms if less */
    uint32_t enter_ms;         /* from a good head to its request, in plain HTTP; 0: 5 s */
    uint32_t handle_ms;        /* for a handler to answer; 0: 120 s */
    size_t bodies_bytes_max;   /* of all bodies that are held; 0: 256 MiB. Of those who are not
                                * known half of it, and an eighth for one address */
};

/* Listen, and serve from threads of its own. ERR_IO, ERR_MEMORY, ERR_INVALID with a sentence in `arena`. */
MUST_CHECK enum err server_start(const struct server_options *options, struct arena *arena,
    struct server **ret_server, const char **reterr_reason);
uint16_t server_port(const struct server *server);
/* Take no more connections; those that are open are answered. */
void server_quiesce(struct server *server);
/* End and free; NULL is fine. Every exchange must have been answered. */
void server_stop(struct server *server);
