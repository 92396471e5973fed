/* Requests of Real Time Response, byte for byte, and what may stand in a command line. */
#include "crowdstrike/rtr_requests.h"
#include "rest/late.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#define AID "15dbb9d8f06b45fe9f61eb46e829d986"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void assert_body(const struct request *request, const char *operation, const char *body)
{
    assert_non_null(request->body.ptr);
    assert_string_equal(request->service, "crowdstrike");
    assert_string_equal(request->operation, operation);
    if (!str_is(request->body, body))
        fail_msg("%.*s\nis not\n%s", STR_ARG(request->body), body);
}

#define POST(path) "POST /real-time-response/entities/" path "\nContent-Type: application/json\n\n"

static void sessions_are_opened_refreshed_and_closed(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct step step = { .arena = &arena, .key = STR("k") };
    struct request request = rtr_init(&step, STR(AID), false);
    assert_body(&request, "RTR_InitSession",
        POST("sessions/v1") "{\"device_id\":\"" AID
                            "\",\"origin\":\"cdr\",\"queue_offline\":false}");
    assert_true(str_is(request.target, "host/" AID));
    request = rtr_pulse(&step, STR(AID), true);
    assert_body(&request, "RTR_PulseSession",
        POST("refresh-session/v1") "{\"device_id\":\"" AID
                                   "\",\"origin\":\"cdr\",\"queue_offline\":true}");
    request = rtr_delete_session(&step, STR("s-1"));
    assert_body(&request, "RTR_DeleteSession",
        "DELETE /real-time-response/entities/sessions/v1?session_id=s-1\n");
    request = rtr_queued(&step, STR("s-1"));
    assert_body(
        &request, "RTR_ListQueuedSessions", POST("queued-sessions/GET/v1") "{\"ids\":[\"s-1\"]}");
}

static void commands_have_all_six_members(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct step step = { .arena = &arena, .key = STR("k") };
    struct request request = rtr_execute(&step, STR("s-1"), STR(AID), "runscript",
        rtr_runscript(&arena, STR("echo 'a\"b'\necho c"), 120));
    assert_body(&request, "RTR_ExecuteAdminCommand",
        POST("admin-command/v1") "{\"base_command\":\"runscript\",\"command_string\":\"runscript "
                                 "-Raw=```echo 'a\\\"b'\\necho c``` -Timeout=120\","
                                 "\"session_id\":\"s-1\",\"device_id\":\"" AID
                                 "\",\"id\":0,\"persist\":false}");
    request = rtr_check(&step, STR("r-1"), 3);
    assert_body(&request, "RTR_CheckAdminCommandStatus",
        "GET /real-time-response/entities/admin-command/v1?cloud_request_id=r-1&sequence_id=3\n");
    request = rtr_execute(&step, STR("s-1"), STR(AID), "get", rtr_line(&arena, "get", STR("a b")));
    assert_null(request.body.ptr);
}

static void files_come_under_the_name_that_is_kept(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct step step = { .arena = &arena, .key = STR("k") };
    struct request request = rtr_files(&step, STR("s-1"));
    assert_body(
        &request, "RTR_ListFilesV2", "GET /real-time-response/entities/file/v2?session_id=s-1\n");
    request =
        rtr_file_contents(&step, STR("s-1"), STR(SUM), STR("triage.tar.gz"), STR(AID "/t.7z"));
    assert_body(&request, "RTR_GetExtractedFileContents",
        "GET /real-time-response/entities/extracted-file-contents/v1?session_id=s-1&sha256=" SUM
        "&filename=triage.tar.gz\n");
    assert_true(str_is(request.keep_as, AID "/t.7z"));
}

static void a_tool_is_found_by_its_name_and_sent_when_it_is_sent(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct step step = { .arena = &arena, .key = STR("k") };
    const str ids[] = { STR("a_1"), STR("b&c") };
    struct request request = rtr_find_put_file(&step, STR("cdr-0123456789abcdef"));
    assert_body(&request, "RTR_ListPut_Files",
        "GET /real-time-response/queries/put-files/v1?filter=name%3A%27cdr-0123456789abcdef%27"
        "&limit=10\n");
    request = rtr_put_files(&step, ids, COUNT_OF(ids));
    assert_body(&request, "RTR_GetPut_FilesV2",
        "GET /real-time-response/entities/put-files/v2?ids=a_1&ids=b%26c\n");
    request = rtr_create_put_file(&step, STR("cdr-1"), STR("/opt/tool"), STR(SUM));
    assert_string_equal(request.operation, "RTR_CreatePut_FilesV2");
    const char *body = arena_copy(&arena, request.body).ptr;
    assert_non_null(
        strstr(body, "name=\"file\"; filename=\"cdr-1\"\r\nContent-Type: application/octet-stream"
                     "\r\n\r\n" REST_LATE_FILE SUM ":/opt/tool\r\n"));
    assert_non_null(strstr(body, "name=\"description\"\r\n\r\n"));
    assert_non_null(strstr(body, "name=\"name\"\r\n\r\ncdr-1\r\n"));
}

static void a_script_cannot_end_its_backticks(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    static const char *const bad[] = { "", "```", "echo ```x", "a````b", "`a", "a`" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        assert_false(rtr_may_run(str_from(bad[at])));
        assert_null(rtr_runscript(&arena, str_from(bad[at]), 1).ptr);
    }
    assert_false(rtr_may_run((str){ "a\0b", 3 }));
    assert_true(rtr_may_run(STR("echo `id` ``x")));
}

static void an_operand_is_a_plain_path_and_nothing_else(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    static const char *const bad[] = { "", "a b", "a\"b", "a'b", "a\nb", "a;b", "$(id)", "a`b",
        "\xE2\x80\xAE", "%TEMP%", "*", "a\tb", "a|b", "{x}" };
    for (size_t at = 0; at < COUNT_OF(bad); at++)
        assert_null(rtr_line(&arena, "get", str_from(bad[at])).ptr);
    assert_true(str_is(rtr_line(&arena, "get", STR("C:\\Windows\\Temp\\cdr-a-1\\triage.zip")),
        "get \"C:\\Windows\\Temp\\cdr-a-1\\triage.zip\""));
    assert_true(str_is(rtr_line(&arena, "cd", STR("C:\\")), "cd C:\\"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_opened_refreshed_and_closed),
        cmocka_unit_test(commands_have_all_six_members),
        cmocka_unit_test(files_come_under_the_name_that_is_kept),
        cmocka_unit_test(a_tool_is_found_by_its_name_and_sent_when_it_is_sent),
        cmocka_unit_test(a_script_cannot_end_its_backticks),
        cmocka_unit_test(an_operand_is_a_plain_path_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
