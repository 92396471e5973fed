/* later.h - what is part of the language and not of this build: one message for each,
 * whether it was parsed (the checker says it) or not even that (the parser says it). */
#pragma once

#include "diag.h"

/* Whether an item that begins with `keyword` is only read over. */
bool later_item(str keyword);

/* `at` is marked; it returns the diagnostic. */
struct diag *later_report_item(struct diag_list *diags, span at, str keyword);
