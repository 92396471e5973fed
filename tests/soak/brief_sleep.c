/* brief_sleep.c - preloaded: a process that sleeps a thousandth of what it wants to, so that polls of many
 * minutes are tried in seconds. Its clocks are the true ones. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SHORTER = 1000 };

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    long long ns = ((long long)wanted->tv_sec * 1000000000LL + wanted->tv_nsec) / SHORTER;
    struct timespec brief = { .tv_sec = ns / 1000000000LL, .tv_nsec = ns % 1000000000LL };
    return (int)syscall(SYS_nanosleep, &brief, left);
}
