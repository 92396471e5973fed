/* arguments.h - which expression a step gives to which parameter of its builtin. */
#pragma once

#include "ast.h"

/* The value that the step gives to parameter `index` of its builtin, by name or with
 * `from`, or NULL. */
struct expr *step_argument(const struct ast_step *step, uint32_t index);

/* The parameter of that name, or UINT32_MAX. */
uint32_t param_find(const struct builtin *builtin, str name);

/* The target that `from OPERAND` means: the one of the operand's type, or the one whose
 * form a literal has, or the only one; UINT32_MAX when none or several could be meant. */
uint32_t from_param(const struct builtin *builtin, const struct expr *operand);

/* The clause of that kind, or NULL. */
struct clause *clause_find(struct clause *clauses, enum clause_kind kind);
