/* Marks become what is known when a request is sent, and nothing else does. */
#include "aws/late.h"
#include "base/buf.h"
#include "base/limits.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

static const struct late at_nine = { .now_s = 1795338000 };

static void assert_filled(const char *body, bool is_form, const char *want)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str filled;
    assert_int_equal(late_fill(str_from(body), is_form, &at_nine, &arena, &filled), ERR_OK);
    if (!str_is(filled, want))
        fail_msg("%.*s is not %s", STR_ARG(filled), want);
}

static void the_time_takes_the_place_of_its_mark(void **state)
{
    (void)state;
    assert_filled("{\"a\":\"cdr-late-now\",\"b\":[\"cdr-late-now\"]}", false,
        "{\"a\":\"2026-11-22T09:00:00Z\",\"b\":[\"2026-11-22T09:00:00Z\"]}");
    assert_filled("A=B&D=%7B%22t%22%3A%22cdr-late-now%22%7D", true,
        "A=B&D=%7B%22t%22%3A%222026-11-22T09%3A00%3A00Z%22%7D");
}

static void a_thing_that_has_the_mark_for_a_name_keeps_it(void **state)
{
    (void)state;
    static const char *const forms[] = { "", "UserName=cdr-late-now", "cdr-late-now",
        "D=\"cdr-late-now\"", "D=%22cdr-late-now", "D=cdr-late-now%22", "D=%22xcdr-late-now%22" };
    static const char *const bodies[] = { "{\"UserName\":\"xcdr-late-now\"}",
        "{\"D\":\"\\\"cdr-late-now\\\"\"}", "{\"D\":\"%22cdr-late-now%22\"}" };
    for (size_t at = 0; at < COUNT_OF(forms); at++)
        assert_filled(forms[at], true, forms[at]);
    for (size_t at = 0; at < COUNT_OF(bodies); at++)
        assert_filled(bodies[at], false, bodies[at]);
}

static void what_grows_too_long_is_an_error(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    CLEANUP(arena_release) struct arena small = ARENA_INIT(32);
    CLEANUP(buf_release) struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
    str filled;
    assert_int_equal(late_fill(STR("{\"a\":\"cdr-late-now\",\"b\":\"so long that there is no room"
                                   " for it in an arena\"}"),
                         false, &at_nine, &small, &filled),
        ERR_MEMORY);
    while (body.len + 15 < REQUEST_BYTES_MAX)
        buf_add(&body, STR("\"cdr-late-now\","));
    assert_int_equal(body.err, ERR_OK);
    assert_int_equal(late_fill(buf_str(&body), false, &at_nine, &arena, &filled), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_takes_the_place_of_its_mark),
        cmocka_unit_test(a_thing_that_has_the_mark_for_a_name_keeps_it),
        cmocka_unit_test(what_grows_too_long_is_an_error),
    };
    return cmocka_run_group_tests_name("late", tests, NULL, NULL);
}
