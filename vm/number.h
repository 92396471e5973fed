/* number.h - numbers as JSON spells them, compared exactly. */
#pragma once

#include "value.h"

/* Longer spellings are not read as numbers. */
enum { NUMBER_TEXT_MAX = 400 };

/* Bytes at the front that are a number by RFC 8259, 0 when none is. */
size_t number_bytes(str text);

/* The whole text as a VALUE_INTEGER when it is written as one and fits, else a
 * VALUE_DECIMAL. False when it is no JSON number, is past a double (1e400), or is
 * longer than NUMBER_TEXT_MAX. */
bool number_parse(str text, value *ret_value);

static inline bool number_is(value v)
{
    return v.kind == VALUE_INTEGER || v.kind == VALUE_DECIMAL;
}

/* Less than, equal to or greater than 0; exact between integers and decimals. */
int number_compare(value a, value b);
