/* claims.c - see claims.h. */
#include "act/claims.h"

#include <string.h>

/* What stands in the way of the wish, or NULL; *ret_own: what the run has of it already. */
static const struct claim *find(struct claims *claims, const uint8_t *digest,
    const struct claim_wish *wish, struct claim **ret_own)
{
    const struct claim *other = NULL;
    *ret_own = NULL;
    for (struct claim *at = claims->items; at < claims->items + claims->count; at++) {
        if (memcmp(at->digest, digest, SHA256_BYTES) != 0)
            continue;
        bool is_old = at->freed_turn != 0 && at->freed_turn <= wish->turn;
        if (at->run == wish->run)
            *ret_own = at;
        else if (!is_old && !(at->is_shared && wish->is_shared))
            other = at;
    }
    return other;
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
    struct claims *claims, const uint8_t *digest, const struct claim_wish *wish, int64_t *ret_run)
{
    struct claim *own;
    const struct claim *other = find(claims, digest, wish, &own);
    if (other != NULL) {
        *ret_run = other->run;
        return ERR_BUSY;
    }
    if (wish->turn < claims->evicted_turn)
        return ERR_BUSY; /* nobody knows any more */
    if (own == NULL)
        own = make_room(claims);
    if (own == NULL)
        return ERR_LIMIT;
    memcpy(own->digest, digest, SHA256_BYTES);
    own->run = wish->run;
    own->is_shared = wish->is_shared;
    own->freed_turn = 0;
    return ERR_OK;
}

uint64_t claims_turn(struct claims *claims)
{
    pthread_mutex_lock(&claims->lock);
    uint64_t turn = claims->turn;
    pthread_mutex_unlock(&claims->lock);
    return turn;
}

enum err claims_take(struct claims *claims, const struct claim_wish *wish, int64_t *ret_run)
{
    struct sha256 hash = { 0 };
    uint8_t digest[SHA256_BYTES];
    *ret_run = 0;
    if (wish->target.len == 0)
        return ERR_OK;
    TRY(sha256_begin(&hash));
    sha256_add_framed(&hash, wish->builtin);
    sha256_add_framed(&hash, wish->target);
    TRY(sha256_end(&hash, digest));
    pthread_mutex_lock(&claims->lock);
    enum err err = take(claims, digest, wish, ret_run);
    pthread_mutex_unlock(&claims->lock);
    return err;
}

void claims_release(struct claims *claims, int64_t run)
{
    pthread_mutex_lock(&claims->lock);
    for (size_t at = 0; at < claims->count;) {
        struct claim *claim = &claims->items[at];
        bool is_own = claim->run == run && claim->freed_turn == 0;
        if (is_own && claim->is_shared) { /* it has changed nothing */
            *claim = claims->items[--claims->count];
            continue;
        }
        if (is_own)
            claim->freed_turn = ++claims->turn;
        at++;
    }
    pthread_mutex_unlock(&claims->lock);
}
