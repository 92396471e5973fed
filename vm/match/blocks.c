/* blocks.c - see blocks.h. */
#include "match/blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void blocks_open_fd(struct blocks *blocks, int fd)
{
    *blocks = (struct blocks){ .fd = fd };
}

enum err blocks_open(struct blocks *blocks, const char *name)
{
    blocks_open_fd(blocks, STDIN_FILENO);
    if (str_is(STR("-"), name))
        return ERR_OK;
    blocks->fd = open(name, O_RDONLY | O_CLOEXEC);
    blocks->is_owned = blocks->fd >= 0;
    blocks->is_over = blocks->fd < 0;
    return blocks->is_over ? ERR_IO : ERR_OK;
}

enum err blocks_make_stoppable(struct blocks *blocks)
{
    blocks->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    blocks->is_stoppable = blocks->stop_fd >= 0;
    return blocks->is_stoppable ? ERR_OK : ERR_IO;
}

void blocks_stop(const struct blocks *blocks)
{
    /* It fails only where it was said 2^64 times before. */
    if (blocks->is_stoppable)
        (void)eventfd_write(blocks->stop_fd, 1);
}

/* Wait until there is something to read; whether somebody stopped it instead. */
static bool is_stopped(const struct blocks *blocks)
{
    struct pollfd waited[] = { { .fd = blocks->stop_fd, .events = POLLIN },
        { .fd = blocks->fd, .events = POLLIN } };
    if (!blocks->is_stoppable)
        return false;
    while (poll(waited, 2, -1) < 0 && errno == EINTR)
        ;
    return waited[0].revents != 0;
}

/* read() that waits where a descriptor does not, and goes on after a signal. At the end *ret_bytes
 * is 0, and so it stays. */
static enum err read_some(struct blocks *blocks, char *to, size_t room, size_t *ret_bytes)
{
    struct pollfd waited = { .fd = blocks->fd, .events = POLLIN };
    *ret_bytes = 0;
    while (!blocks->is_over) {
        blocks->is_over = is_stopped(blocks);
        if (blocks->is_over)
            return ERR_OK;
        ssize_t bytes = read(blocks->fd, to, room);
        if (bytes >= 0) {
            *ret_bytes = (size_t)bytes;
            blocks->is_over = bytes == 0;
            return ERR_OK;
        }
        bool waits = errno == EAGAIN; /* which EWOULDBLOCK is, too */
        blocks->is_over =
            errno != EINTR && !(waits && (poll(&waited, 1, -1) > 0 || errno == EINTR));
        if (blocks->is_over)
            return ERR_IO;
    }
    return ERR_OK;
}

static enum err make_room(char **memory, size_t *room, size_t wanted)
{
    if (*room >= wanted)
        return ERR_OK;
    char *grown = realloc(*memory, wanted);
    if (grown == NULL)
        return ERR_MEMORY;
    *memory = grown;
    *room = wanted;
    return ERR_OK;
}

/* Keep what follows the last whole line for the next block. */
static enum err keep_tail(struct blocks *blocks, str tail)
{
    TRY(make_room(&blocks->tail, &blocks->tail_room, tail.len));
    if (tail.len > 0)
        memcpy(blocks->tail, tail.ptr, tail.len);
    blocks->tail_bytes = tail.len;
    return ERR_OK;
}

/* Put the tail into the block, and behind it what is read until a line ends. *ret_filled are
 * all its bytes, *ret_lines those of its whole lines; all, when the stream or its patience ends. */
static enum err fill(
    struct blocks *blocks, struct block *block, size_t *ret_filled, size_t *ret_lines)
{
    size_t filled = blocks->tail_bytes; /* none of them ends a line */
    TRY(make_room(&block->memory, &block->room, filled + BLOCK_BYTES));
    if (filled > 0)
        memcpy(block->memory, blocks->tail, filled);
    blocks->tail_bytes = 0;
    while (filled <= BLOCK_LINE_MAX) {
        size_t bytes;
        if (filled == block->room)
            TRY(make_room(&block->memory, &block->room, filled * 2));
        TRY(read_some(blocks, block->memory + filled, block->room - filled, &bytes));
        size_t end = str_find_last((str){ block->memory + filled, bytes }, '\n');
        *ret_filled = *ret_lines = filled + bytes;
        if (bytes == 0)
            return ERR_OK;
        if (end < bytes) {
            *ret_lines = filled + end + 1;
            return ERR_OK;
        }
        filled += bytes;
    }
    block->is_unfinished = true;
    return ERR_OK;
}

enum err blocks_next(struct blocks *blocks, struct block *block, bool *ret_more)
{
    const str byte_order_mark = STR("\xEF\xBB\xBF");
    size_t filled = 0;
    size_t lines = 0;
    *ret_more = false;
    block->text = STR("");
    block->is_unfinished = false;
    enum err err = fill(blocks, block, &filled, &lines);
    if (err == ERR_OK)
        err = keep_tail(blocks, (str){ block->memory + lines, filled - lines });
    if (err != ERR_OK) {
        blocks->is_over = true;
        blocks->tail_bytes = 0;
        return err;
    }
    block->text = (str){ block->memory, lines };
    if (blocks->offset == 0 && str_startswith(block->text, byte_order_mark))
        block->text = str_skip(block->text, byte_order_mark.len);
    block->number = blocks->number;
    block->offset = blocks->offset + lines - block->text.len;
    blocks->offset += lines;
    *ret_more = block->text.len > 0;
    blocks->number += *ret_more;
    return ERR_OK;
}

enum err blocks_rest(struct blocks *blocks, struct buf *out)
{
    struct block block = { .number = 0 };
    bool has_more = true;
    enum err err = ERR_OK;
    while (err == ERR_OK && has_more) {
        err = blocks_next(blocks, &block, &has_more);
        buf_add(out, block.text);
        err = err == ERR_OK ? out->err : err;
    }
    block_release(&block);
    return err;
}

void blocks_close(struct blocks *blocks)
{
    if (blocks->is_owned)
        (void)close(blocks->fd);
    if (blocks->is_stoppable)
        (void)close(blocks->stop_fd);
    free(blocks->tail);
    *blocks = (struct blocks){ .fd = -1, .is_over = true };
}

void block_release(struct block *block)
{
    free(block->memory);
    *block = (struct block){ .text = STR("") };
}
