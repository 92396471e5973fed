#include "daemon/server.h"
#include "daemon/server_private.h"
#include "daemon/tls.h"
#include "host/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    CONNECTIONS_MAX = 4000,
    CONNECTIONS_OF_PEER_MAX = 200,
    HEAD_MS = 10000,
    BODY_MS = 60000,
    STRANGER_BODY_MS = 20000,
    ENTER_MS = 5000,
    HANDLE_MS = 120000,
    BODIES_BYTES_MAX = 256 * 1024 * 1024,
    /* Descriptors that the rest of the process needs, and the least connections worth a server. */
    OTHER_DESCRIPTORS = 256,
    CONNECTIONS_MIN = 8,
    /* Of libmicrohttpd, for a connection: the head and what it notes of it. */
    CONNECTION_BYTES = 64 * 1024,
};

/* As many connections as there are descriptors for, two each: that of the door and that of
 * libmicrohttpd. */
static uint32_t fit_descriptors(uint32_t wanted)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)wanted * 2 + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    if (limit.rlim_cur < need) {
        struct rlimit raised = { limit.rlim_max < need ? limit.rlim_max : need, limit.rlim_max };
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (limit.rlim_cur >= need)
        return wanted;
    uint32_t fits = limit.rlim_cur > OTHER_DESCRIPTORS
                        ? (uint32_t)((limit.rlim_cur - OTHER_DESCRIPTORS) / 2)
                        : 0;
    return fits < CONNECTIONS_MIN ? CONNECTIONS_MIN : fits;
}

void server_free(struct server *server)
{
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static struct server *server_new(const struct server_options *options)
{
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return NULL;
    server->handler = options->handler;
    server->metrics = options->metrics;
    server->head_ms = or_else(options->head_ms, HEAD_MS);
    server->body_ms = or_else(options->body_ms, BODY_MS);
    server->stranger_body_ms = or_else(options->stranger_body_ms, STRANGER_BODY_MS);
    if (server->stranger_body_ms > server->body_ms)
        server->stranger_body_ms = server->body_ms;
    server->enter_ms = or_else(options->enter_ms, ENTER_MS);
    server->handle_ms = or_else(options->handle_ms, HANDLE_MS);
    server->bodies_max =
        options->bodies_bytes_max == 0 ? BODIES_BYTES_MAX : options->bodies_bytes_max;
    server->peer_max = or_else(options->connections_of_peer_max, CONNECTIONS_OF_PEER_MAX);
    server->loopback_max = options->connections_of_peer_max;
    server->connections_max = fit_descriptors(or_else(options->connections_max, CONNECTIONS_MAX));
    server->listen_fd = server->epoll_fd = server->timer_fd = -1;
    server->wake_fd = server->reserve_fd = -1;
    server->connections = calloc(server->connections_max, sizeof(*server->connections));
    if (server->connections == NULL || pthread_mutex_init(&server->lock, NULL) != 0) {
        free(server->connections);
        free(server);
        return NULL;
    }
    return server;
}

/* All deadlines are the door's: libmicrohttpd's is of inactivity, which a drip never meets. */
static enum err start_workers(struct server *server)
{
    struct MHD_OptionItem tls[TLS_OPTIONS];
    unsigned flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL_INTERNAL_THREAD
                     | MHD_ALLOW_SUSPEND_RESUME | (server->tls == NULL ? 0 : MHD_USE_TLS);
    tls_options(server->tls, tls);
    for (int at = 0; at < WORKERS; at++) {
        server->workers[at] = MHD_start_daemon(flags, 0, NULL, NULL, request_go_on, server,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->connections_max + WORKERS,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, connection_notify,
            server, MHD_OPTION_NOTIFY_COMPLETED, request_end, server, MHD_OPTION_URI_LOG_CALLBACK,
            request_new, server, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
        if (server->workers[at] == NULL)
            return ERR_IO;
    }
    return ERR_OK;
}

/* Threads of the server get no signals: those are for whoever waits for them. */
static enum err start_threads(struct server *server, const char **reterr_reason)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return ERR_IO;
    enum err err = start_workers(server);
    if (err == ERR_OK)
        err = door_start(server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != ERR_OK)
        *reterr_reason = "the HTTP server cannot start its threads";
    return err;
}

enum err server_start(const struct server_options *options, struct arena *arena,
    struct server **ret_server, const char **reterr_reason)
{
    *reterr_reason = NULL;
    struct server *server = server_new(options);
    if (server == NULL)
        return ERR_MEMORY;
    enum err err = tls_new(options, arena, &server->tls, reterr_reason);
    if (err == ERR_OK)
        err = door_open(server, options->address, options->port, arena, reterr_reason);
    if (err == ERR_OK)
        err = start_threads(server, reterr_reason);
    if (err != ERR_OK) {
        server_stop(server);
        return err;
    }
    *ret_server = server;
    return ERR_OK;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_quiesce(struct server *server)
{
    atomic_store(&server->is_quiet, true);
    door_wake(server);
}

/* Whether a request is under way. */
static bool is_busy(struct server *server)
{
    bool is_busy = false;
    pthread_mutex_lock(&server->lock);
    for (uint32_t slot = 0; slot < server->used && !is_busy; slot++) {
        const struct connection *connection = &server->connections[slot];
        is_busy = connection->id != 0
                  && (connection->phase == PHASE_HANDLE || connection->phase == PHASE_ANSWER);
    }
    pthread_mutex_unlock(&server->lock);
    return is_busy;
}

static void wait_while_busy(struct server *server, int most_ms)
{
    struct clock *clock = clock_system();
    for (int waited_ms = 0; waited_ms < most_ms && is_busy(server); waited_ms += 10)
        clock->sleep_ms(clock, 10);
}

/* libmicrohttpd ends the process when it is stopped while something is suspended. */
static void give_up_all(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    for (uint32_t slot = 0; slot < server->used; slot++) {
        const struct connection *connection = &server->connections[slot];
        if (connection->id != 0 && connection->phase == PHASE_HANDLE)
            request_give_up(connection->request);
    }
    pthread_mutex_unlock(&server->lock);
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    if (server->has_thread)
        server_quiesce(server);
    wait_while_busy(server, STOP_MS);
    atomic_store(&server->is_ending, true);
    if (server->has_thread) {
        door_wake(server);
        pthread_join(server->thread, NULL);
    }
    give_up_all(server);
    wait_while_busy(server, GIVE_UP_MS);
    for (int at = 0; at < WORKERS; at++)
        MHD_stop_daemon(server->workers[at]);
    door_close(server);
    tls_free(server->tls);
    free(server->connections);
    pthread_mutex_lock(&server->lock);
    server->is_over = true;
    bool is_held = server->held > 0;
    pthread_mutex_unlock(&server->lock);
    /* Who still holds an exchange will answer it, to this lock, and frees it then. */
    if (!is_held)
        server_free(server);
}
