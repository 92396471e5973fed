/* sweep_lot.c - see sweep_lot.h.
 *
 * Lots are a ring. A thread that is free waits for a free place, reads the next block into it (one
 * thread at a time: `reading`), and matches it while others read on. The one who asks for lots waits
 * for the oldest. A block is read by the thread that matches it, so that it is still in the nearest
 * cache then; and a lock is taken twice in 256 KB of alerts, which costs nothing.
 */
#include "driver/sweep_lot.h"

#include "host/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- one lot ---- */

void lot_release(struct lot *lot)
{
    block_release(&lot->block);
    free(lot->stretches);
    free(lot->hits);
    *lot = (struct lot){ 0 };
}

/* Room for one more of `size` bytes; it doubles. */
static enum err make_room(void **items, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return ERR_OK;
    size_t more = *room == 0 ? 64 : *room * 2;
    void *made = reallocarray(*items, more, size);
    if (made == NULL)
        return ERR_MEMORY;
    *items = made;
    *room = more;
    return ERR_OK;
}

static enum err add_stretch(struct lot *lot, size_t at)
{
    void *items = lot->stretches;
    TRY(make_room(&items, &lot->stretch_room, lot->stretch_count, sizeof *lot->stretches));
    lot->stretches = items;
    lot->stretches[lot->stretch_count++] =
        (struct stretch){ .from = at, .to = at, .hits_from = lot->hit_count };
    return ERR_OK;
}

static enum err add_hit(struct lot *lot, uint32_t rule)
{
    void *items = lot->hits;
    TRY(make_room(&items, &lot->hit_room, lot->hit_count, sizeof *lot->hits));
    lot->hits = items;
    lot->hits[lot->hit_count++] = rule;
    return ERR_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Whether all that the alert comes to is a count. */
static bool is_countable(const struct sweep_rules *rules, const struct source_program *source,
    const struct matches *matches)
{
    if (source == NULL && !rules->counts_strangers && match_image_asks_source(rules->image))
        return false;
    for (uint32_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->items[i];
        if (!match->is_certain || rules->is_countable == NULL || !rules->is_countable[match->rule])
            return false;
    }
    return true;
}

/* Match one line and count it in the last stretch; *ret_is_counted: it is one to count. */
static enum err match_line(struct lot *lot, const struct sweep_rules *rules,
    struct matcher *matcher, str line, bool *ret_is_counted)
{
    struct stretch *stretch = &lot->stretches[lot->stretch_count - 1];
    const struct source_program *source = NULL;
    struct matches matches;
    enum matcher_end end;
    while (line.len > 0 && is_blank(line.ptr[0]))
        line = str_skip(line, 1);
    while (line.len > 0 && is_blank(line.ptr[line.len - 1]))
        line.len--;
    *ret_is_counted = line.len == 0;
    if (line.len == 0 || line.ptr[0] != '{' || line.len > ALERT_BYTES_MAX)
        return ERR_OK;
    enum err err = matcher_text(matcher, line, rules->forced_source, lot->received_ms, rules->care,
        &end, &source, &matches);
    if (err == ERR_MEMORY) /* more than an alert may have; else the ordinary way meets it too */
        return ERR_OK;
    TRY(err);
    *ret_is_counted = end == MATCHER_DONE && is_countable(rules, source, &matches);
    /* What rules fire for is checked whole, whoever asks for care: the same alert is refused whether
     * its steps are planned or only counted. */
    if (*ret_is_counted && rules->care == SKIM_LAX && matches.count > 0)
        TRY(matcher_check(matcher, line, ret_is_counted));
    if (!*ret_is_counted)
        return ERR_OK;
    for (uint32_t i = 0; i < matches.count; i++)
        TRY(add_hit(lot, matches.items[i].rule));
    stretch->alerts++;
    stretch->matched += matches.count > 0;
    stretch->strangers += source == NULL && match_image_asks_source(rules->image);
    stretch->hits_count += matches.count;
    return ERR_OK;
}

enum err lot_match(struct lot *lot, const struct sweep_rules *rules, struct matcher *matcher,
    str text, size_t from, bool stops)
{
    str rest = str_skip(text, from);
    bool is_counted = true;
    str line;
    lot->stretch_count = 0;
    lot->hit_count = 0;
    lot->received_ms = rules->clock->now_ms(rules->clock);
    TRY(add_stretch(lot, from));
    while (block_line(&rest, &line)) {
        size_t end = (size_t)(rest.ptr - text.ptr);
        TRY(match_line(lot, rules, matcher, line, &is_counted));
        if (is_counted) {
            lot->stretches[lot->stretch_count - 1].to = end;
            lot->stretches[lot->stretch_count - 1].lines++;
        } else if (stops) {
            return ERR_OK;
        } else {
            TRY(add_stretch(lot, end));
        }
    }
    return ERR_OK;
}

/* ---- many ---- */

struct sweeper {
    struct sweepers *all;
    struct matcher *matcher;
    pthread_t thread;
    bool is_started;
};

struct sweepers {
    struct blocks *blocks;
    const struct sweep_rules *rules;
    uint32_t jobs;
    struct sweeper *sweepers;
    struct lot *lots; /* a ring */
    uint32_t lot_count;
    pthread_mutex_t reading; /* held from the choice of a lot until its block is read */
    pthread_mutex_t lock;    /* what follows, and lot.is_done */
    pthread_cond_t changed;
    uint64_t begun;   /* lots that were taken by a thread */
    uint64_t fetched; /* lots that were asked for; the last of them is still in use */
    bool is_over;     /* the last block was read, or none can be */
    bool is_stopping;
};

static void fill(struct lot *lot, struct blocks *blocks)
{
    bool has_more = false;
    lot->err = blocks_next(blocks, &lot->block, &has_more);
    lot->reason = errno;
    lot->is_read = lot->err != ERR_OK;
    lot->is_end = !has_more;
    lot->stretch_count = 0;
    lot->hit_count = 0;
}

static void match(struct sweeper *sweeper, struct lot *lot)
{
    if (lot->err == ERR_OK && !lot->is_end)
        lot->err = lot_match(lot, sweeper->all->rules, sweeper->matcher, lot->block.text, 0, false);
}

/* Take a free lot and fill it; NULL: there is nothing left to do. */
static struct lot *take(struct sweepers *all)
{
    struct lot *lot = NULL;
    pthread_mutex_lock(&all->reading);
    pthread_mutex_lock(&all->lock);
    while (!all->is_over && !all->is_stopping && all->begun + 1 >= all->fetched + all->lot_count)
        pthread_cond_wait(&all->changed, &all->lock);
    if (!all->is_over && !all->is_stopping)
        lot = &all->lots[all->begun++ % all->lot_count];
    pthread_mutex_unlock(&all->lock);
    if (lot != NULL) {
        fill(lot, all->blocks);
        pthread_mutex_lock(&all->lock);
        all->is_over = lot->is_end || lot->err != ERR_OK;
        pthread_mutex_unlock(&all->lock);
    }
    pthread_mutex_unlock(&all->reading);
    return lot;
}

static void *work(void *self)
{
    struct sweeper *sweeper = self;
    struct sweepers *all = sweeper->all;
    struct lot *lot;
    while ((lot = take(all)) != NULL) {
        match(sweeper, lot);
        pthread_mutex_lock(&all->lock);
        lot->is_done = true;
        pthread_cond_broadcast(&all->changed);
        pthread_mutex_unlock(&all->lock);
    }
    pthread_mutex_lock(&all->lock);
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

static enum err start_all(struct sweepers *all)
{
    all->sweepers = calloc(all->jobs, sizeof *all->sweepers);
    all->lots = calloc(all->lot_count, sizeof *all->lots);
    if (all->sweepers == NULL || all->lots == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < all->jobs; i++) {
        all->sweepers[i].all = all;
        TRY(matcher_new(all->rules->image, &all->sweepers[i].matcher));
    }
    if (all->jobs > 1)
        TRY(blocks_make_stoppable(all->blocks));
    for (uint32_t i = 0; i < all->jobs && all->jobs > 1; i++) {
        struct sweeper *sweeper = &all->sweepers[i];
        sweeper->is_started = pthread_create(&sweeper->thread, NULL, work, sweeper) == 0;
        if (!sweeper->is_started)
            return ERR_LIMIT;
    }
    return ERR_OK;
}

enum err sweepers_start(struct blocks *blocks, const struct sweep_rules *rules, uint32_t jobs,
    struct sweepers **ret_sweepers)
{
    struct sweepers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return ERR_MEMORY;
    all->blocks = blocks;
    all->rules = rules;
    all->jobs = jobs;
    /* Two for each thread: one is read or matched while the other waits for its turn. */
    all->lot_count = jobs > 1 ? 2 * jobs + 1 : 1;
    pthread_mutex_init(&all->reading, NULL);
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->changed, NULL);
    enum err err = start_all(all);
    if (err == ERR_OK)
        *ret_sweepers = all;
    else
        sweepers_stop(all);
    return err;
}

const struct lot *sweepers_next(struct sweepers *all)
{
    if (all->jobs == 1) {
        fill(&all->lots[0], all->blocks);
        match(&all->sweepers[0], &all->lots[0]);
        return &all->lots[0];
    }
    pthread_mutex_lock(&all->lock);
    /* The lot that was given before is free now. */
    if (all->fetched > 0)
        all->lots[(all->fetched - 1) % all->lot_count].is_done = false;
    struct lot *lot = &all->lots[all->fetched % all->lot_count];
    all->fetched++;
    pthread_cond_broadcast(&all->changed);
    while (!lot->is_done)
        pthread_cond_wait(&all->changed, &all->lock);
    pthread_mutex_unlock(&all->lock);
    return lot;
}

void sweepers_stop(struct sweepers *all)
{
    if (all == NULL)
        return;
    pthread_mutex_lock(&all->lock);
    all->is_stopping = true;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    blocks_stop(all->blocks); /* one may wait for a pipe that nobody writes into */
    for (uint32_t i = 0; all->sweepers != NULL && i < all->jobs; i++) {
        if (all->sweepers[i].is_started)
            pthread_join(all->sweepers[i].thread, NULL);
        matcher_free(all->sweepers[i].matcher);
    }
    for (uint32_t i = 0; all->lots != NULL && i < all->lot_count; i++)
        lot_release(&all->lots[i]);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
    pthread_mutex_destroy(&all->reading);
    free(all->sweepers);
    free(all->lots);
    free(all);
}
