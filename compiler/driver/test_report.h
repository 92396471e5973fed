/* test_report.h - what `cdr test` prints: one form of four.
 *
 *   text   a line and an excerpt for each test that did not pass, then a summary
 *   json   one object: {"tests":[{"name","file","line","state","reason","at":{"line","column",
 *          "endLine","endColumn"},"help","happened":[..],"alerts"}],"passed","failed","skipped",
 *          "notRun"}; reason, at and help only where there are any
 *   tap    TAP version 14; what was not run is skipped
 *   junit  XML as CI systems read it: a suite a file, a case a test
 */
#pragma once

#include "driver/output.h"
#include "testcase.h"

enum test_format { TEST_TEXT, TEST_JSON, TEST_TAP, TEST_JUNIT };

struct test_report {
    struct output *out;
    const struct sources *sources;
    enum test_format format;
    bool is_verbose;  /* text: tell of tests that passed too, and what happened in each */
    uint32_t planned; /* tests */
    uint32_t number;  /* of the test that is told */
    uint32_t counts[TESTCASE_SKIPPED + 1]; /* by state */
    /* junit: the suite that is being written */
    struct buf suite;
    uint32_t suite_file;
    uint32_t suite_counts[TESTCASE_SKIPPED + 1];
};

/* Zero it, set `out` to `planned`, begin, add each test, end, release. */
void test_report_begin(struct test_report *report);
void test_report_add(
    struct test_report *report, const struct item *test, const struct testcase_outcome *outcome);
/* Tests that were planned and not added were not run. A failure is in out->buf.err. */
void test_report_end(struct test_report *report);
void test_report_release(struct test_report *report);
