/* provider.h - a small provider with a memory, a builtin that changes it, and its inverse.
 *
 * The provider has SLOTS cells. `Get` reads one, `Set` writes one, and it counts what
 * was applied to each. It can be told to fail in every way a provider fails. It lives in
 * memory that processes share, so that it outlasts a program that is killed.
 *
 * `isolate` sets every cell to 1: look, change, look again. `release` takes one cell
 * back to what it was, when it still is as `isolate` left it.
 */
#pragma once

#include "act/executor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SLOTS = 3 };

enum provider_fault {
    FAULT_NONE,
    FAULT_LOST_BEFORE, /* no answer, not applied */
    FAULT_LOST_AFTER,  /* no answer, applied */
    FAULT_REFUSED,
    FAULT_DENIED,   /* answered by 403, not applied */
    FAULT_DECLINED, /* answered by 200 and "declined", not applied */
    FAULT_CREDENTIALS,
    FAULT_MEMORY,
};

struct provider {
    struct transport transport; /* first: the executor hands it back */
    int slots[SLOTS];
    unsigned applied[SLOTS]; /* how often Set was carried out */
    unsigned sent;
    unsigned fault_at; /* request, from 1, at which faults begin; 0: none */
    unsigned fault_count;
    enum provider_fault fault;
    bool is_unreachable;  /* connect fails */
    const char *identity; /* what `where` says, in every process */
    const char *region;
    enum err where_err;
    unsigned asked_where;
    volatile int stop;
    unsigned stop_at;  /* raise `stop` after this request */
    unsigned crash_at; /* crash point, from 1, at which the process is killed; 0: none */
    void (*watch)(struct provider *provider, const struct request *request, bool is_change);
    void *watcher;
};

/* A point at which the process may be killed, as if by kill -9. */
static inline void crash_point(struct provider *provider)
{
    if (provider->crash_at > 0 && --provider->crash_at == 0)
        raise(SIGKILL);
}

static inline enum err provider_silence(struct provider *provider, const char **reterr_reason)
{
    *reterr_reason = "the provider does not answer";
    switch (provider->fault) {
    case FAULT_REFUSED:
        return ERR_REFUSED;
    case FAULT_CREDENTIALS:
        return ERR_CREDENTIALS;
    case FAULT_MEMORY:
        return ERR_MEMORY;
    case FAULT_NONE:
    case FAULT_DENIED:
    case FAULT_DECLINED:
    case FAULT_LOST_BEFORE:
    case FAULT_LOST_AFTER:
        break;
    }
    return ERR_TRANSPORT;
}

/* Carry a request out: "0" reads cell 0, "0=1" sets it. ERR_MEMORY when the answer does
 * not fit: it was carried out all the same. */
static inline enum err provider_apply(struct provider *provider, const struct request *request,
    struct arena *arena, struct reply *reply)
{
    int slot = request->body.ptr[0] - '0';
    if (strcmp(request->operation, "Set") == 0) {
        provider->slots[slot] = request->body.ptr[2] - '0';
        provider->applied[slot]++;
    }
    const char *body = arena_format(arena, "%d", provider->slots[slot]);
    *reply = (struct reply){ .kind = REPLY_RECEIVED, .status = 200, .body = str_from(body) };
    return body == NULL ? ERR_MEMORY : ERR_OK;
}

static inline enum err provider_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct provider *provider = (struct provider *)transport;
    provider->sent++;
    if (provider->watch != NULL)
        provider->watch(provider, request, is_change);
    bool is_faulty = provider->fault_at > 0 && provider->sent >= provider->fault_at
                     && provider->sent < provider->fault_at + provider->fault_count;
    crash_point(provider);
    if (!is_faulty || provider->fault == FAULT_LOST_AFTER)
        if (provider_apply(provider, request, arena, ret_reply) != ERR_OK)
            return ERR_MEMORY;
    crash_point(provider);
    provider->stop = provider->stop_at > 0 && provider->sent >= provider->stop_at;
    if (is_faulty && provider->fault == FAULT_DENIED) {
        *ret_reply = (struct reply){ .kind = REPLY_RECEIVED, .status = 403, .body = STR("") };
        return ERR_OK;
    }
    if (is_faulty && provider->fault == FAULT_DECLINED) {
        *ret_reply =
            (struct reply){ .kind = REPLY_RECEIVED, .status = 200, .body = STR("declined") };
        return ERR_OK;
    }
    return is_faulty ? provider_silence(provider, reterr_reason) : ERR_OK;
}

static inline enum err provider_where(struct transport *transport, struct arena *arena,
    str *ret_identity, str *ret_region, const char **reterr_reason)
{
    struct provider *provider = (struct provider *)transport;
    provider->asked_where++;
    crash_point(provider);
    *reterr_reason = "the provider does not say who we are";
    if (provider->where_err != ERR_OK)
        return provider->where_err;
    *ret_identity = arena_copy(arena, str_from(provider->identity));
    *ret_region = arena_copy(arena, str_from(provider->region));
    return ret_identity->ptr == NULL || ret_region->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static inline enum err provider_is_declined(struct transport *transport,
    const struct request *request, const struct reply *reply, struct arena *scratch,
    bool *ret_is_declined)
{
    (void)transport, (void)request, (void)scratch;
    *ret_is_declined = str_is(reply->body, "declined");
    return ERR_OK;
}

static inline struct transport *provider_connect(
    struct executor *executor, const char *name, str account, const char **reterr_reason)
{
    struct provider *provider = executor->self;
    (void)account;
    if (!provider->is_unreachable && strcmp(name, "cells") == 0)
        return &provider->transport;
    *reterr_reason = "no connection: CELLS_KEY is not set";
    return NULL;
}

/* In memory shared with child processes; for CLEANUP(provider_release). */
static inline struct provider *provider_new(void)
{
    struct provider *provider =
        mmap(NULL, sizeof *provider, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (provider == MAP_FAILED)
        abort();
    provider->transport.send = provider_send;
    provider->transport.where = provider_where;
    provider->transport.is_declined = provider_is_declined;
    provider->identity = "user/cdr of account 1";
    provider->region = "r1";
    return provider;
}

static inline void provider_release(struct provider **provider)
{
    munmap(*provider, sizeof **provider);
}

/* A clock of which a test knows how long it slept; it goes on by a second a look. */
struct test_clock {
    struct clock clock; /* first */
    int64_t now_ms;
    int64_t slept_ms;
};

static inline int64_t test_clock_now_ms(struct clock *clock)
{
    return ((struct test_clock *)clock)->now_ms += 1000;
}

static inline void test_clock_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    ((struct test_clock *)clock)->slept_ms += duration_ms;
}

#define TEST_CLOCK                                                                                 \
    {                                                                                              \
        .clock = {.now_ms = test_clock_now_ms, .sleep_ms = test_clock_sleep_ms }                   \
    }

/* What both builtins do: look at a cell, set it, look again. */
struct cell {
    uint32_t slot;
    bool is_setting;
};

static inline struct request cell_request(
    struct step *step, const char *operation, uint32_t slot, int wanted, uint32_t delay_ms)
{
    const char *target = arena_format(step->arena, "cell/%u", (unsigned)slot);
    const char *body = strcmp(operation, "Get") == 0
                           ? arena_format(step->arena, "%u", (unsigned)slot)
                           : arena_format(step->arena, "%u=%d", (unsigned)slot, wanted);
    return (struct request){ .service = "cells",
        .operation = operation,
        .region = STR("r1"),
        .target = str_from(target),
        .body = { body, body == NULL ? 0 : strlen(body) },
        .delay_ms = delay_ms };
}

static inline enum step_turn cell_look(struct step *step, uint32_t delay_ms)
{
    struct cell *cell = step->state;
    cell->is_setting = false;
    return step_ask(step, cell_request(step, "Get", cell->slot, 0, delay_ms));
}

enum { LOOK_AGAIN_MS = 700 };

/* args: target (text) */
static inline enum step_turn isolate_next(struct step *step, const struct reply *reply)
{
    struct cell *cell = step->state;
    step->target = value_str(step->args[0]);
    step->found = STR("by its name");
    if (reply == NULL)
        return cell_look(step, 0);
    if (cell->is_setting && (reply->kind == REPLY_REFUSED || reply->status == 403))
        return step_end(step, STEP_FAILED, "the change was refused");
    if (cell->is_setting && reply->kind != REPLY_ASSUMED)
        return cell_look(step, LOOK_AGAIN_MS);
    if (reply->kind == REPLY_LOST || reply->kind == REPLY_REFUSED)
        return step_end(step, STEP_FAILED, "the cell could not be read");
    int old = reply->body.len == 0 ? 0 : reply->body.ptr[0] - '0';
    if (!cell->is_setting && old != 1) {
        struct undo undo = { .builtin = "release",
            .args = { value_integer(cell->slot), value_integer(old) },
            .args_count = 2 };
        cell->is_setting = true;
        return step_change(step, cell_request(step, "Set", cell->slot, 1, 0), undo);
    }
    if (++cell->slot < SLOTS)
        return cell_look(step, 0);
    step->results.verdict = (value){ .kind = VALUE_VERDICT, .integer = VERDICT_SUSPICIOUS };
    step->results.url = value_text(STR("https://evidence.example/1"));
    return step_end(step, STEP_DONE, "every cell is set");
}

/* args: slot, what it was before */
static inline enum step_turn release_next(struct step *step, const struct reply *reply)
{
    struct cell *cell = step->state;
    int before = (int)step->args[1].integer;
    cell->slot = (uint32_t)step->args[0].integer;
    if (reply == NULL || (cell->is_setting && reply->kind != REPLY_ASSUMED))
        return cell_look(step, 0);
    if (reply->kind == REPLY_LOST || reply->kind == REPLY_REFUSED)
        return step_end(step, STEP_FAILED, "the cell could not be read");
    int now = reply->body.len == 0 ? 1 : reply->body.ptr[0] - '0';
    if (cell->is_setting || now == before)
        return step_end(step, STEP_DONE, "the cell is as it was");
    if (now != 1)
        return step_end(step, STEP_FAILED, "somebody changed the cell since: left alone");
    cell->is_setting = true;
    return step_change(
        step, cell_request(step, "Set", cell->slot, before, 0), (struct undo){ .builtin = NULL });
}

static const struct builtin isolate_row = {
    .name = "isolate",
    .verb = VERB_RESPOND,
    .provider = "cells",
    .doc = "Set every cell.",
    .params = { { .name = "target", .type = TYPE_TEXT, .need = PARAM_REQUIRED } },
    .effect = EFFECT_CHANGES,
    .inverse = "release",
    .state_bytes = sizeof(struct cell),
    .next = isolate_next,
};

static const struct builtin release_row = {
    .name = "release",
    .verb = VERB_UNDO,
    .provider = "cells",
    .doc = "Take one cell back.",
    .params = { { .name = "slot", .type = TYPE_INTEGER, .need = PARAM_REQUIRED },
        { .name = "before", .type = TYPE_INTEGER, .need = PARAM_REQUIRED } },
    .effect = EFFECT_CHANGES,
    .state_bytes = sizeof(struct cell),
    .next = release_next,
};

static inline const struct builtin *test_inverse_find(str name)
{
    return str_is(name, "release") ? &release_row : NULL;
}

/* An executor over `provider`; `store` is NULL in a plan. */
static inline struct executor test_executor(
    enum run_mode mode, struct store *store, struct test_clock *clock, struct provider *provider)
{
    return (struct executor){
        .mode = mode,
        .store = store,
        .clock = &clock->clock,
        .connect = provider_connect,
        .self = provider,
        .stop = &provider->stop,
    };
}
