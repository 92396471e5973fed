#include "crowdstrike/connection.h"

#include "rest/settings.h"
#include "rest/voice.h"

enum { RENEW_S = 120 };

/* How settings spell them, and what they are. */
static const char *const names[] = { "us1", "us2", "eu1", "gov1", "gov2" };
static const struct rest_home homes[] = {
    { "us-1", "https://api.crowdstrike.com" },
    { "us-2", "https://api.us-2.crowdstrike.com" },
    { "eu-1", "https://api.eu-1.crowdstrike.com" },
    { "us-gov-1", "https://api.laggar.gcw.crowdstrike.com" },
    { "us-gov-2", "https://api.us-gov-2.crowdstrike.mil" },
};
static_assert(COUNT_OF(names) == COUNT_OF(homes), "each cloud has a name");

static enum err base_find(
    const struct crowdstrike_settings *settings, str *ret_base, const char **reterr_reason)
{
    if (settings->url.len > 0)
        return rest_url_check(settings->url, ret_base, reterr_reason);
    for (size_t at = 0; at < COUNT_OF(homes); at++)
        if (str_is(settings->cloud, names[at])) {
            *ret_base = str_from(homes[at].base);
            return ERR_OK;
        }
    *reterr_reason = "the connection to CrowdStrike names no cloud: us1, us2, eu1, gov1 or gov2";
    return ERR_CREDENTIALS;
}

/* Ids stand in forms, in reasons and in the journal. */
static const char *settings_fault(const struct crowdstrike_settings *settings)
{
    if (!rest_id_is_plain(settings->client_id))
        return "client_id of the connection to CrowdStrike is no id of an API client";
    if (settings->member_cid.len > 0 && !rest_id_is_plain(settings->member_cid))
        return "member_cid of the connection to CrowdStrike is no id of a tenant";
    if (settings->client_secret == NULL || settings->client_secret->len == 0)
        return "the connection to CrowdStrike has no client_secret";
    return rest_evidence_fault(settings->evidence);
}

enum err crowdstrike_connection_open(const struct crowdstrike_settings *settings, struct http *http,
    uint64_t seed, struct clock *clock, struct arena *arena,
    struct rest_connection **ret_connection, const char **reterr_reason)
{
    str base;
    *reterr_reason = settings_fault(settings);
    if (*reterr_reason != NULL)
        return ERR_CREDENTIALS;
    TRY(base_find(settings, &base, reterr_reason));
    const char *token_url = arena_format(arena, "%.*s/oauth2/token", STR_ARG(base));
    const char *identity =
        arena_format(arena, "crowdstrike:%.*s%s%.*s", STR_ARG(settings->member_cid),
            settings->member_cid.len > 0 ? "/" : "", STR_ARG(settings->client_id));
    struct rest_plan plan = { .vendor = "CrowdStrike",
        .speaker = &crowdstrike_speaker,
        .identity = str_from(identity),
        .services = { { .name = "crowdstrike",
            .base = base,
            .token_url = str_from(token_url),
            .scope = STR("") } },
        .services_count = 1,
        .homes = settings->url.len > 0 ? NULL : homes,
        .homes_count = settings->url.len > 0 ? 0 : COUNT_OF(homes),
        .renew_s = RENEW_S,
        .evidence = settings->evidence,
        .timeout_ms = settings->timeout_ms };
    plan.client.client_id = settings->client_id;
    plan.client.member_cid = settings->member_cid;
    if (token_url == NULL || identity == NULL)
        return ERR_MEMORY;
    TRY(secret_set(&plan.client.client_secret, secret_bytes(settings->client_secret)));
    return rest_connection_new(&plan, http, seed, clock, ret_connection);
}
