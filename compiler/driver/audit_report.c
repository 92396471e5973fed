#include "driver/audit_report.h"

#include "base/json_writer.h"
#include "base/time.h"

#include <inttypes.h>

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void anchored_text(struct output *out, const struct audit_report *report)
{
    char at[TIME_TEXT_MAX];
    if (report->anchored > 0)
        output_addf(out, "Anchored up to entry %" PRId64 ", at %s.\n", report->anchored,
            time_format(report->anchored_ms, at).ptr);
    if (report->last == report->anchored + 1)
        output_addf(out, "Entry %" PRId64 " is not anchored yet.\n", report->last);
    else if (report->last > report->anchored)
        output_addf(out, "Entries %" PRId64 " to %" PRId64 " are not anchored yet.\n",
            report->anchored + 1, report->last);
}

static void findings_text(struct output *out, const struct audit_report *report)
{
    for (uint32_t i = 0; i < report->kept; i++) {
        output_add(out, STR("  "));
        output_styled(out, STYLE_RED, str_from(audit_fault_name(report->findings[i].fault)));
        output_add(out, STR("  "));
        output_text(out, str_from(report->findings[i].text));
        output_add(out, STR("\n"));
    }
    if (report->found > report->kept)
        output_addf(out, "  and %" PRIu64 " more\n", report->found - report->kept);
    if (report->first_broken > 0)
        output_addf(out, "The first broken entry is %" PRId64 ".\n", report->first_broken);
}

void audit_report_text(struct output *out, const char *data, const struct audit_report *report)
{
    bool is_whole = report->found == 0;
    output_add(out, STR("The audit log in "));
    output_text(out, str_from(data));
    output_styled(out, is_whole ? STYLE_GREEN : STYLE_RED,
        is_whole ? STR(" is whole") : STR(" was tampered with"));
    output_addf(out, ": %" PRIu64 " entr%s, %" PRIu64 " anchor%s", report->entries,
        report->entries == 1 ? "y" : "ies", report->anchors, plural(report->anchors));
    if (is_whole)
        output_add(out, STR(".\n"));
    else
        output_addf(out, ", %" PRIu64 " finding%s.\n", report->found, plural(report->found));
    findings_text(out, report);
    anchored_text(out, report);
}

static void number(struct json_writer *json, const char *key, int64_t given)
{
    if (given > 0)
        json_number(json, key, (uint64_t)given);
}

static void finding_json(struct json_writer *json, const struct audit_finding *finding)
{
    json_open(json, NULL, '{');
    json_text(json, "fault", str_from(audit_fault_name(finding->fault)));
    number(json, "entry", finding->entry);
    number(json, "anchor", finding->anchor);
    number(json, "run", finding->run);
    if (finding->step >= 0)
        json_number(json, "step", (uint64_t)finding->step);
    json_text(json, "text", str_from(finding->text));
    json_close(json, '}');
}

void audit_report_json(struct output *out, const struct audit_report *report)
{
    char at[TIME_TEXT_MAX];
    struct json_writer json = { .out = &out->buf };
    json_open(&json, NULL, '{');
    json_bool(&json, "whole", report->found == 0);
    json_number(&json, "entries", report->entries);
    json_number(&json, "last", (uint64_t)report->last);
    json_number(&json, "anchors", report->anchors);
    json_number(&json, "anchored", (uint64_t)report->anchored);
    if (report->anchored > 0)
        json_text(&json, "anchored_at", time_format(report->anchored_ms, at));
    json_number(&json, "not_anchored", (uint64_t)(report->last - report->anchored));
    number(&json, "first_broken", report->first_broken);
    json_number(&json, "found", report->found);
    json_open(&json, "findings", '[');
    for (uint32_t i = 0; i < report->kept; i++)
        finding_json(&json, &report->findings[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    output_add(out, STR("\n"));
}

static void word(struct output *out, const char *before, str text)
{
    if (text.len == 0)
        return;
    output_add(out, str_from(before));
    output_text(out, text);
}

/* How it ended, in a word or a few; what is JSON is for machines, but for the state in it. */
static str outcome(str after)
{
    str state = STR("{\"state\":\"");
    if (str_startswith(after, state)) {
        after = str_skip(after, state.len);
        return str_first(after, str_find(after, '"'));
    }
    return str_startswith(after, STR("{")) ? STR("") : after;
}

/* Moments stand in the log as numbers, which `cdr audit verify` computes with. */
static void outcome_text(struct output *out, str after)
{
    const str counted = STR("counted at ");
    char time[TIME_TEXT_MAX];
    str digits = str_startswith(after, counted) ? str_skip(after, counted.len) : STR("");
    int64_t at_ms = 0;
    if (digits.len == 0 || digits.len > 15 || !str_all_of(digits, "0123456789")) {
        word(out, ": ", outcome(after));
        return;
    }
    for (size_t at = 0; at < digits.len; at++)
        at_ms = at_ms * 10 + (digits.ptr[at] - '0');
    word(out, ": counted at ", time_format(at_ms, time));
}

void audit_entry_text(struct output *out, const struct audit_said *said)
{
    const struct audit_entry *entry = &said->entry;
    char at[TIME_TEXT_MAX];
    output_addf(out, "%6" PRId64 "  %-24s  ", said->seq, time_format(entry->at_ms, at).ptr);
    output_styled(out, STYLE_BOLD, str_from(entry->event));
    word(out, " by ", entry->who);
    if (entry->run > 0)
        output_addf(out, "  run %" PRId64, entry->run);
    if (entry->step >= 0)
        output_addf(out, " step %" PRId64, entry->step + 1);
    word(out, "  ", entry->builtin);
    word(out, " ", entry->target);
    outcome_text(out, entry->after);
    word(out, ": ", entry->reason);
    word(out, "  (", entry->clause);
    output_add(out, entry->clause.len > 0 ? STR(")\n") : STR("\n"));
}
