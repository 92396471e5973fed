/* emit_guard.c - what excuses a rule to fragments, and what this build does not enforce of
 * `defaults`, `never` and `always`. */
#include "emit_pass.h"

#include "arguments.h"
#include "doubt.h"

/* ---- excuses ---- */

static uint32_t emit_fragment(struct emit *emit, const struct expr *condition)
{
    uint32_t start = emit->code.count;
    emit_condition(emit, condition);
    emit_op(emit, OP_RETURN, 0, 0);
    return start;
}

static struct excuse_read emit_read(struct emit *emit, const struct expr *expr)
{
    struct excuse_read read = { .name = emit_line_of(emit, expr->at),
        .start = emit->code.count,
        .converts = expr->means == MEANING_RAW && expr->type != TYPE_RAW };
    emit_operand(emit, expr);
    emit_op(emit, OP_RETURN, 0, 0);
    return read;
}

/* What the condition asks `exists` of comes last: its absence is decided there, most often. */
static void emit_reads(struct emit *emit, const struct doubt *doubt, struct excuse_code *excuse)
{
    uint32_t count = 0;
    for (const struct doubt_read *read = doubt->reads; read != NULL; read = read->next)
        count++;
    struct excuse_read *reads = ARENA_ARRAY(emit->arena, struct excuse_read, count + 1);
    if (!emit_ok(emit, reads == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (int pass = 0; pass < 2; pass++)
        for (const struct doubt_read *read = doubt->reads; read != NULL; read = read->next)
            if (read->is_guarded == (pass == 1))
                reads[excuse->read_count++] = emit_read(emit, read->expr);
    excuse->reads = reads;
}

static struct excuse_code emit_excuse(struct emit *emit, const struct ast_excuse *from)
{
    const struct clause *unless = from->unless;
    const struct source *source = &emit->compilation->sources.items[unless->at.file];
    struct doubt doubt = { .arena = emit->arena };
    struct excuse_code excuse = { .name = from->exception == NULL ? STR("") : from->exception->name,
        .text = emit_line_of(emit, unless->condition->at),
        .reason = unless->reason,
        .file = source->file,
        .line = source_place(source, unless->at.start).line,
        .until_ms = unless->until_ms,
        .possible = NO_INDEX };
    doubt_of(&doubt, emit_expanded(emit, unless->condition));
    if (!emit_ok(emit, doubt.err))
        return excuse;
    excuse.certain = emit_fragment(emit, doubt.certain);
    if (doubt.possible == doubt.certain)
        return excuse;
    excuse.possible = emit_fragment(emit, doubt.possible);
    emit_reads(emit, &doubt, &excuse);
    return excuse;
}

void emit_excuses(struct emit *emit, const struct item *item, struct rule_code *rule)
{
    uint32_t count = 0;
    for (const struct ast_excuse *excuse = item->rule.excuses; excuse != NULL;
         excuse = excuse->next)
        count++;
    struct excuse_code *excuses = ARENA_ARRAY(emit->arena, struct excuse_code, count + 1);
    if (!emit_ok(emit, excuses == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (const struct ast_excuse *excuse = item->rule.excuses; excuse != NULL;
         excuse = excuse->next)
        excuses[rule->excuse_count++] = emit_excuse(emit, excuse);
    rule->excuses = excuses;
}

/* ---- what is not enforced ---- */

static bool is_meant(const struct ast_step_name *name, const struct ast_step *step)
{
    return step->action.verb == name->verb
           && (name->name.len == 0 || str_equal(step->action.name, name->name));
}

static bool takes(const struct ast_step *steps, const struct ast_step_name *name)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? is_meant(name, step)
                : takes(step->branch.then_steps, name) || takes(step->branch.else_steps, name))
            return true;
    return false;
}

static const struct ast_step_name any_respond = { .verb = VERB_RESPOND };

/* The same step on every path: none may end the steps before it, and none holds it. */
static bool always_takes(const struct item *rule, const struct ast_step_name *name)
{
    for (const struct ast_step *step = rule->rule.steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION && is_meant(name, step))
            return name->verb != VERB_RESPOND;
        if (step->kind == STEP_KIND_IF
            || clause_find(step->action.clauses, CLAUSE_ON_FAILURE_STOP) != NULL)
            return false;
    }
    return false;
}

/* Whether the item may be broken by the rule: where it plainly is not, nothing need be
 * enforced. */
static bool concerns(const struct item *item, const struct item *rule)
{
    if (item->kind == ITEM_NEVER)
        return takes(rule->rule.steps, item->never.is_target ? &any_respond : &item->never.step);
    return item->kind == ITEM_ALWAYS && !always_takes(rule, &item->always.step);
}

static bool concerns_any(const struct emit *emit, const struct item *item)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *rule = emit->compilation->trees[at]->items; rule != NULL;
             rule = rule->next)
            if (rule->kind == ITEM_RULE && rule->rule.disabled_by == NULL && concerns(item, rule))
                return true;
    return false;
}

static const char *unenforced_name(const struct item *item)
{
    if (item->kind == ITEM_ALWAYS)
        return "always";
    return item->never.is_target ? "never target" : "never";
}

void emit_invariants(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if ((item->kind == ITEM_NEVER || item->kind == ITEM_ALWAYS) && concerns_any(emit, item))
                emit_unenforced(emit, unenforced_name(item), item->at);
}

/* A rule's own clause takes the place of the default one. `limit` and `never target` are
 * about targets of `respond`. */
void emit_defaults(struct emit *emit, struct item *rule)
{
    if (rule->rule.defaults == NULL)
        return;
    bool responds = takes(rule->rule.steps, &any_respond);
    for (const struct clause *clause = rule->rule.defaults->defaults.clauses; clause != NULL;
         clause = clause->next) {
        if (clause->kind == CLAUSE_NEVER_TARGET && responds)
            emit_unenforced(emit, "never target", clause->at);
        if (clause_find(rule->rule.clauses, clause->kind) != NULL)
            continue;
        if (clause->kind == CLAUSE_LIMIT && responds)
            emit_unenforced(emit, "limit", clause->at);
        if (clause->kind == CLAUSE_DEDUP)
            emit_unenforced(emit, "dedup", clause->at);
    }
}
