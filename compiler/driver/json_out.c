/* json_out.c - see json_out.h. */
#include "driver/json_out.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <stdlib.h>

static json_t *repaired(str text)
{
    char *mended = malloc(utf8_mended_max(text.len) + 1);
    uint32_t repairs = 0;
    json_t *json = mended == NULL ? NULL : json_stringn(mended, utf8_mend(text, mended, &repairs));
    free(mended);
    return json;
}

json_t *json_from_str(str text)
{
    json_t *json = json_stringn(text.ptr == NULL ? "" : text.ptr, text.len);
    return json != NULL ? json : repaired(text);
}

json_t *json_from_text(const char *text)
{
    return text == NULL ? json_null() : json_from_str(str_from(text));
}

static json_t *json_from_scalar(value v)
{
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_NULL)
        return json_null();
    if (v.kind == VALUE_BOOL)
        return json_boolean(v.boolean);
    if (v.kind == VALUE_INTEGER)
        return json_integer(v.integer);
    if (v.kind == VALUE_DECIMAL)
        return json_real(v.decimal);
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    str text = value_print(&arena, v);
    return text.ptr == NULL ? NULL : json_from_str(text);
}

json_t *json_or_null(str text)
{
    return text.len == 0 ? json_null() : json_from_str(text);
}

json_t *json_from_moment(int64_t at_ms)
{
    return at_ms == 0 ? json_null()
                      : json_from_scalar((value){ .kind = VALUE_TIME, .milliseconds = at_ms });
}

json_t *json_from_value(value v)
{
    if (v.kind != VALUE_LIST)
        return json_from_scalar(v);
    json_t *array = json_array();
    for (uint32_t i = 0; i < v.count; i++)
        json_append(&array, json_from_scalar(v.items[i]));
    return array;
}

void json_put(json_t **object, const char *key, json_t *member)
{
    if (json_object_set_new(*object, key, member) == 0)
        return;
    json_decref(*object);
    *object = NULL;
}

void json_append(json_t **array, json_t *element)
{
    if (json_array_append_new(*array, element) == 0)
        return;
    json_decref(*array);
    *array = NULL;
}

enum err json_add_line(struct buf *out, const json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (text == NULL)
        return ERR_MEMORY;
    buf_add(out, str_from(text));
    buf_add_byte(out, '\n');
    free(text);
    return out->err;
}
