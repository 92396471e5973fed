#include "sandbox_client.h"

#define INSTANCE "i-01111e1c0ffee0001" /* one interface, one volume, running */
#define DOUBLE "i-01111e1c0ffee0003"   /* two interfaces, three volumes */
#define VPC "vpc-01111e1c0ffee0001"
#define DEFAULT_VPC "vpc-01111e1c0ffee0002"
#define WEB "sg-01111e1c0ffee0002"
#define APP "sg-01111e1c0ffee0003"
#define ENI "eni-01111e1c0ffee0030" /* of DOUBLE, in APP */

static const char *state_of(struct client *client, const char *instance)
{
    char parameters[64];
    snprintf(parameters, sizeof(parameters), "InstanceId.1=%s", instance);
    assert_int_equal(EC2("DescribeInstances", parameters), 200);
    return text_of(client, "name");
}

static void instances_are_shown_as_ec2_shows_them(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("DescribeInstances", "InstanceId.1=" DOUBLE), 200);
    assert_says("<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
                "<requestId>");
    assert_says("<reservationSet><item><reservationId>r-01111e1c0ffee0003</reservationId>"
                "<ownerId>111122223333</ownerId>");
    assert_says("<instanceState><code>16</code><name>running</name></instanceState>");
    assert_says("<arn>arn:aws:iam::111122223333:instance-profile/service/orders/orders-profile");
    assert_says("<groupSet><item><groupId>" APP "</groupId><groupName>app</groupName>");
    assert_says("<attachment><attachmentId>eni-attach-01111e1c0ffee0031</attachmentId>"
                "<deviceIndex>1</deviceIndex>");
    assert_int_equal(count_of(client, "<networkInterfaceId>"), 2);
    assert_int_equal(count_of(client, "<volumeId>"), 3);
    EC2("DescribeInstances", "InstanceId.1=i-01111e1c0ffee0006");
    assert_false(says(client, "iamInstanceProfile"));
}

static void one_bad_id_fails_the_whole_call(void **state)
{
    struct client *client = *state;
    EC2("DescribeInstances", "InstanceId.1=" INSTANCE "&InstanceId.2=i-0123456789abcdef0");
    assert_refused(400, "InvalidInstanceID.NotFound");
    EC2("DescribeInstances", "InstanceId.1=" INSTANCE "&InstanceId.2=i-XYZ");
    assert_refused(400, "InvalidInstanceID.Malformed");
    client->key = KEY_444455;
    EC2("DescribeInstances", "InstanceId.1=" INSTANCE);
    assert_refused(400, "InvalidInstanceID.NotFound");
}

/* How many instances the filters leave. */
static size_t filtered(struct client *client, const char *parameters)
{
    assert_int_equal(EC2("DescribeInstances", parameters), 200);
    return count_of(client, "<instancesSet>");
}

static void filters_narrow_by_and_over_names_and_or_over_values(void **state)
{
    struct client *client = *state;
    assert_int_equal(filtered(client, ""), 7);
    assert_int_equal(filtered(client, "Filter.1.Name=tag:env&Filter.1.Value.1=prod"), 5);
    assert_int_equal(
        filtered(client, "Filter.1.Name=tag%3Aenv&Filter.1.Value.1=prod&Filter.1.Value.2=stage"),
        7);
    assert_int_equal(filtered(client, "Filter.1.Name=tag:env&Filter.1.Value.1=prod"
                                      "&Filter.2.Name=tag:cdr&Filter.2.Value.1=protected"),
        1);
    assert_int_equal(filtered(client, "Filter.1.Name=tag-key&Filter.1.Value.1=aws:auto*"), 1);
    assert_int_equal(filtered(client, "Filter.1.Name=tag:Name&Filter.1.Value.1=web-%3F"), 2);
    assert_int_equal(
        filtered(client, "Filter.1.Name=instance-state-name&Filter.1.Value.1=stopped"), 0);
    assert_int_equal(
        filtered(client, "Filter.1.Name=iam-instance-profile.arn&Filter.1.Value.1="
                         "arn:aws:iam::111122223333:instance-profile/web-prod-profile"),
        2);
    assert_int_equal(filtered(client, "Filter.1.Name=vpc-id&Filter.1.Value.1=" VPC), 7);
    assert_int_equal(filtered(client, "Filter.1.Name=owner-id&Filter.1.Value.1=111122223333"), 7);
    EC2("DescribeInstances", "Filter.1.Name=colour&Filter.1.Value.1=red");
    assert_refused(400, "InvalidParameterValue");
    EC2("DescribeInstances", "Filter.1.Name=vpc-id");
    assert_refused(400, "InvalidParameterValue");
}

static void a_list_comes_in_pages(void **state)
{
    struct client *client = *state;
    assert_int_equal(filtered(client, "MaxResults=5"), 5);
    const char *token = text_of(client, "nextToken");
    assert_string_not_equal(token, "");
    char *encoded = curl_easy_escape(NULL, token, 0);
    const char *parameters = arena_format(&client->arena, "MaxResults=5&NextToken=%s", encoded);
    assert_int_equal(filtered(client, parameters), 2);
    assert_false(says(client, "nextToken"));
    EC2("DescribeVolumes", parameters);
    assert_refused(400, "InvalidNextToken");
    curl_free(encoded);
    EC2("DescribeInstances", "NextToken=guess");
    assert_refused(400, "InvalidNextToken");
    EC2("DescribeInstances", "MaxResults=4");
    assert_refused(400, "InvalidParameterValue");
    EC2("DescribeInstances", "MaxResults=5&InstanceId.1=" INSTANCE);
    assert_refused(400, "InvalidParameterCombination");
}

static void stopping_takes_a_look_to_settle(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("StopInstances", "InstanceId.1=" INSTANCE "&Force=true"), 200);
    assert_says("<currentState><code>64</code><name>stopping</name></currentState>"
                "<previousState><code>16</code><name>running</name></previousState>");
    assert_true(was_applied(client));
    assert_string_equal(state_of(client, INSTANCE), "stopping");
    assert_string_equal(state_of(client, INSTANCE), "stopped");
    assert_int_equal(EC2("StopInstances", "InstanceId.1=" INSTANCE), 200);
    assert_says("<previousState><code>80</code><name>stopped</name></previousState>");
    assert_false(was_applied(client));
    assert_int_equal(EC2("StartInstances", "InstanceId.1=" INSTANCE), 200);
    assert_says("<currentState><code>0</code><name>pending</name></currentState>");
    EC2("StopInstances", "InstanceId.1=" INSTANCE);
    assert_refused(400, "IncorrectInstanceState");
    assert_string_equal(state_of(client, INSTANCE), "pending");
    assert_string_equal(state_of(client, INSTANCE), "running");
}

static void an_instance_that_is_stopping_cannot_be_started(void **state)
{
    struct client *client = *state;
    EC2("StopInstances", "InstanceId.1=" INSTANCE);
    EC2("StartInstances", "InstanceId.1=" INSTANCE);
    assert_refused(400, "IncorrectInstanceState");
}

static void what_may_not_be_stopped_is_not(void **state)
{
    struct client *client = *state;
    client->region = "us-east-1";
    EC2("StopInstances", "InstanceId.1=i-01111a1c0ffee0001&InstanceId.2=i-01111a1c0ffee0002");
    assert_refused(400, "OperationNotPermitted");
    assert_string_equal(state_of(client, "i-01111a1c0ffee0001"), "running");
    EC2("StopInstances", "InstanceId.1=i-01111a1c0ffee0004");
    assert_refused(400, "IncorrectInstanceState");
    assert_int_equal(
        EC2("ModifyInstanceAttribute", "InstanceId=i-01111a1c0ffee0002&DisableApiStop.Value=false"),
        200);
    EC2("DescribeInstanceAttribute", "InstanceId=i-01111a1c0ffee0002&Attribute=disableApiStop");
    assert_says("<disableApiStop><value>false</value></disableApiStop>");
    assert_int_equal(EC2("StopInstances", "InstanceId.1=i-01111a1c0ffee0002"), 200);
    EC2("StopInstances", "InstanceId.1=i-01111a1c0ffee0001&Force=yes");
    assert_refused(400, "InvalidParameterValue");
    EC2("StopInstances", "InstanceId.1=i-01111a1c0ffee0001&Hibernate=true");
    assert_refused(400, "UnsupportedHibernationConfiguration");
}

static void attributes_are_read_and_set_one_at_a_time(void **state)
{
    struct client *client = *state;
    EC2("DescribeInstanceAttribute", "InstanceId=" INSTANCE "&Attribute=groupSet");
    assert_says("<groupSet><item><groupId>" WEB);
    EC2("DescribeInstanceAttribute",
        "InstanceId=" INSTANCE "&Attribute=instanceInitiatedShutdownBehavior");
    assert_says("<value>stop</value>");
    EC2("DescribeInstanceAttribute",
        "InstanceId=i-01111e1c0ffee0005&Attribute=disableApiTermination");
    assert_says("<disableApiTermination><value>true</value>");
    EC2("DescribeInstanceAttribute", "InstanceId=" INSTANCE "&Attribute=colour");
    assert_refused(400, "InvalidParameterValue");
    EC2("ModifyInstanceAttribute",
        "InstanceId=" INSTANCE "&InstanceInitiatedShutdownBehavior.Value=terminate");
    assert_true(was_applied(client));
    EC2("ModifyInstanceAttribute",
        "InstanceId=" INSTANCE "&InstanceInitiatedShutdownBehavior.Value=explode");
    assert_refused(400, "InvalidParameterValue");
    EC2("ModifyInstanceAttribute", "InstanceId=" INSTANCE);
    assert_refused(400, "InvalidParameterCombination");
    EC2("ModifyInstanceAttribute",
        "InstanceId=" INSTANCE "&DisableApiStop.Value=true&DisableApiTermination.Value=true");
    assert_refused(400, "InvalidParameterCombination");
    EC2("ModifyInstanceAttribute", "InstanceId=" INSTANCE "&DisableApiTermination.Value=false");
    assert_false(was_applied(client));
}

static void groups_of_an_instance_with_two_interfaces_cannot_be_set(void **state)
{
    struct client *client = *state;
    EC2("ModifyInstanceAttribute", "InstanceId=" DOUBLE "&GroupId.1=" WEB);
    assert_refused(400, "InvalidInstanceID");
    assert_says("There are multiple interfaces attached to instance '" DOUBLE "'");
    assert_int_equal(EC2("ModifyInstanceAttribute", "InstanceId=" INSTANCE "&GroupId.1=" APP), 200);
    EC2("DescribeNetworkInterfaces",
        "Filter.1.Name=attachment.instance-id&Filter.1.Value.1=" INSTANCE);
    assert_says("<groupId>" APP);
    assert_false(says(client, WEB));
}

static void an_interface_takes_a_whole_new_set_of_groups(void **state)
{
    struct client *client = *state;
    EC2("DescribeNetworkInterfaces",
        "Filter.1.Name=attachment.instance-id&Filter.1.Value.1=" DOUBLE);
    assert_int_equal(count_of(client, "<attachmentId>"), 2);
    assert_int_equal(
        EC2("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId=" ENI "&SecurityGroupId.1=" WEB
                                               "&SecurityGroupId.2=sg-01111e1c0ffee0005"),
        200);
    assert_says("<return>true</return>");
    assert_true(was_applied(client));
    EC2("DescribeNetworkInterfaces", "NetworkInterfaceId.1=" ENI);
    assert_false(says(client, APP));
    assert_says(WEB);
    EC2("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId=" ENI "&SecurityGroupId.1=" WEB
                                           "&SecurityGroupId.2=sg-01111e1c0ffee0005");
    assert_false(was_applied(client));
    EC2("DescribeNetworkInterfaces", "Filter.1.Name=group-id&Filter.1.Value.1=" WEB);
    assert_int_equal(count_of(client, "<attachmentId>"), 3);
}

static void groups_that_do_not_fit_an_interface_are_refused(void **state)
{
    struct client *client = *state;
    EC2("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId=" ENI);
    assert_refused(400, "InvalidParameterCombination");
    EC2("ModifyNetworkInterfaceAttribute",
        "NetworkInterfaceId=eni-0123456789abcdef0&SecurityGroupId.1=" WEB);
    assert_refused(400, "InvalidNetworkInterfaceID.NotFound");
    EC2("ModifyNetworkInterfaceAttribute",
        "NetworkInterfaceId=" ENI "&SecurityGroupId.1=sg-0123456789abcdef0");
    assert_refused(400, "InvalidGroup.NotFound");
    EC2("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId=" ENI "&SecurityGroupId.1=web");
    assert_refused(400, "InvalidGroupId.Malformed");
    EC2("ModifyNetworkInterfaceAttribute",
        "NetworkInterfaceId=" ENI "&SecurityGroupId.1=sg-01111e1c0ffee0008");
    assert_refused(400, "InvalidParameter");
    assert_says("different networks");
    EC2("ModifyNetworkInterfaceAttribute",
        "NetworkInterfaceId=" ENI "&SecurityGroupId.1=sg-01111e1c0ffee0001&SecurityGroupId.2=" WEB
        "&SecurityGroupId.3=" APP "&SecurityGroupId.4=sg-01111e1c0ffee0004"
        "&SecurityGroupId.5=sg-01111e1c0ffee0005&SecurityGroupId.6=sg-01111e1c0ffee0006");
    assert_refused(400, "SecurityGroupsPerInterfaceLimitExceeded");
}

static void an_interface_that_a_service_manages_is_not_ours_to_change(void **state)
{
    struct client *client = *state;
    json_t *world = control_get(client, "state");
    json_t *account = json_array_get(json_object_get(world, "accounts"), 0);
    json_t *region = json_array_get(json_object_get(account, "regions"), 0);
    json_t *interface = json_array_get(json_object_get(region, "networkInterfaces"), 0);
    json_object_set_new(interface, "requesterManaged", json_true());
    char *text = json_dumps(world, 0);
    client = client_new(str_from(text));
    EC2("ModifyNetworkInterfaceAttribute",
        "NetworkInterfaceId=eni-01111e1c0ffee0010&SecurityGroupId.1=" APP);
    assert_refused(403, "AuthFailure");
    client_free(client);
    free(text);
    json_decref(world);
}

/* A group of our own in the VPC; its id. */
static const char *make_group(struct client *client, const char *name)
{
    assert_int_equal(EC2("CreateSecurityGroup",
                         arena_format(&client->arena,
                             "GroupName=%s&GroupDescription=d+e&VpcId=" VPC
                             "&TagSpecification.1.ResourceType=security-group"
                             "&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v",
                             name)),
        200);
    return text_of(client, "groupId");
}

static const char *with_group(struct client *client, const char *id, const char *rest)
{
    return arena_format(&client->arena, "GroupId=%s%s", id, rest);
}

static void a_new_group_lets_everything_out_over_both_protocols(void **state)
{
    struct client *client = *state;
    const char *id = make_group(client, "isolate");
    assert_int_equal(strlen(id), 20);
    json_t *line = last_call(client);
    assert_string_equal(json_string_value(json_object_get(line, "target")), id);
    json_decref(line);
    EC2("DescribeSecurityGroups", "Filter.1.Name=group-name&Filter.1.Value.1=isolate"
                                  "&Filter.2.Name=vpc-id&Filter.2.Value.1=" VPC);
    assert_string_equal(text_of(client, "groupId"), id);
    assert_string_equal(text_of(client, "groupDescription"), "d e");
    assert_says("<ipPermissions></ipPermissions><ipPermissionsEgress><item>"
                "<ipProtocol>-1</ipProtocol>");
    assert_says("<cidrIp>0.0.0.0/0</cidrIp>");
    assert_says("<cidrIpv6>::/0</cidrIpv6>");
    assert_says("<tagSet><item><key>k</key><value>v</value></item></tagSet>");
    EC2("DescribeSecurityGroupRules",
        arena_format(&client->arena, "Filter.1.Name=group-id&Filter.1.Value.1=%s", id));
    assert_int_equal(count_of(client, "<securityGroupRuleId>sgr-0"), 2);
    assert_int_equal(count_of(client, "<fromPort>-1</fromPort>"), 2);
}

static void a_group_that_cannot_be_made_is_refused(void **state)
{
    struct client *client = *state;
    make_group(client, "isolate");
    EC2("CreateSecurityGroup", "GroupName=ISOLATE&GroupDescription=d&VpcId=" VPC);
    assert_refused(400, "InvalidGroup.Duplicate");
    assert_int_equal(
        EC2("CreateSecurityGroup", "GroupName=isolate&GroupDescription=d&VpcId=" DEFAULT_VPC), 200);
    EC2("CreateSecurityGroup", "GroupName=sg-x&GroupDescription=d&VpcId=" VPC);
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateSecurityGroup", "GroupName=x&GroupDescription=%C3%A9&VpcId=" VPC);
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateSecurityGroup", "GroupName=x&GroupDescription=d&VpcId=vpc-0123456789abcdef0");
    assert_refused(400, "InvalidVpcID.NotFound");
    EC2("CreateSecurityGroup",
        "GroupName=x&GroupDescription=d&VpcId=" VPC "&TagSpecification.1.ResourceType=instance"
        "&TagSpecification.1.Tag.1.Key=k");
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateSecurityGroup", "GroupName=x&GroupDescription=d&VpcId=" VPC
                               "&TagSpecification.1.ResourceType=security-group"
                               "&TagSpecification.1.Tag.1.Key=aws:x");
    assert_refused(400, "InvalidParameterValue");
}

static void rules_are_revoked_by_id_or_by_what_they_say(void **state)
{
    struct client *client = *state;
    const char *id = make_group(client, "isolate");
    EC2("DescribeSecurityGroupRules",
        arena_format(&client->arena, "Filter.1.Name=group-id&Filter.1.Value.1=%s", id));
    const char *rule = text_of(client, "securityGroupRuleId");
    const char *by_id =
        with_group(client, id, arena_format(&client->arena, "&SecurityGroupRuleId.1=%s", rule));
    EC2("RevokeSecurityGroupIngress", by_id);
    assert_refused(400, "InvalidSecurityGroupRuleId.NotFound");
    assert_int_equal(EC2("RevokeSecurityGroupEgress", by_id), 200);
    assert_says("<return>true</return>");
    assert_says("<revokedSecurityGroupRuleSet><item><securityGroupRuleId>");
    assert_says("<cidrIpv4>0.0.0.0/0</cidrIpv4>");
    EC2("RevokeSecurityGroupEgress", by_id);
    assert_refused(400, "InvalidSecurityGroupRuleId.NotFound");
    const char *by_content = with_group(
        client, id, "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0");
    assert_int_equal(EC2("RevokeSecurityGroupEgress", by_content), 200);
    EC2("RevokeSecurityGroupEgress", by_content);
    assert_refused(400, "InvalidPermission.NotFound");
    EC2("DescribeSecurityGroups", arena_format(&client->arena, "GroupId.1=%s", id));
    assert_says("<ipPermissionsEgress></ipPermissionsEgress>");
    EC2("RevokeSecurityGroupEgress", with_group(client, id, ""));
    assert_refused(400, "MissingParameter");
    EC2("RevokeSecurityGroupEgress", with_group(client, id, "&SecurityGroupRuleId.1=x"));
    assert_refused(400, "InvalidSecurityGroupRuleId.Malformed");
}

static void a_default_vpc_takes_a_revoke_of_nothing_for_good(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("RevokeSecurityGroupIngress",
                         "GroupId=sg-01111e1c0ffee0008&IpPermissions.1.IpProtocol=tcp"
                         "&IpPermissions.1.FromPort=23&IpPermissions.1.ToPort=23"
                         "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"),
        200);
    assert_says("<unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol>"
                "<fromPort>23</fromPort>");
    assert_false(was_applied(client));
}

static void rules_are_added_in_canonical_form(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("AuthorizeSecurityGroupIngress",
                         "GroupId=" APP "&IpPermissions.1.IpProtocol=6"
                         "&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
                         "&IpPermissions.1.IpRanges.1.CidrIp=10.9.8.7/8"
                         "&IpPermissions.1.IpRanges.1.Description=ssh"
                         "&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=2001:DB8::1/32"
                         "&IpPermissions.1.Groups.1.GroupId=" WEB
                         "&IpPermissions.1.Groups.1.UserId=111122223333"),
        200);
    assert_says("<cidrIpv4>10.0.0.0/8</cidrIpv4><description>ssh</description>");
    assert_says("<cidrIpv6>2001:db8::/32</cidrIpv6>");
    assert_says("<referencedGroupInfo><groupId>" WEB);
    EC2("AuthorizeSecurityGroupIngress", "GroupId=" APP "&IpPermissions.1.IpProtocol=tcp"
                                         "&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
                                         "&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8");
    assert_refused(400, "InvalidPermission.Duplicate");
    assert_int_equal(EC2("AuthorizeSecurityGroupEgress",
                         "GroupId=sg-01111e1c0ffee0004&IpPermissions.1.IpProtocol=-1"
                         "&IpPermissions.1.PrefixListIds.1.PrefixListId=pl-0123456789abcdef0"),
        200);
}

static void rules_that_mean_nothing_are_refused(void **state)
{
    struct client *client = *state;
    static const char *const bad[][2] = {
        { "", "MissingParameter" },
        { "&IpPermissions.1.FromPort=1", "MissingParameter" },
        { "&IpPermissions.1.IpProtocol=-1", "MissingParameter" },
        { "&IpPermissions.1.IpProtocol=ipx&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8",
            "InvalidParameterValue" },
        { "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8",
            "InvalidParameterValue" },
        { "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0",
            "InvalidParameterValue" },
        { "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/33",
            "InvalidParameterValue" },
        { "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=10.0.0.0/8",
            "InvalidParameterValue" },
        { "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=sg-0123456789abcdef0",
            "InvalidGroup.NotFound" },
        { "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.PrefixListIds.1.PrefixListId=pl-1",
            "InvalidParameterValue" },
        { "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8"
          "&IpPermissions.1.IpRanges.2.CidrIp=10.1.0.0/8",
            "InvalidParameterValue" },
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        EC2("AuthorizeSecurityGroupIngress",
            arena_format(&client->arena, "GroupId=" APP "%s", bad[at][0]));
        if (!says(client, bad[at][1]))
            fail_msg("%s: %s", bad[at][0], client->body.ptr);
        assert_int_equal(client->status, 400);
        assert_false(was_applied(client));
    }
}

static void a_group_goes_only_when_nothing_holds_on_to_it(void **state)
{
    struct client *client = *state;
    EC2("DeleteSecurityGroup", "GroupId=sg-01111e1c0ffee0001");
    assert_refused(400, "CannotDelete");
    EC2("DeleteSecurityGroup", "GroupId=sg-01111e1c0ffee0005");
    assert_refused(400, "DependencyViolation"); /* on an interface */
    const char *id = make_group(client, "isolate");
    EC2("AuthorizeSecurityGroupIngress",
        arena_format(&client->arena,
            "GroupId=" APP "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=%s",
            id));
    EC2("DeleteSecurityGroup", with_group(client, id, ""));
    assert_refused(400, "DependencyViolation"); /* in a rule */
    EC2("RevokeSecurityGroupIngress",
        arena_format(&client->arena,
            "GroupId=" APP "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=%s",
            id));
    assert_int_equal(EC2("DeleteSecurityGroup", with_group(client, id, "")), 200);
    assert_true(was_applied(client));
    EC2("DeleteSecurityGroup", with_group(client, id, ""));
    assert_refused(400, "InvalidGroup.NotFound");
    assert_string_not_equal(make_group(client, "isolate"), id);
}

static void snapshots_of_all_volumes_complete_after_two_looks(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("CreateSnapshots",
                         "InstanceSpecification.InstanceId=" DOUBLE "&Description=evidence"
                         "&CopyTagsFromSource=volume&TagSpecification.1.ResourceType=snapshot"
                         "&TagSpecification.1.Tag.1.Key=run&TagSpecification.1.Tag.1.Value=7"),
        200);
    assert_int_equal(count_of(client, "<state>pending</state>"), 3);
    assert_says("<value>orders-1-root</value>");
    for (int look = 0; look < 3; look++) {
        EC2("DescribeSnapshots", "Owner.1=self&Filter.1.Name=tag:run&Filter.1.Value.1=7");
        assert_int_equal(count_of(client, look < 2 ? "<status>pending<" : "<status>completed<"), 3);
    }
    EC2("DescribeSnapshots", "Owner.1=amazon");
    assert_int_equal(count_of(client, "<snapshotId>"), 0);
    EC2("CreateSnapshots",
        "InstanceSpecification.InstanceId=" DOUBLE "&InstanceSpecification.ExcludeBootVolume=true"
        "&InstanceSpecification.ExcludeDataVolumeId.1=vol-01111e1c0ffee0031");
    assert_int_equal(count_of(client, "<snapshotId>"), 1);
    EC2("CreateSnapshots", "InstanceSpecification.InstanceId=" INSTANCE
                           "&InstanceSpecification.ExcludeBootVolume=true");
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateSnapshots", "InstanceSpecification.InstanceId=i-0123456789abcdef0");
    assert_refused(400, "InvalidInstanceID.NotFound");
}

static void one_snapshot_is_taken_found_and_deleted(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("CreateSnapshot", "VolumeId=vol-01111e1c0ffee0010"), 200);
    const char *id = text_of(client, "snapshotId");
    assert_string_equal(text_of(client, "status"), "pending");
    EC2("DescribeSnapshots", arena_format(&client->arena, "SnapshotId.1=%s", id));
    assert_string_equal(text_of(client, "volumeId"), "vol-01111e1c0ffee0010");
    const char *by_id = arena_format(&client->arena, "SnapshotId=%s", id);
    assert_int_equal(EC2("DeleteSnapshot", by_id), 200);
    EC2("DeleteSnapshot", by_id);
    assert_refused(400, "InvalidSnapshot.NotFound");
    EC2("DeleteSnapshot", "SnapshotId=snap-1");
    assert_refused(400, "InvalidSnapshotID.Malformed");
    EC2("CreateSnapshot", "VolumeId=vol-0123456789abcdef0");
    assert_refused(400, "InvalidVolume.NotFound");
}

static void volumes_and_regions_are_listed(void **state)
{
    struct client *client = *state;
    EC2("DescribeVolumes", "Filter.1.Name=attachment.instance-id&Filter.1.Value.1=" DOUBLE);
    assert_int_equal(count_of(client, "<attachmentSet><item><volumeId>"), 3);
    assert_says("<device>/dev/sdf</device>");
    EC2("DescribeVolumes", "Filter.1.Name=encrypted&Filter.1.Value.1=true"
                           "&Filter.2.Name=attachment.instance-id&Filter.2.Value.1=" DOUBLE);
    assert_int_equal(count_of(client, "<attachmentSet><item>"), 2);
    EC2("DescribeRegions", "");
    assert_says("<regionName>eu-west-1</regionName>"
                "<regionEndpoint>ec2.eu-west-1.amazonaws.com</regionEndpoint>");
    assert_int_equal(count_of(client, "<regionName>"), 2);
    EC2("DescribeRegions", "RegionName.1=us-east-1");
    assert_int_equal(count_of(client, "<regionName>"), 1);
    EC2("DescribeRegions", "RegionName.1=mars-1");
    assert_refused(400, "InvalidParameterValue");
}

static void tags_are_set_and_taken_away(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("CreateTags", "ResourceId.1=" INSTANCE "&ResourceId.2=" WEB
                                       "&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=b"),
        200);
    assert_true(was_applied(client));
    assert_int_equal(filtered(client, "Filter.1.Name=tag:a&Filter.1.Value.1=1"), 1);
    EC2("CreateTags", "ResourceId.1=" INSTANCE "&Tag.1.Key=a&Tag.1.Value=1");
    assert_false(was_applied(client));
    EC2("DeleteTags", "ResourceId.1=" INSTANCE "&Tag.1.Key=a&Tag.1.Value=2");
    assert_false(was_applied(client));
    EC2("DeleteTags", "ResourceId.1=" INSTANCE "&Tag.1.Key=a");
    assert_true(was_applied(client));
    EC2("DeleteTags", "ResourceId.1=i-01111e1c0ffee0002");
    assert_int_equal(filtered(client, "Filter.1.Name=tag:Name&Filter.1.Value.1=web-2"), 0);
    assert_int_equal(filtered(client, "Filter.1.Name=tag-key&Filter.1.Value.1=aws:*"), 1);
    EC2("CreateTags", "ResourceId.1=" INSTANCE "&Tag.1.Key=aws:x&Tag.1.Value=1");
    assert_refused(400, "InvalidParameterValue");
    EC2("CreateTags", "ResourceId.1=nothing&Tag.1.Key=x");
    assert_refused(400, "InvalidID");
    EC2("CreateTags", "ResourceId.1=vol-0123456789abcdef0&Tag.1.Key=x");
    assert_refused(400, "InvalidVolume.NotFound");
}

/* Each change, as a dry run: it would succeed, and nothing happens. */
static void a_dry_run_changes_nothing(void **state)
{
    struct client *client = *state;
    static const char *const calls[][2] = {
        { "StopInstances", "InstanceId.1=" INSTANCE },
        { "StartInstances", "InstanceId.1=" INSTANCE },
        { "ModifyInstanceAttribute", "InstanceId=" INSTANCE "&DisableApiStop.Value=true" },
        { "ModifyInstanceAttribute", "InstanceId=" INSTANCE "&GroupId.1=" APP },
        { "ModifyNetworkInterfaceAttribute", "NetworkInterfaceId=" ENI "&SecurityGroupId.1=" WEB },
        { "CreateSecurityGroup", "GroupName=x&GroupDescription=d&VpcId=" VPC },
        { "DeleteSecurityGroup", "GroupId=sg-01111e1c0ffee0006" },
        { "AuthorizeSecurityGroupIngress", "GroupId=" APP "&IpPermissions.1.IpProtocol=-1"
                                           "&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8" },
        { "RevokeSecurityGroupEgress", "GroupId=" APP "&IpPermissions.1.IpProtocol=-1"
                                       "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0" },
        { "CreateSnapshot", "VolumeId=vol-01111e1c0ffee0010" },
        { "CreateSnapshots", "InstanceSpecification.InstanceId=" DOUBLE },
        { "DeleteSnapshot", "SnapshotId=snap-01111e1c0ffee0001" },
        { "CreateTags", "ResourceId.1=" INSTANCE "&Tag.1.Key=x" },
        { "DeleteTags", "ResourceId.1=" INSTANCE },
        { "DescribeInstances", "InstanceId.1=" INSTANCE },
        { "DescribeSecurityGroups", "" },
    };
    json_t *before = control_get(client, "state");
    for (size_t at = 0; at < COUNT_OF(calls); at++) {
        EC2(calls[at][0], arena_format(&client->arena, "%s%sDryRun=true", calls[at][1],
                              calls[at][1][0] == '\0' ? "" : "&"));
        assert_refused(412, "DryRunOperation");
        assert_false(was_applied(client));
    }
    json_t *after = control_get(client, "state");
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    EC2("StopInstances", "InstanceId.1=i-0123456789abcdef0&DryRun=true");
    assert_refused(400, "InvalidInstanceID.NotFound");
    EC2("StopInstances", "InstanceId.1=" INSTANCE "&DryRun=maybe");
    assert_refused(400, "InvalidParameterValue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(instances_are_shown_as_ec2_shows_them),
        sandbox_test(one_bad_id_fails_the_whole_call),
        sandbox_test(filters_narrow_by_and_over_names_and_or_over_values),
        sandbox_test(a_list_comes_in_pages),
        sandbox_test(stopping_takes_a_look_to_settle),
        sandbox_test(an_instance_that_is_stopping_cannot_be_started),
        sandbox_test(what_may_not_be_stopped_is_not),
        sandbox_test(attributes_are_read_and_set_one_at_a_time),
        sandbox_test(groups_of_an_instance_with_two_interfaces_cannot_be_set),
        sandbox_test(an_interface_takes_a_whole_new_set_of_groups),
        sandbox_test(groups_that_do_not_fit_an_interface_are_refused),
        sandbox_test(an_interface_that_a_service_manages_is_not_ours_to_change),
        sandbox_test(a_new_group_lets_everything_out_over_both_protocols),
        sandbox_test(a_group_that_cannot_be_made_is_refused),
        sandbox_test(rules_are_revoked_by_id_or_by_what_they_say),
        sandbox_test(a_default_vpc_takes_a_revoke_of_nothing_for_good),
        sandbox_test(rules_are_added_in_canonical_form),
        sandbox_test(rules_that_mean_nothing_are_refused),
        sandbox_test(a_group_goes_only_when_nothing_holds_on_to_it),
        sandbox_test(snapshots_of_all_volumes_complete_after_two_looks),
        sandbox_test(one_snapshot_is_taken_found_and_deleted),
        sandbox_test(volumes_and_regions_are_listed),
        sandbox_test(tags_are_set_and_taken_away),
        sandbox_test(a_dry_run_changes_nothing),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
