#include "host/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
    WAIT_SLICE_MS = 200, /* how long a stop may go unnoticed */
};

static int64_t system_now_ms(struct clock *clock)
{
    (void)clock;
    struct timespec now = { 0, 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* A signal ends the sleep early: whoever was told to stop should look at once. */
static void system_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    struct timespec duration = { .tv_sec = duration_ms / MS_PER_S,
        .tv_nsec = (long)(duration_ms % MS_PER_S) * NS_PER_MS };
    nanosleep(&duration, NULL);
}

/* Which start of the machine this is: a UUID that the kernel makes at each. */
static bool system_boot(char boot[static BOOT_TEXT_MAX])
{
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t size = read(file, boot, BOOT_TEXT_MAX - 1);
    close(file);
    if (size <= 0)
        return false;
    boot[size] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    return boot[0] != '\0';
}

static int64_t system_elapsed_ms(struct clock *clock, char boot[static BOOT_TEXT_MAX])
{
    (void)clock;
    struct timespec elapsed = { 0, 0 };
    if (clock_gettime(CLOCK_BOOTTIME, &elapsed) != 0 || !system_boot(boot))
        return -1;
    return (int64_t)elapsed.tv_sec * MS_PER_S + elapsed.tv_nsec / NS_PER_MS;
}

int64_t clock_elapsed_ms(struct clock *clock)
{
    char boot[BOOT_TEXT_MAX];
    int64_t elapsed_ms = clock->elapsed_ms == NULL ? -1 : clock->elapsed_ms(clock, boot);
    return elapsed_ms < 0 ? clock->now_ms(clock) : elapsed_ms;
}

bool clock_wait(struct clock *clock, uint32_t duration_ms, const volatile int *stop)
{
    for (;;) {
        if (stop != NULL && __atomic_load_n(stop, __ATOMIC_RELAXED) != 0)
            return false;
        if (duration_ms == 0)
            return true;
        uint32_t slice_ms =
            stop == NULL || duration_ms < WAIT_SLICE_MS ? duration_ms : WAIT_SLICE_MS;
        clock->sleep_ms(clock, slice_ms);
        duration_ms -= slice_ms;
    }
}

struct clock *clock_system(void)
{
    static const struct clock clock = { system_now_ms, system_sleep_ms, system_elapsed_ms };
    /* Clocks of tests change when they are read, so the interface takes them as
     * mutable; this one is not. */
    return (struct clock *)(uintptr_t)&clock;
}
