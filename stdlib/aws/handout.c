#include "aws/handout.h"

#include "aws/token_file.h"

enum {
    INSTANCE_MS = 1000,
    CONTAINER_MS = 2000,
    CONTAINER_ATTEMPTS = 3,
    CONTAINER_PAUSE_MS = 1000,
    NAME_BYTES_MAX_ROLE = 256,
    TOKEN_BYTES_MAX = 4096,
    HEADERS = 2,
};

static enum err fail(
    struct arena *arena, const char *who, const char *why, const char **reterr_reason)
{
    *reterr_reason = why == NULL ? NULL : arena_format(arena, "%s %s", who, why);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* One exchange; nothing is sent by way of a proxy. */
static enum err ask(const struct aws_handout *handout, const char *method, const char *url,
    const struct http_header *header, uint32_t timeout_ms, struct arena *arena, str *ret_body,
    int *ret_status, const char **reterr_reason)
{
    struct http_reply reply;
    struct http_request request = { .method = method,
        .url = url,
        .headers = header,
        .headers_count = header == NULL ? 0 : 1,
        .stop = handout->stop,
        .timeout_ms = timeout_ms,
        .is_direct = true,
        .is_secret = true };
    enum err err = handout->http->send(handout->http, &request, arena, &reply, reterr_reason);
    if (err == ERR_TRANSPORT || err == ERR_TIMEOUT)
        return ERR_REFUSED;
    TRY(err);
    *ret_body = reply.body;
    *ret_status = reply.status;
    return ERR_OK;
}

/* --- an instance --- */

#define INSTANCE "the metadata service of this instance"

/* Whether `text` is one word that may stand in a header or a path. */
static bool is_word(str text, size_t most)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] <= ' ' || text.ptr[at] > '~' || strchr("\"#%/?\\", text.ptr[at]) != NULL)
            return false;
    return text.len > 0 && text.len <= most;
}

static bool is_token(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] <= ' ' || text.ptr[at] > '~')
            return false;
    return text.len > 0 && text.len <= TOKEN_BYTES_MAX;
}

/* A token for the questions that follow; it is never asked without one. */
static enum err token_ask(const struct aws_handout *handout, const char *url, struct arena *arena,
    str *ret_token, const char **reterr_reason)
{
    const struct http_header lifetime = { STR("X-aws-ec2-metadata-token-ttl-seconds"),
        STR("21600") };
    const char *address = arena_format(arena, "%slatest/api/token", url);
    int status;
    if (address == NULL)
        return ERR_MEMORY;
    TRY(ask(
        handout, "PUT", address, &lifetime, INSTANCE_MS, arena, ret_token, &status, reterr_reason));
    if (status != 200 || !is_token(*ret_token))
        return fail(arena, INSTANCE,
            arena_format(arena, "gave no token of version 2 (HTTP %d): %s", status,
                status == 403 ? "it is turned off" : "is this an instance?"),
            reterr_reason);
    return ERR_OK;
}

static enum err instance_ask(const struct aws_handout *handout, const char *url, str token,
    const char *path, str more, struct arena *arena, str *ret_body, const char **reterr_reason)
{
    const struct http_header header = { STR("X-aws-ec2-metadata-token"), token };
    const char *address = arena_format(arena, "%slatest/%s%.*s", url, path, STR_ARG(more));
    int status;
    if (address == NULL)
        return ERR_MEMORY;
    TRY(ask(
        handout, "GET", address, &header, INSTANCE_MS, arena, ret_body, &status, reterr_reason));
    if (status == 200)
        return ERR_OK;
    return fail(arena, INSTANCE,
        status == 404 ? "has no credentials: the instance has no role"
                      : arena_format(arena, "answers HTTP %d", status),
        reterr_reason);
}

enum err aws_instance_fetch(const struct aws_handout *handout, const char *url, struct arena *arena,
    struct aws_keys *keys, const char **reterr_reason)
{
    static const char path[] = "meta-data/iam/security-credentials/";
    str token, role, body;
    const char *fault = NULL;
    TRY(token_ask(handout, url, arena, &token, reterr_reason));
    TRY(instance_ask(handout, url, token, path, STR(""), arena, &role, reterr_reason));
    role = str_first(role, str_find(role, '\n'));
    if (!is_word(role, NAME_BYTES_MAX_ROLE))
        return fail(arena, INSTANCE, "names no role", reterr_reason);
    TRY(instance_ask(handout, url, token, path, role, arena, &body, reterr_reason));
    enum err err = aws_keys_read(keys, body, "Token", true, 0, arena, &fault);
    if (err != ERR_INVALID)
        return err;
    return fail(
        arena, INSTANCE, arena_format(arena, "gave what is of no use: %s", fault), reterr_reason);
}

enum err aws_instance_region(const struct aws_handout *handout, const char *url,
    struct arena *arena, str *ret_region, const char **reterr_reason)
{
    str token;
    TRY(token_ask(handout, url, arena, &token, reterr_reason));
    TRY(instance_ask(handout, url, token, "meta-data/placement/region", STR(""), arena, ret_region,
        reterr_reason));
    return is_word(*ret_region, 32) ? ERR_OK
                                    : fail(arena, INSTANCE, "names no region", reterr_reason);
}

/* --- a container --- */

#define CONTAINER "the container's agent for credentials"

/* One attempt. *ret_again: another may do better. */
static enum err container_ask(const struct aws_handout *handout, const char *url, str token,
    struct arena *arena, struct aws_keys *keys, bool *ret_again, const char **reterr_reason)
{
    const struct http_header header = { STR("Authorization"), token };
    const char *fault = NULL;
    int status;
    str body;
    *ret_again = true;
    TRY(ask(handout, "GET", url, token.len > 0 ? &header : NULL, CONTAINER_MS, arena, &body,
        &status, reterr_reason));
    *ret_again = status >= 500 || status == 429;
    if (status != 200)
        return fail(
            arena, CONTAINER, arena_format(arena, "answers HTTP %d", status), reterr_reason);
    enum err err = aws_keys_read(keys, body, "Token", true, 0, arena, &fault);
    if (err != ERR_INVALID)
        return err;
    return fail(
        arena, CONTAINER, arena_format(arena, "gave what is of no use: %s", fault), reterr_reason);
}

static enum err container_try(const struct aws_handout *handout, const char *url, str token,
    struct arena *arena, struct aws_keys *keys, const char **reterr_reason)
{
    for (unsigned number = 1;; number++) {
        bool may_again = false;
        enum err err = container_ask(handout, url, token, arena, keys, &may_again, reterr_reason);
        if ((err != ERR_CREDENTIALS && err != ERR_REFUSED) || !may_again
            || number == CONTAINER_ATTEMPTS)
            return err;
        if (!clock_wait(handout->clock, CONTAINER_PAUSE_MS, handout->stop))
            return ERR_STOPPED;
    }
}

enum err aws_container_fetch(const struct aws_handout *handout, const struct aws_credentials *from,
    struct arena *arena, struct aws_keys *keys, const char **reterr_reason)
{
    CLEANUP(secret_release) struct secret read = { NULL, 0 };
    if (from->token_file != NULL)
        TRY(aws_token_file_read(from->token_file, arena, &read, reterr_reason));
    str token = secret_bytes(from->token_file != NULL ? &read : &from->token);
    for (size_t at = 0; at < token.len; at++)
        if (token.ptr[at] < ' ' || token.ptr[at] > '~')
            return fail(arena, CONTAINER, "cannot be asked: its token has what no header may have",
                reterr_reason);
    return container_try(handout, from->url, token, arena, keys, reterr_reason);
}
