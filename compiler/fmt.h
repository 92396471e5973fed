/* fmt.h - a file in its one canonical form, comments kept. */
#pragma once

#include "ast.h"
#include "base/buf.h"

/* Append the canonical text of a tree that parsed without errors.
 * format(format(x)) = format(x), and the text parses to the same tree. */
void tree_format(const struct sources *sources, const struct tree *tree, struct buf *out);

/* Append one part of such a tree in its canonical form, without comments: an expression, a
 * clause, a step that is no `if`, or an item that is a sentence or a block (no rule, list,
 * let, macro, source or test). */
void expr_format(const struct sources *sources, const struct expr *expr, struct buf *out);
void clause_format(const struct sources *sources, const struct clause *clause, struct buf *out);
void action_format(const struct sources *sources, const struct ast_step *step, struct buf *out);
void item_format(const struct sources *sources, const struct item *item, struct buf *out);
