/* source.h - the files of one compilation: their bytes and line tables. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>
#include <sys/types.h>

/* Bytes [start, end) of file `file` of the compilation. Lines and columns are worked
 * out when a message is printed, so nodes stay small and edits cannot make them disagree. */
typedef struct {
    uint32_t start;
    uint32_t end;
    uint32_t file;
} span;

static inline span span_join(span first, span last)
{
    return (span){ first.start, last.end, first.file };
}

/* One file that another one names, in `use` or in a list. */
struct source_link {
    struct source_link *next;
    str path;      /* as written */
    span at;       /* of the path; no place for one that came out of a journal */
    uint32_t file; /* which source it is */
};

struct source {
    str file;                    /* as the user named it; "-" is standard input */
    str text;                    /* UTF-8 after source_check; a byte order mark is cut off */
    const uint32_t *line_starts; /* offset of the first byte of each line */
    uint32_t line_count;
    bool is_shipped;    /* part of the binary */
    bool is_list;       /* the values of a list; it declares nothing */
    bool is_unreadable; /* a list's: no text, or one that hides something; that is told */
    bool has_identity;
    dev_t device; /* with `inode`, of a file: which one it is, whatever it is called */
    ino_t inode;

    /* filled by uses.h */
    struct source_link *links; /* in source order */
    struct source_link *last_link;
    uint32_t depth; /* of the chain of `use` that first led here; 0: it was given */
    bool
        is_outside; /* nothing of its text is shown: it is in neither the folder of a rule file that
                        * was given, nor the current one */
    bool misses_files; /* one that it uses could not be read, so names may be missing */
};

/* Where the files are that rules name, when it is not on disk. */
struct source_reader {
    /* What the file is called there that `name` means, which the file `from` says; empty: it is on
     * disk. ERR_IO: errno says why not (EXDEV: it is elsewhere). ERR_MEMORY. */
    enum err (*find)(
        struct source_reader *reader, str from, str name, struct arena *arena, str *ret_file);
    /* Append the text of a file, as `find` called it. ERR_IO (errno), ERR_LIMIT, ERR_MEMORY. */
    enum err (*read)(struct source_reader *reader, str file, struct buf *text);
};

struct sources {
    struct source_reader *reader; /* borrowed; NULL: all is on disk */
    struct arena *arena;          /* borrowed; everything lives here */
    struct source *items;
    uint32_t count;
    uint32_t room;
};

/* Add a file whose text is at hand; borrowed. ERR_LIMIT past SOURCE_BYTES_MAX, ERR_MEMORY. */
MUST_CHECK enum err sources_add(
    struct sources *sources, str file, str text, bool is_shipped, uint32_t *ret_file);
/* Add the file of a list; the same, and ERR_LIMIT past LIST_FILE_BYTES_MAX. */
MUST_CHECK enum err sources_add_list(
    struct sources *sources, str file, str text, uint32_t *ret_file);
/* Read a file ("-": standard input) and add it, once and as a whole. ERR_IO (errno says why;
 * ESTALE: it changed while it was read), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err sources_read(struct sources *sources, str file, uint32_t *ret_file);
/* The same for an open file, which stays open. `file` is borrowed. */
MUST_CHECK enum err sources_read_fd(
    struct sources *sources, str file, int fd, bool is_list, uint32_t *ret_file);

struct place {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in code points */
};

/* Where byte `offset` of the file is. */
struct place source_place(const struct source *source, uint32_t offset);
/* Line `line` (from 1) without its newline. */
str source_line(const struct source *source, uint32_t line);
/* The text under a span. */
str sources_text(const struct sources *sources, span at);
