#include "rest/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

#define NAME_SIGNS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

static enum err refuse(enum err err, const char *reason, const char **reterr_reason)
{
    *reterr_reason = reason;
    return reason == NULL ? ERR_MEMORY : err;
}

static bool take(struct http_sink *sink, str bytes)
{
    struct keep *keep = (struct keep *)sink;
    uint64_t most = keep->bytes_max == 0 ? KEEP_BYTES_MAX : keep->bytes_max;
    if (bytes.len > most - keep->bytes)
        keep->err = ERR_LIMIT;
    sha256_add(&keep->sha256, bytes);
    while (bytes.len > 0 && keep->err == ERR_OK) {
        ssize_t written = write(keep->file, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            keep->err = ERR_IO;
            break;
        }
        keep->bytes += (uint64_t)written;
        bytes = str_skip(bytes, (size_t)written);
    }
    return keep->err == ERR_OK;
}

static bool is_name(str name)
{
    uint32_t parts = 0;
    if (name.len == 0 || name.len > KEEP_PATH_BYTES_MAX / 4)
        return false;
    for (str rest = name; parts < KEEP_DEPTH_MAX; parts++) {
        str part = str_first(rest, str_find(rest, '/'));
        if (part.len == 0 || part.len > KEEP_NAME_BYTES_MAX || part.ptr[0] == '.'
            || !str_all_of(part, NAME_SIGNS))
            return false;
        if (part.len == rest.len)
            return true;
        rest = str_skip(rest, part.len + 1);
    }
    return false;
}

/* The folder, made where only its last part is missing; -1 with errno. */
static int folder_open(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && errno == ENOENT && mkdir(path, 0700) == 0)
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder;
}

/* The folder that the last part of `name` is in, below `folder`, which is closed; -1 with errno. */
static int below_open(int folder, str name, char part[static KEEP_NAME_BYTES_MAX + 1])
{
    for (;;) {
        str one = str_first(name, str_find(name, '/'));
        memcpy(part, one.ptr, one.len);
        part[one.len] = '\0';
        if (folder < 0 || one.len == name.len)
            return folder;
        if (mkdirat(folder, part, 0700) == 0)
            fsync(folder);
        int next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int why = errno;
        close(folder);
        errno = why;
        folder = next;
        name = str_skip(name, one.len + 1);
    }
}

/* What a process that was killed has left of the same file. It may be a second name of the whole one
 * by now, so it is never written to. */
static bool left_remove(const struct keep *keep)
{
    int left = openat(keep->folder, keep->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (left < 0)
        return errno == ENOENT;
    bool is_free = flock(left, LOCK_EX | LOCK_NB) == 0;
    int why = errno;
    if (is_free)
        unlinkat(keep->folder, keep->part, 0);
    close(left);
    errno = why;
    return is_free;
}

/* A new file under a name that is the same for the same file, held as long as somebody writes to it;
 * -1 with errno. */
static int part_open(struct keep *keep)
{
    char hash[SHA256_HEX_SIZE];
    if (sha256_hex(str_from(keep->name), hash) != ERR_OK)
        return -1;
    snprintf(keep->part, sizeof(keep->part), ".cdr-%.16s", hash);
    if (!left_remove(keep))
        return -1;
    int file =
        openat(keep->folder, keep->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file >= 0)
        (void)flock(file, LOCK_EX | LOCK_NB);
    return file;
}

enum err keep_begin(
    struct keep *keep, str folder, str name, struct arena *arena, const char **reterr_reason)
{
    str path = arena_copy(arena, folder);
    if (path.ptr == NULL)
        return ERR_MEMORY;
    if (!is_name(name))
        return refuse(ERR_INVALID,
            "evidence is not kept under a name with other signs than letters, digits and -._ in it",
            reterr_reason);
    keep->sink.take = take;
    keep->folder = below_open(folder_open(path.ptr), name, keep->name);
    keep->file = keep->folder < 0 ? -1 : part_open(keep);
    if (keep->file < 0) {
        int why = errno;
        if (keep->folder >= 0)
            close(keep->folder);
        return refuse(ERR_IO,
            arena_format(
                arena, "evidence cannot be kept below %.*s: %s", STR_ARG(folder), strerror(why)),
            reterr_reason);
    }
    keep->is_open = true;
    return sha256_begin(&keep->sha256);
}

enum err keep_again(struct keep *keep)
{
    keep->bytes = 0;
    keep->err = ERR_OK;
    sha256_release(&keep->sha256);
    keep->sha256 = (struct sha256){ .err = ERR_OK };
    if (ftruncate(keep->file, 0) != 0 || lseek(keep->file, 0, SEEK_SET) != 0)
        return ERR_IO;
    return sha256_begin(&keep->sha256);
}

bool keep_read_back(struct keep *keep, size_t size, struct arena *arena, str *ret_text)
{
    if (keep->bytes > size)
        return false;
    char *text = arena_alloc(arena, (size_t)keep->bytes + 1, 1);
    if (text == NULL || pread(keep->file, text, (size_t)keep->bytes, 0) != (ssize_t)keep->bytes)
        return false;
    *ret_text = (str){ text, (size_t)keep->bytes };
    return true;
}

/* The hash of the file that has the name already. ERR_IO. */
static enum err other_hash(const struct keep *keep, char ret_hex[static SHA256_HEX_SIZE])
{
    char bytes[READ_BYTES];
    struct sha256 sha256 = { .err = ERR_OK };
    struct stat about;
    ssize_t got = -1;
    int file = openat(keep->folder, keep->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return ERR_IO;
    enum err err = sha256_begin(&sha256);
    bool is_file = fstat(file, &about) == 0 && S_ISREG(about.st_mode);
    while (err == ERR_OK && is_file && (got = read(file, bytes, sizeof(bytes))) > 0)
        sha256_add(&sha256, (str){ bytes, (size_t)got });
    close(file);
    if (err == ERR_OK && got == 0)
        return sha256_end_hex(&sha256, ret_hex);
    sha256_release(&sha256);
    return err == ERR_OK ? ERR_IO : err;
}

/* What a name that ends in .7z is to end in, by what came (7zFormat.txt; RFC 1952; APPNOTE.TXT 4.3.7);
 * NULL: in that. */
static const char *ending_of(const struct keep *keep)
{
    static const char seven[] = "7z\xbc\xaf\x27\x1c";
    char head[sizeof(seven) - 1] = "";
    if (!str_endswith(str_from(keep->name), STR(".7z")))
        return NULL;
    if (pread(keep->file, head, sizeof(head), 0) == (ssize_t)sizeof(head)
        && memcmp(head, seven, sizeof(head)) == 0)
        return NULL;
    return memcmp(head, "\x1f\x8b", 2) == 0 ? ".tar.gz"
           : memcmp(head, "PK\3\4", 4) == 0 ? ".zip"
                                            : ".bin";
}

/* A file is called what it is. */
static enum err name_truly(struct keep *keep, struct kept *kept)
{
    size_t front = strlen(keep->name) - strlen(".7z");
    kept->ending = ending_of(keep);
    if (kept->ending == NULL)
        return ERR_OK;
    if (front + strlen(kept->ending) > KEEP_NAME_BYTES_MAX)
        return ERR_LIMIT;
    memcpy(keep->name + front, kept->ending, strlen(kept->ending) + 1);
    return ERR_OK;
}

enum err keep_end(
    struct keep *keep, struct kept *ret_kept, struct arena *arena, const char **reterr_reason)
{
    char other[SHA256_HEX_SIZE];
    struct kept kept = { .bytes = keep->bytes };
    TRY(sha256_end_hex(&keep->sha256, kept.sha256));
    if (name_truly(keep, &kept) != ERR_OK)
        return refuse(ERR_INVALID,
            arena_format(arena, "evidence is not kept as %s: its name is too long", keep->name),
            reterr_reason);
    /* Unlike a rename, a link never takes the place of another. */
    if (fsync(keep->file) != 0
        || (linkat(keep->folder, keep->part, keep->folder, keep->name, 0) != 0 && errno != EEXIST))
        return refuse(ERR_IO,
            arena_format(arena, "evidence cannot be kept as %s: %s", keep->name, strerror(errno)),
            reterr_reason);
    struct stat own, named;
    bool is_own = fstat(keep->file, &own) == 0
                  && fstatat(keep->folder, keep->name, &named, AT_SYMLINK_NOFOLLOW) == 0
                  && own.st_ino == named.st_ino && own.st_dev == named.st_dev;
    kept.existed = !is_own;
    if (kept.existed && (other_hash(keep, other) != ERR_OK || strcmp(other, kept.sha256) != 0))
        return refuse(ERR_INVALID,
            arena_format(
                arena, "evidence is not kept as %s: another file has that name", keep->name),
            reterr_reason);
    unlinkat(keep->folder, keep->part, 0);
    keep->part[0] = '\0';
    if (fsync(keep->folder) != 0)
        return refuse(
            ERR_IO, arena_format(arena, "%s: %s", keep->name, strerror(errno)), reterr_reason);
    *ret_kept = kept;
    return ERR_OK;
}

void keep_release(struct keep *keep)
{
    sha256_release(&keep->sha256);
    if (!keep->is_open)
        return;
    if (keep->part[0] != '\0')
        unlinkat(keep->folder, keep->part, 0);
    close(keep->file);
    close(keep->folder);
    keep->is_open = false;
}
