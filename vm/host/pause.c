#include "host/pause.h"

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/str.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever may not read it is paused all the same (pause_is_on): who and why are not for all. */
enum { FILE_MODE = 0600 };

const char *pause_path(const char *directory, struct arena *arena)
{
    return arena_format(arena, "%s/paused", directory);
}

bool pause_is_on(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 || errno != ENOENT;
}

/* A descriptor of nothing but a regular file: a pipe would keep us waiting. -1 otherwise. */
static int file_open(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    struct stat status;
    if (file < 0 || (fstat(file, &status) == 0 && S_ISREG(status.st_mode)))
        return file;
    close(file);
    return -1;
}

/* Read up to `size` bytes, fewer at the end of the file; -1 where it cannot be read. */
static ssize_t read_all(int file, char *bytes, size_t size)
{
    size_t filled = 0;
    while (filled < size) {
        ssize_t got = read(file, bytes + filled, size - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        filled += (size_t)got;
    }
    return (ssize_t)filled;
}

/* What the file has; empty when it cannot be read or is too long. ERR_MEMORY. */
static enum err file_read(const char *path, struct arena *arena, str *ret_text)
{
    *ret_text = STR("");
    int file = file_open(path);
    if (file < 0)
        return ERR_OK;
    char *bytes = ARENA_ARRAY(arena, char, PAUSE_BYTES_MAX + 1);
    ssize_t size = bytes == NULL ? 0 : read_all(file, bytes, PAUSE_BYTES_MAX + 1);
    close(file);
    if (bytes == NULL)
        return ERR_MEMORY;
    if (size > 0 && size <= PAUSE_BYTES_MAX)
        *ret_text = (str){ bytes, (size_t)size };
    return ERR_OK;
}

/* A member that is text, copied; empty where there is none. */
static enum err member_read(json_t *tree, const char *name, struct arena *arena, str *ret_text)
{
    const json_t *member = json_object_get(tree, name);
    *ret_text = STR("");
    if (!json_is_string(member))
        return ERR_OK;
    *ret_text = arena_copy(arena, (str){ json_string_value(member), json_string_length(member) });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static void tree_release(json_t **tree)
{
    json_decref(*tree);
}

enum err pause_read(const char *path, struct arena *arena, struct pause *ret_pause)
{
    struct pause pause = { .is_paused = pause_is_on(path), .who = STR("") };
    str text, since;
    TRY(file_read(path, arena, &text));
    /* By `touch`, or by hand: what is not understood is left out, never a reason to go on. */
    CLEANUP(tree_release)
    json_t *tree = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    TRY(member_read(tree, "who", arena, &pause.who));
    TRY(member_read(tree, "reason", arena, &pause.reason));
    TRY(member_read(tree, "since", arena, &since));
    if (!time_parse(since, &pause.since_ms))
        pause.since_ms = 0;
    *ret_pause = pause;
    return ERR_OK;
}

static bool write_all(int file, str text)
{
    while (text.len > 0) {
        ssize_t written = write(file, text.ptr, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = str_skip(text, (size_t)written);
    }
    return true;
}

/* Make the entry of the file, or that it is gone, survive a power cut. ERR_IO with errno. */
static enum err folder_sync(const char *path)
{
    str text = str_from(path);
    size_t slash = str_find_last(text, '/');
    char folder[PATH_MAX] = "./";
    if (slash + 1 >= sizeof folder) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    if (slash < text.len) {
        memcpy(folder, path, slash + 1);
        folder[slash + 1] = '\0';
    }
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return ERR_IO;
    enum err err = fsync(file) == 0 ? ERR_OK : ERR_IO;
    int error = errno;
    close(file);
    errno = error;
    return err;
}

static void pause_write(struct buf *out, const struct pause *pause)
{
    char since[TIME_TEXT_MAX];
    struct json_writer json = { .out = out };
    json_open(&json, NULL, '{');
    json_text(&json, "who", pause->who);
    json_text(&json, "since", time_format(pause->since_ms, since));
    json_text(&json, "reason", pause->reason);
    json_close(&json, '}');
    buf_add(out, STR("\n"));
}

enum err pause_set(const char *path, const struct pause *pause)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(PAUSE_BYTES_MAX);
    pause_write(&text, pause);
    /* The file first: a pause without words is still a pause. */
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (file < 0)
        return errno == EEXIST ? ERR_INVALID : ERR_IO;
    bool is_written = write_all(file, buf_str(&text)) && fsync(file) == 0;
    int error = errno;
    close(file);
    enum err err = folder_sync(path);
    if (!is_written)
        errno = error;
    return !is_written ? ERR_IO : err != ERR_OK ? err : text.err;
}

enum err pause_lift(const char *path)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return folder_sync(path);
}
