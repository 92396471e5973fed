/* check_template.c - text with {values} in it: "{host.name}: {alert.title}". */
#include "check_pass.h"

#include "base/limits.h"

struct template
{
    struct check *check;
    struct expr *literal;
    str text;
    size_t at;
    bool is_exact;  /* no escapes: a byte of the text is a byte of the file */
    uint32_t count; /* of the pieces */
    struct expr **last;
};

/* Bytes [from, to) of the text in the file; all of the literal where escapes moved them. */
static span place(const struct template *t, size_t from, size_t to)
{
    span at = t->literal->at;
    if (!t->is_exact)
        return at;
    return (span){ at.start + 1 + (uint32_t)from, at.start + 1 + (uint32_t)to, at.file };
}

static struct expr *add(struct template *t, enum expr_kind kind, size_t from, size_t to)
{
    struct expr *expr = ARENA_NEW(t->check->arena, struct expr);
    if (!check_ok(t->check, expr == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    expr->kind = kind;
    expr->at = place(t, from, to);
    *t->last = expr;
    t->last = &expr->next;
    t->count++;
    return expr;
}

static void add_text(struct template *t, size_t from, size_t to)
{
    struct expr *expr = from == to ? NULL : add(t, EXPR_LITERAL, from, to);
    if (expr == NULL)
        return;
    expr->type = TYPE_TEXT;
    expr->literal.type = TYPE_TEXT;
    expr->literal.value = value_text((str){ t->text.ptr + from, to - from });
}

static bool is_word_byte(char c, bool is_first)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return is_letter || (!is_first && c >= '0' && c <= '9');
}

static size_t skip_spaces(str text, size_t at)
{
    while (at < text.len && text.ptr[at] == ' ')
        at++;
    return at;
}

/* One `word`, `.word` or `["text"]` of a path at *at; NULL when there is none. */
static struct path_part *read_part(struct template *t, size_t *at, size_t end)
{
    const char *text = t->text.ptr;
    struct path_part part = { 0 };
    size_t from = *at;
    if (from + 2 < end && text[from] == '[' && text[from + 1] == '"') {
        size_t to = from + 2;
        while (to < end && text[to] != '"')
            to++;
        if (to + 1 >= end || text[to + 1] != ']')
            return NULL;
        part.text = (str){ text + from + 2, to - from - 2 };
        part.is_index = true;
        *at = to + 2;
    } else {
        size_t to = from;
        while (to < end && is_word_byte(text[to], to == from))
            to++;
        if (to == from)
            return NULL;
        part.text = (str){ text + from, to - from };
        *at = to;
    }
    part.at = place(t, from, *at);
    struct path_part *made = ARENA_NEW(t->check->arena, struct path_part);
    if (check_ok(t->check, made == NULL ? ERR_MEMORY : ERR_OK))
        *made = part;
    return made;
}

static bool read_path(struct template *t, struct expr *expr, size_t at, size_t end)
{
    struct path_part **last = &expr->path;
    for (;;) {
        struct path_part *part = read_part(t, &at, end);
        if (part == NULL)
            return false;
        *last = part;
        last = &part->next;
        if (at < end && t->text.ptr[at] == '.')
            at++;
        else if (at >= end || t->text.ptr[at] != '[')
            break;
    }
    return skip_spaces(t->text, at) >= end && !expr->path->is_index;
}

/* What stands between braces at t->at. */
static void add_value(struct template *t)
{
    size_t open = t->at;
    size_t from = skip_spaces(t->text, open + 1);
    size_t to = from + str_find(str_skip(t->text, from), '}');
    if (to >= t->text.len) {
        struct diag *diag = diag_add(t->check->diags, DIAG_BAD_TEMPLATE,
            place(t, open, t->text.len), "a `{` without its `}`");
        diag_help(t->check->diags, diag, "a brace itself is written `{{`");
        t->at = t->text.len;
        return;
    }
    t->at = to + 1;
    struct expr *expr = add(t, EXPR_FIELD, from, to);
    if (expr == NULL)
        return;
    if (!read_path(t, expr, from, to)) {
        struct diag *diag = diag_add(t->check->diags, DIAG_BAD_TEMPLATE, place(t, open, to + 1),
            "between braces stands a field or a result, and nothing else");
        diag_help(t->check->diags, diag, "write `{host.name}`; a brace itself is written `{{`");
        expr->kind = EXPR_LITERAL;
        expr->type = TYPE_COUNT;
        return;
    }
    check_field(t->check, expr);
}

void check_template(struct check *check, struct expr *literal)
{
    str text = value_str(literal->literal.value);
    struct template t = { .check = check, .literal = literal, .text = text };
    struct expr *parts = NULL;
    t.last = &parts;
    t.is_exact = literal->at.end - literal->at.start == text.len + 2;
    literal->type = TYPE_TEXT;
    if (str_find(text, '{') == text.len)
        return;
    size_t from = 0;
    while (t.at < text.len && t.count <= TEMPLATE_PARTS_MAX) {
        if (text.ptr[t.at] != '{') {
            t.at++;
            continue;
        }
        bool is_brace = t.at + 1 < text.len && text.ptr[t.at + 1] == '{';
        add_text(&t, from, t.at + is_brace);
        if (is_brace)
            t.at += 2;
        else
            add_value(&t);
        from = t.at;
    }
    add_text(&t, from, text.len);
    if (t.count > TEMPLATE_PARTS_MAX) {
        struct diag *diag = diag_add(check->diags, DIAG_BAD_TEMPLATE, literal->at,
            "a text has at most %d pieces, values and what stands between them",
            TEMPLATE_PARTS_MAX);
        diag_help(check->diags, diag, "leave the text out: a message then tells the alert");
    }
    literal->literal.parts = parts;
}
