/* Credentials of a container's agent and of an instance, from real servers on loopback. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/connection.h"
#include "aws/handout.h"
#include "bytecode.h"
#include "raw_server.h"
#include "table_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "not/a+real/secret=="
#define OK(text)                                                                                   \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" text, .end = RAW_CLOSE             \
    }
#define STATUS(code)                                                                               \
    {                                                                                              \
        .bytes = "HTTP/1.1 " code " X\r\nContent-Length: 0\r\n\r\n"                                \
    }
#define KEYS                                                                                       \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"" SECRET                \
    "\",\"Token\":\"session\",\"Expiration\":\"2027-01-15T08:00:00Z\"}"
#define CALLER CALLER_OF("web")
#define CALLER_OF(role)                                                                            \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:"          \
    "assumed-role/" role "/i-1</Arn><UserId>A:i-1</UserId><Account>111122223333</Account>"         \
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"

enum { NOW_S = 1799990000 };

struct setting {
    struct clock clock; /* first */
    uint32_t slept_ms;
    int64_t later_ms; /* than NOW_S */
    struct arena arena;
    struct http_curl *curl;
    struct aws_keys keys;
    const char *reason;
    struct raw_server server;
    char url[96];
};

static int64_t fake_now_ms(struct clock *clock)
{
    return (int64_t)NOW_S * 1000 + ((struct setting *)clock)->later_ms;
}

static void fake_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    ((struct setting *)clock)->slept_ms += duration_ms;
}

static int setting_setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    s->clock = (struct clock){ .now_ms = fake_now_ms, .sleep_ms = fake_sleep_ms };
    assert_int_equal(http_curl_new(NULL, &s->curl), ERR_OK);
    setenv("http_proxy", "http://127.0.0.1:9", 1); /* would be the end of it */
    *state = s;
    return 0;
}

static int setting_teardown(void **state)
{
    struct setting *s = *state;
    http_curl_free(s->curl);
    aws_keys_release(&s->keys);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static void serve(struct setting *s, const struct raw_answer *answers, unsigned count)
{
    s->server = (struct raw_server){ .requests = 0 };
    assert_true(raw_start(&s->server, answers, count));
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/", s->server.port);
}

static struct aws_handout handout_of(struct setting *s)
{
    return (struct aws_handout){ http_curl_interface(s->curl), &s->clock, NULL };
}

/* --- an instance --- */

static enum err ask_instance(struct setting *s, const struct raw_answer *answers, unsigned count)
{
    struct aws_handout handout = handout_of(s);
    serve(s, answers, count);
    s->reason = NULL;
    enum err err = aws_instance_fetch(&handout, s->url, &s->arena, &s->keys, &s->reason);
    raw_stop(&s->server);
    return err;
}

static void an_instance_is_asked_with_a_token(void **state)
{
    struct setting *s = *state;
    const struct raw_answer answers[] = { OK("the-token=="), OK("web role\n"), OK(KEYS) };
    const struct raw_answer good[] = { OK("the-token=="), OK("web-role"), OK(KEYS) };
    assert_int_equal(ask_instance(s, answers, 3), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "names no role"));
    assert_int_equal(s->server.requests, 2);
    assert_int_equal(ask_instance(s, good, 3), ERR_OK);
    assert_string_equal(s->keys.access_key_id, "ASIAX");
    assert_true(str_is(secret_bytes(&s->keys.session_token), "session"));
    assert_int_equal(s->keys.expires_at_s, 1800000000);
    assert_non_null(strstr(
        s->server.last, "GET /latest/meta-data/iam/security-credentials/web-role HTTP/1.1\r\n"));
    assert_non_null(strstr(s->server.last, "X-aws-ec2-metadata-token: the-token==\r\n"));
}

static void the_token_is_put_and_version_1_is_never_asked(void **state)
{
    struct setting *s = *state;
    static const char *const bad[] = {
        "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 X\r\nContent-Length: 11\r\n\r\na\r\nX-Evil: 1",
        "HTTP/1.1 301 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        const struct raw_answer answers[] = { { .bytes = bad[at] } };
        assert_int_equal(ask_instance(s, answers, 1), ERR_CREDENTIALS);
        assert_non_null(strstr(s->reason, "no token of version 2"));
        assert_int_equal(s->server.requests, 1);
        assert_non_null(strstr(s->server.last, "PUT /latest/api/token HTTP/1.1\r\n"));
        assert_non_null(strstr(s->server.last, "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    }
}

static void an_instance_without_a_role_says_so(void **state)
{
    struct setting *s = *state;
    const struct raw_answer none[] = { OK("t"), STATUS("404") };
    const struct raw_answer code[] = { OK("t"), OK("r"),
        OK("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot\"}") };
    const struct raw_answer evil[] = { OK("t"), OK("../../user-data") };
    const struct raw_answer late[] = { OK("t"), OK("r"), OK("{\"AccessKeyId\":\"ASIAX\"}") };
    assert_int_equal(ask_instance(s, none, 2), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "the instance has no role"));
    assert_int_equal(ask_instance(s, code, 3), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "AssumeRoleUnauthorizedAccess: EC2 cannot"));
    assert_int_equal(ask_instance(s, evil, 2), ERR_CREDENTIALS);
    assert_int_equal(ask_instance(s, late, 3), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "no AccessKeyId, SecretAccessKey or Expiration"));
}

static void a_service_that_is_not_there_takes_no_time(void **state)
{
    struct setting *s = *state;
    struct aws_handout handout = handout_of(s);
    const struct raw_answer silent[] = { { .bytes =
                                               "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" } };
    assert_int_equal(
        aws_instance_fetch(&handout, "http://127.0.0.1:9/", &s->arena, &s->keys, &s->reason),
        ERR_REFUSED);
    assert_int_equal(ask_instance(s, silent, 1), ERR_REFUSED); /* after a second */
    assert_int_equal(s->server.requests, 1);
    assert_int_equal(s->slept_ms, 0);
}

/* --- a container --- */

static enum err ask_container(struct setting *s, const struct raw_answer *answers, unsigned count,
    const char *token, const char *token_file)
{
    struct aws_handout handout = handout_of(s);
    struct aws_credentials from = { .url = s->url, .token_file = token_file };
    serve(s, answers, count);
    if (token != NULL)
        assert_int_equal(secret_set(&from.token, str_from(token)), ERR_OK);
    s->reason = NULL;
    s->slept_ms = 0;
    enum err err = aws_container_fetch(&handout, &from, &s->arena, &s->keys, &s->reason);
    raw_stop(&s->server);
    aws_credentials_release(&from);
    return err;
}

static void a_container_is_asked_with_its_token(void **state)
{
    struct setting *s = *state;
    const struct raw_answer good[] = { OK(KEYS) };
    char path[] = "/tmp/cdr-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "of a file\n", 10), 10);
    close(fd);
    assert_int_equal(ask_container(s, good, 1, "Bearer t", NULL), ERR_OK);
    assert_string_equal(s->keys.access_key_id, "ASIAX");
    assert_non_null(strstr(s->server.last, "Authorization: Bearer t\r\n"));
    assert_int_equal(ask_container(s, good, 1, "Bearer t", path), ERR_OK);
    assert_non_null(strstr(s->server.last, "Authorization: of a file\r\n"));
    assert_int_equal(ask_container(s, good, 1, NULL, NULL), ERR_OK);
    assert_null(strstr(s->server.last, "Authorization"));
    assert_int_equal(ask_container(s, good, 1, "a\r\nX-Evil: 1", NULL), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "what no header may have"));
    assert_int_equal(s->server.requests, 0);
    unlink(path);
    assert_int_equal(ask_container(s, good, 1, NULL, path), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "No such file"));
}

static void a_container_is_asked_three_times(void **state)
{
    struct setting *s = *state;
    const struct raw_answer busy[] = { STATUS("503"), STATUS("500"), OK(KEYS) };
    const struct raw_answer down[] = { STATUS("500") };
    const struct raw_answer denied[] = { STATUS("403") };
    assert_int_equal(ask_container(s, busy, 3, NULL, NULL), ERR_OK);
    assert_int_equal(s->slept_ms, 2000);
    assert_int_equal(ask_container(s, down, 1, NULL, NULL), ERR_CREDENTIALS);
    assert_int_equal(s->server.requests, 3);
    assert_int_equal(ask_container(s, denied, 1, NULL, NULL), ERR_CREDENTIALS);
    assert_int_equal(s->server.requests, 1);
}

/* Whether a target with that fact is one that the connection acts as. */
static bool is_self(
    struct setting *s, struct transport *transport, enum field field, const char *text)
{
    struct fact fact = { .field = field, .key = STR(""), .text = str_from(text) };
    const char *name = NULL;
    assert_int_equal(transport->find_self(transport, &fact, &s->arena, &name, &s->reason), ERR_OK);
    return name != NULL;
}

/* --- a connection of an instance --- */

static void an_instance_needs_no_setting_at_all(void **state)
{
    struct setting *s = *state;
    const struct raw_answer answers[] = { OK("t"), OK("web"), OK(KEYS), OK("t"), OK("eu-north-1"),
        OK(CALLER), OK("<a/>") };
    struct aws_connection *connection = NULL;
    serve(s, answers, COUNT_OF(answers));
    struct table_environment table =
        TABLE({ "AWS_EC2_METADATA_SERVICE_ENDPOINT", s->url }, { "AWS_ENDPOINT_URL", s->url });
    enum err err = aws_connection_open(
        &table.environment, NULL, &s->clock, &s->arena, &connection, &s->reason);
    if (err != ERR_OK)
        fail_msg("%s", s->reason);
    assert_true(str_is(aws_connection_region(connection), "eu-north-1"));
    assert_string_equal(aws_connection_found(connection), "the metadata of this instance");
    struct transport *transport = aws_connection_transport(connection);
    struct request request = { .service = "ec2", .operation = "Any", .body = STR("Action=Any") };
    struct reply reply;
    assert_int_equal(
        transport->send(transport, &request, true, &s->arena, &reply, &s->reason), ERR_OK);
    assert_int_equal(s->server.requests, COUNT_OF(answers));
    assert_non_null(strstr(s->server.last, "Credential=ASIAX/"));
    assert_non_null(strstr(s->server.last, "/eu-north-1/ec2/aws4_request"));
    assert_null(strcasestr(s->server.last, SECRET));
    str identity, region;
    assert_int_equal(
        transport->where(transport, &s->arena, &identity, &region, &s->reason), ERR_OK);
    assert_true(str_is(identity, "arn:aws:sts::111122223333:assumed-role/web"));
    assert_true(is_self(s, transport, FIELD_INSTANCE_ID, "i-1"));
    assert_true(is_self(s, transport, FIELD_ROLE_ARN, "arn:aws:iam::111122223333:role/app/web"));
    assert_true(is_self(s, transport, FIELD_ACCESS_KEY_ID, "ASIAX"));
    assert_false(is_self(s, transport, FIELD_INSTANCE_ID, "i-2"));
    assert_false(is_self(s, transport, FIELD_ROLE_ARN, "arn:aws:iam::444455556666:role/web"));
    assert_false(is_self(s, transport, FIELD_USER_ID, "arn:aws:iam::111122223333:user/web"));
    aws_connection_close(connection);
    raw_stop(&s->server);
}

/* Open a connection of a container, and send over it. */
static enum err send_of_container(struct setting *s, struct aws_connection **connection)
{
    struct table_environment table = TABLE({ "AWS_CONTAINER_CREDENTIALS_FULL_URI", s->url },
        { "AWS_ENDPOINT_URL", s->url }, { "AWS_REGION", "eu-west-1" });
    if (*connection == NULL)
        assert_int_equal(aws_connection_open(&table.environment, NULL, &s->clock, &s->arena,
                             connection, &s->reason),
            ERR_OK);
    struct transport *transport = aws_connection_transport(*connection);
    struct request request = { .service = "ec2", .operation = "Any", .body = STR("Action=Any") };
    struct reply reply;
    return transport->send(transport, &request, true, &s->arena, &reply, &s->reason);
}

static void a_container_whose_role_changes_sends_nothing_more(void **state)
{
    struct setting *s = *state;
    const struct raw_answer answers[] = { OK(KEYS), OK(CALLER), OK("<a/>"), OK(KEYS), OK(CALLER),
        OK("<a/>"), OK(KEYS), OK(CALLER_OF("other")), OK(KEYS), OK(CALLER), OK("<a/>") };
    struct aws_connection *connection = NULL;
    serve(s, answers, COUNT_OF(answers));
    assert_int_equal(send_of_container(s, &connection), ERR_OK);
    assert_int_equal(s->server.requests, 3);
    s->later_ms = 9200 * 1000; /* 800 s before the end */
    assert_int_equal(send_of_container(s, &connection), ERR_OK);
    assert_int_equal(s->server.requests, 6);
    s->later_ms = 9300 * 1000;
    assert_int_equal(send_of_container(s, &connection), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "assumed-role/other now, and were those of"));
    assert_int_equal(s->server.requests, 8);
    assert_non_null(strstr(s->server.last, "Action=GetCallerIdentity"));
    s->later_ms += 59 * 1000;
    assert_int_equal(send_of_container(s, &connection), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "assumed-role/other now, and were those of"));
    assert_int_equal(s->server.requests, 8); /* it was asked just now */
    s->later_ms += 1000;
    assert_int_equal(send_of_container(s, &connection), ERR_OK); /* the old role again */
    assert_int_equal(send_of_container(s, &connection), ERR_OK);
    assert_int_equal(s->server.requests, 12);
    aws_connection_close(connection);
    raw_stop(&s->server);
}

static void where_nothing_is_found_all_that_was_tried_is_named(void **state)
{
    struct setting *s = *state;
    struct aws_connection *connection = NULL;
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" },
        { "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9" });
    assert_int_equal(aws_connection_open(
                         &table.environment, NULL, &s->clock, &s->arena, &connection, &s->reason),
        ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "AWS_ACCESS_KEY_ID"));
    assert_non_null(strstr(s->reason, "http://127.0.0.1:9 could not be reached"));
}

/* A program that leaves a line in `log` for each of its starts, and fails. */
static void write_program(const char *program, const char *log)
{
    FILE *file = fopen(program, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\necho >>%s\nexit 1\n", log);
    fclose(file);
    chmod(program, 0700);
}

static long size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : 0;
}

static void a_program_that_fails_is_started_once_a_minute(void **state)
{
    struct setting *s = *state;
    char folder[] = "/tmp/cdr-handout-XXXXXX", program[64], log[64], config[64];
    assert_non_null(mkdtemp(folder));
    snprintf(program, sizeof(program), "%s/program", folder);
    snprintf(log, sizeof(log), "%s/log", folder);
    snprintf(config, sizeof(config), "%s/config", folder);
    write_program(program, log);
    FILE *file = fopen(config, "w");
    assert_non_null(file);
    fprintf(file, "[default]\ncredential_process = %s\n", program);
    fclose(file);
    struct table_environment table =
        TABLE({ "AWS_CONFIG_FILE", config }, { "AWS_SHARED_CREDENTIALS_FILE", "/proc/nowhere" },
            { "AWS_REGION", "eu-west-1" }, { "AWS_ENDPOINT_URL", "http://127.0.0.1:9" });
    struct aws_connection *connection = NULL;
    struct request request = { .service = "ec2", .operation = "Any", .body = STR("Action=Any") };
    struct reply reply;
    assert_int_equal(aws_connection_open(
                         &table.environment, NULL, &s->clock, &s->arena, &connection, &s->reason),
        ERR_OK);
    struct transport *transport = aws_connection_transport(connection);
    for (unsigned alert = 0; alert < 20; alert++) {
        s->reason = NULL;
        assert_int_equal(transport->send(transport, &request, false, &s->arena, &reply, &s->reason),
            ERR_CREDENTIALS);
        assert_non_null(strstr(s->reason, "did not end well"));
        s->later_ms += 6 * 1000; /* two minutes in all */
    }
    assert_int_equal(size_of(log), 2);
    aws_connection_close(connection);
    unlink(program);
    unlink(log);
    unlink(config);
    rmdir(folder);
}

#define SETTING_TEST(test) cmocka_unit_test_setup_teardown(test, setting_setup, setting_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTING_TEST(an_instance_is_asked_with_a_token),
        SETTING_TEST(the_token_is_put_and_version_1_is_never_asked),
        SETTING_TEST(an_instance_without_a_role_says_so),
        SETTING_TEST(a_service_that_is_not_there_takes_no_time),
        SETTING_TEST(a_container_is_asked_with_its_token),
        SETTING_TEST(a_container_is_asked_three_times),
        SETTING_TEST(an_instance_needs_no_setting_at_all),
        SETTING_TEST(a_container_whose_role_changes_sends_nothing_more),
        SETTING_TEST(a_program_that_fails_is_started_once_a_minute),
        SETTING_TEST(where_nothing_is_found_all_that_was_tried_is_named),
    };
    return cmocka_run_group_tests_name("handout", tests, NULL, NULL);
}
