/* Network ACLs of the sandbox are as strict as EC2's. */
#include "sandbox_client.h"

#define ACL "acl-01111e1c0ffee0001"
#define SUBNET "subnet-01111e1c0ffee0001"
#define BY_SUBNET "Filter.1.Name=association.subnet-id&Filter.1.Value.1=" SUBNET
#define DENY(number, egress, cidr)                                                                 \
    "NetworkAclId=" ACL "&RuleNumber=" number "&Protocol=-1&RuleAction=deny&Egress=" egress        \
    "&CidrBlock=" cidr

static void a_subnet_leads_to_its_acl(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("DescribeNetworkAcls", BY_SUBNET), 200);
    assert_says("<networkAclSet><item><networkAclId>" ACL "</networkAclId>");
    assert_int_equal(count_of(client, "<ruleNumber>100</ruleNumber>"), 2);
    assert_int_equal(count_of(client, "<ruleNumber>32767</ruleNumber>"), 2);
    assert_int_equal(count_of(client, "<ruleNumber>32768</ruleNumber>"), 2);
    assert_int_equal(count_of(client, "<subnetId>"), 2); /* it is shared */
    EC2("DescribeNetworkAcls", "NetworkAclId.1=acl-0123456789abcdef0");
    assert_refused(400, "InvalidNetworkAclID.NotFound");
}

static void an_entry_is_made_shown_and_deleted(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("CreateNetworkAclEntry", DENY("99", "false", "198.51.100.7/32")), 200);
    assert_true(was_applied(client));
    EC2("DescribeNetworkAcls", BY_SUBNET);
    assert_says("<item><ruleNumber>99</ruleNumber><protocol>-1</protocol>"
                "<ruleAction>deny</ruleAction><egress>false</egress>"
                "<cidrBlock>198.51.100.7/32</cidrBlock></item>");
    EC2("CreateNetworkAclEntry", DENY("99", "false", "198.51.100.8/32"));
    assert_refused(400, "NetworkAclEntryAlreadyExists");
    assert_int_equal(EC2("CreateNetworkAclEntry", DENY("99", "true", "198.51.100.7/32")), 200);
    assert_int_equal(
        EC2("DeleteNetworkAclEntry", "NetworkAclId=" ACL "&RuleNumber=99&Egress=false"), 200);
    EC2("DeleteNetworkAclEntry", "NetworkAclId=" ACL "&RuleNumber=99&Egress=false");
    assert_refused(400, "InvalidNetworkAclEntry.NotFound");
    EC2("DescribeNetworkAcls", BY_SUBNET);
    assert_int_equal(count_of(client, "198.51.100.7"), 1);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct client *client = *state;
    EC2("CreateNetworkAclEntry", DENY("99", "false", "198.51.100.7/32") "&DryRun=true");
    assert_refused(412, "DryRunOperation");
    EC2("DeleteNetworkAclEntry", "NetworkAclId=" ACL "&RuleNumber=100&Egress=false&DryRun=true");
    assert_refused(412, "DryRunOperation");
    EC2("DescribeNetworkAcls", BY_SUBNET);
    assert_false(says(client, "198.51.100.7"));
    assert_int_equal(count_of(client, "<ruleNumber>100</ruleNumber>"), 2);
}

static void what_is_no_entry_is_refused(void **state)
{
    struct client *client = *state;
    EC2("CreateNetworkAclEntry", DENY("0", "false", "198.51.100.7/32"));
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateNetworkAclEntry", DENY("32767", "false", "198.51.100.7/32"));
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateNetworkAclEntry", DENY("9", "perhaps", "198.51.100.7/32"));
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateNetworkAclEntry", DENY("9", "false", "198.51.100.7"));
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateNetworkAclEntry", DENY("9", "false", "198.51.100.7/32") "&Ipv6CidrBlock=::1/128");
    assert_refused(400, "InvalidParameterCombination");
    EC2("CreateNetworkAclEntry",
        "NetworkAclId=" ACL "&RuleNumber=9&Protocol=-1&RuleAction=deny&Egress=true");
    assert_refused(400, "MissingParameter");
    EC2("CreateNetworkAclEntry",
        "NetworkAclId=" ACL "&RuleNumber=9&Protocol=-1&RuleAction=block&Egress=true"
        "&CidrBlock=198.51.100.7/32");
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateNetworkAclEntry", DENY("9", "false", "198.51.100.7/32") "&Colour=red");
    assert_refused(400, "UnknownParameter");
}

static void a_direction_holds_twenty_entries(void **state)
{
    struct client *client = *state;
    char parameters[256];
    for (int number = 1; number <= 16; number++) { /* two allow, two deny the rest */
        snprintf(parameters, sizeof(parameters),
            "NetworkAclId=" ACL "&RuleNumber=%d&Protocol=-1&RuleAction=deny&Egress=false"
            "&CidrBlock=198.51.100.%d/32",
            number, number);
        assert_int_equal(EC2("CreateNetworkAclEntry", parameters), 200);
    }
    EC2("CreateNetworkAclEntry", DENY("50", "false", "198.51.100.50/32"));
    assert_refused(400, "NetworkAclEntryLimitExceeded");
    assert_int_equal(EC2("CreateNetworkAclEntry", DENY("50", "true", "198.51.100.50/32")), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_subnet_leads_to_its_acl),
        sandbox_test(an_entry_is_made_shown_and_deleted),
        sandbox_test(a_dry_run_changes_nothing),
        sandbox_test(what_is_no_entry_is_refused),
        sandbox_test(a_direction_holds_twenty_entries),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
