#include "value.h"

#include "base/fold.h"
#include "zone.h"

static const struct {
    const char *name;
    bool is_identifier;
} types[] = {
#define TYPE(id, name, kind, is_identifier, meaning) [TYPE_##id] = { name, is_identifier },
#include "types.def"
#undef TYPE
};

static const char *const severity_names[] = {
    [SEVERITY_INFORMATIONAL] = "informational",
    [SEVERITY_LOW] = "low",
    [SEVERITY_MEDIUM] = "medium",
    [SEVERITY_HIGH] = "high",
    [SEVERITY_CRITICAL] = "critical",
};
static_assert(COUNT_OF(severity_names) == SEVERITY_COUNT, "every severity has a name");

static const char *const verdict_names[] = {
    [VERDICT_UNKNOWN] = "unknown",
    [VERDICT_CLEAN] = "clean",
    [VERDICT_SUSPICIOUS] = "suspicious",
    [VERDICT_MALICIOUS] = "malicious",
};
static_assert(COUNT_OF(verdict_names) == VERDICT_COUNT, "every verdict has a name");

const char *type_name(enum type type)
{
    return type < TYPE_COUNT ? types[type].name : "unknown type";
}

bool type_is_identifier(enum type type)
{
    return type < TYPE_COUNT && types[type].is_identifier;
}

enum type type_find(str name)
{
    for (int type = 0; type < TYPE_COUNT; type++)
        if (str_is(name, types[type].name))
            return (enum type)type;
    return TYPE_COUNT;
}

const char *severity_name(enum severity severity)
{
    return severity < SEVERITY_COUNT ? severity_names[severity] : "unknown severity";
}

const char *verdict_name(enum verdict verdict)
{
    return verdict < VERDICT_COUNT ? verdict_names[verdict] : "unknown verdict";
}

static bool name_find(str name, const char *const *names, int count, int *ret_index)
{
    for (int index = 0; index < count; index++)
        if (fold_equal(name, str_from(names[index]))) {
            *ret_index = index;
            return true;
        }
    return false;
}

bool severity_find(str name, enum severity *ret_severity)
{
    int index;
    if (!name_find(name, severity_names, SEVERITY_COUNT, &index))
        return false;
    *ret_severity = (enum severity)index;
    return true;
}

bool verdict_find(str name, enum verdict *ret_verdict)
{
    int index;
    if (!name_find(name, verdict_names, VERDICT_COUNT, &index))
        return false;
    *ret_verdict = (enum verdict)index;
    return true;
}

/* An element of a list is a scalar: lists in lists are flattened where they are made. */
static bool scalar_same(value a, value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
    case VALUE_OBJECT:
        return true;
    case VALUE_BOOL:
        return a.boolean == b.boolean;
    case VALUE_INTEGER:
    case VALUE_SEVERITY:
    case VALUE_VERDICT:
    case VALUE_REGEX:
        return a.integer == b.integer;
    case VALUE_DECIMAL:
        return a.decimal == b.decimal;
    case VALUE_TIME:
    case VALUE_DURATION:
        return a.milliseconds == b.milliseconds;
    case VALUE_ZONE:
        return str_equal(a.zone->name, b.zone->name);
    case VALUE_TEXT:
        return str_equal(value_str(a), value_str(b));
    case VALUE_IP:
    case VALUE_CIDR:
        return a.ip->bits == b.ip->bits && memcmp(a.ip->bytes, b.ip->bytes, 16) == 0;
    case VALUE_LIST:
    case VALUE_SET:
        return false;
    }
    return false;
}

bool value_same(value a, value b)
{
    bool is_list = a.kind == VALUE_LIST || a.kind == VALUE_SET;
    if (!is_list)
        return scalar_same(a, b);
    if (a.kind != b.kind || a.count != b.count)
        return false;
    const value *left = value_items(a);
    const value *right = value_items(b);
    for (uint32_t i = 0; i < a.count; i++)
        if (!scalar_same(left[i], right[i]))
            return false;
    return true;
}
