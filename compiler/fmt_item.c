/* fmt_item.c - sentences and blocks of a file in their canonical form. */
#include "fmt_pass.h"

static void add_written(struct fmt *fmt, span at)
{
    fmt_add_str(fmt, sources_text(fmt->sources, at));
}

/* ---- sentences: one line, or a part a line ---- */

/* A space, or where the sentence is broken a new line. */
static void add_space(struct fmt *fmt, bool is_broken)
{
    if (is_broken)
        fmt_newline(fmt, FMT_INDENT);
    else
        fmt_add(fmt, " ");
}

static void add_part(struct fmt *fmt, const char *word, const struct expr *expr, bool is_broken)
{
    add_space(fmt, is_broken);
    fmt_add(fmt, word);
    fmt_expr(fmt, expr, 2 * FMT_INDENT);
}

static void add_step_name(struct fmt *fmt, const struct ast_step_name *step)
{
    fmt_add(fmt, verb_name(step->verb));
    fmt_add(fmt, " ");
    if (step->name.len == 0)
        fmt_add(fmt, "any");
    fmt_add_str(fmt, step->name);
}

static void add_exception(struct fmt *fmt, const struct item *item, bool is_broken)
{
    const struct clause *unless = item->exception.unless;
    buf_addf(fmt->out, "exception %.*s for ", STR_ARG(item->name));
    for (const struct ast_name *rule = item->exception.rules; rule != NULL; rule = rule->next) {
        fmt_add_str(fmt, rule->text);
        fmt_add(fmt, rule->next == NULL ? "" : ", ");
    }
    add_part(fmt, "when ", unless->condition, is_broken);
    add_space(fmt, is_broken);
    buf_addf(fmt->out, "until %.*s reason ", STR_ARG(unless->until));
    add_written(fmt, unless->reason_at);
}

static void add_never(struct fmt *fmt, const struct item *item, bool is_broken)
{
    fmt_add(fmt, "never ");
    if (item->never.is_target) {
        fmt_add(fmt, "target ");
        fmt_expr(fmt, item->never.condition, 2 * FMT_INDENT);
    } else {
        add_step_name(fmt, &item->never.step);
        if (item->never.condition != NULL)
            add_part(fmt, "on ", item->never.condition, is_broken);
    }
    add_space(fmt, is_broken);
    add_written(fmt, item->never.reason_at);
}

static void add_always(struct fmt *fmt, const struct item *item, bool is_broken)
{
    fmt_add(fmt, "always ");
    fmt_expr(fmt, item->always.condition, 2 * FMT_INDENT);
    add_space(fmt, is_broken);
    fmt_add(fmt, "implies ");
    add_step_name(fmt, &item->always.step);
    fmt_add(fmt, " ");
    add_written(fmt, item->always.reason_at);
}

static void add_sentence(struct fmt *fmt, const struct item *item, bool is_broken)
{
    switch (item->kind) {
    case ITEM_USE:
        fmt_add(fmt, "use ");
        add_written(fmt, item->use.file_at);
        break;
    case ITEM_DISABLE:
        buf_addf(fmt->out, "disable rule %.*s", STR_ARG(item->name));
        break;
    case ITEM_EXCEPTION:
        add_exception(fmt, item, is_broken);
        break;
    case ITEM_NEVER:
        add_never(fmt, item, is_broken);
        break;
    case ITEM_ALWAYS:
        add_always(fmt, item, is_broken);
        break;
    case ITEM_LIST:
    case ITEM_LET:
    case ITEM_MACRO:
    case ITEM_ENVIRONMENT:
    case ITEM_DEFAULTS:
    case ITEM_RULE:
    case ITEM_TEST:
    case ITEM_SOURCE:
    case ITEM_BLOCK:
        break; /* no sentences */
    }
}

static const struct expr *condition_of(const struct item *item)
{
    if (item->kind == ITEM_EXCEPTION)
        return item->exception.unless->condition;
    if (item->kind == ITEM_NEVER)
        return item->never.condition;
    return item->kind == ITEM_ALWAYS ? item->always.condition : NULL;
}

void fmt_sentence(struct fmt *fmt, const struct item *item)
{
    const struct expr *condition = condition_of(item);
    size_t mark = fmt->out->len;
    if (condition == NULL || !fmt_must_break(fmt, condition)) {
        add_sentence(fmt, item, false);
        if (fmt_fits(fmt, mark))
            return;
        fmt_rewind(fmt, mark);
    }
    add_sentence(fmt, item, true);
}

/* ---- blocks ---- */

/* Whether a line of an environment begins here: a provider stands alone, and so does `mode`. */
static bool begins_entry(const struct ast_place *place)
{
    return place->values == NULL && place->pairs == NULL && !place->is_organization;
}

static void add_place(struct fmt *fmt, const struct ast_place *place, int indent)
{
    fmt_add_str(fmt, place->key);
    fmt_add(fmt, place->is_organization ? " organization" : "");
    fmt_add(fmt, place->word.len > 0 ? " " : "");
    fmt_add_str(fmt, place->word);
    if (place->values != NULL) {
        fmt_add(fmt, " ");
        fmt_expr(fmt, place->values, indent + FMT_INDENT);
    }
    for (const struct pair *pair = place->pairs; pair != NULL; pair = pair->next) {
        fmt_add(fmt, pair == place->pairs ? " { " : ", ");
        fmt_pair(fmt, pair, " = ", indent + FMT_INDENT);
    }
    fmt_add(fmt, place->pairs != NULL ? " }" : "");
}

/* The parts of an entry up to `end`, on one line or each on its own. */
static void add_entry(struct fmt *fmt, const struct ast_place *place, const struct ast_place *end)
{
    size_t mark = fmt->out->len;
    const struct comment *comments = fmt->comments;
    size_t comment_end = fmt->comment_end;
    for (const struct ast_place *part = place; part != end; part = part->next) {
        fmt_add(fmt, part == place ? "" : " ");
        add_place(fmt, part, FMT_INDENT);
    }
    if (fmt_fits(fmt, mark))
        return;
    fmt_rewind(fmt, mark);
    fmt->comments = comments;
    fmt->comment_end = comment_end;
    for (const struct ast_place *part = place; part != end; part = part->next) {
        if (part != place)
            fmt_newline(fmt, 2 * FMT_INDENT);
        add_place(fmt, part, 2 * FMT_INDENT);
    }
}

static void add_environment(struct fmt *fmt, const struct item *item)
{
    uint32_t close = item->at.end - 1;
    const struct ast_place *place = item->environment.places;
    buf_addf(fmt->out, "environment %.*s {", STR_ARG(item->name));
    fmt_trail(fmt, item->name_at.end, place != NULL ? place->at.start : close);
    while (place != NULL) {
        const struct ast_place *last = place;
        while (last->next != NULL && !begins_entry(last->next))
            last = last->next;
        fmt_newline(fmt, FMT_INDENT);
        fmt_lead(fmt, place->at.start, FMT_INDENT, false);
        add_entry(fmt, place, last->next);
        fmt_trail(fmt, last->at.end, last->next != NULL ? last->next->at.start : close);
        place = last->next;
    }
    fmt_own_lines(fmt, close, FMT_INDENT);
    fmt_newline(fmt, 0);
    fmt_add(fmt, "}");
}

static void add_defaults(struct fmt *fmt, const struct item *item)
{
    const struct clause *clause = item->defaults.clauses;
    uint32_t close = item->at.end - 1;
    if (!fmt_has_comment(fmt, item->at.start, item->at.end)) {
        size_t mark = fmt->out->len;
        fmt_add(fmt, "defaults {");
        for (const struct clause *each = clause; each != NULL; each = each->next) {
            fmt_add(fmt, " ");
            fmt_clause(fmt, each, FMT_INDENT);
            fmt_add(fmt, each->next != NULL ? ";" : " ");
        }
        fmt_add(fmt, "}");
        if (fmt_fits(fmt, mark))
            return;
        fmt_rewind(fmt, mark);
    }
    fmt_add(fmt, "defaults {");
    fmt_trail(fmt, item->name_at.end, clause != NULL ? clause->at.start : close);
    for (; clause != NULL; clause = clause->next) {
        fmt_newline(fmt, FMT_INDENT);
        fmt_lead(fmt, clause->at.start, FMT_INDENT, false);
        fmt_clause(fmt, clause, FMT_INDENT);
        fmt_add(fmt, clause->next != NULL ? ";" : "");
        fmt_trail(fmt, clause->at.end, clause->next != NULL ? clause->next->at.start : close);
    }
    fmt_own_lines(fmt, close, FMT_INDENT);
    fmt_newline(fmt, 0);
    fmt_add(fmt, "}");
}

/* The depth of blocks is bounded by NESTING_MAX in the feed. */
static void add_lines(
    struct fmt *fmt, const struct ast_line *line, span head, uint32_t close, int indent)
{
    bool is_empty = line == NULL && !fmt_has_comment(fmt, head.end, close);
    fmt_add(fmt, is_empty ? " {}" : " {");
    if (is_empty)
        return;
    fmt_trail(fmt, head.end, line != NULL ? line->at.start : close);
    for (; line != NULL; line = line->next) {
        fmt_newline(fmt, indent + FMT_INDENT);
        fmt_lead(fmt, line->at.start, indent + FMT_INDENT, false);
        fmt_add_str(fmt, line->key);
        if (line->value != NULL) {
            fmt_add(fmt, " = ");
            fmt_expr(fmt, line->value, indent + 2 * FMT_INDENT);
        } else {
            bool has_label = line->label_at.end > line->label_at.start;
            fmt_add(fmt, has_label ? " " : "");
            add_written(fmt, line->label_at);
            add_lines(fmt, line->lines, has_label ? line->label_at : line->key_at, line->at.end - 1,
                indent + FMT_INDENT);
        }
        fmt_trail(fmt, line->at.end, line->next != NULL ? line->next->at.start : close);
    }
    fmt_own_lines(fmt, close, indent + FMT_INDENT);
    fmt_newline(fmt, indent);
    fmt_add(fmt, "}");
}

static void add_block(struct fmt *fmt, const struct item *item)
{
    bool has_label = item->name_at.end > item->name_at.start;
    fmt_add_str(fmt, item->block.keyword);
    fmt_add(fmt, has_label ? " " : "");
    add_written(fmt, item->name_at);
    uint32_t word_end = item->at.start + (uint32_t)item->block.keyword.len;
    span head = has_label ? item->name_at : (span){ item->at.start, word_end, item->at.file };
    add_lines(fmt, item->block.lines, head, item->at.end - 1, 0);
}

void fmt_block(struct fmt *fmt, const struct item *item)
{
    if (item->kind == ITEM_ENVIRONMENT)
        add_environment(fmt, item);
    else if (item->kind == ITEM_DEFAULTS)
        add_defaults(fmt, item);
    else
        add_block(fmt, item);
}
