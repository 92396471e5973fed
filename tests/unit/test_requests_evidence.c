/* What collects evidence asks as AWS's own client does (golden.h). */
#include "golden.h"

#include "aws/requests_evidence.h"

#define NO_REGION ((str){ "", 0 })
#define NO_PAGE ((str){ "", 0 })
#define I STR("i-0123456789abcdef0")

static void snapshots_are_made_as_botocore_makes_them(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden_keys(state, ec2_create_snapshots(&step, NO_REGION, I, STR("30d")), "");
    assert_golden_keys(state, ec2_describe_step_snapshots(&step, NO_REGION, STR("tok")),
        "NextToken Filter.N.Name Filter.N.Value.N");
    assert_golden(state, ec2_describe_volumes(&step, NO_REGION, I, NO_PAGE));
    assert_golden_keys(state, ec2_describe_volumes(&step, NO_REGION, I, STR("tok")), "NextToken");
}

static void snapshots_are_shared_as_botocore_shares_them(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, ec2_describe_snapshot_permissions(&step, NO_REGION, STR("snap-1")));
    assert_golden(state, ec2_share_snapshot(&step, NO_REGION, STR("snap-1"), STR("111122223333")));
}

static void leftovers_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, ec2_describe_snapshot(&step, NO_REGION, STR("snap-1")));
    assert_golden(state, ec2_delete_snapshot(&step, NO_REGION, STR("snap-1")));
    assert_golden_keys(state, ec2_describe_ours(&step, "DescribeSnapshots", NO_REGION, STR("tok")),
        "NextToken Filter.N.Name Filter.N.Value.N");
    assert_golden_keys(state,
        ec2_describe_ours(&step, "DescribeSecurityGroups", NO_REGION, STR("tok")), "NextToken");
}

/* botocore 1.43 writes the same members; the golden file has none of CloudTrail. */
static void the_trail_is_asked_page_by_page(void **state)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct step step = { .arena = &arena, .key = STR("v") };
    (void)state;
    struct request request =
        cloudtrail_lookup(&step, STR("eu-west-1"), "Username", STR("x\"y"), 1, 2, STR("t"));
    assert_string_equal(request.body.ptr,
        "{\"LookupAttributes\":[{\"AttributeKey\":\"Username\",\"AttributeValue\":\"x\\\"y\"}],"
        "\"StartTime\":1,\"EndTime\":2,\"MaxResults\":50,\"NextToken\":\"t\"}");
    request = s3_list_objects(&step, STR("eu-west-1"), STR("bucket"), STR("a b/c&d"));
    assert_string_equal(request.body.ptr, "list-type=2&prefix=a%20b%2Fc%26d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_are_made_as_botocore_makes_them),
        cmocka_unit_test(snapshots_are_shared_as_botocore_shares_them),
        cmocka_unit_test(leftovers_are_asked_for_as_botocore_asks),
        cmocka_unit_test(the_trail_is_asked_page_by_page),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
