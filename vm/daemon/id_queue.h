/* id_queue.h - numbers in the order they came, each once: which runs are to be carried out.
 *
 * Bounded: what does not fit is refused, for whoever has the numbers elsewhere. Not of several
 * threads; whoever shares it locks.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_queue {
    int64_t *ring;  /* of `room` places */
    int64_t *slots; /* a set by open addressing, twice as large; 0 is empty */
    size_t room;    /* a power of two */
    size_t first;
    size_t count;
};

/* Room for at least `least` numbers above 0. ERR_MEMORY. */
MUST_CHECK enum err id_queue_new(struct id_queue *queue, size_t least);
void id_queue_release(struct id_queue *queue);
/* False: it is full. True also for a number that waits already. */
bool id_queue_put(struct id_queue *queue, int64_t id);
/* The oldest; 0 when it is empty. */
int64_t id_queue_take(struct id_queue *queue);
