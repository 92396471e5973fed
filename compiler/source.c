/* source.c - the files of one compilation: their bytes and line tables. */
#include "source.h"

#include "base/buf.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The offset of each line's first byte; NULL when the arena is full. */
static const uint32_t *line_table(struct arena *arena, str text, uint32_t *ret_count)
{
    uint32_t count = 1;
    for (size_t at = 0; at < text.len; at++)
        count += text.ptr[at] == '\n';

    uint32_t *starts = ARENA_ARRAY(arena, uint32_t, count);
    if (starts == NULL)
        return NULL;
    uint32_t line = 1;
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] == '\n')
            starts[line++] = (uint32_t)at + 1;
    *ret_count = count;
    return starts;
}

static enum err make_room(struct sources *sources)
{
    if (sources->count < sources->room)
        return ERR_OK;
    uint32_t room = sources->room == 0 ? 16 : sources->room * 2;
    struct source *items = ARENA_ARRAY(sources->arena, struct source, room);
    if (items == NULL)
        return ERR_MEMORY;
    if (sources->count > 0)
        memcpy(items, sources->items, sources->count * sizeof *items);
    sources->items = items;
    sources->room = room;
    return ERR_OK;
}

enum err sources_add(
    struct sources *sources, str file, str text, bool is_shipped, uint32_t *ret_file)
{
    if (text.len > SOURCE_BYTES_MAX)
        return ERR_LIMIT;
    TRY(make_room(sources));

    if (str_startswith(text, STR("\xEF\xBB\xBF")))
        text = str_skip(text, 3);
    struct source source = { .file = file, .text = text, .is_shipped = is_shipped };
    source.line_starts = line_table(sources->arena, text, &source.line_count);
    if (source.line_starts == NULL)
        return ERR_MEMORY;
    sources->items[sources->count] = source;
    *ret_file = sources->count++;
    return ERR_OK;
}

/* Reading stops at the buffer's ceiling, so a file of any size costs a bounded amount. */
static enum err read_all(int fd, struct buf *text)
{
    char chunk[16 * 1024];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0)
            return ERR_OK;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        buf_add(text, (str){ chunk, (size_t)got });
        if (text->err != ERR_OK)
            return text->err;
    }
}

enum err sources_read(struct sources *sources, str file, uint32_t *ret_file)
{
    str name = arena_copy(sources->arena, file);
    if (name.ptr == NULL)
        return ERR_MEMORY;

    bool is_stdin = str_is(name, "-");
    int fd = is_stdin ? STDIN_FILENO : open(name.ptr, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    CLEANUP(buf_release) struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
    enum err err = read_all(fd, &text);
    int saved = errno;
    if (!is_stdin)
        (void)close(fd);
    errno = saved;
    TRY(err);

    str copy = arena_copy(sources->arena, buf_str(&text));
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    return sources_add(sources, name, copy, false, ret_file);
}

/* The line that byte `offset` is on, from 0. */
static uint32_t line_of(const struct source *source, uint32_t offset)
{
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct place source_place(const struct source *source, uint32_t offset)
{
    if (offset > source->text.len)
        offset = (uint32_t)source->text.len;
    uint32_t line = line_of(source, offset);
    uint32_t column = 1;
    for (uint32_t at = source->line_starts[line]; at < offset; at++)
        column += ((unsigned char)source->text.ptr[at] & 0xC0) != 0x80;
    return (struct place){ line + 1, column };
}

str source_line(const struct source *source, uint32_t line)
{
    if (line == 0 || line > source->line_count)
        return STR("");
    size_t start = source->line_starts[line - 1];
    str rest = str_skip(source->text, start);
    str text = str_first(rest, str_find(rest, '\n'));
    return str_endswith(text, STR("\r")) ? str_first(text, text.len - 1) : text;
}

str sources_text(const struct sources *sources, span at)
{
    if (at.file >= sources->count || at.end < at.start)
        return STR("");
    return str_first(str_skip(sources->items[at.file].text, at.start), at.end - at.start);
}
