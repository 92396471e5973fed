#include "match/regex.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_MDWE /* Linux 6.3 */
enum { PR_SET_MDWE = 65, PR_MDWE_REFUSE_EXEC_GAIN = 1 };
#endif

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

static void assert_limited(const struct regex *regex, str subject)
{
    bool matches;
    assert_int_equal(regex_matches(regex, subject, &matches), ERR_UNDECIDED);
    assert_int_equal(regex_matches_slowly(regex, subject, &matches), ERR_UNDECIDED);
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
        assert_limited(compiled(&arena, hostile[i], ""), str_from(subject));
    char *long_subject = calloc(1, REGEX_SUBJECT_MAX + 1);
    assert_non_null(long_subject);
    struct regex *regex = compiled(&arena, "x", "");
    str too_long = { long_subject, REGEX_SUBJECT_MAX + 1 };
    assert_int_equal(regex_matches(regex, too_long, &matches), ERR_UNDECIDED);
    assert_int_equal(
        regex_matches(regex, str_first(too_long, REGEX_SUBJECT_MAX), &matches), ERR_OK);
    free(long_subject);
}

/* From each of its places the scan is short of PCRE2's limits: it is their sum that takes minutes. */
static void work_over_all_places_of_a_long_text_has_an_end(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    static const char *const costly[] = { "[a-z]+\\d", "[a-z]+[b-z]", "a[a-z]*.*[b-z]" };
    static const char *const cheap[] = { "\\w+\\s+\\d+", "fox.*bar", "[a-z]{9,}",
        "(?i)(mimi|sekur)" };
    char *text = malloc(REGEX_SUBJECT_MAX);
    assert_non_null(text);
    str subject = { text, REGEX_SUBJECT_MAX };
    memset(text, 'a', REGEX_SUBJECT_MAX);
    for (size_t i = 0; i < COUNT_OF(costly); i++)
        assert_limited(compiled(&arena, costly[i], ""), subject);
    for (size_t at = 0; at < REGEX_SUBJECT_MAX; at++)
        text[at] = "the quick brown cat jumps\n"[at % 26];
    for (size_t i = 0; i < COUNT_OF(cheap); i++) {
        const struct regex *regex = compiled(&arena, cheap[i], "");
        bool matches = true;
        assert_int_equal(regex_matches(regex, subject, &matches), ERR_OK);
        assert_false(matches);
        assert_int_equal(regex_matches_slowly(regex, subject, &matches), ERR_OK);
        assert_false(matches);
    }
    free(text);
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

/* Few letters, so that subjects are matched often; some bytes that are no UTF-8. */
static const char *const pieces[] = { "a", "b", "ab", "ba", "k", "\xC3\xA4", ".", "(", "(?:", ")",
    ")", "|", "?", "*", "+", "{2}", "{1,3}", "*?", "++", "[ab]", "[^a]", "[[:upper:]k]",
    "(?=", "(?!", "(?<=", "(?<!", "(?>", "^", "$", "\\b", "\\B", "\\A", "\\z", "\\w", "\\W", "\\pL",
    "\\R", "\\X", "(?i)", "(?s)", "(?m)" };
static const char *const letters[] = { "a", "b", "a", "b", "A", "k", "\xE2\x84\xAA", "\xC3\xA4",
    "\xC3\x84", "\n", "\r\n", " ", "\xFF", "\xC3", "\xE2\x84" };

static uint32_t dice(uint64_t *state, uint32_t sides)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(*state >> 33) % sides;
}

static const char *random_text(
    uint64_t *state, const char *const *of, uint32_t of_count, uint32_t most, char *text)
{
    text[0] = '\0';
    for (uint32_t count = 1 + dice(state, most); count > 0; count--)
        strcat(text, of[dice(state, of_count)]);
    return text;
}

/* A text that is long enough to be metered by both. Returns whether both could decide. */
static bool agree_on_long_text(const struct regex *regex, str piece)
{
    char text[5000];
    bool slow = false;
    bool fast = false;
    for (size_t at = 0; at < sizeof text; at++)
        text[at] = at < 2500 ? '-' : piece.ptr[at % piece.len];
    str subject = { text, sizeof text };
    if (regex_matches_slowly(regex, subject, &slow) != ERR_OK
        || regex_matches(regex, subject, &fast) != ERR_OK)
        return false;
    if (slow != fast)
        fail_msg("%.*s in many '%.*s': %d, interpreted %d", STR_ARG(regex_text(regex)),
            STR_ARG(piece), fast, slow);
    return true;
}

static void machine_code_finds_what_is_found_without(void **state)
{
    (void)state;
    uint64_t seed = 3;
    uint32_t counts[2] = { 0 };
    uint32_t long_texts = 0;
    char text[256];
    for (int round = 0; round < 20000; round++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        struct regex *regex;
        const char *reason;
        size_t at;
        str pattern = str_from(random_text(&seed, pieces, COUNT_OF(pieces), 9, text));
        if (regex_new(&arena, pattern, STR(""), &regex, &reason, &at) != ERR_OK)
            continue;
        for (int i = 0; i < 10; i++) {
            str subject = str_from(random_text(&seed, letters, COUNT_OF(letters), 12, text));
            bool slow = false;
            bool fast = false;
            assert_int_equal(regex_matches_slowly(regex, subject, &slow), ERR_OK);
            assert_int_equal(regex_matches(regex, subject, &fast), ERR_OK);
            if (slow != fast)
                fail_msg("%.*s in '%.*s': %d, interpreted %d", STR_ARG(regex_text(regex)),
                    STR_ARG(subject), fast, slow);
            counts[slow]++;
            long_texts += i == 0 && round % 8 == 0 && agree_on_long_text(regex, subject);
        }
    }
    assert_true(long_texts > 100);
    assert_true(counts[false] > 1000 && counts[true] > 1000);
}

static void *ask_often(void *regex)
{
    bool is_right = true;
    for (int i = 0; i < 1000; i++) {
        bool is_there = false;
        bool is_not = true;
        is_right = is_right && regex_matches(regex, STR("xxabab7"), &is_there) == ERR_OK && is_there
                   && regex_matches(regex, STR("xxabab"), &is_not) == ERR_OK && !is_not;
    }
    return is_right ? regex : NULL;
}

static void threads_share_an_expression(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        struct regex *regex = compiled(&arena, "(ab)+[0-9]", "");
        pthread_t threads[4];
        for (size_t i = 0; i < COUNT_OF(threads); i++)
            assert_int_equal(pthread_create(&threads[i], NULL, ask_often, regex), 0);
        for (size_t i = 0; i < COUNT_OF(threads); i++) {
            void *answer = NULL;
            assert_int_equal(pthread_join(threads[i], &answer), 0);
            assert_ptr_equal(answer, regex);
        }
    }
}

static void where_code_cannot_be_made_patterns_are_interpreted(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* no memory of this process may become code from here on */
        bool is_denied = prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
        _exit(!is_denied ? 2 : ask_often(compiled(&(struct arena){ 0 }, "(ab)+[0-9]", "")) == NULL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) {
        print_message("skipped: this kernel has no PR_SET_MDWE\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
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
        cmocka_unit_test(work_over_all_places_of_a_long_text_has_an_end),
        cmocka_unit_test(a_repeated_group_goes_over_a_long_command_line),
        cmocka_unit_test(broken_text_does_not_crash_a_match),
        cmocka_unit_test(matching_costs_no_memory_of_the_compilation),
        cmocka_unit_test(the_text_reads_as_written),
        cmocka_unit_test(machine_code_finds_what_is_found_without),
        cmocka_unit_test(threads_share_an_expression),
        cmocka_unit_test(where_code_cannot_be_made_patterns_are_interpreted),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
