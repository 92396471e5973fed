/* Short constants as they are compared where their slot is. */
#include "match/points.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool equal(enum points_kind kind, str a, str b)
{
    struct points_head left = points_head_of(kind, a);
    struct points_head right = points_head_of(kind, b);
    assert_int_not_equal(left.len, HEAD_LONG);
    assert_int_not_equal(right.len, HEAD_LONG);
    return points_head_equal(&left, &right);
}

static void heads_differ_wherever_one_byte_does(void **state)
{
    (void)state;
    const char text[] = "192.168.100.10x";
    char other[sizeof text];
    for (size_t len = 0; len < sizeof text; len++)
        for (size_t at = 0; at < len; at++) {
            memcpy(other, text, sizeof text);
            for (int kind = POINTS_FOLDED; kind <= POINTS_CASED; kind++)
                assert_true(equal((enum points_kind)kind, (str){ text, len }, (str){ other, len }));
            other[at] = '#';
            for (int kind = POINTS_FOLDED; kind <= POINTS_CASED; kind++)
                assert_false(
                    equal((enum points_kind)kind, (str){ text, len }, (str){ other, len }));
        }
}

static void a_text_is_no_beginning_of_another(void **state)
{
    (void)state;
    assert_false(equal(POINTS_CASED, STR("a"), (str){ "a\0", 2 }));
    assert_false(equal(POINTS_CASED, STR(""), (str){ "\0", 1 }));
    assert_false(equal(POINTS_CASED, STR("abcdefghijkl"), STR("abcdefghijklm")));
}

static void only_letters_fold(void **state)
{
    (void)state;
    assert_true(equal(POINTS_FOLDED, STR("AbcdefghijkLMNZ"), STR("aBCDEFGHIJKlmnz")));
    assert_false(equal(POINTS_CASED, STR("AbcdefghijkLMNZ"), STR("aBCDEFGHIJKlmnz")));
    assert_false(equal(POINTS_FOLDED, STR("@["), STR("`{")));
}

static void what_is_long_or_no_ascii_has_no_head(void **state)
{
    (void)state;
    assert_int_equal(points_head_of(POINTS_CASED, STR("0123456789abcdef")).len, HEAD_LONG);
    assert_int_equal(points_head_of(POINTS_FOLDED, STR("\xC3\xA9")).len, HEAD_LONG);
    assert_int_equal(points_head_of(POINTS_CASED, STR("\xC3\xA9")).len, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_differ_wherever_one_byte_does),
        cmocka_unit_test(a_text_is_no_beginning_of_another),
        cmocka_unit_test(only_letters_fold),
        cmocka_unit_test(what_is_long_or_no_ascii_has_no_head),
    };
    return cmocka_run_group_tests_name("points", tests, NULL, NULL);
}
