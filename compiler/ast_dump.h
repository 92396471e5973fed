/* ast_dump.h - what the files of the tree's text form share. Not for others: see ast.h.
 */
#pragma once

#include "ast.h"
#include "base/buf.h"

struct dump {
    struct buf *out;
    int depth;
};

/* One line: a word, and a name when it is not empty; `dump_text` quotes and escapes it. */
void dump_line(struct dump *dump, const char *word, str name);
void dump_text(struct dump *dump, const char *word, str text);
/* One expression a level further in; NULL is none. */
void dump_child(struct dump *dump, const struct expr *expr);
void dump_pairs(struct dump *dump, const struct pair *pair);
void dump_clauses(struct dump *dump, const struct clause *clause);

/* ast_dump_item.c */

/* A line with the milliseconds, or nothing. */
void dump_duration(struct dump *dump, const char *word, const struct ast_duration *duration);
/* Every item but list, let, macro, rule and source. */
void dump_other_item(struct dump *dump, const struct item *item);
