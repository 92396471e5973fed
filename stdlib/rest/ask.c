/* ask.c - see ask.h. */
#include "rest/ask.h"

enum { TURN_BYTES_MAX = 24 * 1024 * 1024 };

static enum err fail(const char *reason, const char **reterr_reason)
{
    if (reason == NULL)
        return ERR_MEMORY;
    *reterr_reason = reason;
    return ERR_TRANSPORT;
}

enum err rest_ask(struct transport *transport, const struct speaker *speaker,
    const struct request *request, struct arena *arena, json_t **ret_root,
    const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena turn = ARENA_INIT(TURN_BYTES_MAX);
    struct step asking = { .arena = arena, .found = STR("") };
    struct reply reply;
    struct answer answer;
    if (request->body.ptr == NULL)
        return ERR_MEMORY;
    TRY(transport->send(transport, request, false, arena, &reply, reterr_reason));
    TRY(speaker->read(&turn, &reply, request, &answer));
    if (answer.heard != HEARD_ANSWER)
        return fail(speaker->why(&asking, request, &answer), reterr_reason);
    json_t *root = json_loadb(reply.body.ptr, reply.body.len, JSON_ALLOW_NUL, NULL);
    if (json_is_object(root)) {
        *ret_root = root;
        return ERR_OK;
    }
    json_decref(root);
    return fail(arena_format(arena, "the answer to %s (HTTP %d) cannot be read", request->operation,
                    reply.status),
        reterr_reason);
}
