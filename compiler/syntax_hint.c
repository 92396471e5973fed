/* syntax_hint.c - what authors write where the grammar says something else: the table of
 * syntax_hints.def, and durations in words.
 */
#include "keyword.h"
#include "syntax_pass.h"

enum repair {
    REPAIR_NONE,
    REPAIR_REPLACE,
    REPAIR_INSERT,
    REPAIR_REMOVE,
    REPAIR_SEMICOLON,
    REPAIR_QUOTE,
    REPAIR_UNQUOTE,
    REPAIR_BEFORE
};

struct hint {
    enum diag_id id;
    const char *item;
    const char *before;
    const char *found;
    const char *expected;
    enum repair repair;
    const char *text;
    const char *help;
};

static const struct hint hints[] = {
#define HINT(id_, item_, before_, found_, expected_, repair_, text_, help_)                        \
    { DIAG_##id_, item_, before_, found_, expected_, REPAIR_##repair_, text_, help_ },
#include "syntax_hints.def"
#undef HINT
};

/* The word at the front of `text`. */
static str first_word(str text)
{
    size_t len = 0;
    while (
        len < text.len && ((text.ptr[len] >= 'a' && text.ptr[len] <= 'z') || text.ptr[len] == '_'))
        len++;
    return str_first(text, len);
}

/* The word that begins the item around `offset`: on the line above that is indented least. The
 * words of a rule stand at its margin, so a look at so many lines is enough. */
static str word_of_item(const struct parse *parse, uint32_t offset)
{
    enum { LINES_MAX = 200 };
    const struct source *source = &parse->sources->items[parse->file];
    uint32_t line = source_place(source, offset).line;
    size_t margin = SIZE_MAX;
    str item = STR("");
    for (int i = 0; i < LINES_MAX && line > 0 && margin > 0; i++, line--) {
        str text = source_line(source, line);
        size_t indent = 0;
        while (indent < text.len && (text.ptr[indent] == ' ' || text.ptr[indent] == '\t'))
            indent++;
        str word = first_word(str_skip(text, indent));
        bool is_item = keyword_is(word, KEYWORD_ITEM) || str_is(word, "when");
        if (indent >= margin || (!is_item && indent > 0) || word.len == 0)
            continue;
        margin = indent;
        item = word;
    }
    return item;
}

static bool fits(const char *wanted, str is)
{
    return wanted == NULL || str_is(is, wanted);
}

/* Whether the token is what a row wants: by its text, its kind, or as any word. */
static bool is_found(const char *wanted, str text, const char *kind)
{
    bool is_word = strcmp(kind, "a name") == 0 || keyword_find(str_from(kind)) < KEYWORD_COUNT;
    return fits(wanted, text) || fits(wanted, str_from(kind))
           || (is_word && strcmp(wanted, "a name") == 0);
}

/* Whether each of the words, and nothing else, could stand there. */
static bool are_all(const char *words, const struct expectation *expected)
{
    size_t count = 0;
    for (str rest = str_from(words); rest.len > 0; count++) {
        str word = str_first(rest, str_find(rest, ' '));
        char copy[NAME_BYTES_MAX + 1] = { 0 };
        if (word.len >= sizeof copy)
            return false;
        memcpy(copy, word.ptr, word.len);
        if (!expects(expected, copy))
            return false;
        rest = str_skip(rest, word.len + 1);
    }
    return expected->count == count;
}

static bool could_stand(const char *wanted, const struct expectation *expected)
{
    static const char only[] = "only ";
    if (wanted == NULL)
        return true;
    /* Where a name or a parameter can stand, so can each of these words, as one. */
    int keyword = keyword_find(str_from(wanted));
    bool is_reserved = keyword_is(str_from(wanted), KEYWORD_RESERVED);
    bool is_parameter = expects(expected, "untrusted");
    if (keyword < KEYWORD_COUNT && expects(expected, "a name") && (is_parameter || !is_reserved))
        return false;
    bool is_only = strncmp(wanted, only, sizeof only - 1) == 0;
    return is_only ? are_all(wanted + sizeof only - 1, expected) : expects(expected, wanted);
}

const struct hint *hint_find(struct parse *parse, const struct mistake *mistake)
{
    str item = word_of_item(parse, mistake->at.start);
    str before = sources_text(parse->sources, parse->previous_at);
    str found = sources_text(parse->sources, mistake->at);
    for (size_t i = 0; i < COUNT_OF(hints); i++) {
        const struct hint *hint = &hints[i];
        if (fits(hint->item, item) && fits(hint->before, before)
            && is_found(hint->found, found, mistake->found)
            && could_stand(hint->expected, mistake->expected))
            return hint;
    }
    return NULL;
}

bool hint_is_general(const struct hint *hint)
{
    return hint->found == NULL || strcmp(hint->found, "a name") == 0;
}

enum diag_id hint_id(const struct hint *hint)
{
    return hint->id;
}

static void set_quoted(struct parse *parse, struct diag *diag, span at)
{
    const char *text =
        arena_format(parse->arena, "\"%.*s\"", STR_ARG(sources_text(parse->sources, at)));
    if (text != NULL)
        diag_set_fix(parse->diags, diag, at, str_from(text));
}

/* Only what is a word or a date without its quotes. */
static void set_unquoted(struct parse *parse, struct diag *diag, span at)
{
    str text = sources_text(parse->sources, at);
    text = text.len < 2 ? STR("") : str_first(str_skip(text, 1), text.len - 2);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && c != '-' && !(c >= '0' && c <= '9'))
            return;
    }
    if (text.len > 0)
        diag_set_fix(parse->diags, diag, at, text);
}

/* The place of a token and of the spaces after it. */
static span with_spaces(const struct parse *parse, span at)
{
    str text = parse->sources->items[parse->file].text;
    while (at.end < text.len && text.ptr[at.end] == ' ')
        at.end++;
    return at;
}

void hint_help(
    struct parse *parse, struct diag *diag, const struct hint *hint, const struct mistake *mistake)
{
    span at = mistake->at;
    str text = str_from(hint->text);
    diag_help(parse->diags, diag, "%s", hint->help);
    switch (hint->repair) {
    case REPAIR_NONE:
        break;
    case REPAIR_REPLACE:
        diag_set_fix(parse->diags, diag, at, text);
        break;
    case REPAIR_INSERT:
        diag_set_fix(parse->diags, diag, (span){ at.start, at.start, at.file }, text);
        break;
    case REPAIR_REMOVE:
        diag_set_fix(parse->diags, diag, with_spaces(parse, at), text);
        break;
    case REPAIR_SEMICOLON:
        set_semicolon_fix(parse, diag, at);
        break;
    case REPAIR_QUOTE:
        set_quoted(parse, diag, at);
        break;
    case REPAIR_UNQUOTE:
        set_unquoted(parse, diag, at);
        break;
    case REPAIR_BEFORE:
        diag_set_fix(parse->diags, diag,
            text.len == 0 ? with_spaces(parse, parse->previous_at) : parse->previous_at, text);
        break;
    }
}

/* ---- durations ---- */

/* The unit that a word of time means, or NULL. */
static const char *unit_of(str word)
{
    static const struct {
        const char *word;
        const char *unit;
    } units[] = { { "milliseconds", "ms" }, { "seconds", "s" }, { "second", "s" }, { "secs", "s" },
        { "sec", "s" }, { "minutes", "m" }, { "minute", "m" }, { "mins", "m" }, { "min", "m" },
        { "hours", "h" }, { "hour", "h" }, { "hrs", "h" }, { "hr", "h" }, { "days", "d" },
        { "day", "d" }, { "weeks", "w" }, { "week", "w" }, { "ms", "ms" }, { "s", "s" },
        { "m", "m" }, { "h", "h" }, { "d", "d" }, { "w", "w" } };
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (str_is(word, units[i].word))
            return units[i].unit;
    return NULL;
}

/* "4 hours", "4h" in quotes or not: the duration that it means, in the parse's arena; empty
 * when it means none. */
static const char *duration_of(struct parse *parse, str text)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    str rest = str_skip(text, digits);
    while (str_startswith(rest, STR(" ")))
        rest = str_skip(rest, 1);
    const char *unit = unit_of(rest);
    if (digits == 0 || unit == NULL)
        return "";
    const char *duration =
        arena_format(parse->arena, "%.*s%s", STR_ARG(str_first(text, digits)), unit);
    return duration == NULL ? "" : duration;
}

/* A number and the word after it. */
static span with_word(const struct parse *parse, span at)
{
    str text = parse->sources->items[parse->file].text;
    span all = with_spaces(parse, at);
    str word = first_word(str_skip(text, all.end));
    all.end += (uint32_t)word.len;
    return word.len == 0 ? at : all;
}

bool report_unit(struct parse *parse, const struct mistake *mistake)
{
    bool is_number = strcmp(mistake->found, "a number") == 0;
    bool is_text = strcmp(mistake->found, "a text") == 0;
    if (!expects(mistake->expected, "a duration") || expects(mistake->expected, "a date")
        || (!is_number && !is_text))
        return false;
    span at = is_number ? with_word(parse, mistake->at) : mistake->at;
    str text = sources_text(parse->sources, at);
    if (is_text)
        text = str_first(str_skip(text, 1), text.len - 2);
    const char *duration = duration_of(parse, text);
    struct diag *diag = diag_add(parse->diags, DIAG_UNIT, at, "`%.*s` is no duration",
        STR_ARG(sources_text(parse->sources, at)));
    if (duration[0] == '\0') {
        diag_help(
            parse->diags, diag, "a duration is a number and its unit: 500ms 10s 15m 6h 7d 2w");
        return true;
    }
    diag_help(parse->diags, diag, "write `%s`", duration);
    diag_set_fix(parse->diags, diag, at, str_from(duration));
    return true;
}
