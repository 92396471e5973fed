/* rule_tree.h - rules as a commit of git has them: files that are read from no disk.
 *
 * A path of `rules` is called as it is on disk, and what is below it as it would be there. Files of
 * the same commit beside it are reached by `../`; nothing else is. Links and submodules below it
 * are refused: what they lead to is not in the commit.
 */
#pragma once

#include "source.h"

#include "base/sha256.h"

enum { COMMIT_SIZE = 65 };

struct rule_tree {
    struct source_reader reader; /* first */
    struct arena arena;
    struct rule_mount *mounts; /* a path of `rules` each */
    size_t count;
};

/* Zero it; rule_tree_release. */

/* Ask git what `ref` is in the repositories that the NULL-terminated `paths` are in. What is wrong
 * with that is a sentence in *ret_missing. ERR_MEMORY. */
MUST_CHECK enum err rule_tree_find(
    struct rule_tree *tree, const char *const *paths, str ref, const char **ret_missing);
/* Read which files the commits have. As rule_tree_find. */
MUST_CHECK enum err rule_tree_list(struct rule_tree *tree, const char **ret_missing);
void rule_tree_release(struct rule_tree *tree);

/* Add the commits to a hash, or to a text: "main = 0123..". */
void rule_tree_mark(const struct rule_tree *tree, struct sha256 *sha256);
void rule_tree_tell(const struct rule_tree *tree, str ref, struct buf *out);

/* The .cdr files below the paths, sorted, with their texts, which live in the arena. NULL at the end.
 * As rule_tree_find. */
struct rule_blob {
    str file;
    str text;
};
MUST_CHECK enum err rule_tree_read(struct rule_tree *tree, struct arena *arena,
    struct rule_blob **ret_blobs, size_t *ret_count, const char **ret_missing);
