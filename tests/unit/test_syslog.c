/* Senders of syslog and CEF over real sockets, plain and TLS: every message once, in any pieces, and
 * held back while the journal cannot be written. */
#include "daemon_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

struct world {
    struct daemon_fixture f;
    struct connection_setting settings[5];
    struct daemon_block block;
    uint16_t port;
};

static void prepare(struct world *w)
{
    *w = (struct world){ .f = { .store = fixture_new() } };
    w->settings[0] =
        (struct connection_setting){ .key = STR("listen"), .text = STR("127.0.0.1:0") };
    w->block = (struct daemon_block){
        .kind = STR("syslog"), .name = STR("s"), .settings = w->settings, .setting_count = 1
    };
}

static void set(struct world *w, const char *key, const char *text)
{
    const char *kept = arena_copy(&w->f.store.arena, str_from(text)).ptr;
    w->settings[w->block.setting_count++] =
        (struct connection_setting){ .key = str_from(key), .text = str_from(kept) };
}

static enum err try_start(struct world *w, const char **ret_reason)
{
    const struct program program = { .daemon_blocks = &w->block, .daemon_block_count = 1 };
    daemon_begin(&w->f, clock_system());
    *ret_reason = "";
    return ways_start(&w->f.daemon, &program, &w->f.arena, ret_reason);
}

static void start(struct world *w)
{
    char bytes[8192] = "";
    const char *reason;
    enum err err = try_start(w, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
    int fd = open(w->f.log_path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, bytes, sizeof bytes - 1) > 0);
    close(fd);
    const char *port = strstr(bytes, "port=");
    assert_non_null(port);
    port += strlen("port=");
    w->port = (uint16_t)strtoul(port + (*port == '"'), NULL, 10);
    assert_true(w->port != 0);
}

static void end(struct world *w)
{
    daemon_end(&w->f);
    fixture_release(&w->f.store);
}

static int dial_to(const struct world *w, struct in_addr to)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr = to
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int dial(const struct world *w)
{
    return dial_to(w, (struct in_addr){ htonl(INADDR_LOOPBACK) });
}

static void send_all(int fd, str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = str_skip(bytes, (size_t)sent);
    }
}

/* Whether the other end has closed it, within ten seconds. */
static bool is_closed(int fd)
{
    const struct timeval patience = { .tv_sec = 10 };
    char byte;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

#define ONE                                                                                        \
    "{\"syslog\":{\"priority\":14,\"facility\":1,\"severity\":6,\"hostname\":\"h\",\"appname\":"   \
    "\"a\""                                                                                        \
    "},\"message\":\"one\"}\n"
#define TWO                                                                                        \
    "{\"syslog\":{\"priority\":14,\"facility\":1,\"severity\":6,\"hostname\":\"h\",\"appname\":"   \
    "\"a\""                                                                                        \
    "},\"message\":\"two\"}\n"

static void lines_and_counted_messages_become_alerts(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    int fd = dial(&w);
    send_all(fd, STR("<14>1 - h a - - - o"));
    send_all(fd, STR("ne\n"));
    daemon_await(&w.f, ONE);
    send_all(fd, STR("<14>1 - h a - - - two\n"));
    daemon_await(&w.f, ONE TWO);
    close(fd);
    fd = dial(&w);
    send_all(fd, STR("26 <14>1 - h a - - - one\nmore23 <14>1 - h a - - - th"));
    close(fd);
    daemon_await(&w.f, ONE TWO "{\"syslog\":{\"priority\":14,\"facility\":1,\"severity\":6,"
                               "\"hostname\":\"h\",\"appname\":\"a\"},"
                               "\"message\":\"one\\nmore\"}\n"
                               "{\"syslog\":{\"priority\":14,\"facility\":1,\"severity\":6,"
                               "\"hostname\":\"h\",\"appname\":\"a\"},"
                               "\"message\":\"th\"}\n");
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_ALERTS_RECEIVED, STR("syslog s")) == 4);
    end(&w);
}

static void a_broken_count_ends_the_connection_and_keeps_what_came_before(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    int fd = dial(&w);
    send_all(fd, STR("21 <14>1 - h a - - - onegarbage"));
    assert_true(is_closed(fd));
    close(fd);
    daemon_await(&w.f, ONE);
    assert_int_equal(daemon_logged(&w.f, "no count of bytes"), 1);
    end(&w);
}

static void cef_is_read_and_what_is_none_is_kept_as_it_came(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    set(&w, "format", "cef");
    start(&w);
    int fd = dial(&w);
    send_all(fd, STR("CEF:0|acme|wall|1|7|drop|5|src=192.0.2.7\nno such line\n"));
    close(fd);
    daemon_await(&w.f, "{\"cefVersion\":\"0\",\"deviceVendor\":\"acme\",\"deviceProduct\":\"wall\","
                       "\"deviceVersion\":\"1\",\"deviceEventClassId\":\"7\",\"name\":\"drop\","
                       "\"severity\":\"5\",\"src\":\"192.0.2.7\"}\nno such line\n");
    end(&w);
}

static void a_message_over_the_ceiling_is_told_and_the_next_is_read(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    int fd = dial(&w);
    static char piece[64 * 1024];
    memset(piece, 'x', sizeof piece);
    for (int at = 0; at < 40; at++)
        send_all(fd, (str){ piece, sizeof piece });
    send_all(fd, STR("\n<14>1 - h a - - - one\n"));
    close(fd);
    for (int at = 0; at < 400 && daemon_alerts(&w.f).len == 0; at++)
        usleep(50 * 1000);
    str alerts = daemon_alerts(&w.f);
    assert_true(
        str_startswith(alerts, STR("A message of 2621440 bytes, which is over the ceiling")));
    assert_true(alerts.len < 2048);
    assert_true(str_endswith(alerts, STR(ONE)));
    end(&w);
}

/* Many senders at once, whose messages come in shreds. */
static void no_message_of_many_senders_is_lost(void **state)
{
    (void)state;
    enum { SENDERS = 40, MESSAGES = 50 };
    struct world w;
    int fds[SENDERS];
    prepare(&w);
    start(&w);
    for (int at = 0; at < SENDERS; at++)
        fds[at] = dial(&w);
    for (int message = 0; message < MESSAGES; message++) {
        for (int at = 0; at < SENDERS; at++) {
            char text[64];
            int size = snprintf(text, sizeof text, "<14>1 - h a - - - %d of %d\n", message, at);
            str line = { text, (size_t)size };
            send_all(fds[at], str_first(line, (size_t)(message % size)));
            send_all(fds[at], str_skip(line, (size_t)(message % size)));
        }
    }
    for (int at = 0; at < SENDERS; at++)
        close(fds[at]);
    size_t have = 0;
    for (int turn = 0; turn < 600 && have != SENDERS * MESSAGES; turn++) {
        uint64_t counts[ALERT_STATE_COUNT];
        usleep(50 * 1000);
        assert_int_equal(alerts_count(w.f.daemon.store, counts), ERR_OK);
        have = counts[ALERT_WAITING];
    }
    assert_int_equal(have, SENDERS * MESSAGES);
    end(&w);
}

/* While another process writes, nothing is stored, nothing is lost. */
static void senders_are_held_while_the_journal_cannot_be_written(void **state)
{
    (void)state;
    enum { MESSAGES = 3000 };
    struct world w;
    prepare(&w);
    start(&w);
    assert_int_equal(sqlite3_exec(w.f.store.store->db,
                         "CREATE TEMP TRIGGER full BEFORE INSERT ON main.alerts BEGIN SELECT "
                         "raise(ABORT,'full');"
                         "END",
                         NULL, NULL, NULL),
        SQLITE_OK);
    int fd = dial(&w);
    for (int message = 0; message < MESSAGES; message++) {
        char text[64];
        int size = snprintf(text, sizeof text, "<14>1 - h a - - - %d\n", message);
        send_all(fd, (str){ text, (size_t)size });
    }
    for (int at = 0; at < 200 && daemon_logged(&w.f, "alerts cannot be stored") == 0; at++)
        usleep(50 * 1000);
    assert_int_equal(daemon_logged(&w.f, "alerts cannot be stored"), 1);
    assert_int_equal(daemon_alerts(&w.f).len, 0);
    assert_int_equal(
        sqlite3_exec(w.f.store.store->db, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
    close(fd);
    uint64_t counts[ALERT_STATE_COUNT] = { 0 };
    for (int at = 0; at < 600 && counts[ALERT_WAITING] != MESSAGES; at++) {
        usleep(50 * 1000);
        assert_int_equal(alerts_count(w.f.daemon.store, counts), ERR_OK);
    }
    assert_int_equal(counts[ALERT_WAITING], MESSAGES);
    end(&w);
}

/* ---- bounds ---- */

enum { OF_ALL = 256, OF_PEER = 64 };

/* One of our own addresses that is not loopback; false: there is none. */
static bool own_address(struct in_addr *ret_address)
{
    struct ifaddrs *all;
    bool is_found = false;
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *at = all; at != NULL && !is_found; at = at->ifa_next) {
        is_found = at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET
                   && (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_LOOPBACK) == 0;
        if (is_found)
            *ret_address = ((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr;
    }
    freeifaddrs(all);
    return is_found;
}

/* `count` senders at that address are heard, and one more is turned away. */
static void check_room(struct world *w, struct in_addr to, int count, const char *why)
{
    int fds[OF_ALL];
    for (int at = 0; at < count; at++)
        fds[at] = dial_to(w, to);
    send_all(fds[count - 1], STR("<14>1 - h a - - - one\n"));
    daemon_await(&w->f, ONE);
    assert_int_equal(daemon_logged(&w->f, "a sender is turned away"), 0);
    int more = dial_to(w, to);
    assert_true(is_closed(more));
    assert_int_equal(daemon_logged(&w->f, why), 1);
    close(more);
    for (int at = 0; at < count; at++)
        close(fds[at]);
}

static void one_address_does_not_take_the_room_of_all(void **state)
{
    (void)state;
    struct world w;
    struct in_addr own;
    if (!own_address(&own)) {
        print_message("skipped: no address but loopback\n");
        skip();
    }
    prepare(&w);
    w.settings[0].text = STR("0.0.0.0:0");
    start(&w);
    check_room(&w, own, OF_PEER, "64 of that address are connected");
    end(&w);
}

static void no_more_senders_are_taken_than_there_is_room_for(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    check_room(&w, (struct in_addr){ htonl(INADDR_LOOPBACK) }, OF_ALL, "256 are connected");
    end(&w);
}

/* Each sender begins a message below the ceiling of one; together they are bounded too. */
static void messages_begun_do_not_take_all_memory(void **state)
{
    (void)state;
    enum { PIECES = 31, PIECE = 64 * 1024, ROOM = 33, SENDERS = ROOM + 1 };
    static char piece[PIECE];
    struct world w;
    int fds[SENDERS];
    prepare(&w);
    start(&w);
    memset(piece, 'x', sizeof piece);
    for (int at = 0; at < SENDERS; at++) {
        fds[at] = dial(&w);
        if (at == SENDERS - 1) { /* all before it were read when a line of another one is there */
            int other = dial(&w);
            usleep(1500 * 1000);
            send_all(other, STR("<14>1 - h a - - - one\n"));
            daemon_await(&w.f, ONE);
            close(other);
            assert_int_equal(daemon_logged(&w.f, "take too much memory"), 0);
        }
        for (int count = 0; count < PIECES; count++)
            send_all(fds[at], (str){ piece, sizeof piece });
    }
    for (int at = 0; at < 200 && daemon_logged(&w.f, "take too much memory") == 0; at++)
        usleep(50 * 1000);
    assert_int_equal(daemon_logged(&w.f, "take too much memory"), 1);
    for (int at = 0; at < SENDERS; at++)
        close(fds[at]);
    end(&w);
}

/* ---- TLS ---- */

static void openssl(const struct world *w, const char *arguments)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && openssl %s >openssl.log 2>&1", w->f.store.scratch.path,
        arguments);
    if (system(line) != 0)
        fail_msg("openssl %s", arguments);
}

static const char *in_scratch(struct world *w, const char *name)
{
    return arena_format(&w->f.store.arena, "%s/%s", w->f.store.scratch.path, name);
}

/* An authority, our certificate, a sender's of the authority, and one that signed itself. */
static void make_certificates(struct world *w)
{
#define NEW "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
    openssl(w, NEW "-keyout ca.key -out ca.pem -subj /CN=authority");
    openssl(w, NEW "-keyout own.key -out own.pem -subj /CN=localhost");
    openssl(w, NEW "-keyout other.key -out other.pem -subj /CN=other");
    openssl(w, "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout sender.key "
               "-out sender.csr -subj /CN=sender");
    openssl(w, "x509 -req -in sender.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
               "-out sender.pem");
}

/* The key is read from its file, as a secret is. */
static void set_tls(struct world *w, const char *client_ca)
{
    set(w, "certificate", in_scratch(w, "own.pem"));
    set(w, "key", in_scratch(w, "own.key"));
    w->settings[w->block.setting_count - 1].way = WAY_FILE;
    if (client_ca != NULL)
        set(w, "client_ca", in_scratch(w, client_ca));
}

/* Send a line over TLS; false: it was not taken. */
static bool send_tls(struct world *w, const char *who, int version, const char *line)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    assert_non_null(tls);
    if (version != 0)
        SSL_CTX_set_max_proto_version(tls, version);
    SSL_CTX_set_security_level(tls, 0);
    if (who != NULL) {
        char name[32];
        snprintf(name, sizeof name, "%s.pem", who);
        assert_int_equal(
            SSL_CTX_use_certificate_file(tls, in_scratch(w, name), SSL_FILETYPE_PEM), 1);
        snprintf(name, sizeof name, "%s.key", who);
        assert_int_equal(
            SSL_CTX_use_PrivateKey_file(tls, in_scratch(w, name), SSL_FILETYPE_PEM), 1);
    }
    int fd = dial(w);
    SSL *ssl = SSL_new(tls);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    bool is_sent = SSL_connect(ssl) == 1 && SSL_write(ssl, line, (int)strlen(line)) > 0;
    /* In TLS 1.3 a server refuses a certificate after the client is done: its alert tells. */
    if (is_sent)
        SSL_shutdown(ssl);
    char byte;
    bool is_refused =
        is_sent && SSL_read(ssl, &byte, 1) <= 0 && SSL_get_error(ssl, 0) != SSL_ERROR_ZERO_RETURN;
    SSL_free(ssl);
    SSL_CTX_free(tls);
    close(fd);
    return is_sent && !is_refused;
}

static void messages_come_over_tls(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    make_certificates(&w);
    set_tls(&w, NULL);
    start(&w);
    assert_true(send_tls(&w, NULL, 0, "21 <14>1 - h a - - - one"));
    daemon_await(&w.f, ONE);
    assert_true(send_tls(&w, NULL, TLS1_2_VERSION, "21 <14>1 - h a - - - two"));
    daemon_await(&w.f, ONE TWO);
    assert_false(send_tls(&w, NULL, TLS1_1_VERSION, "21 <14>1 - h a - - - 3rd"));
    int fd = dial(&w);
    send_all(fd, STR("<14>1 - h a - - - plain\n"));
    assert_true(is_closed(fd));
    close(fd);
    daemon_await(&w.f, ONE TWO);
    end(&w);
}

static void only_senders_of_the_authority_are_heard(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    make_certificates(&w);
    set_tls(&w, "ca.pem");
    start(&w);
    assert_false(send_tls(&w, NULL, TLS1_2_VERSION, "21 <14>1 - h a - - - 1st"));
    assert_false(send_tls(&w, "other", TLS1_2_VERSION, "21 <14>1 - h a - - - 2nd"));
    (void)send_tls(&w, NULL, 0, "21 <14>1 - h a - - - 3rd");
    (void)send_tls(&w, "other", 0, "21 <14>1 - h a - - - 4th");
    assert_true(send_tls(&w, "sender", 0, "21 <14>1 - h a - - - one"));
    daemon_await(&w.f, ONE);
    end(&w);
}

static void settings_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct world w;
    const char *reason;
    prepare(&w);
    make_certificates(&w);
    set(&w, "certificate", in_scratch(&w, "own.pem"));
    assert_int_equal(try_start(&w, &reason), ERR_INVALID);
    assert_string_equal(reason, "syslog s: TLS wants `certificate` and `key`");
    daemon_end(&w.f);
    set(&w, "key", in_scratch(&w, "other.key"));
    w.settings[w.block.setting_count - 1].way = WAY_FILE;
    assert_int_equal(try_start(&w, &reason), ERR_INVALID);
    assert_non_null(strstr(reason, "syslog s: `key` cannot be used: "));
    daemon_end(&w.f);
    w.block.setting_count = 1;
    w.settings[0].text = STR("192.0.2.1:0");
    assert_int_equal(try_start(&w, &reason), ERR_IO);
    assert_non_null(strstr(reason, "192.0.2.1:0"));
    daemon_end(&w.f);
    w.settings[0].text = STR("0.0.0.0:0");
    assert_int_equal(try_start(&w, &reason), ERR_OK);
    assert_int_equal(daemon_logged(&w.f, "so it is plain TCP"), 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_counted_messages_become_alerts),
        cmocka_unit_test(a_broken_count_ends_the_connection_and_keeps_what_came_before),
        cmocka_unit_test(cef_is_read_and_what_is_none_is_kept_as_it_came),
        cmocka_unit_test(a_message_over_the_ceiling_is_told_and_the_next_is_read),
        cmocka_unit_test(no_message_of_many_senders_is_lost),
        cmocka_unit_test(senders_are_held_while_the_journal_cannot_be_written),
        cmocka_unit_test(one_address_does_not_take_the_room_of_all),
        cmocka_unit_test(no_more_senders_are_taken_than_there_is_room_for),
        cmocka_unit_test(messages_begun_do_not_take_all_memory),
        cmocka_unit_test(messages_come_over_tls),
        cmocka_unit_test(only_senders_of_the_authority_are_heard),
        cmocka_unit_test(settings_that_do_not_fit_are_refused),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
