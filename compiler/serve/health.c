/* health.c - see health.h. */
#include "serve/health.h"

#include "driver/json_out.h"
#include "host/pause.h"
#include "serve/blocks.h"

enum {
    CANARY_MS = 60 * 1000, /* where the config says nothing */
    CANARIES_MISSED = 3,   /* then it is late */
    WORDS_BYTES_MAX = 64 * 1024,
};

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
    found(look, "store", is_failed ? HEALTH_FAILING : HEALTH_OK,
        is_failed ? "the journal cannot be written" : NULL);
}

static void look_at_intake(struct look *look)
{
    struct daemon *daemon = look->daemon;
    bool is_ending = daemon->driver->stop != NULL && *daemon->driver->stop != 0;
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

/* How often a canary is sent, as the rules in force say; and their hash. */
static int64_t canary_every_ms(struct look *look, str *ret_hash)
{
    struct rule_set *set = rule_sets_current(look->daemon->rule_sets);
    int64_t every_ms = block_ms(block_find(set->program, "daemon"), "canary", CANARY_MS);
    *ret_hash = arena_copy(&look->arena, set->program->hash);
    rule_set_release(look->daemon->rule_sets, set);
    return every_ms;
}

static void look_at_canary(struct look *look, int64_t every_ms, int64_t now_ms)
{
    double last_s = metrics_get(look->daemon->metrics, METRIC_CANARY_LAST, STR(""));
    int64_t since_ms = last_s > 0 ? (int64_t)(last_s * 1000) : look->daemon->started_ms;
    bool is_late = every_ms > 0 && now_ms - since_ms > every_ms * CANARIES_MISSED;
    const char *words = !is_late     ? NULL
                        : last_s > 0 ? "the last alert of our own that took the whole way is old"
                                     : "no alert of our own has taken the whole way yet";
    found(look, "canary", is_late ? HEALTH_DEGRADED : HEALTH_OK, words);
}

static void look_at_sum(struct look *look, const char *check, enum metric metric, const char *words)
{
    double sum = metrics_sum(look->daemon->metrics, metric);
    found(look, check, sum > 0 ? HEALTH_DEGRADED : HEALTH_OK,
        sum > 0 ? arena_format(&look->arena, "%.0f %s", sum, words) : NULL);
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
    str hash;
    int64_t every_ms = canary_every_ms(&look, &hash);
    look_at_store(&look);
    look_at_intake(&look);
    look_at_rules(&look);
    look_at_canary(&look, every_ms, now_ms);
    look_at_sum(&look, "ways", METRIC_WAY_SILENT, "bring nothing for longer than they may");
    look_at_sum(&look, "providers", METRIC_BREAKER_OPEN, "do not answer");
    look_at_pause(&look);
    if (ret_json != NULL)
        *ret_json = json_from_look(&look, hash, now_ms);
    json_decref(look.checks);
    arena_release(&look.arena);
    return look.worst;
}
