/* connect_edr.c - see connect_edr.h. */
#include "driver/connect_edr.h"

#include "driver/connect.h"
#include "driver/setting_text.h"

#include "crowdstrike/connection.h"
#include "defender/connection.h"
#include "host/http.h"

#include <stdlib.h>
#include <sys/random.h>

enum { WAYS_MAX = 64, SECRETS_BYTES_MAX = 256 * 1024 };

struct edr_way {
    struct edr_way *next;
    struct arena arena;
    enum edr edr;
    const struct connection_setting *settings; /* copies */
    uint32_t setting_count;
    bool is_tried;
    bool is_unset; /* a setting could not be looked up */
    struct http_curl *curl;
    struct rest_connection *connection; /* NULL: not opened */
    const char *reason;                 /* why not, once it was tried */
};

/* Providers, and who may ask the sandbox (sandbox/world_crowdstrike.json, world_microsoft.json). */
static const struct {
    const char *provider;
    const char *below; /* the sandbox's address */
    const char *tenant;
    const char *client_id;
    const char *client_secret;
} edrs[] = {
    [EDR_CROWDSTRIKE] = { "crowdstrike", "_crowdstrike", "", "c0ffee00111122223333444455556666",
        "sandbox-secret-of-cdr-falcon" },
    [EDR_DEFENDER] = { "defender", "_microsoft", "5a5db0c5-0000-4000-8000-0000000c0ffe",
        "0c0ffee0-0000-4000-8000-00000000c001", "sandbox-secret-of-cdr-defender" },
};

enum edr edr_find(const char *provider)
{
    enum edr edr = 0;
    while (edr < EDR_COUNT && (provider == NULL || strcmp(edrs[edr].provider, provider) != 0))
        edr++;
    return edr;
}

/* --- ways --- */

static void way_release(struct edr_way *way)
{
    rest_connection_close(way->connection);
    http_curl_free(way->curl);
    arena_wipe(&way->arena);
    free(way);
}

void edr_release(struct connector *connector)
{
    while (connector->edr.all != NULL) {
        struct edr_way *next = connector->edr.all->next;
        way_release(connector->edr.all);
        connector->edr.all = next;
    }
    connector->edr = (struct edr_ways){ .count = 0 };
}

static struct edr_way *way_new(enum edr edr, const struct connection_code *connection)
{
    struct edr_way *way = calloc(1, sizeof(*way));
    if (way == NULL)
        return NULL;
    way->edr = edr;
    way->settings = settings_copy(&way->arena, connection);
    way->setting_count = connection->setting_count;
    if (way->settings != NULL)
        return way;
    way_release(way);
    return NULL;
}

/* The way that the connection says, kept or new; NULL: no memory. */
static struct edr_way *way_of(
    struct edr_ways *ways, enum edr edr, const struct connection_code *connection)
{
    for (struct edr_way *way = ways->all; way != NULL; way = way->next)
        if (way->edr == edr && settings_are(way->settings, way->setting_count, connection))
            return way;
    struct edr_way *way = way_new(edr, connection);
    if (way == NULL)
        return NULL;
    way->next = ways->all;
    ways->all = way;
    ways->count++;
    return way;
}

static const struct connection_code *connection_of(const struct program *program, enum edr edr)
{
    for (uint32_t at = 0; program != NULL && at < program->connection_count; at++)
        if (str_is(program->connections[at].provider, edrs[edr].provider))
            return &program->connections[at];
    return NULL;
}

enum err edr_use(struct connector *connector, const struct program *program)
{
    struct edr_ways *ways = &connector->edr;
    if (ways->count + EDR_COUNT > WAYS_MAX)
        edr_release(connector);
    ways->connector = connector;
    for (enum edr edr = 0; edr < EDR_COUNT; edr++) {
        const struct connection_code *connection = connection_of(program, edr);
        ways->used[edr] = connection == NULL ? NULL : way_of(ways, edr, connection);
        if (connection != NULL && ways->used[edr] == NULL)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* --- addresses to upload to --- */

static enum err signer_put(struct rest_signer *signer, str place, str region, uint32_t seconds,
    struct arena *arena, str *ret_url, const char **reterr_reason)
{
    struct edr_ways *ways = (struct edr_ways *)signer;
    const char *reason = NULL;
    struct aws_connection *base = connector_base(ways->connector, &reason);
    if (base != NULL)
        return aws_connection_put_url(base, place, region, seconds, arena, ret_url, reterr_reason);
    *reterr_reason =
        arena_format(arena, "an address to upload evidence to needs a connection to AWS: %s",
            reason == NULL ? err_text(ERR_CREDENTIALS) : reason);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* --- opening --- */

/* Everything that the settings say, looked up; `secrets` has what may be one. */
struct found {
    struct arena secrets;
    struct secret client_secret;
    struct secret certificate;
    str tenant, client_id, member_cid, cloud, geo, url, evidence, ca_file, proxy;
    uint32_t timeout_ms;
};

static void found_release(struct found *found)
{
    secret_release(&found->client_secret);
    secret_release(&found->certificate);
    arena_wipe(&found->secrets);
}

/* Where the setting goes; both NULL: nowhere. */
static void home_of(struct found *found, str key, str **ret_text, struct secret **ret_secret)
{
    struct {
        const char *key;
        str *text;
        struct secret *secret;
    } const rows[] = {
        { "tenant", &found->tenant, NULL },
        { "client_id", &found->client_id, NULL },
        { "client_secret", NULL, &found->client_secret },
        { "certificate", NULL, &found->certificate },
        { "member_cid", &found->member_cid, NULL },
        { "cloud", &found->cloud, NULL },
        { "geo", &found->geo, NULL },
        { "url", &found->url, NULL },
        { "evidence", &found->evidence, NULL },
        { "ca_file", &found->ca_file, NULL },
        { "proxy", &found->proxy, NULL },
    };
    *ret_text = NULL;
    *ret_secret = NULL;
    for (size_t at = 0; at < COUNT_OF(rows); at++)
        if (str_is(key, rows[at].key)) {
            *ret_text = rows[at].text;
            *ret_secret = rows[at].secret;
        }
}

/* On the sandbox who we are is the sandbox's to say, and what is looked up may be missing. */
static bool is_of_client(str key)
{
    static const char *const keys[] = { "tenant", "client_id", "client_secret", "certificate",
        "member_cid", "cloud", "geo", "url", "ca_file", "proxy" };
    for (size_t at = 0; at < COUNT_OF(keys); at++)
        if (str_is(key, keys[at]))
            return true;
    return false;
}

static enum err find_one(struct connector *connector, struct edr_way *way, struct found *found,
    const struct connection_setting *setting)
{
    struct secret *secret;
    str *home, text;
    home_of(found, setting->key, &home, &secret);
    if (str_is(setting->key, "timeout")) {
        found->timeout_ms =
            setting->duration_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)setting->duration_ms;
        return ERR_OK;
    }
    if (home == NULL && secret == NULL) {
        way->reason = arena_format(&connector->arena,
            "`%.*s` of the connection to %s is not kept by this build", STR_ARG(setting->key),
            edrs[way->edr].provider);
        return way->reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
    }
    way->is_unset = true;
    enum err err = setting_text(setting, aws_environment_process(), &found->secrets,
        &connector->arena, &text, &way->reason);
    if (err == ERR_CREDENTIALS)
        way->reason = arena_format(
            &connector->arena, "the connection to %s: %s", edrs[way->edr].provider, way->reason);
    TRY(err);
    way->is_unset = false;
    if (secret != NULL)
        return secret_set(secret, text);
    *home = text;
    return ERR_OK;
}

/* Everything of the client in place of what the rules say. ERR_MEMORY. */
static enum err sandbox_find(const char *sandbox, enum edr edr, struct found *found)
{
    found->tenant = str_from(edrs[edr].tenant);
    found->client_id = str_from(edrs[edr].client_id);
    found->url = str_from(arena_format(&found->secrets, "%s/%s", sandbox, edrs[edr].below));
    TRY(secret_set(&found->client_secret, str_from(edrs[edr].client_secret)));
    return found->secrets.is_full ? ERR_MEMORY : ERR_OK;
}

static enum err all_find(struct connector *connector, struct edr_way *way, struct found *found)
{
    const char *sandbox = aws_environment_get(aws_environment_process(), "CDR_SANDBOX_URL");
    for (uint32_t at = 0; at < way->setting_count; at++)
        if (sandbox == NULL || !is_of_client(way->settings[at].key))
            TRY(find_one(connector, way, found, &way->settings[at]));
    return sandbox == NULL ? ERR_OK : sandbox_find(sandbox, way->edr, found);
}

static enum err curl_open(struct edr_way *way, const struct found *found)
{
    struct http_curl_options options = { .total_timeout_ms = found->timeout_ms };
    if (str_find(found->proxy, '@') < found->proxy.len) {
        way->reason = "the proxy of the connection has a user or password in it: write it without, "
                      "or set HTTPS_PROXY";
        return ERR_CREDENTIALS;
    }
    if (found->ca_file.len > 0)
        options.ca_file = arena_copy(&way->arena, found->ca_file).ptr;
    if (found->proxy.len > 0)
        options.proxy = arena_copy(&way->arena, found->proxy).ptr;
    return way->arena.is_full ? ERR_MEMORY : http_curl_new(&options, &way->curl);
}

/* Chance that two processes started together do not share. */
static uint64_t seed_make(struct clock *clock)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)clock->now_ms(clock);
    return seed;
}

static enum err connection_open(
    struct connector *connector, struct edr_way *way, const struct found *found)
{
    struct http *http = http_curl_interface(way->curl);
    struct clock *clock = connector->clock;
    /* Evidence at S3 is uploaded by the host itself. */
    str folder = str_startswith(found->evidence, STR("s3://")) ? STR("") : found->evidence;
    if (way->edr == EDR_CROWDSTRIKE) {
        struct crowdstrike_settings settings = { found->cloud, found->url, found->client_id,
            &found->client_secret, found->member_cid, folder, found->timeout_ms };
        return crowdstrike_connection_open(&settings, http, seed_make(clock), clock,
            &connector->arena, &way->connection, &way->reason);
    }
    struct defender_settings settings = { found->tenant, found->client_id, &found->client_secret,
        &found->certificate, found->cloud, found->geo, found->url, folder, found->timeout_ms };
    return defender_connection_open(&settings, http, seed_make(clock), clock, &connector->arena,
        &way->connection, &way->reason);
}

static enum err way_open(struct connector *connector, struct edr_way *way)
{
    CLEANUP(found_release) struct found found = { .secrets = ARENA_INIT(SECRETS_BYTES_MAX) };
    found.tenant = found.client_id = found.member_cid = found.cloud = found.geo = STR("");
    found.url = found.evidence = found.ca_file = found.proxy = STR("");
    TRY(all_find(connector, way, &found));
    TRY(curl_open(way, &found));
    TRY(connection_open(connector, way, &found));
    connector->edr.signer.put = signer_put;
    rest_connection_heed(way->connection, connector->stop);
    rest_connection_sign_with(way->connection, &connector->edr.signer);
    return ERR_OK;
}

struct transport *edr_reach(struct connector *connector, enum edr edr, const char **reterr_reason)
{
    struct edr_way *way = connector->edr.used[edr];
    if (way == NULL) {
        *reterr_reason = arena_format(&connector->arena,
            "the rules have no connection to %s: add `connection NAME { provider = %s .. }`",
            edrs[edr].provider, edrs[edr].provider);
        return NULL;
    }
    if (!way->is_tried) {
        enum err err = way_open(connector, way);
        if (err != ERR_OK && way->reason == NULL)
            way->reason = err_text(err);
        way->is_tried = true;
    }
    *reterr_reason = way->reason;
    return way->connection == NULL ? NULL : rest_connection_transport(way->connection);
}

struct rest_connection *edr_connection(const struct connector *connector, enum edr edr)
{
    return connector->edr.used[edr] == NULL ? NULL : connector->edr.used[edr]->connection;
}

bool edr_lacks_setting(const struct connector *connector)
{
    for (enum edr edr = 0; edr < EDR_COUNT; edr++)
        if (connector->edr.used[edr] != NULL && connector->edr.used[edr]->is_unset)
            return true;
    return false;
}
