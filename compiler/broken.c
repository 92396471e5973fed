/* broken.c - tokens that are none, and what was probably meant by them. */
#include "broken.h"

#include <ctype.h>

/* Whether a word may stand right beside the character. */
static bool is_apart(char c)
{
    return isspace((unsigned char)c) || c == '(' || c == '[' || c == '{' || c == ',';
}

void broken_set_fix(struct parse *parse, struct diag *diag, span at, const char *write)
{
    str text = parse->sources->items[parse->file].text;
    bool is_word = isalpha((unsigned char)write[0]);
    bool needs_before = is_word && at.start > 0 && !is_apart(text.ptr[at.start - 1]);
    bool needs_after = is_word && at.end < text.len && !isspace((unsigned char)text.ptr[at.end]);
    const char *fixed = arena_format(
        parse->arena, "%s%s%s", needs_before ? " " : "", write, needs_after ? " " : "");
    if (fixed != NULL)
        diag_set_fix(parse->diags, diag, at, str_from(fixed));
}

/* The path of words that ends before `end`. */
static str path_before(const struct parse *parse, uint32_t end)
{
    str text = parse->sources->items[parse->file].text;
    uint32_t start = end;
    while (start > 0
           && (isalnum((unsigned char)text.ptr[start - 1]) || text.ptr[start - 1] == '_'
               || text.ptr[start - 1] == '.'))
        start--;
    return str_first(str_skip(text, start), end - start);
}

bool broken_modifier(struct parse *parse, span at, const char **ret_test)
{
    static const struct {
        const char *modifier;
        const char *test;
    } modifiers[] = { { "contains", "contains" }, { "startswith", "startswith" },
        { "endswith", "endswith" }, { "re", "matches" }, { "cidr", "in" } };
    str found = sources_text(parse->sources, at);
    str word = str_skip(found, 1);
    size_t len = 0;
    while (len < word.len && (isalnum((unsigned char)word.ptr[len]) || word.ptr[len] == '_'))
        len++;
    word = str_first(word, len);
    for (size_t i = 0; i < COUNT_OF(modifiers); i++) {
        if (!str_is(word, modifiers[i].modifier))
            continue;
        str path = path_before(parse, at.start);
        while (str_endswith(found, STR(" ")) || str_endswith(found, STR("\t")))
            found.len--;
        struct diag *diag = diag_add(
            parse->diags, DIAG_FOREIGN_SIGN, at, "`%.*s` is a modifier of Sigma", STR_ARG(found));
        diag_help(parse->diags, diag, "write `%.*s%s%s ..`", STR_ARG(path),
            path.len == 0 ? "" : " ", modifiers[i].test);
        *ret_test = modifiers[i].test;
        return true;
    }
    return false;
}

void broken_sign(struct parse *parse, span at, const char *write)
{
    str found = sources_text(parse->sources, at);
    struct diag *diag = diag_add(
        parse->diags, DIAG_FOREIGN_SIGN, at, "`%.*s` is not of this language", STR_ARG(found));
    diag_help(parse->diags, diag, "write `%s`", write);
    broken_set_fix(parse, diag, at, write);
}

bool broken_match(struct parse *parse, span at)
{
    str rest = str_skip(parse->sources->items[parse->file].text, at.end);
    while (rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t'))
        rest = str_skip(rest, 1);
    if (!str_startswith(rest, STR("\""))) {
        broken_sign(parse, at, "matches");
        return false;
    }
    str text = str_skip(rest, 1);
    text = str_first(text, str_find(text, '"'));
    struct diag *diag = diag_add(parse->diags, DIAG_FOREIGN_SIGN, at,
        "`%.*s` is not of this language", STR_ARG(sources_text(parse->sources, at)));
    bool is_short = text.len > 0 && text.len <= 64 && str_find(text, '/') == text.len
                    && str_find(text, '\n') == text.len;
    if (is_short)
        diag_help(parse->diags, diag, "write `matches /%.*s/` or `contains \"%.*s\"`",
            STR_ARG(text), STR_ARG(text));
    else
        diag_help(parse->diags, diag, "write `matches /../` or `contains \"..\"`");
    return true;
}

str broken_quotes(struct parse *parse, span at, size_t quote)
{
    str found = sources_text(parse->sources, at);
    str body = str_first(str_skip(found, quote), found.len - 2 * quote);
    struct diag *diag = diag_add(parse->diags, DIAG_QUOTES, at, "text is written in double quotes");
    if (str_find(body, '"') == body.len && str_find(body, '\\') == body.len) {
        const char *text = arena_format(parse->arena, "\"%.*s\"", STR_ARG(body));
        diag_help(parse->diags, diag, "write `%s`", text == NULL ? "\"" : text);
        diag_set_fix(parse->diags, diag, at, str_from(text));
    } else {
        diag_help(parse->diags, diag, "write \"...\", with `\\\"` for a quote inside");
    }
    return body;
}

str broken_text(struct parse *parse, span at)
{
    struct diag *diag = diag_add(
        parse->diags, DIAG_TEXT_END, at, "the text that begins here does not end on its line");
    diag_help(parse->diags, diag, "end it with `\"`; a quote inside is `\\\"`, a new line `\\n`");
    parse->broken_end = at.end;
    return str_skip(sources_text(parse->sources, at), 1);
}

str broken_value(struct parse *parse, span at)
{
    str found = sources_text(parse->sources, at);
    const char *text = arena_format(parse->arena, "\"%.*s\"", STR_ARG(found));
    struct diag *diag = diag_add(parse->diags, DIAG_HYPHEN, at,
        "`%.*s` is no name: text is written in double quotes", STR_ARG(found));
    diag_help(parse->diags, diag, "write \"%.*s\" in quotes", STR_ARG(found));
    diag_set_fix(parse->diags, diag, at, str_from(text));
    return found;
}

str broken_word(struct parse *parse, span at)
{
    str found = sources_text(parse->sources, at);
    struct diag *diag =
        diag_add(parse->diags, DIAG_HYPHEN, at, "a name has letters, digits and `_`, and no `-`");
    char *fixed = parse_copy(parse, found.ptr, found.len, 1);
    for (size_t i = 0; i < found.len; i++)
        if (fixed[i] == '-')
            fixed[i] = '_';
    diag_help(parse->diags, diag, "write `%.*s`, or put text in double quotes: \"%.*s\"",
        (int)found.len, fixed, STR_ARG(found));
    return (str){ fixed, found.len };
}

struct literal broken_date(struct parse *parse, span at)
{
    str found = sources_text(parse->sources, at);
    struct diag *diag = diag_add(parse->diags, DIAG_DATE, at, "`%.*s` is no date", STR_ARG(found));
    diag_help(parse->diags, diag,
        "dates are written 2027-01-31 or 2027-01-31T10:00:00Z, in UTC; other text in quotes");
    return (struct literal){ { .kind = VALUE_TIME }, TYPE_TIME, found };
}

/* 31.01.2027: day, month and a year of four digits, which no address has. */
static bool is_written_date(str text)
{
    size_t day = str_find(text, '.');
    str rest = str_skip(text, day + 1);
    size_t month = str_find(rest, '.');
    str year = str_skip(rest, month + 1);
    return day <= 2 && month <= 2 && year.len == 4 && str_find(year, '.') == 4
           && str_find(year, '/') == 4;
}

enum type broken_number(struct parse *parse, span at, struct literal *ret_literal)
{
    str found = sources_text(parse->sources, at);
    size_t dot = str_find(found, '.');
    if (is_written_date(found)) {
        *ret_literal = broken_date(parse, at);
        return TYPE_TIME;
    }
    bool is_address = str_find(str_skip(found, dot + 1), '.') + dot + 1 < found.len;
    struct diag *diag =
        diag_add(parse->diags, DIAG_NUMBER, at, "`%.*s` is no number", STR_ARG(found));
    if (is_address) {
        const char *text = arena_format(parse->arena, "\"%.*s\"", STR_ARG(found));
        diag_help(parse->diags, diag, "addresses and networks are text: \"%.*s\"", STR_ARG(found));
        diag_set_fix(parse->diags, diag, at, str_from(text));
        *ret_literal = (struct literal){ value_text(found), TYPE_TEXT, found };
        return TYPE_TEXT;
    }
    diag_help(parse->diags, diag,
        "a duration is written 500ms 10s 15m 6h 7d 2w; a name begins with a letter");
    *ret_literal = (struct literal){ value_integer(1), TYPE_INTEGER, found };
    /* Most often a unit of time that does not exist: `15min`. */
    bool is_time = found.ptr[0] != '-' && dot == found.len;
    if (is_time)
        *ret_literal =
            (struct literal){ { .kind = VALUE_DURATION, .milliseconds = 1 }, TYPE_DURATION, found };
    return ret_literal->type;
}
