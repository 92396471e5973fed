/* way_thread.h - the thread of a way in: it is told to stop by a descriptor that it can wait for
 * together with its others. */
#pragma once

#include "base/attr.h"
#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct way_thread {
    pthread_t thread;
    int stop_fd; /* readable once it is to end */
    bool is_started;
};

/* Run `run(self)` in a thread of its own, which gets no signals. ERR_LIMIT: there is no room for a
 * thread or a descriptor. */
MUST_CHECK enum err way_thread_start(
    struct way_thread *thread, void *(*run)(void *self), void *self);
/* Whether it is to end. */
bool way_thread_is_stopped(const struct way_thread *thread);
/* Sleep; false: it is to end. */
bool way_thread_wait(const struct way_thread *thread, uint32_t duration_ms);
/* Tell it, and wait for it. Safe on one that was not started, if it was zeroed. */
void way_thread_stop(struct way_thread *thread);
