/* logic.c - negation-normal form, made on the way down. */
#include "logic.h"

static struct part strip(struct part part)
{
    while (part.expr->kind == EXPR_NOT) {
        part.not_at = part.expr->at;
        part.wanted = !part.wanted;
        part.expr = part.expr->operand;
    }
    return part;
}

struct part part_of(const struct expr *expr, bool wanted)
{
    return strip((struct part){ .expr = expr, .wanted = wanted });
}

enum part_kind part_kind(struct part part)
{
    if (part.expr->kind == EXPR_AND)
        return part.wanted ? PART_AND : PART_OR;
    if (part.expr->kind == EXPR_OR)
        return part.wanted ? PART_OR : PART_AND;
    return PART_LEAF;
}

struct parts parts_of(struct part part)
{
    return (struct parts){ .rest = part.expr, .whole = part };
}

bool parts_next(struct parts *parts, struct part *ret_part)
{
    const struct expr *expr = parts->rest;
    if (expr == NULL)
        return false;
    bool is_end = expr->kind != parts->whole.expr->kind;
    parts->rest = is_end ? NULL : expr->binary.left;
    *ret_part = strip((struct part){
        is_end ? expr : expr->binary.right, parts->whole.wanted, parts->whole.not_at });
    return true;
}

enum err parts_all(
    struct arena *arena, struct part part, struct part **ret_parts, uint32_t *ret_count)
{
    struct part one;
    uint32_t count = 0;
    for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
        count++;
    *ret_parts = ARENA_ARRAY(arena, struct part, count);
    if (*ret_parts == NULL)
        return ERR_MEMORY;
    *ret_count = 0;
    for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
        (*ret_parts)[(*ret_count)++] = one;
    return ERR_OK;
}
