#include "base/time.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static int64_t parsed(const char *text)
{
    int64_t ms = -1;
    assert_true(time_parse(str_from(text), &ms));
    return ms;
}

static void vendors_spell_the_same_moment_in_many_ways(void **state)
{
    (void)state;
    const int64_t moment = 1745268664058;
    assert_int_equal(parsed("2025-04-21T20:51:04.058Z"), moment);
    assert_int_equal(parsed("2025-04-21 20:51:04.058183200"), moment);
    assert_int_equal(parsed("2025-04-21T20:51:04.0581832Z"), moment);
    assert_int_equal(parsed("2025-04-21T22:51:04.058+02:00"), moment);
    assert_int_equal(parsed("2025-04-21t22:51:04.0580+0200"), moment);
    assert_int_equal(parsed("2025-04-21 15:21:04.058-05:30"), moment);
    assert_int_equal(parsed("2025-04-21T20:51:04z"), moment - 58);
    assert_int_equal(parsed("2025-04-21T20:51:04.1Z"), moment - 58 + 100);
    assert_int_equal(parsed("1970-01-01"), 0);
    assert_int_equal(parsed("1969-12-31T23:59:59Z"), -1000);
    assert_int_equal(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z"));
}

static void what_is_no_moment_is_refused(void **state)
{
    (void)state;
    const char *const texts[] = { "", "2025", "2025-13-01", "2025-00-01", "2025-02-29",
        "1900-02-29", "2025-04-31", "2025-04-21T", "2025-04-21T24:00:00Z", "2025-04-21T20:51",
        "2025-04-21T20:51:04.Z", "2025-04-21T20:51:04+2", "2025-04-21T20:51:04 Z",
        "2025-04-21T20:51:04Zjunk", "x2025-04-21", "2025-4-21", "20250421T205104Z",
        "2025-04-21T20:60:04Z", "2025-04-21T20:51:61Z", "2025-04-21T20:51:04+24:00" };
    int64_t ms;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (time_parse(str_from(texts[i]), &ms))
            fail_msg("'%s' was taken for a moment", texts[i]);
}

static void every_day_of_a_thousand_years_survives_a_round_trip(void **state)
{
    (void)state;
    int32_t weekday = 0;
    for (int64_t day = -200000; day < 200000; day++) {
        struct civil_time civil = time_civil(day * 86400000 + 1);
        assert_int_equal(time_from_civil(&civil), day * 86400000 + 1);
        if (weekday != 0)
            assert_int_equal(civil.weekday, weekday % 7 + 1);
        weekday = civil.weekday;
    }
    assert_int_equal(time_civil(0).weekday, 4); /* Thursday */
}

static void moments_print_as_rfc_3339(void **state)
{
    (void)state;
    char out[TIME_TEXT_MAX];
    assert_string_equal(time_format(1767261600000, out).ptr, "2026-01-01T10:00:00Z");
    assert_string_equal(time_format(1767261600007, out).ptr, "2026-01-01T10:00:00.007Z");
    assert_string_equal(time_format_basic(1440938160000, out).ptr, "20150830T123600Z");
    assert_true(time_format(INT64_MAX, out).len < TIME_TEXT_MAX);
    assert_true(time_format(INT64_MIN, out).len < TIME_TEXT_MAX);
}

static void spans_are_read_and_printed(void **state)
{
    (void)state;
    char out[DURATION_TEXT_MAX];
    int64_t ms;
    assert_true(duration_parse(STR("2w"), &ms));
    assert_string_equal(duration_format(ms, out).ptr, "14d");
    assert_true(duration_parse(STR("90s"), &ms));
    assert_string_equal(duration_format(ms, out).ptr, "90s");
    assert_true(duration_parse(STR("500ms"), &ms));
    assert_string_equal(duration_format(ms, out).ptr, "500ms");
    assert_true(duration_parse(STR("15m"), &ms));
    assert_int_equal(ms, 900000);
    assert_string_equal(duration_format(0, out).ptr, "0s");
    assert_false(duration_parse(STR("m"), &ms));
    assert_false(duration_parse(STR("15"), &ms));
    assert_false(duration_parse(STR("15 m"), &ms));
    assert_false(duration_parse(STR("-1m"), &ms));
    assert_false(duration_parse(STR("99999999999999999999s"), &ms));
    assert_false(duration_parse(STR("999999999999999999w"), &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendors_spell_the_same_moment_in_many_ways),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(every_day_of_a_thousand_years_survives_a_round_trip),
        cmocka_unit_test(moments_print_as_rfc_3339),
        cmocka_unit_test(spans_are_read_and_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
