/* api.c - see api.h. Which request goes where, who may make it, and how the journal is read for it.
 *
 * Each request reads by a connection of its own, so that nobody who looks waits for those who
 * write; how many do so at a time is bounded.
 */
#include "serve/api_private.h"

#include "base/json_writer.h"
#include "serve/admin_token.h"
#include "suggest.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    HEADLESS_BYTES = 1,          /* of body that a GET may have; nobody reads it */
    ORDER_BYTES_MAX = 16 * 1024, /* of a POST: a reason */
    PROBLEM_BYTES_MAX = 64 * 1024,
    BUSY_S = 1,
    BROKEN_S = 5,
};

struct route {
    const char *method;
    const char *path;  /* `*` is one part of it */
    const char *allow; /* every method of the path, whoever answers it */
    api_answer *answer;
    const char *const *parameters; /* of the query; NULL ends them */
};

static const char *const none[] = { NULL };
static const char *const of_alerts[] = { "after", "limit", "alert", "state", NULL };
static const char *const of_runs[] = { "after", "limit", "alert", "rule", "state", "open", NULL };
static const char *const of_steps[] = { "after", "limit", "run", "state", NULL };
static const char *const of_approvals[] = { "after", "limit", "state", NULL };
static const char *const of_audit[] = { "after", "limit", NULL };

static const struct route routes[] = {
    { "GET", "/v1/alerts", "GET", api_alerts, of_alerts },
    { "GET", "/v1/alerts/*", "GET, POST", api_alert, none }, /* POST: hooks.h */
    { "GET", "/v1/runs", "GET", api_runs, of_runs },
    { "GET", "/v1/runs/*", "GET", api_run, none },
    { "POST", "/v1/runs/*/undo", "POST", api_undo, none },
    { "GET", "/v1/steps", "GET", api_steps, of_steps },
    { "GET", "/v1/approvals", "GET", api_approvals, of_approvals },
    { "GET", "/v1/audit", "GET", api_audit, of_audit },
};

/* Part by part; *ret_id is the part at `*`. */
static bool path_matches(str path, const char *pattern, str *ret_id)
{
    str wanted = str_from(pattern);
    while (path.len > 0 && wanted.len > 0) {
        str part = str_first(path, 1 + str_find(str_skip(path, 1), '/'));
        str wanted_part = str_first(wanted, 1 + str_find(str_skip(wanted, 1), '/'));
        bool is_any = str_is(wanted_part, "/*") && part.len > 1;
        if (is_any)
            *ret_id = str_skip(part, 1);
        if (!is_any && !str_equal(part, wanted_part))
            return false;
        path = str_skip(path, part.len);
        wanted = str_skip(wanted, wanted_part.len);
    }
    return path.len == 0 && wanted.len == 0;
}

static const struct route *route_find(str path, str *ret_id)
{
    *ret_id = STR("");
    for (size_t at = 0; at < COUNT_OF(routes); at++)
        if (path_matches(path, routes[at].path, ret_id))
            return &routes[at];
    return NULL;
}

/* ---- answers ---- */

void api_refuse(struct exchange *exchange, const struct answer *answer, int status,
    const char *title, const char *detail)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(PROBLEM_BYTES_MAX);
    struct json_writer json = { .out = &body };
    struct answer said = answer == NULL ? (struct answer){ .status = status } : *answer;
    json_open(&json, NULL, '{');
    json_text(&json, "type", STR("about:blank"));
    json_text(&json, "title", str_from(title));
    json_number(&json, "status", (uint64_t)status);
    if (detail != NULL)
        json_text(&json, "detail", str_from(detail));
    json_close(&json, '}');
    said.status = status;
    said.content_type = "application/problem+json";
    said.body = body.err == ERR_OK ? buf_str(&body) : STR("{}");
    exchange_answer(exchange, &said);
}

void api_answer_json(struct exchange *exchange, int status, json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(json);
    if (text == NULL) {
        api_refuse(exchange, &(struct answer){ .retry_after_s = BROKEN_S }, 503,
            "There is not enough memory.", NULL);
        return;
    }
    exchange_answer(exchange,
        &(struct answer){
            .status = status, .content_type = "application/json", .body = str_from(text) });
    free(text);
}

void api_fail(struct api *api, struct exchange *exchange, enum err err, const char *doing)
{
    if (err == ERR_NOT_FOUND) {
        api_refuse(exchange, NULL, 404, "There is no such thing.", NULL);
        return;
    }
    LOG(&api->daemon->log, LOG_LEVEL_WARNING, "the API could not answer",
        LOG_TEXT("doing", str_from(doing)), LOG_TEXT("reason", str_from(err_text(err))));
    api_refuse(exchange, &(struct answer){ .retry_after_s = BROKEN_S }, 503,
        "The journal cannot be read now.", err_text(err));
}

bool api_number(str text, int64_t most, int64_t *ret_number)
{
    int64_t number = 0;
    if (text.len == 0 || text.len > 18 || !str_all_of(text, "0123456789"))
        return false;
    for (size_t at = 0; at < text.len; at++)
        number = number * 10 + (text.ptr[at] - '0');
    *ret_number = number;
    return number >= 1 && number <= most;
}

/* ---- reading ---- */

bool api_reader_open(struct api *api, struct exchange *exchange, struct store **ret_store)
{
    const char *reason = NULL;
    if (atomic_fetch_add(&api->readers, 1) >= API_READERS_MAX) {
        atomic_fetch_sub(&api->readers, 1);
        api_refuse(exchange, &(struct answer){ .retry_after_s = BUSY_S }, 503,
            "Too many read the journal at this moment.", "try again in a second");
        return false;
    }
    enum err err = store_open_reader(api->daemon->data, exchange->arena, ret_store, &reason);
    if (err == ERR_OK)
        return true;
    atomic_fetch_sub(&api->readers, 1);
    api_fail(api, exchange, err == ERR_NOT_FOUND ? ERR_STORE : err,
        reason == NULL ? "opening the journal" : reason);
    return false;
}

void api_reader_close(struct api *api, struct store *store)
{
    store_close(store);
    atomic_fetch_sub(&api->readers, 1);
}

/* ---- the handler ---- */

bool api_is_admin(struct handler *api, struct exchange *exchange)
{
    const struct api *self = (const struct api *)api;
    str header = exchange_header(exchange, "authorization");
    if (admin_token_is(&self->token, header))
        return true;
    metrics_add(self->daemon->metrics, METRIC_REQUESTS_REFUSED, STR("token"), 1);
    api_refuse(exchange, &(struct answer){ .authenticate = "Bearer realm=\"cdr\"" }, 401,
        header.len == 0 ? "This needs the admin token." : "That is not the admin token.",
        "Authorization: Bearer TOKEN, with what is in admin.token of the data directory");
    return false;
}

static bool refuse_parameter(
    struct exchange *exchange, str name, const char *what, const char *const *parameters)
{
    CLEANUP(buf_release) struct buf detail = BUF_INIT(PROBLEM_BYTES_MAX);
    struct suggestion near = { .word = name };
    for (size_t at = 0; parameters[at] != NULL; at++)
        suggest(&near, str_from(parameters[at]));
    if (near.best.len > 0 && !str_equal(near.best, name))
        buf_addf(&detail, "did you mean %.*s? ", STR_ARG(near.best));
    buf_add(&detail, parameters[0] == NULL ? STR("this path takes none") : STR("this path takes "));
    for (size_t at = 0; parameters[at] != NULL; at++)
        buf_addf(&detail, "%s%s", at == 0 ? "" : ", ", parameters[at]);
    const char *title =
        arena_format(exchange->arena, "The parameter %.*s %s.", STR_ARG(name), what);
    api_refuse(exchange, NULL, 400, title == NULL ? "A parameter is wrong." : title,
        detail.err == ERR_OK ? detail.ptr : NULL);
    return false;
}

/* A filter that is misspelled, or there twice, would tell more than was asked for. */
static bool parameters_are_known(struct exchange *exchange, const char *const *parameters)
{
    unsigned seen = 0;
    for (size_t at = 0;; at++) {
        size_t which = 0;
        str name = exchange_query_name(exchange, at);
        if (name.ptr == NULL)
            return true;
        while (parameters[which] != NULL && !str_is(name, parameters[which]))
            which++;
        if (parameters[which] == NULL)
            return refuse_parameter(exchange, name, "is not known here", parameters);
        if ((seen >> which & 1) != 0)
            return refuse_parameter(exchange, name, "is there twice", parameters);
        seen |= 1U << which;
    }
}

static size_t admit(struct handler *handler, struct exchange *exchange)
{
    str id;
    const struct route *route = route_find(exchange->path, &id);
    if (route == NULL) {
        exchange_refuse(exchange, 404, "There is nothing at this path.", NULL);
        return 0;
    }
    if (strcmp(route->method, exchange->method) != 0) {
        api_refuse(exchange, &(struct answer){ .allow = route->allow }, 405,
            "This path has no such method.", route->allow);
        return 0;
    }
    if (!api_is_admin(handler, exchange))
        return 0;
    exchange->is_known = true;
    if (!parameters_are_known(exchange, route->parameters))
        return 0;
    return strcmp(route->method, "POST") == 0 ? ORDER_BYTES_MAX : HEADLESS_BYTES;
}

static void handle(struct handler *handler, struct exchange *exchange)
{
    str id;
    const struct route *route = route_find(exchange->path, &id);
    if (route != NULL) /* admit found it */
        route->answer((struct api *)handler, exchange, id);
}

enum err api_new(struct daemon *daemon, struct arena *arena, struct handler **ret_api,
    const char **reterr_reason)
{
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return ERR_MEMORY;
    api->handler = (struct handler){ .admit = admit, .handle = handle };
    api->daemon = daemon;
    enum err err = admin_token_open(daemon->data, arena, &api->token, reterr_reason);
    if (err != ERR_OK) {
        api_free(&api->handler);
        return err;
    }
    *ret_api = &api->handler;
    return ERR_OK;
}

void api_free(struct handler *api)
{
    struct api *self = (struct api *)api;
    if (self == NULL)
        return;
    secret_release(&self->token);
    free(self);
}
