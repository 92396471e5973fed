/* isolate_security_group with cut=untrack and cut=nacl, told by a scripted AWS. */
#include "script.h"

#define NAME "cdr-isolation-vpc-1"
#define OPEN_NAME "cdr-untrack-vpc-1"
#define BEGIN                                                                                      \
    ASK("GetCallerIdentity", "", CALLER_USER),                                                     \
        ASK("DescribeInstances", "",                                                               \
            INSTANCE_REPLY(OURS, "i-0abc", "running", "<vpcId>vpc-1</vpcId>"))
#define ENI(id, group)                                                                             \
    "<item><networkInterfaceId>" id "</networkInterfaceId><ownerId>" OURS                          \
    "</ownerId><groupSet><item><groupId>" group "</groupId></item></groupSet></item>"
#define LIST(items)                                                                                \
    ASK("DescribeNetworkInterfaces", "",                                                           \
        "<DescribeNetworkInterfacesResponse " EC2_XML "><networkInterfaceSet>" items               \
        "</networkInterfaceSet></DescribeNetworkInterfacesResponse>")
#define ALL                                                                                        \
    "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>"           \
    "</ipRanges><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges></item>"
#define ALL_IPV4                                                                                   \
    "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>"           \
    "</ipRanges><ipv6Ranges/></item>"
#define TAG "<tagSet><item><key>managed-by</key><value>cdr</value></item></tagSet>"
#define GROUPS(items)                                                                              \
    "<DescribeSecurityGroupsResponse " EC2_XML "><securityGroupInfo>" items                        \
    "</securityGroupInfo></DescribeSecurityGroupsResponse>"
#define GROUP(id, tag, in, out)                                                                    \
    GROUPS("<item><groupId>" id "</groupId>" tag "<ipPermissions>" in                              \
           "</ipPermissions><ipPermissionsEgress>" out "</ipPermissionsEgress></item>")
#define LOOK_CLOSED                                                                                \
    ASK("DescribeSecurityGroups", "Filter.1.Value.1=" NAME, GROUP("sg-0150", TAG, "", ""))
#define LOOK_OPEN(reply) ASK("DescribeSecurityGroups", "Filter.1.Value.1=" OPEN_NAME, reply)
#define IS_OPEN LOOK_OPEN(GROUP("sg-0a11", TAG, ALL, ALL))
#define CREATE                                                                                     \
    CHANGE("CreateSecurityGroup", "GroupName=" OPEN_NAME,                                          \
        "<CreateSecurityGroupResponse><groupId>sg-0a11</groupId></CreateSecurityGroupResponse>")
#define IN_PARAMS                                                                                  \
    "GroupId=sg-0a11\nIpPermissions.1.IpProtocol=-1\nIpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"  \
    "\nIpPermissions.2.Ipv6Ranges.1.CidrIpv6=::/0"
#define LET_IN                                                                                     \
    CHANGE("AuthorizeSecurityGroupIngress", IN_PARAMS, "<AuthorizeSecurityGroupIngressResponse/>")
#define LET_OUT                                                                                    \
    CHANGE("AuthorizeSecurityGroupEgress", "IpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0",           \
        "<AuthorizeSecurityGroupEgressResponse/>")
#define MOVE_PARAMS(eni, group) "NetworkInterfaceId=" eni "\nSecurityGroupId.1=" group
#define MOVE(eni, group)                                                                           \
    CHANGE("ModifyNetworkInterfaceAttribute", MOVE_PARAMS(eni, group),                             \
        "<ModifyNetworkInterfaceAttributeResponse/>")
#define MOVE_LOST(eni, group)                                                                      \
    CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", MOVE_PARAMS(eni, group), LOST)
#define MOVE_DENIED(eni, group)                                                                    \
    CHANGE_ERROR("ModifyNetworkInterfaceAttribute", MOVE_PARAMS(eni, group), 403,                  \
        EC2_ERROR("UnauthorizedOperation", "no"))
#define MOVE_ASSUMED(eni, group)                                                                   \
    CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", MOVE_PARAMS(eni, group), ASSUMED)
#define ONE LIST(ENI("eni-1", "sg-a1"))
#define ISOLATED LIST(ENI("eni-1", "sg-0150"))

static void isolate(struct script *script)
{
    script_begin(script, VERB_RESPOND, "isolate_security_group");
    script_set(script, "instance", "i-0abc");
    script_set(script, "region", "eu-west-1");
    script_set(script, "cut", "untrack");
}

static void assert_cut(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script script;
    isolate(&script);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_CUT(exchanges, end, reason, changes)                                                \
    assert_cut((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static const struct exchange happy[] = { BEGIN, LIST(ENI("eni-1", "sg-a1") ENI("eni-2", "sg-b2")),
    LOOK_CLOSED, LOOK_OPEN(GROUPS("")), CREATE, LOOK_OPEN(GROUP("sg-0a11", TAG, "", ALL_IPV4)),
    LET_IN, LOOK_OPEN(GROUP("sg-0a11", TAG, ALL, ALL_IPV4)), LET_OUT, IS_OPEN,
    MOVE("eni-1", "sg-0a11"), MOVE("eni-1", "sg-0150"), MOVE("eni-2", "sg-0a11"),
    MOVE("eni-2", "sg-0150"), LIST(ENI("eni-1", "sg-0150") ENI("eni-2", "sg-0150")) };

static void each_interface_is_untracked_and_then_isolated_at_once(void **state)
{
    (void)state;
    struct script script;
    isolate(&script);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    assert_reason(&script, "connections that were open before are cut");
    assert_string_equal(script.undos[0].builtin, "delete_isolation_group");
    assert_true(str_is(value_str(script.undos[0].args[1]), OPEN_NAME));
    for (int at = 3; at < 7; at++) {
        const struct undo *undo = &script.undos[at];
        assert_string_equal(undo->builtin, "restore_interface_groups");
        assert_true(str_is(value_str(undo->args[1].items[0]), at < 5 ? "sg-a1" : "sg-b2"));
        assert_true(str_is(value_str(undo->args[2]), "sg-0150"));
        assert_true(str_is(value_str(undo->args[5]), "sg-0a11"));
    }
    script_end(&script);
    ASSERT_CUT(happy, STEP_DONE, "has only the group " NAME, 7);
}

static void what_is_isolated_is_not_opened_again(void **state)
{
    (void)state;
    static const struct exchange again[] = { BEGIN, ISOLATED, LOOK_CLOSED };
    static const struct exchange half[] = { BEGIN,
        LIST(ENI("eni-1", "sg-0150") ENI("eni-2", "sg-b2")), LOOK_CLOSED, IS_OPEN,
        MOVE("eni-2", "sg-0a11"), MOVE("eni-2", "sg-0150"),
        LIST(ENI("eni-1", "sg-0150") ENI("eni-2", "sg-0150")) };
    ASSERT_CUT(again, STEP_PARTIAL,
        "was isolated already: nothing was changed; connections that were open before may live on",
        0);
    ASSERT_CUT(half, STEP_PARTIAL, "an interface was isolated before", 2);
}

static void a_lost_reply_is_settled_by_looking(void **state)
{
    (void)state;
    static const struct exchange untracked[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE_LOST("eni-1", "sg-0a11"), LIST(ENI("eni-1", "sg-0a11")), MOVE("eni-1", "sg-0150"),
        ISOLATED };
    static const struct exchange not_untracked[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE_LOST("eni-1", "sg-0a11"), ONE, ONE, ONE, MOVE("eni-1", "sg-0a11"),
        MOVE("eni-1", "sg-0150"), ISOLATED };
    static const struct exchange isolated[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE("eni-1", "sg-0a11"), MOVE_LOST("eni-1", "sg-0150"), ISOLATED };
    static const struct exchange not_isolated[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE("eni-1", "sg-0a11"), MOVE_LOST("eni-1", "sg-0150"), LIST(ENI("eni-1", "sg-0a11")),
        LIST(ENI("eni-1", "sg-0a11")), LIST(ENI("eni-1", "sg-0a11")), MOVE("eni-1", "sg-0150"),
        ISOLATED };
    ASSERT_CUT(untracked, STEP_DONE, "are cut", 2);
    ASSERT_CUT(not_untracked, STEP_DONE, "are cut", 3);
    ASSERT_CUT(isolated, STEP_DONE, "are cut", 2);
    ASSERT_CUT(not_isolated, STEP_DONE, "are cut", 3);
}

static void an_instance_is_isolated_though_its_connections_cannot_be_cut(void **state)
{
    (void)state;
    static const struct exchange foreign[] = { BEGIN, ONE, LOOK_CLOSED,
        LOOK_OPEN(GROUP("sg-0a11", "", ALL, ALL)), MOVE("eni-1", "sg-0150"), ISOLATED };
    static const struct exchange denied[] = { BEGIN, ONE, LOOK_CLOSED,
        LOOK_OPEN(GROUP("sg-0a11", TAG, "", ALL)),
        CHANGE_ERROR(
            "AuthorizeSecurityGroupIngress", "", 403, EC2_ERROR("UnauthorizedOperation", "no")),
        MOVE("eni-1", "sg-0150"), ISOLATED };
    static const struct exchange declined[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE_DENIED("eni-1", "sg-0a11"), MOVE("eni-1", "sg-0150"), ISOLATED };
    ASSERT_CUT(foreign, STEP_PARTIAL, "could not be cut: the group " OPEN_NAME " is not tagged", 1);
    ASSERT_CUT(denied, STEP_PARTIAL,
        "could not be cut: AWS does not allow ec2:AuthorizeSecurityGroupIngress", 2);
    ASSERT_CUT(declined, STEP_PARTIAL, "which lets nothing in or out; connections that were", 2);
}

static void an_interface_that_was_opened_does_not_stay_so(void **state)
{
    (void)state;
    static const struct exchange put_back[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE("eni-1", "sg-0a11"), MOVE_DENIED("eni-1", "sg-0150"), MOVE("eni-1", "sg-a1"), ONE };
    static const struct exchange stays[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE("eni-1", "sg-0a11"), MOVE_DENIED("eni-1", "sg-0150"), MOVE_DENIED("eni-1", "sg-a1"),
        LIST(ENI("eni-1", "sg-0a11")) };
    ASSERT_CUT(put_back, STEP_FAILED, "it was given its own groups again", 3);
    ASSERT_CUT(stays, STEP_UNKNOWN, "it may be open to the world", 3);
}

static void a_cut_is_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { BEGIN, ONE, LOOK_CLOSED, IS_OPEN,
        MOVE_ASSUMED("eni-1", "sg-0a11"), MOVE_ASSUMED("eni-1", "sg-0150") };
    static const struct exchange fresh[] = { BEGIN, ONE, LOOK_CLOSED, LOOK_OPEN(GROUPS("")),
        CHANGE_WITHOUT("CreateSecurityGroup", "GroupName=" OPEN_NAME, ASSUMED),
        CHANGE_WITHOUT("AuthorizeSecurityGroupIngress", "", ASSUMED),
        CHANGE_WITHOUT(
            "AuthorizeSecurityGroupEgress", "IpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0", ASSUMED),
        MOVE_ASSUMED("eni-1", "(known after CreateSecurityGroup)"),
        MOVE_ASSUMED("eni-1", "sg-0150") };
    static const struct exchange half[] = { BEGIN, ONE, LOOK_CLOSED,
        LOOK_OPEN(GROUP("sg-0a11", TAG, "", ALL_IPV4)),
        CHANGE_WITHOUT("AuthorizeSecurityGroupIngress", "", ASSUMED),
        LOOK_OPEN(GROUP("sg-0a11", TAG, "", ALL_IPV4)),
        CHANGE_WITHOUT("AuthorizeSecurityGroupEgress", "", ASSUMED),
        MOVE_ASSUMED("eni-1", "sg-0a11"), MOVE_ASSUMED("eni-1", "sg-0150") };
    ASSERT_CUT(plan, STEP_DONE, "would have only the group", 2);
    ASSERT_CUT(fresh, STEP_DONE, "would have only the group", 5);
    ASSERT_CUT(half, STEP_DONE, "would have only the group", 4);
}

static void an_undo_restores_from_either_group(void **state)
{
    (void)state;
    static const struct exchange opened[] = { ASK("GetCallerIdentity", "", CALLER_USER),
        LIST(ENI("eni-1", "sg-0a11")), MOVE("eni-1", "sg-a1"), ONE };
    static const struct exchange isolated[] = { ASK("GetCallerIdentity", "", CALLER_USER), ISOLATED,
        MOVE("eni-1", "sg-a1"), ONE };
    static const struct exchange changed[] = { ASK("GetCallerIdentity", "", CALLER_USER),
        LIST(ENI("eni-1", "sg-c3")) };
    struct script done, undo;
    for (uint32_t at = 3; at < 5; at++) {
        isolate(&done);
        assert_int_equal(PLAY(&done, happy), STEP_DONE);
        script_begin_undo(&undo, &done, at);
        assert_int_equal(PLAY(&undo, opened), STEP_DONE);
        script_end(&undo);
        script_begin_undo(&undo, &done, at);
        assert_int_equal(PLAY(&undo, isolated), STEP_DONE);
        script_end(&undo);
        script_begin_undo(&undo, &done, at);
        assert_int_equal(PLAY(&undo, changed), STEP_FAILED);
        assert_reason(&undo, "was changed since by somebody else");
        script_end(&undo);
        script_end(&done);
    }
}

#define IN_SUBNET(group)                                                                           \
    LIST("<item><networkInterfaceId>eni-1</networkInterfaceId><ownerId>" OURS                      \
         "</ownerId><subnetId>subnet-1</subnetId><groupSet><item><groupId>" group                  \
         "</groupId></item></groupSet></item>")
#define NEIGHBOUR(id, instance)                                                                    \
    "<item><networkInterfaceId>" id "</networkInterfaceId><attachment><instanceId>" instance       \
    "</instanceId></attachment></item>"
#define NEIGHBOURS(items)                                                                          \
    ASK("DescribeNetworkInterfaces", "Filter.1.Name=subnet-id\nFilter.1.Value.1=subnet-1",         \
        "<DescribeNetworkInterfacesResponse " EC2_XML "><networkInterfaceSet>" items               \
        "</networkInterfaceSet></DescribeNetworkInterfacesResponse>")
#define ALONE NEIGHBOURS(NEIGHBOUR("eni-1", "i-0abc"))
#define ENTRY(number, action, egress, range)                                                       \
    "<item><ruleNumber>" number "</ruleNumber><protocol>-1</protocol><ruleAction>" action          \
    "</ruleAction><egress>" egress "</egress>" range "</item>"
#define V4 "<cidrBlock>0.0.0.0/0</cidrBlock>"
#define V6 "<ipv6CidrBlock>::/0</ipv6CidrBlock>"
#define ALLOWED                                                                                    \
    ENTRY("100", "allow", "false", V4)                                                             \
    ENTRY("101", "allow", "false", V6)                                                             \
    ENTRY("100", "allow", "true", V4) ENTRY("101", "allow", "true", V6)
#define DENIED_IN ENTRY("99", "deny", "false", V4) ENTRY("98", "deny", "false", V6)
#define DENIED_OUT ENTRY("99", "deny", "true", V4) ENTRY("98", "deny", "true", V6)
#define ACL_OF(subnets, entries)                                                                   \
    ASK("DescribeNetworkAcls", "Filter.1.Name=association.subnet-id\nFilter.1.Value.1=subnet-1",   \
        "<DescribeNetworkAclsResponse " EC2_XML "><networkAclSet><item><networkAclId>acl-1"        \
        "</networkAclId><entrySet>" entries "</entrySet><associationSet>" subnets                  \
        "</associationSet></item></networkAclSet></DescribeNetworkAclsResponse>")
#define OWN "<item><subnetId>subnet-1</subnetId></item>"
#define ACL(entries) ACL_OF(OWN, entries)
#define DENY_PARAMS(number, egress, range)                                                         \
    "NetworkAclId=acl-1\nRuleNumber=" number "\nRuleAction=deny\nEgress=" egress "\n" range
#define DENY(number, egress, range)                                                                \
    CHANGE("CreateNetworkAclEntry", DENY_PARAMS(number, egress, range),                            \
        "<CreateNetworkAclEntryResponse " EC2_XML "><return>true</return>"                         \
        "</CreateNetworkAclEntryResponse>")
#define DENY_ASSUMED(number, egress, range)                                                        \
    CHANGE_WITHOUT("CreateNetworkAclEntry", DENY_PARAMS(number, egress, range), ASSUMED)
#define FOR_V4 "CidrBlock=0.0.0.0/0"
#define FOR_V6 "Ipv6CidrBlock=::/0"
#define MOVED BEGIN, IN_SUBNET("sg-a1"), LOOK_CLOSED, MOVE("eni-1", "sg-0150"), IN_SUBNET("sg-0150")

static void assert_acl(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script script;
    isolate(&script);
    script_set(&script, "cut", "nacl");
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    for (uint32_t at = 0; at < script.undos_count; at++)
        assert_non_null(script.undos[at].builtin);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_ACL(exchanges, end, reason, changes)                                                \
    assert_acl((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static void a_subnet_of_its_own_is_cut_by_its_acl(void **state)
{
    (void)state;
    static const struct exchange all[] = { MOVED, ALONE, ACL(ALLOWED), DENY("99", "false", FOR_V4),
        ACL(ENTRY("99", "deny", "false", V4) ALLOWED), DENY("98", "false", FOR_V6),
        ACL(DENIED_IN ALLOWED), DENY("99", "true", FOR_V4),
        ACL(DENIED_IN ENTRY("99", "deny", "true", V4) ALLOWED), DENY("98", "true", FOR_V6),
        ACL(DENIED_IN DENIED_OUT ALLOWED) };
    static const struct exchange lost[] = { MOVED, ALONE,
        ACL(DENIED_IN ENTRY("99", "deny", "true", V4) ALLOWED),
        CHANGE_WITHOUT("CreateNetworkAclEntry", "", LOST), ACL(DENIED_IN DENIED_OUT ALLOWED) };
    static const struct exchange already[] = { BEGIN, IN_SUBNET("sg-0150"), LOOK_CLOSED, ALONE,
        ACL(DENIED_IN DENIED_OUT ALLOWED) };
    static const struct exchange plan[] = { BEGIN, IN_SUBNET("sg-a1"), LOOK_CLOSED,
        MOVE_ASSUMED("eni-1", "sg-0150"), ALONE, ACL(ALLOWED), DENY_ASSUMED("99", "false", FOR_V4),
        ACL(ALLOWED), DENY_ASSUMED("98", "false", FOR_V6), ACL(ALLOWED),
        DENY_ASSUMED("99", "true", FOR_V4), ACL(ALLOWED), DENY_ASSUMED("98", "true", FOR_V6) };
    ASSERT_ACL(all, STEP_DONE, "connections that were open before are cut", 5);
    ASSERT_ACL(lost, STEP_DONE, "are cut", 2);
    ASSERT_ACL(already, STEP_DONE, "was isolated already: nothing was changed", 0);
    ASSERT_ACL(plan, STEP_DONE, "would have only the group", 5);
}

static void a_subnet_that_others_use_is_not_cut(void **state)
{
    (void)state;
    static const struct exchange neighbours[] = { MOVED,
        NEIGHBOURS(NEIGHBOUR("eni-1", "i-0abc") NEIGHBOUR("eni-7", "i-0def")) };
    static const struct exchange subnets[] = { MOVED, ALONE,
        ACL_OF(OWN "<item><subnetId>subnet-2</subnetId></item>", ALLOWED) };
    static const struct exchange denied[] = { MOVED, ALONE, ACL(ALLOWED),
        CHANGE_ERROR("CreateNetworkAclEntry", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    ASSERT_ACL(neighbours, STEP_PARTIAL,
        "could not be cut: a network ACL cuts all of subnet-1, and eni-7 is in it too", 1);
    ASSERT_ACL(subnets, STEP_PARTIAL,
        "could not be cut: acl-1 is the network ACL of other subnets than subnet-1 too", 1);
    ASSERT_ACL(denied, STEP_PARTIAL, "AWS does not allow ec2:CreateNetworkAclEntry", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_interface_is_untracked_and_then_isolated_at_once),
        cmocka_unit_test(what_is_isolated_is_not_opened_again),
        cmocka_unit_test(a_lost_reply_is_settled_by_looking),
        cmocka_unit_test(an_instance_is_isolated_though_its_connections_cannot_be_cut),
        cmocka_unit_test(an_interface_that_was_opened_does_not_stay_so),
        cmocka_unit_test(a_cut_is_planned),
        cmocka_unit_test(an_undo_restores_from_either_group),
        cmocka_unit_test(a_subnet_of_its_own_is_cut_by_its_acl),
        cmocka_unit_test(a_subnet_that_others_use_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
