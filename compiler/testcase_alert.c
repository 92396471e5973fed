/* testcase_alert.c - the alerts of a test: made, read as any other, and put to the rules. */
#include "testcase_pass.h"

#include "arguments.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "decide.h"
#include "fixture.h"
#include "match/findings.h"
#include "number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

/* A fixture holds a few alerts, not a day of them. */
enum { FIXTURE_BYTES_MAX = 16 * 1024 * 1024 };

/* ---- an alert as it is written in the test ---- */

/* Append a node as JSON. Depth: what the parser let through, NESTING_MAX. */
static void add_json(struct buf *out, const struct ast_json *json)
{
    bool is_object = json->kind == AST_JSON_OBJECT;
    value number;
    switch (json->kind) {
    case AST_JSON_NULL:
        buf_add(out, STR("null"));
        return;
    case AST_JSON_BOOL:
        buf_add(out, json->boolean ? STR("true") : STR("false"));
        return;
    case AST_JSON_NUMBER:
        if (number_parse(json->text, &number))
            buf_add(out, json->text);
        else /* 007 is no number of JSON */
            json_text_add(out, json->text);
        return;
    case AST_JSON_TEXT:
        json_text_add(out, json->text);
        return;
    case AST_JSON_ARRAY:
    case AST_JSON_OBJECT:
        break;
    }
    buf_add_byte(out, is_object ? '{' : '[');
    for (const struct ast_json *child = json->children; child != NULL; child = child->next) {
        if (child != json->children)
            buf_add_byte(out, ',');
        if (is_object) {
            json_text_add(out, child->key);
            buf_add_byte(out, ':');
        }
        add_json(out, child);
    }
    buf_add_byte(out, is_object ? '}' : ']');
}

/* ---- one alert ---- */

/* Where an alert comes from, for messages. */
struct origin {
    const struct ast_check *alert;
    const char *file; /* or NULL: it stands in the test */
};

static enum err fail_reading(
    struct testcase *testcase, const struct origin *origin, const char *reason)
{
    return testcase_end(testcase, TESTCASE_FAILED, origin->alert->at,
        "%s%sthe alert cannot be read: %s", origin->file == NULL ? "" : origin->file,
        origin->file == NULL ? "" : ": ", reason);
}

/* Why event_read failed, in words; NULL for a failure that is not the alert's. */
static const char *reading_fault(enum err err, const struct json_fault *fault)
{
    if (err == ERR_JSON)
        return fault->reason;
    if (err == ERR_UNDECIDED || err == ERR_BUDGET)
        return "no source could be chosen: a condition of a source reached its limit";
    return err == ERR_MEMORY ? "it needs more memory than one alert may have" : NULL;
}

/* An alert without an id or a time gets a fresh one, and the clock's. */
enum err testcase_complete(struct event *event, uint32_t number, struct arena *arena)
{
    value *id = &event->fields[FIELD_ALERT_ID];
    value *time = &event->fields[FIELD_ALERT_TIME];
    if (id->kind == VALUE_ABSENT) {
        const char *fresh = arena_format(arena, "test-%" PRIu32, number);
        if (fresh == NULL)
            return ERR_MEMORY;
        *id = value_text(str_from(fresh));
    }
    if (time->kind == VALUE_ABSENT)
        *time = event->fields[FIELD_TIME];
    return ERR_OK;
}

static enum err read_alert(struct testcase *testcase, const struct origin *origin, str json)
{
    struct testcase_pending *pending = &testcase->pending;
    struct json_fault fault = { .reason = "not JSON" };
    arena_release(&pending->arena);
    pending->arena.limit = EVENT_BYTES_MAX;
    pending->count = 0;
    str text = arena_copy(&pending->arena, json); /* the steps run when the caller's is gone */
    enum err err = text.ptr == NULL ? ERR_MEMORY
                                    : event_read(testcase->program, testcase->tester->projection,
                                        text, origin->alert->alert.source, testcase->now_ms,
                                        &pending->arena, &pending->event, &fault);
    if (err != ERR_OK) {
        const char *reason = reading_fault(err, &fault);
        return reason == NULL ? err : fail_reading(testcase, origin, reason);
    }
    if (pending->event.source.len == 0) {
        TRY(testcase_help(testcase, "name its source: `alert guardduty \"..\"`"));
        return testcase_end(testcase, TESTCASE_FAILED, origin->alert->at,
            "no source takes this alert, so no rule can look at it");
    }
    pending->alert = origin->alert;
    return testcase_complete(&pending->event, testcase->outcome->alerts, &pending->arena);
}

/* ---- the rules ---- */

/* From this alert on nobody can know what the rule does. ERR_MEMORY. */
static enum err lose_rule(struct testcase *testcase, uint32_t rule, const struct ast_check *at,
    const char *format, ...) PRINTF_LIKE(4, 5);

static enum err lose_rule(
    struct testcase *testcase, uint32_t rule, const struct ast_check *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *reason = arena_vformat(testcase->arena, format, args);
    va_end(args);
    testcase->unknown[rule] = (struct testcase_unknown){ reason, at->at };
    return reason == NULL ? ERR_MEMORY : ERR_OK;
}

/* State across alerts that no test of this build keeps. */
static enum err look_at_state(struct testcase *testcase, uint32_t rule, const struct ast_check *at)
{
    const struct rule_code *code = &testcase->program->rules[rule];
    if (code->needs_state.len == 0)
        return ERR_OK;
    return lose_rule(testcase, rule, at,
        "rule %.*s needs `%.*s`, and this build keeps nothing from one alert to the next",
        STR_ARG(code->name), STR_ARG(code->needs_state));
}

static enum err ask_rule(struct testcase *testcase, uint32_t rule, const struct origin *origin)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(EVENT_BYTES_MAX);
    struct testcase_pending *pending = &testcase->pending;
    struct testcase_watcher *watcher = testcase->tester->watcher;
    const struct rule_code *code = &testcase->program->rules[rule];
    struct rule_decision decision = { .outcome = RULE_SILENT };
    enum err err = rule_decide(testcase->program, code, &pending->event, &scratch, &decision);
    if (err == ERR_UNDECIDED || err == ERR_BUDGET || err == ERR_MEMORY)
        return testcase_end(testcase, TESTCASE_FAILED, origin->alert->at,
            "rule %.*s is undecided for this alert: %s", STR_ARG(code->name), err_text(err));
    TRY(err);
    if (watcher != NULL && watcher->evaluated != NULL)
        TRY(watcher->evaluated(watcher, rule, &pending->event, decision.outcome != RULE_SILENT));
    if (decision.outcome == RULE_EXCUSED)
        testcase->excused[rule] = decision.excuse;
    if (decision.outcome == RULE_SILENT || decision.outcome == RULE_EXCUSED)
        return ERR_OK;
    if (testcase->unknown[rule].reason == NULL)
        TRY(look_at_state(testcase, rule, origin->alert));
    if (testcase->unknown[rule].reason != NULL)
        return ERR_OK;
    bool is_joined;
    TRY(testcase_join(testcase, rule, &is_joined));
    testcase->joined[rule] += is_joined;
    testcase->fired[rule] += !is_joined;
    return ERR_OK;
}

/* One alert at the clock's time: the rules that fire wait for their steps. */
static enum err evaluate(struct testcase *testcase, const struct origin *origin, str json)
{
    TRY(testcase_steps(testcase));
    if (testcase_is_over(testcase))
        return ERR_OK;
    if (++testcase->outcome->alerts > TEST_ALERTS_MAX)
        return testcase_end(testcase, TESTCASE_FAILED, origin->alert->at,
            "a test has at most %d alerts, and its files hold more", TEST_ALERTS_MAX);
    TRY(read_alert(testcase, origin, json));
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++)
        if (testcase->tester->in_view[rule] && !testcase_is_over(testcase))
            TRY(ask_rule(testcase, rule, origin));
    return ERR_OK;
}

/* The alert, or each finding of one that holds several. */
static enum err evaluate_each(struct testcase *testcase, const struct origin *origin, str json)
{
    CLEANUP(buf_release) struct buf made = BUF_INIT(ALERT_BYTES_MAX);
    struct findings findings;
    str finding;
    if (!findings_open(json, &findings))
        return evaluate(testcase, origin, json);
    if (findings.count > FINDINGS_MAX)
        return fail_reading(testcase, origin, FINDINGS_TOO_MANY);
    while (!testcase_is_over(testcase) && findings_next(&findings, &made, &finding)) {
        TRY(made.err);
        TRY(evaluate(testcase, origin, buf_str(&made)));
        buf_clear(&made);
    }
    return ERR_OK;
}

/* ---- all alerts of one `alert` ---- */

/* Every alert of a file, in order, all at the clock's time. */
static enum err evaluate_file(struct testcase *testcase, const struct origin *origin, str rest)
{
    enum json_place place = JSON_OUTSIDE;
    bool has_more = true;
    uint32_t count = 0;
    if (str_startswith(rest, STR("\xef\xbb\xbf")))
        rest = str_skip(rest, 3);
    while (!testcase_is_over(testcase)) {
        str json;
        struct json_fault fault = { .reason = "not JSON" };
        enum err err = json_next(&rest, &place, &json, &has_more, &fault);
        if (err == ERR_JSON)
            return fail_reading(testcase, origin, fault.reason);
        TRY(err);
        if (!has_more)
            break;
        if (json.len > ALERT_BYTES_MAX)
            return fail_reading(testcase, origin, "it is larger than 2 MiB");
        TRY(evaluate_each(testcase, origin, json));
        count++;
    }
    if (count == 0)
        return fail_reading(testcase, origin, "the file holds none");
    return ERR_OK;
}

/* The text of the alert, or of the file; *ret_origin says whose it is. */
static enum err load(struct testcase *testcase, const struct ast_check *alert, struct buf *text,
    struct origin *ret_origin)
{
    *ret_origin = (struct origin){ .alert = alert };
    if (alert->alert.object != NULL) {
        add_json(text, alert->alert.object);
        return text->err == ERR_LIMIT ? fail_reading(testcase, ret_origin, "it is too large")
                                      : text->err;
    }
    const struct sources *sources = &testcase->tester->compilation->sources;
    str from = sources->items[alert->at.file].file;
    str path = fixture_path(testcase->arena, from, alert->alert.file);
    if (path.ptr == NULL)
        return ERR_MEMORY;
    ret_origin->file = path.ptr;
    enum err err = fixture_read(sources, from, path.ptr, text);
    return err == ERR_IO || err == ERR_LIMIT
               ? fail_reading(testcase, ret_origin, fixture_reason(err, errno))
               : err;
}

enum err testcase_alert(struct testcase *testcase, const struct ast_check *alert)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(FIXTURE_BYTES_MAX);
    struct origin origin;
    int64_t times = alert->alert.times == 0 ? 1 : alert->alert.times;
    TRY(testcase_steps(testcase)); /* at the time of the alert before */
    if (testcase_is_over(testcase))
        return ERR_OK;
    if (alert->alert.after.written.len > 0)
        TRY(testcase_advance(testcase, testcase->before_ms + alert->alert.after.milliseconds));
    testcase->alert = alert;
    TRY(load(testcase, alert, &text, &origin));
    for (int64_t turn = 0; turn < times && !testcase_is_over(testcase); turn++) {
        if (turn > 0) {
            TRY(testcase_steps(testcase));
            TRY(testcase_advance(testcase, testcase->now_ms + alert->alert.every.milliseconds));
        }
        TRY(origin.file == NULL ? evaluate_each(testcase, &origin, buf_str(&text))
                                : evaluate_file(testcase, &origin, buf_str(&text)));
    }
    testcase->before_ms = testcase->now_ms;
    return ERR_OK;
}
