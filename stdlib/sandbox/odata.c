#include "sandbox/odata.h"

#include <ctype.h>
#include <stdlib.h>

/* A filter on its way; `fault` is set once and ends everything. */
struct reader {
    const json_t *thing;
    str rest;
    const char *fields;
    struct arena *arena;
    const char *fault;
    int depth;
};

enum literal_kind {
    LITERAL_TEXT,
    LITERAL_TIME,
    LITERAL_NUMBER,
    LITERAL_TRUE,
    LITERAL_FALSE,
    LITERAL_NULL
};

struct literal {
    enum literal_kind kind;
    str text; /* of LITERAL_TEXT without its quotes, '' undone */
};

enum { SECONDS_BYTES = 19, FRACTION_DIGITS_MAX = 7 };

static bool reads_or(struct reader *reader);

static bool fail(struct reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
static bool fail(struct reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (reader->fault == NULL)
        reader->fault = arena_vformat(reader->arena, format, args);
    va_end(args);
    if (reader->fault == NULL)
        reader->fault = "out of memory";
    return false;
}

static bool fail_syntax(struct reader *reader)
{
    return fail(
        reader, "Syntax error in the filter at '%.*s'.", STR_ARG(str_first(reader->rest, 40)));
}

static void skip_blanks(struct reader *reader)
{
    while (reader->rest.len > 0 && reader->rest.ptr[0] == ' ')
        reader->rest = str_skip(reader->rest, 1);
}

/* Read `sign`, if it is next. */
static bool take(struct reader *reader, char sign)
{
    skip_blanks(reader);
    if (reader->rest.len == 0 || reader->rest.ptr[0] != sign)
        return false;
    reader->rest = str_skip(reader->rest, 1);
    return true;
}

/* The letters, digits, underlines and dots that are next; paths have slashes too. */
static str peek_word(struct reader *reader)
{
    skip_blanks(reader);
    size_t len = 0;
    while (len < reader->rest.len
           && (isalnum((unsigned char)reader->rest.ptr[len]) || reader->rest.ptr[len] == '_'
               || reader->rest.ptr[len] == '/' || reader->rest.ptr[len] == '.'))
        len++;
    return str_first(reader->rest, len);
}

static str take_word(struct reader *reader)
{
    str word = peek_word(reader);
    reader->rest = str_skip(reader->rest, word.len);
    return word;
}

/* ---- literals ---- */

bool odata_is_time(str text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    if (text.len < SECONDS_BYTES + 1 || text.ptr[text.len - 1] != 'Z')
        return false;
    for (size_t at = 0; at < SECONDS_BYTES; at++)
        if (shape[at] == '0' ? !isdigit((unsigned char)text.ptr[at]) : text.ptr[at] != shape[at])
            return false;
    str fraction = str_skip(str_first(text, text.len - 1), SECONDS_BYTES);
    if (fraction.len == 0)
        return true;
    return fraction.ptr[0] == '.' && fraction.len > 1 && fraction.len <= 1 + FRACTION_DIGITS_MAX
           && str_all_of(str_skip(fraction, 1), "0123456789");
}

int odata_compare_times(str a, str b)
{
    int order = memcmp(a.ptr, b.ptr, SECONDS_BYTES);
    for (size_t at = SECONDS_BYTES + 1; order == 0 && at <= SECONDS_BYTES + FRACTION_DIGITS_MAX;
         at++) {
        int left = at < a.len && isdigit((unsigned char)a.ptr[at]) ? a.ptr[at] : '0';
        int right = at < b.len && isdigit((unsigned char)b.ptr[at]) ? b.ptr[at] : '0';
        order = left - right;
    }
    return order;
}

/* 'it''s' without its quotes and with one ' for two. */
static bool reads_text(struct reader *reader, struct literal *ret_literal)
{
    str rest = str_skip(reader->rest, 1);
    char *text = arena_alloc(reader->arena, rest.len + 1, 1);
    size_t len = 0;
    if (text == NULL)
        return fail(reader, "out of memory");
    for (size_t at = 0; at < rest.len; at++) {
        if (rest.ptr[at] != '\'') {
            text[len++] = rest.ptr[at];
        } else if (at + 1 < rest.len && rest.ptr[at + 1] == '\'') {
            text[len++] = rest.ptr[at++];
        } else {
            reader->rest = str_skip(rest, at + 1);
            *ret_literal = (struct literal){ LITERAL_TEXT, { text, len } };
            return true;
        }
    }
    return fail(reader, "There is an unterminated string literal in the filter: %.*s",
        STR_ARG(str_first(reader->rest, 40)));
}

static bool reads_literal(struct reader *reader, struct literal *ret_literal)
{
    skip_blanks(reader);
    if (reader->rest.len > 0 && reader->rest.ptr[0] == '\'')
        return reads_text(reader, ret_literal);
    size_t len = 0;
    while (len < reader->rest.len && strchr(" (),'", reader->rest.ptr[len]) == NULL)
        len++;
    str word = str_first(reader->rest, len);
    struct literal literal = { LITERAL_NUMBER, word };
    str digits = str_startswith(word, STR("-")) ? str_skip(word, 1) : word;
    if (str_is(word, "true"))
        literal.kind = LITERAL_TRUE;
    else if (str_is(word, "false"))
        literal.kind = LITERAL_FALSE;
    else if (str_is(word, "null"))
        literal.kind = LITERAL_NULL;
    else if (odata_is_time(word))
        literal.kind = LITERAL_TIME;
    else if (digits.len == 0 || digits.len > 18 || !str_all_of(digits, "0123456789"))
        return fail_syntax(reader);
    reader->rest = str_skip(reader->rest, len);
    *ret_literal = literal;
    return true;
}

/* ---- fields ---- */

static bool is_field(const struct reader *reader, str name)
{
    for (str rest = str_from(reader->fields); rest.len > 0;) {
        str one = str_first(rest, str_find(rest, ' '));
        if (name.len > 0 && str_equal(one, name))
            return true;
        rest = str_skip(rest, one.len + 1);
    }
    return false;
}

/* The value of a field that may be filtered by; NULL: it is absent, or the fault is set. */
static const json_t *value_of(struct reader *reader, str name)
{
    if (!is_field(reader, name)) {
        fail(reader, "The property '%.*s' cannot be used in the $filter query option.",
            STR_ARG(name));
        return NULL;
    }
    return json_object_getn(reader->thing, name.ptr, name.len);
}

static str text_of(const json_t *value)
{
    return (str){ json_string_value(value), json_string_length(value) };
}

/* ---- comparisons ---- */

static bool order_fits(str operator, int order)
{
    if (str_is(operator, "eq"))
        return order == 0;
    if (str_is(operator, "ne"))
        return order != 0;
    if (str_is(operator, "gt"))
        return order > 0;
    if (str_is(operator, "ge"))
        return order >= 0;
    return str_is(operator, "lt") ? order < 0 : order <= 0;
}

static bool is_operator(str word)
{
    static const char *const operators[] = { "eq", "ne", "gt", "ge", "lt", "le" };
    for (size_t at = 0; at < COUNT_OF(operators); at++)
        if (str_is(word, operators[at]))
            return true;
    return false;
}

static int compare_bytes(str a, str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

static bool mismatch(struct reader *reader, str operator)
{
    return fail(reader,
        "A binary operator with incompatible types was detected for operator kind '%.*s'.",
        STR_ARG(operator));
}

/* A value that is there against a literal of its type. */
static bool compare(
    struct reader *reader, const json_t *value, str operator, const struct literal * literal)
{
    switch (literal->kind) {
    case LITERAL_TEXT:
        if (!json_is_string(value) || odata_is_time(text_of(value)))
            return mismatch(reader, operator);
        return order_fits(operator, compare_bytes(text_of(value), literal->text));
    case LITERAL_TIME:
        if (!json_is_string(value) || !odata_is_time(text_of(value)))
            return mismatch(reader, operator);
        return order_fits(operator, odata_compare_times(text_of(value), literal->text));
    case LITERAL_NUMBER: {
        long long number = strtoll(arena_copy(reader->arena, literal->text).ptr, NULL, 10);
        if (!json_is_integer(value))
            return mismatch(reader, operator);
        return order_fits(operator,
            json_integer_value(value) < number ? -1 : json_integer_value(value) > number);
    }
    case LITERAL_TRUE:
    case LITERAL_FALSE:
        if (!json_is_boolean(value))
            return mismatch(reader, operator);
        return order_fits(operator, json_is_true(value) != (literal->kind == LITERAL_TRUE));
    case LITERAL_NULL:
        return str_is(operator, "ne");
    }
    return false;
}

static bool fits_literal(
    struct reader *reader, const json_t *value, str operator, const struct literal * literal)
{
    if (value == NULL || json_is_null(value)) /* nothing is less than what is not there */
        return str_is(operator, literal->kind == LITERAL_NULL ? "eq" : "ne");
    return compare(reader, value, operator, literal);
}

/* ('a','b') */
static bool reads_list(struct reader *reader, const json_t *value)
{
    bool fits = false;
    if (!take(reader, '('))
        return fail_syntax(reader);
    do {
        struct literal literal;
        if (!reads_literal(reader, &literal))
            return false;
        fits |= fits_literal(reader, value, STR("eq"), &literal);
    } while (reader->fault == NULL && take(reader, ','));
    return take(reader, ')') ? fits : fail_syntax(reader);
}

/* (x: x eq 'text') after FIELD/any */
static bool reads_any(struct reader *reader, const json_t *array)
{
    struct literal literal;
    bool fits = false;
    size_t index;
    json_t *value;
    if (!take(reader, '('))
        return fail_syntax(reader);
    str variable = take_word(reader);
    if (variable.len == 0 || !take(reader, ':') || !str_equal(take_word(reader), variable)
        || !str_is(take_word(reader), "eq") || !reads_literal(reader, &literal)
        || !take(reader, ')'))
        return fail_syntax(reader);
    json_array_foreach(array, index, value)
    {
        fits |= fits_literal(reader, value, STR("eq"), &literal);
    }
    return fits;
}

/* (FIELD,'text') after a function's name */
static bool reads_function(struct reader *reader, bool anywhere)
{
    struct literal literal;
    if (!take(reader, '('))
        return fail_syntax(reader);
    const json_t *value = value_of(reader, take_word(reader));
    if (reader->fault != NULL)
        return false;
    if (!take(reader, ',') || !reads_literal(reader, &literal) || literal.kind != LITERAL_TEXT
        || !take(reader, ')'))
        return fail_syntax(reader);
    str text = text_of(value);
    if (text.ptr == NULL)
        return false;
    return anywhere ? literal.text.len == 0
                          || memmem(text.ptr, text.len, literal.text.ptr, literal.text.len) != NULL
                    : str_startswith(text, literal.text);
}

static bool reads_comparison(struct reader *reader)
{
    str name = take_word(reader);
    if (str_is(name, "startswith") || str_is(name, "contains"))
        return reads_function(reader, str_is(name, "contains"));
    if (str_endswith(name, STR("/any"))) {
        const json_t *array = value_of(reader, str_first(name, name.len - 4));
        return reader->fault == NULL && reads_any(reader, array);
    }
    const json_t *value = value_of(reader, name);
    if (reader->fault != NULL)
        return false;
    str operator= take_word(reader);
    if (str_is(operator, "in"))
        return reads_list(reader, value);
    struct literal literal;
    if (!is_operator(operator))
        return fail_syntax(reader);
    return reads_literal(reader, &literal) && fits_literal(reader, value, operator, & literal);
}

static bool reads_one(struct reader *reader)
{
    bool is_turned = str_is(peek_word(reader), "not");
    if (is_turned)
        take_word(reader);
    if (!take(reader, '(')) {
        bool fits = reads_comparison(reader);
        return fits != is_turned;
    }
    if (++reader->depth > ODATA_DEPTH_MAX)
        return fail(reader, "The filter is nested too deeply.");
    bool fits = reads_or(reader);
    reader->depth--;
    return take(reader, ')') ? fits != is_turned : fail_syntax(reader);
}

/* Both sides are always read: what is wrong behind a false `and` is wrong all the same. */
static bool reads_and(struct reader *reader)
{
    bool fits = reads_one(reader);
    while (reader->fault == NULL && str_is(peek_word(reader), "and")) {
        take_word(reader);
        fits &= reads_one(reader);
    }
    return fits;
}

static bool reads_or(struct reader *reader)
{
    bool fits = reads_and(reader);
    while (reader->fault == NULL && str_is(peek_word(reader), "or")) {
        take_word(reader);
        fits |= reads_and(reader);
    }
    return fits;
}

bool odata_fits(const json_t *thing, str filter, const char *fields, struct arena *arena,
    const char **reterr_reason)
{
    struct reader reader = { .thing = thing, .rest = filter, .fields = fields, .arena = arena };
    bool fits = false;
    if (filter.len > ODATA_FILTER_BYTES_MAX)
        fail(&reader, "The filter is too long.");
    else
        fits = reads_or(&reader);
    skip_blanks(&reader);
    if (reader.fault == NULL && reader.rest.len > 0)
        fail_syntax(&reader);
    if (reader.fault != NULL)
        *reterr_reason = reader.fault;
    return reader.fault == NULL && fits;
}
