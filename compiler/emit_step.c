/* emit_step.c - steps to instructions: arguments in the row's order, then STEP. */
#include "emit_pass.h"

#include "arguments.h"
#include "connection.h"
#include "constant.h"
#include "profile.h"
#include "settings.h"

#include <string.h>

/* ---- text for people ---- */

/* The text as one line: runs of white space are a space, comments are gone. */
static str one_line(struct emit *emit, str text)
{
    char *line = arena_alloc(emit->arena, text.len + 1, 1);
    size_t len = 0;
    bool in_quotes = false;
    if (!emit_ok(emit, line == NULL ? ERR_MEMORY : ERR_OK))
        return STR("");
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        bool is_escaped = in_quotes && c == '\\' && at + 1 < text.len;
        if (!in_quotes && c == '#') {
            at += str_find(str_skip(text, at), '\n');
            c = ' ';
        }
        if (c == '"')
            in_quotes = !in_quotes;
        if (!in_quotes && (c == '\n' || c == '\t' || c == '\r'))
            c = ' ';
        if (c == ' ' && !in_quotes && (len == 0 || line[len - 1] == ' '))
            continue;
        line[len++] = c;
        if (is_escaped)
            line[len++] = text.ptr[++at];
    }
    while (len > 0 && line[len - 1] == ' ')
        len--;
    return (str){ line, len };
}

str emit_line_of(struct emit *emit, span at)
{
    return one_line(emit, sources_text(&emit->compilation->sources, at));
}

/* Who writes rules should know before they are applied: of each clause once a file. */
static void tell_unenforced(struct emit *emit, const struct unenforced *clause, span at)
{
    for (uint32_t i = 0; i < emit->unenforced.count; i++) {
        const struct unenforced *before = &emit->unenforced.items[i];
        if (strcmp(before->clause, clause->clause) == 0 && str_equal(before->file, clause->file))
            return;
    }
    diag_add(emit->diags, DIAG_NOT_ENFORCED, at,
        "this build checks and plans `%s`, and refuses to apply rules that have it",
        clause->clause);
}

void emit_unenforced(struct emit *emit, const char *clause, span at)
{
    const struct source *source = &emit->compilation->sources.items[at.file];
    struct unenforced one = { .clause = clause,
        .file = source->file,
        .line = source_place(source, at.start).line,
        .rule = emit->rule == NULL ? STR("") : emit->rule->name };
    tell_unenforced(emit, &one, at);
    TABLE_ADD(emit, emit->unenforced, one);
}

/* ---- arguments ---- */

static void push(struct emit *emit, value v)
{
    emit_op(emit, OP_CONSTANT, 0, emit_constant(emit, v));
}

/* A value known only with the alert. What goes into a message is printed; what selects a
 * target must be of the parameter's type, or is absent. */
static void emit_known_later(struct emit *emit, const struct expr *expr, const struct param *param)
{
    emit_operand(emit, expr);
    if (expr->type == param->type || expr->kind == EXPR_LITERAL)
        return;
    if (param->type == TYPE_TEXT && !type_is_text(expr->type) && expr->type != TYPE_RAW)
        emit_op(emit, OP_FORMAT, 0, 1);
    else
        emit_op(emit, OP_CONVERT, 0, (uint32_t)param->type);
}

static void emit_argument(struct emit *emit, struct expr *argument, const struct param *param)
{
    value v;
    enum type from;
    value fitted = VALUE_NONE;
    if (argument == NULL) {
        push(emit, VALUE_NONE);
        return;
    }
    const struct expr *expr = emit_expanded(emit, argument);
    if (expr->is_list && expr->kind != EXPR_CALL) {
        emit_op(emit, OP_CONSTANT, 0, emit_list(emit, expr, param->type));
    } else if (constant_of(expr, &v, &from)) {
        emit_ok(emit, constant_fit(emit->arena, v, from, param->type, &fitted));
        push(emit, fitted);
    } else {
        emit_known_later(emit, expr, param);
    }
}

/* ---- steps ---- */

/* The provider of which `via` names the first connection, or that it names itself; empty: this build
 * has one way to each provider, and it is another, or one that is declared elsewhere. */
static str via_provider(const struct emit *emit, str name)
{
    struct tree *const *trees = emit->compilation->trees;
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = trees[at]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "connection")
                && str_equal(item->name, name)) {
                str provider = connection_provider(item);
                return connection_used(trees, emit->compilation->tree_count, provider) == item
                           ? provider
                           : STR("");
            }
    return provider_is(name) ? name : STR("");
}

/* Which provider takes the step. */
static str emit_via(struct emit *emit, const struct ast_step *step)
{
    str provider = STR("");
    for (const struct pair *pair = step->action.pairs; pair != NULL; pair = pair->next) {
        if (!str_is(pair->key, "via") || param_find(step->action.builtin, pair->key) != UINT32_MAX)
            continue;
        provider = via_provider(emit, value_str(pair->value->is.constant));
        if (provider.len == 0)
            emit_unenforced(emit, "via", pair->key_at);
    }
    return provider;
}

/* What `profile=` names, as the collectors read it; nothing where the step does not say. */
static void emit_profile(
    struct emit *emit, const struct ast_step *step, struct step_code *code, uint32_t index)
{
    uint32_t named = 0;
    while (named < code->args_count && !code->builtin->params[named].fills)
        named++;
    const struct expr *name = named < code->args_count ? step_argument(step, named) : NULL;
    str plan = STR("");
    if (name != NULL)
        emit_ok(
            emit, profile_plan(emit->arena, &emit->compilation->sources, emit->compilation->trees,
                      emit->compilation->tree_count, profile_word(name), &plan));
    code->given |= plan.len == 0 ? 0U : 1U << index;
    push(emit, plan.len == 0 ? VALUE_NONE : value_text(plan));
}

static void emit_action(struct emit *emit, struct ast_step *step)
{
    const struct builtin *builtin = step->action.builtin;
    const struct clause *as = clause_find(step->action.clauses, CLAUSE_AS);
    uint32_t count = builtin_param_count(builtin);
    struct step_code code = { .builtin = builtin,
        .name = as == NULL ? STR("") : as->reason,
        .text = emit_line_of(emit, step->at),
        .condition = emit->condition,
        .stops_on_failure = clause_find(step->action.clauses, CLAUSE_ON_FAILURE_STOP) != NULL,
        .args_count = count };
    code.via = emit_via(emit, step);
    emit_held(emit, step, &code);
    for (uint32_t at = 0; at < count; at++) {
        struct expr *argument = step_argument(step, at);
        if (argument == NULL)
            argument = connection_setting_of(&emit->connection_cache, emit->compilation->trees,
                emit->compilation->tree_count, builtin->provider, builtin->params[at].setting);
        if (builtin->params[at].is_filled) {
            emit_profile(emit, step, &code, at);
            continue;
        }
        code.given |= argument == NULL ? 0U : 1U << at;
        emit_argument(emit, argument, &builtin->params[at]);
    }
    step->action.index = emit->steps.count;
    emit_op(emit, OP_STEP, 0, emit->steps.count);
    TABLE_ADD(emit, emit->steps, code);
}

static bool reads_results(const struct emit *emit, uint32_t from)
{
    for (uint32_t at = from; at < emit->code.count; at++)
        if (emit->code.items[at].opcode == OP_RESULT)
            return true;
    return false;
}

static void emit_steps(struct emit *emit, struct ast_step *steps);

/* The steps that follow are in one way of an `if` on results. */
static void enter_way(struct emit *emit, const struct step_condition *outer, str text, bool is_else)
{
    struct step_condition *condition = ARENA_NEW(emit->arena, struct step_condition);
    if (!emit_ok(emit, condition == NULL ? ERR_MEMORY : ERR_OK))
        return;
    *condition = (struct step_condition){ text, is_else, outer };
    emit->condition = condition;
}

/* A condition on results is not known while planning: BRANCH lets a plan take both ways. */
static void emit_branch(struct emit *emit, struct ast_step *step)
{
    uint32_t start = emit->code.count;
    const struct step_condition *outer = emit->condition;
    emit_condition(emit, emit_expanded(emit, step->branch.condition));
    bool is_unknown = reads_results(emit, start);
    str text = is_unknown ? emit_line_of(emit, step->branch.condition->at) : STR("");
    if (is_unknown)
        enter_way(emit, outer, text, false);
    uint32_t to_else = emit_op(emit, is_unknown ? OP_BRANCH : OP_JUMP_FALSE, 0, 0);
    emit_steps(emit, step->branch.then_steps);
    if (step->branch.else_steps == NULL) {
        emit_land(emit, to_else);
    } else {
        uint32_t to_end = emit_op(emit, is_unknown ? OP_JOIN : OP_JUMP, 0, 0);
        emit_land(emit, to_else);
        if (is_unknown)
            enter_way(emit, outer, text, true);
        emit_steps(emit, step->branch.else_steps);
        emit_land(emit, to_end);
    }
    emit->condition = outer;
}

static void emit_steps(struct emit *emit, struct ast_step *steps)
{
    for (struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION)
            emit_action(emit, step);
        else
            emit_branch(emit, step);
    }
}

void emit_rule_steps(struct emit *emit, struct item *rule)
{
    emit->condition = NULL;
    emit_steps(emit, rule->rule.steps);
    emit_op(emit, OP_HALT, 0, 0);
}
