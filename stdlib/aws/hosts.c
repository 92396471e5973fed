#include "aws/hosts.h"

#include "aws/reply_tree.h"
#include "aws/requests_hosts.h"

enum { PAGES_MAX = 10 * 1000, MESSAGE_BYTES_MAX = 400, ASKING_BYTES_MAX = 16 * REPLY_BYTES_MAX };

static enum err fail(enum err err, const char *reason, const char **reterr_reason)
{
    if (reason == NULL)
        return ERR_MEMORY;
    *reterr_reason = reason;
    return err;
}

/* Send and read the answer; one that declines is an error. */
static enum err ask(struct transport *transport, const struct request *request, struct arena *arena,
    const struct xml **ret_root, const char **reterr_reason)
{
    struct reply reply;
    str code;
    str message;
    if (request->body.ptr == NULL)
        return ERR_MEMORY;
    TRY(transport->send(transport, request, false, arena, &reply, reterr_reason));
    enum err err = reply_tree_parse(arena, request->service, reply.body, ret_root);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_OK && reply.status < 400)
        return ERR_OK;
    if (err == ERR_OK && reply_tree_error(*ret_root, &code, &message))
        return fail(ERR_TRANSPORT,
            arena_format(arena, "AWS declined %s (%.*s: %.*s)", request->operation, STR_ARG(code),
                STR_ARG(str_first(message, MESSAGE_BYTES_MAX))),
            reterr_reason);
    return fail(ERR_TRANSPORT,
        arena_format(
            arena, "the answer to %s (HTTP %d) cannot be read", request->operation, reply.status),
        reterr_reason);
}

/* Note where the list goes on. */
static enum err pages_turn(
    struct aws_pages *pages, str page, struct arena *next, const char **reterr_reason)
{
    pages->is_over = page.len == 0;
    if (++pages->count >= PAGES_MAX && !pages->is_over)
        return fail(ERR_LIMIT, "the list has more than 10,000 pages", reterr_reason);
    pages->page = arena_copy(next, page);
    return pages->page.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err aws_hosts_page(struct transport *transport, str region, struct aws_pages *pages,
    struct arena *next, struct arena *arena, const struct xml **ret_root,
    const char **reterr_reason)
{
    struct step asking = { .arena = arena, .region = { "", 0 } };
    struct request request =
        ec2_describe_hosts(&asking, region, pages->count == 0 ? STR("") : pages->page);
    TRY(ask(transport, &request, arena, ret_root, reterr_reason));
    return pages_turn(pages, xml_text(*ret_root, "nextToken"), next, reterr_reason);
}

static enum err names_add(struct aws_names *names, str name, struct arena *arena)
{
    if (name.len == 0)
        return ERR_OK;
    if (names->count == names->room) {
        size_t room = names->room == 0 ? 32 : 2 * names->room;
        str *items = ARENA_ARRAY(arena, str, room);
        if (items == NULL)
            return ERR_MEMORY;
        if (names->count > 0)
            memcpy(items, names->items, names->count * sizeof(*items));
        names->items = items;
        names->room = room;
    }
    str copy = arena_copy(arena, name);
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    names->items[names->count++] = copy;
    return ERR_OK;
}

/* What `err` came with, out of the arena of the request. */
static enum err hand_over(
    enum err err, const char *reason, struct arena *arena, const char **reterr_reason)
{
    if (err == ERR_OK || reason == NULL)
        return err;
    return fail(err, arena_format(arena, "%s", reason), reterr_reason);
}

enum err aws_regions(struct transport *transport, struct arena *arena, struct aws_names *names,
    const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(ASKING_BYTES_MAX);
    struct step asking = { .arena = &scratch, .region = { "", 0 } };
    struct request request = ec2_describe_regions(&asking);
    const struct xml *root = NULL;
    const char *reason = NULL;
    enum err err = ask(transport, &request, &scratch, &root, &reason);
    const struct xml *item = err == ERR_OK ? xml_find(root, "regionInfo/item") : NULL;
    for (; item != NULL && err == ERR_OK; item = xml_next(item))
        err = names_add(names, xml_text(item, "regionName"), arena);
    return hand_over(err, reason, arena, reterr_reason);
}

/* Where Organizations is at home, or empty. */
static str organizations_region(str partition)
{
    static const char *const homes[][2] = { { "aws", "us-east-1" }, { "aws-cn", "cn-northwest-1" },
        { "aws-us-gov", "us-gov-west-1" } };
    for (size_t at = 0; at < COUNT_OF(homes); at++)
        if (str_is(partition, homes[at][0]))
            return str_from(homes[at][1]);
    return STR("");
}

static enum err accounts_page(struct transport *transport, str region, struct aws_pages *pages,
    struct arena *arena, struct aws_names *names, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(ASKING_BYTES_MAX);
    struct step asking = { .arena = &scratch, .region = region };
    struct request request =
        organizations_list_accounts(&asking, region, pages->count == 0 ? STR("") : pages->page);
    const struct xml *root = NULL;
    const char *reason = NULL;
    enum err err = ask(transport, &request, &scratch, &root, &reason);
    const struct xml *item = err == ERR_OK ? xml_find(root, "Accounts") : NULL;
    for (; item != NULL && err == ERR_OK; item = xml_next(item))
        if (str_is(xml_text(item, "Status"), "ACTIVE"))
            err = names_add(names, xml_text(item, "Id"), arena);
    if (err == ERR_OK)
        err = pages_turn(pages, xml_text(root, "NextToken"), arena, &reason);
    return hand_over(err, reason, arena, reterr_reason);
}

enum err aws_organization_accounts(struct transport *transport, str partition, struct arena *arena,
    struct aws_names *names, const char **reterr_reason)
{
    struct aws_pages pages = { .is_over = false };
    str region = organizations_region(partition);
    if (region.len == 0)
        return fail(ERR_REFUSED,
            arena_format(arena, "this build does not know where Organizations is in %.*s",
                STR_ARG(partition)),
            reterr_reason);
    while (!pages.is_over)
        TRY(accounts_page(transport, region, &pages, arena, names, reterr_reason));
    return ERR_OK;
}
