#include "sandbox/fql.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

enum { VALUES_MAX = 100, VALUE_BYTES_MAX = 1024, PATH_DEPTH_MAX = 6 };

enum relation { IS, IS_NOT, LESS, LESS_OR_IS, MORE, MORE_OR_IS };

struct term {
    str path;
    enum relation relation;
    str values; /* what stands between [ and ], or one */
};

/* Take one value off `rest`: quoted, or a word. False: it is none. */
static bool take_value(str *rest, str *ret_value)
{
    size_t end = 0;
    if (rest->len > 0 && rest->ptr[0] == '\'') {
        for (end = 1; end < rest->len && rest->ptr[end] != '\''; end++)
            end += rest->ptr[end] == '\\';
        if (end >= rest->len)
            return false;
        end++;
    } else {
        while (end < rest->len && (isalnum((unsigned char)rest->ptr[end]) || rest->ptr[end] == '-'))
            end++;
    }
    *ret_value = str_first(*rest, end);
    *rest = str_skip(*rest, end);
    return end > 0 && ret_value->len <= VALUE_BYTES_MAX;
}

static enum relation take_relation(str *rest)
{
    static const struct {
        const char *text;
        enum relation relation;
    } all[] = { { ">=", MORE_OR_IS }, { "<=", LESS_OR_IS }, { ">", MORE }, { "<", LESS },
        { "!", IS_NOT }, { "*", IS } };
    for (size_t at = 0; at < COUNT_OF(all); at++)
        if (str_startswith(*rest, str_from(all[at].text))) {
            *rest = str_skip(*rest, strlen(all[at].text));
            return all[at].relation;
        }
    return IS;
}

/* A list of values between brackets, which is taken off `rest`. */
static bool take_list(str *rest, str *ret_values)
{
    str from = *rest = str_skip(*rest, 1);
    str value;
    for (int count = 0; count < VALUES_MAX; count++) {
        if (!take_value(rest, &value) || rest->len == 0)
            return false;
        char byte = rest->ptr[0];
        if (byte == ']')
            *ret_values = str_first(from, from.len - rest->len);
        *rest = str_skip(*rest, 1);
        if (byte != ',')
            return byte == ']';
    }
    return false;
}

/* The next term and what joins it with the following one ('+', ',', 0 at the end). */
static bool take_term(str *rest, struct term *ret_term, char *ret_joint)
{
    size_t end = 0;
    while (end < rest->len
           && (isalnum((unsigned char)rest->ptr[end]) || strchr("._", rest->ptr[end]) != NULL))
        end++;
    if (end == 0 || end == rest->len || rest->ptr[end] != ':')
        return false;
    ret_term->path = str_first(*rest, end);
    *rest = str_skip(*rest, end + 1);
    ret_term->relation = take_relation(rest);
    bool is_list = rest->len > 0 && rest->ptr[0] == '[';
    if (!(is_list ? take_list(rest, &ret_term->values) : take_value(rest, &ret_term->values)))
        return false;
    *ret_joint = rest->len > 0 ? rest->ptr[0] : '\0';
    *rest = str_skip(*rest, 1);
    return *ret_joint == '\0' || ((*ret_joint == '+' || *ret_joint == ',') && rest->len > 0);
}

const char *fql_fault(const char *filter, struct arena *arena)
{
    str rest = str_from(filter);
    struct term term;
    char joint;
    while (rest.len > 0)
        if (!take_term(&rest, &term, &joint))
            return arena_format(arena, "Invalid filter expression supplied: %.200s", filter);
    return NULL;
}

int fql_compare(const char *a, const char *b)
{
    size_t at = 0;
    while (a[at] != '\0' && a[at] == b[at])
        at++;
    /* "..:16Z" is before "..:16.5Z": a time ends at its Z. */
    char first = a[at] == 'Z' && a[at + 1] == '\0' ? '\0' : a[at];
    char second = b[at] == 'Z' && b[at + 1] == '\0' ? '\0' : b[at];
    return (unsigned char)first - (unsigned char)second;
}

/* Whether `text` is what `pattern`, still with its backslashes, stands for. */
static bool matches(str pattern, const char *text)
{
    size_t at = 0, back = pattern.len;
    const char *from = NULL;
    while (*text != '\0' || at < pattern.len) {
        bool is_escaped = at + 1 < pattern.len && pattern.ptr[at] == '\\';
        if (at < pattern.len && pattern.ptr[at] == '*') {
            back = ++at;
            from = text;
            if (at == pattern.len)
                return true;
        } else if (at < pattern.len && *text != '\0'
                   && tolower((unsigned char)pattern.ptr[at + is_escaped])
                          == tolower((unsigned char)*text)) {
            at += 1 + is_escaped;
            text++;
        } else if (from != NULL && *from != '\0') {
            at = back;
            text = ++from;
        } else {
            return false;
        }
    }
    return true;
}

/* A quoted or bare value without quotes, backslashes still there. */
static str inside(str value)
{
    return value.ptr[0] == '\'' ? (str){ value.ptr + 1, value.len - 2 } : value;
}

static bool order_holds(enum relation relation, int order)
{
    if (relation == LESS || relation == LESS_OR_IS)
        return order < 0 || (order == 0 && relation == LESS_OR_IS);
    if (relation == MORE || relation == MORE_OR_IS)
        return order > 0 || (order == 0 && relation == MORE_OR_IS);
    return order == 0;
}

/* One value of a thing against one of the filter. */
static bool value_holds(enum relation relation, str value, const json_t *found)
{
    char text[VALUE_BYTES_MAX + 1];
    value = inside(value);
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    bool is_order = relation != IS && relation != IS_NOT;
    if (json_is_number(found)) {
        double difference = json_number_value(found) - strtod(text, NULL);
        return order_holds(relation, difference < 0 ? -1 : difference > 0);
    }
    if (json_is_boolean(found))
        return !is_order && strcmp(text, json_is_true(found) ? "true" : "false") == 0;
    if (!json_is_string(found))
        return false;
    return is_order ? order_holds(relation, fql_compare(json_string_value(found), text))
                    : matches(value, json_string_value(found));
}

/* One value of the filter against what stands at the path; of a list any element. */
static bool any_holds(const struct term *term, str value, const json_t *thing)
{
    const json_t *found = fql_value(thing, term->path);
    if (!json_is_array(found))
        return found != NULL && value_holds(term->relation, value, found);
    for (size_t at = 0; at < json_array_size(found); at++)
        if (value_holds(term->relation, value, json_array_get(found, at)))
            return true;
    return false;
}

static bool term_holds(const struct term *term, const json_t *thing)
{
    bool is_any = false;
    str value;
    for (str rest = term->values; !is_any && take_value(&rest, &value); rest = str_skip(rest, 1))
        is_any = any_holds(term, value, thing);
    return is_any != (term->relation == IS_NOT);
}

bool fql_holds(const char *filter, const json_t *thing)
{
    bool is_all = true; /* of the terms joined by + so far */
    str rest = str_from(filter);
    struct term term;
    char joint = '\0';
    while (rest.len > 0 && take_term(&rest, &term, &joint)) {
        is_all = is_all && term_holds(&term, thing);
        if (joint != ',')
            continue;
        if (is_all)
            return true;
        is_all = true;
    }
    return is_all;
}

const json_t *fql_value(const json_t *thing, str path)
{
    for (int depth = 0; depth < PATH_DEPTH_MAX && path.len > 0; depth++) {
        str name = str_first(path, str_find(path, '.'));
        path = str_skip(path, name.len + 1);
        thing = json_object_getn(thing, name.ptr, name.len);
    }
    return thing;
}
