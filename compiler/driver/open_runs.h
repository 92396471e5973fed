/* open_runs.h - whether this build can go on with a run that another one began. */
#pragma once

#include "compile.h"
#include "store/store.h"

/* The rule of `run` in the program that was compiled again, by name and meaning, or NULL. */
const struct rule_code *open_run_rule(const struct program *program, const struct run *run);

/* Compile the program kept under `hash` again. *ret_why and errors as of open_run_compile. */
MUST_CHECK enum err open_runs_compile(
    struct store *store, str hash, struct compilation *compilation, const char **ret_why);

/* Compile the program of `run` again and look its rule up, with what `compilation` (zeroed,
 * released by the caller) then holds. *ret_why is NULL, or says in words why this build cannot go
 * on with the run. ERR_STORE, ERR_MEMORY and other failures of the host. */
MUST_CHECK enum err open_run_compile(struct store *store, const struct run *run,
    struct compilation *compilation, const char **ret_why);

/* For store_open_guarded: an older journal stays as it is while it has an open run that this
 * build cannot go on with, because no other build could after it. */
struct open_runs_guard {
    struct store_guard guard; /* set: .may_migrate = open_runs_may_migrate */
    const char *directory;
    struct arena *arena;
    const char *reason; /* set when it refused: a sentence */
};

/* ERR_NEEDED: it refused. Else as open_run_compile. */
MUST_CHECK enum err open_runs_may_migrate(struct store_guard *guard, struct store *store);
