/* falcon_client.h - somebody who calls a REST API below a prefix of the sandbox with a bearer token. */
#pragma once

#include "sandbox_client.h"

#define FALCON_ID "c0ffee00111122223333444455556666"
#define FALCON_SECRET "sandbox-secret-of-cdr-falcon"
#define FALCON_LOGIN "client_id=" FALCON_ID "&client_secret=" FALCON_SECRET
#define JSON_TYPE "application/json"

/* Send `body` (JSON, or "" for none) to `path` below /_crowdstrike; the status. */
static inline long falcon(
    struct client *client, const char *method, const char *path, const char *body)
{
    client_send(client, method, arena_format(&client->arena, "/_crowdstrike%s", path), NULL,
        JSON_TYPE, str_from(body));
    return client->status;
}

/* Take a token and send it from now on; `form` is what is logged in with. */
static inline void falcon_login(struct client *client, const char *form)
{
    client->header = NULL;
    client_send(client, "POST", "/_crowdstrike/oauth2/token", NULL,
        "application/x-www-form-urlencoded", str_from(form));
    assert_int_equal(client->status, 201);
    json_t *reply = json_loads(client->body.ptr, 0, NULL);
    client->header = arena_format(&client->arena, "Authorization: Bearer %s",
        json_string_value(json_object_get(reply, "access_token")));
    json_decref(reply);
}

/* What is to go wrong from now on, as JSON. */
static inline void set_faults(struct client *client, const char *faults)
{
    client_send(client, "POST", "/_sandbox/faults", NULL, JSON_TYPE, str_from(faults));
    assert_int_equal(client->status, 200);
}

/* The last reply as JSON; kept until the client's arena goes. */
static inline json_t *falcon_reply(struct client *client)
{
    json_t *reply = json_loads(client->body.ptr, 0, NULL);
    assert_non_null(reply);
    assert_true(arena_add_guest(&client->arena, (void (*)(void *))json_decref, reply));
    return reply;
}

/* resources[0] of the last reply. */
static inline json_t *falcon_first(struct client *client)
{
    return json_array_get(json_object_get(falcon_reply(client), "resources"), 0);
}

#define assert_falcon_refused(wanted_status, text)                                                 \
    do {                                                                                           \
        if (client->status != (wanted_status))                                                     \
            fail_msg("%ld: %s", client->status, client->body.ptr);                                 \
        assert_says("\"resources\":[]");                                                           \
        assert_says(text);                                                                         \
    } while (0)
