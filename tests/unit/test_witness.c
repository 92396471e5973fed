/* Which predicates are chosen to stand for a rule: what must hold where its condition does. */
#include "compiled.h"

#include "match/matcher.h"

#define ALWAYS "always"

/* The witness of the first rule, in the words of rules. `others` are rules beside it. */
static void witness_is(const char *condition, const char *others, const char *expected)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    const struct match_image *image;
    struct match_plan plan;
    char *rules = NULL;
    assert_true(
        asprintf(&rules, "rule one { when %s then collect triage }\n%s", condition, others) > 0);
    const struct program *program = compile_good(&compilation, rules);
    assert_int_equal(match_image_new(&arena, program, &image), ERR_OK);
    assert_int_equal(match_image_plan(image, 0, &arena, &plan), ERR_OK);
    const char *said =
        plan.is_always ? ALWAYS : arena_format(&arena, "%.*s", STR_ARG(plan.witness));
    if (strcmp(said, expected) != 0)
        print_error("%s\n", condition);
    assert_string_equal(said, expected);
    free(rules);
}

#define A "raw[\"a\"] = 1"
#define B "raw[\"b\"] = 2"
#define C "exists raw[\"c\"]"

static void the_least_likely_part_is_taken(void **state)
{
    (void)state;
    witness_is(A, "", A);
    witness_is(C " and " A, "", A);
    witness_is(A " and " C, "", A);
    witness_is("(" A " or " B ") and " C, "", A " or " B); /* two values of many, or any */
    witness_is("(" A " or exists raw[\"d\"]) and " C, "", "exists raw[\"c\"]");
    /* A field of few values is no rarity because rules name few of them. */
    witness_is("source = guardduty and host.name = \"a\"", "", "host.name = \"a\"");
    witness_is("source = guardduty and exists host.name", "", "source = guardduty");
    witness_is("raw[\"on\"] = true and " A, "", A);
    witness_is("(" A " or " C ") and " B, "", B);
    /* A subject of which rules know many values says more than one of which they know one. */
    witness_is("raw[\"kind\"] = \"x\" and raw[\"name\"] = \"n1\"",
        "rule two { when raw[\"name\"] in [\"n2\", \"n3\", \"n4\", \"n5\"] then collect triage }",
        "raw[\"name\"] = \"n1\"");
}

static void of_alternatives_every_one_has_a_share(void **state)
{
    (void)state;
    witness_is(A " or " B, "", A " or " B);
    witness_is("(" A " and " C ") or (" B " and " C ")", "", A " or " B);
    witness_is("(" A " and not " B ") or " B, "", A " or " B);
    witness_is("not (not " A " and not " B ")", "", A " or " B);
    witness_is(A " or not " B, "", ALWAYS);
}

static void written_truths_ask_nothing(void **state)
{
    (void)state;
    witness_is("true and " A, "", A);
    witness_is(A " and true", "", A);
    witness_is("false or " A, "", A);
    witness_is("true", "", ALWAYS);
    witness_is(A " or true", "", ALWAYS);
    witness_is("false", "", "");
    witness_is(A " and false", "", "");
    witness_is(A " and not (true = false)", "", A);
}

/* `!=` asks whether there is something: as likely as where a rule asks just that. */
static void presence_is_as_likely_however_it_is_asked(void **state)
{
    (void)state;
    static const char *const conditions[] = { "exists raw[\"a\"]", "raw[\"a\"] != 1" };
    double candidates[2];
    for (size_t i = 0; i < COUNT_OF(conditions); i++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        CLEANUP(arena_release) struct arena arena = { 0 };
        const struct match_image *image;
        struct match_plan plan;
        const char *rule =
            arena_format(&arena, "rule one { when %s then collect triage }", conditions[i]);
        assert_int_equal(match_image_new(&arena, compile_good(&compilation, rule), &image), ERR_OK);
        assert_int_equal(match_image_plan(image, 0, &arena, &plan), ERR_OK);
        assert_false(plan.is_always);
        candidates[i] = plan.candidates;
    }
    assert_true(candidates[0] > 0 && candidates[0] < 1);
    assert_true(candidates[0] == candidates[1]);
}

static void what_only_denies_has_none(void **state)
{
    (void)state;
    witness_is("not " A, "", ALWAYS);
    witness_is("missing raw[\"a\"]", "", ALWAYS);
    witness_is("not " A " and not " B, "", ALWAYS);
    witness_is("raw[\"a\"] = raw[\"b\"]", "", ALWAYS);
    /* `!=` asks that there is something. */
    witness_is("raw[\"a\"] != 1", "", "exists raw[\"a\"]");
    witness_is("not " A " and " B, "", B);
    witness_is("raw[\"a\"] = raw[\"b\"] and " A, "", A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_likely_part_is_taken),
        cmocka_unit_test(of_alternatives_every_one_has_a_share),
        cmocka_unit_test(written_truths_ask_nothing),
        cmocka_unit_test(presence_is_as_likely_however_it_is_asked),
        cmocka_unit_test(what_only_denies_has_none),
    };
    return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
