/* emit_guard.c - what excuses a rule to fragments, and what this build does not enforce of
 * `defaults`, `never`, `always` and connections. */
#include "emit_pass.h"

#include "arguments.h"
#include "doubt.h"
#include "invariant.h"

/* ---- excuses ---- */

static uint32_t emit_fragment(struct emit *emit, const struct expr *condition)
{
    uint32_t start = emit->code.count;
    emit_condition(emit, condition);
    emit_op(emit, OP_RETURN, 0, 0);
    return start;
}

/* A part of `resource in production` is written nowhere: its name is made. */
static str read_name(struct emit *emit, const struct expr *expr)
{
    const char *text = NULL;
    if (expr->kind != EXPR_FIELD)
        return emit_line_of(emit, expr->at);
    if (expr->means == MEANING_FIELD)
        return str_from(field_info(expr->is.field)->name);
    if (expr->means != MEANING_TAG)
        return emit_line_of(emit, expr->at);
    text = arena_format(emit->arena, "resource.tags[\"%.*s\"]", STR_ARG(expr->is.path));
    return emit_ok(emit, text == NULL ? ERR_MEMORY : ERR_OK) ? str_from(text) : STR("");
}

/* What `exists` may ask for: of a call the first field in it. Depth: of calls in calls. */
static const struct expr *field_in(const struct expr *expr)
{
    const struct expr *found = expr->kind == EXPR_FIELD ? expr : NULL;
    if (expr->kind != EXPR_CALL)
        return found;
    for (const struct expr *arg = expr->call.arguments; arg != NULL && found == NULL;
         arg = arg->next)
        found = field_in(arg);
    return found;
}

static struct excuse_read emit_read(struct emit *emit, const struct doubt_read *from)
{
    const struct expr *field = field_in(from->expr);
    struct excuse_read read = { .name = read_name(emit, from->expr),
        .asked = read_name(emit, field == NULL ? from->expr : field) };
    read.start = emit->code.count;
    emit_operand(emit, from->expr);
    emit_op(emit, OP_RETURN, 0, 0);
    read.unknown = emit_fragment(emit, from->unknown);
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
                reads[excuse->read_count++] = emit_read(emit, read);
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

/* An exception may excuse every rule of a large set, and have a large condition: its code is
 * made once. */
static struct excuse_code shared_excuse(struct emit *emit, const struct ast_excuse *from)
{
    const struct shared_excuse *before = emit_shared_find(emit, from->unless);
    if (before != NULL)
        return before->code;
    struct excuse_code made = emit_excuse(emit, from);
    if (emit->err == ERR_OK)
        emit_shared_add(emit, from->unless, &made);
    return made;
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
        excuses[rule->excuse_count++] = shared_excuse(emit, excuse);
    rule->excuses = excuses;
}

/* ---- what is not enforced ---- */

/* Whether the two ask the same of a rule. */
static bool is_same_question(const struct item *a, const struct item *b)
{
    const struct ast_step_name *first = a->kind == ITEM_NEVER ? &a->never.step : &a->always.step;
    const struct ast_step_name *second = b->kind == ITEM_NEVER ? &b->never.step : &b->always.step;
    if (a->kind != b->kind)
        return false;
    if (a->kind == ITEM_NEVER && (a->never.is_target || b->never.is_target))
        return a->never.is_target == b->never.is_target;
    return first->verb == second->verb && str_equal(first->name, second->name);
}

static bool concerns_any(const struct emit *emit, const struct item *invariant)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *rule = emit->compilation->trees[at]->items; rule != NULL;
             rule = rule->next)
            if (rule->kind == ITEM_RULE && rule->rule.disabled_by == NULL
                && invariant_concerns(invariant, rule))
                return true;
    return false;
}

/* There are as many different questions as steps to name, however many invariants ask them:
 * the rules are gone through once for each. */
static bool is_concern(struct emit *emit, const struct item *invariant)
{
    for (uint32_t at = 0; at < emit->concerns.count; at++)
        if (is_same_question(emit->concerns.items[at].invariant, invariant))
            return emit->concerns.items[at].is_concern;
    struct concern concern = { invariant, concerns_any(emit, invariant) };
    TABLE_ADD(emit, emit->concerns, concern);
    return concern.is_concern;
}

/* What it is about, as code, so that a test can ask whether an alert meets it. */
static void emit_invariant_condition(struct emit *emit, span at, struct expr *condition)
{
    if (condition == NULL)
        return;
    struct guard_code code = {
        .text_index = at.file, .at = at.start, .certain = emit->code.count, .possible = NO_INDEX
    };
    emit_condition(emit, emit_expanded(emit, condition));
    emit_op(emit, OP_RETURN, 0, 0);
    TABLE_ADD(emit, emit->guards, code);
}

static void emit_invariant_conditions(struct emit *emit, const struct item *item)
{
    if (item->kind == ITEM_NEVER)
        emit_invariant_condition(emit, item->at, item->never.condition);
    else if (item->kind == ITEM_ALWAYS)
        emit_invariant_condition(emit, item->at, item->always.condition);
    const struct clause *clause = item->kind == ITEM_DEFAULTS ? item->defaults.clauses : NULL;
    for (; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_NEVER_TARGET)
            emit_invariant_condition(emit, clause->at, clause->condition);
}

void emit_invariants(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next) {
            emit_invariant_conditions(emit, item);
            if ((item->kind == ITEM_NEVER || item->kind == ITEM_ALWAYS) && is_concern(emit, item))
                emit_unenforced(emit, invariant_name(item), item->at);
        }
}

static bool acts_on(const struct ast_step *steps, str provider)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        const struct builtin *builtin =
            step->kind == STEP_KIND_ACTION ? step->action.builtin : NULL;
        if (step->kind == STEP_KIND_ACTION ? builtin != NULL && builtin->provider != NULL
                                                 && str_is(provider, builtin->provider)
                                           : acts_on(step->branch.then_steps, provider)
                                                 || acts_on(step->branch.else_steps, provider))
            return true;
    }
    return false;
}

static bool is_needed(const struct emit *emit, const struct item *connection)
{
    str provider = connection_provider(connection);
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *rule = emit->compilation->trees[at]->items; rule != NULL;
             rule = rule->next)
            if (rule->kind == ITEM_RULE && rule->rule.disabled_by == NULL
                && acts_on(rule->rule.steps, provider))
                return true;
    return false;
}

/* The account and the role that a connection pins are where its author believes the rules to
 * act; this build would act with whatever credentials it finds. */
void emit_connections(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "connection")
                && is_needed(emit, item))
                emit_unenforced(emit, "connection", item->at);
}

static bool responds(const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? step->action.verb == VERB_RESPOND
                : responds(step->branch.then_steps) || responds(step->branch.else_steps))
            return true;
    return false;
}

/* A rule's own clause takes the place of the default one. `limit` is about targets of `respond`,
 * `never target` about those of every step. */
void emit_defaults(struct emit *emit, struct item *rule)
{
    if (rule->rule.defaults == NULL)
        return;
    bool has_target = steps_have_target(rule->rule.steps);
    bool has_respond = responds(rule->rule.steps);
    for (const struct clause *clause = rule->rule.defaults->defaults.clauses; clause != NULL;
         clause = clause->next) {
        if (clause->kind == CLAUSE_NEVER_TARGET && has_target)
            emit_unenforced(emit, "never target", clause->at);
        if (clause_find(rule->rule.clauses, clause->kind) != NULL)
            continue;
        if (clause->kind == CLAUSE_LIMIT && has_respond)
            emit_unenforced(emit, "limit", clause->at);
        if (clause->kind == CLAUSE_DEDUP)
            emit_unenforced(emit, "dedup", clause->at);
    }
}
