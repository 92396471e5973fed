/* facts.c - see facts.h. */
#include "aws/facts.h"

#include "bytecode.h"

static bool is_said(const struct step *step, enum field field, str text)
{
    for (const struct fact *fact = step->facts; fact != NULL; fact = fact->next)
        if (fact->field == (uint32_t)field && !fact->is_gap && str_equal(fact->text, text))
            return true;
    return false;
}

/* A copy, once. AWS says the same address in several places. When the arena is full the turn
 * counts for nothing. */
static void say(struct step *step, enum field field, str text)
{
    if (text.len > 0 && !is_said(step, field, text))
        step_fact(step, field, text);
}

static bool says_any(const struct step *step, enum field field)
{
    for (const struct fact *fact = step->facts; fact != NULL; fact = fact->next)
        if (fact->field == (uint32_t)field)
            return true;
    return false;
}

/* `member` of each element of a list. */
static void say_each(struct step *step, enum field field, const struct xml *node, const char *list,
    const char *member)
{
    for (const struct xml *item = xml_find(node, list); item != NULL; item = xml_next(item))
        say(step, field, member[0] == '\0' ? item->text : xml_text(item, member));
}

/* Of the resource that was said last. EC2 and IAM write the members in different case. */
static void say_tags(struct step *step, const struct xml *first, const char *key, const char *text)
{
    if (first == NULL)
        step_none(step, FIELD_RESOURCE_TAGS);
    for (const struct xml *tag = first; tag != NULL; tag = xml_next(tag))
        step_fact_tag(step, xml_text(tag, key), xml_text(tag, text));
}

static void say_formatted(struct step *step, enum field field, const char *text)
{
    if (text != NULL)
        say(step, field, str_from(text));
}

static str partition_of(const struct caller *caller)
{
    struct arn arn;
    return arn_read(caller->arn, &arn) ? arn.partition : STR("aws");
}

static void say_ec2(
    struct step *step, const struct caller *caller, str account, const char *kind, str id)
{
    const struct talk *talk = step->state;
    str region = talk->last.region;
    if (region.len == 0 || account.len == 0)
        say(step, FIELD_RESOURCE_ID, id);
    else
        say_formatted(step, FIELD_RESOURCE_ID,
            arena_format(step->arena, "arn:%.*s:ec2:%.*s:%.*s:%s/%.*s",
                STR_ARG(partition_of(caller)), STR_ARG(region), STR_ARG(account), kind,
                STR_ARG(id)));
}

/* Those of an interface, as DescribeInstances and DescribeNetworkInterfaces show it. */
static void say_interface(struct step *step, const struct xml *item)
{
    const struct xml *address = xml_find(item, "privateIpAddressesSet/item");
    say(step, FIELD_HOST_IP, xml_text(item, "privateIpAddress"));
    say(step, FIELD_HOST_IP, xml_text(item, "association/publicIp"));
    for (; address != NULL; address = xml_next(address)) {
        say(step, FIELD_HOST_IP, xml_text(address, "privateIpAddress"));
        say(step, FIELD_HOST_IP, xml_text(address, "association/publicIp"));
    }
    say_each(step, FIELD_HOST_IP, item, "ipv6AddressesSet/item", "ipv6Address");
    say_each(step, FIELD_SG_ID, item, "groupSet/item", "groupId");
    say(step, FIELD_HOST_NAME, xml_text(item, "privateDnsName"));
    say(step, FIELD_HOST_NAME, xml_text(item, "association/publicDnsName"));
}

static void say_instance(struct step *step, const struct xml *item)
{
    const struct xml *interface = xml_find(item, "networkInterfaceSet/item");
    say(step, FIELD_HOST_NAME, reply_tag(item, "Name"));
    say(step, FIELD_HOST_NAME, xml_text(item, "privateDnsName"));
    say(step, FIELD_HOST_NAME, xml_text(item, "dnsName"));
    say(step, FIELD_HOST_IP, xml_text(item, "privateIpAddress"));
    say(step, FIELD_HOST_IP, xml_text(item, "ipAddress"));
    say(step, FIELD_HOST_IP, xml_text(item, "ipv6Address"));
    say_each(step, FIELD_SG_ID, item, "groupSet/item", "groupId");
    for (; interface != NULL; interface = xml_next(interface))
        say_interface(step, interface);
    static const enum field may_be_none[] = { FIELD_HOST_NAME, FIELD_HOST_IP, FIELD_SG_ID };
    for (size_t at = 0; at < COUNT_OF(may_be_none); at++)
        if (!says_any(step, may_be_none[at]))
            step_none(step, may_be_none[at]);
}

void facts_of_instance(struct step *step, const struct answer *answer,
    const struct instance *instance, const struct caller *caller)
{
    const struct talk *talk = step->state;
    if (answer->heard != HEARD_ANSWER)
        return;
    const struct xml *item = xml_find(answer->root, "reservationSet/item/instancesSet/item");
    say(step, FIELD_CLOUD_PROVIDER, STR("aws"));
    say(step, FIELD_CLOUD_ACCOUNT, instance->owner);
    say(step, FIELD_CLOUD_REGION, talk->last.region);
    say(step, FIELD_INSTANCE_ID, instance->id);
    say_ec2(step, caller, instance->owner, "instance", instance->id);
    say(step, FIELD_RESOURCE_TYPE, STR("AWS::EC2::Instance"));
    say_tags(step, xml_find(item, "tagSet/item"), "key", "value");
    say_instance(step, item);
}

void facts_of_volumes(struct step *step, const struct instance *instance)
{
    for (uint32_t at = 0; at < instance->volumes_count; at++)
        say(step, FIELD_RESOURCE_ID, instance->volumes[at]);
}

/* Few interfaces have tags, and those of the instance say what it is. */
void facts_of_interface(struct step *step, const struct xml *item)
{
    const struct xml *tag = xml_find(item, "tagSet/item");
    say_interface(step, item);
    if (tag == NULL)
        return;
    say(step, FIELD_RESOURCE_ID, xml_text(item, "networkInterfaceId"));
    say_tags(step, tag, "key", "value");
}

/* Of a role or a user, known by `arn`: where it is, and what it is. */
static void say_principal(struct step *step, str arn, bool is_user)
{
    struct arn parts;
    say(step, FIELD_CLOUD_PROVIDER, STR("aws"));
    if (arn_read(arn, &parts)) {
        say(step, FIELD_CLOUD_ACCOUNT, parts.account);
        say(step, is_user ? FIELD_USER_NAME : FIELD_ROLE_NAME, path_last(parts.resource));
    }
    step_gap(step, FIELD_CLOUD_REGION,
        is_user ? "an IAM user acts in every region" : "an IAM role acts in every region");
    say(step, FIELD_RESOURCE_ID, arn);
    say(step, FIELD_RESOURCE_TYPE, is_user ? STR("AWS::IAM::User") : STR("AWS::IAM::Role"));
}

/* The tags below `path` of an answer, or why they are not known. */
static void say_member_tags(struct step *step, const struct answer *answer, const char *path)
{
    if (answer->heard == HEARD_ANSWER) {
        say_tags(step, xml_find(answer->root, path), "Key", "Value");
        return;
    }
    const char *why = talk_why(step, answer);
    if (why != NULL)
        step_gap(step, FIELD_RESOURCE_TAGS, why);
}

void facts_of_group(struct step *step, const struct xml *item, const struct caller *caller)
{
    const struct talk *talk = step->state;
    str id = xml_text(item, "groupId"), owner = xml_text(item, "ownerId");
    say(step, FIELD_CLOUD_PROVIDER, STR("aws"));
    say(step, FIELD_CLOUD_ACCOUNT, owner);
    say(step, FIELD_CLOUD_REGION, talk->last.region);
    say(step, FIELD_SG_ID, id);
    say_ec2(step, caller, owner, "security-group", id);
    say(step, FIELD_RESOURCE_TYPE, STR("AWS::EC2::SecurityGroup"));
    say_tags(step, xml_find(item, "tagSet/item"), "key", "value");
}

void facts_of_role(struct step *step, const struct answer *answer, str arn)
{
    if (answer->heard == HEARD_ASSUMED)
        return;
    say_principal(step, arn, false);
    say(step, FIELD_ROLE_ARN, arn);
    say_member_tags(step, answer, "GetRoleResult/Role/Tags/member");
}

void facts_of_unread_user(struct step *step, const struct answer *answer, str account, str name)
{
    const char *why = talk_why(step, answer);
    say(step, FIELD_CLOUD_PROVIDER, STR("aws"));
    say(step, FIELD_CLOUD_ACCOUNT, account);
    say(step, FIELD_USER_NAME, name);
    say(step, FIELD_RESOURCE_TYPE, STR("AWS::IAM::User"));
    step_gap(step, FIELD_CLOUD_REGION, "an IAM user acts in every region");
    static const enum field unread[] = { FIELD_USER_ID, FIELD_RESOURCE_ID, FIELD_RESOURCE_TAGS };
    for (size_t at = 0; why != NULL && at < COUNT_OF(unread); at++)
        step_gap(step, unread[at], why);
}

void facts_of_user(struct step *step, const struct answer *answer, str arn)
{
    if (answer->heard == HEARD_ASSUMED)
        return;
    say_principal(step, arn, true);
    say(step, FIELD_USER_ID, arn);
    say(step, FIELD_USER_ID, xml_text(answer->root, "GetUserResult/User/UserId"));
    say_member_tags(step, answer, "GetUserResult/User/Tags/member");
}
