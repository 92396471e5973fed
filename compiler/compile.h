/* compile.h - the pipeline on one page: files to a verified program. */
#pragma once

#include "ast.h"
#include "bytecode.h"
#include "uses.h"
#include "visible.h"

struct probes;

/* A compilation owns everything made on the way. Zero it, add files, compile, release. */
struct compilation {
    struct arena arena;
    struct sources sources;
    struct diag_list diags;
    struct tree **trees; /* by file; shipped sources first. That of a list's file is empty */
    uint32_t tree_count;
    bool wants_probes;           /* set before compile_program: make `probes` too */
    const struct probes *probes; /* by rule of the program; NULL without */
    bool opens_fixtures;    /* set before compile_program: the alert files that tests name must be
                          * readable. Rules run and are resumed without them */
    struct visible visible; /* the checker's: which file sees what of which other */
    struct use_index index; /* of the sources, by name and by what they are */
    bool is_closed;         /* no file is opened: what is used must have been added */
    const struct program *program; /* NULL when there were errors */
    int64_t now_ms;                /* for what is said of dates that have passed; 0: nothing is */
};

/* Ready for compile_file and compile_text; the shipped sources are in. ERR_MEMORY. */
MUST_CHECK enum err compile_begin(struct compilation *compilation);
/* Add a file by name, or a text under a name. Errors as sources_read and sources_add. */
MUST_CHECK enum err compile_file(struct compilation *compilation, str file);
MUST_CHECK enum err compile_text(struct compilation *compilation, str file, str text);
/* Add the texts that a program kept (those that are not shipped), with what they use; all
 * borrowed. The compilation is closed from then on. Errors as sources_add. */
MUST_CHECK enum err compile_kept(
    struct compilation *compilation, const struct program_text *texts, uint32_t count);
/* Read what the files use, parse, check, emit, verify. Mistakes go to `diags`; with any error `program` stays NULL
 * and the result is still ERR_OK. ERR_MEMORY; ERR_BYTECODE is a fault of ours. */
MUST_CHECK enum err compile_program(struct compilation *compilation);
/* Free everything, the program too. Safe on a zeroed compilation. */
void compile_release(struct compilation *compilation);
