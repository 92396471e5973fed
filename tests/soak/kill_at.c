/* kill_at.c - kill_at PID N: kills a process when any of its threads is about to make the N-th system
 * call from now on, counted over all kinds and all threads. (strace counts each kind in each thread by
 * itself: it never gets to the fifth fdatasync of a process that has read five times before.)
 *
 * Says "attached" on standard error once it counts, "PID: reason" when it may not trace, and at
 * the end the number of the call that was not made.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static long trace(int what, pid_t thread, uintptr_t data)
{
    return ptrace((enum __ptrace_request)what, thread, NULL, (void *)data);
}

/* All threads that there are; those that they start are traced from their birth. */
static bool attach(pid_t process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    bool is_well = tasks != NULL;
    for (struct dirent *task; is_well && (task = readdir(tasks)) != NULL;) {
        pid_t thread = (pid_t)strtol(task->d_name, NULL, 10);
        if (thread > 0)
            is_well = trace(PTRACE_SEIZE, thread, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) == 0
                      && trace(PTRACE_INTERRUPT, thread, 0) == 0;
    }
    if (tasks != NULL)
        closedir(tasks);
    return is_well;
}

/* Whether the thread is about to make a call; which. */
static bool is_entry(pid_t thread, unsigned long long *ret_number)
{
    struct __ptrace_syscall_info info;
    if (ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0)
        return false;
    *ret_number = info.entry.nr;
    return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* What to hand on when it goes on: a signal, or nothing for stops of our own. */
static int signal_of(int status)
{
    int signal = WSTOPSIG(status);
    return signal == (SIGTRAP | 0x80) || status >> 16 != 0 ? 0 : signal;
}

int main(int argc, char **argv)
{
    pid_t process = argc == 3 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    long left = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (process <= 0 || left <= 0) {
        fputs("usage: kill_at PID N\n", stderr);
        return 2;
    }
    if (!attach(process)) {
        fprintf(stderr, "%d: %s\n", process, strerror(errno));
        return 1;
    }
    fputs("attached\n", stderr);
    unsigned long long number = 0;
    for (int status;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0)
            return 0; /* all of it is gone */
        if (!WIFSTOPPED(status))
            continue;
        bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
        if (is_call && is_entry(thread, &number) && left > 0 && --left == 0) {
            kill(process, SIGKILL);
            fprintf(stderr, "%llu\n", number);
            continue; /* a thread that stands still for its tracer dies all the same */
        }
        trace(PTRACE_SYSCALL, thread, (uintptr_t)signal_of(status));
    }
}
