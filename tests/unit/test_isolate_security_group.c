/* isolate_security_group and its two inverses, told by a scripted AWS. */
#include "script.h"

#define NAME "cdr-isolation-vpc-1"
#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define INSTANCE                                                                                   \
    ASK("DescribeInstances", "InstanceId.1=i-0abc",                                                \
        INSTANCE_REPLY(OURS, "i-0abc", "running", "<vpcId>vpc-1</vpcId>"))

#define IN(group) "<item><groupId>" group "</groupId><groupName>g</groupName></item>"
#define ENI(id, groups)                                                                            \
    "<item><networkInterfaceId>" id "</networkInterfaceId><ownerId>" OURS                          \
    "</ownerId><groupSet>" groups "</groupSet><attachment><instanceId>i-0abc</instanceId>"         \
    "</attachment></item>"
#define ENIS(items)                                                                                \
    "<DescribeNetworkInterfacesResponse " EC2_XML "><networkInterfaceSet>" items                   \
    "</networkInterfaceSet></DescribeNetworkInterfacesResponse>"
#define LIST_PARAMS "Filter.1.Name=attachment.instance-id\nFilter.1.Value.1=i-0abc"
#define LIST(items) ASK("DescribeNetworkInterfaces", LIST_PARAMS, ENIS(items))

#define OURS_TAG "<tagSet><item><key>managed-by</key><value>cdr</value></item></tagSet>"
#define EGRESS                                                                                     \
    "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item>"              \
    "<cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6>"      \
    "</item></ipv6Ranges><prefixListIds/></item></ipPermissionsEgress>"
#define INGRESS                                                                                    \
    "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort>"  \
    "<groups><item><userId>" OURS "</userId><groupId>sg-9</groupId></item></groups><ipRanges/>"    \
    "<prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>"         \
    "</ipPermissions>"
#define GROUP(more)                                                                                \
    "<DescribeSecurityGroupsResponse " EC2_XML "><securityGroupInfo><item><ownerId>" OURS          \
    "</ownerId><groupId>sg-0150</groupId><groupName>" NAME "</groupName><vpcId>vpc-1</vpcId>" more \
    "</item></securityGroupInfo></DescribeSecurityGroupsResponse>"
#define NO_GROUPS                                                                                  \
    "<DescribeSecurityGroupsResponse " EC2_XML                                                     \
    "><securityGroupInfo/></DescribeSecurityGroupsResponse>"
#define GROUP_PARAMS                                                                               \
    "Filter.1.Name=group-name\nFilter.1.Value.1=" NAME                                             \
    "\nFilter.2.Name=vpc-id\nFilter.2.Value.1=vpc-1"
#define LOOK(reply) ASK("DescribeSecurityGroups", GROUP_PARAMS, reply)
#define LOOK_NONE LOOK(NO_GROUPS)
#define LOOK_NEW LOOK(GROUP(OURS_TAG EGRESS))
#define LOOK_BLANK LOOK(GROUP(OURS_TAG "<ipPermissions/><ipPermissionsEgress/>"))

#define CREATE_PARAMS                                                                              \
    "GroupName=" NAME "\nVpcId=vpc-1\nTagSpecification.1.ResourceType=security-group\n"            \
    "TagSpecification.1.Tag.1.Key=managed-by\nTagSpecification.1.Tag.1.Value=cdr"
#define CREATE                                                                                     \
    CHANGE("CreateSecurityGroup", CREATE_PARAMS,                                                   \
        "<CreateSecurityGroupResponse><groupId>sg-0150</groupId></CreateSecurityGroupResponse>")
#define REVOKE_PARAMS                                                                              \
    "GroupId=sg-0150\nIpPermissions.1.IpProtocol=-1\n"                                             \
    "IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0\nIpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0"
#define REVOKE_REPLY                                                                               \
    "<RevokeSecurityGroupEgressResponse><return>true</return></RevokeSecurityGroupEgressResponse>"
#define REVOKE CHANGE("RevokeSecurityGroupEgress", REVOKE_PARAMS, REVOKE_REPLY)
#define MOVE_PARAMS(eni) "NetworkInterfaceId=" eni "\nSecurityGroupId.1=sg-0150"
#define MOVE_REPLY                                                                                 \
    "<ModifyNetworkInterfaceAttributeResponse><return>true</return>"                               \
    "</ModifyNetworkInterfaceAttributeResponse>"
#define MOVE(eni) CHANGE("ModifyNetworkInterfaceAttribute", MOVE_PARAMS(eni), MOVE_REPLY)

#define BEFORE ENI("eni-1", IN("sg-a1") IN("sg-b2")) ENI("eni-2", IN("sg-a1"))
#define AFTER ENI("eni-1", IN("sg-0150")) ENI("eni-2", IN("sg-0150"))

static void isolate(struct script *script)
{
    script_begin(script, VERB_RESPOND, "isolate_security_group");
    script_set(script, "instance", "i-0abc");
    script_set(script, "region", "eu-west-1");
}

static void assert_isolate(const struct exchange *exchanges, size_t count, enum step_turn end,
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

#define ASSERT_ISOLATE(exchanges, end, reason, changes)                                            \
    assert_isolate((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static const struct exchange happy[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE, CREATE, LOOK_NEW,
    REVOKE, LOOK_BLANK, MOVE("eni-1"), MOVE("eni-2"), LIST(AFTER) };

static void each_interface_gets_an_empty_group_and_only_that(void **state)
{
    (void)state;
    struct script script;
    isolate(&script);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    assert_reason(&script, "every network interface of instance i-0abc has only the group " NAME);
    assert_reason(&script, "connections that were open before may live on");
    assert_true(str_is(script.step.found, "instance i-0abc -> vpc-1 -> eni-1, eni-2"));
    script_end(&script);
}

static void each_change_says_what_takes_it_back(void **state)
{
    (void)state;
    struct script script;
    isolate(&script);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    assert_int_equal(script.undos_count, 4);
    const struct undo *made = &script.undos[0], *revoked = &script.undos[1];
    const struct undo *first = &script.undos[2], *second = &script.undos[3];
    assert_string_equal(made->builtin, "delete_isolation_group");
    assert_true(str_is(value_str(made->args[0]), "vpc-1"));
    assert_true(str_is(value_str(made->args[1]), NAME));
    assert_true(str_is(value_str(made->args[2]), OURS));
    assert_null(revoked->builtin);
    assert_string_equal(first->builtin, "restore_interface_groups");
    assert_true(str_is(value_str(first->args[0]), "eni-1"));
    assert_int_equal(first->args[1].count, 2);
    assert_true(str_is(value_str(first->args[1].items[0]), "sg-a1"));
    assert_true(str_is(value_str(first->args[1].items[1]), "sg-b2"));
    assert_true(str_is(value_str(first->args[2]), "sg-0150"));
    assert_true(str_is(value_str(second->args[0]), "eni-2"));
    assert_int_equal(second->args[1].count, 1);
    script_end(&script);
}

static void a_change_and_its_undo_name_the_region_that_the_step_began_in(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, VERB_RESPOND, "isolate_security_group");
    script_set(&script, "instance", "i-0abc");
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    assert_true(str_is(value_str(script.undos[0].args[3]), "eu-central-1"));
    assert_true(str_is(value_str(script.undos[2].args[4]), "eu-central-1"));
    script_end(&script);
}

static void little_memory_stops_it_without_another_request(void **state)
{
    (void)state;
    struct script script;
    isolate(&script);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void what_is_isolated_already_is_not_touched(void **state)
{
    (void)state;
    static const struct exchange all[] = { WHO, INSTANCE, LIST(AFTER), LOOK_BLANK };
    static const struct exchange half[] = { WHO, INSTANCE,
        LIST(ENI("eni-1", IN("sg-0150")) ENI("eni-2", IN("sg-a1") IN("sg-0150"))), LOOK_BLANK,
        MOVE("eni-2"), LIST(AFTER) };
    ASSERT_ISOLATE(all, STEP_DONE, "nothing was changed", 0);
    ASSERT_ISOLATE(half, STEP_DONE, "every network interface of instance i-0abc has only", 1);
}

static void the_group_that_was_just_made_is_emptied_whatever_is_in_it(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-a1"))),
        LOOK_NONE, CREATE, LOOK(GROUP(OURS_TAG EGRESS INGRESS)), REVOKE,
        LOOK(GROUP(OURS_TAG INGRESS)),
        CHANGE("RevokeSecurityGroupIngress",
            "IpPermissions.1.IpProtocol=tcp\nIpPermissions.1.FromPort=22\n"
            "IpPermissions.1.ToPort=22\nIpPermissions.1.Groups.1.GroupId=sg-9\n"
            "IpPermissions.1.Groups.1.UserId=" OURS
            "\nIpPermissions.1.PrefixListIds.1.PrefixListId=pl-1",
            REVOKE_REPLY),
        LOOK_BLANK, MOVE("eni-1"), LIST(ENI("eni-1", IN("sg-0150"))) };
    ASSERT_ISOLATE(exchanges, STEP_DONE, "every network interface of instance i-0abc has only", 4);
}

#define RULE(protocol, ports, peers)                                                               \
    "<item><ipProtocol>" protocol "</ipProtocol>" ports peers "</item>"
#define PORTS(from, to) "<fromPort>" from "</fromPort><toPort>" to "</toPort>"
#define RANGE(cidr) "<ipRanges><item><cidrIp>" cidr "</cidrIp></item></ipRanges>"
#define LET_IN(rules) "<ipPermissions>" rules "</ipPermissions>"
#define LET_OUT(rules) "<ipPermissionsEgress>" rules "</ipPermissionsEgress>"

static void rules_that_somebody_added_to_our_group_are_not_revoked(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *reason;
    } added[] = {
        { EGRESS LET_IN(RULE("tcp", PORTS("22", "22"), RANGE("198.51.100.7/32"))),
            "has rules that somebody added (tcp 22 from 198.51.100.7/32): it would not isolate; "
            "remove them or the group" },
        { INGRESS, "(tcp 22 from pl-1)" },
        { LET_IN(RULE("-1", "", RANGE("0.0.0.0/0"))), "(everything from 0.0.0.0/0)" },
        { LET_IN(RULE("udp", PORTS("53", "60"),
              "<ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>")),
            "(udp 53-60 from 2001:db8::/32)" },
        { LET_OUT(RULE("tcp", PORTS("443", "443"), RANGE("0.0.0.0/0"))), "(tcp 443 to 0.0.0.0/0)" },
        { LET_OUT(RULE("-1", "", RANGE("0.0.0.0/0")) RULE("-1", "", RANGE("198.51.100.0/24"))),
            "(everything to 198.51.100.0/24)" },
        { LET_OUT(RULE("-1", "",
              "<groups><item><groupId>sg-9</groupId></item></groups>" RANGE("0.0.0.0/0"))),
            "(everything to sg-9)" },
    };
    for (size_t at = 0; at < COUNT_OF(added); at++) {
        char body[2048];
        snprintf(body, sizeof(body), GROUP(OURS_TAG "%s"), added[at].rules);
        const struct exchange exchanges[] = { WHO, INSTANCE, LIST(BEFORE),
            { "DescribeSecurityGroups", false, "", REPLY_RECEIVED, 200, body } };
        ASSERT_ISOLATE(exchanges, STEP_FAILED, added[at].reason, 0);
    }
}

static void a_group_that_somebody_else_made_first_keeps_its_rules(void **state)
{
    (void)state;
    static const struct exchange duplicate[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE,
        CHANGE_ERROR("CreateSecurityGroup", "", 400, EC2_ERROR("InvalidGroup.Duplicate", "there")),
        LOOK(GROUP(OURS_TAG EGRESS INGRESS)) };
    static const struct exchange lost[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE,
        CHANGE_WITHOUT("CreateSecurityGroup", "", LOST), LOOK(GROUP(OURS_TAG EGRESS INGRESS)) };
    static const struct exchange crashed[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-a1"))),
        LOOK_NEW, REVOKE, LOOK_BLANK, MOVE("eni-1"), LIST(ENI("eni-1", IN("sg-0150"))) };
    ASSERT_ISOLATE(duplicate, STEP_FAILED, "rules that somebody added (tcp 22 from pl-1)", 1);
    ASSERT_ISOLATE(lost, STEP_FAILED, "rules that somebody added (tcp 22 from pl-1)", 1);
    ASSERT_ISOLATE(crashed, STEP_DONE, "every network interface of instance i-0abc has only", 2);
}

static void a_group_that_is_not_blank_isolates_nobody(void **state)
{
    (void)state;
    /* In a default VPC a revoke that matches nothing is no error. */
    static const struct exchange kept[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NEW,
        CHANGE("RevokeSecurityGroupEgress", REVOKE_PARAMS,
            "<RevokeSecurityGroupEgressResponse><return>true</return><unknownIpPermissionSet>"
            "<item><ipProtocol>-1</ipProtocol></item></unknownIpPermissionSet>"
            "</RevokeSecurityGroupEgressResponse>"),
        LOOK_NEW, LOOK_NEW, LOOK_NEW, LOOK_NEW, LOOK_NEW, LOOK_NEW, LOOK_NEW };
    static const struct exchange denied[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NEW,
        CHANGE_ERROR(
            "RevokeSecurityGroupEgress", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    static const struct exchange raced[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-0150"))),
        LOOK_NEW,
        CHANGE_ERROR(
            "RevokeSecurityGroupEgress", "", 400, EC2_ERROR("InvalidPermission.NotFound", "gone")),
        LOOK_BLANK };
    static const struct exchange fresh[] = {
        WHO, INSTANCE, LIST(BEFORE), LOOK_NONE, CREATE, LOOK_NEW,
        CHANGE_ERROR("RevokeSecurityGroupEgress", "", 403, EC2_ERROR("UnauthorizedOperation", "no"))
    };
    ASSERT_ISOLATE(fresh, STEP_FAILED, "does not allow ec2:RevokeSecurityGroupEgress", 2);
    ASSERT_ISOLATE(kept, STEP_FAILED, "still has rules", 1);
    ASSERT_ISOLATE(denied, STEP_FAILED, "does not allow ec2:RevokeSecurityGroupEgress", 1);
    ASSERT_ISOLATE(raced, STEP_DONE, "already", 1);
}

static void somebody_elses_group_of_our_name_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LIST(BEFORE),
        LOOK(GROUP("<tagSet/>")) };
    ASSERT_ISOLATE(exchanges, STEP_FAILED, "not tagged as ours", 0);
}

static void a_group_is_made_once_whatever_becomes_of_the_reply(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-a1"))),
        LOOK_NONE, CHANGE_WITHOUT("CreateSecurityGroup", CREATE_PARAMS, LOST), LOOK_NONE,
        LOOK_BLANK, MOVE("eni-1"), LIST(ENI("eni-1", IN("sg-0150"))) };
    static const struct exchange raced[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-a1"))),
        LOOK_NONE,
        CHANGE_ERROR(
            "CreateSecurityGroup", "", 400, EC2_ERROR("InvalidGroup.Duplicate", "it exists")),
        LOOK_BLANK, MOVE("eni-1"), LIST(ENI("eni-1", IN("sg-0150"))) };
    static const struct exchange full[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE,
        CHANGE_ERROR(
            "CreateSecurityGroup", "", 400, EC2_ERROR("SecurityGroupLimitExceeded", "too many")) };
    static const struct exchange untagged[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE,
        CHANGE_ERROR("CreateSecurityGroup", "", 403,
            EC2_ERROR("UnauthorizedOperation", "User: x is not authorized to perform: "
                                               "ec2:CreateTags on resource: y")) };
    static const struct exchange never[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE, CREATE,
        LOOK_NONE, LOOK_NONE, LOOK_NONE, LOOK_NONE, LOOK_NONE, LOOK_NONE, LOOK_NONE };
    ASSERT_ISOLATE(applied, STEP_DONE, "every network interface of instance i-0abc has only", 2);
    ASSERT_ISOLATE(raced, STEP_DONE, "every network interface of instance i-0abc has only", 2);
    ASSERT_ISOLATE(full, STEP_FAILED, "SecurityGroupLimitExceeded: too many", 1);
    ASSERT_ISOLATE(untagged, STEP_FAILED, "does not allow ec2:CreateTags on " NAME, 1);
    ASSERT_ISOLATE(never, STEP_UNKNOWN, "does not appear", 1);
}

static void one_interface_that_fails_does_not_stop_the_others(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK,
        CHANGE_ERROR("ModifyNetworkInterfaceAttribute", "", 400,
            EC2_ERROR("OperationNotPermitted", "the interface is managed by ECS")),
        MOVE("eni-2"), LIST(ENI("eni-1", IN("sg-a1") IN("sg-b2")) ENI("eni-2", IN("sg-0150"))) };
    static const struct exchange denied[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK,
        CHANGE_ERROR(
            "ModifyNetworkInterfaceAttribute", "", 403, EC2_ERROR("UnauthorizedOperation", "no")),
        CHANGE_ERROR(
            "ModifyNetworkInterfaceAttribute", "", 403, EC2_ERROR("UnauthorizedOperation", "no")),
        LIST(BEFORE) };
    static const struct exchange refused[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK,
        REFUSED_BECAUSE("ModifyNetworkInterfaceAttribute", true, "nothing listens there"),
        LIST(BEFORE) };
    ASSERT_ISOLATE(
        exchanges, STEP_PARTIAL, "eni-1: AWS declined ModifyNetworkInterfaceAttribute", 2);
    ASSERT_ISOLATE(denied, STEP_FAILED,
        "0 of 2 network interfaces of instance i-0abc are isolated; eni-1: AWS does not allow "
        "ec2:ModifyNetworkInterfaceAttribute on eni-1",
        2);
    ASSERT_ISOLATE(refused, STEP_FAILED, "eni-2: ModifyNetworkInterfaceAttribute on eni-1", 1);
}

static void a_lost_move_is_settled_by_listing(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK,
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", MOVE_PARAMS("eni-1"), LOST),
        MOVE("eni-2"), LIST(AFTER) };
    static const struct exchange not_applied[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK,
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", MOVE_PARAMS("eni-1"), LOST),
        MOVE("eni-2"), LIST(ENI("eni-1", IN("sg-a1") IN("sg-b2")) ENI("eni-2", IN("sg-0150"))),
        LIST(ENI("eni-1", IN("sg-a1") IN("sg-b2")) ENI("eni-2", IN("sg-0150"))),
        LIST(ENI("eni-1", IN("sg-a1") IN("sg-b2")) ENI("eni-2", IN("sg-0150"))), MOVE("eni-1"),
        LIST(AFTER) };
    static const struct exchange unread[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK,
        MOVE("eni-1"), MOVE("eni-2"), ASK_WITHOUT("DescribeNetworkInterfaces", "", REFUSED) };
    static const struct exchange not_shown[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-a1"))),
        LOOK_BLANK, MOVE("eni-1"), LIST(ENI("eni-1", IN("sg-a1"))), LIST(ENI("eni-1", IN("sg-a1"))),
        LIST(ENI("eni-1", IN("sg-a1"))), LIST(ENI("eni-1", IN("sg-a1"))),
        LIST(ENI("eni-1", IN("sg-a1"))), LIST(ENI("eni-1", IN("sg-a1"))),
        LIST(ENI("eni-1", IN("sg-a1"))) };
    ASSERT_ISOLATE(applied, STEP_DONE, "every network interface of instance i-0abc has only", 2);
    ASSERT_ISOLATE(
        not_applied, STEP_DONE, "every network interface of instance i-0abc has only", 3);
    ASSERT_ISOLATE(unread, STEP_UNKNOWN, "DescribeNetworkInterfaces on i-0abc", 2);
    ASSERT_ISOLATE(not_shown, STEP_UNKNOWN, "accepted the change but does not show it", 1);
}

static void an_interface_that_comes_later_is_isolated_too(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE, LIST(ENI("eni-1", IN("sg-a1"))),
        LOOK_BLANK, MOVE("eni-1"), LIST(ENI("eni-1", IN("sg-0150")) ENI("eni-2", IN("sg-a1"))),
        MOVE("eni-2"), LIST(AFTER) };
    static const struct exchange gone[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_BLANK, MOVE("eni-1"),
        CHANGE_ERROR("ModifyNetworkInterfaceAttribute", "", 400,
            EC2_ERROR("InvalidNetworkInterfaceID.NotFound", "gone")),
        LIST(ENI("eni-1", IN("sg-0150"))) };
    ASSERT_ISOLATE(exchanges, STEP_DONE, "every network interface of instance i-0abc has only", 2);
    ASSERT_ISOLATE(gone, STEP_DONE, "every network interface of instance i-0abc has only", 2);
}

static void interfaces_are_read_page_by_page(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        ASK("DescribeNetworkInterfaces", LIST_PARAMS,
            "<DescribeNetworkInterfacesResponse><networkInterfaceSet>" ENI(
                "eni-1", IN("sg-0150")) "</networkInterfaceSet><nextToken>more</nextToken>"
                                        "</DescribeNetworkInterfacesResponse>"),
        ASK("DescribeNetworkInterfaces", LIST_PARAMS "\nNextToken=more",
            ENIS(ENI("eni-2", IN("sg-0150")))),
        LOOK_BLANK };
    ASSERT_ISOLATE(exchanges, STEP_DONE, "already", 0);
}

static void what_has_no_interfaces_or_too_many_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange none[] = { WHO, INSTANCE, LIST("") };
    static const struct exchange no_vpc[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "terminated", "")) };
    static const struct exchange foreign[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY("444455556666", "i-0abc", "running", "")) };
    static const struct exchange page[] = { WHO, INSTANCE,
        ASK_ERROR("DescribeNetworkInterfaces", "", 200, WEB_PAGE),
        ASK_ERROR("DescribeNetworkInterfaces", "", 200, "<DescribeNetworkInterfacesResp"),
        ASK_ERROR("DescribeNetworkInterfaces", "", 407, WEB_PAGE) };
    ASSERT_ISOLATE(none, STEP_FAILED, "has no network interface", 0);
    ASSERT_ISOLATE(no_vpc, STEP_FAILED, "(terminated) is in no VPC", 0);
    ASSERT_ISOLATE(foreign, STEP_UNRESOLVED, "belongs to account 444455556666", 0);
    ASSERT_ISOLATE(
        page, STEP_FAILED, "the answer (HTTP 407) is not one of AWS: it is a web page", 0);

    char items[51 * 200] = "";
    for (int at = 0; at < 51; at++) {
        size_t length = strlen(items);
        snprintf(items + length, sizeof(items) - length, ENI("eni-%d", ""), at);
    }
    char body[sizeof(items) + 200];
    snprintf(body, sizeof(body), ENIS("%s"), items);
    const struct exchange many[] = { WHO, INSTANCE,
        { "DescribeNetworkInterfaces", false, "", REPLY_RECEIVED, 200, body } };
    ASSERT_ISOLATE(many, STEP_FAILED, "more interfaces than 50", 0);
}

static void isolation_is_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NONE,
        CHANGE_WITHOUT("CreateSecurityGroup", CREATE_PARAMS, ASSUMED),
        CHANGE_WITHOUT("RevokeSecurityGroupEgress",
            "GroupId=(known after CreateSecurityGroup)\nIpPermissions.1.IpProtocol=-1", ASSUMED),
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute",
            "NetworkInterfaceId=eni-1\nSecurityGroupId.1=(known after CreateSecurityGroup)",
            ASSUMED),
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId=eni-2", ASSUMED) };
    static const struct exchange with_group[] = { WHO, INSTANCE, LIST(BEFORE), LOOK_NEW,
        CHANGE_WITHOUT("RevokeSecurityGroupEgress", "", ASSUMED), LOOK_NEW,
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", MOVE_PARAMS("eni-1"), ASSUMED),
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", MOVE_PARAMS("eni-2"), ASSUMED) };
    ASSERT_ISOLATE(plan, STEP_DONE, "would have only the group " NAME, 4);
    ASSERT_ISOLATE(with_group, STEP_DONE, "would have only the group " NAME, 3);
}

static void isolation_is_planned_offline(void **state)
{
    (void)state;
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "", ASSUMED),
        ASK_WITHOUT("DescribeNetworkInterfaces", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroups", "Filter.2.Value.1=(the VPC of i-0abc)", ASSUMED),
        CHANGE_WITHOUT("CreateSecurityGroup", "VpcId=(the VPC of i-0abc)", ASSUMED),
        CHANGE_WITHOUT("RevokeSecurityGroupEgress", "", ASSUMED),
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute",
            "NetworkInterfaceId=(each interface of i-0abc)", ASSUMED) };
    ASSERT_ISOLATE(offline, STEP_DONE, "of instance i-0abc would have only", 3);
}

/* Play undo `index` of the happy isolation. */
static void assert_undo(uint32_t index, const struct exchange *exchanges, size_t count,
    enum step_turn end, const char *reason)
{
    struct script done, undo;
    isolate(&done);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, index);
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

#define ASSERT_RESTORE(exchanges, end, reason)                                                     \
    assert_undo(2, (exchanges), COUNT_OF(exchanges), (end), (reason))
#define ASSERT_DELETE(exchanges, end, reason)                                                      \
    assert_undo(0, (exchanges), COUNT_OF(exchanges), (end), (reason))

#define SHOW(items)                                                                                \
    ASK("DescribeNetworkInterfaces", "Filter.1.Name=network-interface-id\nFilter.1.Value.1=eni-1", \
        ENIS(items))
#define SHOW_OURS SHOW(ENI("eni-1", IN("sg-0150")))
#define SHOW_BEFORE SHOW(ENI("eni-1", IN("sg-b2") IN("sg-a1")))
#define BACK_PARAMS "NetworkInterfaceId=eni-1\nSecurityGroupId.1=sg-a1\nSecurityGroupId.2=sg-b2"
#define BACK CHANGE("ModifyNetworkInterfaceAttribute", BACK_PARAMS, MOVE_REPLY)

static void an_undo_restores_the_groups_of_an_interface(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, SHOW_OURS, BACK, SHOW_BEFORE };
    static const struct exchange lost[] = { WHO, SHOW_OURS,
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", BACK_PARAMS, LOST), SHOW_OURS, SHOW_OURS,
        SHOW_OURS, BACK, SHOW_BEFORE };
    static const struct exchange plan[] = { WHO, SHOW_OURS,
        CHANGE_WITHOUT("ModifyNetworkInterfaceAttribute", BACK_PARAMS, ASSUMED) };
    ASSERT_RESTORE(plain, STEP_DONE, "has its groups back: sg-a1, sg-b2");
    ASSERT_RESTORE(lost, STEP_DONE, "has its groups back: sg-a1, sg-b2");
    ASSERT_RESTORE(plan, STEP_DONE, "would get its groups back");
}

static void an_undo_leaves_alone_what_somebody_else_changed(void **state)
{
    (void)state;
    static const struct exchange changed[] = { WHO, SHOW(ENI("eni-1", IN("sg-0150") IN("sg-c3"))) };
    static const struct exchange before[] = { WHO, SHOW_BEFORE };
    static const struct exchange gone[] = { WHO, SHOW("") };
    static const struct exchange other[] = { WHO, SHOW(ENI("eni-2", IN("sg-0150"))) };
    ASSERT_RESTORE(changed, STEP_FAILED,
        "its groups are sg-0150, sg-c3, while we had set sg-0150 and would restore sg-a1, sg-b2");
    ASSERT_RESTORE(before, STEP_DONE, "has the groups already");
    ASSERT_RESTORE(gone, STEP_DONE, "is not there any more");
    ASSERT_RESTORE(other, STEP_FAILED, "does not show the groups of our interface eni-1");
}

#define USERS(items)                                                                               \
    ASK("DescribeNetworkInterfaces", "Filter.1.Name=group-id\nFilter.1.Value.1=sg-0150",           \
        ENIS(items))
#define DELETE                                                                                     \
    CHANGE("DeleteSecurityGroup", "GroupId=sg-0150",                                               \
        "<DeleteSecurityGroupResponse><return>true</return></DeleteSecurityGroupResponse>")

/* Play undo `index` as an older journal has it: without a region. */
static void assert_old_undo(uint32_t index, const struct exchange *exchanges, size_t count,
    enum step_turn end, const char *reason)
{
    struct script done, undo;
    isolate(&done);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, index);
    undo.args[script_param(&undo, "region")] = VALUE_NONE;
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

static void what_is_not_seen_in_a_region_that_was_not_recorded_is_not_gone(void **state)
{
    (void)state;
    static const struct exchange no_interface[] = { WHO, SHOW("") };
    static const struct exchange restored[] = { WHO, SHOW_OURS, BACK, SHOW_BEFORE };
    static const struct exchange no_group[] = { WHO, LOOK_NONE };
    static const struct exchange deleted[] = { WHO, LOOK_BLANK, USERS(""), DELETE, LOOK_NONE };
    assert_old_undo(2, no_interface, COUNT_OF(no_interface), STEP_UNRESOLVED,
        "eni-1 is not in region us-east-1, and the journal does not say");
    assert_old_undo(2, restored, COUNT_OF(restored), STEP_DONE, "has its groups back");
    assert_old_undo(0, no_group, COUNT_OF(no_group), STEP_UNRESOLVED,
        NAME " is not in region us-east-1, and the journal does not say");
    assert_old_undo(0, deleted, COUNT_OF(deleted), STEP_DONE, "is deleted");
}

static void an_undo_that_is_declined_or_unread_says_so(void **state)
{
    (void)state;
    static const struct exchange declined[] = { WHO, SHOW_OURS,
        CHANGE_ERROR("ModifyNetworkInterfaceAttribute", "", 400,
            EC2_ERROR("InvalidGroup.NotFound", "sg-b2 does not exist")) };
    static const struct exchange unread[] = { WHO, SHOW_OURS, BACK,
        ASK_WITHOUT("DescribeNetworkInterfaces", "", REFUSED) };
    static const struct exchange elsewhere[] = { ASK(
        "GetCallerIdentity", "", CALLER_REPLY("444455556666", "arn:aws:iam::4:user/x")) };
    ASSERT_RESTORE(declined, STEP_FAILED, "sg-b2 does not exist");
    ASSERT_RESTORE(unread, STEP_UNKNOWN, "DescribeNetworkInterfaces on eni-1");
    ASSERT_RESTORE(elsewhere, STEP_UNRESOLVED, "reaches account 444455556666");
}

static void an_undo_deletes_our_group_when_nobody_uses_it(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, LOOK_BLANK, USERS(""), DELETE, LOOK_NONE };
    static const struct exchange slow[] = { WHO, LOOK_BLANK, USERS(""),
        CHANGE_WITHOUT("DeleteSecurityGroup", "", LOST), LOOK_BLANK, LOOK_NONE };
    static const struct exchange gone[] = { WHO, LOOK_NONE };
    static const struct exchange raced[] = { WHO, LOOK_BLANK, USERS(""),
        CHANGE_ERROR("DeleteSecurityGroup", "", 400, EC2_ERROR("InvalidGroup.NotFound", "gone")),
        LOOK_NONE };
    static const struct exchange plan[] = { WHO, LOOK_BLANK, USERS(""),
        CHANGE_WITHOUT("DeleteSecurityGroup", "GroupId=sg-0150", ASSUMED) };
    ASSERT_DELETE(plain, STEP_DONE, "is deleted");
    ASSERT_DELETE(slow, STEP_DONE, "is deleted");
    ASSERT_DELETE(gone, STEP_DONE, "nothing to delete");
    ASSERT_DELETE(raced, STEP_DONE, "is deleted");
    ASSERT_DELETE(plan, STEP_DONE, "would be deleted if nobody uses it");
}

static void an_undo_keeps_a_group_that_is_used_or_not_ours(void **state)
{
    (void)state;
    static const struct exchange used[] = { WHO, LOOK_BLANK, USERS(ENI("eni-9", IN("sg-0150"))) };
    static const struct exchange referenced[] = { WHO, LOOK_BLANK, USERS(""),
        CHANGE_ERROR("DeleteSecurityGroup", "", 400,
            EC2_ERROR("DependencyViolation", "sg-0150 has a dependent object")) };
    static const struct exchange foreign[] = { WHO, LOOK(GROUP("<tagSet/>")) };
    static const struct exchange denied[] = { WHO, LOOK_BLANK, USERS(""),
        CHANGE_ERROR("DeleteSecurityGroup", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    ASSERT_DELETE(used, STEP_DONE, "was kept: interface eni-9 uses it");
    ASSERT_DELETE(referenced, STEP_DONE, "was kept: it is in use");
    ASSERT_DELETE(foreign, STEP_FAILED, "left alone");
    ASSERT_DELETE(denied, STEP_FAILED, "does not allow ec2:DeleteSecurityGroup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_interface_gets_an_empty_group_and_only_that),
        cmocka_unit_test(each_change_says_what_takes_it_back),
        cmocka_unit_test(a_change_and_its_undo_name_the_region_that_the_step_began_in),
        cmocka_unit_test(little_memory_stops_it_without_another_request),
        cmocka_unit_test(what_is_isolated_already_is_not_touched),
        cmocka_unit_test(the_group_that_was_just_made_is_emptied_whatever_is_in_it),
        cmocka_unit_test(rules_that_somebody_added_to_our_group_are_not_revoked),
        cmocka_unit_test(a_group_that_somebody_else_made_first_keeps_its_rules),
        cmocka_unit_test(a_group_that_is_not_blank_isolates_nobody),
        cmocka_unit_test(somebody_elses_group_of_our_name_is_left_alone),
        cmocka_unit_test(a_group_is_made_once_whatever_becomes_of_the_reply),
        cmocka_unit_test(one_interface_that_fails_does_not_stop_the_others),
        cmocka_unit_test(a_lost_move_is_settled_by_listing),
        cmocka_unit_test(an_interface_that_comes_later_is_isolated_too),
        cmocka_unit_test(interfaces_are_read_page_by_page),
        cmocka_unit_test(what_has_no_interfaces_or_too_many_is_left_alone),
        cmocka_unit_test(isolation_is_planned),
        cmocka_unit_test(isolation_is_planned_offline),
        cmocka_unit_test(an_undo_restores_the_groups_of_an_interface),
        cmocka_unit_test(an_undo_leaves_alone_what_somebody_else_changed),
        cmocka_unit_test(what_is_not_seen_in_a_region_that_was_not_recorded_is_not_gone),
        cmocka_unit_test(an_undo_that_is_declined_or_unread_says_so),
        cmocka_unit_test(an_undo_deletes_our_group_when_nobody_uses_it),
        cmocka_unit_test(an_undo_keeps_a_group_that_is_used_or_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
