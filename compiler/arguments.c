/* arguments.c - arguments to parameters. */
#include "arguments.h"

#include "base/limits.h"
#include "constant.h"

uint32_t param_find(const struct builtin *builtin, str name)
{
    uint32_t count = builtin_param_count(builtin);
    for (uint32_t at = 0; at < count; at++)
        if (str_is(name, builtin->params[at].name))
            return at;
    return UINT32_MAX;
}

struct clause *clause_find(struct clause *clauses, enum clause_kind kind)
{
    while (clauses != NULL && clauses->kind != kind)
        clauses = clauses->next;
    return clauses;
}

/* Whether a literal has the form of the type; what cannot be found out is no. */
static bool has_form(value v, enum type from, enum type type)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(SOURCE_BYTES_MAX);
    value fitted;
    return constant_fit(&scratch, v, from, type, &fitted) == ERR_OK && fitted.kind != VALUE_ABSENT;
}

/* The one target among `builtin`'s whose form the literal has. A name has no form of its
 * own, so a name-like target is meant only when no other is. */
static uint32_t literal_param(const struct builtin *builtin, value v, enum type from)
{
    uint32_t found = UINT32_MAX;
    uint32_t named = UINT32_MAX;
    uint32_t count = builtin_param_count(builtin);
    for (uint32_t at = 0; at < count; at++) {
        const struct param *param = &builtin->params[at];
        if (param->need != PARAM_TARGET || !has_form(v, from, param->type))
            continue;
        uint32_t *slot = type_is_name_like(param->type) ? &named : &found;
        if (*slot != UINT32_MAX)
            return UINT32_MAX;
        *slot = at;
    }
    return found != UINT32_MAX ? found : named;
}

uint32_t from_param(const struct builtin *builtin, const struct expr *operand)
{
    uint32_t count = builtin_param_count(builtin);
    uint32_t only = UINT32_MAX;
    uint32_t targets = 0;
    value v;
    enum type from;
    for (uint32_t at = 0; at < count; at++) {
        if (builtin->params[at].need != PARAM_TARGET)
            continue;
        if (builtin->params[at].type == operand->type)
            return at;
        only = at;
        targets++;
    }
    if (constant_of(operand, &v, &from))
        return literal_param(builtin, v, from);
    bool is_any_text = operand->type == TYPE_TEXT || operand->type == TYPE_RAW;
    return is_any_text && targets == 1 ? only : UINT32_MAX;
}

struct expr *step_argument(const struct ast_step *step, uint32_t index)
{
    const struct builtin *builtin = step->action.builtin;
    for (struct pair *pair = step->action.pairs; pair != NULL; pair = pair->next)
        if (param_find(builtin, pair->key) == index)
            return pair->value;
    struct clause *from = clause_find(step->action.clauses, CLAUSE_FROM);
    if (from != NULL && from_param(builtin, from->condition) == index)
        return from->condition;
    return NULL;
}
