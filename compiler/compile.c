/* compile.c - the pipeline: files to a verified program. */
#include "compile.h"

#include "check.h"
#include "emit.h"
#include "parse.h"
#include "registry.h"
#include "syntax.h"

enum err compile_begin(struct compilation *compilation)
{
    compilation->arena.limit = COMPILE_BYTES_MAX;
    compilation->sources.arena = &compilation->arena;
    compilation->diags.arena = &compilation->arena;
    for (size_t at = 0; shipped_source_at(at).file != NULL; at++) {
        struct shipped_source shipped = shipped_source_at(at);
        uint32_t file;
        TRY(sources_add(&compilation->sources, str_from(shipped.file), shipped.text, true, &file));
    }
    return ERR_OK;
}

enum err compile_file(struct compilation *compilation, str file)
{
    uint32_t index;
    return sources_read(&compilation->sources, file, &index);
}

enum err compile_text(struct compilation *compilation, str file, str text)
{
    uint32_t index;
    return sources_add(&compilation->sources, file, text, false, &index);
}

enum err compile_kept(
    struct compilation *compilation, const struct program_text *texts, uint32_t count)
{
    uint32_t file;
    compilation->is_closed = true;
    for (uint32_t at = 0; at < count; at++) {
        if (texts[at].is_shipped)
            continue; /* this build has its own */
        if (texts[at].is_list)
            TRY(sources_add_list(&compilation->sources, texts[at].file, texts[at].text, &file));
        else
            TRY(sources_add(&compilation->sources, texts[at].file, texts[at].text, false, &file));
    }
    return uses_keep(compilation, texts, count);
}

static enum err make_room(struct compilation *compilation, uint32_t *room)
{
    if (compilation->tree_count < *room)
        return ERR_OK;
    uint32_t bigger = *room == 0 ? compilation->sources.count + 1 : *room * 2;
    struct tree **trees = ARENA_ARRAY(&compilation->arena, struct tree *, bigger);
    if (trees == NULL)
        return ERR_MEMORY;
    if (compilation->tree_count > 0)
        memcpy(trees, compilation->trees, compilation->tree_count * sizeof(struct tree *));
    compilation->trees = trees;
    *room = bigger;
    return ERR_OK;
}

/* The tree of one file, and behind the last source what it uses. */
static enum err parse_file(struct compilation *compilation, uint32_t file, struct tree **ret_tree)
{
    struct parse parse = { .sources = &compilation->sources,
        .file = file,
        .arena = &compilation->arena,
        .diags = &compilation->diags };
    if (compilation->sources.items[file]
            .is_list) { /* the checker reads it, when it knows the type */
        *ret_tree = ARENA_NEW(&compilation->arena, struct tree);
        if (*ret_tree == NULL)
            return ERR_MEMORY;
        (*ret_tree)->file = file;
        compilation->sources.items[file].is_unreadable = !syntax_check_text(&parse);
        if (!compilation->sources.items[file].is_unreadable)
            syntax_check_words(&parse, 0, compilation->sources.items[file].text);
        return ERR_OK;
    }
    TRY(parse_source(&parse));
    *ret_tree = parse.tree;
    return uses_follow(compilation, parse.tree);
}

static enum err parse_all(struct compilation *compilation)
{
    uint32_t room = 0;
    for (uint32_t file = 0; file < compilation->sources.count; file++) {
        TRY(make_room(compilation, &room));
        TRY(parse_file(compilation, file, &compilation->trees[file]));
        compilation->tree_count++;
    }
    return ERR_OK;
}

enum err compile_program(struct compilation *compilation)
{
    const struct program *program;
    uint32_t at;
    TRY(parse_all(compilation));
    TRY(check_program(compilation));
    diag_hide(&compilation->diags, &compilation->sources);
    diag_sort(&compilation->diags);
    if (compilation->diags.error_count > 0)
        return ERR_OK;
    TRY(emit_program(compilation, &program));
    TRY(program_verify(program, &at));
    compilation->program = program;
    return ERR_OK;
}

void compile_release(struct compilation *compilation)
{
    arena_release(&compilation->arena);
    *compilation = (struct compilation){ 0 };
}
