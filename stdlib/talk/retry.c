#include "talk/retry.h"

enum { FIRST_DELAY_MS = 1000 };

uint32_t retry_delay_ms(unsigned attempt, uint32_t random)
{
    uint64_t most = FIRST_DELAY_MS;
    while (attempt-- > 0 && most < RETRY_DELAY_MS_MAX)
        most *= 2;
    if (most > RETRY_DELAY_MS_MAX)
        most = RETRY_DELAY_MS_MAX;
    return (uint32_t)(most * random >> 32);
}

uint32_t retry_delay_asked_ms(uint32_t delay_ms, uint32_t after_ms)
{
    if (after_ms <= delay_ms)
        return delay_ms;
    uint32_t more_ms = after_ms - delay_ms;
    return delay_ms + (more_ms > RETRY_AFTER_MS_MAX ? RETRY_AFTER_MS_MAX : more_ms);
}

bool retry_take(struct retry_bucket *bucket, uint32_t cost)
{
    if (cost > RETRY_TOKENS_MAX - bucket->spent)
        return false;
    bucket->spent += cost;
    return true;
}

void retry_give_back(struct retry_bucket *bucket, uint32_t cost)
{
    uint32_t back = cost == 0 ? 1 : cost;
    bucket->spent -= back < bucket->spent ? back : bucket->spent;
}

/* splitmix64 */
uint32_t retry_chance(uint64_t *chance)
{
    uint64_t mixed = *chance += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(mixed >> 32);
}
