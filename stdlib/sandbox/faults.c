#include "sandbox/faults.h"

#include <string.h>

enum { TIMES_MAX = 1000000, DURATION_MS_MAX = 600000 };

static const char *const kind_names[FAULT_KIND_COUNT] = {
    [FAULT_NONE] = "",
    [FAULT_THROTTLE] = "throttle",
    [FAULT_FAIL_BEFORE] = "fail_before",
    [FAULT_FAIL_AFTER] = "fail_after",
    [FAULT_LOSE_REPLY] = "lose_reply",
    [FAULT_SLOW] = "slow",
    [FAULT_HTML] = "html",
    [FAULT_DENY] = "deny",
    [FAULT_STALE] = "stale",
    [FAULT_EXPIRE] = "expire",
};

const char *fault_kind_name(enum fault_kind kind)
{
    return kind_names[kind];
}

static enum fault_kind kind_of(const char *name)
{
    enum fault_kind kind = FAULT_THROTTLE;
    while (kind < FAULT_KIND_COUNT && strcmp(kind_names[kind], name) != 0)
        kind++;
    return kind;
}

/* One fault with all its members, new reference; NULL with a sentence. */
static json_t *read_one(json_t *given, struct arena *arena, const char **reterr_reason)
{
    const char *operation = "*";
    const char *kind = "";
    json_int_t times = 1, after = 0, milliseconds = 1000, status = 502, looks = 2;
    json_error_t error;
    if (json_unpack_ex(given, &error, JSON_STRICT, "{s?s, s:s, s?I, s?I, s?I, s?I, s?I}",
            "operation", &operation, "kind", &kind, "times", &times, "after", &after,
            "milliseconds", &milliseconds, "status", &status, "looks", &looks)
        != 0) {
        *reterr_reason = arena_format(arena, "a fault is not of the form: %s", error.text);
        return NULL;
    }
    if (kind_of(kind) == FAULT_KIND_COUNT) {
        *reterr_reason = arena_format(arena, "there is no kind of fault '%s'", kind);
        return NULL;
    }
    if (times < 1 || times > TIMES_MAX || after < 0 || after > TIMES_MAX || milliseconds < 0
        || milliseconds > DURATION_MS_MAX || looks < 1 || looks > TIMES_MAX || status < 200
        || status > 599) {
        *reterr_reason = "a number of a fault is out of range";
        return NULL;
    }
    return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "operation", operation, "kind", kind, "times",
        times, "after", after, "milliseconds", milliseconds, "status", status, "looks", looks);
}

json_t *faults_read(str body, struct arena *arena, const char **reterr_reason)
{
    json_error_t error;
    json_auto_t *given = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
    if (given == NULL) {
        *reterr_reason = arena_format(arena, "faults are not JSON: %s", error.text);
        return NULL;
    }
    json_auto_t *list = json_is_array(given) ? json_incref(given) : json_array();
    if (!json_is_array(given) && json_array_append(list, given) != 0)
        return NULL;
    json_auto_t *faults = json_array();
    size_t index;
    json_t *one;
    json_array_foreach(list, index, one)
    {
        json_t *fault = read_one(one, arena, reterr_reason);
        if (fault == NULL || json_array_append_new(faults, fault) != 0)
            return NULL;
    }
    return json_incref(faults);
}

static json_int_t number(const json_t *fault, const char *key)
{
    return json_integer_value(json_object_get(fault, key));
}

/* One less under `key`, in place: no memory is needed. */
static json_int_t count_down(json_t *fault, const char *key)
{
    json_int_t left = number(fault, key) - 1;
    json_integer_set(json_object_get(fault, key), left);
    return left;
}

struct fault faults_take(json_t *faults, const char *operation)
{
    for (size_t at = 0; at < json_array_size(faults); at++) {
        json_t *one = json_array_get(faults, at);
        const char *wanted = json_string_value(json_object_get(one, "operation"));
        if (strcmp(wanted, "*") != 0 && strcmp(wanted, operation) != 0)
            continue;
        if (number(one, "after") > 0) {
            count_down(one, "after");
            continue;
        }
        struct fault fault = { kind_of(json_string_value(json_object_get(one, "kind"))),
            (uint32_t)number(one, "milliseconds"), (int)number(one, "status"),
            (uint32_t)number(one, "looks") };
        if (count_down(one, "times") <= 0)
            json_array_remove(faults, at);
        return fault;
    }
    return (struct fault){ .kind = FAULT_NONE };
}
