/* follow.c - a way in: a file that grows, or the files of a directory, a line an alert.
 *
 * How far each file was read is written in the transaction of the alerts that were read, so that a
 * crash anywhere neither loses nor repeats a line. One thread looks each second, and at once where
 * the kernel tells that something was written (inotify).
 */
#include "match/scan.h"
#include "serve/blocks.h"
#include "serve/follow_files.h"
#include "serve/line_batch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 * 1024,
    CURSOR_BYTES_MAX = FOLLOW_FILES_MAX * 512,
    CURSOR_READ_MAX = 4 * CURSOR_BYTES_MAX,
    LOOK_EVERY_MS = 1000,
    LOOK_PAUSE_MS = 50,              /* between two looks, however much is written */
    QUIET_MS = 10 * 1000,            /* after it, a last line without an end is over */
    ROTATED_KEPT_MS = 10 * 60 * 1000 /* a writer may go on in a file that was renamed */
};

struct follower {
    struct way way; /* first */
    struct daemon *daemon;
    struct arena arena;    /* what was copied of the block */
    const char *path;      /* as it is set */
    const char *directory; /* of the files: the path, or where it lies */
    const char *only;      /* the one name in it, or NULL: all */
    str source;
    struct follow_files files;
    struct line_batch batch;
    struct buf cursor; /* as it was last written */
    char bytes[READ_BYTES];
    int directory_fd; /* while there is a look at it */
    int notify_fd;    /* -1: there is none */
    int notify_watch;
    bool is_missing; /* that there is nothing was told */
    bool has_told_other;
    bool has_told_full;
    struct way_thread thread;
};

static int64_t elapsed_ms(const struct follower *follower)
{
    return clock_elapsed_ms(follower->daemon->log.clock);
}

static void tell(
    const struct follower *follower, enum log_level level, const char *message, const char *name)
{
    LOG(&follower->daemon->log, level, message, LOG_TEXT("way", follower->way.name),
        LOG_TEXT("file", str_from(name)));
}

/* ---- handing on ---- */

/* Write what was gathered, and how far each file was read with it. ERR_STOPPED, ERR_MEMORY. */
static enum err put(struct follower *follower)
{
    CLEANUP(buf_release) struct buf cursor = BUF_INIT(CURSOR_BYTES_MAX);
    follow_files_write(&follower->files, &cursor);
    TRY(cursor.err);
    if (follower->batch.count == 0 && str_equal(buf_str(&cursor), buf_str(&follower->cursor)))
        return ERR_OK;
    TRY(line_batch_put(
        &follower->batch, follower->daemon, &follower->way, buf_str(&cursor), &follower->thread));
    buf_release(&follower->cursor);
    follower->cursor = cursor;
    cursor = (struct buf)BUF_INIT(0);
    return ERR_OK;
}

static enum err add(struct follower *follower, struct followed *file, struct frame *frame)
{
    struct clock *clock = follower->daemon->log.clock;
    if (file->offset == 0 && !frame->is_over && str_startswith(frame->text, STR("\xef\xbb\xbf")))
        frame->text = str_skip(frame->text, 3);
    TRY(line_batch_add(&follower->batch, frame, follower->source, clock->now_ms(clock)));
    file->offset = file->base + file->framing.taken;
    return line_batch_is_full(&follower->batch) ? put(follower) : ERR_OK;
}

static enum err add_lines(struct follower *follower, struct followed *file, str bytes)
{
    bool has = true;
    while (has) {
        struct frame frame;
        TRY(framing_next(&file->framing, &bytes, &frame, &has));
        if (has)
            TRY(add(follower, file, &frame));
    }
    file->offset = file->base + file->framing.taken;
    return ERR_OK;
}

/* The unfinished last line is over. */
static enum err add_tail(struct follower *follower, struct followed *file)
{
    struct frame frame;
    bool has;
    TRY(framing_end(&file->framing, &frame, &has));
    return has ? add(follower, file, &frame) : ERR_OK;
}

/* ---- one file ---- */

static bool is_whole_json(str text)
{
    struct scan scan = { .json = text };
    struct json_token token = { .kind = JSON_NULL };
    struct json_fault fault;
    while (token.kind != JSON_END)
        if (scan_next(&scan, &token, &fault) != ERR_OK)
            return false;
    return str_all_of(str_skip(text, scan.at), " \t\r");
}

/* What stands behind the last line end is no line before it ends, unless nobody will end it. */
static enum err look_at_tail(struct follower *follower, struct followed *file)
{
    bool is_quiet = elapsed_ms(follower) - file->grown_at >= QUIET_MS;
    if (!is_quiet || file->tail_at == file->read_at || file->offset == file->read_at)
        return ERR_OK;
    file->tail_at = file->read_at;
    str tail = framing_begun(&file->framing);
    bool is_over =
        file->is_gone || (line_form_of(follower->source) == LINE_PLAIN && is_whole_json(tail));
    return is_over ? add_tail(follower, file) : ERR_OK;
}

/* Another text stands in the file: what was begun of the former one is all there will be of it. */
static enum err begin_anew(struct follower *follower, struct followed *file, const char *why)
{
    tell(follower, LOG_LEVEL_WARNING, why, file->name);
    TRY(add_tail(follower, file));
    followed_restart(file, 0);
    return ERR_OK;
}

/* Whether the file is still the one that was read so far. ERR_IO, ERR_STOPPED, ERR_MEMORY. */
static enum err check_file(
    struct follower *follower, struct followed *file, const struct stat *status)
{
    bool is_same;
    int64_t changed_ns = follow_changed_ns(status);
    if ((uint64_t)status->st_size < file->read_at)
        return begin_anew(follower, file, "a file was cut off, and is read from its start");
    if (file->changed_ns == changed_ns && (uint64_t)status->st_size == file->read_at)
        return ERR_OK;
    TRY(followed_check_head(file, &is_same));
    file->changed_ns = changed_ns;
    return is_same
               ? ERR_OK
               : begin_anew(follower, file, "a file begins otherwise, and is read from its start");
}

static enum err read_chunk(struct follower *follower, struct followed *file, bool *ret_is_end)
{
    ssize_t got = pread(file->fd, follower->bytes, READ_BYTES, (off_t)file->read_at);
    if (got < 0)
        return errno == EINTR ? ERR_OK : ERR_IO;
    *ret_is_end = got == 0;
    if (got == 0)
        return ERR_OK;
    file->read_at += (uint64_t)got;
    file->grown_at = elapsed_ms(follower);
    TRY(add_lines(follower, file, (str){ follower->bytes, (size_t)got }));
    return followed_note_head(file);
}

static enum err read_to_end(struct follower *follower, struct followed *file)
{
    struct stat status;
    bool is_end = false;
    if (fstat(file->fd, &status) != 0)
        return ERR_IO;
    TRY(check_file(follower, file, &status));
    while (!is_end) {
        if (way_thread_is_stopped(&follower->thread))
            return ERR_STOPPED;
        TRY(read_chunk(follower, file, &is_end));
    }
    return look_at_tail(follower, file);
}

/* As read_to_end; what fails is told and tried again at the next look. ERR_STOPPED. */
static enum err read_file(struct follower *follower, struct followed *file)
{
    enum err err = read_to_end(follower, file);
    if (err == ERR_STOPPED)
        return err;
    if (err != ERR_OK) {
        if (!file->has_failed)
            tell(follower, LOG_LEVEL_ERROR, "a file cannot be read; it is tried again", file->name);
        followed_restart(file, file->offset);
    }
    file->has_failed = err != ERR_OK;
    file->has_news = false;
    return ERR_OK;
}

/* ---- which files there are ---- */

/* Not yet a file, not any more, or the work of whoever rotates. */
static bool is_passed_over(const char *name)
{
    static const char *const ends[] = { ".gz", ".xz", ".bz2", ".zst", ".zip", ".tmp", ".swp", "~" };
    if (name[0] == '.')
        return true;
    for (size_t at = 0; at < COUNT_OF(ends); at++)
        if (str_endswith(str_from(name), str_from(ends[at])))
            return true;
    return false;
}

/* Open what is called so, if it is the file that `status` tells of; -1 otherwise. */
static int open_file(const struct follower *follower, const char *name, const struct stat *status)
{
    int link = follower->only == NULL ? O_NOFOLLOW : 0;
    int fd =
        openat(follower->directory_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | link);
    struct stat opened;
    if (fd < 0)
        return -1;
    if (fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode) && opened.st_ino == status->st_ino
        && opened.st_dev == status->st_dev)
        return fd;
    close(fd);
    return -1;
}

static void add_file(struct follower *follower, const char *name, const struct stat *status)
{
    struct followed *file;
    enum err err = follow_files_add(&follower->files, name, status, &file);
    if (err == ERR_OK)
        file->grown_at = elapsed_ms(follower);
    else if (!follower->has_told_full)
        tell(follower, LOG_LEVEL_ERROR,
            err == ERR_LIMIT
                ? "there are more files than can be followed: those beyond are not read"
                : "there is no memory to follow a file; it is tried again",
            name);
    follower->has_told_full = err != ERR_OK;
}

/* Open what has changed since it was closed, and what was read by the process before us. */
static void open_known(struct follower *follower, struct followed *file)
{
    struct stat status = { .st_dev = file->device, .st_ino = file->inode };
    bool is_same = true;
    int fd = open_file(follower, file->name, &status);
    if (fd >= 0)
        follow_files_opened(&follower->files, file, fd);
    else if (!file->has_failed)
        tell(follower, LOG_LEVEL_ERROR, "a file cannot be opened; it is tried again", file->name);
    file->has_failed = fd < 0;
    if (fd >= 0 && followed_check_head(file, &is_same) == ERR_OK && !is_same) {
        tell(follower, LOG_LEVEL_WARNING, "a file begins otherwise, and is read from its start",
            file->name);
        followed_restart(file, 0);
    }
}

static void set_name(struct followed *file, const char *name)
{
    str kept = str_first(str_from(name), sizeof file->name - 1);
    if (str_is(kept, file->name))
        return;
    file->is_renamed = true;
    memset(file->name, 0, sizeof file->name);
    memcpy(file->name, kept.ptr, kept.len);
}

/* A name that may be that of a file to follow. false: nobody can say what it is now. */
static bool look_at_name(struct follower *follower, const char *name)
{
    struct stat status;
    int link = follower->only == NULL ? AT_SYMLINK_NOFOLLOW : 0;
    if (fstatat(follower->directory_fd, name, &status, link) != 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    if (!S_ISREG(status.st_mode)) {
        if (!S_ISDIR(status.st_mode) && !follower->has_told_other) {
            tell(follower, LOG_LEVEL_WARNING, "what is no regular file is not followed", name);
            follower->has_told_other = true;
        }
        return true;
    }
    struct followed *file = follow_files_find(&follower->files, &status);
    if (file == NULL) {
        add_file(follower, name, &status);
        file = follow_files_find(&follower->files, &status);
    }
    if (file == NULL)
        return true;
    set_name(file, name);
    file->is_seen = true;
    file->is_gone = false;
    file->has_news =
        (uint64_t)status.st_size != file->read_at || follow_changed_ns(&status) != file->changed_ns;
    return true;
}

/* Call `look` for each name in the directory. false: it could not be read, or one of them. */
static bool each_name(
    struct follower *follower, bool (*look_at)(struct follower *follower, const char *name))
{
    bool is_whole = true;
    int fd = openat(follower->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            break;
        is_whole = look_at(follower, entry->d_name) && is_whole;
    }
    is_whole = is_whole && errno == 0;
    closedir(directory);
    return is_whole;
}

static bool look_at_entry(struct follower *follower, const char *name)
{
    return is_passed_over(name) || look_at_name(follower, name);
}

/* A file that was read before we were started, and is called otherwise by now. */
static bool look_for_rotated(struct follower *follower, const char *name)
{
    struct stat status;
    if (fstatat(follower->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0
        || !S_ISREG(status.st_mode))
        return true;
    struct followed *file = follow_files_find(&follower->files, &status);
    if (file == NULL || file->is_seen || file->fd >= 0)
        return true;
    int fd = open_file(follower, name, &status);
    if (fd >= 0)
        follow_files_opened(&follower->files, file, fd);
    return fd >= 0;
}

static bool has_lost_any(const struct follower *follower)
{
    for (size_t at = 0; at < follower->files.count; at++)
        if (!follower->files.items[at]->is_seen && follower->files.items[at]->fd < 0)
            return true;
    return false;
}

/* Those that are no longer called as they were: read on while they are open. */
static void part_with_unseen(struct follower *follower)
{
    if (has_lost_any(follower) && !each_name(follower, look_for_rotated))
        return;
    for (size_t at = follower->files.count; at-- > 0;) {
        struct followed *file = follower->files.items[at];
        if (file->is_seen)
            continue;
        if (file->fd < 0) {
            tell(follower, file->changed_ns == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
                "a file is gone, and is not followed any more", file->name);
            follow_files_remove(&follower->files, at);
        } else if (!file->is_gone) {
            file->is_gone = true;
            file->tail_at = 0;
            file->grown_at = elapsed_ms(follower);
        }
    }
}

static void tell_missing(struct follower *follower)
{
    if (!follower->is_missing)
        tell(follower, LOG_LEVEL_WARNING, "there is nothing to follow yet", follower->path);
    follower->is_missing = true;
}

/* Find out what is there. Where that cannot be read, nothing is taken to be gone. */
static void look(struct follower *follower)
{
    bool is_known;
    for (size_t at = 0; at < follower->files.count; at++)
        follower->files.items[at]->is_seen = false;
    if (follower->only == NULL)
        is_known = each_name(follower, look_at_entry);
    else
        is_known = look_at_name(follower, follower->only);
    if (is_known)
        part_with_unseen(follower);
    follow_files_sort(&follower->files);
    if (follower->only != NULL && faccessat(follower->directory_fd, follower->only, F_OK, 0) != 0)
        tell_missing(follower);
    else
        follower->is_missing = false;
}

/* Those that were rotated away, read to their end, and nobody writes to any more. */
static void forget_finished(struct follower *follower)
{
    for (size_t at = follower->files.count; at-- > 0;) {
        struct followed *file = follower->files.items[at];
        struct stat status;
        if (!file->is_gone || file->offset != file->read_at)
            continue;
        bool has_name = fstat(file->fd, &status) == 0 && status.st_nlink > 0;
        if (elapsed_ms(follower) - file->grown_at >= (has_name ? ROTATED_KEPT_MS : QUIET_MS))
            follow_files_remove(&follower->files, at);
    }
}

/* ERR_STOPPED. */
static enum err read_all(struct follower *follower)
{
    for (size_t at = 0; at < follower->files.count; at++) {
        struct followed *file = follower->files.items[at];
        if (file->fd < 0 && file->has_news)
            open_known(follower, file);
        if (file->fd >= 0)
            TRY(read_file(follower, file));
    }
    return ERR_OK;
}

/* ERR_STOPPED. */
static enum err go_round(struct follower *follower)
{
    follower->directory_fd = open(follower->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (follower->directory_fd >= 0)
        look(follower);
    else
        tell_missing(follower);
    enum err err = read_all(follower);
    if (follower->directory_fd >= 0)
        close(follower->directory_fd);
    TRY(err);
    forget_finished(follower);
    err = put(follower);
    return err == ERR_STOPPED ? err : ERR_OK; /* for want of memory: at the next look */
}

/* ---- the thread ---- */

static void watch_directory(struct follower *follower)
{
    if (follower->notify_fd >= 0 && follower->notify_watch < 0)
        follower->notify_watch = inotify_add_watch(follower->notify_fd, follower->directory,
            IN_MODIFY | IN_CREATE | IN_MOVE | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF
                | IN_MOVE_SELF | IN_ONLYDIR);
}

/* Sleep until something is written, or a second. The events say nothing that a look does not. */
static void wait_for_news(struct follower *follower)
{
    union {
        struct inotify_event event;
        char bytes[4096];
    } events;
    struct pollfd fds[] = { { .fd = follower->thread.stop_fd, .events = POLLIN },
        { .fd = follower->notify_fd, .events = POLLIN } };
    if (poll(fds, 2, LOOK_EVERY_MS) <= 0 || fds[1].revents == 0)
        return;
    ssize_t got = read(follower->notify_fd, events.bytes, sizeof events.bytes);
    if (got > 0 && (events.event.mask & (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)) != 0)
        follower->notify_watch = -1;
    while (got > 0)
        got = read(follower->notify_fd, events.bytes, sizeof events.bytes);
    (void)way_thread_wait(&follower->thread, LOOK_PAUSE_MS);
}

static void *run(void *self)
{
    struct follower *follower = self;
    while (!way_thread_is_stopped(&follower->thread) && go_round(follower) == ERR_OK) {
        watch_directory(follower);
        wait_for_news(follower);
    }
    return NULL;
}

/* ---- starting and stopping ---- */

static void follower_free(struct follower *follower)
{
    follow_files_release(&follower->files);
    line_batch_release(&follower->batch);
    buf_release(&follower->cursor);
    if (follower->notify_fd >= 0)
        close(follower->notify_fd);
    arena_release(&follower->arena);
    free(follower);
}

static void follow_stop(struct way *way)
{
    struct follower *follower = (struct follower *)way;
    way_thread_stop(&follower->thread);
    follower_free(follower);
}

/* How far it had read. A cursor that says nothing sensible is an error: to begin anew in silence
 * would be to hear everything twice. */
static enum err load(struct follower *follower, struct arena *arena, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(CURSOR_READ_MAX);
    str text;
    enum err err = cursors_get(follower->daemon->store, follower->way.name, &scratch, &text);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    err = follow_files_read(&follower->files, text);
    if (err != ERR_JSON)
        return err;
    *reterr_reason =
        arena_format(arena, "what the journal has of how far `%.*s` was read is no such text",
            STR_ARG(follower->way.name));
    return ERR_INVALID;
}

/* Take the path apart: its directory, and the name in it unless it is a directory. */
static enum err take_path(
    struct follower *follower, str path, struct arena *arena, const char **reterr_reason)
{
    struct stat status;
    follower->path = arena_copy(&follower->arena, path).ptr;
    if (follower->path == NULL)
        return ERR_MEMORY;
    bool is_there = stat(follower->path, &status) == 0;
    if (is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        *reterr_reason =
            arena_format(arena, "`path` of `%.*s`: %s is neither a file nor a directory",
                STR_ARG(follower->way.name), follower->path);
        return ERR_INVALID;
    }
    size_t slash = str_find_last(path, '/');
    bool is_directory = (is_there && S_ISDIR(status.st_mode)) || slash + 1 == path.len;
    if (is_directory) {
        follower->directory = follower->path;
        return ERR_OK;
    }
    str parent = slash == path.len ? STR(".") : slash == 0 ? STR("/") : str_first(path, slash);
    follower->directory = arena_copy(&follower->arena, parent).ptr;
    follower->only = slash == path.len ? follower->path : follower->path + slash + 1;
    return follower->directory == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err follower_init(struct follower *follower, const struct daemon_block *block,
    struct arena *arena, const char **reterr_reason)
{
    const char *name = arena_format(&follower->arena, "follow %.*s", STR_ARG(block->name));
    follower->source = arena_copy(&follower->arena, block_word(block, "source", ""));
    if (name == NULL || follower->source.ptr == NULL)
        return ERR_MEMORY;
    follower->way = (struct way){ .name = str_from(name),
        .silent_after_ms = block_ms(block, "silent_after", 0),
        .stop = follow_stop };
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(1024 * 1024);
    str path;
    TRY(block_text(block, "path", &scratch, &path, reterr_reason));
    TRY(take_path(follower, path, arena, reterr_reason));
    TRY(load(follower, arena, reterr_reason));
    follower->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return way_thread_start(&follower->thread, run, follower);
}

enum err follow_start(struct daemon *daemon, const struct daemon_block *block, struct arena *arena,
    struct way **ret_way, const char **reterr_reason)
{
    struct follower *follower = calloc(1, sizeof *follower);
    if (follower == NULL)
        return ERR_MEMORY;
    follower->daemon = daemon;
    follower->arena = (struct arena)ARENA_INIT(64 * 1024);
    follower->cursor = (struct buf)BUF_INIT(CURSOR_BYTES_MAX);
    follower->notify_fd = follower->notify_watch = -1;
    line_batch_init(&follower->batch);
    enum err err = follower_init(follower, block, arena, reterr_reason);
    if (err != ERR_OK) {
        follower_free(follower);
        return err;
    }
    *ret_way = &follower->way;
    return ERR_OK;
}
