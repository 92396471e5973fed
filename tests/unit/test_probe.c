/* The leaves of a rule, one by one: they must come to what the whole rule comes to, on
 * every alert, and be told where they were written. */
#include "compiled.h"

#include "probe.h"

struct probed {
    struct compilation compilation;
    struct arena arena;
    const struct probe_rule *rule;
};

static void probed_release(struct probed *probed)
{
    compile_release(&probed->compilation);
    arena_release(&probed->arena);
}

static void probe_text(struct probed *probed, const char *text)
{
    struct compilation *compilation = &probed->compilation;
    compile_probed(compilation, text);
    assert_int_equal(compilation->probes->rule_count, compilation->program->rule_count);
    probed->rule = &compilation->probes->rules[0];
}

static str leaf_text(const struct probed *probed, uint32_t leaf)
{
    return sources_text(&probed->compilation.sources, probed->rule->leaves[leaf].at);
}

/* "true false absent" for the leaves of the rule `text` on the alert. */
static void leaves_are(const char *text, const char *alert, const char *expected)
{
    CLEANUP(probed_release) struct probed probed = { 0 };
    CLEANUP(buf_release) struct buf said = BUF_INIT(4096);
    enum probe_state states[64];
    probe_text(&probed, text);
    struct event event = read_alert(probed.compilation.program, &probed.arena, alert);
    assert_true(probed.rule->leaf_count <= 64);
    assert_int_equal(
        probe_leaves(probed.compilation.program, probed.rule, &event, NULL, states), ERR_OK);
    for (uint32_t at = 0; at < probed.rule->leaf_count; at++)
        buf_addf(&said, "%s%s", at > 0 ? " " : "", probe_state_name(states[at]));
    assert_string_equal(buf_str(&said).ptr, expected);
}

#define MEDIUM                                                                                     \
    "{\"source\":\"defender\",\"severity\":\"medium\",\"alert\":{\"title\":\"Ransomware\"},"       \
    "\"host\":{\"name\":null}}"

static void a_leaf_is_true_false_or_absent(void **state)
{
    (void)state;
    leaves_are(
        "when source = defender and severity >= high and user.id = \"u\" then collect triage",
        MEDIUM, "true false absent");
    leaves_are("when user.id != \"u\" or user.id not in [\"u\"] then collect triage", MEDIUM,
        "absent absent");
    leaves_are("when host.name = \"x\" or host.name is null or exists host.name or missing user.id "
               "then collect triage",
        MEDIUM, "absent true true true");
    leaves_are("when exists user.id or user.id is null then collect triage", MEDIUM, "false false");
}

static void every_leaf_has_its_value_whatever_cut_the_rule_short(void **state)
{
    (void)state;
    leaves_are("when source = guardduty and severity >= low and alert.title like \"ransom*\" then "
               "collect triage",
        MEDIUM, "false true true");
    leaves_are(
        "when source = defender or severity = high then collect triage", MEDIUM, "true false");
}

static void a_raw_value_that_does_not_fit_is_absent(void **state)
{
    (void)state;
    leaves_are("when raw[\"n\"] > 5 or raw[\"n\"] = \"seven\" or raw[\"n\"] in 1..9 or "
               "raw[\"l\"] = \"x\" then collect triage",
        "{\"n\":\"seven\",\"l\":[]}", "absent true absent absent");
    leaves_are("when raw[\"n\"] > 5 then collect triage", "{\"n\":\"7\"}", "true");
}

static void functions_are_absent_when_what_they_read_is(void **state)
{
    (void)state;
    leaves_are("when lower(user.name) = \"x\" or len(alert.title) > 3 then collect triage", MEDIUM,
        "absent true");
    leaves_are("when hour(alert.time) in 7..20 then collect triage", MEDIUM, "absent");
}

static void a_macro_called_twice_has_two_sets_of_leaves(void **state)
{
    (void)state;
    CLEANUP(probed_release) struct probed probed = { 0 };
    probe_text(&probed, "macro near(a : ip) = a in \"10.0.0.0/8\" or a = \"192.0.2.1\"\n"
                        "let loud = severity >= high\n"
                        "when near(src.ip) and not (near(dst.ip) or loud) then collect triage");
    assert_int_equal(probed.rule->leaf_count, 5);
    const struct probe_leaf *leaves = probed.rule->leaves;
    assert_true(str_is(leaf_text(&probed, 0), "a in \"10.0.0.0/8\""));
    assert_true(str_is(leaf_text(&probed, 2), "a in \"10.0.0.0/8\""));
    assert_true(leaves[0].at.start == leaves[2].at.start);
    assert_int_equal(leaves[0].expr->test.left->is.field, FIELD_SRC_IP);
    assert_int_equal(leaves[2].expr->test.left->is.field, FIELD_DST_IP);
    assert_true(
        str_is(sources_text(&probed.compilation.sources, leaves[2].use->at), "near(dst.ip)"));
    assert_true(str_is(leaves[4].use->declaration->name, "loud"));
    const struct probe_node *root = probed.rule->conditions[0].root;
    assert_int_equal(root->kind, PROBE_AND);
    assert_int_equal(root->first->kind, PROBE_USE);
    assert_int_equal(root->first->next->kind, PROBE_NOT);
    assert_null(root->first->next->next);
}

/* A truth handed to a macro stands where it was written: in the rule. */
static void an_argument_that_is_a_condition_is_a_leaf_of_the_caller(void **state)
{
    (void)state;
    CLEANUP(probed_release) struct probed probed = { 0 };
    probe_text(&probed, "let loud = severity = high\nlet ours = source = defender\n"
                        "macro both(a : bool, b : bool) = a and not b\n"
                        "when both(loud, ours) then collect triage");
    assert_int_equal(probed.rule->leaf_count, 2);
    assert_true(str_is(leaf_text(&probed, 0), "severity = high"));
    assert_true(str_is(probed.rule->leaves[0].use->declaration->name, "loud"));
    assert_null(probed.rule->leaves[0].use->outer);
}

static void one_operator_joins_its_operands_in_one_node(void **state)
{
    (void)state;
    CLEANUP(probed_release) struct probed probed = { 0 };
    uint32_t count = 0;
    probe_text(&probed,
        "when severity = low and severity = high and (source = defender or "
        "source = guardduty or exists user.id) and exists host.id then collect triage");
    const struct probe_node *root = probed.rule->conditions[0].root;
    for (const struct probe_node *part = root->first; part != NULL; part = part->next)
        count++;
    assert_int_equal(count, 4);
    count = 0;
    for (const struct probe_node *part = root->first->next->next->first; part != NULL;
         part = part->next)
        count++;
    assert_int_equal(count, 3);
}

static void an_if_is_a_condition_and_its_results_are_not_known(void **state)
{
    (void)state;
    const char *text = "when source = defender then collect triage as t;"
                       " if severity = high and t.complete then { collect memory }";
    CLEANUP(probed_release) struct probed probed = { 0 };
    probe_text(&probed, text);
    assert_int_equal(probed.rule->condition_count, 2);
    assert_int_equal(probed.rule->conditions[1].place, PROBE_IF);
    assert_false(probed.rule->leaves[1].reads_results);
    assert_true(probed.rule->leaves[2].reads_results);
    leaves_are(text, MEDIUM, "true false undecided");
    struct event event = read_alert(probed.compilation.program, &probed.arena, MEDIUM);
    struct kept_result kept = { .step = 0,
        .result = { .members = { [RESULT_COMPLETE] = value_bool(true) } } };
    enum probe_state leaf;
    assert_int_equal(
        probe_leaf_state(probed.compilation.program, &probed.rule->leaves[2], &event, &kept, &leaf),
        ERR_OK);
    assert_int_equal(leaf, PROBE_TRUE);
}

static void a_regex_at_its_limit_is_undecided(void **state)
{
    (void)state;
    char alert[8192] = "{\"x\":\"";
    size_t length = strlen(alert);
    memset(alert + length, 'a', 6000);
    alert[length + 5999] = '!';
    strcpy(alert + length + 6000, "\"}");
    leaves_are("when raw[\"x\"] matches /(a|aa)+$/ or exists raw[\"x\"] then collect triage", alert,
        "undecided true");
}

static void probes_are_no_part_of_a_rule(void **state)
{
    (void)state;
    const char *text = "rule a { when severity = high and lower(host.name) = \"x\" then collect "
                       "triage }\nrule b { when exists user.id then collect triage }";
    CLEANUP(probed_release) struct probed probed = { 0 };
    CLEANUP(compile_release) struct compilation plain = { 0 };
    probe_text(&probed, text);
    const struct program *without = compile_good(&plain, text);
    const struct program *with = probed.compilation.program;
    assert_int_equal(without->probe_count, 0);
    assert_true(with->probe_count > 0);
    assert_null(plain.probes);
    for (uint32_t at = 0; at < 2; at++)
        assert_true(str_equal(without->rules[at].id, with->rules[at].id));
    assert_true(str_equal(without->hash, with->hash));
}

/* ---- agreement ---- */

static const char *const agreeing[] = {
    "macro near(a : ip) = a in \"10.0.0.0/8\" or a = \"192.0.2.9\"\n"
    "when (near(src.ip) or not near(dst.ip)) and severity >= medium then collect triage",
    "when source = defender and not (severity < high or host.name = user.name) or "
    "raw[\"n\"] > 5 and raw[\"n\"] != 7 then collect triage",
    "let loud = severity in [high, critical]\n"
    "when not not loud or (alert.title contains any [\"ran\", \"mal\"] and not exists host.id) "
    "then "
    "collect triage",
    "when lower(host.name) startswith \"web\" or first(user.name, host.name) = \"x\" or "
    "all host.ip in \"10.0.0.0/8\" and any host.ip != \"10.1.2.3\" then collect triage",
    "when raw[\"a.b\"] in 1..5 or raw[\"yes\"] = true or anywhere contains \"zzz\" and missing "
    "user.id "
    "then "
    "collect triage",
    "let shown = severity != low\n"
    "let ours = user.name like \"w*\"\n"
    "macro pick(c : bool) = c and not (missing host.name or host.name is null)\n"
    "when pick(shown) or pick(ours) then collect triage",
};

static const char *const members[][5] = {
    { "\"severity\":\"low\"", "\"severity\":\"high\"", "\"severity\":\"medium\"",
        "\"severity\":\"loud\"", NULL },
    { "\"host.name\":\"web-1\"", "\"host.name\":\"x\"", "\"host.name\":null", "\"host.name\":\"\"",
        NULL },
    { "\"user.name\":\"web-1\"", "\"user.name\":\"zzz\"", "\"user.name\":[\"x\",null]", NULL,
        NULL },
    { "\"src.ip\":\"10.0.0.1\"", "\"src.ip\":\"192.0.2.9\"", "\"src.ip\":[]", "\"src.ip\":\"no\"",
        NULL },
    { "\"dst.ip\":\"10.0.0.1\"", "\"dst.ip\":[\"198.51.100.1\",\"10.2.3.4\"]", NULL, NULL, NULL },
    { "\"host.ip\":[\"10.1.2.3\"]", "\"host.ip\":[\"10.1.2.3\",\"192.0.2.1\"]", NULL, NULL, NULL },
    { "\"alert.title\":\"Ransomware\"", "\"alert.title\":\"a zzz\"", NULL, NULL, NULL },
    { "\"host.id\":\"d1\"", NULL, NULL, NULL, NULL },
    { "\"user.id\":\"u1\"", NULL, NULL, NULL, NULL },
    { "\"n\":7", "\"n\":\"6\"", "\"n\":\"six\"", "\"n\":null", NULL },
    { "\"a\":{\"b\":3}", "\"a\":[{\"b\":9},{\"b\":\"5\"}]", "\"yes\":true", "\"yes\":\"true\"",
        NULL },
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void add_alert(struct buf *alert, uint32_t *seed)
{
    buf_clear(alert);
    buf_add(alert, STR("{\"source\":\"defender\""));
    for (size_t at = 0; at < COUNT_OF(members); at++) {
        const char *member = members[at][next_random(seed) % 5];
        if (member != NULL && (at < COUNT_OF(members) - 2 || next_random(seed) % 2 == 0))
            buf_addf(alert, ",%s", member);
    }
    buf_add(alert, STR("}"));
}

static void the_root_from_the_leaves_is_what_the_rule_does(void **state)
{
    (void)state;
    uint32_t seed = 7;
    uint32_t fired = 0;
    enum { ALERTS = 2000 };
    CLEANUP(buf_release) struct buf alert = BUF_INIT(4096);
    for (size_t at = 0; at < COUNT_OF(agreeing); at++) {
        CLEANUP(probed_release) struct probed probed = { 0 };
        probe_text(&probed, agreeing[at]);
        const struct program *program = probed.compilation.program;
        for (int turn = 0; turn < ALERTS; turn++) {
            CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
            enum probe_state states[16];
            bool matches = false;
            add_alert(&alert, &seed);
            struct event event = read_alert(program, &arena, buf_str(&alert).ptr);
            assert_true(probed.rule->leaf_count <= 16);
            assert_int_equal(probe_leaves(program, probed.rule, &event, NULL, states), ERR_OK);
            assert_int_equal(
                rule_passes(program, &program->rules[0], &event, &arena, &matches), ERR_OK);
            enum probe_state root = probe_state_of(probed.rule->conditions[0].root, states);
            if ((root == PROBE_TRUE) != matches)
                print_error("%s\n%s\n", agreeing[at], buf_str(&alert).ptr);
            assert_int_equal(root == PROBE_TRUE, matches);
            fired += matches;
        }
    }
    assert_in_range(fired, ALERTS / 4, ALERTS * COUNT_OF(agreeing) - ALERTS / 4);
}

static void an_event_can_be_read_again_with_other_raw_values(void **state)
{
    (void)state;
    CLEANUP(probed_release) struct probed probed = { 0 };
    probe_text(&probed,
        "source mine {\n  accept raw[\"kind\"] = \"mine\"\n"
        "  host.name = raw[\"h\"]\n}\nwhen host.name = \"new\" then collect triage");
    const struct program *program = probed.compilation.program;
    struct event event = read_alert(program, &probed.arena, "{\"kind\":\"mine\",\"h\":\"old\"}");
    value *values = ARENA_ARRAY(&probed.arena, value, event.raw.count);
    assert_non_null(values);
    memcpy(values, event.raw.values, event.raw.count * sizeof values[0]);
    for (uint32_t at = 0; at < program->path_count; at++)
        if (str_is(program->paths[at], "h"))
            values[at] = value_text(STR("new"));
    struct event changed;
    bool matches = false;
    assert_int_equal(
        event_with_raw(program, &event, values, STR(""), &probed.arena, &changed), ERR_OK);
    assert_int_equal(
        rule_passes(program, &program->rules[0], &changed, &probed.arena, &matches), ERR_OK);
    assert_true(matches);
    assert_true(str_is(changed.source, "mine"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_is_true_false_or_absent),
        cmocka_unit_test(every_leaf_has_its_value_whatever_cut_the_rule_short),
        cmocka_unit_test(a_raw_value_that_does_not_fit_is_absent),
        cmocka_unit_test(functions_are_absent_when_what_they_read_is),
        cmocka_unit_test(a_macro_called_twice_has_two_sets_of_leaves),
        cmocka_unit_test(an_argument_that_is_a_condition_is_a_leaf_of_the_caller),
        cmocka_unit_test(one_operator_joins_its_operands_in_one_node),
        cmocka_unit_test(an_if_is_a_condition_and_its_results_are_not_known),
        cmocka_unit_test(a_regex_at_its_limit_is_undecided),
        cmocka_unit_test(probes_are_no_part_of_a_rule),
        cmocka_unit_test(the_root_from_the_leaves_is_what_the_rule_does),
        cmocka_unit_test(an_event_can_be_read_again_with_other_raw_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
