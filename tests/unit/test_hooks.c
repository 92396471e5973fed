/* Alerts over HTTP: who is let in by the head and by the body, what becomes an alert, and what is
 * answered when it is on disk, and when it is not. The server, the intake, the admin's token and the
 * courier of SNS are played here. */
#include "compiled.h"
#include "fake_time.h"
#include "scratch.h"

#include "base/limits.h"
#include "daemon/sns_courier.h"
#include "serve/api_private.h"
#include "serve/hooks.h"
#include "serve/posted.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#define KEY "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define TOPIC "arn:aws:sns:eu-central-1:111122223333:findings"
#define NOW_S "1700000000" /* what fake_time begins with */

#define CONFIG                                                                                     \
    "daemon {\n"                                                                                   \
    "  webhook std { source = guardduty secret = env(\"CDR_TEST_KEY\") "                           \
    "former_secret = env(\"CDR_TEST_OTHER\") }\n"                                                  \
    "  webhook mac { scheme = hmac secret = env(\"CDR_TEST_KEY\") }\n"                             \
    "  webhook mac2 { scheme = hmac header = \"X-Signature\" secret = env(\"CDR_TEST_KEY\") }\n"   \
    "  webhook bearer { token = env(\"CDR_TEST_KEY\") former_secret = env(\"CDR_TEST_OTHER\") }\n" \
    "  webhook custom { header = \"x-webhook-secret\" token = env(\"CDR_TEST_KEY\") }\n"           \
    "  webhook basic { header = \"Authorization\" token = env(\"CDR_TEST_BASIC\") }\n"             \
    "  webhook mutual { client_ca = \"/etc/cdr/ca.pem\" }\n"                                       \
    "  webhook both { client_ca = \"/etc/cdr/ca.pem\" token = env(\"CDR_TEST_KEY\") }\n"           \
    "  webhook lines { source = cef token = env(\"CDR_TEST_KEY\") }\n"                             \
    "  webhook topic { topic = \"" TOPIC "\" }\n"                                                  \
    "}\n"

/* ---- what the others do ---- */

struct stored {
    char *text;
    size_t len;
    char way[32];
    char source[32];
};

struct intake {
    struct stored *stored;
    size_t count;
    char message[64]; /* the one that was noted last */
    char digest[72];
    size_t batches;
    enum err submit_err; /* what is answered instead */
    enum err done_err;
};

struct way_counts {
    struct daemon daemon; /* first */
    uint64_t brought;
};

enum err intake_submit(struct intake *intake, struct intake_batch *batch)
{
    if (intake->submit_err != ERR_OK)
        return intake->submit_err;
    intake->batches++;
    enum err err = intake->done_err;
    if (batch->message.len > 0 && str_is(batch->message, intake->message)) {
        batch->is_known = str_is(batch->message_digest, intake->digest);
        err = batch->is_known ? err : ERR_INVALID;
    }
    if (batch->message.len > 0 && err == ERR_OK) {
        snprintf(intake->message, sizeof intake->message, "%.*s", STR_ARG(batch->message));
        snprintf(intake->digest, sizeof intake->digest, "%.*s", STR_ARG(batch->message_digest));
    }
    for (size_t at = 0; at < batch->count && err == ERR_OK && !batch->is_known; at++) {
        struct alert_record *alert = &batch->alerts[at];
        for (size_t i = 0; i < intake->count && alert->id == 0; i++)
            if (str_equal(alert->text, (str){ intake->stored[i].text, intake->stored[i].len })) {
                alert->id = (int64_t)i + 1;
                alert->copies = 1;
            }
        if (alert->id != 0)
            continue;
        intake->stored = reallocarray(intake->stored, intake->count + 1, sizeof *intake->stored);
        struct stored *stored = &intake->stored[intake->count++];
        *stored = (struct stored){ .text = strndup(alert->text.ptr, alert->text.len),
            .len = alert->text.len };
        snprintf(stored->way, sizeof stored->way, "%.*s", STR_ARG(alert->way));
        snprintf(stored->source, sizeof stored->source, "%.*s", STR_ARG(alert->forced_source));
        alert->id = (int64_t)intake->count;
        assert_true(str_equal(alert->way, batch->way));
        assert_true(alert->received_ms > 0);
    }
    batch->done(batch, err);
    return ERR_OK;
}

void way_has_brought(struct daemon *daemon, const struct way *way, uint64_t count)
{
    assert_true(way->name.len > 0);
    ((struct way_counts *)daemon)->brought += count;
}

struct rule_sets {
    struct rule_set set;
};

struct rule_set *rule_sets_current(struct rule_sets *sets)
{
    sets->set.holders++;
    return &sets->set;
}

void rule_set_release(struct rule_sets *sets, struct rule_set *set)
{
    (void)sets;
    set->holders--;
}

/* A request that was made up, and what it was answered. */
struct made_up {
    struct exchange exchange; /* first */
    struct arena arena;
    const char *headers[8][2];
    unsigned answers;
    int status;
    char body[4096];
    bool allows_post;
    bool says_retry;
};

str exchange_header(const struct exchange *exchange, const char *name)
{
    const struct made_up *made_up = (const struct made_up *)exchange;
    for (size_t at = 0; at < 8 && made_up->headers[at][0] != NULL; at++)
        if (strcasecmp(made_up->headers[at][0], name) == 0)
            return str_from(made_up->headers[at][1]);
    return STR("");
}

void exchange_answer(struct exchange *exchange, const struct answer *answer)
{
    struct made_up *made_up = (struct made_up *)exchange;
    made_up->answers++;
    made_up->status = answer->status;
    made_up->allows_post = answer->allow != NULL && strcmp(answer->allow, "POST") == 0;
    made_up->says_retry = answer->retry_after_s > 0;
    snprintf(made_up->body, sizeof made_up->body, "%.*s", STR_ARG(answer->body));
}

void api_refuse(struct exchange *exchange, const struct answer *answer, int status,
    const char *title, const char *detail)
{
    char text[512];
    struct answer said = *answer;
    int len = snprintf(text, sizeof text, "%s %s", title, detail == NULL ? "" : detail);
    assert_int_equal(said.status, status);
    said.body = (str){ text, (size_t)len };
    exchange_answer(exchange, &said);
}

bool api_is_admin(struct handler *api, struct exchange *exchange)
{
    (void)api;
    if (str_is(exchange_header(exchange, "Authorization"), "Bearer admin"))
        return true;
    posted_refuse(exchange, 401, "no", NULL);
    return false;
}

/* ---- SNS ---- */

struct sns_courier {
    enum err submit_err;
    enum err err;
};

enum err sns_courier_start(
    const struct sns_courier_options *options, struct sns_courier **ret_courier)
{
    assert_non_null(options->http);
    *ret_courier = calloc(1, sizeof **ret_courier);
    return ERR_OK;
}

/* The message says by its token what would be found out. */
enum err sns_courier_submit(struct sns_courier *courier, struct sns_job *job)
{
    (void)courier;
    str token = job->message.token;
    if (str_is(token, "full"))
        return ERR_LIMIT;
    enum err err = str_is(token, "forged")        ? ERR_INVALID
                   : str_is(token, "unreachable") ? ERR_TRANSPORT
                                                  : ERR_OK;
    job->done(job, err, "as the test says");
    return ERR_OK;
}

void sns_courier_stop(struct sns_courier *courier)
{
    free(courier);
}

/* ---- a daemon ---- */

struct world {
    struct way_counts counts; /* first: the daemon */
    struct fake_time time;
    struct intake intake;
    struct rule_sets rule_sets;
    struct compilation compilation;
    struct handler *hooks;
};

static struct daemon *daemon_of(struct world *world)
{
    return &world->counts.daemon;
}

static void prepare(struct world *world, const char *config)
{
    setenv("CDR_TEST_KEY", KEY, 1);
    setenv("CDR_TEST_OTHER", OTHER, 1);
    setenv("CDR_TEST_BASIC", "Basic dXNlcjowMTIzNDU2Nzg5", 1);
    setenv("CDR_TEST_SHORT", "fifteen bytes..", 1);
    unsetenv("CDR_TEST_MISSING");
    *world = (struct world){ .time = FAKE_TIME };
    world->rule_sets.set.program = compile_good(&world->compilation, config);
    struct daemon *daemon = daemon_of(world);
    daemon->log = (struct log){ .fd = -1, .clock = &world->time.clock };
    daemon->rule_sets = &world->rule_sets;
    daemon->intake = &world->intake;
    assert_int_equal(metrics_new(&daemon->metrics), ERR_OK);
}

static void end(struct world *world)
{
    hooks_free(world->hooks);
    assert_int_equal(world->rule_sets.set.holders, 0);
    compile_release(&world->compilation);
    metrics_free(daemon_of(world)->metrics);
    for (size_t at = 0; at < world->intake.count; at++)
        free(world->intake.stored[at].text);
    free(world->intake.stored);
}

static void begin(struct world *world)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
    const char *reason = NULL;
    prepare(world, CONFIG);
    enum err err = hooks_new(daemon_of(world), NULL, &arena, &world->hooks, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason);
}

/* Send it: the head, and the body where that is let in. */
static int send_it(struct world *world, struct made_up *request, const char *path, str body)
{
    struct handler *hooks = world->hooks;
    struct exchange *exchange = &request->exchange;
    request->answers = 0;
    request->arena = (struct arena)ARENA_INIT(1024 * 1024);
    exchange->arena = &request->arena;
    exchange->path = str_from(path);
    exchange->body = STR("");
    exchange->peer = STR("192.0.2.1");
    if (exchange->method == NULL)
        exchange->method = "POST";
    size_t most = hooks->admit(hooks, exchange);
    assert_int_equal(request->answers, most == 0);
    if (most > 0) {
        assert_true(body.len <= most);
        exchange->body = body;
        hooks->handle(hooks, exchange);
    }
    assert_int_equal(request->answers, 1);
    arena_release(&request->arena);
    return request->status;
}

static struct made_up with(const char *name, const char *text)
{
    return (struct made_up){ .headers = { { name, text } } };
}

static struct made_up as_admin(void)
{
    return with("Authorization", "Bearer admin");
}

#define POST(world, request, path, text) send_it(world, request, path, STR(text))

static void sign(const char *key, const char *text, bool is_hex, char out[static 80])
{
    unsigned char digest[32];
    unsigned len = 0;
    HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), digest,
        &len);
    if (!is_hex)
        EVP_EncodeBlock((unsigned char *)out, digest, 32);
    for (size_t at = 0; is_hex && at < 32; at++)
        snprintf(out + 2 * at, 3, "%02x", digest[at]);
}

static struct made_up signed_as(
    const char *id, const char *key, const char *body, char signature[static 96])
{
    char text[512];
    snprintf(text, sizeof text, "%s." NOW_S ".%s", id, body);
    memcpy(signature, "v1,", 3);
    sign(key, text, false, signature + 3);
    return (struct made_up){ .headers = { { "webhook-id", id }, { "webhook-timestamp", NOW_S },
                                 { "webhook-signature", signature } } };
}

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
    assert_int_equal(POST(&world, &request, "/hooks/topic", "{}"), 415);
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
    struct made_up request = { .exchange = { .peer_ca = STR("/etc/cdr/ca.pem") } };
    assert_int_equal(POST(&world, &request, "/hooks/mutual", "{}"), 202);
    assert_int_equal(POST(&world, &request, "/hooks/both", "{}"), 401);
    assert_int_equal(POST(&world, &request, "/hooks/bearer", "{}"), 401);
    request.headers[0][0] = "Authorization";
    request.headers[0][1] = "Bearer " KEY;
    assert_int_equal(POST(&world, &request, "/hooks/both", "{}"), 202);
    request.exchange.peer_ca = STR("/etc/cdr/other.pem");
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
        assert_string_equal(request.body, "{\"ids\":[],\"new\":0,\"known\":2}");
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
    struct made_up request = { .status = 0 };
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
    end(&world);
}

/* ---- what becomes an alert ---- */

static void every_form_of_alerts_comes_in(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    const struct {
        str body;
        size_t count;
    } cases[] = {
        { STR("{\"a\":1}"), 1 },
        { STR("[{\"a\":2},{\"a\":3}]"), 2 },
        { STR("{\"a\":4}\n{\"a\":5}\r\n\n{\"a\":6}\n"), 3 },
        { STR("{\"Records\":[{\"a\":7},{\"a\":8}]}"), 2 },
        { STR("[]"), 0 },
        { STR(" [ ] "), 0 },
        { STR("{\"detail\":{\"findings\":[{\"a\":9},{\"a\":10}]}}"), 2 },
        /* no JSON: a person will see it */
        { STR("hello"), 1 },
        { STR("{\"a\":11}\ngarbage\n{\"a\":12}"), 3 },
        { STR("{\"a\":\"cut"), 1 },
        { STR("\"text\""), 1 },
    };
    size_t sum = 0;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct made_up request = as_admin();
        assert_int_equal(send_it(&world, &request, "/v1/alerts/any", cases[at].body), 202);
        sum += cases[at].count;
        if (world.intake.count != sum)
            fail_msg("%.*s: %zu", STR_ARG(cases[at].body), world.intake.count - sum);
    }
    assert_int_equal(world.counts.brought, sum);
    assert_string_equal(world.intake.stored[0].way, "api");
    assert_string_equal(world.intake.stored[0].source, "");
    end(&world);
}

static void garbage_is_kept_as_it_came(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = as_admin();
    assert_int_equal(
        POST(&world, &request, "/v1/alerts/guardduty", "{\"a\":1}\n  not \xFF json\0!\n"), 202);
    assert_int_equal(world.intake.count, 2);
    assert_int_equal(world.intake.stored[1].len, 12);
    assert_memory_equal(world.intake.stored[1].text, "not \xFF json\0!", 4);
    assert_string_equal(world.intake.stored[1].source, "guardduty");
    end(&world);
}

static void lines_of_cef_are_alerts_of_that_source(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = with("Authorization", "Bearer " KEY);
    assert_int_equal(POST(&world, &request, "/hooks/lines",
                         "CEF:0|v|p|1|4000|Scan|8|src=192.0.2.1\n"
                         "CEF:0|v|p|1|4000|Scan|8|src=192.0.2.2\n"),
        202);
    assert_int_equal(world.intake.count, 2);
    assert_non_null(strstr(world.intake.stored[1].text, "192.0.2.2"));
    assert_int_equal(world.intake.stored[1].text[0], '{');
    request = as_admin();
    assert_int_equal(
        POST(&world, &request, "/v1/alerts/CEF", "CEF:0|v|p|1|4000|Scan|8|src=192.0.2.3\n"), 202);
    assert_non_null(strstr(world.intake.stored[2].text, "192.0.2.3"));
    end(&world);
}

static void what_is_empty_too_much_or_no_text_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = as_admin();
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", ""), 400);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", " \r\n"), 400);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "\x1F\x8B\x08"), 415);
    assert_non_null(strstr(request.body, "gzip"));
    CLEANUP(buf_release) struct buf body = BUF_INIT((size_t)32 * 1024 * 1024);
    buf_add(&body, STR("{\"a\":1}\n{\"b\":\""));
    for (size_t at = 0; at < ALERT_BYTES_MAX / 16; at++)
        buf_add(&body, STR("0123456789abcdef"));
    buf_add(&body, STR("\"}"));
    assert_int_equal(send_it(&world, &request, "/v1/alerts/any", buf_str(&body)), 413);
    buf_clear(&body);
    for (size_t at = 0; at < POSTED_ALERTS_MAX; at++)
        buf_add(&body, STR("{}\n"));
    buf_add(&body, STR("{}"));
    assert_int_equal(send_it(&world, &request, "/v1/alerts/any", buf_str(&body)), 413);
    assert_int_equal(world.intake.count, 0);
    assert_int_equal(
        send_it(&world, &request, "/v1/alerts/any", str_first(buf_str(&body), body.len - 2)), 202);
    end(&world);
}

static void what_is_not_on_disk_is_not_acknowledged(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const enum err errors[] = { ERR_LIMIT, ERR_STOPPED, ERR_STORE, ERR_BUSY, ERR_MEMORY,
        ERR_STORE };
    struct made_up request = as_admin();
    for (size_t at = 0; at < COUNT_OF(errors); at++) {
        world.intake.submit_err = at < 2 ? errors[at] : ERR_OK;
        world.intake.done_err = at < 2 ? ERR_OK : errors[at];
        assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 503);
        assert_true(request.says_retry);
    }
    world.intake.done_err = ERR_OK;
    assert_int_equal(world.counts.brought, 0);
    assert_true(metrics_get(daemon_of(&world)->metrics, METRIC_INGEST_FAILED, STR("api")) == 6.0);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 202);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 202);
    assert_string_equal(request.body, "{\"ids\":[\"1\"],\"new\":0,\"known\":1}");
    assert_int_equal(world.counts.brought, 2);
    assert_true(metrics_get(daemon_of(&world)->metrics, METRIC_ALERTS_KNOWN, STR("api")) == 1.0);
    end(&world);
}

/* ---- vendors ---- */

/* The first real alert of a file comes through a webhook, and its source is found by itself. */
static void alerts_of_vendors_come_through_and_find_their_source(void **state)
{
    (void)state;
    static const struct {
        const char *file, *source;
    } samples[] = {
        { "datadog/api-v2-signal.jsonl", "datadog" },
        { "wiz/panther-issue.jsonl", "wiz" },
        { "wiz/panther-defend.jsonl", "wiz" },
        { "sentinelone/xsoar-threats-v2.1.jsonl", "sentinelone" },
        { "sentinelone/xsoar-star-alerts.jsonl", "sentinelone" },
        { "defender/msdocs-mde-alerts.jsonl", "defender" },
        { "crowdstrike/xsoar-alerts-v2-cloud-ioa.jsonl", "crowdstrike" },
    };
    if (access("../shared/data/alerts", R_OK) != 0) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    struct world world;
    begin(&world);
    for (size_t at = 0; at < COUNT_OF(samples); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
        CLEANUP(buf_release) struct buf body = BUF_INIT(ALERT_BYTES_MAX);
        char path[256];
        char line[65536];
        size_t got;
        snprintf(path, sizeof path, "../shared/data/alerts/%s", samples[at].file);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while ((got = fread(line, 1, sizeof line, file)) > 0)
            buf_add(&body, (str){ line, got });
        fclose(file);
        struct made_up request = with("x-webhook-secret", KEY);
        size_t before = world.intake.count;
        assert_int_equal(send_it(&world, &request, "/hooks/custom", buf_str(&body)), 202);
        assert_true(world.intake.count > before);
        struct event event =
            read_alert(world.rule_sets.set.program, &arena, world.intake.stored[before].text);
        if (!str_is(event.source, samples[at].source))
            fail_msg("%s: %.*s", samples[at].file, STR_ARG(event.source));
    }
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
        cmocka_unit_test(notifications_of_the_topic_are_alerts),
        cmocka_unit_test(every_form_of_alerts_comes_in),
        cmocka_unit_test(garbage_is_kept_as_it_came),
        cmocka_unit_test(lines_of_cef_are_alerts_of_that_source),
        cmocka_unit_test(what_is_empty_too_much_or_no_text_is_refused),
        cmocka_unit_test(what_is_not_on_disk_is_not_acknowledged),
        cmocka_unit_test(alerts_of_vendors_come_through_and_find_their_source),
        cmocka_unit_test(a_webhook_that_would_let_anybody_in_does_not_start),
        cmocka_unit_test(the_authorities_of_webhooks_are_read_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
