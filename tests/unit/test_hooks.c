/* Webhooks and POST /v1/alerts: who is let in by the head and by the body, what comes again, and
 * which blocks keep the daemon from starting. */
#include "hooks_fixture.h"

/* ---- the head ---- */

static void the_head_decides_who_is_let_in(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const struct {
        const char *path, *method, *header, *value;
        int status;
    } cases[] = {
        { "/hooks/nobody", "POST", NULL, NULL, 404 },
        { "/hooks/", "POST", NULL, NULL, 404 },
        { "/hooks/std/x", "POST", NULL, NULL, 404 },
        { "/elsewhere", "POST", NULL, NULL, 404 },
        { "/hooks/std", "GET", NULL, NULL, 405 },
        { "/v1/alerts/any", "PUT", "Authorization", "Bearer admin", 405 },
        { "/v1/alerts/any", "POST", NULL, NULL, 401 },
        { "/v1/alerts/nothing", "POST", NULL, NULL, 401 },
        { "/v1/alerts/nothing", "POST", "Authorization", "Bearer admin", 404 },
        { "/v1/alerts/", "POST", "Authorization", "Bearer admin", 404 },
        { "/hooks/std", "POST", NULL, NULL, 401 },
        { "/hooks/std", "POST", "Authorization", "Bearer " KEY, 401 },
        { "/hooks/mac", "POST", NULL, NULL, 401 },
        { "/hooks/mac2", "POST", "X-Hub-Signature-256", "x", 401 },
        { "/hooks/bearer", "POST", NULL, NULL, 401 },
        { "/hooks/bearer", "POST", "Authorization", KEY, 401 },
        { "/hooks/bearer", "POST", "Authorization", "Bearer ", 401 },
        { "/hooks/bearer", "POST", "Authorization", "Bearer " KEY "x", 401 },
        { "/hooks/bearer", "POST", "x-webhook-secret", KEY, 401 },
        { "/hooks/custom", "POST", "Authorization", "Bearer " KEY, 401 },
        { "/hooks/mutual", "POST", NULL, NULL, 401 },
        { "/hooks/both", "POST", "Authorization", "Bearer " KEY, 401 },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct made_up request = with(cases[at].header, cases[at].value);
        request.exchange.method = cases[at].method;
        int status = POST(&world, &request, cases[at].path, "{}");
        if (status != cases[at].status)
            fail_msg("%s %s: %d", cases[at].method, cases[at].path, status);
        assert_int_equal(request.allows_post, status == 405);
    }
    assert_int_equal(world.intake.count, 0);
    end(&world);
}

static void a_source_that_is_none_is_told_with_the_nearest(void **state)
{
    (void)state;
    struct world world;
    struct made_up request = as_admin();
    begin(&world);
    assert_int_equal(POST(&world, &request, "/v1/alerts/guarduty", "{}"), 404);
    assert_non_null(strstr(request.body, "did you mean guardduty?"));
    end(&world);
}

/* gzip of the lines {"id":"1"} and {"id":"2"}. */
static const char packed[] = "\x1f"
                             "\x8b"
                             "\x08"
                             "\x00"
                             "\x00"
                             "\x00"
                             "\x00"
                             "\x00"
                             "\x02"
                             "\x03"
                             "\xab"
                             "\x56"
                             "\xca"
                             "\x4c"
                             "\x51"
                             "\xb2"
                             "\x52"
                             "\x32"
                             "\x54"
                             "\xaa"
                             "\xe5"
                             "\xaa"
                             "\x86"
                             "\x30"
                             "\x8d"
                             "\x80"
                             "\x4c"
                             "\x00"
                             "\x2c"
                             "\x07"
                             "\xa9"
                             "\x07"
                             "\x16"
                             "\x00"
                             "\x00"
                             "\x00";

static void of_what_is_compressed_gzip_is_read(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    str body = { packed, sizeof packed - 1 };
    struct made_up request = { .headers = { { "Authorization", "Bearer admin" },
                                   { "Content-Encoding", "br" } } };
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 415);
    request.headers[1][1] = "Identity";
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 202);
    request.headers[1][1] = "gzip";
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 400);
    struct made_up packed_sns = { .headers = { { "x-amz-sns-topic-arn", TOPIC },
                                      { "x-amz-sns-message-type", "Notification" },
                                      { "Content-Encoding", "gzip" } } };
    assert_int_equal(POST(&world, &packed_sns, "/hooks/topic", "{}"), 415);
    assert_int_equal(send_it(&world, &request, "/v1/alerts/any", body), 202);
    assert_int_equal(world.intake.count, 3);
    assert_string_equal(world.intake.stored[2].text, "{\"id\":\"2\"}");
    assert_int_equal(send_it(&world, &request, "/v1/alerts/any", str_first(body, 30)), 400);
    end(&world);
}

static void each_way_to_be_known_lets_in(void **state)
{
    (void)state;
    struct world world;
    char hex[80];
    char prefixed[96];
    begin(&world);
    sign(KEY, "{\"id\":\"1\"}", true, hex);
    snprintf(prefixed, sizeof prefixed, "sha256=%s", hex);
    const struct {
        const char *path, *header, *value;
    } cases[] = {
        { "/hooks/mac", "X-Hub-Signature-256", prefixed },
        { "/hooks/mac2", "x-signature", hex },
        { "/hooks/bearer", "Authorization", "Bearer " KEY },
        { "/hooks/bearer", "Authorization", "Bearer " OTHER },
        { "/hooks/custom", "X-Webhook-Secret", KEY },
        { "/hooks/custom", "X-Webhook-Secret", "Bearer " KEY },
        { "/hooks/basic", "Authorization", "Basic dXNlcjowMTIzNDU2Nzg5" },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct made_up request = with(cases[at].header, cases[at].value);
        if (POST(&world, &request, cases[at].path, "{\"id\":\"1\"}") != 202)
            fail_msg("%s: %d", cases[at].path, request.status);
    }
    struct made_up request = with("X-Hub-Signature-256", prefixed);
    assert_int_equal(POST(&world, &request, "/hooks/mac", "{\"id\":\"2\"}"), 401);
    end(&world);
}

static void a_certificate_counts_for_its_own_authority(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    /* More than one may know it. */
    str cas[] = { STR("/etc/cdr/other.pem"), STR("/etc/cdr/ca.pem") };
    struct made_up request = { .exchange = { .peer_cas = cas, .peer_ca_count = 2 } };
    assert_int_equal(POST(&world, &request, "/hooks/mutual", "{}"), 202);
    assert_int_equal(POST(&world, &request, "/hooks/both", "{}"), 401);
    assert_int_equal(POST(&world, &request, "/hooks/bearer", "{}"), 401);
    request.headers[0][0] = "Authorization";
    request.headers[0][1] = "Bearer " KEY;
    assert_int_equal(POST(&world, &request, "/hooks/both", "{}"), 202);
    request.exchange.peer_ca_count = 1;
    assert_int_equal(POST(&world, &request, "/hooks/mutual", "{}"), 401);
    end(&world);
}

/* ---- messages ---- */

static void a_message_that_comes_again_is_answered_again_and_stored_once(void **state)
{
    (void)state;
    struct world world;
    char signature[96];
    begin(&world);
    struct made_up request = signed_as("m-1", KEY, "[{\"id\":\"1\"},{\"id\":\"2\"}]", signature);
    assert_int_equal(POST(&world, &request, "/hooks/std", "[{\"id\":\"1\"},{\"id\":\"2\"}]"), 202);
    assert_string_equal(request.body, "{\"ids\":[\"1\",\"2\"],\"new\":2,\"known\":0}");
    assert_string_equal(world.intake.stored[0].way, "webhook std");
    assert_string_equal(world.intake.stored[0].source, "guardduty");
    for (int again = 0; again < 3; again++) {
        assert_int_equal(
            POST(&world, &request, "/hooks/std", "[{\"id\":\"1\"},{\"id\":\"2\"}]"), 202);
        assert_string_equal(request.body, "{\"ids\":[\"1\",\"2\"],\"new\":0,\"known\":2}");
    }
    assert_int_equal(world.intake.count, 2);
    request = signed_as("m-1", KEY, "{\"id\":\"3\"}", signature);
    assert_int_equal(POST(&world, &request, "/hooks/std", "{\"id\":\"3\"}"), 409);
    assert_int_equal(world.intake.count, 2);
    request = signed_as("m-2", OTHER, "{\"id\":\"3\"}", signature);
    assert_int_equal(POST(&world, &request, "/hooks/std", "{\"id\":\"3\"}"), 202);
    world.time.now_ms += 301000;
    assert_int_equal(POST(&world, &request, "/hooks/std", "{\"id\":\"3\"}"), 401);
    end(&world);
}

static struct made_up of_topic(const char *topic, const char *type)
{
    return (struct made_up){ .headers = { { "x-amz-sns-topic-arn", topic },
                                 { "x-amz-sns-message-type", type } } };
}

static size_t admitted(struct world *world, struct made_up *request, const char *path)
{
    struct exchange *exchange = &request->exchange;
    exchange->method = "POST";
    exchange->path = str_from(path);
    exchange->peer = STR("192.0.2.1");
    return world->hooks->admit(world->hooks, exchange);
}

static void what_the_head_cannot_prove_it_has_at_least_to_look_like(void **state)
{
    (void)state;
    struct world world;
    char signature[96];
    char hex[80];
    begin(&world);
    struct made_up good = signed_as("m-1", KEY, "{}", signature);
    assert_true(admitted(&world, &good, "/hooks/std") > 0);
    assert_false(good.exchange.is_known);
    const struct {
        size_t header;
        const char *value;
    } bad[] = { { 0, "" }, { 0, "a.b" }, { 1, "" }, { 1, "1699999000" }, { 1, "1700001000" },
        { 2, "" }, { 2, "v1,AAAA" }, { 2, "v1a,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        struct made_up request = good;
        request.headers[bad[at].header][1] = bad[at].value;
        if (admitted(&world, &request, "/hooks/std") > 0)
            fail_msg("%zu", at);
        assert_int_equal(request.status, 401);
    }
    sign(KEY, "{}", true, hex);
    struct made_up plain = with("X-Hub-Signature-256", hex);
    assert_true(admitted(&world, &plain, "/hooks/mac") > 0);
    plain = with("X-Hub-Signature-256", "sha256=abc");
    assert_int_equal(admitted(&world, &plain, "/hooks/mac"), 0);
    end(&world);
}

static void who_has_shown_a_secret_by_the_head_is_known(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up token = with("Authorization", "Bearer " KEY);
    struct made_up admin = as_admin();
    const str ca = STR("/etc/cdr/ca.pem");
    struct made_up machine = { .exchange = { .peer_cas = &ca, .peer_ca_count = 1 } };
    struct made_up sns = of_topic(TOPIC, "Notification");
    assert_true(admitted(&world, &token, "/hooks/bearer") > 0);
    assert_true(token.exchange.is_known);
    assert_true(admitted(&world, &admin, "/v1/alerts/any") > 0);
    assert_true(admin.exchange.is_known);
    assert_true(admitted(&world, &machine, "/hooks/mutual") > 0);
    assert_true(machine.exchange.is_known);
    assert_true(admitted(&world, &sns, "/hooks/topic") > 0);
    assert_false(sns.exchange.is_known);
    end(&world);
}

static void a_block_with_secret_and_token_demands_both(void **state)
{
    (void)state;
    struct world world;
    char signature[96];
    begin(&world);
    struct made_up request = signed_as("m-1", KEY, "{}", signature);
    assert_int_equal(POST(&world, &request, "/hooks/twice", "{}"), 401);
    request.headers[3][0] = "Authorization";
    request.headers[3][1] = "Bearer " KEY; /* that of the signature */
    assert_int_equal(POST(&world, &request, "/hooks/twice", "{}"), 401);
    request.headers[3][1] = "Bearer " OTHER;
    assert_int_equal(POST(&world, &request, "/hooks/twice", "{\"not\":\"signed\"}"), 401);
    assert_int_equal(POST(&world, &request, "/hooks/twice", "{}"), 202);
    request = with("Authorization", "Bearer " OTHER);
    assert_int_equal(POST(&world, &request, "/hooks/twice", "{}"), 401);
    assert_int_equal(world.intake.count, 1);
    end(&world);
}

/* What is in the pipe. */
static size_t read_lines(int fd, char text[static 4096])
{
    size_t lines = 0;
    ssize_t got = read(fd, text, 4095);
    text[got < 0 ? 0 : got] = '\0';
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    return lines;
}

static void who_is_refused_cannot_fill_the_log(void **state)
{
    (void)state;
    struct world world;
    int ends[2];
    char text[4096];
    begin(&world);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    daemon_of(&world)->log.fd = ends[1];
    daemon_of(&world)->log.most = LOG_LEVEL_INFO;
    for (int again = 0; again < 200; again++) {
        struct made_up request = with("Authorization", "Bearer wrong");
        assert_int_equal(POST(&world, &request, "/hooks/bearer", "{}"), 401);
    }
    assert_int_equal(read_lines(ends[0], text), 1);
    /* Another way is told of by itself, */
    struct made_up request = with("Authorization", "Bearer wrong");
    assert_int_equal(POST(&world, &request, "/hooks/custom", "{}"), 401);
    assert_int_equal(read_lines(ends[0], text), 1);
    /* and how many there were later. */
    world.time.now_ms += 1000;
    assert_int_equal(POST(&world, &request, "/hooks/bearer", "{}"), 401);
    assert_int_equal(read_lines(ends[0], text), 1);
    assert_non_null(strstr(text, "left_out=199"));
    assert_true(
        metrics_get(daemon_of(&world)->metrics, METRIC_REQUESTS_REFUSED, STR("webhook")) == 202);
    close(ends[0]);
    close(ends[1]);
    end(&world);
}

static void of_who_may_be_sns_no_more_is_read_than_sns_sends(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = of_topic(TOPIC, "Notification");
    assert_int_equal(admitted(&world, &request, "/hooks/topic"), 512 * 1024);
    const char *const bad[][2] = { { TOPIC "2", "Notification" }, { TOPIC, "Other" },
        { "", "Notification" } };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        request = of_topic(bad[at][0], bad[at][1]);
        assert_int_equal(admitted(&world, &request, "/hooks/topic"), 0);
        assert_int_equal(request.status, 401);
    }
    end(&world);
}

static void notifications_of_the_topic_are_alerts(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
#define SNS(type, token, message)                                                                  \
    "{\"Type\":\"" type "\",\"MessageId\":\"m-1\",\"TopicArn\":\"" TOPIC                           \
    "\",\"Message\":\"" message                                                                    \
    "\",\"Timestamp\":\"2023-11-14T22:13:20Z\",\"SignatureVersion\":\"2\",\"Signature\":"          \
    "\"AAAA\",\"SigningCertURL\":\"https://sns.eu-central-1.amazonaws.com/"                        \
    "SimpleNotificationService-1.pem\",\"Token\":\"" token "\",\"SubscribeURL\":"                  \
    "\"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=1\"}"
    struct made_up request = of_topic(TOPIC, "Notification");
    const struct {
        str body;
        int status;
    } cases[] = {
        { STR(SNS("Notification", "", "{\\\"id\\\":\\\"1\\\"}")), 202 },
        { STR(SNS("Notification", "", "{\\\"id\\\":\\\"1\\\"}")), 202 },
        { STR(SNS("Notification", "", "{\\\"id\\\":\\\"2\\\"}")), 409 },
        { STR(SNS("Notification", "forged", "{}")), 401 },
        { STR(SNS("Notification", "unreachable", "{}")), 503 },
        { STR(SNS("Notification", "full", "{}")), 503 },
        { STR(SNS("SubscriptionConfirmation", "", "hello")), 204 },
        { STR(SNS("SubscriptionConfirmation", "forged", "hello")), 401 },
        { STR(SNS("UnsubscribeConfirmation", "", "bye")), 204 },
        { STR("{\"id\":\"1\"}"), 401 },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        int status = send_it(&world, &request, "/hooks/topic", cases[at].body);
        if (status != cases[at].status)
            fail_msg("%zu: %d", at, status);
    }
    assert_int_equal(world.intake.count, 1);
    assert_string_equal(world.intake.stored[0].text, "{\"id\":\"1\"}");
    assert_string_equal(world.intake.stored[0].way, "webhook topic");
    /* SNS takes 256 KiB. */
    CLEANUP(buf_release) struct buf body = BUF_INIT(1024 * 1024);
    buf_add(&body, STR("{\"MessageId\":\"m-2\",\"TopicArn\":\"" TOPIC
                       "\",\"Type\":\"Notification\",\"Timestamp\":\"2023-11-14T22:13:20Z\","
                       "\"SignatureVersion\":\"2\",\"Signature\":\"AAAA\",\"SigningCertURL\":"
                       "\"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem\","
                       "\"Message\":\"{\\\"a\\\":\\\""));
    for (size_t at = 0; at < 16000; at++)
        buf_add(&body, STR("0123456789abcdef"));
    buf_add(&body, STR("\\\"}\"}"));
    assert_int_equal(send_it(&world, &request, "/hooks/topic", buf_str(&body)), 202);
    assert_int_equal(world.intake.stored[1].len, 256000 + 8);
    end(&world);
}

/* ---- the config ---- */

static void a_webhook_that_would_let_anybody_in_does_not_start(void **state)
{
    (void)state;
    static const struct {
        const char *block, *words;
    } cases[] = {
        { "webhook a { secret = env(\"CDR_TEST_MISSING\") }", "secret" },
        { "webhook a { secret = env(\"CDR_TEST_SHORT\") }", "24 bytes" },
        { "webhook a { scheme = hmac secret = env(\"CDR_TEST_SHORT\") }", "16 bytes" },
        { "webhook a { token = env(\"CDR_TEST_SHORT\") }", "16 bytes" },
        { "webhook a { token = env(\"CDR_TEST_KEY\") former_secret = env(\"CDR_TEST_SHORT\") }",
            "former_secret: it is shorter" },
        { "webhook a { client_ca = \"x\" former_secret = env(\"CDR_TEST_KEY\") }",
            "former_secret" },
        { "webhook a { token = env(\"CDR_TEST_KEY\") header = \"a: b\" }", "no name" },
        { "webhook a { secret = env(\"CDR_TEST_KEY\") header = \"x-sign\" }", "scheme = hmac" },
        { "webhook a { token = env(\"CDR_TEST_KEY\") scheme = hmac }", "scheme" },
        { "webhook a { client_ca = \"x\" }", "tls" },
        { "webhook a { topic = \"arn:aws:sqs:eu-west-1:111122223333:q\" }", "topic" },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
        struct world world;
        char config[512];
        const char *reason = "";
        snprintf(config, sizeof config, "daemon {\n  %s\n}\n", cases[at].block);
        prepare(&world, config);
        enum err err = hooks_new(daemon_of(&world), NULL, &arena, &world.hooks, &reason);
        if (err == ERR_OK || strstr(reason, cases[at].words) == NULL
            || strstr(reason, "webhook a") == NULL)
            fail_msg("%s: %d %s", cases[at].block, err, reason);
        assert_null(strstr(reason, KEY));
        end(&world);
    }
}

static void the_authorities_of_webhooks_are_read_each_once(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
    struct world world;
    struct scratch scratch = scratch_new();
    char config[512];
    char path[96];
    const struct client_ca *cas = NULL;
    size_t count = 0;
    const char *reason = NULL;
    snprintf(path, sizeof path, "%s/ca.pem", scratch.path);
    snprintf(config, sizeof config,
        "daemon {\n  webhook a { client_ca = \"%s\" }\n  webhook b { client_ca = \"%s\" }\n"
        "  webhook c { token = env(\"CDR_TEST_KEY\") }\n}\n",
        path, path);
    prepare(&world, config);
    const struct program *program = world.rule_sets.set.program;
    assert_int_equal(hooks_client_cas(program, &arena, &cas, &count, &reason), ERR_IO);
    assert_non_null(strstr(reason, path));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("PEM", file);
    fclose(file);
    assert_int_equal(hooks_client_cas(program, &arena, &cas, &count, &reason), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(cas[0].name.ptr, path);
    assert_true(str_is(cas[0].pem, "PEM"));
    scratch_release(&scratch);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_decides_who_is_let_in),
        cmocka_unit_test(a_source_that_is_none_is_told_with_the_nearest),
        cmocka_unit_test(of_what_is_compressed_gzip_is_read),
        cmocka_unit_test(each_way_to_be_known_lets_in),
        cmocka_unit_test(a_certificate_counts_for_its_own_authority),
        cmocka_unit_test(a_message_that_comes_again_is_answered_again_and_stored_once),
        cmocka_unit_test(what_the_head_cannot_prove_it_has_at_least_to_look_like),
        cmocka_unit_test(who_has_shown_a_secret_by_the_head_is_known),
        cmocka_unit_test(a_block_with_secret_and_token_demands_both),
        cmocka_unit_test(who_is_refused_cannot_fill_the_log),
        cmocka_unit_test(of_who_may_be_sns_no_more_is_read_than_sns_sends),
        cmocka_unit_test(notifications_of_the_topic_are_alerts),
        cmocka_unit_test(a_webhook_that_would_let_anybody_in_does_not_start),
        cmocka_unit_test(the_authorities_of_webhooks_are_read_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
