/* lint_text.c - tests on text: patterns that are none, and texts that look like patterns. */
#include "lint/lint_pass.h"

#include "function.h"

#include <ctype.h>

static bool is_text_literal(const struct expr *expr)
{
    return expr != NULL && expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_TEXT
           && expr->literal.parts == NULL;
}

/* From the end of the left side to the end of the test. */
static span after_left(const struct expr *expr)
{
    return (span){ expr->test.left->at.end, expr->at.end, expr->at.file };
}

/* ---- matches ---- */

/* Whether the bracket or escape at `at` is stepped over; its end then. */
static size_t step(str pattern, size_t at)
{
    if (pattern.ptr[at] == '\\')
        return at + 2;
    if (pattern.ptr[at] != '[')
        return at + 1;
    size_t end = at + 1;
    end += end < pattern.len && pattern.ptr[end] == '^';
    end += end < pattern.len && pattern.ptr[end] == ']';
    while (end < pattern.len && pattern.ptr[end] != ']')
        end += pattern.ptr[end] == '\\' ? 2 : 1;
    return end + 1;
}

/* `+`, `*` or `{n,}` at `at`, and not the possessive kind. */
static bool is_unbounded(str pattern, size_t at)
{
    if (at >= pattern.len)
        return false;
    size_t end = at + 1;
    if (pattern.ptr[at] == '{') {
        size_t close = at + str_find(str_skip(pattern, at), '}');
        if (close >= pattern.len || pattern.ptr[close - 1] != ',')
            return false;
        end = close + 1;
    } else if (pattern.ptr[at] != '+' && pattern.ptr[at] != '*') {
        return false;
    }
    return end >= pattern.len || pattern.ptr[end] != '+';
}

/* (a+)+: a group that repeats without end, of something that does. */
static bool repeats_repetition(str pattern)
{
    enum { GROUPS_MAX = 32 };
    bool has_repetition[GROUPS_MAX + 1] = { false };
    size_t depth = 0;
    for (size_t at = 0; at < pattern.len; at = step(pattern, at)) {
        char c = pattern.ptr[at];
        if (c == '(' && str_startswith(str_skip(pattern, at), STR("(?>")))
            return false; /* an atomic group is somebody's answer to this very question */
        if (c == '(') {
            if (depth == GROUPS_MAX)
                return false;
            has_repetition[++depth] = false;
        } else if (c == ')' && depth > 0) {
            bool inside = has_repetition[depth--];
            if (inside && is_unbounded(pattern, at + 1))
                return true;
            has_repetition[depth] = has_repetition[depth] || inside;
        } else if (is_unbounded(pattern, at)) {
            has_repetition[depth] = true;
        }
    }
    return false;
}

static bool is_plain(str pattern)
{
    static const char plain[] = " _-/:@,;='~%&#!<>";
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && strchr(plain, c) == NULL)
            return false;
    }
    return pattern.len > 0;
}

static void look_at_regex(struct lint *lint, const struct expr *expr)
{
    const struct expr *regex = expr->test.right;
    if (regex->kind != EXPR_REGEX || expr->test.patterns != QUANTIFIER_NONE)
        return;
    if (repeats_repetition(regex->regex.pattern)) {
        struct diag *diag = LINT(lint, DIAG_SLOW_REGEX, regex->at,
            "something that repeats is repeated: an attacker's text can make this reach its limit");
        LINT_HELP(lint, diag,
            "write `[ab]+` for `([ab]+)+`, or `(?>..)` for a group that keeps "
            "what it took");
        return;
    }
    str pattern = regex->regex.pattern;
    bool is_anchored = str_startswith(pattern, STR("^"));
    str words = str_skip(pattern, is_anchored ? 1 : 0);
    if (!is_plain(words) || regex->regex.flags.len > 0)
        return;
    const char *test = is_anchored ? "startswith" : "contains";
    struct diag *diag =
        LINT(lint, DIAG_NEEDLESS_REGEX, regex->at, "this regex is plain text: `%s` says it", test);
    LINT_HELP(lint, diag, "write `%s \"%.*s\" cased`", test, STR_ARG(words));
    lint_fix(lint, diag, after_left(expr), " %s \"%.*s\" cased", test, STR_ARG(words));
}

/* ---- like ---- */

static bool has_wildcard(str glob)
{
    for (size_t at = 0; at < glob.len; at++) {
        if (glob.ptr[at] == '*' || glob.ptr[at] == '?')
            return true;
        at += glob.ptr[at] == '\\';
    }
    return false;
}

/* `*` for each `%`, the wildcard of SQL. */
static void guess_stars(struct lint *lint, struct diag *diag, span at)
{
    str written = lint_text(lint, at);
    char *text = arena_alloc(lint->arena, written.len, 1);
    if (diag == NULL || text == NULL)
        return;
    for (size_t i = 0; i < written.len; i++)
        text[i] = written.ptr[i] == '%' ? '*' : written.ptr[i];
    diag_set_guess(lint->diags, diag, at, (str){ text, written.len });
}

static void look_at_glob(struct lint *lint, const struct expr *expr, const struct expr *pattern)
{
    str glob = value_str(pattern->literal.value);
    bool is_only = pattern == expr->test.right && expr->test.patterns == QUANTIFIER_NONE;
    if (has_wildcard(glob))
        return;
    struct diag *diag = LINT(lint, DIAG_GLOB_WITHOUT_WILDCARD, pattern->at,
        "`like` covers the whole value, and this has no `*` and no `?`");
    if (str_find(glob, '%') < glob.len) {
        LINT_HELP(lint, diag, "`%%` is no wildcard here: write `*`");
        guess_stars(lint, diag, pattern->at);
        return;
    }
    LINT_HELP(lint, diag, "write `=`, or `contains` if it may stand anywhere");
    span sign = { expr->test.left->at.end, pattern->at.start, pattern->at.file };
    bool has_comment = str_find(lint_text(lint, sign), '#') < lint_text(lint, sign).len;
    if (diag != NULL && is_only && !has_comment && str_find(glob, '\\') == glob.len)
        diag_set_guess(lint->diags, diag, sign, STR(" = "));
}

/* ---- other tests ---- */

static void look_at_part(struct lint *lint, const struct expr *expr, const struct expr *pattern)
{
    if (value_str(pattern->literal.value).len > 0)
        return;
    struct diag *diag = LINT(lint, DIAG_EMPTY_PATTERN, pattern->at, "every text `%s` the empty one",
        test_name(expr->test.test));
    LINT_HELP(lint, diag, "ask `exists`, or write what it shall hold");
}

static void look_at_equal(struct lint *lint, const struct expr *expr, const struct expr *right)
{
    str text = value_str(right->literal.value);
    if (text.len == 0 && expr->test.test == TEST_EQUAL && expr->test.left->means == MEANING_FIELD) {
        struct diag *empty = LINT(lint, DIAG_EMPTY_FIELD, expr->at,
            "what a vendor leaves empty is absent in a field, so this hardly ever holds");
        LINT_HELP(
            lint, empty, "write `missing %.*s`", STR_ARG(lint_text(lint, expr->test.left->at)));
        return;
    }
    if (str_find(text, '*') == text.len || expr->test.left->type != TYPE_TEXT)
        return;
    struct diag *diag = LINT(lint, DIAG_WILDCARD_IN_TEXT, right->at,
        "beside `%s` a `*` is a star and no wildcard", test_name(expr->test.test));
    LINT_HELP(lint, diag, "write `like` if it stands for any text");
}

static void look_at_right(struct lint *lint, const struct expr *expr, const struct expr *right)
{
    enum test test = expr->test.test;
    if (!is_text_literal(right))
        return;
    if (test == TEST_LIKE)
        look_at_glob(lint, expr, right);
    else if (test == TEST_CONTAINS || test == TEST_STARTSWITH || test == TEST_ENDSWITH)
        look_at_part(lint, expr, right);
    else if (test == TEST_EQUAL || test == TEST_NOT_EQUAL || test == TEST_IN || test == TEST_NOT_IN)
        look_at_equal(lint, expr, right);
}

/* lower(f) = "x": tests of text fold case by themselves. */
static void look_at_folding(struct lint *lint, const struct expr *expr)
{
    const struct expr *left = expr->test.left;
    if (left->kind != EXPR_CALL || left->means != MEANING_FUNCTION || expr->test.cased
        || expr->test.test == TEST_MATCHES || expr->test.test == TEST_IS_NULL)
        return;
    if (!str_is(left->call.name, "lower") && !str_is(left->call.name, "upper"))
        return;
    const struct expr *argument = left->call.arguments;
    if (argument->type != TYPE_TEXT || argument->means != MEANING_FIELD)
        return;
    struct diag *diag = LINT(lint, DIAG_NEEDLESS_FOLDING, left->at,
        "`%.*s` changes nothing: tests of text do not look at case", STR_ARG(left->call.name));
    str field = lint_text(lint, argument->at);
    LINT_HELP(lint, diag, "leave it out, or end the test with `cased`");
    lint_fix(lint, diag, left->at, "%.*s", STR_ARG(field));
}

/* The end of `{{a.b}}` or `${a.b}` at the front of `text`; 0 when it is none. */
static size_t foreign_template(str text)
{
    bool is_double = str_startswith(text, STR("{{"));
    size_t at = 2;
    if (!is_double && !str_startswith(text, STR("${")))
        return 0;
    while (at < text.len
           && (isalnum((unsigned char)text.ptr[at]) || text.ptr[at] == '_' || text.ptr[at] == '.'
               || text.ptr[at] == ' '))
        at++;
    bool is_closed = str_startswith(str_skip(text, at), is_double ? STR("}}") : STR("}"));
    return at > 2 && is_closed ? at + (is_double ? 2 : 1) : 0;
}

/* A text with values in it: they are written as in another tool. */
static void look_at_template(struct lint *lint, const struct expr *expr)
{
    str text = lint_text(lint, expr->at);
    for (size_t at = 0; at < text.len; at++) {
        size_t len = foreign_template(str_skip(text, at));
        if (len == 0)
            continue;
        struct diag *diag = LINT(lint, DIAG_FOREIGN_TEMPLATE,
            ((span){ expr->at.start + (uint32_t)at, expr->at.start + (uint32_t)(at + len),
                expr->at.file }),
            text.ptr[at] == '$' ? "`${..}` is another tool's: the `$` stays in the text"
                                : "`{{..}}` is another tool's: here `{{` is one brace of the text");
        LINT_HELP(lint, diag, "write `{host.name}`, in single braces");
        at += len - 1;
    }
}

void lint_text_test(struct lint *lint, const struct expr *expr)
{
    if (expr->kind == EXPR_LITERAL && expr->literal.parts != NULL)
        look_at_template(lint, expr);
    if (expr->kind != EXPR_TEST || expr->test.right == NULL)
        return;
    const struct expr *right = expr->test.right;
    if (expr->test.test == TEST_MATCHES)
        look_at_regex(lint, expr);
    look_at_folding(lint, expr);
    look_at_right(lint, expr, right);
    if (right->kind != EXPR_LIST)
        return;
    for (const struct expr *element = right->elements; element != NULL; element = element->next)
        look_at_right(lint, expr, element);
}
