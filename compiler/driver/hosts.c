/* hosts.c - see hosts.h.
 *
 * Which instances are in is decided by the machine that rules run on: of each the alert is made that
 * would tell of it, and `resource in NAME` is asked of that. AWS compares tags by letter and rules
 * do not, so nothing of that is left to AWS.
 */
#include "driver/hosts.h"

#include "aws/hosts.h"
#include "decide.h"
#include "driver/json_out.h"

#include <stdlib.h>
#include <string.h>

enum { LISTING_BYTES_MAX = 256 * 1024 * 1024, PAGE_BYTES_MAX = 64 * 1024 * 1024 };

/* Where to look: an account, and regions in it. */
struct visit {
    struct visit *next;
    str account;
    struct aws_names regions; /* none: all that are switched on */
    bool is_everywhere;
};

struct listing {
    struct connector *connector;
    struct arena *arena;
    struct hosts_report *report;
    struct compilation judge; /* a rule with the environment as its condition */
    const struct projection *projection;
    struct visit *places; /* in the order named */
    struct visit **last;
    struct aws_names ours; /* accounts of the organization, once they were asked for */
    bool knows_ours;
};

static void listing_release(struct listing *listing)
{
    compile_release(&listing->judge);
}

/* ---- who is in ---- */

static enum err judge_make(
    struct listing *listing, const struct compilation *compilation, const struct item *environment)
{
    str declared = sources_text(&compilation->sources, environment->at);
    const char *text =
        arena_format(listing->arena, "%.*s\nrule in_it { when resource in %.*s then open case }\n",
            STR_ARG(declared), STR_ARG(environment->name));
    if (text == NULL)
        return ERR_MEMORY;
    TRY(compile_begin(&listing->judge));
    TRY(compile_text(&listing->judge, STR("environment"), str_from(text)));
    TRY(compile_program(&listing->judge));
    const struct program *program = listing->judge.program;
    if (program == NULL || program->rule_count != 1)
        return ERR_INVALID;
    return projection_new(
        listing->arena, program->paths, program->path_count, &listing->projection);
}

static json_t *tags_json(const struct xml *tag)
{
    json_t *tags = json_object();
    for (; tag != NULL; tag = xml_next(tag)) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(PAGE_BYTES_MAX);
        str key = arena_copy(&arena, xml_text(tag, "key"));
        if (key.ptr != NULL)
            json_put(&tags, key.ptr, json_from_str(xml_text(tag, "value")));
    }
    return tags;
}

/* The alert that would tell of the instance, in canonical names. */
static char *alert_text(const struct host *host)
{
    json_t *cloud = json_object();
    json_put(&cloud, "provider", json_from_text("aws"));
    json_put(&cloud, "account", json_from_str(host->account));
    json_put(&cloud, "region", json_from_str(host->region));
    json_t *resource = json_object();
    json_put(&resource, "id", json_from_str(host->id));
    json_put(&resource, "tags", tags_json(host->tags));
    json_t *alert = json_object();
    json_put(&alert, "source", json_from_text("guardduty"));
    json_put(&alert, "cloud", cloud);
    json_put(&alert, "resource", resource);
    char *text = alert == NULL ? NULL : json_dumps(alert, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(alert);
    return text;
}

static enum err host_is_in(struct listing *listing, const struct host *host, bool *ret_is_in)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct program *program = listing->judge.program;
    struct event event;
    struct json_fault fault;
    struct rule_decision decision = { .outcome = RULE_SILENT };
    char *text = alert_text(host);
    if (text == NULL)
        return ERR_MEMORY;
    struct clock *clock = listing->connector->clock;
    enum err err = event_read(program, listing->projection, str_from(text), STR(""),
        clock->now_ms(clock), &arena, &event, &fault);
    if (err == ERR_OK)
        err = rule_decide(program, &program->rules[0], &event, &arena, &decision);
    free(text);
    *ret_is_in = decision.outcome == RULE_FIRES;
    return err == ERR_JSON ? ERR_INVALID : err;
}

/* ---- where to look ---- */

static enum err place_add(struct listing *listing, str account, struct visit **ret_place)
{
    struct visit *place = listing->places;
    while (place != NULL && !str_equal(place->account, account))
        place = place->next;
    if (place == NULL) {
        place = ARENA_NEW(listing->arena, struct visit);
        if (place == NULL)
            return ERR_MEMORY;
        place->account = account;
        *listing->last = place;
        listing->last = &place->next;
    }
    *ret_place = place;
    return ERR_OK;
}

static bool has_name(const struct aws_names *names, str name)
{
    for (size_t at = 0; at < names->count; at++)
        if (str_equal(names->items[at], name))
            return true;
    return false;
}

static enum err region_add(struct listing *listing, struct visit *place, str region)
{
    struct aws_names *names = &place->regions;
    if (has_name(names, region))
        return ERR_OK;
    str *items = ARENA_ARRAY(listing->arena, str, names->count + 1);
    if (items == NULL)
        return ERR_MEMORY;
    if (names->count > 0)
        memcpy(items, names->items, names->count * sizeof(*items));
    items[names->count] = region;
    *names = (struct aws_names){ items, names->count + 1, names->count + 1 };
    return ERR_OK;
}

/* One account of an entry, in its regions. */
static enum err account_add(struct listing *listing, str account, const struct expr *regions)
{
    struct visit *place = NULL;
    TRY(place_add(listing, account, &place));
    place->is_everywhere |= regions == NULL;
    for (const struct expr *one = regions == NULL ? NULL : regions->elements; one != NULL;
         one = one->next)
        TRY(region_add(listing, place, value_str(one->literal.value)));
    return ERR_OK;
}

static enum err ours_find(struct listing *listing, str partition, const char **reterr_reason)
{
    if (listing->knows_ours)
        return ERR_OK;
    struct transport *transport = connector_reach(listing->connector, STR(""), reterr_reason);
    if (transport == NULL)
        return ERR_CREDENTIALS;
    TRY(aws_organization_accounts(
        transport, partition, listing->arena, &listing->ours, reterr_reason));
    listing->knows_ours = true;
    return ERR_OK;
}

/* An entry: its provider and the parts that follow it. */
struct entry {
    const struct ast_place *accounts; /* NULL: our own */
    const struct expr *regions;       /* NULL: all */
};

static enum err entry_add(
    struct listing *listing, const struct entry *entry, const char **reterr_reason)
{
    const struct ast_place *accounts = entry->accounts;
    str own;
    str partition;
    if (accounts != NULL && !accounts->is_organization) {
        for (const struct expr *one = accounts->values->elements; one != NULL; one = one->next)
            TRY(account_add(listing, value_str(one->literal.value), entry->regions));
        return ERR_OK;
    }
    TRY(connector_own_account(listing->connector, &own, &partition, reterr_reason));
    if (accounts == NULL)
        return account_add(listing, own, entry->regions);
    TRY(ours_find(listing, partition, reterr_reason));
    for (size_t at = 0; at < listing->ours.count; at++)
        TRY(account_add(listing, listing->ours.items[at], entry->regions));
    return ERR_OK;
}

static bool begins_entry(const struct ast_place *place)
{
    return place->values == NULL && place->pairs == NULL && !place->is_organization;
}

static enum err places_find(
    struct listing *listing, const struct item *environment, const char **reterr_reason)
{
    const struct ast_place *place = environment->environment.places;
    while (place != NULL) {
        bool is_aws = str_is(place->key, "aws");
        struct entry entry = { .accounts = NULL };
        for (place = place->next; place != NULL && !begins_entry(place); place = place->next) {
            if (str_is(place->key, "accounts"))
                entry.accounts = place;
            else if (str_is(place->key, "regions"))
                entry.regions = place->values;
        }
        if (is_aws)
            TRY(entry_add(listing, &entry, reterr_reason));
    }
    return listing->places == NULL ? ERR_NOT_FOUND : ERR_OK;
}

/* ---- looking ---- */

static str tag_named(const struct xml *tag, const char *key)
{
    for (; tag != NULL; tag = xml_next(tag))
        if (str_is(xml_text(tag, "key"), key))
            return xml_text(tag, "value");
    return STR("");
}

static enum err instance_tell(
    struct listing *listing, str account, str region, const struct xml *instance)
{
    const struct xml *tags = xml_find(instance, "tagSet/item");
    struct host host = { .account = account,
        .region = region,
        .id = xml_text(instance, "instanceId"),
        .state = xml_text(instance, "instanceState/name"),
        .name = tag_named(tags, "Name"),
        .private_ip = xml_text(instance, "privateIpAddress"),
        .public_ip = xml_text(instance, "ipAddress"),
        .tags = tags };
    bool is_in = false;
    TRY(host_is_in(listing, &host, &is_in));
    return is_in ? listing->report->host(listing->report, &host) : ERR_OK;
}

static enum err page_tell(struct listing *listing, str account, str region, const struct xml *root)
{
    for (const struct xml *reservation = xml_find(root, "reservationSet/item"); reservation != NULL;
         reservation = xml_next(reservation))
        for (const struct xml *instance = xml_find(reservation, "instancesSet/item");
             instance != NULL; instance = xml_next(instance))
            TRY(instance_tell(listing, account, region, instance));
    return ERR_OK;
}

/* Whether the error is AWS's, so that other places can still be listed. */
static bool is_of_place(enum err err)
{
    return err == ERR_TRANSPORT || err == ERR_REFUSED || err == ERR_CREDENTIALS || err == ERR_LIMIT;
}

static enum err region_list(
    struct listing *listing, struct transport *transport, str account, str region)
{
    CLEANUP(arena_release) struct arena next = ARENA_INIT(PAGE_BYTES_MAX);
    struct aws_pages pages = { .is_over = false };
    while (!pages.is_over) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(PAGE_BYTES_MAX);
        const struct xml *root = NULL;
        const char *reason = NULL;
        enum err err = aws_hosts_page(transport, region, &pages, &next, &arena, &root, &reason);
        if (is_of_place(err)) {
            listing->report->unlisted(
                listing->report, account, region, reason == NULL ? err_text(err) : reason);
            return ERR_OK;
        }
        TRY(err);
        TRY(page_tell(listing, account, region, root));
    }
    return ERR_OK;
}

/* Whoever asked for places looks there himself. */
static enum err region_visit(
    struct listing *listing, struct transport *transport, str account, str region)
{
    const char *reason = NULL;
    if (listing->report->place == NULL)
        return region_list(listing, transport, account, region);
    enum err err = listing->report->place(listing->report, transport, account, region, &reason);
    if (!is_of_place(err))
        return err;
    listing->report->unlisted(
        listing->report, account, region, reason == NULL ? err_text(err) : reason);
    return ERR_OK;
}

static enum err place_list(struct listing *listing, const struct visit *place)
{
    const char *reason = NULL;
    struct aws_names regions = place->regions;
    struct transport *transport = connector_reach(listing->connector, place->account, &reason);
    enum err err = transport == NULL ? ERR_CREDENTIALS : ERR_OK;
    if (err == ERR_OK && place->is_everywhere) {
        regions = (struct aws_names){ .count = 0 };
        err = aws_regions(transport, listing->arena, &regions, &reason);
    }
    if (is_of_place(err)) {
        listing->report->unlisted(
            listing->report, place->account, STR(""), reason == NULL ? err_text(err) : reason);
        return ERR_OK;
    }
    for (size_t at = 0; err == ERR_OK && at < regions.count; at++)
        err = region_visit(listing, transport, place->account, regions.items[at]);
    return err;
}

enum err hosts_list(const struct compilation *compilation, const struct item *environment,
    struct connector *connector, struct arena *arena, struct hosts_report *report,
    const char **reterr_reason)
{
    CLEANUP(listing_release)
    struct listing listing = { .connector = connector, .arena = arena, .report = report };
    listing.last = &listing.places;
    TRY(connector_use(connector, compilation->program));
    TRY(judge_make(&listing, compilation, environment));
    TRY(places_find(&listing, environment, reterr_reason));
    for (const struct visit *place = listing.places; place != NULL; place = place->next)
        TRY(place_list(&listing, place));
    return ERR_OK;
}
