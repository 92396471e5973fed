#include "match/required.h"

#include "base/fold.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "match/regex.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static struct regex *compiled(struct arena *arena, str pattern, const char *flags)
{
    struct regex *regex;
    const char *reason;
    size_t at;
    enum err err = regex_new(arena, pattern, str_from(flags), &regex, &reason, &at);
    return err == ERR_OK ? regex : NULL;
}

/* `wanted`: the texts joined by blanks, `~` before those that are compared without case. */
static void assert_required(const char *pattern, const char *flags, const char *wanted)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct regex *regex = compiled(&arena, str_from(pattern), flags);
    struct required required;
    char text[1024] = "";
    size_t length = 0;
    assert_non_null(regex);
    assert_int_equal(regex_required(regex, &required), ERR_OK);
    for (uint32_t i = 0; i < required.count; i++)
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%s%.*s", i > 0 ? " " : "",
                required.texts[i].is_cased ? "" : "~", STR_ARG(required_text(&required.texts[i])));
    if (strcmp(text, wanted) != 0)
        fail_msg("/%s/%s: '%s', wanted '%s'", pattern, flags, text, wanted);
}

static void the_longest_text_of_a_row_is_required(void **state)
{
    (void)state;
    assert_required("mimikatz", "", "mimikatz");
    assert_required("^mimikatz\\.exe$", "", "mimikatz.exe");
    assert_required("mimikatz", "i", "~mimikatz");
    assert_required("\\d+\\.\\d+", "", "");
    assert_required("10\\.0\\.\\d+\\.\\d+", "", "10.0.");
    assert_required("ab.*cdef.*gh", "", "cdef");
    assert_required("\\\\Temp\\\\[a-z]{8}\\.dll", "", "\\Temp\\");
    assert_required("a", "", "");
    assert_required("", "", "");
    assert_required("foo[.]bar", "", "foo.bar");
    assert_required("[Pp]ower", "", "~Power");
    assert_required("\\x41\\x{42}\\t", "", "AB\t");
    assert_required("\\Qa.b\\E.c", "", "a.b");
    assert_required("\xC3\x84pfel", "", "\xC3\x84pfel");
}

static void what_may_be_missing_is_not_required(void **state)
{
    (void)state;
    assert_required("abc?def", "", "abcdef abdef");
    assert_required("abc*def", "", "def");
    assert_required("abc{0,3}def", "", "def");
    assert_required("abc{0}def", "", "def");
    assert_required("abc+def", "", "cdef");
    assert_required("ab(?:cde){2}fg", "", "abcde");
    assert_required("ab(cde)*?f", "", "ab");
    assert_required("a(?!bcd)e", "", "ae");
    assert_required("(?<!abc)x", "", "");
    assert_required("(?=.*secret)ab", "", "secret");
    assert_required("(?<=abc)\\d", "", "abc");
    assert_required("\\Qabc\\E*de", "", "ab");
    assert_required("abc(?#any)*d", "", "ab");
    assert_required("ab\\E*cd", "", "cd");
    assert_required("a{x}b", "", "a{x}b");
}

static void of_branches_one_is_required(void **state)
{
    (void)state;
    assert_required("cmd|powershell", "", "cmd powershell");
    assert_required("(?:cmd|powershell)\\.exe", "", "cmd.exe powershell.exe");
    assert_required("(cmd(\\.exe)?|wmic)\\s+/c", "", "cmd.exe cmd wmic");
    assert_required("abc|d", "", "");
    assert_required("abc|", "", "");
    assert_required("(abc.*|def.*)ghijk", "", "ghijk");
    assert_required("(foo.*bar|baz)x", "", "barx bazx");
    assert_required("a(?i)bc|de", "", "~abc ~de");
    assert_required("(a(?i)b)cd", "", "~abcd");
    assert_required("(?i:ab)|cd", "", "~ab cd");
    assert_required("[ab][cd]", "", "");
    assert_required("(a0|b0|c0|d0|e0|f0|g0|h0|i0|j0|k0|l0|m0|n0|o0|p0|q0).xy", "", "xy");
}

static void what_is_not_understood_requires_nothing(void **state)
{
    (void)state;
    assert_required("(?x)a b c", "", "");
    assert_required("abc\\cAdef", "", "");
    assert_required("abc[\\Q]\\Edef]", "", "");
    assert_required("abc\\o{101}", "", "");
    assert_required("abc\\0101", "", "");
}

static void long_texts_are_required_in_part(void **state)
{
    (void)state;
    assert_required("aaaaaaaaaabbbbbbbbbbccccccccccddddd", "", "aaaaaaaaaabbbbbbbbbbcccccccccc");
}

/* ---- random patterns against random subjects ---- */

static uint32_t dice(uint64_t *state, uint32_t sides)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(*state >> 33) % sides;
}

/* Few letters, so that subjects are matched often. */
static const char *const pieces[] = { "a", "b", "k", "s", "S", "ab", "ba", "abk", "sk", ".", "\\.",
    "(", "(?:", "(", ")", ")", ")", "|", "?", "*", "+", "{2}", "{0,1}", "{1,2}", "{0}", "{3,}",
    "+?", "*+", "[ab]", "[k]", "[aA]", "[^a]", "[]a]", "[[:alpha:]b]", "[\\]a]", "[.]", "(?i)",
    "(?-i)", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?|", "(?<n>", "(?#k)", "^", "$", "\\b",
    "\\B", "\\A", "\\K", "\\x61", "\\x{62}", "\\x{212A}", "\xE2\x84\xAA", "\xC5\xBF", "\xC3\x84",
    "\xC3\xA4", "\\Q", "\\E", "\\Qab\\E", "\\w", "\\s", "\\pL", "\\p{Lu}", "\\R", "\\X", "\\n", "{",
    "}", "{a", "{,2}", "]", "\\\\", "(?s-m)", "(?x)", "[a-k]", "[\\Qa\\E]", "\\N" };

static const char *const letters[] = { "a", "b", "k", "s", "A", "B", "K", "S", "a", "b", ".", "\n",
    "\xE2\x84\xAA", "\xC5\xBF", "\xC3\x84", "\xC3\xA4", "]", "{", "}", "\\", ",", "2", "\xFF",
    "\xE2\x84" };

static str random_text(
    uint64_t *state, const char *const *of, uint32_t of_count, uint32_t most, char *buffer)
{
    size_t length = 0;
    for (uint32_t count = 1 + dice(state, most); count > 0; count--) {
        const char *piece = of[dice(state, of_count)];
        memcpy(buffer + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return (str){ buffer, length };
}

static bool is_there(const struct required *required, str subject)
{
    bool has = required->count == 0;
    for (uint32_t i = 0; i < required->count && !has; i++) {
        str text = required_text(&required->texts[i]);
        if (required->texts[i].is_cased)
            has = memmem(subject.ptr, subject.len, text.ptr, text.len) != NULL;
        else
            assert_int_equal(fold_contains(subject, text, &has), ERR_OK);
    }
    return has;
}

static void what_matches_holds_what_is_required(void **state)
{
    (void)state;
    uint64_t seed = 7;
    uint32_t found = 0;
    char pattern_bytes[256];
    char subject_bytes[256];
    for (uint32_t round = 0; round < 60000; round++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        str pattern = random_text(&seed, pieces, COUNT_OF(pieces), 10, pattern_bytes);
        struct regex *regex = compiled(&arena, pattern, dice(&seed, 3) == 0 ? "i" : "");
        struct required required;
        if (regex == NULL)
            continue;
        assert_int_equal(regex_required(regex, &required), ERR_OK);
        for (int i = 0; i < 20 && required.count > 0; i++) {
            bool matches = false;
            str subject = random_text(&seed, letters, COUNT_OF(letters), 16, subject_bytes);
            if (regex_matches(regex, subject, &matches) != ERR_OK || !matches)
                continue;
            found++;
            if (!is_there(&required, subject))
                fail_msg("%.*s is found in '%.*s' without what it requires ('%.*s', ..)",
                    STR_ARG(regex_text(regex)), STR_ARG(subject),
                    STR_ARG(required_text(&required.texts[0])));
        }
    }
    assert_true(found > 1000);
}

/* PCRE2 folds by more than one to one; what it calls equal must be equal for fold.h. */
static void what_pcre2_calls_equal_folds_to_the_same(void **state)
{
    (void)state;
    static char others[4 * 0x3000];
    size_t length = 0;
    uint32_t points[0x1000];
    uint32_t count = 0;
    for (uint32_t point = 1; point < 0x10000; point++)
        if (fold_point(point) != point || (point >= 'a' && point <= 'z'))
            points[count++] = point;
    for (uint32_t point = 0x80; point < 0x20000; point++)
        if (point < 0x600 || fold_point(point) != point)
            length += utf8_encode(point, others + length);
    assert_true(length < sizeof others);
    for (uint32_t i = 0; i < count; i++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        char letter[UTF8_BYTES_MAX];
        str text = { letter, utf8_encode(points[i], letter) };
        struct regex *regex = compiled(&arena, text, "i");
        assert_non_null(regex);
        for (str rest = { others, length }; rest.len > 0;) {
            uint32_t point;
            str other = str_first(rest, utf8_decode(rest, &point, NULL));
            bool matches = false;
            rest = str_skip(rest, other.len);
            assert_int_equal(regex_matches(regex, other, &matches), ERR_OK);
            if (matches && fold_point(point) != fold_point(points[i]))
                fail_msg("U+%04X and U+%04X", points[i], point);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_text_of_a_row_is_required),
        cmocka_unit_test(what_may_be_missing_is_not_required),
        cmocka_unit_test(of_branches_one_is_required),
        cmocka_unit_test(what_is_not_understood_requires_nothing),
        cmocka_unit_test(long_texts_are_required_in_part),
        cmocka_unit_test(what_matches_holds_what_is_required),
        cmocka_unit_test(what_pcre2_calls_equal_folds_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
