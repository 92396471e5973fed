#include "aws/connection.h"

#include "aws/credentials.h"
#include "aws/delivery.h"
#include "aws/handout.h"
#include "aws/late_put.h"
#include "aws/process.h"
#include "aws/profiles.h"
#include "aws/selves.h"
#include "aws/token_file.h"
#include "aws/whoami.h"
#include "host/http.h"

#include <stdlib.h>
#include <sys/random.h>

enum {
    /* Settings: a token, addresses, sentences, one identity. */
    CONNECTION_BYTES_MAX = 256 * 1024,
    /* A form with a token, the answer to it, and its tree. */
    FETCH_BYTES_MAX = 1024 * 1024,
    /* Credentials are replaced so long before they expire; half an hour is what the shortest
     * sessions of an instance have left when they are given out. */
    ADVISORY_S = 15 * 60,
    MANDATORY_S = 10 * 60,
    /* Nobody is asked more often than this: for others while those in use are good, or again
     * after a refusal. */
    FETCH_PAUSE_S = 60,
};

struct aws_connection {
    struct transport transport;  /* first: the interface is the object */
    struct arena arena;          /* of what follows */
    struct aws_family *family;   /* of the outermost base, which owns it */
    struct aws_connection *base; /* assumes the role; NULL: the credentials are our own */
    bool owns_base;
    struct http_curl *curl; /* owned; NULL over somebody else's http */
    struct aws_family own_family;
    struct aws_credentials credentials; /* of a connection without a base */
    struct aws_role role;               /* of one with */
    struct aws_keys keys;               /* what requests are signed with now */
    int64_t fetched_at_s;               /* when they were last asked for */
    char *refusal;                      /* why there were none then; owned; NULL: there were */
    bool is_someone_else;               /* they turned out to be somebody else's: not used */
    str identity;                       /* whom AWS takes us for; empty until it is known */
    str instance;                       /* whose role that is, when an instance's; else empty */
    const char *found;
};

/* --- keys that are fetched --- */

/* A transport that signs with keys which are not in use yet. */
struct trial {
    struct transport transport; /* first */
    struct aws_family *family;
    const struct aws_keys *keys;
    const volatile int *stop;
};

static enum err trial_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct trial *trial = (struct trial *)transport;
    struct delivery delivery = { .family = trial->family,
        .request = request,
        .keys = trial->keys,
        .is_change = is_change,
        .stop = trial->stop };
    bool is_expired;
    return aws_deliver(&delivery, arena, ret_reply, &is_expired, reterr_reason);
}

/* Ask AWS whose keys `transport` signs with. EC2 calls the sessions of an instance by its id. */
static enum err identity_ask(struct aws_connection *connection, struct transport *transport,
    struct arena *arena, str *ret_identity, const char **reterr_reason)
{
    str session;
    TRY(aws_whoami(transport, arena, ret_identity, &session, reterr_reason));
    if (str_startswith(session, STR("i-")) && !str_equal(session, connection->instance))
        connection->instance = arena_copy(&connection->arena, session);
    return connection->instance.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Ask AWS whose `keys` are. */
static enum err keys_try(struct aws_connection *connection, const struct aws_keys *keys,
    const volatile int *stop, struct arena *arena, str *ret_identity, const char **reterr_reason)
{
    struct trial trial = { .transport = { .send = trial_send },
        .family = connection->family,
        .keys = keys,
        .stop = stop };
    return identity_ask(connection, &trial.transport, arena, ret_identity, reterr_reason);
}

static enum err connection_ask(struct aws_connection *connection, const struct request *request,
    bool is_change, bool is_secret, const volatile int *stop, struct arena *arena,
    struct reply *ret_reply, const char **reterr_reason);

/* Become the role, over the base. */
static enum err role_take(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, struct aws_keys *keys, str *ret_identity, const char **reterr_reason)
{
    struct request request = { .service = "sts", .operation = "AssumeRole" };
    struct reply reply;
    TRY(aws_role_form(&connection->role, arena, &request.body));
    TRY(connection_ask(
        connection->base, &request, false, true, stop, arena, &reply, reterr_reason));
    return aws_role_answer(
        &connection->role, reply.status, reply.body, arena, keys, ret_identity, reterr_reason);
}

/* Exchange the token, which is read anew each time: whoever keeps it replaces it. */
static enum err web_identity_take(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, struct aws_keys *keys, str *ret_identity, const char **reterr_reason)
{
    const struct aws_credentials *from = &connection->credentials;
    CLEANUP(secret_release) struct secret token = { NULL, 0 };
    struct request request = { .service = "sts", .operation = "AssumeRoleWithWebIdentity" };
    struct delivery delivery = {
        .family = connection->family, .request = &request, .is_secret = true, .stop = stop
    };
    struct reply reply;
    bool is_expired;
    TRY(aws_token_file_read(from->token_file, arena, &token, reterr_reason));
    TRY(aws_role_web_form(&from->role, secret_bytes(&token), arena, &request.body));
    TRY(aws_deliver(&delivery, arena, &reply, &is_expired, reterr_reason));
    return aws_role_answer(
        &from->role, reply.status, reply.body, arena, keys, ret_identity, reterr_reason);
}

/* New keys, and whose they are where the answer says so. */
static enum err keys_ask(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, struct aws_keys *keys, str *ret_identity, const char **reterr_reason)
{
    const struct aws_credentials *from = &connection->credentials;
    struct aws_handout handout = { connection->family->http, connection->family->clock, stop };
    if (connection->base != NULL)
        return role_take(connection, stop, arena, keys, ret_identity, reterr_reason);
    switch (from->source) {
    case AWS_SOURCE_WEB_IDENTITY:
        return web_identity_take(connection, stop, arena, keys, ret_identity, reterr_reason);
    case AWS_SOURCE_PROCESS:
        return aws_process_fetch(
            from->command, handout.clock, AWS_PROCESS_MS_MAX, stop, arena, keys, reterr_reason);
    case AWS_SOURCE_CONTAINER:
        return aws_container_fetch(&handout, from, arena, keys, reterr_reason);
    case AWS_SOURCE_INSTANCE:
        return aws_instance_fetch(&handout, from->url, arena, keys, reterr_reason);
    case AWS_SOURCE_KEYS:
        break;
    }
    *reterr_reason = "there is nobody to ask for other credentials";
    return ERR_CREDENTIALS;
}

/* Whether others could be had in place of the keys. */
static bool can_ask(const struct aws_connection *connection)
{
    return connection->base != NULL || connection->credentials.source != AWS_SOURCE_KEYS;
}

/* Whether keys of `identity` may be used: a connection stays one caller as long as it lives. */
static enum err identity_keep(struct aws_connection *connection, str identity, struct arena *arena,
    const char **reterr_reason)
{
    if (connection->identity.len == 0) {
        connection->identity = arena_copy(&connection->arena, identity);
        return connection->identity.ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    if (str_equal(connection->identity, identity))
        return ERR_OK;
    connection->is_someone_else = true;
    *reterr_reason = arena_format(arena,
        "the credentials from %s are those of %.*s now, and were those of %.*s: nothing is sent "
        "as somebody else",
        connection->found, STR_ARG(identity), STR_ARG(connection->identity));
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

static enum err keys_fetch(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, const char **reterr_reason)
{
    CLEANUP(arena_wipe) struct arena scratch = ARENA_INIT(FETCH_BYTES_MAX);
    struct aws_keys keys = { .expires_at_s = 0 };
    const char *reason = NULL;
    str identity = { "", 0 };
    enum err err = keys_ask(connection, stop, &scratch, &keys, &identity, &reason);
    if (err == ERR_OK && identity.len == 0)
        err = keys_try(connection, &keys, stop, &scratch, &identity, &reason);
    if (err == ERR_OK)
        err = identity_keep(connection, identity, &scratch, &reason);
    if (err == ERR_OK) {
        aws_keys_release(&connection->keys);
        connection->keys = keys;
        connection->is_someone_else = false;
        return ERR_OK;
    }
    aws_keys_release(&keys);
    if (err == ERR_MEMORY || err == ERR_STOPPED)
        return err;
    /* Of the request that is waiting for them nothing was sent. */
    err = err == ERR_TRANSPORT || err == ERR_TIMEOUT ? ERR_REFUSED : err;
    *reterr_reason = arena_format(arena, "%s", reason == NULL ? err_text(err) : reason);
    return *reterr_reason == NULL ? ERR_MEMORY : err;
}

/* Ask for others, unless whoever has them refused just now: a program that fails would else be
 * started anew for each request of each alert. */
static enum err keys_renew(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, const char **reterr_reason)
{
    int64_t now_s = aws_family_now_s(connection->family);
    int64_t ago_s = now_s - connection->fetched_at_s;
    if (connection->refusal != NULL && ago_s >= 0 && ago_s < FETCH_PAUSE_S) {
        *reterr_reason = arena_format(arena, "%s", connection->refusal);
        return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
    }
    free(connection->refusal);
    connection->refusal = NULL;
    enum err err = keys_fetch(connection, stop, arena, reterr_reason);
    connection->fetched_at_s = now_s;
    if (err != ERR_CREDENTIALS)
        return err;
    connection->refusal = strdup(*reterr_reason);
    return connection->refusal == NULL ? ERR_MEMORY : err;
}

/* Whether the keys are to be replaced now, as far as is known without asking AWS. */
static bool keys_are_due(const struct aws_connection *connection, int64_t now_s)
{
    const struct aws_keys *keys = &connection->keys;
    if (keys->access_key_id[0] == '\0')
        return true;
    if (keys->expires_at_s == 0)
        return false;
    int64_t left_s = keys->expires_at_s - now_s;
    bool was_asked = now_s - connection->fetched_at_s < FETCH_PAUSE_S;
    return left_s <= MANDATORY_S ? left_s <= 0 || !was_asked : left_s <= ADVISORY_S && !was_asked;
}

/* Know whose the first keys are before they are used: those that replace them are compared. */
static enum err identity_learn(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, const char **reterr_reason)
{
    str identity;
    if (connection->identity.len > 0 || !can_ask(connection))
        return ERR_OK;
    TRY(keys_try(connection, &connection->keys, stop, arena, &identity, reterr_reason));
    return identity_keep(connection, identity, arena, reterr_reason);
}

/* Replace keys that are due. Ones that are still good do as long as there are no others. */
static enum err keys_freshen(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, const char **reterr_reason)
{
    int64_t now_s = aws_family_now_s(connection->family);
    if (!connection->is_someone_else && !keys_are_due(connection, now_s))
        return ERR_OK;
    const char *reason = NULL;
    enum err err = keys_renew(connection, stop, arena, &reason);
    bool is_still_good =
        connection->keys.access_key_id[0] != '\0' && connection->keys.expires_at_s > now_s;
    if ((err == ERR_CREDENTIALS || err == ERR_REFUSED) && is_still_good
        && !connection->is_someone_else)
        return ERR_OK;
    if (err != ERR_OK && reason != NULL)
        *reterr_reason = reason;
    return err;
}

/* See to it that there are keys which AWS will accept, as far as we know. */
static enum err keys_ready(struct aws_connection *connection, const volatile int *stop,
    struct arena *arena, const char **reterr_reason)
{
    TRY(keys_freshen(connection, stop, arena, reterr_reason));
    enum err err = identity_learn(connection, stop, arena, reterr_reason);
    return err == ERR_TRANSPORT || err == ERR_TIMEOUT ? ERR_REFUSED : err;
}

/* --- requests --- */

/* Whose the evidence is: the connection that the rules name, and no account that it acts in. */
static struct aws_connection *evidence_owner(struct aws_connection *connection)
{
    while (connection->base != NULL && !connection->owns_base)
        connection = connection->base;
    return connection;
}

static enum err connection_ask(struct aws_connection *connection, const struct request *request,
    bool is_change, bool is_secret, const volatile int *stop, struct arena *arena,
    struct reply *ret_reply, const char **reterr_reason)
{
    struct aws_connection *owner = evidence_owner(connection);
    struct delivery delivery = { .family = connection->family,
        .request = request,
        .keys = &connection->keys,
        .owner_keys = &owner->keys,
        .is_change = is_change,
        .is_secret = is_secret,
        .stop = stop };
    bool is_expired;
    const volatile int *fetch_stop = is_change ? NULL : stop;
    TRY(keys_ready(connection, fetch_stop, arena, reterr_reason));
    if (owner != connection)
        TRY(keys_ready(owner, fetch_stop, arena, reterr_reason));
    TRY(aws_deliver(&delivery, arena, ret_reply, &is_expired, reterr_reason));
    if (!is_expired || !can_ask(connection))
        return ERR_OK;
    /* Without others the refusal stands: it is what AWS said. */
    const char *reason = NULL;
    if (keys_renew(connection, fetch_stop, arena, &reason) != ERR_OK)
        return ERR_OK;
    return aws_deliver(&delivery, arena, ret_reply, &is_expired, reterr_reason);
}

static enum err connection_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct aws_connection *connection = (struct aws_connection *)transport;
    const volatile int *stop = connection->family->stop;
    /* S3 is asked about evidence alone. */
    if (strcmp(request->service, "s3") == 0)
        connection = evidence_owner(connection);
    return connection_ask(
        connection, request, is_change, false, stop, arena, ret_reply, reterr_reason);
}

enum err aws_connection_put_url(struct aws_connection *connection, str place, str region,
    uint32_t seconds, struct arena *arena, str *ret_url, const char **reterr_reason)
{
    struct aws_connection *owner = evidence_owner(connection);
    struct aws_family *family = connection->family;
    const char *address;
    TRY(keys_ready(owner, family->stop, arena, reterr_reason));
    struct late_signer signer = { &family->endpoints, &owner->keys, aws_family_now_s(family) };
    enum err err =
        late_put_address(place, region, seconds, &signer, arena, &address, reterr_reason);
    if (err == ERR_OK)
        *ret_url = str_from(address);
    return err == ERR_INVALID ? ERR_REFUSED : err;
}

/* Ask once: a connection is one caller for as long as it lives. */
static enum err connection_where(struct transport *transport, struct arena *arena,
    str *ret_identity, str *ret_region, const char **reterr_reason)
{
    struct aws_connection *connection = (struct aws_connection *)transport;
    if (connection->identity.len == 0)
        TRY(keys_ready(connection, connection->family->stop, arena, reterr_reason));
    str identity = connection->identity;
    if (identity.len == 0) {
        TRY(identity_ask(connection, transport, arena, &identity, reterr_reason));
        connection->identity = arena_copy(&connection->arena, identity);
    }
    identity = arena_copy(arena, identity);
    str region = arena_copy(arena, connection->family->region);
    if (identity.ptr == NULL || region.ptr == NULL)
        return ERR_MEMORY;
    *ret_identity = identity;
    *ret_region = region;
    return ERR_OK;
}

/* Down the chain. Of each link it has to be known who it is. */
static enum err connection_find_self(struct transport *transport, const struct fact *facts,
    struct arena *arena, const char **ret_name, const char **reterr_reason)
{
    struct aws_connection *link = (struct aws_connection *)transport;
    *ret_name = NULL;
    for (; link != NULL; link = link->base) {
        str identity, region;
        TRY(connection_where(&link->transport, arena, &identity, &region, reterr_reason));
        struct aws_self self = { identity, str_from(link->keys.access_key_id), link->instance };
        const struct fact *found = aws_self_find(&self, facts);
        if (found == NULL)
            continue;
        *ret_name =
            arena_format(arena, "%.*s of %.*s", STR_ARG(found->text), STR_ARG(self.identity));
        if (str_equal(found->text, self.identity))
            *ret_name = self.identity.ptr;
        return *ret_name == NULL ? ERR_MEMORY : ERR_OK;
    }
    return ERR_OK;
}

/* --- opening --- */

static struct aws_connection *connection_new(void)
{
    struct aws_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->transport = (struct transport){
        .send = connection_send, .where = connection_where, .find_self = connection_find_self
    };
    connection->arena = (struct arena)ARENA_INIT(CONNECTION_BYTES_MAX);
    connection->identity = connection->instance = STR("");
    return connection;
}

/* Hand over what was opened, or its reason, which lives in the connection. */
static enum err opened(struct aws_connection *connection, enum err err, const char *reason,
    struct arena *arena, struct aws_connection **ret_connection, const char **reterr_reason)
{
    if (err == ERR_OK) {
        *ret_connection = connection;
        return ERR_OK;
    }
    if (reason != NULL) {
        *reterr_reason = arena_format(arena, "%s", reason);
        err = *reterr_reason == NULL ? ERR_MEMORY : err;
    }
    aws_connection_close(connection);
    return err;
}

/* AWS_MAX_ATTEMPTS, else the profile's `max_attempts`. */
static enum err attempts_read(struct aws_connection *connection,
    const struct aws_environment *environment, str in_profile, const char **reterr_reason)
{
    str text = str_from(aws_environment_get(environment, "AWS_MAX_ATTEMPTS"));
    if (text.len == 0)
        text = in_profile;
    unsigned number = 0;
    for (size_t at = 0; at < text.len && number <= RETRY_ATTEMPTS_MAX; at++)
        number = text.ptr[at] >= '0' && text.ptr[at] <= '9'
                     ? number * 10 + (unsigned)(text.ptr[at] - '0')
                     : RETRY_ATTEMPTS_MAX + 1;
    connection->own_family.attempts_max = text.len == 0 ? RETRY_ATTEMPTS : number;
    if (text.len == 0 || (number > 0 && number <= RETRY_ATTEMPTS_MAX))
        return ERR_OK;
    *reterr_reason = "AWS_MAX_ATTEMPTS, or the profile's max_attempts, is no number from 1 to 10";
    return ERR_CREDENTIALS;
}

static enum err profiles_use(struct aws_connection *connection,
    const struct aws_environment *environment, const struct aws_settings *settings,
    const struct aws_profiles *profiles, const char **reterr_reason)
{
    struct aws_credentials *found = &connection->credentials;
    str profile = aws_credentials_profile(environment, settings);
    TRY(aws_credentials_find(
        environment, settings, profiles, &connection->arena, found, reterr_reason));
    connection->own_family.region = found->region;
    connection->found = found->found;
    connection->keys = found->keys;
    found->keys = (struct aws_keys){ .expires_at_s = 0 };
    TRY(attempts_read(connection, environment, aws_profiles_text(profiles, profile, "max_attempts"),
        reterr_reason));
    return aws_endpoints_read(environment, settings->url, profiles, profile, &connection->arena,
        &connection->own_family.endpoints, reterr_reason);
}

/* Nobody said that this is an instance, so find out now. */
static enum err instance_probe(struct aws_connection *connection, const char **reterr_reason)
{
    CLEANUP(arena_wipe) struct arena scratch = ARENA_INIT(FETCH_BYTES_MAX);
    const char *reason = NULL;
    str identity;
    enum err err = keys_ask(connection, NULL, &scratch, &connection->keys, &identity, &reason);
    connection->fetched_at_s = aws_family_now_s(connection->family);
    if (err == ERR_OK || err == ERR_MEMORY)
        return err;
    *reterr_reason = arena_format(&connection->arena,
        "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, the shared "
        "files have none, and %s: set the two, or AWS_PROFILE",
        reason == NULL ? err_text(err) : reason);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* The region of an instance, when nobody said one. */
static enum err region_probe(struct aws_connection *connection, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(FETCH_BYTES_MAX);
    struct aws_family *family = connection->family;
    struct aws_handout handout = { family->http, family->clock, NULL };
    const char *reason = NULL;
    str region;
    enum err err =
        aws_instance_region(&handout, connection->credentials.url, &scratch, &region, &reason);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_OK)
        family->region = arena_copy(&connection->arena, region);
    else
        *reterr_reason =
            arena_format(&connection->arena, "no AWS region: none is set, and %s: set AWS_REGION",
                reason == NULL ? err_text(err) : reason);
    return connection->arena.is_full ? ERR_MEMORY : err == ERR_OK ? ERR_OK : ERR_CREDENTIALS;
}

static enum err settings_read(struct aws_connection *connection,
    const struct aws_environment *environment, const struct aws_settings *settings,
    const char **reterr_reason)
{
    CLEANUP(aws_profiles_release)
    struct aws_profiles profiles = { .credentials = { NULL, 0, NULL } };
    TRY(aws_profiles_read(environment, &connection->arena, &profiles, reterr_reason));
    TRY(profiles_use(connection, environment, settings, &profiles, reterr_reason));
    if (connection->credentials.is_last_resort)
        TRY(instance_probe(connection, reterr_reason));
    return connection->family->region.len > 0 ? ERR_OK : region_probe(connection, reterr_reason);
}

static enum err open_own(struct http *http, uint64_t seed,
    const struct aws_environment *environment, const struct aws_settings *settings,
    struct clock *clock, struct arena *arena, struct aws_connection **ret_connection,
    const char **reterr_reason)
{
    struct aws_connection *connection = connection_new();
    const char *reason = NULL;
    if (connection == NULL)
        return ERR_MEMORY;
    connection->family = &connection->own_family;
    connection->own_family = (struct aws_family){
        .http = http, .clock = clock, .chance = seed, .attempts_max = RETRY_ATTEMPTS
    };
    enum err err = settings_read(connection, environment, settings, &reason);
    return opened(connection, err, reason, arena, ret_connection, reterr_reason);
}

static enum err role_copy(struct aws_connection *connection, const struct aws_role *role)
{
    struct arena *arena = &connection->arena;
    connection->role =
        (struct aws_role){ arena_copy(arena, role->arn), arena_copy(arena, role->external_id),
            arena_copy(arena, role->session_name), role->duration_s };
    connection->found =
        arena_format(arena, "%s as %.*s", connection->base->found, STR_ARG(connection->role.arn));
    return connection->arena.is_full ? ERR_MEMORY : ERR_OK;
}

enum err aws_connection_open_role(struct aws_connection *base, const struct aws_role *role,
    struct arena *arena, struct aws_connection **ret_connection, const char **reterr_reason)
{
    const char *fault = aws_role_fault(role);
    if (fault != NULL) {
        *reterr_reason = arena_format(arena, "%.*s %s", STR_ARG(str_first(role->arn, 200)), fault);
        return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
    }
    struct aws_connection *connection = connection_new();
    if (connection == NULL)
        return ERR_MEMORY;
    connection->base = base;
    connection->family = base->family;
    return opened(
        connection, role_copy(connection, role), NULL, arena, ret_connection, reterr_reason);
}

/* Put a connection as `role` in the place of `*connection`, which it owns. */
static enum err role_stack(struct aws_connection **connection, const struct aws_role *role,
    struct arena *arena, const char **reterr_reason)
{
    struct aws_connection *outer;
    TRY(aws_connection_open_role(*connection, role, arena, &outer, reterr_reason));
    outer->owns_base = true;
    *connection = outer;
    return ERR_OK;
}

enum err aws_connection_open_over(struct http *http, uint64_t seed,
    const struct aws_environment *environment, const struct aws_settings *settings,
    struct clock *clock, struct arena *arena, struct aws_connection **ret_connection,
    const char **reterr_reason)
{
    static const struct aws_settings none = { .timeout_ms = 0 };
    const struct aws_settings *given = settings == NULL ? &none : settings;
    struct aws_connection *connection;
    TRY(open_own(http, seed, environment, given, clock, arena, &connection, reterr_reason));
    enum err err = ERR_OK;
    const struct aws_credentials *found = &connection->credentials;
    for (uint32_t left = found->roles_count; left > 0 && err == ERR_OK; left--)
        err = role_stack(&connection, &found->roles[left - 1], arena, reterr_reason);
    if (err == ERR_OK && given->role.len > 0) {
        struct aws_role role = { given->role, given->external_id, given->session_name, 0 };
        err = role_stack(&connection, &role, arena, reterr_reason);
    }
    if (err == ERR_OK)
        *ret_connection = connection;
    else
        aws_connection_close(connection);
    return err;
}

/* Chance that two processes started together do not share. */
static uint64_t seed_make(struct clock *clock)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)clock->now_ms(clock);
    return seed;
}

/* The way that the settings ask for. */
static enum err way_open(const struct aws_environment *environment,
    const struct aws_settings *settings, struct arena *arena, struct http_curl **ret_curl,
    const char **reterr_reason)
{
    struct http_curl_options options = { .ca_file =
                                             aws_environment_get(environment, "AWS_CA_BUNDLE") };
    /* Rules are refused with one that is written out; this one was looked up. */
    if (settings != NULL && str_find(settings->proxy, '@') < settings->proxy.len) {
        *reterr_reason = "the proxy of the connection has a user or password in it: write it "
                         "without, or set HTTPS_PROXY";
        return ERR_CREDENTIALS;
    }
    if (settings != NULL) {
        options.total_timeout_ms = settings->timeout_ms;
        if (settings->ca_file.len > 0)
            options.ca_file = arena_copy(arena, settings->ca_file).ptr;
        if (settings->proxy.len > 0)
            options.proxy = arena_copy(arena, settings->proxy).ptr;
    }
    return arena->is_full ? ERR_MEMORY : http_curl_new(&options, ret_curl);
}

enum err aws_connection_open(const struct aws_environment *environment,
    const struct aws_settings *settings, struct clock *clock, struct arena *arena,
    struct aws_connection **ret_connection, const char **reterr_reason)
{
    struct http_curl *curl;
    TRY(way_open(environment, settings, arena, &curl, reterr_reason));
    enum err err = aws_connection_open_over(http_curl_interface(curl), seed_make(clock),
        environment, settings, clock, arena, ret_connection, reterr_reason);
    if (err == ERR_OK)
        (*ret_connection)->curl = curl;
    else
        http_curl_free(curl);
    return err;
}

struct transport *aws_connection_transport(struct aws_connection *connection)
{
    return &connection->transport;
}

str aws_connection_region(const struct aws_connection *connection)
{
    return connection->family->region;
}

bool aws_connection_clock(const struct aws_connection *connection, int64_t *ret_ahead_s)
{
    *ret_ahead_s = connection->family->shown_s;
    return connection->family->has_shown;
}

const char *aws_connection_found(const struct aws_connection *connection)
{
    return connection->found;
}

int64_t aws_connection_now_ms(const struct aws_connection *connection)
{
    const struct aws_family *family = connection->family;
    return family->clock->now_ms(family->clock) + family->skew_s * 1000;
}

void aws_connection_heed(struct aws_connection *connection, const volatile int *stop)
{
    connection->family->stop = stop;
}

/* This one, without what it owns below. */
static void connection_free(struct aws_connection *connection)
{
    aws_credentials_release(&connection->credentials);
    aws_keys_release(&connection->keys);
    free(connection->refusal);
    arena_release(&connection->arena);
    free(connection);
}

void aws_connection_close(struct aws_connection *connection)
{
    while (connection != NULL) {
        struct aws_connection *below = connection->owns_base ? connection->base : NULL;
        http_curl_free(connection->curl);
        connection_free(connection);
        connection = below;
    }
}
