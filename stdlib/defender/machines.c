/* machines.c - see machines.h. */
#include "defender/machines.h"

#include "defender/replies.h"
#include "defender/requests.h"

enum {
    PAGE_MACHINES = 500,
    PAGES_MAX = 10 * 1000,
    PAGE_BYTES_MAX = 64 * 1024 * 1024,
};

struct listing {
    struct transport *transport;
    const struct defender_hosts_query *query;
    struct defender_hosts_report *report;
    struct arena *arena;
};

/* *ret_root is NULL where Defender has none (more): it says so by 404. */
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
    TRY(microsoft_speaker.read(turn, &reply, request, &answer));
    *ret_root = answer.heard == HEARD_ANSWER ? answer.root : NULL;
    if (answer.heard == HEARD_ANSWER || (answer.heard == HEARD_ERROR && reply_is_missing(&answer)))
        return ERR_OK;
    *reterr_reason = microsoft_speaker.why(&asking, request, &answer);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_TRANSPORT;
}

/* NULL: nothing speaks against it, or the arena is full. */
static const char *refusal_of(struct arena *arena, const struct defender_host *host)
{
    if (host->onboarding.len > 0 && !str_is(host->onboarding, "Onboarded"))
        return arena_format(
            arena, "it is seen by Defender and not onboarded (%.*s)", STR_ARG(host->onboarding));
    if (host->machine.os.len == 0)
        return "Defender does not say which system it runs";
    const char *refusal = machine_live_refusal(arena, host->machine.os);
    return refusal == NULL ? NULL : arena_format(arena, "it %s", refusal);
}

static enum err host_tell(struct listing *listing, const struct xml *item, struct arena *turn)
{
    struct defender_host host = { .machine = { .id = xml_text(item, "id"),
                                      .name = xml_text(item, "computerDnsName"),
                                      .os = xml_text(item, "osPlatform"),
                                      .health = xml_text(item, "healthStatus"),
                                      .last_seen = xml_text(item, "lastSeen") },
        .onboarding = xml_text(item, "onboardingStatus"),
        .last_ip = xml_text(item, "lastIpAddress"),
        .external_ip = xml_text(item, "lastExternalIpAddress"),
        .item = item };
    bool is_other = !str_startswith(host.machine.os, listing->query->platform)
                    || (listing->query->is_active && !str_is(host.machine.health, "Active"));
    if (host.machine.id.len == 0 || is_other)
        return ERR_OK;
    host.refusal = refusal_of(turn, &host);
    return turn->is_full ? ERR_MEMORY : listing->report->host(listing->report, &host);
}

/* *skip: of the page; then of the next one. */
static enum err page_tell(
    struct listing *listing, size_t *skip, bool *ret_is_last, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena turn = ARENA_INIT(PAGE_BYTES_MAX);
    struct step asking = { .arena = &turn, .key = STR("hosts"), .region = STR("") };
    struct request request = mde_list_machines(&asking, *skip, PAGE_MACHINES);
    const struct xml *root = NULL;
    size_t count = 0;
    TRY(ask(listing, &request, &turn, &root, reterr_reason));
    const struct xml *item = xml_find(root, "value");
    for (; item != NULL; item = xml_next(item), count++)
        TRY(host_tell(listing, item, &turn));
    *skip += count;
    bool is_full = count >= PAGE_MACHINES || xml_text(root, "@odata.nextLink").len > 0;
    *ret_is_last = count == 0 || !is_full;
    return ERR_OK;
}

enum err defender_hosts_list(struct transport *transport, const struct defender_hosts_query *query,
    struct defender_hosts_report *report, struct arena *arena, const char **reterr_reason)
{
    struct listing listing = {
        .transport = transport, .query = query, .report = report, .arena = arena
    };
    size_t skip = 0;
    for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
        bool is_last = false;
        TRY(page_tell(&listing, &skip, &is_last, reterr_reason));
        if (is_last)
            return ERR_OK;
    }
    *reterr_reason = "the list has more than 10,000 pages";
    return ERR_LIMIT;
}
