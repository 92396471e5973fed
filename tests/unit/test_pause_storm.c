/* test_pause_storm.c - a pause in the middle of a hundred steps, each with changes to make.
 *
 * Every step runs in a thread of its own, over a provider that takes 50 to 300 ms a request; they
 * share one journal, one governor and the file of the pause. After the pause no step may begin
 * another change, and each must stop where it can go on: then every change is made exactly once.
 */
#include "compiled.h"
#include "scratch.h"

#include "act/governor.h"
#include "host/pause.h"

#include <pthread.h>
#include <time.h>

enum {
    STEPS = 100,
    CHANGES = 8,
    LOOK_MS = 50, /* a request takes 50 to 300 ms */
    SPREAD_MS = 251,
    PAUSE_AFTER_MS = 1000,
    BOUND_MS = 1000, /* "within a second" */
};

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_ms(uint32_t duration_ms)
{
    struct timespec left = { duration_ms / 1000, (long)(duration_ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0)
        ;
}

/* One step, its thread and its provider. */
struct actor {
    struct transport transport; /* first */
    struct executor executor;
    struct step_cause cause;
    value args[STEP_PARAMS_MAX];
    int64_t run;
    pthread_t thread;
    uint32_t random;
    unsigned applied[CHANGES]; /* how often each change was made */
    int64_t sent_ns[CHANGES];  /* when it left */
    enum err err;
    enum step_turn turn;
    bool is_over;
};

static enum err actor_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct actor *actor = (struct actor *)transport;
    (void)reterr_reason;
    if (is_change) {
        int number = request->body.ptr[0] - '0';
        actor->sent_ns[number] = monotonic_ns();
        actor->applied[number]++;
    }
    actor->random = actor->random * 1664525 + 1013904223;
    sleep_ms(LOOK_MS + (actor->random >> 16) % SPREAD_MS);
    *ret_reply = (struct reply){ REPLY_RECEIVED, 200, arena_copy(arena, STR("ok")) };
    return ERR_OK;
}

static struct transport *actor_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    (void)provider;
    (void)account;
    (void)reterr_reason;
    return executor->self;
}

/* Look once, then change one thing after the other. */
static enum step_turn storm_next(struct step *step, const struct reply *reply)
{
    uint32_t *asked = step->state;
    step->target = value_str(step->args[0]);
    const char *body = arena_format(step->arena, "%u", (unsigned)*asked - 1);
    struct request request = { .service = "cells",
        .operation = *asked == 0 ? "Get" : "Set",
        .region = STR("r1"),
        .target = step->target,
        .body = str_from(body) };
    if (reply != NULL && reply->kind != REPLY_RECEIVED && reply->kind != REPLY_ASSUMED)
        return step_end(step, STEP_UNKNOWN, "a request got no answer");
    if (*asked > CHANGES)
        return step_end(step, STEP_DONE, "all is set");
    if ((*asked)++ == 0)
        return step_ask(step, request);
    return step_change(step, request, (struct undo){ .builtin = NULL });
}

static const struct builtin storm_row = {
    .name = "isolate",
    .verb = VERB_RESPOND,
    .provider = "cells",
    .doc = "Set every cell.",
    .params = { { .name = "target", .type = TYPE_TEXT, .need = PARAM_REQUIRED } },
    .effect = EFFECT_CHANGES,
    .inverse = "release",
    .state_bytes = sizeof(uint32_t),
    .next = storm_next,
};

struct storm {
    struct scratch scratch;
    struct arena arena;
    struct compilation compilation;
    const struct program *program;
    struct rule_code rule;
    struct event event;
    struct store *store;
    struct governor governor;
    struct actor *actors; /* STEPS */
};

static void storm_release(struct storm *storm)
{
    store_close(storm->store);
    compile_release(&storm->compilation);
    arena_release(&storm->arena);
    scratch_release(&storm->scratch);
}

static void actor_init(struct storm *storm, int number)
{
    struct actor *actor = &storm->actors[number];
    const char *target = arena_format(&storm->arena, "cell/%d", number);
    struct run run = { .alert = STR("a-1"),
        .source = STR("guardduty"),
        .rule = storm->rule.name,
        .rule_id = storm->rule.id,
        .program_hash = storm->program->hash };
    assert_int_equal(store_run_begin(storm->store, &run), ERR_OK);
    *actor = (struct actor){ .transport = { .send = actor_send },
        .executor = { .mode = MODE_APPLY,
            .store = storm->store,
            .clock = clock_system(),
            .connect = actor_connect,
            .self = actor,
            .governor = &storm->governor },
        .cause = { .program = storm->program,
            .rule = &storm->rule,
            .code = &storm->program->steps[0],
            .event = &storm->event,
            .alert = STR("a-1") },
        .args = { value_text(str_from(target)) },
        .run = run.id,
        .random = (uint32_t)number * 2654435761U };
}

static void storm_init(struct storm *storm)
{
    const char *reason = NULL;
    *storm = (struct storm){ .scratch = scratch_new() };
    storm->program = compile_good(&storm->compilation,
        "rule storm { when source = guardduty and severity >= high"
        " then respond isolate_role role=\"web\" }");
    storm->rule = storm->program->rules[0];
    storm->rule.limit_count = 0; /* a storm of alerts would be held: here all of it acts */
    storm->event = read_alert(storm->program, &storm->arena,
        "{\"source\":\"guardduty\",\"severity\":\"high\",\"alert\":{\"id\":\"a-1\"}}");
    if (store_open(storm->scratch.path, &storm->arena, &storm->store, &reason) != ERR_OK)
        fail_msg("%s", reason);
    assert_int_equal(store_program_put(storm->store, storm->program->hash, STR("[]")), ERR_OK);
    storm->governor = (struct governor){ .store = storm->store,
        .clock = clock_system(),
        .pause_file = pause_path(storm->scratch.path, &storm->arena),
        .actor = "cdr" };
    storm->actors = ARENA_ARRAY(&storm->arena, struct actor, STEPS);
    assert_non_null(storm->actors);
    for (int i = 0; i < STEPS; i++)
        actor_init(storm, i);
}

static void *act(void *argument)
{
    struct actor *actor = argument;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct step_outcome outcome = { .reason = "" };
    struct step_order order = { .row = &storm_row,
        .args = actor->args,
        .run = actor->run,
        .found = STR(""),
        .cause = &actor->cause };
    actor->err = step_execute(&actor->executor, &order, &arena, &outcome);
    actor->turn = outcome.turn;
    if (actor->err == ERR_OK && step_turn_is_end(outcome.turn))
        actor->err = store_run_end(actor->executor.store, actor->run, 1);
    actor->is_over = actor->err == ERR_OK;
    return NULL;
}

static void all_begin(struct storm *storm)
{
    for (int i = 0; i < STEPS; i++)
        if (!storm->actors[i].is_over)
            assert_int_equal(
                pthread_create(&storm->actors[i].thread, NULL, act, &storm->actors[i]), 0);
}

static void all_join(struct storm *storm, const bool *was_over)
{
    for (int i = 0; i < STEPS; i++)
        if (!was_over[i])
            assert_int_equal(pthread_join(storm->actors[i].thread, NULL), 0);
}

static size_t changes_of(struct storm *storm)
{
    size_t changes = 0;
    for (int i = 0; i < STEPS; i++)
        for (int change = 0; change < CHANGES; change++)
            changes += storm->actors[i].applied[change];
    return changes;
}

/* After a pause that was in force at `paused_ns`: who had been asked for leave before may send the
 * one change that it was about to send, and nothing more. *ret_last_ns is when the last left. */
static void stopped_at_once(const struct actor *actor, int64_t paused_ns, int64_t *ret_last_ns)
{
    int late = 0;
    for (int change = 0; change < CHANGES; change++) {
        if (actor->sent_ns[change] <= paused_ns)
            continue;
        late++;
        if (actor->sent_ns[change] > *ret_last_ns)
            *ret_last_ns = actor->sent_ns[change];
    }
    assert_true(late <= 1);
    if (actor->err != ERR_OK && actor->err != ERR_PAUSED)
        fail_msg("%s", err_text(actor->err));
}

/* Every change that was sent is in the journal with its reply: nothing is in doubt. */
static void journal_is_settled(struct storm *storm, const struct actor *actor)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct call_record *calls;
    struct step_record *steps;
    size_t count, step_count, changes = 0, made = 0;
    assert_int_equal(store_calls(storm->store, actor->run, &arena, &calls, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(calls[i].has_reply);
        assert_int_equal(calls[i].reply_kind, REPLY_RECEIVED);
        changes += calls[i].is_change;
    }
    for (int change = 0; change < CHANGES; change++)
        made += actor->applied[change];
    assert_int_equal(changes, made);
    assert_int_equal(store_steps(storm->store, actor->run, &arena, &steps, &step_count), ERR_OK);
    assert_int_equal(step_count, 1);
    if (!str_is(steps[0].state, actor->is_over ? "done" : "running"))
        fail_msg("%s: %s (%s)", steps[0].state.ptr, steps[0].reason.ptr, err_text(actor->err));
}

static void a_pause_stops_a_hundred_steps_within_a_second_and_none_acts_twice(void **state)
{
    (void)state;
    CLEANUP(storm_release) struct storm storm;
    bool was_over[STEPS] = { false };
    storm_init(&storm);
    all_begin(&storm);
    sleep_ms(PAUSE_AFTER_MS);
    struct pause pause = { .is_paused = true, .who = STR("alice"), .reason = STR("a storm") };
    assert_int_equal(pause_set(storm.governor.pause_file, &pause), ERR_OK);
    int64_t paused_ns = monotonic_ns();
    int64_t last_ns = paused_ns;
    all_join(&storm, was_over);
    int64_t quiet_ns = monotonic_ns();
    for (int i = 0; i < STEPS; i++) {
        stopped_at_once(&storm.actors[i], paused_ns, &last_ns);
        journal_is_settled(&storm, &storm.actors[i]);
        was_over[i] = storm.actors[i].is_over;
    }
    size_t before = changes_of(&storm);
    print_message("# %zu of %d changes made; the last left %.1f ms after the pause, all was quiet "
                  "after %.1f ms\n",
        before, STEPS * CHANGES, (double)(last_ns - paused_ns) / 1e6,
        (double)(quiet_ns - paused_ns) / 1e6);
    assert_true(last_ns - paused_ns < (int64_t)BOUND_MS * 1000000);
    assert_true(before > 0 && before < (size_t)STEPS * CHANGES);

    all_begin(&storm); /* while it is paused nothing goes on */
    all_join(&storm, was_over);
    assert_int_equal(changes_of(&storm), before);

    assert_int_equal(pause_lift(storm.governor.pause_file), ERR_OK);
    all_begin(&storm);
    all_join(&storm, was_over);
    for (int i = 0; i < STEPS; i++) {
        const struct actor *actor = &storm.actors[i];
        assert_int_equal(actor->err, ERR_OK);
        assert_int_equal(actor->turn, STEP_DONE);
        for (int change = 0; change < CHANGES; change++)
            assert_int_equal(actor->applied[change], 1);
        journal_is_settled(&storm, actor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_stops_a_hundred_steps_within_a_second_and_none_acts_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
