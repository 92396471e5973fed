/* emit_source.c - sources: the fragments that accept an alert and fill its fields. */
#include "emit_pass.h"

#include "constant.h"

#include <stdlib.h>

/* One way to fill the field: the code of `expr`. Its value is made to fit the field when the
 * alert is read, which sees what is lost then; here only what `: type` makes narrower. */
static struct mapping emit_way(
    struct emit *emit, const struct ast_mapping *mapping, const struct expr *expr)
{
    enum field field = mapping->field->is.field;
    struct mapping made = { .field = field,
        .is_untrusted = mapping->is_untrusted || field_info(field)->is_untrusted,
        .start = emit->code.count };
    emit_operand(emit, expr);
    if (mapping->field->type != field_info(field)->type)
        emit_op(emit, OP_CONVERT, 0, (uint32_t)mapping->field->type);
    emit_op(emit, OP_RETURN, 0, 0);
    return made;
}

/* How many ways a mapping has: `first(a, b)` at its top is two. */
static uint32_t count_ways(const struct expr *expr)
{
    uint32_t count = 0;
    if (expr->kind != EXPR_CALL || expr->means != MEANING_FIRST)
        return 1;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
        count++;
    return count;
}

/* The ways of `first` are tried one by one as the field's type, so that what does not fit
 * hides nothing behind it. */
static void emit_mapping(
    struct emit *emit, const struct ast_mapping *mapping, struct mapping *mappings, uint32_t *count)
{
    const struct expr *expr = emit_expanded(emit, mapping->value);
    if (expr->kind != EXPR_CALL || expr->means != MEANING_FIRST) {
        mappings[(*count)++] = emit_way(emit, mapping, expr);
        return;
    }
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
        mappings[(*count)++] = emit_way(emit, mapping, arg);
}

static bool is_shipped(const struct emit *emit, const struct item *item)
{
    return emit->compilation->sources.items[item->at.file].is_shipped;
}

static struct source_program emit_source(struct emit *emit, const struct item *item)
{
    struct source_program source = {
        .name = item->name, .accept = emit->code.count, .is_shipped = is_shipped(emit, item)
    };
    uint32_t count = 0;
    emit_condition(emit, emit_expanded(emit, item->source.accept));
    emit_op(emit, OP_RETURN, 0, 0);
    for (const struct ast_mapping *mapping = item->source.mappings; mapping != NULL;
         mapping = mapping->next)
        count += count_ways(mapping->value);
    struct mapping *mappings = ARENA_ARRAY(emit->arena, struct mapping, count + 1);
    if (!emit_ok(emit, mappings == NULL ? ERR_MEMORY : ERR_OK))
        return source;
    for (const struct ast_mapping *mapping = item->source.mappings; mapping != NULL;
         mapping = mapping->next)
        emit_mapping(emit, mapping, mappings, &source.mapping_count);
    source.mappings = mappings;
    return source;
}

/* Whether a user's declaration takes the place of this shipped one. */
static bool is_replaced(
    const struct emit *emit, const struct item *source, const struct item *const *all, size_t count)
{
    if (!is_shipped(emit, source))
        return false;
    for (size_t at = 0; at < count; at++)
        if (all[at] != source && str_equal(all[at]->name, source->name))
            return true;
    return false;
}

/* The sources among all items; rules may be many, and each look at them costs. */
static const struct item *const *all_sources(struct emit *emit, uint32_t *ret_count)
{
    TABLE(const struct item *) all = { 0 };
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_SOURCE)
                TABLE_ADD(emit, all, item);
    *ret_count = all.count;
    return all.items;
}

static int by_name(const void *a, const void *b)
{
    str first = ((const struct source_program *)a)->name;
    str second = ((const struct source_program *)b)->name;
    size_t both = first.len < second.len ? first.len : second.len;
    int order = memcmp(first.ptr, second.ptr, both);
    return order != 0 ? order : (first.len > second.len) - (first.len < second.len);
}

void emit_sources(struct emit *emit)
{
    uint32_t count;
    const struct item *const *all = all_sources(emit, &count);
    for (uint32_t at = 0; at < count && emit->err == ERR_OK; at++) {
        if (is_replaced(emit, all[at], all, count))
            continue;
        struct source_program source = emit_source(emit, all[at]);
        TABLE_ADD(emit, emit->sources, source);
    }
    if (emit->err == ERR_OK && emit->sources.count > 1)
        qsort(emit->sources.items, emit->sources.count, sizeof emit->sources.items[0], by_name);
}

/* An alert in canonical names: each field is under its own name, nested or dotted. */
struct source_program emit_canonical(struct emit *emit)
{
    struct source_program canonical = {
        .name = STR("canonical"), .accept = NO_INDEX, .is_shipped = true
    };
    struct mapping *mappings = ARENA_ARRAY(emit->arena, struct mapping, FIELD_COUNT);
    if (!emit_ok(emit, mappings == NULL ? ERR_MEMORY : ERR_OK))
        return canonical;
    for (int at = 0; at < FIELD_COUNT; at++) {
        enum field field = (enum field)at;
        const struct field_info *info = field_info(field);
        if (field == FIELD_SOURCE || field == FIELD_RECEIVED || field == FIELD_TIME)
            continue;
        mappings[canonical.mapping_count++] = (struct mapping){
            .field = field, .is_untrusted = info->is_untrusted, .start = emit->code.count
        };
        emit_op(emit, OP_RAW, 0, emit_path(emit, str_from(info->name)));
        emit_op(emit, OP_RETURN, 0, 0);
    }
    canonical.mappings = mappings;
    return canonical;
}
