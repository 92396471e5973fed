/* fmt_part.c - parts of a file in their canonical form, for those who quote them. */
#include "fmt.h"
#include "fmt_pass.h"

static struct fmt quote(const struct sources *sources, span at, struct buf *out)
{
    return (struct fmt){ .sources = sources, .text = sources->items[at.file].text, .out = out };
}

void expr_format(const struct sources *sources, const struct expr *expr, struct buf *out)
{
    struct fmt fmt = quote(sources, expr->at, out);
    fmt_expr(&fmt, expr, FMT_INDENT);
}

void clause_format(const struct sources *sources, const struct clause *clause, struct buf *out)
{
    struct fmt fmt = quote(sources, clause->at, out);
    fmt_clause(&fmt, clause, 0);
}

void action_format(const struct sources *sources, const struct ast_step *step, struct buf *out)
{
    struct fmt fmt = quote(sources, step->at, out);
    fmt_action(&fmt, step, 0);
}

void item_format(const struct sources *sources, const struct item *item, struct buf *out)
{
    struct fmt fmt = quote(sources, item->at, out);
    switch (item->kind) {
    case ITEM_USE:
    case ITEM_DISABLE:
    case ITEM_EXCEPTION:
    case ITEM_NEVER:
    case ITEM_ALWAYS:
        fmt_sentence(&fmt, item);
        break;
    case ITEM_ENVIRONMENT:
    case ITEM_DEFAULTS:
    case ITEM_BLOCK:
        fmt_block(&fmt, item);
        break;
    case ITEM_LIST:
    case ITEM_LET:
    case ITEM_MACRO:
    case ITEM_RULE:
    case ITEM_TEST:
    case ITEM_SOURCE:
        break;
    }
}
