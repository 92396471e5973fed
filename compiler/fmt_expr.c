/* fmt_expr.c - expressions in their canonical form, on one line or broken. */
#include "fmt_writer.h"

static void add_flat(struct fmt *fmt, const struct expr *expr);

/* ---- on one line ---- */

static void add_flat_list(struct fmt *fmt, const struct expr *expr)
{
    for (; expr != NULL; expr = expr->next) {
        add_flat(fmt, expr);
        if (expr->next != NULL)
            fmt_add(fmt, ", ");
    }
}

/* Bytes of the text at the front, its quotes included. */
static size_t quoted_len(str written)
{
    size_t at = 1;
    while (at < written.len && written.ptr[at] != '"')
        at += written.ptr[at] == '\\' ? 2 : 1;
    return at + 1;
}

/* Literals are kept as written: 1e3 and "\u00e9" say something to their author. */
static void add_literal(struct fmt *fmt, const struct expr *expr)
{
    str written = sources_text(fmt->sources, expr->at);
    if (expr->literal.label == NULL) {
        fmt_add_str(fmt, written);
        return;
    }
    size_t len = expr->literal.type == TYPE_TEXT ? quoted_len(written) : 0;
    while (expr->literal.type != TYPE_TEXT && len < written.len
           && memchr(" \t\r\n#", written.ptr[len], 5) == NULL)
        len++;
    fmt_add_str(fmt, str_first(written, len));
    fmt_add(fmt, " ");
    fmt_add_str(fmt, expr->literal.label->text);
}

static void add_path(struct fmt *fmt, const struct expr *expr)
{
    for (const struct path_part *part = expr->path; part != NULL; part = part->next) {
        if (part->is_index) {
            fmt_add(fmt, "[");
            fmt_add_str(fmt, sources_text(fmt->sources, part->at));
            fmt_add(fmt, "]");
            continue;
        }
        if (part != expr->path)
            fmt_add(fmt, ".");
        fmt_add_str(fmt, part->text);
    }
}

static void add_quantifier(struct fmt *fmt, enum quantifier quantifier)
{
    switch (quantifier) {
    case QUANTIFIER_NONE:
        break;
    case QUANTIFIER_ANY:
        fmt_add(fmt, "any ");
        break;
    case QUANTIFIER_ALL:
        fmt_add(fmt, "all ");
        break;
    }
}

/* `host.name like any `, all of a test before its right side. */
static void add_test_head(struct fmt *fmt, const struct expr *expr)
{
    add_quantifier(fmt, expr->test.quantifier);
    add_flat(fmt, expr->test.left);
    fmt_add(fmt, " ");
    fmt_add(fmt, test_name(expr->test.test));
    if (expr->test.right != NULL)
        fmt_add(fmt, " ");
    add_quantifier(fmt, expr->test.patterns);
}

static void add_test_tail(struct fmt *fmt, const struct expr *expr)
{
    if (expr->test.high != NULL) {
        fmt_add(fmt, "..");
        add_flat(fmt, expr->test.high);
    }
    if (expr->test.cased)
        fmt_add(fmt, " cased");
}

static void add_anywhere_head(struct fmt *fmt, const struct expr *expr)
{
    fmt_add(fmt, "anywhere ");
    fmt_add(fmt, test_name(expr->anywhere.test));
    fmt_add(fmt, " ");
    add_quantifier(fmt, expr->anywhere.patterns);
}

static void add_flat_chain(struct fmt *fmt, const struct expr *expr)
{
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (expr_chain(expr, &operands) != ERR_OK) {
        fmt->out->err = ERR_MEMORY;
        return;
    }
    for (size_t i = 0; i < expr_chain_count(&operands); i++) {
        if (i > 0)
            fmt_add(fmt, expr->kind == EXPR_AND ? " and " : " or ");
        add_flat(fmt, expr_chain_at(&operands, i));
    }
}

void fmt_by(struct fmt *fmt, const struct expr *field)
{
    if (field != NULL)
        fmt_add(fmt, " by ");
    add_flat_list(fmt, field);
}

void fmt_missing(struct fmt *fmt, enum missing_key missing)
{
    if (missing == MISSING_DEFAULT)
        return;
    fmt_add(fmt, " missing ");
    fmt_add(fmt, missing_key_name(missing));
}

static void add_duration(struct fmt *fmt, const char *word, const struct ast_duration *duration)
{
    if (duration->written.len == 0)
        return;
    fmt_add(fmt, word);
    fmt_add_str(fmt, duration->written);
}

static void add_measure(struct fmt *fmt, const struct several *several)
{
    fmt_add(fmt, measure_name(several->measure));
    if (several->percentile != NULL) {
        fmt_add(fmt, " ");
        add_flat(fmt, several->percentile);
        fmt_add(fmt, " of");
    }
    if (several->operand == NULL)
        return;
    fmt_add(fmt, " ");
    add_flat(fmt, several->operand);
}

/* A detection over several alerts stays on one line. */
static void add_several(struct fmt *fmt, const struct several *several)
{
    switch (several->kind) {
    case SEVERAL_MEASURE:
        add_measure(fmt, several);
        buf_addf(fmt->out, " %s ", test_name(several->compare));
        add_flat(fmt, several->number);
        break;
    case SEVERAL_NEW:
        fmt_add(fmt, "new ");
        add_flat(fmt, several->operand);
        break;
    case SEVERAL_SPIKE:
        fmt_add(fmt, "spike of ");
        add_measure(fmt, several);
        break;
    case SEVERAL_TRAVEL:
        fmt_add(fmt, "travel faster than ");
        add_flat(fmt, several->number);
        break;
    }
    fmt_by(fmt, several->by);
    add_duration(fmt, " within ", &several->within);
    add_duration(fmt, " over ", &several->over);
    add_duration(fmt, " learn ", &several->learn);
    add_duration(fmt, " forget ", &several->forget);
    fmt_missing(fmt, several->missing);
}

static void add_flat_inside(struct fmt *fmt, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_LITERAL:
        add_literal(fmt, expr);
        break;
    case EXPR_REGEX:
        fmt_add_str(fmt, sources_text(fmt->sources, expr->at));
        break;
    case EXPR_FIELD:
        add_path(fmt, expr);
        break;
    case EXPR_CALL:
        fmt_add_str(fmt, expr->call.name);
        fmt_add(fmt, "(");
        add_flat_list(fmt, expr->call.arguments);
        fmt_add(fmt, ")");
        break;
    case EXPR_LIST:
        fmt_add(fmt, "[");
        add_flat_list(fmt, expr->elements);
        fmt_add(fmt, "]");
        break;
    case EXPR_TEST:
        add_test_head(fmt, expr);
        if (expr->test.right != NULL)
            add_flat(fmt, expr->test.right);
        add_test_tail(fmt, expr);
        break;
    case EXPR_ANYWHERE:
        add_anywhere_head(fmt, expr);
        add_flat(fmt, expr->anywhere.right);
        fmt_add(fmt, expr->anywhere.cased ? " cased" : "");
        break;
    case EXPR_EXISTS:
        fmt_add(fmt, expr->exists.is_missing ? "missing " : "exists ");
        add_flat(fmt, expr->exists.operand);
        break;
    case EXPR_NOT:
        fmt_add(fmt, "not ");
        add_flat(fmt, expr->operand);
        break;
    case EXPR_AND:
    case EXPR_OR:
        add_flat_chain(fmt, expr);
        break;
    case EXPR_SEVERAL:
        add_several(fmt, expr->several);
        break;
    }
}

static void add_flat(struct fmt *fmt, const struct expr *expr)
{
    if (expr->in_parentheses)
        fmt_add(fmt, "(");
    add_flat_inside(fmt, expr);
    if (expr->in_parentheses)
        fmt_add(fmt, ")");
}

/* ---- comments inside ---- */

static const struct expr *last_of(const struct expr *expr)
{
    while (expr != NULL && expr->next != NULL)
        expr = expr->next;
    return expr;
}

/* A comment before the last part keeps its place between the parts; one inside of the
 * last part decides there. */
static bool breaks_before(const struct fmt *fmt, const struct expr *whole, const struct expr *last)
{
    return last != NULL
           && (fmt_has_comment(fmt, whole->at.start, last->at.start) || fmt_must_break(fmt, last));
}

bool fmt_must_break(const struct fmt *fmt, const struct expr *expr)
{
    if (!fmt_has_comment(fmt, expr->at.start, expr->at.end))
        return false;
    switch (expr->kind) {
    case EXPR_CALL:
        return breaks_before(fmt, expr, last_of(expr->call.arguments));
    case EXPR_LIST:
        return expr->elements != NULL;
    case EXPR_TEST:
        return expr->test.right != NULL && fmt_must_break(fmt, expr->test.right);
    case EXPR_ANYWHERE:
        return fmt_must_break(fmt, expr->anywhere.right);
    case EXPR_NOT:
        return fmt_must_break(fmt, expr->operand);
    case EXPR_AND:
    case EXPR_OR:
        return breaks_before(fmt, expr, expr->binary.right);
    case EXPR_LITERAL:
    case EXPR_REGEX:
    case EXPR_FIELD:
    case EXPR_EXISTS:
    case EXPR_SEVERAL:
        return false;
    }
    return false;
}

/* ---- broken ---- */

/* One element a line, a comma after each. */
static void add_broken_list(struct fmt *fmt, const struct expr *expr, int indent)
{
    int inner = indent + FMT_INDENT;
    fmt_add(fmt, "[");
    for (const struct expr *element = expr->elements; element != NULL; element = element->next) {
        fmt_newline(fmt, inner);
        fmt_lead(fmt, element->at.start, inner, false);
        fmt_expr(fmt, element, inner + FMT_INDENT);
        fmt_add(fmt, ",");
        uint32_t limit = element->next != NULL ? element->next->at.start : expr->at.end;
        fmt_trail(fmt, element->at.end, limit);
    }
    fmt_own_lines(fmt, expr->at.end, inner);
    fmt_newline(fmt, indent);
    fmt_add(fmt, "]");
}

static void add_broken_call(struct fmt *fmt, const struct expr *expr, int indent)
{
    fmt_add_str(fmt, expr->call.name);
    fmt_add(fmt, "(");
    const struct expr *argument = expr->call.arguments;
    for (; argument != NULL; argument = argument->next) {
        fmt_newline(fmt, indent);
        fmt_lead(fmt, argument->at.start, indent, false);
        fmt_expr(fmt, argument, indent + FMT_INDENT);
        if (argument->next == NULL)
            break;
        fmt_add(fmt, ",");
        fmt_trail(fmt, argument->at.end, argument->next->at.start);
    }
    fmt_add(fmt, ")");
}

/* One operand a line, the operator before it. */
static void add_broken_chain(struct fmt *fmt, const struct expr *expr, int indent)
{
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (expr_chain(expr, &operands) != ERR_OK) {
        fmt->out->err = ERR_MEMORY;
        return;
    }
    size_t count = expr_chain_count(&operands);
    for (size_t i = 0; i < count; i++) {
        const struct expr *operand = expr_chain_at(&operands, i);
        if (i > 0) {
            fmt_newline(fmt, indent);
            fmt_lead(fmt, operand->at.start, indent, false);
            fmt_add(fmt, expr->kind == EXPR_AND ? "and " : "or ");
        }
        fmt_expr(fmt, operand, indent + FMT_INDENT);
        if (i + 1 < count)
            fmt_trail(fmt, operand->at.end, expr_chain_at(&operands, i + 1)->at.start);
    }
}

static void add_broken_inside(struct fmt *fmt, const struct expr *expr, int indent)
{
    switch (expr->kind) {
    case EXPR_CALL:
        add_broken_call(fmt, expr, indent);
        break;
    case EXPR_LIST:
        if (expr->elements == NULL)
            add_flat_inside(fmt, expr);
        else
            add_broken_list(fmt, expr, indent - FMT_INDENT);
        break;
    case EXPR_TEST:
        add_test_head(fmt, expr);
        if (expr->test.right != NULL)
            fmt_expr(fmt, expr->test.right, indent);
        add_test_tail(fmt, expr);
        break;
    case EXPR_ANYWHERE:
        add_anywhere_head(fmt, expr);
        fmt_expr(fmt, expr->anywhere.right, indent);
        fmt_add(fmt, expr->anywhere.cased ? " cased" : "");
        break;
    case EXPR_NOT:
        fmt_add(fmt, "not ");
        fmt_expr(fmt, expr->operand, indent);
        break;
    case EXPR_AND:
    case EXPR_OR:
        add_broken_chain(fmt, expr, indent);
        break;
    case EXPR_LITERAL:
    case EXPR_REGEX:
    case EXPR_FIELD:
    case EXPR_EXISTS:
    case EXPR_SEVERAL:
        add_flat_inside(fmt, expr);
        break;
    }
}

void fmt_expr(struct fmt *fmt, const struct expr *expr, int indent)
{
    if (!fmt_must_break(fmt, expr)) {
        size_t mark = fmt->out->len;
        add_flat(fmt, expr);
        if (fmt_column(fmt) <= FMT_COLUMNS)
            return;
        fmt_rewind(fmt, mark);
    }
    if (expr->in_parentheses)
        fmt_add(fmt, "(");
    add_broken_inside(fmt, expr, indent);
    if (expr->in_parentheses)
        fmt_add(fmt, ")");
}
