/* The promises of the checker, told by what it accepts and what it refuses. That each
 * diagnostic has its place and words is told by the files of tests/lang/errors. */
#include "compiled.h"

#include "suggest.h"

/* "CDR0101 CDR0209": the codes of all mistakes in a text, in the order of their places.
 * That a step is not connected is no mistake. */
static void has_codes(const char *text, const char *expected)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    struct buf codes = BUF_INIT(4096);
    compile_rules(&compilation, text);
    buf_add(&codes, STR(""));
    for (const struct diag *diag = compilation.diags.first; diag != NULL; diag = diag->next)
        if (diag->id != DIAG_NOT_CONNECTED && diag->id != DIAG_NOT_ENFORCED)
            buf_addf(&codes, "%s%s", codes.len == 0 ? "" : " ", diag_code(diag->id));
    str got = buf_str(&codes);
    if (!str_is(got, expected)) {
        print_error("%s\nhas `%.*s` and should have `%s`\n", text, STR_ARG(got), expected);
        print_diags(&compilation);
    }
    assert_true(str_is(got, expected));
    assert_int_equal(compilation.program != NULL, compilation.diags.error_count == 0);
    buf_release(&codes);
}

struct expectation {
    const char *text;
    const char *codes;
};

static void each_has_codes(const struct expectation *expectations, size_t count)
{
    for (size_t at = 0; at < count; at++)
        has_codes(expectations[at].text, expectations[at].codes);
}

#define EACH(expectations)                                                                         \
    each_has_codes(expectations, sizeof(expectations) / sizeof *(expectations))
#define RESPOND " then respond isolate_host"

static void no_response_happens_because_a_field_is_absent(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        { "when not (host.name = \"a\")" RESPOND, "CDR0209" },
        { "when not (host.name = \"a\") then collect triage", "" },
        { "when host.name != \"a\"" RESPOND, "" },
        { "when host.name not in [\"a\"]" RESPOND, "" },
        { "when not (host.name != \"a\")" RESPOND, "CDR0209" },
        { "when not host.name not in [\"a\"]" RESPOND, "CDR0209" },
        { "when not not (host.name = \"a\")" RESPOND, "" },
        { "when exists host.name and not (host.name = \"a\")" RESPOND, "" },
        { "when not (host.name = \"a\") and exists host.name" RESPOND, "" },
        { "when not missing host.name and not (host.name = \"a\")" RESPOND, "" },
        { "when missing host.name or not (host.name = \"a\")" RESPOND, "" },
        { "when not exists host.name or not (host.name = \"a\")" RESPOND, "" },
        { "when exists host.name or not (host.name = \"a\")" RESPOND, "CDR0209" },
        { "when missing host.id or not (host.name = \"a\")" RESPOND, "CDR0209" },
        { "when exists user.name and not (host.name = \"a\")" RESPOND, "CDR0209" },
        { "when host.name like \"web*\" and not (host.name = \"web-1\")" RESPOND, "" },
        { "when (host.name = \"a\" or host.name = \"b\") and not (host.name like \"c\")" RESPOND,
            "" },
        { "when (host.name = \"a\" or severity = low) and not (host.name like \"c\")" RESPOND,
            "CDR0209" },
        { "when host.name is null and not (host.name = \"a\")" RESPOND, "CDR0209" },
        { "when not (host.name = \"a\" or severity = low)" RESPOND, "CDR0209 CDR0209" },
        { "when not (host.name = \"a\" and severity = low)" RESPOND, "CDR0209 CDR0209" },
        { "when exists host.name and (severity = low or not (host.name = \"a\"))" RESPOND, "" },
        { "when not missing host.name" RESPOND, "" },
        { "when not (anywhere contains \"x\")" RESPOND, "" },
        { "when not (time > 2026-01-01)" RESPOND, "" },
        { "when not (received > 2026-01-01)" RESPOND, "" },
        { "when not (source = defender)" RESPOND, "CDR0209" },
        { "when not (raw[\"a\"] = 1)" RESPOND, "CDR0209" },
        { "when exists raw[\"a\"] and not (raw[\"a\"] = 1)" RESPOND, "CDR0209" },
        { "when exists raw[\"a\"] and not (raw[\"a\"] = \"b\")" RESPOND, "CDR0209" },
        { "when exists raw[\"a\"] and not (raw[\"a\"] contains \"b\")" RESPOND, "CDR0209" },
        { "when raw[\"a\"] != \"b\"" RESPOND, "" },
        { "when raw[\"a\"] startswith \"\" and not (raw[\"a\"] contains \"b\")" RESPOND, "" },
        { "when exists raw[\"a\"] and not raw[\"a\"] is null" RESPOND, "" },
        { "when exists raw[\"b\"] and not (raw[\"a\"] = 1)" RESPOND, "CDR0209" },
        { "when not (lower(host.name) = \"a\")" RESPOND, "CDR0209" },
        { "when exists host.name and not (lower(host.name) = \"a\")" RESPOND, "" },
        { "when not (host.name = user.name)" RESPOND, "CDR0209" },
        { "when exists host.name and not (host.name = user.name)" RESPOND, "CDR0209" },
        { "when exists host.name and exists user.name and not (host.name = user.name)" RESPOND,
            "" },
        { "when not (first(host.name, user.name) = \"a\")" RESPOND, "CDR0209" },
        { "when exists user.name and not (first(host.name, user.name) = \"a\")" RESPOND,
            "CDR0209" },
        { "when exists host.name and not (first(host.name, user.name) = \"a\")" RESPOND, "" },
        { "when first(host.name, user.name) = \"b\" and not (host.name = \"a\")" RESPOND,
            "CDR0209 CDR0209" },
        { "when not (anywhere contains host.name)" RESPOND, "CDR0209" },
        { "let quiet = not (host.name = \"a\")\nwhen quiet" RESPOND, "CDR0209" },
        { "let quiet = not (host.name = \"a\")\nwhen exists host.name and quiet" RESPOND, "" },
        { "let loud = host.name = \"a\"\nwhen not loud" RESPOND, "CDR0209" },
        { "macro not_in(h : text) = not (h in [\"a\"])\nwhen not_in(host.name)" RESPOND,
            "CDR0209" },
        { "macro not_in(h : text) = exists h and not (h in [\"a\"])\nwhen "
          "not_in(host.name)" RESPOND,
            "" },
    };
    EACH(expectations);
}

static void a_condition_is_no_value_in_front_of_a_response(void **state)
{
    (void)state;
#define LET_A "let a = host.name = \"x\"\n"
#define FLAG "macro flag(b : bool) = b = false\n"
    static const struct expectation expectations[] = {
        { LET_A "when a = false" RESPOND, "CDR0209" },
        { LET_A "when a != true" RESPOND, "CDR0209" },
        { LET_A "when a in [false]" RESPOND, "CDR0209" },
        { LET_A "when first(a, true)" RESPOND, "CDR0209" },
        { LET_A "when a = false then collect triage", "" },
        { LET_A "when a" RESPOND, "" },
        { FLAG LET_A "when flag(a)" RESPOND, "CDR0209" },
        { FLAG "when flag(raw[\"b\"])" RESPOND, "" },
        { "when severity = high then collect triage as t; if t.failed = false then { respond "
          "isolate_host }",
            "" },
    };
    EACH(expectations);
}

static void first_does_not_stand_in_for_what_is_absent(void **state)
{
    (void)state;
#define SCORE "first(number(raw[\"score\"]), 100) >= 50"
#define FIRST_X "first(host.name, \"x\") = \"x\""
    static const struct expectation expectations[] = {
        { "when " FIRST_X RESPOND, "CDR0209" },
        { "when " FIRST_X " then collect triage", "" },
        { "when exists host.name and " FIRST_X RESPOND, "" },
        { "when missing host.name or " FIRST_X RESPOND, "" },
        { "when missing host.name and " FIRST_X RESPOND, "" },
        { "when exists user.name and " FIRST_X RESPOND, "CDR0209" },
        { "when len(first(host.name, \"\")) < 3" RESPOND, "CDR0209" },
        { "when " SCORE RESPOND, "CDR0209" },
        { "when exists raw[\"score\"] and " SCORE RESPOND, "CDR0209" },
        { "when missing raw[\"score\"] or " SCORE RESPOND, "CDR0209" },
        { "when number(raw[\"score\"]) >= 0 and " SCORE RESPOND, "" },
        { "when not (" FIRST_X ")" RESPOND, "CDR0209" },
    };
    EACH(expectations);
}

static void exists_does_not_say_that_a_value_fits(void **state)
{
    (void)state;
#define IP "raw[\"detail.ip\"]"
#define N "raw[\"n\"]"
    static const struct expectation expectations[] = {
        { "when exists " IP " and not (" IP " in \"10.0.0.0/8\")" RESPOND, "CDR0209" },
        { "when missing " IP " or not (" IP " in \"10.0.0.0/8\")" RESPOND, "CDR0209" },
        { "when " IP " in \"0.0.0.0/0\" and not (" IP " in \"10.0.0.0/8\")" RESPOND, "" },
        { "when " IP " contains \".\" and not (" IP " in \"10.0.0.0/8\")" RESPOND, "CDR0209" },
        { "when " IP " not in \"10.0.0.0/8\"" RESPOND, "" },
        { "when exists " N " and not (number(" N ") > 5)" RESPOND, "CDR0209" },
        { "when number(" N ") > 1 and not (number(" N ") > 5)" RESPOND, "" },
        { "when exists " N " and not (" N " > 5)" RESPOND, "CDR0209" },
        { "when exists " N " and not (" N " in 1..5)" RESPOND, "CDR0209" },
        { "when " N " > 1 and not (" N " > 5)" RESPOND, "" },
        { "when exists " N " and not (" N " = 5)" RESPOND, "CDR0209" },
        { "when exists " N " and not (" N " contains \"a\")" RESPOND, "CDR0209" },
        { "when " IP " in \"0.0.0.0/0\" and not (" IP " = \"198.51.100.7\")" RESPOND, "" },
        { "when exists " N " and not (scale(" N ", 5 low) >= low)" RESPOND, "CDR0209" },
        { "when exists " N " and exists " IP " and not (only_if(" N ", " IP
          ", \"a\") = \"b\")" RESPOND,
            "CDR0209" },
        { "when exists host.name and not (number(host.name) > 5)" RESPOND, "CDR0209" },
        { "when exists host.name and not (len(host.name) > 5)" RESPOND, "" },
        { "when exists " N " and not (len(" N ") > 5)" RESPOND, "CDR0209" },
        { "when exists " N " and not (first(" N ", " IP ") > 5)" RESPOND, "CDR0209" },
        { "macro far(i : ip) = not (i in \"10.0.0.0/8\")\nwhen exists " IP " and far(" IP
          ")" RESPOND,
            "CDR0209" },
    };
    EACH(expectations);
}

/* `before`, `count` times `one`, `after`: has the code, and shortly said. */
static void repeated_has_codes(
    const char *before, const char *one, uint32_t count, const char *after, const char *codes)
{
    struct buf text = BUF_INIT(1024 * 1024);
    buf_addf(&text, "%s", before);
    while (count-- > 0)
        buf_addf(&text, "%s", one);
    buf_addf(&text, "%s", after);
    buf_add(&text, (str){ "", 1 });
    has_codes(buf_str(&text).ptr, codes);
    buf_release(&text);
}

static void what_is_written_too_often_is_said_with_its_place(void **state)
{
    (void)state;
#define FIRST_OF "when first("
#define TEXT_OF "when severity = high then open case text=\""
    repeated_has_codes(FIRST_OF, "host.name, ", 63, "\"\") = \"a\" then open case", "");
    repeated_has_codes(FIRST_OF, "host.name, ", 64, "\"\") = \"a\" then open case", "CDR0113");
    repeated_has_codes(FIRST_OF, "host.name, ", 260, "\"\") = \"a\" then open case", "CDR0113");
    repeated_has_codes(TEXT_OF, "{host.name}", 64, "\"", "");
    repeated_has_codes(TEXT_OF, "{host.name}", 65, "\"", "CDR0212");
    repeated_has_codes(TEXT_OF, "{host.name}", 256, "\"", "CDR0212");
    repeated_has_codes("when host", ".name", 20000, " = \"a\" then open case", "CDR0120");
    repeated_has_codes("when host", ".name", 31, " = \"a\" then open case", "CDR0101");
#define SIX "host.name, host.name, host.name, host.name, host.name, host.name, "
    repeated_has_codes("when ", "first(" SIX, 50,
        "host.os"
        "))))))))))))))))))))))))))))))))))))))))))))))))))"
        " = \"a\" then open case",
        "CDR0115");
    repeated_has_codes("macro d(x : text) = first(x, x)\nwhen ", "d(", 28,
        "host.name)))))))))))))))))))))))))))) = \"a\" then open case", "CDR0115");
}

static void an_else_is_no_way_around_that(void **state)
{
    (void)state;
#define WHEN "when severity >= high then "
    static const struct expectation expectations[] = {
        { WHEN "if host.os = \"a\" then { collect triage } else { respond isolate_host }",
            "CDR0209" },
        { WHEN "if host.os = \"a\" then { respond isolate_host } else { collect triage }", "" },
        { WHEN "if missing host.os or host.os = \"a\" then { open case } else { respond "
               "isolate_host }",
            "" },
        { WHEN "if not (host.os = \"a\") then { respond isolate_host }", "CDR0209" },
        { WHEN "if severity >= critical then { open case } else { respond isolate_host }", "" },
        { WHEN "if exists host.os then { if not (host.os = \"a\") then { respond isolate_host } }",
            "" },
        { WHEN "if missing host.os then { open case } else"
               " { if host.os = \"a\" then { open case } else { respond isolate_host } }",
            "" },
        { WHEN "collect triage as t; if t.complete and t.verdict < suspicious then { open case }"
               " else { respond isolate_host }",
            "" },
        { WHEN "collect triage as t; if not (t.url = \"\") then { respond isolate_host }",
            "CDR0209" },
    };
    EACH(expectations);
}

static void a_field_must_be_one_that_some_source_of_the_rule_has(void **state)
{
    (void)state;
#define INSTANCE "instance.id = \"i-0123456789abcdef0\""
#define COLLECT " then collect logs"
    static const struct expectation expectations[] = {
        { "when source = defender and " INSTANCE COLLECT, "CDR0116" },
        { "when source = guardduty and " INSTANCE COLLECT, "" },
        { "when " INSTANCE COLLECT, "" },
        { "when source != datadog and signal.id = \"x\"" COLLECT, "CDR0116" },
        { "when source != guardduty and " INSTANCE COLLECT, "" },
        { "when source in [guardduty, defender] and " INSTANCE COLLECT, "" },
        { "when source in [defender] and " INSTANCE COLLECT, "CDR0116" },
        { "when not (source = guardduty) and " INSTANCE COLLECT, "" },
        { "when exists source and not (source = datadog) and signal.id = \"x\"" COLLECT,
            "CDR0116" },
        { "when (source = defender or severity = low) and " INSTANCE COLLECT, "" },
        { "when (source = defender and " INSTANCE ") or (source = guardduty and " INSTANCE
          ")" COLLECT,
            "CDR0116" },
        { "when source = defender and missing instance.id" COLLECT, "" },
        { "when source = defender and raw[\"instance.id\"] = \"x\"" COLLECT, "" },
        { "let here = " INSTANCE "\nwhen source = defender and (here or severity = high)" COLLECT,
            "" },
        { "when source = defender then notify slack text=\"{instance.id}\"", "CDR0116" },
        { "when severity = high then if source = defender then"
          " { notify slack text=\"{instance.id}\" } else { notify slack text=\"{instance.id}\" }",
            "CDR0116" },
        { "source mine { accept exists raw[\"x\"] instance.id = raw[\"i\"] }\n"
          "when source = mine and " INSTANCE COLLECT,
            "" },
        { "source mine { accept exists raw[\"x\"] instance.id = raw[\"i\"] }\n"
          "when source = mine and severity = high" COLLECT,
            "CDR0116" },
    };
    EACH(expectations);
}

static void a_name_that_anyone_may_choose_is_no_target(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        { WHEN "respond isolate_role role=role.arn", "" },
        { WHEN "respond isolate_role role=user.name", "CDR0210" },
        { WHEN "respond isolate_role role=lower(user.name)", "CDR0210" },
        { WHEN "respond isolate_role role=raw[\"role\"]", "CDR0210" },
        { WHEN "respond isolate_role role=alert.status", "CDR0205" },
        { WHEN "respond isolate_role role=role.name", "" },
        { WHEN "respond isolate_role from alert.status", "CDR0213" },
        { WHEN "respond isolate_role role=first(role.arn, role.name)", "" },
        { WHEN "respond isolate_role role=first(role.arn, alert.status)", "CDR0205" },
        { WHEN "respond isolate_role role=lower(role.name)", "CDR0205" },
        { WHEN "respond isolate_role role=only_if(role.name, alert.status, \"x\")", "" },
        { WHEN "respond disable_user user=alert.status", "CDR0205" },
        { WHEN "respond disable_user from alert.status", "CDR0205" },
        { "when severity >= nothing then respond disable_user user=alert.status",
            "CDR0109 CDR0205" },
        { WHEN "respond disable_user user=attack.technique", "CDR0205" },
        { WHEN "respond disable_user user=user.id", "" },
        { WHEN "respond isolate_host host=alert.url", "CDR0210" },
        { WHEN "collect triage as t; respond disable_user user=t.url", "CDR0205" },
        { WHEN "collect triage as t; respond disable_user user=t.sha256", "CDR0205" },
        { WHEN "respond stop_instance region=alert.status", "CDR0205" },
        { WHEN "respond stop_instance region=cloud.region", "" },
        { "let who = alert.status\n" WHEN "respond disable_user user=who", "CDR0205" },
        { "macro who(u : user) = u\n" WHEN "respond disable_user user=who(alert.status)",
            "CDR0205" },
        { "macro who(u : user) = u\n" WHEN "respond disable_user user=who(user.id)", "" },
        { "source datadog { accept exists raw[\"x\"] signal.id = raw[\"u\"] : user }\n" WHEN
          "respond disable_user user=signal.id",
            "CDR0121" },
        { "source mine { accept exists raw[\"x\"] signal.id = raw[\"u\"] : user }\n" WHEN
          "respond disable_user user=signal.id",
            "CDR0205" },
        { WHEN "respond isolate_role role=\"arn:aws:iam::111122223333:role/web\"", "" },
        { WHEN "respond isolate_role role=\"no role at all\"", "CDR0108" },
        { WHEN "respond ban_ip ip=src.ip", "" },
        { WHEN "respond ban_ip ip=raw[\"ip\"]", "" },
        { WHEN "respond stop_instance instance=raw[\"i\"]", "" },
        { WHEN "respond stop_instance from raw[\"i\"]", "" },
        { WHEN "respond isolate_host host=host.name", "CDR0210" },
        { WHEN "respond isolate_host host=host.id", "" },
        { "let who = user.name\n" WHEN "respond isolate_role role=who", "CDR0210" },
        { WHEN "notify slack text=\"{user.name}\"", "" },
        { WHEN "call webhook url=\"https://hooks.example/{user.name}\"", "CDR0210" },
        { WHEN "call webhook url=\"https://hooks.example/{cloud.account}\"", "" },
        { WHEN "call webhook url=\"https://hooks.example/\" body=raw[\"x\"]", "" },
        { WHEN "call lambda function=raw[\"x\"]", "CDR0210" },
        { WHEN "notify email to=raw[\"x\"]", "CDR0210" },
        { WHEN "notify email to=[\"ir@example.com\"] subject=user.name", "" },
        { WHEN "notify slack channel=raw[\"x\"]", "CDR0210" },
        { WHEN "notify slack channel=\"#{user.name}\"", "CDR0210" },
        { WHEN "notify teams channel=lower(host.name)", "CDR0210" },
        { WHEN "call webhook url=alert.url", "CDR0210" },
        { WHEN "call webhook url=resource.id", "CDR0210" },
        { WHEN "call lambda function=alert.type", "CDR0210" },
        { WHEN "call lambda function=\"f-{alert.type}\"", "CDR0210" },
        { WHEN "notify slack channel=alert.type text=\"x\"", "CDR0210" },
        { WHEN "respond disable_user user=user.name", "CDR0210" },
        { WHEN "notify pagerduty service=raw[\"x\"]", "CDR0210" },
        { WHEN "open case project=raw[\"x\"] title=raw[\"x\"]", "CDR0210" },
        { WHEN "import cado evidence=raw[\"x\"]", "CDR0210" },
        { WHEN "import cado evidence=\"https://{host.name}/x\"", "CDR0210" },
        { WHEN "collect triage as t; import cado evidence=t.url", "" },
        { "source mine { accept exists raw[\"x\"] role.arn = raw[\"r\"] : role untrusted }\n" WHEN
          "respond isolate_role role=role.arn",
            "CDR0210" },
    };
    EACH(expectations);
}

static void evidence_is_collected_before_it_is_destroyed(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        { WHEN "respond stop_instance; collect memory", "CDR0208" },
        { WHEN "collect memory; respond stop_instance", "" },
        { WHEN "respond isolate_role role=\"arn:aws:iam::111122223333:role/web\"; collect triage",
            "CDR0208" },
        { WHEN "respond stop_instance; collect snapshot", "" },
        { WHEN "collect triage as t; if t.complete then { respond stop_instance }; collect memory",
            "CDR0208" },
        { WHEN "collect triage as t; if t.complete then { respond stop_instance }"
               " else { collect memory }",
            "" },
        { WHEN "collect triage as t;"
               " if t.complete then { open case } else { respond stop_instance; collect memory }",
            "CDR0208" },
    };
    EACH(expectations);
}

static void results_are_seen_after_their_step_on_the_same_way_only(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        { WHEN "if t.complete then { open case }", "CDR0211" },
        { WHEN "if t.complete then { open case }; collect triage as t", "CDR0211" },
        { WHEN "collect triage as t; if t.complete then { collect memory as u };"
               " if u.complete then { open case }",
            "CDR0211" },
        { WHEN "collect triage as t; if t.complete then { collect memory as u;"
               " if u.complete then { open case } }",
            "" },
        { WHEN "collect triage as t; collect memory as t", "CDR0103" },
        { "let t = 1\n" WHEN "collect triage as t", "CDR0103" },
        { WHEN "collect triage as t; if t.complete = true and t.sha256 = \"a\" then { open case }",
            "" },
        { WHEN "collect triage as t; if t.verdict >= high then { open case }", "CDR0109" },
        { "rule a { " WHEN "collect triage as t }\nrule b { " WHEN
          "if t.complete then { open case } }",
            "CDR0211" },
    };
    EACH(expectations);
}

static void names_are_seen_in_their_file_and_sources_everywhere(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    assert_int_equal(compile_begin(&compilation), ERR_OK);
    assert_int_equal(compile_text(&compilation, STR("a.cdr"),
                         STR("let night = hour(time) in 0..6\n"
                             "source mine { accept exists raw[\"m\"] }\n"
                             "when night then collect snapshot")),
        ERR_OK);
    assert_int_equal(compile_text(&compilation, STR("dir/b.cdr"),
                         STR("when source = mine and night then collect snapshot\n"
                             "when source = mine then collect snapshot")),
        ERR_OK);
    assert_int_equal(compile_program(&compilation), ERR_OK);
    assert_int_equal(compilation.diags.error_count, 1);
    assert_int_equal(compilation.diags.first->id, DIAG_UNKNOWN_NAME);
    assert_non_null(compilation.diags.first->notes);
}

static void rules_without_a_name_are_called_after_their_file(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    static const char *const names[] = { "b", "b_2", "stdin" };
    assert_int_equal(compile_begin(&compilation), ERR_OK);
    assert_int_equal(compile_text(&compilation, STR("dir/b.cdr"),
                         STR("when true then collect triage\nwhen true then collect memory")),
        ERR_OK);
    assert_int_equal(
        compile_text(&compilation, STR("-"), STR("when true then collect triage")), ERR_OK);
    assert_int_equal(compile_program(&compilation), ERR_OK);
    assert_non_null(compilation.program);
    for (uint32_t at = 0; at < 3; at++)
        assert_true(str_is(compilation.program->rules[at].name, names[at]));
}

static void the_name_of_such_a_rule_is_a_word(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *name;
    } cases[] = { { "my-rule.cdr", "my_rule" }, { "d/2fa.cdr", "_2fa" }, { "and.cdr", "_and" },
        { "a.b.cdr", "a_b" }, { "\xc3\xa4rger.cdr", "_rger" }, { "collect.cdr", NULL } };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        char text[128];
        assert_int_equal(compile_begin(&compilation), ERR_OK);
        assert_int_equal(compile_text(&compilation, str_from(cases[at].file),
                             STR("when true then collect triage")),
            ERR_OK);
        assert_int_equal(compile_program(&compilation), ERR_OK);
        assert_non_null(compilation.program);
        str name = compilation.program->rules[0].name;
        if (cases[at].name != NULL)
            assert_true(str_is(name, cases[at].name));
        CLEANUP(compile_release) struct compilation again = { 0 };
        snprintf(text, sizeof text, "disable rule %.*s", STR_ARG(name));
        assert_int_equal(compile_begin(&again), ERR_OK);
        assert_int_equal(
            compile_text(&again, str_from(cases[at].file), STR("when true then collect triage")),
            ERR_OK);
        assert_int_equal(compile_text(&again, STR("off.cdr"), str_from(text)), ERR_OK);
        assert_int_equal(compile_program(&again), ERR_OK);
        assert_int_equal(again.diags.error_count, 0);
        assert_int_equal(again.program->rule_count, 0);
    }
}

static void a_users_source_takes_the_place_of_a_shipped_one(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    const struct program *program = compile_good(&compilation,
        "source guardduty { accept exists raw[\"mine\"] alert.id = raw[\"mine\"] }\n"
        "when source = guardduty then collect logs");
    uint32_t named = 0;
    for (uint32_t at = 0; at < program->source_count; at++)
        named += str_is(program->sources[at].name, "guardduty");
    assert_int_equal(named, 1);
    struct event mine = read_alert(program, &arena, "{\"mine\":\"m-1\"}");
    assert_true(str_is(mine.source, "guardduty"));
    assert_true(str_is(value_str(mine.fields[FIELD_ALERT_ID]), "m-1"));
    struct event shipped = read_alert(program, &arena, "{\"service\":{\"detectorId\":\"d\"}}");
    assert_int_equal(shipped.source.len, 0);
}

/* ---- ways out ---- */

/* The text after the fix of the first mistake. */
static void is_fixed_to(const char *text, const char *expected)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    struct buf fixed = BUF_INIT(4096);
    compile_rules(&compilation, text);
    const struct diag *mistake = compilation.diags.first;
    assert_non_null(mistake);
    for (; mistake->id == DIAG_NOT_CONNECTED; mistake = mistake->next)
        assert_non_null(mistake->next);
    const struct diag_fix *fix = mistake->fix;
    if (fix == NULL)
        print_error("no fix for %s\n", text);
    assert_non_null(fix);
    buf_add(&fixed, (str){ text, fix->at.start });
    buf_add(&fixed, fix->text);
    buf_add(&fixed, str_from(text + fix->at.end));
    assert_string_equal(fixed.ptr, expected);
    has_codes(fixed.ptr, "");
    buf_release(&fixed);
}

static void a_fix_makes_the_rule_pass(void **state)
{
    (void)state;
    is_fixed_to(
        "when sevrity >= high then collect triage", "when severity >= high then collect triage");
    is_fixed_to(
        "when severity >= hihg then collect triage", "when severity >= high then collect triage");
    is_fixed_to(
        "when severity >= high then collect triag", "when severity >= high then collect triage");
    is_fixed_to("when severity >= high then collect triage profile=fulll",
        "when severity >= high then collect triage profile=full");
    is_fixed_to("when source = gardduty then collect triage",
        "when source = guardduty then collect triage");
    is_fixed_to("when lowr(user.name) = \"a\" then collect triage",
        "when lower(user.name) = \"a\" then collect triage");
    is_fixed_to("when severity >= high then respond isolate_role irreversible",
        "when severity >= high then respond isolate_role ");
    is_fixed_to("when not (host.name = \"a\") or severity = high" RESPOND,
        "when (exists host.name and not (host.name = \"a\")) or severity = high" RESPOND);
}

static void the_nearest_name_is_suggested_and_no_far_one(void **state)
{
    (void)state;
    assert_int_equal(edit_distance(STR("severity"), STR("severity"), 2), 0);
    assert_int_equal(edit_distance(STR("sevreity"), STR("severity"), 2), 1);
    assert_int_equal(edit_distance(STR("hgih"), STR("high"), 2), 1);
    assert_int_equal(edit_distance(STR("hih"), STR("high"), 2), 1);
    assert_int_equal(edit_distance(STR("abc"), STR("xyz"), 2), 3);
    assert_int_equal(edit_distance(STR(""), STR("ab"), 2), 2);
    struct suggestion near = { .word = STR("host.nam") };
    suggest(&near, STR("host.os"));
    suggest(&near, STR("host.name"));
    suggest(&near, STR("most.name"));
    assert_true(str_is(near.best, "host.name"));
    struct suggestion far = { .word = STR("xyz") };
    suggest(&far, STR("abc"));
    assert_int_equal(far.best.len, 0);
}

/* ---- bounds ---- */

static void declarations_within_each_other_have_a_bound(void **state)
{
    (void)state;
    for (int is_backward = 0; is_backward < 2; is_backward++)
        for (int count = 60; count < 200000; count *= 50) {
            CLEANUP(compile_release) struct compilation compilation = { 0 };
            struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
            buf_addf(&text, "let a0 = severity = high\n");
            for (int at = 1; !is_backward && at <= count; at++)
                buf_addf(&text, "let a%d = a%d\n", at, at - 1);
            /* From the last to the first, each is looked into for the sake of the other. */
            for (int at = count; is_backward && at > 0; at--)
                buf_addf(&text, "let a%d = a%d\n", at, at - 1);
            buf_addf(&text, "when a%d then collect triage\n", count);
            compile_rules(&compilation, text.ptr);
            buf_release(&text);
            assert_int_equal(compilation.program != NULL, count == 60);
        }
}

static void one_mistake_makes_one_message(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        { "let bad = nothing\nwhen bad = 1 and bad > 2 and bad in [1] then collect triage",
            "CDR0101" },
        { "when nothing >= high then collect triage", "CDR0101" },
        { "when nothing in [high] then collect triage", "CDR0101" },
        { "list a : nothing = [\"x\"]\nwhen host.name in a then collect triage", "CDR0106" },
        { "macro m(a : nothing) = a = \"x\"\nwhen m(host.name) then collect triage", "CDR0106" },
        { "when lower(nothing) = \"x\" then collect triage host=nothing", "CDR0101 CDR0101" },
    };
    EACH(expectations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_response_happens_because_a_field_is_absent),
        cmocka_unit_test(a_condition_is_no_value_in_front_of_a_response),
        cmocka_unit_test(first_does_not_stand_in_for_what_is_absent),
        cmocka_unit_test(exists_does_not_say_that_a_value_fits),
        cmocka_unit_test(what_is_written_too_often_is_said_with_its_place),
        cmocka_unit_test(an_else_is_no_way_around_that),
        cmocka_unit_test(a_field_must_be_one_that_some_source_of_the_rule_has),
        cmocka_unit_test(a_name_that_anyone_may_choose_is_no_target),
        cmocka_unit_test(evidence_is_collected_before_it_is_destroyed),
        cmocka_unit_test(results_are_seen_after_their_step_on_the_same_way_only),
        cmocka_unit_test(names_are_seen_in_their_file_and_sources_everywhere),
        cmocka_unit_test(rules_without_a_name_are_called_after_their_file),
        cmocka_unit_test(the_name_of_such_a_rule_is_a_word),
        cmocka_unit_test(a_users_source_takes_the_place_of_a_shipped_one),
        cmocka_unit_test(a_fix_makes_the_rule_pass),
        cmocka_unit_test(the_nearest_name_is_suggested_and_no_far_one),
        cmocka_unit_test(declarations_within_each_other_have_a_bound),
        cmocka_unit_test(one_mistake_makes_one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
