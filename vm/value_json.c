/* value_json.c - see value_json.h. The trees are jansson's and live for one call. */
#include "value_json.h"

#include "base/utf8.h"
#include "ip.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { DECIMAL_DIGITS = 17 }; /* enough to read the same double back */

static void tree_release(json_t **tree)
{
    json_decref(*tree);
}

/* {"name": member}; takes `member`, NULL when memory is short. */
static json_t *tagged(const char *name, json_t *member)
{
    json_t *object = json_object();
    if (json_object_set_new(object, name, member) != 0) { /* takes `member` also when it fails */
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *text_to_tree(struct arena *arena, str text)
{
    if (utf8_valid_bytes(text) == text.len)
        return json_stringn(text.ptr, text.len);
    char *hex = ARENA_ARRAY(arena, char, text.len * 2 + 1);
    if (hex == NULL)
        return NULL;
    for (size_t i = 0; i < text.len; i++) {
        hex[2 * i] = "0123456789abcdef"[(unsigned char)text.ptr[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[(unsigned char)text.ptr[i] & 15];
    }
    return tagged("bytes", json_stringn(hex, text.len * 2));
}

static json_t *ip_to_tree(const struct ip *ip, bool is_network)
{
    char text[IP_TEXT_MAX];
    str address = ip_format(ip, text);
    return tagged(is_network ? "cidr" : "ip", json_stringn(address.ptr, address.len));
}

static enum err list_to_tree(
    struct arena *arena, const value *values, uint32_t count, uint32_t depth, json_t **ret_tree);

/* *ret_tree stays NULL when memory is short. */
static enum err value_to_tree(struct arena *arena, value v, uint32_t depth, json_t **ret_tree)
{
    switch (v.kind) {
    case VALUE_ABSENT:
        *ret_tree = json_null();
        return ERR_OK;
    case VALUE_NULL:
        *ret_tree = tagged("null", json_true());
        return ERR_OK;
    case VALUE_BOOL:
        *ret_tree = json_boolean(v.boolean);
        return ERR_OK;
    case VALUE_INTEGER:
        *ret_tree = json_integer(v.integer);
        return ERR_OK;
    case VALUE_DECIMAL:
        if (!isfinite(v.decimal))
            return ERR_INVALID;
        *ret_tree = tagged("decimal", json_real(v.decimal));
        return ERR_OK;
    case VALUE_TEXT:
        *ret_tree = text_to_tree(arena, value_str(v));
        return ERR_OK;
    case VALUE_IP:
    case VALUE_CIDR:
        *ret_tree = ip_to_tree(v.ip, v.kind == VALUE_CIDR);
        return ERR_OK;
    case VALUE_TIME:
        *ret_tree = tagged("time", json_integer(v.milliseconds));
        return ERR_OK;
    case VALUE_DURATION:
        *ret_tree = tagged("duration", json_integer(v.milliseconds));
        return ERR_OK;
    case VALUE_SEVERITY:
        *ret_tree = tagged("severity", json_string(severity_name((enum severity)v.integer)));
        return ERR_OK;
    case VALUE_VERDICT:
        *ret_tree = tagged("verdict", json_string(verdict_name((enum verdict)v.integer)));
        return ERR_OK;
    case VALUE_LIST:
    case VALUE_SET:
        return list_to_tree(arena, value_items(v), v.count, depth + 1, ret_tree);
    case VALUE_REGEX:
    case VALUE_ZONE:
    case VALUE_OBJECT:
        return ERR_INVALID;
    }
    return ERR_INVALID;
}

/* Recursion is as deep as `depth` may get. */
static enum err list_to_tree(
    struct arena *arena, const value *values, uint32_t count, uint32_t depth, json_t **ret_tree)
{
    if (depth > VALUE_JSON_DEPTH_MAX)
        return ERR_LIMIT;
    CLEANUP(tree_release) json_t *list = json_array();
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        json_t *item = NULL;
        TRY(value_to_tree(arena, values[i], depth, &item));
        if (json_array_append_new(list, item) != 0)
            return ERR_MEMORY;
    }
    *ret_tree = list;
    list = NULL;
    return ERR_OK;
}

static enum err tree_print(struct arena *arena, const json_t *tree, str *ret_json)
{
    char *text =
        tree == NULL ? NULL : json_dumps(tree, JSON_COMPACT | JSON_REAL_PRECISION(DECIMAL_DIGITS));
    if (text == NULL)
        return ERR_MEMORY;
    *ret_json = arena_copy(arena, str_from(text));
    free(text);
    return ret_json->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err values_to_json(struct arena *arena, const value *values, uint32_t count, str *ret_json)
{
    CLEANUP(tree_release) json_t *tree = NULL;
    TRY(list_to_tree(arena, values, count, 0, &tree));
    return tree_print(arena, tree, ret_json);
}

static enum err text_from_tree(struct arena *arena, const json_t *tree, str *ret_text)
{
    *ret_text = arena_copy(arena, (str){ json_string_value(tree), json_string_length(tree) });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err bytes_from_hex(struct arena *arena, str hex, value *ret_value)
{
    char *bytes = ARENA_ARRAY(arena, char, hex.len / 2 + 1);
    if (bytes == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        char pair[3] = { hex.ptr[i], hex.ptr[i + 1], '\0' };
        char *end;
        bytes[i / 2] = (char)strtoul(pair, &end, 16);
        if (*end != '\0')
            return ERR_JSON;
    }
    *ret_value = value_text((str){ bytes, hex.len / 2 });
    return hex.len % 2 == 0 ? ERR_OK : ERR_JSON;
}

static enum err ip_from_text(struct arena *arena, str text, enum value_kind kind, value *ret_value)
{
    struct ip *ip = ARENA_NEW(arena, struct ip);
    if (ip == NULL)
        return ERR_MEMORY;
    if (kind == VALUE_IP ? !ip_parse(text, ip) : !cidr_parse(text, ip))
        return ERR_JSON;
    *ret_value = (value){ .kind = kind, .ip = ip };
    return ERR_OK;
}

static enum err level_from_text(str name, enum value_kind kind, value *ret_value)
{
    enum severity severity = SEVERITY_INFORMATIONAL;
    enum verdict verdict = VERDICT_UNKNOWN;
    bool is_known =
        kind == VALUE_SEVERITY ? severity_find(name, &severity) : verdict_find(name, &verdict);
    if (!is_known)
        return ERR_JSON;
    int64_t level = kind == VALUE_SEVERITY ? (int64_t)severity : (int64_t)verdict;
    *ret_value = (value){ .kind = kind, .integer = level };
    return ERR_OK;
}

/* The members that name a kind, and how their JSON is written. */
static const struct tag {
    const char *name;
    enum value_kind kind;
    json_type type;
} tags[] = {
    { "null", VALUE_NULL, JSON_TRUE },
    { "decimal", VALUE_DECIMAL, JSON_REAL },
    { "bytes", VALUE_TEXT, JSON_STRING },
    { "ip", VALUE_IP, JSON_STRING },
    { "cidr", VALUE_CIDR, JSON_STRING },
    { "time", VALUE_TIME, JSON_INTEGER },
    { "duration", VALUE_DURATION, JSON_INTEGER },
    { "severity", VALUE_SEVERITY, JSON_STRING },
    { "verdict", VALUE_VERDICT, JSON_STRING },
};

static enum err tagged_from_tree(
    struct arena *arena, const struct tag *tag, const json_t *member, value *ret_value)
{
    *ret_value = (value){ .kind = tag->kind };
    if (tag->type == JSON_REAL)
        ret_value->decimal = json_real_value(member);
    if (tag->type == JSON_INTEGER)
        ret_value->milliseconds = json_integer_value(member);
    if (tag->type != JSON_STRING)
        return ERR_OK;
    str text;
    TRY(text_from_tree(arena, member, &text));
    if (tag->kind == VALUE_TEXT)
        return bytes_from_hex(arena, text, ret_value);
    if (tag->kind == VALUE_SEVERITY || tag->kind == VALUE_VERDICT)
        return level_from_text(text, tag->kind, ret_value);
    return ip_from_text(arena, text, tag->kind, ret_value);
}

static enum err object_from_tree(struct arena *arena, const json_t *tree, value *ret_value)
{
    for (size_t i = 0; json_object_size(tree) == 1 && i < COUNT_OF(tags); i++) {
        const json_t *member = json_object_get(tree, tags[i].name);
        if (member != NULL && json_typeof(member) == tags[i].type)
            return tagged_from_tree(arena, &tags[i], member, ret_value);
    }
    return ERR_JSON;
}

static enum err value_from_tree(
    struct arena *arena, const json_t *tree, uint32_t depth, value *ret_value);

static enum err list_from_tree(
    struct arena *arena, const json_t *tree, uint32_t depth, value *ret_value)
{
    if (depth > VALUE_JSON_DEPTH_MAX)
        return ERR_LIMIT;
    uint32_t count = (uint32_t)json_array_size(tree);
    value *items = ARENA_ARRAY(arena, value, count);
    if (items == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        TRY(value_from_tree(arena, json_array_get(tree, i), depth, &items[i]));
    *ret_value = value_list(items, count);
    return ERR_OK;
}

static enum err value_from_tree(
    struct arena *arena, const json_t *tree, uint32_t depth, value *ret_value)
{
    str text;
    switch (json_typeof(tree)) {
    case JSON_NULL:
        *ret_value = VALUE_NONE;
        return ERR_OK;
    case JSON_TRUE:
    case JSON_FALSE:
        *ret_value = value_bool(json_is_true(tree));
        return ERR_OK;
    case JSON_INTEGER:
        *ret_value = value_integer(json_integer_value(tree));
        return ERR_OK;
    case JSON_STRING:
        TRY(text_from_tree(arena, tree, &text));
        *ret_value = value_text(text);
        return ERR_OK;
    case JSON_ARRAY:
        return list_from_tree(arena, tree, depth + 1, ret_value);
    case JSON_OBJECT:
        return object_from_tree(arena, tree, ret_value);
    case JSON_REAL:
        return ERR_JSON;
    }
    return ERR_JSON;
}

/* A mistake in the text has a code; a lack of memory mostly leaves it unknown, but inside
 * a string jansson calls it a wrong token. */
static enum err tree_load(str json, json_t **ret_tree)
{
    json_error_t fault = { 0 };
    *ret_tree = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL, &fault);
    if (*ret_tree != NULL)
        return ERR_OK;
    enum json_error_code code = json_error_code(&fault);
    bool is_memory = code == json_error_unknown || code == json_error_out_of_memory;
    return is_memory ? ERR_MEMORY : ERR_JSON;
}

static enum err array_read(
    struct arena *arena, const json_t *tree, value *values, uint32_t max, uint32_t *ret_count)
{
    if (!json_is_array(tree))
        return ERR_JSON;
    if (json_array_size(tree) > max)
        return ERR_LIMIT;
    uint32_t count = (uint32_t)json_array_size(tree);
    for (uint32_t i = 0; i < count; i++)
        TRY(value_from_tree(arena, json_array_get(tree, i), 0, &values[i]));
    *ret_count = count;
    return ERR_OK;
}

enum err values_from_json(
    struct arena *arena, str json, value *values, uint32_t max, uint32_t *ret_count)
{
    CLEANUP(tree_release) json_t *tree = NULL;
    TRY(tree_load(json, &tree));
    return array_read(arena, tree, values, max, ret_count);
}

enum err undo_to_json(struct arena *arena, const struct undo *undo, str *ret_json)
{
    *ret_json = STR("");
    if (undo->builtin == NULL)
        return ERR_OK;
    CLEANUP(tree_release) json_t *tree = json_object();
    json_t *args = NULL;
    TRY(list_to_tree(arena, undo->args, undo->args_count, 0, &args));
    /* jansson takes `args` even where it fails. */
    if (json_object_set_new(tree, "args", args) != 0
        || json_object_set_new(tree, "builtin", json_string(undo->builtin)) != 0)
        return ERR_MEMORY;
    return tree_print(arena, tree, ret_json);
}

enum err undo_from_json(struct arena *arena, str json, struct undo *ret_undo)
{
    *ret_undo = (struct undo){ 0 };
    if (json.len == 0)
        return ERR_OK;
    CLEANUP(tree_release) json_t *tree = NULL;
    TRY(tree_load(json, &tree));
    const json_t *builtin = json_object_get(tree, "builtin");
    if (!json_is_string(builtin))
        return ERR_JSON;
    str name;
    TRY(text_from_tree(arena, builtin, &name));
    TRY(array_read(arena, json_object_get(tree, "args"), ret_undo->args, STEP_PARAMS_MAX,
        &ret_undo->args_count));
    ret_undo->builtin = name.ptr;
    return ERR_OK;
}
