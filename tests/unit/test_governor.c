/* test_governor.c - what the governor answers, in which order, and what it writes down. */
#include "governor_fixture.h"

/* ---- refused ---- */

static void a_step_past_the_ceiling_of_its_rule_is_refused_before_anybody_is_asked(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    struct want *want = want_new(&f, 0, "role/web");
    f.rule.ceiling = CEILING_COLLECT;
    f.rule.ceiling_place = (struct clause_place){ STR("mode collect"), STR("rules/a.cdr"), 3 };
    assert_int_equal(foreseen(&f, want), RULING_REFUSED);
    assert_said(&f, "isolate_role needs `contain`");
    assert_said(&f, "`mode collect` (rules/a.cdr:3)");
    assert_said(&f, "(rule ransomware, alert a-1)");
    assert_true(str_is(f.judgement.clause, "rules/a.cdr:3: mode collect"));
    assert_int_equal(judged(&f, want), RULING_REFUSED);
    f.rule.ceiling = CEILING_CONTAIN;
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
}

static void a_connection_has_a_ceiling_of_its_own(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    const struct guard_code guards[] = {
        { .kind = GUARD_CONNECTION,
            .place = { STR("mode observe"), STR("cdr.cdr"), 1 },
            .ceiling = CEILING_OBSERVE,
            .provider = STR("okta") },
        { .kind = GUARD_CONNECTION,
            .place = { STR("mode collect"), STR("cdr.cdr"), 2 },
            .ceiling = CEILING_COLLECT,
            .provider = STR("aws") },
    };
    struct program program = *f.program;
    program.guards = guards;
    program.guard_count = 1;
    struct want *want = want_new(&f, 0, "role/web");
    want->cause.program = &program;
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    program.guard_count = 2;
    assert_int_equal(foreseen(&f, want), RULING_REFUSED);
    assert_int_equal(judged(&f, want), RULING_REFUSED);
    assert_true(str_is(f.judgement.clause, "cdr.cdr:2: mode collect"));
}

/* The compiler refuses rules that are forbidden outright; what it let through is asked again. */
static void never_without_a_condition_is_known_before_anybody_is_asked(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    struct guard_code guard = { .kind = GUARD_NEVER,
        .place = { STR("never respond any"), STR("a.cdr"), 5 },
        .reason = STR("the shop must stay up"),
        .verb = VERB_RESPOND,
        .step = STR("stop_instance"),
        .certain = NO_INDEX,
        .possible = NO_INDEX };
    struct program program = *f.program;
    program.guards = &guard;
    program.guard_count = 1;
    struct want *want = want_new(&f, 0, "role/web");
    want->cause.program = &program;
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    guard.step = STR(""); /* any */
    assert_int_equal(foreseen(&f, want), RULING_REFUSED);
    assert_said(&f, "`never respond any` (a.cdr:5) forbids it: the shop must stay up");
    assert_true(str_is(f.judgement.clause, "a.cdr:5: never respond any"));
    assert_string_equal(last_entry(&f).entry.event, "refused");
    assert_int_equal(judged(&f, want), RULING_REFUSED);
    guard.is_of_file = true;
    guard.text_index = f.rule.text_index + 1; /* of another file's `defaults` */
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    guard.is_of_file = false;
    guard.verb = VERB_COLLECT;
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    guard.verb = VERB_RESPOND;
    guard.certain = 0; /* asked of the target, which is not known yet */
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
}

static void a_protected_target_is_refused_even_when_people_approved(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE) "\nnever target role.name = \"break-glass\" \"must stay usable\"");
    struct want *want = want_new(&f, 0, "role/break-glass");
    struct fact fact = { .field = FIELD_ROLE_NAME, .text = STR("Break-Glass") };
    want->plan.facts = &fact;
    want->proposal.is_approved = true;
    assert_int_equal(judged(&f, want), RULING_REFUSED);
    assert_said(&f, "must stay usable");
    assert_non_null(strstr(f.judgement.clause.ptr, "never target"));
}

static void a_guard_that_only_the_alert_meets_asks_a_person(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE) "\nnever target host.name = \"dc01\" \"must stay usable\"");
    f.event.fields[FIELD_HOST_NAME] = value_text(STR("DC01"));
    struct fact fact = { .field = FIELD_ROLE_NAME, .text = STR("web") };
    struct want *want = want_new(&f, 0, "role/web");
    want->plan.facts = &fact;
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_DOUBT);
    assert_said(&f, "must stay usable");
    assert_non_null(strstr(f.judgement.clause.ptr, "never target"));
    f.rule.is_shadow = true;
    assert_int_equal(judged(&f, want), RULING_SHADOWED);
    f.rule.is_shadow = false;
    want->proposal.is_approved = true;
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    f.rule.ceiling = CEILING_OBSERVE;
    assert_int_equal(judged(&f, want), RULING_REFUSED);
}

static void a_collection_in_doubt_of_a_guard_is_held_too(void **state)
{
    (void)state;
    FIXTURE(f,
        RULE("", "collect snapshot instance=\"i-0abc1234\"") "\nenvironment prod { mode observe"
                                                             "\naws accounts "
                                                             "[\"111122223333\"] }");
    f.event.fields[FIELD_CLOUD_ACCOUNT] = value_text(STR("111122223333"));
    struct fact provider = { .field = FIELD_CLOUD_PROVIDER, .text = STR("aws") };
    struct fact fact = {
        .next = &provider, .field = FIELD_CLOUD_ACCOUNT, .text = STR("444455556666")
    };
    struct want *want = want_new(&f, 0, "i-0abc1234");
    want->plan.facts = &fact;
    want->plan.target = STR("i-0abc1234");
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_DOUBT);
    fact.text = STR("111122223333");
    assert_int_equal(judged(&f, want), RULING_REFUSED);
}

/* ---- pause ---- */

static void a_pause_stops_changes_and_lets_reads_go_on(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    const char *reason = NULL;
    struct want *want = want_new(&f, 0, "role/web");
    struct builtin reader = *want->order.row;
    f.governor.pause_file = pause_path(scratch.path, &f.arena);
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    assert_int_equal(governor_may_change(&f.governor, &f.arena, &reason), ERR_OK);
    struct pause pause = { .who = STR("bob"), .reason = STR("a storm") };
    assert_int_equal(pause_set(f.governor.pause_file, &pause), ERR_OK);
    assert_int_equal(foreseen(&f, want), RULING_PAUSED);
    assert_said(&f, "paused by bob, a storm");
    assert_int_equal(governor_may_change(&f.governor, &f.arena, &reason), ERR_PAUSED);
    assert_non_null(strstr(reason, "bob"));
    assert_int_equal(last_entry(&f).seq, 0);
    reader.effect = EFFECT_READS;
    want->order.row = &reader;
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
}

/* ---- the order of answers ---- */

static struct hold held_before = {
    .cause = HOLD_BY_LIMIT, .reason = { "over it then", 12 }, .clause = { "a.cdr:1: limit", 14 }
};

static void the_first_answer_of_the_list_counts(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h",
                   ISOLATE " approve by \"lead\" within 15m") "\nrole lead { members = [\"carol\"] "
                                                              "may = [approve] }");
    const struct clause_place place = { STR("mode collect"), STR("a.cdr"), 1 };
    struct want *twin = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, twin), RULING_HELD);
    (void)step_held(&f, twin);
    twin = want_new(&f, 0, "role/other");
    twin->proposal.is_approved = true;
    assert_int_equal(judged(&f, twin), RULING_ADMITTED);

    struct want *want = want_new(&f, 0, "role/web");
    want->cause.doubt = "the alert has no host.name";
    want->cause.due = "evidence first";
    want->cause.due_clause = STR("a.cdr:9: always");
    f.rule.is_shadow = true;
    f.rule.shadow_place = place;
    f.rule.ceiling = CEILING_COLLECT;
    f.rule.ceiling_place = place;
    assert_int_equal(judged(&f, want), RULING_REFUSED);
    f.rule.ceiling = CEILING_DESTROY;
    assert_int_equal(judged(&f, want), RULING_SHADOWED);
    f.rule.is_shadow = false;
    assert_int_equal(judged(&f, want), RULING_JOINED);
    want = want_new(&f, 0, "role/third");
    want->cause.doubt = "the alert has no host.name";
    want->cause.due = "evidence first";
    want->cause.due_clause = STR("a.cdr:9: always");
    want->proposal.hold = &held_before;
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_string_equal(f.judgement.reason, "over it then");
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_LIMIT);
    want->proposal.hold = NULL;
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_DOUBT);
    want->cause.doubt = NULL;
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_ALWAYS);
    assert_true(str_is(f.judgement.clause, "a.cdr:9: always"));
    want->cause.due = NULL;
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_LIMIT);
    f.clock.now_ms += HOUR_MS;
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_APPROVE);
    want->proposal.is_approved = true;
    want->cause.doubt = "doubt";
    want->proposal.hold = &held_before;
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
}

static void whatever_holds_a_step_those_who_approve_it_are_asked(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h",
                   ISOLATE " approve by \"lead\" within 15m") "\nrole lead { members = [\"carol\"] "
                                                              "may = [approve] }");
    struct want *want = want_new(&f, 0, "role/web");
    want->cause.doubt = "the alert has no host.name";
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_int_equal(f.judgement.stage_count, 1);
    assert_true(str_is(f.judgement.stages[0].roles[0], "lead"));
}

static void doubt_and_evidence_that_is_due_hold_respond_steps_alone(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", "collect snapshot instance=\"i-0abc1234\"; " ISOLATE));
    struct want *collect = want_new(&f, 0, "i-0abc1234");
    collect->cause.doubt = "doubt";
    collect->cause.due = "due";
    assert_int_equal(judged(&f, collect), RULING_ADMITTED);
    struct want *respond = want_new(&f, 1, "role/web");
    respond->cause.doubt = "doubt";
    assert_int_equal(judged(&f, respond), RULING_HELD);
}

static void a_rule_in_shadow_is_never_held_for_room(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", ISOLATE));
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_ADMITTED);
    f.rule.is_shadow = true;
    f.rule.shadow_place = (struct clause_place){ STR("mode shadow"), STR("a.cdr"), 1 };
    assert_int_equal(foreseen(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_SHADOWED);
    f.rule.is_shadow = false; /* and it took no place */
    f.clock.now_ms += HOUR_MS;
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
}

/* ---- the audit log ---- */

static void every_answer_is_in_the_audit_log_with_its_reasons(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", ISOLATE));
    struct want *want = want_new(&f, 0, "role/web");
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED);
    assert_int_equal(last_entry(&f).seq, 0); /* that it may be planned is no decision */
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    struct audit_said said = last_entry(&f);
    assert_int_equal(said.seq, 1);
    assert_string_equal(said.entry.event, "admitted");
    assert_true(str_is(said.entry.who, "alice"));
    assert_int_equal(said.entry.run, want->order.run);
    assert_int_equal(said.entry.step, 0);
    assert_true(str_is(said.entry.alert, "a-1"));
    assert_true(str_is(said.entry.rule, "ransomware"));
    assert_true(str_is(said.entry.builtin, "isolate_role"));
    assert_true(str_is(said.entry.target, "role/web"));
    assert_true(str_equal(said.entry.program_hash, f.program->hash));
    assert_true(str_is(said.entry.plan_hash, "cafe"));
    assert_true(str_is(said.entry.before, "[{\"builtin\":\"release_role\"}]"));
    f.governor.actor = NULL;
    assert_int_equal(foreseen(&f, want_new(&f, 0, "role/b")), RULING_HELD);
    said = last_entry(&f);
    assert_int_equal(said.seq, 2);
    assert_string_equal(said.entry.event, "held");
    assert_true(str_is(said.entry.who, "cdr"));
    assert_true(str_is(said.entry.clause, "test.cdr:1: limit 1 targets per 1h"));
}

static void how_a_step_ended_is_in_the_audit_log(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    struct want *want = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    struct step_record record = { .run = want->order.run,
        .builtin = STR("isolate_role"),
        .target = STR("role/web"),
        .state = STR("done"),
        .reason = STR("it is isolated"),
        .ended_ms = f.clock.now_ms };
    assert_int_equal(
        governor_ended(&f.governor, &want->order, &record, STR("cafe"), &f.arena), ERR_OK);
    struct audit_said said = last_entry(&f);
    assert_string_equal(said.entry.event, "ended");
    assert_true(str_is(said.entry.rule, "ransomware"));
    want->order.cause = NULL; /* an undo */
    assert_int_equal(governor_ended(&f.governor, &want->order, &record, STR(""), &f.arena), ERR_OK);
    assert_int_equal(governor_unkept(&f.governor, f.program, &f.rule, STR("a-1"), want->order.run,
                         STR("a.cdr:1: always"), "nothing was collected"),
        ERR_OK);
    assert_string_equal(last_entry(&f).entry.event, "unkept");
}

static void without_room_in_memory_nothing_is_counted(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", ISOLATE));
    struct want *want = want_new(&f, 0, "role/a");
    struct arena small = { .limit = 1 };
    assert_int_equal(
        governor_judge(&f.governor, &want->proposal, &small, &f.judgement), ERR_MEMORY);
    assert_int_equal(last_entry(&f).seq, 0);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_past_the_ceiling_of_its_rule_is_refused_before_anybody_is_asked),
        cmocka_unit_test(a_connection_has_a_ceiling_of_its_own),
        cmocka_unit_test(never_without_a_condition_is_known_before_anybody_is_asked),
        cmocka_unit_test(a_guard_that_only_the_alert_meets_asks_a_person),
        cmocka_unit_test(a_collection_in_doubt_of_a_guard_is_held_too),
        cmocka_unit_test(a_protected_target_is_refused_even_when_people_approved),
        cmocka_unit_test(a_pause_stops_changes_and_lets_reads_go_on),
        cmocka_unit_test(the_first_answer_of_the_list_counts),
        cmocka_unit_test(whatever_holds_a_step_those_who_approve_it_are_asked),
        cmocka_unit_test(doubt_and_evidence_that_is_due_hold_respond_steps_alone),
        cmocka_unit_test(a_rule_in_shadow_is_never_held_for_room),
        cmocka_unit_test(every_answer_is_in_the_audit_log_with_its_reasons),
        cmocka_unit_test(how_a_step_ended_is_in_the_audit_log),
        cmocka_unit_test(without_room_in_memory_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
