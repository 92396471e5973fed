/* keeper.c - see keeper.h. */
#include "serve/keeper.h"

#include "driver/resuming.h"
#include "serve/crew.h"
#include "serve/desk.h"

#include <stdlib.h>

enum {
    HANDED_MAX = 1000, /* runs of one round .. */
    LOAD_MAX = 1000,   /* .. while the crew has fewer than so many */
};

struct keeper {
    struct daemon *daemon;
    struct resuming_crew hands;
    pthread_t thread;
    volatile int is_stopping;
};

static struct crew *crew_of(struct resuming_crew *hands)
{
    return ((struct keeper *)(void *)((char *)hands - offsetof(struct keeper, hands)))
        ->daemon->crew;
}

static void hands_go_on(struct resuming_crew *hands, int64_t run)
{
    crew_go_on(crew_of(hands), run);
}

static bool hands_later(struct resuming_crew *hands, const struct timer *timer)
{
    crew_fire(crew_of(hands), timer->id);
    return true;
}

static void round_of(struct keeper *keeper, struct desk *desk, struct resuming *resuming)
{
    bool was_open = desk->is_open;
    int64_t opened_ms = desk->opened_ms;
    size_t load = crew_load(keeper->daemon->crew);
    if (desk_open(desk, keeper->daemon, REPORT_LOG) != ERR_OK)
        return;
    if (!was_open || opened_ms != desk->opened_ms) {
        bool is_later = was_open;
        resuming_init(resuming, &desk->session);
        resuming->crew = &keeper->hands;
        resuming->is_later = is_later;
    }
    /* What has failed was told, and is found again. */
    UNUSED enum exit_code code = resuming_hand_over(resuming, load < LOAD_MAX ? HANDED_MAX : 0);
    buf_clear(&desk->driver.out.buf); /* the log has it */
}

static void *run(void *self)
{
    struct keeper *keeper = self;
    struct desk desk = { 0 };
    struct resuming resuming = { 0 };
    do
        round_of(keeper, &desk, &resuming);
    while (clock_wait(keeper->daemon->driver->clock, LOOK_EVERY_MS, &keeper->is_stopping));
    desk_close(&desk);
    return NULL;
}

enum err keeper_start(struct daemon *daemon, struct keeper **ret_keeper)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL)
        return ERR_MEMORY;
    keeper->daemon = daemon;
    keeper->hands = (struct resuming_crew){ .go_on = hands_go_on, .later = hands_later };
    if (pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
        free(keeper);
        return ERR_LIMIT;
    }
    *ret_keeper = keeper;
    return ERR_OK;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    __atomic_store_n(&keeper->is_stopping, 1, __ATOMIC_RELAXED);
    pthread_join(keeper->thread, NULL);
    free(keeper);
}
