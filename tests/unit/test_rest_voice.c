/* How the answers of CrowdStrike and Microsoft read: an error is never read as success. */
#include "rest/voice.h"

#include "base/attr.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct row {
    int status;
    const char *body;
    enum heard heard;
    bool is_forbidden;
    bool is_bad_credential;
    const char *code;    /* NULL: not looked at */
    const char *message; /* a part of it; NULL: not looked at */
};

static void rows_are_read(const struct speaker *speaker, const struct row *rows, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        CLEANUP(arena_release) struct arena turn = ARENA_INIT(1 << 20);
        const struct row *row = &rows[at];
        struct reply reply = { REPLY_RECEIVED, row->status, str_from(row->body) };
        struct request request = { .service = "crowdstrike", .operation = "X" };
        struct answer answer;
        assert_int_equal(speaker->read(&turn, &reply, &request, &answer), ERR_OK);
        if (answer.heard != row->heard || answer.is_forbidden != row->is_forbidden
            || answer.is_bad_credential != row->is_bad_credential)
            fail_msg("%d %s: heard %d", row->status, row->body, (int)answer.heard);
        if (row->code != NULL && !str_is(answer.code, row->code))
            fail_msg("%s: code %.*s", row->body, STR_ARG(answer.code));
        if (row->message != NULL
            && memmem(answer.message.ptr, answer.message.len, row->message, strlen(row->message))
                   == NULL)
            fail_msg("%s: message %.*s", row->body, STR_ARG(answer.message));
        assert_true(answer.heard != HEARD_ANSWER || answer.root != NULL);
        assert_true(answer.heard == HEARD_ANSWER || answer.message.len > 0);
    }
}

static void crowdstrike_is_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 200, "{\"meta\":{},\"errors\":[],\"resources\":[]}", HEARD_ANSWER, 0, 0, NULL, NULL },
        { 200, "{\"meta\":{},\"errors\":null,\"resources\":[{\"a\":1}]}", HEARD_ANSWER, 0, 0, NULL,
            NULL },
        { 204, "", HEARD_ANSWER, 0, 0, NULL, NULL },
        /* errors in a reply of success */
        { 202, "{\"errors\":[{\"code\":404,\"message\":\"no such device\"}],\"resources\":[]}",
            HEARD_ERROR, 0, 0, "404", "no such device" },
        { 200, "{\"errors\":[{\"code\":403,\"message\":\"denied\"}],\"resources\":null}",
            HEARD_ERROR, 1, 0, "403", "denied" },
        { 200, "{\"errors\":[{\"code\":401,\"message\":\"bad token\"}]}", HEARD_ERROR, 0, 1, "401",
            NULL },
        { 201, "{\"errors\":[{\"code\":40401,\"message\":\"no session\"}]}", HEARD_ERROR, 0, 0,
            "40401", NULL },
        { 201, "{\"errors\":[{\"code\":\"odd\",\"message\":\"x\"}]}", HEARD_ERROR, 0, 0, "odd",
            NULL },
        { 201, "{\"errors\":[{\"message\":\"x\"}]}", HEARD_ERROR, 0, 0, "HTTP400", "x" },
        { 201, "{\"errors\":[{\"code\":50007,\"message\":\"no comms\"}]}", HEARD_NOTHING, 0, 0,
            "50007", "no comms" },
        { 200, "{\"errors\":[{\"code\":429,\"message\":\"slow down\"}]}", HEARD_NOTHING, 0, 0,
            "429", NULL },
        { 202, "{\"errors\":[{\"code\":409,\"message\":\"x\"}],\"resources\":[{\"id\":\"a\"}]}",
            HEARD_ANSWER, 0, 0, NULL, NULL },
        { 201, "{\"errors\":[{\"code\":500,\"message\":\"x\"}],\"resources\":{\"aid\":{\"a\":1}}}",
            HEARD_ANSWER, 0, 0, NULL, NULL },
        { 200,
            "{\"meta\":{\"writes\":{\"resources_affected\":1}},\"errors\":[{\"code\":404,"
            "\"message\":\"x\"}],\"resources\":[]}",
            HEARD_ANSWER, 0, 0, NULL, NULL },
        { 200,
            "{\"meta\":{\"writes\":{\"resources_affected\":0}},\"errors\":[{\"code\":404,"
            "\"message\":\"x\"}],\"resources\":{}}",
            HEARD_ERROR, 0, 0, "404", NULL },
        /* statuses */
        { 403, "{\"errors\":[{\"code\":403,\"message\":\"access denied, authorization failed\"}]}",
            HEARD_ERROR, 1, 0, "403", "authorization failed" },
        { 401, "{\"errors\":[{\"code\":401,\"message\":\"access denied, invalid bearer token\"}]}",
            HEARD_ERROR, 0, 1, "401", NULL },
        { 404, "", HEARD_ERROR, 0, 0, "HTTP404", NULL },
        { 409, "{\"errors\":[]}", HEARD_ERROR, 0, 0, "HTTP409", NULL },
        { 429, "{\"errors\":[{\"code\":429,\"message\":\"limit\"}]}", HEARD_NOTHING, 0, 0, NULL,
            "limit" },
        { 500, "{\"errors\":[{\"code\":500,\"message\":\"x\"}]}", HEARD_NOTHING, 0, 0, NULL, NULL },
        { 503, "", HEARD_NOTHING, 0, 0, NULL, NULL },
        { 308, "{}", HEARD_NOTHING, 0, 0, NULL, NULL },
        /* what is not CrowdStrike's */
        { 200, "<html><body>Sign in</body></html>", HEARD_NOTHING, 0, 0, NULL, "web page" },
        { 403, "  <!DOCTYPE html><html>", HEARD_NOTHING, 0, 0, NULL, "web page" },
        { 200, "", HEARD_NOTHING, 0, 0, NULL, "empty" },
        { 200, "{\"resources\":[{\"a\"", HEARD_NOTHING, 0, 0, NULL, "cannot be read" },
        { 200, "[]", HEARD_NOTHING, 0, 0, NULL, NULL },
        { 200, "\"ok\"", HEARD_NOTHING, 0, 0, NULL, NULL },
    };
    rows_are_read(&crowdstrike_speaker, rows, COUNT_OF(rows));
}

static void microsoft_is_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 200, "{\"value\":[]}", HEARD_ANSWER, 0, 0, NULL, NULL },
        { 201, "{\"id\":\"a\",\"status\":\"Pending\"}", HEARD_ANSWER, 0, 0, NULL, NULL },
        { 204, "", HEARD_ANSWER, 0, 0, NULL, NULL },
        { 400, "{\"error\":{\"code\":\"BadRequest\",\"message\":\"no\"}}", HEARD_ERROR, 0, 0,
            "BadRequest", "no" },
        { 403, "{\"error\":{\"code\":\"Forbidden\",\"message\":\"missing role\"}}", HEARD_ERROR, 1,
            0, "Forbidden", "missing role" },
        { 401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"x\"}}",
            HEARD_ERROR, 0, 1, "InvalidAuthenticationToken", NULL },
        { 404, "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"x\"}}", HEARD_ERROR, 0, 0,
            "ResourceNotFound", NULL },
        { 404, "", HEARD_ERROR, 0, 0, "HTTP404", "did not say why" },
        { 400, "{\"error\":\"invalid_request\",\"error_description\":\"y\"}", HEARD_ERROR, 0, 0,
            "invalid_request", "y" },
        { 429, "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"x\"}}", HEARD_NOTHING, 0, 0,
            NULL, "TooManyRequests" },
        { 500, "{\"error\":{\"code\":\"InternalServerError\",\"message\":\"x\"}}", HEARD_NOTHING, 0,
            0, NULL, NULL },
        { 200, "{\"error\":{\"code\":\"Odd\",\"message\":\"x\"}}", HEARD_NOTHING, 0, 0, NULL, "x" },
        { 200, "<html>", HEARD_NOTHING, 0, 0, NULL, "web page" },
        { 403, "<html>", HEARD_NOTHING, 0, 0, NULL, "web page" },
        { 302, "", HEARD_NOTHING, 0, 0, NULL, NULL },
        { 200, "{\"value\":[", HEARD_NOTHING, 0, 0, NULL, NULL },
    };
    rows_are_read(&microsoft_speaker, rows, COUNT_OF(rows));
}

static void why_names_the_operation_the_target_and_the_way_out(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct step step = { .arena = &arena };
    struct request request = { .operation = "PerformActionV2", .target = STR("host/15db") };
    struct answer denied = { .heard = HEARD_ERROR,
        .is_forbidden = true,
        .code = STR("403"),
        .message = STR("access denied") };
    assert_string_equal(crowdstrike_speaker.why(&step, &request, &denied),
        "CrowdStrike does not allow PerformActionV2 on host/15db: give the API client the scope "
        "that "
        "`cdr permissions --provider crowdstrike` names (403: access denied)");
    assert_non_null(strstr(microsoft_speaker.why(&step, &request, &denied), "app role"));
    struct answer wrong = {
        .heard = HEARD_ERROR, .is_bad_credential = true, .code = STR("401"), .message = STR("x")
    };
    assert_non_null(strstr(microsoft_speaker.why(&step, &request, &wrong),
        "Microsoft does not accept the connection's credentials for PerformActionV2 on host/15db"));
    struct answer declined = { .heard = HEARD_ERROR, .code = STR("409"), .message = STR("y") };
    assert_string_equal(crowdstrike_speaker.why(&step, &request, &declined),
        "CrowdStrike declined PerformActionV2 on host/15db (409: y)");
    struct answer nothing = answer_nothing(NULL);
    assert_string_equal(crowdstrike_speaker.why(&step, &request, &nothing),
        "PerformActionV2 on host/15db: no answer came");
}

static void a_full_arena_is_no_answer(void **state)
{
    (void)state;
    struct arena turn = ARENA_INIT(1);
    struct reply reply = { REPLY_RECEIVED, 200, STR("{\"resources\":[{\"a\":1}]}") };
    struct request request = { .operation = "X" };
    struct answer answer;
    assert_int_equal(crowdstrike_speaker.read(&turn, &reply, &request, &answer), ERR_MEMORY);
    assert_int_equal(microsoft_speaker.read(&turn, &reply, &request, &answer), ERR_MEMORY);
    arena_release(&turn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowdstrike_is_read),
        cmocka_unit_test(microsoft_is_read),
        cmocka_unit_test(why_names_the_operation_the_target_and_the_way_out),
        cmocka_unit_test(a_full_arena_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
