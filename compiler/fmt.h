/* fmt.h - a file in its one canonical form, comments kept. */
#pragma once

#include "ast.h"
#include "base/buf.h"

/* Append the canonical text of a tree that parsed without errors.
 * format(format(x)) = format(x), and the text parses to the same tree. */
void tree_format(const struct sources *sources, const struct tree *tree, struct buf *out);
