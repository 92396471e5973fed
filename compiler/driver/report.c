/* report.c - what all forms share, and the summary. See report.h. */
#include "driver/report_forms.h"

#include "base/percent.h"
#include "driver/json_out.h"

#include <inttypes.h>
#include <stdlib.h>

const char *step_state(enum run_mode mode, const struct step_outcome *outcome)
{
    static const char *const ruled[RULING_COUNT] = {
        [RULING_HELD] = "held",
        [RULING_SHADOWED] = "shadowed",
        [RULING_REFUSED] = "refused",
    };
    const char *would = outcome->judgement == NULL ? NULL : ruled[outcome->judgement->ruling];
    if (mode == MODE_APPLY || outcome->turn != STEP_DONE)
        return step_turn_name(outcome->turn);
    return would == NULL ? "planned" : would;
}

const char *step_reason(enum run_mode mode, const struct step_outcome *outcome)
{
    const struct judgement *judgement = outcome->judgement;
    bool is_ruled = mode != MODE_APPLY && outcome->turn == STEP_DONE && judgement != NULL
                    && judgement->ruling != RULING_ADMITTED && judgement->reason != NULL;
    return is_ruled ? judgement->reason : outcome->reason;
}

str step_would(enum run_mode mode, const struct step_outcome *outcome)
{
    bool is_kept_back = mode == MODE_APPLY ? outcome->turn == STEP_HELD
                                           : step_reason(mode, outcome) != outcome->reason;
    return is_kept_back ? outcome->would : STR("");
}

enum style state_style(const char *state)
{
    str name = str_from(state);
    if (str_is(name, "done"))
        return STYLE_GREEN;
    if (str_is(name, "planned"))
        return STYLE_BOLD;
    return str_is(name, "failed") || str_is(name, "unknown") ? STYLE_RED : STYLE_YELLOW;
}

static enum err requests_of_plan(const struct planned_request *first, struct arena *arena,
    struct request_view **ret_requests, size_t *ret_count)
{
    size_t count = 0;
    for (const struct planned_request *at = first; at != NULL; at = at->next)
        count++;
    struct request_view *views = ARENA_ARRAY(arena, struct request_view, count + 1);
    if (views == NULL)
        return ERR_MEMORY;
    *ret_requests = views;
    *ret_count = count;
    for (const struct planned_request *at = first; at != NULL; at = at->next)
        *views++ = (struct request_view){ at->request.service, at->request.operation,
            at->request.region, at->request.target, at->request.body, at->is_change, false };
    return ERR_OK;
}

enum err step_requests(const struct reporter *reporter, const struct step_view *step,
    struct arena *arena, struct request_view **ret_requests, size_t *ret_count)
{
    if (reporter->store == NULL || step->run == 0)
        return requests_of_plan(step->outcome->requests, arena, ret_requests, ret_count);
    struct call_record *calls = NULL;
    size_t count = 0;
    TRY(store_calls(reporter->store, step->run, arena, &calls, &count));
    struct request_view *views = ARENA_ARRAY(arena, struct request_view, count + 1);
    if (views == NULL)
        return ERR_MEMORY;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (calls[i].step != step->index)
            continue;
        str service = arena_copy(arena, calls[i].service);
        str operation = arena_copy(arena, calls[i].operation);
        if (service.ptr == NULL || operation.ptr == NULL)
            return ERR_MEMORY;
        views[used++] =
            (struct request_view){ service.ptr, operation.ptr, calls[i].region, calls[i].target,
                calls[i].body, calls[i].is_change, calls[i].index < step->outcome->replayed };
    }
    *ret_requests = views;
    *ret_count = used;
    return ERR_OK;
}

enum err step_hold(const struct reporter *reporter, const struct step_outcome *outcome,
    struct arena *arena, struct hold *ret_hold)
{
    if (reporter->store == NULL || outcome->hold == 0)
        return ERR_NOT_FOUND;
    return holds_get(reporter->store, outcome->hold, arena, ret_hold);
}

const char *region_words(str service, str region, struct arena *arena)
{
    bool is_everywhere = str_is(service, "iam") || str_is(service, "organizations");
    const char *words =
        region.len == 0 || is_everywhere ? "" : arena_format(arena, " in %.*s", STR_ARG(region));
    return words == NULL ? "" : words;
}

bool form_next(str *rest, struct arena *arena, str *ret_key, str *ret_value)
{
    if (rest->len == 0)
        return false;
    str pair = str_first(*rest, str_find(*rest, '&'));
    *rest = str_skip(*rest, pair.len + 1);
    size_t equals = str_find(pair, '=');
    return percent_decode(arena, str_first(pair, equals), true, ret_key) == ERR_OK
           && percent_decode(arena, str_skip(pair, equals + 1), true, ret_value) == ERR_OK;
}

/* The kind of thing an ARN names: "role" of arn:aws:iam::111122223333:role/path/web. */
static str arn_kind(str arn)
{
    str rest = arn;
    for (int colons = 0; colons < 5; colons++)
        rest = str_skip(rest, str_find(rest, ':') + 1);
    str kind = str_first(rest, str_find(rest, '/'));
    return kind.len == 0 || kind.len == rest.len ? STR("arn") : kind;
}

void target_split(str target, str *ret_kind, str *ret_name)
{
    size_t slash = str_find(target, '/');
    *ret_kind = STR("");
    *ret_name = target;
    if (str_startswith(target, STR("arn:")))
        *ret_kind = arn_kind(target);
    else if (slash < target.len) {
        *ret_kind = str_first(target, slash);
        *ret_name = str_skip(target, slash + 1);
    } else if (target.len > 0)
        *ret_kind = STR("resource");
}

enum err reporter_count(struct reporter *reporter, const struct program *program)
{
    reporter->program = program;
    free(reporter->counts); /* of the rules before, in a daemon */
    reporter->counts = calloc((size_t)program->rule_count + 1, sizeof *reporter->counts);
    return reporter->counts == NULL ? ERR_MEMORY : ERR_OK;
}

void report_alert(struct reporter *reporter, const struct event *event, str name)
{
    reporter->event = event;
    reporter->name = name;
    reporter->is_shown = false;
    if (reporter->format == REPORT_JSON)
        json_alert(reporter);
}

void report_undecided(struct reporter *reporter, const struct rule_code *rule, const char *reason)
{
    if (reporter->format == REPORT_JSON)
        json_undecided(reporter, rule);
    else if (reporter->format == REPORT_TEXT)
        text_undecided(reporter, rule, reason);
}

void report_not_run(struct reporter *reporter, const struct rule_code *rule)
{
    if (reporter->format == REPORT_JSON)
        json_not_run(reporter, rule);
    else if (reporter->format == REPORT_TEXT)
        text_not_run(reporter, rule);
}

void report_excused(
    struct reporter *reporter, const struct rule_code *rule, const struct excuse_code *excuse)
{
    if (reporter->format == REPORT_JSON)
        json_excused(reporter, rule, excuse);
    else if (reporter->format == REPORT_TEXT)
        text_excused(reporter, rule, excuse);
}

void report_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run)
{
    switch (reporter->format) {
    case REPORT_TEXT:
        text_rule(reporter, rule, run);
        return;
    case REPORT_JSON:
        json_rule(reporter, rule, run);
        return;
    case REPORT_SUMMARY:
        if (reporter->counts != NULL)
            reporter->counts[rule - reporter->program->rules]++;
        return;
    case REPORT_LOG:
        reporter->rule = rule->name;
        reporter->run = run;
        return;
    }
}

void report_step(struct reporter *reporter, const struct step_view *step)
{
    if (reporter->format == REPORT_JSON)
        json_step(reporter, step);
    else if (reporter->format == REPORT_TEXT)
        text_step(reporter, step);
    else if (reporter->format == REPORT_LOG)
        log_step(reporter, step);
}

void report_note(struct reporter *reporter, const char *key, const char *text)
{
    if (reporter->format == REPORT_JSON)
        json_note(reporter, key, text);
    else if (reporter->format == REPORT_TEXT)
        text_note(reporter, text);
    else if (reporter->format == REPORT_LOG)
        log_note(reporter, key, text);
}

enum err report_alert_end(struct reporter *reporter)
{
    if (reporter->format == REPORT_JSON)
        return json_end(reporter);
    if (reporter->is_shown)
        output_add(reporter->out, STR("\n"));
    return ERR_OK;
}

void report_undo(struct reporter *reporter, const struct run *run)
{
    if (reporter->format == REPORT_JSON)
        json_undo(reporter, run);
    else if (reporter->format == REPORT_TEXT)
        text_undo(reporter, run);
    reporter->run = run->id;
    reporter->rule = run->rule;
}

enum err report_undo_end(struct reporter *reporter, int64_t undo)
{
    if (reporter->format == REPORT_JSON) {
        json_put(&reporter->alert, "undo", json_integer(undo));
        return json_end(reporter);
    }
    return ERR_OK;
}

void report_end(struct reporter *reporter, const struct totals *totals)
{
    if (reporter->format == REPORT_TEXT)
        text_end(reporter, totals);
    if (reporter->format != REPORT_SUMMARY)
        return;
    for (uint32_t i = 0; reporter->counts != NULL && i < reporter->program->rule_count; i++) {
        if (reporter->counts[i] == 0)
            continue;
        output_text(reporter->out, reporter->program->rules[i].name);
        output_addf(reporter->out, "\t%" PRIu64 "\n", reporter->counts[i]);
    }
    output_addf(reporter->out, "alerts\t%" PRIu64 "\n", totals->alerts);
}

void reporter_release(struct reporter *reporter)
{
    json_decref(reporter->alert);
    free(reporter->counts);
}
