/* open_runs.c - see open_runs.h. */
#include "driver/open_runs.h"

#include "driver/program_texts.h"

#include <inttypes.h>
#include <stddef.h>

const struct rule_code *open_run_rule(const struct program *program, const struct run *run)
{
    for (uint32_t i = 0; i < program->rule_count; i++)
        if (str_equal(program->rules[i].name, run->rule)
            && str_equal(program->rules[i].id, run->rule_id))
            return &program->rules[i];
    return NULL;
}

enum err open_runs_compile(
    struct store *store, str hash, struct compilation *compilation, const char **ret_why)
{
    *ret_why = NULL;
    enum err err = program_texts_compile(store, hash, compilation);
    if (err == ERR_DIVERGED || err == ERR_JSON || err == ERR_NOT_FOUND) {
        *ret_why = "its rules compile to another program in this build";
        return ERR_OK;
    }
    TRY(err);
    if (compilation->program->unenforced_count > 0)
        *ret_why = "its rules have clauses that this build does not enforce";
    return ERR_OK;
}

enum err open_run_compile(struct store *store, const struct run *run,
    struct compilation *compilation, const char **ret_why)
{
    TRY(open_runs_compile(store, run->program_hash, compilation, ret_why));
    if (*ret_why == NULL && open_run_rule(compilation->program, run) == NULL)
        *ret_why = "its rule means something else in this build";
    return ERR_OK;
}

static enum err refuse(struct open_runs_guard *self, const struct run *run, const char *why)
{
    self->reason = arena_format(self->arena,
        "run %" PRId64 " (rule %.*s, alert %.*s) is open, and this build cannot go on with it: %s. "
        "The journal is of an older cdr and was left as it is: finish the run with the build of "
        "cdr that began it, or take it back: cdr undo %" PRId64
        " --data %s, which brings the journal up to date",
        run->id, STR_ARG(run->rule), STR_ARG(run->alert), why, run->id, self->directory);
    return self->reason == NULL ? ERR_MEMORY : ERR_NEEDED;
}

enum err open_runs_may_migrate(struct store_guard *guard, struct store *store)
{
    struct open_runs_guard *self =
        (struct open_runs_guard *)(void *)((char *)guard - offsetof(struct open_runs_guard, guard));
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct run *runs = NULL;
    size_t count = 0;
    TRY(store_open_runs(store, &arena, &runs, &count));
    for (size_t i = 0; i < count; i++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        const char *why;
        TRY(open_run_compile(store, &runs[i], &compilation, &why));
        if (why != NULL)
            return refuse(self, &runs[i], why);
    }
    return ERR_OK;
}
