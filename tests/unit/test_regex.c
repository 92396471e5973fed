#include "match/regex.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

static struct regex *compiled(struct arena *arena, const char *pattern, const char *flags)
{
    struct regex *regex = NULL;
    const char *reason = "";
    size_t at;
    enum err err = regex_new(arena, str_from(pattern), str_from(flags), &regex, &reason, &at);
    if (err != ERR_OK)
        fail_msg("/%s/%s: %s", pattern, flags, reason);
    return regex;
}

static bool found(const char *pattern, const char *flags, const char *subject)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    bool matches = false;
    struct regex *regex = compiled(&arena, pattern, flags);
    assert_int_equal(regex_matches(regex, str_from(subject), &matches), ERR_OK);
    return matches;
}

static void assert_refused(const char *pattern, const char *flags, size_t wanted_at)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct regex *regex = NULL;
    const char *reason = NULL;
    size_t at = SIZE_MAX;
    enum err err = regex_new(&arena, str_from(pattern), str_from(flags), &regex, &reason, &at);
    if (err != ERR_INVALID || reason == NULL || at != wanted_at)
        fail_msg("/%s/%s: error %d at %zu", pattern, flags, err, at);
}

static void expressions_are_found_anywhere(void **state)
{
    (void)state;
    assert_true(found("b+", "", "abbc"));
    assert_false(found("^b", "", "abbc"));
    assert_false(found("B", "", "abbc"));
    assert_true(found("B", "i", "abbc"));
    assert_true(found("^b$", "m", "a\nb\nc"));
    assert_false(found("^b$", "", "a\nb\nc"));
    assert_true(found("a.b", "s", "a\nb"));
    assert_false(found("a.b", "", "a\nb"));
    assert_true(found("^.$", "", "\xE2\x82\xAC"));   /* one character */
    assert_true(found("\xC3\x84", "i", "\xC3\xA4")); /* case of other scripts */
    assert_true(found("(?<=a)b(?!c)", "", "abd"));
    assert_true(found("[\\1(?R)]", "", "R")); /* nothing special in a class */
    assert_true(found("[](]+x", "", "](x"));
    assert_true(found("\\Q(?R)\\E", "", "(?R)"));
    assert_true(found("\\(\\*x", "", "(*x"));
    assert_true(found("(?i-s:A)", "", "a"));
    assert_true(found("\\.[0-9]{2}", "", ".42"));
}

static void what_has_no_bound_is_refused_with_a_place(void **state)
{
    (void)state;
    assert_refused("(*LIMIT_MATCH=99999999)a", "", 0);
    assert_refused("a(*ACCEPT)", "", 1);
    assert_refused("a(?C1)b", "", 1);
    assert_refused("a\\C", "", 1);
    assert_refused("(a)\\1", "", 3);
    assert_refused("(a)\\g{1}", "", 3);
    assert_refused("(?<n>a)\\k<n>", "", 7);
    assert_refused("(?P<n>a)(?P=n)", "", 8);
    assert_refused("a(?R)?", "", 1);
    assert_refused("(a(?1)?)", "", 2);
    assert_refused("(a(?-1)?)", "", 2);
    assert_refused("(?<n>a(?&n)?)", "", 6);
    assert_refused("(?P<n>a(?P>n)?)", "", 7);
    assert_refused("(a)?(?(1)b|c)", "", 4);
    assert_refused("[]\\C](?R)", "", 5);
    assert_refused("(a", "", 2);
    assert_refused("a{2,1}", "", 5);
    assert_refused("[z-a]", "", 3);
    assert_refused("\xFF", "", 0);
    assert_refused("a", "x", 1);
}

static void limits_end_as_undecided(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    bool matches;
    static const char *const hostile[] = { "^(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$" };
    char subject[61];
    memset(subject, 'a', 60);
    subject[59] = 'b';
    subject[60] = '\0';
    for (size_t i = 0; i < COUNT_OF(hostile); i++)
        assert_int_equal(
            regex_matches(compiled(&arena, hostile[i], ""), str_from(subject), &matches),
            ERR_UNDECIDED);
    char *long_subject = calloc(1, REGEX_SUBJECT_MAX + 1);
    assert_non_null(long_subject);
    struct regex *regex = compiled(&arena, "x", "");
    str too_long = { long_subject, REGEX_SUBJECT_MAX + 1 };
    assert_int_equal(regex_matches(regex, too_long, &matches), ERR_UNDECIDED);
    assert_int_equal(
        regex_matches(regex, str_first(too_long, REGEX_SUBJECT_MAX), &matches), ERR_OK);
    free(long_subject);
}

static void a_repeated_group_goes_over_a_long_command_line(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    char subject[8001] = { 0 };
    bool matches = false;
    memset(subject, 'A', 8000);
    struct regex *regex = compiled(&arena, "^(?:[A-Za-z0-9+/]{4})*$", "");
    assert_int_equal(regex_matches(regex, str_from(subject), &matches), ERR_OK);
    assert_true(matches);
}

static void broken_text_does_not_crash_a_match(void **state)
{
    (void)state;
    assert_true(found("b", "",
        "\xFF"
        "b"));
    assert_false(found("c", "", "\xE2\x82"));
}

static void matching_costs_no_memory_of_the_compilation(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct regex *regex = compiled(&arena, "(a|b)*c", "");
    size_t before = arena.held;
    bool matches;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(regex_matches(regex, STR("ababababab"), &matches), ERR_OK);
    assert_int_equal(arena.held, before);
}

static void the_text_reads_as_written(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    assert_true(str_is(regex_text(compiled(&arena, "a/b\\/c\\d", "is")), "/a\\/b\\/c\\d/is"));
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 40000; limit += 97) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        struct regex *regex;
        const char *reason;
        size_t at;
        enum err err = regex_new(&arena, STR("(a|b)*c[[:alpha:]]"), STR("i"), &regex, &reason, &at);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_found_anywhere),
        cmocka_unit_test(what_has_no_bound_is_refused_with_a_place),
        cmocka_unit_test(limits_end_as_undecided),
        cmocka_unit_test(a_repeated_group_goes_over_a_long_command_line),
        cmocka_unit_test(broken_text_does_not_crash_a_match),
        cmocka_unit_test(matching_costs_no_memory_of_the_compilation),
        cmocka_unit_test(the_text_reads_as_written),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
