#include "aws/requests_hosts.h"

#include "aws/draft.h"

/* Those that are not gone. */
static struct draft hosts_begin(struct step *step, str region)
{
    static const char *const states[] = { "pending", "running", "shutting-down", "stopping",
        "stopped" };
    struct draft draft = draft_begin(step, "ec2", "DescribeInstances", region, STR(""));
    query_add(&draft.body, "Filter.1.Name", STR("instance-state-name"));
    for (uint32_t at = 0; at < COUNT_OF(states); at++)
        query_addf(&draft.body, str_from(states[at]), "Filter.1.Value.%u", at + 1);
    return draft;
}

struct request ec2_find_instances(
    struct step *step, str region, const char *filter, const str *values, size_t count)
{
    struct draft draft = hosts_begin(step, region);
    query_add(&draft.body, "Filter.2.Name", str_from(filter));
    for (size_t at = 0; at < count; at++)
        query_addf(&draft.body, values[at], "Filter.2.Value.%u", (unsigned)at + 1);
    query_add(&draft.body, "MaxResults", STR("200"));
    return draft_end(&draft);
}

struct request ec2_describe_hosts(struct step *step, str region, str page)
{
    struct draft draft = hosts_begin(step, region);
    query_add(&draft.body, "MaxResults", STR("200"));
    static_assert(HOSTS_PAGE == 200, "as written above");
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_describe_regions(struct step *step)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeRegions", STR(""), STR(""));
    return draft_end(&draft);
}

struct request organizations_list_accounts(struct step *step, str region, str page)
{
    json_t *body = json_object();
    if (page.len > 0
        && json_object_set_new(body, "NextToken", json_stringn(page.ptr, page.len)) != 0) {
        json_decref(body);
        body = NULL;
    }
    return draft_json(step, "organizations", "ListAccounts", region, STR(""), body);
}
