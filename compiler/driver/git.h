/* git.h - git, asked about the rules that it keeps.
 *
 * The program is found by PATH and given fixed arguments, never a shell. What could make it do
 * something else is gone from its environment (GIT_*), it asks nobody for a password, fetches
 * nothing, and has an end (GIT_WAIT_MS). What the user has configured, safe.directory too, holds.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum { GIT_WAIT_MS = 30 * 1000, GIT_ARGUMENTS_MAX = 64 };

/* How one call ended. */
struct git_answer {
    struct buf out;   /* its limit is the caller's */
    struct buf error; /* what it said, its end cut off */
    int code;         /* its exit code; -1: it did not end by itself */
};

#define GIT_ANSWER(limit_bytes)                                                                    \
    {                                                                                              \
        .out = BUF_INIT(limit_bytes), .error = BUF_INIT(16 * 1024)                                 \
    }

/* Run `git -C folder ARGUMENT ..` (NULL-terminated) with `input` on its standard input. With
 * `is_quiet` no hook and no monitor of the repository is run; else hooks are, and the environment may
 * say who an author is. ERR_NOT_FOUND: there is no git;
 * ERR_TIMEOUT: it was ended; ERR_LIMIT: it said more than answer->out takes; ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err git_run(const char *folder, bool is_quiet, const char *const *arguments,
    str input, struct git_answer *answer);
void git_answer_release(struct git_answer *answer);
/* Why a call failed: what git said first, else `err` in words; in `arena` or static. */
const char *git_reason(const struct git_answer *answer, enum err err, struct arena *arena);
