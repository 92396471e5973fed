/* files.c - see files.h. */
#include "driver/files.h"

#include "driver/output.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

static enum err make_room(struct files *files, struct arena *arena)
{
    if (files->count < files->room)
        return ERR_OK;
    size_t room = files->room == 0 ? 64 : files->room * 2;
    struct file *items = ARENA_ARRAY(arena, struct file, room);
    if (items == NULL)
        return ERR_MEMORY;
    if (files->count > 0)
        memcpy(items, files->items, files->count * sizeof *items);
    files->items = items;
    files->room = room;
    return ERR_OK;
}

/* `found` tells which file it is; NULL for standard input. */
static enum err add_name(
    struct files *files, const char *name, const struct stat *found, struct arena *arena)
{
    struct file file = { .device = found == NULL ? 0 : found->st_dev,
        .inode = found == NULL ? 0 : found->st_ino };
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i].device == file.device && files->items[i].inode == file.inode)
            return ERR_OK;
    TRY(make_room(files, arena));
    file.name = arena_copy(arena, str_from(name)).ptr;
    if (file.name == NULL)
        return ERR_MEMORY;
    files->items[files->count++] = file;
    return ERR_OK;
}

/* What Emacs leaves beside a file that is being edited, when it leads nowhere. */
static bool is_editor_lock(const FTSENT *entry)
{
    return entry->fts_info == FTS_SL && str_startswith(str_from(entry->fts_name), STR(".#"));
}

static bool is_rule_name(const FTSENT *entry)
{
    return entry->fts_level > 0 && entry->fts_info != FTS_DP
           && str_endswith((str){ entry->fts_name, entry->fts_namelen }, STR(".cdr"));
}

/* What is found below `.` is called as it is called here. */
static const char *plain_name(const char *path)
{
    return path[0] == '.' && path[1] == '/' ? path + 2 : path;
}

/* Add what is called like a file of rules. What cannot be read as one is never passed over: it
 * may have held an exception. A link to a file counts (mounted configuration is made of them),
 * one to a directory does not: it could lead in a circle. */
static enum err add_rule_file(
    struct files *files, const FTSENT *entry, struct arena *arena, const char **reterr_reason)
{
    struct stat target;
    const char *reason = NULL;
    if (stat(entry->fts_accpath, &target) != 0) {
        if (is_editor_lock(entry))
            return ERR_OK;
        reason = strerror(errno);
    } else if (S_ISDIR(target.st_mode))
        reason = "it is called like a file of rules and is a directory";
    else if (!S_ISREG(target.st_mode))
        reason = "it is no regular file";
    if (reason == NULL)
        return add_name(files, plain_name(entry->fts_path), &target, arena);
    *reterr_reason =
        arena_format(arena, "%s cannot be read: %s", plain_name(entry->fts_path), reason);
    return ERR_IO;
}

static enum err walk(
    struct files *files, FTS *tree, struct arena *arena, const char **reterr_reason)
{
    FTSENT *entry;
    while (errno = 0, (entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && entry->fts_name[0] == '.')
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR
                 || entry->fts_info == FTS_NS) {
            *reterr_reason = arena_format(
                arena, "%s cannot be read: %s", entry->fts_path, strerror(entry->fts_errno));
            return ERR_IO;
        } else if (is_rule_name(entry))
            TRY(add_rule_file(files, entry, arena, reterr_reason));
    }
    if (errno == 0)
        return ERR_OK;
    *reterr_reason = arena_format(arena, "a directory cannot be read: %s", strerror(errno));
    return ERR_IO;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum err add_directory(
    struct files *files, const char *path, struct arena *arena, const char **reterr_reason)
{
    str name = arena_copy(arena, str_from(path));
    if (name.ptr == NULL)
        return ERR_MEMORY;
    /* The copy is ours: fts only wants it without const. */
    union {
        const char *given;
        char *wanted;
    } root = { .given = name.ptr };
    char *paths[] = { root.wanted, NULL };
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (tree == NULL) {
        *reterr_reason = arena_format(arena, "%s cannot be read: %s", path, strerror(errno));
        return errno == ENOMEM ? ERR_MEMORY : ERR_IO;
    }
    enum err err = walk(files, tree, arena, reterr_reason);
    fts_close(tree);
    return err;
}

enum err files_add(
    struct files *files, const char *path, struct arena *arena, const char **reterr_reason)
{
    struct stat found;
    if (strcmp(path, "-") == 0)
        return add_name(files, path, NULL, arena);
    if (stat(path, &found) != 0) {
        *reterr_reason = arena_format(arena, "%s cannot be read: %s", path, strerror(errno));
        return ERR_IO;
    }
    if (S_ISDIR(found.st_mode))
        return add_directory(files, path, arena, reterr_reason);
    return add_name(files, path, &found, arena);
}

static enum err read_all(int fd, struct buf *text)
{
    char bytes[READ_BYTES];
    ssize_t count;
    while ((count = read(fd, bytes, sizeof bytes)) != 0) {
        if (count > 0)
            buf_add(text, (str){ bytes, (size_t)count });
        else if (errno != EINTR)
            return ERR_IO;
        if (text->err != ERR_OK)
            return text->err;
    }
    return ERR_OK;
}

enum err file_read(const char *name, struct buf *text)
{
    bool is_input = strcmp(name, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    enum err err = read_all(fd, text);
    int reason = errno;
    if (!is_input)
        close(fd);
    errno = reason;
    return err;
}

/* A rename is on disk when its directory is; the file is whole either way. */
static void sync_directory(struct arena *arena, const char *path)
{
    str name = str_from(path);
    str folder = arena_copy(arena, str_first(name, str_find_last(name, '/') + 1));
    int fd = folder.ptr == NULL || folder.len == 0
                 ? -1
                 : open(folder.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!fsync(fd);
    close(fd);
}

enum err file_replace(const char *name, str text, struct arena *arena)
{
    struct stat old;
    char *real = realpath(name, NULL);
    const char *target = real == NULL ? NULL : arena_copy(arena, str_from(real)).ptr;
    free(real);
    str made = arena_copy(
        arena, str_from(target == NULL ? NULL : arena_format(arena, "%s.XXXXXX", target)));
    if (target == NULL || made.len == 0 || stat(target, &old) != 0)
        return ERR_IO;
    union {
        const char *text;
        char *pattern;
    } path = { .text = made.ptr };
    int fd = mkstemp(path.pattern);
    if (fd < 0)
        return ERR_IO;
    struct output file = { .fd = fd, .buf = BUF_INIT(text.len + 1) };
    output_add(&file, text);
    (void)!fchown(fd, old.st_uid, old.st_gid); /* only root can: others own what they write */
    bool is_well = output_flush(&file) && fchmod(fd, old.st_mode & 07777) == 0 && fsync(fd) == 0;
    int reason = file.failure != 0 ? file.failure : errno;
    output_release(&file);
    is_well = close(fd) == 0 && is_well;
    if (is_well && rename(made.ptr, target) == 0) {
        sync_directory(arena, target);
        return ERR_OK;
    }
    reason = is_well ? errno : reason;
    unlink(made.ptr);
    errno = reason;
    return ERR_IO;
}
