/* hosts.c - see hosts.h. */
#include "crowdstrike/hosts.h"

#include "crowdstrike/device.h"
#include "crowdstrike/requests.h"
#include "rest/rest.h"
#include "rest/voice.h"

#include <stdlib.h>

enum {
    PAGES_MAX = 10 * 1000,
    RESTARTS_MAX = 3, /* a token lives for some minutes */
    PAGE_BYTES_MAX = 64 * 1024 * 1024,
    SETTINGS_DEPTH = 2,
};

/* A response policy, once it was asked for. */
struct policy {
    struct policy *next;
    str id;
    const char *refusal; /* NULL: it allows what is needed */
    bool is_unknown;
};

struct listing {
    struct transport *transport;
    const struct falcon_hosts_query *query;
    struct falcon_hosts_report *report;
    struct arena *arena; /* policies, and what was told */
    const char *filter;
    struct policy *policies;
    str *told; /* ids, a table of `size` places */
    size_t told_count;
    size_t told_size;
    bool lacks_policies;
};

/* ---- asking ---- */

static enum err fail(const char *reason, const char **reterr_reason)
{
    *reterr_reason = reason;
    return reason == NULL ? ERR_MEMORY : ERR_TRANSPORT;
}

/* Send and read; *ret_root in `turn`, the reason in `arena`. */
static enum err ask(struct listing *listing, const struct request *request, struct arena *turn,
    const struct xml **ret_root, const char **reterr_reason)
{
    struct step asking = { .arena = listing->arena, .found = STR("") };
    struct reply reply;
    struct answer answer;
    const char *reason = NULL;
    if (request->body.ptr == NULL)
        return ERR_MEMORY;
    enum err err =
        listing->transport->send(listing->transport, request, false, turn, &reply, &reason);
    if (err != ERR_OK) {
        if (reason != NULL)
            *reterr_reason = arena_format(listing->arena, "%s", reason);
        return err;
    }
    TRY(crowdstrike_speaker.read(turn, &reply, request, &answer));
    if (answer.heard != HEARD_ANSWER)
        return fail(crowdstrike_speaker.why(&asking, request, &answer), reterr_reason);
    *ret_root = answer.root;
    return ERR_OK;
}

static struct step asking_in(struct arena *arena)
{
    return (struct step){ .arena = arena, .key = STR("hosts"), .region = STR("") };
}

/* ---- what was told ---- */

static size_t place_of(const str *table, size_t size, str id)
{
    size_t hash = 1469598103934665603U;
    for (size_t at = 0; at < id.len; at++)
        hash = (hash ^ (unsigned char)id.ptr[at]) * 1099511628211U;
    size_t place = hash & (size - 1);
    while (table[place].len > 0 && !str_equal(table[place], id))
        place = (place + 1) & (size - 1);
    return place;
}

static enum err told_grow(struct listing *listing)
{
    size_t size = listing->told_size == 0 ? 1024 : 2 * listing->told_size;
    str *table = ARENA_ARRAY(listing->arena, str, size);
    if (table == NULL)
        return ERR_MEMORY;
    memset(table, 0, size * sizeof(*table));
    for (size_t at = 0; at < listing->told_size; at++)
        if (listing->told[at].len > 0)
            table[place_of(table, size, listing->told[at])] = listing->told[at];
    listing->told = table;
    listing->told_size = size;
    return ERR_OK;
}

/* *ret_is_new: it was not told before, and is noted now. */
static enum err told_note(struct listing *listing, str id, bool *ret_is_new)
{
    if (2 * listing->told_count >= listing->told_size)
        TRY(told_grow(listing));
    size_t place = place_of(listing->told, listing->told_size, id);
    *ret_is_new = listing->told[place].len == 0;
    if (!*ret_is_new)
        return ERR_OK;
    listing->told[place] = arena_copy(listing->arena, id);
    listing->told_count++;
    return listing->told[place].ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* ---- policies ---- */

static struct policy *policy_find(const struct listing *listing, str id)
{
    struct policy *policy = listing->policies;
    while (policy != NULL && !str_equal(policy->id, id))
        policy = policy->next;
    return policy;
}

/* Whether the setting is on: settings are a list, or a list of groups of them. */
static bool is_on(const struct xml *holder, const char *id, int depth)
{
    for (const struct xml *setting = xml_find(holder, "settings"); setting != NULL;
         setting = xml_next(setting)) {
        if (str_is(xml_text(setting, "id"), id))
            return str_is(xml_text(setting, "value/enabled"), "true");
        if (depth < SETTINGS_DEPTH && is_on(setting, id, depth + 1))
            return true;
    }
    return false;
}

static enum err policy_add(struct listing *listing, str id, const struct xml *item)
{
    struct policy *policy = ARENA_NEW(listing->arena, struct policy);
    if (policy == NULL)
        return ERR_MEMORY;
    *policy = (struct policy){ .next = listing->policies, .is_unknown = item == NULL };
    policy->id = arena_copy(listing->arena, id);
    str name = xml_text(item, "name");
    const char *lack = item == NULL                                 ? NULL
                       : !str_is(xml_text(item, "enabled"), "true") ? "is not enabled"
                       : !is_on(item, "RealTimeFunctionality", 0)
                           ? "does not allow Real Time Response"
                       : !is_on(item, "CustomScripts", 0)
                           ? "does not allow custom scripts, by which triage collects"
                           : NULL;
    if (lack != NULL)
        policy->refusal =
            arena_format(listing->arena, "its response policy '%.*s' %s", STR_ARG(name), lack);
    listing->policies = policy;
    bool is_full = policy->id.ptr == NULL || (lack != NULL && policy->refusal == NULL);
    return is_full ? ERR_MEMORY : ERR_OK;
}

/* Ask for those policies of the page that are not known yet, a few at a time. */
static enum err policies_ask(
    struct listing *listing, const str *ids, size_t count, struct arena *turn)
{
    struct step asking = asking_in(turn);
    struct request request = falcon_get_response_policies(&asking, ids, count);
    const struct xml *root = NULL;
    const char *reason = NULL;
    enum err err =
        listing->lacks_policies ? ERR_TRANSPORT : ask(listing, &request, turn, &root, &reason);
    if (err != ERR_OK && err != ERR_TRANSPORT)
        return err;
    if (err == ERR_TRANSPORT && !listing->lacks_policies) {
        listing->lacks_policies = true;
        listing->report->no_policies(listing->report, reason == NULL ? err_text(err) : reason);
    }
    for (size_t at = 0; at < count; at++) {
        const struct xml *item = xml_find(root, "resources");
        while (item != NULL && !str_equal(xml_text(item, "id"), ids[at]))
            item = xml_next(item);
        TRY(policy_add(listing, ids[at], item));
    }
    return ERR_OK;
}

static enum err policies_learn(struct listing *listing, const struct xml *root, struct arena *turn)
{
    str wanted[FALCON_IDS_MAX];
    size_t count = 0;
    for (const struct xml *item = xml_find(root, "resources"); item != NULL;
         item = xml_next(item)) {
        str id = falcon_device_of(item).policy;
        bool is_known = id.len == 0 || policy_find(listing, id) != NULL;
        for (size_t at = 0; at < count; at++)
            is_known |= str_equal(wanted[at], id);
        if (!is_known)
            wanted[count++] = id;
        if (count < FALCON_IDS_MAX)
            continue;
        TRY(policies_ask(listing, wanted, count, turn));
        count = 0;
    }
    return count == 0 ? ERR_OK : policies_ask(listing, wanted, count, turn);
}

/* ---- a page ---- */

static enum err host_tell(
    struct listing *listing, const struct xml *item, const struct answer *online)
{
    struct falcon_host host = { .device = falcon_device_of(item) };
    const struct policy *policy = policy_find(listing, host.device.policy);
    bool is_new = false;
    if (host.device.id.len == 0)
        return ERR_OK;
    host.online = falcon_online_of(online, host.device.id);
    if (listing->query->is_online && host.online != FALCON_ONLINE)
        return ERR_OK;
    TRY(told_note(listing, host.device.id, &is_new));
    if (!is_new)
        return ERR_OK;
    host.refusal = falcon_device_refusal(listing->arena, &host.device);
    if (host.refusal == NULL && policy != NULL)
        host.refusal = policy->refusal;
    host.is_policy_unknown = host.refusal == NULL && (policy == NULL || policy->is_unknown);
    return listing->report->host(listing->report, &host);
}

/* Some hosts of the page, from *item on, with whether they are connected. */
static enum err hosts_tell(struct listing *listing, const struct xml **item, struct arena *turn,
    const char **reterr_reason)
{
    str ids[FALCON_IDS_MAX];
    size_t count = 0;
    const struct xml *end = *item;
    struct answer online = { .heard = HEARD_ANSWER };
    for (; end != NULL && count < FALCON_IDS_MAX; end = xml_next(end))
        if (xml_text(end, "device_id").len > 0)
            ids[count++] = xml_text(end, "device_id");
    if (count > 0) {
        struct step asking = asking_in(turn);
        struct request request = falcon_get_online(&asking, ids, count);
        TRY(ask(listing, &request, turn, &online.root, reterr_reason));
    }
    for (; *item != end; *item = xml_next(*item))
        TRY(host_tell(listing, *item, &online));
    return ERR_OK;
}

/* An error beside hosts: some may be missing, so it is no list. */
static enum err whole(
    const struct listing *listing, const struct xml *root, const char **reterr_reason)
{
    const struct xml *error = xml_find(root, "errors");
    if (error == NULL)
        return ERR_OK;
    return fail(arena_format(listing->arena, "CrowdStrike listed hosts in part: %.*s",
                    STR_ARG(answer_clipped(xml_text(error, "message")))),
        reterr_reason);
}

/* *offset: of the page; then of the next one, in `next`, or empty. */
static enum err page_tell(
    struct listing *listing, str *offset, struct arena *next, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena turn = ARENA_INIT(PAGE_BYTES_MAX);
    struct step asking = asking_in(&turn);
    struct request request = falcon_list_devices(&asking, str_from(listing->filter), *offset);
    const struct xml *root = NULL;
    TRY(ask(listing, &request, &turn, &root, reterr_reason));
    TRY(whole(listing, root, reterr_reason));
    const struct xml *item = xml_find(root, "resources");
    bool is_empty = item == NULL;
    TRY(policies_learn(listing, root, &turn));
    while (item != NULL)
        TRY(hosts_tell(listing, &item, &turn, reterr_reason));
    str token = xml_text(root, "meta/pagination/next");
    if (is_empty)
        token = STR("");
    else if (token.len > 0 && str_equal(token, *offset)) {
        *reterr_reason = "a page of hosts names itself as the next one";
        return ERR_LIMIT;
    }
    *offset = arena_copy(next, token);
    return offset->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err pages_tell(struct listing *listing, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena next = ARENA_INIT(PAGE_BYTES_MAX);
    str offset = STR("");
    unsigned restarts = 0;
    for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
        bool is_later = offset.len > 0;
        enum err err = page_tell(listing, &offset, &next, reterr_reason);
        if (err == ERR_TRANSPORT && is_later && restarts++ < RESTARTS_MAX)
            offset = STR("");
        else if (err != ERR_OK || offset.len == 0)
            return err;
    }
    *reterr_reason = "the list has more than 10,000 pages";
    return ERR_LIMIT;
}

/* ERR_INVALID: what is asked for cannot be written. */
static enum err filter_make(struct listing *listing, const char **reterr_reason)
{
    const struct falcon_hosts_query *query = listing->query;
    const char *filter = "";
    const struct {
        const char *field;
        str text;
    } parts[] = { { "platform_name", query->platform }, { "groups", query->group } };
    for (size_t at = 0; at < COUNT_OF(parts); at++) {
        if (parts[at].text.len == 0)
            continue;
        str one = rest_fql_is(listing->arena, parts[at].field, parts[at].text);
        if (one.ptr == NULL) {
            *reterr_reason = "a filter has characters that Falcon's query language cannot hold";
            return listing->arena->is_full ? ERR_MEMORY : ERR_INVALID;
        }
        filter = arena_format(
            listing->arena, "%s%s%.*s", filter, filter[0] == '\0' ? "" : "+", STR_ARG(one));
        if (filter == NULL)
            return ERR_MEMORY;
    }
    listing->filter = filter;
    return ERR_OK;
}

enum err falcon_hosts_list(struct transport *transport, const struct falcon_hosts_query *query,
    struct falcon_hosts_report *report, struct arena *arena, const char **reterr_reason)
{
    struct listing listing = {
        .transport = transport, .query = query, .report = report, .arena = arena
    };
    TRY(filter_make(&listing, reterr_reason));
    return pages_tell(&listing, reterr_reason);
}
