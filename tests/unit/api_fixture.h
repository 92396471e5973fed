/* api_fixture.h - the API over a real journal, with requests that come from no network: what the
 * server, the crew and the hooks would do is noted here. */
#pragma once

#include "fake_time.h"
#include "serve/api_private.h"
#include "serve/crew.h"
#include "serve/front.h"
#include "serve/hooks.h"
#include "store_fixture.h"

#include <jansson.h>
#include <strings.h>
#include <sys/stat.h>

#define FIXTURE_CONFIG "daemon { rules = [\"rules\"] }\n"
#define FIXTURE_RULE "rule one { when severity = high then respond isolate_role }\n"

/* A request and what was answered. */
struct asked {
    struct exchange exchange; /* first */
    struct arena arena;
    const char *query; /* "limit=3&after=7" */
    const char *authorization;
    const char *person;
    const char *forwarded, *host, *origin;
    bool is_answered;
    struct answer answer;
    char *body; /* owned */
    json_t *json;
};

/* What the crew was told, and what it says. */
struct told {
    enum err err;
    struct undo_order order;
    char person[200];
    char reason[200];
    unsigned count;
};

struct api_fixture {
    struct fixture fixture;
    struct fake_time time;
    volatile int stop;
    struct driver driver;
    struct daemon daemon;
    char config[128];
    char token[128]; /* "Bearer ..." */
    struct handler *front;
    struct told told;
};

static inline void fixture_put(const struct api_fixture *f, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", f->fixture.scratch.path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void api_fixture_begin(struct api_fixture *f)
{
    const char *reason = NULL;
    char path[256];
    *f = (struct api_fixture){ .fixture = fixture_new(), .time = FAKE_TIME };
    snprintf(path, sizeof path, "%s/rules", f->fixture.scratch.path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(f->config, sizeof f->config, "%s/cdr.cdr", f->fixture.scratch.path);
    fixture_put(f, "cdr.cdr", FIXTURE_CONFIG);
    fixture_put(f, "rules/one.cdr", FIXTURE_RULE);
    f->driver = (struct driver){ .clock = &f->time.clock, .stop = &f->stop };
    f->daemon = (struct daemon){ .driver = &f->driver,
        .log = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .clock = &f->time.clock },
        .config = f->config,
        .data = f->fixture.directory,
        .store = f->fixture.store,
        .crew = (struct crew *)&f->told,
        .started_ms = f->time.now_ms };
    assert_int_equal(metrics_new(&f->daemon.metrics), ERR_OK);
    struct rule_sets_options options = { .config = f->config,
        .store = f->fixture.store,
        .clock = &f->time.clock,
        .log = &f->daemon.log,
        .metrics = f->daemon.metrics };
    assert_int_equal(rule_sets_open(&options, &f->daemon.rule_sets), ERR_OK);
    struct intake_options intake = { .store = f->fixture.store };
    assert_int_equal(intake_start(&intake, &f->daemon.intake), ERR_OK);
    enum err err = front_new(&f->daemon, &f->fixture.arena, &f->front, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
    snprintf(path, sizeof path, "%s/admin.token", f->fixture.directory);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%100s", f->token + 7), 1);
    memcpy(f->token, "Bearer ", 7);
    fclose(file);
}

static inline void api_fixture_end(struct api_fixture *f)
{
    front_free(f->front);
    intake_stop(f->daemon.intake);
    rule_sets_close(f->daemon.rule_sets);
    metrics_free(f->daemon.metrics);
    close(f->daemon.log.fd);
    fixture_release(&f->fixture);
}

/* The daemon's own command would bring the daemon. */
const struct command *const all_commands[] = { NULL };

/* ---- what the server is to the API ---- */

static const char *header_of(const struct exchange *exchange, const char *name)
{
    const struct asked *asked = (const struct asked *)exchange;
    return strcasecmp(name, "authorization") == 0     ? asked->authorization
           : strcasecmp(name, "x-cdr-person") == 0    ? asked->person
           : strcasecmp(name, "x-forwarded-for") == 0 ? asked->forwarded
           : strcasecmp(name, "origin") == 0          ? asked->origin
           : strcasecmp(name, "host") == 0 ? (asked->host == NULL ? "localhost:8080" : asked->host)
                                           : NULL;
}

str exchange_header(const struct exchange *exchange, const char *name)
{
    return str_from(header_of(exchange, name));
}

bool exchange_has_header(const struct exchange *exchange, const char *name)
{
    return header_of(exchange, name) != NULL;
}

str exchange_query(const struct exchange *exchange, const char *name)
{
    const struct asked *asked = (const struct asked *)exchange;
    str rest = str_from(asked->query);
    while (rest.len > 0) {
        str pair = str_first(rest, str_find(rest, '&'));
        size_t equals = str_find(pair, '=');
        if (str_is(str_first(pair, equals), name))
            return str_skip(pair, equals + 1);
        rest = str_skip(rest, pair.len + 1);
    }
    return STR("");
}

str exchange_query_name(const struct exchange *exchange, size_t at)
{
    const struct asked *asked = (const struct asked *)exchange;
    str rest = str_from(asked->query);
    for (; at > 0; at--)
        rest = str_skip(rest, str_find(rest, '&') + 1);
    return rest.len == 0 ? (str){ NULL, 0 }
                         : str_first(str_first(rest, str_find(rest, '&')), str_find(rest, '='));
}

void exchange_answer(struct exchange *exchange, const struct answer *answer)
{
    struct asked *asked = (struct asked *)exchange;
    assert_false(asked->is_answered);
    asked->is_answered = true;
    asked->answer = *answer;
    asked->body = strndup(answer->body.ptr, answer->body.len);
    asked->json = json_loads(asked->body, 0, NULL);
}

void exchange_refuse(struct exchange *exchange, int status, const char *title, const char *detail)
{
    api_refuse(exchange, NULL, status, title, detail);
}

enum err crew_undo(struct crew *crew, const struct undo_order *order,
    void (*done)(void *self, enum exit_code code, str story), void *self)
{
    struct told *told = (struct told *)crew;
    if (told->err != ERR_OK)
        return told->err;
    told->order = *order;
    told->count++;
    snprintf(told->person, sizeof told->person, "%.*s", STR_ARG(order->person));
    snprintf(told->reason, sizeof told->reason, "%.*s", STR_ARG(order->reason));
    done(self, EXIT_FINDINGS, STR("run 2 takes run 1 back\n"));
    return ERR_OK;
}

static void hook_handle(struct handler *handler, struct exchange *exchange)
{
    (void)handler;
    exchange_answer(exchange, &(struct answer){ .status = 202, .body = STR("{}") });
}

static size_t hook_admit(struct handler *handler, struct exchange *exchange)
{
    (void)handler;
    (void)exchange;
    return 1;
}

enum err hooks_new(struct daemon *daemon, struct handler *api, struct arena *arena,
    struct handler **ret_hooks, const char **reterr_reason)
{
    (void)daemon;
    (void)api;
    (void)reterr_reason;
    *ret_hooks = ARENA_NEW(arena, struct handler);
    **ret_hooks = (struct handler){ .admit = hook_admit, .handle = hook_handle };
    return ERR_OK;
}

void hooks_free(struct handler *hooks)
{
    (void)hooks;
}

/* ---- asking ---- */

static inline void asked_release(struct asked *asked)
{
    free(asked->body);
    json_decref(asked->json);
    arena_release(&asked->arena);
}

/* As the server does it; the status. */
static inline int ask_as(struct api_fixture *f, struct asked *asked, const char *method,
    const char *path, const char *body)
{
    asked->exchange.method = method;
    asked->exchange.path = str_from(path);
    asked->exchange.body = str_from(body);
    asked->exchange.arena = &asked->arena;
    if (asked->exchange.peer.len == 0)
        asked->exchange.peer = STR("127.0.0.1");
    size_t room = f->front->admit(f->front, &asked->exchange);
    assert_true((room == 0) == asked->is_answered);
    if (room > 0)
        f->front->handle(f->front, &asked->exchange);
    assert_true(asked->is_answered);
    if (asked->answer.status >= 400)
        assert_string_equal(asked->answer.content_type, "application/problem+json");
    return asked->answer.status;
}

/* GET with the token. */
static inline int ask(
    struct api_fixture *f, struct asked *asked, const char *path, const char *query)
{
    asked->authorization = f->token;
    asked->query = query;
    return ask_as(f, asked, "GET", path, "");
}

static inline const char *member(const struct asked *asked, const char *name)
{
    const char *text = json_string_value(json_object_get(asked->json, name));
    return text == NULL ? "" : text;
}

static inline json_t *items(const struct asked *asked)
{
    json_t *array = json_object_get(asked->json, "items");
    assert_true(json_is_array(array));
    return array;
}
