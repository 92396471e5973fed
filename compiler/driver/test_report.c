/* test_report.c - see test_report.h; the form for people. */
#include "driver/test_report_forms.h"
#include "excerpt.h"

#include <inttypes.h>
#include <stdio.h>

enum { SUITE_BYTES_MAX = 64 * 1024 * 1024, GUTTER_BYTES = 32 };

static const struct test_form *form_of(const struct test_report *report)
{
    switch (report->format) {
    case TEST_TEXT:
        return &test_form_text;
    case TEST_JSON:
        return &test_form_json;
    case TEST_TAP:
        return &test_form_tap;
    case TEST_JUNIT:
        return &test_form_junit;
    }
    return &test_form_text;
}

str test_file(const struct test_report *report, span at)
{
    return report->sources->items[at.file].file;
}

uint32_t test_line(const struct test_report *report, span at)
{
    return source_place(&report->sources->items[at.file], at.start).line;
}

void test_report_begin(struct test_report *report)
{
    report->suite = (struct buf)BUF_INIT(SUITE_BYTES_MAX);
    report->suite_file = UINT32_MAX;
    if (form_of(report)->begin != NULL)
        form_of(report)->begin(report);
}

void test_report_add(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome)
{
    report->number++;
    form_of(report)->add(report, test, outcome);
    report->counts[outcome->state]++;
}

void test_report_end(struct test_report *report)
{
    form_of(report)->end(report, report->planned - report->number);
}

void test_report_release(struct test_report *report)
{
    buf_release(&report->suite);
}

/* ---- text ---- */

static const char *const words[] = {
    [TESTCASE_PASSED] = "PASS", [TESTCASE_FAILED] = "FAIL", [TESTCASE_SKIPPED] = "SKIP"
};
static const enum style styles[] = { [TESTCASE_PASSED] = STYLE_GREEN,
    [TESTCASE_FAILED] = STYLE_RED,
    [TESTCASE_SKIPPED] = STYLE_YELLOW };

/* "rules/a.cdr:14: FAIL a high one: rule r must fire, and it did not" */
static void text_head(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome)
{
    struct output *out = report->out;
    output_text(out, test_file(report, outcome->at));
    output_addf(out, ":%" PRIu32 ": ", test_line(report, outcome->at));
    output_styled(out, styles[outcome->state], str_from(words[outcome->state]));
    output_add(out, STR(" "));
    output_styled(out, STYLE_BOLD, test->name);
    if (outcome->reason.len > 0) {
        output_add(out, STR(": "));
        output_text(out, outcome->reason);
    }
    output_add(out, STR("\n"));
}

static void text_foot(struct output *out, int width, const char *word, str text)
{
    output_addf(out, "%*s = %s: ", width, "", word);
    output_text(out, text);
    output_add(out, STR("\n"));
}

static void text_excerpt(
    struct test_report *report, const struct testcase_outcome *outcome, int width)
{
    char text[GUTTER_BYTES];
    char marks[GUTTER_BYTES];
    struct output *out = report->out;
    uint32_t line = test_line(report, outcome->at);
    (void)snprintf(text, sizeof text, "%*" PRIu32 " | ", width, line);
    (void)snprintf(marks, sizeof marks, "%*s | ", width, "");
    output_addf(out, "%*s |\n", width, "");
    excerpt_add(&out->buf, &report->sources->items[outcome->at.file], outcome->at, text, marks,
        out->has_color ? "\033[1;31m" : "", out->has_color ? "\033[0m" : "");
}

static void text_add(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome)
{
    char number[GUTTER_BYTES];
    bool is_failure = outcome->state == TESTCASE_FAILED;
    if (outcome->state == TESTCASE_PASSED && !report->is_verbose)
        return;
    int width = snprintf(number, sizeof number, "%" PRIu32, test_line(report, outcome->at));
    text_head(report, test, outcome);
    if (is_failure)
        text_excerpt(report, outcome, width);
    if (is_failure || report->is_verbose)
        for (const struct testcase_line *line = outcome->happened; line != NULL; line = line->next)
            text_foot(report->out, width, "happened", line->text);
    if (is_failure && outcome->help.len > 0)
        text_foot(report->out, width, "help", outcome->help);
    if (is_failure)
        output_add(report->out, STR("\n"));
}

static void text_end(struct test_report *report, uint32_t not_run)
{
    struct output *out = report->out;
    const uint32_t *counts = report->counts;
    bool is_nothing_known =
        counts[TESTCASE_SKIPPED] > 0 && counts[TESTCASE_SKIPPED] == report->number;
    output_style(out, counts[TESTCASE_FAILED] > 0 ? STYLE_RED
                      : is_nothing_known          ? STYLE_YELLOW
                                                  : STYLE_GREEN);
    output_addf(out, "%" PRIu32 " passed, %" PRIu32 " failed, %" PRIu32 " skipped",
        counts[TESTCASE_PASSED], counts[TESTCASE_FAILED], counts[TESTCASE_SKIPPED]);
    if (not_run > 0)
        output_addf(out, ", %" PRIu32 " not run", not_run);
    if (is_nothing_known)
        output_add(out, STR(": every test was skipped, so nothing was tested"));
    output_style(out, STYLE_PLAIN);
    output_add(out, STR("\n"));
}

const struct test_form test_form_text = { .add = text_add, .end = text_end };
