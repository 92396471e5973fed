/* parsed.h - one text, parsed, for the tests of the front. */
#pragma once

#include "base/buf.h"
#include "base/limits.h"
#include "diag_print.h"
#include "fmt.h"
#include "parse.h"

struct parsed {
    struct arena arena;
    struct sources sources;
    struct diag_list diags;
    struct parse parse;
    enum err err;
};

static inline void parsed_release(struct parsed *parsed)
{
    arena_release(&parsed->arena);
}

/* `text` is borrowed. The object must not move afterwards. */
static inline void parse_text(struct parsed *parsed, str text)
{
    *parsed = (struct parsed){ .arena = ARENA_INIT(COMPILE_BYTES_MAX) };
    parsed->sources.arena = &parsed->arena;
    parsed->diags.arena = &parsed->arena;
    parsed->parse.sources = &parsed->sources;
    parsed->parse.arena = &parsed->arena;
    parsed->parse.diags = &parsed->diags;
    parsed->err = sources_add(&parsed->sources, STR("test.cdr"), text, false, &parsed->parse.file);
    if (parsed->err == ERR_OK)
        parsed->err = parse_source(&parsed->parse);
    diag_sort(&parsed->diags);
}

/* The code of the n-th diagnostic in file order, or "" when there are fewer. */
static inline const char *code_of(const struct parsed *parsed, int n)
{
    const struct diag *diag = parsed->diags.first;
    for (; diag != NULL && n > 0; n--)
        diag = diag->next;
    return diag == NULL ? "" : diag_code(diag->id);
}
