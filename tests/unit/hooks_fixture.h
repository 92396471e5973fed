/* hooks_fixture.h - a daemon's webhooks without the daemon, for one test program: the server, the
 * intake, the admin's token, the rules in force and the courier of SNS are played here. */
#pragma once

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
    "  tls { certificate = \"tls.pem\" key = env(\"CDR_TEST_KEY\") }\n"                            \
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
    "  webhook twice { secret = env(\"CDR_TEST_KEY\") token = env(\"CDR_TEST_OTHER\") }\n"         \
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
    for (size_t at = 0; at < batch->count && err == ERR_OK; at++) {
        struct alert_record *alert = &batch->alerts[at];
        for (size_t i = 0; i < intake->count && alert->id == 0; i++)
            if (str_equal(alert->text, (str){ intake->stored[i].text, intake->stored[i].len })) {
                alert->id = (int64_t)i + 1;
                alert->copies = 1;
            }
        if (alert->id != 0 || batch->is_known)
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

bool exchange_has_header(const struct exchange *exchange, const char *name)
{
    const struct made_up *made_up = (const struct made_up *)exchange;
    for (size_t at = 0; at < 8 && made_up->headers[at][0] != NULL; at++)
        if (strcasecmp(made_up->headers[at][0], name) == 0)
            return true;
    return false;
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

static inline struct daemon *daemon_of(struct world *world)
{
    return &world->counts.daemon;
}

static inline void prepare(struct world *world, const char *config)
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

static inline void end(struct world *world)
{
    hooks_free(world->hooks);
    assert_int_equal(world->rule_sets.set.holders, 0);
    compile_release(&world->compilation);
    metrics_free(daemon_of(world)->metrics);
    for (size_t at = 0; at < world->intake.count; at++)
        free(world->intake.stored[at].text);
    free(world->intake.stored);
}

static inline void begin(struct world *world)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
    const char *reason = NULL;
    prepare(world, CONFIG);
    enum err err = hooks_new(daemon_of(world), NULL, &arena, &world->hooks, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason);
}

/* Send it: the head, and the body where that is let in. */
static inline int send_it(struct world *world, struct made_up *request, const char *path, str body)
{
    struct handler *hooks = world->hooks;
    struct exchange *exchange = &request->exchange;
    request->answers = 0;
    request->arena = (struct arena)ARENA_INIT(65536);
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

static inline struct made_up with(const char *name, const char *text)
{
    return (struct made_up){ .headers = { { name, text } } };
}

static inline struct made_up as_admin(void)
{
    return with("Authorization", "Bearer admin");
}

#define POST(world, request, path, text) send_it(world, request, path, STR(text))

static inline void sign(const char *key, const char *text, bool is_hex, char out[static 80])
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

static inline struct made_up signed_as(
    const char *id, const char *key, const char *body, char signature[static 96])
{
    char text[512];
    snprintf(text, sizeof text, "%s." NOW_S ".%s", id, body);
    memcpy(signature, "v1,", 3);
    sign(key, text, false, signature + 3);
    return (struct made_up){ .headers = { { "webhook-id", id }, { "webhook-timestamp", NOW_S },
                                 { "webhook-signature", signature } } };
}
