/* claims.c - see claims.h. */
#include "act/claims.h"

#include <string.h>

static struct claim *find(struct claims *claims, const uint8_t *digest)
{
    for (size_t at = 0; at < claims->count; at++)
        if (memcmp(claims->items[at].digest, digest, SHA256_BYTES) == 0)
            return &claims->items[at];
    return NULL;
}

/* Room for one more: the one that was given back first makes way. NULL: all are taken. */
static struct claim *make_room(struct claims *claims)
{
    struct claim *oldest = NULL;
    if (claims->count < CLAIMS_MAX)
        return &claims->items[claims->count++];
    for (struct claim *at = claims->items; at < claims->items + CLAIMS_MAX; at++)
        if (at->freed_turn != 0 && (oldest == NULL || at->freed_turn < oldest->freed_turn))
            oldest = at;
    if (oldest != NULL)
        claims->evicted_turn = oldest->freed_turn;
    return oldest;
}

/* Under the lock. */
static enum err take(
    struct claims *claims, const uint8_t *digest, int64_t run, uint64_t turn, int64_t *ret_run)
{
    struct claim *claim = find(claims, digest);
    bool is_mine = claim != NULL && claim->run == run;
    if (claim != NULL && !is_mine && (claim->freed_turn == 0 || claim->freed_turn > turn)) {
        *ret_run = claim->run;
        return ERR_BUSY;
    }
    if (claim == NULL && turn < claims->evicted_turn)
        return ERR_BUSY; /* nobody knows any more */
    if (claim == NULL)
        claim = make_room(claims);
    if (claim == NULL)
        return ERR_LIMIT;
    memcpy(claim->digest, digest, SHA256_BYTES);
    claim->run = run;
    claim->freed_turn = 0;
    return ERR_OK;
}

uint64_t claims_turn(struct claims *claims)
{
    pthread_mutex_lock(&claims->lock);
    uint64_t turn = claims->turn;
    pthread_mutex_unlock(&claims->lock);
    return turn;
}

enum err claims_take(
    struct claims *claims, str builtin, str target, int64_t run, uint64_t turn, int64_t *ret_run)
{
    struct sha256 hash = { 0 };
    uint8_t digest[SHA256_BYTES];
    *ret_run = 0;
    if (target.len == 0)
        return ERR_OK;
    TRY(sha256_begin(&hash));
    sha256_add_framed(&hash, builtin);
    sha256_add_framed(&hash, target);
    TRY(sha256_end(&hash, digest));
    pthread_mutex_lock(&claims->lock);
    enum err err = take(claims, digest, run, turn, ret_run);
    pthread_mutex_unlock(&claims->lock);
    return err;
}

void claims_release(struct claims *claims, int64_t run)
{
    pthread_mutex_lock(&claims->lock);
    for (struct claim *at = claims->items; at < claims->items + claims->count; at++)
        if (at->run == run && at->freed_turn == 0)
            at->freed_turn = ++claims->turn;
    pthread_mutex_unlock(&claims->lock);
}
