/* front.c - see front.h. Every request by its path, to whoever answers it. */
#include "serve/front.h"

#include "base/fold.h"
#include "driver/json_out.h"
#include "serve/api.h"
#include "serve/api_private.h"
#include "serve/health.h"
#include "serve/hooks.h"

#include <stdlib.h>

enum { HEADLESS_BYTES = 1, FIGURES_BYTES_MAX = 4 * 1024 * 1024 };

struct front {
    struct handler handler; /* first */
    struct daemon *daemon;
    struct handler *api;
    struct handler *hooks;
};

static bool is_health(const struct exchange *exchange)
{
    return str_is(exchange->path, "/healthz");
}

static bool is_metrics(const struct exchange *exchange)
{
    return str_is(exchange->path, "/metrics");
}

static bool is_for_hooks(const struct exchange *exchange)
{
    return str_startswith(exchange->path, STR("/hooks/"))
           || (str_startswith(exchange->path, STR("/v1/alerts/"))
               && strcmp(exchange->method, "POST") == 0);
}

/* Whether that is a name of this machine for itself, with any port. A page of a browser can be at any
 * other name that leads here, and read what is answered to it. */
static bool is_loopback_host(str host)
{
    bool is_six = str_startswith(host, STR("["));
    size_t end = is_six ? str_find(host, ']') + 1 : str_find(host, ':');
    str name = str_first(host, end);
    str port = str_skip(host, name.len);
    if (port.len > 0 && (port.ptr[0] != ':' || !str_all_of(str_skip(port, 1), "0123456789")))
        return false;
    return fold_equal(name, STR("localhost")) || str_is(name, "[::1]")
           || (str_startswith(name, STR("127.")) && str_all_of(name, "0123456789."));
}

/* Whether who asks is on this machine and asks this machine, and nobody stands in front who asks for
 * others. */
static bool is_local(const struct exchange *exchange)
{
    static const char *const forwarded[] = { "forwarded", "x-forwarded-for", "via", "x-real-ip" };
    for (size_t at = 0; at < COUNT_OF(forwarded); at++)
        if (exchange_has_header(exchange, forwarded[at]))
            return false;
    return is_loopback_host(exchange_header(exchange, "host"))
           && (str_startswith(exchange->peer, STR("127.")) || str_is(exchange->peer, "::1")
               || str_startswith(exchange->peer, STR("::ffff:127.")));
}

/* ---- /healthz and /metrics ---- */

static size_t admit_figures(struct front *front, struct exchange *exchange)
{
    if (strcmp(exchange->method, "GET") != 0) {
        api_refuse(exchange, &(struct answer){ .allow = "GET" }, 405,
            "This path has no such method.", "GET");
        return 0;
    }
    if (is_metrics(exchange) && !is_local(exchange) && !api_is_admin(front->api, exchange))
        return 0;
    return HEADLESS_BYTES;
}

/* Without the token only the word: what does not work is no business of strangers. */
static void answer_health(struct front *front, struct exchange *exchange)
{
    bool has_token = exchange_header(exchange, "authorization").len > 0;
    if (has_token && !api_is_admin(front->api, exchange))
        return;
    json_t *json = NULL;
    enum health health = health_of(front->daemon, has_token ? &json : NULL);
    if (!has_token) {
        json = json_object();
        json_put(&json, "status", json_from_text(health_name(health)));
    }
    api_answer_json(exchange, health == HEALTH_FAILING ? 503 : 200, json);
}

static void answer_metrics(struct front *front, struct exchange *exchange)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(FIGURES_BYTES_MAX);
    if (metrics_write(front->daemon->metrics, &text) != ERR_OK) {
        api_refuse(exchange, NULL, 503, "There is not enough memory.", NULL);
        return;
    }
    exchange_answer(exchange, &(struct answer){ .status = 200,
                                  .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                  .body = buf_str(&text) });
}

/* ---- the handler ---- */

static size_t admit(struct handler *handler, struct exchange *exchange)
{
    struct front *front = (struct front *)handler;
    if (is_health(exchange) || is_metrics(exchange))
        return admit_figures(front, exchange);
    struct handler *whose = is_for_hooks(exchange) ? front->hooks : front->api;
    return whose->admit(whose, exchange);
}

static void handle(struct handler *handler, struct exchange *exchange)
{
    struct front *front = (struct front *)handler;
    if (is_health(exchange)) {
        answer_health(front, exchange);
        return;
    }
    if (is_metrics(exchange)) {
        answer_metrics(front, exchange);
        return;
    }
    struct handler *whose = is_for_hooks(exchange) ? front->hooks : front->api;
    whose->handle(whose, exchange);
}

enum err front_new(struct daemon *daemon, struct arena *arena, struct handler **ret_front,
    const char **reterr_reason)
{
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL)
        return ERR_MEMORY;
    front->handler = (struct handler){ .admit = admit, .handle = handle };
    front->daemon = daemon;
    enum err err = api_new(daemon, arena, &front->api, reterr_reason);
    if (err == ERR_OK)
        err = hooks_new(daemon, front->api, arena, &front->hooks, reterr_reason);
    if (err != ERR_OK) {
        front_free(&front->handler);
        return err;
    }
    *ret_front = &front->handler;
    return ERR_OK;
}

void front_free(struct handler *front)
{
    struct front *self = (struct front *)front;
    if (self == NULL)
        return;
    if (self->hooks != NULL)
        hooks_free(self->hooks);
    api_free(self->api);
    free(self);
}
