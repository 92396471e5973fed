/* The door: accepts, looks at each head before anybody takes it, sends away what is bad, late or too
 * much, and closes so that the client has read why. */
#include "daemon/server_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    EVENTS = 64,
    ACCEPTS = 64, /* in a row, before others have their turn */
    PAUSE_MS = 100,
    LOOKS_AT_ONCE = 3,
    LOOK_MS_MAX = 200,
};

/* Events that are not of a connection; those have their slot and FIRST_SLOT. */
enum { TAG_LISTEN, TAG_WAKE, TAG_TIMER, FIRST_SLOT };

static uint64_t now_of(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    uint64_t now_ms = server->now_ms;
    pthread_mutex_unlock(&server->lock);
    return now_ms;
}

static void watch(struct server *server, int fd, uint64_t tag, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.u64 = tag };
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
        (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Without memory for the watch, the deadline ends the connection. */
static void watch_connection(
    struct server *server, const struct connection *connection, uint32_t events)
{
    watch(
        server, connection->fd, (uint64_t)(connection - server->connections) + FIRST_SLOT, events);
}

void connection_enter(
    struct server *server, struct connection *connection, enum phase phase, uint32_t duration_ms)
{
    connection->phase = phase;
    connection->deadline_ms = server->now_ms + duration_ms;
}

/* The lock is held. */
static void release(struct server *server, struct connection *connection)
{
    close(connection->fd);
    *connection = (struct connection){ .fd = -1 };
    server->count--;
}

static void drop(struct server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->lock);
    release(server, connection);
    pthread_mutex_unlock(&server->lock);
}

/* --- answers of the door itself --- */

static const char *words_of(int status)
{
    static const struct {
        int status;
        const char *words;
    } all[] = { { 400, "Bad Request" }, { 408, "Request Timeout" }, { 411, "Length Required" },
        { 417, "Expectation Failed" }, { 431, "Request Header Fields Too Large" },
        { 501, "Not Implemented" }, { 503, "Service Unavailable" },
        { 505, "HTTP Version Not Supported" } };
    for (size_t at = 0; at < COUNT_OF(all); at++)
        if (all[at].status == status)
            return all[at].words;
    return "Refused";
}

/* What does not go out at once is lost: nobody waits for who is refused. */
static void write_refusal(
    struct server *server, int fd, int status, const char *label, const char *sentence)
{
    metrics_add(server->metrics, METRIC_REQUESTS_REFUSED, str_from(label), 1);
    if (server->tls != NULL)
        return;
    char body[256];
    char text[768];
    int length = snprintf(body, sizeof(body),
        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}\n", sentence, status);
    char retry[32] = "";
    if (status == 503)
        (void)snprintf(retry, sizeof(retry), "Retry-After: %d\r\n", RETRY_AFTER_S);
    int size = snprintf(text, sizeof(text),
        "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%sConnection: "
        "close\r\n\r\n%s",
        status, words_of(status), length, retry, body);
    if (size > 0 && (size_t)size < sizeof(text))
        (void)send(fd, text, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Wait for the client to read and close: closing over what it still sends would reset the connection,
 * and take the answer away from it. The lock is held. */
static void linger(struct server *server, struct connection *connection)
{
    (void)shutdown(connection->fd, SHUT_WR);
    connection->seen = 0;
    connection_enter(server, connection, PHASE_LINGER, LINGER_MS);
    int one = 1;
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
    watch_connection(server, connection, EPOLLIN | EPOLLRDHUP);
}

static void refuse(struct server *server, struct connection *connection, int status,
    const char *label, const char *sentence)
{
    write_refusal(server, connection->fd, status, label, sentence);
    pthread_mutex_lock(&server->lock);
    linger(server, connection);
    pthread_mutex_unlock(&server->lock);
}

/* Read what is there and forget it; whether the other end is done. */
static bool drain(struct connection *connection)
{
    char bytes[16 * 1024];
    for (int turn = 0; turn < 8; turn++) {
        ssize_t got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0)
            return errno != EAGAIN && errno != EINTR;
        connection->seen += (size_t)got;
        if (got == 0 || connection->seen > LINGER_BYTES_MAX)
            return true;
    }
    return false;
}

void door_take_back(struct server *server, struct connection *connection)
{
    char byte;
    pthread_mutex_lock(&server->lock);
    (void)shutdown(connection->fd, SHUT_WR);
    bool is_read = connection->is_whole
                   && recv(connection->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) <= 0;
    if (is_read || atomic_load(&server->is_ending))
        release(server, connection);
    else if (connection->phase == PHASE_CUT)
        connection_enter(
            server, connection, PHASE_LINGER, LINGER_MS); /* it has the answer already */
    else
        linger(server, connection);
    pthread_mutex_unlock(&server->lock);
}

/* --- heads --- */

/* Give it on to libmicrohttpd. */
static void pass_on(struct server *server, struct connection *connection)
{
    uint32_t slot = (uint32_t)(connection - server->connections);
    struct ticket ticket = { .family = AF_UNSPEC, .slot = slot, .id = connection->id };
    int one = 1;
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
    (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        refuse(server, connection, 503, "descriptors", "there is no room for now");
        return;
    }
    pthread_mutex_lock(&server->lock);
    connection_enter(
        server, connection, PHASE_ENTER, server->tls == NULL ? server->enter_ms : server->head_ms);
    pthread_mutex_unlock(&server->lock);
    /* From here on it may be gone at any time. */
    if (MHD_add_connection(server->workers[slot % WORKERS], fd,
            (const struct sockaddr *)(const void *)&ticket, sizeof(ticket))
        != MHD_YES)
        refuse(server, connection, 503, "memory", "there is no room for now");
}

/* Not all of the head is there: wake up when more is. A client that sends it byte by byte is looked at
 * less and less often, for each look costs as much as all that came before. */
static void look_later(struct server *server, struct connection *connection, size_t seen)
{
    int more = (int)seen + 1;
    connection->seen = seen;
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof(more));
    if (++connection->looks <= LOOKS_AT_ONCE) {
        watch_connection(server, connection, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT);
        return;
    }
    uint64_t wait_ms = (uint64_t)connection->looks * 10;
    connection->look_at_ms = now_of(server) + (wait_ms < LOOK_MS_MAX ? wait_ms : LOOK_MS_MAX);
}

/* libmicrohttpd forgives what is wrong with chunks. So a chunked body has to fit into the socket's own
 * buffer, where it can be judged to its end before anybody takes it. Sets *got to what is there. */
static enum head_fault look_at_chunks(
    const struct connection *connection, size_t head_bytes, ssize_t *got)
{
    char bytes[CHUNKED_BYTES_MAX];
    int room = 2 * CHUNKED_BYTES_MAX;
    if (connection->looks == 0)
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    ssize_t there = recv(connection->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (there < *got)
        return HEAD_CHUNK;
    *got = there;
    enum head_fault fault = chunks_check((str){ bytes + head_bytes, (size_t)there - head_bytes });
    return fault == HEAD_UNFINISHED && there == CHUNKED_BYTES_MAX ? HEAD_CHUNKED : fault;
}

static void look(struct server *server, struct connection *connection, bool is_hung_up)
{
    char bytes[HEAD_BYTES_MAX];
    struct head head;
    ssize_t got = recv(connection->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR) && !is_hung_up) {
        watch_connection(server, connection, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT);
        return;
    }
    if (got <= 0) {
        drop(server, connection);
        return;
    }
    enum head_fault fault = head_read((str){ bytes, (size_t)got }, &head);
    if (fault == HEAD_GOOD && head.is_chunked)
        fault = look_at_chunks(connection, head.bytes, &got);
    const struct head_fault_info *info = head_fault_info(fault);
    if (fault == HEAD_GOOD)
        pass_on(server, connection);
    else if (fault != HEAD_UNFINISHED)
        refuse(server, connection, info->status, info->label, info->sentence);
    else if (is_hung_up)
        drop(server, connection);
    else
        look_later(server, connection, (size_t)got);
}

/* --- accepting --- */

/* The address as IPv6, where 192.0.2.1 is ::ffff:192.0.2.1. */
static struct in6_addr peer_of(const struct sockaddr_storage *address)
{
    struct in6_addr peer = { 0 };
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof(six));
        return six.sin6_addr;
    }
    struct sockaddr_in four;
    memcpy(&four, address, sizeof(four));
    peer.s6_addr[10] = peer.s6_addr[11] = 0xFF;
    memcpy(&peer.s6_addr[12], &four.sin_addr, 4);
    return peer;
}

static bool is_loopback(const struct in6_addr *peer)
{
    return IN6_IS_ADDR_LOOPBACK(peer) || (IN6_IS_ADDR_V4MAPPED(peer) && peer->s6_addr[12] == 127);
}

/* Whether both count as one: whoever has an address of IPv6 has all of its /64. */
static bool is_same_peer(const struct in6_addr *a, const struct in6_addr *b)
{
    return memcmp(a, b, IN6_IS_ADDR_V4MAPPED(a) ? sizeof(*a) : sizeof(*a) / 2) == 0;
}

/* Whether that peer has all the connections that it may have. The lock is held. */
static bool has_enough(const struct server *server, const struct in6_addr *peer)
{
    uint32_t most = is_loopback(peer) ? server->loopback_max : server->peer_max;
    uint32_t found = 0;
    for (uint32_t at = 0; most != 0 && at < server->used; at++) {
        const struct connection *connection = &server->connections[at];
        if (connection->id != 0 && is_same_peer(peer, &connection->peer))
            found++;
    }
    return most != 0 && found >= most;
}

size_t door_strange_bytes(const struct server *server, const struct connection *connection)
{
    size_t bytes = 0;
    for (uint32_t at = 0; at < server->used; at++) {
        const struct connection *other = &server->connections[at];
        if (other->strange_bytes > 0 && is_same_peer(&connection->peer, &other->peer))
            bytes += other->strange_bytes;
    }
    return bytes;
}

/* A slot for a new connection, or NULL with the reason why not. */
static struct connection *take_slot(
    struct server *server, int fd, const struct in6_addr *peer, const char **reterr_label)
{
    struct connection *taken = NULL;
    pthread_mutex_lock(&server->lock);
    *reterr_label = "connections";
    if (server->count < server->connections_max) {
        uint32_t slot = 0;
        while (server->connections[slot].id != 0)
            slot++;
        if (has_enough(server, peer))
            *reterr_label = "connections_of_peer";
        else
            taken = &server->connections[slot];
    }
    if (taken != NULL) {
        if (taken == &server->connections[server->used])
            server->used++;
        server->count++;
        *taken = (struct connection){ .id = ++server->last_id, .fd = fd, .peer = *peer };
        connection_enter(server, taken, PHASE_HEAD, server->head_ms);
    }
    pthread_mutex_unlock(&server->lock);
    return taken;
}

/* There is no slot for it, so it cannot wait for the client to read: what came is taken, at least. */
static void turn_away(struct server *server, int fd, const char *label)
{
    char bytes[4096];
    write_refusal(server, fd, 503, label, "there is no room for now");
    (void)shutdown(fd, SHUT_WR);
    (void)recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    close(fd);
}

static void tick_from_now(struct server *server)
{
    struct itimerspec every = { { 0, TICK_MS * 1000000L }, { 0, TICK_MS * 1000000L } };
    if (!server->is_ticking)
        server->is_ticking = timerfd_settime(server->timer_fd, 0, &every, NULL) == 0;
}

static void welcome(struct server *server, int fd, const struct sockaddr_storage *address)
{
    struct in6_addr peer = peer_of(address);
    const char *label;
    struct connection *connection = take_slot(server, fd, &peer, &label);
    if (connection == NULL) {
        turn_away(server, fd, label);
        return;
    }
    tick_from_now(server);
    if (server->tls != NULL)
        pass_on(server, connection);
    else
        look(server, connection, false);
}

/* Accept no more for a while: the listening socket stays readable, and would wake us in a circle. */
static void pause_accepting(struct server *server)
{
    server->is_paused = true;
    server->listen_at_ms = now_of(server) + PAUSE_MS;
    watch(server, server->listen_fd, TAG_LISTEN, 0);
    tick_from_now(server);
}

/* No descriptor is left: with the one in reserve, say so to whoever waits longest. */
static void accept_with_reserve(struct server *server)
{
    if (server->reserve_fd >= 0)
        close(server->reserve_fd);
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        turn_away(server, fd, "descriptors");
    server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || server->reserve_fd < 0)
        pause_accepting(server);
}

static void accept_some(struct server *server)
{
    for (int turn = 0; turn < ACCEPTS && !server->is_paused; turn++) {
        struct sockaddr_storage address = { 0 };
        socklen_t size = sizeof(address);
        int fd = accept4(
            server->listen_fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            welcome(server, fd, &address);
        else if (errno == EAGAIN)
            return;
        else if (errno == EMFILE || errno == ENFILE)
            accept_with_reserve(server);
        else if (errno == ENOMEM || errno == ENOBUFS)
            pause_accepting(server);
    }
}

/* --- deadlines --- */

/* Its time is over, and libmicrohttpd has it: say so, and let it see the end. The lock is held. */
static void cut(struct server *server, struct connection *connection, int status, const char *label,
    const char *sentence)
{
    if (sentence != NULL)
        write_refusal(server, connection->fd, status, label, sentence);
    else
        metrics_add(server->metrics, METRIC_REQUESTS_REFUSED, str_from(label), 1);
    (void)shutdown(connection->fd, SHUT_RDWR);
    connection_enter(server, connection, PHASE_CUT, CUT_MS);
}

/* The lock is held. */
static void end_wait(struct server *server, struct connection *connection)
{
    switch (connection->phase) {
    case PHASE_HEAD:
        write_refusal(server, connection->fd, 408, "head_slow", "the head did not come in time");
        linger(server, connection);
        break;
    case PHASE_ENTER:
        /* Behind TLS the head is still to come; else it is here, and nobody had time for it. */
        if (server->tls != NULL)
            cut(server, connection, 408, "head_slow", "the head did not come in time");
        else
            cut(server, connection, 503, "busy", "there is too much to do for now");
        break;
    case PHASE_BODY:
        cut(server, connection, 408, "body_slow", "the body did not come in time");
        break;
    case PHASE_HANDLE:
        request_give_up(connection->request);
        break;
    case PHASE_ANSWER:
        cut(server, connection, 408, "answer_slow", NULL);
        break;
    case PHASE_CUT:
        /* What libmicrohttpd never began it never ends; what it began it will. */
        if (!connection->is_started)
            release(server, connection);
        break;
    case PHASE_LINGER:
        release(server, connection);
        break;
    }
}

static void tick(struct server *server)
{
    uint64_t ticks = 0;
    if (read(server->timer_fd, &ticks, sizeof(ticks)) != (ssize_t)sizeof(ticks))
        return;
    pthread_mutex_lock(&server->lock);
    server->now_ms += ticks * TICK_MS;
    for (uint32_t slot = 0; slot < server->used; slot++) {
        struct connection *connection = &server->connections[slot];
        if (connection->id == 0)
            continue;
        if (connection->deadline_ms <= server->now_ms) {
            end_wait(server, connection);
        } else if (connection->phase == PHASE_HEAD && connection->look_at_ms != 0
                   && connection->look_at_ms <= server->now_ms) {
            connection->look_at_ms = 0;
            watch_connection(server, connection, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT);
        }
    }
    bool is_idle = server->count == 0;
    bool is_over = server->is_paused && server->listen_at_ms <= server->now_ms;
    pthread_mutex_unlock(&server->lock);
    if (is_over && !atomic_load(&server->is_quiet)) {
        server->is_paused = false;
        watch(server, server->listen_fd, TAG_LISTEN, EPOLLIN);
    }
    if (is_idle && !server->is_paused) {
        struct itimerspec never = { { 0, 0 }, { 0, 0 } };
        server->is_ticking = timerfd_settime(server->timer_fd, 0, &never, NULL) != 0;
    }
}

/* --- the thread --- */

static void serve_connection(struct server *server, uint32_t slot, uint32_t events)
{
    struct connection *connection = &server->connections[slot];
    pthread_mutex_lock(&server->lock);
    /* An event may be older than what became of its slot since. */
    bool is_ours = connection->id != 0;
    enum phase phase = connection->phase;
    if (is_ours && phase == PHASE_LINGER && drain(connection))
        release(server, connection);
    pthread_mutex_unlock(&server->lock);
    if (is_ours && phase == PHASE_HEAD)
        look(server, connection, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static void wake_up(struct server *server)
{
    eventfd_t ignored;
    (void)eventfd_read(server->wake_fd, &ignored);
    if (atomic_load(&server->is_quiet) && server->listen_fd >= 0) {
        close(server->listen_fd);
        server->listen_fd = -1;
    }
}

static void *run(void *context)
{
    struct server *server = context;
    struct epoll_event events[EVENTS];
    while (!atomic_load(&server->is_ending)) {
        int count = epoll_wait(server->epoll_fd, events, EVENTS, -1);
        for (int at = 0; at < count; at++) {
            uint64_t tag = events[at].data.u64;
            if (tag == TAG_WAKE)
                wake_up(server);
            else if (tag == TAG_TIMER)
                tick(server);
            else if (tag != TAG_LISTEN)
                serve_connection(server, (uint32_t)(tag - FIRST_SLOT), events[at].events);
            else if (server->listen_fd >= 0)
                accept_some(server);
        }
    }
    return NULL;
}

void door_wake(struct server *server)
{
    (void)eventfd_write(server->wake_fd, 1);
}

enum err door_start(struct server *server)
{
    server->has_thread = pthread_create(&server->thread, NULL, run, server) == 0;
    return server->has_thread ? ERR_OK : ERR_MEMORY;
}

/* --- opening --- */

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof(address);
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    memcpy(&six, &address, sizeof(six));
    memcpy(&four, &address, sizeof(four));
    return ntohs(address.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

/* What to do about it, after the reason. */
static const char *listen_help(int why)
{
    switch (why) {
    case EADDRINUSE:
        return "; `ss -ltnp` shows which program has it: stop that, or name another port (0: any "
               "that is free)";
    case EACCES:
        return "; ports below 1024 need CAP_NET_BIND_SERVICE, so name one above";
    case EADDRNOTAVAIL:
        return "; `ip address` shows those of this machine";
    default:
        return "";
    }
}

static int listen_on(const struct addrinfo *where)
{
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd >= 0
        && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
            || bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

enum err door_open(struct server *server, const char *address, uint16_t port, struct arena *arena,
    const char **reterr_reason)
{
    char service[8];
    struct addrinfo *where = NULL;
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV
    };
    (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (getaddrinfo(address, service, &hints, &where) != 0) {
        *reterr_reason = arena_format(arena, "'%s' is no address of this machine", address);
        return ERR_INVALID;
    }
    server->listen_fd = listen_on(where);
    int why = errno;
    freeaddrinfo(where);
    if (server->listen_fd < 0) {
        *reterr_reason = arena_format(arena, "cannot listen on %s port %u: %s%s", address,
            (unsigned)port, strerror(why), listen_help(why));
        return ERR_IO;
    }
    server->port = port_of(server->listen_fd);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (server->epoll_fd < 0 || server->timer_fd < 0 || server->wake_fd < 0
        || server->reserve_fd < 0) {
        *reterr_reason = arena_format(arena, "the HTTP server cannot start: %s", strerror(errno));
        return ERR_IO;
    }
    watch(server, server->listen_fd, TAG_LISTEN, EPOLLIN);
    watch(server, server->wake_fd, TAG_WAKE, EPOLLIN);
    watch(server, server->timer_fd, TAG_TIMER, EPOLLIN);
    return ERR_OK;
}

void door_close(struct server *server)
{
    int *all[] = { &server->listen_fd, &server->epoll_fd, &server->timer_fd, &server->wake_fd,
        &server->reserve_fd };
    for (uint32_t slot = 0; slot < server->used; slot++)
        if (server->connections[slot].id != 0)
            release(server, &server->connections[slot]);
    for (size_t at = 0; at < COUNT_OF(all); at++) {
        if (*all[at] >= 0)
            close(*all[at]);
        *all[at] = -1;
    }
}
