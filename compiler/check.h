/* check.h - names, types and promises: the only place that says "type error".
 *
 * Fills the checker's members of the tree. After check without errors, emit may
 * trust every node.
 */
#pragma once

#include "ast.h"

struct compilation;

/* Check all trees of the compilation together. Mistakes go to its diags. ERR_MEMORY. */
MUST_CHECK enum err check_program(struct compilation *compilation);
