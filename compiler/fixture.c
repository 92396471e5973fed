/* fixture.c - see fixture.h. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024 };

str fixture_path(struct arena *arena, str file, str name)
{
    size_t slash = str_find_last(file, '/');
    bool is_beside = slash < file.len && !str_startswith(name, STR("/"));
    str folder = is_beside ? str_first(file, slash + 1) : STR("");
    const char *path = arena_format(arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(name));
    return path == NULL ? (str){ NULL, 0 } : str_from(path);
}

static enum err read_all(int fd, struct buf *text)
{
    char bytes[READ_BYTES];
    for (;;) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got == 0)
            return ERR_OK;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        buf_add(text, (str){ bytes, (size_t)got });
        if (text->err != ERR_OK)
            return text->err;
    }
}

/* A pipe would be waited for, and a device has no end. */
static enum err refuse_special(int fd)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return ERR_IO;
    if (S_ISREG(found.st_mode))
        return ERR_OK;
    errno = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
    return ERR_IO;
}

/* *ret_is_on_disk: the reader has nothing to say of it. */
static enum err ask(const struct sources *sources, str from, const char *path, struct buf *text,
    bool *ret_is_on_disk)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct source_reader *reader = sources->reader;
    str file = STR("");
    if (reader != NULL)
        TRY(reader->find(reader, from, str_from(path), &arena, &file));
    *ret_is_on_disk = file.len == 0;
    return *ret_is_on_disk || text == NULL ? ERR_OK : reader->read(reader, file, text);
}

enum err fixture_read(const struct sources *sources, str from, const char *path, struct buf *text)
{
    bool is_on_disk;
    TRY(ask(sources, from, path, text, &is_on_disk));
    if (!is_on_disk)
        return ERR_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ERR_IO;
    enum err err = refuse_special(fd);
    if (err == ERR_OK && text != NULL)
        err = read_all(fd, text);
    int number = errno;
    close(fd);
    errno = number;
    return err;
}

const char *fixture_reason(enum err err, int number)
{
    if (err != ERR_IO)
        return err == ERR_LIMIT ? "it is larger than a test's file may be" : err_text(err);
    return number == EINVAL  ? "it is no regular file"
           : number == EXDEV ? "it is not in the tree of git"
                             : strerror(number);
}
