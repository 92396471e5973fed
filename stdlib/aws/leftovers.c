#include "aws/leftovers.h"

#include "aws/region.h"
#include "aws/replies.h"
#include "aws/reply_tree.h"
#include "aws/requests_acl.h"
#include "aws/requests_evidence.h"

enum { PAGES_MAX = 100 };

/* The reader as a step, for builders of requests. */
static struct step step_of(const struct aws_reader *reader)
{
    return (
        struct step){ .arena = reader->arena, .key = STR("leftovers"), .region = reader->region };
}

/* Ask once; *ret_code is what AWS declined with, else empty. */
static MUST_CHECK enum err ask(
    struct aws_reader *reader, struct request request, const struct xml **ret_root, str *ret_code)
{
    struct reply reply = { .kind = REPLY_LOST };
    str message;
    *ret_code = STR("");
    *ret_root = NULL;
    if (request.body.ptr == NULL)
        return ERR_MEMORY;
    TRY(reader->transport->send(
        reader->transport, &request, false, reader->arena, &reply, &reader->reason));
    enum err err = reply_tree_parse(reader->arena, request.service, reply.body, ret_root);
    if (err == ERR_MEMORY)
        return err;
    bool is_declined = err == ERR_OK && reply_tree_error(*ret_root, ret_code, &message);
    if (is_declined && str_is(*ret_code, "AuthFailure") && !aws_region_is_known(reader->region))
        reader->reason = arena_format(reader->arena,
            "AWS does not do %s in %.*s, a region that this build does not know: is it written "
            "right, and switched on in this account?",
            request.operation, STR_ARG(reader->region));
    else if (is_declined)
        reader->reason =
            arena_format(reader->arena, "AWS declined %s in %.*s (%.*s: %.*s)", request.operation,
                STR_ARG(reader->region), STR_ARG(*ret_code), STR_ARG(str_first(message, 300)));
    else if (err != ERR_OK || reply.status != 200)
        reader->reason = arena_format(reader->arena, "the answer to %s (HTTP %d) is not one of AWS",
            request.operation, reply.status);
    else
        return ERR_OK;
    return reader->reason == NULL ? ERR_MEMORY : ERR_TRANSPORT;
}

static void snapshot_read(const struct xml *item, struct aws_leftover *found)
{
    found->id = xml_text(item, "snapshotId");
    found->name = xml_text(item, "volumeId");
    found->start = xml_text(item, "startTime");
    found->step = reply_tag(item, TAG_STEP);
    found->retain = reply_tag(item, TAG_RETAIN);
}

static void group_read(const struct xml *item, struct aws_leftover *found)
{
    found->id = xml_text(item, "groupId");
    found->name = xml_text(item, "groupName");
    found->vpc = xml_text(item, "vpcId");
}

static const struct {
    const char *operation;
    const char *list;
    void (*read)(const struct xml *item, struct aws_leftover *found);
} kinds[] = {
    [AWS_LEFTOVER_SNAPSHOT] = { "DescribeSnapshots", "snapshotSet/item", snapshot_read },
    [AWS_LEFTOVER_GROUP] = { "DescribeSecurityGroups", "securityGroupInfo/item", group_read },
};

/* All pages of a kind, put before *first. */
static MUST_CHECK enum err read_kind(
    struct aws_reader *reader, enum aws_leftover_kind kind, struct aws_leftover **first)
{
    struct step step = step_of(reader);
    str page = STR(""), code;
    for (uint32_t pages = 0; pages < PAGES_MAX; pages++) {
        const struct xml *root;
        TRY(ask(reader, ec2_describe_ours(&step, kinds[kind].operation, reader->region, page),
            &root, &code));
        for (const struct xml *item = xml_find(root, kinds[kind].list); item != NULL;
             item = xml_next(item)) {
            struct aws_leftover *found = ARENA_NEW(reader->arena, struct aws_leftover);
            if (found == NULL)
                return ERR_MEMORY;
            *found = (struct aws_leftover){ .next = *first, .kind = kind, .used_by = STR("") };
            kinds[kind].read(item, found);
            *first = found;
        }
        page = xml_text(root, "nextToken");
        if (page.len == 0)
            return ERR_OK;
    }
    reader->reason = "AWS has more pages of what is tagged as ours than are read";
    return ERR_TRANSPORT;
}

static MUST_CHECK enum err read_users(struct aws_reader *reader, struct aws_leftover *group)
{
    struct step step = step_of(reader);
    const struct xml *root;
    str code, none = { "", 0 };
    TRY(ask(reader, ec2_describe_interfaces(&step, reader->region, "group-id", group->id, none),
        &root, &code));
    group->used_by = xml_text(root, "networkInterfaceSet/item/networkInterfaceId");
    return ERR_OK;
}

enum err aws_leftovers_read(struct aws_reader *reader, struct aws_leftover **ret_first)
{
    struct aws_leftover *first = NULL;
    TRY(read_kind(reader, AWS_LEFTOVER_SNAPSHOT, &first));
    TRY(read_kind(reader, AWS_LEFTOVER_GROUP, &first));
    for (struct aws_leftover *one = first; one != NULL; one = one->next)
        if (one->kind == AWS_LEFTOVER_GROUP)
            TRY(read_users(reader, one));
    *ret_first = first;
    return ERR_OK;
}

enum err aws_acl_entry_is_there(struct aws_reader *reader, str acl, uint32_t number, bool is_egress,
    str cidr, bool *ret_is_there)
{
    struct step step = step_of(reader);
    const struct xml *root;
    str code, none = { "", 0 };
    const char *wanted = arena_format(reader->arena, "%u", (unsigned)number);
    *ret_is_there = false;
    if (wanted == NULL)
        return ERR_MEMORY;
    TRY(ask(reader, ec2_describe_acls(&step, reader->region, "network-acl-id", acl, none), &root,
        &code));
    for (const struct xml *item = xml_find(root, "networkAclSet/item/entrySet/item"); item != NULL;
         item = xml_next(item))
        *ret_is_there |= str_is(xml_text(item, "ruleNumber"), wanted)
                         && str_is(xml_text(item, "egress"), is_egress ? "true" : "false")
                         && (str_equal(xml_text(item, "cidrBlock"), cidr)
                             || str_equal(xml_text(item, "ipv6CidrBlock"), cidr));
    return ERR_OK;
}
