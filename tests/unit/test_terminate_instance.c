/* terminate_instance, told by a scripted AWS. */
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define VOLUME(id, is_lost)                                                                        \
    "<item><ebs><volumeId>" id "</volumeId><deleteOnTermination>" is_lost                          \
    "</deleteOnTermination></ebs></item>"
#define DISKS                                                                                      \
    "<blockDeviceMapping>" VOLUME("vol-1", "true") VOLUME("vol-2", "false")                        \
        VOLUME("vol-3", "true") "</blockDeviceMapping>"
#define LOOK_AT(state, more)                                                                       \
    ASK("DescribeInstances", "InstanceId.1=i-0abc", INSTANCE_REPLY(OURS, "i-0abc", state, more))
#define LOOK(state) LOOK_AT(state, "")
#define RUNNING LOOK_AT("running", DISKS)
#define PROTECTED(is)                                                                              \
    ASK("DescribeInstanceAttribute", "InstanceId=i-0abc\nAttribute=disableApiTermination",         \
        "<DescribeInstanceAttributeResponse " EC2_XML "><disableApiTermination><value>" is         \
        "</value></disableApiTermination></DescribeInstanceAttributeResponse>")
#define UNPROTECT                                                                                  \
    CHANGE("ModifyInstanceAttribute", "InstanceId=i-0abc\nDisableApiTermination.Value=false",      \
        "<ModifyInstanceAttributeResponse " EC2_XML "><return>true</return>"                       \
        "</ModifyInstanceAttributeResponse>")
#define END                                                                                        \
    CHANGE("TerminateInstances", "InstanceId.1=i-0abc", "<TerminateInstancesResponse " EC2_XML "/>")
#define GONE ASK_ERROR("DescribeInstances", "", 400, NO_INSTANCE)

static void assert_end(const char *override, const struct exchange *exchanges, size_t count,
    enum step_turn end, const char *reason, uint32_t changes)
{
    struct script script;
    script_begin(&script, VERB_RESPOND, "terminate_instance");
    script_set(&script, "instance", "i-0abc");
    script_set(&script, "region", "eu-west-1");
    if (override[0] != '\0')
        script_set(&script, "override", override);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_END(exchanges, end, reason, changes)                                                \
    assert_end("", (exchanges), COUNT_OF(exchanges), (end), (reason), (changes))
#define ASSERT_OVERRIDDEN(exchanges, end, reason, changes)                                         \
    assert_end("protection", (exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static void an_instance_is_terminated_and_what_goes_with_it_is_named(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, RUNNING, PROTECTED("false"), END,
        LOOK("shutting-down"), LOOK("shutting-down"), LOOK("terminated") };
    static const struct exchange forgotten[] = { WHO, RUNNING, PROTECTED("false"), END,
        LOOK("shutting-down"), GONE };
    static const struct exchange bare[] = { WHO, LOOK("stopped"), PROTECTED("false"), END,
        LOOK("terminated") };
    ASSERT_END(plain, STEP_DONE,
        "instance i-0abc is terminated; deleted with it: vol-1, vol-3; left behind: vol-2", 1);
    ASSERT_END(forgotten, STEP_DONE, "is terminated; deleted with it: vol-1, vol-3", 1);
    ASSERT_END(bare, STEP_DONE, "is terminated; no volume is deleted with it", 1);
}

static void a_plan_names_what_will_be_lost(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, RUNNING, PROTECTED("false"),
        CHANGE_WITHOUT("TerminateInstances", "InstanceId.1=i-0abc", ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "", ASSUMED),
        ASK_WITHOUT("DescribeInstanceAttribute", "", ASSUMED),
        CHANGE_WITHOUT("TerminateInstances", "", ASSUMED) };
    struct script script;
    script_begin(&script, VERB_RESPOND, "terminate_instance");
    script_set(&script, "instance", "i-0abc");
    script_set(&script, "region", "eu-west-1");
    assert_int_equal(PLAY(&script, plan), STEP_DONE);
    assert_reason(&script, "would be terminated; deleted with it: vol-1, vol-3");
    assert_true(str_is(script.step.found,
        "instance i-0abc (running; deleted with it: vol-1, vol-3; left behind: vol-2)"));
    assert_null(script.undos[0].builtin);
    script_end(&script);
    ASSERT_END(offline, STEP_DONE, "its volumes may be deleted with it", 1);
}

static void what_is_gone_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange terminated[] = { WHO, LOOK("terminated") };
    static const struct exchange going[] = { WHO, LOOK("shutting-down"), LOOK("terminated") };
    static const struct exchange unknown[] = { WHO, GONE };
    static const struct exchange own[] = {
        ASK("GetCallerIdentity", "", CALLER_ROLE("responder", "i-0abc")), RUNNING
    };
    ASSERT_END(terminated, STEP_DONE, "was terminated already: nothing was changed", 0);
    ASSERT_END(going, STEP_DONE, "was terminated already: nothing was changed", 0);
    ASSERT_END(unknown, STEP_UNRESOLVED, "there is no instance i-0abc", 0);
    ASSERT_END(own, STEP_FAILED, "never a target", 0);
}

static void a_protected_instance_is_terminated_only_where_the_rule_says_so(void **state)
{
    (void)state;
    static const struct exchange left[] = { WHO, RUNNING, PROTECTED("true") };
    static const struct exchange silent[] = { WHO, RUNNING, PROTECTED("") };
    static const struct exchange ended[] = { WHO, RUNNING, PROTECTED("true"), UNPROTECT,
        PROTECTED("false"), END, LOOK("terminated") };
    static const struct exchange declined[] = { WHO, RUNNING, PROTECTED("true"), UNPROTECT,
        PROTECTED("false"),
        CHANGE_ERROR("TerminateInstances", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    ASSERT_END(left, STEP_FAILED, "protected against termination", 0);
    ASSERT_OVERRIDDEN(silent, STEP_FAILED, "does not say whether", 0);
    ASSERT_OVERRIDDEN(ended, STEP_DONE, "its protection against termination was taken away", 2);
    ASSERT_OVERRIDDEN(declined, STEP_PARTIAL, "is not terminated: AWS does not allow", 2);
}

static void a_lost_termination_is_settled_by_looking(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, RUNNING, PROTECTED("false"),
        CHANGE_WITHOUT("TerminateInstances", "", LOST), LOOK("terminated") };
    static const struct exchange again[] = { WHO, RUNNING, PROTECTED("false"),
        CHANGE_WITHOUT("TerminateInstances", "", LOST), RUNNING, RUNNING, RUNNING, END,
        LOOK("terminated") };
    static const struct exchange ignored[] = { WHO, RUNNING, PROTECTED("false"), END, RUNNING,
        RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING };
    ASSERT_END(applied, STEP_DONE, "is terminated", 1);
    ASSERT_END(again, STEP_DONE, "is terminated", 2);
    ASSERT_END(ignored, STEP_UNKNOWN, "is still there after 1 requests", 1);
}

static void a_termination_that_takes_too_long_is_partial(void **state)
{
    (void)state;
    static const struct exchange begin[] = { WHO, RUNNING, PROTECTED("false"), END };
    static const struct exchange poll[] = { LOOK("shutting-down") };
    struct exchange exchanges[COUNT_OF(begin) + 45];
    memcpy(exchanges, begin, sizeof(begin));
    for (size_t at = COUNT_OF(begin); at < COUNT_OF(exchanges); at++)
        exchanges[at] = poll[0];
    ASSERT_END(exchanges, STEP_PARTIAL, "still shutting-down after ten minutes", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_is_terminated_and_what_goes_with_it_is_named),
        cmocka_unit_test(a_plan_names_what_will_be_lost),
        cmocka_unit_test(what_is_gone_is_left_alone),
        cmocka_unit_test(a_protected_instance_is_terminated_only_where_the_rule_says_so),
        cmocka_unit_test(a_lost_termination_is_settled_by_looking),
        cmocka_unit_test(a_termination_that_takes_too_long_is_partial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
