/* governor_fixture.h - what the tests of the governor stand on: rules, a journal in memory, a clock
 * that stands, and steps with a plan made by hand. */
#pragma once

#include "compiled.h"
#include "scratch.h"

#include "act/governor.h"
#include "act/protect.h"
#include "host/pause.h"
#include "registry.h"
#include "store/audit.h"
#include "store/twins.h"
#include "value_json.h"

#include <fcntl.h>

enum { HOUR_MS = 60 * 60 * 1000 };

#define IDENTITY "arn:aws:sts::111122223333:assumed-role/ir/cdr"
#define RULE(clauses, steps)                                                                       \
    "rule ransomware { when source = guardduty and severity >= high " clauses " then " steps " }"
#define ISOLATE "respond isolate_role role=\"web\""

/* A clock that stands where a test sets it. */
struct steady {
    struct clock clock; /* first */
    int64_t now_ms;
};

static inline int64_t steady_now_ms(struct clock *clock)
{
    return ((struct steady *)clock)->now_ms;
}

struct fixture {
    struct arena arena;
    struct compilation compilation;
    const struct program *program;
    struct rule_code rule; /* of the program, for a test to change */
    struct event event;
    struct steady clock;
    struct governor governor;
    struct judgement judgement;
};

static inline void fixture_init(struct fixture *f, const char *rules)
{
    const char *reason = NULL;
    *f = (struct fixture){ .clock = { { .now_ms = steady_now_ms }, TEST_RECEIVED_MS } };
    f->program = compile_good(&f->compilation, rules);
    f->rule = f->program->rules[0];
    f->event = read_alert(f->program, &f->arena,
        "{\"source\":\"guardduty\",\"severity\":\"high\",\"alert\":{\"id\":\"a-1\"}}");
    f->governor.clock = &f->clock.clock;
    f->governor.actor = "alice";
    if (store_open_memory(&f->arena, &f->governor.store, &reason) != ERR_OK)
        fail_msg("%s", reason);
    assert_int_equal(store_program_put(f->governor.store, f->program->hash, STR("[]")), ERR_OK);
}

static inline void fixture_release(struct fixture *f)
{
    store_close(f->governor.store);
    compile_release(&f->compilation);
    arena_release(&f->arena);
}

#define FIXTURE(name, rules)                                                                       \
    CLEANUP(fixture_release) struct fixture name;                                                  \
    fixture_init(&name, rules)

/* A step of a run of its own, with a plan of one change. */
struct want {
    struct step_cause cause;
    struct step_order order;
    value args[STEP_PARAMS_MAX];
    struct plan_change change;
    struct plan plan;
    struct proposal proposal;
};

static inline int64_t run_new(struct fixture *f)
{
    struct run run = { .alert = STR("a-1"),
        .source = STR("guardduty"),
        .alert_text = STR("{}"),
        .rule = f->rule.name,
        .rule_id = f->rule.id,
        .program_hash = f->program->hash };
    assert_int_equal(store_run_begin(f->governor.store, &run), ERR_OK);
    return run.id;
}

static inline void journal_step(struct fixture *f, struct want *want)
{
    struct step_record record = { .run = want->order.run,
        .index = want->order.index,
        .builtin = str_from(want->order.row->name),
        .started_ms = f->clock.now_ms };
    assert_int_equal(
        values_to_json(&f->arena, want->args, builtin_param_count(want->order.row), &record.args),
        ERR_OK);
    assert_int_equal(store_step_begin(f->governor.store, &f->arena, &record), ERR_OK);
    record.provider = str_from(want->order.row->provider);
    record.identity = want->plan.identity;
    record.region = want->plan.region;
    assert_int_equal(store_step_bind(f->governor.store, &record), ERR_OK);
}

/* Step `code` of the program on `target`, in a plan that is not in the journal. */
static inline struct want *plan_new(struct fixture *f, uint32_t code, const char *target)
{
    struct want *want = ARENA_NEW(&f->arena, struct want);
    assert_non_null(want);
    want->cause = (struct step_cause){ .program = f->program,
        .rule = &f->rule,
        .code = &f->program->steps[code],
        .event = &f->event,
        .alert = STR("a-1") };
    if (want->cause.code->stage_count > 0)
        want->cause.approver = want->cause.code;
    want->args[0] = value_text(str_from(target));
    want->order = (struct step_order){
        .row = f->program->steps[code].builtin, .args = want->args, .cause = &want->cause
    };
    want->change = (struct plan_change){ .undo = STR("{\"builtin\":\"release_role\"}") };
    want->plan = (struct plan){ .target = str_from(target),
        .found = STR(""),
        .identity = STR(IDENTITY),
        .region = STR("us-east-1"),
        .changes = &want->change,
        .change_count = 1 };
    want->proposal =
        (struct proposal){ .order = &want->order, .plan = &want->plan, .plan_hash = STR("cafe") };
    return want;
}

/* The same, in the journal. */
static inline struct want *want_new(struct fixture *f, uint32_t code, const char *target)
{
    struct want *want = plan_new(f, code, target);
    want->order.run = run_new(f);
    journal_step(f, want);
    return want;
}

static inline enum ruling judged(struct fixture *f, struct want *want)
{
    assert_int_equal(
        governor_judge(&f->governor, &want->proposal, &f->arena, &f->judgement), ERR_OK);
    assert_true(strlen(f->judgement.reason) > 0);
    return f->judgement.ruling;
}

static inline enum ruling foreseen(struct fixture *f, struct want *want)
{
    struct proposal proposal = want->proposal;
    proposal.plan = NULL;
    proposal.plan_hash = STR("");
    assert_int_equal(governor_foresee(&f->governor, &proposal, &f->arena, &f->judgement), ERR_OK);
    return f->judgement.ruling;
}

static inline void step_over(struct fixture *f, const struct want *want, const char *state)
{
    struct step_record record = { .run = want->order.run,
        .index = want->order.index,
        .target = want->plan.target,
        .found = STR(""),
        .state = str_from(state),
        .reason = STR(""),
        .results = STR(""),
        .ended_ms = f->clock.now_ms };
    assert_int_equal(store_step_end(f->governor.store, &record), ERR_OK);
}

static inline void step_waits(struct fixture *f, const struct want *want)
{
    assert_int_equal(
        store_step_wait(f->governor.store, want->order.run, want->order.index), ERR_OK);
}

/* Held as the last judgement says. */
static inline struct hold step_held(struct fixture *f, const struct want *want)
{
    struct hold hold = { .run = want->order.run,
        .step = want->order.index,
        .cause = f->judgement.hold_cause,
        .reason = str_from(f->judgement.reason),
        .clause = f->judgement.clause,
        .plan_hash = want->proposal.plan_hash,
        .plan = STR("{}"),
        .held_ms = f->clock.now_ms,
        .target = want->plan.target };
    assert_int_equal(f->judgement.ruling, RULING_HELD);
    assert_int_equal(
        hold_stages_to_json(&f->arena, f->judgement.stages, f->judgement.stage_count, &hold.stages),
        ERR_OK);
    assert_int_equal(holds_add(f->governor.store, &hold), ERR_OK);
    return hold;
}

static inline void hold_rejected(struct fixture *f, const struct hold *hold)
{
    enum hold_state state;
    const char *reason = "";
    struct decision decision = {
        .hold = hold->id, .who = STR("carol"), .reason = STR("no"), .plan_hash = hold->plan_hash
    };
    enum err err = holds_decide(f->governor.store, &decision, f->program->roles,
        f->program->role_count, f->clock.now_ms, &f->arena, &state, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason);
    assert_int_equal(state, HOLD_REJECTED);
}

static inline void step_again(struct fixture *f, const struct want *want)
{
    assert_int_equal(
        store_step_again(f->governor.store, want->order.run, want->order.index), ERR_OK);
}

#define assert_said(f, words)                                                                      \
    do {                                                                                           \
        if (strstr((f)->judgement.reason, words) == NULL)                                          \
            fail_msg("%s", (f)->judgement.reason);                                                 \
    } while (0)

static inline struct audit_said last_entry(struct fixture *f)
{
    struct audit_row last;
    struct audit_said said = { 0 };
    assert_int_equal(audit_last(f->governor.store, &last), ERR_OK);
    if (last.seq == 0)
        return said;
    assert_int_equal(audit_get(f->governor.store, last.seq, &f->arena, &last), ERR_OK);
    assert_int_equal(audit_text_read(last.text, &f->arena, &said), ERR_OK);
    return said;
}
