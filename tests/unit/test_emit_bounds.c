/* What a compiled rule is held to: limits, dedup, approvals, timers, and the guards of the set. */
#include "compiled.h"

/* The first of that scope; of none, a limit of no targets. */
static struct limit_code limit_of(const struct rule_code *rule, enum limit_scope scope)
{
    for (uint32_t at = 0; at < rule->limit_count; at++)
        if (rule->limits[at].scope == scope)
            return rule->limits[at];
    return (struct limit_code){ 0 };
}

static void a_rule_that_says_nothing_has_a_limit_of_every_scope(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program =
        compile_good(&compilation, "rule r { when severity >= high then open case }");
    static const uint64_t targets[LIMIT_SCOPES] = { 10, 20, 50, 100 };
    const struct rule_code *rule = &program->rules[0];
    assert_int_equal(rule->limit_count, LIMIT_SCOPES);
    for (int scope = 0; scope < LIMIT_SCOPES; scope++) {
        struct limit_code limit = limit_of(rule, (enum limit_scope)scope);
        assert_int_equal(limit.targets, targets[scope]);
        assert_int_equal(limit.window_ms, 3600000);
        assert_int_equal(limit.place.file.len, 0);
    }
    assert_true(
        str_is(limit_of(rule, LIMIT_ACCOUNT).place.text, "limit 50 targets by account per 1h"));
    assert_int_equal(rule->ceiling, CEILING_CONTAIN);
    assert_false(rule->is_shadow);
    assert_int_equal(rule->dedup_key_count, 0);
    assert_int_equal(rule->author.len, 0);
}

static void a_rule_has_its_own_limit_and_else_that_of_its_file(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "defaults { limit 5 targets per 1h; dedup by host.id for 2h }\n"
        "rule a (author = \"ana\") { when severity >= high limit 9  targets\n"
        "  per 1d then respond isolate_host }\n"
        "rule b { when severity >= low dedup by user.id, raw[\"a.b\"] for 1h then open case }\n");
    struct limit_code own = limit_of(&program->rules[0], LIMIT_RULE);
    assert_int_equal(own.targets, 9);
    assert_int_equal(own.window_ms, 86400000);
    assert_int_equal(own.place.line, 2);
    assert_true(str_is(own.place.text, "limit 9 targets per 1d"));
    assert_true(str_is(program->rules[0].author, "ana"));
    assert_int_equal(program->rules[0].dedup_key_count, 1);
    assert_int_equal(program->rules[0].dedup_ms, 7200000);
    assert_int_equal(program->rules[0].dedup.line, 1);
    assert_int_equal(limit_of(&program->rules[1], LIMIT_RULE).targets, 5);
    assert_int_equal(program->rules[1].dedup_key_count, 2);
    assert_int_equal(program->rules[1].dedup_ms, 3600000);
    assert_true(str_is(program->rules[1].dedup.text, "dedup by user.id, raw[\"a.b\"] for 1h"));
}

static void a_step_says_who_is_asked_and_how_long_it_lasts(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "rule r { when severity >= high then collect triage timeout 30m;\n"
        "  respond isolate_host for 24h approve by \"ir-lead\" within 15m }\n");
    const struct step_code *triage = &program->steps[0];
    const struct step_code *isolate = &program->steps[1];
    assert_int_equal(triage->timeout_ms, 1800000);
    assert_int_equal(triage->for_ms, 0);
    assert_int_equal(triage->stage_count, 0);
    assert_int_equal(isolate->for_ms, 86400000);
    assert_int_equal(isolate->timeout_ms, 0);
    assert_int_equal(isolate->stage_count, 1);
    assert_int_equal(isolate->stages[0].role_count, 1);
    assert_true(str_is(isolate->stages[0].roles[0], "ir-lead"));
    assert_int_equal(isolate->stages[0].needed, 1);
    assert_int_equal(isolate->stages[0].within_ms, 900000);
    assert_int_equal(isolate->approve.line, 2);
    assert_true(str_is(isolate->approve.text, "approve by \"ir-lead\" within 15m"));
}

static void guards_say_what_they_forbid_and_where_they_stand(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "defaults { never target host.name = \"dc-01\" \"the domain\" }\n"
        "never respond isolate_role on role.arn like \"*:role/break-glass*\" \"why\"\n"
        "never respond stop_instance \"no rule does\"\n"
        "never target resource.tags[\"cdr\"] = \"protected\" \"ours\"\n"
        "always severity = critical implies collect any \"evidence first\"\n"
        "rule r { when severity >= high then open case }\n");
    assert_int_equal(program->guard_count, 5);
    const struct guard_code *guards = program->guards;
    assert_int_equal(guards[0].kind, GUARD_NEVER_TARGET);
    assert_true(guards[0].is_of_file);
    assert_true(str_is(guards[0].reason, "the domain"));
    assert_true(guards[0].text_index == program->rules[0].text_index);
    assert_int_equal(guards[0].read_count, 1);
    assert_true(str_is(guards[0].reads[0].name, "host.name"));
    assert_int_equal(guards[1].kind, GUARD_NEVER);
    assert_int_equal(guards[1].verb, VERB_RESPOND);
    assert_true(str_is(guards[1].step, "isolate_role"));
    assert_int_equal(guards[1].place.line, 2);
    assert_true(guards[1].certain != NO_INDEX && guards[1].possible != NO_INDEX);
    assert_true(guards[1].certain != guards[1].possible);
    assert_true(guards[2].certain == NO_INDEX && guards[2].possible == NO_INDEX);
    assert_int_equal(guards[3].kind, GUARD_NEVER_TARGET);
    assert_false(guards[3].is_of_file);
    assert_true(str_is(guards[3].reads[0].name, "resource.tags[\"cdr\"]"));
    assert_true(str_is(
        guards[3].place.text, "never target resource.tags[\"cdr\"] = \"protected\" \"ours\""));
    assert_int_equal(guards[4].kind, GUARD_ALWAYS);
    assert_int_equal(guards[4].verb, VERB_COLLECT);
    assert_int_equal(guards[4].step.len, 0);
}

static void roles_say_who_may_do_what(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "role lead { members = [\"ana\", \"bo\"] may = [read, approve, \"reject\"] }\n"
        "role guest { members = \"auditor\" may = read }\n"
        "rule r { when severity >= high then open case }\n");
    assert_int_equal(program->role_count, 2);
    assert_true(str_is(program->roles[0].name, "lead"));
    assert_int_equal(program->roles[0].member_count, 2);
    assert_true(str_is(program->roles[0].members[1], "bo"));
    assert_int_equal(program->roles[0].may, RIGHT_READ | RIGHT_APPROVE | RIGHT_REJECT);
    assert_int_equal(program->roles[1].member_count, 1);
    assert_true(str_is(program->roles[1].members[0], "auditor"));
    assert_int_equal(program->roles[1].may, RIGHT_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_that_says_nothing_has_a_limit_of_every_scope),
        cmocka_unit_test(a_rule_has_its_own_limit_and_else_that_of_its_file),
        cmocka_unit_test(a_step_says_who_is_asked_and_how_long_it_lasts),
        cmocka_unit_test(guards_say_what_they_forbid_and_where_they_stand),
        cmocka_unit_test(roles_say_who_may_do_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
