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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_are_made_as_botocore_makes_them),
        cmocka_unit_test(snapshots_are_shared_as_botocore_shares_them),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
