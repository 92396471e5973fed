/* id_queue.c - see id_queue.h. */
#include "daemon/id_queue.h"

#include <stdlib.h>

enum err id_queue_new(struct id_queue *queue, size_t least)
{
    size_t room = 1;
    while (room < least)
        room *= 2;
    *queue = (struct id_queue){ .ring = calloc(room, sizeof *queue->ring),
        .slots = calloc(2 * room, sizeof *queue->slots),
        .room = room };
    if (queue->ring != NULL && queue->slots != NULL)
        return ERR_OK;
    id_queue_release(queue);
    return ERR_MEMORY;
}

void id_queue_release(struct id_queue *queue)
{
    free(queue->ring);
    free(queue->slots);
    *queue = (struct id_queue){ 0 };
}

/* Fibonacci hashing: ids are dense, and none of them is chosen by anybody. */
static size_t home_of(const struct id_queue *queue, int64_t id)
{
    return (size_t)((uint64_t)id * 0x9E3779B97F4A7C15U >> 20) & (2 * queue->room - 1);
}

/* Where `id` is, or the empty slot where it would be. */
static size_t slot_of(const struct id_queue *queue, int64_t id)
{
    size_t at = home_of(queue, id);
    while (queue->slots[at] != 0 && queue->slots[at] != id)
        at = (at + 1) & (2 * queue->room - 1);
    return at;
}

bool id_queue_put(struct id_queue *queue, int64_t id)
{
    size_t slot = slot_of(queue, id);
    if (queue->slots[slot] == id)
        return true;
    if (queue->count == queue->room)
        return false;
    queue->slots[slot] = id;
    queue->ring[(queue->first + queue->count++) & (queue->room - 1)] = id;
    return true;
}

/* Take the slot out, and close the gap: those behind it that it kept from home move up. */
static void slot_free(struct id_queue *queue, size_t hole)
{
    size_t mask = 2 * queue->room - 1;
    queue->slots[hole] = 0;
    for (size_t at = (hole + 1) & mask; queue->slots[at] != 0; at = (at + 1) & mask) {
        size_t home = home_of(queue, queue->slots[at]);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        queue->slots[hole] = queue->slots[at];
        queue->slots[at] = 0;
        hole = at;
    }
}

int64_t id_queue_take(struct id_queue *queue)
{
    if (queue->count == 0)
        return 0;
    int64_t id = queue->ring[queue->first];
    queue->first = (queue->first + 1) & (queue->room - 1);
    queue->count--;
    slot_free(queue, slot_of(queue, id));
    return id;
}
