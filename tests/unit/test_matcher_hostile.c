/* test_matcher_hostile.c - the matcher beside a full scan where rules or alerts are made to hurt. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "compile.h"
#include "event.h"
#include "interp.h"
#include "match/asked.h"

#include <stdio.h>
#include <stdlib.h>

#define RECEIVED_MS INT64_C(1767225600000)

/* A program, its matcher, and how a full scan reads its alerts. */
struct rig {
    struct compilation compilation;
    struct arena arena;
    const struct projection *projection;
    const struct match_image *image;
    struct matcher *matcher;
};

static void rig_make(struct rig *rig, str rules)
{
    *rig = (struct rig){ 0 };
    assert_int_equal(compile_begin(&rig->compilation), ERR_OK);
    assert_int_equal(compile_text(&rig->compilation, STR("hostile.cdr"), rules), ERR_OK);
    assert_int_equal(compile_program(&rig->compilation), ERR_OK);
    const struct program *program = rig->compilation.program;
    assert_non_null(program);
    assert_int_equal(
        projection_new(&rig->arena, program->paths, program->path_count, &rig->projection), ERR_OK);
    assert_int_equal(match_image_new(&rig->arena, program, &rig->image), ERR_OK);
    assert_int_equal(matcher_new(rig->image, &rig->matcher), ERR_OK);
}

static void rig_release(struct rig *rig)
{
    matcher_free(rig->matcher);
    arena_release(&rig->arena);
    compile_release(&rig->compilation);
}

static void check_matches(
    const struct rig *rig, const struct event *event, const struct matches *matches)
{
    const struct program *program = rig->compilation.program;
    uint32_t at = 0;
    for (uint32_t rule = 0; rule < program->rule_count; rule++) {
        CLEANUP(arena_release) struct arena scratch = { .limit = EVENT_BYTES_MAX };
        bool passes = false;
        bool is_listed = at < matches->count && matches->items[at].rule == rule;
        bool is_certain = is_listed && matches->items[at].is_certain;
        enum err err = rule_passes(program, &program->rules[rule], event, &scratch, &passes);
        at += is_listed;
        if (err != ERR_OK) /* at a limit what the matcher says counts */
            continue;
        assert_false(passes && !is_listed);
        assert_false(!passes && is_certain);
    }
    assert_int_equal(at, matches->count);
}

/* Ask both ways; how many rules hold by the matcher of the event. */
static uint32_t ask(struct rig *rig, str json)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    struct event event;
    struct json_fault fault = { 0 };
    struct matches matches = { 0 };
    assert_int_equal(event_read(rig->compilation.program, rig->projection, json, STR(""),
                         RECEIVED_MS, &arena, &event, &fault),
        ERR_OK);
    for (int care = SKIM_STRICT; care <= SKIM_LAX; care++) {
        enum matcher_end end;
        const struct source_program *source;
        assert_int_equal(matcher_text(rig->matcher, json, STR(""), RECEIVED_MS,
                             (enum skim_care)care, &end, &source, &matches),
            ERR_OK);
        if (end == MATCHER_DONE)
            check_matches(rig, &event, &matches);
    }
    assert_int_equal(matcher_event(rig->matcher, &event, &matches), ERR_OK);
    check_matches(rig, &event, &matches);
    return matches.count;
}

static FILE *text_open(char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    assert_non_null(out);
    return out;
}

/* ---- rules ---- */

static void ten_thousand_rules_with_one_shared_test_cost_one_alert_few_looks(void **state)
{
    (void)state;
    enum { RULES = 10000, ALERTS = 50 };
    struct rig rig;
    char *text = NULL;
    size_t len = 0;
    FILE *out = text_open(&text, &len);
    for (int i = 0; i < RULES; i++)
        fprintf(out,
            "rule r%d { when raw[\"kind\"] = \"shared\" and raw[\"event\"] = \"e%d\" then open "
            "case }\n",
            i, i / 2);
    fclose(out);
    rig_make(&rig, (str){ text, len });
    for (int i = 0; i < ALERTS; i++) {
        char json[100];
        int bytes = snprintf(
            json, sizeof json, "{\"kind\": \"SHARED\", \"event\": \"e%d\"}", i * 97 % (RULES / 2));
        assert_int_equal(ask(&rig, (str){ json, (size_t)bytes }), 2);
    }
    assert_int_equal(ask(&rig, STR("{\"kind\": \"shared\", \"event\": \"none\"}")), 0);
    /* Three questions an alert, of two rules that may fire; the other thousands are not looked at. */
    assert_true(matcher_counts(rig.matcher).candidates <= (uint64_t)3 * 2 * (ALERTS + 1));
    rig_release(&rig);
    free(text);
}

static void a_rule_of_a_thousand_alternatives_is_decided_by_any_of_them(void **state)
{
    (void)state;
    enum { ALTERNATIVES = 1000, KINDS = 4 };
    static const char *const tests[KINDS] = { "raw[\"a%d\"] = \"v\"",
        "raw[\"text\"] contains \"needle%d.\"", "raw[\"n\"] = %d",
        "raw[\"list\"] startswith \"p%d.\"" };
    struct rig rig;
    char *text = NULL;
    size_t len = 0;
    FILE *out = text_open(&text, &len);
    for (int rule = 0; rule < 3; rule++) {
        fprintf(out, "rule r%d { when %s(raw[\"on\"] = true", rule, rule == 2 ? "not " : "");
        for (int i = 0; i < ALTERNATIVES; i++) {
            fputs(" or ", out);
            if (rule == 1) /* as many that must hold together */
                fputs("(raw[\"b\"] = \"v\" and ", out);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            fprintf(out, tests[i % KINDS], i);
#pragma GCC diagnostic pop
            fputs(rule == 1 ? ")" : "", out);
        }
        fputs(") then open case }\n", out);
    }
    fclose(out);
    rig_make(&rig, (str){ text, len });
    assert_int_equal(ask(&rig, STR("{}")), 1);
    assert_int_equal(ask(&rig, STR("{\"a996\": \"v\"}")), 1);
    assert_int_equal(ask(&rig, STR("{\"text\": \"a needle997. here\", \"b\": \"v\"}")), 2);
    assert_int_equal(ask(&rig, STR("{\"n\": 998}")), 1);
    assert_int_equal(ask(&rig, STR("{\"n\": 997}")), 1);
    assert_int_equal(ask(&rig, STR("{\"list\": [\"x\", \"P999.y\"], \"b\": [\"w\", \"v\"]}")), 2);
    assert_int_equal(ask(&rig, STR("{\"on\": \"true\"}")), 2);
    rig_release(&rig);
    free(text);
}

static void conditions_at_the_ceiling_of_nodes_agree(void **state)
{
    (void)state;
    enum { LEAVES = 12000 }; /* a leaf is three nodes, and one joins it */
    struct rig rig;
    char *text = NULL;
    size_t len = 0;
    FILE *out = text_open(&text, &len);
    for (int rule = 0; rule < 2; rule++) {
        fprintf(out, "rule r%d { when %s(raw[\"n\"] = 0", rule,
            rule == 0 ? "" : "exists raw[\"n\"] and not ");
        for (int leaf = 1; leaf < LEAVES; leaf++)
            fprintf(out, " or raw[\"n\"] = %d", leaf);
        fputs(") then open case }\n", out);
    }
    fclose(out);
    rig_make(&rig, (str){ text, len });
    assert_int_equal(ask(&rig, STR("{\"n\": 11999}")), 1);
    assert_int_equal(ask(&rig, STR("{\"n\": \"0\"}")), 1);
    assert_int_equal(ask(&rig, STR("{\"n\": 12000}")), 1);
    assert_int_equal(ask(&rig, STR("{\"n\": [12000, 7]}")), 1);
    assert_int_equal(ask(&rig, STR("{}")), 0);
    rig_release(&rig);
    free(text);
}

/* ---- alerts ---- */

static const char field_rules[] =
    "rule a { when raw[\"a\"] = \"x\" or raw[\"a\"] contains \"powershell\" then open case }\n"
    "rule b { when raw[\"b\"] matches /power.*shell/i and not raw[\"b\"] = \"x\" then open case }\n"
    "rule c { when raw[\"c\"] endswith \"aaaaaaaaab\" then open case }\n"
    "rule d { when raw[\"d\"] like \"*aab*aab?\" then open case }\n"
    "rule e { when any raw[\"e\"] in [\"x\", \"y\", \"zz\"] and missing raw[\"f\"] then open case "
    "}\n"
    "rule f { when anywhere contains \"needle\" then open case }\n"
    "rule g { when all raw[\"e\"] = \"x\" then open case }\n";

static void an_alert_of_huge_fields_is_the_same_both_ways(void **state)
{
    (void)state;
    enum { FIELD_BYTES = 250000, ELEMENTS = 60000 };
    static const char *const grams[] = { "a", "powershel", "aab", "n\303\251edl" };
    struct rig rig;
    rig_make(&rig, STR(field_rules));
    for (size_t kind = 0; kind < sizeof grams / sizeof *grams; kind++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = text_open(&text, &len);
        fputs("{\"none\": 0", out);
        for (char key = 'a'; key < 'e'; key++) {
            fprintf(out, ", \"%c\": \"", key);
            for (size_t bytes = 0; bytes < FIELD_BYTES; bytes += strlen(grams[kind]))
                fputs(grams[kind], out);
            fputs(kind % 2 == 0 ? "b\"" : "l\"", out);
        }
        fputs(", \"e\": [\"x\"", out);
        for (int i = 0; i < ELEMENTS; i++)
            fputs(kind == 0 ? ",\"X\"" : ",\"w\"", out);
        fputs("]}", out);
        fclose(out);
        assert_true(len < ALERT_BYTES_MAX);
        assert_true(ask(&rig, (str){ text, len }) >= 1);
        free(text);
    }
    rig_release(&rig);
}

/* What held for one alert holds for no other: after many, and when their number begins anew. */
static void ask_alternately(struct rig *rig, int alerts)
{
    for (int i = 0; i < alerts; i++) {
        assert_int_equal(ask(rig, STR("{\"a\": \"x\", \"e\": \"y\"}")), 2);
        assert_int_equal(ask(rig, STR("{\"b\": \"PowerShell\", \"e\": \"x\"}")), 3);
        assert_int_equal(ask(rig, STR("{\"d\": \"needle\"}")), 1);
        assert_int_equal(ask(rig, STR("{}")), 0);
    }
}

static void thousands_of_alerts_leave_nothing_behind_in_a_matcher(void **state)
{
    (void)state;
    struct rig rig;
    rig_make(&rig, STR(field_rules));
    ask_alternately(&rig, 2000);
    rig_release(&rig);
}

static uint32_t ask_event(struct rig *rig, str json)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    struct event event;
    struct json_fault fault = { 0 };
    struct matches matches = { 0 };
    assert_int_equal(event_read(rig->compilation.program, rig->projection, json, STR(""),
                         RECEIVED_MS, &arena, &event, &fault),
        ERR_OK);
    assert_int_equal(matcher_event(rig->matcher, &event, &matches), ERR_OK);
    check_matches(rig, &event, &matches);
    return matches.count;
}

/* A second alert gets the number of the first: what the first left there must not count. */
static void when_the_number_of_alerts_wraps_no_old_stamp_looks_new(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        uint32_t matches;
    } alerts[] = {
        { "{\"a\": \"x\", \"b\": \"power, shell\", \"e\": \"x\"}", 4 },
        { "{\"b\": \"x\", \"e\": \"w\"}", 0 },
        { "{\"b\": \"powershell\"}", 1 },
        { "{\"b\": \"power, bell\"}", 0 },
    };
    enum { ALERTS = sizeof alerts / sizeof *alerts };
    for (int pair = 0; pair < ALERTS * ALERTS; pair++) {
        int first = pair / ALERTS;
        int second = pair % ALERTS;
        struct rig rig;
        rig_make(&rig, STR(field_rules));
        assert_int_equal(ask_event(&rig, str_from(alerts[first].json)), alerts[first].matches);
        uint32_t number = rig.matcher->truths.alert;
        rig.matcher->truths.alert = UINT32_MAX;
        assert_int_equal(ask_event(&rig, str_from(alerts[second].json)), alerts[second].matches);
        assert_int_equal(rig.matcher->truths.alert, number);
        rig_release(&rig);
    }
}

/* Needles longer than the runs of a text that is all they are made of: each place is compared. */
static void write_long_needles(FILE *out, const char *const *subjects, size_t count)
{
    static const char needle[] =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    fputs("source mine {\n accept exists raw[\"x\"]\n", out);
    for (size_t i = 1; i < count; i++)
        fprintf(out, " %s = raw[\"x\"]\n", subjects[i]);
    fputs("}\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out,
            "rule folded%zu { when %s contains \"%s\" then open case }\n"
            "rule cased%zu { when %s contains \"%s\" cased then open case }\n",
            i, subjects[i], needle, i, subjects[i], needle);
    fputs("rule plain { when raw[\"y\"] = \"evil\" then open case }\n", out);
}

/* An alert whose one text fills it: runs of letters, and behind them what is not ASCII. */
static void write_long_text(FILE *out, const char *end)
{
    fputs("{\"y\": \"evil\", \"x\": \"", out);
    for (size_t bytes = 0; bytes < ALERT_BYTES_MAX - 100; bytes += 65)
        fputs("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ", out);
    fprintf(out, "%s\"}", end);
}

/* The text and its event, without the full scan, which takes seconds for what is asked here. */
static uint32_t ask_both(struct rig *rig, str json)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    struct event event;
    struct json_fault fault = { 0 };
    struct matches matches = { 0 };
    enum matcher_end end;
    const struct source_program *source;
    assert_int_equal(matcher_text(rig->matcher, json, STR(""), RECEIVED_MS, SKIM_STRICT, &end,
                         &source, &matches),
        ERR_OK);
    assert_int_equal(end, MATCHER_DONE);
    uint32_t count = matches.count;
    assert_int_equal(event_read(rig->compilation.program, rig->projection, json, STR(""),
                         RECEIVED_MS, &arena, &event, &fault),
        ERR_OK);
    assert_int_equal(matcher_event(rig->matcher, &event, &matches), ERR_OK);
    assert_int_equal(matches.count, count);
    return count;
}

static void subjects_that_read_one_long_text_take_memory_for_one(void **state)
{
    (void)state;
    static const char *const subjects[] = { "raw[\"x\"]", "alert.title", "process.cmdline",
        "process.path", "process.name", "host.name", "user.name", "file.path" };
    static const char *const ends[] = { "end", "\303\211nd" };
    struct rig rig;
    char *rules = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out = text_open(&rules, &len);
    write_long_needles(out, subjects, sizeof subjects / sizeof *subjects);
    fclose(out);
    rig_make(&rig, (str){ rules, len });
    /* Sums for cased and for folded needles; of what is not ASCII a folded copy, too, and its sums. */
    rig.matcher->element.limit = (size_t)24 * ALERT_BYTES_MAX;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        out = text_open(&text, &len);
        write_long_text(out, ends[i]);
        fclose(out);
        assert_true(len <= ALERT_BYTES_MAX);
        assert_int_equal(ask_both(&rig, (str){ text, len }), 1);
        assert_true(rig.matcher->element.held < ALERT_BYTES_MAX); /* given back */
        free(text);
    }
    rig_release(&rig);
    free(rules);
}

/* Every value of a long array means the same thousands of predicates: they are walked once. */
static void values_that_mean_the_same_predicates_mark_them_once(void **state)
{
    (void)state;
    enum { RULES = 1000, ELEMENTS = 10000, QUESTIONS = 3, PIECES_LOG = 11 };
    static const struct {
        const char *test, *element;
    } kinds[] = {
        { "> %d", "9000" },
        { "in [\"a\", \"b%d\"]", "\"a\"" },
        { "contains any [\"abcd\", \"zq%d\"]", "\"xabcdx\"" },
        { "contains any [\"\", \"zq%d\"]", "\"x\"" },
    };
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        struct rig rig;
        char *rules = NULL;
        char *text = NULL;
        size_t len = 0;
        FILE *out = text_open(&rules, &len);
        for (int i = 0; i < RULES; i++) {
            fprintf(out, "rule r%d { when raw[\"n\"] ", i);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            fprintf(out, kinds[kind].test, i);
#pragma GCC diagnostic pop
            fputs(" then open case }\n", out);
        }
        fclose(out);
        rig_make(&rig, (str){ rules, len });
        out = text_open(&text, &len);
        fprintf(out, "{\"n\": [%s", kinds[kind].element);
        for (int i = 1; i < ELEMENTS; i++)
            fprintf(out, ", %s", kinds[kind].element);
        fputs("]}", out);
        fclose(out);
        assert_int_equal(ask(&rig, (str){ text, len }), RULES);
        free(text);
        uint64_t walked = rig.matcher->truths.walked;
        assert_true(walked >= (uint64_t)QUESTIONS * (RULES - ROW_LEAST));
        /* Short rows alone are walked for each value: of ranges one for each level of their tree. */
        uint64_t of_short_rows =
            kind == 0 ? (uint64_t)QUESTIONS * ELEMENTS * PIECES_LOG * ROW_LEAST : 0;
        assert_true(walked <= (uint64_t)QUESTIONS * 2 * RULES + of_short_rows);
        rig_release(&rig);
        free(rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_rules_with_one_shared_test_cost_one_alert_few_looks),
        cmocka_unit_test(a_rule_of_a_thousand_alternatives_is_decided_by_any_of_them),
        cmocka_unit_test(conditions_at_the_ceiling_of_nodes_agree),
        cmocka_unit_test(an_alert_of_huge_fields_is_the_same_both_ways),
        cmocka_unit_test(thousands_of_alerts_leave_nothing_behind_in_a_matcher),
        cmocka_unit_test(subjects_that_read_one_long_text_take_memory_for_one),
        cmocka_unit_test(values_that_mean_the_same_predicates_mark_them_once),
        cmocka_unit_test(when_the_number_of_alerts_wraps_no_old_stamp_looks_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
