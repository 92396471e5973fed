/* program_texts.c - see program_texts.h. */
#include "driver/program_texts.h"

#include "driver/json_out.h"

static json_t *links_json(const struct program_text *text)
{
    json_t *links = json_array();
    for (uint32_t i = 0; i < text->link_count; i++) {
        json_t *json = json_object();
        json_put(&json, "path", json_from_str(text->links[i].path));
        json_put(&json, "file", json_from_str(text->links[i].file));
        json_put(&json, "list", json_boolean(text->links[i].is_list));
        json_append(&links, json);
    }
    return links;
}

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
        if (at->is_list)
            json_put(&json, "list", json_true());
        if (at->link_count > 0)
            json_put(&json, "uses", links_json(at));
        json_append(&texts, json);
    }
    enum err err = json_add_line(&text, texts);
    json_decref(texts);
    TRY(err);
    return store_program_put(store, program->hash, buf_str(&text));
}

/* A member's text as a copy in the arena: the JSON is gone before the compilation is. */
static enum err read_text(struct arena *arena, const json_t *json, const char *key, str *ret_text)
{
    const json_t *text = json_object_get(json, key);
    if (!json_is_string(text))
        return ERR_JSON;
    *ret_text = arena_copy(arena, (str){ json_string_value(text), json_string_length(text) });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err read_links(struct arena *arena, const json_t *json, struct program_text *text)
{
    size_t count = json_array_size(json);
    struct program_link *links = ARENA_ARRAY(arena, struct program_link, count + 1);
    if (links == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const json_t *link = json_array_get(json, i);
        TRY(read_text(arena, link, "path", &links[i].path));
        TRY(read_text(arena, link, "file", &links[i].file));
        links[i].is_list = json_is_true(json_object_get(link, "list"));
    }
    text->links = links;
    text->link_count = (uint32_t)count;
    return ERR_OK;
}

static enum err add_texts(struct compilation *compilation, const json_t *json)
{
    size_t count = json_array_size(json);
    struct arena *arena = &compilation->arena;
    struct program_text *texts = ARENA_ARRAY(arena, struct program_text, count + 1);
    if (!json_is_array(json))
        return ERR_JSON;
    if (texts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_array_get(json, i);
        texts[i].is_shipped = json_is_true(json_object_get(text, "shipped"));
        texts[i].is_list = json_is_true(json_object_get(text, "list"));
        TRY(read_text(arena, text, "file", &texts[i].file));
        TRY(read_text(arena, text, "text", &texts[i].text));
        TRY(read_links(arena, json_object_get(text, "uses"), &texts[i]));
    }
    return compile_kept(compilation, texts, (uint32_t)count);
}

enum err program_texts_connect(struct store *store, str hash, bool *ret_is_said)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    str kept;
    TRY(store_program_get(store, hash, &arena, &kept));
    *ret_is_said = memmem(kept.ptr, kept.len, "connection", strlen("connection")) != NULL;
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
