/* audit_text.c - an entry of the audit log as one line of JSON, and back.
 *
 * Pure. The same entry is always the same bytes: the hash is over them.
 */
#include "store/audit.h"

#include "base/json_writer.h"
#include "base/time.h"
#include "base/utf8.h"

#include <jansson.h>
#include <stdio.h>

static const struct {
    const char *name;
    const char *meaning;
} events[] = {
#define AUDIT_EVENT(name, meaning) { #name, meaning },
#include "store/audit_events.def"
#undef AUDIT_EVENT
};

/* The members that are text, in their order. */
static const struct {
    const char *name;
    size_t offset;
    size_t bytes_max;
} texts[] = {
#define TEXT(name, bytes_max)                                                                      \
    {                                                                                              \
#name, offsetof(struct audit_entry, name), bytes_max                                       \
    }
    TEXT(alert, AUDIT_NAME_BYTES_MAX),
    TEXT(rule, AUDIT_NAME_BYTES_MAX),
    TEXT(builtin, AUDIT_NAME_BYTES_MAX),
    TEXT(target, AUDIT_NAME_BYTES_MAX),
    TEXT(program_hash, AUDIT_NAME_BYTES_MAX),
    TEXT(plan_hash, AUDIT_NAME_BYTES_MAX),
    TEXT(clause, AUDIT_NAME_BYTES_MAX),
    TEXT(reason, AUDIT_TEXT_BYTES_MAX),
    TEXT(before, AUDIT_TEXT_BYTES_MAX),
    TEXT(after, AUDIT_TEXT_BYTES_MAX),
#undef TEXT
};

static const char *event_find(str event, const char **ret_meaning)
{
    for (size_t i = 0; i < COUNT_OF(events); i++)
        if (str_is(event, events[i].name)) {
            *ret_meaning = events[i].meaning;
            return events[i].name;
        }
    *ret_meaning = NULL;
    return NULL;
}

const char *audit_event_meaning(str event)
{
    const char *meaning;
    (void)event_find(event, &meaning);
    return meaning;
}

/* The beginning of `text`, at most `bytes_max`, no code point cut in two. */
static str cut(str text, size_t bytes_max)
{
    size_t bytes = bytes_max;
    while (bytes > bytes_max - UTF8_BYTES_MAX && ((unsigned char)text.ptr[bytes] & 0xC0) == 0x80)
        bytes--;
    return str_first(text, bytes);
}

static enum err text_member(struct json_writer *json, const char *name, str text, size_t bytes_max)
{
    if (text.len == 0)
        return ERR_OK;
    if (text.len <= bytes_max) {
        json_text(json, name, text);
        return ERR_OK;
    }
    char key[32];
    char whole[SHA256_HEX_SIZE];
    TRY(sha256_hex(text, whole));
    snprintf(key, sizeof key, "%s_sha256", name);
    json_text(json, name, cut(text, bytes_max));
    json_text(json, key, str_from(whole));
    return ERR_OK;
}

static void time_member(struct json_writer *json, int64_t at_ms)
{
    char text[80];
    struct civil_time at = time_civil(at_ms);
    int length = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.year,
        at.month, at.day, at.hour, at.minute, at.second, at.millisecond);
    json_text(json, "at", (str){ text, (size_t)length });
}

enum err audit_text_write(struct buf *out, const struct audit_said *said)
{
    const struct audit_entry *entry = &said->entry;
    if (entry->event == NULL || audit_event_meaning(str_from(entry->event)) == NULL
        || entry->who.len == 0)
        return ERR_INVALID;
    struct json_writer json = { .out = out };
    json_open(&json, NULL, '{');
    json_number(&json, "seq", (uint64_t)said->seq);
    time_member(&json, entry->at_ms);
    json_text(&json, "event", str_from(entry->event));
    TRY(text_member(&json, "who", entry->who, AUDIT_NAME_BYTES_MAX));
    if (said->older_runs > 0)
        json_number(&json, "older_runs", (uint64_t)said->older_runs);
    if (entry->run > 0)
        json_number(&json, "run", (uint64_t)entry->run);
    if (entry->step >= 0)
        json_number(&json, "step", (uint64_t)entry->step);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        TRY(text_member(&json, texts[i].name,
            *(const str *)(const void *)((const char *)entry + texts[i].offset),
            texts[i].bytes_max));
    json_close(&json, '}');
    return out->err;
}

static enum err text_get(const json_t *object, const char *key, struct arena *arena, str *ret_text)
{
    *ret_text = STR("");
    const json_t *member = json_object_get(object, key);
    if (member == NULL)
        return ERR_OK;
    if (!json_is_string(member))
        return ERR_JSON;
    *ret_text = arena_copy(arena, (str){ json_string_value(member), json_string_length(member) });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err number_get(
    const json_t *object, const char *key, int64_t absent, int64_t *ret_number)
{
    const json_t *member = json_object_get(object, key);
    *ret_number = member == NULL ? absent : json_integer_value(member);
    return member == NULL || json_is_integer(member) ? ERR_OK : ERR_JSON;
}

static enum err said_read(const json_t *object, struct arena *arena, struct audit_said *ret_said)
{
    struct audit_entry *entry = &ret_said->entry;
    const char *meaning;
    str text;
    TRY(number_get(object, "seq", 0, &ret_said->seq));
    TRY(number_get(object, "older_runs", 0, &ret_said->older_runs));
    TRY(number_get(object, "run", 0, &entry->run));
    TRY(number_get(object, "step", -1, &entry->step));
    TRY(text_get(object, "at", arena, &text));
    if (!time_parse(text, &entry->at_ms))
        return ERR_JSON;
    TRY(text_get(object, "event", arena, &text));
    entry->event = event_find(text, &meaning);
    if (entry->event == NULL)
        return ERR_JSON;
    TRY(text_get(object, "who", arena, &entry->who));
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        TRY(text_get(
            object, texts[i].name, arena, (str *)(void *)((char *)entry + texts[i].offset)));
    return entry->who.len > 0 ? ERR_OK : ERR_JSON;
}

enum err audit_text_read(str text, struct arena *arena, struct audit_said *ret_said)
{
    json_error_t error;
    json_t *object =
        json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (object == NULL)
        return json_error_code(&error) == json_error_out_of_memory ? ERR_MEMORY : ERR_JSON;
    *ret_said = (struct audit_said){ 0 };
    enum err err = json_is_object(object) ? said_read(object, arena, ret_said) : ERR_JSON;
    json_decref(object);
    return err;
}
