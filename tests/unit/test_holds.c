/* test_holds.c - holds and decisions in the journal, and their entries in the audit log. */
#include "store_fixture.h"

#include "store/audit.h"
#include "store/holds.h"

enum { HELD_MS = 10000, MINUTE = 60000 };

static const char stages_two[] = "[{\"roles\":[\"ir\"],\"needed\":2,\"within_ms\":900000},"
                                 "{\"roles\":[\"ciso\"],\"needed\":1,\"within_ms\":3600000}]";
static const char stages_none[] = "[]";

static const str responders[] = { { "alice", 5 }, { "bob", 3 }, { "mallory", 7 } };
static const str officers[] = { { "eve", 3 } };
static const struct role_code roles[] = {
    { { "ir", 2 }, responders, 3, RIGHT_APPROVE | RIGHT_REJECT },
    { { "ciso", 4 }, officers, 1, RIGHT_APPROVE },
};

static struct hold hold_made(int64_t run, uint32_t step, const char *stages)
{
    return (struct hold){ .run = run,
        .step = step,
        .cause = HOLD_BY_APPROVE,
        .reason = STR("the rule asks ir"),
        .clause = STR("a.cdr:3: approve by \"ir\" within 15m"),
        .plan_hash = STR("aaaa"),
        .plan = STR("{\"changes\":[]}"),
        .stages = str_from(stages),
        .author = STR("mallory"),
        .held_ms = HELD_MS,
        .target = STR("role/web") };
}

/* A step that is held, and its hold. */
static int64_t hold_new(struct fixture *f, int64_t run, uint32_t step, const char *stages)
{
    struct hold hold = hold_made(run, step, stages);
    step_new(f, run, step);
    assert_int_equal(holds_add(f->store, &hold), ERR_OK);
    return hold.id;
}

static struct hold hold_read(struct fixture *f, int64_t id)
{
    struct hold hold;
    assert_int_equal(holds_get(f->store, id, &f->arena, &hold), ERR_OK);
    return hold;
}

static void step_is(struct fixture *f, int64_t run, const char *state)
{
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f->store, run, &f->arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(str_is(steps[0].state, state));
}

/* What comes of it, in words: "approved", or "open: alice has approved it already". */
static const char *say(struct fixture *f, int64_t hold, const char *who, bool is_approval,
    const char *hash, int64_t at)
{
    struct decision decision = { .hold = hold,
        .who = str_from(who),
        .is_approval = is_approval,
        .reason = STR("seen in the logs"),
        .plan_hash = str_from(hash) };
    enum hold_state state = HOLD_STATE_COUNT;
    const char *reason = NULL;
    enum err err =
        holds_decide(f->store, &decision, roles, COUNT_OF(roles), at, &f->arena, &state, &reason);
    if (err == ERR_INVALID)
        return arena_format(&f->arena, "%s: %s", hold_state_name(state), reason);
    assert_int_equal(err, ERR_OK);
    assert_true(decision.id > 0 && decision.audit > 0);
    return hold_state_name(state);
}

static const char *claim(struct fixture *f, int64_t hold, const char *hash)
{
    enum hold_state state = HOLD_STATE_COUNT;
    enum err err =
        holds_claim(f->store, hold, str_from(hash), HELD_MS + 9 * MINUTE, &f->arena, &state);
    if (err == ERR_INVALID)
        return "invalid";
    assert_int_equal(err, ERR_OK);
    return hold_state_name(state);
}

static const char *expire(struct fixture *f, int64_t hold, int64_t at)
{
    enum hold_state state;
    assert_int_equal(holds_expire(f->store, hold, at, &state), ERR_OK);
    return hold_state_name(state);
}

/* The events of the audit log in order, without "asked": "approved alice hold 1 open, ..". */
static const char *log_of(struct fixture *f)
{
    struct audit_row *rows;
    size_t count;
    const char *text = "";
    assert_int_equal(audit_page(f->store, 0, 100, &f->arena, &rows, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct audit_said said;
        assert_int_equal(audit_text_read(rows[i].text, &f->arena, &said), ERR_OK);
        if (strcmp(said.entry.event, "asked") == 0)
            continue;
        text = arena_format(&f->arena, "%s%s%s %.*s %.*s", text, *text != '\0' ? ", " : "",
            said.entry.event, STR_ARG(said.entry.who), STR_ARG(said.entry.after));
    }
    return text;
}

static void a_hold_is_kept_with_its_step_and_read_back(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t id = hold_new(&f, run, 0, stages_two);
    reopen(&f);
    struct hold hold = hold_read(&f, id);
    assert_int_equal(hold.run, run);
    assert_int_equal(hold.round, 0);
    assert_int_equal(hold.state, HOLD_OPEN);
    assert_int_equal(hold.cause, HOLD_BY_APPROVE);
    assert_int_equal(hold.until_ms, HELD_MS + 15 * MINUTE);
    assert_int_equal(hold.settled_ms, 0);
    assert_true(str_is(hold.plan, "{\"changes\":[]}"));
    assert_true(str_is(hold.stages, stages_two));
    assert_true(str_is(hold.author, "mallory"));
    assert_true(str_is(hold.target, "role/web"));
    assert_true(str_is(hold.builtin, "isolate_role"));
    assert_true(str_is(hold.rule, "stolen_role"));
    assert_true(str_is(hold.alert, "alert-1"));
    assert_true(str_is(hold.program_hash, "hash"));
    assert_false(hold.is_step_over);
    step_is(&f, run, "held");
    assert_int_equal(holds_of_step(f.store, run, 0, &f.arena, &hold), ERR_OK);
    assert_int_equal(hold.id, id);
    assert_int_equal(holds_of_step(f.store, run, 1, &f.arena, &hold), ERR_NOT_FOUND);
    assert_int_equal(holds_get(f.store, 99, &f.arena, &hold), ERR_NOT_FOUND);
    fixture_release(&f);
}

static void a_second_hold_of_a_step_voids_the_one_that_waits(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t first = hold_new(&f, run, 0, stages_none);
    struct hold second = hold_made(run, 0, stages_none);
    assert_int_equal(holds_add(f.store, &second), ERR_OK);
    assert_int_equal(second.round, 1);
    assert_int_equal(second.until_ms, 0);
    assert_int_equal(hold_read(&f, first).state, HOLD_VOID);
    assert_string_equal(say(&f, first, "alice", true, "aaaa", HELD_MS + 1),
        "void: it is void: the plan is another "
        "one now, which hold 2 is about");
    assert_string_equal(say(&f, second.id, "alice", true, "aaaa", HELD_MS + 1), "approved");
    struct hold third = hold_made(run, 0, stages_none);
    assert_int_equal(holds_add(f.store, &third), ERR_OK); /* an approved one too */
    assert_string_equal(claim(&f, second.id, "aaaa"), "invalid");
    assert_string_equal(log_of(&f),
        "voided cdr hold 1 void, approved alice hold 2 approved, voided cdr hold 2 void");
    fixture_release(&f);
}

static void a_step_that_has_ended_cannot_be_held(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    step_new(&f, run, 0);
    step_over(&f, run, 0, "done");
    struct hold hold = hold_made(run, 0, stages_none);
    assert_int_equal(holds_add(f.store, &hold), ERR_INVALID);
    struct hold *holds;
    size_t count;
    assert_int_equal(
        holds_list(f.store, &(struct hold_filter){ 0 }, &f.arena, &holds, &count), ERR_OK);
    assert_int_equal(count, 0);
    hold.stages = STR("nobody");
    assert_int_equal(holds_add(f.store, &hold), ERR_JSON);
    fixture_release(&f);
}

static void two_people_approve_and_the_approval_is_used_once(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t id = hold_new(&f, run, 0, stages_two);
    assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "open");
    assert_string_equal(claim(&f, id, "aaaa"), "invalid");
    assert_string_equal(say(&f, id, "bob", true, "aaaa", HELD_MS + 2), "approved");
    reopen(&f);
    struct decision *decisions;
    size_t count;
    assert_int_equal(holds_decisions(f.store, id, &f.arena, &decisions, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(str_is(decisions[1].who, "bob"));
    assert_int_equal(decisions[1].decided_ms, HELD_MS + 2);
    assert_string_equal(claim(&f, id, "aaaa"), "used");
    step_is(&f, run, "running");
    /* cut off before it changed anything, and begun again */
    assert_string_equal(claim(&f, id, "aaaa"), "used");
    assert_string_equal(log_of(&f),
        "approved alice hold 1 open, approved bob hold 1 approved, used cdr hold 1 used");
    assert_string_equal(claim(&f, id, "aaab"), "void");
    assert_string_equal(claim(&f, id, "aaaa"), "invalid");
    fixture_release(&f);
}

static void what_does_not_count_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_two);
    int64_t at = HELD_MS + 1;
    assert_string_equal(say(&f, id, "dave", true, "aaaa", at),
        "open: dave may not approve this; who may: ir (alice, bob, mallory)");
    assert_string_equal(say(&f, id, "mallory", true, "aaaa", at),
        "open: mallory wrote the rule, and nobody approves what their own rule does; who may: ir "
        "(alice, bob, mallory)");
    assert_string_equal(say(&f, id, "alice", true, "bbbb", at),
        "open: it is about the plan aaaa and not about the one seen");
    assert_string_equal(say(&f, id, "alice", true, "aaaa", at), "open");
    assert_string_equal(
        say(&f, id, "Alice", true, "aaaa", at), "open: alice has approved it already");
    assert_string_equal(say(&f, id, "", true, "aaaa", at), "open: nobody says who it is");
    struct decision silent = { .hold = id, .who = STR("bob"), .plan_hash = STR("aaaa") };
    enum hold_state became;
    const char *reason;
    assert_int_equal(
        holds_decide(f.store, &silent, roles, 2, at, &f.arena, &became, &reason), ERR_INVALID);
    assert_string_equal(reason, "a reason is needed");
    silent.hold = 99;
    assert_int_equal(
        holds_decide(f.store, &silent, roles, 2, at, &f.arena, &became, &reason), ERR_NOT_FOUND);
    assert_string_equal(log_of(&f),
        "denied dave hold 1 open, denied mallory hold 1 open, approved alice hold 1 open");
    fixture_release(&f);
}

static void one_rejection_settles_it(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_two);
    assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "open");
    assert_string_equal(say(&f, id, "mallory", false, "aaaa", HELD_MS + 2), "rejected");
    assert_int_equal(hold_read(&f, id).settled_ms, HELD_MS + 2);
    assert_string_equal(say(&f, id, "bob", true, "aaaa", HELD_MS + 3),
        "rejected: it is rejected already, since 1970-01-01T00:00:10.002Z");
    assert_string_equal(claim(&f, id, "aaaa"), "invalid");
    fixture_release(&f);
}

static void whoever_approved_or_was_asked_before_may_reject(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t id = hold_new(&f, run, 0, stages_two);
    assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "open");
    assert_string_equal(say(&f, id, "alice", false, "aaaa", HELD_MS + 2), "rejected");
    int64_t late = hold_new(&f, run, 1, stages_two);
    assert_string_equal(say(&f, late, "alice", true, "aaaa", HELD_MS + 1), "open");
    assert_string_equal(say(&f, late, "alice", false, "aaaa", HELD_MS + 15 * MINUTE), "rejected");
    assert_string_equal(log_of(&f),
        "approved alice hold 1 open, rejected alice hold 1 rejected, approved alice hold 2 open, "
        "escalated cdr hold 2 open, rejected alice hold 2 rejected");
    fixture_release(&f);
}

static void the_time_of_a_hold_without_a_plan_does_not_run(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    struct hold hold = hold_made(run, 0, stages_two);
    hold.cause = HOLD_BY_LIMIT;
    hold.plan_hash = hold.plan = STR("");
    step_new(&f, run, 0);
    assert_int_equal(holds_add(f.store, &hold), ERR_OK);
    assert_int_equal(hold.until_ms, 0);
    assert_string_equal(expire(&f, hold.id, HELD_MS + 99 * MINUTE), "open");
    assert_int_equal(hold_read(&f, hold.id).stage, 0);
    struct hold planned = hold_made(run, 0, stages_two);
    planned.held_ms = HELD_MS + 99 * MINUTE;
    assert_int_equal(holds_add(f.store, &planned), ERR_OK);
    assert_int_equal(planned.until_ms, HELD_MS + 114 * MINUTE);
    fixture_release(&f);
}

static void time_asks_the_next_stage_and_ends_the_last(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_two);
    assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "open");
    assert_string_equal(expire(&f, id, HELD_MS + 15 * MINUTE - 1), "open");
    assert_int_equal(hold_read(&f, id).stage, 0);
    assert_string_equal(expire(&f, id, HELD_MS + 15 * MINUTE), "open");
    assert_int_equal(hold_read(&f, id).stage, 1);
    assert_int_equal(hold_read(&f, id).until_ms, HELD_MS + 75 * MINUTE);
    assert_string_equal(say(&f, id, "bob", true, "aaaa", HELD_MS + 16 * MINUTE),
        "open: bob may not approve this; who may: ciso (eve)");
    assert_string_equal(expire(&f, id, HELD_MS + 75 * MINUTE), "expired");
    assert_string_equal(expire(&f, id, HELD_MS + 99 * MINUTE), "expired");
    assert_string_equal(log_of(&f), "approved alice hold 1 open, escalated cdr hold 1 open, "
                                    "denied bob hold 1 open, expired cdr hold 1 expired");
    fixture_release(&f);
}

static void whoever_comes_late_finds_what_time_has_made_of_it(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t id = hold_new(&f, run, 0, stages_two);
    /* nobody called holds_expire in between */
    assert_string_equal(say(&f, id, "eve", true, "aaaa", HELD_MS + 15 * MINUTE), "approved");
    assert_string_equal(claim(&f, id, "aaaa"), "used");
    int64_t late = hold_new(&f, run, 1, stages_two);
    assert_string_equal(say(&f, late, "eve", true, "aaaa", HELD_MS + 75 * MINUTE),
        "expired: too late: it expired at 1970-01-01T01:15:10Z");
    assert_int_equal(hold_read(&f, late).state, HOLD_EXPIRED);
    fixture_release(&f);
}

static void another_plan_voids_the_approval(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_none);
    assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "approved");
    assert_string_equal(claim(&f, id, "aaab"), "void");
    assert_string_equal(claim(&f, id, "aaaa"), "invalid");
    assert_string_equal(log_of(&f), "approved alice hold 1 approved, voided cdr hold 1 void");
    fixture_release(&f);
}

static void a_hold_without_a_plan_can_only_be_rejected(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    struct hold hold = hold_made(run, 0, stages_none);
    hold.cause = HOLD_BY_LIMIT;
    hold.plan_hash = hold.plan = STR("");
    step_new(&f, run, 0);
    assert_int_equal(holds_add(f.store, &hold), ERR_OK);
    assert_string_equal(say(&f, hold.id, "alice", true, "", HELD_MS + 1),
        "open: it has no plan yet, so there is nothing to approve");
    assert_string_equal(say(&f, hold.id, "alice", false, "", HELD_MS + 1), "rejected");
    fixture_release(&f);
}

static void sql(struct fixture *f, const char *text)
{
    assert_int_equal(store_exec(f->store, text), ERR_OK);
}

/* Whoever can write to the tables makes it look approved; the log knows better. */
static void an_approval_that_the_audit_log_does_not_have_is_void(void **state)
{
    (void)state;
    static const char *const forgeries[] = {
        /* nobody said anything */
        "UPDATE hold SET state = 'approved', settled_ms = 1",
        /* an approval of another hold, or of nobody */
        "INSERT INTO decision (hold, who, is_approval, reason, plan_hash, stage, decided_ms, audit)"
        " VALUES (1, 'bob', 1, 'r', 'aaaa', 0, 10002, 1);"
        "UPDATE hold SET state = 'approved', settled_ms = 10002",
        /* the rejection is taken for an approval */
        "UPDATE decision SET is_approval = 1; UPDATE hold SET state = 'approved'",
        /* the rejection is gone, and one approval has to do */
        "DELETE FROM decision WHERE who = 'bob';"
        "UPDATE hold SET state = 'approved', settled_ms = 1, stages = '[]'",
        /* the plan was another one */
        "DELETE FROM decision WHERE who = 'bob'; UPDATE decision SET plan_hash = 'cccc';"
        "UPDATE hold SET state = 'approved', stages = '[]', plan_hash = 'cccc'",
        /* the step looks as if it had been begun with it */
        "UPDATE hold SET state = 'used', settled_ms = 1",
    };
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        struct fixture f = fixture_new();
        int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_two);
        assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "open");
        if (i >= 2)
            assert_string_equal(say(&f, id, "bob", false, "aaaa", HELD_MS + 2), "rejected");
        sql(&f, forgeries[i]);
        assert_string_equal(claim(&f, id, i == 4 ? "cccc" : "aaaa"), "void");
        fixture_release(&f);
    }
}

static size_t listed(struct fixture *f, struct hold_filter filter)
{
    struct hold *holds;
    size_t count;
    assert_int_equal(holds_list(f->store, &filter, &f->arena, &holds, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(holds[i].plan.len, 0);
        assert_true(i == 0 || holds[i].id > holds[i - 1].id);
    }
    return count;
}

static void lists_have_what_waits_and_what_can_go_on(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t other = run_new(&f, "alert-2");
    int64_t approved = hold_new(&f, run, 0, stages_none);
    hold_new(&f, run, 1, stages_two);
    hold_new(&f, other, 0, stages_two);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_open = true }), 3);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_actionable = true }), 0);
    assert_string_equal(say(&f, approved, "alice", true, "aaaa", HELD_MS + 1), "approved");
    assert_int_equal(listed(&f, (struct hold_filter){ .is_open = true }), 2);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_actionable = true }), 1);
    assert_int_equal(listed(&f, (struct hold_filter){ .run = run }), 2);
    assert_int_equal(listed(&f, (struct hold_filter){ .rule = STR("stolen_role") }), 3);
    assert_int_equal(listed(&f, (struct hold_filter){ .rule = STR("another") }), 0);
    assert_int_equal(listed(&f, (struct hold_filter){ .after = 1 }), 2);
    assert_int_equal(listed(&f, (struct hold_filter){ .after = 1, .limit = 1 }), 1);
    assert_string_equal(claim(&f, approved, "aaaa"), "used");
    assert_int_equal(listed(&f, (struct hold_filter){ .is_actionable = true }), 0);
    assert_int_equal(listed(&f, (struct hold_filter){ .run = 0 }), 3);
    fixture_release(&f);
}

static void a_hold_without_a_plan_waits_for_one_and_for_a_person(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    struct hold hold = hold_made(run, 0, stages_none);
    hold.plan_hash = hold.plan = STR("");
    step_new(&f, run, 0);
    assert_int_equal(holds_add(f.store, &hold), ERR_OK);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_open = true }), 1);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_actionable = true }), 1);
    hold.plan_hash = STR("aaaa");
    assert_int_equal(holds_add(f.store, &hold), ERR_OK);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_open = true }), 1);
    assert_int_equal(listed(&f, (struct hold_filter){ .is_actionable = true }), 0);
    fixture_release(&f);
}

static void what_nobody_needs_to_answer_any_more_is_void(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t id = hold_new(&f, run, 0, stages_two);
    sql(&f, "UPDATE step SET state = 'unknown', ended_ms = 1");
    assert_int_equal(listed(&f, (struct hold_filter){ .is_open = true }), 0);
    assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1),
        "void: its step has ended, so there is nothing to decide");
    int64_t second = hold_new(&f, run, 1, stages_two);
    assert_int_equal(holds_void(f.store, second, HELD_MS + 1, "the limit has room now"), ERR_OK);
    assert_int_equal(holds_void(f.store, second, HELD_MS + 1, "again"), ERR_INVALID);
    assert_int_equal(holds_void(f.store, 99, HELD_MS + 1, "none"), ERR_NOT_FOUND);
    assert_int_equal(hold_read(&f, second).state, HOLD_VOID);
    assert_string_equal(log_of(&f), "voided cdr hold 1 void, voided cdr hold 2 void");
    fixture_release(&f);
}

/* A transaction around several: the refusal of one takes nothing of the others back. */
static void a_refusal_within_a_transaction_keeps_what_came_before(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    int64_t first = hold_new(&f, run, 0, stages_none);
    int64_t second = hold_new(&f, run, 1, stages_none);
    assert_int_equal(store_begin(f.store), ERR_OK);
    assert_string_equal(say(&f, first, "alice", false, "aaaa", HELD_MS + 1), "rejected");
    assert_string_equal(say(&f, second, "eve", false, "aaaa", HELD_MS + 1),
        "open: eve may not reject this; who may: ir (alice, bob, mallory)");
    assert_string_equal(say(&f, second, "bob", false, "aaaa", HELD_MS + 1), "rejected");
    assert_int_equal(store_commit(f.store), ERR_OK);
    reopen(&f);
    assert_int_equal(hold_read(&f, first).state, HOLD_REJECTED);
    assert_int_equal(hold_read(&f, second).state, HOLD_REJECTED);
    fixture_release(&f);
}

/* As somebody who has sqlite3 would. */
static void spoil(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    store_close(f->store);
    f->store = NULL;
    assert_int_equal(
        sqlite3_open(arena_format(&f->arena, "%s/journal.db", f->directory), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    reopen(f);
}

static const char *const edits[] = {
    "UPDATE hold SET author = ''",
    "UPDATE hold SET stages = '[{\"roles\":[\"ciso\"],\"needed\":1,\"within_ms\":900000}]'",
    "UPDATE hold SET stages = '[{'",
    "UPDATE hold SET plan = x'7b7d'",
    "UPDATE hold SET plan_hash = 'bbbb'",
    "UPDATE hold SET clause = ''",
    "UPDATE hold SET reason = 'it is harmless'",
    "UPDATE hold SET cause = 'limit'",
    "UPDATE hold SET held_ms = held_ms + 1",
    "UPDATE hold SET audit = NULL",
};

static void a_hold_that_was_edited_cannot_be_approved_and_is_over_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct fixture f = fixture_new();
        int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_two);
        spoil(&f, edits[i]);
        const char *hash = strstr(edits[i], "plan_hash") == NULL ? "aaaa" : "bbbb";
        assert_string_equal(say(&f, id, "eve", true, hash, HELD_MS + 1),
            "open: the journal's record of this hold was changed: look with cdr audit verify");
        assert_string_equal(expire(&f, id, HELD_MS + 15 * MINUTE), "expired");
        assert_string_equal(log_of(&f), "expired cdr hold 1 expired");
        fixture_release(&f);
    }
}

static void an_approved_hold_that_was_edited_is_void(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct fixture f = fixture_new();
        int64_t id = hold_new(&f, run_new(&f, "alert-1"), 0, stages_none);
        assert_string_equal(say(&f, id, "alice", true, "aaaa", HELD_MS + 1), "approved");
        spoil(&f, edits[i]);
        assert_string_equal(claim(&f, id, "aaaa"), "void");
        fixture_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_that_was_edited_cannot_be_approved_and_is_over_in_time),
        cmocka_unit_test(an_approved_hold_that_was_edited_is_void),
        cmocka_unit_test(a_hold_is_kept_with_its_step_and_read_back),
        cmocka_unit_test(a_second_hold_of_a_step_voids_the_one_that_waits),
        cmocka_unit_test(a_step_that_has_ended_cannot_be_held),
        cmocka_unit_test(two_people_approve_and_the_approval_is_used_once),
        cmocka_unit_test(what_does_not_count_is_refused_with_a_reason),
        cmocka_unit_test(one_rejection_settles_it),
        cmocka_unit_test(whoever_approved_or_was_asked_before_may_reject),
        cmocka_unit_test(the_time_of_a_hold_without_a_plan_does_not_run),
        cmocka_unit_test(time_asks_the_next_stage_and_ends_the_last),
        cmocka_unit_test(whoever_comes_late_finds_what_time_has_made_of_it),
        cmocka_unit_test(another_plan_voids_the_approval),
        cmocka_unit_test(a_hold_without_a_plan_can_only_be_rejected),
        cmocka_unit_test(an_approval_that_the_audit_log_does_not_have_is_void),
        cmocka_unit_test(lists_have_what_waits_and_what_can_go_on),
        cmocka_unit_test(a_hold_without_a_plan_waits_for_one_and_for_a_person),
        cmocka_unit_test(what_nobody_needs_to_answer_any_more_is_void),
        cmocka_unit_test(a_refusal_within_a_transaction_keeps_what_came_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
