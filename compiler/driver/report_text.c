/* report_text.c - the story of an alert for a person. What an alert says is shown with
 * control characters and direction marks spelled out. */
#include "base/sha256.h"
#include "decide.h"
#include "driver/connect.h"
#include "driver/hold_words.h"
#include "driver/paragraph.h"
#include "driver/report_forms.h"
#include "driver/step_needs.h"
#include "rest/rest.h"
#include "store/timers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STATE_COLUMN = 67,
    VALUE_BYTES_SHOWN = 400,
    PARAMETERS_SHOWN = 40,
    SCRIPT_LINES_MIN = 5,
    PARAMETER_WAY_MAX = 256,
    INDENT = 2, /* of what stands in an `if` */
    PARAMETER_COLUMN = 21,
    PERMISSION_BYTES_MAX = 128,
    QUESTION_BYTES_MAX = 160,
};

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* A field of the alert, or nothing. */
static str field_text(const struct reporter *reporter, enum field field, struct arena *arena)
{
    value v = reporter->event->fields[field];
    str text = v.kind == VALUE_ABSENT ? STR("") : value_print(arena, v);
    return text.ptr == NULL ? STR("") : text;
}

/* Which alert it is; written when there is something to say about it. */
static void show_head(struct reporter *reporter)
{
    if (reporter->is_shown)
        return;
    reporter->is_shown = true;
    if (reporter->is_by_hand)
        return;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct output *out = reporter->out;
    str severity = field_text(reporter, FIELD_SEVERITY, &arena);
    str title = field_text(reporter, FIELD_ALERT_TITLE, &arena);
    output_add(out, STR("alert "));
    output_styled(out, STYLE_BOLD, reporter->name);
    output_add(out, STR(" from "));
    output_text(out,
        reporter->event->source.len > 0 ? reporter->event->source : STR("no source that is known"));
    if (severity.len > 0) {
        output_add(out, STR(", severity "));
        output_text(out, severity);
    }
    output_add(out, STR("\n"));
    if (title.len > 0) {
        output_add(out, STR("  \""));
        output_text(out, title);
        output_add(out, STR("\"\n"));
    }
    if (reporter->event->repairs > 0)
        output_addf(out, "  its text had to be mended in %u place%s\n", reporter->event->repairs,
            reporter->event->repairs == 1 ? "" : "s");
}

void text_undecided(struct reporter *reporter, const struct rule_code *rule, const char *reason)
{
    show_head(reporter);
    output_add(reporter->out, STR("  rule "));
    output_text(reporter->out, rule->name);
    output_add(reporter->out, STR(" is "));
    output_styled(reporter->out, STYLE_RED, STR("undecided"));
    output_addf(reporter->out, ": %s\n", reason);
}

void text_not_run(struct reporter *reporter, const struct rule_code *rule)
{
    show_head(reporter);
    output_add(reporter->out, STR("  rule "));
    output_text(reporter->out, rule->name);
    output_add(reporter->out, STR(" "));
    output_styled(reporter->out, STYLE_YELLOW, STR("not run"));
    output_add(reporter->out, STR(": needs `"));
    output_text(reporter->out, rule->needs_state);
    output_add(reporter->out, STR("`, which this build does not keep\n"));
}

void text_excused(
    struct reporter *reporter, const struct rule_code *rule, const struct excuse_code *excuse)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct output *out = reporter->out;
    const char *name = excuse_name(excuse, &arena);
    show_head(reporter);
    output_add(out, STR("  rule "));
    output_text(out, rule->name);
    output_add(out, STR(" is "));
    output_styled(out, STYLE_YELLOW, STR("excused"));
    output_add(out, STR(" by `"));
    output_text(out, name == NULL ? STR("..") : str_from(name));
    output_add(out, STR("` ("));
    output_text(out, excuse->file);
    output_addf(out, ":%u)", excuse->line);
    if (excuse->reason.len > 0) {
        output_add(out, STR(": "));
        output_text(out, excuse->reason);
    }
    output_add(out, STR("\n"));
}

void text_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run)
{
    struct output *out = reporter->out;
    reporter->inside = NULL;
    show_head(reporter);
    if (reporter->is_by_hand) {
        if (run != 0)
            output_addf(out, "run %" PRId64 "\n", run);
        return;
    }
    output_add(out, STR("  rule "));
    output_styled(out, STYLE_BOLD, rule->name);
    if (rule->title.len > 0) {
        output_add(out, STR(" \""));
        output_text(out, rule->title);
        output_add(out, STR("\""));
    }
    output_add(out, STR(" ("));
    output_text(out, rule->file);
    output_addf(out, ":%u)", rule->line);
    if (run != 0)
        output_addf(out, ", run %" PRId64, run);
    output_add(out, STR("\n"));
    output_flush(out);
}

void text_note(struct reporter *reporter, const char *text)
{
    output_add(reporter->out, STR("     "));
    output_styled(reporter->out, STYLE_YELLOW, str_from(text));
    output_add(reporter->out, STR("\n"));
}

/* A text of many lines, by what tells it from others: the whole is in the journal. */
static bool show_script(struct output *out, str text)
{
    char hash[SHA256_HEX_SIZE];
    size_t lines = text.ptr[text.len - 1] != '\n';
    for (size_t at = 0; at < text.len; at++)
        lines += text.ptr[at] == '\n';
    if (lines < SCRIPT_LINES_MIN || sha256_hex(text, hash) != ERR_OK)
        return false;
    output_addf(out, "a script of %zu lines, sha256 %s\n", lines, hash);
    return true;
}

/* One parameter of a change; *tag_key is the key of a tag whose value comes next. */
static void show_parameter(struct output *out, size_t indent, str key, str text, str *tag_key)
{
    bool is_tag = str_startswith(key, STR("TagSpecification."));
    if (str_is(key, "Action") || str_is(key, "Version")
        || (is_tag && str_endswith(key, STR(".ResourceType"))))
        return;
    if (is_tag && str_endswith(key, STR(".Key"))) {
        *tag_key = text;
        return;
    }
    output_addf(out, "%*s", (int)(indent + PARAMETER_COLUMN), "");
    is_tag = is_tag && str_endswith(key, STR(".Value"));
    if (is_tag)
        output_add(out, STR("tag "));
    output_text(out, is_tag ? *tag_key : key);
    output_add(out, STR(" = "));
    if (is_tag && str_is(*tag_key, "cdr:step"))
        text = STR("(names run and step, so that a resumed run finds its own)");
    if (text.len > VALUE_BYTES_SHOWN && show_script(out, text))
        return;
    output_text(out, str_first(text, VALUE_BYTES_SHOWN));
    output_add(out, text.len > VALUE_BYTES_SHOWN ? STR(" ..\n") : STR("\n"));
}

/* The members of a JSON body, each by its way ("Parameters.commands.1"), at most PARAMETERS_SHOWN. */
/* NOLINTNEXTLINE(misc-no-recursion): a way has no more parts than fit into its half */
static void show_members(
    struct output *out, size_t indent, const char *way, json_t *json, size_t *shown)
{
    const char *key;
    json_t *member;
    size_t index;
    char longer[PARAMETER_WAY_MAX];
    str none = STR("");
    const char *dot = way[0] == '\0' ? "" : ".";
    json_object_foreach(json, key, member)
    {
        snprintf(longer, sizeof longer, "%s%s%s", way, dot, key);
        if (strlen(way) < PARAMETER_WAY_MAX / 2)
            show_members(out, indent, longer, member, shown);
    }
    json_array_foreach(json, index, member)
    {
        snprintf(longer, sizeof longer, "%s%s%zu", way, dot, index + 1);
        if (strlen(way) < PARAMETER_WAY_MAX / 2)
            show_members(out, indent, longer, member, shown);
    }
    if (json_is_object(json) || json_is_array(json) || (*shown)++ >= PARAMETERS_SHOWN)
        return;
    char *text = json_is_string(json) ? NULL : json_dumps(json, JSON_ENCODE_ANY);
    show_parameter(out, indent, str_from(way),
        text != NULL ? str_from(text) : (str){ json_string_value(json), json_string_length(json) },
        &none);
    free(text);
}

/* Whether the body was a JSON object, and is shown. */
static bool show_json(struct output *out, size_t indent, str body)
{
    json_auto_t *json = str_startswith(body, STR("{"))
                            ? json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL)
                            : NULL;
    size_t shown = 0;
    if (json == NULL && str_startswith(body, STR("{")))
        output_addf(out, "%*s%zu bytes\n", (int)(indent + PARAMETER_COLUMN), "", body.len);
    if (!json_is_object(json))
        return str_startswith(body, STR("{"));
    show_members(out, indent, "", json, &shown);
    if (shown > PARAMETERS_SHOWN)
        output_addf(out, "%*sand %zu more\n", (int)(indent + PARAMETER_COLUMN), "",
            shown - PARAMETERS_SHOWN);
    return true;
}

/* Content that is no JSON: a file or several in one. */
static void show_content(struct output *out, size_t indent, str content)
{
    char hash[SHA256_HEX_SIZE];
    if (sha256_hex(content, hash) == ERR_OK)
        output_addf(out, "%*s%zu bytes, sha256 %s\n", (int)(indent + PARAMETER_COLUMN), "",
            content.len, hash);
}

/* Whether the body was a request of a REST API (rest/rest.h), and is shown. */
static bool show_rest(struct output *out, size_t indent, str body)
{
    struct rest_request request;
    if (!rest_read(body, &request))
        return false;
    output_addf(out, "%*s%.*s ", (int)(indent + PARAMETER_COLUMN), "", STR_ARG(request.method));
    output_text(out, request.path);
    output_add(out, request.query.len > 0 ? STR("?") : STR(""));
    output_text(out, str_first(request.query, VALUE_BYTES_SHOWN));
    output_add(out, STR("\n"));
    if (request.content.len > 0 && !show_json(out, indent, request.content))
        show_content(out, indent, request.content);
    return true;
}

void text_parameters(struct output *out, size_t indent, str body)
{
    if (show_json(out, indent, body) || show_rest(out, indent, body))
        return;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    str key;
    str text;
    str tag_key = STR("");
    for (str rest = body; form_next(&rest, &arena, &key, &text);)
        show_parameter(out, indent, key, text, &tag_key);
}

static bool is_same_question(const struct request_view *a, const struct request_view *b)
{
    return !a->is_change && !b->is_change && strcmp(a->service, b->service) == 0
           && strcmp(a->operation, b->operation) == 0;
}

/* How often request `at` was asked, or 0 when an earlier one has told it. */
static size_t count_question(const struct request_view *requests, size_t count, size_t at)
{
    size_t times = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_same_question(&requests[i], &requests[at]))
            continue;
        if (i < at)
            return 0;
        times++;
    }
    return times;
}

/* The reads of a step: in a plan each operation once, with its number. */
static void show_questions(
    struct reporter *reporter, size_t indent, const struct request_view *requests, size_t count)
{
    struct output *out = reporter->out;
    struct paragraph paragraph;
    size_t reads = 0;
    for (size_t i = 0; i < count; i++)
        reads += !requests[i].is_change;
    if (reads == 0)
        return;
    paragraph_begin(
        &paragraph, out, indent, reporter->mode == MODE_OFFLINE ? "would ask" : "asked");
    if (reporter->mode == MODE_APPLY)
        output_addf(out, "%zu time%s", reads, plural(reads));
    for (size_t i = 0, told = 0; i < count && reporter->mode != MODE_APPLY; i++) {
        size_t times = count_question(requests, count, i);
        char word[QUESTION_BYTES_MAX];
        char often[32] = "";
        if (times > 1)
            snprintf(often, sizeof often, " (%zu times)", times);
        told += times;
        snprintf(word, sizeof word, "%s %s%s%s", requests[i].service, requests[i].operation, often,
            told < reads ? "," : "");
        if (times > 0)
            paragraph_word(&paragraph, str_from(word));
    }
    paragraph_end(&paragraph);
}

/* A change. What it says in full is in the plan and in the journal. */
static void show_change(
    struct reporter *reporter, size_t indent, const struct request_view *request)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct output *out = reporter->out;
    struct paragraph paragraph;
    bool is_plan = reporter->mode != MODE_APPLY;
    paragraph_begin(&paragraph, out, indent,
        is_plan ? "would send" : (request->is_replayed ? "sent before" : "sent"));
    output_style(out, STYLE_BOLD);
    output_addf(out, "%s %s", request->service, request->operation);
    output_style(out, STYLE_PLAIN);
    if (request->target.len > 0) {
        output_add(out, STR(" "));
        output_text(out, request->target);
    }
    output_text(out, str_from(region_words(str_from(request->service), request->region, &arena)));
    paragraph_end(&paragraph);
    if (is_plan)
        text_parameters(out, indent, request->body);
}

static void show_requests(struct reporter *reporter, const struct step_view *step, size_t indent)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    struct request_view *requests = NULL;
    size_t count = 0;
    if (step_requests(reporter, step, &arena, &requests, &count) != ERR_OK) {
        output_add(reporter->out, STR("       (its requests cannot be shown: out of memory)\n"));
        return;
    }
    show_questions(reporter, indent, requests, count);
    for (size_t i = 0; i < count; i++)
        if (requests[i].is_change)
            show_change(reporter, indent, &requests[i]);
}

static void show_permissions(struct output *out, size_t indent, const char *label,
    const struct step_view *step, const char *const *permissions)
{
    struct paragraph paragraph;
    const char *last = NULL;
    char word[PERMISSION_BYTES_MAX];
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && permissions[i] != NULL; i++) {
        if (!step_needs(step, permissions[i]))
            continue;
        if (last == NULL)
            paragraph_begin(&paragraph, out, indent, label);
        else {
            snprintf(word, sizeof word, "%s,", last);
            paragraph_word(&paragraph, str_from(word));
        }
        last = permissions[i];
    }
    if (last == NULL)
        return;
    paragraph_word(&paragraph, str_from(last));
    paragraph_end(&paragraph);
}

static size_t depth_of(const struct step_condition *condition)
{
    size_t depth = 0;
    for (; condition != NULL; condition = condition->outer)
        depth++;
    return depth;
}

/* The `if` at `depth` around `condition`, itself among them; from 1. */
static const struct step_condition *condition_at(
    const struct step_condition *condition, size_t depth)
{
    size_t own = depth_of(condition);
    for (; own > depth; own--)
        condition = condition->outer;
    return own == depth ? condition : NULL;
}

/* Each `if` around the step that the step before was not in. Returns how many there are. */
static size_t show_conditions(struct reporter *reporter, const struct step_condition *condition)
{
    struct output *out = reporter->out;
    size_t depth = depth_of(condition);
    for (size_t at = 1; at <= depth; at++) {
        const struct step_condition *way = condition_at(condition, at);
        if (way == condition_at(reporter->inside, at))
            continue;
        output_addf(out, "%*s%s ", (int)(INDENT * at + 3), "", way->is_else ? "unless" : "if");
        output_text(out, way->text);
        output_add(out, STR(":\n"));
    }
    reporter->inside = condition;
    return depth;
}

/* The step as written and its state. */
static void show_step_head(struct reporter *reporter, const struct step_view *step, size_t indent)
{
    struct output *out = reporter->out;
    const char *state = step_state(reporter->mode, step->outcome);
    size_t before = out->buf.len;
    output_addf(out, "%*s%3u. ", (int)(indent + 2), "", step->index + 1);
    if (step->code != NULL) {
        str text = paragraph_some(step->code->text);
        output_text(out, text);
        output_add(out, text.len < step->code->text.len ? STR("..") : STR(""));
    } else {
        output_addf(out, "%s %s", verb_name(step->row->verb), step->row->name);
    }
    size_t used = out->buf.len - before;
    output_addf(out, "%*s", used < STATE_COLUMN ? (int)(STATE_COLUMN - used) : 1, "");
    output_styled(out, state_style(state), str_from(state));
    output_add(out, STR("\n"));
}

static const char *reason_to_tell(struct reporter *reporter, const struct step_outcome *outcome)
{
    const char *reason = step_reason(reporter->mode, outcome);
    bool is_asked = outcome->turn == STEP_UNRESOLVED && reporter->connector != NULL;
    return is_asked && reason == outcome->reason ? connector_tell(reporter->connector, reason)
                                                 : reason;
}

/* The step of another run that this one goes by. One of a plan has no number. */
static void show_joined(struct output *out, size_t indent, const struct step_outcome *outcome)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct step_record *joined = &outcome->judgement->joined;
    const char *label = outcome->turn == STEP_HELD ? "waits for" : "joined";
    const char *words = joined->run <= 0 ? "an earlier run of this plan"
                                         : arena_format(&arena, "run %" PRId64 ", step %" PRIu32,
                                             joined->run, joined->index + 1);
    if (words != NULL)
        paragraph_show(out, indent, label, str_from(words));
}

/* What the governor said, where it did not just let the step act. */
static void show_ruling(
    const struct reporter *reporter, size_t indent, const struct step_outcome *outcome)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    const struct judgement *judgement = outcome->judgement;
    struct hold hold;
    if (step_hold(reporter, outcome, &arena, &hold) == ERR_OK)
        hold_text(reporter->out, indent, &hold, reporter->data);
    else if (judgement != NULL && judgement->ruling == RULING_JOINED)
        show_joined(reporter->out, indent, outcome);
    else if (judgement != NULL && judgement->ruling != RULING_ADMITTED)
        judgement_text(reporter->out, indent, judgement);
}

/* Until when a step `for D` lasts, and who ends it. */
static void show_end(const struct reporter *reporter, const struct step_view *step, size_t indent,
    struct arena *arena)
{
    struct timer timer;
    uint32_t count;
    if (reporter->mode != MODE_APPLY || reporter->store == NULL || step->code == NULL
        || step->code->for_ms <= 0)
        return;
    enum err err =
        timers_find(reporter->store, TIMER_UNDO, step->run, step->index, arena, &timer, &count);
    if (err != ERR_OK || timer.ended_ms != 0) /* none is set, or it is over */
        return;
    const char *words = arena_format(arena, "%.*s, when a cdr resume (or --watch) takes it back",
        STR_ARG(moment_words(timer.due_ms, arena)));
    if (words != NULL)
        paragraph_show(reporter->out, indent, "until", str_from(words));
}

void text_step(struct reporter *reporter, const struct step_view *step)
{
    struct output *out = reporter->out;
    const struct step_outcome *outcome = step->outcome;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    size_t depth = show_conditions(reporter, step->code == NULL ? NULL : step->code->condition);
    size_t indent = INDENT * depth;
    show_step_head(reporter, step, indent);
    paragraph_show(out, indent, "on", outcome->target);
    paragraph_show(out, indent, "found by", outcome->found);
    bool is_result =
        outcome->turn == STEP_DONE && step_reason(reporter->mode, outcome) == outcome->reason;
    paragraph_show_some(
        out, indent, is_result ? "result" : "because", str_from(reason_to_tell(reporter, outcome)));
    if (reporter->mode != MODE_APPLY) /* else its hold says it */
        paragraph_show_some(out, indent, "result", step_would(reporter->mode, outcome));
    show_ruling(reporter, indent, outcome);
    show_end(reporter, step, indent, &arena);
    show_requests(reporter, step, indent);
    if (outcome->results.url.kind != VALUE_ABSENT)
        paragraph_show(out, indent, "evidence", value_print(&arena, outcome->results.url));
    if (reporter->mode != MODE_APPLY && step->row->missing == NULL) {
        show_permissions(out, indent, "needs", step, step->row->permissions.apply);
        show_permissions(out, indent, "undo needs", step, step->row->permissions.undo);
    }
    output_flush(out);
}

void text_undo(struct reporter *reporter, const struct run *run)
{
    struct output *out = reporter->out;
    output_addf(out, "undo of run %" PRId64 ": rule ", run->id);
    output_styled(out, STYLE_BOLD, run->rule);
    output_add(out, STR(", alert "));
    output_text(out, run->alert);
    output_add(out, STR("\n"));
    output_flush(out);
}

/* One more count of the last line, when there is something to count. */
static void show_count(struct output *out, bool *has_words, uint64_t count, const char *text)
{
    if (count > 0)
        output_addf(out, "%s%" PRIu64 " %s", *has_words ? ", " : "", count, text);
    *has_words = *has_words || count > 0;
}

static void show_counts(
    struct reporter *reporter, const struct totals *totals, bool lacks_connection)
{
    struct output *out = reporter->out;
    bool has_words = !reporter->is_by_hand;
    if (has_words)
        output_addf(out, "%" PRIu64 " alert%s, %" PRIu64 " matched", totals->alerts,
            plural(totals->alerts), totals->matched);
    show_count(out, &has_words, totals->no_source, "of no known source");
    show_count(out, &has_words, totals->unreadable, "unreadable");
    show_count(out, &has_words, totals->undecided, "undecided");
    show_count(out, &has_words, lacks_connection ? 0 : totals->no_target,
        totals->no_target == 1 ? "step found no target" : "steps found no target");
    show_count(out, &has_words, totals->refused,
        totals->refused == 1 ? "step would be refused" : "steps would be refused");
    show_count(out, &has_words, totals->bad_steps,
        totals->bad_steps == 1 ? "step that did not end well" : "steps that did not end well");
    show_count(out, &has_words, totals->open_runs, "cut off");
    show_count(out, &has_words, totals->joined, "joined by dedup");
    show_count(out, &has_words, totals->held,
        totals->held == 1 ? "run that waits for a person" : "runs that wait for a person");
    show_count(out, &has_words, totals->old_runs,
        totals->old_runs == 1 ? "earlier run that does not stand"
                              : "earlier runs that do not stand");
    show_count(out, &has_words, totals->changed_rules, "not acted on by a changed rule");
    show_count(out, &has_words, totals->others, "under the id of an earlier one");
    output_add(out, has_words ? STR(".\n") : STR(""));
}

void text_end(struct reporter *reporter, const struct totals *totals)
{
    struct output *out = reporter->out;
    bool lacks_connection = reporter->connector != NULL && reporter->connector->aws_reason != NULL;
    bool is_blind = lacks_connection && !connector_lacks_setting(reporter->connector);
    show_counts(reporter, totals, lacks_connection);
    if (totals->alerts > totals->no_source + totals->unreadable && totals->matched == 0
        && totals->undecided == 0)
        output_add(
            out, STR("Why a rule did not fire: cdr explain RULE --rules PATH --alert FILE\n"));
    if (reporter->mode != MODE_APPLY && totals->matched > 0 && is_blind)
        output_add(out, STR("No provider could be asked: with --offline a plan shows the requests "
                            "without looking.\n"));
    if (reporter->mode != MODE_APPLY && totals->matched > 0)
        output_add(
            out, STR("This is a plan: nothing was changed. To make the changes: --mode apply "
                     "--data DIR\n"));
}
