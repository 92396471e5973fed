#include "talk/json_tree.h"

#include "base/limits.h"

#include <jansson.h>

enum { DEPTH_MAX = 64, NUMBER_BYTES_MAX = 32 };

/* An object whose members are being read. */
struct level {
    json_t *object;
    void *member; /* of jansson's iteration; NULL: done */
    size_t index; /* within the member, when that is an array */
    struct xml *node;
};

struct reader {
    struct arena *arena;
    struct level levels[DEPTH_MAX];
    uint32_t depth;
};

static struct xml *child_add(struct reader *reader, struct xml *parent, const char *name)
{
    struct xml *node = ARENA_NEW(reader->arena, struct xml);
    str copy = arena_copy(reader->arena, str_from(name));
    if (node == NULL || copy.ptr == NULL)
        return NULL;
    *node = (struct xml){ .name = copy, .text = STR(""), .parent = parent };
    if (parent->last == NULL)
        parent->child = node;
    else
        parent->last->next = node;
    parent->last = node;
    return node;
}

static enum err scalar_read(struct reader *reader, const json_t *json, str *ret_text)
{
    const char *text = NULL;
    if (json_is_string(json))
        *ret_text =
            arena_copy(reader->arena, (str){ json_string_value(json), json_string_length(json) });
    else if (json_is_integer(json))
        text = arena_format(reader->arena, "%lld", (long long)json_integer_value(json));
    else if (json_is_real(json))
        text = arena_format(reader->arena, "%.17g", json_real_value(json));
    else
        text = json_is_true(json) ? "true" : "false";
    if (!json_is_string(json))
        *ret_text = str_from(text);
    return ret_text->ptr == NULL || (!json_is_string(json) && text == NULL) ? ERR_MEMORY : ERR_OK;
}

/* One member, or one element of an array of that name. */
static enum err one_read(struct reader *reader, struct xml *parent, const char *name, json_t *json)
{
    if (json == NULL || json_is_null(json) || json_is_array(json))
        return ERR_OK;
    struct xml *node = child_add(reader, parent, name);
    if (node == NULL)
        return ERR_MEMORY;
    if (!json_is_object(json))
        return scalar_read(reader, json, &node->text);
    if (reader->depth == DEPTH_MAX)
        return ERR_INVALID;
    reader->levels[reader->depth++] = (struct level){ json, json_object_iter(json), 0, node };
    return ERR_OK;
}

/* The next thing of the innermost object; leaves it at its end. */
static enum err step_on(struct reader *reader)
{
    struct level *level = &reader->levels[reader->depth - 1];
    if (level->member == NULL) {
        reader->depth--;
        return ERR_OK;
    }
    const char *name = json_object_iter_key(level->member);
    json_t *json = json_object_iter_value(level->member);
    json_t *one = json_is_array(json) ? json_array_get(json, level->index++) : json;
    if (!json_is_array(json) || level->index >= json_array_size(json)) {
        level->member = json_object_iter_next(level->object, level->member);
        level->index = 0;
    }
    return one_read(reader, level->node, name, one);
}

enum err json_tree_parse(struct arena *arena, str body, const struct xml **ret_root)
{
    if (body.len > REPLY_BYTES_MAX)
        return ERR_LIMIT;
    json_auto_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    struct xml *root = ARENA_NEW(arena, struct xml);
    if (root == NULL)
        return ERR_MEMORY;
    if (!json_is_object(json))
        return ERR_INVALID;
    struct reader reader = { .arena = arena };
    *root = (struct xml){ .name = STR("Response"), .text = STR("") };
    reader.levels[reader.depth++] = (struct level){ json, json_object_iter(json), 0, root };
    while (reader.depth > 0)
        TRY(step_on(&reader));
    *ret_root = root;
    return ERR_OK;
}

bool json_tree_error(const struct xml *root, str *ret_code, str *ret_message)
{
    str code = xml_text(root, "__type");
    size_t hash = str_find_last(code, '#');
    *ret_code = hash < code.len ? str_skip(code, hash + 1) : code;
    *ret_message = xml_text(root, "message");
    if (ret_message->len == 0)
        *ret_message = xml_text(root, "Message");
    return code.len > 0;
}
