/* backup.c - see backup.h: the file. */
#include "driver/backup.h"

#include "base/time.h"
#include "driver/json_out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 * 1024, LINE_BYTES_MAX = 4096, FORM = 1, FILE_MODE = 0600 };

static const char *const names[PART_COUNT] = {
    [PART_JOURNAL] = "journal.db", [PART_HEAD] = "audit.head", [PART_KEY] = "audit.key"
};

const char *backup_part_name(enum backup_part_id part)
{
    return names[part];
}

const char *backup_part_path(const char *directory, enum backup_part_id part, struct arena *arena)
{
    return arena_format(arena, "%s/%s", directory, names[part]);
}

/* For CLEANUP. */
static void close_fd(int *fd)
{
    int reason = errno;
    if (*fd >= 0)
        close(*fd);
    errno = reason;
}

static bool write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t wrote = write(fd, bytes, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return true;
}

/* Read `bytes` of `from`, hash them, and write them to `to` (-1: nowhere). ERR_INVALID: there are
 * fewer. */
static enum err pass_on(
    int from, int to, int64_t bytes, const volatile int *stop, char ret_hex[static SHA256_HEX_SIZE])
{
    CLEANUP(sha256_release) struct sha256 hash = { 0 };
    CLEANUP(buf_release) struct buf piece = BUF_INIT(PIECE_BYTES);
    for (int at = 0; at < PIECE_BYTES && piece.err == ERR_OK; at += LINE_BYTES_MAX) {
        static const char blank[LINE_BYTES_MAX];
        buf_add(&piece, (str){ blank, sizeof blank });
    }
    TRY(piece.err);
    TRY(sha256_begin(&hash));
    while (bytes > 0) {
        if (stop != NULL && *stop != 0)
            return ERR_STOPPED;
        ssize_t count = read(from, piece.ptr, bytes < PIECE_BYTES ? (size_t)bytes : PIECE_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count == 0 ? ERR_INVALID : ERR_IO;
        sha256_add(&hash, (str){ piece.ptr, (size_t)count });
        if (to >= 0 && !write_all(to, piece.ptr, (size_t)count))
            return ERR_IO;
        bytes -= count;
    }
    return sha256_end_hex(&hash, ret_hex);
}

/* ---- to one file ---- */

/* Append a part to `whole`; the journal is there already, and only read. */
static enum err pack_part(struct backup_part *part, const char *path, int whole, bool is_first)
{
    struct stat status;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    part->bytes = -1;
    if (fd < 0)
        return errno == ENOENT && !is_first ? ERR_OK : ERR_IO;
    if (fstat(fd, &status) != 0)
        return ERR_IO;
    part->bytes = status.st_size;
    enum err err = pass_on(fd, is_first ? -1 : whole, part->bytes, NULL, part->sha256);
    if (err == ERR_INVALID)
        errno = EIO;
    return err == ERR_INVALID ? ERR_IO : err;
}

static enum err add_line(const struct backup *backup, struct buf *out)
{
    json_t *parts = json_array();
    for (int at = 0; at < PART_COUNT; at++) {
        if (backup->parts[at].bytes < 0)
            continue;
        json_t *part = json_object();
        json_put(&part, "name", json_from_text(names[at]));
        json_put(&part, "bytes", json_integer(backup->parts[at].bytes));
        json_put(&part, "sha256", json_from_text(backup->parts[at].sha256));
        json_append(&parts, part);
    }
    json_t *line = json_object();
    json_put(&line, "cdr_backup", json_integer(FORM));
    json_put(&line, "made", json_from_str(backup->made));
    json_put(&line, "cdr", json_from_str(backup->cdr));
    json_put(&line, "store", json_from_str(backup->store));
    json_put(&line, "parts", parts);
    buf_add_byte(out, '\n');
    enum err err = json_add_line(out, line);
    json_decref(line);
    return err;
}

enum err backup_pack(struct backup *backup, const char *directory, struct arena *arena)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(LINE_BYTES_MAX);
    const char *journal = backup_part_path(directory, PART_JOURNAL, arena);
    if (journal == NULL)
        return ERR_MEMORY;
    CLEANUP(close_fd) int whole = open(journal, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (whole < 0)
        return ERR_IO;
    for (int at = 0; at < PART_COUNT; at++) {
        const char *path = backup_part_path(directory, (enum backup_part_id)at, arena);
        if (path == NULL)
            return ERR_MEMORY;
        TRY(pack_part(&backup->parts[at], path, whole, at == PART_JOURNAL));
    }
    TRY(add_line(backup, &line));
    return write_all(whole, line.ptr, line.len) && fsync(whole) == 0 ? ERR_OK : ERR_IO;
}

/* ---- from one file ---- */

static enum err no_backup(const char **reterr_reason, const char *sentence)
{
    *reterr_reason = sentence;
    return ERR_INVALID;
}

static str member_text(const json_t *object, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? STR("") : arena_copy(arena, str_from(text));
}

static bool read_part(const json_t *object, struct backup *backup)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *hash = json_string_value(json_object_get(object, "sha256"));
    json_int_t bytes = json_integer_value(json_object_get(object, "bytes"));
    for (int at = 0; at < PART_COUNT && name != NULL; at++) {
        struct backup_part *part = &backup->parts[at];
        if (strcmp(name, names[at]) != 0)
            continue;
        if (part->bytes >= 0 || bytes < 0 || hash == NULL || strlen(hash) != SHA256_HEX_SIZE - 1)
            return false;
        part->bytes = bytes;
        memcpy(part->sha256, hash, SHA256_HEX_SIZE);
        return true;
    }
    return false;
}

/* The line, and that the parts before it are as long as it says. */
static enum err read_line(str line, int64_t before, struct arena *arena, struct backup *backup,
    const char **reterr_reason)
{
    json_t *json = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *parts = json_object_get(json, "parts");
    bool is_good = json_integer_value(json_object_get(json, "cdr_backup")) == FORM;
    for (size_t at = 0; at < json_array_size(parts) && is_good; at++)
        is_good = read_part(json_array_get(parts, at), backup);
    backup->made = member_text(json, "made", arena);
    backup->cdr = member_text(json, "cdr", arena);
    backup->store = member_text(json, "store", arena);
    json_decref(json);
    if (backup->made.ptr == NULL || backup->cdr.ptr == NULL || backup->store.ptr == NULL)
        return ERR_MEMORY;
    if (!is_good || backup->parts[PART_JOURNAL].bytes < 0)
        return no_backup(reterr_reason, "it does not end as a backup of cdr does");
    for (int at = 0; at < PART_COUNT && before >= 0; at++)
        if (backup->parts[at].bytes > before)
            before = -1;
        else if (backup->parts[at].bytes > 0)
            before -= backup->parts[at].bytes;
    return before == 0 ? ERR_OK
                       : no_backup(reterr_reason, "it is not as long as its last line says");
}

enum err backup_read(
    const char *file, struct arena *arena, struct backup *ret_backup, const char **reterr_reason)
{
    struct stat status;
    char end[LINE_BYTES_MAX];
    *ret_backup = (struct backup){ 0 };
    for (int at = 0; at < PART_COUNT; at++)
        ret_backup->parts[at].bytes = -1;
    CLEANUP(close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        return ERR_IO;
    if (!S_ISREG(status.st_mode))
        return no_backup(reterr_reason, "it is not a file");
    int64_t from = status.st_size > LINE_BYTES_MAX ? status.st_size - LINE_BYTES_MAX : 0;
    ssize_t count = pread(fd, end, sizeof end, from);
    if (count < 0)
        return ERR_IO;
    if (count < 2 || end[count - 1] != '\n')
        return no_backup(reterr_reason, "it does not end as a backup of cdr does");
    str before = { end, (size_t)count - 1 };
    size_t at = str_find_last(before, '\n');
    if (at == before.len)
        return no_backup(reterr_reason, "it does not end as a backup of cdr does");
    return read_line(
        str_skip(before, at + 1), from + (int64_t)at, arena, ret_backup, reterr_reason);
}

static enum err unpack_part(
    const struct backup_part *part, int from, const char *path, const volatile int *stop)
{
    char hex[SHA256_HEX_SIZE];
    CLEANUP(close_fd)
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (to < 0)
        return ERR_IO;
    TRY(pass_on(from, to, part->bytes, stop, hex));
    if (strcmp(hex, part->sha256) != 0)
        return ERR_INVALID;
    return fsync(to) == 0 ? ERR_OK : ERR_IO;
}

enum err backup_unpack(const struct backup *backup, const char *file, const char *directory,
    const volatile int *stop, struct arena *arena, enum backup_part_id *ret_part)
{
    CLEANUP(close_fd) int from = open(file, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return ERR_IO;
    for (int at = 0; at < PART_COUNT; at++) {
        *ret_part = (enum backup_part_id)at;
        if (backup->parts[at].bytes < 0)
            continue;
        const char *path = backup_part_path(directory, (enum backup_part_id)at, arena);
        if (path == NULL)
            return ERR_MEMORY;
        TRY(unpack_part(&backup->parts[at], from, path, stop));
    }
    return ERR_OK;
}
