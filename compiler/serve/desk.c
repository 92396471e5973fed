/* desk.c - see desk.h. */
#include "serve/desk.h"

#include <stddef.h>

static bool has_served(const struct desk *desk, int64_t now_ms)
{
    int64_t age_ms = now_ms - desk->opened_ms;
    return desk->runs >= DESK_RUNS_MAX || age_ms < 0 || age_ms > DESK_MS_MAX;
}

/* The wrapped transport of `inner`, which may be another one of another account by now; NULL: there are
 * too many, which a new desk does not have. */
static struct breaker_transport *way_of(struct desk *desk, const struct transport *inner)
{
    for (size_t at = 0; at < desk->way_count; at++)
        if (desk->ways[at].inner == inner)
            return &desk->ways[at];
    return desk->way_count == DESK_WAYS_MAX ? NULL : &desk->ways[desk->way_count++];
}

/* As connector_connect, through the breaker of the connection. */
static struct transport *connect_through(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct desk *desk =
        (struct desk *)(void *)((char *)executor - offsetof(struct desk, session.executor));
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct transport *inner = connector_connect(executor, provider, account, reterr_reason);
    struct breaker_transport *way = inner == NULL ? NULL : way_of(desk, inner);
    const char *name =
        account.len == 0 ? provider : arena_format(&arena, "%s %.*s", provider, STR_ARG(account));
    if (way == NULL || name == NULL)
        return inner;
    breaker_wrap(desk->daemon->breakers, str_from(name), inner, way);
    return &way->transport;
}

enum err desk_open(struct desk *desk, struct daemon *daemon, enum report_format format)
{
    struct clock *clock = daemon->driver->clock;
    int64_t now_ms = clock->now_ms(clock);
    if (desk->is_open && !has_served(desk, now_ms))
        return ERR_OK;
    desk_close(desk);
    desk->driver = (struct driver){ .events = format == REPORT_LOG ? &daemon->log : NULL,
        .watch = format == REPORT_LOG ? daemon->watch : NULL,
        .clock = clock,
        .stop = daemon->driver->stop,
        .commands = daemon->driver->commands };
    desk->daemon = daemon;
    desk->way_count = 0;
    desk->ways = ARENA_ARRAY(&desk->driver.arena, struct breaker_transport, DESK_WAYS_MAX);
    output_init(&desk->driver.out, -1);
    output_init(&desk->driver.log, -1);
    desk->is_open = true;
    desk->opened_ms = now_ms;
    enum err err = session_attach(
        &desk->session, &desk->driver, &serve_command, daemon->data, daemon->store, format);
    if (err != ERR_OK || desk->ways == NULL) {
        desk_close(desk);
        return ERR_MEMORY;
    }
    desk->session.executor.connect = connect_through;
    desk->session.reporter.metrics = daemon->metrics;
    desk->session.governor.claims = daemon->claims;
    desk->session.executor.patience_tries = STEP_PATIENCE_TRIES;
    return ERR_OK;
}

void desk_close(struct desk *desk)
{
    if (!desk->is_open)
        return;
    session_release(&desk->session);
    output_release(&desk->driver.out);
    output_release(&desk->driver.log);
    arena_release(&desk->driver.arena);
    *desk = (struct desk){ 0 };
}
