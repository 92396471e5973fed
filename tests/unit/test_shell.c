#include "shell.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void a_word_means_nothing_to_a_shell_but_itself(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "rules/a-1.cdr", "rules/a-1.cdr" },
        { "", "''" },
        { "my rules", "'my rules'" },
        { "x;reboot", "'x;reboot'" },
        { "$(id)", "'$(id)'" },
        { "it's", "'it'\\''s'" },
        { "''", "''\\'''\\'''" },
        { "~root", "'~root'" },
        { "a\nb", "'a\nb'" },
        { "r\xC3\xA9gles", "r\xC3\xA9gles" },
    };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        str word = shell_word(&arena, str_from(cases[at][0]));
        assert_string_equal(word.ptr, cases[at][1]);
        assert_int_equal(word.len, strlen(cases[at][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_means_nothing_to_a_shell_but_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
