/* rules_cut.h - rule files with an item put in or taken out, as text. */
#pragma once

#include "compile.h"

/* The bytes of an item with its whole lines, where nothing else is on them, and the comment right
 * above that begins with `comment` (NULL: none; "": any). */
span item_extent(const struct source *source, span at, const char *comment);
/* The text without these, of the same file, sorted and apart; in `arena`. ptr is NULL when it is full. */
str text_without(struct arena *arena, str text, const span *spans, size_t count);
/* The text with `more` in a place of its own after byte `at`. */
str text_with(struct arena *arena, str text, uint32_t at, str more);
/* The text of a new rule that acts on nothing yet, with a test; `name` is a name. */
str rule_template(struct arena *arena, const char *name);
