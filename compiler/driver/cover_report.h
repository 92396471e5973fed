/* cover_report.h - what `cdr test --cover` prints when the tests are over. */
#pragma once

#include "coverage.h"
#include "driver/output.h"

/* Lines of text: for each file what is covered, then each leaf, rule and step that lacks
 * something, with its place; then the whole. Each line begins with `prefix`. */
void cover_report_text(const struct coverage *coverage, const char *prefix, struct output *out);
/* One JSON object on a line; its form is in docs/language.md. ERR_MEMORY. */
MUST_CHECK enum err cover_report_json(const struct coverage *coverage, struct output *out);
/* The leaves of all rules. */
struct coverage_count cover_total(const struct coverage *coverage);
