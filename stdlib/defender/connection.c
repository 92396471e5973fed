#include "defender/connection.h"

#include "rest/download.h"
#include "rest/settings.h"
#include "rest/voice.h"

enum { RENEW_S = 120 };

struct cloud {
    const char *name;
    const char *login;
    const char *defender; /* NULL: it is not offered there */
    const char *audience; /* of it */
    const char *graph;    /* its own audience too */
};

static const struct cloud clouds[] = {
    { "commercial", "https://login.microsoftonline.com", "https://api.security.microsoft.com",
        "https://api.securitycenter.microsoft.com", "https://graph.microsoft.com" },
    { "gcc", "https://login.microsoftonline.com", "https://api-gcc.securitycenter.microsoft.us",
        "https://api-gcc.securitycenter.microsoft.us", "https://graph.microsoft.com" },
    { "gcc_high", "https://login.microsoftonline.us", "https://api-gov.securitycenter.microsoft.us",
        "https://api-gov.securitycenter.microsoft.us", "https://graph.microsoft.us" },
    { "dod", "https://login.microsoftonline.us", "https://api-gov.securitycenter.microsoft.us",
        "https://api-gov.securitycenter.microsoft.us", "https://dod-graph.microsoft.us" },
    { "china", "https://login.partner.microsoftonline.cn", NULL, NULL,
        "https://microsoftgraph.chinacloudapi.cn" },
};

static const char not_in_china[] = "Microsoft Defender for Endpoint is not offered in the Chinese "
                                   "cloud: only Microsoft Graph is asked";

/* Ids stand in paths, claims, reasons and the journal. */
static const char *settings_fault(const struct defender_settings *settings)
{
    static const char *const geos[] = { "", "us", "eu", "uk", "au", "swa" };
    bool has_secret = settings->client_secret != NULL && settings->client_secret->len > 0;
    bool has_certificate = settings->certificate != NULL && settings->certificate->len > 0;
    bool is_geo = false;
    for (size_t at = 0; at < COUNT_OF(geos); at++)
        is_geo |= str_is(settings->geo, geos[at]);
    if (!rest_id_is_plain(settings->tenant))
        return "tenant of the connection to Defender is no directory id";
    if (!rest_id_is_plain(settings->client_id))
        return "client_id of the connection to Defender is no id of an app registration";
    if (has_secret == has_certificate)
        return "the connection to Defender needs a client_secret or a certificate, and not both";
    if (!is_geo)
        return "geo of the connection to Defender is none of us, eu, uk, au, swa";
    if (settings->geo.len > 0 && settings->cloud.len > 0 && !str_is(settings->cloud, "commercial"))
        return "geo of the connection to Defender is for the commercial cloud alone";
    return rest_evidence_fault(settings->evidence);
}

static const struct cloud *cloud_find(str name)
{
    for (size_t at = 0; at < COUNT_OF(clouds); at++)
        if (str_is(name, clouds[at].name))
            return &clouds[at];
    return name.len == 0 ? &clouds[0] : NULL;
}

/* "https://eu.api.security.microsoft.com"; ptr NULL: the arena is full. */
static str defender_base(const struct cloud *cloud, str geo, struct arena *arena)
{
    if (cloud->defender == NULL || geo.len == 0)
        return str_from(cloud->defender);
    const char *base =
        arena_format(arena, "https://%.*s.%s", STR_ARG(geo), cloud->defender + strlen("https://"));
    return (str){ base, base == NULL ? 0 : strlen(base) };
}

static enum err services_set(const struct defender_settings *settings, const struct cloud *cloud,
    str url, struct arena *arena, struct rest_plan *plan)
{
    str login = url.len > 0 ? url : str_from(cloud->login);
    const char *token_url = arena_format(
        arena, "%.*s/%.*s/oauth2/v2.0/token", STR_ARG(login), STR_ARG(settings->tenant));
    const char *scope = arena_format(
        arena, "%s/.default", cloud->audience == NULL ? cloud->graph : cloud->audience);
    const char *graph_scope = arena_format(arena, "%s/.default", cloud->graph);
    str base = defender_base(cloud, settings->geo, arena);
    if (token_url == NULL || scope == NULL || graph_scope == NULL || base.ptr == NULL)
        return ERR_MEMORY;
    plan->services[0] = (struct rest_service_plan){ .name = "defender",
        .base = url.len > 0 ? url : base,
        .token_url = str_from(token_url),
        .scope = str_from(scope),
        .absent = cloud->defender == NULL ? not_in_china : NULL,
        .links_of = REST_DOWNLOAD_MDE };
    plan->services[1] = (struct rest_service_plan){ .name = "graph",
        .base = url.len > 0 ? url : str_from(cloud->graph),
        .token_url = str_from(token_url),
        .scope = str_from(graph_scope) };
    plan->services[2] = (struct rest_service_plan){ .name = REST_DOWNLOAD_MDE,
        .base = url,
        .token_url = STR(""),
        .scope = STR(""),
        .is_download = true };
    plan->services_count = 3;
    return ERR_OK;
}

static enum err secrets_set(const struct defender_settings *settings, struct oauth_client *client)
{
    if (settings->certificate != NULL && settings->certificate->len > 0)
        return secret_set(&client->certificate, secret_bytes(settings->certificate));
    return secret_set(&client->client_secret, secret_bytes(settings->client_secret));
}

enum err defender_connection_open(const struct defender_settings *settings, struct http *http,
    uint64_t seed, struct clock *clock, struct arena *arena,
    struct rest_connection **ret_connection, const char **reterr_reason)
{
    const struct cloud *cloud = cloud_find(settings->cloud);
    str url = STR("");
    *reterr_reason = settings_fault(settings);
    if (*reterr_reason == NULL && cloud == NULL)
        *reterr_reason =
            "cloud of the connection to Defender is none of commercial, gcc, gcc_high, "
            "dod, china";
    if (*reterr_reason != NULL)
        return ERR_CREDENTIALS;
    if (settings->url.len > 0)
        TRY(rest_url_check(settings->url, &url, reterr_reason));
    const char *identity = arena_format(
        arena, "microsoft:%.*s/%.*s", STR_ARG(settings->tenant), STR_ARG(settings->client_id));
    struct rest_plan plan = { .vendor = "Microsoft",
        .speaker = &microsoft_speaker,
        .identity = str_from(identity),
        .renew_s = RENEW_S,
        .evidence = settings->evidence,
        .timeout_ms = settings->timeout_ms };
    plan.client.client_id = settings->client_id;
    plan.client.member_cid = STR("");
    if (identity == NULL)
        return ERR_MEMORY;
    TRY(services_set(settings, cloud, url, arena, &plan));
    TRY(secrets_set(settings, &plan.client));
    return rest_connection_new(&plan, http, seed, clock, ret_connection);
}
