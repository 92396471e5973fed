/* diag_print.h - the only place that renders diagnostics. */
#pragma once

#include "base/buf.h"
#include "diag.h"

enum diag_format { DIAG_FORMAT_TEXT, DIAG_FORMAT_CONCISE, DIAG_FORMAT_JSON };

/* Append all diagnostics: text (source line, caret range, notes, help; coloured with
 * `color`), concise ("file:line:col: error[CDR0102]: message"), or the JSON object of language.md section 9. Text of
 * rules is made safe for a terminal: control characters and bidi marks are escaped. */
void diags_print(const struct diag_list *list, const struct sources *sources,
    enum diag_format format, bool color, struct buf *out);
