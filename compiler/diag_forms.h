/* diag_forms.h - what the forms of a report share. For diag_*.c only.
 *
 * A form is one function: add it here, a row in diag_print.c, a word in cmd_check.c and a
 * golden file in tests/golden/check.
 */
#pragma once

#include "diag_print.h"

/* The whole report in one form, appended to `out`. ERR_MEMORY. */
enum err diag_json_print(const struct diag_report *report, struct buf *out);
/* SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
enum err diag_sarif_print(const struct diag_report *report, struct buf *out);
/* One test suite, a case a file and a failure a finding. */
enum err diag_junit_print(const struct diag_report *report, struct buf *out);
/* Workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
enum err diag_github_print(const struct diag_report *report, struct buf *out);
/* Code quality: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */
enum err diag_gitlab_print(const struct diag_report *report, struct buf *out);

/* The file of a place, or NULL for a place outside of every file. */
const struct source *diag_source(const struct sources *sources, span at);
/* A path without "./" in front, as CI systems know the file. */
str diag_path(str file);
/* How many findings were dropped past DIAGNOSTICS_MAX. */
uint32_t diag_omitted(const struct diag_list *list);
/* Whether the finding makes `cdr check` end with 1. */
bool diag_fails(const struct diag_report *report, const struct diag *diag);

/* "0123456789abcdef:1": what a finding is recognized by in the next run. Made of its code,
 * its file and the text of its line without spaces, so it stays when lines move; the
 * number tells equal ones apart. */
enum { DIAG_FINGERPRINT_SIZE = 32 };
struct diag_fingerprint {
    char text[DIAG_FINGERPRINT_SIZE];
};

/* One for each diagnostic of the list, in its order, in `arena`. */
MUST_CHECK enum err diag_fingerprints(const struct diag_report *report, struct arena *arena,
    const struct diag_fingerprint **ret_fingerprints);
