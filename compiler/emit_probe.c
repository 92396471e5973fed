/* emit_probe.c - the leaves of conditions as fragments of their own, beside the rules. */
#include "emit_pass.h"

static uint32_t begin_probe(struct emit *emit)
{
    uint32_t start = emit->code.count;
    TABLE_ADD(emit, emit->probes, start);
    return start;
}

/* A condition that is absent, and one that is a list of truths, comes to true or false. */
static uint32_t emit_leaf_value(struct emit *emit, const struct expr *leaf)
{
    uint32_t start = begin_probe(emit);
    emit_condition(emit, leaf);
    emit_op(emit, OP_NOT, 0, 0);
    emit_op(emit, OP_NOT, 0, 0);
    emit_op(emit, OP_RETURN, 0, 0);
    return start;
}

/* Whether absence can decide it: `exists`, `missing` and `is null` ask for just that. */
static bool has_absence(const struct expr *leaf)
{
    return leaf->kind != EXPR_EXISTS
           && !(leaf->kind == EXPR_TEST && leaf->test.test == TEST_IS_NULL);
}

static uint32_t emit_absence(struct emit *emit, const struct expr *leaf)
{
    const struct expr *operands[PROBE_OPERANDS_MAX];
    uint32_t jumps[PROBE_OPERANDS_MAX] = { 0 };
    uint32_t count = probe_operands(leaf, operands);
    if (count == 0 || !has_absence(leaf))
        return NO_INDEX;
    uint32_t start = begin_probe(emit);
    for (uint32_t at = 0; at < count; at++) {
        enum type type = probe_operand_type(leaf, operands[at]);
        emit_operand(emit, operands[at]);
        if (type != operands[at]->type)
            emit_op(emit, OP_CONVERT, 0, (uint32_t)type);
        emit_op(emit, OP_FIRST, 0, 1);
        emit_op(emit, OP_MISSING, 0, 0);
        if (at + 1 < count)
            jumps[at] = emit_op(emit, OP_OR, 0, 0);
    }
    for (uint32_t at = 0; at + 1 < count; at++)
        emit_land(emit, jumps[at]);
    emit_op(emit, OP_RETURN, 0, 0);
    return start;
}

/* The value that is told: raw JSON as the alert has it. */
static uint32_t emit_read(struct emit *emit, const struct expr *expr)
{
    uint32_t start = begin_probe(emit);
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_RAW)
        emit_op(emit, OP_RAW, 0, emit_path(emit, expr->is.path));
    else
        emit_operand(emit, expr);
    emit_op(emit, OP_RETURN, 0, 0);
    return start;
}

static void emit_leaf(struct emit *emit, struct probe_leaf *leaf, bool has_steps)
{
    if (leaf->is_several || (leaf->reads_results && !has_steps))
        return;
    leaf->value = emit_leaf_value(emit, leaf->expr);
    leaf->absence = emit_absence(emit, leaf->expr);
    struct probe_read *reads = ARENA_ARRAY(emit->arena, struct probe_read, leaf->read_count + 1);
    if (!emit_ok(emit, reads == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t at = 0; at < leaf->read_count; at++) {
        const struct expr *expr = leaf->reads[at].expr;
        reads[at] = (struct probe_read){ expr, emit_read(emit, expr) };
    }
    leaf->reads = reads;
}

void emit_probe_rule(struct emit *emit, const struct item *rule, bool has_steps)
{
    struct probe_make make = { .arena = emit->arena };
    if (!emit_ok(emit, probe_conditions(&make, rule)))
        return;
    for (uint32_t at = 0; at < make.leaf_count && emit->err == ERR_OK; at++)
        emit_leaf(emit, &make.leaves[at], has_steps);
    struct probe_rule made = { .item = rule,
        .conditions = make.conditions,
        .condition_count = make.condition_count,
        .leaves = make.leaves,
        .leaf_count = make.leaf_count };
    TABLE_ADD(emit, emit->probe_rules, made);
}

const struct probes *emit_probes(struct emit *emit)
{
    struct probes *probes = ARENA_NEW(emit->arena, struct probes);
    if (emit_ok(emit, probes == NULL ? ERR_MEMORY : ERR_OK))
        *probes = (struct probes){ emit->probe_rules.items, emit->probe_rules.count };
    return probes;
}
