/* program_texts.h - the rules of a run, kept in the journal and compiled again. */
#pragma once

#include "compile.h"
#include "driver/session.h"

/* Keep the texts of `program` under its hash. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err program_texts_put(struct store *store, const struct program *program);

/* Whether they may say how a provider is reached: there is no compiling them for that otherwise.
 * ERR_NOT_FOUND, ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err program_texts_connect(struct store *store, str hash, bool *ret_is_said);

/* Compile the texts kept under `hash`. ERR_DIVERGED: they compile to another program, or to
 * none: this is another build of cdr. ERR_NOT_FOUND, ERR_JSON, ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err program_texts_compile(
    struct store *store, str hash, struct compilation *compilation);
