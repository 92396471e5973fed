/* The tests of rule files: what an alert, a result and the clock mean in them, and that what
 * cannot be told is never passed. Mistakes in them are told by tests/lang/errors. */
#include "compiled.h"

#include "scratch.h"
#include "testcase.h"

#define RULE                                                                                       \
    "rule iso { when source = defender and severity >= high\n"                                     \
    "  then collect triage profile=full as t;\n"                                                   \
    "    if t.complete and t.verdict >= malicious then { respond isolate_host }\n"                 \
    "    else { open case project=\"IR\" };\n"                                                     \
    "    if t.partial and t.verdict = clean then { call webhook url=\"https://x.example/\" } }\n"
#define HIGH "alert { \"source\": \"defender\", \"severity\": \"high\", \"host.id\": \"d1\" }"
#define LOW "alert { \"source\": \"defender\", \"severity\": \"low\", \"host.id\": \"d1\" }"

struct ran {
    struct compilation compilation;
    struct tester tester;
    struct arena arena;
    struct testcase_outcome outcome;
};

static void ran_release(struct ran *ran)
{
    arena_release(&ran->arena);
    tester_release(&ran->tester);
    compile_release(&ran->compilation);
}

static const struct item *first_test(const struct compilation *compilation)
{
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (const struct item *item = compilation->trees[file]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_TEST)
                return item;
    fail_msg("there is no test");
    return NULL;
}

/* Run the first test of what was compiled, with `watcher` or NULL. */
static void run_first(struct ran *ran, struct testcase_watcher *watcher)
{
    assert_non_null(ran->compilation.program);
    ran->arena.limit = TEST_BYTES_MAX;
    assert_int_equal(tester_begin(&ran->tester, &ran->compilation), ERR_OK);
    ran->tester.watcher = watcher;
    assert_int_equal(
        testcase_run(&ran->tester, first_test(&ran->compilation), &ran->arena, &ran->outcome),
        ERR_OK);
}

static void run_text(struct ran *ran, const char *rules, const char *checks)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 16);
    buf_addf(&text, "%s\ntest \"t\" { %s }\n", rules, checks);
    (void)compile_good(&ran->compilation, text.ptr);
    run_first(ran, NULL);
}

/* The state in which a test of these checks ends; its reason is printed when it is another. */
static enum testcase_state state_of(const char *rules, const char *checks)
{
    CLEANUP(ran_release) struct ran ran = { 0 };
    run_text(&ran, rules, checks);
    if (ran.outcome.reason.len > 0)
        print_message("%.*s\n", STR_ARG(ran.outcome.reason));
    return ran.outcome.state;
}

#define PASSES(rules, checks) assert_int_equal(state_of(rules, checks), TESTCASE_PASSED)
#define FAILS(rules, checks) assert_int_equal(state_of(rules, checks), TESTCASE_FAILED)
#define SKIPS(rules, checks) assert_int_equal(state_of(rules, checks), TESTCASE_SKIPPED)

static void expectations_cover_the_test_so_far(void **state)
{
    (void)state;
    PASSES(RULE, LOW "; expect quiet; " HIGH "; expect rule iso; " LOW "; expect rule iso count 1");
    FAILS(RULE, HIGH "; " LOW "; expect quiet");
    FAILS(RULE, LOW "; expect rule iso");
    FAILS(RULE, HIGH "; expect no rule iso");
    PASSES(RULE, HIGH " times 3 every 1m; expect rule iso count 3");
    FAILS(RULE, HIGH " times 3 every 1m; expect rule iso count 2");
    PASSES(RULE, LOW "; expect rule iso count 0; expect no rule iso; expect no collect");
}

static void a_step_without_a_result_ends_well_and_its_verdict_is_unknown(void **state)
{
    (void)state;
    PASSES(RULE, HIGH "; expect collect triage; expect open case; expect no respond");
    FAILS(RULE, HIGH "; expect respond isolate_host");
    FAILS(RULE, HIGH "; expect no open case");
}

static void a_result_counts_for_the_alert_before_it(void **state)
{
    (void)state;
    PASSES(RULE, HIGH "; result t { \"verdict\": \"malicious\" }; expect respond isolate_host");
    PASSES(
        RULE, HIGH "; result triage { \"verdict\": \"malicious\" }; expect respond isolate_host");
    PASSES(RULE, "result t { \"verdict\": \"malicious\" }; " HIGH "; expect respond isolate_host");
    /* but not for one whose steps ran */
    PASSES(RULE, HIGH "; wait 1s; result t { \"verdict\": \"malicious\" }; expect no respond");
    PASSES(
        RULE, HIGH "; expect rule iso; result t { \"verdict\": \"malicious\" }; expect no respond");
    /* what stands after `as` is nearer than the step's name */
    PASSES(RULE,
        HIGH "; result t { \"verdict\": \"malicious\" }; result triage { \"failed\": true };"
             "expect respond isolate_host");
}

static void a_result_holds_until_the_next_one(void **state)
{
    (void)state;
    PASSES(RULE, HIGH "; result t { \"failed\": true }; expect no respond;" HIGH
                      "; result t { \"verdict\": \"malicious\" }; expect respond isolate_host");
    PASSES(RULE, HIGH "; result t { \"verdict\": \"malicious\" }; expect respond; " HIGH
                      " after 2h; result t { \"failed\": true }; expect open case");
    /* within an hour the evidence is that of the first alert */
    FAILS(RULE, HIGH "; result t { \"verdict\": \"malicious\" }; expect respond; " HIGH
                     " after 1m; result t { \"failed\": true }; expect open case");
}

static void a_partial_or_failed_collection_is_never_clean(void **state)
{
    (void)state;
    PASSES(RULE, HIGH "; result t { \"partial\": true, \"verdict\": \"clean\" }; expect open case;"
                      "expect no call");
    PASSES(RULE,
        HIGH "; result t { \"partial\": true, \"verdict\": \"malicious\" }; expect no respond");
    PASSES(RULE, HIGH "; result t { \"complete\": false, \"partial\": false }; expect no respond");
}

static void values_that_are_expected_are_of_the_type_of_the_parameter(void **state)
{
    (void)state;
    static const char rules[] =
        "list channels : text = [\"#ir\"]\nlet channel = \"#ir\"\n"
        "rule b { when severity >= low then respond ban_ip ip=src.ip via=nacl;\n"
        "  notify slack channel=\"#ir\" text=\"{src.ip} {{x}\" }\n";
    static const char alert[] = "alert { \"source\": \"guardduty\", \"severity\": \"low\", "
                                "\"src.ip\": \"2001:db8:0::7\" };";
    CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
    static const struct {
        const char *expect;
        enum testcase_state state;
    } cases[] = {
        { "expect respond ban_ip ip=\"2001:DB8::7\" via=nacl", TESTCASE_PASSED },
        { "expect respond ban_ip ip=\"2001:DB8::8\"", TESTCASE_FAILED },
        { "expect no respond ban_ip ip=\"2001:DB8::8\"", TESTCASE_PASSED },
        { "expect notify slack channel=channel text=\"2001:db8::7 {x}\"", TESTCASE_PASSED },
        { "expect notify slack channel=\"#IR\"", TESTCASE_FAILED },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&text);
        buf_addf(&text, "%s %s", alert, cases[i].expect);
        assert_int_equal(state_of(rules, text.ptr), cases[i].state);
    }
}

static void a_step_without_its_target_was_not_begun_and_says_why(void **state)
{
    (void)state;
    CLEANUP(ran_release) struct ran ran = { 0 };
    run_text(&ran, RULE,
        "alert { \"source\": \"defender\", \"severity\": \"high\" }; expect collect triage");
    assert_int_equal(ran.outcome.state, TESTCASE_FAILED);
    assert_true(str_endswith(ran.outcome.reason, STR("write host= or instance=")));
    assert_non_null(ran.outcome.happened);
    PASSES(RULE, "alert { \"source\": \"defender\", \"severity\": \"high\" }; expect no collect;"
                 "result t { \"verdict\": \"malicious\" }; expect no respond");
}

static void the_clock_begins_in_2026_and_moves_as_the_test_says(void **state)
{
    (void)state;
#define AT(time) "rule at { when time = " time " and alert.time = " time " then open case }"
#define ANY "alert { \"source\": \"defender\" }"
    PASSES(AT("2026-01-01T00:00:00Z"), ANY "; expect rule at");
    PASSES(AT("2026-01-01T00:31:00Z"), "wait 31m; " ANY "; expect rule at");
    PASSES(AT("2026-01-01T00:05:00Z"), ANY "; wait 1m; " ANY " after 5m; expect rule at count 1");
    PASSES(AT("2026-01-01T00:00:20Z"), ANY " times 3 every 10s; expect rule at count 1");
    PASSES(AT("2026-01-01T00:01:20Z"), ANY " times 3 every 10s; " ANY " after 1m; expect rule at");
    /* an alert's own time is its own */
    PASSES(AT("2025-05-05T00:00:00Z"), "alert { \"source\": \"defender\", \"alert.time\": "
                                       "\"2025-05-05T00:00:00Z\" }; expect rule at");
    PASSES("rule r { when received = 2026-01-01T01:00:00Z then open case }",
        "wait 1h; alert { \"source\": \"defender\", \"time\": \"2025-05-05\" }; expect rule r");
}

static void an_alert_without_an_id_gets_a_fresh_one(void **state)
{
    (void)state;
    static const char rule[] =
        "rule r { when exists alert.id and alert.id != \"x\" then open case }";
    PASSES(rule, "alert { \"source\": \"defender\" }; expect rule r");
    PASSES(rule, "alert { \"source\": \"defender\", \"alert\": { \"id\": \"x\" } }; expect quiet");
    PASSES("rule r { when alert.id = \"test-1\" then open case }",
        "alert { \"source\": \"defender\" } times 3 every 1s; expect rule r count 1");
}

static void alerts_in_a_vendors_own_json_go_through_their_source(void **state)
{
    (void)state;
    static const char rule[] =
        "rule r { when source = guardduty and severity >= high then open case }";
    PASSES(rule, "alert guardduty { \"source\": \"aws.guardduty\", \"detail\": { \"severity\": 8, "
                 "\"list\": [007, null, true, { \"a\": \"\\u0000\" }] } }; expect rule r");
    PASSES(rule, "alert guardduty { \"detail\": { \"severity\": 2 } }; expect quiet");
}

static void a_rule_that_waits_for_several_alerts_is_never_passed(void **state)
{
    (void)state;
    static const char rule[] =
        "rule many { when severity >= high and count >= 3 by user.id within 10m then open case }";
    SKIPS(rule, HIGH "; expect quiet");
    SKIPS(rule, HIGH " times 3 every 1m; expect rule many");
    PASSES(rule, LOW "; expect quiet"); /* no alert reaches it */
}

static void what_a_rule_that_is_not_run_cannot_change_is_decided(void **state)
{
    (void)state;
    static const char rules[] =
        "rule wide { when severity >= high and count >= 3 by user.id within 10m\n"
        "  then open case; if severity = high then { respond isolate_host } }\n"
        "rule near { when severity >= high then collect triage }\n";
    PASSES(rules, HIGH "; expect rule near; expect collect triage; expect no notify");
    FAILS(rules, HIGH "; expect no rule near");
    FAILS(rules, HIGH "; expect rule near count 2");
    FAILS(rules, HIGH "; expect no collect");
    FAILS(rules, HIGH "; expect notify slack");
    FAILS(rules, HIGH "; expect quiet"); /* near fired, whatever wide does */
    SKIPS(rules, HIGH "; expect rule near; expect rule wide");
    SKIPS(rules, HIGH "; expect no rule wide");
    SKIPS(rules, HIGH "; expect open case");
    SKIPS(rules, HIGH "; expect no respond");
    SKIPS(rules, HIGH "; expect no respond isolate_host");
    PASSES(rules, HIGH "; expect no respond isolate_role");
    FAILS(rules, HIGH "; expect no rule wide; expect no rule near");
}

/* Whether the test tells of `words` among what happened. */
static bool tells(const char *rules, const char *checks, const char *words)
{
    CLEANUP(ran_release) struct ran ran = { 0 };
    run_text(&ran, rules, checks);
    for (const struct testcase_line *line = ran.outcome.happened; line != NULL; line = line->next) {
        print_message("  %.*s\n", STR_ARG(line->text));
        if (memmem(line->text.ptr, line->text.len, words, strlen(words)) != NULL)
            return true;
    }
    return false;
}

static void alerts_of_one_key_are_one_firing_until_the_window_is_over(void **state)
{
    (void)state;
    static const char dedup[] =
        "rule d { when severity >= high dedup by host.id for 1h then open case }";
    PASSES(dedup, HIGH "; " LOW "; expect rule d");
    PASSES(dedup, HIGH "; " HIGH " after 59m; expect rule d count 1");
    PASSES(dedup, HIGH "; " HIGH " after 59m; " HIGH " after 1m; expect rule d count 2");
    PASSES(dedup, HIGH "; wait 1h; " HIGH " after 1h; expect rule d count 2");
    FAILS(dedup, HIGH "; " HIGH "; expect quiet");
    static const char nobody[] = "alert { \"source\": \"defender\", \"severity\": \"high\" }";
    CLEANUP(buf_release) struct buf twice = BUF_INIT(1024);
    buf_addf(&twice, "%s times 2 every 1s; expect rule d count 2", nobody);
    PASSES(dedup, twice.ptr); /* without the key each stands alone */
    assert_true(tells(dedup, HIGH "; " HIGH "; expect quiet", "1 alert joined an earlier one"));
}

#define HOST(id)                                                                                   \
    "alert { \"source\": \"defender\", \"severity\": \"high\", \"host.id\": \"" id "\" }"

static void a_step_over_its_limit_waits_for_a_person(void **state)
{
    (void)state;
    static const char limit[] = "rule l { when severity >= high limit 2 targets per 1h\n"
                                "  then respond isolate_host; open case }";
    PASSES(
        limit, HOST("a") "; " HOST("b") "; " HOST("c") "; expect respond isolate_host host=\"b\"");
    assert_true(tells(
        limit, HOST("a") "; " HOST("b") "; " HOST("c") "; expect quiet", "waits for a person: "));
    assert_false(tells(
        limit, HOST("a") "; " HOST("a") "; " HOST("b") "; expect quiet", "waits for a person: "));
    assert_false(tells(limit, HOST("a") "; " HOST("b") "; " HOST("c") " after 61m; expect quiet",
        "waits for a person: "));
}

static void what_nobody_approves_expires_and_the_steps_after_it_go_on(void **state)
{
    (void)state;
    static const char approve[] =
        "role ir { members = [\"x\"] may = [\"approve\"] }\n"
        "rule a { when severity >= high\n"
        "  then respond isolate_host approve by \"ir\" within 30m as i; open case;\n"
        "  if i.complete then { notify slack channel=\"#ir\" text=\"x\" }\n"
        "  else { call webhook url=\"https://x.example/\" } }";
    PASSES(approve, HIGH "; expect respond isolate_host; expect open case; expect notify");
    PASSES(approve, HIGH "; wait 29m; expect notify; expect no call");
    PASSES(approve, HIGH "; wait 31m; expect respond isolate_host; expect open case");
    PASSES(approve, HIGH "; wait 31m; expect no notify; expect call webhook");
    PASSES(approve, HIGH "; " LOW " after 31m; expect call webhook");
    assert_true(tells(approve, HIGH "; expect quiet", "open case waits: the step before"));
    assert_true(tells(approve, HIGH "; wait 31m; expect quiet", "rejected: nobody answered"));
}

static void a_rule_in_shadow_begins_its_steps_and_says_so(void **state)
{
    (void)state;
    static const char shadow[] =
        "rule s { when severity >= high shadow then respond isolate_host }";
    PASSES(shadow, HIGH "; expect respond isolate_host");
    assert_true(tells(shadow, HIGH "; expect quiet", "shadowed"));
}

static void an_excuse_keeps_a_rule_from_firing_and_a_doubt_makes_its_steps_wait(void **state)
{
    (void)state;
    static const char rule[] =
        "rule r { when severity >= high unless user.name = \"scan\" then respond isolate_host;\n"
        "  notify slack channel=\"#ir\" text=\"x\" }\n";
    static const char alert[] = "alert { \"source\": \"defender\", \"severity\": \"high\", "
                                "\"host.id\": \"d1\", \"user.name\": \"scan\" }; expect rule r";
    PASSES(rule, HIGH "; expect respond isolate_host host=\"d1\"; expect notify slack");
    CLEANUP(ran_release) struct ran waiting = { 0 };
    run_text(&waiting, rule, HIGH "; expect quiet");
    const struct testcase_line *step = waiting.outcome.happened->next;
    assert_non_null(step);
    assert_non_null(memmem(step->text.ptr, step->text.len, "waits for a person", 18));
    CLEANUP(ran_release) struct ran excused = { 0 };
    run_text(&excused, rule, alert);
    assert_int_equal(excused.outcome.state, TESTCASE_FAILED);
    str line = excused.outcome.happened->text;
    assert_true(str_startswith(line, STR("rule r was excused by `unless")));
}

static void defaults_count_as_clauses_of_a_rule(void **state)
{
    (void)state;
    PASSES("defaults { dedup by host.id for 1h }\n" RULE,
        HIGH " times 2 every 1s; expect rule iso count 1");
    PASSES("defaults { limit 9 targets per 1h }\n" RULE, HIGH " times 2 every 1s; expect rule iso");
}

static void what_the_set_forbids_is_not_begun(void **state)
{
    (void)state;
    static const char collects[] = "rule c { when severity >= high then collect triage }\n";
    static const char opens[] = "rule o { when severity >= high then open case }\n";
    static const struct {
        const char *invariant;
        const char *rule;
        bool is_refused;
    } cases[] = {
        { "never target severity = high \"why\"\n", collects, true },
        { "never target severity = high \"why\"\n", opens, false },
        { "defaults { never target severity = high }\n", collects, true },
        { "defaults { never target severity = high }\n", opens, false },
        { "never collect triage on severity = high \"why\"\n", collects, true },
        { "never collect memory on severity = high \"why\"\n", collects, false },
        { "never target host.name = \"x\" \"why\"\n", collects, false }, /* not of this alert */
        { "defaults { never target host.name = \"x\" }\n", collects, false },
        { "always severity = low implies collect any \"why\"\n", opens, false },
        { "always severity = high implies collect any \"why\"\n", opens, false },
        { "always severity = high implies collect any \"why\"\n", collects, false },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        char rules[256];
        snprintf(rules, sizeof rules, "%s%s", cases[at].invariant, cases[at].rule);
        PASSES(rules, LOW "; expect quiet");
        FAILS(rules, HIGH "; expect quiet"); /* that it fires is known all the same */
        const char *step = cases[at].rule == opens ? "open case" : "collect triage";
        char takes[256];
        char takes_not[256];
        snprintf(takes, sizeof takes, HIGH "; expect %s", step);
        snprintf(takes_not, sizeof takes_not, HIGH "; " HIGH "; expect no %s", step);
        if (cases[at].is_refused) {
            FAILS(rules, takes);
            PASSES(rules, takes_not);
        } else {
            PASSES(rules, takes);
            FAILS(rules, takes_not);
        }
        PASSES(rules, HIGH "; " HIGH "; expect no respond isolate_host");
    }
    assert_true(tells("never target host.id = \"d1\" \"a jewel\"\n"
                      "rule i { when severity >= high then respond isolate_host }\n",
        HIGH "; expect quiet", "test.cdr:1"));
    assert_true(tells("always severity = high implies collect any \"why\"\n"
                      "rule o { when severity >= high then open case }\n",
        HIGH "; expect quiet", "always severity = high implies collect any"));
}

static void a_rule_that_is_switched_off_does_not_fire_and_that_is_said(void **state)
{
    (void)state;
    CLEANUP(ran_release) struct ran ran = { 0 };
    run_text(&ran, RULE "disable rule iso\n", HIGH "; expect quiet; expect rule iso");
    assert_int_equal(ran.outcome.state, TESTCASE_SKIPPED);
    assert_true(str_is(ran.outcome.reason, "`disable rule iso` switches off what it expects"));
    PASSES(RULE "disable rule iso\n", HIGH "; expect no rule iso; expect no respond");
    FAILS(RULE "disable rule iso\n", HIGH "; expect rule iso; expect collect snapshot");
}

static void what_cannot_be_decided_fails(void **state)
{
    (void)state;
    CLEANUP(ran_release) struct ran ran = { 0 };
    CLEANUP(buf_release) struct buf checks = BUF_INIT(1 << 17);
    buf_addf(&checks, "alert { \"source\": \"defender\", \"alert.title\": \"");
    for (int i = 0; i < 80000; i++)
        buf_add_byte(&checks, 'a');
    buf_addf(&checks, "\" }; expect quiet");
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 18);
    buf_addf(&text,
        "rule r { when alert.title matches /(a|b)*c/ then open case }\ntest \"t\" { %s }",
        checks.ptr);
    (void)compile_good(&ran.compilation, text.ptr);
    run_first(&ran, NULL);
    assert_int_equal(ran.outcome.state, TESTCASE_FAILED);
    assert_true(str_startswith(ran.outcome.reason, STR("rule r is undecided for this alert")));
}

static void ten_thousand_alerts_are_evaluated(void **state)
{
    (void)state;
    CLEANUP(ran_release) struct ran ran = { 0 };
    run_text(&ran, RULE, HIGH " times 10000 every 1s; expect rule iso count 10000");
    assert_int_equal(ran.outcome.state, TESTCASE_PASSED);
    assert_int_equal(ran.outcome.alerts, 10000);
}

/* ---- files ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Run the test of folder/r.cdr, which was written from these checks. */
static void run_file(struct ran *ran, const char *folder, const char *checks)
{
    char text[4096];
    char path[256];
    snprintf(text, sizeof text, "%s\ntest \"t\" { %s }\n", RULE, checks);
    write_file(folder, "r.cdr", text);
    snprintf(path, sizeof path, "%s/r.cdr", folder);
    assert_int_equal(compile_begin(&ran->compilation), ERR_OK);
    assert_int_equal(compile_file(&ran->compilation, str_from(path)), ERR_OK);
    assert_int_equal(compile_program(&ran->compilation), ERR_OK);
    run_first(ran, NULL);
}

static void a_file_holds_one_alert_or_several(void **state)
{
    (void)state;
    static const char high[] =
        "{\"source\":\"defender\",\"severity\":\"high\",\"host\":{\"id\":\"d1\"}}\n";
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct {
        const char *format;
        uint32_t alerts;
    } cases[] = { { "%s", 1 }, { "%s%s", 2 }, { "[%s,%s]", 2 }, { "\xef\xbb\xbf%s", 1 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(ran_release) struct ran ran = { 0 };
        CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
        buf_addf(&text, cases[i].format, high, high);
#pragma GCC diagnostic pop
        write_file(scratch.path, "a.json", text.ptr);
        run_file(&ran, scratch.path, "alert \"a.json\"; expect rule iso");
        assert_int_equal(ran.outcome.state, TESTCASE_PASSED);
        assert_int_equal(ran.outcome.alerts, cases[i].alerts);
    }
}

static void a_file_that_holds_no_alert_fails_the_test(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        { "", "the file holds none" },
        { "{\"source\": ", "the alert cannot be read" },
        { "[7]", "the alert cannot be read" },
        { "{\"kind\":\"of nobody\"}", "no source takes this alert" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(ran_release) struct ran ran = { 0 };
        write_file(scratch.path, "a.json", cases[i].text);
        run_file(&ran, scratch.path, "alert \"a.json\"; expect quiet");
        assert_int_equal(ran.outcome.state, TESTCASE_FAILED);
        assert_non_null(memmem(ran.outcome.reason.ptr, ran.outcome.reason.len, cases[i].reason,
            strlen(cases[i].reason)));
    }
    CLEANUP(ran_release) struct ran ran = { 0 };
    run_file(&ran, scratch.path, "alert \"gone.json\"; expect quiet");
    assert_int_equal(ran.outcome.state, TESTCASE_FAILED);
}

static void a_file_over_the_ceiling_of_alerts_fails_the_test(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(ran_release) struct ran ran = { 0 };
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 20);
    for (int i = 0; i <= TEST_ALERTS_MAX; i++)
        buf_add(&text, STR("{\"source\":\"defender\"}\n"));
    write_file(scratch.path, "a.json", text.ptr);
    run_file(&ran, scratch.path, "alert \"a.json\"; expect quiet");
    assert_int_equal(ran.outcome.state, TESTCASE_FAILED);
    assert_int_equal(ran.outcome.alerts, TEST_ALERTS_MAX + 1);
}

/* ---- who watches, and who is not seen ---- */

struct counter {
    struct testcase_watcher watcher; /* first */
    uint32_t evaluated;
    uint32_t passed;
    uint32_t results;
};

static enum err count_evaluated(
    struct testcase_watcher *watcher, uint32_t rule, const struct event *event, bool passes)
{
    struct counter *counter = (struct counter *)watcher;
    assert_int_equal(rule, 0);
    assert_true(str_is(event->source, "defender"));
    counter->evaluated++;
    counter->passed += passes;
    return ERR_OK;
}

static enum err count_stepped(struct testcase_watcher *watcher, uint32_t rule,
    const struct event *event, const struct kept_result *newest)
{
    struct counter *counter = (struct counter *)watcher;
    assert_int_equal(rule, 0);
    assert_non_null(event->text.ptr);
    for (; newest != NULL; newest = newest->older)
        counter->results++;
    return ERR_OK;
}

static void a_watcher_sees_each_evaluation_and_each_result(void **state)
{
    (void)state;
    CLEANUP(ran_release) struct ran ran = { 0 };
    struct counter counter = { .watcher = { count_evaluated, count_stepped } };
    (void)compile_good(&ran.compilation,
        RULE "test \"t\" { " LOW "; " HIGH " times 2 every 1s; expect rule iso }");
    run_first(&ran, &counter.watcher);
    assert_int_equal(counter.evaluated, 3);
    assert_int_equal(counter.passed, 2);
    assert_int_equal(counter.results, 4); /* triage and case, twice */
}

static void rules_of_files_that_are_not_used_are_not_seen(void **state)
{
    (void)state;
    CLEANUP(ran_release) struct ran ran = { 0 };
    struct compilation *compilation = &ran.compilation;
    assert_int_equal(compile_begin(compilation), ERR_OK);
    assert_int_equal(
        compile_text(compilation, STR("a.cdr"), STR("when severity >= low then open case")),
        ERR_OK);
    assert_int_equal(compile_text(compilation, STR("b.cdr"),
                         str_from(RULE "test \"t\" { " LOW "; expect quiet }")),
        ERR_OK);
    assert_int_equal(compile_program(compilation), ERR_OK);
    run_first(&ran, NULL);
    assert_int_equal(ran.outcome.state, TESTCASE_PASSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations_cover_the_test_so_far),
        cmocka_unit_test(a_step_without_a_result_ends_well_and_its_verdict_is_unknown),
        cmocka_unit_test(a_result_counts_for_the_alert_before_it),
        cmocka_unit_test(a_result_holds_until_the_next_one),
        cmocka_unit_test(a_partial_or_failed_collection_is_never_clean),
        cmocka_unit_test(values_that_are_expected_are_of_the_type_of_the_parameter),
        cmocka_unit_test(a_step_without_its_target_was_not_begun_and_says_why),
        cmocka_unit_test(the_clock_begins_in_2026_and_moves_as_the_test_says),
        cmocka_unit_test(an_alert_without_an_id_gets_a_fresh_one),
        cmocka_unit_test(alerts_in_a_vendors_own_json_go_through_their_source),
        cmocka_unit_test(a_rule_that_waits_for_several_alerts_is_never_passed),
        cmocka_unit_test(what_a_rule_that_is_not_run_cannot_change_is_decided),
        cmocka_unit_test(alerts_of_one_key_are_one_firing_until_the_window_is_over),
        cmocka_unit_test(a_step_over_its_limit_waits_for_a_person),
        cmocka_unit_test(what_nobody_approves_expires_and_the_steps_after_it_go_on),
        cmocka_unit_test(a_rule_in_shadow_begins_its_steps_and_says_so),
        cmocka_unit_test(an_excuse_keeps_a_rule_from_firing_and_a_doubt_makes_its_steps_wait),
        cmocka_unit_test(defaults_count_as_clauses_of_a_rule),
        cmocka_unit_test(what_the_set_forbids_is_not_begun),
        cmocka_unit_test(a_rule_that_is_switched_off_does_not_fire_and_that_is_said),
        cmocka_unit_test(what_cannot_be_decided_fails),
        cmocka_unit_test(ten_thousand_alerts_are_evaluated),
        cmocka_unit_test(a_file_holds_one_alert_or_several),
        cmocka_unit_test(a_file_that_holds_no_alert_fails_the_test),
        cmocka_unit_test(a_file_over_the_ceiling_of_alerts_fails_the_test),
        cmocka_unit_test(a_watcher_sees_each_evaluation_and_each_result),
        cmocka_unit_test(rules_of_files_that_are_not_used_are_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
