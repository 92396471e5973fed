/* test_collector.c - the scripts of a collector, and what is read of its end.
 *
 *   test_collector start|status|clean|run linux|windows KEY [PLAN [TOOL]]   print the script (collector.sh) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/artifacts.h"
#include "collector/collector.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

static void assert_has(str text, const char *part)
{
    assert_non_null(text.ptr);
    if (strstr(text.ptr, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text.ptr);
}

static void the_shipped_profiles_take_what_there_is(void **state)
{
    static const char *const names[] = { "quick", "full" };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(names); at++)
        for (int platform = 0; platform < PLATFORM_COUNT; platform++) {
            str text = collector_profile(str_from(names[at]));
            json_auto_t *plan = json_loadb(text.ptr, text.len, 0, NULL);
            assert_non_null(plan);
            char *canonical = json_dumps(plan, JSON_COMPACT | JSON_SORT_KEYS);
            assert_string_equal(text.ptr, canonical);
            free(canonical);
            const json_t *take = json_object_get(
                json_object_get(plan, platform_name((enum platform)platform)), "take");
            size_t index;
            const json_t *name;
            assert_true(json_array_size(take) > 10);
            json_array_foreach(take, index, name)
            {
                const struct artifact *artifact = artifact_find(str_from(json_string_value(name)));
                assert_non_null(artifact);
                assert_true(artifact->is_on[platform]);
            }
        }
    assert_int_equal(collector_profile(STR("other")).len, 0);
}

static void a_start_script_says_who_it_is_and_what_it_takes(void **state)
{
    struct collection what = {
        .key = STR("k-1"), .sent_s = 42, .put_url = STR("https://x/?a=b&c")
    };
    (void)state;
    str posix = collector_start_script(&arena, PLATFORM_LINUX, &what);
    assert_has(posix, "CDR_KEY='k-1'\n");
    assert_has(posix, "\nhttps://x/?a=b&c\n");
    assert_has(posix, "CDR_SENT=42\n");
    assert_has(posix, "\nprocesses\n");
    str windows = collector_start_script(&arena, PLATFORM_WINDOWS, &what);
    assert_has(windows, "$CdrKey = 'k-1'\n");
    assert_has(windows, "$CdrPut = 'https://x/?a=b&c'\n");
    for (size_t at = 0; at < windows.len; at++)
        assert_true(windows.ptr[at] > 0);
    assert_null(strstr(windows.ptr, "```"));
    assert_null(strstr(posix.ptr, "```"));
}

static void what_is_no_key_address_or_plan_makes_no_script(void **state)
{
    const struct collection wrong[] = {
        { .key = STR("") },
        { .key = STR("a/../b") },
        { .key = STR("A") },
        { .key = STR("k"), .put_url = STR("https://x/\nrm -rf /") },
        { .key = STR("k"), .plan = STR("[]") },
        { .key = STR("k"), .plan = STR("{\"windows\":{}}") },
        { .key = STR("k"), .plan = STR("{\"linux\":{\"time\":0}}") },
        { .key = STR("k"), .plan = STR("{\"linux\":{\"time\":99999999}}") },
        { .key = STR("k"), .plan = STR("{\"linux\":{\"files\":[\"a\\nb\"]}}") },
        { .key = STR("k"), .plan = STR("{\"linux\":{\"files\":[1]}}") },
        { .key = STR("k"), .plan = STR("{\"linux\":{\"command\":[null]}}") },
    };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(wrong); at++)
        assert_null(collector_start_script(&arena, PLATFORM_LINUX, &wrong[at]).ptr);
    assert_null(collector_status_script(&arena, PLATFORM_LINUX, STR("a b")).ptr);
}

static void a_plan_cannot_end_the_document_that_it_stands_in(void **state)
{
    struct collection what = { .key = STR("k"),
        .plan =
            STR("{\"linux\":{\"command\":[\"./x\",\"CDR_SCRIPT\\nlaunch\\n\",\"{output}/a\"]}}") };
    (void)state;
    str script = collector_start_script(&arena, PLATFORM_LINUX, &what);
    assert_has(script, "<<'CDR_SCRIPT_0'\n");
    assert_has(script, "''\"$own_output\"'/a'");
}

static void status_and_archive_lie_in_one_directory(void **state)
{
    (void)state;
    assert_string_equal(
        collector_status_path(&arena, PLATFORM_LINUX, STR("k")).ptr, "/tmp/cdr-k/status.json");
    assert_string_equal(collector_archive_path(&arena, PLATFORM_WINDOWS, STR("k")).ptr,
        "C:\\Windows\\Temp\\cdr-k\\triage.zip");
    assert_null(collector_archive_path(&arena, PLATFORM_WINDOWS, STR("..")).ptr);
}

static struct collector_status read_status(const char *text)
{
    struct collector_status status;
    assert_int_equal(collector_status_read(&arena, str_from(text), &status), ERR_OK);
    return status;
}

static void a_status_is_read_and_noise_is_none(void **state)
{
    (void)state;
    struct collector_status status =
        read_status("banner\r\n{\"cdr\":\"triage\",\"state\":\"partial\",\"uploaded\":\"exists\","
                    "\"sha256\":\"00ff\",\"bytes\":7,\"files\":5,\"skipped\":2,\"clock_offset\":-9,"
                    "\"why\":\"2 over a limit; $(rm)\"}\r\n\r\n");
    assert_int_equal(status.state, COLLECTOR_PARTIAL);
    assert_true(status.is_uploaded);
    assert_true(status.has_existed);
    assert_string_equal(status.sha256.ptr, "00ff");
    assert_string_equal(status.why.ptr, "2 over a limit");
    assert_int_equal(status.bytes, 7);
    assert_int_equal(status.skipped, 2);
    assert_int_equal(status.clock_offset_s, -9);
    assert_int_equal(read_status("").state, COLLECTOR_NONE);
    assert_int_equal(read_status("<html>").state, COLLECTOR_NONE);
    assert_int_equal(read_status("{\"state\":\"complete\"}").state, COLLECTOR_NONE);
    assert_int_equal(read_status("{\"cdr\":\"triage\",\"state\":1}").state, COLLECTOR_NONE);
    assert_int_equal(read_status("{\"cdr\":\"triage\",\"state\":\"none\"}").state, COLLECTOR_NONE);
    assert_int_equal(
        read_status("{\"cdr\":\"triage\",\"state\":\"running\"}").state, COLLECTOR_RUNNING);
}

static void what_was_not_taken_is_never_complete(void **state)
{
    (void)state;
    assert_int_equal(read_status("{\"cdr\":\"triage\",\"state\":\"complete\",\"skipped\":1}").state,
        COLLECTOR_PARTIAL);
    assert_int_equal(
        read_status("{\"cdr\":\"triage\",\"state\":\"complete\",\"bytes\":-1}").bytes, 0);
}

static void a_tool_of_the_users_own_is_found_in_the_plan(void **state)
{
    struct collector_tool tool;
    (void)state;
    assert_true(collector_needs(&arena, PLATFORM_LINUX,
        STR("{\"linux\":{\"file\":\"tools/uac.tar.gz\",\"sha256\":\"00\"}}"), &tool));
    assert_string_equal(tool.file.ptr, "tools/uac.tar.gz");
    assert_true(collector_needs(&arena, PLATFORM_WINDOWS, STR(""), &tool));
    assert_int_equal(tool.file.len, 0);
    assert_false(collector_needs(&arena, PLATFORM_WINDOWS, STR("{\"linux\":{}}"), &tool));
}

static void a_tool_of_the_users_own_has_its_own_name_where_it_runs(void **state)
{
    static const char *const files[][3] = {
        { "/opt/tools/uac.tar.gz", "CDR_TOOL_NAME='uac.tar.gz'\n", "cdr-0011223344556677.gz" },
        { "collect", "CDR_TOOL_NAME='collect'\n", "cdr-0011223344556677" },
        { "a/it's.ZIP", "CDR_TOOL_NAME='it'\\''s.ZIP'\n", "cdr-0011223344556677" },
    };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(files); at++) {
        const char *plan = arena_format(&arena,
            "{\"linux\":{\"file\":\"%s\",\"sha256\":\"00\",\"command\":[\"./x\"]}}", files[at][0]);
        struct collection what = {
            .key = STR("k"), .plan = str_from(plan), .tool = STR("/cdr-0011223344556677")
        };
        str script = collector_start_script(&arena, PLATFORM_LINUX, &what);
        assert_has(script, files[at][1]);
        str name =
            collector_tool_name(&arena, str_from(files[at][0]), STR("00112233445566778899aabb"));
        assert_string_equal(name.ptr, files[at][2]);
    }
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Print what was asked for; the status of the program. */
static int print_script(int count, char **words)
{
    enum platform platform = strcmp(words[2], "windows") == 0 ? PLATFORM_WINDOWS : PLATFORM_LINUX;
    struct collection what = { .key = str_from(words[3]),
        .plan = count > 4 ? str_from(words[4]) : STR(""),
        .tool = count > 5 ? str_from(words[5]) : STR(""),
        .sent_s = 1000 };
    str text = strcmp(words[1], "start") == 0 ? collector_start_script(&arena, platform, &what)
               : strcmp(words[1], "run") == 0 ? collector_run_script(&arena, &what)
               : strcmp(words[1], "clean") == 0
                   ? collector_clean_script(&arena, platform, what.key)
                   : collector_status_script(&arena, platform, what.key);
    bool is_written = text.ptr != NULL && fwrite(text.ptr, 1, text.len, stdout) == text.len;
    arena_release(&arena);
    return is_written ? 0 : 1;
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_profiles_take_what_there_is),
        cmocka_unit_test(a_start_script_says_who_it_is_and_what_it_takes),
        cmocka_unit_test(what_is_no_key_address_or_plan_makes_no_script),
        cmocka_unit_test(a_plan_cannot_end_the_document_that_it_stands_in),
        cmocka_unit_test(status_and_archive_lie_in_one_directory),
        cmocka_unit_test(a_status_is_read_and_noise_is_none),
        cmocka_unit_test(what_was_not_taken_is_never_complete),
        cmocka_unit_test(a_tool_of_the_users_own_is_found_in_the_plan),
        cmocka_unit_test(a_tool_of_the_users_own_has_its_own_name_where_it_runs),
    };
    if (count > 3)
        return print_script(count, words);
    return cmocka_run_group_tests(tests, NULL, release);
}
