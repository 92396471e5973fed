/* close_security_group, its inverse and delete_security_group, told by a scripted AWS. */
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define GROUP_REPLY(owner, name)                                                                   \
    "<DescribeSecurityGroupsResponse " EC2_XML "><securityGroupInfo><item><ownerId>" owner         \
    "</ownerId><groupId>sg-0abc</groupId><groupName>" name "</groupName><groupDescription>the "    \
    "front</groupDescription><vpcId>vpc-1</vpcId><tagSet><item><key>env</key><value>prod</value>"  \
    "</item></tagSet></item></securityGroupInfo></DescribeSecurityGroupsResponse>"
#define GROUP ASK("DescribeSecurityGroups", "GroupId.1=sg-0abc", GROUP_REPLY(OURS, "web"))
#define NO_GROUP                                                                                   \
    ASK_ERROR("DescribeSecurityGroups", "", 400,                                                   \
        EC2_ERROR("InvalidGroup.NotFound", "The security group 'sg-0abc' does not exist"))
#define RULE(id, egress, protocol, from, to, peer, description)                                    \
    "<item><securityGroupRuleId>" id                                                               \
    "</securityGroupRuleId><groupId>sg-0abc</groupId><isEgress>" egress                            \
    "</isEgress><ipProtocol>" protocol "</ipProtocol><fromPort>" from "</fromPort><toPort>" to     \
    "</toPort>" peer "<description>" description "</description></item>"
#define CIDR(range) "<cidrIpv4>" range "</cidrIpv4>"
#define SSH RULE("sgr-1", "false", "tcp", "22", "22", CIDR("0.0.0.0/0"), "ssh for all")
#define SSH6 RULE("sgr-2", "false", "tcp", "22", "22", "<cidrIpv6>::/0</cidrIpv6>", "")
#define OFFICE RULE("sgr-3", "false", "tcp", "80", "443", CIDR("198.51.100.0/24"), "")
#define OUT RULE("sgr-4", "true", "-1", "-1", "-1", CIDR("0.0.0.0/0"), "")
#define LATER RULE("sgr-9", "false", "tcp", "23", "23", CIDR("0.0.0.0/0"), "")
#define BETWEEN                                                                                    \
    RULE("sgr-5", "false", "udp", "53", "53",                                                      \
        "<referencedGroupInfo><groupId>sg-0def</groupId></referencedGroupInfo>", "")
#define RULES_REPLY(rules, more)                                                                   \
    "<DescribeSecurityGroupRulesResponse " EC2_XML "><securityGroupRuleSet>" rules                 \
    "</securityGroupRuleSet>" more "</DescribeSecurityGroupRulesResponse>"
#define RULES(rules)                                                                               \
    ASK("DescribeSecurityGroupRules", "Filter.1.Name=group-id\nFilter.1.Value.1=sg-0abc",          \
        RULES_REPLY(rules, ""))
#define REVOKED_REPLY(is)                                                                          \
    "<RevokeSecurityGroupIngressResponse " EC2_XML "><return>" is                                  \
    "</return></RevokeSecurityGroupIngressResponse>"
#define REVOKE                                                                                     \
    CHANGE("RevokeSecurityGroupIngress",                                                           \
        "GroupId=sg-0abc\nSecurityGroupRuleId.1=sgr-1\nSecurityGroupRuleId.2=sgr-2",               \
        REVOKED_REPLY("true"))
#define REVOKE_ERROR(status, code)                                                                 \
    CHANGE_ERROR("RevokeSecurityGroupIngress", "", status, EC2_ERROR(code, "no"))

static void begin(struct script *script, const char *name)
{
    script_begin(script, VERB_RESPOND, name);
    script_set(script, "group", "sg-0abc");
    script_set(script, "region", "eu-west-1");
}

static void assert_ends(const char *name, const char *direction, const struct exchange *exchanges,
    size_t count, enum step_turn end, const char *reason, uint32_t changes)
{
    struct script script;
    begin(&script, name);
    if (direction[0] != '\0')
        script_set(&script, "direction", direction);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_CLOSE(exchanges, end, reason, changes)                                              \
    assert_ends(                                                                                   \
        "close_security_group", "", (exchanges), COUNT_OF(exchanges), (end), (reason), (changes))
#define ASSERT_CLOSE_OF(direction, exchanges, end, reason, changes)                                \
    assert_ends("close_security_group", (direction), (exchanges), COUNT_OF(exchanges), (end),      \
        (reason), (changes))
#define ASSERT_DELETE(exchanges, end, reason, changes)                                             \
    assert_ends(                                                                                   \
        "delete_security_group", "", (exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static const struct exchange closed[] = { WHO, GROUP, RULES(SSH SSH6 OFFICE OUT), REVOKE,
    RULES(SSH6 OFFICE OUT), RULES(OFFICE OUT) };

static void what_is_open_to_the_world_is_revoked_by_id(void **state)
{
    (void)state;
    struct script script;
    begin(&script, "close_security_group");
    assert_int_equal(PLAY(&script, closed), STEP_DONE);
    assert_reason(&script, "sg-0abc is not open to the world any more: 2 rules revoked (sgr-");
    assert_int_equal(script.undos_count, 1);
    const struct undo *undo = &script.undos[0];
    assert_string_equal(undo->builtin, "reopen_security_group");
    assert_true(str_is(value_str(undo->args[1]), "ingress"));
    assert_int_equal(undo->args[2].count, 2);
    assert_true(str_is(value_str(undo->args[2].items[0]), "tcp 22 22 0.0.0.0/0 ssh for all"));
    assert_true(str_is(value_str(undo->args[2].items[1]), "tcp 22 22 ::/0"));
    script_end(&script);
}

static void a_group_that_is_not_open_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange narrow[] = { WHO, GROUP, RULES(OFFICE OUT) };
    static const struct exchange paged[] = { WHO, GROUP,
        ASK("DescribeSecurityGroupRules", "", RULES_REPLY(OFFICE, "<nextToken>t+1</nextToken>")),
        ASK("DescribeSecurityGroupRules", "NextToken=t+1", RULES_REPLY(OUT, "")) };
    static const struct exchange unknown[] = { WHO, NO_GROUP };
    static const struct exchange foreign[] = { WHO,
        ASK("DescribeSecurityGroups", "", GROUP_REPLY("444455556666", "web")) };
    ASSERT_CLOSE(narrow, STEP_DONE, "no rule that is open to the world: nothing was changed", 0);
    ASSERT_CLOSE(paged, STEP_DONE, "nothing was changed", 0);
    ASSERT_CLOSE(unknown, STEP_UNRESOLVED, "there is no security group sg-0abc in account", 0);
    ASSERT_CLOSE(foreign, STEP_UNRESOLVED, "belongs to account 444455556666", 0);
}

static void the_rule_says_which_direction(void **state)
{
    (void)state;
    static const struct exchange both[] = { WHO, GROUP, RULES(SSH SSH6 OUT), REVOKE, RULES(OUT),
        CHANGE("RevokeSecurityGroupEgress", "GroupId=sg-0abc\nSecurityGroupRuleId.1=sgr-4",
            REVOKED_REPLY("true")),
        RULES("") };
    static const struct exchange out[] = { WHO, GROUP, RULES(SSH OUT),
        CHANGE("RevokeSecurityGroupEgress", "SecurityGroupRuleId.1=sgr-4", REVOKED_REPLY("true")),
        RULES(SSH) };
    ASSERT_CLOSE_OF("both", both, STEP_DONE, "3 rules revoked", 2);
    ASSERT_CLOSE_OF("egress", out, STEP_DONE, "1 rule revoked", 1);
}

static void a_revocation_counts_when_it_is_seen(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, GROUP, RULES(SSH SSH6),
        CHANGE_WITHOUT("RevokeSecurityGroupIngress", "", LOST), RULES("") };
    static const struct exchange again[] = { WHO, GROUP, RULES(SSH SSH6),
        CHANGE_WITHOUT("RevokeSecurityGroupIngress", "", LOST), RULES(SSH SSH6), RULES(SSH SSH6),
        RULES(SSH SSH6), REVOKE, RULES("") };
    static const struct exchange untrue[] = { WHO, GROUP, RULES(SSH SSH6),
        CHANGE("RevokeSecurityGroupIngress", "", REVOKED_REPLY("false")), RULES(SSH SSH6),
        RULES(SSH SSH6), RULES(SSH SSH6), REVOKE, RULES("") };
    static const struct exchange raced[] = { WHO, GROUP, RULES(SSH SSH6),
        REVOKE_ERROR(400, "InvalidSecurityGroupRuleId.NotFound"), RULES("") };
    static const struct exchange ignored[] = { WHO, GROUP, RULES(SSH SSH6), REVOKE, RULES(SSH),
        RULES(SSH), RULES(SSH), RULES(SSH), RULES(SSH), RULES(SSH), RULES(SSH) };
    static const struct exchange opened[] = { WHO, GROUP, RULES(SSH SSH6), REVOKE, RULES(LATER),
        RULES(LATER), RULES(LATER), RULES(LATER), RULES(LATER), RULES(LATER), RULES(LATER) };
    static const struct exchange denied[] = { WHO, GROUP, RULES(SSH),
        REVOKE_ERROR(403, "UnauthorizedOperation") };
    ASSERT_CLOSE(applied, STEP_DONE, "2 rules revoked", 1);
    ASSERT_CLOSE(again, STEP_DONE, "2 rules revoked", 2);
    ASSERT_CLOSE(untrue, STEP_DONE, "2 rules revoked", 2);
    ASSERT_CLOSE(raced, STEP_DONE, "is not open to the world", 1);
    ASSERT_CLOSE(ignored, STEP_UNKNOWN, "sgr-1: tcp 22 from 0.0.0.0/0 (ssh for all)", 1);
    ASSERT_CLOSE(opened, STEP_PARTIAL, "opened again by somebody while it was closed: sgr-9", 1);
    ASSERT_CLOSE(denied, STEP_FAILED, "does not allow ec2:RevokeSecurityGroupIngress", 1);
}

static void closing_is_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, GROUP, RULES(SSH SSH6 OUT),
        CHANGE_WITHOUT("RevokeSecurityGroupIngress", "SecurityGroupRuleId.2=sgr-2", ASSUMED),
        CHANGE_WITHOUT("RevokeSecurityGroupEgress", "SecurityGroupRuleId.1=sgr-4", ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroups", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroupRules", "", ASSUMED),
        CHANGE_WITHOUT("RevokeSecurityGroupIngress", "", ASSUMED) };
    ASSERT_CLOSE_OF("both", plan, STEP_DONE, "would not be open to the world any more: 3", 2);
    ASSERT_CLOSE(offline, STEP_DONE, "would not be open to the world", 1);
}

static void assert_reopen(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script done, undo;
    begin(&done, "close_security_group");
    assert_int_equal(PLAY(&done, closed), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    assert_int_equal(undo.changes, changes);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

#define ASSERT_REOPEN(exchanges, end, reason, changes)                                             \
    assert_reopen((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))
#define AUTHORIZE                                                                                  \
    CHANGE("AuthorizeSecurityGroupIngress",                                                        \
        "GroupId=sg-0abc\nIpPermissions.1.IpProtocol=tcp\nIpPermissions.1.FromPort=22\n"           \
        "IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0\n"                                            \
        "IpPermissions.1.IpRanges.1.Description=ssh for all\n"                                     \
        "IpPermissions.2.Ipv6Ranges.1.CidrIpv6=::/0",                                              \
        "<AuthorizeSecurityGroupIngressResponse " EC2_XML "><return>true</return>"                 \
        "</AuthorizeSecurityGroupIngressResponse>")

static void an_undo_authorizes_what_is_missing(void **state)
{
    (void)state;
    static const struct exchange plain[] = { WHO, GROUP, RULES(OFFICE), AUTHORIZE, RULES(OFFICE),
        RULES(OFFICE SSH SSH6) };
    static const struct exchange one[] = { WHO, GROUP, RULES(SSH6),
        CHANGE("AuthorizeSecurityGroupIngress", "IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0",
            "<AuthorizeSecurityGroupIngressResponse/>"),
        RULES(SSH SSH6) };
    static const struct exchange lost[] = { WHO, GROUP, RULES(OFFICE),
        CHANGE_WITHOUT("AuthorizeSecurityGroupIngress", "", LOST), RULES(SSH SSH6) };
    static const struct exchange raced[] = { WHO, GROUP, RULES(OFFICE),
        CHANGE_ERROR("AuthorizeSecurityGroupIngress", "", 400,
            EC2_ERROR("InvalidPermission.Duplicate", "it exists")),
        RULES(SSH SSH6) };
    static const struct exchange already[] = { WHO, GROUP, RULES(SSH SSH6) };
    static const struct exchange gone[] = { WHO, NO_GROUP };
    static const struct exchange full[] = { WHO, GROUP, RULES(""),
        CHANGE_ERROR("AuthorizeSecurityGroupIngress", "", 400,
            EC2_ERROR("RulesPerSecurityGroupLimitExceeded", "too many")) };
    static const struct exchange plan[] = { WHO, GROUP, RULES(""),
        CHANGE_WITHOUT("AuthorizeSecurityGroupIngress", "", ASSUMED) };
    ASSERT_REOPEN(plain, STEP_DONE, "has its rules back, with new ids", 1);
    ASSERT_REOPEN(one, STEP_DONE, "has its rules back", 1);
    ASSERT_REOPEN(lost, STEP_DONE, "has its rules back", 1);
    ASSERT_REOPEN(raced, STEP_DONE, "has its rules back", 1);
    ASSERT_REOPEN(already, STEP_DONE, "has the rules already that it had", 0);
    ASSERT_REOPEN(gone, STEP_DONE, "is not there any more: there is nothing to open", 0);
    ASSERT_REOPEN(full, STEP_FAILED, "RulesPerSecurityGroupLimitExceeded", 1);
    ASSERT_REOPEN(plan, STEP_DONE, "would get its rules back", 1);
}

#define NO_INTERFACE                                                                               \
    ASK("DescribeNetworkInterfaces", "Filter.1.Name=group-id\nFilter.1.Value.1=sg-0abc",           \
        "<DescribeNetworkInterfacesResponse " EC2_XML "/>")
#define GROUPS_REPLY(items)                                                                        \
    "<DescribeSecurityGroupsResponse " EC2_XML "><securityGroupInfo>" items                        \
    "</securityGroupInfo></DescribeSecurityGroupsResponse>"
#define NAMING(way, items)                                                                         \
    ASK("DescribeSecurityGroups",                                                                  \
        "Filter.1.Name=" way "ip-permission.group-id\nFilter.1.Value.1=sg-0abc",                   \
        GROUPS_REPLY(items))
#define ITSELF "<item><groupId>sg-0abc</groupId><groupName>web</groupName></item>"
#define BEGIN WHO, GROUP, RULES(SSH BETWEEN OUT)
#define FREE NO_INTERFACE, NAMING("", ITSELF), NAMING("egress.", "")
#define DELETE                                                                                     \
    CHANGE("DeleteSecurityGroup", "GroupId=sg-0abc",                                               \
        "<DeleteSecurityGroupResponse " EC2_XML "><return>true</return>"                           \
        "</DeleteSecurityGroupResponse>")

static void a_group_that_nobody_uses_is_deleted_and_written_down(void **state)
{
    (void)state;
    static const struct exchange plain[] = { BEGIN, FREE, DELETE, GROUP, NO_GROUP };
    static const struct exchange plan[] = { BEGIN, FREE,
        CHANGE_WITHOUT("DeleteSecurityGroup", "", ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroups", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroupRules", "", ASSUMED),
        ASK_WITHOUT("DescribeNetworkInterfaces", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroups", "", ASSUMED),
        ASK_WITHOUT("DescribeSecurityGroups", "", ASSUMED),
        CHANGE_WITHOUT("DeleteSecurityGroup", "GroupId=sg-0abc", ASSUMED) };
    ASSERT_DELETE(plain, STEP_DONE,
        "sg-0abc is deleted; it was security group sg-0abc: web (the front) in vpc-1, tags "
        "env=prod, rules tcp 22 from 0.0.0.0/0 (ssh for all), udp 53 from sg-0def, everything to "
        "0.0.0.0/0",
        1);
    ASSERT_DELETE(plan, STEP_DONE, "would be deleted if nobody uses it", 1);
    ASSERT_DELETE(offline, STEP_DONE, "would be deleted", 1);
}

static void a_group_in_use_is_left_alone_and_who_uses_it_is_named(void **state)
{
    (void)state;
    static const struct exchange used[] = { BEGIN,
        ASK("DescribeNetworkInterfaces", "",
            "<DescribeNetworkInterfacesResponse " EC2_XML "><networkInterfaceSet><item>"
            "<networkInterfaceId>eni-1</networkInterfaceId><attachment><instanceId>i-0abc"
            "</instanceId></attachment></item></networkInterfaceSet>"
            "</DescribeNetworkInterfacesResponse>"),
        NAMING("", "<item><groupId>sg-0def</groupId><groupName>app</groupName></item>"),
        NAMING("egress.", "") };
    static const struct exchange held[] = { BEGIN, FREE,
        CHANGE_ERROR("DeleteSecurityGroup", "", 400,
            EC2_ERROR("DependencyViolation", "resource sg-0abc has a dependent object")) };
    static const struct exchange standard[] = { WHO,
        ASK("DescribeSecurityGroups", "", GROUP_REPLY(OURS, "default")) };
    ASSERT_DELETE(used, STEP_FAILED,
        "is in use and was left alone: interface eni-1 (i-0abc), a rule of security group sg-0def "
        "(app)",
        0);
    ASSERT_DELETE(held, STEP_FAILED, "has a dependent object", 1);
    ASSERT_DELETE(standard, STEP_FAILED, "is the default group of vpc-1", 0);
}

static void a_lost_deletion_is_settled_by_looking(void **state)
{
    (void)state;
    static const struct exchange applied[] = { BEGIN, FREE,
        CHANGE_WITHOUT("DeleteSecurityGroup", "", LOST), NO_GROUP };
    static const struct exchange again[] = { BEGIN, FREE,
        CHANGE_WITHOUT("DeleteSecurityGroup", "", LOST), GROUP, GROUP, GROUP, DELETE, NO_GROUP };
    static const struct exchange twice[] = { BEGIN, FREE,
        CHANGE_ERROR("DeleteSecurityGroup", "", 400, EC2_ERROR("InvalidGroup.NotFound", "gone")),
        NO_GROUP };
    static const struct exchange unknown[] = { WHO, NO_GROUP };
    static const struct exchange ignored[] = { BEGIN, FREE, DELETE, GROUP, GROUP, GROUP, GROUP,
        GROUP, GROUP, GROUP };
    ASSERT_DELETE(applied, STEP_DONE, "is deleted", 1);
    ASSERT_DELETE(again, STEP_DONE, "is deleted", 2);
    ASSERT_DELETE(twice, STEP_DONE, "is deleted", 1);
    ASSERT_DELETE(unknown, STEP_UNRESOLVED, "there is no security group", 0);
    ASSERT_DELETE(ignored, STEP_UNKNOWN, "is still there after 1 requests", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_to_the_world_is_revoked_by_id),
        cmocka_unit_test(a_group_that_is_not_open_is_left_alone),
        cmocka_unit_test(the_rule_says_which_direction),
        cmocka_unit_test(a_revocation_counts_when_it_is_seen),
        cmocka_unit_test(closing_is_planned),
        cmocka_unit_test(an_undo_authorizes_what_is_missing),
        cmocka_unit_test(a_group_that_nobody_uses_is_deleted_and_written_down),
        cmocka_unit_test(a_group_in_use_is_left_alone_and_who_uses_it_is_named),
        cmocka_unit_test(a_lost_deletion_is_settled_by_looking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
