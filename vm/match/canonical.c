#include "match/canonical.h"

#include "bytecode.h"
#include "match/scan.h"

/* Longer than any canonical name, and deeper. */
enum { PATH_BYTES_MAX = 64, PATH_DEPTH_MAX = 8 };

/* The name of the member being read: the keys around it, with dots. */
struct reader {
    struct arena *arena;
    char name[PATH_BYTES_MAX];
    size_t lengths[PATH_DEPTH_MAX]; /* by depth: bytes of the name of the object there */
    size_t length;                  /* of the name of the member */
    uint32_t depth;
    uint32_t passed; /* objects and arrays open in what is passed over */
    bool in_array;
    bool in_tags; /* in the object `resource.tags`, whose members are called as they like */
    bool is_long; /* the name is longer than any canonical one */
    struct canonical found;
};

static str reader_name(const struct reader *reader)
{
    return (str){ reader->name, reader->length };
}

static enum field reader_field(const struct reader *reader)
{
    return reader->is_long ? FIELD_COUNT : field_find(reader_name(reader));
}

static enum err meet_stranger(struct reader *reader)
{
    if (reader->found.stranger.len > 0)
        return ERR_OK;
    str name = reader->length == 0 ? STR("an empty name") : reader_name(reader);
    reader->found.stranger = arena_copy(reader->arena, name);
    return reader->found.stranger.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* A name that does not fit is kept as far as it does: it is no field's, whatever follows. */
static void read_key(struct reader *reader, str key)
{
    if (reader->in_tags)
        return;
    size_t prefix = reader->lengths[reader->depth - 1];
    size_t dot = prefix > 0;
    reader->is_long = key.len + dot > PATH_BYTES_MAX - prefix;
    if (prefix + dot > PATH_BYTES_MAX)
        return;
    if (dot > 0)
        reader->name[prefix] = '.';
    key = str_first(key, PATH_BYTES_MAX - prefix - dot);
    if (key.len > 0)
        memcpy(reader->name + prefix + dot, key.ptr, key.len);
    reader->length = prefix + dot + key.len;
}

static enum err open_object(struct reader *reader)
{
    bool is_tags = reader->depth > 0 && reader_field(reader) == FIELD_RESOURCE_TAGS;
    bool is_plain =
        !reader->in_array && !reader->in_tags && !reader->is_long && reader->depth < PATH_DEPTH_MAX;
    if (is_plain) {
        reader->lengths[reader->depth++] = reader->length;
        reader->in_tags = is_tags;
        return ERR_OK;
    }
    reader->passed = 1;
    reader->found.unfit_tags += reader->in_tags;
    return is_tags ? ERR_OK : meet_stranger(reader); /* {"key", "value"} in a list of tags */
}

static void close_object(struct reader *reader)
{
    reader->depth--;
    reader->in_tags = false;
}

static enum err open_array(struct reader *reader)
{
    bool is_field = reader_field(reader) != FIELD_COUNT;
    if (!reader->in_array && !reader->in_tags && is_field) {
        reader->in_array = true;
        return ERR_OK;
    }
    reader->passed = 1;
    reader->found.unfit_tags += reader->in_tags;
    return reader->in_tags ? ERR_OK : meet_stranger(reader);
}

static enum err read_leaf(struct reader *reader, bool is_text, str text)
{
    enum field field = reader_field(reader);
    if (reader->in_tags)
        return ERR_OK;
    if (field == FIELD_COUNT)
        return meet_stranger(reader);
    if (field == FIELD_SOURCE && !reader->in_array && is_text && reader->found.source.len == 0)
        reader->found.source = text;
    return ERR_OK;
}

static enum err read_token(struct reader *reader, const struct json_token *token, str text)
{
    switch (token->kind) {
    case JSON_KEY:
        read_key(reader, text);
        return ERR_OK;
    case JSON_OBJECT:
        return open_object(reader);
    case JSON_OBJECT_END:
        close_object(reader);
        return ERR_OK;
    case JSON_ARRAY:
        return open_array(reader);
    case JSON_ARRAY_END:
        reader->in_array = false;
        return ERR_OK;
    case JSON_TEXT:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return read_leaf(reader, token->kind == JSON_TEXT, text);
    case JSON_END:
        return ERR_OK;
    }
    return ERR_OK;
}

static void pass_over(struct reader *reader, enum json_kind kind)
{
    reader->passed += kind == JSON_OBJECT || kind == JSON_ARRAY;
    reader->passed -= kind == JSON_OBJECT_END || kind == JSON_ARRAY_END;
}

enum err canonical_read(str json, struct arena *arena, struct canonical *ret_canonical)
{
    struct scan scan = { .json = json };
    struct reader reader = { .arena = arena, .found = { .source = STR(""), .stranger = STR("") } };
    struct json_token token;
    struct json_fault fault;
    do {
        uint32_t repairs = 0;
        TRY(scan_next(&scan, &token, &fault));
        if (reader.passed > 0) {
            pass_over(&reader, token.kind);
            continue;
        }
        str text = token.text;
        if (token.is_escaped)
            TRY(scan_text(&token, arena, &text, &repairs));
        TRY(read_token(&reader, &token, text));
    } while (token.kind != JSON_END);
    *ret_canonical = reader.found;
    return ERR_OK;
}
