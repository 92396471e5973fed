/* breaker.c - see breaker.h. */
#include "daemon/breaker.h"

#include "host/condition.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 64 };

struct breaker {
    struct breakers *breakers;
    struct breaker *next;
    char name[NAME_BYTES];
    uint32_t failures; /* in a row */
    uint32_t openings; /* in a row */
    uint32_t in_flight;
    bool is_open;
    bool is_probing; /* one request finds out whether it is over */
    int64_t until_ms;
};

struct breakers {
    pthread_mutex_t lock;
    pthread_cond_t turn;
    struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
    struct breaker *items;
    size_t count;
    struct breaker others;
};

enum err breakers_new(struct clock *clock, const struct log *log, struct metrics *metrics,
    struct breakers **ret_breakers)
{
    struct breakers *breakers = calloc(1, sizeof *breakers);
    if (breakers == NULL)
        return ERR_MEMORY;
    breakers->clock = clock;
    breakers->log = log;
    breakers->metrics = metrics;
    breakers->others = (struct breaker){ .breakers = breakers, .name = "other" };
    pthread_mutex_init(&breakers->lock, NULL);
    condition_init(&breakers->turn);
    *ret_breakers = breakers;
    return ERR_OK;
}

void breakers_free(struct breakers *breakers)
{
    if (breakers == NULL)
        return;
    while (breakers->items != NULL) {
        struct breaker *next = breakers->items->next;
        free(breakers->items);
        breakers->items = next;
    }
    pthread_cond_destroy(&breakers->turn);
    pthread_mutex_destroy(&breakers->lock);
    free(breakers);
}

/* ---- under the lock ---- */

static struct breaker *breaker_of(struct breakers *breakers, str name)
{
    struct breaker *at = breakers->items;
    while (at != NULL && !str_is(name, at->name))
        at = at->next;
    if (at != NULL || breakers->count == BREAKERS_MAX || name.len >= NAME_BYTES)
        return at != NULL ? at : &breakers->others;
    at = calloc(1, sizeof *at);
    if (at == NULL)
        return &breakers->others;
    snprintf(at->name, sizeof at->name, "%.*s", STR_ARG(name));
    at->breakers = breakers;
    at->next = breakers->items;
    breakers->items = at;
    breakers->count++;
    return at;
}

static int64_t now_ms(const struct breakers *breakers)
{
    char boot[BOOT_TEXT_MAX];
    struct clock *clock = breakers->clock;
    int64_t elapsed_ms = clock->elapsed_ms == NULL ? -1 : clock->elapsed_ms(clock, boot);
    return elapsed_ms >= 0 ? elapsed_ms : clock->now_ms(clock);
}

static void tell(const struct breaker *breaker, bool is_open, int64_t wait_ms)
{
    const struct breakers *breakers = breaker->breakers;
    metrics_set(breakers->metrics, METRIC_BREAKER_OPEN, str_from(breaker->name), is_open ? 1 : 0);
    if (breakers->log == NULL)
        return;
    if (is_open)
        LOG(breakers->log, LOG_LEVEL_ERROR, "a connection does not answer: nothing is sent for now",
            LOG_TEXT("connection", str_from(breaker->name)),
            LOG_NUMBER("failures", breaker->failures), LOG_NUMBER("wait_ms", wait_ms));
    else
        LOG(breakers->log, LOG_LEVEL_INFO, "a connection answers again",
            LOG_TEXT("connection", str_from(breaker->name)));
}

static void open_for_a_while(struct breaker *breaker)
{
    int64_t wait_ms = BREAKER_FIRST_MS;
    for (uint32_t at = 0; at < breaker->openings && wait_ms < BREAKER_LAST_MS; at++)
        wait_ms *= 2;
    if (wait_ms > BREAKER_LAST_MS)
        wait_ms = BREAKER_LAST_MS;
    breaker->openings++;
    breaker->is_open = true;
    breaker->until_ms = now_ms(breaker->breakers) + wait_ms;
    tell(breaker, true, wait_ms);
}

static void note(struct breaker *breaker, bool has_failed)
{
    bool was_probing = breaker->is_probing;
    breaker->is_probing = false;
    if (has_failed) {
        breaker->failures++;
        metrics_add(breaker->breakers->metrics, METRIC_PROVIDER_FAILED, str_from(breaker->name), 1);
        if (was_probing || (breaker->failures >= BREAKER_FAILURES_MAX && !breaker->is_open))
            open_for_a_while(breaker);
        return;
    }
    if (breaker->is_open)
        tell(breaker, false, 0);
    breaker->is_open = false;
    breaker->failures = breaker->openings = 0;
}

static bool is_shut_out(const struct breaker *breaker)
{
    return breaker->is_open
           && (breaker->is_probing || now_ms(breaker->breakers) < breaker->until_ms);
}

/* Wait for a turn; false: there is none. */
static bool take_turn(struct breaker *breaker)
{
    struct breakers *breakers = breaker->breakers;
    int64_t until_ms = now_ms(breakers) + BREAKER_TURN_MS;
    while (!is_shut_out(breaker) && breaker->in_flight >= BREAKER_IN_FLIGHT_MAX) {
        int64_t left_ms = until_ms - now_ms(breakers);
        if (breaker->failures > 0 || left_ms <= 0
            || !condition_wait(&breakers->turn, &breakers->lock, (uint32_t)left_ms))
            return false;
    }
    if (is_shut_out(breaker))
        return false;
    breaker->is_probing = breaker->is_open;
    breaker->in_flight++;
    return true;
}

/* ---- a transport ---- */

static bool begin(struct breaker *breaker, struct arena *arena, const char **reterr_reason)
{
    pthread_mutex_lock(&breaker->breakers->lock);
    bool may = take_turn(breaker);
    bool is_open = breaker->is_open;
    uint32_t failures = breaker->failures;
    pthread_mutex_unlock(&breaker->breakers->lock);
    if (may)
        return true;
    *reterr_reason =
        is_open ? arena_format(arena,
            "%s left %u requests in a row without an answer: nothing is "
            "sent for now",
            breaker->name, failures)
                : arena_format(arena, "%s answers slowly, and %d requests are under way already",
                    breaker->name, BREAKER_IN_FLIGHT_MAX);
    return false;
}

static void end(struct breaker *breaker, enum err err)
{
    pthread_mutex_lock(&breaker->breakers->lock);
    breaker->in_flight--;
    if (err == ERR_STOPPED || err == ERR_MEMORY || err == ERR_CREDENTIALS)
        breaker->is_probing = false; /* that says nothing of the provider */
    else
        note(breaker, err != ERR_OK);
    pthread_cond_broadcast(&breaker->breakers->turn);
    pthread_mutex_unlock(&breaker->breakers->lock);
}

static struct breaker_transport *self_of(struct transport *transport)
{
    return (struct breaker_transport *)(void *)transport;
}

static enum err refused(const char *const *reterr_reason)
{
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_REFUSED;
}

static enum err send_through(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct breaker_transport *self = self_of(transport);
    if (!begin(self->breaker, arena, reterr_reason))
        return refused(reterr_reason);
    enum err err =
        self->inner->send(self->inner, request, is_change, arena, ret_reply, reterr_reason);
    end(self->breaker, err);
    return err;
}

static enum err where_through(struct transport *transport, struct arena *arena, str *ret_identity,
    str *ret_region, const char **reterr_reason)
{
    struct breaker_transport *self = self_of(transport);
    if (!begin(self->breaker, arena, reterr_reason))
        return refused(reterr_reason);
    enum err err = self->inner->where(self->inner, arena, ret_identity, ret_region, reterr_reason);
    end(self->breaker, err);
    return err;
}

static enum err find_self_through(struct transport *transport, const struct fact *facts,
    struct arena *arena, const char **ret_name, const char **reterr_reason)
{
    struct breaker_transport *self = self_of(transport);
    return self->inner->find_self(self->inner, facts, arena, ret_name, reterr_reason);
}

static enum err is_declined_through(struct transport *transport, const struct request *request,
    const struct reply *reply, struct arena *scratch, bool *ret_is_declined)
{
    struct breaker_transport *self = self_of(transport);
    return self->inner->is_declined(self->inner, request, reply, scratch, ret_is_declined);
}

void breaker_wrap(struct breakers *breakers, str name, struct transport *inner,
    struct breaker_transport *ret_transport)
{
    pthread_mutex_lock(&breakers->lock);
    struct breaker *breaker = breaker_of(breakers, name);
    pthread_mutex_unlock(&breakers->lock);
    *ret_transport = (struct breaker_transport){
        .transport = { .send = send_through,
            .where = inner->where == NULL ? NULL : where_through,
            .find_self = inner->find_self == NULL ? NULL : find_self_through,
            .is_declined = inner->is_declined == NULL ? NULL : is_declined_through },
        .inner = inner,
        .breaker = breaker,
    };
}
