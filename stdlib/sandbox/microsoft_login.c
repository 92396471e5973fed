/* Tokens for applications: the client credentials flow of the Microsoft identity platform.
 * https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
#include "base/sha256.h"
#include "sandbox/microsoft.h"

#include <inttypes.h>

enum { LIFETIME_S = 3599, TOKENS_MAX = 1000 };

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* What a token can be for, in each cloud. */
static const struct resource {
    const char *cloud;
    const char *service;
    const char *audience;
} resources[] = {
    { "commercial", "graph", "https://graph.microsoft.com" },
    { "commercial", "defender", "https://api.securitycenter.microsoft.com" },
    { "commercial", "defender", "https://securitycenter.onmicrosoft.com/windowsatpservice" },
    { "gcc", "graph", "https://graph.microsoft.com" },
    { "gcc", "defender", "https://api-gcc.securitycenter.microsoft.us" },
    { "gcc_high", "graph", "https://graph.microsoft.us" },
    { "gcc_high", "defender", "https://api-gov.securitycenter.microsoft.us" },
    { "dod", "graph", "https://dod-graph.microsoft.us" },
    { "dod", "defender", "https://api-gov.securitycenter.microsoft.us" },
    { "china", "graph", "https://microsoftgraph.chinacloudapi.cn" },
};

/* Refuse in Entra's words: `sentence` begins with its code, "AADSTS700016: ...". False. */
static bool refuse(struct edr_call *call, int status, const char *error, const char *sentence)
{
    return edr_refuse(call, status, error, "%s", sentence);
}

/* ---- who asks ---- */

static bool is_assertion_good(struct edr_call *call, const json_t *client)
{
    const char *type = edr_form(call, "client_assertion_type");
    const char *end = arena_format(call->arena, "/%s/oauth2/v2.0/token", edr_place(call, "tenant"));
    if (type == NULL || strcmp(type, ASSERTION_TYPE) != 0)
        return refuse(call, 400, "invalid_request",
            "AADSTS900144: The request body must contain the following parameter: "
            "'client_assertion_type', the type for JWT.");
    const char *fault = microsoft_assertion_fault(
        call, str_from(edr_form(call, "client_assertion")), client, end == NULL ? "" : end);
    return fault == NULL || refuse(call, 401, "invalid_client", fault);
}

static bool is_secret_good(struct edr_call *call, const json_t *client)
{
    const char *secret = edr_form(call, "client_secret");
    if (secret == NULL)
        return refuse(call, 401, "invalid_client",
            "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the "
            "'client_credentials' grant type.");
    if (world_text(client, "secret")[0] == '\0'
        || strcmp(secret, world_text(client, "secret")) != 0)
        return refuse(call, 401, "invalid_client",
            "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the "
            "request is the client secret value, not the client secret ID.");
    return true;
}

/* The client that asks, proved; NULL: refused. */
static const json_t *find_client(struct edr_call *call)
{
    const char *assertion = edr_form(call, "client_assertion");
    const char *id = edr_form(call, "client_id");
    if (id == NULL && assertion != NULL)
        id = microsoft_assertion_subject(call, str_from(assertion));
    if (id == NULL) {
        refuse(call, 400, "invalid_request",
            "AADSTS900144: The request body must contain the following parameter: 'client_id'.");
        return NULL;
    }
    const json_t *client = microsoft_find(call, "clients", "clientId", id);
    if (client == NULL)
        refuse(call, 400, "unauthorized_client",
            arena_format(call->arena,
                "AADSTS700016: Application with identifier '%s' was not found in the directory.",
                id));
    else if (assertion != NULL ? is_assertion_good(call, client) : is_secret_good(call, client))
        return client;
    return NULL;
}

/* ---- what for ---- */

static const struct resource *find_resource(struct edr_call *call)
{
    const char *cloud = world_text(call->tenant, "cloud");
    str scope = str_from(edr_form(call, "scope"));
    if (!str_endswith(scope, STR("/.default"))) {
        refuse(call, 400, "invalid_scope",
            "AADSTS1002012: The provided value for scope is not valid. Client credential flows "
            "must have a scope value with /.default suffixed to the resource identifier "
            "(application ID URI).");
        return NULL;
    }
    str audience = str_first(scope, scope.len - strlen("/.default"));
    for (size_t at = 0; at < COUNT_OF(resources); at++)
        if (strcmp(resources[at].cloud, cloud) == 0 && str_is(audience, resources[at].audience))
            return &resources[at];
    refuse(call, 400, "invalid_resource",
        arena_format(call->arena,
            "AADSTS500011: The resource principal named %.*s was not found in the tenant.",
            STR_ARG(audience)));
    return NULL;
}

/* ---- the token ---- */

/* One part of a token: JSON (stolen) in base64url; empty without memory. */
static str part(struct arena *arena, json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    str encoded = microsoft_base64url(arena, str_from(text));
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
    json_decref(json);
    return encoded.ptr == NULL ? STR("") : encoded;
}

/* A JWT as Entra issues it, but that its signature is nobody's: it counts because the world has it. */
static const char *token_text(struct edr_call *call, const json_t *client,
    const struct resource *resource, const json_t *roles)
{
    json_int_t now_s = call->now_ms / 1000;
    char hash[SHA256_HEX_SIZE];
    str header = part(
        call->arena, json_pack("{s:s,s:s,s:s}", "typ", "JWT", "alg", "RS256", "kid", "sandbox"));
    str claims = part(call->arena,
        json_pack("{s:s,s:s,s:I,s:I,s:I,s:s,s:O,s:s,s:s}", "aud", resource->audience, "iss",
            arena_format(
                call->arena, "https://sts.windows.net/%s/", world_text(call->tenant, "tenantId")),
            "iat", now_s, "nbf", now_s, "exp", now_s + LIFETIME_S, "appid",
            world_text(client, "clientId"), "roles", roles, "tid",
            world_text(call->tenant, "tenantId"), "uti", edr_mint_hex(call)));
    if (sha256_hex(claims, hash) != ERR_OK)
        return NULL;
    return arena_format(call->arena, "%.*s.%.*s.%s", STR_ARG(header), STR_ARG(claims), hash);
}

static void keep(struct edr_call *call, json_t *token)
{
    json_t *tokens = json_object_get(call->tenant, "tokens");
    for (size_t at = json_array_size(tokens); at-- > 0;)
        if (world_number(json_array_get(tokens, at), "expiresAtMs") <= call->now_ms)
            json_array_remove(tokens, at);
    if (json_array_size(tokens) >= TOKENS_MAX)
        json_array_remove(tokens, 0);
    if (json_array_append_new(tokens, token) != 0)
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
}

static void answer_token(
    struct edr_call *call, const json_t *client, const struct resource *resource)
{
    bool is_graph = strcmp(resource->service, "graph") == 0;
    json_t *roles = json_object_get(client, is_graph ? "graphRoles" : "defenderRoles");
    const char *text = token_text(call, client, resource, roles);
    if (text == NULL) {
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
        return;
    }
    keep(call, json_pack("{s:s,s:s,s:s,s:O,s:I}", "token", text, "service", resource->service,
                   "clientId", world_text(client, "clientId"), "scopes", roles, "expiresAtMs",
                   (json_int_t)(call->now_ms + LIFETIME_S * 1000)));
    call->caller = world_text(client, "clientId");
    call->answer = json_pack("{s:s,s:i,s:i,s:s}", "token_type", "Bearer", "expires_in", LIFETIME_S,
        "ext_expires_in", LIFETIME_S, "access_token", text);
}

void sandbox_microsoft_get_token(struct edr_call *call)
{
    const char *grant = edr_form(call, "grant_type");
    const char *tenant = edr_place(call, "tenant");
    if (strcmp(tenant, world_text(call->tenant, "tenantId")) != 0
        && strcmp(tenant, world_text(call->tenant, "domain")) != 0) {
        refuse(call, 400, "invalid_request",
            arena_format(call->arena, "AADSTS90002: Tenant '%s' not found.", tenant));
        return;
    }
    if (grant == NULL || strcmp(grant, "client_credentials") != 0) {
        refuse(call, 400, "unsupported_grant_type",
            "AADSTS70003: The app requested an unsupported grant type.");
        return;
    }
    const json_t *client = find_client(call);
    const struct resource *resource = client == NULL ? NULL : find_resource(call);
    if (resource != NULL)
        answer_token(call, client, resource);
}
