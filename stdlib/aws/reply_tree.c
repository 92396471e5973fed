#include "aws/reply_tree.h"

#include "talk/json_tree.h"
#include "aws/service.h"

/* A tree without anything in it. */
static enum err nothing_parse(struct arena *arena, const struct xml **ret_root)
{
    struct xml *root = ARENA_NEW(arena, struct xml);
    if (root == NULL)
        return ERR_MEMORY;
    *root = (struct xml){ .name = STR("Response"), .text = STR("") };
    *ret_root = root;
    return ERR_OK;
}

/* What stands behind an address of API Gateway answers as it likes. */
static enum err free_parse(struct arena *arena, str body, const struct xml **ret_root)
{
    enum err err = ERR_INVALID;
    if (body.len > 0 && body.ptr[0] == '{')
        err = json_tree_parse(arena, body, ret_root);
    return err == ERR_OK || err == ERR_MEMORY ? err : nothing_parse(arena, ret_root);
}

enum err reply_tree_parse(
    struct arena *arena, const char *service, str body, const struct xml **ret_root)
{
    enum aws_service found = aws_service_find(service);
    enum aws_protocol protocol =
        found == AWS_SERVICE_COUNT ? AWS_PROTOCOL_QUERY : aws_service_info(found)->protocol;
    char first = body.len > 0 ? body.ptr[0] : '\0';
    if (found == AWS_EXECUTE_API)
        return free_parse(arena, body, ret_root);
    if (protocol == AWS_PROTOCOL_QUERY)
        return xml_parse(arena, body, ret_root);
    if (protocol != AWS_PROTOCOL_REST || first == '{')
        return json_tree_parse(arena, body, ret_root);
    return first == '<' ? xml_parse(arena, body, ret_root) : nothing_parse(arena, ret_root);
}

bool reply_tree_error(const struct xml *root, str *ret_code, str *ret_message)
{
    return xml_error(root, ret_code, ret_message) || json_tree_error(root, ret_code, ret_message);
}

bool reply_error_of(
    struct arena *arena, const char *service, str body, str *ret_code, str *ret_message)
{
    const struct xml *root;
    return reply_tree_parse(arena, service, body, &root) == ERR_OK
           && reply_tree_error(root, ret_code, ret_message);
}
