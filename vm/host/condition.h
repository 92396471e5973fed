/* condition.h - condition variables of threads that wait for a while: by a clock that nobody sets. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* In place of pthread_cond_init; pthread_cond_destroy ends it. */
void condition_init(pthread_cond_t *condition);
/* Wait, with `lock` held, for a signal, at most `duration_ms`: false when that is over. A wait may
 * end without a reason, as pthread_cond_wait does. Only for those of condition_init. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint32_t duration_ms);
