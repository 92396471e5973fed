/* check.c - the order of the check: declare every name, then look into every item. */
#include "check.h"

#include "check_pass.h"
#include "keyword.h"

bool check_ok(struct check *check, enum err err)
{
    if (check->err == ERR_OK)
        check->err = err;
    return err == ERR_OK;
}

static bool is_shipped(const struct check *check, const struct item *item)
{
    return check->sources->items[item->at.file].is_shipped;
}

static void report_taken(struct check *check, const struct item *item, const struct item *taken)
{
    struct diag *diag = diag_add(check->diags, DIAG_DUPLICATE_NAME,
        item->name_at.end > item->name_at.start ? item->name_at : item->at,
        "`%.*s` is declared twice",
        STR_ARG(item->name.len > 0 ? item->name : str_from(item_word(item))));
    diag_note(check->diags, diag, taken->name_at.end > 0 ? taken->name_at : taken->at,
        "it was declared here first");
    diag_help(check->diags, diag, "give one of them another name");
}

/* A user's source takes the place of a shipped one of the same name. */
static void declare_source(struct check *check, struct item *item)
{
    struct item *taken = NULL;
    if (!check_ok(
            check, scope_add(check->scope, check->names, SCOPE_SOURCES, item->name, item, &taken))
        || taken == NULL)
        return;
    if (!is_shipped(check, taken) || is_shipped(check, item)) {
        report_taken(check, item, taken);
        return;
    }
    scope_replace(check->scope, SCOPE_SOURCES, item->name, item);
    diag_add(check->diags, DIAG_SOURCE_REPLACED, item->name_at,
        "this source takes the place of the one that is part of cdr");
}

static void declare(struct check *check, struct item *item, int64_t where)
{
    struct item *taken = NULL;
    if (where >= 0 && !check_hiding(check, item->name, item->name_at))
        return;
    if (check_ok(check, scope_add(check->scope, check->names, where, item->name, item, &taken))
        && taken != NULL)
        report_taken(check, item, taken);
}

static str file_stem(str file)
{
    if (str_is(file, "-"))
        return STR("stdin");
    str base =
        str_skip(file, str_find_last(file, '/') == file.len ? 0 : str_find_last(file, '/') + 1);
    size_t dot = str_find_last(base, '.');
    return dot == 0 ? base : str_first(base, dot);
}

/* The text as a word that rules can be named by: what no word has becomes `_`. */
static str as_word(struct check *check, str text)
{
    char *word = arena_alloc(check->arena, text.len + 2, 1);
    size_t len = 1;
    if (!check_ok(check, word == NULL ? ERR_MEMORY : ERR_OK))
        return STR("_");
    word[0] = '_';
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (((unsigned char)c & 0xC0) != 0x80) /* a code point is one character */
            word[len++] = is_letter || (c >= '0' && c <= '9') ? c : '_';
    }
    str made = { word + 1, len - 1 };
    bool is_free = made.len > 0 && (made.ptr[0] < '0' || made.ptr[0] > '9')
                   && !keyword_is(made, KEYWORD_RESERVED);
    return is_free ? made : (str){ word, len };
}

/* A rule without a name is called after its file: s.cdr has `s`, then `s_2`. */
static void name_bare_rule(struct check *check, struct item *item, uint32_t number)
{
    str stem = as_word(check, file_stem(check->sources->items[item->at.file].file));
    if (number == 1) {
        item->name = stem;
        return;
    }
    const char *name = arena_format(check->arena, "%.*s_%u", STR_ARG(stem), number);
    if (check_ok(check, name == NULL ? ERR_MEMORY : ERR_OK))
        item->name = str_from(name);
}

/* Their names belong to the whole set. */
static void declare_block(struct check *check, struct item *item)
{
    if (str_is(item->block.keyword, "daemon"))
        declare(check, item, SCOPE_DAEMON);
    else if (item->name.len > 0)
        declare(check, item,
            str_is(item->block.keyword, "role")      ? SCOPE_ROLES
            : str_is(item->block.keyword, "channel") ? SCOPE_CHANNELS
            : item_is_profile(item)                  ? SCOPE_PROFILES
                                                     : SCOPE_CONNECTIONS);
}

static void declare_item(struct check *check, struct item *item, uint32_t *bare_count)
{
    switch (item->kind) {
    case ITEM_LIST:
    case ITEM_LET:
    case ITEM_MACRO:
    case ITEM_ENVIRONMENT:
        declare(check, item, item->at.file);
        break;
    case ITEM_EXCEPTION:
        declare(check, item, SCOPE_EXCEPTIONS);
        break;
    case ITEM_RULE:
        if (item->name.len == 0)
            name_bare_rule(check, item, ++*bare_count);
        declare(check, item, SCOPE_RULES);
        break;
    case ITEM_SOURCE:
        declare_source(check, item);
        break;
    case ITEM_USE:
    case ITEM_DEFAULTS:
    case ITEM_DISABLE:
    case ITEM_NEVER:
    case ITEM_ALWAYS:
    case ITEM_TEST: /* check_testcase does: a title is no name */
        break;
    case ITEM_BLOCK:
        declare_block(check, item);
        break;
    }
}

static void check_edition(struct check *check, const struct tree *tree)
{
    if (tree->edition == 0 || tree->edition == 1)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_EDITION, tree->edition_at,
        "edition %lld of the language is not known to this build", (long long)tree->edition);
    diag_help(check->diags, diag, "write `cdr 1`, or use a newer cdr");
}

/* Sources first: every other name is checked against theirs. */
static void declare_all(struct check *check)
{
    for (uint32_t i = 0; i < check->tree_count; i++)
        for (struct item *item = check->trees[i]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_SOURCE)
                declare_item(check, item, NULL);
    for (uint32_t i = 0; i < check->tree_count; i++) {
        uint32_t bare_count = 0;
        check_edition(check, check->trees[i]);
        for (struct item *item = check->trees[i]->items; item != NULL; item = item->next)
            if (item->kind != ITEM_SOURCE)
                declare_item(check, item, &bare_count);
    }
}

static void collect_sources(struct check *check)
{
    uint32_t count = 0;
    uint32_t at = 0;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;)
        count += name->scope == SCOPE_SOURCES;
    check->source_items = ARENA_ARRAY(check->arena, struct item *, count + 1);
    if (!check_ok(check, check->source_items == NULL ? ERR_MEMORY : ERR_OK))
        return;
    at = 0;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;)
        if (name->scope == SCOPE_SOURCES)
            check->source_items[check->source_count++] = name->item;
}

static void check_item(struct check *check, struct item *item)
{
    check->item = item;
    switch (item->kind) {
    case ITEM_LIST:
    case ITEM_LET:
    case ITEM_MACRO:
        check_declaration(check, item);
        break;
    case ITEM_RULE:
        check_rule(check, item);
        break;
    case ITEM_TEST:
        check_testcase(check, item);
        break;
    case ITEM_BLOCK:
        check_block(check, item);
        break;
    case ITEM_EXCEPTION:
        check_exception(check, item);
        break;
    case ITEM_DEFAULTS:
        check_defaults(check, item);
        break;
    case ITEM_USE:
    case ITEM_SOURCE:
    case ITEM_DISABLE:
    case ITEM_NEVER:
    case ITEM_ALWAYS:
        break; /* check_program takes them before or after */
    case ITEM_ENVIRONMENT:
        check_environment(check, item);
        break;
    }
}

/* `never` and `always` are about every rule. */
static void check_invariant(struct check *check, struct item *item)
{
    check->item = item;
    if (item->kind == ITEM_NEVER)
        check_forbidden(check, item);
    if (item->kind == ITEM_ALWAYS)
        check_always(check, item);
}

enum err check_program(struct compilation *compilation)
{
    CLEANUP(arena_release) struct arena names = ARENA_INIT(COMPILE_BYTES_MAX);
    struct scope scope = { .visible = &compilation->visible };
    struct zones zones = { 0 };
    struct check check = { .arena = &compilation->arena,
        .diags = &compilation->diags,
        .sources = &compilation->sources,
        .trees = compilation->trees,
        .tree_count = compilation->tree_count,
        .opens_fixtures = compilation->opens_fixtures,
        .now_ms = compilation->now_ms,
        .names = &names,
        .scope = &scope,
        .zones = &zones };

    TRY(visible_new(check.arena, check.sources, &compilation->visible));
    check_find_lost(&check);
    declare_all(&check);
    if (check.err == ERR_OK)
        check_uses(&check);
    if (check.err == ERR_OK)
        collect_sources(&check);
    check_find_roles(&check);
    if (check.err == ERR_OK)
        check_link_guards(&check);
    /* Sources first: what they call untrusted holds for every rule. */
    for (uint32_t i = 0; i < check.tree_count; i++)
        for (struct item *item = check.trees[i]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_SOURCE && check.err == ERR_OK)
                check_source(&check, item);
    if (check.err == ERR_OK)
        check_overlaps(&check);
    for (uint32_t i = 0; i < check.tree_count; i++)
        for (struct item *item = check.trees[i]->items; item != NULL; item = item->next)
            if (check.err == ERR_OK)
                check_item(&check, item);
    for (uint32_t i = 0; i < check.tree_count; i++)
        for (struct item *item = check.trees[i]->items; item != NULL; item = item->next)
            if (check.err == ERR_OK)
                check_invariant(&check, item);
    return check.err;
}

const struct item *source_item(const struct check *check, str name)
{
    const struct name *found = scope_find(check->scope, SCOPE_SOURCES, name);
    return found == NULL ? NULL : found->item;
}
