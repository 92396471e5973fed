/* disable_metadata and its inverse, told by a scripted AWS. */
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define LOOK(endpoint, state)                                                                      \
    ASK("DescribeInstances", "InstanceId.1=i-0abc",                                                \
        INSTANCE_REPLY(OURS, "i-0abc", "running",                                                  \
            "<metadataOptions><state>" state "</state><httpTokens>optional</httpTokens>"           \
            "<httpEndpoint>" endpoint "</httpEndpoint></metadataOptions>"))
#define ON LOOK("enabled", "applied")
#define OFF LOOK("disabled", "applied")
#define SET(endpoint)                                                                              \
    CHANGE("ModifyInstanceMetadataOptions", "InstanceId=i-0abc\nHttpEndpoint=" endpoint,           \
        "<ModifyInstanceMetadataOptionsResponse " EC2_XML "><instanceId>i-0abc</instanceId>"       \
        "</ModifyInstanceMetadataOptionsResponse>")
#define LOST_CHANGE CHANGE_WITHOUT("ModifyInstanceMetadataOptions", "", LOST)
#define DENIED                                                                                     \
    CHANGE_ERROR("ModifyInstanceMetadataOptions", "", 403, EC2_ERROR("UnauthorizedOperation", "no"))

static void disable(struct script *script)
{
    script_begin(script, VERB_RESPOND, "disable_metadata");
    script_set(script, "instance", "i-0abc");
    script_set(script, "region", "eu-west-1");
}

static void assert_disable(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script script;
    disable(&script);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

static void assert_enable(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    static const struct exchange disabled[] = { WHO, ON, SET("disabled"), OFF };
    struct script done, undo;
    disable(&done);
    assert_int_equal(PLAY(&done, disabled), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    assert_int_equal(undo.changes, changes);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

#define ASSERT_DISABLE(exchanges, end, reason, changes)                                            \
    assert_disable((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))
#define ASSERT_ENABLE(exchanges, end, reason, changes)                                             \
    assert_enable((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static void the_service_is_taken_away_and_waited_for(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, ON, SET("disabled"), ON,
        LOOK("disabled", "pending"), OFF };
    static const struct exchange already[] = { WHO, OFF };
    static const struct exchange pending[] = { WHO, LOOK("disabled", "pending"), OFF };
    ASSERT_DISABLE(plain, STEP_DONE, "of instance i-0abc is disabled; credentials that", 1);
    ASSERT_DISABLE(already, STEP_DONE, "was disabled already: nothing was changed", 0);
    ASSERT_DISABLE(pending, STEP_DONE, "was disabled already: nothing was changed", 0);
}

static void a_lost_change_is_settled_by_looking(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, ON, LOST_CHANGE, OFF };
    static const struct exchange again[] = { WHO, ON, LOST_CHANGE, ON, ON, ON, SET("disabled"),
        OFF };
    static const struct exchange ignored[] = { WHO, ON, SET("disabled"), ON, ON, ON, ON, ON, ON,
        ON };
    ASSERT_DISABLE(applied, STEP_DONE, "is disabled", 1);
    ASSERT_DISABLE(again, STEP_DONE, "is disabled", 2);
    ASSERT_DISABLE(ignored, STEP_UNKNOWN, "still enabled after 1 requests", 1);
}

static void what_is_declined_or_cannot_be_seen_fails(void **state)
{
    (void)state;
    static const struct exchange denied[] = { WHO, ON, DENIED };
    static const struct exchange silent[] = { WHO, LOOK("", "") };
    static const struct exchange gone[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "terminated", "")) };
    ASSERT_DISABLE(denied, STEP_FAILED, "does not allow ec2:ModifyInstanceMetadataOptions", 1);
    ASSERT_DISABLE(silent, STEP_FAILED, "does not say whether", 0);
    ASSERT_DISABLE(gone, STEP_FAILED, "is terminated", 0);
}

static void a_change_that_stays_pending_is_partial(void **state)
{
    (void)state;
    static const struct exchange begin[] = { WHO, ON, SET("disabled") };
    static const struct exchange poll[] = { LOOK("disabled", "pending") };
    struct exchange exchanges[COUNT_OF(begin) + 21];
    memcpy(exchanges, begin, sizeof(begin));
    for (size_t at = COUNT_OF(begin); at < COUNT_OF(exchanges); at++)
        exchanges[at] = poll[0];
    ASSERT_DISABLE(exchanges, STEP_PARTIAL, "not applied after five minutes", 1);
}

static void it_is_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, ON,
        CHANGE_WITHOUT("ModifyInstanceMetadataOptions", "HttpEndpoint=disabled", ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "", ASSUMED),
        CHANGE_WITHOUT("ModifyInstanceMetadataOptions", "", ASSUMED) };
    ASSERT_DISABLE(plan, STEP_DONE, "would be disabled", 1);
    ASSERT_DISABLE(offline, STEP_DONE, "would be disabled", 1);
}

static void an_undo_gives_it_back(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, OFF, SET("enabled"), LOOK("enabled", "pending"),
        ON };
    static const struct exchange lost[] = { WHO, OFF, LOST_CHANGE, ON };
    static const struct exchange already[] = { WHO, ON };
    static const struct exchange gone[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "terminated", "")) };
    static const struct exchange denied[] = { WHO, OFF, DENIED };
    ASSERT_ENABLE(plain, STEP_DONE, "is enabled again", 1);
    ASSERT_ENABLE(lost, STEP_DONE, "is enabled again", 1);
    ASSERT_ENABLE(already, STEP_DONE, "was enabled already: nothing was changed", 0);
    ASSERT_ENABLE(gone, STEP_DONE, "is terminated", 0);
    ASSERT_ENABLE(denied, STEP_FAILED, "does not allow", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_is_taken_away_and_waited_for),
        cmocka_unit_test(a_lost_change_is_settled_by_looking),
        cmocka_unit_test(what_is_declined_or_cannot_be_seen_fails),
        cmocka_unit_test(a_change_that_stays_pending_is_partial),
        cmocka_unit_test(it_is_planned),
        cmocka_unit_test(an_undo_gives_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
