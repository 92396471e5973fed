#include "registry.h"
#include "settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

/* A step that needs a provider can be given a connection to it. */
static void every_provider_of_a_builtin_can_be_connected(void **state)
{
    (void)state;
    for (size_t at = 0; builtin_at(at) != NULL; at++)
        if (builtin_at(at)->provider != NULL) {
            if (!provider_is(str_from(builtin_at(at)->provider)))
                print_error("%s\n", builtin_at(at)->provider);
            assert_true(provider_is(str_from(builtin_at(at)->provider)));
        }
}

static bool has_rows(str keyword, str provider)
{
    for (size_t at = 0; setting_at(at)->key != NULL; at++) {
        const struct setting *row = setting_at(at);
        if (!str_equal(str_from(row->block), keyword) && setting_is_in(row, keyword, provider))
            return true;
    }
    return false;
}

static void every_provider_has_settings_of_its_own(void **state)
{
    (void)state;
    for (size_t at = 0; provider_at(at) != NULL; at++)
        assert_true(has_rows(STR("connection"), str_from(provider_at(at))));
    assert_false(has_rows(STR("connection"), STR("nobody")));
    assert_false(provider_is(STR("")));
    assert_false(provider_is(STR("AWS")));
}

/* A row that is there twice would make the second one mean nothing. */
static void no_row_is_there_twice(void **state)
{
    (void)state;
    for (size_t a = 0; setting_at(a)->key != NULL; a++)
        for (size_t b = 0; b < a; b++)
            assert_false(str_is(str_from(setting_at(a)->key), setting_at(b)->key)
                         && str_is(str_from(setting_at(a)->block), setting_at(b)->block));
}

static void words_have_choices_numbers_bounds_and_other_values_neither(void **state)
{
    (void)state;
    for (size_t at = 0; setting_at(at)->key != NULL; at++) {
        const struct setting *row = setting_at(at);
        bool is_word = row->kind == SETTING_WORD || row->kind == SETTING_WORDS;
        bool is_bounded = row->kind == SETTING_NUMBER || row->kind == SETTING_SECONDS;
        long long least = 0, most = 0;
        assert_true(row->choices == NULL || is_word || is_bounded);
        if (is_bounded)
            assert_true(sscanf(row->choices, "%lld %lld", &least, &most) == 2 && least < most);
        assert_true(row->kind != SETTING_WORDS || row->choices != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_provider_of_a_builtin_can_be_connected),
        cmocka_unit_test(every_provider_has_settings_of_its_own),
        cmocka_unit_test(no_row_is_there_twice),
        cmocka_unit_test(words_have_choices_numbers_bounds_and_other_values_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
