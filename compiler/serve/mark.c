/* mark.c - see mark.h. */
#include "serve/mark.h"

#include "base/json_writer.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MARK_BYTES_MAX = 4096, FILE_MODE = 0600 };

/* The state of the process ('Z': it has ended, and nobody has asked how), and when it was started,
 * in ticks since the boot; 0 and 0 where the system does not tell (proc_pid_stat(5)). */
static char process_look(int64_t pid, uint64_t *ret_start)
{
    enum { STAT_BYTES = 1024, FIELDS_BETWEEN = 18 }; /* from the state, 3, to starttime, 22 */
    char path[64];
    char bytes[STAT_BYTES];
    *ret_start = 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, bytes, sizeof bytes - 1);
    if (file >= 0)
        close(file);
    if (got <= 0)
        return 0;
    bytes[got] = '\0';
    const char *at = strrchr(bytes, ')'); /* a name may have spaces and more of these */
    if (at == NULL || at[1] != ' ' || at[2] == '\0')
        return 0;
    char state = at[2];
    at += 2;
    for (int field = 0; field <= FIELDS_BETWEEN && at != NULL; field++) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    *ret_start = at == NULL ? 0 : strtoull(at, NULL, 10);
    return state;
}

static bool mark_put(const char *path, const char *made, str text)
{
    (void)unlink(made); /* of a daemon that was killed */
    int file = open(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (file < 0)
        return false;
    bool is_written = write(file, text.ptr, text.len) == (ssize_t)text.len;
    return close(file) == 0 && is_written && rename(made, path) == 0;
}

enum err daemon_mark_write(const char *directory, const char *url, int64_t started_ms,
    struct arena *arena, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(MARK_BYTES_MAX);
    struct json_writer json = { .out = &text };
    char started[TIME_TEXT_MAX];
    uint64_t ticks;
    const char *path = arena_format(arena, "%s/daemon.json", directory);
    const char *made = arena_format(arena, "%s/daemon.json.new", directory);
    if (path == NULL || made == NULL)
        return ERR_MEMORY;
    json_open(&json, NULL, '{');
    json_text(&json, "url", str_from(url));
    json_number(&json, "pid", (uint64_t)getpid());
    (void)process_look(getpid(), &ticks);
    json_number(&json, "start_ticks", ticks);
    json_text(&json, "started", time_format(started_ms, started));
    json_close(&json, '}');
    buf_add_byte(&text, '\n');
    if (text.err != ERR_OK)
        return text.err;
    if (mark_put(path, made, buf_str(&text)))
        return ERR_OK;
    *reterr_reason = arena_format(arena, "%s cannot be written: %s", path, strerror(errno));
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_IO;
}

void daemon_mark_remove(const char *directory)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    const char *path = arena_format(&arena, "%s/daemon.json", directory);
    if (path != NULL)
        (void)unlink(path); /* one that stays names a process that is gone */
}

/* The text of the file; empty where it cannot be read. */
static enum err mark_text(const char *directory, struct arena *arena, str *ret_text)
{
    char bytes[MARK_BYTES_MAX];
    *ret_text = STR("");
    const char *path = arena_format(arena, "%s/daemon.json", directory);
    if (path == NULL)
        return ERR_MEMORY;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return ERR_OK;
    ssize_t got = read(file, bytes, sizeof bytes);
    close(file);
    if (got > 0)
        *ret_text = arena_copy(arena, (str){ bytes, (size_t)got });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Whether it is the process that wrote the mark: one that has ended may still be listed, and its
 * number may have become another's. `start` is 0 where the mark does not say. */
static bool is_alive(int64_t pid, uint64_t start)
{
    uint64_t is_start;
    if (pid <= 0 || pid > INT32_MAX || (kill((pid_t)pid, 0) != 0 && errno != EPERM))
        return false;
    char state = process_look(pid, &is_start);
    return state != 'Z' && state != 'X' && (start == 0 || is_start == 0 || start == is_start);
}

enum err daemon_mark_read(const char *directory, struct arena *arena, struct daemon_mark *ret_mark)
{
    str text;
    TRY(mark_text(directory, arena, &text));
    json_t *json = json_loadb(text.ptr, text.len, 0, NULL);
    const char *url = json_string_value(json_object_get(json, "url"));
    const char *started = json_string_value(json_object_get(json, "started"));
    struct daemon_mark mark = { .pid = json_integer_value(json_object_get(json, "pid")) };
    uint64_t ticks = (uint64_t)json_integer_value(json_object_get(json, "start_ticks"));
    bool is_mark = url != NULL && started != NULL && is_alive(mark.pid, ticks)
                   && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
                   && time_parse(str_from(started), &mark.started_ms);
    mark.url = is_mark ? arena_copy(arena, str_from(url)).ptr : NULL;
    json_decref(json);
    if (!is_mark)
        return ERR_NOT_FOUND;
    *ret_mark = mark;
    return mark.url == NULL ? ERR_MEMORY : ERR_OK;
}
