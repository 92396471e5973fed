/* microsoft_client.h - somebody who calls Microsoft's APIs of the sandbox. */
#pragma once

#include "sandbox_client.h"

#define TENANT "5a5db0c5-0000-4000-8000-0000000c0ffe"
#define CDR                                                                                        \
    "client_id=0c0ffee0-0000-4000-8000-00000000c001&client_secret=sandbox-secret-of-cdr-defender"
#define READER                                                                                     \
    "client_id=0c0ffee0-0000-4000-8000-00000000c002&client_secret=sandbox-secret-of-cdr-reader"
#define ADMIN                                                                                      \
    "client_id=0c0ffee0-0000-4000-8000-00000000c003&client_secret=sandbox-secret-of-cdr-admin"
#define DEFENDER_SCOPE "https%3A%2F%2Fapi.securitycenter.microsoft.com%2F.default"
#define GRAPH_SCOPE "https%3A%2F%2Fgraph.microsoft.com%2F.default"
#define LINUX "d0c0ffee00000000000000000000000000000001"
#define WINDOWS "d0c0ffee00000000000000000000000000000002"
#define OFFLINE "d0c0ffee00000000000000000000000000000003"
#define MAC "d0c0ffee00000000000000000000000000000004"
#define ISOLATED "d0c0ffee00000000000000000000000000000005"
#define ABSENT "d0c0ffee00000000000000000000000000000009"

/* Send `body` (JSON, or "" for none) to `path` below /_microsoft; the status. */
static inline long microsoft(
    struct client *client, const char *method, const char *path, const char *body)
{
    client_send(client, method, arena_format(&client->arena, "/_microsoft%s", path), NULL,
        "application/json", str_from(body));
    return client->status;
}

/* POST a form to the login; the status. */
static inline long microsoft_login(struct client *client, const char *tenant, const char *form)
{
    client->header = NULL;
    client_send(client, "POST",
        arena_format(&client->arena, "/_microsoft/%s/oauth2/v2.0/token", tenant), NULL,
        "application/x-www-form-urlencoded", str_from(form));
    return client->status;
}

/* The last reply as JSON; kept until the client's arena goes. */
static inline json_t *reply_of(struct client *client)
{
    json_t *reply = json_loadb(client->body.ptr, client->body.len, 0, NULL);
    if (reply == NULL)
        fail_msg("no JSON: %s", client->body.ptr);
    assert_true(arena_add_guest(&client->arena, (void (*)(void *))json_decref, reply));
    return reply;
}

static inline const char *reply_text(struct client *client, const char *key)
{
    const char *text = json_string_value(json_object_get(reply_of(client), key));
    return text == NULL ? "" : text;
}

static inline json_t *reply_value(struct client *client)
{
    return json_object_get(reply_of(client), "value");
}

/* Take a token and send it from now on. */
static inline void log_in(struct client *client, const char *who, const char *scope)
{
    const char *form =
        arena_format(&client->arena, "grant_type=client_credentials&%s&scope=%s", who, scope);
    if (microsoft_login(client, TENANT, form) != 200)
        fail_msg("%ld: %s", client->status, client->body.ptr);
    client->header = arena_format(
        &client->arena, "Authorization: Bearer %s", reply_text(client, "access_token"));
}

/* The last call was refused with that status, code and, somewhere, text. */
#define assert_microsoft_refused(wanted_status, wanted_code, text)                                 \
    do {                                                                                           \
        const json_t *error_ = json_object_get(reply_of(client), "error");                         \
        const char *code_ = json_is_string(error_)                                                 \
                                ? json_string_value(error_)                                        \
                                : json_string_value(json_object_get(error_, "code"));              \
        if (client->status != (wanted_status) || code_ == NULL || strcmp(code_, wanted_code) != 0) \
            fail_msg("%ld: %s", client->status, client->body.ptr);                                 \
        assert_says(text);                                                                         \
    } while (0)

/* Live response without its limit of ten calls a minute: the tests are faster than people. */
static inline struct client *client_unlimited(void)
{
    struct client *client = client_new(STR(""));
    json_t *world = control_get(client, "state");
    json_object_set_new(json_object_get(world, "microsoft"), "limits",
        json_pack("{s:i}", "liveResponseAMinute", 0));
    char *text = json_dumps(world, 0);
    json_decref(world);
    client_free(client);
    client = client_new(str_from(text));
    free(text);
    return client;
}
