/* The requests of the steps on EC2 are equal in meaning to those of AWS's own client. */
#include "aws/requests_ec2.h"
#include "golden.h"

#define NO_REGION ((str){ "", 0 })
#define NO_PAGE ((str){ "", 0 })
#define I STR("i-0123456789abcdef0")

static void instances_are_changed_as_botocore_changes_them(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, ec2_set_instance_flag(&step, NO_REGION, I, STR("disableApiStop"), false));
    assert_golden(state, ec2_set_metadata_endpoint(&step, NO_REGION, STR("i-1"), STR("disabled")));
    assert_golden_keys(
        state, ec2_set_instance_flag(&step, NO_REGION, I, STR("disableApiStop"), true), "");
}

static void groups_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, ec2_describe_group(&step, NO_REGION, STR("sg-1")));
    assert_golden(state, ec2_describe_rules(&step, NO_REGION, STR("sg-1"), NO_PAGE));
    assert_golden_keys(
        state, ec2_describe_rules(&step, NO_REGION, STR("sg-1"), STR("tok")), "NextToken");
    assert_golden_keys(state,
        ec2_describe_groups_naming(&step, NO_REGION, STR("sg-1"), false, STR("tok")), "NextToken");
}

static struct group_rule rule(const char *range, const char *description, bool is_egress)
{
    return (struct group_rule){ STR("sgr-1"), STR("tcp"), STR("22"), STR("22"), str_from(range),
        str_from(description), is_egress };
}

static void rules_are_revoked_and_authorized_as_botocore_does(void **state)
{
    struct step step = step_of(golden_of(state));
    struct group_rule rules[] = { rule("0.0.0.0/0", "ssh", false), rule("0.0.0.0/0", "", true),
        rule("::/0", "six", true) };
    rules[2].id = STR("sgr-2");
    assert_golden(
        state, ec2_revoke_rule_ids(&step, NO_REGION, STR("sg-1"), false, rules, COUNT_OF(rules)));
    assert_golden(
        state, ec2_revoke_rule_ids(&step, NO_REGION, STR("sg-1"), true, rules, COUNT_OF(rules)));
    assert_golden(
        state, ec2_authorize_rules(&step, NO_REGION, STR("sg-1"), false, rules, COUNT_OF(rules)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_are_changed_as_botocore_changes_them),
        cmocka_unit_test(groups_are_asked_for_as_botocore_asks),
        cmocka_unit_test(rules_are_revoked_and_authorized_as_botocore_does),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
