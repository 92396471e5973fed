#include "aws/whoami.h"

#include "aws/replies.h"
#include "aws/requests.h"
#include "aws/voice.h"

enum { MESSAGE_BYTES_MAX = 400 };

static enum err fail(enum err err, const char *reason, const char **reterr_reason)
{
    if (reason == NULL)
        return ERR_MEMORY;
    *reterr_reason = reason;
    return err;
}

static enum err unreadable(
    struct arena *arena, const struct reply *reply, const char **reterr_reason)
{
    return fail(ERR_TRANSPORT,
        arena_format(arena,
            "GetCallerIdentity: the answer (HTTP %d) does not say whom AWS takes us for",
            reply->status),
        reterr_reason);
}

/* AWS answered, with an error. */
static enum err declined(
    struct arena *arena, const struct answer *answer, const char **reterr_reason)
{
    bool is_denied = answer_is_denied(answer);
    return fail(is_denied ? ERR_CREDENTIALS : ERR_TRANSPORT,
        arena_format(arena, "%s GetCallerIdentity (%.*s: %.*s)",
            is_denied ? "AWS does not accept the connection's credentials for" : "AWS declined",
            STR_ARG(answer->code), STR_ARG(str_first(answer->message, MESSAGE_BYTES_MAX))),
        reterr_reason);
}

/* The ARN without the session: a role is the same one in each of its sessions. */
static str without_session(const struct caller *caller)
{
    if (caller->role.len == 0)
        return caller->arn;
    const char *role_end = caller->role.ptr + caller->role.len;
    return str_first(caller->arn, (size_t)(role_end - caller->arn.ptr));
}

static enum err identity_read(struct arena *arena, const struct reply *reply, str *ret_identity,
    str *ret_session, const char **reterr_reason)
{
    const struct xml *root = NULL;
    struct answer answer = { .heard = HEARD_ERROR };
    struct caller caller;
    enum err err = xml_parse(arena, reply->body, &root);
    if (err == ERR_OK && xml_error(root, &answer.code, &answer.message)) {
        struct request asked = { .service = "sts", .operation = "GetCallerIdentity" };
        struct answer heard;
        TRY(aws_speaker.read(arena, reply, &asked, &heard));
        answer.is_forbidden = heard.is_forbidden;
        answer.is_bad_credential = heard.is_bad_credential;
        return declined(arena, &answer, reterr_reason);
    }
    if (err == ERR_OK && reply->status == 200)
        err = reply_caller(arena, root, &caller);
    else if (err == ERR_OK)
        err = ERR_NOT_FOUND;
    if (err == ERR_MEMORY)
        return err;
    if (err != ERR_OK)
        return unreadable(arena, reply, reterr_reason);
    *ret_identity = without_session(&caller);
    if (ret_session != NULL)
        *ret_session = caller.session;
    return ERR_OK;
}

enum err aws_whoami(struct transport *transport, struct arena *arena, str *ret_identity,
    str *ret_session, const char **reterr_reason)
{
    struct step asking = { .arena = arena, .region = { "", 0 } };
    struct request request = sts_get_caller_identity(&asking);
    struct reply reply;
    if (request.body.ptr == NULL)
        return ERR_MEMORY;
    TRY(transport->send(transport, &request, false, arena, &reply, reterr_reason));
    return identity_read(arena, &reply, ret_identity, ret_session, reterr_reason);
}
