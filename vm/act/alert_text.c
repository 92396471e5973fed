/* alert_text.c - see alert_text.h. */
#include "act/alert_text.h"

#include "base/json_writer.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { OMITTED_BYTES = 4096 }; /* room for the names of every field */

/* An object of the alert, as JSON of its own; nothing when it cannot be read again. */
static void write_object(struct buf *out, value v)
{
    json_t *tree = v.text == NULL
                       ? NULL
                       : json_loadb(v.text, v.count, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
    char *text = tree == NULL ? NULL : json_dumps(tree, JSON_COMPACT);
    buf_add(out, text == NULL ? STR("null") : str_from(text));
    free(text);
    json_decref(tree);
}

static enum err write_scalar(
    struct arena *arena, struct json_writer *json, const char *key, value v)
{
    CLEANUP(buf_release) struct buf raw = BUF_INIT(ALERT_TEXT_BYTES_MAX);
    bool is_plain = v.kind == VALUE_BOOL || v.kind == VALUE_INTEGER
                    || (v.kind == VALUE_DECIMAL && isfinite(v.decimal));
    if (v.kind == VALUE_OBJECT) {
        write_object(&raw, v);
        json_raw(json, key, buf_str(&raw));
        return raw.err;
    }
    str text = value_print(arena, v);
    if (text.ptr == NULL)
        return ERR_MEMORY;
    if (is_plain)
        json_raw(json, key, text);
    else
        json_text(json, key, text);
    return ERR_OK;
}

/* Fields hold scalars and lists of them. */
static enum err write_value(struct arena *arena, struct json_writer *json, const char *key, value v)
{
    const value *items = value_items(v);
    if (v.kind != VALUE_LIST && items == NULL)
        return write_scalar(arena, json, key, v);
    json_open(json, key, '[');
    for (uint32_t at = 0; at < v.count; at++)
        TRY(write_scalar(arena, json, NULL, items[at]));
    json_close(json, ']');
    return ERR_OK;
}

/* One field into `out`, unless it does not fit there: then its name into `omitted`. */
static enum err write_field(struct arena *arena, const struct event *event, enum field field,
    struct json_writer *json, struct json_writer *omitted)
{
    CLEANUP(buf_release) struct buf one = BUF_INIT(ALERT_TEXT_BYTES_MAX - OMITTED_BYTES);
    struct json_writer alone = { .out = &one };
    const char *name = field_info(field)->name;
    enum err err = write_value(arena, &alone, name, event->fields[field]);
    if (err == ERR_OK)
        err = one.err;
    if (err != ERR_OK && err != ERR_LIMIT)
        return err;
    if (err == ERR_LIMIT || json->out->len + one.len + OMITTED_BYTES > ALERT_TEXT_BYTES_MAX)
        json_text(omitted, NULL, str_from(name));
    else
        json_raw(json, NULL, buf_str(&one));
    return ERR_OK;
}

static bool is_there(value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL;
}

enum err alert_text(
    const struct event *event, str rule, str key, struct arena *arena, str *ret_json)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(ALERT_TEXT_BYTES_MAX);
    CLEANUP(buf_release) struct buf names = BUF_INIT(OMITTED_BYTES);
    struct json_writer json = { .out = &out }, omitted = { .out = &names };
    json_open(&json, NULL, '{');
    json_text(&json, "key", key);
    json_text(&json, "rule", rule);
    json_open(&json, "alert", '{');
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (is_there(event->fields[field]))
            TRY(write_field(arena, event, field, &json, &omitted));
    json_close(&json, '}');
    if (names.len > 0) {
        json_open(&json, "omitted", '[');
        json_raw(&json, NULL, buf_str(&names));
        json_close(&json, ']');
    }
    json_close(&json, '}');
    TRY(names.err);
    TRY(out.err);
    *ret_json = arena_copy(arena, buf_str(&out));
    return ret_json->ptr == NULL ? ERR_MEMORY : ERR_OK;
}
