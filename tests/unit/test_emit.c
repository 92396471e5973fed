/* What conditions mean, from their text to true or false: every row of the table of
 * tests in docs/language.md, on alerts that have, lack and mistype what they ask for. */
#include "compiled.h"

struct line {
    const char *condition;
    const char *alert;
    bool expected;
};

static void holds_as_expected(const struct line *lines, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        char *rule = NULL;
        assert_true(asprintf(&rule, "when %s then collect triage", lines[at].condition) > 0);
        bool fired = fires(rule, lines[at].alert);
        if (fired != lines[at].expected)
            print_error("%s\n  on %s\n  is %s\n", lines[at].condition, lines[at].alert,
                fired ? "true" : "false");
        assert_int_equal(fired, lines[at].expected);
        free(rule);
    }
}

#define TABLE_TEST(lines) holds_as_expected(lines, sizeof(lines) / sizeof(lines)[0])

#define HIGH                                                                                       \
    "{\"source\":\"defender\",\"severity\":\"high\",\"alert\":{\"id\":\"a1\",\"title\":"           \
    "\"Ransomware on WEB-1\",\"time\":\"2026-01-02T21:30:00Z\"},\"host\":{\"id\":\"d1\","          \
    "\"name\":\"web-1\",\"ip\":[\"10.1.2.3\",\"192.0.2.9\"]},\"src.ip\":\"198.51.100.7\","         \
    "\"user\":{\"name\":\"web-1\",\"id\":\"\"},\"sg\":{\"id\":[]}}"
#define BARE "{\"source\":\"defender\",\"host\":{\"name\":null}}"
#define RAW                                                                                        \
    "{\"n\":7,\"quoted\":\"7\",\"big\":\"10\",\"yes\":true,\"said\":\"true\",\"f\":7.5,"           \
    "\"a\":{\"b\":{\"c\":\"deep\"},\"list\":[{\"k\":\"x\"},{\"k\":\"y\"}]},\"a.flat\":\"flat\","   \
    "\"none\":null,\"empty\":\"\",\"addr\":\"10.9.8.7\",\"tags\":[],\"when\":"                     \
    "\"2026-03-01T00:00:00Z\",\"cmd\":\"C:\\\\Windows\\\\cmd.exe /c *star* {x}\"}"

static void comparisons_are_typed(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "severity = high", HIGH, true },
        { "severity = \"high\"", HIGH, true },
        { "severity != high", HIGH, false },
        { "severity != low", HIGH, true },
        { "severity >= high", HIGH, true },
        { "severity > high", HIGH, false },
        { "severity <= critical and severity > medium", HIGH, true },
        { "severity < critical", HIGH, true },
        { "source = defender", HIGH, true },
        { "source = guardduty", HIGH, false },
        { "source in [guardduty, defender]", HIGH, true },
        { "src.ip = \"198.51.100.7\"", HIGH, true },
        { "src.ip = \"::ffff:198.51.100.7\"", HIGH, true },
        { "src.ip != \"198.51.100.8\"", HIGH, true },
        { "alert.time > 2026-01-02", HIGH, true },
        { "alert.time < 2026-01-02T21:30:00Z", HIGH, false },
        { "time >= 2026-01-02T21:30:00Z", HIGH, true },
        { "received = 2026-01-01", HIGH, true },
        { "time = received", BARE, true },
        { "alert.title = \"ransomware ON web-1\"", HIGH, true },
        { "alert.title = \"ransomware ON web-1\" cased", HIGH, false },
        { "alert.title = \"Ransomware on WEB-1\" cased", HIGH, true },
    };
    TABLE_TEST(lines);
}

static void membership_takes_lists_ranges_and_networks(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "severity in [high, critical]", HIGH, true },
        { "severity not in [high, critical]", HIGH, false },
        { "alert.id in [\"A1\", \"b2\"]", HIGH, true },
        { "alert.id in [\"A1\", \"b2\"] cased", HIGH, false },
        { "alert.id in []", HIGH, false },
        { "alert.id not in []", HIGH, true },
        { "src.ip in \"198.51.100.0/24\"", HIGH, true },
        { "src.ip in \"198.51.100.7\"", HIGH, true },
        { "src.ip not in \"198.51.100.0/24\"", HIGH, false },
        { "src.ip in [\"203.0.113.0/24\", \"198.51.100.7\"]", HIGH, true },
        { "src.ip not in [\"203.0.113.0/24\", \"10.0.0.0/8\"]", HIGH, true },
        { "raw[\"addr\"] in \"10.0.0.0/8\"", RAW, true },
        { "raw[\"cmd\"] in \"10.0.0.0/8\"", RAW, false },
        { "hour(alert.time) in 21..23", HIGH, true },
        { "hour(alert.time) in 7..21", HIGH, true },
        { "hour(alert.time) not in 7..20", HIGH, true },
        { "raw[\"n\"] in 7..7", RAW, true },
        { "raw[\"quoted\"] in 1..7", RAW, true },
        { "raw[\"f\"] not in 1..7", RAW, true },
        { "raw[\"missing\"] not in 1..7", RAW, false },
        { "raw[\"n\"] in [1, 7]", RAW, true },
        { "raw[\"quoted\"] in [1, 7]", RAW, true },
        { "raw[\"n\"] in [\"7\"]", RAW, true },
    };
    TABLE_TEST(lines);
}

static void text_tests_fold_case_unless_cased(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "alert.title contains \"RANSOM\"", HIGH, true },
        { "alert.title contains \"RANSOM\" cased", HIGH, false },
        { "alert.title startswith \"ransom\"", HIGH, true },
        { "alert.title endswith \"web-1\"", HIGH, true },
        { "alert.title endswith \"web-1\" cased", HIGH, false },
        { "alert.title like \"*ware on web-?\"", HIGH, true },
        { "alert.title like \"ware*\"", HIGH, false },
        { "alert.title matches /^Ransomware\\b/", HIGH, true },
        { "alert.title matches /^ransomware/", HIGH, false },
        { "alert.title matches /^ransomware/i", HIGH, true },
        { "raw[\"cmd\"] like \"*\\*star\\**\"", RAW, true },
        { "raw[\"cmd\"] like \"c:\\\\windows\\\\*\"", RAW, true },
        { "raw[\"cmd\"] matches /cmd\\.exe \\/c/", RAW, true },
        { "raw[\"cmd\"] contains \"{x}\"", RAW, true },
        { "alert.title contains any [\"phish\", \"ransom\"]", HIGH, true },
        { "alert.title contains all [\"phish\", \"ransom\"]", HIGH, false },
        { "alert.title contains all [\"web\", \"ransom\"]", HIGH, true },
        { "alert.title startswith any [\"x\", \"ran\"]", HIGH, true },
        { "alert.title matches any [/phish/, /ran.om/i]", HIGH, true },
        { "alert.title matches all [/phish/, /ran.om/i]", HIGH, false },
        { "alert.title like any [\"web*\", \"*web*\"]", HIGH, true },
        { "raw[\"n\"] contains \"7\"", RAW, false },
    };
    TABLE_TEST(lines);
}

static void lists_mean_any_unless_all_is_said(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "host.ip = \"192.0.2.9\"", HIGH, true },
        { "any host.ip = \"192.0.2.9\"", HIGH, true },
        { "all host.ip = \"192.0.2.9\"", HIGH, false },
        { "all host.ip in [\"10.0.0.0/8\", \"192.0.2.0/24\"]", HIGH, true },
        { "host.ip != \"192.0.2.9\"", HIGH, false },
        { "host.ip != \"192.0.2.1\"", HIGH, true },
        { "any host.ip != \"192.0.2.9\"", HIGH, true },
        { "any host.ip not in \"10.0.0.0/8\"", HIGH, true },
        { "host.ip not in \"10.0.0.0/8\"", HIGH, false },
        { "host.ip not in \"172.16.0.0/12\"", HIGH, true },
        { "sg.id = \"sg-0123456789abcdef0\"", HIGH, false },
        { "all sg.id = \"sg-0123456789abcdef0\"", HIGH, false },
        { "raw[\"a.list.k\"] = \"y\"", RAW, true },
        { "all raw[\"a.list.k\"] in [\"x\", \"y\"]", RAW, true },
        { "all raw[\"a.list.k\"] = \"y\"", RAW, false },
        { "raw[\"a.list.k\"] contains all [\"x\", \"y\"]", RAW, true },
        { "all raw[\"tags\"] = \"y\"", RAW, false },
    };
    TABLE_TEST(lines);
}

static void absent_null_and_empty_are_three_things(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "exists host.name", HIGH, true },
        { "missing host.name", HIGH, false },
        { "exists user.email", HIGH, false },
        { "missing user.email", HIGH, true },
        { "exists raw[\"none\"]", RAW, true },
        { "raw[\"none\"] is null", RAW, true },
        { "raw[\"empty\"] is null", RAW, false },
        { "raw[\"nowhere\"] is null", RAW, false },
        { "exists raw[\"empty\"]", RAW, true },
        { "raw[\"empty\"] = \"\"", RAW, true },
        { "raw[\"none\"] = \"\"", RAW, false },
        { "raw[\"nowhere\"] = \"\"", RAW, false },
        { "raw[\"none\"] != \"x\"", RAW, false },
        { "not (raw[\"none\"] = \"x\")", RAW, true },
        { "severity >= low", BARE, false },
        { "severity != low", BARE, false },
        { "not (severity >= low)", BARE, true },
        { "severity not in [low]", BARE, false },
        { "not (severity in [low])", BARE, true },
        { "not not (severity in [low])", BARE, false },
    };
    TABLE_TEST(lines);
}

static void raw_json_is_loose_about_quoting(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "raw[\"n\"] = 7", RAW, true },
        { "raw[\"n\"] = \"7\"", RAW, true },
        { "raw[\"quoted\"] = 7", RAW, true },
        { "raw[\"quoted\"] = 7.0", RAW, true },
        { "raw[\"big\"] > 9", RAW, true },
        { "raw[\"big\"] > raw[\"n\"]", RAW, true },
        { "raw[\"f\"] > 7", RAW, true },
        { "raw[\"yes\"] = true", RAW, true },
        { "raw[\"said\"] = true", RAW, true },
        { "raw[\"yes\"] = \"true\"", RAW, true },
        { "raw[\"n\"] = raw[\"quoted\"]", RAW, true },
        { "raw[\"a.b.c\"] = \"DEEP\"", RAW, true },
        { "raw[\"A.B.C\"] = \"deep\"", RAW, true },
        { "raw[\"a.flat\"] = \"flat\"", RAW, true },
        { "raw[\"when\"] > 2026-02-01", RAW, true },
        { "raw[\"cmd\"] > 5", RAW, false },
    };
    TABLE_TEST(lines);
}

static void anywhere_looks_at_every_leaf_and_no_key(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "anywhere contains \"DEE\"", RAW, true },
        { "anywhere contains \"DEE\" cased", RAW, false },
        { "anywhere contains \"quoted\"", RAW, false },
        { "anywhere endswith \"flat\"", RAW, true },
        { "anywhere matches /^deep$/", RAW, true },
        { "anywhere contains any [\"nope\", \"deep\"]", RAW, true },
        { "not anywhere contains \"nope\"", RAW, true },
    };
    TABLE_TEST(lines);
}

static void fields_compare_with_fields(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "host.name = user.name", HIGH, true },
        { "alert.title endswith host.name", HIGH, true },
        { "alert.title contains user.name cased", HIGH, false },
        { "alert.title startswith user.name", HIGH, false },
        { "src.ip = host.ip", HIGH, false },
        { "host.name = user.email", HIGH, false },
        { "host.name != user.email", HIGH, false },
        { "\"198.51.100.7\" = src.ip", HIGH, true },
    };
    TABLE_TEST(lines);
}

static void functions_and_our_own_calls_have_values(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "lower(alert.title) = \"ransomware on web-1\" cased", HIGH, true },
        { "len(host.name) = 5", HIGH, true },
        { "hour(alert.time) = 21 and minute(alert.time) = 30", HIGH, true },
        { "number(raw[\"quoted\"]) = 7", RAW, true },
        { "first(user.email, host.name) = \"web-1\"", HIGH, true },
        { "first(raw[\"none\"], raw[\"n\"]) = 7", RAW, true },
        { "scale(raw[\"n\"], 0 low, 7 high, 9 critical) = high", RAW, true },
        { "scale(raw[\"f\"], 0 low, 7 high, 9 critical) = high", RAW, true },
        { "scale(raw[\"big\"], 0 low, 7 high, 9 critical) = critical", RAW, true },
        { "scale(raw[\"n\"], 8 low) >= informational", RAW, false },
        { "scale(raw[\"cmd\"], 0 low) >= informational", RAW, false },
        { "only_if(raw[\"n\"], raw[\"a.b.c\"], \"Deep\") = 7", RAW, true },
        { "only_if(raw[\"n\"], raw[\"a.b.c\"], [\"x\", \"y\"]) = 7", RAW, false },
        { "first(only_if(raw[\"n\"], raw[\"said\"], \"no\"), raw[\"f\"]) = 7.5", RAW, true },
    };
    TABLE_TEST(lines);
}

static void logic_binds_not_then_and_then_or(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "raw[\"n\"] = 7 or raw[\"n\"] = 8 and raw[\"n\"] = 9", RAW, true },
        { "(raw[\"n\"] = 7 or raw[\"n\"] = 8) and raw[\"n\"] = 9", RAW, false },
        { "not raw[\"n\"] = 8 and raw[\"n\"] = 7", RAW, true },
        { "not (raw[\"n\"] = 8 or raw[\"n\"] = 7)", RAW, false },
        { "raw[\"n\"] = 1 or raw[\"n\"] = 2 or raw[\"n\"] = 7", RAW, true },
        { "true", RAW, true },
        { "false or not false", RAW, true },
    };
    TABLE_TEST(lines);
}

#define DECLARED                                                                                   \
    "list jewels : text = [\"dc-01\", \"WEB-1\"]\n"                                                \
    "list nets : ip = [\"198.51.100.0/24\", \"203.0.113.9\"]\n"                                    \
    "list bad : severity = [high, \"critical\"]\n"                                                 \
    "let night = hour(alert.time) not in 7..20\n"                                                  \
    "let jewel = \"web-1\"\n"                                                                      \
    "let both = night and office(src.ip)\n"                                                        \
    "macro office(addr : ip) = addr in nets or addr = \"192.0.2.1\"\n"                             \
    "macro named(a : text, b : text) = a = b and not (b contains \"!\")\n"                         \
    "macro at_home(addr : ip) = office(addr)\n"

static void lists_lets_and_macros_stand_for_what_they_were_declared_as(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "host.name in jewels", HIGH, true },
        { "src.ip in nets", HIGH, true },
        { "severity in bad", HIGH, true },
        { "raw[\"src.ip\"] in nets", HIGH, true },
        { "night", HIGH, true },
        { "not night", HIGH, false },
        { "host.name = jewel", HIGH, true },
        { "both", HIGH, true },
        { "office(src.ip)", HIGH, true },
        { "office(\"192.0.2.1\")", HIGH, true },
        { "office(\"192.0.2.2\")", HIGH, false },
        { "office(raw[\"src.ip\"])", HIGH, true },
        { "at_home(src.ip)", HIGH, true },
        { "named(host.name, user.name)", HIGH, true },
        { "named(host.name, jewel)", HIGH, true },
        { "named(host.name, \"web-2\")", HIGH, false },
    };
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        char *text = NULL;
        assert_true(
            asprintf(&text, DECLARED "when %s then collect triage", lines[at].condition) > 0);
        if (fires(text, lines[at].alert) != lines[at].expected)
            print_error("%s\n", lines[at].condition);
        assert_int_equal(fires(text, lines[at].alert), lines[at].expected);
        free(text);
    }
}

static void a_long_chain_needs_no_deep_stack(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
    buf_add(&text, STR("when raw[\"n\"] = 0"));
    for (int at = 1; at < 3000; at++)
        buf_addf(&text, " %s raw[\"n\"] = %d", at % 100 == 0 ? "and 1 = 1 or" : "or", at);
    buf_add(&text, STR(" then collect triage"));
    assert_true(fires(text.ptr, "{\"n\":2950}"));
    assert_false(fires(text.ptr, "{\"n\":3000}"));
    buf_release(&text);
}

/* ---- the program ---- */

static void the_seed_rule_becomes_a_verified_program(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program = compile_good(&compilation,
        "when source=defender and severity>=high then collect triage; respond isolate_role\n");
    assert_int_equal(program->rule_count, 1);
    assert_int_equal(program->step_count, 2);
    assert_int_equal(program->unenforced_count, 0);
    assert_true(str_is(program->rules[0].name, "test"));
    assert_true(str_is(program->steps[1].text, "respond isolate_role"));
    assert_int_equal(program->hash.len, 64);
}

struct recorder {
    struct stepper stepper;
    const struct program *program;
    struct arena *arena;
    struct buf told;
    bool complete;
    value verdict;
};

static enum err record(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    struct recorder *recorder = (struct recorder *)stepper;
    const struct step_code *code = &recorder->program->steps[index];
    buf_addf(&recorder->told, "%s", code->builtin->name);
    for (uint32_t at = 0; at < code->args_count; at++)
        if (args[at].kind != VALUE_ABSENT && !code->builtin->params[at].is_filled)
            buf_addf(&recorder->told, " %s=%.*s", code->builtin->params[at].name,
                STR_ARG(value_print(recorder->arena, args[at])));
    for (const struct step_condition *at = code->condition; at != NULL; at = at->outer)
        buf_addf(&recorder->told, " (%s%.*s)", at->is_else ? "else of " : "if ", STR_ARG(at->text));
    buf_add(&recorder->told, STR("; "));
    memset(ret_result, 0, sizeof *ret_result);
    ret_result->members[RESULT_COMPLETE] = value_bool(recorder->complete);
    ret_result->members[RESULT_VERDICT] = recorder->verdict;
    return ERR_OK;
}

static void steps_tell(
    const char *rules, const char *alert, struct recorder *recorder, const char *expected)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    const struct program *program = compile_good(&compilation, rules);
    struct event event = read_alert(program, &arena, alert);
    recorder->program = program;
    recorder->arena = &arena;
    recorder->stepper.run = record;
    recorder->told = (struct buf)BUF_INIT(4096);
    assert_int_equal(
        interp_steps(program, program->rules[0].steps, &event, &arena, &recorder->stepper), ERR_OK);
    assert_string_equal(recorder->told.ptr, expected);
    buf_release(&recorder->told);
}

static void arguments_reach_their_parameters(void **state)
{
    (void)state;
    struct recorder recorder = { 0 };
    steps_tell("when severity >= high then collect triage from host.id profile=full;"
               " notify slack channel=\"#ir\" text=\"{host.name}: {alert.title} ({severity}) "
               "{{{user.email}}\";"
               " respond isolate_host host=\"d9\"",
        HIGH, &recorder,
        "triage host=d1 profile=full; "
        "slack channel=#ir text=web-1: Ransomware on WEB-1 (high) {-}; isolate_host host=d9; ");
}

static void results_decide_which_way_is_taken(void **state)
{
    (void)state;
    static const char rules[] =
        "when severity >= high then collect triage as t;"
        " if t.complete and t.verdict >= suspicious then { respond isolate_host }"
        " else { if severity >= critical then { open case } else { collect memory } }";
    struct recorder bad = { .complete = true,
        .verdict = { .kind = VALUE_VERDICT, .integer = VERDICT_MALICIOUS } };
    struct recorder partial = { .complete = false };
    struct recorder plan = { .stepper.takes_every_branch = true };
    const char *condition = "t.complete and t.verdict >= suspicious";
    char *both = NULL;
    char *then_way = NULL;
    char *else_way = NULL;
    assert_true(asprintf(&then_way, "triage; isolate_host (if %s); ", condition) > 0);
    assert_true(asprintf(&else_way, "triage; memory (else of %s); ", condition) > 0);
    assert_true(
        asprintf(&both, "triage; isolate_host (if %s); memory (else of %s); ", condition, condition)
        > 0);
    steps_tell(rules, HIGH, &bad, then_way);
    steps_tell(rules, HIGH, &partial, else_way);
    steps_tell(rules, HIGH, &plan, both);
    free(both);
    free(then_way);
    free(else_way);
}

static void an_if_in_an_if_keeps_both_conditions(void **state)
{
    (void)state;
    struct recorder plan = { .stepper.takes_every_branch = true };
    steps_tell("when severity >= high then collect triage as t;"
               " if t.complete then {"
               "   if t.failed then { open case } else { collect memory };"
               "   respond isolate_host }",
        HIGH, &plan,
        "triage; case (if t.failed) (if t.complete); memory (else of t.failed) (if t.complete);"
        " isolate_host (if t.complete); ");
}

static void a_verdict_that_nobody_gave_is_unknown(void **state)
{
    (void)state;
    struct recorder recorder = { .complete = true };
    steps_tell("when severity >= high then collect triage as t;"
               " if t.verdict = unknown then { open case }",
        HIGH, &recorder, "triage; case (if t.verdict = unknown); ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_typed),
        cmocka_unit_test(membership_takes_lists_ranges_and_networks),
        cmocka_unit_test(text_tests_fold_case_unless_cased),
        cmocka_unit_test(lists_mean_any_unless_all_is_said),
        cmocka_unit_test(absent_null_and_empty_are_three_things),
        cmocka_unit_test(raw_json_is_loose_about_quoting),
        cmocka_unit_test(anywhere_looks_at_every_leaf_and_no_key),
        cmocka_unit_test(fields_compare_with_fields),
        cmocka_unit_test(functions_and_our_own_calls_have_values),
        cmocka_unit_test(logic_binds_not_then_and_then_or),
        cmocka_unit_test(lists_lets_and_macros_stand_for_what_they_were_declared_as),
        cmocka_unit_test(a_long_chain_needs_no_deep_stack),
        cmocka_unit_test(the_seed_rule_becomes_a_verified_program),
        cmocka_unit_test(arguments_reach_their_parameters),
        cmocka_unit_test(results_decide_which_way_is_taken),
        cmocka_unit_test(an_if_in_an_if_keeps_both_conditions),
        cmocka_unit_test(a_verdict_that_nobody_gave_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
