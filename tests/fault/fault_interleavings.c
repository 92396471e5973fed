/* fault_interleavings.c [COUNT] - random orders of approve, reject, expire, change of the world, restart,
 * pause and resume, over a real journal, governor and executor.
 *
 * The provider looks at every change that arrives: was exactly that let through, by what people
 * said and when, as the test itself remembers it? Before it ends, every hold has. The same without
 * a governor must be found out. */
#include "act/governor.h"
#include "act/timers.h"
#include "host/pause.h"
#include "provider.h"
#include "scratch.h"
#include "store/holds.h"
#include "store/sqlite_private.h"

#include <fcntl.h>
#include <unistd.h>

enum { COUNT_DEFAULT = 500, CONTROLS = 50, EVENTS = 24, HOLDS = 32, SAID = 64, MINUTE = 60000 };

/* ---- who is there ---- */

enum person { ADA, BOB, CY, DEE, EVE, PEOPLE };
static const str people[PEOPLE] = { { "ada", 3 }, { "bob", 3 }, { "cy", 2 }, { "dee", 3 },
    { "eve", 3 } };
static const str role_names[] = { { "ir", 2 }, { "boss", 4 } };
static const struct role_code roles[] = {
    { { "ir", 2 }, people, 3, RIGHT_APPROVE | RIGHT_REJECT }, /* bob is the author */
    { { "boss", 4 }, &people[DEE], 1, RIGHT_APPROVE | RIGHT_REJECT },
};
static const struct approval_stage stages[] = {
    { &role_names[0], 1, 2, 15 * MINUTE },
    { &role_names[1], 1, 1, 30 * MINUTE },
};

/* What the test remembers of what was said and accepted. */
struct said {
    int64_t hold;
    enum person who;
    bool is_approval;
    int64_t at_ms;
};

/* One process after the other, and what nobody of them knows. */
struct world {
    struct scratch scratch;
    struct provider *provider;
    struct arena arena;
    struct store *store;
    struct test_clock clock;
    struct governor governor;
    struct executor executor;
    struct program program;
    struct rule_code rule;
    struct step_code code;
    struct event event;
    struct step_cause cause;
    char pause_file[sizeof(((struct scratch *)0)->path) + 16];
    struct step_outcome outcome;
    int64_t run;
    uint64_t random;
    bool has_no_governor;
    struct hold holds[HOLDS]; /* of the step, in the order they came; in `kept` */
    size_t hold_count;
    struct said said[SAID];
    size_t said_count;
    struct arena kept;
    char fault[200]; /* the first thing that went wrong */
    unsigned acts;   /* interleavings in which something was changed */
};

static void fault(struct world *w, const char *what)
{
    if (w->fault[0] == '\0')
        snprintf(w->fault, sizeof w->fault, "%s", what);
}

static void must(enum err err, const char *doing)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "%s: %s\n", doing, err_text(err));
    exit(1);
}

/* xorshift64*: the same orders on every machine. */
static unsigned draw(struct world *w, unsigned below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned)((w->random * 0x2545f4914f6cdd1dU) >> 33) % below;
}

/* ---- was it let through? ---- */

static bool is_member(enum person who, unsigned stage)
{
    return stage == 0 ? who == ADA || who == CY : who == DEE;
}

/* From what people said and when, and nothing else. */
static bool is_let_through(const struct world *w, const struct hold *hold)
{
    unsigned persons[] = { 0, 0 };
    for (size_t i = 0; i < w->said_count; i++) {
        const struct said *said = &w->said[i];
        if (said->hold != hold->id)
            continue;
        if (!said->is_approval)
            return false; /* what comes after the end is not accepted */
        int64_t after_ms = said->at_ms - hold->held_ms;
        unsigned stage = after_ms < stages[0].within_ms ? 0 : 1;
        if (after_ms >= stages[0].within_ms + stages[1].within_ms || !is_member(said->who, stage))
            return false;
        persons[stage] |= 1U << said->who;
    }
    return persons[0] == ((1U << ADA) | (1U << CY)) || persons[1] != 0;
}

/* Whether the plan of the hold has the change that is on disk now. */
static bool is_planned(struct world *w, const struct hold *hold, const struct request *request)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct call_record *calls = NULL;
    size_t count = 0;
    must(store_calls(w->store, w->run, &arena, &calls, &count), "looking at the calls");
    if (count == 0 || !calls[count - 1].is_change)
        return false;
    const char *undo = arena_format(&arena, "\"undo\":%.*s", STR_ARG(calls[count - 1].undo));
    const char *body = arena_format(&arena, "\"body\":\"%.*s\"", STR_ARG(request->body));
    return strstr(hold->plan.ptr, undo) != NULL && strstr(hold->plan.ptr, body) != NULL;
}

static void holds_note(struct world *w);

/* Every request passes here before it is carried out. */
static void watch(struct provider *provider, const struct request *request, bool is_change)
{
    struct world *w = provider->watcher;
    if (!is_change) {
        if (draw(w, 12) == 0) /* somebody else is at work meanwhile */
            provider->slots[draw(w, SLOTS)] = (int)draw(w, 3) * 2;
        return;
    }
    holds_note(w);
    const struct hold *hold = w->hold_count == 0 ? NULL : &w->holds[w->hold_count - 1];
    if (pause_is_on(w->pause_file))
        fault(w, "a change while cdr is paused");
    else if (hold == NULL)
        fault(w, "a change that nobody was asked about");
    else if (!is_let_through(w, hold))
        fault(w, "a change that people did not let through");
    else if (!is_planned(w, hold, request))
        fault(w, "a change that is not in the plan that people let through");
    else if (provider->applied[request->body.ptr[0] - '0'] > 0)
        fault(w, "a change that was made before");
}

/* ---- one process ---- */

static void world_open(struct world *w)
{
    const char *reason = NULL;
    must(store_open(w->scratch.path, &w->arena, &w->store, &reason), "opening the journal");
    w->governor = (struct governor){
        .store = w->store, .clock = &w->clock.clock, .pause_file = w->pause_file, .actor = "service"
    };
    w->executor = test_executor(MODE_APPLY, w->store, &w->clock, w->provider);
    w->executor.governor = w->has_no_governor ? NULL : &w->governor;
    w->provider->stop = 0;
}

static void world_restart(struct world *w)
{
    store_close(w->store);
    arena_release(&w->arena);
    world_open(w);
}

static void world_new(struct world *w, bool has_no_governor)
{
    *w = (struct world){
        .scratch = scratch_new_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"),
        .provider = provider_new(),
        .clock = TEST_CLOCK,
        .has_no_governor = has_no_governor,
    };
    w->program = (struct program){ .hash = STR("rules"), .roles = roles, .role_count = 2 };
    w->rule = (struct rule_code){ .name = STR("r"),
        .id = STR("r-id"),
        .author = STR("bob"),
        .file = STR("a.cdr"),
        .ceiling = CEILING_CONTAIN };
    w->code = (struct step_code){ .builtin = &isolate_row,
        .stages = stages,
        .stage_count = COUNT_OF(stages),
        .approve = { STR("approve by ir within 15m"), STR("a.cdr"), 2 } };
    w->cause = (struct step_cause){ .program = &w->program,
        .rule = &w->rule,
        .code = &w->code,
        .approver = &w->code,
        .event = &w->event,
        .alert = STR("a-1"),
        .due_clause = STR("") };
    snprintf(w->pause_file, sizeof w->pause_file, "%s/paused", w->scratch.path);
    w->provider->watch = watch;
    w->provider->watcher = w;
    world_open(w);
    must(store_program_put(w->store, STR("rules"), STR("[]")), "keeping the rules");
}

static void world_release(struct world *w)
{
    store_close(w->store);
    arena_release(&w->arena);
    arena_release(&w->kept);
    provider_release(&w->provider);
    scratch_release(&w->scratch);
}

/* A hold that came since is remembered, with its plan. */
static void holds_note(struct world *w)
{
    struct hold hold;
    enum err err = holds_of_step(w->store, w->run, 0, &w->kept, &hold);
    bool is_known =
        err == ERR_NOT_FOUND || (w->hold_count > 0 && w->holds[w->hold_count - 1].id == hold.id);
    if (err != ERR_NOT_FOUND)
        must(err, "looking at the hold");
    if (!is_known && w->hold_count < HOLDS)
        w->holds[w->hold_count++] = hold;
}

/* ---- what may happen ---- */

/* The step from wherever it is; it may be stopped on the way, as if by a signal. */
static void resume(struct world *w, bool may_stop)
{
    const char *target = arena_format(&w->arena, "cells-%ld", (long)w->run);
    const value args[STEP_PARAMS_MAX] = { value_text(str_from(target)) };
    struct step_order order = {
        .row = &isolate_row, .args = args, .run = w->run, .found = STR(""), .cause = &w->cause
    };
    w->provider->stop = 0;
    w->provider->stop_at = may_stop && draw(w, 3) == 0 ? w->provider->sent + 1 + draw(w, 10) : 0;
    enum err err = step_execute(&w->executor, &order, &w->arena, &w->outcome);
    if (err != ERR_STOPPED && err != ERR_PAUSED)
        must(err, "carrying the step out");
    w->provider->stop_at = 0;
    holds_note(w);
}

static int64_t now(struct world *w)
{
    int64_t ms;
    must(timers_now(w->store, &w->clock.clock, &ms), "reading the time");
    return ms;
}

/* Somebody says something of a hold that is or was, of its plan or another one. */
static void say(struct world *w, enum person who, bool is_approval)
{
    if (w->hold_count == 0 || w->said_count == SAID)
        return;
    size_t newest = w->hold_count - 1;
    const struct hold *hold = &w->holds[draw(w, 4) == 0 ? draw(w, (unsigned)newest + 1) : newest];
    const struct hold *seen = draw(w, 5) == 0 ? &w->holds[draw(w, (unsigned)newest + 1)] : hold;
    struct decision decision = { .hold = hold->id,
        .who = people[who],
        .is_approval = is_approval,
        .reason = STR("seen"),
        .plan_hash = seen->plan_hash };
    enum hold_state state;
    const char *reason;
    int64_t at_ms = now(w);
    enum err err = holds_decide(
        w->store, &decision, roles, COUNT_OF(roles), at_ms, &w->arena, &state, &reason);
    if (err == ERR_INVALID)
        return;
    must(err, "recording what was said");
    w->said[w->said_count++] = (struct said){ hold->id, who, is_approval, at_ms };
    if (hold != &w->holds[newest])
        fault(w, "something was said of a hold that another one has taken the place of");
    if (!str_equal(seen->plan_hash, hold->plan_hash))
        fault(w, "something was said of another plan");
    if (is_approval && who == BOB)
        fault(w, "the author approved");
}

/* Some minutes, or to just before or just at the end of the stage that is asked. */
static void pass_time(struct world *w)
{
    int64_t at_ms = now(w);
    struct hold hold;
    unsigned way = draw(w, 3);
    if (way == 0 || holds_of_step(w->store, w->run, 0, &w->arena, &hold) != ERR_OK
        || hold.until_ms <= at_ms) {
        w->clock.now_ms += (int64_t)draw(w, 12) * MINUTE;
        return;
    }
    /* the clock goes on by a second before it is read */
    w->clock.now_ms += hold.until_ms - at_ms - 1000 - (way == 1);
}

static enum err nothing_to_do(struct timer_hands *hands, const struct timer *timer)
{
    (void)hands;
    (void)timer;
    return ERR_INVALID;
}

static enum err nothing_to_undo(
    struct timer_hands *hands, const struct timer *timer, const char *reason)
{
    (void)reason;
    return nothing_to_do(hands, timer);
}

static void fire_timers(struct world *w)
{
    struct timer_hands hands = { .undo = nothing_to_undo, .retry = nothing_to_do };
    must(timers_fire(w->store, &w->clock.clock, &hands), "firing the timers");
}

static void pause_turn(struct world *w)
{
    if (unlink(w->pause_file) == 0)
        return;
    int file = open(w->pause_file, O_CREAT | O_WRONLY, 0600);
    if (file >= 0)
        close(file);
}

/* Somebody writes into the tables what nobody said. */
static void forge(struct world *w)
{
    char sql[400];
    snprintf(sql, sizeof sql,
        "INSERT OR IGNORE INTO decision (hold, who, is_approval, reason, plan_hash, stage,"
        " decided_ms, audit) SELECT id, 'ada', 1, 'r', plan_hash, 0, held_ms, 1 FROM hold"
        " WHERE run = %ld AND state = 'open';"
        "UPDATE hold SET state = '%s', settled_ms = held_ms WHERE run = %ld AND state = 'open'",
        (long)w->run, draw(w, 2) == 0 ? "approved" : "used", (long)w->run);
    must(store_exec(w->store, sql), "forging");
}

static void happen(struct world *w)
{
    unsigned event = draw(w, 32);
    if (event < 10)
        say(w, (enum person)draw(w, PEOPLE), true);
    else if (event < 11)
        say(w, (enum person)draw(w, PEOPLE), false);
    else if (event < 14)
        pass_time(w);
    else if (event < 16)
        fire_timers(w);
    else if (event < 18)
        w->provider->slots[draw(w, SLOTS)] = (int)draw(w, 3) * 2;
    else if (event < 20)
        world_restart(w);
    else if (event < 22)
        pause_turn(w);
    else if (event < 23)
        forge(w);
    else
        resume(w, true);
}

/* ---- one interleaving ---- */

static void begin(struct world *w, unsigned long number)
{
    struct run run = { .alert = STR("a-1"),
        .source = STR("guardduty"),
        .rule = STR("r"),
        .program_hash = STR("rules") };
    must(store_run_begin(w->store, &run), "beginning a run");
    w->run = run.id;
    w->random = number * 0x9e3779b97f4a7c15U + 1;
    w->hold_count = 0;
    w->said_count = 0;
    w->fault[0] = '\0';
    arena_release(&w->kept);
    memset(w->provider->slots, 0, sizeof w->provider->slots);
    memset(w->provider->applied, 0, sizeof w->provider->applied);
    (void)unlink(w->pause_file);
}

static bool has_open_holds(struct world *w)
{
    struct hold *holds = NULL;
    size_t count = 0;
    must(holds_list(w->store, &(struct hold_filter){ .run = w->run }, &w->arena, &holds, &count),
        "listing the holds");
    for (size_t i = 0; i < count; i++)
        if (holds[i].state == HOLD_OPEN || holds[i].state == HOLD_APPROVED)
            return true;
    return false;
}

/* Nothing more happens but time: the step ends, and so does every hold. */
static void end(struct world *w)
{
    (void)unlink(w->pause_file);
    for (int i = 0; i < 4; i++) {
        w->clock.now_ms += 60 * MINUTE;
        fire_timers(w);
        resume(w, false);
    }
    if (!step_turn_is_end(w->outcome.turn))
        fault(w, "the step does not end");
    if (has_open_holds(w))
        fault(w, "a hold does not end");
    unsigned changes = 0;
    for (int i = 0; i < SLOTS; i++)
        changes += w->provider->applied[i];
    w->acts += changes > 0;
    must(store_run_end(w->store, w->run, 1), "ending the run");
}

/* How many went wrong; the first is told. */
static unsigned long interleave(struct world *w, unsigned long count, bool is_told)
{
    unsigned long faults = 0;
    for (unsigned long number = 1; number <= count; number++) {
        begin(w, number);
        for (int i = 0; i < EVENTS; i++)
            happen(w);
        end(w);
        if (w->fault[0] != '\0' && faults++ == 0 && is_told)
            printf("# interleaving %lu: %s\n", number, w->fault);
        arena_release(&w->arena);
    }
    return faults;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_DEFAULT;
    struct world w;
    world_new(&w, false);
    unsigned long faults = interleave(&w, count, true);
    bool is_well = faults == 0 && w.acts * 20 > count;
    printf("%sok 1 - %lu interleavings, %u of them with a change: each was let through\n",
        is_well ? "" : "not ", count, w.acts);
    world_release(&w);
    world_new(&w, true);
    faults = interleave(&w, CONTROLS, false);
    printf("%sok 2 - without a governor %lu of %d go wrong, and are found out\n",
        faults == CONTROLS ? "" : "not ", faults, CONTROLS);
    is_well &= faults == CONTROLS;
    world_release(&w);
    printf("1..2\n");
    return is_well ? 0 : 1;
}
