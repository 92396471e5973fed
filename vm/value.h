/* value.h - what a rule computes with.
 *
 * A value is passed by copy; what it points to (text, addresses, elements) lives
 * in the arena of the compilation or of the event that made it. Absent, null and
 * false are three things: absent is a field that the alert lacks.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum type {
#define TYPE(id, name, kind, is_identifier, meaning) TYPE_##id,
#include "types.def"
#undef TYPE
    TYPE_COUNT
};

/* As rule authors write it; static. */
const char *type_name(enum type type);
/* Whether a value of the type may select a target. */
bool type_is_identifier(enum type type);
/* The type of that name, or TYPE_COUNT. */
enum type type_find(str name);

enum value_kind {
    VALUE_ABSENT,
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INTEGER,
    VALUE_DECIMAL,
    VALUE_TEXT,
    VALUE_IP,
    VALUE_CIDR,
    VALUE_TIME,
    VALUE_DURATION,
    VALUE_SEVERITY,
    VALUE_VERDICT,
    VALUE_REGEX, /* an index into the program's table */
    VALUE_ZONE,  /* a time zone, made from its name by the compiler */
    VALUE_LIST,
    VALUE_SET,    /* a long constant list, made for `in`: value_set_new */
    VALUE_OBJECT, /* an object of the alert: it is there, and equal to nothing; `text` is the
                   * alert's JSON from its brace on (match/tags.h), or NULL */
};

enum severity {
    SEVERITY_INFORMATIONAL,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
    SEVERITY_COUNT
};
enum verdict {
    VERDICT_UNKNOWN,
    VERDICT_CLEAN,
    VERDICT_SUSPICIOUS,
    VERDICT_MALICIOUS,
    VERDICT_COUNT
};

/* "high"; static. */
const char *severity_name(enum severity severity);
const char *verdict_name(enum verdict verdict);
/* False when `name` (any case) is none. */
bool severity_find(str name, enum severity *ret_severity);
bool verdict_find(str name, enum verdict *ret_verdict);

/* An address, or a network when `bits` is less than 128. IPv4 is kept as
 * ::ffff:a.b.c.d, so that one comparison serves both; `is_v4` is for printing. */
struct ip {
    uint8_t bytes[16];
    uint8_t bits;
    bool is_v4;
};

struct value_set;
struct zone;

typedef struct value {
    enum value_kind kind;
    uint32_t count; /* bytes of text, elements of a list or set */
    union {
        bool boolean;
        int64_t integer; /* also severity, verdict, regex */
        double decimal;
        int64_t milliseconds; /* VALUE_TIME: since 1970 UTC; VALUE_DURATION: length */
        const char *text;
        const struct ip *ip;
        const struct value *items;
        const struct value_set *set;
        const struct zone *zone;
    };
} value;

#define VALUE_NONE ((value){ .kind = VALUE_ABSENT })

static inline value value_text(str text)
{
    return (value){ .kind = VALUE_TEXT, .count = (uint32_t)text.len, .text = text.ptr };
}

static inline value value_bool(bool boolean)
{
    return (value){ .kind = VALUE_BOOL, .boolean = boolean };
}

static inline value value_integer(int64_t integer)
{
    return (value){ .kind = VALUE_INTEGER, .integer = integer };
}

static inline value value_list(const value *items, uint32_t count)
{
    return (value){ .kind = VALUE_LIST, .count = count, .items = items };
}

/* The text of a VALUE_TEXT; the empty str for anything else. */
static inline str value_str(value v)
{
    return v.kind == VALUE_TEXT ? (str){ v.text, v.count } : (str){ "", 0 };
}

/* `v` as a value of `type`, made in `arena`: text "198.51.100.7" becomes an address,
 * text "high" a severity, "2026-01-01T10:00:00Z" a time, a number under
 * a decimal. For identifiers text must look like one (instance: i- and hex; role:
 * an ARN or an IAM name; account: 12 digits; ...). What does not fit is absent;
 * a list is converted element by element and loses those that do not fit, and nulls.
 * ERR_MEMORY only. */
MUST_CHECK enum err value_convert(struct arena *arena, value v, enum type type, value *ret_value);

/* Lists longer than this are worth a set. */
enum { VALUE_SET_LEAST = 32 };

/* The list `items` as a VALUE_SET: OP_IN and OP_NOT_IN find an element in it in a few
 * steps instead of `count`; every other use sees the elements in their order
 * (value_items). Elements are scalars; `items` is borrowed. ERR_MEMORY. */
MUST_CHECK enum err value_set_new(
    struct arena *arena, const value *items, uint32_t count, value *ret_value);

/* The elements of a list or a set; NULL for anything else (then count is no count). */
const value *value_items(value v);

/* What a person reads: `high`, `198.51.100.7`, `2026-01-01T10:00:00Z`, `15m`, elements
 * joined by ", ", `-` when absent. ptr is NULL only when the arena is full. */
str value_print(struct arena *arena, value v);

/* Whether two values are the same, kind by kind, text byte by byte. For tests and
 * the deduplication of constants; the operators of the language are in operate.h. */
bool value_same(value a, value b);
