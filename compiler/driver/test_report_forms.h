/* test_report_forms.h - what the forms of test_report share. For test_report*.c only. */
#pragma once

#include "driver/test_report.h"

/* One form: each may be NULL. Counts are those before the test, or of all at the end. */
struct test_form {
    void (*begin)(struct test_report *report);
    void (*add)(struct test_report *report, const struct item *test,
        const struct testcase_outcome *outcome);
    void (*end)(struct test_report *report, uint32_t not_run);
};

extern const struct test_form test_form_text;
extern const struct test_form test_form_json;
extern const struct test_form test_form_tap;
extern const struct test_form test_form_junit;

/* The file of a place, as it is shown. */
str test_file(const struct test_report *report, span at);
/* The line of a place, from 1. */
uint32_t test_line(const struct test_report *report, span at);
