/* test_skeleton.c - names that a person takes for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/skeleton.h"

static enum err read_as(const char *text, const char *wanted, bool *ret_found)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    CLEANUP(skeletons_release) struct skeletons skeletons = { .arena = &arena };
    const str *readings;
    uint32_t count;
    *ret_found = false;
    TRY(skeleton_readings(&skeletons, str_from(text), &readings, &count));
    for (uint32_t i = 0; i < count; i++)
        *ret_found |= str_is(readings[i], wanted);
    return ERR_OK;
}

static bool reads_as(const char *text, const char *wanted)
{
    bool is_found;
    assert_int_equal(read_as(text, wanted, &is_found), ERR_OK);
    return is_found;
}

static void a_look_alike_is_read_as_what_it_looks_like(void **state)
{
    (void)state;
    assert_true(reads_as("pr\u043Ed-db", "prod-db"));             /* Cyrillic o */
    assert_true(reads_as("\u0440r\u043Ed-d\u042C1", "prod-db1")); /* er, o, soft sign */
    assert_true(reads_as("web-\u0406", "web-1"));                 /* Ukrainian I: also 1 */
    assert_true(reads_as("web-\u0406", "web-l"));
    assert_true(reads_as("web-\u0406", "web-I"));
    assert_true(reads_as("\uFF57\uFF45\uFF42", "web")); /* full width */
    assert_true(reads_as("we\u200Bb", "web"));          /* no width */
    assert_true(reads_as("\u0153dipus", "oedipus"));
    assert_true(reads_as("\U0001D5EA\U0001D5F2\U0001D5EF", "Web")); /* mathematical */
}

static void letters_with_two_forms_are_read_alike(void **state)
{
    (void)state;
    assert_true(reads_as("mu\u0308nchen", "m\u00FCnchen"));
    assert_true(reads_as("\u0433\u0435", "\u0413\u0415") || reads_as("\u0433\u0435", "\u0433e"));
}

static void ascii_stands_for_itself_alone(void **state)
{
    (void)state;
    assert_false(reads_as("web-l", "web-1"));
    assert_false(reads_as("modern", "modem"));
    assert_false(reads_as("pr\u043Ed-l", "prod-1"));
}

static void too_many_readings_are_a_limit_and_no_silence(void **state)
{
    char name[SKELETON_TEXT_BYTES_MAX + 2] = { 0 };
    bool is_found;
    (void)state;
    for (size_t at = 0; at < 24; at += 2)
        memcpy(name + at, "\u0406", 2);
    assert_int_equal(read_as(name, "", &is_found), ERR_LIMIT);
    memset(name, 'a', sizeof(name) - 1);
    assert_int_equal(read_as(name, "", &is_found), ERR_OK);
    memcpy(name, "\u0406", 2);
    assert_int_equal(read_as(name, "", &is_found), ERR_LIMIT);
}

static void what_is_no_utf8_has_a_reading_too(void **state)
{
    (void)state;
    assert_true(reads_as("web\xFF", "web\uFFFD"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_alike_is_read_as_what_it_looks_like),
        cmocka_unit_test(letters_with_two_forms_are_read_alike),
        cmocka_unit_test(ascii_stands_for_itself_alone),
        cmocka_unit_test(too_many_readings_are_a_limit_and_no_silence),
        cmocka_unit_test(what_is_no_utf8_has_a_reading_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
