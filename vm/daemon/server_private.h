/* server_private.h - what the parts of the server share: its connections and where each of them is.
 *
 * A connection is a slot of a fixed array. door.c has it first: it accepts, looks at the head without
 * taking it, and gives a good one on to libmicrohttpd as a duplicate of the descriptor. The door
 * keeps its own, so that it can end a connection that takes too long, and can wait for a client to
 * read its answer before the connection is closed, whatever libmicrohttpd does with its copy.
 *
 * One lock guards it all; it is held for short, never across a call of the handler. What waits has a
 * deadline, on a clock that the door's timer moves on.
 */
#pragma once

#include "base/buf.h"
#include "daemon/head.h"
#include "daemon/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    WORKERS = 4,      /* threads of libmicrohttpd */
    TICK_MS = 50,     /* how fine deadlines are */
    LINGER_MS = 2000, /* for a client to read its answer and go */
    LINGER_BYTES_MAX = 8 * 1024 * 1024,
    CUT_MS = 5000,     /* for libmicrohttpd to see that a connection has ended */
    STOP_MS = 3000,    /* for what is open to end, when the server ends */
    GIVE_UP_MS = 500,  /* and for those that are told 503 then */
    RETRY_AFTER_S = 2, /* when there is no room */
    EXCHANGE_BYTES_MAX = 64 * 1024 * 1024, /* of one exchange's arena */
    STRANGERS_SHARE = 2, /* of all bodies: one in so many bytes is for those who are not known */
    STRANGER_SHARE = 8,  /* and for one of them, by address */
};

enum phase {
    PHASE_HEAD,   /* the door waits for the head */
    PHASE_ENTER,  /* libmicrohttpd has it, and no request yet; with TLS: handshake and head */
    PHASE_BODY,   /* the body comes in */
    PHASE_HANDLE, /* the handler has it */
    PHASE_ANSWER, /* the answer goes out */
    PHASE_CUT,    /* it took too long; libmicrohttpd is about to see that */
    PHASE_LINGER, /* answered; the door waits for the client to go */
};

struct request;

struct connection {
    uint64_t id; /* never twice the same; 0: the slot is free */
    int fd;      /* the door's own */
    struct in6_addr peer;
    enum phase phase;
    uint64_t deadline_ms; /* on server.now_ms */
    uint64_t look_at_ms;  /* PHASE_HEAD: not looked at before; 0: when more comes */
    uint32_t looks;
    size_t seen; /* bytes of the head when it was last looked at; PHASE_LINGER: bytes drained */
    size_t strange_bytes; /* of its body, while nobody knows whose it is */
    bool is_started;      /* libmicrohttpd knows it, and will say when it ends */
    bool is_whole;        /* the request was read to its end */
    struct request *request;
};

struct server {
    struct handler *handler;
    struct metrics *metrics;
    struct tls *tls; /* NULL: plain HTTP */
    uint32_t head_ms, body_ms, stranger_body_ms, enter_ms, handle_ms;
    uint32_t peer_max, loopback_max;
    size_t bodies_max;
    uint16_t port;
    int listen_fd, epoll_fd, timer_fd, wake_fd;
    int reserve_fd; /* given up to answer when there are no descriptors left */
    pthread_t thread;
    bool has_thread, is_ticking, is_paused; /* the door's */
    atomic_bool is_quiet, is_ending;
    uint64_t listen_at_ms; /* is_paused: when to accept again */
    struct MHD_Daemon *workers[WORKERS];

    pthread_mutex_t lock; /* guards what follows, and `request`s */
    uint64_t now_ms;
    uint64_t last_id;
    struct connection *connections;
    uint32_t connections_max;
    uint32_t used;        /* slots that were ever used: all others are free */
    uint32_t count;       /* connections now */
    uint32_t held;        /* exchanges that handlers have not answered */
    size_t bodies_bytes;  /* of all */
    size_t strange_bytes; /* of these, of who is not known */
    bool is_over;         /* stopped: the last of `held` that is answered frees it */
};

/* What the door hands to libmicrohttpd in place of an address, to know the connection again. */
struct ticket {
    sa_family_t family; /* AF_UNSPEC */
    uint32_t slot;
    uint64_t id;
};

/* server.c: what is left of it after server_stop. */
void server_free(struct server *server);

/* door.c */
MUST_CHECK enum err door_open(struct server *server, const char *address, uint16_t port,
    struct arena *arena, const char **reterr_reason);
/* What door_open made; the thread must have ended. */
void door_close(struct server *server);
/* Begin the door's thread, which ends when is_ending is set and door_wake was called. */
MUST_CHECK enum err door_start(struct server *server);
void door_wake(struct server *server);
/* Bytes of bodies that are held of who is not known and has the address of that connection. The lock is
 * held. */
size_t door_strange_bytes(const struct server *server, const struct connection *connection);
/* libmicrohttpd is done with a connection. */
void door_take_back(struct server *server, struct connection *connection);
/* Change the phase; the lock is held. */
void connection_enter(
    struct server *server, struct connection *connection, enum phase phase, uint32_t duration_ms);

/* request.c: callbacks of libmicrohttpd; `context` is the server. */
void *request_new(void *context, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_go_on(void *context, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version, const char *data, size_t *size, void **request);
void request_end(void *context, struct MHD_Connection *mhd, void **request,
    enum MHD_RequestTerminationCode code);
void connection_notify(void *context, struct MHD_Connection *mhd, void **connection,
    enum MHD_ConnectionNotificationCode code);
/* Answer 503 in the handler's place; the lock is held. */
void request_give_up(struct request *request);
