/* syntax.h - a syntax error in words that a rule author understands. */
#pragma once

#include "parse.h"

/* Report that `found` stands at `at` where one of `expected` could. All are symbol names
 * of the grammar: keywords and signs as written, kinds in words ("a name"). */
void syntax_error(struct parse *parse, span at, const char *found, const char *const *expected,
    size_t expected_count);

/* Report a character that begins no token (`text` starts with it) and say what to write.
 * Returns how many bytes of it were dealt with. */
size_t syntax_bad_character(struct parse *parse, uint32_t start, str text);

/* Report bytes that are no UTF-8, and characters that hide what the text says (control
 * characters, marks that turn the writing direction, characters without width). False: not text, do not parse it. */
bool syntax_check_text(struct parse *parse);

/* Report a file that is a rule of another tool. False: do not parse it. */
bool syntax_check_language(struct parse *parse);

/* Warn of words, in a text that begins at byte `start`, that mix Latin letters with others
 * that look like Latin ones. The text is UTF-8. */
void syntax_check_words(struct parse *parse, uint32_t start, str text);
