/* test_profile.c - profiles and collectors of the rules, as the steps that name them get them. */
#include "compiled.h"

/* The plan of the step with that index, as its program has it; empty: none. */
static str plan_of(const struct compilation *compilation, uint32_t index)
{
    const struct program *program = compilation->program;
    uint32_t seen = 0;
    for (uint32_t at = 0; at < program->constant_count; at++) {
        value v = program->constants[at];
        if (v.kind == VALUE_TEXT && str_startswith(value_str(v), STR("{\"")) && seen++ == index)
            return value_str(v);
    }
    return STR("");
}

static void check_plans(const char *text, const char *first, const char *second)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    compile_rules(&compilation, text);
    assert_non_null(compilation.program);
    assert_true(str_is(plan_of(&compilation, 0), first));
    assert_true(str_is(plan_of(&compilation, 1), second));
}

static void a_step_gets_the_profile_that_it_names(void **state)
{
    (void)state;
    check_plans("profile web { windows { take = logs time = 90s } linux { files = [\"/a*\"] since "
                "= 1d } }\n"
                "collector uac { linux { file = \"u.tgz\" sha256 = "
                "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\" command = "
                "[\"./uac\", \"a'b\"] } }\n"
                "rule r { when severity >= high then collect triage profile=web }\n"
                "rule q { when severity >= high then collect triage profile=\"uac\" }",
        "{\"linux\":{\"files\":[\"/"
        "a*\"],\"since\":86400},\"profile\":\"web\",\"windows\":{\"take\":["
        "\"logs\"],\"time\":90}}",
        "{\"collector\":\"uac\",\"linux\":{\"command\":[\"./uac\",\"a'b\"],\"file\":\"u.tgz\","
        "\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}}");
}

static void a_step_that_names_none_gets_none(void **state)
{
    (void)state;
    check_plans("profile web { linux { take = processes } }\n"
                "rule r { when severity >= high then collect triage }",
        "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_gets_the_profile_that_it_names),
        cmocka_unit_test(a_step_that_names_none_gets_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
