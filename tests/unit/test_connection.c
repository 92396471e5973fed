/* What is sent, how often, and what is said when it goes wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/sigv4.h"
#include "aws/connection.h"
#include "host/http.h"
#include "raw_server.h"
#include "table_environment.h"

#include <stdlib.h>

#define KEY_ID "AKIAEXAMPLE"
#define SECRET "not/a+real/secret=="

#define ERROR(code) "<Response><Errors><Error><Code>" code "</Code></Error></Errors></Response>"
#define IAM_ERROR(code) "<ErrorResponse><Error><Code>" code "</Code></Error></ErrorResponse>"

enum { ANSWERS_MAX = 8, NOW_S = 1800000000 };

/* --- a clock and an http that do as they are told --- */

struct fake_clock {
    struct clock clock; /* first */
    int64_t now_ms;
    unsigned sleeps;
    uint32_t slept_ms; /* all together */
    volatile int stop;
    bool stops; /* raise `stop` in the next sleep */
};

static int64_t fake_now_ms(struct clock *clock)
{
    return ((struct fake_clock *)clock)->now_ms;
}

static void fake_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    struct fake_clock *fake = (struct fake_clock *)clock;
    fake->sleeps++;
    fake->slept_ms += duration_ms;
    fake->now_ms += duration_ms;
    fake->stop |= fake->stops;
}

struct answer {
    int status;
    const char *body;
    enum err err;
    int64_t date_unix_s;
};

struct fake_http {
    struct http http; /* first */
    const struct answer *answers;
    unsigned sent;
    bool last_is_change;
    const volatile int *last_stop;
    bool last_is_genuine;
    int64_t last_signed_at_s;
    char last_url[128];
    char last_region[32];
    char last_token[32];
    char last_body[128];
};

static str text_keep(char *home, size_t size, str text)
{
    snprintf(home, size, "%.*s", STR_ARG(text));
    return text;
}

/* Verify the signature as the provider would. */
static void look_at(struct fake_http *fake, const struct http_request *request)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct secret secret = { NULL, 0 };
    struct sigv4_claim claim;
    struct sigv4_request signed_request = { STR("POST"), STR("/"), { "", 0 }, request->headers,
        request->headers_count, request->body };
    assert_int_equal(secret_set(&secret, STR(SECRET)), ERR_OK);
    assert_true(sigv4_claim_read(&signed_request, &claim));
    assert_int_equal(
        sigv4_verify(&arena, &signed_request, &claim, &secret, &fake->last_is_genuine), ERR_OK);
    fake->last_signed_at_s = claim.at_unix_s;
    fake->last_is_change = request->is_change;
    fake->last_stop = request->stop;
    text_keep(fake->last_url, sizeof(fake->last_url), str_from(request->url));
    text_keep(fake->last_region, sizeof(fake->last_region), claim.region);
    text_keep(fake->last_body, sizeof(fake->last_body), request->body);
    text_keep(fake->last_token, sizeof(fake->last_token), claim.session_token);
    secret_release(&secret);
    arena_release(&arena);
}

static enum err fake_send(struct http *http, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    struct fake_http *fake = (struct fake_http *)http;
    assert_true(fake->sent < ANSWERS_MAX);
    const struct answer *answer = &fake->answers[fake->sent++];
    look_at(fake, request);
    if (answer->err == ERR_OK)
        *ret_reply = (struct http_reply){ .status = answer->status,
            .date_unix_s = answer->date_unix_s,
            .error_type = STR(""),
            .body = arena_copy(arena, str_from(answer->body)) };
    else
        *reterr_reason = arena_format(arena, "%s broke", request->url);
    return answer->err;
}

/* --- a connection over them --- */

struct setting {
    struct fake_clock clock;
    struct fake_http http;
    struct arena arena;
    struct aws_connection *connection;
    struct reply reply;
    const char *reason;
    const char *pause_file;
    const char *body; /* NULL: any */
    str late;         /* request.late */
};

static struct table_environment standard_environment(void)
{
    return (struct table_environment)TABLE({ "AWS_ACCESS_KEY_ID", KEY_ID },
        { "AWS_SECRET_ACCESS_KEY", SECRET }, { "AWS_SESSION_TOKEN", "a-token" },
        { "AWS_REGION", "eu-west-1" });
}

static int setting_setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    struct table_environment table = standard_environment();
    s->clock.clock = (struct clock){ .now_ms = fake_now_ms, .sleep_ms = fake_sleep_ms };
    s->clock.now_ms = (int64_t)NOW_S * 1000;
    s->http.http.send = fake_send;
    assert_int_equal(aws_connection_open_over(&s->http.http, 1, &table.environment, NULL,
                         &s->clock.clock, &s->arena, &s->connection, &s->reason),
        ERR_OK);
    *state = s;
    return 0;
}

static int setting_teardown(void **state)
{
    struct setting *s = *state;
    aws_connection_close(s->connection);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static enum err send_service(
    struct setting *s, const char *service, const char *region, bool is_change)
{
    struct transport *transport = aws_connection_transport(s->connection);
    struct request request = { .service = service,
        .operation = "Any",
        .region = str_from(region),
        .body = str_from(s->body == NULL ? "Action=Any" : s->body),
        .late = s->late,
        .pause_file = s->pause_file };
    s->reason = NULL;
    s->reply = (struct reply){ REPLY_LOST, 0, { "", 0 } };
    return transport->send(transport, &request, is_change, &s->arena, &s->reply, &s->reason);
}

/* Send with these answers ahead; the answers must have been asked for `sent` times. */
static void assert_sent(
    struct setting *s, const struct answer *answers, bool is_change, enum err err, unsigned sent)
{
    s->http.answers = answers;
    s->http.sent = 0;
    enum err got = send_service(s, "ec2", "", is_change);
    if (got != err)
        fail_msg("%s: %s", err_text(got), s->reason == NULL ? "" : s->reason);
    assert_int_equal(s->http.sent, sent);
    assert_true(s->http.last_is_genuine);
    assert_int_equal(s->http.last_is_change, is_change);
    if (err == ERR_OK)
        assert_int_equal(s->reply.kind, REPLY_RECEIVED);
    else
        assert_null(strstr(s->reason, SECRET));
}

static void requests_are_signed_and_go_to_their_service(void **state)
{
    struct setting *s = *state;
    const struct answer ok[] = { { 200, "<a/>", ERR_OK, 0 } };
    static const struct {
        const char *service, *region, *url, *signed_region;
    } want[] = {
        { "ec2", "", "https://ec2.eu-west-1.amazonaws.com/", "eu-west-1" },
        { "ec2", "us-east-1", "https://ec2.us-east-1.amazonaws.com/", "us-east-1" },
        { "iam", "", "https://iam.amazonaws.com/", "us-east-1" },
        { "sts", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/", "cn-north-1" },
    };
    for (size_t at = 0; at < COUNT_OF(want); at++) {
        s->http.answers = ok;
        s->http.sent = 0;
        assert_int_equal(send_service(s, want[at].service, want[at].region, false), ERR_OK);
        assert_true(s->http.last_is_genuine);
        assert_string_equal(s->http.last_url, want[at].url);
        assert_string_equal(s->http.last_region, want[at].signed_region);
        assert_string_equal(s->http.last_token, "a-token");
        assert_int_equal(s->http.last_signed_at_s, NOW_S);
        assert_int_equal(s->reply.status, 200);
        assert_true(str_is(s->reply.body, "<a/>"));
    }
}

static void a_read_is_tried_three_times_and_waits_between(void **state)
{
    struct setting *s = *state;
    const struct answer throttled[] = { { 503, ERROR("RequestLimitExceeded"), ERR_OK, 0 },
        { 400, IAM_ERROR("Throttling"), ERR_OK, 0 }, { 200, "<a/>", ERR_OK, 0 } };
    assert_sent(s, throttled, false, ERR_OK, 3);
    assert_int_equal(s->reply.status, 200);
    assert_int_equal(s->clock.sleeps, 2);
    assert_in_range(s->clock.slept_ms, 1, 3000);
    const struct answer broken[] = { { 0, NULL, ERR_TRANSPORT, 0 }, { 0, NULL, ERR_REFUSED, 0 },
        { 502, "<html>", ERR_OK, 0 } };
    assert_sent(s, broken, false, ERR_OK, 3);
    assert_int_equal(s->reply.status, 502);
    const struct answer dead[] = { { 503, "", ERR_OK, 0 }, { 0, NULL, ERR_TRANSPORT, 0 },
        { 0, NULL, ERR_TRANSPORT, 0 } };
    assert_sent(s, dead, false, ERR_TRANSPORT, 3);
    assert_non_null(strstr(s->reason, "broke"));
}

static void a_read_that_got_no_answer_in_time_is_not_sent_again(void **state)
{
    struct setting *s = *state;
    const struct answer late[] = { { 0, NULL, ERR_TIMEOUT, 0 } };
    assert_sent(s, late, false, ERR_TRANSPORT, 1);
    assert_non_null(strstr(s->reason, "https://ec2.eu-west-1.amazonaws.com/"));
    assert_int_equal(s->clock.sleeps, 0);
    const struct answer then[] = { { 503, "", ERR_OK, 0 }, { 0, NULL, ERR_TIMEOUT, 0 } };
    assert_sent(s, then, false, ERR_TRANSPORT, 2);
    assert_sent(s, late, true, ERR_TRANSPORT, 1);
}

static void a_change_is_sent_again_only_when_it_was_not_applied(void **state)
{
    struct setting *s = *state;
    const struct answer throttled[] = { { 503, ERROR("RequestLimitExceeded"), ERR_OK, 0 },
        { 400, IAM_ERROR("Throttling"), ERR_OK, 0 },
        { 503, ERROR("EC2ThrottledException"), ERR_OK, 0 } };
    assert_sent(s, throttled, true, ERR_OK, 3);
    assert_int_equal(s->reply.status, 503);
    static const struct answer once[] = {
        { 0, NULL, ERR_TRANSPORT, 0 },
        { 0, NULL, ERR_REFUSED, 0 },
        { 0, NULL, ERR_MEMORY, 0 },
        { 500, ERROR("InternalError"), ERR_OK, 0 },
        { 502, "<html>Bad Gateway</html>", ERR_OK, 0 },
        { 503, "", ERR_OK, 0 },
        { 504, ERROR("RequestTimeout"), ERR_OK, 0 },
        { 429, "slow down", ERR_OK, 0 },
        { 409, IAM_ERROR("LimitExceeded"), ERR_OK, 0 },
        { 403, IAM_ERROR("AccessDenied"), ERR_OK, 0 },
        { 200, "Throttling", ERR_OK, 0 },
    };
    for (size_t at = 0; at < COUNT_OF(once); at++) {
        s->clock.sleeps = 0;
        s->http.answers = &once[at];
        s->http.sent = 0;
        assert_int_equal(send_service(s, "iam", "", true), once[at].err);
        assert_int_equal(s->http.sent, 1);
        assert_int_equal(s->clock.sleeps, 0);
        assert_int_equal(s->reply.status, once[at].err == ERR_OK ? once[at].status : 0);
    }
}

static void a_change_is_not_sent_again_when_cdr_was_paused_meanwhile(void **state)
{
    struct setting *s = *state;
    const struct answer throttled[] = { { 503, ERROR("RequestLimitExceeded"), ERR_OK, 0 },
        { 200, "<a/>", ERR_OK, 0 } };
    const struct answer skewed[] = { { 400, ERROR("RequestExpired"), ERR_OK, NOW_S + 3600 },
        { 200, "<a/>", ERR_OK, NOW_S + 3600 } };
    s->pause_file = "/proc/nowhere/paused";
    assert_sent(s, throttled, true, ERR_OK, 2);
    s->pause_file = "/proc/self/stat"; /* it is there */
    assert_sent(s, throttled, true, ERR_OK, 1);
    assert_int_equal(s->reply.status, 503);
    assert_sent(s, throttled, false, ERR_OK, 2); /* reads go on */
    assert_sent(s, skewed, true, ERR_OK, 1);
    assert_int_equal(s->reply.status, 400);
}

static void a_stop_ends_a_read_and_no_change(void **state)
{
    struct setting *s = *state;
    const struct answer throttled[] = { { 503, ERROR("RequestLimitExceeded"), ERR_OK, 0 } };
    const struct answer stopped[] = { { 0, NULL, ERR_STOPPED, 0 } };
    aws_connection_heed(s->connection, &s->clock.stop);
    s->http.answers = stopped;
    assert_int_equal(send_service(s, "ec2", "", false), ERR_STOPPED);
    assert_int_equal(s->http.sent, 1);
    assert_ptr_equal(s->http.last_stop, &s->clock.stop);
    s->clock.stops = true;
    s->http.answers = throttled;
    s->http.sent = 0;
    assert_int_equal(send_service(s, "ec2", "", false), ERR_STOPPED);
    assert_int_equal(s->http.sent, 1);
    assert_in_range(s->clock.slept_ms, 1, 200);
    /* It is sent to its end, and what came of it is told. */
    s->clock.stop = 0;
    assert_sent(s, throttled, true, ERR_OK, 1);
    assert_null(s->http.last_stop);
    assert_int_equal(s->reply.status, 503);
}

static void what_is_final_is_handed_over_at_once(void **state)
{
    struct setting *s = *state;
    static const struct answer final[] = {
        { 200, "", ERR_OK, 0 },
        { 200, "<html>hello</html>", ERR_OK, 0 },
        { 301, "", ERR_OK, 0 },
        { 400, ERROR("InvalidInstanceID.NotFound"), ERR_OK, 0 },
        { 409, IAM_ERROR("LimitExceeded"), ERR_OK, 0 },
        { 403, "<html>", ERR_OK, 0 },
    };
    for (size_t at = 0; at < COUNT_OF(final); at++) {
        assert_sent(s, &final[at], false, ERR_OK, 1);
        assert_int_equal(s->reply.status, final[at].status);
        assert_true(str_is(s->reply.body, final[at].body));
    }
}

static void a_wrong_clock_is_corrected_once(void **state)
{
    struct setting *s = *state;
    const int64_t theirs_s = NOW_S + 3600;
    const struct answer skewed[] = { { 400, ERROR("RequestExpired"), ERR_OK, theirs_s },
        { 200, "<a/>", ERR_OK, theirs_s } };
    assert_sent(s, skewed, true, ERR_OK, 2);
    assert_int_equal(s->reply.status, 200);
    assert_int_equal(s->http.last_signed_at_s, theirs_s);
    assert_int_equal(s->clock.sleeps, 0);
    const struct answer later[] = { { 200, "<a/>", ERR_OK, theirs_s } };
    assert_sent(s, later, true, ERR_OK, 1);
    assert_int_equal(s->http.last_signed_at_s, theirs_s);
    /* Now the clocks agree, so the secret is wrong: no second attempt. */
    const struct answer refused[] = { { 403, IAM_ERROR("SignatureDoesNotMatch"), ERR_OK,
        theirs_s } };
    assert_sent(s, refused, true, ERR_OK, 1);
    assert_int_equal(s->reply.status, 403);
    const struct answer no_date[] = { { 403, ERROR("AuthFailure"), ERR_OK, 0 } };
    assert_sent(s, no_date, true, ERR_OK, 1);
    const struct answer back[] = { { 403, ERROR("AuthFailure"), ERR_OK, NOW_S },
        { 200, "<a/>", ERR_OK, NOW_S } };
    assert_sent(s, back, true, ERR_OK, 2);
    assert_int_equal(s->http.last_signed_at_s, NOW_S);
}

static void the_time_of_sending_is_written_by_the_clock_of_aws(void **state)
{
    struct setting *s = *state;
    const struct answer ok[] = { { 200, "<a/>", ERR_OK, 0 } };
    const struct answer skewed[] = { { 400, ERROR("RequestExpired"), ERR_OK, NOW_S + 3600 },
        { 200, "<a/>", ERR_OK, NOW_S + 3600 } };
    s->body = "Action=Any&D=%22cdr-late-now%22";
    assert_sent(s, ok, true, ERR_OK, 1);
    assert_string_equal(s->http.last_body, s->body); /* nobody meant it */
    s->late = STR("cdr-late-now");
    assert_sent(s, ok, true, ERR_OK, 1);
    assert_string_equal(s->http.last_body, "Action=Any&D=%222027-01-15T08%3A00%3A00Z%22");
    assert_sent(s, skewed, true, ERR_OK, 2);
    assert_string_equal(s->http.last_body, "Action=Any&D=%222027-01-15T09%3A00%3A00Z%22");
}

static void a_server_whose_clock_jumps_is_given_up(void **state)
{
    struct setting *s = *state;
    const struct answer mad[] = { { 400, ERROR("RequestExpired"), ERR_OK, NOW_S + 1000 },
        { 400, ERROR("RequestExpired"), ERR_OK, NOW_S + 2000 },
        { 400, ERROR("RequestExpired"), ERR_OK, NOW_S + 3000 } };
    assert_sent(s, mad, true, ERR_OK, 3);
    assert_int_equal(s->reply.status, 400);
}

static void what_cannot_be_sent_is_refused_in_words(void **state)
{
    struct setting *s = *state;
    assert_int_equal(send_service(s, "elsewhere", "", false), ERR_REFUSED);
    assert_non_null(strstr(s->reason, "no service 'elsewhere'"));
    assert_int_equal(send_service(s, "ec2", "evil.example/", true), ERR_REFUSED);
    assert_non_null(strstr(s->reason, "evil.example/"));
    s->clock.now_ms = INT64_C(300000000000) * 1000;
    assert_int_equal(send_service(s, "ec2", "", true), ERR_REFUSED);
    assert_non_null(strstr(s->reason, "cannot be signed"));
    assert_int_equal(s->http.sent, 0);
}

static void full_memory_is_an_error_and_not_a_crash(void **state)
{
    struct setting *s = *state;
    const struct answer ok[] = { { 200, "<a/>", ERR_OK, 0 } };
    unsigned full = 0;
    for (size_t limit = 1; limit < 300; limit += 3) {
        arena_release(&s->arena);
        s->arena = (struct arena)ARENA_INIT(limit);
        s->http.answers = ok;
        s->http.sent = 0;
        enum err err = send_service(s, "ec2", "", false);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
    }
    assert_true(full > 0);
}

static void settings_that_do_not_do_are_told_when_opening(void **state)
{
    struct setting *s = *state;
    struct aws_connection *connection = NULL;
    struct table_environment table = standard_environment();
    table.variables[4] = (struct variable){ "AWS_ENDPOINT_URL", "http://198.51.100.7" };
    assert_int_equal(aws_connection_open(&table.environment, NULL, &s->clock.clock, &s->arena,
                         &connection, &s->reason),
        ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "plain http"));
    table.variables[0].name = NULL;
    assert_int_equal(aws_connection_open(&table.environment, NULL, &s->clock.clock, &s->arena,
                         &connection, &s->reason),
        ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "AWS_ACCESS_KEY_ID"));
    assert_null(connection);
    aws_connection_close(NULL);
}

static void it_tells_its_region_and_where_its_credentials_were(void **state)
{
    struct setting *s = *state;
    assert_true(str_is(aws_connection_region(s->connection), "eu-west-1"));
    assert_string_equal(aws_connection_found(s->connection), "the environment");
}

/* --- whom AWS takes us for --- */

#define CALLER(arn)                                                                                \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" arn "</Arn><UserId>A:s</UserId>"   \
    "<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"

static enum err ask_where(struct setting *s, str *ret_identity, str *ret_region)
{
    struct transport *transport = aws_connection_transport(s->connection);
    s->reason = NULL;
    return transport->where(transport, &s->arena, ret_identity, ret_region, &s->reason);
}

static void aws_is_asked_once_who_we_are(void **state)
{
    struct setting *s = *state;
    static const struct answer user[] = { { 200, CALLER("arn:aws:iam::111122223333:user/ops/cdr"),
        ERR_OK, 0 } };
    str identity, region;
    s->http.answers = user;
    for (unsigned time = 0; time < 3; time++) {
        assert_int_equal(ask_where(s, &identity, &region), ERR_OK);
        assert_true(str_is(identity, "arn:aws:iam::111122223333:user/ops/cdr"));
        assert_true(str_is(region, "eu-west-1"));
    }
    assert_int_equal(s->http.sent, 1);
    assert_true(s->http.last_is_genuine);
    assert_false(s->http.last_is_change);
    assert_string_equal(s->http.last_body, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_string_equal(s->http.last_url, "https://sts.eu-west-1.amazonaws.com/");
    assert_string_equal(s->http.last_region, "eu-west-1");
}

static void all_sessions_of_a_role_are_the_role(void **state)
{
    struct setting *s = *state;
    static const struct answer role[] = { { 200,
        CALLER("arn:aws-cn:sts::111122223333:assumed-role/ops/a-session"), ERR_OK, 0 } };
    str identity, region;
    s->http.answers = role;
    assert_int_equal(ask_where(s, &identity, &region), ERR_OK);
    assert_true(str_is(identity, "arn:aws-cn:sts::111122223333:assumed-role/ops"));
    assert_int_equal(ask_where(s, &identity, &region), ERR_OK);
    assert_true(str_is(identity, "arn:aws-cn:sts::111122223333:assumed-role/ops"));
}

static void who_we_are_is_not_guessed(void **state)
{
    struct setting *s = *state;
    static const struct {
        struct answer answers[3];
        enum err err;
        unsigned sent;
        const char *reason;
    } want[] = {
        { { { 403, IAM_ERROR("ExpiredToken"), ERR_OK, 0 } }, ERR_CREDENTIALS, 1,
            "does not accept the connection's credentials" },
        { { { 400, IAM_ERROR("ValidationError"), ERR_OK, 0 } }, ERR_TRANSPORT, 1, "AWS declined" },
        { { { 200, "<html>Sign in</html>", ERR_OK, 0 } }, ERR_TRANSPORT, 1, "(HTTP 200)" },
        { { { 200, CALLER(""), ERR_OK, 0 } }, ERR_TRANSPORT, 1, "does not say whom" },
        { { { 302, CALLER("arn:aws:iam::1:user/x"), ERR_OK, 0 } }, ERR_TRANSPORT, 1, "(HTTP 302)" },
        { { { 502, "", ERR_OK, 0 }, { 502, "", ERR_OK, 0 }, { 502, "", ERR_OK, 0 } }, ERR_TRANSPORT,
            3, "(HTTP 502)" },
        { { { 0, NULL, ERR_REFUSED, 0 }, { 0, NULL, ERR_REFUSED, 0 }, { 0, NULL, ERR_REFUSED, 0 } },
            ERR_REFUSED, 3, "broke" },
    };
    for (size_t at = 0; at < COUNT_OF(want); at++) {
        str identity, region;
        s->http.answers = want[at].answers;
        s->http.sent = 0;
        assert_int_equal(ask_where(s, &identity, &region), want[at].err);
        assert_int_equal(s->http.sent, want[at].sent);
        assert_non_null(s->reason);
        assert_non_null(strstr(s->reason, want[at].reason));
    }
    static const struct answer user[] = { { 200, CALLER("arn:aws:iam::111122223333:user/cdr"),
        ERR_OK, 0 } };
    str identity, region;
    s->http.answers = user;
    s->http.sent = 0;
    assert_int_equal(ask_where(s, &identity, &region), ERR_OK);
    assert_true(str_is(identity, "arn:aws:iam::111122223333:user/cdr"));
}

static void full_memory_does_not_tell_half_of_who_we_are(void **state)
{
    struct setting *s = *state;
    static const struct answer user[] = { { 200, CALLER("arn:aws:iam::111122223333:user/cdr"),
        ERR_OK, 0 } };
    unsigned full = 0;
    for (size_t limit = 1; limit < 3000; limit += 29) {
        str identity, region;
        arena_release(&s->arena);
        s->arena = (struct arena)ARENA_INIT(limit);
        s->http.answers = user;
        s->http.sent = 0;
        enum err err = ask_where(s, &identity, &region);
        if (err == ERR_OK)
            assert_true(str_is(identity, "arn:aws:iam::111122223333:user/cdr"));
        else
            assert_int_equal(err, ERR_MEMORY);
        full += err == ERR_MEMORY;
    }
    assert_true(full > 0 && full < 3000 / 29);
}

/* --- over a real socket --- */

static void a_whole_exchange_over_a_socket(void **state)
{
    struct setting *s = *state;
    const struct raw_answer answers[] = {
        { .bytes = "HTTP/1.1 503 Slow\r\n\r\n" ERROR("Throttling"), .end = RAW_CLOSE },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>" },
        { .bytes = "HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>" },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a", .end = RAW_CLOSE },
    };
    struct raw_server server = { .requests = 0 };
    char url[64];
    assert_true(raw_start(&server, answers, COUNT_OF(answers)));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server.port);
    struct table_environment table = standard_environment();
    table.variables[4] = (struct variable){ "AWS_ENDPOINT_URL", url };
    aws_connection_close(s->connection);
    s->connection = NULL;
    assert_int_equal(aws_connection_open(&table.environment, NULL, &s->clock.clock, &s->arena,
                         &s->connection, &s->reason),
        ERR_OK);
    assert_int_equal(send_service(s, "iam", "", true), ERR_OK);
    assert_int_equal(s->reply.status, 200);
    assert_true(str_is(s->reply.body, "<a/>"));
    assert_int_equal(server.requests, 2);
    assert_non_null(strstr(server.last, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(server.last, "Credential=" KEY_ID "/"));
    assert_non_null(strstr(server.last, "/us-east-1/iam/aws4_request"));
    assert_null(strstr(server.last, SECRET));
    assert_int_equal(send_service(s, "iam", "", true), ERR_OK);
    assert_int_equal(s->reply.status, 502);
    assert_int_equal(send_service(s, "iam", "", true), ERR_TRANSPORT);
    assert_int_equal(server.requests, 4);
    assert_non_null(strstr(s->reason, url));
    raw_stop(&server);
    assert_int_equal(send_service(s, "iam", "", true), ERR_REFUSED);
    assert_non_null(strstr(s->reason, "could not be reached"));
    assert_null(strstr(s->reason, SECRET));
}

#define SETTING_TEST(test) cmocka_unit_test_setup_teardown(test, setting_setup, setting_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTING_TEST(requests_are_signed_and_go_to_their_service),
        SETTING_TEST(a_read_is_tried_three_times_and_waits_between),
        SETTING_TEST(a_read_that_got_no_answer_in_time_is_not_sent_again),
        SETTING_TEST(a_change_is_sent_again_only_when_it_was_not_applied),
        SETTING_TEST(a_change_is_not_sent_again_when_cdr_was_paused_meanwhile),
        SETTING_TEST(a_stop_ends_a_read_and_no_change),
        SETTING_TEST(what_is_final_is_handed_over_at_once),
        SETTING_TEST(a_wrong_clock_is_corrected_once),
        SETTING_TEST(the_time_of_sending_is_written_by_the_clock_of_aws),
        SETTING_TEST(a_server_whose_clock_jumps_is_given_up),
        SETTING_TEST(what_cannot_be_sent_is_refused_in_words),
        SETTING_TEST(full_memory_is_an_error_and_not_a_crash),
        SETTING_TEST(settings_that_do_not_do_are_told_when_opening),
        SETTING_TEST(it_tells_its_region_and_where_its_credentials_were),
        SETTING_TEST(aws_is_asked_once_who_we_are),
        SETTING_TEST(all_sessions_of_a_role_are_the_role),
        SETTING_TEST(who_we_are_is_not_guessed),
        SETTING_TEST(full_memory_does_not_tell_half_of_who_we_are),
        SETTING_TEST(a_whole_exchange_over_a_socket),
    };
    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
