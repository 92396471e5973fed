#include "number.h"

#include <stdlib.h>

static size_t digits(str text, size_t at)
{
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at;
}

/* `choices`: one byte or two. Every number that a strict reading passes over comes here: no calls. */
static inline bool byte_is(str text, size_t at, const char *choices)
{
    return at < text.len && text.ptr[at] != '\0'
           && (text.ptr[at] == choices[0] || text.ptr[at] == choices[1]);
}

size_t number_bytes(str text)
{
    size_t start = byte_is(text, 0, "-");
    size_t at = byte_is(text, start, "0") ? start + 1 : digits(text, start);
    if (at == start)
        return 0;
    if (byte_is(text, at, ".")) {
        size_t end = digits(text, at + 1);
        if (end == at + 1)
            return 0;
        at = end;
    }
    if (byte_is(text, at, "eE")) {
        size_t exponent = at + 1 + byte_is(text, at + 1, "+-");
        size_t end = digits(text, exponent);
        if (end == exponent)
            return 0;
        at = end;
    }
    return at;
}

static bool integer_parse(str text, int64_t *ret_integer)
{
    bool is_negative = text.ptr[0] == '-';
    int64_t integer = 0;
    for (size_t at = is_negative; at < text.len; at++) {
        int digit = text.ptr[at] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(integer, 10, &integer)
            || __builtin_add_overflow(integer, is_negative ? -digit : digit, &integer))
            return false;
    }
    *ret_integer = integer;
    return true;
}

bool number_parse(str text, value *ret_value)
{
    char copy[NUMBER_TEXT_MAX + 1];
    if (text.len == 0 || text.len > NUMBER_TEXT_MAX || number_bytes(text) != text.len)
        return false;
    int64_t integer;
    if (integer_parse(text, &integer)) {
        *ret_value = value_integer(integer);
        return true;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    char *end;
    double decimal = strtod(copy, &end);
    if (*end != '\0' || __builtin_isinf(decimal))
        return false;
    *ret_value = (value){ .kind = VALUE_DECIMAL, .decimal = decimal };
    return true;
}

static int compare_integers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* A double holds not every integer of 64 bits, so the decimal goes to the integers:
 * its whole part first, then what is left. */
static int compare_mixed(int64_t integer, double decimal)
{
    if (decimal >= 9223372036854775808.0)
        return -1;
    if (decimal < -9223372036854775808.0)
        return 1;
    int64_t whole = (int64_t)decimal;
    double rest = decimal - (double)whole;
    int order = compare_integers(integer, whole);
    return order != 0 ? order : (rest < 0) - (rest > 0);
}

int number_compare(value a, value b)
{
    if (a.kind == VALUE_INTEGER && b.kind == VALUE_INTEGER)
        return compare_integers(a.integer, b.integer);
    if (a.kind == VALUE_INTEGER)
        return compare_mixed(a.integer, b.decimal);
    if (b.kind == VALUE_INTEGER)
        return -compare_mixed(b.integer, a.decimal);
    return (a.decimal > b.decimal) - (a.decimal < b.decimal);
}
