/* hold_json.c - approval stages as the journal keeps them. */
#include "act/hold.h"

#include "base/json_writer.h"

#include <jansson.h>

enum { STAGES_BYTES_MAX = 1024 * 1024 };

static void tree_release(json_t **tree)
{
    json_decref(*tree);
}

enum err hold_stages_to_json(
    struct arena *arena, const struct approval_stage *stages, uint32_t count, str *ret_json)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(STAGES_BYTES_MAX);
    struct json_writer json = { .out = &out };
    json_open(&json, NULL, '[');
    for (uint32_t i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        json_open(&json, "roles", '[');
        for (uint32_t at = 0; at < stages[i].role_count; at++)
            json_text(&json, NULL, stages[i].roles[at]);
        json_close(&json, ']');
        json_number(&json, "needed", stages[i].needed);
        json_number(&json, "within_ms", (uint64_t)stages[i].within_ms);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    TRY(out.err);
    *ret_json = arena_copy(arena, buf_str(&out));
    return ret_json->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err role_from_tree(struct arena *arena, const json_t *tree, str *ret_role)
{
    if (!json_is_string(tree) || json_string_length(tree) == 0)
        return ERR_JSON;
    *ret_role = arena_copy(arena, (str){ json_string_value(tree), json_string_length(tree) });
    return ret_role->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err stage_from_tree(
    struct arena *arena, const json_t *tree, struct approval_stage *ret_stage)
{
    const json_t *roles = json_object_get(tree, "roles");
    json_int_t needed = json_integer_value(json_object_get(tree, "needed"));
    json_int_t within_ms = json_integer_value(json_object_get(tree, "within_ms"));
    size_t count = json_array_size(roles);
    if (count == 0 || count > UINT32_MAX || needed < 1 || needed > UINT32_MAX || within_ms < 1)
        return ERR_JSON;
    str *names = ARENA_ARRAY(arena, str, count);
    if (names == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        TRY(role_from_tree(arena, json_array_get(roles, i), &names[i]));
    *ret_stage = (struct approval_stage){ names, (uint32_t)count, (uint32_t)needed, within_ms };
    return ERR_OK;
}

enum err hold_stages_from_json(
    struct arena *arena, str json, struct approval_stage **ret_stages, uint32_t *ret_count)
{
    CLEANUP(tree_release)
    json_t *tree = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    size_t count = json_array_size(tree);
    if (!json_is_array(tree) || count > UINT32_MAX)
        return ERR_JSON;
    struct approval_stage *stages = ARENA_ARRAY(arena, struct approval_stage, count);
    if (stages == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        TRY(stage_from_tree(arena, json_array_get(tree, i), &stages[i]));
    *ret_stages = stages;
    *ret_count = (uint32_t)count;
    return ERR_OK;
}
