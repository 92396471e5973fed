#include "aws/requests_acl.h"

#include "aws/draft.h"
#include "aws/query.h"

#include <inttypes.h>

struct request ec2_describe_acls(
    struct step *step, str region, const char *filter, str wanted, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeNetworkAcls", region, wanted);
    draft_filter(&draft, 1, filter, wanted);
    draft_page(&draft, page);
    return draft_end(&draft);
}

/* What names an entry: its ACL, number and direction. */
static struct draft entry_begin(
    struct step *step, const char *operation, str region, str acl, uint32_t number, bool is_egress)
{
    struct draft draft = draft_begin(step, "ec2", operation, region, acl);
    str text;
    draft_text(&draft,
        number == 0 ? "(a free number)" : arena_format(step->arena, "%" PRIu32, number), &text);
    query_add(&draft.body, "NetworkAclId", acl);
    query_add(&draft.body, "RuleNumber", text);
    query_add(&draft.body, "Egress", is_egress ? STR("true") : STR("false"));
    return draft;
}

struct request ec2_create_acl_deny(
    struct step *step, str region, str acl, uint32_t number, bool is_egress, str cidr)
{
    struct draft draft = entry_begin(step, "CreateNetworkAclEntry", region, acl, number, is_egress);
    query_add(&draft.body, "Protocol", STR("-1"));
    query_add(&draft.body, "RuleAction", STR("deny"));
    query_add(&draft.body, str_find(cidr, ':') < cidr.len ? "Ipv6CidrBlock" : "CidrBlock", cidr);
    return draft_end(&draft);
}

struct request ec2_delete_acl_entry(
    struct step *step, str region, str acl, uint32_t number, bool is_egress)
{
    struct draft draft = entry_begin(step, "DeleteNetworkAclEntry", region, acl, number, is_egress);
    return draft_end(&draft);
}
