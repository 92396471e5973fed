/* The smallest change that flips a rule is a claim: each one is checked on an alert that is
 * written anew with the change in it, and read like any other. */
#include "compiled.h"

#include "probe.h"
#include "whatif.h"

enum { LEAVES_MAX = 64 };

struct asked {
    struct compilation compilation;
    struct arena arena;
    struct event event;
    enum probe_state states[LEAVES_MAX];
    bool fires;
    struct whatif_answer answer;
};

static void asked_release(struct asked *asked)
{
    compile_release(&asked->compilation);
    arena_release(&asked->arena);
}

static void compile_probes(struct asked *asked, const char *text)
{
    struct compilation *compilation = &asked->compilation;
    compile_probed(compilation, text);
}

static void ask(struct asked *asked, const char *alert)
{
    const struct program *program = asked->compilation.program;
    const struct probe_rule *rule = &asked->compilation.probes->rules[0];
    asked->event = read_alert(program, &asked->arena, alert);
    assert_true(rule->leaf_count <= LEAVES_MAX);
    assert_int_equal(probe_leaves(program, rule, &asked->event, NULL, asked->states), ERR_OK);
    assert_int_equal(
        whatif_fires(program, &program->rules[0], &asked->event, &asked->arena, &asked->fires),
        ERR_OK);
    struct whatif whatif = { .program = program,
        .rule = &program->rules[0],
        .probes = rule,
        .event = &asked->event,
        .forced_source = STR(""),
        .states = asked->states,
        .arena = &asked->arena };
    assert_int_equal(whatif_find(&whatif, !asked->fires, &asked->answer), ERR_OK);
}

static void add_edits(struct asked *asked, struct buf *said)
{
    for (uint32_t at = 0; at < asked->answer.edit_count; at++) {
        const struct whatif_edit *edit = &asked->answer.edits[at];
        str name = edit->target->means == MEANING_FIELD
                       ? str_from(field_info(edit->target->is.field)->name)
                       : edit->target->is.path;
        str to = value_print(&asked->arena, edit->to);
        buf_addf(said, "%s%.*s=%.*s", at > 0 ? " " : "", STR_ARG(name), STR_ARG(to));
    }
}

/* "severity=high host.name=web": the change that flips the rule `when CONDITION`; "" for none. */
static void flips_with(const char *condition, const char *alert, const char *expected)
{
    CLEANUP(asked_release) struct asked asked = { 0 };
    CLEANUP(buf_release) struct buf rule = BUF_INIT(65536);
    CLEANUP(buf_release) struct buf said = BUF_INIT(65536);
    buf_addf(&rule, "when %s then collect snapshot", condition);
    compile_probes(&asked, buf_str(&rule).ptr);
    ask(&asked, alert);
    add_edits(&asked, &said);
    if (!str_is(buf_str(&said), expected))
        print_error("%s\n%s\n", condition, alert);
    assert_string_equal(buf_str(&said).ptr, expected);
}

#define MEDIUM                                                                                     \
    "{\"source\":\"defender\",\"severity\":\"medium\",\"alert\":{\"title\":\"Malware\"},"          \
    "\"host\":{\"name\":\"web-1\"}}"

static void one_leaf_is_flipped_by_the_nearest_value(void **state)
{
    (void)state;
    flips_with("source = defender and severity >= high", MEDIUM, "severity=high");
    flips_with("source = guardduty", MEDIUM, "source=guardduty");
    flips_with("severity >= medium", MEDIUM, "severity=low");
    flips_with("severity > medium", MEDIUM, "severity=high");
    flips_with("severity < medium", MEDIUM, "severity=low");
    flips_with("host.name = \"db-1\"", MEDIUM, "host.name=db-1");
    flips_with("host.name != \"web-1\"", MEDIUM, "host.name=other");
    flips_with("user.name != \"web-1\"", MEDIUM, "user.name=other");
    flips_with("host.name in [\"a\", \"b\"]", MEDIUM, "host.name=a");
    flips_with("host.name not in [\"web-1\", \"other\"]", MEDIUM, "host.name=another");
    flips_with("host.ip in \"198.51.100.0/24\"", MEDIUM, "host.ip=198.51.100.1");
    flips_with("host.name startswith \"db\"", MEDIUM, "host.name=db");
    flips_with("host.name like \"d?-*\"", MEDIUM, "host.name=dx-");
    flips_with("host.name like \"a\\*b\"", MEDIUM, "host.name=a*b");
    flips_with("host.name contains all [\"a\", \"b\"]", MEDIUM, "host.name=a b");
    flips_with("alert.title contains any [\"ransom\", \"crypt\"]", MEDIUM, "alert.title=ransom");
    flips_with("alert.title matches /^ransom\\.exe$/", MEDIUM, "alert.title=ransom.exe");
    flips_with("exists user.id", MEDIUM, "user.id=user-1");
    flips_with("missing host.name", MEDIUM, "host.name=-");
    flips_with("host.name is null", MEDIUM, "host.name=null");
    flips_with("lower(host.name) = \"db\"", MEDIUM, "host.name=db");
    flips_with("host.name = user.name", MEDIUM, "user.name=web-1");
    flips_with("alert.time > 2026-01-02", MEDIUM, "alert.time=2026-01-02T00:00:01Z");
}

static void raw_values_are_flipped_too(void **state)
{
    (void)state;
    flips_with("raw[\"n\"] > 5", "{\"n\":3}", "n=6");
    flips_with("raw[\"n\"] in 7..20", "{\"n\":3}", "n=7");
    flips_with("raw[\"n\"] not in 1..5", "{\"n\":3}", "n=0");
    flips_with("5 < raw[\"n\"]", "{\"n\":3}", "n=6");
    flips_with(
        "raw[\"a.b\"] = \"x\" and exists raw[\"c\"]", "{\"a\":{\"b\":\"y\"}}", "a.b=x c=other");
    flips_with("raw[\"yes\"] = true", "{\"yes\":false}", "yes=true");
}

static void the_smallest_set_comes_first(void **state)
{
    (void)state;
    flips_with("(severity >= high and exists user.id) or host.name = \"x\"", MEDIUM, "host.name=x");
    flips_with("not (host.name = \"web-1\" or exists user.id)", MEDIUM, "host.name=other");
    flips_with("severity >= high and user.name = \"x\"", MEDIUM, "severity=high user.name=x");
}

/* One field may have to answer several leaves at once. */
static void leaves_on_one_field_agree_or_nothing_is_claimed(void **state)
{
    (void)state;
    flips_with(
        "severity >= low and severity != medium and severity != high and severity < critical",
        MEDIUM, "severity=low");
    flips_with("severity > medium and severity < medium", MEDIUM, "");
    flips_with("host.name = \"a\" and host.name = \"b\"", MEDIUM, "");
    flips_with("severity >= high and severity != high", MEDIUM, "severity=critical");
}

static void what_no_written_value_decides_is_not_claimed(void **state)
{
    (void)state;
    flips_with("alert.title matches /[a-z]+\\d{4}/", MEDIUM, "");
    flips_with("anywhere contains \"zzz\"", MEDIUM, "");
    flips_with("received > 2030-01-01", MEDIUM, "");
    flips_with("exists source and \"a\" = \"b\"", MEDIUM, "");
}

/* A change that may change more than it says is no proof. */
static void what_hangs_together_is_not_claimed(void **state)
{
    (void)state;
    /* the field is made of a path that the rule reads too */
    flips_with("severity >= high and raw[\"severity\"] = \"medium\"", MEDIUM, "");
    /* a path inside another */
    flips_with("raw[\"a\"] = \"x\" and missing raw[\"a.b\"]", "{\"a\":{\"c\":1}}", "");
    /* the old title was what `anywhere` saw */
    flips_with("alert.title = \"x\" and anywhere contains \"malware\"", MEDIUM, "");
    /* the new title is what it would see */
    flips_with("user.name = \"zzz\" and not anywhere contains \"zzz\"", MEDIUM, "");
    flips_with("user.name = \"x\" and anywhere contains \"malware\"", MEDIUM, "user.name=x");
}

static void a_smaller_set_that_was_not_proved_is_kept(void **state)
{
    (void)state;
    CLEANUP(asked_release) struct asked asked = { 0 };
    compile_probes(&asked,
        "when alert.title matches /[a-z]+\\d{4}/ or (severity >= high and user.name = \"x\") then "
        "collect snapshot");
    ask(&asked, MEDIUM);
    assert_int_equal(asked.answer.edit_count, 2);
    assert_int_equal(asked.answer.unproved.count, 1);
    assert_int_equal(asked.answer.unproved.leaves[0], 0);
}

/* Thirty regular expressions, any of which would do, must not hide the one leaf that has a
 * value. */
static void leaves_without_values_do_not_hide_those_with_some(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf condition = BUF_INIT(65536);
    for (int at = 0; at < 30; at++)
        buf_addf(&condition, "alert.title matches /t%d[0-9]/ or ", at);
    buf_add(&condition, STR("exists host.id"));
    flips_with(buf_str(&condition).ptr, MEDIUM, "host.id=host-1");
}

/* ---- every claim, on an alert written anew ---- */

static const char *const rules[] = {
    "when source = defender and severity >= high and not (host.name in [\"dc-1\", \"x\"]) then "
    "collect snapshot",
    "when (severity in [high, critical] or user.name startswith \"adm\") and host.name != "
    "user.name "
    "and exists host.id then collect snapshot",
    "macro near(a : ip) = a in \"10.0.0.0/8\" or a = \"192.0.2.9\"\n"
    "when not near(host.ip) and (alert.title contains any [\"ransom\", \"mal\"] or missing "
    "user.name) then collect snapshot",
    "when all host.ip in \"10.0.0.0/8\" and severity != low and severity < critical or host.name "
    "is "
    "null then collect snapshot",
    "when anywhere contains \"x\" and severity >= medium and not anywhere contains \"other\" then "
    "collect snapshot",
    "rule r { when severity >= medium unless user.name = \"admin\" and not (host.name = \"x\") "
    "unless alert.title contains \"other\" until 2099-01-01 reason \"C-1\" then collect snapshot "
    "}\n"
    "exception e for r when host.id != \"d1\" until 2099-01-01 reason \"C-2\"\n"
    "exception past for r when exists source until 2020-01-01 reason \"C-3\"",
    "when lower(host.name) = \"web-1\" and first(user.name, host.name) != \"x\" and "
    "hour(alert.time) "
    "in 7..20 then collect snapshot",
};

struct member {
    const char *name;
    const char *values[4]; /* JSON; NULL: not there */
};

static const struct member members[] = {
    { "source", { "\"defender\"", "\"guardduty\"", "\"defender\"", "\"defender\"" } },
    { "severity", { "\"low\"", "\"medium\"", "\"high\"", NULL } },
    { "host.name", { "\"web-1\"", "\"x\"", "null", NULL } },
    { "host.id", { "\"d1\"", NULL, NULL, "\"x\"" } },
    { "host.ip", { "\"10.1.2.3\"", "[\"10.1.2.3\",\"192.0.2.1\"]", "\"192.0.2.9\"", NULL } },
    { "user.name", { "\"admin\"", "\"x\"", "[\"web-1\",null]", NULL } },
    { "alert.title", { "\"Ransomware\"", "\"other\"", "\"x\"", NULL } },
    { "alert.time", { "\"2026-01-02T03:00:00Z\"", "\"2026-01-02T10:00:00Z\"", NULL, NULL } },
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static const struct whatif_edit *edit_of(const struct asked *asked, const char *name)
{
    for (uint32_t at = 0; asked != NULL && at < asked->answer.edit_count; at++)
        if (strcmp(field_info(asked->answer.edits[at].target->is.field)->name, name) == 0)
            return &asked->answer.edits[at];
    return NULL;
}

/* The alert with the members of `picks`, changed as `asked` says (NULL: not changed). */
static void write_alert(struct buf *alert, const uint32_t *picks, struct asked *asked)
{
    const char *comma = "";
    uint32_t changed = 0;
    buf_clear(alert);
    buf_add(alert, STR("{"));
    for (size_t at = 0; at < COUNT_OF(members); at++) {
        const struct whatif_edit *edit = edit_of(asked, members[at].name);
        const char *json = members[at].values[picks[at]];
        changed += edit != NULL;
        if (edit != NULL && edit->to.kind == VALUE_ABSENT)
            continue;
        if (edit == NULL && json == NULL)
            continue;
        buf_addf(alert, "%s\"%s\":", comma, members[at].name);
        comma = ",";
        if (edit == NULL)
            buf_add(alert, str_from(json));
        else if (edit->to.kind == VALUE_NULL)
            buf_add(alert, STR("null"));
        else
            buf_addf(alert, "\"%.*s\"", STR_ARG(value_print(&asked->arena, edit->to)));
    }
    buf_add(alert, STR("}"));
    assert_int_equal(changed, asked == NULL ? 0 : asked->answer.edit_count);
}

static void every_claim_holds_on_an_alert_with_the_change_in_it(void **state)
{
    (void)state;
    uint32_t seed = 3;
    uint32_t claims = 0;
    enum { ALERTS = 500 };
    CLEANUP(buf_release) struct buf alert = BUF_INIT(4096);
    for (size_t at = 0; at < COUNT_OF(rules); at++) {
        CLEANUP(asked_release) struct asked asked = { 0 };
        compile_probes(&asked, rules[at]);
        const struct program *program = asked.compilation.program;
        for (int turn = 0; turn < ALERTS; turn++) {
            CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
            uint32_t picks[COUNT_OF(members)];
            bool fires = false;
            for (size_t i = 0; i < COUNT_OF(members); i++)
                picks[i] = next_random(&seed) % 4;
            write_alert(&alert, picks, NULL);
            ask(&asked, buf_str(&alert).ptr);
            if (asked.answer.edit_count == 0)
                continue;
            claims++;
            write_alert(&alert, picks, &asked);
            struct event event = read_alert(program, &arena, buf_str(&alert).ptr);
            assert_int_equal(
                whatif_fires(program, &program->rules[0], &event, &arena, &fires), ERR_OK);
            if (fires == asked.fires)
                print_error("%s\n%s\n", rules[at], buf_str(&alert).ptr);
            assert_int_equal(fires, !asked.fires);
        }
    }
    assert_in_range(claims, ALERTS * COUNT_OF(rules) / 2, ALERTS * COUNT_OF(rules));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_leaf_is_flipped_by_the_nearest_value),
        cmocka_unit_test(raw_values_are_flipped_too),
        cmocka_unit_test(the_smallest_set_comes_first),
        cmocka_unit_test(leaves_on_one_field_agree_or_nothing_is_claimed),
        cmocka_unit_test(what_no_written_value_decides_is_not_claimed),
        cmocka_unit_test(what_hangs_together_is_not_claimed),
        cmocka_unit_test(a_smaller_set_that_was_not_proved_is_kept),
        cmocka_unit_test(leaves_without_values_do_not_hide_those_with_some),
        cmocka_unit_test(every_claim_holds_on_an_alert_with_the_change_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
