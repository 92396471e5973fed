/* collect snapshot, told by a scripted AWS. */
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define DEVICE(name, volume)                                                                       \
    "<item><deviceName>" name "</deviceName><ebs><volumeId>" volume                                \
    "</volumeId><status>attached</status></ebs></item>"
#define TWO_VOLUMES                                                                                \
    "<blockDeviceMapping>" DEVICE("/dev/xvda", "vol-1")                                            \
        DEVICE("/dev/sdb", "vol-2") "</blockDeviceMapping>"
#define INSTANCE                                                                                   \
    ASK("DescribeInstances", "InstanceId.1=i-0abc",                                                \
        INSTANCE_REPLY(OURS, "i-0abc", "running", TWO_VOLUMES))
#define SNAPSHOT(id, volume, status)                                                               \
    "<item><snapshotId>" id "</snapshotId><volumeId>" volume "</volumeId><status>" status          \
    "</status></item>"
#define SNAPSHOTS(items)                                                                           \
    "<DescribeSnapshotsResponse " EC2_XML "><snapshotSet>" items                                   \
    "</snapshotSet></DescribeSnapshotsResponse>"
#define LOOK_PARAMS                                                                                \
    "Owner.1=self\nFilter.1.Name=tag:cdr:step\nFilter.1.Value.1=0badcafe-run-1-step-0"
#define LOOK(items) ASK("DescribeSnapshots", LOOK_PARAMS, SNAPSHOTS(items))
#define CREATE_PARAMS                                                                              \
    "InstanceSpecification.InstanceId=i-0abc\nCopyTagsFromSource=volume\n"                         \
    "TagSpecification.1.ResourceType=snapshot\nTagSpecification.1.Tag.1.Key=cdr:step\n"            \
    "TagSpecification.1.Tag.1.Value=0badcafe-run-1-step-0\n"                                       \
    "TagSpecification.1.Tag.2.Key=managed-by\nTagSpecification.1.Tag.2.Value=cdr\n"                \
    "TagSpecification.1.Tag.3.Key=cdr:retain\nTagSpecification.1.Tag.3.Value=forever"
#define CREATE_REPLY                                                                               \
    "<CreateSnapshotsResponse " EC2_XML "><snapshotSet><item><snapshotId>snap-1</snapshotId>"      \
    "<volumeId>vol-1</volumeId><state>pending</state></item><item><snapshotId>snap-2</snapshotId>" \
    "<volumeId>vol-2</volumeId><state>pending</state></item></snapshotSet>"                        \
    "</CreateSnapshotsResponse>"
#define CREATE CHANGE("CreateSnapshots", CREATE_PARAMS, CREATE_REPLY)
#define BOTH(first, second) SNAPSHOT("snap-1", "vol-1", first) SNAPSHOT("snap-2", "vol-2", second)

static void collect(struct script *script)
{
    script_begin(script, VERB_COLLECT, "snapshot");
    script_set(script, "instance", "i-0abc");
    script_set(script, "region", "eu-west-1");
}

static void assert_collect(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, const char *url, uint32_t changes)
{
    struct script script;
    collect(&script);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    value told = script.step.results.url;
    assert_int_equal(told.kind, url == NULL ? VALUE_ABSENT : VALUE_TEXT);
    assert_true(url == NULL || str_is(value_str(told), url));
    for (uint32_t at = 0; at < script.undos_count; at++)
        assert_null(script.undos[at].builtin);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_COLLECT(exchanges, end, reason, url, changes)                                       \
    assert_collect((exchanges), COUNT_OF(exchanges), (end), (reason), (url), (changes))

static void all_volumes_are_kept_as_of_one_moment(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LOOK(""), CREATE,
        LOOK(BOTH("pending", "pending")), LOOK(BOTH("completed", "pending")),
        LOOK(BOTH("completed", "completed")) };
    ASSERT_COLLECT(exchanges, STEP_DONE, "every volume of instance i-0abc is kept as snap-1,snap-2",
        "snap-1,snap-2", 1);
}

static void what_this_step_made_before_is_not_made_again(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        LOOK(BOTH("completed", "completed")) };
    ASSERT_COLLECT(
        exchanges, STEP_DONE, "every volume of instance i-0abc is kept", "snap-1,snap-2", 0);
}

static void a_lost_request_is_found_by_its_tag(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_WITHOUT("CreateSnapshots", CREATE_PARAMS, LOST), LOOK(""),
        LOOK(BOTH("completed", "completed")) };
    static const struct exchange not_applied[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_WITHOUT("CreateSnapshots", CREATE_PARAMS, LOST), LOOK(""), LOOK(""), LOOK(""),
        CREATE, LOOK(BOTH("completed", "completed")) };
    static const struct exchange slowly[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_WITHOUT("CreateSnapshots", CREATE_PARAMS, LOST),
        LOOK(SNAPSHOT("snap-2", "vol-2", "completed")),
        LOOK(SNAPSHOT("snap-2", "vol-2", "completed")),
        LOOK(SNAPSHOT("snap-2", "vol-2", "completed")),
        LOOK(SNAPSHOT("snap-2", "vol-2", "completed")), LOOK(BOTH("completed", "completed")) };
    ASSERT_COLLECT(
        applied, STEP_DONE, "every volume of instance i-0abc is kept", "snap-1,snap-2", 1);
    ASSERT_COLLECT(
        slowly, STEP_DONE, "every volume of instance i-0abc is kept", "snap-1,snap-2", 1);
    ASSERT_COLLECT(
        not_applied, STEP_DONE, "every volume of instance i-0abc is kept", "snap-1,snap-2", 2);
}

static void snapshots_may_appear_one_after_the_other_and_on_several_pages(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LOOK(""), CREATE,
        LOOK(SNAPSHOT("snap-2", "vol-2", "completed")),
        ASK("DescribeSnapshots", LOOK_PARAMS,
            "<DescribeSnapshotsResponse><snapshotSet>" SNAPSHOT(
                "snap-2", "vol-2", "completed") "</snapshotSet><nextToken>more</nextToken>"
                                                "</DescribeSnapshotsResponse>"),
        ASK("DescribeSnapshots", LOOK_PARAMS "\nNextToken=more",
            SNAPSHOTS(SNAPSHOT("snap-1", "vol-1", "completed"))) };
    ASSERT_COLLECT(
        exchanges, STEP_DONE, "every volume of instance i-0abc is kept", "snap-1,snap-2", 1);
}

static void a_snapshot_that_fails_makes_it_partial(void **state)
{
    (void)state;
    static const struct exchange failed[] = { WHO, INSTANCE, LOOK(""), CREATE,
        LOOK(BOTH("pending", "error")), LOOK(BOTH("completed", "error")) };
    static const struct exchange missing[] = { WHO, INSTANCE, LOOK(""), CREATE,
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")),
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")),
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")),
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")),
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")),
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")),
        LOOK(SNAPSHOT("snap-1", "vol-1", "completed")) };
    ASSERT_COLLECT(
        failed, STEP_PARTIAL, "1 are kept whole; 1 snapshots failed", "snap-1,snap-2", 1);
    ASSERT_COLLECT(missing, STEP_PARTIAL, "1 are not there (snap-1)", "snap-1", 1);
}

static void a_copy_that_takes_hours_ends_as_partial(void **state)
{
    (void)state;
    static const struct exchange begin[] = { WHO, INSTANCE, LOOK(""), CREATE };
    static const struct exchange poll[] = { LOOK(BOTH("completed", "pending")) };
    struct exchange exchanges[COUNT_OF(begin) + 481];
    memcpy(exchanges, begin, sizeof(begin));
    for (size_t at = COUNT_OF(begin); at < COUNT_OF(exchanges); at++)
        exchanges[at] = poll[0];
    struct script script;
    collect(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_PARTIAL);
    assert_reason(&script, "1 are still being copied");
    assert_true(COUNT_OF(exchanges) < STEP_TURNS_MAX);
    script_end(&script);
}

static void ec2_may_ask_to_wait(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_ERROR(
            "CreateSnapshots", "", 400, EC2_ERROR("SnapshotCreationPerVolumeRateExceeded", "wait")),
        CREATE, LOOK(BOTH("completed", "completed")) };
    static const struct exchange never[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_ERROR("CreateSnapshots", "", 400, EC2_ERROR("IncorrectState", "wait")),
        CHANGE_ERROR("CreateSnapshots", "", 400, EC2_ERROR("IncorrectState", "wait")),
        CHANGE_ERROR("CreateSnapshots", "", 400, EC2_ERROR("IncorrectState", "wait")),
        CHANGE_ERROR("CreateSnapshots", "", 400, EC2_ERROR("IncorrectState", "wait")),
        CHANGE_ERROR("CreateSnapshots", "", 400, EC2_ERROR("IncorrectState", "wait")) };
    ASSERT_COLLECT(
        exchanges, STEP_DONE, "every volume of instance i-0abc is kept", "snap-1,snap-2", 2);
    ASSERT_COLLECT(never, STEP_FAILED, "IncorrectState: wait", NULL, 5);
}

static void what_cannot_be_kept_fails(void **state)
{
    (void)state;
    static const struct exchange no_volumes[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "terminated", "")) };
    static const struct exchange denied[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_ERROR("CreateSnapshots", "", 403,
            EC2_ERROR("UnauthorizedOperation", "You are not authorized to perform: ec2:CreateTags "
                                               "on resource: x")) };
    static const struct exchange refused[] = { WHO, INSTANCE, LOOK(""),
        REFUSED_BECAUSE("CreateSnapshots", true, "nothing listens there") };
    static const struct exchange page[] = { WHO, INSTANCE,
        ASK_ERROR("DescribeSnapshots", "", 200, WEB_PAGE),
        ASK_ERROR("DescribeSnapshots", "", 200, WEB_PAGE),
        ASK_ERROR("DescribeSnapshots", "", 200, WEB_PAGE) };
    static const struct exchange shown_never[] = { WHO, INSTANCE, LOOK(""), CREATE, LOOK(""),
        LOOK(""), LOOK(""), LOOK(""), LOOK(""), LOOK(""), LOOK("") };
    static const struct exchange elsewhere[] = { ASK("GetCallerIdentity", "", CALLER_USER),
        ASK_ERROR("DescribeInstances", "", 400, NO_INSTANCE) };
    ASSERT_COLLECT(no_volumes, STEP_FAILED, "(terminated) has no EBS volume", NULL, 0);
    ASSERT_COLLECT(denied, STEP_FAILED, "does not allow ec2:CreateTags on i-0abc", NULL, 1);
    ASSERT_COLLECT(refused, STEP_FAILED, "nothing listens there", NULL, 1);
    ASSERT_COLLECT(page, STEP_FAILED, "it is a web page", NULL, 0);
    ASSERT_COLLECT(shown_never, STEP_UNKNOWN, "AWS shows no snapshot", NULL, 1);
    ASSERT_COLLECT(elsewhere, STEP_UNRESOLVED, "there is no instance", NULL, 0);
}

/* ---- sharing ---- */

#define FORENSIC "444455556666"
#define KEY_1 "arn:aws:kms:eu-west-1:" OURS ":key/1"
#define KEY_2 "arn:aws:kms:eu-west-1:" OURS ":key/2"
#define PLAIN(volume) "<item><volumeId>" volume "</volumeId><encrypted>false</encrypted></item>"
#define ENCRYPTED(volume, key)                                                                     \
    "<item><volumeId>" volume "</volumeId><encrypted>true</encrypted><kmsKeyId>" key               \
    "</kmsKeyId></item>"
#define VOLUMES(items)                                                                             \
    ASK("DescribeVolumes", "Filter.1.Name=attachment.instance-id\nFilter.1.Value.1=i-0abc",        \
        "<DescribeVolumesResponse " EC2_XML "><volumeSet>" items                                   \
        "</volumeSet></DescribeVolumesResponse>")
#define KEY(manager)                                                                               \
    ASK("DescribeKey", "", "{\"KeyMetadata\":{\"KeyId\":\"k\",\"KeyManager\":\"" manager "\"}}")
#define ABOUT(id) "SnapshotId=" id "\nAttribute=createVolumePermission"
#define SHARED_WITH(id, items)                                                                     \
    ASK("DescribeSnapshotAttribute", ABOUT(id),                                                    \
        "<DescribeSnapshotAttributeResponse " EC2_XML "><snapshotId>" id                           \
        "</snapshotId><createVolumePermission>" items                                              \
        "</createVolumePermission></DescribeSnapshotAttributeResponse>")
#define THEM "<item><userId>" FORENSIC "</userId></item>"
#define OTHERS "<item><userId>777788889999</userId></item>"
#define SHARE_PARAMS(id) ABOUT(id) "\nOperationType=add\nUserId.1=" FORENSIC
#define SHARE(id)                                                                                  \
    CHANGE("ModifySnapshotAttribute", SHARE_PARAMS(id),                                            \
        "<ModifySnapshotAttributeResponse " EC2_XML "><return>true</return>"                       \
        "</ModifySnapshotAttributeResponse>")
#define MADE LOOK(BOTH("completed", "completed"))

static void assert_share(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, const char *found, uint32_t changes)
{
    struct script script;
    collect(&script);
    script_set(&script, "share", FORENSIC);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    if (memmem(script.step.found.ptr, script.step.found.len, found, strlen(found)) == NULL)
        fail_msg("found: %.*s", STR_ARG(script.step.found));
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_SHARE(exchanges, end, reason, found, changes)                                       \
    assert_share((exchanges), COUNT_OF(exchanges), (end), (reason), (found), (changes))

static void snapshots_are_shared_once_they_are_whole(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        VOLUMES(PLAIN("vol-1") PLAIN("vol-2")), LOOK(""), CREATE,
        LOOK(BOTH("completed", "pending")), MADE, SHARED_WITH("snap-1", OTHERS), SHARE("snap-1"),
        SHARED_WITH("snap-1", OTHERS), SHARED_WITH("snap-1", OTHERS THEM),
        SHARED_WITH("snap-2", THEM) };
    ASSERT_SHARE(exchanges, STEP_DONE, "kept as snap-1,snap-2; shared with account " FORENSIC,
        "2 EBS volumes", 2);
}

static void an_account_has_its_own_snapshots_already(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LOOK(""), CREATE, MADE };
    struct script script;
    collect(&script);
    script_set(&script, "share", OURS);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "; not shared: account " OURS " is their own");
    script_end(&script);
}

static void a_lost_request_to_share_is_looked_for(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, INSTANCE,
        VOLUMES(PLAIN("vol-1") PLAIN("vol-2")), MADE, SHARED_WITH("snap-1", ""),
        CHANGE_WITHOUT("ModifySnapshotAttribute", SHARE_PARAMS("snap-1"), LOST),
        SHARED_WITH("snap-1", THEM), SHARED_WITH("snap-2", THEM) };
    static const struct exchange not_applied[] = { WHO, INSTANCE,
        VOLUMES(PLAIN("vol-1") PLAIN("vol-2")), MADE, SHARED_WITH("snap-1", ""),
        CHANGE_WITHOUT("ModifySnapshotAttribute", SHARE_PARAMS("snap-1"), LOST),
        SHARED_WITH("snap-1", ""), SHARED_WITH("snap-1", ""), SHARED_WITH("snap-1", ""),
        SHARE("snap-1"), SHARED_WITH("snap-1", THEM), SHARED_WITH("snap-2", THEM) };
    ASSERT_SHARE(applied, STEP_DONE, "shared with account", "", 1);
    ASSERT_SHARE(not_applied, STEP_DONE, "shared with account", "", 2);
}

static void what_the_default_key_encrypts_is_said_before_and_not_shared(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        VOLUMES(ENCRYPTED("vol-1", KEY_1) PLAIN("vol-2")), KEY("AWS"), LOOK(""), CREATE, MADE,
        SHARED_WITH("snap-2", THEM) };
    static const struct exchange plan[] = { WHO, INSTANCE,
        VOLUMES(ENCRYPTED("vol-1", KEY_1) PLAIN("vol-2")), KEY("AWS"), LOOK(""),
        CHANGE_WITHOUT("CreateSnapshots", CREATE_PARAMS, ASSUMED),
        CHANGE_WITHOUT(
            "ModifySnapshotAttribute", SHARE_PARAMS("(known after CreateSnapshots)"), ASSUMED) };
    ASSERT_SHARE(exchanges, STEP_PARTIAL,
        "snap-1 is not shared with account " FORENSIC
        ", because it is encrypted with AWS's own key: copy it with a key of yours",
        "vol-1 is encrypted with AWS's own key, so that its snapshot cannot be shared", 1);
    ASSERT_SHARE(plan, STEP_DONE, "would be made",
        "vol-1 is encrypted with AWS's own key, so that its snapshot cannot be shared", 2);
}

static void whoever_examines_needs_the_customers_key_too(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        VOLUMES(ENCRYPTED("vol-1", KEY_1) ENCRYPTED("vol-2", KEY_1)), KEY("CUSTOMER"), MADE,
        SHARED_WITH("snap-1", THEM), SHARED_WITH("snap-2", THEM) };
    ASSERT_SHARE(exchanges, STEP_DONE,
        "account " FORENSIC " needs kms:CreateGrant, kms:Decrypt and kms:DescribeKey in the policy "
        "of " KEY_1,
        "", 0);
}

static void what_cannot_be_read_about_keys_keeps_nothing_from_being_collected(void **state)
{
    (void)state;
    static const struct exchange keys[] = { WHO, INSTANCE,
        VOLUMES(ENCRYPTED("vol-1", KEY_1) ENCRYPTED("vol-2", KEY_2)),
        ASK_ERROR(
            "DescribeKey", "", 400, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"),
        KEY("CUSTOMER"), MADE, SHARED_WITH("snap-1", ""),
        CHANGE_ERROR("ModifySnapshotAttribute", SHARE_PARAMS("snap-1"), 400,
            EC2_ERROR("OperationNotPermitted", "Encrypted snapshots with EBS default key")),
        SHARED_WITH("snap-2", THEM) };
    static const struct exchange volumes[] = { WHO, INSTANCE,
        ASK_ERROR("DescribeVolumes", "", 403, EC2_ERROR("UnauthorizedOperation", "no")), MADE,
        ASK_ERROR("DescribeSnapshotAttribute", "", 403, EC2_ERROR("UnauthorizedOperation", "no")),
        SHARED_WITH("snap-2", THEM) };
    ASSERT_SHARE(keys, STEP_PARTIAL,
        "snap-1 is not shared with account " FORENSIC
        ": AWS declined ModifySnapshotAttribute on snap-1 (OperationNotPermitted: Encrypted",
        "", 1);
    ASSERT_SHARE(volumes, STEP_PARTIAL,
        "snap-1 is not shared with account " FORENSIC
        ": AWS does not allow ec2:DescribeSnapshotAttribute on snap-1",
        "", 0);
}

static void one_s_own_account_needs_no_sharing(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, MADE };
    struct script script;
    collect(&script);
    script_set(&script, "share", OURS);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    script_end(&script);
}

static void how_long_snapshots_are_kept_is_in_a_tag(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LOOK(""),
        CHANGE("CreateSnapshots",
            "TagSpecification.1.Tag.3.Key=cdr:retain\nTagSpecification.1.Tag.3.Value=30d",
            CREATE_REPLY),
        MADE };
    struct script script;
    collect(&script);
    script.args[script_param(&script, "retain")] =
        (value){ .kind = VALUE_DURATION, .milliseconds = INT64_C(30) * 24 * 3600 * 1000 };
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    script_end(&script);
}

static void snapshots_are_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, INSTANCE, LOOK(""),
        CHANGE_WITHOUT("CreateSnapshots", CREATE_PARAMS, ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "", ASSUMED),
        ASK_WITHOUT("DescribeSnapshots", "", ASSUMED),
        CHANGE_WITHOUT("CreateSnapshots", CREATE_PARAMS, ASSUMED) };
    ASSERT_COLLECT(plan, STEP_DONE, "would be made", NULL, 1);
    ASSERT_COLLECT(offline, STEP_DONE, "would be made", NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_volumes_are_kept_as_of_one_moment),
        cmocka_unit_test(what_this_step_made_before_is_not_made_again),
        cmocka_unit_test(a_lost_request_is_found_by_its_tag),
        cmocka_unit_test(snapshots_may_appear_one_after_the_other_and_on_several_pages),
        cmocka_unit_test(a_snapshot_that_fails_makes_it_partial),
        cmocka_unit_test(a_copy_that_takes_hours_ends_as_partial),
        cmocka_unit_test(ec2_may_ask_to_wait),
        cmocka_unit_test(what_cannot_be_kept_fails),
        cmocka_unit_test(snapshots_are_shared_once_they_are_whole),
        cmocka_unit_test(an_account_has_its_own_snapshots_already),
        cmocka_unit_test(a_lost_request_to_share_is_looked_for),
        cmocka_unit_test(what_the_default_key_encrypts_is_said_before_and_not_shared),
        cmocka_unit_test(whoever_examines_needs_the_customers_key_too),
        cmocka_unit_test(what_cannot_be_read_about_keys_keeps_nothing_from_being_collected),
        cmocka_unit_test(one_s_own_account_needs_no_sharing),
        cmocka_unit_test(how_long_snapshots_are_kept_is_in_a_tag),
        cmocka_unit_test(snapshots_are_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
