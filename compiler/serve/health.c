/* health.c - see health.h. */
#include "serve/health.h"

#include "driver/json_out.h"
#include "host/pause.h"
#include "serve/canary.h"

enum { WORDS_BYTES_MAX = 64 * 1024, NAMES_MAX = 20 };

/* What is looked at, and what came of it so far. */
struct look {
    struct daemon *daemon;
    struct arena arena;
    enum health worst;
    json_t *checks;
};

/* `detail` may be NULL. */
static void found(struct look *look, const char *check, enum health health, const char *detail)
{
    json_t *json = json_object();
    if (health > look->worst)
        look->worst = health;
    json_put(&json, "status", json_from_text(health_name(health)));
    if (detail != NULL)
        json_put(&json, "detail", json_from_text(detail));
    json_put(&look->checks, check, json);
}

static void look_at_store(struct look *look)
{
    bool is_failed = metrics_get(look->daemon->metrics, METRIC_STORE_FAILED, STR("")) != 0;
    str reason = store_watch_reason(look->daemon->watch, &look->arena);
    found(look, "store", is_failed ? HEALTH_FAILING : HEALTH_OK,
        !is_failed ? NULL
        : reason.len == 0
            ? "the journal cannot be written"
            : arena_format(&look->arena, "the journal cannot be written: %.*s", STR_ARG(reason)));
}

static void look_at_intake(struct look *look)
{
    struct daemon *daemon = look->daemon;
    bool is_ending = daemon->is_stopping;
    enum err err = daemon->intake == NULL ? ERR_STOPPED : intake_state(daemon->intake);
    bool is_failing = is_ending || err != ERR_OK;
    found(look, "intake", is_failing ? HEALTH_FAILING : HEALTH_OK,
        is_ending       ? "the daemon is ending"
        : err != ERR_OK ? err_text(err)
                        : NULL);
}

static void look_at_rules(struct look *look)
{
    str fault = STR("");
    enum err err = rule_sets_fault(look->daemon->rule_sets, &look->arena, &fault);
    const char *words = fault.len == 0 ? NULL : arena_copy(&look->arena, fault).ptr;
    found(look, "rules", err != ERR_OK || fault.len > 0 ? HEALTH_DEGRADED : HEALTH_OK,
        err != ERR_OK ? err_text(err) : words);
}

/* Of the rules in force. */
static str rules_hash(struct look *look)
{
    struct rule_set *set = rule_sets_current(look->daemon->rule_sets);
    str hash = arena_copy(&look->arena, set->program->hash);
    rule_set_release(look->daemon->rule_sets, set);
    return hash;
}

static void look_at_canary(struct look *look)
{
    struct canary_state state = { 0 };
    if (look->daemon->canary != NULL)
        state = canary_state(look->daemon->canary);
    found(look, "canary", state.is_bad ? HEALTH_DEGRADED : HEALTH_OK, state.why);
}

/* "2 do not answer: aws, idp" */
static void look_at_raised(
    struct look *look, const char *check, enum metric metric, const char *words)
{
    str *labels = NULL;
    size_t count = 0;
    enum err err = metrics_raised(look->daemon->metrics, metric, &look->arena, &labels, &count);
    const char *detail = arena_format(&look->arena, "%zu %s", count, words);
    for (size_t at = 0; at < count && at < NAMES_MAX && detail != NULL; at++)
        detail = arena_format(
            &look->arena, "%s%s %.*s", detail, at == 0 ? ":" : ",", STR_ARG(labels[at]));
    bool is_well = err == ERR_OK && count == 0;
    found(look, check, is_well ? HEALTH_OK : HEALTH_DEGRADED,
        is_well         ? NULL
        : err != ERR_OK ? err_text(err)
                        : detail);
}

static void look_at_pause(struct look *look)
{
    const char *path = pause_path(look->daemon->data, &look->arena);
    bool is_paused = path == NULL || pause_is_on(path);
    found(look, "paused", is_paused ? HEALTH_DEGRADED : HEALTH_OK,
        is_paused ? "nothing is changed until cdr resume --lift-pause" : NULL);
}

const char *health_name(enum health health)
{
    static const char *const names[] = {
        [HEALTH_OK] = "ok",
        [HEALTH_DEGRADED] = "degraded",
        [HEALTH_FAILING] = "failing",
    };
    return names[health];
}

static json_t *json_from_look(const struct look *look, str hash, int64_t now_ms)
{
    json_t *json = json_object();
    json_put(&json, "status", json_from_text(health_name(look->worst)));
    json_put(&json, "version", json_from_text(driver_version()));
    json_put(&json, "rule_set", json_or_null(hash));
    json_put(&json, "started", json_from_moment(look->daemon->started_ms));
    json_put(&json, "uptime_seconds", json_integer((now_ms - look->daemon->started_ms) / 1000));
    json_put(&json, "checks", json_incref(look->checks));
    return json;
}

enum health health_of(struct daemon *daemon, json_t **ret_json)
{
    struct look look = {
        .daemon = daemon, .arena = ARENA_INIT(WORDS_BYTES_MAX), .checks = json_object()
    };
    int64_t now_ms = daemon->log.clock->now_ms(daemon->log.clock);
    look_at_store(&look);
    look_at_intake(&look);
    look_at_rules(&look);
    look_at_canary(&look);
    look_at_raised(&look, "ways", METRIC_WAY_SILENT, "bring nothing for longer than they may");
    look_at_raised(&look, "providers", METRIC_BREAKER_OPEN, "do not answer");
    look_at_pause(&look);
    if (ret_json != NULL)
        *ret_json = json_from_look(&look, rules_hash(&look), now_ms);
    json_decref(look.checks);
    arena_release(&look.arena);
    return look.worst;
}
