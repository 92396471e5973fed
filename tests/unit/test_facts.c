/* test_facts.c - what each step of AWS says of its target before it changes anything. */
#include "bytecode.h"
#include "script.h"

#define ID "i-0abc0abc"
#define WEB "arn:aws:iam::" OURS ":role/app/web"
#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define PROFILE_ARN "arn:aws:iam::" OURS ":instance-profile/front"
#define TAG(key, text) "<item><key>" key "</key><value>" text "</value></item>"
#define DETAILS                                                                                    \
    "<vpcId>vpc-0abc0abc</vpcId>"                                                                  \
    "<privateDnsName>ip-10-0-0-7.eu-west-1.compute.internal</privateDnsName>"                      \
    "<dnsName>ec2-192-0-2-7.example.org</dnsName><privateIpAddress>10.0.0.7</privateIpAddress>"    \
    "<ipAddress>192.0.2.7</ipAddress><iamInstanceProfile><arn>" PROFILE_ARN                        \
    "</arn></iamInstanceProfile><groupSet><item><groupId>sg-0abc0001</groupId></item></groupSet>"  \
    "<blockDeviceMapping><item><ebs><volumeId>vol-0abc0001</volumeId></ebs></item>"                \
    "</blockDeviceMapping><networkInterfaceSet><item><networkInterfaceId>eni-0abc0001"             \
    "</networkInterfaceId><privateIpAddressesSet><item><privateIpAddress>10.0.0.8"                 \
    "</privateIpAddress><association><publicIp>198.51.100.8</publicIp></association></item>"       \
    "</privateIpAddressesSet><ipv6AddressesSet><item><ipv6Address>2001:db8::7</ipv6Address></"     \
    "item>"                                                                                        \
    "</ipv6AddressesSet><groupSet><item><groupId>sg-0abc0002</groupId></item></groupSet></item>"   \
    "</networkInterfaceSet><tagSet>" TAG("Name", "web-1") TAG("env", "prod")                       \
        TAG("keep", "") "</tagSet>"
#define INSTANCE ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, ID, "running", DETAILS))
#define BARE ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, ID, "running", ""))
#define PROFILE                                                                                    \
    ASK("GetInstanceProfile", "",                                                                  \
        "<GetInstanceProfileResponse " IAM_XML "><GetInstanceProfileResult><InstanceProfile>"      \
        "<Roles><member><RoleName>web</RoleName><Arn>" WEB "</Arn></member></Roles>"               \
        "</InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>")
#define ROLE_REPLY(tags)                                                                           \
    "<GetRoleResponse " IAM_XML "><GetRoleResult><Role><RoleName>web</RoleName><Arn>" WEB          \
    "</Arn>" tags "</Role></GetRoleResult></GetRoleResponse>"
#define ROLE_TAGS "<Tags><member><Key>team</Key><Value>pay</Value></member></Tags>"
#define NO_POLICY                                                                                  \
    ASK_ERROR("GetRolePolicy", "", 404, IAM_ERROR("NoSuchEntity", "The role policy is not there"))
#define PUT CHANGE_ERROR("PutRolePolicy", "", 400, IAM_ERROR("LimitExceeded", "full"))

static bool says(const struct script *script, enum field field, const char *key, const char *text)
{
    for (const struct fact *fact = script->step.facts; fact != NULL; fact = fact->next)
        if (fact->field == (uint32_t)field && !fact->is_gap && str_is(fact->key, key)
            && str_is(fact->text, text))
            return true;
    return false;
}

static void assert_says(const struct script *script, enum field field, const char *text)
{
    if (!says(script, field, "", text))
        fail_msg("%s: %s is not said", field_info(field)->name, text);
}

static const char *gap_of(const struct script *script, enum field field)
{
    for (const struct fact *fact = script->step.facts; fact != NULL; fact = fact->next)
        if (fact->field == (uint32_t)field && fact->is_gap)
            return fact->text.ptr;
    return NULL;
}

/* What the row promises is said, or is a gap. */
static void assert_promises_kept(const struct script *script)
{
    assert_true(script->row->shows[0] != FIELD_SOURCE);
    for (size_t at = 0; at < BUILTIN_SHOWS_MAX && script->row->shows[at] != FIELD_SOURCE; at++) {
        bool is_said = false;
        for (const struct fact *fact = script->step.facts; fact != NULL; fact = fact->next)
            is_said |= fact->field == script->row->shows[at];
        if (!is_said)
            fail_msg("%s says nothing of %s", script->row->name,
                field_info((enum field)script->row->shows[at])->name);
    }
}

static void assert_instance_shown(const struct script *script)
{
    assert_says(script, FIELD_INSTANCE_ID, ID);
    assert_says(script, FIELD_RESOURCE_ID, "arn:aws:ec2:eu-west-1:" OURS ":instance/" ID);
    assert_says(script, FIELD_RESOURCE_TYPE, "AWS::EC2::Instance");
    assert_says(script, FIELD_CLOUD_PROVIDER, "aws");
    assert_says(script, FIELD_CLOUD_ACCOUNT, OURS);
    assert_says(script, FIELD_CLOUD_REGION, "eu-west-1");
    assert_says(script, FIELD_HOST_NAME, "web-1");
    assert_says(script, FIELD_HOST_NAME, "ip-10-0-0-7.eu-west-1.compute.internal");
    assert_says(script, FIELD_HOST_NAME, "ec2-192-0-2-7.example.org");
    static const char *const addresses[] = { "10.0.0.7", "192.0.2.7", "10.0.0.8", "198.51.100.8",
        "2001:db8::7" };
    for (size_t at = 0; at < COUNT_OF(addresses); at++)
        assert_says(script, FIELD_HOST_IP, addresses[at]);
    assert_says(script, FIELD_SG_ID, "sg-0abc0001");
    assert_says(script, FIELD_SG_ID, "sg-0abc0002");
    assert_true(says(script, FIELD_RESOURCE_TAGS, "env", "prod"));
    assert_true(says(script, FIELD_RESOURCE_TAGS, "keep", ""));
    assert_promises_kept(script);
}

static void begin(struct script *script, enum verb verb, const char *name)
{
    script_begin(script, verb, name);
    script_set(script, "instance", ID);
    script_set(script, "region", "eu-west-1");
}

static void stop_instance_shows_the_instance(void **state)
{
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        ASK("DescribeInstanceAttribute", "",
            "<DescribeInstanceAttributeResponse><disableApiStop><value>false</value>"
            "</disableApiStop></DescribeInstanceAttributeResponse>"),
        CHANGE_ERROR("StopInstances", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    struct script script;
    (void)state;
    begin(&script, VERB_RESPOND, "stop_instance");
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_instance_shown(&script);
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_FAILED);
    script_end(&script);
}

static void a_security_group_is_shown(void **state)
{
    static const char *const names[] = { "close_security_group", "delete_security_group" };
    static const struct exchange exchanges[] = { WHO,
        ASK("DescribeSecurityGroups", "GroupId.1=sg-0abc0001",
            "<DescribeSecurityGroupsResponse><securityGroupInfo><item><ownerId>" OURS
            "</ownerId><groupId>sg-0abc0001</groupId><groupName>web</groupName><tagSet>" TAG(
                "env", "prod") "</tagSet></item></securityGroupInfo>"
                               "</DescribeSecurityGroupsResponse>"),
        ASK_ERROR(
            "DescribeSecurityGroupRules", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(names); at++) {
        struct script script;
        script_begin(&script, VERB_RESPOND, names[at]);
        script_set(&script, "group", "sg-0abc0001");
        script_set(&script, "region", "eu-west-1");
        assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
        assert_says(&script, FIELD_SG_ID, "sg-0abc0001");
        assert_says(&script, FIELD_RESOURCE_ID,
            "arn:aws:ec2:eu-west-1:" OURS ":security-group/sg-0abc0001");
        assert_says(&script, FIELD_CLOUD_ACCOUNT, OURS);
        assert_says(&script, FIELD_CLOUD_REGION, "eu-west-1");
        assert_true(says(&script, FIELD_RESOURCE_TAGS, "env", "prod"));
        assert_promises_kept(&script);
        script_end(&script);
    }
}

static void snapshot_shows_the_instance_and_its_volumes(void **state)
{
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        ASK("DescribeSnapshots", "",
            "<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>"),
        CHANGE_ERROR("CreateSnapshots", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    struct script script;
    (void)state;
    begin(&script, VERB_COLLECT, "snapshot");
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_instance_shown(&script);
    assert_says(&script, FIELD_RESOURCE_ID, "vol-0abc0001");
    script_end(&script);
}

#define INTERFACE(id, address, tags)                                                               \
    "<item><networkInterfaceId>" id "</networkInterfaceId><ownerId>" OURS "</ownerId>"             \
    "<attachment><instanceId>" ID "</instanceId></attachment><privateIpAddress>" address           \
    "</privateIpAddress><groupSet><item><groupId>sg-0abc0003</groupId></item></"                   \
    "groupSet><tagSet>" tags "</tagSet></item>"

static void every_interface_is_shown_before_the_first_is_changed(void **state)
{
    static const struct exchange exchanges[] = { WHO, INSTANCE,
        ASK("DescribeNetworkInterfaces", "",
            "<DescribeNetworkInterfacesResponse><networkInterfaceSet>" INTERFACE(
                "eni-0abc0001", "10.0.0.9", "") INTERFACE("eni-0abc0002", "10.0.1.9",
                TAG("keep", "yes")) "</networkInterfaceSet></DescribeNetworkInterfacesResponse>"),
        ASK("DescribeSecurityGroups", "",
            "<DescribeSecurityGroupsResponse><securityGroupInfo/></"
            "DescribeSecurityGroupsResponse>"),
        CHANGE_ERROR("CreateSecurityGroup", "", 403, EC2_ERROR("UnauthorizedOperation", "no")) };
    struct script script;
    (void)state;
    begin(&script, VERB_RESPOND, "isolate_security_group");
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_instance_shown(&script);
    assert_says(&script, FIELD_HOST_IP, "10.0.0.9");
    assert_says(&script, FIELD_HOST_IP, "10.0.1.9");
    assert_says(&script, FIELD_SG_ID, "sg-0abc0003");
    assert_says(&script, FIELD_RESOURCE_ID, "eni-0abc0002");
    assert_true(says(&script, FIELD_RESOURCE_TAGS, "keep", "yes"));
    assert_false(says(&script, FIELD_RESOURCE_ID, "", "eni-0abc0001"));
    script_end(&script);
}

static void what_an_instance_does_not_have_is_said(void **state)
{
    static const struct exchange exchanges[] = { WHO, BARE };
    struct script script;
    (void)state;
    begin(&script, VERB_COLLECT, "snapshot");
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_says(&script, FIELD_HOST_NAME, "");
    assert_says(&script, FIELD_HOST_IP, "");
    assert_says(&script, FIELD_SG_ID, "");
    assert_says(&script, FIELD_RESOURCE_TAGS, "");
    assert_promises_kept(&script);
    script_end(&script);
}

static void assert_role_shown(const struct script *script)
{
    assert_says(script, FIELD_ROLE_ARN, WEB);
    assert_says(script, FIELD_ROLE_NAME, "web");
    assert_says(script, FIELD_RESOURCE_ID, WEB);
    assert_says(script, FIELD_RESOURCE_TYPE, "AWS::IAM::Role");
    assert_says(script, FIELD_CLOUD_ACCOUNT, OURS);
    assert_string_equal(gap_of(script, FIELD_CLOUD_REGION), "an IAM role acts in every region");
    assert_promises_kept(script);
}

static void a_role_shows_its_tags(void **state)
{
    static const struct exchange tagged[] = { WHO, ASK("GetRole", "", ROLE_REPLY(ROLE_TAGS)),
        NO_POLICY, PUT };
    static const struct exchange bare[] = { WHO, ASK("GetRole", "", ROLE_REPLY("")), NO_POLICY,
        PUT };
    struct script script;
    (void)state;
    script_begin(&script, VERB_RESPOND, "isolate_role");
    script_set(&script, "role", WEB);
    assert_int_equal(PLAY(&script, tagged), STEP_FAILED);
    assert_role_shown(&script);
    assert_true(says(&script, FIELD_RESOURCE_TAGS, "team", "pay"));
    script_end(&script);
    script_begin(&script, VERB_RESPOND, "isolate_role");
    script_set(&script, "role", WEB);
    assert_int_equal(PLAY(&script, bare), STEP_FAILED);
    assert_role_shown(&script);
    assert_says(&script, FIELD_RESOURCE_TAGS, "");
    script_end(&script);
}

static void a_role_of_an_instance_shows_both(void **state)
{
    static const struct exchange exchanges[] = { WHO, INSTANCE, PROFILE,
        ASK("GetRole", "RoleName=web", ROLE_REPLY(ROLE_TAGS)), NO_POLICY, PUT };
    struct script script;
    (void)state;
    begin(&script, VERB_RESPOND, "isolate_role");
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_instance_shown(&script);
    assert_role_shown(&script);
    assert_true(says(&script, FIELD_RESOURCE_TAGS, "team", "pay"));
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_FAILED);
    script_end(&script);
}

static void tags_that_may_not_be_read_are_a_gap_and_no_failure(void **state)
{
    static const struct exchange denied[] = { WHO, INSTANCE, PROFILE,
        ASK_ERROR("GetRole", "", 403,
            IAM_ERROR(
                "AccessDenied", "not authorized to perform: iam:GetRole on resource: role web")),
        NO_POLICY, PUT };
    static const struct exchange silent[] = { WHO, INSTANCE, PROFILE,
        ASK_WITHOUT("GetRole", "", LOST), ASK_WITHOUT("GetRole", "", LOST),
        ASK_WITHOUT("GetRole", "", LOST), NO_POLICY, PUT };
    struct script script;
    (void)state;
    begin(&script, VERB_RESPOND, "isolate_role");
    assert_int_equal(PLAY(&script, denied), STEP_FAILED);
    assert_reason(&script, "has no room");
    assert_role_shown(&script);
    assert_non_null(strstr(gap_of(&script, FIELD_RESOURCE_TAGS), "iam:GetRole"));
    script_end(&script);
    begin(&script, VERB_RESPOND, "isolate_role");
    assert_int_equal(PLAY(&script, silent), STEP_FAILED);
    assert_reason(&script, "has no room");
    assert_non_null(gap_of(&script, FIELD_RESOURCE_TAGS));
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_instance_shows_the_instance),
        cmocka_unit_test(a_security_group_is_shown),
        cmocka_unit_test(snapshot_shows_the_instance_and_its_volumes),
        cmocka_unit_test(every_interface_is_shown_before_the_first_is_changed),
        cmocka_unit_test(what_an_instance_does_not_have_is_said),
        cmocka_unit_test(a_role_shows_its_tags),
        cmocka_unit_test(a_role_of_an_instance_shows_both),
        cmocka_unit_test(tags_that_may_not_be_read_are_a_gap_and_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
