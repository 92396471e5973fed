/* uses.h - the files that rule files name: `use "path"`, `list x : T from "path"`.
 *
 * A path is relative to the file that says it; for standard input, to the current directory.
 * A file is read once, however often and under whatever names it is reached, also when the
 * command line names it too. What cannot be read is a diagnostic at the path.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

struct compilation;

/* Finds a source by its name and by its device and inode. Zero it. */
struct use_index {
    uint32_t *slots; /* open addressing; 0: empty */
    uint32_t room;   /* a power of two, or 0 */
    uint32_t count;
    uint32_t seen; /* how many sources are in it */

    uint32_t used_files; /* what was read for the sake of a path, against the limits */
    size_t used_bytes;
    uint32_t faults;
};

/* Add the files that the items of a tree name to the sources, and link the items to them.
 * Only ERR_MEMORY. */
MUST_CHECK enum err uses_follow(struct compilation *compilation, struct tree *tree);

/* Link the texts that a program kept as they were linked then. Only ERR_MEMORY. */
MUST_CHECK enum err uses_keep(
    struct compilation *compilation, const struct program_text *texts, uint32_t count);

/* The way from the directory of one file to another file, as `use` wants it: in the arena;
 * empty when there is no plain one or memory is short. */
str uses_way(struct arena *arena, str from, str to);
