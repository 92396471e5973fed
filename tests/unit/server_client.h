/* server_client.h - a server under test, and a client that sends any bytes. */
#pragma once

#include "daemon/server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { REPLY_BYTES = 1024 * 1024, BODY_MAX = 100000, PATIENCE_MS = 20000, LATER_MAX = 64 };

/* Answers 200 with what it read; or as the path says. */
struct echo {
    struct handler handler; /* first */
    pthread_mutex_t lock;
    int admitted;
    int handled;
    bool is_stuck; /* handlers at /stuck stay there */
    struct exchange *later[LATER_MAX];
    int later_count;
    bool has_say;      /* a header X-Say */
    char peer_cas[64]; /* with a space behind each */
    char peer_subject[256];
};

struct place {
    struct echo echo;
    struct server *server;
    struct metrics *metrics;
    struct arena arena;
    char reply[REPLY_BYTES + 1];
};

static inline size_t echo_admit(struct handler *handler, struct exchange *exchange)
{
    struct echo *echo = (struct echo *)(void *)handler;
    pthread_mutex_lock(&echo->lock);
    echo->admitted++;
    pthread_mutex_unlock(&echo->lock);
    exchange->is_known = str_startswith(exchange->path, STR("/known"));
    if (!str_is(exchange->path, "/closed"))
        return str_is(exchange->path, "/small") ? 10 : BODY_MAX;
    exchange_refuse(exchange, 401, "who are you", "no token");
    return 0;
}

static inline void echo_answer(struct exchange *exchange)
{
    str header = exchange_header(exchange, "x-say");
    str query = exchange_query(exchange, "say");
    if (str_is(exchange->path, "/names"))
        header = exchange_query_name(exchange, 2);
    const char *body = arena_format(exchange->arena, "%s %.*s|%.*s|%.*s|%.*s|%.*s\n",
        exchange->method, STR_ARG(exchange->path), STR_ARG(header), STR_ARG(query),
        STR_ARG(exchange->peer), STR_ARG(exchange->body));
    exchange_answer(exchange,
        &(struct answer){
            .status = 200, .content_type = "text/plain", .body = str_from(body), .etag = "\"a\"" });
}

static inline void echo_handle(struct handler *handler, struct exchange *exchange)
{
    struct echo *echo = (struct echo *)(void *)handler;
    static const char big[16 * 1024 * 1024];
    bool is_later = str_is(exchange->path, "/later") || str_is(exchange->path, "/known/later");
    pthread_mutex_lock(&echo->lock);
    echo->handled++;
    echo->has_say = exchange_has_header(exchange, "x-say");
    echo->peer_cas[0] = '\0';
    for (size_t at = 0, used = 0; at < exchange->peer_ca_count && used < sizeof(echo->peer_cas);
         at++)
        used += (size_t)snprintf(echo->peer_cas + used, sizeof(echo->peer_cas) - used, "%.*s ",
            STR_ARG(exchange->peer_cas[at]));
    (void)snprintf(
        echo->peer_subject, sizeof(echo->peer_subject), "%.*s", STR_ARG(exchange->peer_subject));
    if (is_later && echo->later_count < LATER_MAX)
        echo->later[echo->later_count++] = exchange;
    for (bool is_stuck = str_is(exchange->path, "/stuck"); is_stuck && echo->is_stuck;) {
        pthread_mutex_unlock(&echo->lock);
        nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
        pthread_mutex_lock(&echo->lock);
    }
    pthread_mutex_unlock(&echo->lock);
    if (str_is(exchange->path, "/big"))
        exchange_answer(exchange, &(struct answer){ .status = 200, .body = { big, sizeof(big) } });
    else if (!is_later)
        echo_answer(exchange);
}

static inline int echo_count(struct echo *echo, const int *count)
{
    pthread_mutex_lock(&echo->lock);
    int found = *count;
    pthread_mutex_unlock(&echo->lock);
    return found;
}

/* Start with `options`, whose handler and metrics are set here. */
static inline void open_place(struct place *place, struct server_options options)
{
    const char *reason = NULL;
    place->echo = (struct echo){ .handler = { echo_admit, echo_handle } };
    pthread_mutex_init(&place->echo.lock, NULL);
    place->arena = (struct arena)ARENA_INIT(1024 * 1024);
    assert_int_equal(metrics_new(&place->metrics), ERR_OK);
    options.address = options.address == NULL ? "127.0.0.1" : options.address;
    options.handler = &place->echo.handler;
    options.metrics = place->metrics;
    if (server_start(&options, &place->arena, &place->server, &reason) != ERR_OK)
        fail_msg("%s", reason == NULL ? "no reason" : reason);
}

static inline void close_place(struct place *place)
{
    server_stop(place->server);
    metrics_free(place->metrics);
    arena_release(&place->arena);
    pthread_mutex_destroy(&place->echo.lock);
    place->server = NULL;
}

static inline int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void pause_ms(long duration_ms)
{
    struct timespec time = { duration_ms / 1000, duration_ms % 1000 * 1000000L };
    nanosleep(&time, NULL);
}

/* From 127.0.0.HOST. */
static inline int dial_from(const struct place *place, unsigned host)
{
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { htonl(0x7F000000 + host) } };
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons(server_port(place->server)),
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline int dial(const struct place *place)
{
    return dial_from(place, 1);
}

/* Send; false when the other end does not want it any more. */
static inline bool say(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

static inline bool say_text(int fd, const char *text)
{
    return say(fd, text, strlen(text));
}

/* Read to the end and close: the status, 0 when it was closed without one, -1 when it never ends. */
static inline int hear(struct place *place, int fd)
{
    size_t have = 0;
    int64_t until = now_ms() + PATIENCE_MS;
    for (;;) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        int64_t left = until - now_ms();
        if (left <= 0 || poll(&ready, 1, (int)left) <= 0) {
            close(fd);
            return -1;
        }
        ssize_t got = recv(fd, place->reply + have, REPLY_BYTES - have, 0);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    close(fd);
    place->reply[have] = '\0';
    return have < 12 || strncmp(place->reply, "HTTP/1.", 7) != 0
               ? 0
               : (int)strtol(place->reply + 9, NULL, 10);
}

static inline int ask(struct place *place, const char *bytes, size_t size)
{
    int fd = dial(place);
    (void)say(fd, bytes, size);
    return hear(place, fd);
}

static inline int ask_text(struct place *place, const char *text)
{
    return ask(place, text, strlen(text));
}

static inline double refused(struct place *place, const char *label)
{
    return metrics_get(place->metrics, METRIC_REQUESTS_REFUSED, str_from(label));
}

static inline int count_descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    assert_non_null(all);
    while (readdir(all) != NULL)
        count++;
    closedir(all);
    return count;
}

/* Let only `more` descriptors be opened; returns the limit as it was. */
static inline struct rlimit leave_descriptors(rlim_t more)
{
    struct rlimit before;
    int lowest = dup(0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit less = { (rlim_t)lowest + more, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
    return before;
}
