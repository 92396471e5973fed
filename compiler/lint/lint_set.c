/* lint_set.c - the set of rules: what nobody uses, what is there twice, names alike. */
#include "lint/lint_pass.h"

#include <stdlib.h>

/* ---- declarations that nobody uses ---- */

static void note_use(struct lint *lint, const struct expr *expr, void *context)
{
    (void)lint, (void)context;
    bool is_name = expr->kind == EXPR_FIELD || expr->kind == EXPR_CALL;
    if (is_name
        && (expr->means == MEANING_LIST || expr->means == MEANING_LET
            || expr->means == MEANING_MACRO))
        expr->is.declaration->is_used = true;
}

/* Whether the file has something that acts: a file of lists alone serves others. */
static bool has_rules(const struct tree *tree)
{
    for (const struct item *item = tree->items; item != NULL; item = item->next)
        if (item->kind == ITEM_RULE || item->kind == ITEM_SOURCE)
            return true;
    return false;
}

static bool is_declaration(const struct item *item)
{
    return item->kind == ITEM_LIST || item->kind == ITEM_LET || item->kind == ITEM_MACRO;
}

static void look_for_unused(struct lint *lint, const struct tree *tree)
{
    for (const struct item *item = tree->items; item != NULL; item = item->next) {
        if (!is_declaration(item) || item->is_used)
            continue;
        struct diag *diag = LINT(lint, DIAG_UNUSED, item->name_at, "nothing uses the %s `%.*s`",
            item_word(item), STR_ARG(item->name));
        LINT_HELP(lint, diag, "take it out");
    }
}

/* ---- rules that are the same ---- */

static int compare_ids(const void *left, const void *right)
{
    const struct rule_code *a = *(const struct rule_code *const *)left;
    const struct rule_code *b = *(const struct rule_code *const *)right;
    int order = memcmp(a->id.ptr, b->id.ptr, a->id.len < b->id.len ? a->id.len : b->id.len);
    return order != 0 ? order : (a > b) - (a < b);
}

static const struct item *rule_item(const struct lint *lint, str name)
{
    for (uint32_t at = 0; at < lint->compilation->tree_count; at++)
        for (const struct item *item = lint->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_RULE && str_equal(item->name, name))
                return item;
    return NULL;
}

static void look_for_same_rules(struct lint *lint)
{
    const struct program *program = lint->compilation->program;
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    const struct rule_code **rules =
        ARENA_ARRAY(&scratch, const struct rule_code *, program->rule_count + 1);
    if (!lint_ok(lint, rules == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t i = 0; i < program->rule_count; i++)
        rules[i] = &program->rules[i];
    qsort(rules, program->rule_count, sizeof *rules, compare_ids);
    for (uint32_t i = 1; i < program->rule_count; i++) {
        if (!str_equal(rules[i - 1]->id, rules[i]->id))
            continue;
        const struct item *item = rule_item(lint, rules[i]->name);
        const struct item *first = rule_item(lint, rules[i - 1]->name);
        if (item == NULL || first == NULL)
            continue;
        struct diag *diag = LINT(lint, DIAG_SAME_RULE, item->name_at,
            "this is the rule `%.*s` again: it asks and does the same", STR_ARG(first->name));
        diag_note(lint->diags, diag, first->name_at, "the other one is here");
        LINT_HELP(lint, diag, "take one of them out: both would act on each alert");
    }
}

/* ---- names that read alike ---- */

struct spelled {
    const struct item *item;
    str skeleton; /* letters folded, what looks alike made one, `_` left out */
};

static str skeleton_of(struct arena *arena, str name)
{
    char *skeleton = arena_alloc(arena, name.len + 1, 1);
    size_t len = 0;
    for (size_t i = 0; i < name.len && skeleton != NULL; i++) {
        char c = name.ptr[i];
        if (c == '_')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        skeleton[len++] = c == '0' ? 'o' : c == '1' || c == 'i' ? 'l' : c;
    }
    return (str){ skeleton, len };
}

static int compare_spelled(const void *left, const void *right)
{
    const struct spelled *a = left;
    const struct spelled *b = right;
    size_t len = a->skeleton.len < b->skeleton.len ? a->skeleton.len : b->skeleton.len;
    int order = memcmp(a->skeleton.ptr, b->skeleton.ptr, len);
    if (order != 0)
        return order;
    if (a->skeleton.len != b->skeleton.len)
        return a->skeleton.len < b->skeleton.len ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

static bool has_name(const struct item *item)
{
    return (is_declaration(item) || item->kind == ITEM_RULE || item->kind == ITEM_ENVIRONMENT)
           && item->name_at.end > item->name_at.start && item->name.len > 0;
}

/* Named items of files that are not shipped. */
static size_t spell(const struct lint *lint, struct arena *arena, struct spelled *names)
{
    size_t count = 0;
    for (uint32_t at = 0; at < lint->compilation->tree_count; at++) {
        const struct tree *tree = lint->compilation->trees[at];
        if (lint->sources->items[tree->file].is_shipped)
            continue;
        for (const struct item *item = tree->items; item != NULL; item = item->next) {
            if (!has_name(item) || str_find(item->name, ':') < item->name.len)
                continue;
            if (names != NULL)
                names[count] = (struct spelled){ item, skeleton_of(arena, item->name) };
            count++;
        }
    }
    return count;
}

static void look_for_alike(struct lint *lint)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    size_t count = spell(lint, &scratch, NULL);
    struct spelled *names = ARENA_ARRAY(&scratch, struct spelled, count + 1);
    if (!lint_ok(lint, names == NULL ? ERR_MEMORY : ERR_OK))
        return;
    spell(lint, &scratch, names);
    for (size_t i = 0; i < count; i++)
        if (!lint_ok(lint, names[i].skeleton.ptr == NULL ? ERR_MEMORY : ERR_OK))
            return;
    qsort(names, count, sizeof *names, compare_spelled);
    for (size_t i = 1; i < count; i++) {
        const struct spelled *one = &names[i];
        const struct spelled *other = &names[i - 1];
        if (!str_equal(one->skeleton, other->skeleton)
            || str_equal(one->item->name, other->item->name))
            continue;
        struct diag *diag = LINT(lint, DIAG_NAMES_ALIKE, one->item->name_at,
            "`%.*s` reads like `%.*s`", STR_ARG(one->item->name), STR_ARG(other->item->name));
        diag_note(lint->diags, diag, other->item->name_at, "the other one is here");
        LINT_HELP(lint, diag, "give one of them a name that nobody mistakes");
    }
}

void lint_set(struct lint *lint)
{
    struct compilation *compilation = lint->compilation;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            walk_item(lint, item, note_use, NULL);
    for (uint32_t at = 0; at < compilation->tree_count; at++) {
        const struct tree *tree = compilation->trees[at];
        if (!lint->sources->items[tree->file].is_shipped && has_rules(tree))
            look_for_unused(lint, tree);
    }
    look_for_same_rules(lint);
    look_for_alike(lint);
}
