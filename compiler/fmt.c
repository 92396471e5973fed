/* fmt.c - a file in its one canonical form, comments kept. */
#include "fmt.h"

#include "base/limits.h"
#include "fmt_pass.h"

#include <inttypes.h>

static void add_steps(
    struct fmt *fmt, const struct ast_step *step, uint32_t end, int indent, bool is_flat);

/* ---- steps ---- */

void fmt_pair(struct fmt *fmt, const struct pair *pair, const char *equals, int indent)
{
    fmt_add_str(fmt, pair->key);
    fmt_add(fmt, equals);
    fmt_expr(fmt, pair->value, indent);
}

/* Texts at the end of a clause are kept as written. */
static void add_written(struct fmt *fmt, span at)
{
    fmt_add_str(fmt, sources_text(fmt->sources, at));
}

static void add_until(struct fmt *fmt, const struct clause *clause)
{
    if (clause->until.len == 0)
        return;
    buf_addf(fmt->out, " until %.*s reason ", STR_ARG(clause->until));
    add_written(fmt, clause->reason_at);
}

static void add_followed(struct fmt *fmt, const struct clause *clause, int indent)
{
    fmt_add(fmt, clause->is_negated ? "not followed by (" : "followed by (");
    fmt_expr(fmt, clause->condition, indent + FMT_INDENT);
    fmt_add(fmt, ")");
    fmt_by(fmt, clause->fields);
    fmt_add(fmt, " within ");
    fmt_add_str(fmt, clause->duration);
    fmt_missing(fmt, clause->missing);
}

static void add_limit(struct fmt *fmt, const struct clause *clause, int indent)
{
    bool is_share = clause->condition != NULL;
    buf_addf(
        fmt->out, "limit %" PRId64 "%s", clause->number, is_share ? " percent of " : " targets");
    if (is_share)
        fmt_expr(fmt, clause->condition, indent);
    if (clause->word.len > 0)
        buf_addf(fmt->out, " by %.*s", STR_ARG(clause->word));
    fmt_add(fmt, " per ");
    fmt_add_str(fmt, clause->duration);
}

static void add_stage(struct fmt *fmt, const struct clause *clause)
{
    if (clause->number > 0)
        buf_addf(fmt->out, "%" PRId64 " of ", clause->number);
    for (const struct ast_name *who = clause->who; who != NULL; who = who->next) {
        add_written(fmt, who->at);
        fmt_add(fmt, who->next != NULL ? ", " : " within ");
    }
    fmt_add_str(fmt, clause->duration);
}

/* What each begins with; NULL: it says that itself. */
static const char *const clause_words[] = {
    [CLAUSE_MODE] = "mode ",
    [CLAUSE_SHADOW] = "shadow",
    [CLAUSE_DEDUP] = "dedup",
    [CLAUSE_UNLESS] = "unless ",
    [CLAUSE_NEVER_TARGET] = "never target ",
    [CLAUSE_FOR] = "for ",
    [CLAUSE_TIMEOUT] = "timeout ",
    [CLAUSE_APPROVE] = "approve by ",
    [CLAUSE_ESCALATE] = "escalate to ",
    [CLAUSE_FROM] = "from ",
    [CLAUSE_AS] = "as ",
    [CLAUSE_IRREVERSIBLE] = "irreversible",
    [CLAUSE_ON_FAILURE_STOP] = "on failure stop",
};

static void add_never(struct fmt *fmt, const struct clause *clause, int indent)
{
    fmt_expr(fmt, clause->condition, indent + FMT_INDENT);
    fmt_add(fmt, clause->reason.len > 0 ? " " : "");
    add_written(fmt, clause->reason_at);
}

static void add_dedup(struct fmt *fmt, const struct clause *clause)
{
    fmt_by(fmt, clause->fields);
    fmt_add(fmt, " for ");
    fmt_add_str(fmt, clause->duration);
}

void fmt_clause(struct fmt *fmt, const struct clause *clause, int indent)
{
    size_t kind = (size_t)clause->kind;
    if (kind < COUNT_OF(clause_words) && clause_words[kind] != NULL)
        fmt_add(fmt, clause_words[kind]);
    switch (clause->kind) {
    case CLAUSE_LIMIT:
        add_limit(fmt, clause, indent);
        break;
    case CLAUSE_MODE:
        fmt_add_str(fmt, clause->word);
        break;
    case CLAUSE_DEDUP:
        add_dedup(fmt, clause);
        break;
    case CLAUSE_UNLESS:
        fmt_expr(fmt, clause->condition, indent + FMT_INDENT);
        add_until(fmt, clause);
        break;
    case CLAUSE_FOLLOWED:
        add_followed(fmt, clause, indent);
        break;
    case CLAUSE_NEVER_TARGET:
        add_never(fmt, clause, indent);
        break;
    case CLAUSE_FOR:
    case CLAUSE_TIMEOUT:
        fmt_add_str(fmt, clause->duration);
        break;
    case CLAUSE_APPROVE:
    case CLAUSE_ESCALATE:
        add_stage(fmt, clause);
        break;
    case CLAUSE_FROM:
        fmt_expr(fmt, clause->condition, indent);
        break;
    case CLAUSE_AS:
        fmt_add_str(fmt, clause->reason);
        break;
    case CLAUSE_SHADOW:
    case CLAUSE_IRREVERSIBLE:
    case CLAUSE_ON_FAILURE_STOP:
        break;
    }
}

/* Parameters and clauses stay in the order in which they were written. */
void fmt_action(struct fmt *fmt, const struct ast_step *step, int indent)
{
    const struct pair *pair = step->action.pairs;
    const struct clause *clause = step->action.clauses;
    buf_addf(fmt->out, "%s %.*s", verb_name(step->action.verb), STR_ARG(step->action.name));
    while (pair != NULL || clause != NULL) {
        fmt_add(fmt, " ");
        if (clause == NULL || (pair != NULL && pair->at.start < clause->at.start)) {
            fmt_pair(fmt, pair, "=", indent + FMT_INDENT);
            pair = pair->next;
        } else {
            fmt_clause(fmt, clause, indent + FMT_INDENT);
            clause = clause->next;
        }
    }
}

/* The offset of the next `}` from `from` on, comments skipped. */
static uint32_t close_after(const struct fmt *fmt, uint32_t from)
{
    const struct comment *comment = fmt->comments;
    uint32_t at = from;
    while (at < fmt->text.len && fmt->text.ptr[at] != '}') {
        while (comment != NULL && comment->at.start < at)
            comment = comment->next;
        at = comment != NULL && comment->at.start == at ? comment->at.end : at + 1;
    }
    return at;
}

static uint32_t steps_end(const struct ast_step *step)
{
    while (step->next != NULL)
        step = step->next;
    return step->at.end;
}

bool fmt_fits(const struct fmt *fmt, size_t mark)
{
    str added = str_skip(buf_str(fmt->out), mark);
    return str_find(added, '\n') == added.len && fmt_column(fmt) <= FMT_COLUMNS;
}

/* `then { a; b }` on one line, or its steps on lines of their own. */
static void add_block(struct fmt *fmt, const char *word, const struct ast_step *steps, int indent)
{
    uint32_t close = close_after(fmt, steps_end(steps));
    size_t mark = fmt->out->len;
    if (!fmt_has_comment(fmt, 0, close)) {
        buf_addf(fmt->out, "%s { ", word);
        add_steps(fmt, steps, close, indent, true);
        fmt_add(fmt, " }");
        if (fmt_fits(fmt, mark))
            return;
        fmt_rewind(fmt, mark);
    }
    buf_addf(fmt->out, "%s {", word);
    fmt_newline(fmt, indent + FMT_INDENT);
    add_steps(fmt, steps, close, indent + FMT_INDENT, false);
    fmt_newline(fmt, indent);
    fmt_add(fmt, "}");
}

static void add_flat_if(struct fmt *fmt, const struct ast_step *step, int indent)
{
    fmt_add(fmt, "if ");
    fmt_expr(fmt, step->branch.condition, indent);
    fmt_add(fmt, " then { ");
    add_steps(fmt, step->branch.then_steps, 0, indent, true);
    fmt_add(fmt, " }");
    if (step->branch.else_steps == NULL)
        return;
    fmt_add(fmt, " else { ");
    add_steps(fmt, step->branch.else_steps, 0, indent, true);
    fmt_add(fmt, " }");
}

static void add_broken_if(struct fmt *fmt, const struct ast_step *step, int indent)
{
    int inner = indent + FMT_INDENT;
    const struct ast_step *then_steps = step->branch.then_steps;
    fmt_add(fmt, "if ");
    fmt_expr(fmt, step->branch.condition, inner + FMT_INDENT);
    fmt_trail(fmt, step->branch.condition->at.end, then_steps->at.start);
    fmt_newline(fmt, inner);
    fmt_lead(fmt, then_steps->at.start, inner, false);
    add_block(fmt, "then", then_steps, inner);
    if (step->branch.else_steps == NULL)
        return;
    fmt_newline(fmt, inner);
    fmt_lead(fmt, step->branch.else_steps->at.start, inner, false);
    add_block(fmt, "else", step->branch.else_steps, inner);
}

static void add_step(struct fmt *fmt, const struct ast_step *step, int indent, bool is_flat)
{
    if (step->kind == STEP_KIND_ACTION) {
        fmt_action(fmt, step, indent);
        return;
    }
    if (is_flat) { /* whoever tries the whole on one line decides: a try in each try is 2^depth */
        add_flat_if(fmt, step, indent);
        return;
    }
    if (!fmt_has_comment(fmt, step->at.start, step->at.end)) {
        size_t mark = fmt->out->len;
        add_flat_if(fmt, step, indent);
        if (fmt_fits(fmt, mark))
            return;
        fmt_rewind(fmt, mark);
    }
    add_broken_if(fmt, step, indent);
}

/* Steps joined by `;`, each on its own line unless `is_flat`; then the comments before
 * `end`, where their block closes. */
static void add_steps(
    struct fmt *fmt, const struct ast_step *step, uint32_t end, int indent, bool is_flat)
{
    for (; step != NULL; step = step->next) {
        if (!is_flat)
            fmt_lead(fmt, step->at.start, indent, false);
        add_step(fmt, step, indent, is_flat);
        if (is_flat && fmt_column(fmt) > FMT_COLUMNS)
            return; /* it is written anew, broken */
        if (step->next != NULL)
            fmt_add(fmt, is_flat ? "; " : ";");
        if (is_flat)
            continue;
        fmt_trail(fmt, step->at.end, step->next != NULL ? step->next->at.start : end);
        if (step->next != NULL)
            fmt_newline(fmt, indent);
    }
    if (!is_flat)
        fmt_own_lines(fmt, end, indent);
}

/* ---- rules ---- */

/* The parts of a rule on lines of their own, from `when` to the last step. */
static void add_body(struct fmt *fmt, const struct item *item, uint32_t end, int indent)
{
    static const char then[] = "then ";
    const struct clause *clause = item->rule.clauses;
    uint32_t first_step = item->rule.steps->at.start;
    fmt_add(fmt, "when ");
    fmt_expr(fmt, item->rule.when, indent + FMT_INDENT);
    fmt_trail(fmt, item->rule.when->at.end, clause != NULL ? clause->at.start : first_step);
    fmt_newline(fmt, indent);
    for (; clause != NULL; clause = clause->next) {
        fmt_lead(fmt, clause->at.start, indent, false);
        fmt_clause(fmt, clause, indent);
        uint32_t limit = clause->next != NULL ? clause->next->at.start : first_step;
        fmt_trail(fmt, clause->at.end, limit);
        fmt_newline(fmt, indent);
    }
    fmt_lead(fmt, first_step, indent, false);
    fmt_add(fmt, then);
    add_steps(fmt, item->rule.steps, end, indent + (int)sizeof then - 1, false);
}

static void add_head_pairs(struct fmt *fmt, const struct item *item, bool is_broken)
{
    for (const struct pair *pair = item->rule.pairs; pair != NULL; pair = pair->next) {
        fmt_add(fmt, pair == item->rule.pairs ? " (" : is_broken ? "," : ", ");
        if (is_broken)
            fmt_newline(fmt, FMT_INDENT);
        fmt_pair(fmt, pair, " = ", FMT_INDENT);
    }
    if (is_broken)
        fmt_newline(fmt, 0);
    fmt_add(fmt, item->rule.pairs != NULL ? ") {" : " {");
}

/* One line, or what is said about the rule a pair a line. */
static void add_rule_head(struct fmt *fmt, const struct item *item)
{
    buf_addf(fmt->out, "rule %.*s", STR_ARG(item->name));
    if (item->rule.title.len > 0) {
        fmt_add(fmt, " ");
        add_written(fmt, item->rule.title_at);
    }
    size_t mark = fmt->out->len;
    add_head_pairs(fmt, item, false);
    if (fmt_column(fmt) <= FMT_COLUMNS || item->rule.pairs == NULL)
        return;
    fmt_rewind(fmt, mark);
    add_head_pairs(fmt, item, true);
}

static void add_named_rule(struct fmt *fmt, const struct item *item)
{
    uint32_t head = item->name_at.end;
    uint32_t when = item->rule.when->at.start;
    add_rule_head(fmt, item);
    fmt_trail(fmt, head, when);
    fmt_newline(fmt, FMT_INDENT);
    fmt_lead(fmt, when, FMT_INDENT, false);
    add_body(fmt, item, item->at.end - 1, FMT_INDENT);
    fmt_newline(fmt, 0);
    fmt_add(fmt, "}");
}

/* Whether a comment stands between the parts of a bare rule, and not only after it. */
static bool has_comment_between(const struct fmt *fmt, const struct item *item)
{
    const struct ast_step *last = item->rule.steps;
    while (last->next != NULL)
        last = last->next;
    uint32_t end = last->kind == STEP_KIND_IF ? last->at.end : last->at.start;
    return fmt_has_comment(fmt, item->at.start, end);
}

static void add_bare_rule(struct fmt *fmt, const struct item *item)
{
    if (!has_comment_between(fmt, item)) {
        size_t mark = fmt->out->len;
        fmt_add(fmt, "when ");
        fmt_expr(fmt, item->rule.when, FMT_INDENT);
        const struct clause *clause = item->rule.clauses;
        for (; clause != NULL; clause = clause->next) {
            fmt_add(fmt, " ");
            fmt_clause(fmt, clause, 0);
        }
        fmt_add(fmt, " then ");
        add_steps(fmt, item->rule.steps, 0, 0, true);
        if (fmt_fits(fmt, mark))
            return;
        fmt_rewind(fmt, mark);
    }
    add_body(fmt, item, steps_end(item->rule.steps), 0); /* a `;` after it is dropped */
}

/* ---- other items ---- */

static void add_type(struct fmt *fmt, bool is_list, str name)
{
    fmt_add(fmt, is_list ? "list of " : "");
    fmt_add_str(fmt, name);
}

static void add_list(struct fmt *fmt, const struct item *item)
{
    buf_addf(fmt->out, "list %.*s : ", STR_ARG(item->name));
    add_type(fmt, item->list.type_is_list, item->list.type_name);
    if (item->list.values == NULL) {
        fmt_add(fmt, " from ");
        fmt_add_str(fmt, sources_text(fmt->sources, item->list.file_at));
        return;
    }
    fmt_add(fmt, " = ");
    fmt_expr(fmt, item->list.values, FMT_INDENT);
}

static void add_macro(struct fmt *fmt, const struct item *item)
{
    buf_addf(fmt->out, "macro %.*s(", STR_ARG(item->name));
    const struct macro_param *param = item->macro.params;
    for (; param != NULL; param = param->next) {
        buf_addf(fmt->out, "%.*s : ", STR_ARG(param->name));
        add_type(fmt, param->type_is_list, param->type_name);
        fmt_add(fmt, param->next == NULL ? "" : ", ");
    }
    fmt_add(fmt, ") = ");
    fmt_expr(fmt, item->macro.body, FMT_INDENT);
}

static void add_mapping(struct fmt *fmt, const struct ast_mapping *mapping)
{
    fmt_expr(fmt, mapping->field, 0);
    fmt_add(fmt, " = ");
    fmt_expr(fmt, mapping->value, 2 * FMT_INDENT);
    if (mapping->type_name.len == 0)
        return;
    fmt_add(fmt, " : ");
    add_type(fmt, mapping->type_is_list, mapping->type_name);
    fmt_add(fmt, mapping->is_untrusted ? " untrusted" : "");
}

static void add_source(struct fmt *fmt, const struct item *item)
{
    const struct expr *accept = item->source.accept;
    const struct ast_mapping *mapping = item->source.mappings;
    uint32_t close = item->at.end - 1;
    buf_addf(fmt->out, "source %.*s {", STR_ARG(item->name));
    fmt_trail(fmt, item->name_at.end, accept->at.start);
    fmt_newline(fmt, FMT_INDENT);
    fmt_lead(fmt, accept->at.start, FMT_INDENT, false);
    fmt_add(fmt, "accept ");
    fmt_expr(fmt, accept, 2 * FMT_INDENT);
    fmt_trail(fmt, accept->at.end, mapping != NULL ? mapping->at.start : close);
    for (; mapping != NULL; mapping = mapping->next) {
        bool has_lead = fmt->comments != NULL && fmt->comments->at.start < mapping->at.start;
        uint32_t start = has_lead ? fmt->comments->at.start : mapping->at.start;
        if (fmt_is_blank_before(fmt, start))
            fmt_newline(fmt, 0);
        fmt_newline(fmt, FMT_INDENT);
        fmt_lead(fmt, mapping->at.start, FMT_INDENT, false);
        add_mapping(fmt, mapping);
        uint32_t limit = mapping->next != NULL ? mapping->next->at.start : close;
        fmt_trail(fmt, mapping->at.end, limit);
    }
    fmt_own_lines(fmt, close, FMT_INDENT);
    fmt_newline(fmt, 0);
    fmt_add(fmt, "}");
}

static void add_item(struct fmt *fmt, const struct item *item)
{
    switch (item->kind) {
    case ITEM_LIST:
        add_list(fmt, item);
        break;
    case ITEM_LET:
        buf_addf(fmt->out, "let %.*s = ", STR_ARG(item->name));
        fmt_expr(fmt, item->let.body, FMT_INDENT);
        break;
    case ITEM_MACRO:
        add_macro(fmt, item);
        break;
    case ITEM_RULE:
        if (item->name.len > 0)
            add_named_rule(fmt, item);
        else
            add_bare_rule(fmt, item);
        break;
    case ITEM_SOURCE:
        add_source(fmt, item);
        break;
    case ITEM_USE:
    case ITEM_DISABLE:
    case ITEM_EXCEPTION:
    case ITEM_NEVER:
    case ITEM_ALWAYS:
        fmt_sentence(fmt, item);
        break;
    case ITEM_ENVIRONMENT:
    case ITEM_DEFAULTS:
    case ITEM_BLOCK:
        fmt_block(fmt, item);
        break;
    case ITEM_TEST:
        fmt_test(fmt, item);
        break;
    }
}

/* ---- a file ---- */

/* Items that stand apart from their neighbours. */
static bool is_block(const struct item *item)
{
    return item->kind == ITEM_SOURCE || item->kind == ITEM_ENVIRONMENT || item->kind == ITEM_BLOCK
           || (item->kind == ITEM_RULE && item->name.len > 0);
}

/* What stands between an item and what was written before it. */
static void add_gap(struct fmt *fmt, const struct item *item, bool is_after_block)
{
    if (fmt->out->len == 0)
        return;
    bool has_lead = fmt->comments != NULL && fmt->comments->at.start < item->at.start;
    uint32_t start = has_lead ? fmt->comments->at.start : item->at.start;
    if (is_after_block || is_block(item) || fmt_is_blank_before(fmt, start))
        fmt_newline(fmt, 0);
    fmt_newline(fmt, 0);
}

static void add_edition(struct fmt *fmt, const struct tree *tree)
{
    if (tree->edition == 0)
        return;
    uint32_t limit = tree->items != NULL ? tree->items->at.start : (uint32_t)fmt->text.len;
    fmt_lead(fmt, tree->edition_at.start, 0, true);
    str written = sources_text(fmt->sources, tree->edition_at);
    size_t number = written.len;
    while (number > 0 && memchr(" \t\r\n", written.ptr[number - 1], 4) == NULL)
        number--;
    fmt_add(fmt, "cdr ");
    fmt_add_str(fmt, str_skip(written, number));
    fmt_trail(fmt, tree->edition_at.end, limit);
}

static void add_last_comments(struct fmt *fmt)
{
    while (fmt->comments != NULL) {
        uint32_t start = fmt->comments->at.start;
        if (fmt->out->len > 0 && fmt_is_blank_before(fmt, start))
            fmt_newline(fmt, 0);
        fmt_own_lines(fmt, start + 1, 0);
    }
}

void tree_format(const struct sources *sources, const struct tree *tree, struct buf *out)
{
    struct fmt fmt = {
        .sources = sources,
        .text = sources->items[tree->file].text,
        .comments = tree->comments,
        .out = out,
    };
    add_edition(&fmt, tree);
    bool is_after_block = false;
    for (const struct item *item = tree->items; item != NULL; item = item->next) {
        add_gap(&fmt, item, is_after_block);
        fmt_lead(&fmt, item->at.start, 0, true);
        size_t mark = out->len;
        add_item(&fmt, item);
        uint32_t limit = item->next != NULL ? item->next->at.start
                                            : (uint32_t)sources->items[tree->file].text.len;
        fmt_trail(&fmt, item->at.end, limit);
        str added = str_skip(buf_str(out), mark);
        is_after_block =
            is_block(item)
            || ((item->kind == ITEM_RULE || item->kind == ITEM_TEST || item->kind == ITEM_DEFAULTS)
                && str_find(added, '\n') < added.len);
    }
    add_last_comments(&fmt);
    if (out->len > 0)
        buf_add_byte(out, '\n');
}
