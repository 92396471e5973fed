/* The end of a snapshot whose time is over, told by a scripted AWS. */
#include "aws/delete_snapshot.h"
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define KEY "0badcafe-1-0"
#define TAG(key, text) "<item><key>" key "</key><value>" text "</value></item>"
#define SHOWN(start, step, retain)                                                                 \
    ASK("DescribeSnapshots", "Owner.1=self\nSnapshotId.1=snap-1",                                  \
        "<DescribeSnapshotsResponse " EC2_XML "><snapshotSet><item><snapshotId>snap-1"             \
        "</snapshotId><startTime>" start                                                           \
        "</startTime><tagSet>" TAG("managed-by", "cdr") TAG("cdr:step", step) TAG(                 \
            "cdr:retain", retain) "</tagSet></item></snapshotSet></DescribeSnapshotsResponse>")
#define OLD "2025-11-30T23:00:00.000Z" /* 31 days and an hour before the step begins */
#define THERE SHOWN(OLD, KEY, "30d")
#define GONE ASK_ERROR("DescribeSnapshots", "", 400, EC2_ERROR("InvalidSnapshot.NotFound", "none"))
#define DELETE_IT                                                                                  \
    CHANGE("DeleteSnapshot", "SnapshotId=snap-1",                                                  \
        "<DeleteSnapshotResponse " EC2_XML "><return>true</return></DeleteSnapshotResponse>")

static void assert_deletes(
    const struct exchange *exchanges, size_t count, enum step_turn end, const char *reason)
{
    struct script script;
    script_begin(&script, VERB_UNDO, "delete_snapshot");
    script_set(&script, "snapshot", "snap-1");
    script_set(&script, "step", KEY);
    script_set(&script, "account", OURS);
    script_set(&script, "region", "eu-west-1");
    script.args[DELETE_SNAPSHOT_RETAIN] =
        (value){ .kind = VALUE_DURATION, .milliseconds = INT64_C(30) * 24 * 3600 * 1000 };
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_DELETES(exchanges, end, reason)                                                     \
    assert_deletes((exchanges), COUNT_OF(exchanges), (end), (reason))

static void it_is_deleted_when_its_time_is_over(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, THERE, DELETE_IT, THERE, GONE };
    static const struct exchange lost[] = { WHO, THERE,
        CHANGE_WITHOUT("DeleteSnapshot", "SnapshotId=snap-1", LOST), THERE, THERE, THERE, DELETE_IT,
        GONE };
    static const struct exchange gone[] = { WHO, GONE };
    ASSERT_DELETES(exchanges, STEP_DONE, "snapshot snap-1 is deleted");
    ASSERT_DELETES(lost, STEP_DONE, "snapshot snap-1 is deleted");
    ASSERT_DELETES(gone, STEP_DONE, "is not there any more: nothing was changed");
}

static void the_longer_of_journal_and_tag_counts(void **state)
{
    (void)state;
    static const struct exchange young[] = { WHO, SHOWN("2025-12-31T00:00:00Z", KEY, "1s") };
    static const struct exchange longer[] = { WHO, SHOWN(OLD, KEY, "90d") };
    static const struct exchange for_ever[] = { WHO, SHOWN(OLD, KEY, "forever") };
    static const struct exchange untold[] = { WHO, SHOWN("", KEY, "30d") };
    ASSERT_DELETES(young, STEP_FAILED, "is kept until 2026-01-30T00:00:00Z");
    ASSERT_DELETES(longer, STEP_FAILED, "is kept until 2026-02-28T23:00:00Z");
    ASSERT_DELETES(for_ever, STEP_FAILED, "is kept until somebody deletes it");
    ASSERT_DELETES(untold, STEP_FAILED, "is kept until somebody deletes it");
}

static void what_is_not_of_the_step_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange others[] = { WHO, SHOWN(OLD, "0badcafe-1-1", "30d") };
    static const struct exchange in_use[] = { WHO, THERE,
        CHANGE_ERROR(
            "DeleteSnapshot", "", 400, EC2_ERROR("InvalidSnapshot.InUse", "in use by ami-1")) };
    static const struct exchange denied[] = { WHO, THERE,
        CHANGE_ERROR("DeleteSnapshot", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    ASSERT_DELETES(others, STEP_FAILED, "is not tagged as that of the step");
    ASSERT_DELETES(in_use, STEP_FAILED, "is in use and was kept");
    ASSERT_DELETES(denied, STEP_FAILED, "AWS does not allow ec2:DeleteSnapshot on snap-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_deleted_when_its_time_is_over),
        cmocka_unit_test(the_longer_of_journal_and_tag_counts),
        cmocka_unit_test(what_is_not_of_the_step_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
