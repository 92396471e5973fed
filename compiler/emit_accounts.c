/* emit_accounts.c - which accounts of AWS the rules name: into no other does a step take a role,
 * whatever an alert says; and which regions environments name: where an instance is looked for. */
#include "emit_pass.h"

#include "arn.h"

static void add(struct emit *emit, str account)
{
    if (account.len != 12 || !str_all_of(account, "0123456789"))
        return;
    for (uint32_t at = 0; at < emit->accounts.count; at++)
        if (str_equal(emit->accounts.items[at], account))
            return;
    TABLE_ADD(emit, emit->accounts, account);
}

/* What conditions and arguments say: an account, or an ARN in one. */
static void add_constant(struct emit *emit, value v)
{
    struct arn arn;
    if (v.kind == VALUE_TEXT)
        add(emit, arn_read(value_str(v), &arn) ? arn.account : value_str(v));
}

static void add_region(struct emit *emit, value v)
{
    for (uint32_t at = 0; at < emit->regions.count; at++)
        if (v.kind != VALUE_TEXT || str_equal(emit->regions.items[at], value_str(v)))
            return;
    if (v.kind == VALUE_TEXT)
        TABLE_ADD(emit, emit->regions, value_str(v));
}

static void add_places(struct emit *emit, const struct ast_place *place)
{
    for (; place != NULL; place = place->next) {
        bool is_region = str_is(place->key, "regions");
        const struct expr *one =
            place->values != NULL && (is_region || str_is(place->key, "accounts"))
                ? place->values->elements
                : NULL;
        emit->has_organization |= place->is_organization;
        for (; one != NULL; one = one->next)
            if (one->kind == EXPR_LITERAL && is_region)
                add_region(emit, one->literal.value);
            else if (one->kind == EXPR_LITERAL)
                add_constant(emit, one->literal.value);
    }
}

void emit_accounts(struct emit *emit)
{
    for (uint32_t tree = 0; tree < emit->compilation->tree_count; tree++)
        for (const struct item *item = emit->compilation->trees[tree]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_ENVIRONMENT)
                add_places(emit, item->environment.places);
    for (uint32_t at = 0; at < emit->constants.count; at++) {
        value v = emit->constants.items[at];
        const value *items = value_items(v);
        add_constant(emit, v);
        for (uint32_t item = 0; items != NULL && item < v.count; item++)
            add_constant(emit, items[item]);
    }
}
