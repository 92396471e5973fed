/* alarms.c - see alarms.h. */
#include "serve/alarms.h"

#include "base/json_writer.h"
#include "base/time.h"
#include "host/pause.h"
#include "serve/canary.h"
#include "serve/ways.h"
#include "store/alerts.h"
#include "store/holds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NAME_SIZE = 192,
    LOOK_BYTES_MAX = 1024 * 1024,
    HOLDS_BYTES_MAX = 64 * 1024 * 1024,
    HOLDS_AT_ONCE = 32, /* the next ones follow a second later */
    ID_TEXT_MAX = 24,
};

static const char *const names[] = {
#define ALARM(id, name) [ALARM_##id] = name,
    ALARMS(ALARM)
#undef ALARM
};

/* An alarm that lasts, and was told. */
struct lasting {
    enum alarm what;
    char name[NAME_SIZE];
    bool is_seen; /* by this look */
};

struct alarms {
    struct daemon *daemon;
    struct herald *herald;
    struct http_curl *curl; /* what the herald sends by; NULL: it has its own */
    int64_t last_hold;
    size_t count;
    struct lasting items[ALARMS_MAX];
};

/* ---- what is said ---- */

/* As much of it as a message takes, in whole characters. */
static str cut(str text, size_t most)
{
    if (text.len <= most)
        return text;
    size_t len = most;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return str_first(text, len);
}

static void begin(struct alarms *alarms, struct json_writer *json, const char *type)
{
    struct clock *clock = alarms->daemon->log.clock;
    char at[TIME_TEXT_MAX];
    json_open(json, NULL, '{');
    json_text(json, "type", str_from(type));
    json_text(json, "at", time_format(clock->now_ms(clock), at));
}

static void end(struct alarms *alarms, struct json_writer *json, enum about about, struct buf *body)
{
    json_close(json, '}');
    if (body->err == ERR_OK)
        herald_tell(alarms->herald, about, buf_str(body));
    else
        LOG(&alarms->daemon->log, LOG_LEVEL_ERROR, "a message to people could not be written",
            LOG_TEXT("reason", str_from(err_text(body->err))));
}

static void tell_alarm(
    struct alarms *alarms, const char *type, enum alarm what, str name, str detail)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(HERALD_BODY_BYTES_MAX);
    struct json_writer json = { .out = &body };
    begin(alarms, &json, type);
    json_text(&json, "what", str_from(names[what]));
    if (name.len > 0)
        json_text(&json, "name", cut(name, ALARM_WORD_BYTES_MAX));
    if (detail.len > 0)
        json_text(&json, "detail", cut(detail, ALARM_DETAIL_BYTES_MAX));
    end(alarms, &json, ABOUT_ALARMS, &body);
}

static void tell_hold(struct alarms *alarms, const struct hold *hold)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(HERALD_BODY_BYTES_MAX);
    struct json_writer json = { .out = &body };
    char until[TIME_TEXT_MAX];
    char link[sizeof "cdr approvals " + ID_TEXT_MAX];
    snprintf(link, sizeof link, "cdr approvals %" PRId64, hold->id);
    begin(alarms, &json, "cdr.approval");
    json_number(&json, "hold", (uint64_t)hold->id);
    json_number(&json, "run", (uint64_t)hold->run);
    json_text(&json, "rule", cut(hold->rule, ALARM_WORD_BYTES_MAX));
    json_text(&json, "step", cut(hold->builtin, ALARM_WORD_BYTES_MAX));
    json_text(&json, "target", cut(hold->target, ALARM_WORD_BYTES_MAX));
    if (hold->until_ms > 0)
        json_text(&json, "until", time_format(hold->until_ms, until));
    json_text(&json, "look", str_from(link));
    json_text(&json, "detail", cut(hold->reason, ALARM_DETAIL_BYTES_MAX));
    end(alarms, &json, ABOUT_APPROVALS, &body);
}

/* ---- edges ---- */

static struct lasting *find(struct alarms *alarms, enum alarm what, str name)
{
    name = str_first(name, NAME_SIZE - 1);
    for (size_t at = 0; at < alarms->count; at++)
        if (alarms->items[at].what == what && str_is(name, alarms->items[at].name))
            return &alarms->items[at];
    return NULL;
}

static void note_one(struct alarms *alarms, const struct finding *finding)
{
    struct lasting *lasting = find(alarms, finding->what, finding->name);
    if (lasting == NULL && alarms->count < ALARMS_MAX) {
        str name = str_first(finding->name, NAME_SIZE - 1);
        lasting = &alarms->items[alarms->count++];
        *lasting = (struct lasting){ .what = finding->what };
        snprintf(lasting->name, sizeof lasting->name, "%.*s", STR_ARG(name));
        tell_alarm(alarms, "cdr.alarm", finding->what, finding->name, finding->detail);
    }
    if (lasting != NULL)
        lasting->is_seen = true;
}

void alarms_note(
    struct alarms *alarms, const struct finding *findings, size_t count, unsigned unknown)
{
    size_t kept = 0;
    for (size_t at = 0; at < alarms->count; at++)
        alarms->items[at].is_seen = (unknown & (1U << alarms->items[at].what)) != 0;
    for (size_t at = 0; at < count; at++)
        note_one(alarms, &findings[at]);
    for (size_t at = 0; at < alarms->count; at++) {
        struct lasting *lasting = &alarms->items[at];
        if (lasting->is_seen)
            alarms->items[kept++] = *lasting;
        else
            tell_alarm(alarms, "cdr.alarm_over", lasting->what, str_from(lasting->name), STR(""));
    }
    alarms->count = kept;
}

/* ---- what is looked at ---- */

struct look {
    struct daemon *daemon;
    struct arena arena;
    size_t count;
    unsigned unknown;
    struct finding findings[ALARMS_MAX];
};

static void found(struct look *look, enum alarm what, str name, str detail)
{
    if (look->count < ALARMS_MAX)
        look->findings[look->count++] =
            (struct finding){ .what = what, .name = name, .detail = detail };
}

static void look_at_ways(struct look *look)
{
    struct way_view view;
    for (size_t at = 0; ways_view(look->daemon->ways, at, &view); at++)
        if (view.is_silent)
            found(look, ALARM_WAY_SILENT, view.name,
                STR("it brings nothing for longer than its silent_after"));
}

static void look_at_canary(struct look *look)
{
    struct canary_state state = { .is_bad = false };
    if (look->daemon->canary != NULL)
        state = canary_state(look->daemon->canary);
    if (state.is_bad)
        found(look, ALARM_CANARY_LATE, STR(""), str_from(state.why));
}

static void look_at_rules(struct look *look)
{
    str fault = STR("");
    if (look->daemon->rule_sets == NULL)
        return;
    if (rule_sets_fault(look->daemon->rule_sets, &look->arena, &fault) != ERR_OK)
        look->unknown |= 1U << ALARM_RULES_REFUSED;
    else if (fault.len > 0)
        found(look, ALARM_RULES_REFUSED, STR(""), fault);
}

static void look_at_store(struct look *look)
{
    enum err err = look->daemon->intake == NULL ? ERR_OK : intake_state(look->daemon->intake);
    if (err != ERR_OK)
        found(look, ALARM_STORE_FAILED, STR(""), str_from(err_text(err)));
}

static void look_at_dead(struct look *look)
{
    const struct alert_filter filter = { .most = 1, .is_of_state = true, .state = ALERT_DEAD };
    struct alert_record *alerts = NULL;
    size_t count = 0;
    if (alerts_list(look->daemon->store, &filter, &look->arena, &alerts, &count) != ERR_OK)
        look->unknown |= 1U << ALARM_ALERT_SET_ASIDE;
    else if (count > 0)
        found(look, ALARM_ALERT_SET_ASIDE, STR(""),
            STR("an alert could not be evaluated; cdr deadletter shows it, and those after it"));
}

static void look_at_breakers(struct look *look)
{
    str *labels = NULL;
    size_t count = 0;
    if (metrics_raised(look->daemon->metrics, METRIC_BREAKER_OPEN, &look->arena, &labels, &count)
        != ERR_OK) {
        look->unknown |= 1U << ALARM_BREAKER_OPEN;
        return;
    }
    for (size_t at = 0; at < count; at++)
        found(look, ALARM_BREAKER_OPEN, labels[at], STR("it does not answer, so its steps wait"));
}

static void look_at_pause(struct look *look)
{
    const char *path = pause_path(look->daemon->data, &look->arena);
    if (path == NULL)
        look->unknown |= 1U << ALARM_PAUSED;
    else if (pause_is_on(path))
        found(look, ALARM_PAUSED, STR(""), STR("nothing is changed until cdr resume --lift-pause"));
}

static void look_at_all(struct alarms *alarms)
{
    struct look *look = calloc(1, sizeof *look);
    if (look == NULL)
        return; /* the next second looks again */
    look->daemon = alarms->daemon;
    look->arena = (struct arena)ARENA_INIT(LOOK_BYTES_MAX);
    look_at_store(look);
    look_at_canary(look);
    look_at_rules(look);
    look_at_dead(look);
    look_at_pause(look);
    look_at_ways(look);
    look_at_breakers(look);
    alarms_note(alarms, look->findings, look->count, look->unknown);
    arena_release(&look->arena);
    free(look);
}

/* Those that are open and were not told: their numbers only grow. */
static void look_at_holds(struct alarms *alarms)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(HOLDS_BYTES_MAX);
    const struct hold_filter filter = {
        .is_open = true, .after = alarms->last_hold, .limit = HOLDS_AT_ONCE
    };
    struct hold *holds = NULL;
    size_t count = 0;
    if (holds_list(alarms->daemon->store, &filter, &arena, &holds, &count) != ERR_OK)
        return; /* the next second looks again */
    for (size_t at = 0; at < count; at++) {
        if (!holds[at].is_step_over)
            tell_hold(alarms, &holds[at]);
        alarms->last_hold = holds[at].id;
    }
}

void alarms_tick(struct alarms *alarms)
{
    if (herald_is_wanted(alarms->herald, ABOUT_ALARMS))
        look_at_all(alarms);
    if (herald_is_wanted(alarms->herald, ABOUT_APPROVALS))
        look_at_holds(alarms);
}

/* ---- its beginning and end ---- */

enum err alarms_new(struct daemon *daemon, struct herald *herald, struct alarms **ret_alarms)
{
    struct alarms *alarms = calloc(1, sizeof *alarms);
    if (alarms == NULL) {
        herald_stop(herald);
        return ERR_MEMORY;
    }
    alarms->daemon = daemon;
    alarms->herald = herald;
    *ret_alarms = alarms;
    return ERR_OK;
}

enum err alarms_start(
    struct daemon *daemon, const struct channels *channels, struct alarms **ret_alarms)
{
    struct http_curl *curl = NULL;
    struct herald *herald = NULL;
    char id[HERALD_ID_MAX];
    struct clock *clock = daemon->log.clock;
    snprintf(
        id, sizeof id, "cdr-%.*s-%" PRId64, STR_ARG(store_id(daemon->store)), clock->now_ms(clock));
    TRY(http_curl_new(NULL, &curl));
    const struct herald_options options = { .channels = channels,
        .http = http_curl_interface(curl),
        .clock = clock,
        .log = &daemon->log,
        .metrics = daemon->metrics,
        .id = id };
    enum err err = herald_new(&options, &herald);
    if (err == ERR_OK)
        err = alarms_new(daemon, herald, ret_alarms);
    if (err != ERR_OK) {
        http_curl_free(curl);
        return err;
    }
    (*ret_alarms)->curl = curl;
    err = herald_start(herald);
    if (err == ERR_OK)
        return ERR_OK;
    alarms_stop(*ret_alarms);
    *ret_alarms = NULL;
    return err;
}

void alarms_stop(struct alarms *alarms)
{
    if (alarms == NULL)
        return;
    herald_stop(alarms->herald);
    http_curl_free(alarms->curl);
    free(alarms);
}
