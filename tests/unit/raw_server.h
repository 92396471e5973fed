/* raw_server.h - a server that says byte for byte what a test tells it.
 *
 * The n-th request gets the n-th answer, later ones the last. A real HTTP server would
 * refuse to be as broken as some of these answers are.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_CONNECTIONS_MAX = 8, RAW_REQUEST_MAX = 64 * 1024 };

enum raw_end {
    RAW_KEEP,  /* leave the connection open */
    RAW_CLOSE, /* close it after the answer */
};

struct raw_answer {
    const char *bytes;
    size_t len;     /* 0: up to the NUL */
    size_t repeats; /* send `bytes` as often again */
    enum raw_end end;
};

struct raw_server {
    const struct raw_answer *answers;
    unsigned answers_count;
    uint16_t port;
    atomic_uint requests;
    atomic_uint connections;
    char last[RAW_REQUEST_MAX]; /* the latest request; read it when its answer is there */
    int listener;
    int stop[2];
    pthread_t thread;
};

static inline void raw_send(int peer, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(peer, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        len -= (size_t)sent;
    }
}

/* Whether a whole request came; false when the peer went away. */
static inline bool raw_receive(struct raw_server *server, int peer)
{
    size_t have = 0, want = SIZE_MAX;
    while (have < want && have < sizeof(server->last) - 1) {
        ssize_t got = recv(peer, server->last + have, sizeof(server->last) - 1 - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
        server->last[have] = '\0';
        const char *end = strstr(server->last, "\r\n\r\n");
        if (end == NULL)
            continue;
        const char *length = strcasestr(server->last, "content-length:");
        want = (size_t)(end + 4 - server->last);
        if (length != NULL && length < end)
            want += strtoul(length + 15, NULL, 10);
    }
    return true;
}

/* False when the connection is over. */
static inline bool raw_answer(struct raw_server *server, int peer)
{
    if (!raw_receive(server, peer))
        return false;
    unsigned index = atomic_fetch_add(&server->requests, 1);
    if (index >= server->answers_count)
        index = server->answers_count - 1;
    const struct raw_answer *answer = &server->answers[index];
    for (size_t at = 0; at <= answer->repeats; at++)
        raw_send(peer, answer->bytes, answer->len != 0 ? answer->len : strlen(answer->bytes));
    return answer->end == RAW_KEEP;
}

static inline void raw_serve(struct raw_server *server, struct pollfd *fds, nfds_t *count)
{
    for (nfds_t at = 2; at < *count; at++) {
        if (fds[at].revents == 0 || raw_answer(server, fds[at].fd))
            continue;
        close(fds[at].fd);
        fds[at--] = fds[--*count];
    }
    if (fds[1].revents != 0 && *count < RAW_CONNECTIONS_MAX + 2) {
        int peer = accept(server->listener, NULL, NULL);
        if (peer >= 0) {
            atomic_fetch_add(&server->connections, 1);
            fds[(*count)++] = (struct pollfd){ .fd = peer, .events = POLLIN };
        }
    }
}

static inline void *raw_run(void *self)
{
    struct raw_server *server = self;
    struct pollfd fds[RAW_CONNECTIONS_MAX + 2] = { { .fd = server->stop[0], .events = POLLIN },
        { .fd = server->listener, .events = POLLIN } };
    nfds_t count = 2;
    while (poll(fds, count, -1) > 0 && fds[0].revents == 0)
        raw_serve(server, fds, &count);
    for (nfds_t at = 2; at < count; at++)
        close(fds[at].fd);
    return NULL;
}

/* Zeroed server; false when the machine does not let us listen. */
static inline bool raw_start(
    struct raw_server *server, const struct raw_answer *answers, unsigned answers_count)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    server->answers = answers;
    server->answers_count = answers_count;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server->listener < 0 || pipe(server->stop) != 0
        || bind(server->listener, (struct sockaddr *)&address, size) != 0
        || listen(server->listener, 8) != 0
        || getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        return false;
    server->port = ntohs(address.sin_port);
    return pthread_create(&server->thread, NULL, raw_run, server) == 0;
}

static inline void raw_stop(struct raw_server *server)
{
    close(server->stop[1]); /* a hang-up wakes the poll */
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    close(server->listener);
}
