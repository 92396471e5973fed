/* way_thread.c - see way_thread.h. */
#include "serve/way_thread.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err way_thread_start(struct way_thread *thread, void *(*run)(void *self), void *self)
{
    sigset_t all;
    sigset_t former;
    *thread = (struct way_thread){ .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if (thread->stop_fd < 0)
        return ERR_LIMIT;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    thread->is_started = pthread_create(&thread->thread, NULL, run, self) == 0;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (thread->is_started)
        return ERR_OK;
    close(thread->stop_fd);
    return ERR_LIMIT;
}

bool way_thread_is_stopped(const struct way_thread *thread)
{
    return !way_thread_wait(thread, 0);
}

bool way_thread_wait(const struct way_thread *thread, uint32_t duration_ms)
{
    struct pollfd stop = { .fd = thread->stop_fd, .events = POLLIN };
    return poll(&stop, 1, (int)duration_ms) <= 0;
}

void way_thread_stop(struct way_thread *thread)
{
    if (!thread->is_started)
        return;
    (void)eventfd_write(thread->stop_fd, 1);
    pthread_join(thread->thread, NULL);
    close(thread->stop_fd);
    thread->is_started = false;
}
