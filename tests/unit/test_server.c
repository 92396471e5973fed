#include "server_client.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .head_ms = 5000, .body_ms = 5000 });
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    close_place(*state);
    free(*state);
    return 0;
}

static void a_request_reaches_its_handler_whole(void **state)
{
    struct place *place = *state;
    assert_int_equal(ask_text(place, "POST /a%20b/c?x=1&say=two+w%6Frds HTTP/1.1\r\nHost: a\r\n"
                                     "X-Say:  hello \r\nContent-Length: 4\r\n\r\nbody"),
        200);
    assert_non_null(strstr(place->reply, "POST /a b/c|hello|two words|127.0.0.1|body\n"));
    assert_non_null(strstr(place->reply, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(place->reply, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(place->reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(place->reply, "\r\nETag: \"a\"\r\n"));
    assert_int_equal(ask_text(place, GET "\r\n"), 200);
    assert_int_equal(ask_text(place, "GET / HTTP/1.0\r\n\r\n"), 200);
    assert_int_equal(ask_text(place, POST "Content-Length: 0\r\n\r\n"), 200);
    assert_int_equal(
        ask_text(place, POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"), 100);
    assert_non_null(strstr(place->reply, "HTTP/1.1 200 OK"));
}

/* Of two nobody knows which of them another server reads. */
static void a_header_that_is_there_twice_has_no_value(void **state)
{
    struct place *place = *state;
    assert_int_equal(ask_text(place, GET "X-Say: one\r\nx-say: two\r\n\r\n"), 200);
    assert_non_null(strstr(place->reply, "GET /|||127.0.0.1|\n"));
    assert_true(place->echo.has_say);
    assert_int_equal(ask_text(place, GET "X-Say:\r\n\r\n"), 200);
    assert_true(place->echo.has_say);
    assert_int_equal(ask_text(place, GET "\r\n"), 200);
    assert_false(place->echo.has_say);
}

static void parameters_have_names(void **state)
{
    struct place *place = *state;
    assert_int_equal(
        ask_text(place, "GET /names?&a=1&say&&third=x=y& HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    assert_non_null(strstr(place->reply, "GET /names|third||"));
    assert_int_equal(ask_text(place, "GET /names?a=1&b=2&& HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    assert_non_null(strstr(place->reply, "GET /names|||"));
}

static void a_refusal_is_a_problem_that_says_why(void **state)
{
    struct place *place = *state;
    assert_int_equal(ask_text(place, "GET /closed HTTP/1.1\r\nHost: a\r\n\r\n"), 401);
    assert_non_null(strstr(place->reply, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(place->reply, "\r\nWWW-Authenticate: Bearer\r\n"));
    assert_non_null(strstr(place->reply, "{\"type\":\"about:blank\",\"title\":\"who are you\","
                                         "\"status\":401,\"detail\":\"no token\"}"));
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 0);
    assert_true(refused(place, "401") == 1);
}

struct bad {
    const char *label;
    int status;
    const char *bytes;
    size_t size; /* 0: to the NUL */
};

#define BAD(label, status, bytes)                                                                  \
    {                                                                                              \
        label, status, bytes, sizeof(bytes) - 1                                                    \
    }

/* Each is a way in which two servers could read one request as two. */
static const struct bad bads[] = {
    BAD("lengths", 400, POST "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"),
    BAD("lengths", 400, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    BAD("lengths", 400, POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("lengths", 400, POST "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n"),
    BAD("field_name", 400, POST "Content-Length : 3\r\n\r\nabc"),
    BAD("field_name", 400, POST "Content-Length\t: 3\r\n\r\nabc"),
    BAD("field_name", 400, POST "Content-Length 3\r\n\r\nabc"),
    BAD("field_name", 400, POST ": 3\r\n\r\n"),
    BAD("field_name", 400, POST "X\xC3\xA9: 3\r\n\r\n"),
    BAD("field_name", 400, POST "X(y): 3\r\n\r\n"),
    BAD("length", 400, POST "Content-Length: +3\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: -3\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: 0x3\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: 3, 3\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: 3 3\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: \r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: 3.0\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: 18446744073709551616\r\n\r\nabc"),
    BAD("length", 400, POST "Content-Length: 99999999999999999999999\r\n\r\nabc"),
    BAD("expect", 417, POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("encoding", 501, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    BAD("encoding", 501, POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    BAD("encoding", 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    BAD("encoding", 501, POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    BAD("encoding", 501, POST "Transfer-Encoding: \r\n\r\n0\r\n\r\n"),
    BAD("encoding", 501,
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("encoding_old", 400,
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\r\na0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\n\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: trailer\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n1\ra\r\n0\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\n0000000000\r\n\r\n"),
    BAD("chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\ng\r\na\r\n0\r\n\r\n"),
    BAD("chunked", 411, POST "Transfer-Encoding: chunked\r\n\r\n10001\r\na"),
    BAD("chunked", 411,
        POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n"),
    BAD("fold", 400, GET "X: a\r\n b\r\n\r\n"),
    BAD("fold", 400, GET "X: a\r\n\tb\r\n\r\n"),
    BAD("fold", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    BAD("line_end", 400, "GET / HTTP/1.1\nHost: a\n\n"),
    BAD("line_end", 400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    BAD("line_end", 400, GET "X: a\n\r\n\r\n"),
    BAD("line_end", 400, GET "X: a\rY: b\r\n\r\n"),
    BAD("line_end", 400, GET "X: a\r\r\n\r\n"),
    BAD("line_end", 400, GET "\n"),
    BAD("control", 400, GET "X: a\0b\r\n\r\n"),
    BAD("control", 400, GET "X\0: a\r\n\r\n"),
    BAD("control", 400, GET "X: a\x01\r\n\r\n"),
    BAD("control", 400, GET "X: a\x7F\r\n\r\n"),
    BAD("control", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xFC"),
    BAD("host", 400, "GET / HTTP/1.1\r\n\r\n"),
    BAD("host", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    BAD("host", 400, "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"),
    BAD("host", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    BAD("host", 400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    BAD("host", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
    BAD("target", 400, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("target", 400, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("target", 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%5Cb HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a/./b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /.. HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%0d%0aX:b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%C3 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%C0%AF HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a% HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a%1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /a\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("path", 400, "GET /?a=%FF HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET /\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET / HTTP/11\r\nHost: a\r\n\r\n"),
    BAD("request_line", 400, "GET / HTTP/1.1.1\r\nHost: a\r\n\r\n"),
    BAD("version", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    BAD("version", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    BAD("version", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD("method", 501, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("method", 501, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("expect", 417, POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx"),
};

static void what_could_be_smuggled_is_refused_and_counted(void **state)
{
    struct place *place = *state;
    for (size_t at = 0; at < COUNT_OF(bads); at++) {
        double before = refused(place, bads[at].label);
        int status = ask(place, bads[at].bytes, bads[at].size);
        if (status != bads[at].status)
            fail_msg("%zu (%s): %d: %.60s", at, bads[at].label, status, bads[at].bytes);
        if (refused(place, bads[at].label) != before + 1)
            fail_msg("%zu is not counted as %s: %s", at, bads[at].label, place->reply);
        assert_non_null(strstr(place->reply, "\r\nConnection: close\r\n"));
    }
    assert_int_equal(echo_count(&place->echo, &place->echo.admitted), 0);
}

static void heads_have_a_ceiling(void **state)
{
    struct place *place = *state;
    char *head = malloc(70000);
    int used = sprintf(head, GET "X: ");
    memset(head + used, 'a', 65536);
    memcpy(head + used + 65536, "\r\n\r\n", 4);
    assert_int_equal(ask(place, head, (size_t)used + 65540), 431);
    /* Just fits. */
    used = sprintf(head, GET "X: ");
    memset(head + used, 'a', 16384);
    memcpy(head + 16380, "\r\n\r\n", 4);
    assert_int_equal(ask(place, head, 16384), 200);
    used = sprintf(head, GET);
    for (int at = 0; at < 200; at++)
        used += sprintf(head + used, "X-%d: a\r\n", at);
    used += sprintf(head + used, "\r\n");
    assert_int_equal(ask(place, head, (size_t)used), 431);
    assert_true(refused(place, "fields") == 1);
    used = sprintf(head, GET);
    for (int at = 0; at < 99; at++)
        used += sprintf(head + used, "X-%d: a\r\n", at);
    used += sprintf(head + used, "\r\n");
    assert_int_equal(ask(place, head, (size_t)used), 200);
    free(head);
}

#define CHUNKED POST "Transfer-Encoding: chunked\r\n"

static void chunks_are_taken_when_nothing_is_odd_about_them(void **state)
{
    struct place *place = *state;
    assert_int_equal(ask_text(place, CHUNKED "\r\nc\r\nHellO world1\r\n0\r\n\r\n"), 200);
    assert_non_null(strstr(place->reply, "|HellO world1\n"));
    assert_int_equal(ask_text(place, CHUNKED "\r\n0\r\n\r\n"), 200);
    assert_int_equal(
        ask_text(place, CHUNKED "\r\n01\r\na\r\nA\r\n0123456789\r\n00\r\n\r\n" GET "\r\n"), 200);
    assert_non_null(strstr(place->reply, "|a0123456789\n"));
    assert_null(strstr(place->reply + 10, "HTTP/1.1"));
    /* In pieces. */
    const char *text = CHUNKED "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    int fd = dial(place);
    for (size_t at = 0; at < strlen(text); at++) {
        assert_true(say(fd, text + at, 1));
        pause_ms(2);
    }
    assert_int_equal(hear(place, fd), 200);
    assert_non_null(strstr(place->reply, "|abcde\n"));
}

static void chunks_have_a_ceiling(void **state)
{
    struct place *place = *state;
    char *bytes = malloc(400000);
    for (int chunks = 60; chunks <= 300; chunks += 120) {
        int used = sprintf(bytes, CHUNKED "\r\n");
        for (int at = 0; at < chunks; at++) {
            used += sprintf(bytes + used, "400\r\n");
            memset(bytes + used, 'x', 1024);
            used += 1024;
            used += sprintf(bytes + used, "\r\n");
        }
        used += sprintf(bytes + used, "0\r\n\r\n");
        assert_int_equal(ask(place, bytes, (size_t)used), chunks == 60 ? 200 : 411);
    }
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 1);
    assert_int_equal(
        ask_text(place, "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "b\r\n01234567890\r\n0\r\n\r\n"),
        413);
    free(bytes);
}

static void what_follows_the_request_is_never_read(void **state)
{
    struct place *place = *state;
    assert_int_equal(ask_text(place, GET "\r\n" GET "\r\n" GET "\r\n"), 200);
    assert_null(strstr(place->reply + 10, "HTTP/1.1"));
    assert_int_equal(ask_text(place, POST "Content-Length: 1\r\n\r\nx" GET "\r\n"), 200);
    assert_null(strstr(place->reply + 10, "HTTP/1.1"));
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 2);
}

static void a_body_has_the_ceiling_that_was_admitted(void **state)
{
    struct place *place = *state;
    char *bytes = calloc(1, BODY_MAX + 1000);
    int used = sprintf(bytes, POST "Content-Length: %d\r\n\r\n", BODY_MAX);
    memset(bytes + used, 'x', BODY_MAX);
    assert_int_equal(ask(place, bytes, (size_t)used + BODY_MAX), 200);
    assert_int_equal(strspn(strstr(place->reply, "127.0.0.1|") + 10, "x"), BODY_MAX);
    /* Told before any of it is sent, and also while all of it is. */
    used = sprintf(bytes, POST "Content-Length: %d\r\n\r\n", BODY_MAX + 1);
    assert_int_equal(ask(place, bytes, (size_t)used), 413);
    memset(bytes + used, 'x', BODY_MAX);
    assert_int_equal(ask(place, bytes, (size_t)used + BODY_MAX), 413);
    assert_int_equal(ask_text(place, POST "Content-Length: 18446744073709551615\r\n\r\nx"), 413);
    assert_true(refused(place, "body_long") == 3);
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 1);
    free(bytes);
}

static void a_head_that_comes_in_pieces_is_read(void **state)
{
    struct place *place = *state;
    const char *text = POST "X-Say: pieces\r\nContent-Length: 2\r\n\r\nab";
    int fd = dial(place);
    for (size_t at = 0; at < strlen(text); at++) {
        assert_true(say(fd, text + at, 1));
        pause_ms(2);
    }
    assert_int_equal(hear(place, fd), 200);
    assert_non_null(strstr(place->reply, "|pieces|"));
}

/* A byte each 100 ms, until the server has enough: its status. */
static int drip(struct place *place, const char *begin)
{
    int fd = dial(place);
    assert_true(say_text(fd, begin));
    int64_t until = now_ms() + PATIENCE_MS;
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    while (now_ms() < until && poll(&ready, 1, 100) == 0)
        if (!say(fd, "a", 1))
            break;
    return now_ms() < until ? hear(place, fd) : -1;
}

static void what_is_slow_is_ended(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .head_ms = 700, .body_ms = 700 });
    assert_int_equal(drip(place, GET "X: "), 408);
    assert_true(refused(place, "head_slow") == 1);
    assert_int_equal(drip(place, POST "Content-Length: 9000\r\n\r\n"), 408);
    assert_true(refused(place, "body_slow") == 1);
    int fd = dial(place); /* says nothing at all */
    assert_int_equal(hear(place, fd), 408);
    fd = dial(place);
    assert_true(say_text(fd, POST "Content-Length: 9\r\n\r\n"));
    assert_int_equal(hear(place, fd), 408);
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 0);
    fd = dial(place); /* does not read what it asked for */
    assert_true(say_text(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (int turn = 0; turn < 500 && refused(place, "answer_slow") == 0; turn++)
        pause_ms(20);
    assert_true(refused(place, "answer_slow") == 1);
    close(fd);
    close_place(place);
    free(place);
}

static void the_body_of_a_stranger_has_less_time(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .body_ms = 5000, .stranger_body_ms = 300 });
    int known = dial(place);
    int64_t begun = now_ms();
    assert_true(say_text(known, "POST /known HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"));
    assert_int_equal(drip(place, POST "Content-Length: 9000\r\n\r\n"), 408);
    assert_true(now_ms() - begun < 3000);
    assert_true(say_text(known, "123456789"));
    assert_int_equal(hear(place, known), 200);
    close_place(place);
    free(place);
}

static void idle_connections_do_not_slow_down_others(void **state)
{
    struct place *place = *state;
    enum { IDLE = 1000 };
    static int fds[IDLE];
    for (int at = 0; at < IDLE; at++) {
        fds[at] = dial(place);
        if (at % 2 == 0)
            assert_true(say_text(fds[at], "GET / HTTP/1.1\r\nHo"));
    }
    int64_t begun = now_ms();
    assert_int_equal(ask_text(place, GET "\r\n"), 200);
    assert_true(now_ms() - begun < 1000);
    for (int at = 0; at < IDLE; at++)
        close(fds[at]);
}

static void there_are_as_many_connections_as_said(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .connections_max = 10, .head_ms = 10000 });
    int fds[10];
    for (int at = 0; at < 10; at++)
        fds[at] = dial(place);
    assert_int_equal(ask_text(place, GET "\r\n"), 503);
    assert_non_null(strstr(place->reply, "\r\nRetry-After: "));
    assert_true(refused(place, "connections") == 1);
    close(fds[0]);
    for (int turn = 0; turn < 100 && ask_text(place, GET "\r\n") != 200; turn++)
        pause_ms(20);
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 1);
    for (int at = 1; at < 10; at++)
        close(fds[at]);
    close_place(place);
    open_place(place, (struct server_options){ .connections_of_peer_max = 2 });
    fds[0] = dial(place);
    fds[1] = dial(place);
    assert_int_equal(ask_text(place, GET "\r\n"), 503);
    assert_true(refused(place, "connections_of_peer") == 1);
    close(fds[0]);
    close(fds[1]);
    close_place(place);
    free(place);
}

static void wait_for(struct echo *echo, const int *count, int wanted)
{
    for (int turn = 0; turn < 1000 && echo_count(echo, count) < wanted; turn++)
        pause_ms(10);
    assert_int_equal(echo_count(echo, count), wanted);
}

static void *answer_all(void *context)
{
    struct echo *echo = context;
    for (int at = 0; at < echo->later_count; at++)
        echo_answer(echo->later[at]);
    return NULL;
}

static void another_thread_may_answer(void **state)
{
    struct place *place = *state;
    const char *text = "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok";
    int fds[8];
    for (int at = 0; at < 8; at++) {
        fds[at] = dial(place);
        assert_true(say_text(fds[at], text));
    }
    wait_for(&place->echo, &place->echo.later_count, 8);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_all, &place->echo), 0);
    for (int at = 0; at < 8; at++) {
        assert_int_equal(hear(place, fds[at]), 200);
        assert_non_null(strstr(place->reply, "|ok\n"));
    }
    pthread_join(thread, NULL);
}

static void a_client_that_goes_away_harms_nobody(void **state)
{
    struct place *place = *state;
    const char *later = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
    for (int at = 0; at < 20; at++) {
        int fd = dial(place);
        struct linger reset = { 1, 0 };
        assert_true(say_text(fd, later));
        wait_for(&place->echo, &place->echo.later_count, at + 1);
        if (at % 2 == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    /* In the middle of its head and of its body. */
    for (int at = 0; at < 20; at++) {
        int fd = dial(place);
        const char *half = at % 2 == 0 ? "GET / HT" : POST "Content-Length: 9\r\n\r\nhalf";
        assert_true(say_text(fd, half));
        pause_ms(at);
        close(fd);
    }
    answer_all(&place->echo);
    assert_int_equal(ask_text(place, GET "\r\n"), 200);
}

static void what_a_handler_does_not_answer_in_time_is_given_up(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .handle_ms = 300 });
    int64_t begun = now_ms();
    assert_int_equal(ask_text(place, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"), 503);
    assert_true(now_ms() - begun >= 250);
    assert_non_null(strstr(place->reply, "\r\nRetry-After: "));
    assert_true(refused(place, "unanswered") == 1);
    answer_all(&place->echo);
    assert_int_equal(ask_text(place, GET "\r\n"), 200);
    close_place(place);
    free(place);
}

/* Its head came in time: that nobody looked at it is no fault of who sent it. */
static void who_waits_for_a_worker_is_told_to_come_again(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    enum { ALL_WORKERS = 4 };
    int fds[ALL_WORKERS];
    open_place(place, (struct server_options){ .enter_ms = 300 });
    place->echo.is_stuck = true;
    for (int at = 0; at < ALL_WORKERS; at++) {
        fds[at] = dial(place);
        assert_true(say_text(fds[at], "GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n"));
        wait_for(&place->echo, &place->echo.handled, at + 1);
    }
    assert_int_equal(ask_text(place, POST "Content-Length: 1\r\n\r\nx"), 503);
    assert_non_null(strstr(place->reply, "\r\nRetry-After: "));
    assert_true(refused(place, "busy") == 1);
    assert_true(refused(place, "head_slow") == 0);
    pthread_mutex_lock(&place->echo.lock);
    place->echo.is_stuck = false;
    pthread_mutex_unlock(&place->echo.lock);
    for (int at = 0; at < ALL_WORKERS; at++)
        assert_int_equal(hear(place, fds[at]), 200);
    /* The workers had it before these, and did nothing with it. */
    for (int at = 0; at < ALL_WORKERS; at++)
        assert_int_equal(ask_text(place, GET "\r\n"), 200);
    assert_int_equal(echo_count(&place->echo, &place->echo.handled), 2 * ALL_WORKERS);
    close_place(place);
    free(place);
}

/* Post so much from 127.0.0.HOST: the connection, to be heard. */
static int post_from(struct place *place, unsigned host, const char *path, int size)
{
    char head[128];
    char *body = calloc(1, (size_t)size);
    int fd = dial_from(place, host);
    int used =
        sprintf(head, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", path, size);
    assert_true(say(fd, head, (size_t)used));
    (void)say(fd, body, (size_t)size);
    free(body);
    return fd;
}

static void strangers_leave_room_for_the_bodies_of_who_is_known(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .bodies_bytes_max = 800000 });
    int fds[8];
    int held = 0;
    for (unsigned host = 1; host <= 4; host++, held++) {
        fds[held] = post_from(place, host, "/later", 90000);
        wait_for(&place->echo, &place->echo.later_count, held + 1);
        /* One of them has an eighth, */
        assert_int_equal(hear(place, post_from(place, host, "/", 20000)), 503);
    }
    /* and all a half. */
    assert_int_equal(hear(place, post_from(place, 5, "/", 50000)), 503);
    assert_non_null(strstr(place->reply, "\r\nRetry-After: "));
    for (; held < 8; held++) {
        fds[held] = post_from(place, 1, "/known/later", 100000);
        wait_for(&place->echo, &place->echo.later_count, held + 1);
    }
    /* There is an end for everybody. */
    assert_int_equal(hear(place, post_from(place, 1, "/known", 50000)), 503);
    assert_true(refused(place, "memory") == 6);
    assert_int_equal(hear(place, post_from(place, 1, "/known", 30000)), 200);
    answer_all(&place->echo);
    for (int at = 0; at < held; at++)
        assert_int_equal(hear(place, fds[at]), 200);
    for (int turn = 0; turn < 3; turn++)
        assert_int_equal(hear(place, post_from(place, 1, "/", 90000)), 200);
    close_place(place);
    free(place);
}

static void what_a_handler_never_answered_does_not_keep_the_server(void **state)
{
    (void)state;
    struct place *place = calloc(1, sizeof(*place));
    open_place(place, (struct server_options){ .head_ms = 5000 });
    int fd = dial(place);
    assert_true(say_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_for(&place->echo, &place->echo.later_count, 1);
    server_quiesce(place->server);
    struct server *server = place->server;
    server_stop(server);
    place->server = NULL;
    assert_int_equal(hear(place, fd), 503);
    /* Too late, and harmless. */
    answer_all(&place->echo);
    close_place(place);
    free(place);
}

static void a_server_that_takes_no_more_answers_what_is_open(void **state)
{
    struct place *place = *state;
    int fd = dial(place);
    assert_true(say_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_for(&place->echo, &place->echo.later_count, 1);
    server_quiesce(place->server);
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons(server_port(place->server)),
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
    bool is_closed = false;
    for (int turn = 0; turn < 500 && !is_closed; turn++) {
        int other = socket(AF_INET, SOCK_STREAM, 0);
        is_closed = connect(other, (struct sockaddr *)&address, sizeof(address)) != 0;
        close(other);
        pause_ms(10);
    }
    assert_true(is_closed);
    answer_all(&place->echo);
    assert_int_equal(hear(place, fd), 200);
}

static void without_descriptors_it_says_so_and_goes_on(void **state)
{
    struct place *place = *state;
    int idle = count_descriptors();
    /* 0: it cannot be accepted. 1: it cannot be passed on. */
    for (rlim_t more = 0; more < 2; more++) {
        struct sockaddr_in address = { .sin_family = AF_INET,
            .sin_port = htons(server_port(place->server)),
            .sin_addr = { htonl(INADDR_LOOPBACK) } };
        for (int turn = 0; turn < 500 && count_descriptors() > idle; turn++)
            pause_ms(10);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct rlimit before = leave_descriptors(more);
        bool is_there = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0
                        && say_text(fd, GET "\r\n");
        int status = hear(place, fd);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(is_there);
        assert_int_equal(status, 503);
        assert_true(refused(place, "descriptors") == (double)more + 1);
        assert_int_equal(ask_text(place, GET "\r\n"), 200);
    }
}

static void an_address_that_cannot_be_had_is_told(void **state)
{
    struct place *place = *state;
    struct server *other = NULL;
    const char *reason = NULL;
    struct server_options options = {
        .address = "127.0.0.1", .port = server_port(place->server), .handler = &place->echo.handler
    };
    assert_int_equal(server_start(&options, &place->arena, &other, &reason), ERR_IO);
    assert_non_null(strstr(reason, "Address already in use"));
    options.address = "not an address";
    assert_int_equal(server_start(&options, &place->arena, &other, &reason), ERR_INVALID);
    assert_non_null(strstr(reason, "not an address"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        WITH_SERVER(a_request_reaches_its_handler_whole),
        WITH_SERVER(a_header_that_is_there_twice_has_no_value),
        WITH_SERVER(parameters_have_names),
        WITH_SERVER(a_refusal_is_a_problem_that_says_why),
        WITH_SERVER(what_could_be_smuggled_is_refused_and_counted),
        WITH_SERVER(heads_have_a_ceiling),
        WITH_SERVER(chunks_are_taken_when_nothing_is_odd_about_them),
        WITH_SERVER(chunks_have_a_ceiling),
        WITH_SERVER(what_follows_the_request_is_never_read),
        WITH_SERVER(a_body_has_the_ceiling_that_was_admitted),
        WITH_SERVER(a_head_that_comes_in_pieces_is_read),
        cmocka_unit_test(what_is_slow_is_ended),
        cmocka_unit_test(the_body_of_a_stranger_has_less_time),
        WITH_SERVER(idle_connections_do_not_slow_down_others),
        cmocka_unit_test(there_are_as_many_connections_as_said),
        WITH_SERVER(another_thread_may_answer),
        WITH_SERVER(a_client_that_goes_away_harms_nobody),
        cmocka_unit_test(what_a_handler_does_not_answer_in_time_is_given_up),
        cmocka_unit_test(who_waits_for_a_worker_is_told_to_come_again),
        cmocka_unit_test(strangers_leave_room_for_the_bodies_of_who_is_known),
        cmocka_unit_test(what_a_handler_never_answered_does_not_keep_the_server),
        WITH_SERVER(a_server_that_takes_no_more_answers_what_is_open),
        WITH_SERVER(without_descriptors_it_says_so_and_goes_on),
        WITH_SERVER(an_address_that_cannot_be_had_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
