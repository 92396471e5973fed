/* power_cut.c - writes down what a process does to the files of one directory, so that power.py
 * can make of it what a power cut would have left. Loaded by LD_PRELOAD; of tests alone.
 *
 * POWER_DIRECTORY (absolute, without links) is watched, POWER_LOG is appended to. Each change is told
 * before it is made, with its bytes, and both under one lock: the order of the log is that of the
 * changes. A sync is told twice: what was told before its beginning is durable once its end is
 * told. Nothing is really synced; a sync takes about as long as one of a disk. POWER_LIES: no sync is told,
 * as of a disk that acknowledges and forgets.
 *
 * The log outlives kill -9, since what was written is the kernel's. Maps are not followed: SQLite
 * maps its -shm alone, which need not survive.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 4096, SYNC_MAX_NS = 2000000 };

/* What the log has of each change; power.py reads it so. */
struct __attribute__((packed)) record {
    char kind;       /* see power.py */
    uint64_t file;   /* inode */
    uint64_t offset; /* or the size, the number of the sync, what was really written */
    uint32_t length; /* of the bytes that follow */
};

static struct {
    pthread_mutex_t lock;
    char directory[PATH_MAX];
    int log;
    bool lies;
    dev_t device;
    uint64_t files[FILES_MAX]; /* inodes in the directory, and its own */
    size_t count;
    uint64_t syncs;
} power = { .lock = PTHREAD_MUTEX_INITIALIZER, .log = -1 };

#define REAL(name) (__extension__(__typeof__(&name)) real(#name))
static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        _exit(120);
    return found;
}

static void tell(char kind, uint64_t file, uint64_t offset, const void *bytes, size_t length)
{
    struct record record = { kind, file, offset, (uint32_t)length };
    struct iovec parts[] = { { &record, sizeof record }, { (void *)(uintptr_t)bytes, length } };
    if (REAL(writev)(power.log, parts, 2) != (ssize_t)(sizeof record + length))
        _exit(121);
}

static void watch(uint64_t file)
{
    for (size_t i = 0; i < power.count; i++)
        if (power.files[i] == file)
            return;
    if (power.count == FILES_MAX)
        _exit(122);
    power.files[power.count++] = file;
}

static bool is_watched(const struct stat *status)
{
    if (status->st_dev != power.device || !(S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)))
        return false;
    for (size_t i = 0; i < power.count; i++)
        if (power.files[i] == status->st_ino)
            return true;
    return false;
}

static void forget(uint64_t file)
{
    for (size_t i = 0; i < power.count; i++)
        if (power.files[i] == file)
            power.files[i] = power.files[--power.count];
}

/* Whether `path` is an entry of the directory; its name. */
static bool is_entry(int at, const char *path, const char **ret_name)
{
    char folder[PATH_MAX], whole[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *ret_name = slash == NULL ? path : slash + 1;
    int length = slash == NULL ? 0 : (int)(slash - path + 1);
    if (path[0] != '/' && at != AT_FDCWD)
        snprintf(folder, sizeof folder, "/proc/self/fd/%d/%.*s", at, length, path);
    else
        snprintf(folder, sizeof folder, "%.*s", length == 0 ? 1 : length, length == 0 ? "." : path);
    return power.log >= 0 && realpath(folder, whole) != NULL && strcmp(whole, power.directory) == 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *directory = getenv("POWER_DIRECTORY"), *log = getenv("POWER_LOG");
    struct stat status;
    if (directory == NULL || log == NULL || stat(directory, &status) != 0)
        return;
    snprintf(power.directory, sizeof power.directory, "%s", directory);
    power.lies = getenv("POWER_LIES") != NULL;
    power.device = status.st_dev;
    watch(status.st_ino);
    power.log = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int open_watched(int at, const char *path, const char *name, int flags, mode_t mode)
{
    struct stat before, now;
    pthread_mutex_lock(&power.lock);
    bool was_there = fstatat(at, path, &before, 0) == 0;
    if (was_there && S_ISREG(before.st_mode)) {
        watch(before.st_ino);
        if ((flags & O_TRUNC) != 0)
            tell('T', before.st_ino, 0, NULL, 0);
    }
    int file = REAL(openat)(at, path, flags, mode);
    int error = errno;
    if (file >= 0 && !was_there && fstat(file, &now) == 0) {
        watch(now.st_ino);
        tell('C', now.st_ino, 0, name, strlen(name));
    }
    pthread_mutex_unlock(&power.lock);
    errno = error;
    return file;
}

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    const char *name = NULL;
    if ((flags & O_DIRECTORY) == 0 && is_entry(at, path, &name))
        return open_watched(at, path, name, flags, mode);
    return REAL(openat)(at, path, flags, mode);
}

static mode_t mode_of(int flags, va_list more)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
}

#define OPENS(function, parameters, at, path)                                                      \
    int function parameters                                                                        \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_any(at, path, flags, mode);                                                    \
    }
OPENS(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPENS(openat, (int at, const char *path, int flags, ...), at, path)
OPENS(openat64, (int at, const char *path, int flags, ...), at, path)

int creat(const char *path, mode_t mode)
{
    return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* With the lock, if it is one of ours; then the caller writes, and says what was written. */
static bool write_begins(int file, struct stat *status)
{
    if (power.log < 0 || fstat(file, status) != 0 || status->st_dev != power.device
        || !S_ISREG(status->st_mode))
        return false;
    pthread_mutex_lock(&power.lock);
    if (is_watched(status))
        return true;
    pthread_mutex_unlock(&power.lock);
    return false;
}

static ssize_t write_ends(size_t wanted, ssize_t written)
{
    int error = errno;
    if (written != (ssize_t)wanted)
        tell('X', 0, written < 0 ? 0 : (uint64_t)written, NULL, 0);
    pthread_mutex_unlock(&power.lock);
    errno = error;
    return written;
}

/* Of a change that is made or not. */
static int change_ends(int code)
{
    return (int)write_ends(0, code);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    struct stat status;
    if (!write_begins(file, &status))
        return REAL(pwrite)(file, bytes, length, offset);
    tell('W', status.st_ino, (uint64_t)offset, bytes, length);
    return write_ends(length, REAL(pwrite)(file, bytes, length, offset));
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off_t offset)
{
    return pwrite(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length)
{
    struct stat status;
    if (!write_begins(file, &status))
        return REAL(write)(file, bytes, length);
    bool is_appended = (fcntl(file, F_GETFL) & O_APPEND) != 0;
    fstat(file, &status);
    off_t offset = is_appended ? status.st_size : lseek(file, 0, SEEK_CUR);
    tell('W', status.st_ino, (uint64_t)offset, bytes, length);
    return write_ends(length, REAL(write)(file, bytes, length));
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    struct stat status;
    if (power.log < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return REAL(writev)(file, parts, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t written = write(file, parts[i].iov_base, parts[i].iov_len);
        if (written < 0)
            return all > 0 ? all : written;
        all += written;
        if ((size_t)written < parts[i].iov_len)
            break;
    }
    return all;
}

int ftruncate(int file, off_t size)
{
    struct stat status;
    if (!write_begins(file, &status))
        return REAL(ftruncate)(file, size);
    tell('T', status.st_ino, (uint64_t)size, NULL, 0);
    return change_ends(REAL(ftruncate)(file, size));
}

int ftruncate64(int file, off_t size)
{
    return ftruncate(file, size);
}

/* Tell that an entry gets another name, or one more, or none. */
static void tell_names(char kind, const char *from, const char *to)
{
    char both[2 * NAME_MAX + 2];
    int length = snprintf(both, sizeof both, "%s%c%s", from, '\0', to);
    tell(kind, 0, 0, both, (size_t)length);
}

int rename(const char *from, const char *to)
{
    const char *old = NULL, *new = NULL;
    bool from_us = is_entry(AT_FDCWD, from, &old), to_us = is_entry(AT_FDCWD, to, &new);
    if (!from_us && !to_us)
        return REAL(rename)(from, to);
    if (!from_us || !to_us)
        _exit(123);
    pthread_mutex_lock(&power.lock);
    tell_names('R', old, new);
    return change_ends(REAL(rename)(from, to));
}

int link(const char *from, const char *to)
{
    const char *old = NULL, *new = NULL;
    bool from_us = is_entry(AT_FDCWD, from, &old);
    if (!is_entry(AT_FDCWD, to, &new))
        return REAL(link)(from, to);
    if (!from_us)
        _exit(123);
    pthread_mutex_lock(&power.lock);
    tell_names('L', old, new);
    return change_ends(REAL(link)(from, to));
}

int unlink(const char *path)
{
    const char *name = NULL;
    struct stat status;
    if (!is_entry(AT_FDCWD, path, &name))
        return REAL(unlink)(path);
    pthread_mutex_lock(&power.lock);
    bool is_last = lstat(path, &status) == 0 && status.st_nlink == 1;
    tell_names('U', name, "");
    int code = REAL(unlink)(path);
    if (code == 0 && is_last)
        forget(status.st_ino);
    return change_ends(code);
}

/* About as long as a disk takes, so that others write meanwhile. */
static void take_time(uint64_t sync)
{
    struct timespec wait = { 0, (long)(sync * 7919 % SYNC_MAX_NS) };
    nanosleep(&wait, NULL);
}

static int sync_any(int file)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return -1;
    pthread_mutex_lock(&power.lock);
    uint64_t sync = ++power.syncs;
    bool is_ours = is_watched(&status);
    if (is_ours && !power.lies)
        tell('S', status.st_ino, sync, NULL, 0);
    pthread_mutex_unlock(&power.lock);
    if (!is_ours)
        return 0;
    take_time(sync);
    pthread_mutex_lock(&power.lock);
    if (!power.lies)
        tell('E', status.st_ino, sync, NULL, 0);
    pthread_mutex_unlock(&power.lock);
    return 0;
}

int fsync(int file)
{
    return power.log < 0 ? REAL(fsync)(file) : sync_any(file);
}

int fdatasync(int file)
{
    return power.log < 0 ? REAL(fdatasync)(file) : sync_any(file);
}
