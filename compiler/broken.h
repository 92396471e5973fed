/* broken.h - tokens that are none, and what was probably meant by them. Each function
 * reports what stands at `at` and returns something usable, so that the parser goes on. */
#pragma once

#include "node.h"

/* A sign of another language, where `write` (static) is meant. */
void broken_sign(struct parse *parse, span at, const char *write);
/* The repair of a sign or character: `write` in place of it, with spaces where it is a word. */
void broken_set_fix(struct parse *parse, struct diag *diag, span at, const char *write);
/* `|contains` after a field, as Sigma writes it: true when it was reported, and the test that
 * it means (static) then. */
bool broken_modifier(struct parse *parse, span at, const char **ret_test);
/* `~`: true when text comes next, so that `contains` may be meant; else `matches` is. */
bool broken_match(struct parse *parse, span at);
/* Text between quotes of another kind, which take `quote` bytes each; without them. */
str broken_quotes(struct parse *parse, span at, size_t quote);
/* Text that does not end on its line. */
str broken_text(struct parse *parse, span at);
/* A word with a hyphen: as text where a value is expected, as a name elsewhere. */
str broken_value(struct parse *parse, span at);
str broken_word(struct parse *parse, span at);
/* What begins like a number. TYPE_TEXT (an address), TYPE_TIME (31.01.2027), TYPE_DURATION or TYPE_INTEGER. */
enum type broken_number(struct parse *parse, span at, struct literal *ret_literal);
struct literal broken_date(struct parse *parse, span at);
