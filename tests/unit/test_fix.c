/* test_fix.c - repairs applied to text. */
#include "fix.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct diag_list diags;
};

static void fixture_release(struct fixture *fixture)
{
    arena_release(&fixture->arena);
}

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){ .arena = ARENA_INIT(1 << 20) };
    fixture->diags.arena = &fixture->arena;
}

static void add(struct fixture *fixture, span at, const char *text, bool is_guess)
{
    struct diag *diag = diag_add(&fixture->diags, DIAG_SYNTAX, at, "wrong");
    if (is_guess)
        diag_set_guess(&fixture->diags, diag, at, str_from(text));
    else
        diag_set_fix(&fixture->diags, diag, at, str_from(text));
}

static void becomes(struct fixture *fixture, const char *text, bool takes_guesses, uint32_t left,
    const char *wanted)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(1000);
    struct fixes fixes;
    diag_sort(&fixture->diags);
    assert_int_equal(fixes_choose(&fixture->diags, 0, strlen(text), takes_guesses, &fixes), ERR_OK);
    fixes_apply(&fixes, str_from(text), &out);
    assert_int_equal(out.err, ERR_OK);
    assert_string_equal(buf_str(&out).ptr, wanted);
    assert_int_equal(fixes.left, left);
}

static void repairs_are_made_in_the_order_of_the_text_whatever_theirs(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture);
    /* Told at 0, repaired at the end: the order of places is not that of repairs. */
    struct diag *diag = diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 0, 1, 0 }, "wrong");
    diag_set_fix(&fixture.diags, diag, (span){ 9, 10, 0 }, STR("<last>"));
    add(&fixture, (span){ 2, 4, 0 }, "", false);
    add(&fixture, (span){ 6, 6, 0 }, "<in>", false);
    becomes(&fixture, "0123456789", false, 0, "0145<in>678<last>");
}

static void of_two_that_meet_one_waits(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture);
    add(&fixture, (span){ 2, 4, 0 }, "A", false);
    add(&fixture, (span){ 3, 5, 0 }, "B", false);
    add(&fixture, (span){ 4, 4, 0 }, "C", false);
    add(&fixture, (span){ 6, 6, 0 }, "D", false);
    add(&fixture, (span){ 6, 6, 0 }, "E", false);
    becomes(&fixture, "01234567", false, 3, "01A45D67");
}

static void guesses_wait_until_they_are_wanted(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture);
    add(&fixture, (span){ 0, 1, 0 }, "a", true);
    add(&fixture, (span){ 2, 3, 0 }, "b", false);
    becomes(&fixture, "0123", false, 0, "01b3");
    becomes(&fixture, "0123", true, 0, "a1b3");
}

static void what_is_in_another_file_or_past_the_end_is_left_alone(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture);
    add(&fixture, (span){ 0, 1, 1 }, "x", false);
    add(&fixture, (span){ 3, 9, 0 }, "y", false);
    add(&fixture, (span){ 3, 2, 0 }, "z", false);
    becomes(&fixture, "0123", true, 0, "0123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repairs_are_made_in_the_order_of_the_text_whatever_theirs),
        cmocka_unit_test(of_two_that_meet_one_waits),
        cmocka_unit_test(guesses_wait_until_they_are_wanted),
        cmocka_unit_test(what_is_in_another_file_or_past_the_end_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
