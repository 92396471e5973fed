/* test_report_machine.c - the forms of `cdr test` for other programs. */
#include "base/json_text.h"
#include "driver/test_report_forms.h"
#include "xml_text.h"

#include <inttypes.h>

/* ---- JSON ---- */

static void json_member(struct buf *out, const char *name, str text)
{
    buf_addf(out, ",\"%s\":", name);
    json_text_add(out, text);
}

static void json_place(struct test_report *report, span at)
{
    const struct source *source = &report->sources->items[at.file];
    struct place start = source_place(source, at.start);
    struct place end = source_place(source, at.end);
    buf_addf(&report->out->buf,
        ",\"at\":{\"line\":%" PRIu32 ",\"column\":%" PRIu32 ",\"endLine\":%" PRIu32
        ",\"endColumn\":%" PRIu32 "}",
        start.line, start.column, end.line, end.column);
}

static void json_begin(struct test_report *report)
{
    buf_add(&report->out->buf, STR("{\"tests\":["));
}

static void json_add(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome)
{
    struct buf *out = &report->out->buf;
    buf_addf(out, "%s\n{\"name\":", report->number == 1 ? "" : ",");
    json_text_add(out, test->name);
    json_member(out, "file", test_file(report, test->at));
    buf_addf(out, ",\"line\":%" PRIu32, test_line(report, test->at));
    json_member(out, "state", str_from(testcase_state_name(outcome->state)));
    if (outcome->reason.len > 0) {
        json_member(out, "reason", outcome->reason);
        json_place(report, outcome->at);
    }
    if (outcome->help.len > 0)
        json_member(out, "help", outcome->help);
    buf_add(out, STR(",\"happened\":["));
    for (const struct testcase_line *line = outcome->happened; line != NULL; line = line->next) {
        buf_add(out, line == outcome->happened ? STR("") : STR(","));
        json_text_add(out, line->text);
    }
    buf_addf(out, "],\"alerts\":%" PRIu32 "}", outcome->alerts);
}

static void json_end(struct test_report *report, uint32_t not_run)
{
    const uint32_t *counts = report->counts;
    buf_addf(&report->out->buf,
        "\n],\"passed\":%" PRIu32 ",\"failed\":%" PRIu32 ",\"skipped\":%" PRIu32
        ",\"notRun\":%" PRIu32 "}\n",
        counts[TESTCASE_PASSED], counts[TESTCASE_FAILED], counts[TESTCASE_SKIPPED], not_run);
}

const struct test_form test_form_json = { json_begin, json_add, json_end };

/* ---- TAP ---- */

/* A description, or the reason of a directive: `#` would begin one. */
static void tap_text(struct buf *out, str text)
{
    CLEANUP(buf_release) struct buf safe = BUF_INIT(out->limit);
    text_add_safe(&safe, text);
    for (size_t i = 0; i < safe.len; i++) {
        if (safe.ptr[i] == '#' || safe.ptr[i] == '\\')
            buf_add_byte(out, '\\');
        buf_add_byte(out, safe.ptr[i]);
    }
    if (out->err == ERR_OK)
        out->err = safe.err;
}

/* One pair of a YAML block; a JSON string is a string of YAML. */
static void tap_pair(struct buf *out, const char *name, str text)
{
    buf_addf(out, "  %s: ", name);
    json_text_add(out, text);
    buf_add_byte(out, '\n');
}

static void tap_begin(struct test_report *report)
{
    buf_addf(&report->out->buf, "TAP version 14\n1..%" PRIu32 "\n", report->planned);
}

static void tap_add(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome)
{
    struct buf *out = &report->out->buf;
    bool is_failure = outcome->state == TESTCASE_FAILED;
    buf_addf(out, "%s %" PRIu32 " - ", is_failure ? "not ok" : "ok", report->number);
    tap_text(out, test_file(report, test->at));
    buf_add(out, STR(": "));
    tap_text(out, test->name);
    if (outcome->state == TESTCASE_SKIPPED) {
        buf_add(out, STR(" # SKIP "));
        tap_text(out, outcome->reason);
    }
    buf_add_byte(out, '\n');
    if (!is_failure)
        return;
    buf_add(out, STR("  ---\n"));
    tap_pair(out, "message", outcome->reason);
    tap_pair(out, "file", test_file(report, outcome->at));
    buf_addf(out, "  line: %" PRIu32 "\n", test_line(report, outcome->at));
    if (outcome->help.len > 0)
        tap_pair(out, "help", outcome->help);
    buf_add(out, STR("  happened:\n"));
    for (const struct testcase_line *line = outcome->happened; line != NULL; line = line->next) {
        buf_add(out, STR("    - "));
        json_text_add(out, line->text);
        buf_add_byte(out, '\n');
    }
    buf_add(out, STR("  ...\n"));
}

static void tap_end(struct test_report *report, uint32_t not_run)
{
    for (uint32_t i = 0; i < not_run; i++)
        buf_addf(&report->out->buf, "ok %" PRIu32 " # SKIP not run\n", report->number + i + 1);
}

const struct test_form test_form_tap = { tap_begin, tap_add, tap_end };

/* ---- JUnit ---- */

static void junit_counts(struct buf *out, const uint32_t *counts)
{
    buf_addf(out,
        " tests=\"%" PRIu32 "\" failures=\"%" PRIu32 "\" errors=\"0\" skipped=\"%" PRIu32 "\"",
        counts[TESTCASE_PASSED] + counts[TESTCASE_FAILED] + counts[TESTCASE_SKIPPED],
        counts[TESTCASE_FAILED], counts[TESTCASE_SKIPPED]);
}

/* The tests of a file stand together, so a suite is whole when the next file begins. */
static void junit_end_suite(struct test_report *report)
{
    struct buf *out = &report->out->buf;
    if (report->suite_file == UINT32_MAX)
        return;
    buf_add(out, STR("  <testsuite"));
    xml_attribute_add(out, "name", report->sources->items[report->suite_file].file);
    junit_counts(out, report->suite_counts);
    buf_add(out, STR(">\n"));
    buf_add(out, buf_str(&report->suite));
    buf_add(out, STR("  </testsuite>\n"));
    if (out->err == ERR_OK)
        out->err = report->suite.err;
    buf_clear(&report->suite);
    memset(report->suite_counts, 0, sizeof report->suite_counts);
}

static void junit_begin(struct test_report *report)
{
    buf_add(&report->out->buf,
        STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cdr test\">\n"));
}

static void junit_words(struct test_report *report, const struct testcase_outcome *outcome)
{
    struct buf *out = &report->suite;
    buf_add(out, STR("      <failure type=\"expectation\""));
    xml_attribute_add(out, "message", outcome->reason);
    buf_add_byte(out, '>');
    xml_text_add(out, test_file(report, outcome->at));
    buf_addf(out, ":%" PRIu32 "\n", test_line(report, outcome->at));
    for (const struct testcase_line *line = outcome->happened; line != NULL; line = line->next) {
        xml_text_add(out, line->text);
        buf_add_byte(out, '\n');
    }
    xml_text_add(out, outcome->help);
    buf_add(out, STR("</failure>\n"));
}

static void junit_add(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome)
{
    struct buf *out = &report->suite;
    if (report->suite_file != test->at.file)
        junit_end_suite(report);
    report->suite_file = test->at.file;
    report->suite_counts[outcome->state]++;
    buf_add(out, STR("    <testcase"));
    xml_attribute_add(out, "classname", test_file(report, test->at));
    xml_attribute_add(out, "name", test->name);
    xml_attribute_add(out, "file", test_file(report, test->at));
    buf_addf(out, " line=\"%" PRIu32 "\"", test_line(report, test->at));
    if (outcome->state == TESTCASE_PASSED) {
        buf_add(out, STR("/>\n"));
        return;
    }
    buf_add(out, STR(">\n"));
    if (outcome->state == TESTCASE_FAILED) {
        junit_words(report, outcome);
    } else {
        buf_add(out, STR("      <skipped"));
        xml_attribute_add(out, "message", outcome->reason);
        buf_add(out, STR("/>\n"));
    }
    buf_add(out, STR("    </testcase>\n"));
}

static void junit_end(struct test_report *report, uint32_t not_run)
{
    (void)not_run; /* a case that is not there did not run */
    junit_end_suite(report);
    buf_add(&report->out->buf, STR("</testsuites>\n"));
}

const struct test_form test_form_junit = { junit_begin, junit_add, junit_end };
