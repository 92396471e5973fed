/* The requests of the steps are equal in meaning to those of AWS's own client (golden.h). */
#include "golden.h"

#include "aws/requests.h"

#define NO_REGION ((str){ "", 0 })
#define NO_PAGE ((str){ "", 0 })
#define I STR("i-0123456789abcdef0")

static void the_caller_is_asked_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, sts_get_caller_identity(&step));
}

static void iam_is_asked_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, iam_get_instance_profile(&step, STR("p")));
    assert_golden(state, iam_get_role_policy(&step, STR("r"), STR("DenyAll")));
    assert_golden(state, iam_delete_role_policy(&step, STR("r"), STR("DenyAll")));
    assert_golden(state,
        iam_put_role_policy(&step, STR("r"), STR("DenyAll"),
            STR("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
                "\"Resource\":\"*\"}]}")));
}

static void instances_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden_keys(state, ec2_describe_instance(&step, NO_REGION, I), "");
    assert_golden(
        state, ec2_describe_instance_attribute(&step, NO_REGION, I, STR("disableApiStop")));
    assert_golden_keys(state, ec2_stop_instance(&step, NO_REGION, I), "");
    assert_golden(state, ec2_start_instance(&step, NO_REGION, I));
}

static void interfaces_are_changed_as_botocore_changes_them(void **state)
{
    struct step step = step_of(golden_of(state));
    value groups[] = { value_text(STR("sg-1")), value_text(STR("sg-2")) };
    assert_golden(
        state, ec2_describe_interfaces(&step, NO_REGION, "attachment.instance-id", I, NO_PAGE));
    assert_golden_keys(state,
        ec2_describe_interfaces(&step, NO_REGION, "attachment.instance-id", I, STR("tok")),
        "NextToken");
    assert_golden(
        state, ec2_modify_interface_groups(&step, NO_REGION, STR("eni-1"), value_list(groups, 1)));
    assert_golden_keys(state,
        ec2_modify_interface_groups(&step, NO_REGION, STR("eni-1"), value_list(groups, 2)), "");
}

static void groups_are_made_and_deleted_as_botocore_does(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(
        state, ec2_describe_group_named(&step, NO_REGION, STR("isolate-x"), STR("vpc-1"), NO_PAGE));
    assert_golden_keys(
        state, ec2_create_group(&step, NO_REGION, STR("isolate-x"), STR("d e"), STR("vpc-1")), "");
    assert_golden(state, ec2_delete_group(&step, NO_REGION, STR("sg-1")));
}

static void rules_are_revoked_as_botocore_revokes_them(void **state)
{
    static const char open[] =
        "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort>"
        "<toPort>22</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>"
        "<ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges></item></ipPermissions>";
    static const char all[] =
        "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item>"
        "<cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>";
    static const char groups[] =
        "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges/><prefixListIds><item>"
        "<prefixListId>pl-1</prefixListId></item></prefixListIds><groups><item>"
        "<groupId>sg-2</groupId><userId>111122223333</userId></item></groups></item>"
        "</ipPermissionsEgress>";
    struct golden *golden = golden_of(state);
    struct step step = step_of(golden);
    const struct xml *root = NULL;
    assert_int_equal(xml_parse(&golden->arena, STR(open), &root), ERR_OK);
    assert_golden(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), false, root));
    assert_int_equal(xml_parse(&golden->arena, STR(all), &root), ERR_OK);
    assert_golden(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), true, root));
    assert_golden_keys(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), true, NULL),
        "IpPermissions.N.Ipv6Ranges.N.CidrIpv6");
    /* botocore's example of groups and prefix lists authorises; the members are the same. */
    assert_int_equal(xml_parse(&golden->arena, STR(groups), &root), ERR_OK);
    assert_golden_keys(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), true, root),
        "IpPermissions.N.PrefixListIds.N.PrefixListId IpPermissions.N.Groups.N.GroupId "
        "IpPermissions.N.Groups.N.UserId");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caller_is_asked_as_botocore_asks),
        cmocka_unit_test(iam_is_asked_as_botocore_asks),
        cmocka_unit_test(instances_are_asked_for_as_botocore_asks),
        cmocka_unit_test(interfaces_are_changed_as_botocore_changes_them),
        cmocka_unit_test(groups_are_made_and_deleted_as_botocore_does),
        cmocka_unit_test(rules_are_revoked_as_botocore_revokes_them),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
