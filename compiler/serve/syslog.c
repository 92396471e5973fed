/* syslog.c - a way in: lines of syslog or CEF over TCP, or TLS over it (RFC 6587, 5425).
 *
 * One thread reads all senders, turn after turn; what a turn brought is one batch. While the journal
 * cannot be written nobody is read, so that TCP holds them: nothing that was read is dropped.
 */
#include "serve/blocks.h"
#include "serve/line_batch.h"
#include "serve/stream.h"

#include "base/limits.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SENDERS_MAX = 256,
    SENDERS_OF_PEER_MAX = 64, /* but for loopback: forwarders may stand there */
    ACCEPTS_OF_TURN = 64,
    READ_BYTES = 64 * 1024,
    READS_OF_TURN = 8,                 /* of one sender; a record of TLS has 16 KiB */
    HELD_BYTES_MAX = 64 * 1024 * 1024, /* of messages begun, of all senders */
    TURN_MS = 1000,
    FULL_MS = 1000, /* without descriptors nobody is taken for so long */
    HANDSHAKE_MS = 10 * 1000,
    MESSAGE_MS = 5 * 60 * 1000,    /* a message begun goes on within it */
    IDLE_MS = 24 * 60 * 60 * 1000, /* many senders lose what they send after a close: rarely */
    KEEPALIVE_S = 60,
    SECRET_BYTES_MAX = 256 * 1024,
};

struct sender {
    struct stream stream;
    struct framing framing;
    char peer[NI_MAXHOST];
    bool is_loopback;
    int64_t heard_at; /* elapsed ms */
};

struct listener {
    struct way way; /* first */
    struct daemon *daemon;
    struct arena arena;
    str source; /* "syslog" or "cef" */
    SSL_CTX *tls;
    int fd;
    struct sender *senders[SENDERS_MAX];
    size_t count;
    struct line_batch batch;
    char bytes[READ_BYTES];
    int64_t full_until; /* elapsed ms: there were no descriptors */
    bool has_told_full;
    struct way_thread thread;
};

static int64_t elapsed_ms(const struct listener *listener)
{
    return clock_elapsed_ms(listener->daemon->log.clock);
}

/* ---- senders come and go ---- */

static void tell(const struct listener *listener, enum log_level level, const char *message,
    const char *peer, const char *why)
{
    LOG(&listener->daemon->log, level, message, LOG_TEXT("way", listener->way.name),
        LOG_TEXT("peer", str_from(peer)), LOG_TEXT("why", str_from(why)));
}

/* Why one more of that peer is not taken; NULL: it is. */
static const char *refusal(const struct listener *listener, const struct sender *sender)
{
    size_t of_peer = 0;
    if (listener->count == SENDERS_MAX)
        return "256 are connected";
    for (size_t at = 0; at < listener->count; at++)
        of_peer += strcmp(listener->senders[at]->peer, sender->peer) == 0;
    return of_peer >= SENDERS_OF_PEER_MAX && !sender->is_loopback
               ? "64 of that address are connected"
               : NULL;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24)
               == 127;
    return address->sa_family == AF_INET6
           && IN6_IS_ADDR_LOOPBACK(
               &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* A sender that vanished without a word is noticed within minutes. */
static void keep_alive(int fd)
{
    const int on = 1, seconds = KEEPALIVE_S;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

static void sender_free(struct sender *sender)
{
    stream_close(&sender->stream);
    framing_release(&sender->framing);
    free(sender);
}

static void add_sender(
    struct listener *listener, int fd, const struct sockaddr *address, socklen_t size)
{
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL || stream_open(&sender->stream, fd, listener->tls) != ERR_OK) {
        if (sender == NULL)
            close(fd);
        free(sender);
        return;
    }
    keep_alive(fd);
    framing_init(&sender->framing, FRAMING_UNDECIDED, ALERT_BYTES_MAX);
    sender->heard_at = elapsed_ms(listener);
    sender->is_loopback = is_loopback(address);
    if (getnameinfo(address, size, sender->peer, sizeof sender->peer, NULL, 0, NI_NUMERICHOST) != 0)
        sender->peer[0] = '\0';
    const char *why = refusal(listener, sender);
    if (why == NULL) {
        listener->senders[listener->count++] = sender;
        return;
    }
    if (!listener->has_told_full)
        tell(listener, LOG_LEVEL_WARNING, "a sender is turned away", sender->peer, why);
    listener->has_told_full = true;
    sender_free(sender);
}

static void accept_senders(struct listener *listener)
{
    for (int turn = 0; turn < ACCEPTS_OF_TURN; turn++) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add_sender(listener, fd, (struct sockaddr *)&address, size);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (!listener->has_told_full)
                tell(listener, LOG_LEVEL_ERROR, "no sender can be taken", "", strerror(errno));
            listener->has_told_full = true;
            listener->full_until = elapsed_ms(listener) + FULL_MS;
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static void remove_sender(struct listener *listener, size_t at)
{
    sender_free(listener->senders[at]);
    listener->senders[at] = listener->senders[--listener->count];
    listener->has_told_full = false;
}

/* ---- messages ---- */

/* ERR_STOPPED: what was gathered is lost, for the journal could not be written until the end. */
static enum err put(struct listener *listener)
{
    size_t count = listener->batch.count;
    if (count == 0)
        return ERR_OK;
    enum err err = line_batch_put(
        &listener->batch, listener->daemon, &listener->way, STR(""), &listener->thread);
    if (err != ERR_OK)
        LOG(&listener->daemon->log, LOG_LEVEL_ERROR,
            "messages that were read could not be stored, and are lost",
            LOG_TEXT("way", listener->way.name), LOG_NUMBER("messages", (int64_t)count));
    return err;
}

/* A message that was read is not dropped for want of memory: nobody is read until there is some.
 * ERR_STOPPED. */
static enum err add(struct listener *listener, const struct frame *frame)
{
    struct clock *clock = listener->daemon->log.clock;
    for (;;) {
        enum err err =
            line_batch_add(&listener->batch, frame, listener->source, clock->now_ms(clock));
        if (err == ERR_OK)
            return line_batch_is_full(&listener->batch) ? put(listener) : ERR_OK;
        TRY(put(listener));
        if (!way_thread_wait(&listener->thread, FULL_MS))
            return ERR_STOPPED;
    }
}

static enum err add_messages(
    struct listener *listener, struct sender *sender, str bytes, const char **ret_broken)
{
    bool has = true;
    while (has) {
        struct frame frame;
        enum err err = framing_next(&sender->framing, &bytes, &frame, &has);
        if (err != ERR_OK) {
            *ret_broken =
                err == ERR_INVALID ? "no count of bytes stands where one must" : err_text(err);
            return ERR_OK;
        }
        if (has)
            TRY(add(listener, &frame));
    }
    return ERR_OK;
}

/* The connection is over: a message begun is kept as far as it came. */
static enum err end_sender(struct listener *listener, size_t at, const char *why)
{
    struct sender *sender = listener->senders[at];
    struct frame frame;
    bool has = false;
    enum err err = framing_end(&sender->framing, &frame, &has);
    if (why != NULL || err != ERR_OK)
        tell(listener, LOG_LEVEL_WARNING, "a sender is cut off", sender->peer,
            why != NULL ? why : err_text(err));
    err = err == ERR_OK && has ? add(listener, &frame) : ERR_OK;
    remove_sender(listener, at);
    return err;
}

static const char *broken_why(const struct sender *sender)
{
    const char *why = sender->stream.ssl == NULL ? NULL : stream_failure();
    return why == NULL ? "the connection broke" : why;
}

/* Read what a sender has sent. *ret_is_over: it is gone. ERR_STOPPED. */
static enum err read_sender(struct listener *listener, size_t at, bool *ret_is_over)
{
    struct sender *sender = listener->senders[at];
    *ret_is_over = false;
    for (int turn = 0; turn < READS_OF_TURN; turn++) {
        size_t count = 0;
        const char *broken = NULL;
        enum stream_state state =
            stream_read(&sender->stream, listener->bytes, sizeof listener->bytes, &count);
        if (state == STREAM_NOTHING)
            return ERR_OK;
        if (state == STREAM_BYTES) {
            sender->heard_at = elapsed_ms(listener);
            TRY(add_messages(listener, sender, (str){ listener->bytes, count }, &broken));
        }
        if (state == STREAM_BROKEN)
            broken = broken_why(sender);
        if (state == STREAM_BYTES && broken == NULL)
            continue;
        *ret_is_over = true;
        return end_sender(listener, at, broken);
    }
    return ERR_OK;
}

/* ---- bounds ---- */

static const char *overdue(const struct sender *sender, int64_t now)
{
    int64_t quiet = now - sender->heard_at;
    if (!sender->stream.is_open)
        return quiet >= HANDSHAKE_MS ? "TLS was not agreed on in time" : NULL;
    if (framing_begun(&sender->framing).len > 0 && quiet >= MESSAGE_MS)
        return "a message was begun and did not go on";
    return quiet >= IDLE_MS ? "it sent nothing for a day" : NULL;
}

static enum err end_overdue(struct listener *listener)
{
    int64_t now = elapsed_ms(listener);
    for (size_t at = listener->count; at-- > 0;) {
        const char *why = overdue(listener->senders[at], now);
        if (why != NULL)
            TRY(end_sender(listener, at, why));
    }
    return ERR_OK;
}

/* Messages begun take memory: who has begun the longest goes, when they are too many. */
static enum err end_largest(struct listener *listener)
{
    size_t held = 0, largest = 0, most = 0;
    for (size_t at = 0; at < listener->count; at++) {
        size_t size = framing_begun(&listener->senders[at]->framing).len;
        held += size;
        if (size > most) {
            most = size;
            largest = at;
        }
    }
    return held <= HELD_BYTES_MAX
               ? ERR_OK
               : end_sender(listener, largest, "messages that were begun take too much memory");
}

/* ---- the thread ---- */

/* Wait until somebody has sent something; then the places of `fds` from 2 on are the senders'. */
static bool wait_for_senders(struct listener *listener, struct pollfd fds[static SENDERS_MAX + 2])
{
    bool is_full = elapsed_ms(listener) < listener->full_until;
    fds[0] = (struct pollfd){ .fd = listener->thread.stop_fd, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = is_full ? -1 : listener->fd, .events = POLLIN };
    for (size_t at = 0; at < listener->count; at++) {
        const struct stream *stream = &listener->senders[at]->stream;
        fds[at + 2] = (struct pollfd){ .fd = stream->fd, .events = stream->events };
    }
    (void)poll(fds, listener->count + 2, TURN_MS);
    return fds[0].revents == 0;
}

/* What came in with one turn. ERR_STOPPED. */
static enum err take_turn(struct listener *listener, const struct pollfd *fds)
{
    /* From the last: in place of one that is gone comes one that was read. */
    for (size_t at = listener->count; at-- > 0;) {
        bool is_over;
        if (fds[at + 2].revents != 0)
            TRY(read_sender(listener, at, &is_over));
    }
    TRY(end_overdue(listener));
    TRY(end_largest(listener));
    TRY(put(listener));
    if (fds[1].revents != 0)
        accept_senders(listener);
    return ERR_OK;
}

static void *run(void *self)
{
    struct listener *listener = self;
    struct pollfd fds[SENDERS_MAX + 2];
    while (wait_for_senders(listener, fds) && take_turn(listener, fds) == ERR_OK) {
    }
    return NULL;
}

/* ---- starting and stopping ---- */

static void listener_free(struct listener *listener)
{
    for (size_t at = 0; at < listener->count; at++)
        sender_free(listener->senders[at]);
    line_batch_release(&listener->batch);
    SSL_CTX_free(listener->tls);
    if (listener->fd >= 0)
        close(listener->fd);
    arena_release(&listener->arena);
    free(listener);
}

static void syslog_stop(struct way *way)
{
    struct listener *listener = (struct listener *)way;
    way_thread_stop(&listener->thread);
    listener_free(listener);
}

static enum err fail(const struct listener *listener, struct arena *arena, const char *why,
    enum err err, const char **reterr_reason)
{
    *reterr_reason = arena_format(arena, "%.*s: %s", STR_ARG(listener->way.name), why);
    return *reterr_reason == NULL ? ERR_MEMORY : err;
}

static enum err load_tls(struct listener *listener, const struct daemon_block *block,
    struct arena *arena, const char **reterr_reason)
{
    CLEANUP(arena_wipe) struct arena secrets = ARENA_INIT(SECRET_BYTES_MAX);
    str key;
    const char *certificate = arena_copy(&secrets, block_word(block, "certificate", "")).ptr;
    const char *client_ca = arena_copy(&secrets, block_word(block, "client_ca", "")).ptr;
    const char *why = NULL;
    if (certificate == NULL || client_ca == NULL)
        return ERR_MEMORY;
    bool has_key = block_setting(block, "key") != NULL;
    if (certificate[0] == '\0' && !has_key && client_ca[0] == '\0')
        return ERR_OK;
    if (certificate[0] == '\0' || !has_key)
        return fail(
            listener, arena, "TLS wants `certificate` and `key`", ERR_INVALID, reterr_reason);
    enum err err = block_text(block, "key", &secrets, &key, &why);
    if (err == ERR_OK)
        err = stream_tls_new(certificate, key, client_ca, &secrets, &listener->tls, &why);
    if (err == ERR_OK || why == NULL)
        return err;
    return fail(listener, arena, why, err, reterr_reason);
}

/* A socket that listens there; -1, and errno. */
static int listen_at(const struct addrinfo *info)
{
    const int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int fault = errno;
    close(fd);
    errno = fault;
    return -1;
}

static enum err open_listener(struct listener *listener, const struct daemon_block *block,
    struct arena *arena, const char **reterr_reason)
{
    const struct addrinfo wanted = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM };
    struct addrinfo *info = NULL;
    const char *address;
    char port_text[8];
    uint16_t port;
    str listen_text = block_word(block, "listen", "");
    if (!block_address(listen_text, &listener->arena, &address, &port))
        return fail(listener, arena, "`listen` is no address", ERR_INVALID, reterr_reason);
    snprintf(port_text, sizeof port_text, "%u", port);
    if (getaddrinfo(address, port_text, &wanted, &info) != 0)
        return fail(
            listener, arena, "`listen` is no address of an interface", ERR_INVALID, reterr_reason);
    listener->fd = listen_at(info);
    int fault = errno;
    if (listener->fd >= 0 && listener->tls == NULL && !is_loopback(info->ai_addr))
        tell(listener, LOG_LEVEL_WARNING,
            "anybody who reaches the address can send alerts, and read them on their way", address,
            "no `certificate` is set, so it is plain TCP");
    freeaddrinfo(info);
    if (listener->fd < 0)
        return fail(listener, arena,
            arena_format(&listener->arena, "%.*s: %s", STR_ARG(listen_text), strerror(fault)),
            ERR_IO, reterr_reason);
    return ERR_OK;
}

static void tell_listening(const struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char port[NI_MAXSERV] = "";
    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) == 0)
        (void)getnameinfo(
            (struct sockaddr *)&address, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    LOG(&listener->daemon->log, LOG_LEVEL_INFO, "senders may connect",
        LOG_TEXT("way", listener->way.name), LOG_TEXT("port", str_from(port)),
        LOG_TEXT("tls", listener->tls == NULL ? STR("no") : STR("yes")));
}

static enum err listener_init(struct listener *listener, const struct daemon_block *block,
    struct arena *arena, const char **reterr_reason)
{
    const char *name = arena_format(&listener->arena, "syslog %.*s", STR_ARG(block->name));
    listener->source = arena_copy(&listener->arena, block_word(block, "format", "syslog"));
    if (name == NULL || listener->source.ptr == NULL)
        return ERR_MEMORY;
    listener->way = (struct way){ .name = str_from(name),
        .silent_after_ms = block_ms(block, "silent_after", 0),
        .stop = syslog_stop };
    TRY(load_tls(listener, block, arena, reterr_reason));
    TRY(open_listener(listener, block, arena, reterr_reason));
    tell_listening(listener);
    return way_thread_start(&listener->thread, run, listener);
}

enum err syslog_start(struct daemon *daemon, const struct daemon_block *block, struct arena *arena,
    struct way **ret_way, const char **reterr_reason)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return ERR_MEMORY;
    listener->daemon = daemon;
    listener->arena = (struct arena)ARENA_INIT(64 * 1024);
    listener->fd = -1;
    line_batch_init(&listener->batch);
    enum err err = listener_init(listener, block, arena, reterr_reason);
    if (err != ERR_OK) {
        listener_free(listener);
        return err;
    }
    *ret_way = &listener->way;
    return ERR_OK;
}
