/* What is kept of a set of rules beside their conditions: who a rule is, tables without
 * doubles, and what this build does not enforce. */
#include "compiled.h"

#include "arguments.h"

static void a_rule_keeps_its_identity_when_it_moves_or_is_renamed(void **state)
{
    (void)state;
    static const char *const same[] = {
        "rule a { when severity >= high then collect triage as t; if t.failed then { open case } }",
        "rule other { when host.name = \"x\" then collect snapshot }\n"
        "let bad = severity >= high\n"
        "rule b \"a title\" { when bad\n then collect triage as u;\n"
        "  if u.failed then { open case } }",
    };
    static const char *const others[] = {
        "rule a { when severity >= low then collect triage as t; if t.failed then { open case } }",
        "rule a { when severity >= high then collect triage as t; if t.complete then { open case } "
        "}",
        "rule a { when severity >= high then collect memory as t; if t.failed then { open case } }",
        "rule a { when severity >= high then collect triage as t on failure stop;"
        " if t.failed then { open case } }",
    };
    CLEANUP(compile_release) struct compilation first = { 0 };
    CLEANUP(compile_release) struct compilation moved = { 0 };
    const struct program *a = compile_good(&first, same[0]);
    const struct program *b = compile_good(&moved, same[1]);
    assert_true(str_equal(a->rules[0].id, b->rules[1].id));
    assert_false(str_equal(a->hash, b->hash));
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++) {
        CLEANUP(compile_release) struct compilation other = { 0 };
        assert_false(str_equal(a->rules[0].id, compile_good(&other, others[at])->rules[0].id));
    }
}

/* The identity of the first rule of `text`, in `compilation`. */
static str identity(struct compilation *compilation, const char *text)
{
    return compile_good(compilation, text)->rules[0].id;
}

static void excuses_are_part_of_who_a_rule_is(void **state)
{
    (void)state;
    static const char base[] =
        "rule a { when severity >= high unless host.name = \"x\" limit 5 targets per 1h\n"
        "  dedup by host.id for 6h then respond isolate_host for 1h approve by \"ir\" within 5m }\n"
        "exception p for a when user.name = \"u\" until 2027-01-31 reason \"CHG-1\"";
    static const char *const alike[] = {
        /* the first: the default is what the rule would say; the order of excuses; reasons; names */
        "rule b { when severity >= high unless user.name = \"u\" until 2027-01-31 reason "
        "\"CHG-2\"\n"
        "  unless is_x then respond isolate_host for 60m approve by \"ir\" within 5m }\n"
        "let is_x = host.name = \"x\"\n"
        "defaults { limit 5 targets per 1h; dedup by host.id for 6h }",
        "rule a { when severity >= high limit 5 targets per 1h dedup by host.id for 6h\n"
        "  then respond isolate_host for 1h approve by \"ir\" within 5m }\n"
        "exception q for a when named(user.name) until 2027-01-31 reason \"x\"\n"
        "exception p for a when host.name = \"x\" until 9999-12-31 reason \"y\"\n"
        "macro named(n : text) = n = \"u\"",
    };
    static const char *const others[] = {
        "unless host.name = \"y\"",
        "",
        "unless host.name = \"x\" until 2027-01-31 reason \"r\"",
    };
    CLEANUP(compile_release) struct compilation first = { 0 };
    CLEANUP(compile_release) struct compilation second = { 0 };
    CLEANUP(compile_release) struct compilation dated = { 0 };
    str id = identity(&first, base);
    assert_true(str_equal(id, identity(&second, alike[0])));
    assert_false(str_equal(id, identity(&dated, alike[1]))); /* the date of one differs */
    for (size_t at = 0; at < COUNT_OF(others); at++) {
        CLEANUP(compile_release) struct compilation other = { 0 };
        char text[512];
        snprintf(text, sizeof text,
            "rule a { when severity >= high %s limit 5 targets per 1h dedup by host.id for 6h\n"
            "  then respond isolate_host for 1h approve by \"ir\" within 5m }\n"
            "exception p for a when user.name = \"u\" until 2027-01-31 reason \"CHG-1\"",
            others[at]);
        assert_false(str_equal(id, identity(&other, text)));
    }
}

/* Else a rule that is asked of another person, or less often, would act on old alerts again. */
static void what_holds_a_rule_back_is_not_who_it_is(void **state)
{
    (void)state;
    static const char *const alike[] = {
        "then respond isolate_host for 1h",
        "limit 6 targets per 2h then respond isolate_host for 1h",
        "dedup by user.id for 7h then respond isolate_host for 1h",
        "then respond isolate_host for 1h approve by \"hr\" within 6m timeout 9m",
    };
    static const char *const others[] = {
        "then respond isolate_host for 2h",
        "then respond isolate_host",
        "then respond isolate_host for 1h on failure stop",
        "shadow then respond isolate_host for 1h",
    };
    CLEANUP(compile_release) struct compilation first = { 0 };
    str id = identity(&first, "rule a { when severity >= high limit 5 targets per 1h\n"
                              "  then respond isolate_host for 1h approve by \"ir\" within 5m }");
    for (size_t at = 0; at < COUNT_OF(alike) + COUNT_OF(others); at++) {
        CLEANUP(compile_release) struct compilation other = { 0 };
        bool is_alike = at < COUNT_OF(alike);
        char text[512];
        snprintf(text, sizeof text, "rule a { when severity >= high %s }",
            is_alike ? alike[at] : others[at - COUNT_OF(alike)]);
        assert_int_equal(str_equal(id, identity(&other, text)), is_alike);
    }
}

/* Else the live one of two alike would be told that its alert was acted on, by what acts not. */
static void a_rule_in_shadow_is_another_than_the_live_one_beside_it(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation own = { 0 };
    CLEANUP(compile_release) struct compilation by_file = { 0 };
    const struct program *program =
        compile_good(&own, "rule live { when severity >= high then open case }\n"
                           "rule tried { when severity >= high shadow then open case }\n");
    assert_false(str_equal(program->rules[0].id, program->rules[1].id));
    assert_true(str_equal(program->rules[1].id,
        identity(&by_file, "defaults { shadow } rule r { when severity >= high then open case }")));
}

static void a_bare_rule_keeps_its_identity_when_it_moves(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation one = { 0 };
    CLEANUP(compile_release) struct compilation two = { 0 };
    const struct program *a =
        compile_good(&one, "when severity >= high then collect triage\n"
                           "when severity >= low and host.name = \"x\" then open case");
    const struct program *b =
        compile_good(&two, "when severity >= low and host.name = \"x\" then open case\n"
                           "when severity >= high then collect triage");
    assert_true(str_equal(a->rules[0].id, b->rules[1].id));
    assert_true(str_equal(a->rules[1].id, b->rules[0].id));
    assert_false(str_equal(a->rules[0].id, a->rules[1].id));
}

static void constants_and_paths_are_kept_once(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation one = { 0 };
    CLEANUP(compile_release) struct compilation two = { 0 };
    const struct program *a = compile_good(&one, "when raw[\"q.w\"] = \"e\" then collect triage");
    const struct program *b = compile_good(&two,
        "rule r { when raw[\"q.w\"] = \"e\" and raw[\"q.w\"] != \"e\" then collect triage }\n"
        "when raw[\"q.w\"] = \"e\" then collect triage");
    assert_int_equal(a->constant_count, b->constant_count);
    assert_int_equal(a->path_count, b->path_count);
}

static void the_condition_of_an_exception_is_emitted_once(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "rule a { when severity >= high then collect triage }\n"
        "rule b { when severity >= low then collect triage }\n"
        "exception e for a, b when user.name in [\"u\", \"v\"] or host.name = \"h\"\n"
        "  until 2027-01-31 reason \"CHG-1\"");
    assert_int_equal(program->rule_count, 2);
    assert_int_equal(program->rules[0].excuse_count, 1);
    assert_int_equal(program->rules[1].excuse_count, 1);
    const struct excuse_code *first = &program->rules[0].excuses[0];
    const struct excuse_code *second = &program->rules[1].excuses[0];
    assert_int_equal(first->certain, second->certain);
    assert_int_equal(first->possible, second->possible);
    assert_ptr_equal(first->reads, second->reads);
    assert_false(str_equal(program->rules[0].id, program->rules[1].id));
}

static void what_is_not_enforced_is_written_down(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "defaults { limit 5 targets per 1h; dedup by host.id for 1h; mode contain; shadow;\n"
        "  never target host.name = \"dc-01\" }\n"
        "rule r {\n"
        "  when severity >= high\n"
        "  limit 10 targets per 1h\n"
        "  then collect triage timeout 30m;\n"
        "       respond isolate_role for 24h approve by \"ir\" within 15m via=two\n"
        "}\n"
        "connection one { provider = aws region = \"eu-west-1\" }\n"
        "connection two { provider = aws region = \"us-east-1\" }\n"
        "role ir { members = \"ana\" may = approve environments = \"lab\" }\n"
        "never respond isolate_host on host.name = \"x\" \"why\"\n"
        "always severity = critical implies open case \"rule r does not\"\n");
    assert_int_equal(program->unenforced_count, 3);
    for (uint32_t at = 0; at < 3; at++)
        if (strcmp(program->unenforced[at].clause, "via") == 0) {
            assert_int_equal(program->unenforced[at].line, 7);
            assert_true(str_is(program->unenforced[at].rule, "r"));
        } else if (strcmp(program->unenforced[at].clause, "environments") == 0)
            assert_int_equal(program->unenforced[at].line, 11);
        else
            assert_string_equal(program->unenforced[at].clause, "connection");
}

static void a_second_connection_to_a_provider_is_not_kept(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "connection one { provider = aws account = \"111122223333\" }\n"
        "connection two { provider = \"aws\" region = \"eu-west-1\" }\n"
        "connection ir { provider = slack token = env(\"T\") channel = \"#ir\" }\n"
        "rule r { when severity = high\n"
        "  then if severity = high then { respond stop_instance } else { open case } }\n");
    assert_int_equal(program->unenforced_count, 1);
    assert_string_equal(program->unenforced[0].clause, "connection");
    assert_int_equal(program->unenforced[0].line, 2);
    CLEANUP(compile_release) struct compilation other = { 0 };
    program = compile_good(&other, "connection one { provider = aws }\n"
                                   "rule off { when severity = high then respond stop_instance }\n"
                                   "disable rule off\n"
                                   "rule r { when severity = high then open case }\n");
    assert_int_equal(program->unenforced_count, 0);
}

static const struct connection_setting *setting_at_index(const struct program *program, uint32_t at)
{
    assert_int_equal(program->connection_count, 1);
    assert_true(at < program->connections[0].setting_count);
    return &program->connections[0].settings[at];
}

static void a_program_says_how_providers_are_reached_and_holds_no_secret(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "connection prod { provider = aws mode = contain region = \"eu-west-1\"\n"
        "  external_id = credential(\"ext\") access_key_id = \"AKIAEXAMPLE\"\n"
        "  secret_access_key = file(\"/run/key\") session_token = env(\"TOKEN\") }\n"
        "connection other { provider = aws mode = observe }\n"
        "rule r { when severity = high then open case }\n");
    assert_true(str_is(program->connections[0].provider, "aws"));
    assert_int_equal(program->connections[0].setting_count, 5);
    assert_true(str_is(setting_at_index(program, 0)->key, "region"));
    assert_int_equal(setting_at_index(program, 0)->way, WAY_WRITTEN);
    assert_int_equal(setting_at_index(program, 1)->way, WAY_CREDENTIAL);
    assert_int_equal(setting_at_index(program, 3)->way, WAY_FILE);
    assert_true(str_is(setting_at_index(program, 3)->text, "/run/key"));
    assert_int_equal(setting_at_index(program, 4)->way, WAY_ENV);
}

static void a_parameter_that_is_not_given_is_that_of_the_connection(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "connection prod { provider = aws forensic_account = \"444455556666\" }\n"
        "rule a { when severity = high then collect snapshot }\n"
        "rule b { when severity = high then collect snapshot share = \"111122223333\" }\n");
    assert_int_equal(program->unenforced_count, 0);
    const struct step_code *step = &program->steps[0];
    uint32_t share = param_find(step->builtin, STR("share"));
    assert_true(share != UINT32_MAX && (step->given & 1U << share) != 0);
    bool is_there = false;
    for (uint32_t at = 0; at < program->constant_count; at++)
        is_there |= program->constants[at].kind == VALUE_TEXT
                    && str_is(value_str(program->constants[at]), "444455556666");
    assert_true(is_there);
    const uint32_t *a = &program->rules[0].steps;
    const uint32_t *b = &program->rules[1].steps;
    assert_int_not_equal(program->code[*a + share].a, program->code[*b + share].a);
}

static void a_rule_that_is_switched_off_is_not_in_the_program(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "rule a { when severity >= high then collect snapshot; open case }\n"
        "rule b { when severity >= low then collect snapshot; collect logs }\n"
        "rule off { when severity >= low limit 5 targets per 1h then respond stop_instance }\n"
        "disable rule off\n"
        "always severity = critical implies collect any \"evidence first\"\n"
        "always severity = critical implies collect snapshot \"evidence first\"\n"
        "never respond any on host.name = \"x\" \"why\"\n");
    assert_int_equal(program->rule_count, 2);
    assert_int_equal(program->unenforced_count, 0);
    for (uint32_t at = 0; at < program->step_count; at++)
        assert_false(str_is(STR("stop_instance"), program->steps[at].builtin->name));
}

/* ---- steps ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_keeps_its_identity_when_it_moves_or_is_renamed),
        cmocka_unit_test(excuses_are_part_of_who_a_rule_is),
        cmocka_unit_test(what_holds_a_rule_back_is_not_who_it_is),
        cmocka_unit_test(a_rule_in_shadow_is_another_than_the_live_one_beside_it),
        cmocka_unit_test(a_bare_rule_keeps_its_identity_when_it_moves),
        cmocka_unit_test(constants_and_paths_are_kept_once),
        cmocka_unit_test(the_condition_of_an_exception_is_emitted_once),
        cmocka_unit_test(what_is_not_enforced_is_written_down),
        cmocka_unit_test(a_second_connection_to_a_provider_is_not_kept),
        cmocka_unit_test(a_program_says_how_providers_are_reached_and_holds_no_secret),
        cmocka_unit_test(a_parameter_that_is_not_given_is_that_of_the_connection),
        cmocka_unit_test(a_rule_that_is_switched_off_is_not_in_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
