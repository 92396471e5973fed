/* source.c - the files of one compilation: their bytes and line tables. */
#include "source.h"

#include "base/buf.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
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

static size_t bytes_max(bool is_list)
{
    return is_list ? LIST_FILE_BYTES_MAX : SOURCE_BYTES_MAX;
}

static enum err add(struct sources *sources, struct source source, uint32_t *ret_file)
{
    if (source.text.len > bytes_max(source.is_list))
        return ERR_LIMIT;
    TRY(make_room(sources));

    if (str_startswith(source.text, STR("\xEF\xBB\xBF")))
        source.text = str_skip(source.text, 3);
    source.line_starts = line_table(sources->arena, source.text, &source.line_count);
    if (source.line_starts == NULL)
        return ERR_MEMORY;
    sources->items[sources->count] = source;
    *ret_file = sources->count++;
    return ERR_OK;
}

enum err sources_add(
    struct sources *sources, str file, str text, bool is_shipped, uint32_t *ret_file)
{
    return add(
        sources, (struct source){ .file = file, .text = text, .is_shipped = is_shipped }, ret_file);
}

enum err sources_add_list(struct sources *sources, str file, str text, uint32_t *ret_file)
{
    return add(sources, (struct source){ .file = file, .text = text, .is_list = true }, ret_file);
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

/* Half of the old text and half of the new one is neither: a file that changes while it is
 * read is not used. What replaces the file by another one (rename) does no harm. */
static bool has_changed(const struct stat *before, const struct stat *after, size_t read)
{
    return S_ISREG(before->st_mode)
           && (before->st_size != after->st_size || (size_t)after->st_size != read
               || before->st_mtim.tv_sec != after->st_mtim.tv_sec
               || before->st_mtim.tv_nsec != after->st_mtim.tv_nsec);
}

static enum err read_whole(int fd, struct buf *text, struct stat *ret_found)
{
    struct stat after;
    if (fstat(fd, ret_found) != 0)
        return ERR_IO;
    TRY(read_all(fd, text));
    if (fstat(fd, &after) != 0)
        return ERR_IO;
    if (!has_changed(ret_found, &after, text->len))
        return ERR_OK;
    errno = ESTALE;
    return ERR_IO;
}

enum err sources_read_fd(
    struct sources *sources, str file, int fd, bool is_list, uint32_t *ret_file)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(bytes_max(is_list));
    struct stat found;
    TRY(read_whole(fd, &text, &found));
    struct source source = { .file = file,
        .text = arena_copy(sources->arena, buf_str(&text)),
        .is_list = is_list,
        .has_identity = S_ISREG(found.st_mode),
        .device = found.st_dev,
        .inode = found.st_ino };
    if (source.text.ptr == NULL)
        return ERR_MEMORY;
    return add(sources, source, ret_file);
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
    enum err err = sources_read_fd(sources, name, fd, false, ret_file);
    int saved = errno;
    if (!is_stdin)
        (void)close(fd);
    errno = saved;
    return err;
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
