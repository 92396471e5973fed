/* stop_instance and its inverse, told by a scripted AWS. */
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define LOOK(state)                                                                                \
    ASK("DescribeInstances", "InstanceId.1=i-0abc", INSTANCE_REPLY(OURS, "i-0abc", state, ""))
#define PROTECTED(is)                                                                              \
    ASK("DescribeInstanceAttribute", "InstanceId=i-0abc\nAttribute=disableApiStop",                \
        "<DescribeInstanceAttributeResponse " EC2_XML "><instanceId>i-0abc</instanceId>"           \
        "<disableApiStop><value>" is "</value></disableApiStop>"                                   \
        "</DescribeInstanceAttributeResponse>")
#define STOP_REPLY                                                                                 \
    "<StopInstancesResponse " EC2_XML "><instancesSet><item><instanceId>i-0abc</instanceId>"       \
    "<currentState><code>64</code><name>stopping</name></currentState><previousState>"             \
    "<code>16</code><name>running</name></previousState></item></instancesSet>"                    \
    "</StopInstancesResponse>"
#define START_REPLY "<StartInstancesResponse " EC2_XML "/>"
#define STOP CHANGE("StopInstances", "InstanceId.1=i-0abc", STOP_REPLY)
#define START CHANGE("StartInstances", "InstanceId.1=i-0abc", START_REPLY)
#define STOP_ERROR(code, message) CHANGE_ERROR("StopInstances", "", 400, EC2_ERROR(code, message))

static void stop(struct script *script)
{
    script_begin(script, VERB_RESPOND, "stop_instance");
    script_set(script, "instance", "i-0abc");
    script_set(script, "region", "eu-west-1");
}

static void assert_stop(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script script;
    stop(&script);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_STOP(exchanges, end, reason, changes)                                               \
    assert_stop((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static const struct exchange happy[] = { WHO, LOOK("running"), PROTECTED("false"), STOP,
    LOOK("stopping"), LOOK("stopping"), LOOK("stopped") };

static void an_instance_is_stopped_and_waited_for(void **state)
{
    (void)state;
    struct script script;
    stop(&script);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    assert_reason(&script, "instance i-0abc is stopped");
    assert_int_equal(script.waited_ms, 3000);
    assert_true(str_startswith(script.sent[3], STR("change ec2:StopInstances eu-west-1 i-0abc")));
    assert_int_equal(script.undos_count, 1);
    assert_string_equal(script.undos[0].builtin, "start_instance");
    assert_true(str_is(value_str(script.undos[0].args[0]), "i-0abc"));
    assert_true(str_is(value_str(script.undos[0].args[1]), OURS));
    assert_true(str_is(value_str(script.undos[0].args[2]), "eu-west-1"));
    script_end(&script);
}

static void a_stopped_instance_is_not_touched(void **state)
{
    (void)state;
    static const struct exchange stopped[] = { WHO, LOOK("stopped") };
    static const struct exchange stopping[] = { WHO, LOOK("stopping"), LOOK("stopped") };
    ASSERT_STOP(stopped, STEP_DONE, "nothing was changed", 0);
    ASSERT_STOP(stopping, STEP_DONE, "nothing was changed", 0);
}

static void an_instance_that_starts_is_waited_for_and_stopped(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOK("pending"), LOOK("running"),
        PROTECTED("false"), STOP, LOOK("stopped") };
    ASSERT_STOP(exchanges, STEP_DONE, "is stopped", 1);
}

static void a_terminated_instance_cannot_be_stopped(void **state)
{
    (void)state;
    static const struct exchange terminated[] = { WHO, LOOK("terminated") };
    static const struct exchange shutting_down[] = { WHO, LOOK("shutting-down") };
    static const struct exchange odd[] = { WHO, LOOK("dreaming") };
    ASSERT_STOP(terminated, STEP_FAILED, "is terminated", 0);
    ASSERT_STOP(shutting_down, STEP_FAILED, "is terminated", 0);
    ASSERT_STOP(odd, STEP_FAILED, "is dreaming, which cannot be stopped", 0);
}

static void a_protected_instance_is_left_running(void **state)
{
    (void)state;
    static const struct exchange protected[] = { WHO, LOOK("running"), PROTECTED("true") };
    static const struct exchange silent[] = { WHO, LOOK("running"), PROTECTED("") };
    ASSERT_STOP(protected, STEP_FAILED,
        "(its attribute disableApiStop is true): a rule may say override=protection", 0);
    ASSERT_STOP(silent, STEP_FAILED, "does not say whether", 0);
}

#define UNPROTECT                                                                                  \
    CHANGE("ModifyInstanceAttribute", "InstanceId=i-0abc\nDisableApiStop.Value=false",             \
        "<ModifyInstanceAttributeResponse " EC2_XML "><return>true</return>"                       \
        "</ModifyInstanceAttributeResponse>")
#define PROTECT                                                                                    \
    CHANGE("ModifyInstanceAttribute", "InstanceId=i-0abc\nDisableApiStop.Value=true",              \
        "<ModifyInstanceAttributeResponse " EC2_XML "><return>true</return>"                       \
        "</ModifyInstanceAttributeResponse>")

static void override(
    struct script *script, const struct exchange *exchanges, size_t count, enum step_turn end)
{
    stop(script);
    script_set(script, "override", "protection");
    assert_int_equal(script_play(script, exchanges, count), end);
    script_starve(script, exchanges, count, end);
}

#define OVERRIDE(script, exchanges, end) override((script), (exchanges), COUNT_OF(exchanges), (end))

static void a_protection_is_taken_away_where_the_rule_says_so(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOK("running"), PROTECTED("true"), UNPROTECT,
        PROTECTED("true"), PROTECTED("false"), STOP, LOOK("stopped") };
    static const struct exchange plain[] = { WHO, LOOK("running"), PROTECTED("false"), STOP,
        LOOK("stopped") };
    struct script script;
    OVERRIDE(&script, exchanges, STEP_DONE);
    assert_reason(&script, "is stopped; its protection against stopping was taken away");
    assert_int_equal(script.undos_count, 2);
    assert_string_equal(script.undos[0].builtin, "protect_instance");
    assert_string_equal(script.undos[1].builtin, "start_instance");
    assert_true(str_is(value_str(script.undos[0].args[1]), "disableApiStop"));
    script_end(&script);
    OVERRIDE(&script, plain, STEP_DONE);
    assert_int_equal(script.undos_count, 1);
    script_end(&script);
}

static void a_lost_change_of_the_protection_is_settled_by_looking(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, LOOK("running"), PROTECTED("true"),
        CHANGE_WITHOUT("ModifyInstanceAttribute", "", LOST), PROTECTED("false"), STOP,
        LOOK("stopped") };
    static const struct exchange again[] = { WHO, LOOK("running"), PROTECTED("true"),
        CHANGE_WITHOUT("ModifyInstanceAttribute", "", LOST), PROTECTED("true"), PROTECTED("true"),
        PROTECTED("true"), UNPROTECT, PROTECTED("false"), STOP, LOOK("stopped") };
    static const struct exchange denied[] = { WHO, LOOK("running"), PROTECTED("true"),
        CHANGE_ERROR(
            "ModifyInstanceAttribute", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    struct script script;
    OVERRIDE(&script, applied, STEP_DONE);
    script_end(&script);
    OVERRIDE(&script, again, STEP_DONE);
    script_end(&script);
    OVERRIDE(&script, denied, STEP_FAILED);
    assert_reason(&script, "does not allow ec2:ModifyInstanceAttribute on i-0abc");
    script_end(&script);
}

static void a_stop_that_is_declined_leaves_the_protection_off_and_says_so(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOK("running"), PROTECTED("true"), UNPROTECT,
        PROTECTED("false"), STOP_ERROR("UnsupportedOperation", "a one-time Spot Instance") };
    struct script script;
    OVERRIDE(&script, exchanges, STEP_PARTIAL);
    assert_reason(&script, "is not stopped: AWS declined StopInstances");
    assert_reason(&script, "cdr undo sets it again");
    script_end(&script);
}

static void an_override_is_planned(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOK("running"), PROTECTED("true"),
        CHANGE_WITHOUT("ModifyInstanceAttribute", "DisableApiStop.Value=false", ASSUMED),
        CHANGE_WITHOUT("StopInstances", "InstanceId.1=i-0abc", ASSUMED) };
    struct script script;
    OVERRIDE(&script, exchanges, STEP_DONE);
    assert_reason(&script, "would be stopped");
    script_end(&script);
}

static void assert_protect(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    static const struct exchange stopped[] = { WHO, LOOK("running"), PROTECTED("true"), UNPROTECT,
        PROTECTED("false"), STOP, LOOK("stopped") };
    struct script done, undo;
    OVERRIDE(&done, stopped, STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    assert_int_equal(undo.changes, changes);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

#define ASSERT_PROTECT(exchanges, end, reason, changes)                                            \
    assert_protect((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static void an_undo_sets_the_protection_again(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, LOOK("running"), PROTECTED("false"), PROTECT,
        PROTECTED("false"), PROTECTED("true") };
    static const struct exchange lost[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_WITHOUT("ModifyInstanceAttribute", "", LOST), PROTECTED("true") };
    static const struct exchange already[] = { WHO, LOOK("running"), PROTECTED("true") };
    static const struct exchange gone[] = { WHO, LOOK("terminated") };
    static const struct exchange silent[] = { WHO, LOOK("running"), PROTECTED("") };
    static const struct exchange plan[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_WITHOUT("ModifyInstanceAttribute", "", ASSUMED) };
    static const struct exchange denied[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_ERROR(
            "ModifyInstanceAttribute", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    static const struct exchange ignored[] = { WHO, LOOK("running"), PROTECTED("false"), PROTECT,
        PROTECTED("false"), PROTECTED("false"), PROTECTED("false"), PROTECTED("false"),
        PROTECTED("false"), PROTECTED("false"), PROTECTED("false") };
    ASSERT_PROTECT(plain, STEP_DONE, "is protected again: disableApiStop is true", 1);
    ASSERT_PROTECT(lost, STEP_DONE, "is protected again", 1);
    ASSERT_PROTECT(already, STEP_DONE, "is protected already", 0);
    ASSERT_PROTECT(gone, STEP_DONE, "nothing to protect any more", 0);
    ASSERT_PROTECT(silent, STEP_FAILED, "does not say what the attribute disableApiStop", 0);
    ASSERT_PROTECT(plan, STEP_DONE, "would be protected again", 1);
    ASSERT_PROTECT(denied, STEP_FAILED, "does not allow ec2:ModifyInstanceAttribute", 1);
    ASSERT_PROTECT(ignored, STEP_UNKNOWN, "is still false after 1 requests", 1);
}

static void an_auto_scaling_group_is_told(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY(OURS, "i-0abc", "stopped",
                "<tagSet><item><key>Name</key><value>web</value></item><item>"
                "<key>aws:autoscaling:groupName</key><value>front</value></item></tagSet>")) };
    ASSERT_STOP(exchanges, STEP_DONE, "a member of the Auto Scaling group front, which may", 0);
}

static void nothing_is_stopped_elsewhere_or_at_home(void **state)
{
    (void)state;
    static const struct exchange foreign[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY("444455556666", "i-0abc", "running", "")) };
    static const struct exchange other[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0def", "running", "")) };
    static const struct exchange own[] = {
        ASK("GetCallerIdentity", "", CALLER_ROLE("responder", "i-0abc")), LOOK("running")
    };
    static const struct exchange unknown[] = { WHO,
        ASK_ERROR("DescribeInstances", "", 400, NO_INSTANCE) };
    static const struct exchange malformed[] = { WHO,
        ASK_ERROR("DescribeInstances", "", 400, EC2_ERROR("InvalidInstanceID.Malformed", "bad")) };
    ASSERT_STOP(foreign, STEP_UNRESOLVED, "belongs to account 444455556666", 0);
    ASSERT_STOP(other, STEP_FAILED, "answered about i-0def", 0);
    ASSERT_STOP(own, STEP_FAILED, "never a target", 0);
    ASSERT_STOP(unknown, STEP_UNRESOLVED, "there is no instance i-0abc", 0);
    ASSERT_STOP(malformed, STEP_FAILED, "InvalidInstanceID.Malformed", 0);
}

static void a_lost_stop_is_settled_by_looking(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_WITHOUT("StopInstances", "", LOST), LOOK("stopping"), LOOK("stopped") };
    static const struct exchange not_applied[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_ERROR("StopInstances", "", 503, EC2_ERROR("RequestLimitExceeded", "slow down")),
        LOOK("running"), LOOK("running"), LOOK("running"), STOP, LOOK("stopped") };
    static const struct exchange unread[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_WITHOUT("StopInstances", "", LOST), ASK_WITHOUT("DescribeInstances", "", LOST),
        ASK_ERROR("DescribeInstances", "", 200, WEB_PAGE),
        ASK_ERROR("DescribeInstances", "", 500, EC2_ERROR("InternalError", "oops")) };
    ASSERT_STOP(applied, STEP_DONE, "is stopped", 1);
    ASSERT_STOP(not_applied, STEP_DONE, "is stopped", 2);
    ASSERT_STOP(unread, STEP_UNKNOWN, "AWS answered 500 InternalError: oops", 1);
}

static void a_stop_that_is_declined_fails_with_the_words_of_ec2(void **state)
{
    (void)state;
    static const struct exchange spot[] = { WHO, LOOK("running"), PROTECTED("false"),
        STOP_ERROR("UnsupportedOperation", "You can't stop a one-time Spot Instance") };
    static const struct exchange denied[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_ERROR("StopInstances", "", 403,
            EC2_ERROR("UnauthorizedOperation", "You are not authorized to perform: "
                                               "ec2:StopInstances on resource: x")) };
    static const struct exchange refused[] = { WHO, LOOK("running"), PROTECTED("false"),
        REFUSED_BECAUSE("StopInstances", true, "nothing listens there") };
    static const struct exchange raced[] = { WHO, LOOK("running"), PROTECTED("false"),
        STOP_ERROR("IncorrectInstanceState", "not now"), LOOK("shutting-down") };
    ASSERT_STOP(spot, STEP_FAILED, "one-time Spot Instance", 1);
    ASSERT_STOP(denied, STEP_FAILED, "does not allow ec2:StopInstances on i-0abc", 1);
    ASSERT_STOP(refused, STEP_FAILED, "nothing listens there", 1);
    ASSERT_STOP(raced, STEP_FAILED, "is terminated", 1);
}

static void a_stop_that_takes_too_long_is_partial(void **state)
{
    (void)state;
    static const struct exchange begin[] = { WHO, LOOK("running"), PROTECTED("false"), STOP };
    static const struct exchange poll[] = { LOOK("stopping") };
    struct exchange exchanges[COUNT_OF(begin) + 45];
    memcpy(exchanges, begin, sizeof(begin));
    for (size_t at = COUNT_OF(begin); at < COUNT_OF(exchanges); at++)
        exchanges[at] = poll[0];
    struct script script;
    stop(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_PARTIAL);
    assert_reason(&script, "still stopping after ten minutes");
    assert_in_range(script.waited_ms, 600 * 1000, 660 * 1000);
    script_end(&script);
}

static void a_stop_that_is_accepted_but_not_shown_is_unknown(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOK("running"), PROTECTED("false"), STOP,
        LOOK("running"), LOOK("running"), LOOK("running"), LOOK("running"), LOOK("running"),
        LOOK("running"), LOOK("running") };
    ASSERT_STOP(exchanges, STEP_UNKNOWN, "accepted to stop instance i-0abc, but it still runs", 1);
}

static void a_stop_is_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, LOOK("running"), PROTECTED("false"),
        CHANGE_WITHOUT("StopInstances", "InstanceId.1=i-0abc", ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "", ASSUMED),
        ASK_WITHOUT("DescribeInstanceAttribute", "", ASSUMED),
        CHANGE_WITHOUT("StopInstances", "InstanceId.1=i-0abc", ASSUMED) };
    ASSERT_STOP(plan, STEP_DONE, "instance i-0abc would be stopped", 1);
    ASSERT_STOP(offline, STEP_DONE, "instance i-0abc would be stopped", 1);
}

static void assert_start(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script done, undo;
    stop(&done);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    assert_int_equal(undo.changes, changes);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

#define ASSERT_START(exchanges, end, reason, changes)                                              \
    assert_start((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static void an_undo_starts_what_is_stopped(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, LOOK("stopped"), START, LOOK("pending"),
        LOOK("running") };
    static const struct exchange early[] = { WHO, LOOK("stopping"), LOOK("stopped"), START,
        LOOK("running") };
    static const struct exchange lost[] = { WHO, LOOK("stopped"),
        CHANGE_WITHOUT("StartInstances", "", LOST), LOOK("running") };
    ASSERT_START(plain, STEP_DONE, "runs again", 1);
    ASSERT_START(early, STEP_DONE, "runs again", 1);
    ASSERT_START(lost, STEP_DONE, "runs again", 1);
}

static void an_undo_goes_to_the_region_that_the_stop_began_in(void **state)
{
    (void)state;
    static const struct exchange elsewhere[] = { WHO,
        ASK_ERROR("DescribeInstances", "", 400, NO_INSTANCE) };
    struct script done, undo;
    script_begin(&done, VERB_RESPOND, "stop_instance");
    script_set(&done, "instance", "i-0abc");
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    assert_true(str_is(value_str(done.undos[0].args[2]), "eu-central-1"));
    script_begin_undo(&undo, &done, 0);
    assert_int_equal(PLAY(&undo, elsewhere), STEP_UNRESOLVED);
    assert_reason(&undo, "there is no instance i-0abc in account " OURS
                         " in region eu-central-1; if it is elsewhere, give account=, region=");
    script_end(&undo);
    script_end(&done);
}

static void an_undo_changes_nothing_where_there_is_nothing_to_start(void **state)
{
    (void)state;
    static const struct exchange running[] = { WHO, LOOK("running") };
    static const struct exchange terminated[] = { WHO, LOOK("terminated") };
    static const struct exchange elsewhere[] = { ASK(
        "GetCallerIdentity", "", CALLER_REPLY("444455556666", "arn:aws:iam::4:user/x")) };
    ASSERT_START(running, STEP_DONE, "runs already", 0);
    ASSERT_START(terminated, STEP_FAILED, "is terminated and cannot be started", 0);
    ASSERT_START(elsewhere, STEP_UNRESOLVED, "reaches account 444455556666", 0);
}

static void an_undo_that_is_declined_fails(void **state)
{
    (void)state;
    static const struct exchange capacity[] = { WHO, LOOK("stopped"),
        CHANGE_ERROR(
            "StartInstances", "", 400, EC2_ERROR("InsufficientInstanceCapacity", "no room")) };
    static const struct exchange plan[] = { WHO, LOOK("stopped"),
        CHANGE_WITHOUT("StartInstances", "", ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "", ASSUMED),
        CHANGE_WITHOUT("StartInstances", "", ASSUMED) };
    ASSERT_START(capacity, STEP_FAILED, "InsufficientInstanceCapacity", 1);
    ASSERT_START(plan, STEP_DONE, "would be started", 1);
    ASSERT_START(offline, STEP_DONE, "would be started", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_is_stopped_and_waited_for),
        cmocka_unit_test(a_stopped_instance_is_not_touched),
        cmocka_unit_test(an_instance_that_starts_is_waited_for_and_stopped),
        cmocka_unit_test(a_terminated_instance_cannot_be_stopped),
        cmocka_unit_test(a_protected_instance_is_left_running),
        cmocka_unit_test(a_protection_is_taken_away_where_the_rule_says_so),
        cmocka_unit_test(a_lost_change_of_the_protection_is_settled_by_looking),
        cmocka_unit_test(a_stop_that_is_declined_leaves_the_protection_off_and_says_so),
        cmocka_unit_test(an_override_is_planned),
        cmocka_unit_test(an_undo_sets_the_protection_again),
        cmocka_unit_test(an_auto_scaling_group_is_told),
        cmocka_unit_test(nothing_is_stopped_elsewhere_or_at_home),
        cmocka_unit_test(a_lost_stop_is_settled_by_looking),
        cmocka_unit_test(a_stop_that_is_declined_fails_with_the_words_of_ec2),
        cmocka_unit_test(a_stop_that_takes_too_long_is_partial),
        cmocka_unit_test(a_stop_that_is_accepted_but_not_shown_is_unknown),
        cmocka_unit_test(a_stop_is_planned),
        cmocka_unit_test(an_undo_starts_what_is_stopped),
        cmocka_unit_test(an_undo_goes_to_the_region_that_the_stop_began_in),
        cmocka_unit_test(an_undo_changes_nothing_where_there_is_nothing_to_start),
        cmocka_unit_test(an_undo_that_is_declined_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
