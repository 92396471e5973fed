/* status.c - what a collector told of itself; see collector.h. Whoever is root there may have
 * written it: only numbers, known words and plain text come out of it. */
#include "collector/collector.h"

#include <jansson.h>

enum { WHY_BYTES_MAX = 200, SHA256_DIGITS = 64 };

static const char *const states[] = {
    [COLLECTOR_NONE] = "none",
    [COLLECTOR_RUNNING] = "running",
    [COLLECTOR_COMPLETE] = "complete",
    [COLLECTOR_PARTIAL] = "partial",
    [COLLECTOR_FAILED] = "failed",
};

static enum collector_state state_of(const json_t *told)
{
    str name = str_from(json_string_value(json_object_get(told, "state")));
    for (size_t state = 0; state < COUNT_OF(states); state++)
        if (str_is(name, states[state]))
            return (enum collector_state)state;
    return COLLECTOR_NONE;
}

static long long number_of(const json_t *told, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(told, name));
    return number < 0 ? 0 : (long long)number;
}

/* What stands before the first byte that is none of `allowed`. */
static str words_of(
    struct arena *arena, const json_t *told, const char *name, const char *allowed, size_t most)
{
    str text = str_from(json_string_value(json_object_get(told, name)));
    size_t len = strspn(text.ptr, allowed);
    return arena_copy(arena, str_first(text, len < most ? len : most));
}

/* The last line of `text` that is an object of ours, or NULL. */
static json_t *told_of(str text)
{
    while (text.len > 0) {
        text = str_trim(text, " \t\r\n");
        size_t line = str_find_last(text, '\n');
        str last = line == text.len ? text : str_skip(text, line + 1);
        json_t *told = json_loadb(last.ptr, last.len, 0, NULL);
        if (str_is(str_from(json_string_value(json_object_get(told, "cdr"))), "triage"))
            return told;
        json_decref(told);
        text = str_first(text, line == text.len ? 0 : line);
    }
    return NULL;
}

enum err collector_status_read(struct arena *arena, str text, struct collector_status *ret_status)
{
    static const char hex[] = "0123456789abcdef";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,";
    json_auto_t *told = told_of(text);
    str uploaded = str_from(json_string_value(json_object_get(told, "uploaded")));
    struct collector_status status = { .state = state_of(told),
        .is_uploaded = str_is(uploaded, "yes") || str_is(uploaded, "exists"),
        .has_existed = str_is(uploaded, "exists"),
        .files = number_of(told, "files"),
        .bytes = number_of(told, "bytes"),
        .skipped = number_of(told, "skipped"),
        .sha256 = words_of(arena, told, "sha256", hex, SHA256_DIGITS),
        .why = words_of(arena, told, "why", plain, WHY_BYTES_MAX),
        .clock_offset_s = json_integer_value(json_object_get(told, "clock_offset")) };
    if (status.sha256.ptr == NULL || status.why.ptr == NULL)
        return ERR_MEMORY;
    if (status.state == COLLECTOR_COMPLETE && status.skipped > 0)
        status.state = COLLECTOR_PARTIAL;
    *ret_status = status;
    return ERR_OK;
}
