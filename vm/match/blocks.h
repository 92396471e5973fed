/* blocks.h - a stream of NDJSON as blocks of whole lines, for threads.
 *
 * Bytes are read, not mapped: a mapped file that somebody cuts shorter is a SIGBUS.
 *
 * How it is used: one `struct blocks` for the stream, one lock around blocks_next, one `struct
 * block` a thread (or a ring of them). A block's memory is its own: it is filled under the lock, then
 * worked on without it, and used again for the next one. Blocks are numbered from 0 in the order
 * of the stream, so that results can be put in order.
 *
 *     while (lock, blocks_next(&blocks, &block, &has_more), unlock, has_more)
 *         for (str rest = block.text, line; block_line(&rest, &line);)
 *             line is one alert, or where the ordinary reader has to go on
 *
 * Lines are JSON documents only as long as each line is one object: a document may be laid out
 * over lines, a file may be one array. A line that skim_read is unsure of and that projection_read
 * refuses is therefore nothing to judge here: it, the lines behind it and all later blocks are
 * text for the ordinary reader. That text is the block's from that line on, then the blocks of
 * higher numbers that were handed out (keep them until all lower ones are done), then
 * blocks_rest. Nothing is sought, so pipes are read as files are.
 *
 * Lines are not counted here, as that costs a second look at each byte: who walks through a
 * block counts its lines on the way, and who puts results in order adds them up.
 */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

#include <stdint.h>

enum {
    /* Measured on 1 GB in the page cache: 0.16 ns a byte for blocks of 32 to 512 KB with their memory
     * used again, 0.17 at 1 MB, 0.19 at 4 MB (past the second cache); the same with
     * posix_fadvise, 0.15 for maps that are populated. Larger ones are fewer turns of a lock. */
    BLOCK_BYTES = 256 * 1024,
    /* The longest line that a block grows for: an alert, and white space around it. */
    BLOCK_LINE_MAX = ALERT_BYTES_MAX + BLOCK_BYTES,
};

/* Zero it; block_release. */
struct block {
    str text;           /* whole lines with their ends, at least one; the stream's last line may
                         * have none. Valid until the block is filled again */
    uint64_t number;    /* from 0 */
    uint64_t offset;    /* of the text in the stream; a byte order mark counts */
    bool is_unfinished; /* a line longer than BLOCK_LINE_MAX: it goes on in the next block */
    /* private */
    char *memory;
    size_t room;
};

/* Private. */
struct blocks {
    int fd;
    bool is_owned; /* fd is closed by blocks_close */
    bool is_over;
    bool is_stoppable;
    int stop_fd; /* an eventfd, where it is */
    uint64_t number;
    uint64_t offset; /* of what comes next */
    char *tail;      /* read, and not handed out: the begin of a line */
    size_t tail_bytes;
    size_t tail_room;
};

/* Open a file; "-" is standard input. ERR_IO: errno says why. */
MUST_CHECK enum err blocks_open(struct blocks *blocks, const char *name);
/* Read from a descriptor, which is the caller's. */
void blocks_open_fd(struct blocks *blocks, int fd);

/* Let blocks_stop end the stream from now on. ERR_IO: errno says why there is no descriptor for it. */
MUST_CHECK enum err blocks_make_stoppable(struct blocks *blocks);
/* Whoever is in blocks_next, or comes into it, reads no more: for him the stream is at its end, also
 * where nobody writes and nobody closes. Without the lock, from any thread. */
void blocks_stop(const struct blocks *blocks);

/* Fill `block` with the next lines; *ret_more is false at the end, with an empty block. A pipe's
 * lines come as they are written. A byte order mark at the start of the stream is left out.
 * ERR_IO: errno says why; all whole lines before were given. ERR_MEMORY. After an error the
 * stream is over. */
MUST_CHECK enum err blocks_next(struct blocks *blocks, struct block *block, bool *ret_more);

/* Append everything that was not handed out yet, up to the end of the stream. ERR_IO with errno;
 * ERR_LIMIT past the limit of `out`; ERR_MEMORY. */
MUST_CHECK enum err blocks_rest(struct blocks *blocks, struct buf *out);

/* NULL parts are fine. */
void blocks_close(struct blocks *blocks);
void block_release(struct block *block);

/* Cut the next line off `*rest`, without its end (\n or \r\n); false when there is none. It may be
 * empty: an empty line, or one of white space, is no alert and no fault. */
static inline bool block_line(str *rest, str *ret_line)
{
    if (rest->len == 0)
        return false;
    size_t end = str_find(*rest, '\n');
    *ret_line = str_first(*rest, end);
    *rest = str_skip(*rest, end + 1);
    if (end > 0 && ret_line->ptr[end - 1] == '\r')
        ret_line->len--;
    return true;
}
