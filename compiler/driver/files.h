/* files.h - paths of a command line to rule files. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

struct file {
    const char *name; /* as it is to be shown; "-" is standard input */
    dev_t device;     /* with `inode`: which file it is, whatever it is called */
    ino_t inode;
};

struct files {
    struct file *items;
    size_t count;
    size_t room;
};

/* A file is itself, whatever its name; a directory is every .cdr file below it, sorted,
 * without hidden directories; what is called so and is no file that can be read (a link to
 * nowhere, a pipe, a directory) is an error. The same file given twice is there once.
 * ERR_IO: *reterr_reason says which path cannot be read and why. ERR_MEMORY. */
MUST_CHECK enum err files_add(
    struct files *files, const char *path, struct arena *arena, const char **reterr_reason);

/* Append the whole of a file, or of standard input for "-", to `text`, which has the limit.
 * ERR_IO (errno says why), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err file_read(const char *name, struct buf *text);

/* Write `text` beside the file `name` and move it there, so that a crash leaves one or the
 * other; its permissions stay. ERR_IO: errno says why. */
MUST_CHECK enum err file_replace(const char *name, str text, struct arena *arena);
