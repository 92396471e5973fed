/* What is found in the audit log, by name and number, and when the journal was edited instead. */
#include "audit_fixture.h"
#include "store/admissions.h"
#include "store/holds.h"
#include "store/timers.h"

static struct audit_report spoiled(struct fixture *f, const char *sql)
{
    store_close(f->store);
    f->store = NULL;
    journal_spoil(f->directory, sql, &f->arena);
    return log_check(f->directory, NULL, &f->arena);
}

/* One finding of that kind, and entry `broken` is the first that is broken. */
static void assert_found(
    const struct audit_report *report, enum audit_fault fault, int64_t broken, const char *words)
{
    assert_true(report->found > 0);
    assert_string_equal(audit_fault_name(report->findings[0].fault), audit_fault_name(fault));
    assert_int_equal(report->first_broken, broken);
    if (strstr(report->findings[0].text, words) == NULL)
        fail_msg("%s", report->findings[0].text);
}

static void the_first_broken_entry_is_told_and_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum audit_fault fault;
        int64_t broken;
        const char *words;
        uint64_t found;
    } rows[] = {
        { "UPDATE audit SET entry = replace(entry, 'web-17', 'web-18') WHERE seq = 17",
            AUDIT_FAULT_EDITED, 17, "entry 17 was edited", 1 },
        { "UPDATE audit SET entry = 'x' || entry WHERE seq = 17", AUDIT_FAULT_UNREADABLE, 17,
            "entry 17 is not one that cdr writes", 1 },
        { "UPDATE audit SET entry = replace(entry, '\"event\":\"', '\"event\":\"x') WHERE seq = 17",
            AUDIT_FAULT_UNREADABLE, 17, "entry 17", 1 },
        { "DELETE FROM audit WHERE seq = 17", AUDIT_FAULT_MISSING, 17, "entry 17 is missing", 1 },
        { "DELETE FROM audit WHERE seq BETWEEN 17 AND 20", AUDIT_FAULT_MISSING, 17,
            "entries 17 to 20 are missing", 1 },
        { "DELETE FROM audit WHERE seq < 3", AUDIT_FAULT_MISSING, 1, "entries 1 to 2 are missing",
            1 },
        { "UPDATE audit SET seq = 99 WHERE seq = 17; UPDATE audit SET seq = 17 WHERE seq = 21;"
          "UPDATE audit SET seq = 21 WHERE seq = 99",
            AUDIT_FAULT_REORDERED, 17, "entry 17 says that it is entry 21", 0 },
        { "DELETE FROM audit WHERE seq > 25", AUDIT_FAULT_CUT_OFF, 26,
            "the log ends at entry 25, and anchor", 1 },
        { "DELETE FROM audit", AUDIT_FAULT_CUT_OFF, 1, "the log ends at entry 0", 1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        entries_add(f.store, 1, 30, 6000);
        struct audit_report report = spoiled(&f, rows[i].sql);
        assert_found(&report, rows[i].fault, rows[i].broken, rows[i].words);
        if (rows[i].found > 0)
            assert_int_equal(report.found, rows[i].found);
    }
}

static void a_long_span_without_anchors_is_found(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_begin(f.store), ERR_OK);
    entries_add(f.store, 1, 2000, 0);
    assert_int_equal(store_commit(f.store), ERR_OK);
    store_close(f.store);
    f.store = NULL;
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    assert_int_equal(unlink(in(f.directory, "audit.head", &f.arena)), 0);
    journal_spoil(f.directory, "DELETE FROM meta WHERE key = 'audit_anchors'", &f.arena);
    report = log_check(f.directory, NULL, &f.arena);
    assert_found(&report, AUDIT_FAULT_NOT_ANCHORED, 0, "2000 entries after entry 0");
}

static void tell(struct fixture *f, struct audit_entry entry)
{
    int64_t seq;
    entry.who = STR("cdr");
    entry.at_ms = 1800000000000;
    assert_int_equal(audit_append(f->store, &entry, &seq), ERR_OK);
}

/* A run with a step that was admitted, made a change and ended, all of it in the log. */
static void act(struct fixture *f)
{
    int64_t run = run_new(f, "a-1");
    step_new(f, run, 0);
    tell(f, (struct audit_entry){ .event = "admitted", .run = run, .step = 0 });
    struct call_record call = call_made(run, 0, 0, true);
    assert_int_equal(store_call_intend(f->store, &call), ERR_OK);
    call.reply_kind = REPLY_RECEIVED;
    call.reply_status = 200;
    call.reply_body = STR("<ok/>");
    assert_int_equal(store_call_reply(f->store, &call), ERR_OK);
    struct step_record step = { .run = run,
        .builtin = STR("isolate_role"),
        .target = STR("role/web"),
        .found = STR("instance i-1 -> role web"),
        .state = STR("done"),
        .reason = STR("every policy denies"),
        .results = STR("[true]"),
        .ended_ms = 4000 };
    assert_int_equal(store_begin(f->store), ERR_OK);
    assert_int_equal(store_step_end(f->store, &step), ERR_OK);
    assert_int_equal(
        audit_step_ended(f->store, &step, &(struct audit_entry){ .who = STR("cdr") }, &f->arena),
        ERR_OK);
    assert_int_equal(store_commit(f->store), ERR_OK);
}

static void a_journal_that_was_edited_instead_of_the_log_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *words;
    } rows[] = {
        { "UPDATE step SET state = 'failed'", "step 1 of run 1 is not in the journal as the log" },
        { "UPDATE step SET reason = 'nothing was done'", "as the log says that it ended" },
        { "UPDATE step SET results = '[false]'", "as the log says that it ended" },
        { "UPDATE step SET target = 'role/other'", "as the log says that it ended" },
        { "UPDATE step SET builtin = 'stop_instance'", "as the log says that it ended" },
        { "UPDATE call SET reply_status = 403", "as the log says that it ended" },
        { "UPDATE call SET is_declined = 1", "as the log says that it ended" },
        { "UPDATE call SET undo = '{}'", "as the log says that it ended" },
        { "UPDATE call SET body = x'00'", "as the log says that it ended" },
        { "UPDATE call SET is_change = 0, undo = ''", "as the log says that it ended" },
        { "DELETE FROM call", "as the log says that it ended" },
        { "UPDATE step SET state = 'running', ended_ms = NULL", "has not ended, and the log says" },
        { "PRAGMA foreign_keys = OFF; DELETE FROM call; DELETE FROM step",
            "step 1 of run 1 is not in the journal" },
        { "PRAGMA foreign_keys = OFF; DELETE FROM call; DELETE FROM step; DELETE FROM run",
            "run 1 is not in the journal, and entry 1 tells of it" },
        { "INSERT INTO step (run, idx, builtin, args, target, found, state, reason, results,"
          " started_ms, ended_ms) SELECT 1, 1, builtin, args, target, found, state, reason, "
          "results,"
          " started_ms, ended_ms FROM step;"
          "INSERT INTO call (id, run, step, idx, is_change, service, operation, region, target, "
          "body,"
          " undo, intended_ms) SELECT 99, 1, 1, 0, 1, service, operation, region, target, body, "
          "undo,"
          " intended_ms FROM call",
            "step 2 of run 1 made a change that the log does not admit" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        act(&f);
        reopen(&f);
        struct audit_report report = log_check(f.directory, NULL, &f.arena);
        assert_whole(&report);
        report = spoiled(&f, rows[i].sql);
        assert_found(&report, AUDIT_FAULT_JOURNAL, 0, rows[i].words);
    }
}

static void runs_that_are_older_than_the_log_are_left_out(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t run = run_new(&f, "a-0");
    step_new(&f, run, 0);
    struct call_record call = call_made(run, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    assert_int_equal(store_run_abandon(f.store, run, 5000, "somebody pulled the plug"), ERR_OK);
    store_close(f.store);
    f.store = NULL;
    journal_spoil(f.directory, "INSERT INTO meta VALUES ('audit_older_runs', '1')", &f.arena);
    reopen(&f);
    act(&f);
    reopen(&f);
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    report = spoiled(&f, "DELETE FROM meta WHERE key = 'audit_older_runs'");
    assert_whole(&report); /* the first entry says it */
}

/* A step that waits, and somebody who says yes. */
static void ask(struct fixture *f)
{
    int64_t run = run_new(f, "a-2");
    step_new(f, run, 0);
    struct hold hold = { .run = run,
        .cause = HOLD_BY_APPROVE,
        .reason = STR("`approve by`"),
        .clause = STR("rules/a.cdr:12"),
        .plan_hash = STR("aabb"),
        .plan = STR("{}"),
        .stages = STR("[]"),
        .author = STR("u-9"),
        .held_ms = 5000 };
    const char *reason = NULL;
    enum hold_state state;
    assert_int_equal(holds_add(f->store, &hold), ERR_OK);
    struct decision decision = { .hold = hold.id,
        .who = STR("u-1"),
        .is_approval = true,
        .reason = STR("seen it"),
        .plan_hash = STR("aabb") };
    if (holds_decide(f->store, &decision, NULL, 0, 6000, &f->arena, &state, &reason) != ERR_OK)
        fail_msg("%s", reason);
    assert_int_equal(state, HOLD_APPROVED);
}

/* A run with its entry, a step that limits count, and the undo of it. */
static void count(struct fixture *f)
{
    int64_t run = run_new(f, "a-3");
    step_new(f, run, 0);
    tell(f, (struct audit_entry){ .event = "run_begun",
                .run = run,
                .step = -1,
                .alert = STR("a-3"),
                .rule = STR("stolen_role"),
                .program_hash = STR("hash") });
    struct admission admission = { 500, STR("stolen_role"), STR("5c1d"), STR("isolate_role"),
        STR("aws"), STR("111122223333"), STR("role/web") };
    assert_int_equal(admissions_add(f->store, &admission), ERR_OK);
    tell(f, (struct audit_entry){ .event = "admitted",
                .run = run,
                .rule = admission.rule,
                .builtin = admission.builtin,
                .target = admission.target,
                .after = STR("counted at 500") });
    struct timer timer = { .kind = TIMER_UNDO, .run = run, .set_ms = 1, .due_ms = 900 };
    assert_int_equal(timers_set(f->store, &timer), ERR_OK);
    tell(f,
        (struct audit_entry){ .event = "timer_set", .run = run, .after = STR("timer 1 due 900") });
}

static void runs_counts_and_timers_that_were_edited_are_found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "UPDATE run SET rule = 'other'", "is of another rule, alert or rule set" },
        { "UPDATE run SET alert = 'other'", "is of another rule, alert or rule set" },
        { "DELETE FROM admission", "is not counted against the limits" },
        { "DELETE FROM admission WHERE scope = 'rule'", "is not counted against the limits" },
        { "DELETE FROM admission WHERE scope = 'account'", "is not counted against the limits" },
        { "UPDATE admission SET at_ms = 1", "is not counted against the limits" },
        { "UPDATE admission SET target = 'x'", "is not counted against the limits" },
        { "DELETE FROM timer", "has not the timer" },
        { "UPDATE timer SET due_ms = 99999", "has not the timer at the time" },
        { "UPDATE timer SET ended_ms = 5, outcome = 'fired'", "has not the timer still" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        count(&f);
        reopen(&f);
        struct audit_report report = log_check(f.directory, NULL, &f.arena);
        assert_whole(&report);
        report = spoiled(&f, rows[i][0]);
        assert_found(&report, AUDIT_FAULT_JOURNAL, 0, rows[i][1]);
    }
}

/* One that nobody has answered is known to the log too. */
static void an_open_hold_that_is_gone_is_found(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t run = run_new(&f, "a-2");
    step_new(&f, run, 0);
    struct hold hold = { .run = run, .stages = STR("[]"), .held_ms = 5000 };
    assert_int_equal(holds_add(f.store, &hold), ERR_OK);
    struct audit_report report = spoiled(&f, "DELETE FROM hold");
    assert_found(&report, AUDIT_FAULT_JOURNAL, 0, "hold 1 is not in the journal");
}

static void what_people_said_cannot_be_edited_unseen(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *words;
    } rows[] = {
        { "UPDATE decision SET who = 'u-2'", "an approval that the log does not have so" },
        { "UPDATE decision SET plan_hash = 'cc'", "an approval that the log does not have so" },
        { "UPDATE decision SET reason = 'was told to'", "an approval that the log does not" },
        { "UPDATE decision SET is_approval = 0", "a rejection that the log does not have so" },
        { "DELETE FROM decision", "lacks what somebody said of it" },
        { "UPDATE hold SET state = 'used'", "is not what the log says that it became" },
        { "UPDATE hold SET state = 'rejected'", "is not what the log says that it became" },
        { "INSERT INTO hold SELECT 7, run, step, 1, cause, reason, clause, plan_hash, plan, stages,"
          " author, stage, until_ms, held_ms, 'approved', settled_ms, audit FROM hold",
            "hold 7 is settled, and the log does not say so" },
        { "UPDATE hold SET author = ''", "is not the one that people were asked about" },
        { "UPDATE hold SET plan = x'00'", "is not the one that people were asked about" },
        { "UPDATE hold SET stages = '[{'", "is not the one that people were asked about" },
        { "UPDATE hold SET reason = 'harmless'", "is not the one that people were asked about" },
        { "UPDATE hold SET clause = ''", "is not the one that people were asked about" },
        { "UPDATE hold SET audit = audit + 1", "is not the one that people were asked about" },
        { "UPDATE hold SET until_ms = 99", "asks another stage, or until another time" },
        { "UPDATE hold SET stage = 1", "asks another stage, or until another time" },
        { "UPDATE decision SET stage = 1", "what was said of one stage as said of another" },
        { "UPDATE decision SET decided_ms = 6001", "an approval that the log does not have so" },
        { "PRAGMA foreign_keys = OFF; DELETE FROM decision; DELETE FROM hold",
            "hold 1 is not in the journal, and the log tells of it" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        ask(&f);
        reopen(&f);
        struct audit_report report = log_check(f.directory, NULL, &f.arena);
        assert_whole(&report);
        report = spoiled(&f, rows[i].sql);
        assert_found(&report, AUDIT_FAULT_JOURNAL, 0, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_broken_entry_is_told_and_what_is_wrong_with_it),
        cmocka_unit_test(a_long_span_without_anchors_is_found),
        cmocka_unit_test(a_journal_that_was_edited_instead_of_the_log_is_found),
        cmocka_unit_test(runs_that_are_older_than_the_log_are_left_out),
        cmocka_unit_test(runs_counts_and_timers_that_were_edited_are_found),
        cmocka_unit_test(an_open_hold_that_is_gone_is_found),
        cmocka_unit_test(what_people_said_cannot_be_edited_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
