/* Time zones: against Python's zoneinfo (zone_table.h), against the C library, and files that
 * are broken. Every test that needs the tz database says so when it is missing. */
#include "zone_file.h"

#include "base/buf.h"
#include "base/time.h"
#include "zone_rule.h"
#include "zone_table.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void need_database(void)
{
    if (access("/usr/share/zoneinfo/tzdata.zi", R_OK) == 0)
        return;
    print_message("skipped: no /usr/share/zoneinfo\n");
    skip();
}

static const struct zone *load(struct arena *arena, const char *name)
{
    const struct zone *zone = NULL;
    enum err err = zone_load(arena, str_from(name), &zone);
    if (err != ERR_OK)
        print_error("%s: %s\n", name, err_text(err));
    assert_int_equal(err, ERR_OK);
    return zone;
}

static void moments_are_as_zoneinfo_has_them(void **state)
{
    (void)state;
    need_database();
    for (size_t at = 0; at < COUNT_OF(zone_table); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        const struct zone *zone = load(&arena, zone_table[at].zone);
        int32_t offset_s = zone_offset_s(zone, zone_table[at].at_s * 1000);
        if (offset_s != zone_table[at].offset_s)
            fail_msg("%s at %lld: %d, wanted %d", zone_table[at].zone,
                (long long)zone_table[at].at_s, offset_s, zone_table[at].offset_s);
    }
}

/* A generator of numbers that are the same in each run. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 11;
}

static void compare_with_libc(const struct zone *zone, const char *name, int64_t seconds)
{
    time_t moment = (time_t)seconds;
    struct tm tm;
    assert_non_null(localtime_r(&moment, &tm));
    int32_t offset_s = zone_offset_s(zone, seconds * 1000);
    if (offset_s != (int32_t)tm.tm_gmtoff)
        fail_msg("%s at %lld: %d, the C library has %ld", name, (long long)seconds, offset_s,
            tm.tm_gmtoff);
}

static void compare_zone(const char *name, uint64_t *random)
{
    enum { MOMENTS = 200 };
    const int64_t first = -2208988800;        /* 1900 */
    const uint64_t years_200 = 6311433600;    /* to 2100 */
    const int64_t later = 4102444800;         /* 2100 */
    const uint64_t years_7800 = 246000000000; /* to about 9900 */
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const struct zone *zone = load(&arena, name);
    setenv("TZ", name, 1);
    tzset();
    for (int at = 0; at < MOMENTS; at++)
        compare_with_libc(zone, name, first + (int64_t)(next_random(random) % years_200));
    for (int at = 0; at < MOMENTS / 10; at++)
        compare_with_libc(zone, name, later + (int64_t)(next_random(random) % years_7800));
    for (uint32_t at = 0; at < zone->count; at++) {
        if (zone->changes[at].at_ms / 1000 <= first)
            continue;
        compare_with_libc(zone, name, zone->changes[at].at_ms / 1000 - 1);
        compare_with_libc(zone, name, zone->changes[at].at_ms / 1000);
    }
}

static void every_zone_of_the_database_is_as_the_c_library_has_it(void **state)
{
    (void)state;
    need_database();
    FILE *names = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    char *line = NULL;
    size_t size = 0;
    int zones = 0;
    uint64_t random = 1;
    assert_non_null(names);
    while (getline(&line, &size, names) > 0) {
        char name[64];
        if (sscanf(line, "Z %63s", name) != 1)
            continue;
        compare_zone(name, &random);
        zones++;
    }
    free(line);
    fclose(names);
    unsetenv("TZ");
    tzset();
    assert_true(zones > 300);
}

static void what_is_no_name_of_a_zone_reads_no_file(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    static const char *const names[] = { "", "/etc/passwd", "../../../etc/passwd", "Europe/../UTC",
        "Europe//Paris", "Europe/", "/Europe", "europe/Paris", "localtime", "posix/UTC", "Europe",
        "right/UTC", "Europe/Paris.zip", "Europe/Par is", "Europe/Nowhere", "UTC/x",
        "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    for (size_t at = 0; at < COUNT_OF(names); at++) {
        const struct zone *zone = NULL;
        assert_int_equal(zone_load(&arena, str_from(names[at]), &zone), ERR_NOT_FOUND);
    }
    const struct zone *zone = NULL;
    assert_int_equal(zone_load(&arena, (str){ "UTC\0x", 5 }, &zone), ERR_NOT_FOUND);
    assert_true(zone_name_is_sound(STR("America/Argentina/Buenos_Aires")));
    assert_true(zone_name_is_sound(STR("Etc/GMT+12")));
}

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    need_database();
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct suggestion near = { .word = STR("europe/pariss") };
    assert_int_equal(zone_suggest(&arena, &near), ERR_OK);
    assert_true(str_is(near.best, "Europe/Paris"));
    near = (struct suggestion){ .word = STR("Amerika/New_York") };
    assert_int_equal(zone_suggest(&arena, &near), ERR_OK);
    assert_true(str_is(near.best, "America/New_York"));
}

static void rules_are_read(void **state)
{
    (void)state;
    struct zone_rule rule;
    assert_true(zone_rule_parse(STR("CET-1CEST,M3.5.0,M10.5.0/3"), &rule));
    assert_int_equal(rule.standard_s, 3600);
    assert_int_equal(rule.summer_s, 7200);
    assert_int_equal(rule.begin.month, 3);
    assert_int_equal(rule.begin.week, 5);
    assert_int_equal(rule.begin.time_s, 7200);
    assert_int_equal(rule.end.time_s, 10800);
    assert_true(zone_rule_parse(STR("<+0330>-3:30"), &rule));
    assert_int_equal(rule.standard_s, 12600);
    assert_false(rule.has_summer);
    assert_true(zone_rule_parse(STR("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"), &rule));
    assert_int_equal(rule.begin.time_s, -3600);
    assert_true(zone_rule_parse(STR("IST-1GMT0,M10.5.0,M3.5.0/1"), &rule));
    assert_int_equal(rule.summer_s, 0);
    assert_true(zone_rule_parse(STR("AAA3BBB,J60/0,300/167:59:59"), &rule));
    assert_int_equal(rule.begin.form, ZONE_JULIAN);
    assert_int_equal(rule.end.form, ZONE_DAY_OF_YEAR);
    assert_int_equal(rule.end.time_s, 604799);
    static const char *const broken[] = { "", "CE", "CET", "CET-", "CET-1CEST", "CET-1CEST,",
        "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,J0,J365",
        "CET-1CEST,J1,J366", "CET-1CEST,0,366", "CET-168", "<+03-3", "<>-3", "CET-1:60",
        "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1 CEST,M3.5.0,M10.5.0", "CET-0001" };
    for (size_t at = 0; at < COUNT_OF(broken); at++)
        if (zone_rule_parse(str_from(broken[at]), &rule))
            fail_msg("'%s' was taken for a rule", broken[at]);
}

static void day_29_of_february_is_counted_by_one_form_only(void **state)
{
    (void)state;
    struct zone_change changes[ZONE_RULE_CHANGES];
    struct zone zone = { .changes = changes };
    struct zone_rule rule;
    int64_t march_2024;
    int64_t february_2024;
    assert_true(time_parse(STR("2024-03-01T00:00:00Z"), &march_2024));
    assert_true(time_parse(STR("2024-02-29T00:00:00Z"), &february_2024));
    assert_true(zone_rule_parse(STR("AAA0BBB-1,J60/0,J300/0"), &rule));
    assert_true(zone_rule_extend(&rule, &zone, changes));
    assert_int_equal(zone_offset_s(&zone, march_2024 - 1), 0);
    assert_int_equal(zone_offset_s(&zone, march_2024), 3600);
    zone = (struct zone){ .changes = changes };
    assert_true(zone_rule_parse(STR("AAA0BBB-1,59/0,300/0"), &rule));
    assert_true(zone_rule_extend(&rule, &zone, changes));
    assert_int_equal(zone_offset_s(&zone, february_2024 - 1), 0);
    assert_int_equal(zone_offset_s(&zone, february_2024), 3600);
    /* The calendar comes round after 400 years, 20 times over. */
    assert_int_equal(zone_offset_s(&zone, february_2024 - 1 + 19 * ZONE_CYCLE_MS), 0);
    assert_int_equal(zone_offset_s(&zone, february_2024 + 19 * ZONE_CYCLE_MS), 3600);
}

/* Every file that is cut off, or has one byte changed, is refused or gives some zone: nothing
 * is read past the end. */
static void a_broken_file_is_refused(void **state)
{
    (void)state;
    need_database();
    char bytes[8192];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Paris", "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size > 100 && size < sizeof bytes);
    const struct zone *zone = NULL;
    for (size_t cut = 0; cut < size; cut++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        assert_int_equal(
            zone_parse(&arena, STR("Europe/Paris"), (str){ copy, cut }, &zone), ERR_INVALID);
        free(copy);
    }
    for (size_t at = 0; at < size; at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        char kept = bytes[at];
        bytes[at] = (char)(kept ^ 0x55);
        enum err err = zone_parse(&arena, STR("Europe/Paris"), (str){ bytes, size }, &zone);
        assert_true(err == ERR_OK || err == ERR_INVALID);
        bytes[at] = kept;
    }
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    need_database();
    const struct zone *zone = NULL;
    for (size_t limit = 1; limit < 20000; limit += 500) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        enum err err = zone_load(&arena, STR("Europe/Paris"), &zone);
        assert_true(err == ERR_MEMORY || err == ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_as_zoneinfo_has_them),
        cmocka_unit_test(every_zone_of_the_database_is_as_the_c_library_has_it),
        cmocka_unit_test(what_is_no_name_of_a_zone_reads_no_file),
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test(day_29_of_february_is_counted_by_one_form_only),
        cmocka_unit_test(a_broken_file_is_refused),
        cmocka_unit_test(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
