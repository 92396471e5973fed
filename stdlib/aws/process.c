#include "aws/process.h"

#include "aws/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 256, LOOK_MS = 100, END_LOOK_MS = 10 };

/* --- words --- */

/* Take the next word off `*rest`, into `out`, which has room for all of it. False for one that
 * is not closed. */
static bool word_take(str *rest, char *out, size_t *ret_len)
{
    char quote = '\0';
    size_t at = 0, len = 0;
    for (; at < rest->len; at++) {
        char byte = rest->ptr[at];
        bool may_escape = quote == '\0'
                          || (quote == '"' && at + 1 < rest->len
                              && (rest->ptr[at + 1] == '"' || rest->ptr[at + 1] == '\\'));
        if (quote == '\0' && strchr(" \t\r\n", byte) != NULL)
            break;
        if (byte == '\\' && may_escape) {
            if (++at == rest->len)
                return false;
            out[len++] = rest->ptr[at];
        } else if (byte == quote) {
            quote = '\0';
        } else if (quote == '\0' && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else {
            out[len++] = byte;
        }
    }
    *rest = str_skip(*rest, at);
    *ret_len = len;
    return quote == '\0';
}

static str without_blanks(str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
        text = str_skip(text, 1);
    return text;
}

enum err aws_process_words(struct arena *arena, str line, char ***ret_words)
{
    char **words = ARENA_ARRAY(arena, char *, WORDS_MAX + 1);
    char *text = arena_array(arena, line.len + 1, 2, 1);
    uint32_t count = 0;
    if (words == NULL || text == NULL)
        return ERR_MEMORY;
    for (str rest = without_blanks(line); rest.len > 0; rest = without_blanks(rest)) {
        size_t len;
        if (count == WORDS_MAX || !word_take(&rest, text, &len))
            return ERR_INVALID;
        words[count++] = text;
        text[len] = '\0';
        text += len + 1;
    }
    words[count] = NULL;
    *ret_words = words;
    return count == 0 || words[0][0] == '\0' ? ERR_INVALID : ERR_OK;
}

/* --- a program --- */

struct process {
    pid_t pid;
    int output;
    struct clock *clock;
    int64_t until_ms; /* of time_ms */
    const volatile int *stop;
    char *text; /* of AWS_PROCESS_BYTES_MAX + 1 */
    size_t len;
};

/* By a clock that nobody sets, where there is one. */
static int64_t time_ms(struct clock *clock)
{
    char boot[BOOT_TEXT_MAX];
    int64_t elapsed_ms = clock->elapsed_ms == NULL ? -1 : clock->elapsed_ms(clock, boot);
    return elapsed_ms < 0 ? clock->now_ms(clock) : elapsed_ms;
}

/* What the program has open, and how signals find it. */
static int spawn_prepare(
    posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int output)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed |= posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    failed |= posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    failed |= posix_spawnattr_setsigmask(attributes, &none);
    failed |= posix_spawnattr_setsigdefault(attributes, &all);
    failed |= posix_spawnattr_setpgroup(attributes, 0);
    failed |= posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failed;
}

/* An errno, or 0. */
static int spawn(struct process *process, char **words)
{
    int ends[2];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int failed = spawn_prepare(&files, &attributes, ends[1]);
    if (failed == 0)
        failed = posix_spawnp(
            &process->pid, words[0], &files, &attributes, words, aws_environment_inherited());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (failed != 0)
        close(ends[0]);
    else
        process->output = ends[0];
    return failed;
}

/* Whether to go on waiting: ERR_OK, ERR_STOPPED, ERR_TIMEOUT. */
static enum err patience(const struct process *process)
{
    if (process->stop != NULL && *process->stop != 0)
        return ERR_STOPPED;
    return time_ms(process->clock) < process->until_ms ? ERR_OK : ERR_TIMEOUT;
}

/* All that it prints. ERR_LIMIT: too much. */
static enum err output_read(struct process *process)
{
    for (;;) {
        struct pollfd fd = { .fd = process->output, .events = POLLIN };
        TRY(patience(process));
        int ready = poll(&fd, 1, LOOK_MS);
        if (ready <= 0)
            continue;
        ssize_t got = read(process->output, process->text + process->len,
            AWS_PROCESS_BYTES_MAX + 1 - process->len);
        if (got == 0)
            return ERR_OK;
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        process->len += got > 0 ? (size_t)got : 0;
        if (process->len > AWS_PROCESS_BYTES_MAX)
            return ERR_LIMIT;
    }
}

/* Await its end. ERR_IO: it did not end well. */
static enum err end_await(struct process *process)
{
    for (;;) {
        int status = 0;
        pid_t ended = waitpid(process->pid, &status, WNOHANG);
        if (ended == process->pid) {
            process->pid = 0;
            return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ERR_OK : ERR_IO;
        }
        if (ended < 0 && errno != EINTR) {
            process->pid = 0;
            return ERR_IO;
        }
        TRY(patience(process));
        (void)poll(NULL, 0, END_LOOK_MS);
    }
}

/* End it and what it started. */
static void process_kill(struct process *process)
{
    if (process->pid == 0)
        return;
    kill(-process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    process->pid = 0;
}

static enum err fail(
    struct arena *arena, const char *words, const char *why, const char **reterr_reason)
{
    *reterr_reason = arena_format(arena, "credential_process (%s) %s", words, why);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

static const char *why_of(enum err err)
{
    if (err == ERR_TIMEOUT)
        return "took too long, and was ended";
    if (err == ERR_LIMIT)
        return "printed more than 64 KiB, and was ended";
    return "did not end well: what it said is on standard error";
}

static enum err run(struct process *process, char **words, struct arena *arena,
    struct aws_keys *keys, const char **reterr_reason)
{
    int failed = spawn(process, words);
    if (failed != 0)
        return fail(arena, words[0],
            arena_format(arena, "could not be started: %s", strerror(failed)), reterr_reason);
    enum err err = output_read(process);
    if (err == ERR_OK)
        err = end_await(process);
    process_kill(process);
    close(process->output);
    if (err == ERR_STOPPED)
        return err;
    if (err != ERR_OK)
        return fail(arena, words[0], why_of(err), reterr_reason);
    const char *fault = NULL;
    str text = { process->text, process->len };
    err = aws_keys_read(keys, text, "SessionToken", false, 1, arena, &fault);
    if (err != ERR_INVALID)
        return err;
    return fail(arena, words[0], arena_format(arena, "printed what is of no use: %s", fault),
        reterr_reason);
}

enum err aws_process_fetch(const char *command, struct clock *clock, uint32_t timeout_ms,
    const volatile int *stop, struct arena *arena, struct aws_keys *keys,
    const char **reterr_reason)
{
    char **words;
    enum err err = aws_process_words(arena, str_from(command), &words);
    if (err == ERR_INVALID)
        return fail(arena, "its line", "is empty, or has a quote that does not end", reterr_reason);
    TRY(err);
    struct process process = { .clock = clock,
        .until_ms = time_ms(clock) + timeout_ms,
        .stop = stop,
        .text = malloc(AWS_PROCESS_BYTES_MAX + 1) };
    if (process.text == NULL)
        return ERR_MEMORY;
    err = run(&process, words, arena, keys, reterr_reason);
    explicit_bzero(process.text, AWS_PROCESS_BYTES_MAX + 1);
    free(process.text);
    return err;
}
