/* report_text.c - the story of an alert for a person. What an alert says is shown with
 * control characters and direction marks spelled out. */
#include "driver/report_forms.h"

#include <inttypes.h>

enum { STATE_COLUMN = 60, VALUE_BYTES_SHOWN = 400 };

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
        output_addf(out, "  its text had to be mended in %u places\n", reporter->event->repairs);
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

void text_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run)
{
    struct output *out = reporter->out;
    show_head(reporter);
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

/* "       LABEL    TEXT", or nothing for an empty text. */
static void show_line(struct output *out, const char *label, str text)
{
    if (text.len == 0)
        return;
    output_addf(out, "       %-10s ", label);
    output_text(out, text);
    output_add(out, STR("\n"));
}

/* Parameters of a request that say something beyond which request it is. */
static void show_parameters(struct output *out, str body)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    str key;
    str text;
    for (str rest = body; form_next(&rest, &arena, &key, &text);) {
        if (str_is(key, "Action") || str_is(key, "Version"))
            continue;
        output_add(out, STR("                   "));
        output_text(out, key);
        output_add(out, STR(" = "));
        output_text(out, str_first(text, VALUE_BYTES_SHOWN));
        output_add(out, text.len > VALUE_BYTES_SHOWN ? STR(" ..\n") : STR("\n"));
    }
}

/* What is sent, in the words of the mode. */
static const char *request_label(enum run_mode mode, bool is_change)
{
    switch (mode) {
    case MODE_OFFLINE:
        return is_change ? "would send" : "would ask";
    case MODE_PLAN:
        return is_change ? "would send" : "asked";
    case MODE_APPLY:
        return is_change ? "sent" : "asked";
    }
    return "";
}

static void show_requests(struct reporter *reporter, const struct step_view *step)
{
    struct output *out = reporter->out;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    struct request_view *requests = NULL;
    size_t count = 0;
    if (step_requests(reporter, step, &arena, &requests, &count) != ERR_OK) {
        output_add(out, STR("       (its requests cannot be shown: out of memory)\n"));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct request_view *request = &requests[i];
        output_addf(out, "       %-10s ", request_label(reporter->mode, request->is_change));
        output_style(out, request->is_change ? STYLE_BOLD : STYLE_FAINT);
        output_addf(out, "%s %s", request->service, request->operation);
        output_style(out, STYLE_PLAIN);
        if (request->target.len > 0) {
            output_add(out, STR(" "));
            output_text(out, request->target);
        }
        if (request->region.len > 0) {
            output_add(out, STR(" in "));
            output_text(out, request->region);
        }
        output_add(out, STR("\n"));
        if (request->is_change)
            show_parameters(out, request->body);
    }
}

static void show_permissions(struct output *out, const char *label, const char *const *permissions)
{
    if (permissions[0] == NULL)
        return;
    output_addf(out, "       %-10s ", label);
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && permissions[i] != NULL; i++)
        output_addf(out, "%s%s", i == 0 ? "" : ", ", permissions[i]);
    output_add(out, STR("\n"));
}

/* The step as written, its state, and the `if` it stands in. */
static void show_step_head(struct reporter *reporter, const struct step_view *step)
{
    struct output *out = reporter->out;
    const char *state = step_state(reporter->mode, step->outcome->turn);
    if (step->code != NULL && step->code->condition.len > 0) {
        output_add(out, step->code->is_else ? STR("     unless ") : STR("     if "));
        output_text(out, step->code->condition);
        output_add(out, STR(":\n"));
    }
    output_addf(out, "  %3u. ", step->index + 1);
    size_t before = out->buf.len;
    if (step->code != NULL)
        output_text(out, step->code->text);
    else
        output_addf(out, "%s %s", verb_name(step->row->verb), step->row->name);
    size_t used = out->buf.len - before;
    output_addf(out, "%*s", used < STATE_COLUMN ? (int)(STATE_COLUMN - used) : 1, "");
    output_styled(out, state_style(state), str_from(state));
    output_add(out, STR("\n"));
}

void text_step(struct reporter *reporter, const struct step_view *step)
{
    struct output *out = reporter->out;
    const struct step_outcome *outcome = step->outcome;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    show_step_head(reporter, step);
    show_line(out, "on", outcome->target);
    show_line(out, "found by", outcome->found);
    show_line(out, outcome->turn == STEP_DONE ? "result" : "because", str_from(outcome->reason));
    show_requests(reporter, step);
    if (outcome->results.url.kind != VALUE_ABSENT)
        show_line(out, "evidence", value_print(&arena, outcome->results.url));
    if (reporter->mode != MODE_APPLY && step->row->missing == NULL) {
        show_permissions(out, "needs", step->row->permissions.apply);
        show_permissions(out, "undo needs", step->row->permissions.undo);
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

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void show_count(struct output *out, uint64_t count, const char *text)
{
    if (count > 0)
        output_addf(out, ", %" PRIu64 " %s", count, text);
}

void text_end(struct reporter *reporter, const struct totals *totals)
{
    struct output *out = reporter->out;
    output_addf(out, "%" PRIu64 " alert%s, %" PRIu64 " matched", totals->alerts,
        plural(totals->alerts), totals->matched);
    show_count(out, totals->no_source, "of no known source");
    show_count(out, totals->unreadable, "unreadable");
    show_count(out, totals->undecided, "undecided");
    show_count(out, totals->bad_steps,
        totals->bad_steps == 1 ? "step that did not end well" : "steps that did not end well");
    show_count(out, totals->open_runs, "cut off");
    output_add(out, STR(".\n"));
    if (reporter->mode != MODE_APPLY && totals->matched > 0)
        output_add(
            out, STR("This is a plan: nothing was changed. To make the changes: --mode apply "
                     "--data DIR\n"));
}
