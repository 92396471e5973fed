#include "match/canonical.h"

#include "bytecode.h"
#include "match/scan.h"

/* Longer than any canonical name, a tag of the resource included, and deeper. */
enum { PATH_BYTES_MAX = 256, PATH_DEPTH_MAX = 8 };

/* The name of the member being read: the keys around it, with dots. */
struct reader {
    struct arena *arena;
    char name[PATH_BYTES_MAX];
    size_t lengths[PATH_DEPTH_MAX]; /* by depth: bytes of the name of the object there */
    size_t length;                  /* of the name of the member */
    uint32_t depth;
    bool in_array;
    str source;
};

static str reader_name(const struct reader *reader)
{
    return (str){ reader->name, reader->length };
}

/* Whether the member is in the object `resource.tags`, whatever it is called. */
static bool is_tag(const struct reader *reader)
{
    str around = { reader->name, reader->depth == 0 ? 0 : reader->lengths[reader->depth - 1] };
    return field_find(around) == FIELD_RESOURCE_TAGS;
}

/* Each of these tells whether the alert may still be canonical. */
static bool read_key(struct reader *reader, str key)
{
    size_t prefix = reader->lengths[reader->depth - 1];
    size_t dot = prefix > 0;
    if (key.len + dot > PATH_BYTES_MAX - prefix)
        return false;
    if (dot > 0)
        reader->name[prefix] = '.';
    if (key.len > 0)
        memcpy(reader->name + prefix + dot, key.ptr, key.len);
    reader->length = prefix + dot + key.len;
    return true;
}

static bool open_object(struct reader *reader)
{
    if (reader->in_array || reader->depth == PATH_DEPTH_MAX)
        return false;
    if (is_tag(reader))
        return false; /* a tag is text */
    reader->lengths[reader->depth++] = reader->length;
    return true;
}

static bool read_leaf(struct reader *reader, bool is_text, str text)
{
    enum field field = field_find(reader_name(reader));
    if (is_tag(reader))
        return true;
    if (field == FIELD_SOURCE && !reader->in_array && is_text && reader->source.len == 0)
        reader->source = text;
    return field != FIELD_COUNT;
}

static bool open_array(struct reader *reader)
{
    bool was_in_array = reader->in_array;
    reader->in_array = true;
    return !was_in_array && field_find(reader_name(reader)) != FIELD_COUNT;
}

static bool read_token(struct reader *reader, const struct json_token *token, str text)
{
    switch (token->kind) {
    case JSON_KEY:
        return read_key(reader, text);
    case JSON_OBJECT:
        return open_object(reader);
    case JSON_OBJECT_END:
        reader->depth--;
        return true;
    case JSON_ARRAY:
        return open_array(reader);
    case JSON_ARRAY_END:
        reader->in_array = false;
        return true;
    case JSON_TEXT:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return read_leaf(reader, token->kind == JSON_TEXT, text);
    case JSON_END:
        return true;
    }
    return false;
}

enum err canonical_source(str json, struct arena *arena, str *ret_source)
{
    struct scan scan = { .json = json };
    struct reader reader = { .arena = arena, .source = STR("") };
    struct json_token token;
    struct json_fault fault;
    *ret_source = STR("");
    do {
        uint32_t repairs = 0;
        TRY(scan_next(&scan, &token, &fault));
        str text = token.text;
        if (token.is_escaped)
            TRY(scan_text(&token, arena, &text, &repairs));
        if (!read_token(&reader, &token, text))
            return ERR_OK;
    } while (token.kind != JSON_END);
    *ret_source = reader.source;
    return ERR_OK;
}
