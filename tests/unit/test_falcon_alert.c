/* What is done to an alert of Falcon: its status and back, a comment once. */
#include "script.h"

#include "base/attr.h"
#include "crowdstrike/alert.h"
#include "fronts.h"

#define ID "11112222333344445555666677778888:ind:15dbb9d8f06b45fe9f61eb46e829d986:98765-10303-2"
#define TOLD(source, id)                                                                           \
    "{\"key\":\"k\",\"rule\":\"r\",\"alert\":{\"source\":\"" source "\",\"alert.id\":\"" id "\"}}"
#define ALERT(status, more)                                                                        \
    "{\"meta\":{},\"errors\":[],\"resources\":[{\"composite_id\":\"" ID "\",\"cmdline\":"          \
    "\"{\\\"comments\\\":1}\",\"status\":\"" status "\"" more "}]}"
#define NO_ALERT "{\"meta\":{},\"errors\":[],\"resources\":[]}"
#define WRITTEN "{\"meta\":{\"writes\":{\"resources_affected\":1}},\"errors\":[]}"
#define DENIED "{\"errors\":[{\"code\":403,\"message\":\"access denied\"}]}"

#define READ_REQUEST                                                                               \
    "POST /alerts/entities/alerts/v2?include_hidden=true\nContent-Type: application/json\n"        \
    "{\"composite_ids\":[\"" ID "\"]}"
#define WRITE_REQUEST(name, value)                                                                 \
    "PATCH /alerts/entities/alerts/v3?include_hidden=true\nContent-Type: application/json\n"       \
    "{\"action_parameters\":[{\"name\":\"" name "\",\"value\":\"" value "\"}],"                    \
    "\"composite_ids\":[\"" ID "\"]}"
#define READS(status) ASK("PostEntitiesAlertsV2", READ_REQUEST, ALERT(status, ""))
#define WRITES(name, value) CHANGE("PatchEntitiesAlertsV3", WRITE_REQUEST(name, value), WRITTEN)

static void begin(struct script *script, const struct builtin *row)
{
    script_begin_row(script, row);
    script->alert = STR(TOLD("crowdstrike", ID));
}

static void reason_has(const struct script *script, const char *part)
{
    if (strstr(script->step.reason, part) == NULL)
        fail_msg("'%s' has no '%s'", script->step.reason, part);
}

static void an_alert_is_closed_unless_something_else_is_said(void **state)
{
    (void)state;
    static const struct exchange closes[] = { READS("new"), WRITES("update_status", "closed"),
        READS("closed") };
    static const struct exchange works[] = { READS("New"), WRITES("update_status", "in_progress"),
        READS("new"), READS("in_progress") };
    struct script script;
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, closes), STEP_DONE);
    assert_true(str_is(script.step.target, "alert/" ID));
    assert_string_equal(script.undos[0].builtin, "restore_alert_status");
    assert_true(str_is(value_str(script.undos[0].args[RESTORE_BEFORE]), "new"));
    script_starve(&script, closes, COUNT_OF(closes), STEP_DONE);
    script_end(&script);
    begin(&script, &crowdstrike_alert_status);
    script_set(&script, "status", "in_progress");
    assert_int_equal(PLAY(&script, works), STEP_DONE);
    script_end(&script);
}

static void an_alert_that_is_so_already_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { READS("closed") };
    struct script script;
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    reason_has(&script, "nothing was changed");
    script_end(&script);
}

static void a_lost_status_is_looked_for(void **state)
{
    (void)state;
    static const struct exchange lost = CHANGE_WITHOUT("PatchEntitiesAlertsV3", "", LOST);
    const struct exchange there[] = { READS("new"), lost, READS("closed") };
    const struct exchange gone[] = { READS("new"), lost, READS("new"), READS("new"), READS("new"),
        WRITES("update_status", "closed"), READS("closed") };
    struct script script;
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, there), STEP_DONE);
    script_end(&script);
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, gone), STEP_DONE);
    script_end(&script);
}

static void a_status_goes_back_only_where_it_is_still_ours(void **state)
{
    (void)state;
    static const struct exchange made[] = { READS("new"), WRITES("update_status", "closed"),
        READS("closed") };
    static const struct exchange back[] = { READS("closed"), WRITES("update_status", "new"),
        READS("new") };
    static const struct exchange other[] = { READS("in_progress") };
    static const struct exchange already[] = { READS("new") };
    struct script done, script;
    begin(&done, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&done, made), STEP_DONE);
    script_begin_undo(&script, &done, 0);
    assert_int_equal(PLAY(&script, back), STEP_DONE);
    script_end(&script);
    script_begin_undo(&script, &done, 0);
    assert_int_equal(PLAY(&script, other), STEP_FAILED);
    reason_has(&script, "it was left alone");
    script_end(&script);
    script_begin_undo(&script, &done, 0);
    assert_int_equal(PLAY(&script, already), STEP_DONE);
    script_end(&script);
    script_end(&done);
}

static void what_is_no_alert_of_falcon_is_never_asked_for(void **state)
{
    (void)state;
    static const char *const told[] = { "", "{}", "{\"alert\":{}}", "[", TOLD("guardduty", ID),
        TOLD("crowdstrike", "ldt:1234:5678"), TOLD("crowdstrike", ""),
        TOLD("crowdstrike", "11112222333344445555666677778888:"),
        TOLD("crowdstrike", "11112222333344445555666677778888:a b"),
        TOLD("crowdstrike", "1111222233334444555566667777888g:ind:1") };
    static const struct builtin *const rows[] = { &crowdstrike_alert_status,
        &crowdstrike_alert_comment };
    for (size_t row = 0; row < COUNT_OF(rows); row++)
        for (size_t at = 0; at < COUNT_OF(told); at++) {
            struct script script;
            script_begin_row(&script, rows[row]);
            script.alert = str_from(told[at]);
            assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
            script_end(&script);
        }
}

static void an_alert_that_falcon_does_not_show_is_unresolved(void **state)
{
    (void)state;
    static const struct exchange empty[] = { ASK("PostEntitiesAlertsV2", "", NO_ALERT) };
    static const struct exchange missing[] = { ASK_ERROR(
        "PostEntitiesAlertsV2", "", 404, "{\"errors\":[{\"code\":404,\"message\":\"no\"}]}") };
    static const struct exchange denied[] = { ASK_ERROR("PostEntitiesAlertsV2", "", 403, DENIED) };
    struct script script;
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, empty), STEP_UNRESOLVED);
    script_end(&script);
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, missing), STEP_UNRESOLVED);
    script_end(&script);
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, denied), STEP_FAILED);
    script_end(&script);
}

/* ---- comments ---- */

#define MARK "[cdr 0badcafe-run-1-step-0]"
#define COMMENTS(text) ",\"comments\":[{\"value\":\"" text "\",\"falcon_user_id\":\"x\"}]"
#define COMMENT_WRITES WRITES("append_comment", "isolated \\\"web-1\\\" " MARK)
#define COMMENT_READS(more) ASK("PostEntitiesAlertsV2", READ_REQUEST, ALERT("new", more))

static void begin_comment(struct script *script)
{
    begin(script, &crowdstrike_alert_comment);
    script_set(script, "text", "isolated \"web-1\"");
}

static void a_comment_is_written_once(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { COMMENT_READS(COMMENTS("of somebody")),
        COMMENT_WRITES, COMMENT_READS(COMMENTS("isolated " MARK)) };
    static const struct exchange again[] = { COMMENT_READS(COMMENTS("isolated " MARK)) };
    struct script script;
    begin_comment(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_null(script.undos[0].builtin);
    script_end(&script);
    begin_comment(&script);
    assert_int_equal(PLAY(&script, again), STEP_DONE);
    assert_int_equal(script.changes, 0);
    script_end(&script);
}

static void a_comment_that_is_accepted_is_done_where_none_are_shown(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { COMMENT_READS(""), COMMENT_WRITES,
        COMMENT_READS(""), COMMENT_READS(""), COMMENT_READS(""), COMMENT_READS(""),
        COMMENT_READS(""), COMMENT_READS(""), COMMENT_READS("") };
    struct script script;
    begin_comment(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    reason_has(&script, "does not show comments");
    script_end(&script);
}

static void a_lost_comment_is_sent_again_only_where_comments_are_shown(void **state)
{
    (void)state;
    static const struct exchange lost = CHANGE_WITHOUT("PatchEntitiesAlertsV3", "", LOST);
    const struct exchange there[] = { COMMENT_READS(",\"comments\":[]"), lost,
        COMMENT_READS(COMMENTS(MARK)) };
    const struct exchange gone[] = { COMMENT_READS(",\"comments\":[]"), lost,
        COMMENT_READS(",\"comments\":[]"), COMMENT_READS(",\"comments\":[]"),
        COMMENT_READS(",\"comments\":[]"), COMMENT_WRITES, COMMENT_READS(COMMENTS(MARK)) };
    const struct exchange unseen[] = { COMMENT_READS(""), lost, COMMENT_READS(""),
        COMMENT_READS(""), COMMENT_READS("") };
    struct script script;
    begin_comment(&script);
    assert_int_equal(PLAY(&script, there), STEP_DONE);
    assert_int_equal(script.changes, 1);
    script_end(&script);
    begin_comment(&script);
    assert_int_equal(PLAY(&script, gone), STEP_DONE);
    assert_int_equal(script.changes, 2);
    script_end(&script);
    begin_comment(&script);
    assert_int_equal(PLAY(&script, unseen), STEP_UNKNOWN);
    assert_int_equal(script.changes, 1);
    reason_has(&script, "not sent again");
    script_end(&script);
}

static void whatever_falcon_answers_to_a_change_is_not_taken_for_success(void **state)
{
    (void)state;
    static const struct exchange denied = CHANGE_ERROR("PatchEntitiesAlertsV3", "", 403, DENIED);
    static const struct exchange in_success = CHANGE_ERROR("PatchEntitiesAlertsV3", "", 200,
        "{\"errors\":[{\"code\":400,\"message\":\"bad value\"}],\"resources\":[]}");
    static const struct exchange page = CHANGE("PatchEntitiesAlertsV3", "", WEB_PAGE);
    const struct exchange declined[][2] = { { READS("new"), denied },
        { READS("new"), in_success } };
    const struct exchange hidden[] = { READS("new"), page, READS("new"), READS("new"), READS("new"),
        page, READS("new"), READS("new"), READS("new"), page, READS("new"), READS("new"),
        READS("new") };
    struct script script;
    for (size_t at = 0; at < COUNT_OF(declined); at++) {
        begin(&script, &crowdstrike_alert_status);
        assert_int_equal(script_play(&script, declined[at], 2), STEP_FAILED);
        script_end(&script);
        begin(&script, &crowdstrike_alert_comment);
        assert_int_equal(script_play(&script, declined[at], 2), STEP_FAILED);
        script_end(&script);
    }
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, hidden), STEP_FAILED);
    reason_has(&script, "is 'new' after 3 requests");
    script_end(&script);
}

static void nothing_is_sent_offline(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK_WITHOUT("PostEntitiesAlertsV2", "", ASSUMED),
        CHANGE_WITHOUT("PatchEntitiesAlertsV3", "", ASSUMED) };
    struct script script;
    begin(&script, &crowdstrike_alert_status);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    reason_has(&script, "would become 'closed'");
    script_end(&script);
    begin_comment(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_closed_unless_something_else_is_said),
        cmocka_unit_test(an_alert_that_is_so_already_is_left_alone),
        cmocka_unit_test(a_lost_status_is_looked_for),
        cmocka_unit_test(a_status_goes_back_only_where_it_is_still_ours),
        cmocka_unit_test(what_is_no_alert_of_falcon_is_never_asked_for),
        cmocka_unit_test(an_alert_that_falcon_does_not_show_is_unresolved),
        cmocka_unit_test(a_comment_is_written_once),
        cmocka_unit_test(a_comment_that_is_accepted_is_done_where_none_are_shown),
        cmocka_unit_test(a_lost_comment_is_sent_again_only_where_comments_are_shown),
        cmocka_unit_test(whatever_falcon_answers_to_a_change_is_not_taken_for_success),
        cmocka_unit_test(nothing_is_sent_offline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
