/* git.c - see git.h. */
#include "driver/git.h"

#include "base/time.h"
#include "host/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, REAP_MS = 10 };

extern char **environ;

void git_answer_release(struct git_answer *answer)
{
    buf_release(&answer->out);
    buf_release(&answer->error);
}

const char *git_reason(const struct git_answer *answer, enum err err, struct arena *arena)
{
    str said = buf_str(&answer->error);
    if (err == ERR_NOT_FOUND)
        return "git is not installed";
    if (err == ERR_TIMEOUT)
        return "git took too long and was ended";
    if (err != ERR_OK)
        return err_text(err);
    if (str_startswith(said, STR("fatal: ")))
        said = str_skip(said, strlen("fatal: "));
    const char *reason = arena_copy(arena, str_first(said, str_find(said, '\n'))).ptr;
    return reason == NULL || reason[0] == '\0' ? "git failed and did not say why" : reason;
}

/* ---- what it is given ---- */

static bool is_about_people(str variable)
{
    return str_startswith(variable, STR("GIT_AUTHOR_"))
           || str_startswith(variable, STR("GIT_COMMITTER_"));
}

/* Ours without what steers git, and with what keeps it still. */
static char **environment_of(struct arena *arena, bool is_quiet)
{
    static const char *const ours[] = { "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
        "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C" };
    size_t count = 0;
    size_t room = 1 + COUNT_OF(ours);
    for (char **at = environ; *at != NULL; at++)
        room++;
    const char **all = ARENA_ARRAY(arena, const char *, room);
    for (char **at = environ; all != NULL && *at != NULL; at++)
        if ((!str_startswith(str_from(*at), STR("GIT_"))
                || (!is_quiet && is_about_people(str_from(*at))))
            && !str_startswith(str_from(*at), STR("LC_ALL=")))
            all[count++] = *at;
    for (size_t at = 0; all != NULL && at < COUNT_OF(ours); at++)
        all[count++] = ours[at];
    union {
        const char **ours;
        char **theirs;
    } list = { .ours = all };
    return list.theirs;
}

static char **arguments_of(
    struct arena *arena, const char *folder, bool is_quiet, const char *const *arguments)
{
    static const char *const quiet[] = { "-c", "core.fsmonitor=false", "-c",
        "core.hooksPath=/dev/null" };
    const char **all = ARENA_ARRAY(arena, const char *, GIT_ARGUMENTS_MAX + 16);
    size_t count = 0;
    if (all == NULL)
        return NULL;
    all[count++] = "git";
    all[count++] = "-C";
    all[count++] = folder;
    all[count++] = "--no-pager";
    all[count++] = "--literal-pathspecs";
    for (size_t at = 0; is_quiet && at < COUNT_OF(quiet); at++)
        all[count++] = quiet[at];
    for (size_t at = 0; arguments[at] != NULL; at++) {
        if (at == GIT_ARGUMENTS_MAX)
            return NULL;
        all[count++] = arguments[at];
    }
    union {
        const char **ours;
        char **theirs;
    } list = { .ours = all };
    return list.theirs;
}

/* A file in memory cannot block whoever writes it, as a pipe could. */
static int input_file(str input)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    while (fd >= 0 && input.len > 0) {
        ssize_t put = write(fd, input.ptr, input.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            close(fd);
            return -1;
        }
        input = str_skip(input, (size_t)put);
    }
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- what it says ---- */

static int64_t elapsed_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read what is there; *fd is closed and -1 at its end. `cuts`: what is too much is left out. */
static enum err take(int *fd, bool cuts, struct buf *out)
{
    char bytes[READ_BYTES];
    ssize_t got = read(*fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return ERR_OK;
    if (got <= 0) {
        close(*fd);
        *fd = -1;
        return got < 0 ? ERR_IO : ERR_OK;
    }
    size_t room = out->limit - out->len;
    buf_add(out, str_first((str){ bytes, (size_t)got }, cuts ? room : (size_t)got));
    return out->err;
}

static enum err read_both(int fds[static 2], int64_t until_ms, struct git_answer *answer)
{
    while (fds[0] >= 0 || fds[1] >= 0) {
        int64_t left_ms = until_ms - elapsed_ms();
        struct pollfd polled[] = { { .fd = fds[0], .events = POLLIN },
            { .fd = fds[1], .events = POLLIN } };
        if (left_ms <= 0)
            return ERR_TIMEOUT;
        if (poll(polled, 2, (int)left_ms) < 0 && errno != EINTR)
            return ERR_IO;
        if (fds[0] >= 0 && polled[0].revents != 0)
            TRY(take(&fds[0], false, &answer->out));
        if (fds[1] >= 0 && polled[1].revents != 0)
            TRY(take(&fds[1], true, &answer->error));
    }
    return ERR_OK;
}

/* Its end, which comes soon after that of its outputs. */
static enum err reap(pid_t child, int64_t until_ms, enum err err, int *ret_code)
{
    int status = 0;
    pid_t got = 0;
    while (err == ERR_OK && (got = waitpid(child, &status, WNOHANG)) == 0) {
        if (elapsed_ms() > until_ms)
            err = ERR_TIMEOUT;
        else
            poll(NULL, 0, REAP_MS);
    }
    if (got == 0) {
        kill(child, SIGKILL);
        while ((got = waitpid(child, &status, 0)) < 0 && errno == EINTR)
            continue;
    }
    *ret_code = got == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return err;
}

/* ---- the call ---- */

struct channels {
    int input;
    int out[2]; /* to read, to write */
    int error[2];
};

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void channels_close(struct channels *channels)
{
    close_one(&channels->input);
    for (int end = 0; end < 2; end++) {
        close_one(&channels->out[end]);
        close_one(&channels->error[end]);
    }
}

/* Signals are as a program of its own has them, whatever this one has made of them. */
static enum err spawn(
    char **arguments, char **environment, const struct channels *channels, pid_t *ret_child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ERR_MEMORY;
    if (posix_spawnattr_init(&how) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ERR_MEMORY;
    }
    int fault = posix_spawn_file_actions_adddup2(&files, channels->input, STDIN_FILENO);
    fault += posix_spawn_file_actions_adddup2(&files, channels->out[1], STDOUT_FILENO);
    fault += posix_spawn_file_actions_adddup2(&files, channels->error[1], STDERR_FILENO);
    fault += posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    fault += posix_spawnattr_setsigmask(&how, &none);
    fault += posix_spawnattr_setsigdefault(&how, &all);
    int reason = fault != 0
                     ? ENOMEM
                     : posix_spawnp(ret_child, arguments[0], &files, &how, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    if (reason == 0)
        return ERR_OK;
    return reason == ENOENT ? ERR_NOT_FOUND : reason == ENOMEM ? ERR_MEMORY : ERR_IO;
}

enum err git_run(const char *folder, bool is_quiet, const char *const *arguments, str input,
    struct git_answer *answer)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    CLEANUP(channels_close)
    struct channels channels = { input_file(input), { -1, -1 }, { -1, -1 } };
    char **given = arguments_of(&arena, folder, is_quiet, arguments);
    char **environment = environment_of(&arena, is_quiet);
    int64_t until_ms = elapsed_ms() + GIT_WAIT_MS;
    pid_t child = 0;
    answer->code = -1;
    if (given == NULL || environment == NULL)
        return ERR_MEMORY;
    if (channels.input < 0 || pipe2(channels.out, O_CLOEXEC) != 0
        || pipe2(channels.error, O_CLOEXEC) != 0)
        return ERR_IO;
    TRY(spawn(given, environment, &channels, &child));
    close_one(&channels.out[1]);
    close_one(&channels.error[1]);
    int fds[] = { channels.out[0], channels.error[0] };
    channels.out[0] = channels.error[0] = -1;
    enum err err = read_both(fds, until_ms, answer);
    close_one(&fds[0]);
    close_one(&fds[1]);
    return reap(child, until_ms, err, &answer->code);
}
