/* Isolation and restriction of programs by Defender, each with its way back. */
#include "bytecode.h"
#include "defender.h"
#include "defender/machine_action.h"
#include "fronts.h"

#define ISOLATE(kind)                                                                              \
    "POST /api/machines/" MACHINE_ID                                                               \
    "/isolate\n{\"Comment\":\"" MARK("Isolate") "\",\"IsolationType\":\"" kind "\"}"
#define UNISOLATE                                                                                  \
    "POST /api/machines/" MACHINE_ID "/unisolate\n{\"Comment\":\"" MARK("Unisolate") "\"}"
#define SENT(kind) CHANGE("IsolateMachine", ISOLATE(kind), OURS_IS("Isolate", "Pending"))
#define RELEASED CHANGE("UnisolateMachine", UNISOLATE, OURS_IS("Unisolate", "Pending"))

static const struct exchange happy[] = { LOOKUP, LIST(""), SENT("Full"),
    POLL("Isolate", "InProgress"), POLL("Isolate", "Succeeded") };

static void isolate(struct script *script, const char *host, const char *mode)
{
    script_begin_row(script, &defender_isolate_host);
    script_set(script, "host", host);
    if (mode != NULL)
        script_set(script, "mode", mode);
}

static void restrict_host(struct script *script)
{
    script_begin(script, VERB_RESPOND, "restrict_app_execution");
    script_set(script, "host", MACHINE_ID);
}

static void a_host_is_isolated_and_said_to_be_so_when_defender_says_so(void **state)
{
    (void)state;
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ends_with(
        &script, happy, COUNT_OF(happy), STEP_DONE, 1, "is isolated: it reaches Defender alone");
    assert_true(str_is(script.step.target, "host/" MACHINE_ID));
    assert_string_equal(script.undos[0].builtin, "release_machine");
    assert_true(str_is(value_str(script.undos[0].args[0]), MACHINE_ID));
    assert_true(str_is(value_str(script.undos[0].args[1]), STEP_KEY));
    assert_true(has_fact(&script, FIELD_HOST_ID, MACHINE_ID));
    assert_true(has_fact(&script, FIELD_HOST_NAME, "web-1.corp.example"));
    assert_true(has_fact(&script, FIELD_HOST_IP, "192.0.2.7"));
    assert_true(has_fact(&script, FIELD_HOST_IP, "198.51.100.9"));
    assert_true(has_fact(&script, FIELD_HOST_OS, "Windows11"));
    assert_true(has_fact(&script, FIELD_RESOURCE_TAGS, "prod"));
    assert_true(has_fact(&script, FIELD_RESOURCE_TAGS, "crown"));
    assert_true(has_fact(&script, FIELD_INSTANCE_ID, ""));
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void what_is_asked_is_compared_byte_for_byte(void **state)
{
    (void)state;
    static const char *const sent[] = {
        "defender:GetMachineById  host/" MACHINE_ID " 0 GET /api/machines/" MACHINE_ID "\n",
        "defender:ListMachineActions  host/" MACHINE_ID
        " 0 GET /api/machineactions?$filter=machineId%20eq%20%27" MACHINE_ID
        "%27&$orderby=creationDateTimeUtc%20desc&$top=100\n",
        "defender:IsolateMachine  host/" MACHINE_ID " 0 POST /api/machines/" MACHINE_ID
        "/isolate\nContent-Type: application/json\n\n{\"Comment\":\"" MARK(
            "Isolate") "\","
                       "\"IsolationType\":\"Full\"}",
        "defender:GetMachineAction  host/" MACHINE_ID " 1000 GET /api/machineactions/" ACTION_ID
        "\n",
    };
    struct script script;
    isolate(&script, MACHINE_ID, "full");
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    for (size_t at = 0; at < COUNT_OF(sent); at++)
        assert_true(str_endswith(script.sent[at], str_from(sent[at])));
    script_end(&script);
}

static void an_instance_of_aws_is_known_by_its_id_and_account(void **state)
{
    (void)state;
    static const struct exchange aws[] = {
        ASK("GetMachineById", "",
            MACHINE_OF("Linux", "Active",
                ",\"vmMetadata\":{\"vmId\":\"i-0abc\",\"cloudProvider\":\"AWS\","
                "\"subscriptionId\":\"111122223333\",\"resourceId\":null}")),
        LIST(LATER_BY_OTHER("Isolate", "Succeeded", ""))
    };
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ends_with(&script, aws, COUNT_OF(aws), STEP_DONE, 0, "was isolated already");
    assert_true(has_fact(&script, FIELD_INSTANCE_ID, "i-0abc"));
    assert_true(has_fact(&script, FIELD_CLOUD_ACCOUNT, "111122223333"));
    assert_true(has_fact(&script, FIELD_CLOUD_PROVIDER, "aws"));
    script_end(&script);
}

static void what_is_no_machine_of_defender_is_unresolved(void **state)
{
    (void)state;
    static const struct exchange unknown[] = { ASK_ERROR(
        "GetMachineById", "", 404, MS_ERROR("ResourceNotFound", "Machine was not found")) };
    static const struct exchange another[] = { ASK(
        "GetMachineById", "", "{\"id\":\"80a1bd5f0f1c4ba2a0f5a4fe0b6c1e5f70a1bd5f\"}") };
    static const struct exchange seen[] = { ASK("GetMachineById", "",
        "{\"id\":\"" MACHINE_ID "\",\"onboardingStatus\":\"CanBeOnboarded\"}") };
    struct script script;
    isolate(&script, "15dbb9d8f06b45fe9f61eb46e829d986", NULL);
    ends_with(&script, NULL, 0, STEP_UNRESOLVED, 0, "is no machine of Defender");
    script_end(&script);
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, unknown, STEP_UNRESOLVED, 0, "Defender knows no machine " MACHINE_ID);
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, another, STEP_UNRESOLVED, 0, "Defender knows no machine");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, seen, STEP_FAILED, 0, "not onboarded (CanBeOnboarded)");
}

static void selective_isolation_is_for_windows(void **state)
{
    (void)state;
    static const struct exchange linux_host[] = { ASK("GetMachineById", "", MACHINE("Linux")) };
    static const struct exchange windows[] = { LOOKUP, LIST(""), SENT("Selective"),
        POLL("Isolate", "Succeeded") };
    static const struct exchange weaker[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Isolate", "Succeeded", ",\"scope\":\"Selective\"")) };
    struct script script;
    isolate(&script, MACHINE_ID, "selective");
    ENDS(&script, linux_host, STEP_FAILED, 0, "isolates selectively on Windows alone");
    isolate(&script, MACHINE_ID, "selective");
    ENDS(&script, windows, STEP_DONE, 1, "is isolated");
    isolate(&script, MACHINE_ID, "selective");
    ENDS(&script, weaker, STEP_DONE, 0, "was isolated already: nothing was changed");
    isolate(&script, MACHINE_ID, "full");
    ENDS(&script, weaker, STEP_PARTIAL, 0, "but selectively");
}

static void the_latest_action_says_what_a_host_is(void **state)
{
    (void)state;
    static const struct exchange isolated[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Isolate", "Succeeded", "") "," ACTION_BY(
            "a", "Unisolate", "Succeeded", "", "2026-01-01T00:00:00Z", "")) };
    static const struct exchange released[] = { LOOKUP,
        LIST(ACTION_BY("a", "Isolate", "Succeeded", "", "2025-12-01T00:00:00Z", "") "," ACTION_BY(
            "b", "Unisolate", "Succeeded", "", "2025-12-02T00:00:00Z", "") "," ACTION_BY("c",
            "Isolate", "Failed", "", "2025-12-03T00:00:00Z", "") "," ACTION_BY("d",
            "RunAntiVirusScan", "Succeeded", "", "2025-12-04T00:00:00Z", "")),
        SENT("Full"), POLL("Isolate", "Succeeded") };
    static const struct exchange under_way[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Isolate", "InProgress", "")),
        ASK("GetMachineAction", "GET /api/machineactions/" OTHER_ID,
            LATER_BY_OTHER("Isolate", "Succeeded", "")) };
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, isolated, STEP_DONE, 0, "was isolated already");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, released, STEP_DONE, 1, "is isolated");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, under_way, STEP_DONE, 0, "somebody else had begun: nothing was changed");
}

static void a_lost_answer_is_looked_for_before_it_is_sent_again(void **state)
{
    (void)state;
#define LOST_ONE CHANGE_WITHOUT("IsolateMachine", ISOLATE("Full"), LOST)
    static const struct exchange arrived[] = { LOOKUP, LIST(""), LOST_ONE,
        LIST(OURS_IS("Isolate", "InProgress")), POLL("Isolate", "Succeeded") };
    static const struct exchange gone[] = { LOOKUP, LIST(""), LOST_ONE, LIST(""), LIST(""),
        LIST(""), SENT("Full"), POLL("Isolate", "Succeeded") };
    static const struct exchange never[] = { LOOKUP, LIST(""), LOST_ONE, LIST(""), LIST(""),
        LIST(""), LOST_ONE, LIST(""), LIST(""), LIST(""), LOST_ONE, LIST(""), LIST(""), LIST("") };
    static const struct exchange page[] = { LOOKUP, LIST(""),
        CHANGE("IsolateMachine", ISOLATE("Full"), WEB_PAGE),
        LIST(OURS_IS("Isolate", "Succeeded")) };
    static const struct exchange throttled[] = { LOOKUP, LIST(""),
        CHANGE_ERROR("IsolateMachine", "", 429, MS_ERROR("TooManyRequests", "slow down")), LIST(""),
        LIST(""), LIST(""), SENT("Full"), POLL("Isolate", "Succeeded") };
    static const struct exchange another[] = { LOOKUP, LIST(""), LOST_ONE,
        LIST(ACTION_BY(OTHER_ID, "Isolate", "Pending", "cdr [" STEP_KEY "1]: Isolate",
            "2026-01-02T00:00:00Z", "")),
        LIST(""), LIST(""), SENT("Full"), POLL("Isolate", "Succeeded") };
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, arrived, STEP_DONE, 1, "is isolated");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, gone, STEP_DONE, 2, "is isolated");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, never, STEP_UNKNOWN, 3, "answered none of 3 requests and shows no action");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, page, STEP_DONE, 1, "is isolated");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, throttled, STEP_DONE, 2, "is isolated");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, another, STEP_DONE, 2, "is isolated");
}

static void of_two_at_a_time_the_other_is_waited_for(void **state)
{
    (void)state;
#define BUSY                                                                                       \
    CHANGE_ERROR("IsolateMachine", ISOLATE("Full"), 400,                                           \
        MS_ERROR("ActiveRequestAlreadyExists", "Action is already in progress"))
    static const struct exchange other[] = { LOOKUP, LIST(""), BUSY,
        LIST(LATER_BY_OTHER("Isolate", "Pending", "")),
        ASK("GetMachineAction", "", LATER_BY_OTHER("Isolate", "Succeeded", "")) };
    static const struct exchange none[] = { LOOKUP, LIST(""), BUSY, LIST("") };
    static const struct exchange doubtful[] = { LOOKUP, LIST(""), LOST_ONE, LIST(""), LIST(""),
        LIST(""), BUSY, LIST("") };
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, other, STEP_DONE, 1, "somebody else had begun");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(
        &script, none, STEP_FAILED, 1, "ActiveRequestAlreadyExists: Action is already in progress");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, doubtful, STEP_UNKNOWN, 2, "ActiveRequestAlreadyExists");
}

static void an_action_that_ends_badly_is_no_success(void **state)
{
    (void)state;
    static const struct exchange failed[] = { LOOKUP, LIST(""), SENT("Full"),
        ASK("GetMachineAction", "",
            ACTION_BY(ACTION_ID, "Isolate", "Failed", "", "", ",\"x\":1")) };
    static const struct exchange timed_out[] = { LOOKUP, LIST(""), SENT("Full"),
        POLL("Isolate", "TimeOut") };
    static const struct exchange cancelled[] = { LOOKUP, LIST(""), SENT("Full"),
        POLL("Isolate", "Cancelled") };
    static const struct exchange denied[] = { LOOKUP, LIST(""),
        CHANGE_ERROR("IsolateMachine", "", 403, MS_DENIED) };
    static const struct exchange refused[] = { LOOKUP, LIST(""),
        CHANGE_WITHOUT("IsolateMachine", "", REFUSED) };
    static const struct exchange blind[] = { LOOKUP, LIST(""), SENT("Full"),
        ASK_ERROR("GetMachineAction", "", 403, MS_DENIED) };
    static const struct exchange late[] = { LOOKUP, LIST(""), SENT("Full"),
        ASK_ERROR("GetMachineAction", "", 404, MS_ERROR("ResourceNotFound", "no")),
        POLL("Isolate", "Succeeded") };
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, failed, STEP_FAILED, 1, "Defender calls the action " ACTION_ID " Failed");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, timed_out, STEP_UNKNOWN, 1, "TimeOut");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, cancelled, STEP_FAILED, 1, "Cancelled");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, denied, STEP_FAILED, 1, "Microsoft does not allow IsolateMachine");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, refused, STEP_FAILED, 1, "IsolateMachine");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, blind, STEP_UNKNOWN, 1, "cdr undo looks what is there first");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, late, STEP_DONE, 1, "is isolated");
}

static void an_offline_host_is_partly_done_and_what_will_happen_is_told(void **state)
{
    (void)state;
    struct exchange exchanges[64] = {
        ASK("GetMachineById", "", MACHINE_OF("Windows11", "Inactive", "")), LIST(""), SENT("Full")
    };
    static const struct exchange pending = POLL("Isolate", "Pending");
    size_t count = 3;
    for (; count < 46; count++)
        exchanges[count] = pending;
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ends_with(&script, exchanges, count, STEP_PARTIAL, 1,
        "Defender calls it Inactive, last seen 2026-01-01T00:00:00Z: Defender keeps it, and "
        "isolates "
        "the host as soon as it reports");
    assert_true(script.waited_ms > 9 * 60 * 1000 && script.waited_ms < 11 * 60 * 1000);
    script_end(&script);
}

static void plans_suppose_the_isolation(void **state)
{
    (void)state;
    static const struct exchange plan[] = { LOOKUP, LIST(""),
        CHANGE_WITHOUT("IsolateMachine", ISOLATE("Full"), ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetMachineById", "", ASSUMED),
        ASK_WITHOUT("ListMachineActions", "", ASSUMED),
        CHANGE_WITHOUT("IsolateMachine", ISOLATE("Full"), ASSUMED) };
    struct script script;
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, plan, STEP_DONE, 1, "would be isolated");
    isolate(&script, MACHINE_ID, NULL);
    ends_with(&script, offline, COUNT_OF(offline), STEP_DONE, 1, "would be isolated");
    script_starve(&script, offline, COUNT_OF(offline), STEP_DONE);
    script_end(&script);
}

/* ---- the way back ---- */

static void release(struct script *undo)
{
    struct script done;
    isolate(&done, MACHINE_ID, NULL);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(undo, &done, 0);
    for (uint32_t at = 0; at < 2; at++) /* outlives the other arena */
        undo->args[at] = value_text(arena_copy(&undo->arena, value_str(undo->args[at])));
    script_end(&done);
}

static void what_we_isolated_is_released(void **state)
{
    (void)state;
    static const struct exchange ours[] = { LOOKUP, LIST(OURS_IS("Isolate", "Succeeded")), RELEASED,
        POLL("Unisolate", "Succeeded") };
    static const struct exchange lost[] = { LOOKUP, LIST(OURS_IS("Isolate", "Succeeded")),
        CHANGE_WITHOUT("UnisolateMachine", UNISOLATE, LOST),
        LIST(OURS_IS("Unisolate", "Succeeded") "," OURS_IS("Isolate", "Succeeded")) };
    static const struct exchange never[] = { LOOKUP, LIST("") };
    static const struct exchange released[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Unisolate", "Succeeded", "") "," OURS_IS("Isolate", "Succeeded")) };
    static const struct exchange releasing[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Unisolate", "Pending", "") "," OURS_IS("Isolate", "Succeeded")),
        ASK("GetMachineAction", OTHER_ID, LATER_BY_OTHER("Unisolate", "Succeeded", "")) };
    static const struct exchange theirs[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Isolate", "Succeeded", "") "," OURS_IS("Isolate", "Succeeded")) };
    struct script undo;
    release(&undo);
    ends_with(&undo, ours, COUNT_OF(ours), STEP_DONE, 1, "is isolated no longer");
    script_starve(&undo, ours, COUNT_OF(ours), STEP_DONE);
    script_end(&undo);
    release(&undo);
    ENDS(&undo, lost, STEP_DONE, 1, "is isolated no longer");
    release(&undo);
    ENDS(&undo, never, STEP_DONE, 0, "nothing to take back");
    release(&undo);
    ENDS(&undo, released, STEP_DONE, 0, "nothing to take back");
    release(&undo);
    ENDS(&undo, releasing, STEP_DONE, 0, "is isolated no longer");
    release(&undo);
    ENDS(&undo, theirs, STEP_FAILED, 0, "was left alone");
}

static void an_isolation_that_waits_is_cancelled(void **state)
{
    (void)state;
#define CANCEL                                                                                     \
    CHANGE("CancelMachineAction",                                                                  \
        "POST /api/machineactions/" ACTION_ID "/cancel\n{\"Comment\":\"" MARK("Unisolate") "\"}",  \
        OURS_IS("Isolate", "Cancelled"))
    static const struct exchange waits[] = { LOOKUP, LIST(OURS_IS("Isolate", "Pending")), CANCEL,
        LIST(OURS_IS("Isolate", "Cancelled")) };
    static const struct exchange lost[] = { LOOKUP, LIST(OURS_IS("Isolate", "Pending")),
        CHANGE_WITHOUT("CancelMachineAction", "", LOST), LIST(OURS_IS("Isolate", "Cancelled")) };
    static const struct exchange too_late[] = { LOOKUP, LIST(OURS_IS("Isolate", "InProgress")),
        CHANGE_ERROR("CancelMachineAction", "", 400, MS_ERROR("BadRequest", "cannot be cancelled")),
        LIST(OURS_IS("Isolate", "InProgress")), LIST(OURS_IS("Isolate", "Succeeded")), RELEASED,
        POLL("Unisolate", "Succeeded") };
    static const struct exchange denied[] = { LOOKUP, LIST(OURS_IS("Isolate", "Pending")),
        CHANGE_ERROR("CancelMachineAction", "", 403, MS_DENIED) };
    struct script undo;
    release(&undo);
    ends_with(&undo, waits, COUNT_OF(waits), STEP_DONE, 1, "was cancelled before the host heard");
    script_starve(&undo, waits, COUNT_OF(waits), STEP_DONE);
    script_end(&undo);
    release(&undo);
    ENDS(&undo, lost, STEP_DONE, 1, "was cancelled before the host heard");
    release(&undo);
    ENDS(&undo, too_late, STEP_DONE, 2, "is isolated no longer");
    release(&undo);
    ENDS(&undo, denied, STEP_FAILED, 1, "does not allow CancelMachineAction");
}

static void an_isolation_that_timed_out_is_released(void **state)
{
    (void)state;
    static const struct exchange timed_out[] = { LOOKUP, LIST(OURS_IS("Isolate", "TimeOut")),
        RELEASED, POLL("Unisolate", "Succeeded") };
    static const struct exchange theirs[] = { LOOKUP,
        LIST(LATER_BY_OTHER("Isolate", "TimeOut", "")) };
    struct script undo;
    release(&undo);
    ENDS(&undo, timed_out, STEP_DONE, 1, "is isolated no longer");
    release(&undo);
    ENDS(&undo, theirs, STEP_DONE, 0, "nothing to take back");
}

static void what_was_withdrawn_is_told_so_although_an_older_isolation_stays(void **state)
{
    (void)state;
#define OLDER ACTION_BY(OTHER_ID, "Isolate", "Succeeded", "by hand", "2025-12-01T00:00:00Z", "")
    static const struct exchange older[] = { LOOKUP, LIST(OURS_IS("Isolate", "Pending") "," OLDER),
        CANCEL, LIST(OURS_IS("Isolate", "Cancelled") "," OLDER) };
    struct script undo;
    release(&undo);
    ENDS(&undo, older, STEP_DONE, 1, "was cancelled before the host heard");
}

static void a_list_that_is_cut_off_does_not_say_that_nothing_is_there(void **state)
{
    (void)state;
    static const struct exchange cut[] = { LOOKUP,
        ASK("ListMachineActions", "",
            "{\"value\":[" LATER_BY_OTHER("RunAntiVirusScan", "Succeeded",
                "") "],\"@odata.nextLink\":\"http://127.0.0.1/next\"}") };
    struct script script;
    release(&script);
    ENDS(&script, cut, STEP_UNKNOWN, 0, "none of them says what it is");
    isolate(&script, MACHINE_ID, NULL);
    ENDS(&script, cut, STEP_UNKNOWN, 0, "none of them says what it is");
}

/* ---- programs ---- */

static void programs_are_restricted_and_allowed_again(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKUP, LIST(""),
        CHANGE("RestrictCodeExecution",
            "POST /api/machines/" MACHINE_ID
            "/restrictCodeExecution\n{\"Comment\":\"" MARK("RestrictCodeExecution") "\"}",
            OURS_IS("RestrictCodeExecution", "Pending")),
        POLL("RestrictCodeExecution", "Succeeded") };
    static const struct exchange linux_host[] = { ASK("GetMachineById", "", MACHINE("Linux")) };
    static const struct exchange back[] = { LOOKUP,
        LIST(OURS_IS("RestrictCodeExecution", "Succeeded")),
        CHANGE("UnrestrictCodeExecution",
            "POST /api/machines/" MACHINE_ID
            "/unrestrictCodeExecution\n{\"Comment\":\"" MARK("UnrestrictCodeExecution") "\"}",
            OURS_IS("UnrestrictCodeExecution", "Pending")),
        POLL("UnrestrictCodeExecution", "Succeeded") };
    static const struct exchange theirs[] = { LOOKUP,
        LIST(LATER_BY_OTHER("RestrictCodeExecution", "Succeeded", "")) };
    struct script done, undo;
    restrict_host(&done);
    ENDS(&done, linux_host, STEP_FAILED, 0, "restricts programs on Windows alone");
    restrict_host(&done);
    ends_with(
        &done, exchanges, COUNT_OF(exchanges), STEP_DONE, 1, "runs only what Microsoft signed");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, back, STEP_DONE, 1, "runs every program again");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, theirs, STEP_FAILED, 0, "was left alone");
    script_end(&done);
}

static void a_comment_is_ours_by_its_whole_key(void **state)
{
    (void)state;
    str key = STR("run-1-step-1");
    assert_true(machine_action_is_of(STR("cdr [run-1-step-1]: Isolate"), key));
    assert_false(machine_action_is_of(STR("cdr [run-1-step-12]: Isolate"), key));
    assert_false(machine_action_is_of(STR("x cdr [run-1-step-1]: Isolate"), key));
    assert_false(machine_action_is_of(STR("cdr [run-1-step-1"), key));
    assert_false(machine_action_is_of(STR("cdr []: Isolate"), STR("")));
    assert_false(machine_action_is_of(STR(""), key));
}

static void an_id_of_another_provider_does_not_fit(void **state)
{
    (void)state;
    value args[STEP_PARAMS_MAX] = { value_text(STR(MACHINE_ID)) };
    assert_true(defender_isolate_host.fits(args));
    args[0] = value_text(STR("15dbb9d8f06b45fe9f61eb46e829d986"));
    assert_false(defender_isolate_host.fits(args));
    args[0] = value_text(STR("70a1bd5f0f1c4ba2a0f5a4fe0b6c1e5f70a1bd5/"));
    assert_false(defender_isolate_host.fits(args));
    args[0] = VALUE_NONE;
    assert_false(defender_isolate_host.fits(args));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_isolated_and_said_to_be_so_when_defender_says_so),
        cmocka_unit_test(what_is_asked_is_compared_byte_for_byte),
        cmocka_unit_test(an_instance_of_aws_is_known_by_its_id_and_account),
        cmocka_unit_test(what_is_no_machine_of_defender_is_unresolved),
        cmocka_unit_test(selective_isolation_is_for_windows),
        cmocka_unit_test(the_latest_action_says_what_a_host_is),
        cmocka_unit_test(a_lost_answer_is_looked_for_before_it_is_sent_again),
        cmocka_unit_test(of_two_at_a_time_the_other_is_waited_for),
        cmocka_unit_test(an_action_that_ends_badly_is_no_success),
        cmocka_unit_test(an_offline_host_is_partly_done_and_what_will_happen_is_told),
        cmocka_unit_test(plans_suppose_the_isolation),
        cmocka_unit_test(what_we_isolated_is_released),
        cmocka_unit_test(an_isolation_that_waits_is_cancelled),
        cmocka_unit_test(an_isolation_that_timed_out_is_released),
        cmocka_unit_test(what_was_withdrawn_is_told_so_although_an_older_isolation_stays),
        cmocka_unit_test(a_list_that_is_cut_off_does_not_say_that_nothing_is_there),
        cmocka_unit_test(programs_are_restricted_and_allowed_again),
        cmocka_unit_test(a_comment_is_ours_by_its_whole_key),
        cmocka_unit_test(an_id_of_another_provider_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
