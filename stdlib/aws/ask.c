/* ask.c - see ask.h. */
#include "aws/ask.h"

#include "aws/reply_tree.h"

enum { MESSAGE_BYTES_MAX = 400 };

static enum err fail(const char *reason, const char **reterr_reason)
{
    if (reason == NULL)
        return ERR_MEMORY;
    *reterr_reason = reason;
    return ERR_TRANSPORT;
}

enum err aws_ask(struct transport *transport, const struct request *request, struct arena *arena,
    json_t **ret_root, const char **reterr_reason)
{
    struct reply reply;
    str code;
    str message;
    if (request->body.ptr == NULL)
        return ERR_MEMORY;
    TRY(transport->send(transport, request, false, arena, &reply, reterr_reason));
    if (reply.status >= 400 && reply_error_of(arena, request->service, reply.body, &code, &message))
        return fail(arena_format(arena, "AWS declined %s (%.*s: %.*s)", request->operation,
                        STR_ARG(code), STR_ARG(str_first(message, MESSAGE_BYTES_MAX))),
            reterr_reason);
    json_t *root = reply.status >= 400
                       ? NULL
                       : json_loadb(reply.body.ptr, reply.body.len, JSON_ALLOW_NUL, NULL);
    if (json_is_object(root)) {
        *ret_root = root;
        return ERR_OK;
    }
    json_decref(root);
    return fail(arena_format(arena, "the answer to %s (HTTP %d) cannot be read", request->operation,
                    reply.status),
        reterr_reason);
}
