/* emit_excuse.c - what excuses a rule, to fragments; and any condition that may be in doubt. */
#include "emit_pass.h"

#include "doubt.h"

/* ---- conditions ---- */

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
static void emit_reads(struct emit *emit, const struct doubt *doubt, struct doubt_code *code)
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
                reads[code->read_count++] = emit_read(emit, read);
    code->reads = reads;
}

struct doubt_code emit_doubt(struct emit *emit, struct expr *condition, bool is_of_target)
{
    struct doubt doubt = { .arena = emit->arena, .is_of_target = is_of_target };
    struct doubt_code code = { .possible = NO_INDEX };
    doubt_of(&doubt, emit_expanded(emit, condition));
    if (!emit_ok(emit, doubt.err))
        return code;
    code.certain = emit_fragment(emit, doubt.certain);
    if (doubt.possible == doubt.certain)
        return code;
    code.possible = emit_fragment(emit, doubt.possible);
    emit_reads(emit, &doubt, &code);
    return code;
}

/* ---- excuses ---- */

static struct excuse_code emit_excuse(struct emit *emit, const struct ast_excuse *from)
{
    const struct clause *unless = from->unless;
    const struct source *source = &emit->compilation->sources.items[unless->at.file];
    struct doubt_code doubt = emit_doubt(emit, unless->condition, false);
    return (struct excuse_code){
        .name = from->exception == NULL ? STR("") : from->exception->name,
        .text = emit_line_of(emit, unless->condition->at),
        .reason = unless->reason,
        .file = source->file,
        .line = source_place(source, unless->at.start).line,
        .until_ms = unless->until_ms,
        .certain = doubt.certain,
        .possible = doubt.possible,
        .reads = doubt.reads,
        .read_count = doubt.read_count,
    };
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
    if (count == 0)
        return;
    struct excuse_code *excuses = ARENA_ARRAY(emit->arena, struct excuse_code, count);
    if (!emit_ok(emit, excuses == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (const struct ast_excuse *excuse = item->rule.excuses; excuse != NULL;
         excuse = excuse->next)
        excuses[rule->excuse_count++] = shared_excuse(emit, excuse);
    rule->excuses = excuses;
}
