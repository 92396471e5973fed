#include "sandbox/host_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HOST_NAME_BYTES_MAX = 64,
    GENERATIONS_MAX = 64,
    FILE_SIZE_BLOCKS_MAX = 131072 /* of 512 bytes */
};

#define MARK "CDR_SANDBOX_HOST="
#define FOLDER_MARK ".cdr-sandbox-hosts" /* the folder is one of ours */

struct run {
    char key[HOST_NAME_BYTES_MAX + 1]; /* "": free */
    char id[HOST_NAME_BYTES_MAX + 1];
    pid_t pid; /* 0: it ended and was waited for */
    int exit_code;
    bool is_killed;
    int64_t until_s;
    uint64_t number;
};

struct host_runs {
    char folder[PATH_MAX]; /* real path */
    struct run runs[HOST_RUNS_MAX];
    uint64_t started;
};

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= HOST_NAME_BYTES_MAX
           && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
                  == len;
}

static bool is_empty(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    bool is_any = directory == NULL;
    while (!is_any && (entry = readdir(directory)) != NULL)
        is_any = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (directory != NULL)
        closedir(directory);
    return !is_any;
}

/* Make the folder ours, if it is new or empty. */
static enum err folder_take(const char *folder)
{
    char path[PATH_MAX];
    struct stat about;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    int len = snprintf(path, sizeof(path), "%s/" FOLDER_MARK, folder);
    if (len >= PATH_MAX)
        return ERR_LIMIT;
    if (lstat(path, &about) == 0)
        return S_ISREG(about.st_mode) ? ERR_OK : ERR_INVALID;
    if (errno != ENOENT)
        return ERR_IO;
    if (!is_empty(folder))
        return ERR_INVALID;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0 ? ERR_OK : ERR_IO;
}

enum err host_runs_open(const char *folder, struct host_runs **ret_runs)
{
    TRY(folder_take(folder));
    struct host_runs *runs = calloc(1, sizeof(*runs));
    if (runs == NULL)
        return ERR_MEMORY;
    /* What commands leave behind stays below this process, so that it is told from what others run. */
    if (realpath(folder, runs->folder) == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1L) != 0) {
        free(runs);
        return ERR_IO;
    }
    *ret_runs = runs;
    return ERR_OK;
}

/* See whether a run ended; end it when its time is over. */
static void look_at(struct run *run)
{
    int status = 0;
    if (run->pid == 0)
        return;
    if (now_s() >= run->until_s && !run->is_killed) {
        run->is_killed = true;
        kill(-run->pid, SIGKILL);
    }
    if (waitpid(run->pid, &status, run->is_killed ? 0 : WNOHANG) != run->pid)
        return;
    run->pid = 0;
    run->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whether the environment of a process has the mark of a host of this folder. */
static bool has_mark(const struct host_runs *runs, const char *pid)
{
    char path[64];
    char mark[PATH_MAX + sizeof(MARK) + 1];
    char environment[8192];
    snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t size = read(fd, environment, sizeof(environment));
    close(fd);
    int len = snprintf(mark, sizeof(mark), MARK "%s/", runs->folder);
    return size > 0 && memmem(environment, (size_t)size, mark, (size_t)len) != NULL;
}

/* Whether it works in the folder: a collector clears its environment, and with it the mark. */
static bool is_inside(const struct host_runs *runs, const char *pid)
{
    char path[64];
    char cwd[PATH_MAX];
    size_t len = strlen(runs->folder);
    snprintf(path, sizeof(path), "/proc/%.20s/cwd", pid);
    ssize_t size = readlink(path, cwd, sizeof(cwd) - 1);
    return size > (ssize_t)len && memcmp(cwd, runs->folder, len) == 0 && cwd[len] == '/'
           && strtol(pid, NULL, 10) != getpid();
}

/* The parent of a process; 0: there is none. */
static pid_t parent_of(pid_t pid)
{
    char path[64];
    char text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    const char *name_end = size <= 0 ? NULL : strrchr(text, ')');
    if (name_end == NULL || strlen(name_end) < 5) /* ") S 1" */
        return 0;
    return (pid_t)strtol(name_end + 4, NULL, 10);
}

/* Whether a process comes from this one. */
static bool is_descendant(pid_t pid)
{
    for (int steps = 0; pid > 1 && steps < GENERATIONS_MAX; steps++) {
        pid = parent_of(pid);
        if (pid == getpid())
            return true;
    }
    return false;
}

/* Kill a process that a command left behind; others are nobody's business here. */
static bool kill_ours(const struct host_runs *runs, const char *name)
{
    pid_t pid = (pid_t)strtol(name, NULL, 10);
    if (pid <= 1 || !is_descendant(pid) || (!has_mark(runs, name) && !is_inside(runs, name)))
        return false;
    kill(pid, SIGKILL);
    if (parent_of(pid) == getpid())
        waitpid(pid, NULL, 0);
    return true;
}

/* Kill what commands left behind, detached; those that start new ones meanwhile are met again. */
static void kill_left(const struct host_runs *runs)
{
    bool is_any = true;
    for (int round = 0; is_any && round < 8; round++) {
        is_any = false;
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        while (proc != NULL && (entry = readdir(proc)) != NULL)
            if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
                is_any |= kill_ours(runs, entry->d_name);
        if (proc != NULL)
            closedir(proc);
    }
}

void host_runs_close(struct host_runs *runs)
{
    if (runs == NULL)
        return;
    for (size_t at = 0; at < HOST_RUNS_MAX; at++) {
        runs->runs[at].until_s = 0;
        look_at(&runs->runs[at]);
    }
    kill_left(runs);
    free(runs);
}

static struct run *find(struct host_runs *runs, const char *key)
{
    for (size_t at = 0; at < HOST_RUNS_MAX; at++)
        if (strcmp(runs->runs[at].key, key) == 0)
            return &runs->runs[at];
    return NULL;
}

/* A place for one more; NULL: all of them still run. */
static struct run *place_of(struct host_runs *runs)
{
    struct run *oldest = find(runs, "");
    for (size_t at = 0; oldest == NULL && at < HOST_RUNS_MAX; at++)
        look_at(&runs->runs[at]);
    for (size_t at = 0; at < HOST_RUNS_MAX; at++) {
        struct run *run = &runs->runs[at];
        if (run->key[0] == '\0')
            return run;
        if (run->pid == 0 && (oldest == NULL || run->number < oldest->number))
            oldest = run;
    }
    return oldest;
}

/* "FOLDER/ID" or "FOLDER/ID/.cdr-runs/KEY.SUFFIX" into `path`; ERR_LIMIT: it is too long. */
static enum err path_of(const struct host_runs *runs, const char *id, const char *key,
    const char *suffix, char path[static PATH_MAX])
{
    int len = key == NULL
                  ? snprintf(path, PATH_MAX, "%s/%s", runs->folder, id)
                  : snprintf(path, PATH_MAX, "%s/%s/.cdr-runs/%s%s", runs->folder, id, key, suffix);
    return len < PATH_MAX ? ERR_OK : ERR_LIMIT;
}

static enum err make_home(const struct host_runs *runs, const char *id)
{
    char path[PATH_MAX];
    TRY(path_of(runs, id, NULL, "", path));
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    TRY(path_of(runs, id, "", "", path));
    return mkdir(path, 0700) != 0 && errno != EEXIST ? ERR_IO : ERR_OK;
}

static enum err write_file(const char *path, str content, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return ERR_IO;
    size_t done = 0;
    while (done < content.len) {
        ssize_t wrote = write(fd, content.ptr + done, content.len - done);
        if (wrote < 0 && errno != EINTR)
            break;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return close(fd) == 0 && done == content.len ? ERR_OK : ERR_IO;
}

/* The process: a group of its own, nothing of our environment, signals as they are by default. */
static int spawn(const char *home, const char *script, const char *out, const char *err, pid_t *pid)
{
    char marks[4][PATH_MAX + 32];
    snprintf(marks[0], sizeof(marks[0]), "HOME=%s", home);
    snprintf(marks[1], sizeof(marks[1]), "TMPDIR=%s", home);
    snprintf(marks[2], sizeof(marks[2]), MARK "%s", home);
    snprintf(marks[3], sizeof(marks[3]), "ulimit -f %d; exec /bin/sh \"$0\"", FILE_SIZE_BLOCKS_MAX);
    char *environment[] = { marks[0], marks[1], marks[2],
        (char[]){ "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" }, NULL };
    char *arguments[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, marks[3],
        (char *)(uintptr_t)script, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
    int why = posix_spawn_file_actions_addchdir_np(&files, home);
    if (why == 0)
        why = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (why == 0)
        why = posix_spawn_file_actions_addopen(&files, 1, out, flags, 0600);
    if (why == 0)
        why = posix_spawn_file_actions_addopen(&files, 2, err, flags, 0600);
    if (why == 0)
        why = posix_spawn_file_actions_addclosefrom_np(&files, 3);
    if (why == 0)
        why = posix_spawn(pid, "/bin/sh", &files, &how, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return why;
}

enum err host_run_start(
    struct host_runs *runs, const char *id, const char *key, str script, uint32_t timeout_s)
{
    char home[PATH_MAX], file[PATH_MAX], out[PATH_MAX], err[PATH_MAX];
    pid_t pid = 0;
    if (!is_name(id) || !is_name(key))
        return ERR_INVALID;
    /* A world that was begun anew hands out the same keys again. */
    struct run *run = find(runs, key);
    if (run != NULL) {
        run->until_s = 0;
        look_at(run);
    } else
        run = place_of(runs);
    if (run == NULL)
        return ERR_LIMIT;
    TRY(make_home(runs, id));
    TRY(path_of(runs, id, NULL, "", home));
    TRY(path_of(runs, id, key, ".sh", file));
    TRY(path_of(runs, id, key, ".out", out));
    TRY(path_of(runs, id, key, ".err", err));
    TRY(write_file(file, script, 0600));
    if (spawn(home, file, out, err, &pid) != 0)
        return ERR_IO;
    *run = (struct run){ .pid = pid,
        .until_s = now_s() + (timeout_s < HOST_TIMEOUT_S_MAX ? timeout_s : HOST_TIMEOUT_S_MAX),
        .number = ++runs->started };
    memcpy(run->key, key, strlen(key));
    memcpy(run->id, id, strlen(id));
    return ERR_OK;
}

/* At most `most` bytes of a file; with `is_whole` a longer one is ERR_LIMIT. */
static enum err read_file(
    const char *path, size_t most, bool is_whole, struct arena *arena, str *ret_content)
{
    struct stat about;
    /* O_NONBLOCK: a pipe that a command left there is not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    enum err err = fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) ? ERR_NOT_FOUND : ERR_OK;
    size_t size = err == ERR_OK ? (size_t)about.st_size : 0;
    if (is_whole && size > most)
        err = ERR_LIMIT;
    size = size < most ? size : most;
    char *content = err == ERR_OK ? arena_alloc(arena, size + 1, 1) : NULL;
    if (err == ERR_OK && content == NULL)
        err = ERR_MEMORY;
    size_t done = 0;
    while (err == ERR_OK && done < size) {
        ssize_t got = read(fd, content + done, size - done);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            err = ERR_IO;
        done += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    *ret_content = (str){ content, done };
    return err;
}

enum err host_run_look(
    struct host_runs *runs, const char *key, struct arena *arena, struct host_run_state *ret_state)
{
    char path[PATH_MAX];
    *ret_state = (struct host_run_state){ .out = STR(""), .err = STR("") };
    struct run *run = is_name(key) ? find(runs, key) : NULL;
    if (run == NULL)
        return ERR_OK;
    look_at(run);
    ret_state->is_known = true;
    ret_state->is_complete = run->pid == 0;
    ret_state->is_killed = run->is_killed;
    ret_state->exit_code = run->exit_code;
    TRY(path_of(runs, run->id, key, ".out", path));
    TRY(read_file(path, HOST_OUTPUT_BYTES_MAX, false, arena, &ret_state->out));
    TRY(path_of(runs, run->id, key, ".err", path));
    return read_file(path, HOST_OUTPUT_BYTES_MAX, false, arena, &ret_state->err);
}

const char *host_path(
    const struct host_runs *runs, const char *id, const char *path, struct arena *arena)
{
    char home[PATH_MAX];
    if (path_of(runs, id, NULL, "", home) != ERR_OK)
        return NULL;
    size_t len = strlen(home);
    if (strncmp(path, home, len) == 0 && path[len] == '/')
        return arena_format(arena, "%s", path);
    if (strncmp(path, "/tmp/", 5) == 0)
        path += 4;
    return arena_format(arena, "%s%s%s", home, path[0] == '/' ? "" : "/", path);
}

enum err host_file_read(
    struct host_runs *runs, const char *id, const char *path, struct arena *arena, str *ret_content)
{
    char home[PATH_MAX], real[PATH_MAX];
    if (!is_name(id))
        return ERR_INVALID;
    TRY(path_of(runs, id, NULL, "", home));
    const char *wanted = host_path(runs, id, path, arena);
    if (wanted == NULL)
        return ERR_MEMORY;
    size_t home_len = strlen(home);
    if (realpath(wanted, real) == NULL || strncmp(real, home, home_len) != 0
        || real[home_len] != '/')
        return ERR_NOT_FOUND;
    return read_file(real, HOST_FILE_BYTES_MAX, true, arena, ret_content);
}

static enum err write_into(struct host_runs *runs, const char *id, const char *folder,
    const char *name, str content, mode_t mode)
{
    char path[PATH_MAX];
    if (!is_name(id) || name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return ERR_INVALID;
    TRY(make_home(runs, id));
    TRY(path_of(runs, id, NULL, "", path));
    size_t len = strlen(path);
    if (snprintf(path + len, sizeof(path) - len, "%s%s", folder, name) >= (int)(sizeof(path) - len))
        return ERR_LIMIT;
    return write_file(path, content, mode);
}

enum err host_file_write(struct host_runs *runs, const char *id, const char *name, str content)
{
    return write_into(runs, id, "/", name, content, 0755);
}

enum err host_file_keep(struct host_runs *runs, const char *id, const char *name, str content)
{
    return write_into(runs, id, "/.cdr-runs/", name, content, 0600);
}
