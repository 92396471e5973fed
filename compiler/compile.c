/* compile.c - the pipeline: files to a verified program. */
#include "compile.h"

#include "check.h"
#include "emit.h"
#include "parse.h"
#include "registry.h"

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

static enum err parse_all(struct compilation *compilation)
{
    compilation->trees =
        ARENA_ARRAY(&compilation->arena, struct tree *, compilation->sources.count + 1);
    if (compilation->trees == NULL)
        return ERR_MEMORY;
    for (uint32_t file = 0; file < compilation->sources.count; file++) {
        struct parse parse = { .sources = &compilation->sources,
            .file = file,
            .arena = &compilation->arena,
            .diags = &compilation->diags };
        TRY(parse_source(&parse));
        compilation->trees[compilation->tree_count++] = parse.tree;
    }
    return ERR_OK;
}

enum err compile_program(struct compilation *compilation)
{
    const struct program *program;
    uint32_t at;
    TRY(parse_all(compilation));
    TRY(check_program(compilation));
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
