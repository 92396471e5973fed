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

/* Else whoever writes a rule would lift what holds for all rules together. */
static void a_rule_adds_to_the_limits_that_rules_share_and_lifts_none(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "defaults { limit 7 targets by provider per 1h }\n"
        "rule a { when severity >= high limit 900 targets by action per 1h\n"
        "  limit 900 targets by account per 1h limit 900 targets by provider per 1d\n"
        "  then open case }\n"
        "rule b { when severity >= low then open case }\n"
        "rule c { when severity >= medium then open case }\n");
    static const uint64_t targets[] = { 10, 900, 20, 900, 50, 900, 7 };
    const struct rule_code *rule = &program->rules[0];
    assert_int_equal(rule->limit_count, COUNT_OF(targets));
    for (size_t at = 0; at < COUNT_OF(targets); at++)
        assert_int_equal(rule->limits[at].targets, targets[at]);
    assert_ptr_equal(program->rules[1].limits, program->rules[2].limits); /* one table a file */
}

static void limits_count_by_scope_and_as_a_share_of_a_list(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "list fleet : text = [\"a\", \"b\", \"B\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", "
        "\"i\", \"j\"]\n"
        "defaults { limit 7 targets by provider per 1h; limit 4 targets per 2h }\n"
        "rule a { when severity >= high limit 30 percent of fleet per 1h\n"
        "  limit 9 targets per 1d limit 5 percent of fleet by action per 1h then open case }\n"
        "rule b { when severity >= low then open case }\n");
    const struct rule_code *rule = &program->rules[0];
    assert_int_equal(rule->limit_count, LIMIT_SCOPES + 2);
    assert_int_equal(rule->limits[0].targets, 3); /* of ten: case means nothing */
    assert_int_equal(rule->limits[1].targets, 9);
    assert_int_equal(rule->limits[1].scope, LIMIT_RULE);
    assert_int_equal(limit_of(rule, LIMIT_ACTION).targets, 1); /* at least */
    assert_int_equal(rule->limits[3].targets, 20); /* and not instead of the built-in one */
    assert_int_equal(limit_of(rule, LIMIT_ACCOUNT).targets, 50);
    assert_int_equal(limit_of(rule, LIMIT_PROVIDER).targets, 7);
    assert_int_equal(limit_of(&program->rules[1], LIMIT_RULE).targets, 4);
    assert_int_equal(limit_of(&program->rules[1], LIMIT_RULE).window_ms, 7200000);
}

static void a_rule_goes_as_far_as_it_says_or_its_file(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "defaults { mode collect; shadow }\n"
        "rule a { when severity >= high\n mode destroy then open case }\n"
        "rule b { when severity >= low then open case }\n");
    assert_int_equal(program->rules[0].ceiling, CEILING_DESTROY);
    assert_int_equal(program->rules[0].ceiling_place.line, 3);
    assert_true(str_is(program->rules[0].ceiling_place.text, "mode destroy"));
    assert_int_equal(program->rules[1].ceiling, CEILING_COLLECT);
    assert_int_equal(program->rules[1].ceiling_place.line, 1);
    assert_true(program->rules[0].is_shadow && program->rules[1].is_shadow);
    assert_true(str_is(program->rules[1].shadow_place.text, "shadow"));
}

static void environments_and_connections_have_ceilings_of_their_own(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "environment production { mode collect\n aws accounts [\"111122223333\"] }\n"
        "environment lab { aws accounts [\"444455556666\"] }\n"
        "connection aws { provider = aws\n mode = \"observe\" }\n"
        "rule r { when severity >= high then collect snapshot }\n");
    assert_int_equal(program->guard_count, 2);
    const struct guard_code *guards = program->guards;
    assert_int_equal(guards[0].kind, GUARD_ENVIRONMENT);
    assert_int_equal(guards[0].ceiling, CEILING_COLLECT);
    assert_int_equal(guards[0].place.line, 1);
    assert_true(str_is(guards[0].place.text, "environment production { mode collect }"));
    assert_int_equal(guards[0].read_count, 2);
    assert_true(guards[0].possible != NO_INDEX);
    assert_int_equal(guards[1].kind, GUARD_CONNECTION);
    assert_int_equal(guards[1].ceiling, CEILING_OBSERVE);
    assert_int_equal(guards[1].place.line, 5);
    assert_true(str_is(guards[1].provider, "aws"));
    assert_true(guards[1].certain == NO_INDEX);
    assert_int_equal(program->unenforced_count, 0);
}

static void stages_are_asked_one_after_the_other(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program =
        compile_good(&compilation, "role lead { members = [\"ana\", \"bo\"] may = approve }\n"
                                   "role \"the-soc\" { members = \"cy\" may = approve }\n"
                                   "rule r { when severity >= high then respond isolate_host "
                                   "approve by 2 of lead, \"the-soc\"\n"
                                   "  within 15m escalate to \"the-soc\" within 1h }\n");
    const struct step_code *step = &program->steps[0];
    assert_int_equal(step->stage_count, 2);
    assert_int_equal(step->stages[0].needed, 2);
    assert_int_equal(step->stages[0].role_count, 2);
    assert_true(str_is(step->stages[0].roles[1], "the-soc"));
    assert_int_equal(step->stages[1].needed, 1);
    assert_int_equal(step->stages[1].within_ms, 3600000);
    assert_true(str_is(step->approve.text,
        "approve by 2 of lead, \"the-soc\" within 15m escalate to \"the-soc\" within 1h"));
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
        cmocka_unit_test(a_rule_adds_to_the_limits_that_rules_share_and_lifts_none),
        cmocka_unit_test(limits_count_by_scope_and_as_a_share_of_a_list),
        cmocka_unit_test(a_rule_goes_as_far_as_it_says_or_its_file),
        cmocka_unit_test(environments_and_connections_have_ceilings_of_their_own),
        cmocka_unit_test(stages_are_asked_one_after_the_other),
        cmocka_unit_test(a_step_says_who_is_asked_and_how_long_it_lasts),
        cmocka_unit_test(guards_say_what_they_forbid_and_where_they_stand),
        cmocka_unit_test(roles_say_who_may_do_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
