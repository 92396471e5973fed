/* lint_list.c - written lists: values said twice, networks that cover what follows. */
#include "lint/lint_pass.h"

#include "base/fold.h"
#include "ip.h"

#include <stdlib.h>

enum { NETWORKS_MAX = 2000 }; /* compared pair by pair */

struct entry {
    const struct expr *expr;
    str text;
};

static int compare(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = fold_compare(a->text, b->text);
    if (order != 0)
        return order;
    return (a->expr->at.start > b->expr->at.start) - (a->expr->at.start < b->expr->at.start);
}

/* The literals of the list that are text, as an array of the scratch arena. */
static struct entry *entries_of(
    struct lint *lint, struct arena *scratch, const struct expr *list, size_t *ret_count)
{
    size_t count = 0;
    *ret_count = 0;
    for (const struct expr *element = list->elements; element != NULL; element = element->next)
        count++;
    struct entry *entries = ARENA_ARRAY(scratch, struct entry, count + 1);
    if (!lint_ok(lint, entries == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    for (const struct expr *element = list->elements; element != NULL; element = element->next)
        if (element->kind == EXPR_LITERAL && element->literal.type == TYPE_TEXT)
            entries[(*ret_count)++] = (struct entry){ element, value_str(element->literal.value) };
    return entries;
}

struct cased_use {
    const struct item *list;
    bool is_found;
};

static void note_cased(struct lint *lint, const struct expr *expr, void *context)
{
    struct cased_use *use = context;
    (void)lint;
    if (expr->kind == EXPR_TEST && expr->test.cased && expr->test.right != NULL
        && expr->test.right->means == MEANING_LIST && expr->test.right->is.declaration == use->list)
        use->is_found = true;
}

/* Whether a test tells the values of this list apart by case. */
static bool is_cased(struct lint *lint, const struct expr *list)
{
    struct cased_use use = { .list = lint->item };
    if (lint->cased_list == list)
        return true;
    if (lint->item->kind != ITEM_LIST)
        return false;
    for (uint32_t at = 0; at < lint->compilation->tree_count && !use.is_found; at++)
        for (const struct item *item = lint->compilation->trees[at]->items; item != NULL;
             item = item->next)
            walk_item(lint, item, note_cased, &use);
    return use.is_found;
}

static void look_for_doubles(
    struct lint *lint, const struct expr *list, struct entry *entries, size_t count)
{
    enum { NOT_ASKED, NO, YES } cased = NOT_ASKED;
    for (size_t i = 1; i < count; i++) {
        if (fold_compare(entries[i - 1].text, entries[i].text) != 0)
            continue;
        bool is_exact = str_equal(entries[i - 1].text, entries[i].text);
        if (!is_exact && cased == NOT_ASKED)
            cased = is_cased(lint, list) ? YES : NO;
        if (!is_exact && cased == YES)
            continue;
        struct diag *diag = LINT(lint, DIAG_VALUE_TWICE, entries[i].expr->at,
            is_exact ? "the list has this value already"
                     : "the list has this value already: case makes no difference");
        diag_note(lint->diags, diag, entries[i - 1].expr->at, "the other one is here");
        LINT_HELP(lint, diag, "take one of them out");
    }
}

/* 10.0.0.5/8: bits past the length. */
static void look_at_network(struct lint *lint, const struct entry *entry, const struct ip *network)
{
    struct ip address;
    char text[IP_TEXT_MAX];
    size_t slash = str_find(entry->text, '/');
    if (slash == entry->text.len || !ip_parse(str_first(entry->text, slash), &address)
        || memcmp(address.bytes, network->bytes, sizeof address.bytes) == 0)
        return;
    str written = ip_format(network, text);
    struct diag *diag = LINT(lint, DIAG_HOST_BITS, entry->expr->at,
        "this network is %.*s: the address has bits past its length", STR_ARG(written));
    LINT_HELP(lint, diag, "write \"%.*s\", or the address alone", STR_ARG(written));
}

static void look_for_cover(struct lint *lint, const struct entry *entries, size_t count)
{
    struct ip outer;
    struct ip inner;
    for (size_t i = 0; i < count; i++) {
        if (!cidr_parse(entries[i].text, &outer))
            continue;
        look_at_network(lint, &entries[i], &outer);
        if (outer.bits == 128 || count > NETWORKS_MAX)
            continue;
        for (size_t j = 0; j < count; j++) {
            if (j == i || !cidr_parse(entries[j].text, &inner) || inner.bits <= outer.bits
                || !ip_covers(&outer, &inner))
                continue;
            struct diag *diag = LINT(lint, DIAG_COVERED_ADDRESS, entries[j].expr->at,
                "`%.*s` covers this already", STR_ARG(entries[i].text));
            diag_note(lint->diags, diag, entries[i].expr->at, "the network is here");
        }
    }
}

static void look_at_list(struct lint *lint, const struct expr *list)
{
    size_t count;
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    struct entry *entries = entries_of(lint, &scratch, list, &count);
    if (entries == NULL || count == 0)
        return;
    qsort(entries, count, sizeof *entries, compare);
    look_for_doubles(lint, list, entries, count);
    if (list->type == TYPE_IP || list->type == TYPE_CIDR)
        look_for_cover(lint, entries, count);
}

void lint_list(struct lint *lint, const struct expr *expr)
{
    if (expr->kind == EXPR_TEST && expr->test.cased)
        lint->cased_list = expr->test.right; /* which is looked at next */
    if (expr->kind == EXPR_LIST)
        look_at_list(lint, expr);
    if (expr->kind != EXPR_TEST || expr->test.right == NULL
        || expr->test.right->kind != EXPR_LITERAL || expr->test.left->type != TYPE_IP)
        return;
    struct ip network;
    struct entry entry = { expr->test.right, value_str(expr->test.right->literal.value) };
    if (expr->test.right->literal.type == TYPE_TEXT && cidr_parse(entry.text, &network))
        look_at_network(lint, &entry, &network);
}
