/* node.c - what the grammar's actions call. */
#include "node.h"

#include "syntax.h"

void *parse_copy(struct parse *parse, const void *content, size_t size, size_t align)
{
    return memcpy(parse_alloc(parse, size, align), content, size);
}

void parse_edition(struct parse *parse, span at, const struct literal *number)
{
    /* Whether this build knows it is the checker's question. */
    bool is_whole = number->type == TYPE_INTEGER && number->value.integer > 0;
    parse->tree->edition = is_whole ? number->value.integer : -1;
    parse->tree->edition_at = at;
}

void parse_forget_mistakes(struct parse *parse)
{
    parse->mistakes = 0;
}

void parse_add_item(struct parse *parse, struct item *item)
{
    item->is_partial = parse->mistakes > 0;
    parse->mistakes = 0;
    if (parse->last_item == NULL)
        parse->tree->items = item;
    else
        parse->last_item->next = item;
    parse->last_item = item;
}

static int64_t parse_from(struct parse *parse, span at, const struct literal *number, int64_t least)
{
    if (number->type == TYPE_INTEGER && number->value.integer >= least)
        return number->value.integer;
    diag_add(parse->diags, DIAG_NUMBER, at, "%s, not %.*s",
        least > 0 ? "a whole number above zero stands here" : "a whole number stands here",
        STR_ARG(number->written));
    return least;
}

int64_t parse_count(struct parse *parse, span at, const struct literal *number)
{
    return parse_from(parse, at, number, 1);
}

int64_t parse_whole(struct parse *parse, span at, const struct literal *number)
{
    return parse_from(parse, at, number, 0);
}

static void report_twice(struct parse *parse, span at, const char *word)
{
    struct diag *diag = diag_add(parse->diags, DIAG_GIVEN_TWICE, at, "`%s` is said twice", word);
    diag_help(parse->diags, diag, "say it once, or write another alert");
}

void alert_repeat(
    struct parse *parse, struct ast_check *alert, int64_t times, struct ast_duration every, span at)
{
    if (alert->alert.times > 0)
        report_twice(parse, at, "times");
    alert->alert.times = times;
    alert->alert.every = every;
}

void alert_delay(struct parse *parse, struct ast_check *alert, struct ast_duration after, span at)
{
    if (alert->alert.after.written.len > 0)
        report_twice(parse, at, "after");
    alert->alert.after = after;
}

bool span_is_quoted(const struct parse *parse, span at)
{
    return str_startswith(sources_text(parse->sources, at), STR("\""));
}

static struct expr *node(struct parse *parse, struct expr content)
{
    return parse_copy(parse, &content, sizeof content, alignof(struct expr));
}

struct expr *literal_node(struct parse *parse, span at, const struct literal *literal)
{
    return node(parse, (struct expr){ .kind = EXPR_LITERAL,
                           .at = at,
                           .literal = { .value = literal->value, .type = literal->type } });
}

struct expr *literal_bool(struct parse *parse, span at, bool boolean)
{
    return node(parse, (struct expr){ .kind = EXPR_LITERAL,
                           .at = at,
                           .literal = { .value = value_bool(boolean), .type = TYPE_BOOL } });
}

/* `\/` stands for a slash; every other escape is the regex's own. */
static str unescape_slashes(struct parse *parse, str pattern)
{
    if (str_find(pattern, '/') == pattern.len)
        return pattern;
    char *text = parse_alloc(parse, pattern.len + 1, 1);
    size_t len = 0;
    for (size_t at = 0; at < pattern.len; at++) {
        if (pattern.ptr[at] == '\\' && at + 1 < pattern.len) {
            if (pattern.ptr[at + 1] != '/')
                text[len++] = '\\';
            at++;
        }
        text[len++] = pattern.ptr[at];
    }
    return (str){ text, len };
}

/* The flags, or none after a mistake in them. */
static str read_flags(struct parse *parse, span at, str flags)
{
    for (size_t i = 0; i < flags.len; i++) {
        bool is_known = memchr("ims", flags.ptr[i], 3) != NULL;
        bool is_repeated = str_find(str_first(flags, i), flags.ptr[i]) < i;
        if (is_known && !is_repeated)
            continue;
        uint32_t start = at.end - (uint32_t)flags.len + (uint32_t)i;
        struct diag *diag =
            diag_add(parse->diags, DIAG_REGEX_FLAG, (span){ start, start + 1, at.file },
                "%s flag `%c` of a regex", is_known ? "repeated" : "unknown", flags.ptr[i]);
        diag_help(parse->diags, diag,
            "the flags are i (any case), m (^ and $ at each line) and s (. meets a newline)");
        return STR("");
    }
    return flags;
}

struct expr *regex_node(struct parse *parse, span at, str token)
{
    size_t close = str_find_last(token, '/');
    str flags = read_flags(parse, at, str_skip(token, close + 1));
    str pattern = close < 1 ? STR("") : str_first(str_skip(token, 1), close - 1);
    syntax_check_words(parse, at.start, token);
    return node(
        parse, (struct expr){ .kind = EXPR_REGEX,
                   .at = at,
                   .regex = { .pattern = unescape_slashes(parse, pattern), .flags = flags } });
}

struct expr *test_finish(
    struct expr *test, span at, enum quantifier quantifier, struct expr *left, bool cased)
{
    test->at = at;
    test->test.quantifier = quantifier;
    test->test.left = left;
    test->test.cased = cased;
    return test;
}

struct clause *clauses_join(struct clause *first, struct clause *second)
{
    if (first == NULL)
        return second;
    struct clause *last = first;
    while (last->next != NULL)
        last = last->next;
    last->next = second;
    return first;
}
