/* test_claims.c - two threads never change the same thing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "act/claims.h"

#include <stdio.h>
#include <stdlib.h>

static struct claims *claims_new(void)
{
    struct claims *claims = calloc(1, sizeof *claims);
    assert_non_null(claims);
    *claims = (struct claims)CLAIMS_INIT;
    return claims;
}

static enum err take(struct claims *claims, const char *target, int64_t run, uint64_t turn)
{
    int64_t other;
    struct claim_wish wish = { STR("isolate_role"), str_from(target), run, turn, false };
    return claims_take(claims, &wish, &other);
}

static enum err share(struct claims *claims, const char *target, int64_t run, uint64_t turn)
{
    int64_t other;
    struct claim_wish wish = { STR("isolate_role"), str_from(target), run, turn, true };
    return claims_take(claims, &wish, &other);
}

static void what_one_run_has_no_other_gets(void **state)
{
    (void)state;
    struct claims *claims = claims_new();
    int64_t other = 0;
    assert_int_equal(take(claims, "role/web", 1, claims_turn(claims)), ERR_OK);
    assert_int_equal(take(claims, "role/web", 1, claims_turn(claims)), ERR_OK);
    struct claim_wish wish = { STR("isolate_role"), STR("role/web"), 2, claims_turn(claims),
        false };
    assert_int_equal(claims_take(claims, &wish, &other), ERR_BUSY);
    assert_int_equal(other, 1);
    wish.builtin = STR("stop_instance");
    assert_int_equal(claims_take(claims, &wish, &other), ERR_OK);
    assert_int_equal(take(claims, "role/db", 2, claims_turn(claims)), ERR_OK);
    free(claims);
}

static void who_looked_before_it_was_given_back_looks_again(void **state)
{
    (void)state;
    struct claims *claims = claims_new();
    uint64_t early = claims_turn(claims);
    assert_int_equal(take(claims, "role/web", 1, early), ERR_OK);
    claims_release(claims, 1);
    assert_int_equal(take(claims, "role/web", 2, early), ERR_BUSY);
    assert_int_equal(take(claims, "role/web", 2, claims_turn(claims)), ERR_OK);
    free(claims);
}

static void those_who_change_nothing_share(void **state)
{
    (void)state;
    struct claims *claims = claims_new();
    uint64_t early = claims_turn(claims);
    assert_int_equal(share(claims, "role/web", 1, early), ERR_OK);
    assert_int_equal(share(claims, "role/web", 2, early), ERR_OK);
    assert_int_equal(take(claims, "role/web", 3, early), ERR_BUSY);
    claims_release(claims, 1);
    claims_release(claims, 2);
    assert_int_equal(take(claims, "role/web", 3, early), ERR_OK);
    assert_int_equal(share(claims, "role/web", 1, early), ERR_BUSY);
    claims_release(claims, 3);
    assert_int_equal(share(claims, "role/web", 1, early), ERR_BUSY);
    assert_int_equal(share(claims, "role/web", 1, claims_turn(claims)), ERR_OK);
    free(claims);
}

static void a_target_without_a_name_is_nobodys(void **state)
{
    (void)state;
    struct claims *claims = claims_new();
    assert_int_equal(take(claims, "", 1, claims_turn(claims)), ERR_OK);
    assert_int_equal(take(claims, "", 2, claims_turn(claims)), ERR_OK);
    free(claims);
}

/* What was forgotten to make room may not count as never changed. */
static void a_look_older_than_what_is_remembered_is_made_again(void **state)
{
    (void)state;
    struct claims *claims = claims_new();
    uint64_t early = claims_turn(claims);
    for (int64_t at = 0; at < CLAIMS_MAX + 10; at++) {
        char target[32];
        snprintf(target, sizeof target, "role/%lld", (long long)at);
        assert_int_equal(take(claims, target, 100 + at, claims_turn(claims)), ERR_OK);
        claims_release(claims, 100 + at);
    }
    assert_int_equal(take(claims, "role/0", 7, early), ERR_BUSY);
    assert_int_equal(take(claims, "role/0", 7, claims_turn(claims)), ERR_OK);
    free(claims);
}

static void too_many_at_once_is_an_error(void **state)
{
    (void)state;
    struct claims *claims = claims_new();
    for (int64_t at = 0; at < CLAIMS_MAX; at++) {
        char target[32];
        snprintf(target, sizeof target, "role/%lld", (long long)at);
        assert_int_equal(take(claims, target, 1, claims_turn(claims)), ERR_OK);
    }
    assert_int_equal(take(claims, "one more", 2, claims_turn(claims)), ERR_LIMIT);
    claims_release(claims, 1);
    assert_int_equal(take(claims, "one more", 2, claims_turn(claims)), ERR_OK);
    free(claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_run_has_no_other_gets),
        cmocka_unit_test(who_looked_before_it_was_given_back_looks_again),
        cmocka_unit_test(those_who_change_nothing_share),
        cmocka_unit_test(a_target_without_a_name_is_nobodys),
        cmocka_unit_test(a_look_older_than_what_is_remembered_is_made_again),
        cmocka_unit_test(too_many_at_once_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
