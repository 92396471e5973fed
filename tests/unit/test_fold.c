#include "base/fold.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

static bool contains(str text, str part)
{
    bool is_there = false;
    assert_int_equal(fold_contains(text, part, &is_there), ERR_OK);
    return is_there;
}

static void case_is_folded_in_every_script(void **state)
{
    (void)state;
    assert_true(fold_equal(STR("Defender"), STR("dEFENDER")));
    assert_true(fold_equal(STR("\xC3\x84rger"), STR("\xC3\xA4RGER")));
    assert_true(fold_equal(STR("\xD0\x94\xD0\x90"), STR("\xD0\xB4\xD0\xB0"))); /* Cyrillic */
    assert_true(fold_equal(STR("\xE2\x84\xAA"), STR("k")));                    /* Kelvin sign */
    assert_true(fold_equal(STR("\xCF\x82"), STR("\xCE\xA3")));                 /* sigmas */
    assert_false(fold_equal(STR("a"), STR("ab")));
    assert_false(fold_equal(STR("\xC3\x9F"), STR("ss"))); /* simple folding: one to one */
}

static void prefixes_and_suffixes_may_differ_in_bytes(void **state)
{
    (void)state;
    assert_true(fold_startswith(STR("\xE2\x84\xAA:\\x"), STR("K:")));
    assert_true(fold_endswith(STR("a.\xE2\x84\xAA"), STR(".K")));
    assert_true(fold_endswith(STR("a.k"), STR(".\xE2\x84\xAA")));
    assert_true(fold_startswith(STR("x"), STR("")));
    assert_true(fold_endswith(STR(""), STR("")));
    assert_false(fold_endswith(STR("b"), STR("ab")));
}

static void order_is_by_folded_code_point(void **state)
{
    (void)state;
    assert_true(fold_compare(STR("a"), STR("B")) < 0);
    assert_true(fold_compare(STR("B"), STR("a")) > 0);
    assert_true(fold_compare(STR("AB"), STR("a")) > 0);
    assert_int_equal(fold_compare(STR("\xC3\x84"), STR("\xC3\xA4")), 0);
}

static void equal_texts_hash_alike(void **state)
{
    (void)state;
    assert_true(fold_hash(STR("Detail.Type")) == fold_hash(STR("detail.type")));
    assert_true(fold_hash(STR("\xE2\x84\xAA")) == fold_hash(STR("k")));
    assert_true(fold_hash(STR("a")) != fold_hash(STR("b")));
}

static void parts_are_found_wherever_they_stand(void **state)
{
    (void)state;
    assert_true(contains(STR("C:\\Windows\\CERTUTIL.exe"), STR("certutil")));
    assert_true(contains(STR("aab"), STR("AB")));
    assert_true(contains(STR("x"), STR("")));
    assert_true(contains(STR("\xC3\x84\xC3\x84\xC3\x9C"), STR("\xC3\xA4\xC3\xBC")));
    assert_false(contains(STR("abc"), STR("abcd")));
    assert_false(contains(STR(""), STR("a")));
}

static void a_hostile_search_stays_linear(void **state)
{
    (void)state;
    enum { TEXT = 1000000, PART = 100000 };
    char *text = malloc(TEXT);
    char *part = malloc(PART);
    assert_non_null(text);
    assert_non_null(part);
    memset(text, 'a', TEXT);
    memset(part, 'A', PART);
    part[PART - 1] = 'b';
    clock_t start = clock();
    assert_false(contains((str){ text, TEXT }, (str){ part, PART }));
    text[TEXT - 1] = 'B'; /* found at the very end, by the slow road */
    assert_true(contains((str){ text, TEXT }, (str){ part, PART }));
    /* The square would be 10^11 steps. */
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5.0);
    free(text);
    free(part);
}

static void broken_text_folds_without_running_over(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str folded = fold_copy(&arena, STR("\xFF\xFE\xFD"));
    assert_int_equal(folded.len, 9);
    assert_int_equal(fold_copy(&arena, STR("\xC8\xBA")).len, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_is_folded_in_every_script),
        cmocka_unit_test(prefixes_and_suffixes_may_differ_in_bytes),
        cmocka_unit_test(order_is_by_folded_code_point),
        cmocka_unit_test(equal_texts_hash_alike),
        cmocka_unit_test(parts_are_found_wherever_they_stand),
        cmocka_unit_test(a_hostile_search_stays_linear),
        cmocka_unit_test(broken_text_folds_without_running_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
