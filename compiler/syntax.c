/* syntax.c - a syntax error in words that a rule author understands.
 *
 * The grammar says which of its symbols could stand at a place: often dozens. They are
 * summed up in groups ("a value", "a condition"), and a few mistakes that people make
 * again and again get a message of their own.
 */
#include "syntax.h"

#include "base/buf.h"
#include "keyword.h"
#include "registry.h"
#include "syntax_pass.h"

enum { WORDS_MAX = 5, FOUND_BYTES_MAX = 40, LIST_BYTES_MAX = 512 };

static size_t find(const struct expectation *expected, const char *word)
{
    size_t i = 0;
    while (i < expected->count && strcmp(expected->words[i], word) != 0)
        i++;
    return i;
}

bool expects(const struct expectation *expected, const char *word)
{
    return find(expected, word) < expected->count;
}

/* Whether the symbol can stand here and no group has spoken for it. */
static bool is_open(const struct expectation *expected, const char *word)
{
    size_t i = find(expected, word);
    return i < expected->count && !expected->is_said[i];
}

static void take(struct expectation *expected, const char *const *words)
{
    for (; *words != NULL; words++) {
        size_t i = find(expected, *words);
        if (i < expected->count)
            expected->is_said[i] = true;
    }
}

static void take_keywords(struct expectation *expected, bool reserved_too)
{
    for (size_t i = 0; i < expected->count; i++) {
        str word = str_from(expected->words[i]);
        if (keyword_find(word) == KEYWORD_COUNT)
            continue;
        if (reserved_too || !keyword_is(word, KEYWORD_RESERVED))
            expected->is_said[i] = true;
    }
}

static const char *const value_words[] = { "a text", "a number", "a duration", "a date", "a regex",
    "true", "false", "[", "a name", NULL };
static const char *const condition_words[] = { "(", "not", "any", "all", "anywhere", "exists",
    "missing", "count", "sum", "avg", "min", "max", "percentile", "new", "spike", "travel", NULL };
static const char *const test_words[] = { "=", "!=", "<", "<=", ">", ">=", "in", "not in",
    "contains", "startswith", "endswith", "like", "matches", "is", NULL };
/* What may stand after the condition of a rule. */
static const char *const clause_words[] = { "and", "or", "then", "unless", "until", "limit",
    "dedup", "mode", "shadow", "followed", "not", NULL };
/* How a field goes on: always possible, seldom what is missing. */
static const char *const path_words[] = { ".", "[", "(", "cased", NULL };
static const char *const item_words[] = { "list", "let", "macro", "rule", "source", "use",
    "disable", "exception", "never", "always", "environment", "defaults", "test", "channel",
    "connection", "daemon", "role", "cdr", NULL };
static const char *const step_words[] = { "collect", "respond", "notify", "open", "import", "call",
    "if", NULL };

/* A list of words as it grows: "a, b or c". */
struct sentence {
    const char *parts[WORDS_MAX];
    bool is_quoted[WORDS_MAX];
    size_t count;
};

static void say(struct sentence *sentence, const char *part, bool is_quoted)
{
    if (sentence->count == WORDS_MAX)
        return;
    sentence->parts[sentence->count] = part;
    sentence->is_quoted[sentence->count++] = is_quoted;
}

/* Sum up the groups of symbols that can stand at this place. */
static void say_groups(struct sentence *sentence, struct expectation *expected)
{
    static const char *const internal_words[] = { "SYNC", "BROKEN", NULL };
    take(expected, internal_words);
    bool is_parameter = expects(expected, "a name") && expects(expected, "untrusted");
    bool is_condition = expects(expected, "anywhere") && expects(expected, "exists");
    bool is_value = expects(expected, "a text") && expects(expected, "true");

    if (is_parameter) {
        say(sentence, "a parameter (name = value)", false);
        take_keywords(expected, true);
        take(expected, value_words + 8);
        return;
    }
    if (is_condition) {
        say(sentence, "a condition", false);
        take(expected, condition_words);
        take(expected, value_words);
        take_keywords(expected, false);
    } else if (is_value && expects(expected, "a name")) {
        say(sentence, "a value", false);
        take(expected, value_words);
        take_keywords(expected, false);
    } else if (expects(expected, "a name")) {
        say(sentence, "a name", false);
        take(expected, value_words + 8);
        take_keywords(expected, false);
    }
    if (is_open(expected, "contains") && is_open(expected, "=")) {
        say(sentence, "a test such as `=`, `in` or `contains`", false);
        take(expected, test_words);
    }
    if (is_open(expected, "list") && is_open(expected, "macro")) {
        say(sentence, "an item such as `rule` or `list`", false);
        take(expected, item_words);
    }
    if (is_open(expected, "collect") && is_open(expected, "respond")) {
        say(sentence, "a step such as `collect` or `respond`", false);
        take(expected, step_words);
    }
    if (is_open(expected, "then") && is_open(expected, "unless")) {
        say(sentence, "and", true);
        say(sentence, "then", true);
        take(expected, clause_words);
    }
    if ((is_open(expected, ".") || is_open(expected, "cased")) && expected->count > 4)
        take(expected, path_words);
}

static bool is_in_words(const char *word)
{
    return strncmp(word, "a ", 2) == 0 || strncmp(word, "the ", 4) == 0;
}

/* "a test such as `=`, `and` or `then`", in the parse's arena. */
static const char *describe_expected(struct parse *parse, struct expectation *expected)
{
    struct sentence sentence = { .count = 0 };
    say_groups(&sentence, expected);
    for (size_t i = 0; i < expected->count; i++)
        if (!expected->is_said[i])
            say(&sentence, expected->words[i], !is_in_words(expected->words[i]));

    CLEANUP(buf_release) struct buf text = BUF_INIT(LIST_BYTES_MAX);
    for (size_t i = 0; i < sentence.count; i++) {
        const char *quote = sentence.is_quoted[i] ? "`" : "";
        const char *glue = i == 0 ? "" : i + 1 == sentence.count ? " or " : ", ";
        buf_addf(&text, "%s%s%s%s", glue, quote, sentence.parts[i], quote);
    }
    str copy = arena_copy(parse->arena, buf_str(&text));
    return copy.ptr == NULL ? "" : copy.ptr;
}

/* The token as written, cut where it gets long. */
static const char *describe_found(struct parse *parse, span at, const char *found)
{
    if (strcmp(found, "the end of the file") == 0)
        return found;
    str text = sources_text(parse->sources, at);
    bool is_long = text.len > FOUND_BYTES_MAX;
    size_t len = is_long ? FOUND_BYTES_MAX : text.len;
    while (len > 0 && is_long && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    const char *words =
        arena_format(parse->arena, "`%.*s%s`", STR_ARG(str_first(text, len)), is_long ? "..." : "");
    return words == NULL ? found : words;
}

/* ---- mistakes with a message of their own ---- */

static str previous_text(const struct parse *parse)
{
    return sources_text(parse->sources, parse->previous_at);
}

static bool begins_step(str word)
{
    return keyword_is(word, KEYWORD_VERB) || str_is(word, "if");
}

static bool report_no_then(
    struct parse *parse, span at, const char *found, const struct expectation *expected)
{
    if (!expects(expected, "then") || !begins_step(str_from(found)))
        return false;
    struct diag *diag = diag_add(
        parse->diags, DIAG_NO_THEN, at, "expected `then` before the step, found `%s`", found);
    diag_help(parse->diags, diag, "write `then %s`", found);
    diag_set_fix(parse->diags, diag, (span){ at.start, at.start, at.file }, STR("then "));
    return true;
}

void set_semicolon_fix(struct parse *parse, struct diag *diag, span step)
{
    str text = parse->sources->items[parse->file].text;
    uint32_t at = step.start;
    while (at > 0 && (text.ptr[at - 1] == ' ' || text.ptr[at - 1] == '\t'))
        at--;
    bool is_first = at == 0 || text.ptr[at - 1] == '\n';
    at = is_first ? step.start : at;
    diag_set_fix(parse->diags, diag, (span){ at, at, step.file },
        is_first || at == step.start ? STR("; ") : STR(";"));
}

/* `collect triage respond x`: `respond` was taken for a parameter, and x is no `=`; or a
 * step right after the `}` of an `if`. */
static bool report_no_semicolon(
    struct parse *parse, span at, const char *found, const struct expectation *expected)
{
    bool is_late =
        expects(expected, "=") && expected->count == 1 && begins_step(previous_text(parse));
    bool is_now = expects(expected, ";") && begins_step(str_from(found));
    if (!is_late && !is_now)
        return false;
    span step = is_late ? parse->previous_at : at;
    str word = sources_text(parse->sources, step);
    struct diag *diag = diag_add(
        parse->diags, DIAG_NO_SEMICOLON, step, "expected `;` before `%.*s`", STR_ARG(word));
    diag_help(parse->diags, diag, "steps are separated by `;`");
    set_semicolon_fix(parse, diag, step);
    return true;
}

/* `respond a and respond b`, `open case then open case`: the word between them was taken for
 * a parameter. */
static bool report_joined_steps(struct parse *parse, str found, const struct expectation *expected)
{
    str word = previous_text(parse);
    bool is_joint = str_is(word, "and") || str_is(word, "or") || str_is(word, "then");
    if (!is_joint || !expects(expected, "=") || expected->count != 1 || !begins_step(found))
        return false;
    struct diag *diag = diag_add(parse->diags, DIAG_NO_SEMICOLON, parse->previous_at,
        "steps are separated by `;` and not by `%.*s`", STR_ARG(word));
    diag_help(parse->diags, diag, "write `; %.*s`%s", STR_ARG(found),
        str_is(word, "then") ? "; `then` stands once, before the first step" : "");
    diag_set_fix(parse->diags, diag, parse->previous_at, STR(";"));
    return true;
}

static bool report_reserved(
    struct parse *parse, span at, const char *found, const struct expectation *expected)
{
    bool is_name = expects(expected, "a name") && !expects(expected, "a number");
    bool is_test =
        str_is(previous_text(parse), "exists") || str_is(previous_text(parse), "missing");
    if (!is_name || is_test || !keyword_is(str_from(found), KEYWORD_RESERVED))
        return false;
    struct diag *diag = diag_add(
        parse->diags, DIAG_RESERVED_NAME, at, "`%s` is a reserved word and names nothing", found);
    diag_help(parse->diags, diag, "choose another name, such as `%s_`", found);
    return true;
}

static bool report_unclosed(struct parse *parse, span at, const char *found)
{
    if (!parse->is_open || strcmp(found, "the end of the file") != 0)
        return false;
    if (parse->broken_end > parse->open_at.start)
        return true; /* that text may hold what is missing */
    str open = sources_text(parse->sources, parse->open_at);
    if (str_is(open, "not"))
        return false;
    struct diag *diag =
        diag_add(parse->diags, DIAG_UNCLOSED, at, "the file ends inside of `%.*s`", STR_ARG(open));
    diag_note(parse->diags, diag, parse->open_at, "it begins here");
    diag_help(parse->diags, diag, "write `%s` where it should end",
        str_is(open, "{")   ? "}"
        : str_is(open, "(") ? ")"
                            : "]");
    return true;
}

/* ---- the general case ---- */

/* The keyword that `text` is when written in small letters, or NULL. */
static const char *in_small_letters(str text)
{
    char word[32];
    if (text.len >= sizeof word)
        return NULL;
    for (size_t i = 0; i < text.len; i++)
        word[i] = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (char)(text.ptr[i] + 32) : text.ptr[i];
    int index = keyword_find((str){ word, text.len });
    return index == KEYWORD_COUNT ? NULL : keyword_at(index)->word;
}

/* Whether one letter more, less, other, or two swapped turn `a` into `b`. */
static bool is_near(str a, str b)
{
    size_t same = 0;
    while (same < a.len && same < b.len && a.ptr[same] == b.ptr[same])
        same++;
    a = str_skip(a, same);
    b = str_skip(b, same);
    if (a.len > 1 && b.len > 1 && a.ptr[0] == b.ptr[1] && a.ptr[1] == b.ptr[0]
        && str_equal(str_skip(a, 2), str_skip(b, 2)))
        return true;
    return str_equal(str_skip(a, 1), str_skip(b, 1)) || str_equal(str_skip(a, 1), b)
           || str_equal(a, str_skip(b, 1));
}

static const char *nearest_keyword(const struct expectation *expected, str text)
{
    for (size_t i = 0; i < expected->count && text.len > 2; i++) {
        str word = str_from(expected->words[i]);
        if (keyword_find(word) < KEYWORD_COUNT && is_near(text, word))
            return expected->words[i];
    }
    return NULL;
}

/* Whether the word is nearly a keyword that could stand there. */
static bool is_mistyped(const struct expectation *expected, str text)
{
    const char *word = in_small_letters(text);
    return (word != NULL && expects(expected, word)) || nearest_keyword(expected, text) != NULL;
}

/* ---- ways out, each of which is true where it was one ---- */

/* `isolate_role` by itself: the verb is missing. */
static bool suggest_verb(
    struct parse *parse, struct diag *diag, span at, const struct expectation *expected)
{
    str name = sources_text(parse->sources, at);
    for (int verb = 0; expects(expected, "respond") && verb < VERB_UNDO; verb++) {
        if (builtin_find((enum verb)verb, name) == NULL)
            continue;
        const char *step =
            arena_format(parse->arena, "%s %.*s", verb_name((enum verb)verb), STR_ARG(name));
        if (step == NULL)
            return false;
        diag_help(parse->diags, diag, "write `%s`", step);
        diag_set_fix(parse->diags, diag, at, str_from(step));
        return true;
    }
    return false;
}

/* A word after a step that is no parameter was meant as one of its other parts. */
static bool suggest_part(struct parse *parse, struct diag *diag, const struct expectation *expected)
{
    static const char *const parts[] = { "approve", "timeout", "irreversible", "for", "from", "as",
        "on" };
    str word = previous_text(parse);
    for (size_t i = 0; i < COUNT_OF(parts) && expected->count == 1 && expects(expected, "="); i++) {
        if (word.len < 3 || str_is(word, parts[i]) || !is_near(word, str_from(parts[i])))
            continue;
        diag_help(parse->diags, diag, "did you mean `%s`?", parts[i]);
        diag_set_guess(parse->diags, diag, parse->previous_at, str_from(parts[i]));
        return true;
    }
    return false;
}

/* rule "my rule" {: a title and no name. */
static bool suggest_rule_name(struct parse *parse, struct diag *diag, span at, const char *found)
{
    char name[64];
    str title = sources_text(parse->sources, at);
    if (!str_is(previous_text(parse), "rule") || strcmp(found, "a text") != 0 || title.len < 3)
        return false;
    title = str_first(str_skip(title, 1), title.len - 2);
    size_t len = 0;
    for (; len < title.len && len + 1 < sizeof name; len++) {
        char c = title.ptr[len];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        name[len] = is_letter || (len > 0 && c >= '0' && c <= '9') ? c : '_';
    }
    name[len] = '\0';
    diag_help(parse->diags, diag, "a rule has a name before its title: rule %s \"%.*s\" { .. }",
        name, STR_ARG(title));
    return true;
}

/* Types that were left out, and the one value that no test takes. */
static bool suggest_form(
    struct parse *parse, struct diag *diag, const char *found, const struct expectation *expected)
{
    str word = previous_text(parse);
    bool is_colon = expected->count == 1 && expects(expected, ":");
    if (is_colon && strcmp(found, "=") == 0)
        diag_help(parse->diags, diag, "a list has a type: list %.*s : text = [..]", STR_ARG(word));
    else if (is_colon && (strcmp(found, ")") == 0 || strcmp(found, ",") == 0))
        diag_help(parse->diags, diag, "a parameter has a type: `%.*s : text`", STR_ARG(word));
    else if (strcmp(found, "null") == 0 && expects(expected, "a text"))
        diag_help(parse->diags, diag,
            "write `is null` after the field, or `missing` before it when it is not there");
    else
        return false;
    return true;
}

/* What is wrong with an `if`, or was written as one. */
static bool suggest_if(struct parse *parse, struct diag *diag, span at, const char *found,
    const struct expectation *expected)
{
    if (strcmp(found, "if") == 0 && expects(expected, "when")) {
        diag_help(parse->diags, diag, "a rule begins with `when`: when .. then ..");
        diag_set_fix(parse->diags, diag, at, STR("when"));
    } else if (strcmp(found, "{") == 0 && expects(expected, "then")) {
        diag_help(parse->diags, diag, "%s",
            expects(expected, "unless") ? "write `then` and the steps; a rule has braces after its "
                                          "name only"
                                        : "write `then {`");
        if (!expects(expected, "unless"))
            diag_set_fix(parse->diags, diag, at, STR("then {"));
    } else {
        return false;
    }
    return true;
}

static bool suggest_known(struct parse *parse, struct diag *diag, span at, const char *found,
    const struct expectation *expected)
{
    bool is_name = strcmp(found, "a name") == 0;
    return (is_name && suggest_verb(parse, diag, at, expected))
           || suggest_part(parse, diag, expected) || suggest_rule_name(parse, diag, at, found)
           || suggest_form(parse, diag, found, expected)
           || suggest_if(parse, diag, at, found, expected);
}

/* What was opened on an earlier line and should have ended by now. */
static void note_open(
    struct parse *parse, struct diag *diag, span at, const struct expectation *expected)
{
    if (!parse->is_open)
        return;
    const struct source *source = &parse->sources->items[parse->file];
    str open = sources_text(parse->sources, parse->open_at);
    bool is_list = str_is(open, "[") && expects(expected, "]");
    bool is_parenthesis = str_is(open, "(") && expects(expected, ")");
    if ((is_list || is_parenthesis)
        && source_place(source, parse->open_at.start).line != source_place(source, at.start).line)
        diag_note(parse->diags, diag, parse->open_at,
            is_list ? "the list begins here" : "the parenthesis begins here");
}

static void suggest(struct parse *parse, struct diag *diag, span at, const char *found,
    const struct expectation *expected)
{
    str text = sources_text(parse->sources, at);
    if (suggest_known(parse, diag, at, found, expected))
        return;
    bool is_name = strcmp(found, "a name") == 0;
    const char *word = is_name ? in_small_letters(text) : NULL;
    if (word != NULL && expects(expected, word)) {
        diag_help(parse->diags, diag, "keywords are written in small letters: `%s`", word);
        diag_set_fix(parse->diags, diag, at, str_from(word));
        return;
    }
    word = is_name ? nearest_keyword(expected, text) : NULL;
    if (word != NULL) {
        diag_help(parse->diags, diag, "did you mean `%s`?", word);
        diag_set_guess(parse->diags, diag, at, str_from(word));
    } else if (expects(expected, "{") && str_is(previous_text(parse), "else")
               && strcmp(found, "if") == 0) {
        diag_help(parse->diags, diag, "write `else { if ... then { ... } }`");
    } else if (expects(expected, "{") && str_is(previous_text(parse), "then")) {
        diag_help(parse->diags, diag, "the steps of an `if` stand in braces: `then { ... }`");
    } else if (expects(expected, "when") && begins_step(str_from(found))) {
        diag_help(
            parse->diags, diag, "a rule begins with its condition: `when ... then %s`", found);
    } else if (strcmp(found, ";") == 0 && expects(expected, "then")) {
        diag_help(parse->diags, diag, "conditions are joined by `and` or `or`");
    }
}

void syntax_error(struct parse *parse, span at, const char *found,
    const char *const *expected_words, size_t expected_count)
{
    parse->tree->is_partial = true;
    parse->mistakes++;
    /* What is missing was reported as a text or character that makes no token. */
    bool is_after_broken =
        parse->broken_end > parse->previous_at.start && parse->broken_end <= at.end;
    bool is_invented = at.start == at.end && strcmp(found, "the end of the file") != 0;
    if (parse->has_stopped || is_after_broken || is_invented)
        return;

    bool *is_said = ARENA_ARRAY(parse->arena, bool, expected_count + 1);
    if (is_said == NULL) {
        diag_add(parse->diags, DIAG_SYNTAX, at, "unexpected %s", found);
        return;
    }
    struct expectation expected = { expected_words, expected_count, is_said };
    if (report_no_then(parse, at, found, &expected)
        || report_no_semicolon(parse, at, found, &expected)
        || report_joined_steps(parse, str_from(found), &expected)
        || report_reserved(parse, at, found, &expected) || report_unclosed(parse, at, found))
        return;

    struct mistake mistake = { at, found, &expected };
    if (report_unit(parse, &mistake))
        return;
    const struct hint *hint = hint_find(parse, &mistake);
    if (hint != NULL && hint_is_general(hint) && strcmp(found, "a name") == 0
        && is_mistyped(&expected, sources_text(parse->sources, at)))
        hint = NULL;
    enum diag_id id = hint == NULL ? DIAG_SYNTAX : hint_id(hint);
    const char *what = describe_found(parse, at, found);
    const char *list = describe_expected(parse, &expected);
    struct diag *diag = list[0] == '\0'
                            ? diag_add(parse->diags, id, at, "unexpected %s", what)
                            : diag_add(parse->diags, id, at, "expected %s, found %s", list, what);
    if (hint != NULL)
        hint_help(parse, diag, hint, &mistake);
    else
        suggest(parse, diag, at, found, &expected);
    note_open(parse, diag, at, &expected);
}
