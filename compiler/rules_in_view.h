/* rules_in_view.h - which rules the tests of a file see: its own and those it uses. */
#pragma once

#include "ast.h"

/* Whether a test in file `from` sees the rules of file `to`; both index `trees`. */
bool rules_in_view(struct tree *const *trees, uint32_t tree_count, uint32_t from, uint32_t to);
