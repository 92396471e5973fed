/* parse.h - text to tree. */
#pragma once

#include "ast.h"
#include "base/err.h"

#include <setjmp.h>

/* Everything one parse reads and writes; the generated code has no globals. */
struct parse {
    const struct sources *sources;
    uint32_t file; /* which of them */
    struct arena *arena;
    struct diag_list *diags;
    struct tree *tree; /* set by parse_source; what could be read of the file */
    /* private to the lexer and the grammar's actions */
    jmp_buf out_of_memory;
    struct comment *last_comment;
    uint32_t depth;
};

/* Parse one file. Mistakes in the text go to `diags` and are no failure of this
 * function (check diags->error_count); after one the parser goes on at the next item, so
 * that a file with ten mistakes reports ten. ERR_MEMORY. */
MUST_CHECK enum err parse_source(struct parse *parse);
