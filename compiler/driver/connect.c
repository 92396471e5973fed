/* connect.c - see connect.h. */
#include "driver/connect.h"

#include "driver/setting_text.h"

#include "arn.h"
#include "aws/hosts.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAYS_MAX = 64,      /* sets of settings that are kept open at once */
    MEMBERS_MAX = 1000, /* accounts of one way */
    SECRETS_BYTES_MAX = 256 * 1024,
    REFUSED_MS = 60 * 1000, /* a role that was refused is not asked for again before */
};

/* An account that is not our own, as its member role. */
struct member {
    str account;
    struct aws_connection *connection; /* NULL: refused */
    const char *reason;
    int64_t refused_ms;
    bool is_told; /* the reason, to whoever reads a report */
};

struct aws_way {
    struct aws_way *next;
    struct arena arena;
    const struct connection_setting *settings; /* copies */
    uint32_t setting_count;
    bool is_tried;
    struct aws_connection *base; /* NULL: not opened */
    const char *reason;          /* why not, once it was tried */
    bool is_told;                /* that, to whoever reads a report */
    bool is_unset;               /* a setting could not be looked up */
    str account;                 /* whom it must turn out to be, or empty */
    str member_role;             /* or empty */
    str external_id;
    str session_name;
    str own_account; /* as AWS says; empty until it was asked */
    str own_arn;     /* the same: a role, and not its session */
    str partition;
    struct member members[MEMBERS_MAX];
    uint32_t member_count;
    const str *named; /* accounts that the rules name */
    uint32_t named_count;
    bool has_organization;
    bool knows_ours;
    struct aws_names ours; /* active accounts of the organization, once they were asked for */
    const char *ours_reason;
    int64_t ours_refused_ms;
};

/* ---- ways ---- */

static void way_release(struct aws_way *way)
{
    for (uint32_t at = 0; at < way->member_count; at++)
        aws_connection_close(way->members[at].connection);
    aws_connection_close(way->base);
    arena_wipe(&way->arena);
    free(way);
}

static void ways_release(struct connector *connector)
{
    while (connector->ways != NULL) {
        struct aws_way *next = connector->ways->next;
        way_release(connector->ways);
        connector->ways = next;
    }
    connector->way_count = 0;
    connector->way = NULL;
}

/* How rules reach AWS: the settings of its first connection. */
static const struct connection_code *connection_of(const struct program *program)
{
    for (uint32_t at = 0; program != NULL && at < program->connection_count; at++)
        if (str_is(program->connections[at].provider, "aws"))
            return &program->connections[at];
    return NULL;
}

static bool has_account(const str *accounts, size_t count, str account)
{
    for (size_t at = 0; at < count; at++)
        if (str_equal(accounts[at], account))
            return true;
    return false;
}

/* The way is kept for all rules that say the same of it. */
static bool way_leads_to(const struct aws_way *way, const struct program *program)
{
    uint32_t count = program == NULL ? 0 : program->account_count;
    if (way->named_count != count
        || way->has_organization != (program != NULL && program->has_organization))
        return false;
    for (uint32_t at = 0; at < count; at++)
        if (!str_equal(way->named[at], program->accounts[at]))
            return false;
    return true;
}

/* Copies: a way outlives the program. */
static void way_lead_to(struct aws_way *way, const struct program *program)
{
    uint32_t count = program == NULL ? 0 : program->account_count;
    str *named = ARENA_ARRAY(&way->arena, str, count + 1);
    for (uint32_t at = 0; named != NULL && at < count; at++)
        named[at] = arena_copy(&way->arena, program->accounts[at]);
    way->named = named;
    way->named_count = named == NULL ? 0 : count;
    way->has_organization = program != NULL && program->has_organization;
}

static struct aws_way *way_new(
    const struct connection_code *connection, const struct program *program)
{
    struct aws_way *way = calloc(1, sizeof(*way));
    if (way == NULL)
        return NULL;
    way->settings = settings_copy(&way->arena, connection);
    way->setting_count = connection == NULL ? 0 : connection->setting_count;
    way->account = way->member_role = way->external_id = way->session_name = STR("");
    way->own_account = way->own_arn = way->partition = STR("");
    way_lead_to(way, program);
    if (!way->arena.is_full)
        return way;
    way_release(way);
    return NULL;
}

enum err connector_use(struct connector *connector, const struct program *program)
{
    const struct connection_code *connection = connection_of(program);
    struct aws_way *way = connector->ways;
    while (way != NULL
           && !(settings_are(way->settings, way->setting_count, connection)
                && way_leads_to(way, program)))
        way = way->next;
    if (way == NULL) {
        if (connector->way_count >= WAYS_MAX)
            ways_release(connector);
        way = way_new(connection, program);
        if (way == NULL)
            return ERR_MEMORY;
        way->next = connector->ways;
        connector->ways = way;
        connector->way_count++;
    }
    connector->way = way;
    connector->aws_reason = way->reason;
    return edr_use(connector, program);
}

/* ---- the base ---- */

/* Everything that the settings say, looked up. What may be a secret lives in `secrets`. */
struct found {
    struct arena secrets;
    struct secret secret_access_key;
    struct secret session_token;
    struct aws_settings settings;
};

static void found_release(struct found *found)
{
    secret_release(&found->secret_access_key);
    secret_release(&found->session_token);
    arena_wipe(&found->secrets);
}

/* What steps were given when their rules were compiled, and the time of a request. */
static bool is_of_steps(const struct connection_setting *setting)
{
    static const char *const keys[] = { "evidence", "forensic_account", "ip_set", "timeout" };
    for (size_t at = 0; at < COUNT_OF(keys); at++)
        if (str_is(setting->key, keys[at]))
            return true;
    return false;
}

static enum err find_one(struct connector *connector, struct aws_way *way, struct found *found,
    const struct connection_setting *setting)
{
    struct aws_settings *settings = &found->settings;
    struct {
        const char *key;
        str *text;
        struct secret *secret;
    } const rows[] = {
        { "profile", &settings->profile, NULL },
        { "region", &settings->region, NULL },
        { "url", &settings->url, NULL },
        { "access_key_id", &settings->access_key_id, NULL },
        { "secret_access_key", NULL, &found->secret_access_key },
        { "session_token", NULL, &found->session_token },
        { "role", &settings->role, NULL },
        { "external_id", &way->external_id, NULL },
        { "session_name", &way->session_name, NULL },
        { "ca_file", &settings->ca_file, NULL },
        { "proxy", &settings->proxy, NULL },
        { "account", &way->account, NULL },
        { "member_role", &way->member_role, NULL },
    };
    if (str_is(setting->key, "timeout"))
        settings->timeout_ms =
            setting->duration_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)setting->duration_ms;
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        str text;
        if (!str_is(setting->key, rows[at].key))
            continue;
        enum err err = setting_text(setting, aws_environment_process(), &found->secrets,
            &connector->arena, &text, &way->reason);
        if (err == ERR_CREDENTIALS)
            way->reason = arena_format(&connector->arena, "the connection: %s", way->reason);
        TRY(err);
        if (rows[at].secret != NULL)
            return secret_set(rows[at].secret, text);
        /* what is looked up may not outlive this */
        *rows[at].text = arena_copy(&way->arena, text);
        return rows[at].text->ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    if (is_of_steps(setting))
        return ERR_OK;
    way->reason = arena_format(&connector->arena,
        "`%.*s` of the connection is not kept by this build", STR_ARG(setting->key));
    return way->reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

static enum err base_open(struct connector *connector, struct aws_way *way)
{
    CLEANUP(found_release) struct found found = { .secrets = ARENA_INIT(SECRETS_BYTES_MAX) };
    for (uint32_t at = 0; at < way->setting_count; at++) {
        way->is_unset = true;
        TRY(find_one(connector, way, &found, &way->settings[at]));
        way->is_unset = false;
    }
    struct aws_settings *settings = &found.settings;
    if (found.secret_access_key.len > 0)
        settings->secret_access_key = &found.secret_access_key;
    if (found.session_token.len > 0)
        settings->session_token = &found.session_token;
    settings->external_id = way->external_id;
    settings->session_name = way->session_name;
    TRY(aws_connection_open(aws_environment_process(), settings, connector->clock,
        &connector->arena, &way->base, &way->reason));
    aws_connection_heed(way->base, connector->stop);
    return ERR_OK;
}

/* The way in use, with its base; NULL with the reason. */
static struct aws_way *way_open(struct connector *connector, const char **reterr_reason)
{
    if (connector->way == NULL && connector_use(connector, NULL) != ERR_OK) {
        *reterr_reason = err_text(ERR_MEMORY);
        return NULL;
    }
    struct aws_way *way = connector->way;
    if (!way->is_tried) {
        enum err err = base_open(connector, way);
        if (err != ERR_OK && way->reason == NULL)
            way->reason = err_text(err);
        way->is_tried = true;
        connector->aws_reason = way->reason;
    }
    *reterr_reason = way->reason;
    return way->base == NULL ? NULL : way;
}

/* ---- who we are ---- */

/* What a trust policy names: of sessions of a role the role. */
static enum err own_arn(struct arena *arena, const struct arn *arn, str identity, str *ret_arn)
{
    str session = STR("assumed-role/");
    str name = str_skip(arn->resource, session.len);
    const char *role = "";
    if (!str_startswith(arn->resource, session)) {
        *ret_arn = arena_copy(arena, identity);
        return ret_arn->ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    role = arena_format(arena, "arn:%.*s:iam::%.*s:role/%.*s", STR_ARG(arn->partition),
        STR_ARG(arn->account), STR_ARG(str_first(name, str_find(name, '/'))));
    if (role == NULL)
        return ERR_MEMORY;
    *ret_arn = str_from(role);
    return ERR_OK;
}

static enum err ask(struct connector *connector, struct aws_way *way, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(4 * REPLY_BYTES_MAX);
    struct transport *transport = aws_connection_transport(way->base);
    const char *reason = NULL;
    str identity;
    str region;
    struct arn arn;
    if (way->own_account.len > 0)
        return ERR_OK;
    enum err err = transport->where(transport, &arena, &identity, &region, &reason);
    if (err != ERR_OK) {
        *reterr_reason =
            arena_format(&connector->arena, "%s", reason == NULL ? err_text(err) : reason);
        return *reterr_reason == NULL ? ERR_MEMORY : err;
    }
    if (!arn_read(identity, &arn) || arn.account.len == 0) {
        *reterr_reason = "AWS does not say in which account we are";
        return ERR_CREDENTIALS;
    }
    TRY(own_arn(&way->arena, &arn, identity, &way->own_arn));
    way->partition = arena_copy(&way->arena, arn.partition);
    way->own_account = arena_copy(&way->arena, arn.account);
    return way->arena.is_full ? ERR_MEMORY : ERR_OK;
}

static enum err mute_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    const struct mute_transport *mute = (const struct mute_transport *)transport;
    (void)request, (void)is_change, (void)ret_reply;
    *reterr_reason = arena_format(arena, "%s", mute->reason);
    if (*reterr_reason == NULL)
        return ERR_MEMORY;
    return mute->err == ERR_CREDENTIALS || mute->err == ERR_STOPPED ? mute->err : ERR_REFUSED;
}

static enum err mute_where(struct transport *transport, struct arena *arena, str *ret_identity,
    str *ret_region, const char **reterr_reason)
{
    const struct mute_transport *mute = (const struct mute_transport *)transport;
    *ret_identity = *ret_region = STR("");
    *reterr_reason = arena_format(arena, "%s", mute->reason);
    return *reterr_reason == NULL ? ERR_MEMORY : mute->err;
}

/* AWS does not say who we are, so nothing is sent: whoever asks again is told the same. */
static struct transport *be_mute(struct connector *connector, enum err err, const char *reason)
{
    connector->mute = (struct mute_transport){ { .send = mute_send, .where = mute_where }, err,
        reason == NULL ? err_text(err) : reason };
    return &connector->mute.transport;
}

/* ---- other accounts ---- */

static const char *no_member_role(
    struct connector *connector, const struct aws_way *way, str account)
{
    return arena_format(&connector->arena,
        "this is in account %.*s, and the connection is to account %.*s: say which role to take "
        "there, `member_role = \"..\"` in the connection to aws",
        STR_ARG(account), STR_ARG(way->own_account));
}

/* Ask AWS, once. What it refuses is not asked for again before REFUSED_MS, what it does not answer
 * is. *ret_silence, with the reason. */
static enum err ours_find(struct connector *connector, struct aws_way *way, enum err *ret_silence,
    const char **reterr_reason)
{
    int64_t now_ms = connector->clock->now_ms(connector->clock);
    bool is_refused = way->ours_reason != NULL && now_ms - way->ours_refused_ms < REFUSED_MS
                      && now_ms >= way->ours_refused_ms;
    const char *reason = NULL;
    *ret_silence = is_refused ? ERR_CREDENTIALS : ERR_OK;
    *reterr_reason = way->ours_reason;
    if (way->knows_ours || is_refused)
        return ERR_OK;
    way->ours_reason = NULL;
    way->ours = (struct aws_names){ .count = 0 };
    enum err err = aws_organization_accounts(aws_connection_transport(way->base), way->partition,
        &connector->arena, &way->ours, &reason);
    way->knows_ours = err == ERR_OK;
    if (err == ERR_OK || err == ERR_MEMORY)
        return err;
    *ret_silence = err;
    *reterr_reason = arena_format(&connector->arena,
        "which accounts are of the organization could not be read, so no role is taken in another "
        "one; name them, `aws accounts [\"..\"]`, or let this be asked: %s",
        reason == NULL ? err_text(err) : reason);
    if (reason != NULL && strstr(reason, "AccessDenied") != NULL)
        *ret_silence = ERR_CREDENTIALS;
    if (*ret_silence == ERR_CREDENTIALS) {
        way->ours_reason = *reterr_reason;
        way->ours_refused_ms = now_ms;
    }
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_OK;
}

/* Whether a role may be taken in `account`: alerts say many, and whoever owns one that is not ours
 * would be told the external id. */
static enum err member_may_be(struct connector *connector, struct aws_way *way, str account,
    enum err *ret_silence, const char **reterr_reason)
{
    *ret_silence = ERR_OK;
    if (has_account(way->named, way->named_count, account))
        return ERR_OK;
    if (way->has_organization)
        TRY(ours_find(connector, way, ret_silence, reterr_reason));
    if (*ret_silence != ERR_OK || has_account(way->ours.items, way->ours.count, account))
        return ERR_OK;
    *ret_silence = ERR_CREDENTIALS;
    *reterr_reason = arena_format(&connector->arena,
        way->has_organization
            ? "no role is taken in account %.*s: it is no active account of the organization, and "
              "the rules do not name it"
            : "no role is taken in account %.*s: the rules do not name it; in an environment, `aws "
              "accounts [\"..\"]` does, or `aws accounts organization`",
        STR_ARG(account));
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_OK;
}

static struct member *member_find(struct aws_way *way, str account)
{
    for (uint32_t at = 0; at < way->member_count; at++)
        if (str_equal(way->members[at].account, account))
            return &way->members[at];
    if (way->member_count == MEMBERS_MAX)
        return NULL;
    struct member *member = &way->members[way->member_count];
    *member = (struct member){ .account = arena_copy(&way->arena, account) };
    if (member->account.ptr == NULL)
        return NULL;
    way->member_count++;
    return member;
}

/* Where the external id comes from, never the id. */
static const char *external_id_words(struct arena *arena, const struct aws_way *way)
{
    static const char *const ways[] = {
        [WAY_ENV] = "env", [WAY_FILE] = "file", [WAY_CREDENTIAL] = "credential"
    };
    for (uint32_t at = 0; at < way->setting_count; at++) {
        const struct connection_setting *setting = &way->settings[at];
        if (!str_is(setting->key, "external_id"))
            continue;
        if (setting->way >= COUNT_OF(ways) || ways[setting->way] == NULL)
            return "it asks for another external id than `external_id` of the connection";
        return arena_format(arena,
            "it asks for another external id than `external_id` of the connection, %s(\"%.*s\")",
            ways[setting->way], STR_ARG(setting->text));
    }
    return "it asks for an external id, and the connection has no `external_id`";
}

/* AWS answers all of these with the same words, so that nobody learns which roles there are. */
static const char *denied_words(
    struct arena *arena, const struct aws_way *way, const struct member *member)
{
    const char *external_id = external_id_words(arena, way);
    if (external_id == NULL)
        return NULL;
    return arena_format(arena,
        ". It is one of these: account %.*s has no role %.*s; that role does not trust %.*s; %s; "
        "%.*s itself may not sts:AssumeRole; the account is not yours",
        STR_ARG(member->account), STR_ARG(way->member_role), STR_ARG(way->own_arn), external_id,
        STR_ARG(way->own_arn));
}

/* Become the role. What AWS refuses is no connection, what it does not answer may be later. */
static enum err member_open(struct connector *connector, struct aws_way *way, struct member *member)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(4 * REPLY_BYTES_MAX);
    const char *arn = arena_format(&arena, "arn:%.*s:iam::%.*s:role/%.*s", STR_ARG(way->partition),
        STR_ARG(member->account), STR_ARG(way->member_role));
    if (arn == NULL)
        return ERR_MEMORY;
    struct aws_role role = { str_from(arn), way->external_id, way->session_name, 0 };
    const char *reason = NULL;
    str identity;
    str region;
    enum err err = aws_connection_open_role(way->base, &role, &arena, &member->connection, &reason);
    if (err == ERR_OK) {
        struct transport *transport = aws_connection_transport(member->connection);
        err = transport->where(transport, &arena, &identity, &region, &reason);
    }
    if (err == ERR_OK)
        return ERR_OK;
    aws_connection_close(member->connection);
    member->connection = NULL;
    bool is_denied = reason != NULL && strstr(reason, "AWS says AccessDenied") != NULL;
    const char *causes = is_denied ? denied_words(&arena, way, member) : "";
    member->reason = causes == NULL ? NULL
                                    : arena_format(&connector->arena,
                                        "no way into account %.*s: %s%s", STR_ARG(member->account),
                                        reason == NULL ? err_text(err) : reason, causes);
    member->is_told = false;
    return member->reason == NULL ? ERR_MEMORY : err;
}

static struct transport *reach_member(
    struct connector *connector, struct aws_way *way, str account, const char **reterr_reason)
{
    int64_t now_ms = connector->clock->now_ms(connector->clock);
    enum err silence;
    enum err asked = member_may_be(connector, way, account, &silence, reterr_reason);
    if (asked != ERR_OK)
        return be_mute(connector, asked, NULL);
    if (silence != ERR_OK)
        return silence == ERR_CREDENTIALS ? NULL : be_mute(connector, silence, *reterr_reason);
    struct member *member = member_find(way, account);
    if (member == NULL) {
        *reterr_reason = "over 1,000 accounts are more than one session goes to";
        return NULL;
    }
    bool is_refused = member->connection == NULL && member->reason != NULL
                      && now_ms - member->refused_ms < REFUSED_MS && now_ms >= member->refused_ms;
    if (member->connection == NULL && !is_refused) {
        enum err err = member_open(connector, way, member);
        if (err != ERR_OK && err != ERR_CREDENTIALS) {
            const char *reason = member->reason;
            member->reason = NULL;
            return be_mute(connector, err, reason);
        }
        member->refused_ms = now_ms;
    }
    *reterr_reason = member->reason;
    return member->connection == NULL ? NULL : aws_connection_transport(member->connection);
}

/* ---- for others ---- */

enum err connector_allow(struct connector *connector, str account)
{
    if (connector->way == NULL)
        TRY(connector_use(connector, NULL));
    struct aws_way *way = connector->way;
    str *named = ARENA_ARRAY(&way->arena, str, (size_t)way->named_count + 1);
    str copy = arena_copy(&way->arena, account);
    if (named == NULL || copy.ptr == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < way->named_count; at++)
        named[at] = way->named[at];
    named[way->named_count] = copy;
    way->named = named;
    way->named_count++;
    return ERR_OK;
}

struct aws_connection *connector_base(struct connector *connector, const char **reterr_reason)
{
    const struct aws_way *way = way_open(connector, reterr_reason);
    return way == NULL ? NULL : way->base;
}

struct transport *connector_reach(
    struct connector *connector, str account, const char **reterr_reason)
{
    struct aws_way *way = way_open(connector, reterr_reason);
    if (way == NULL)
        return NULL;
    if (account.len == 0 && way->account.len == 0)
        return aws_connection_transport(way->base);
    enum err err = ask(connector, way, reterr_reason);
    if (err != ERR_OK)
        return be_mute(connector, err, *reterr_reason);
    if (way->account.len > 0 && !str_equal(way->account, way->own_account)) {
        *reterr_reason = arena_format(&connector->arena,
            "the connection says account %.*s, and AWS takes us for one of account %.*s",
            STR_ARG(way->account), STR_ARG(way->own_account));
        return NULL;
    }
    if (account.len == 0 || str_equal(account, way->own_account))
        return aws_connection_transport(way->base);
    if (way->member_role.len > 0)
        return reach_member(connector, way, account, reterr_reason);
    *reterr_reason = no_member_role(connector, way, account);
    return NULL;
}

enum err connector_own_account(
    struct connector *connector, str *ret_account, str *ret_partition, const char **reterr_reason)
{
    struct aws_way *way = way_open(connector, reterr_reason);
    if (way == NULL)
        return ERR_CREDENTIALS;
    TRY(ask(connector, way, reterr_reason));
    *ret_account = way->own_account;
    *ret_partition = way->partition;
    return ERR_OK;
}

bool connector_lacks_setting(const struct connector *connector)
{
    return (connector->way != NULL && connector->way->is_unset) || edr_lacks_setting(connector);
}

str connector_member_role(const struct connector *connector)
{
    return connector->way == NULL ? STR("") : connector->way->member_role;
}

/* Of the reasons for no way into AWS, or into another account of the way in use. */
static bool *told_of(struct connector *connector, const char *reason, const char **ret_again)
{
    struct aws_way *way = connector->way;
    if (way != NULL && connector->aws_reason != NULL
        && strcmp(connector->aws_reason, reason) == 0) {
        *ret_again = "no connection, see above";
        return &way->is_told;
    }
    for (uint32_t at = 0; way != NULL && at < way->member_count; at++) {
        struct member *member = &way->members[at];
        if (member->connection == NULL && member->reason != NULL
            && strcmp(member->reason, reason) == 0) {
            *ret_again = arena_format(
                &connector->arena, "no way into account %.*s, see above", STR_ARG(member->account));
            return &member->is_told;
        }
    }
    return NULL;
}

const char *connector_tell(struct connector *connector, const char *reason)
{
    const char *again = NULL;
    bool *is_told = told_of(connector, reason, &again);
    if (is_told == NULL)
        return reason;
    bool was_told = *is_told;
    *is_told = true;
    return was_told && again != NULL ? again : reason;
}

struct transport *connector_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct connector *connector = executor->self;
    struct transport *transport = NULL;
    if (provider != NULL && strcmp(provider, "aws") == 0)
        transport = connector_reach(connector, account, reterr_reason);
    else if (edr_find(provider) != EDR_COUNT)
        transport = edr_reach(connector, edr_find(provider), reterr_reason);
    else
        *reterr_reason = arena_format(&connector->arena, "this build does not reach %s",
            provider == NULL ? "any provider" : provider);
    if (transport == NULL && *reterr_reason == NULL)
        *reterr_reason = err_text(ERR_MEMORY);
    return transport;
}

void connector_release(struct connector *connector)
{
    ways_release(connector);
    edr_release(connector);
    arena_release(&connector->arena);
    *connector = (struct connector){ 0 };
}
