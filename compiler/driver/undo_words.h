/* undo_words.h - why an undo had nothing to do, in words. */
#pragma once

#include "act/undo.h"

enum { UNDO_RUNS_NAMED = 20 };

/* What it means that nothing was to be taken back of `run`, as `order` asks for it: it was taken back
 * before, and by which runs (at most UNDO_RUNS_NAMED of them), or it changed nothing. `undo` is the
 * run of this undo, 0 where none was begun. In `arena`. ERR_STORE, ERR_JSON, ERR_MEMORY. */
MUST_CHECK enum err undo_nothing_words(struct store *store, const struct run *run,
    const struct undo_order *order, int64_t undo, struct arena *arena, const char **ret_words);
