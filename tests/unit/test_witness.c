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
    witness_is("(" A " or " B ") and " C, "", "exists raw[\"c\"]"); /* one of two, or this one */
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
        cmocka_unit_test(what_only_denies_has_none),
    };
    return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
