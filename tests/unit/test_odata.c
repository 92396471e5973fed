/* The $filter of OData as the sandbox reads it. */
#include "sandbox/odata.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static const char fields[] = "name time count flag tags absent";

/* 1: fits, 0: does not, -1: no filter. */
static int fits(const char *filter)
{
    struct arena arena = ARENA_INIT(1 << 20);
    const char *reason = NULL;
    json_auto_t *thing = json_pack("{s:s,s:s,s:i,s:b,s:[s,s],s:s}", "name", "it's", "time",
        "2025-05-01T09:00:12.54Z", "count", 7, "flag", 1, "tags", "a", "b", "hidden", "x");
    bool is_fit = odata_fits(thing, str_from(filter), fields, &arena, &reason);
    arena_release(&arena);
    return reason != NULL ? -1 : is_fit;
}

static void comparisons_are_by_type(void **state)
{
    (void)state;
    assert_int_equal(fits("name eq 'it''s'"), 1);
    assert_int_equal(fits("name eq 'It''s'"), 0);
    assert_int_equal(fits("name ne 'x'"), 1);
    assert_int_equal(fits("name gt 'it'"), 1);
    assert_int_equal(fits("count ge 7 and count lt 8"), 1);
    assert_int_equal(fits("count gt -1"), 1);
    assert_int_equal(fits("count eq '7'"), -1);
    assert_int_equal(fits("flag eq true"), 1);
    assert_int_equal(fits("flag ne true"), 0);
    assert_int_equal(fits("flag eq 1"), -1);
    assert_int_equal(fits("name eq 7"), -1);
    assert_int_equal(fits("absent eq null"), 1);
    assert_int_equal(fits("absent eq 'x'"), 0);
    assert_int_equal(fits("absent ne 'x'"), 1);
    assert_int_equal(fits("name eq null"), 0);
    assert_int_equal(fits("name ne null"), 1);
}

static void moments_are_compared_to_the_last_digit(void **state)
{
    (void)state;
    assert_int_equal(fits("time eq 2025-05-01T09:00:12.5400000Z"), 1);
    assert_int_equal(fits("time ge 2025-05-01T09:00:12.5400001Z"), 0);
    assert_int_equal(fits("time ge 2025-05-01T09:00:12.5399999Z"), 1);
    assert_int_equal(fits("time lt 2025-05-01T09:00:13Z"), 1);
    assert_int_equal(fits("time gt 2025-05-01T09:00:12Z"), 1);
    assert_int_equal(fits("time ge '2025-05-01T09:00:12Z'"), -1);
    assert_int_equal(fits("time ge 2025-05-01"), -1);
    assert_int_equal(fits("time ge 2025-05-01T09:00:12"), -1);
    assert_int_equal(fits("time ge 2025-05-01T09:00:12.12345678Z"), -1);
    assert_int_equal(fits("time ge 2025-05-01T09:00:12+02:00"), -1);
}

static void parts_are_joined_as_they_bind(void **state)
{
    (void)state;
    assert_int_equal(fits("count eq 1 and count eq 2 or count eq 7"), 1);
    assert_int_equal(fits("count eq 1 and (count eq 2 or count eq 7)"), 0);
    assert_int_equal(fits("not (count eq 1)"), 1);
    assert_int_equal(fits("not count eq 7"), 0);
    assert_int_equal(fits("count in (1, 7)"), 1);
    assert_int_equal(fits("name in ('a','b')"), 0);
    assert_int_equal(fits("tags/any(t: t eq 'b')"), 1);
    assert_int_equal(fits("tags/any(t: t eq 'c')"), 0);
    assert_int_equal(fits("startswith(name,'it')"), 1);
    assert_int_equal(fits("contains(name,'''s')"), 1);
}

static void what_is_no_filter_is_refused(void **state)
{
    static const char *const filters[] = { "", " ", "name", "name eq", "name eq 'x", "name eq x",
        "name = 'x'", "name eq 'x' and", "name eq 'x' or or name eq 'y'", "(name eq 'x'",
        "name eq 'x')", "hidden eq 'x'", "count eq 1 and hidden eq 'x'", "eq eq eq", "name in 'x'",
        "name in ('x'", "tags/any(t: u eq 'b')", "tags/any(t eq 'b')", "startswith(name)",
        "startswith(hidden,'x')", "endswith(name,'x')", "name eq 'x';drop", "name/eq 'x'",
        "count eq 99999999999999999999", "name eq 'x' name eq 'y'" };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(filters); at++)
        if (fits(filters[at]) != -1)
            fail_msg("%s", filters[at]);
}

static void depth_has_a_ceiling(void **state)
{
    char text[4096] = "";
    (void)state;
    for (int depth = 0; depth < 1000; depth++)
        strcat(text, "(");
    assert_int_equal(fits(text), -1);
    assert_int_equal(fits("((((((count eq 7))))))"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_by_type),
        cmocka_unit_test(moments_are_compared_to_the_last_digit),
        cmocka_unit_test(parts_are_joined_as_they_bind),
        cmocka_unit_test(what_is_no_filter_is_refused),
        cmocka_unit_test(depth_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
