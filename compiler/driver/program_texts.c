/* program_texts.c - see program_texts.h. */
#include "driver/program_texts.h"

#include "driver/json_out.h"

enum err program_texts_put(struct store *store, const struct program *program)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(COMPILE_BYTES_MAX);
    json_t *texts = json_array();
    for (uint32_t i = 0; i < program->text_count; i++) {
        const struct program_text *at = &program->texts[i];
        json_t *json = json_object();
        json_put(&json, "file", json_from_str(at->file));
        json_put(&json, "text", json_from_str(at->text));
        json_put(&json, "shipped", json_boolean(at->is_shipped));
        json_append(&texts, json);
    }
    enum err err = json_add_line(&text, texts);
    json_decref(texts);
    TRY(err);
    return store_program_put(store, program->hash, buf_str(&text));
}

/* Add the text of one element, unless this build ships it itself. The compilation keeps
 * a copy: the JSON is gone before it is. */
static enum err add_text(struct compilation *compilation, const json_t *json)
{
    const json_t *file = json_object_get(json, "file");
    const json_t *text = json_object_get(json, "text");
    if (!json_is_string(file) || !json_is_string(text))
        return ERR_JSON;
    if (json_is_true(json_object_get(json, "shipped")))
        return ERR_OK;
    str name =
        arena_copy(&compilation->arena, (str){ json_string_value(file), json_string_length(file) });
    str copy =
        arena_copy(&compilation->arena, (str){ json_string_value(text), json_string_length(text) });
    if (name.ptr == NULL || copy.ptr == NULL)
        return ERR_MEMORY;
    return compile_text(compilation, name, copy);
}

static enum err add_texts(struct compilation *compilation, const json_t *texts)
{
    size_t index;
    json_t *json;
    if (!json_is_array(texts))
        return ERR_JSON;
    json_array_foreach(texts, index, json)
    {
        TRY(add_text(compilation, json));
    }
    return ERR_OK;
}

enum err program_texts_compile(struct store *store, str hash, struct compilation *compilation)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    str kept;
    TRY(store_program_get(store, hash, &arena, &kept));
    TRY(compile_begin(compilation));
    json_t *texts = json_loadb(kept.ptr, kept.len, JSON_ALLOW_NUL, NULL);
    enum err err = add_texts(compilation, texts);
    json_decref(texts);
    TRY(err);
    TRY(compile_program(compilation));
    return compilation->program != NULL && str_equal(compilation->program->hash, hash)
               ? ERR_OK
               : ERR_DIVERGED;
}
