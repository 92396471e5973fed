/* parse.h - text to tree. */
#pragma once

#include "ast.h"
#include "base/err.h"

#include <setjmp.h>

/* After a mistake: what the parser gave up, and so where the token feed goes on. */
enum skip {
    SKIP_NONE,
    SKIP_ITEM,    /* at the next item */
    SKIP_MAPPING, /* of a source: at the next line */
    SKIP_CLAUSE,  /* of a rule: at `then`, `unless`, ... */
    SKIP_IF,      /* at `then` */
    SKIP_STEP,    /* at `;` or `}` */
    SKIP_CHECK,   /* of a test or of defaults: at `;` or `}` */
};

struct feed;

/* Everything one parse reads and writes; the generated code has no globals. */
struct parse {
    const struct sources *sources;
    uint32_t file; /* which of them */
    struct arena *arena;
    struct diag_list *diags;
    struct tree *tree; /* set by parse_source; what could be read of the file */

    /* private to the lexer and the grammar's actions */
    jmp_buf out_of_memory;
    struct arena
        *scanning; /* the scanner's own, with a copy of the text: gone when the parse is over */
    struct feed *feed;
    struct item *last_item;
    struct comment *last_comment;
    enum skip skip;
    bool
        has_stopped; /* nested too deep, or no way past a mistake: the rest of the file is not read */
    bool is_open;    /* inside of ( [ or { */
    span open_at;    /* the innermost of them */
    span previous_at;    /* the token before the newest one */
    uint32_t mistakes;   /* of syntax, told or not, since the last item */
    uint32_t broken_end; /* of the last text that made no token: what follows makes little sense */
};

/* Parse one file. Mistakes in the text go to `diags` and are no failure of this
 * function (check diags->error_count); after one the parser goes on at the next item, so
 * that a file with ten mistakes reports ten. ERR_MEMORY. */
MUST_CHECK enum err parse_source(struct parse *parse);
