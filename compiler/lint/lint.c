/* lint.c - the order of lint: comments that silence, every item, the whole set. */
#include "lint/lint.h"

#include "lint/lint_pass.h"

#include <stdarg.h>
#include <stdio.h>

bool lint_ok(struct lint *lint, enum err err)
{
    if (lint->err == ERR_OK)
        lint->err = err;
    return err == ERR_OK;
}

bool lint_has(enum diag_id id)
{
    return strncmp(diag_code(id), "CDR03", strlen("CDR03")) == 0;
}

str lint_text(const struct lint *lint, span at)
{
    return sources_text(lint->sources, at);
}

void lint_fix(struct lint *lint, struct diag *diag, span at, const char *format, ...)
{
    str text = lint_text(lint, at);
    if (diag == NULL || str_find(text, '#') < text.len)
        return;
    va_list args;
    va_start(args, format);
    char written[512];
    int len = vsnprintf(written, sizeof written, format, args);
    va_end(args);
    char *copy = len < 0 || (size_t)len >= sizeof written
                     ? NULL
                     : arena_alloc(lint->arena, (size_t)len + 1, 1);
    if (copy == NULL)
        return; /* a fix is a kindness: without room for it the finding stands */
    diag_set_fix(lint->diags, diag, at, (str){ memcpy(copy, written, (size_t)len), (size_t)len });
}

static void look(struct lint *lint, const struct expr *expr, void *context)
{
    (void)context;
    lint_logic(lint, expr);
    lint_never(lint, expr);
    lint_text_test(lint, expr);
    lint_technique(lint, expr);
    lint_list(lint, expr);
    lint_secrets(lint, expr);
}

static void lint_item(struct lint *lint, const struct item *item)
{
    lint->item = item;
    walk_item(lint, item, look, NULL);
    lint_dates(lint, item);
    if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "role"))
        lint_role(lint, item);
    if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "connection"))
        lint_connection(lint, item);
    if (item->kind == ITEM_DEFAULTS)
        lint_limits(lint, item->defaults.clauses, false);
    if (item->kind != ITEM_RULE)
        return;
    lint_rule(lint, item);
    lint_steps(lint, item);
}

enum err lint_program(struct compilation *compilation, const struct lint_settings *settings)
{
    static const struct lint_settings none = { .now_ms = 0 };
    struct lint lint = { .compilation = compilation,
        .settings = settings == NULL ? &none : settings,
        .arena = &compilation->arena,
        .diags = &compilation->diags,
        .sources = &compilation->sources };
    if (compilation->program == NULL)
        return ERR_OK;
    silence_read(&lint);
    silence_apply(&lint);
    for (uint32_t at = 0; at < compilation->tree_count && lint.err == ERR_OK; at++) {
        const struct tree *tree = compilation->trees[at];
        if (lint.sources->items[tree->file].is_shipped)
            continue;
        for (const struct item *item = tree->items; item != NULL; item = item->next)
            lint_item(&lint, item);
    }
    if (lint.err == ERR_OK)
        lint_set(&lint);
    if (lint.err == ERR_OK)
        silence_report_unused(&lint);
    diag_hide(&compilation->diags, &compilation->sources);
    diag_sort(&compilation->diags);
    return lint.err;
}
