/* Connections as roles, and credentials that end: who asks whom, when, and what is never sent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/connection.h"
#include "base/time.h"
#include "host/http.h"
#include "table_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET "not/a+real/secret=="
#define MEMBER "arn:aws:iam::444455556666:role/responder"
#define ERROR(code) "<Response><Errors><Error><Code>" code "</Code></Error></Errors></Response>"
#define STS_ERROR(code)                                                                            \
    "<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>"

enum { NOW_S = 1800000000, LOG_MAX = 32, SESSION_S = 3600 };

/* AWS in short: STS gives out sessions, everything else answers what it is told. */
struct fake_aws {
    struct http http; /* first */
    struct clock clock;
    int64_t now_ms;
    uint32_t slept_ms;
    unsigned sessions;     /* given out */
    int32_t session_s;     /* how long one lasts */
    const char *account;   /* of the role that STS says it is */
    const char *sts_error; /* the body of an error of STS, or NULL */
    enum err sts_err;      /* of the exchange */
    const char *errors[4]; /* bodies of the next answers of EC2: errors, 503 with "Throttling" */
    unsigned errors_used;
    uint32_t retry_after_ms;
    unsigned log_count;
    char log[LOG_MAX][96]; /* "AssumeRole by AKIABASE", "Any by ASIA1" */
    char last_body[2048];
};

static int64_t fake_now_ms(struct clock *clock)
{
    return ((struct fake_aws *)((char *)clock - offsetof(struct fake_aws, clock)))->now_ms;
}

static void fake_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    struct fake_aws *aws = (struct fake_aws *)((char *)clock - offsetof(struct fake_aws, clock));
    aws->now_ms += duration_ms;
    aws->slept_ms += duration_ms;
}

/* Who signed: the key id of the Authorization header, or "nobody". */
static str signer(const struct http_request *request)
{
    for (uint32_t at = 0; at < request->headers_count; at++) {
        const char *found = memmem(
            request->headers[at].value.ptr, request->headers[at].value.len, "Credential=", 11);
        if (found != NULL)
            return (str){ found + 11, strcspn(found + 11, "/") };
    }
    return STR("nobody");
}

static void note(struct fake_aws *aws, const struct http_request *request)
{
    const char *action = memmem(request->body.ptr, request->body.len, "Action=", 7);
    assert_true(aws->log_count < LOG_MAX);
    snprintf(aws->log[aws->log_count++], sizeof(aws->log[0]), "%.*s by %.*s",
        action == NULL ? 0 : (int)strcspn(action + 7, "&"), action == NULL ? "" : action + 7,
        STR_ARG(signer(request)));
    snprintf(aws->last_body, sizeof(aws->last_body), "%.*s", STR_ARG(request->body));
}

static const char *session_xml(struct fake_aws *aws, struct arena *arena, const char *operation)
{
    char until[TIME_TEXT_MAX];
    time_format(aws->now_ms + aws->session_s * INT64_C(1000), until);
    aws->sessions++;
    return arena_format(arena,
        "<%sResponse><%sResult><Credentials><AccessKeyId>ASIA%u</"
        "AccessKeyId><SecretAccessKey>" SECRET
        "</SecretAccessKey><SessionToken>t%u</SessionToken><Expiration>%s</Expiration>"
        "</Credentials><AssumedRoleUser><Arn>arn:aws:sts::%s:assumed-role/responder/cdr</Arn>"
        "</AssumedRoleUser></%sResult></%sResponse>",
        operation, operation, aws->sessions, aws->sessions, until, aws->account, operation,
        operation);
}

static enum err fake_send(struct http *http, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    struct fake_aws *aws = (struct fake_aws *)http;
    const char *body = "<a/>";
    int status = 200;
    note(aws, request);
    const char *log = aws->log[aws->log_count - 1];
    bool is_web = strncmp(log, "AssumeRoleWithWebIdentity ", 26) == 0;
    if (is_web || strncmp(log, "AssumeRole ", 11) == 0) {
        assert_true(request->is_secret);
        if (aws->sts_err != ERR_OK) {
            *reterr_reason = "STS is away";
            return aws->sts_err;
        }
        status = aws->sts_error == NULL ? 200 : 403;
        body = aws->sts_error != NULL
                   ? aws->sts_error
                   : session_xml(aws, arena, is_web ? "AssumeRoleWithWebIdentity" : "AssumeRole");
    } else if (aws->errors_used < COUNT_OF(aws->errors) && aws->errors[aws->errors_used] != NULL) {
        body = aws->errors[aws->errors_used++];
        status = strstr(body, "Throttling") != NULL ? 503 : 400;
    }
    *ret_reply = (struct http_reply){ .status = status,
        .date_unix_s = aws->now_ms / 1000,
        .error_type = STR(""),
        .body = arena_copy(arena, str_from(body)),
        .retry_after_ms = aws->retry_after_ms };
    return ERR_OK;
}

/* --- --- */

struct setting {
    struct fake_aws aws;
    struct arena arena;
    struct aws_connection *base;
    struct aws_connection *member;
    struct reply reply;
    const char *reason;
};

static int setting_setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    struct table_environment table = TABLE({ "AWS_ACCESS_KEY_ID", "AKIABASE" },
        { "AWS_SECRET_ACCESS_KEY", SECRET }, { "AWS_REGION", "eu-west-1" });
    const struct aws_role role = { STR(MEMBER), STR("ext-1"), STR("night-shift"), 0 };
    s->aws = (struct fake_aws){ .http = { fake_send },
        .clock = { .now_ms = fake_now_ms, .sleep_ms = fake_sleep_ms },
        .now_ms = (int64_t)NOW_S * 1000,
        .session_s = SESSION_S,
        .account = "444455556666" };
    assert_int_equal(aws_connection_open_over(&s->aws.http, 1, &table.environment, NULL,
                         &s->aws.clock, &s->arena, &s->base, &s->reason),
        ERR_OK);
    assert_int_equal(
        aws_connection_open_role(s->base, &role, &s->arena, &s->member, &s->reason), ERR_OK);
    *state = s;
    return 0;
}

static int setting_teardown(void **state)
{
    struct setting *s = *state;
    aws_connection_close(s->member);
    aws_connection_close(s->base);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static enum err send_over(struct setting *s, struct aws_connection *connection, bool is_change)
{
    struct transport *transport = aws_connection_transport(connection);
    struct request request = { .service = "ec2", .operation = "Any", .body = STR("Action=Any") };
    s->reason = NULL;
    s->reply = (struct reply){ REPLY_LOST, 0, { "", 0 } };
    return transport->send(transport, &request, is_change, &s->arena, &s->reply, &s->reason);
}

/* Send over the member; what was sent since the last time must be `log`, one after the other. */
static void assert_log(struct setting *s, const char *const *log, size_t count)
{
    for (size_t at = 0; at < count && at < s->aws.log_count; at++)
        assert_string_equal(s->aws.log[at], log[at]);
    assert_int_equal(s->aws.log_count, count);
    s->aws.log_count = 0;
}

/* Who refused is not asked again before. */
#define PAUSE_MS (60 * INT64_C(1000))

#define LOG(...)                                                                                   \
    (const char *const[]){ __VA_ARGS__ }, COUNT_OF(((const char *const[]){ __VA_ARGS__ }))

static void a_role_is_taken_when_it_is_needed_and_once(void **state)
{
    struct setting *s = *state;
    assert_int_equal(s->aws.log_count, 0);
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    assert_non_null(strstr(aws_connection_found(s->member), "the environment as " MEMBER));
    assert_log(s, LOG("AssumeRole by AKIABASE", "Any by ASIA1"));
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("Any by ASIA1"));
    assert_int_equal(send_over(s, s->base, true), ERR_OK);
    assert_log(s, LOG("Any by AKIABASE"));
}

static enum err send_as_member(
    struct setting *s, const char *service, const char *operation, const char *body)
{
    struct transport *transport = aws_connection_transport(s->member);
    struct request request = { .service = service,
        .operation = operation,
        .target = STR("evidence/k"),
        .late = STR("cdr-late-put:evidence/k:eu-west-1:60"),
        .body = str_from(body) };
    return transport->send(transport, &request, true, &s->arena, &s->reply, &s->reason);
}

/* Members need no rights to the bucket: what goes there is signed by whom it belongs to. */
static void evidence_of_a_member_belongs_to_the_base(void **state)
{
    struct setting *s = *state;
    assert_int_equal(send_as_member(s, "ssm", "SendCommand",
                         "{\"c\":[\"cdr-late-put:evidence/k:eu-west-1:60\"]}"),
        ERR_OK);
    assert_log(s, LOG("AssumeRole by AKIABASE", " by ASIA1"));
    assert_non_null(strstr(s->aws.last_body, "X-Amz-Credential=AKIABASE%2F"));
    assert_null(strstr(s->aws.last_body, "cdr-late-put"));
    assert_int_equal(send_as_member(s, "s3", "PutObject", "{}"), ERR_OK);
    assert_log(s, LOG(" by AKIABASE"));
}

static void the_role_is_asked_for_as_it_was_said(void **state)
{
    struct setting *s = *state;
    struct transport *transport = aws_connection_transport(s->member);
    str identity, region;
    assert_int_equal(
        transport->where(transport, &s->arena, &identity, &region, &s->reason), ERR_OK);
    assert_string_equal(s->aws.last_body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2F"
        "responder&RoleSessionName=night-shift&DurationSeconds=3600&ExternalId=ext-1");
    /* STS said whom it made us: it is not asked. */
    assert_true(str_is(identity, "arn:aws:sts::444455556666:assumed-role/responder"));
    assert_true(str_is(region, "eu-west-1"));
    assert_log(s, LOG("AssumeRole by AKIABASE"));
}

static void a_session_is_replaced_before_it_ends(void **state)
{
    struct setting *s = *state;
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    s->aws.now_ms += (SESSION_S - 901) * INT64_C(1000);
    s->aws.log_count = 0;
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("Any by ASIA1"));
    s->aws.now_ms += 1000;
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("AssumeRole by AKIABASE", "Any by ASIA2"));
}

static void a_session_that_is_still_good_does_without_a_new_one(void **state)
{
    struct setting *s = *state;
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    s->aws.now_ms += (SESSION_S - 800) * INT64_C(1000);
    s->aws.log_count = 0;
    s->aws.sts_error = STS_ERROR("AccessDenied");
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("AssumeRole by AKIABASE", "Any by ASIA1"));
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("Any by ASIA1")); /* not asked at each request */
    s->aws.now_ms += 800 * INT64_C(1000);
    assert_int_equal(send_over(s, s->member, true), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "AccessDenied"));
    assert_log(s, LOG("AssumeRole by AKIABASE"));
}

static void expired_credentials_are_replaced_once_and_a_change_is_sent_again(void **state)
{
    struct setting *s = *state;
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    s->aws.log_count = 0;
    s->aws.errors[0] = ERROR("ExpiredToken");
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_int_equal(s->reply.status, 200);
    assert_log(s, LOG("Any by ASIA1", "AssumeRole by AKIABASE", "Any by ASIA2"));
    /* The clocks agree, so it was the session and not the hour. */
    s->aws.errors_used = 0;
    s->aws.errors[0] = ERROR("RequestExpired");
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("Any by ASIA2", "AssumeRole by AKIABASE", "Any by ASIA3"));
    s->aws.errors_used = 0;
    s->aws.errors[0] = s->aws.errors[1] = ERROR("ExpiredTokenException");
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_int_equal(s->reply.status, 400);
    assert_log(s, LOG("Any by ASIA3", "AssumeRole by AKIABASE", "Any by ASIA4"));
    /* Keys that nobody gives out are not replaced: what AWS said stands. */
    s->aws.errors_used = 0;
    assert_int_equal(send_over(s, s->base, true), ERR_OK);
    assert_int_equal(s->reply.status, 400);
    assert_log(s, LOG("Any by AKIABASE"));
}

static void nothing_is_sent_as_somebody_else(void **state)
{
    struct setting *s = *state;
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    s->aws.account = "999900001111";
    s->aws.now_ms += (SESSION_S - 800) * INT64_C(1000);
    s->aws.log_count = 0;
    assert_int_equal(send_over(s, s->member, true), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "nothing is sent as somebody else"));
    assert_non_null(strstr(s->reason, "999900001111"));
    assert_log(s, LOG("AssumeRole by AKIABASE"));
    assert_int_equal(send_over(s, s->member, false), ERR_CREDENTIALS);
    assert_log(s, NULL, 0); /* it was asked just now */
    s->aws.now_ms += PAUSE_MS;
    assert_int_equal(send_over(s, s->member, false), ERR_CREDENTIALS);
    assert_log(s, LOG("AssumeRole by AKIABASE"));
    assert_null(strstr(s->reason, SECRET));
}

static void a_role_that_cannot_be_had_is_told_and_nothing_is_sent(void **state)
{
    struct setting *s = *state;
    s->aws.sts_error = STS_ERROR("AccessDenied");
    assert_int_equal(send_over(s, s->member, true), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, MEMBER " cannot be assumed: AWS says AccessDenied: m"));
    s->aws.sts_error = "<html>";
    s->aws.now_ms += PAUSE_MS;
    assert_int_equal(send_over(s, s->member, true), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "has no credentials"));
    s->aws.sts_error = NULL;
    s->aws.sts_err = ERR_TIMEOUT;
    s->aws.now_ms += PAUSE_MS;
    assert_int_equal(send_over(s, s->member, true), ERR_REFUSED);
    assert_string_equal(s->reason, "STS is away");
    s->aws.log_count = 0;
    s->aws.sts_err = ERR_OK;
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("AssumeRole by AKIABASE", "Any by ASIA1"));
}

static void roles_of_no_use_are_refused_in_words(void **state)
{
    struct setting *s = *state;
    static const struct {
        struct aws_role role;
        const char *words;
    } bad[] = {
        { { { "arn:aws:iam::1:role/x", 21 }, { "", 0 }, { "", 0 }, 0 }, "is no ARN of a role" },
        { { { MEMBER, sizeof(MEMBER) - 1 }, { "a b", 3 }, { "", 0 }, 0 }, "external id" },
        { { { MEMBER, sizeof(MEMBER) - 1 }, { "", 0 }, { "x", 1 }, 0 }, "session name" },
        { { { MEMBER, sizeof(MEMBER) - 1 }, { "", 0 }, { "", 0 }, 10 }, "900 to 43200" },
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        struct aws_connection *connection = NULL;
        assert_int_equal(
            aws_connection_open_role(s->base, &bad[at].role, &s->arena, &connection, &s->reason),
            ERR_CREDENTIALS);
        assert_null(connection);
        assert_non_null(strstr(s->reason, bad[at].words));
    }
}

static void a_family_has_one_bucket_of_retries(void **state)
{
    struct setting *s = *state;
    unsigned retries = 0;
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    for (unsigned turn = 0; turn < 100; turn++) {
        s->aws.errors_used = s->aws.log_count = 0;
        for (size_t at = 0; at < COUNT_OF(s->aws.errors); at++)
            s->aws.errors[at] = ERROR("Throttling");
        assert_int_equal(send_over(s, turn % 2 == 0 ? s->base : s->member, false), ERR_OK);
        assert_int_equal(s->reply.status, 503);
        retries += s->aws.log_count - 1;
        s->aws.now_ms = (int64_t)NOW_S * 1000;
    }
    assert_int_equal(retries, 100); /* 500 tokens, 5 each */
    s->aws.log_count = 0;
    s->aws.errors_used = 3;
    s->aws.errors[3] = NULL;
    assert_int_equal(send_over(s, s->base, false), ERR_OK);
    for (unsigned turn = 0; turn < 4; turn++)
        assert_int_equal(send_over(s, s->base, false), ERR_OK);
    s->aws.log_count = s->aws.errors_used = 0; /* five successes pay for one */
    s->aws.errors[1] = NULL;
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    assert_int_equal(s->reply.status, 200);
    assert_int_equal(s->aws.log_count, 2);
}

static void a_server_may_ask_for_a_little_more_time(void **state)
{
    struct setting *s = *state;
    s->aws.errors[0] = ERROR("Throttling");
    s->aws.retry_after_ms = 3000;
    assert_int_equal(send_over(s, s->base, false), ERR_OK);
    assert_int_equal(s->aws.slept_ms, 3000);
    s->aws.errors_used = s->aws.slept_ms = 0;
    s->aws.retry_after_ms = UINT32_MAX;
    assert_int_equal(send_over(s, s->base, false), ERR_OK);
    assert_in_range(s->aws.slept_ms, 5000, 5999);
}

/* --- opened by settings --- */

static void open_with(struct setting *s, const struct table_environment *table,
    const struct aws_settings *settings, enum err err)
{
    aws_connection_close(s->member);
    s->member = NULL;
    s->aws.log_count = 0;
    enum err got = aws_connection_open_over(&s->aws.http, 1, &table->environment, settings,
        &s->aws.clock, &s->arena, &s->member, &s->reason);
    if (got != err)
        fail_msg("%s: %s", err_text(got), s->reason);
}

static void what_the_caller_sets_comes_before_the_environment(void **state)
{
    struct setting *s = *state;
    CLEANUP(secret_release) struct secret secret = { NULL, 0 };
    assert_int_equal(secret_set(&secret, STR(SECRET)), ERR_OK);
    struct table_environment table = TABLE({ "AWS_ACCESS_KEY_ID", "AKIABASE" },
        { "AWS_SECRET_ACCESS_KEY", SECRET }, { "AWS_REGION", "eu-west-1" });
    struct aws_settings settings = { .access_key_id = STR("AKIARULE"),
        .secret_access_key = &secret,
        .region = STR("us-west-2"),
        .role = STR(MEMBER) };
    open_with(s, &table, &settings, ERR_OK);
    assert_true(str_is(aws_connection_region(s->member), "us-west-2"));
    assert_string_equal(aws_connection_found(s->member), "the connection's settings as " MEMBER);
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("AssumeRole by AKIARULE", "Any by ASIA1"));
    settings.secret_access_key = NULL;
    open_with(s, &table, &settings, ERR_CREDENTIALS);
    settings = (struct aws_settings){ .profile = STR("ghost") };
    open_with(s, &table, &settings, ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "no profile ghost"));
}

static void attempts_may_be_set(void **state)
{
    struct setting *s = *state;
    struct table_environment table =
        TABLE({ "AWS_ACCESS_KEY_ID", "AKIABASE" }, { "AWS_SECRET_ACCESS_KEY", SECRET },
            { "AWS_REGION", "eu-west-1" }, { "AWS_MAX_ATTEMPTS", "1" });
    open_with(s, &table, NULL, ERR_OK);
    s->aws.errors[0] = ERROR("Throttling");
    assert_int_equal(send_over(s, s->member, false), ERR_OK);
    assert_int_equal(s->reply.status, 503);
    static const char *const bad[] = { "0", "11", "many", "3x", "99999999999999999999" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        table.variables[3].value = bad[at];
        open_with(s, &table, NULL, ERR_CREDENTIALS);
        assert_non_null(strstr(s->reason, "from 1 to 10"));
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_web_identity_is_exchanged_without_a_signature(void **state)
{
    struct setting *s = *state;
    char path[] = "/tmp/cdr-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct table_environment table = TABLE({ "AWS_WEB_IDENTITY_TOKEN_FILE", path },
        { "AWS_ROLE_ARN", MEMBER }, { "AWS_REGION", "eu-west-1" });
    open_with(s, &table, NULL, ERR_OK);
    assert_int_equal(send_over(s, s->member, true), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "it is empty"));
    assert_log(s, NULL, 0);
    write_file(path, "a.web.token\n");
    s->aws.now_ms += PAUSE_MS;
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("AssumeRoleWithWebIdentity by nobody", "Any by ASIA1"));
    /* The token is read anew. */
    write_file(path, "another.token");
    s->aws.now_ms += SESSION_S * INT64_C(1000);
    struct transport *transport = aws_connection_transport(s->member);
    struct request none = { .service = "elsewhere", .operation = "Any" };
    assert_int_equal(
        transport->send(transport, &none, false, &s->arena, &s->reply, &s->reason), ERR_REFUSED);
    assert_non_null(strstr(s->aws.last_body, "&WebIdentityToken=another.token"));
    assert_non_null(strstr(s->aws.last_body, "&RoleSessionName=cdr&"));
    assert_log(s, LOG("AssumeRoleWithWebIdentity by nobody"));
    s->aws.sts_error = STS_ERROR("InvalidIdentityToken");
    s->aws.now_ms += SESSION_S * INT64_C(1000);
    assert_int_equal(send_over(s, s->member, true), ERR_CREDENTIALS);
    assert_null(strstr(s->reason, "another.token"));
    unlink(path);
}

static void roles_of_profiles_are_taken_one_over_the_other(void **state)
{
    struct setting *s = *state;
    char path[] = "/tmp/cdr-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, "[profile top]\nrole_arn = arn:aws:iam::111122223333:role/top\n"
                     "source_profile = middle\nregion = eu-west-1\n"
                     "[profile middle]\nrole_arn = arn:aws:iam::111122223333:role/middle\n"
                     "credential_source = Environment\n");
    struct table_environment table = TABLE({ "AWS_CONFIG_FILE", path },
        { "AWS_ACCESS_KEY_ID", "AKIABASE" }, { "AWS_SECRET_ACCESS_KEY", SECRET });
    struct aws_settings settings = { .profile = STR("top"), .role = STR(MEMBER) };
    open_with(s, &table, &settings, ERR_OK);
    assert_int_equal(send_over(s, s->member, true), ERR_OK);
    assert_log(s, LOG("AssumeRole by AKIABASE", "AssumeRole by ASIA1", "AssumeRole by ASIA2",
                      "Any by ASIA3"));
    unlink(path);
}

static void full_memory_is_an_error_and_not_a_crash(void **state)
{
    struct setting *s = *state;
    unsigned full = 0;
    for (size_t limit = 1; limit < 400; limit += 7) {
        s->aws.log_count = 0;
        arena_release(&s->arena);
        s->arena = (struct arena)ARENA_INIT(limit);
        enum err err = send_over(s, s->member, false);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
    }
    assert_true(full > 0);
}

#define SETTING_TEST(test) cmocka_unit_test_setup_teardown(test, setting_setup, setting_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTING_TEST(a_role_is_taken_when_it_is_needed_and_once),
        SETTING_TEST(evidence_of_a_member_belongs_to_the_base),
        SETTING_TEST(the_role_is_asked_for_as_it_was_said),
        SETTING_TEST(a_session_is_replaced_before_it_ends),
        SETTING_TEST(a_session_that_is_still_good_does_without_a_new_one),
        SETTING_TEST(expired_credentials_are_replaced_once_and_a_change_is_sent_again),
        SETTING_TEST(nothing_is_sent_as_somebody_else),
        SETTING_TEST(a_role_that_cannot_be_had_is_told_and_nothing_is_sent),
        SETTING_TEST(roles_of_no_use_are_refused_in_words),
        SETTING_TEST(a_family_has_one_bucket_of_retries),
        SETTING_TEST(a_server_may_ask_for_a_little_more_time),
        SETTING_TEST(what_the_caller_sets_comes_before_the_environment),
        SETTING_TEST(attempts_may_be_set),
        SETTING_TEST(a_web_identity_is_exchanged_without_a_signature),
        SETTING_TEST(roles_of_profiles_are_taken_one_over_the_other),
        SETTING_TEST(full_memory_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests_name("family", tests, NULL, NULL);
}
