/* hosts_falcon.c - see hosts_falcon.h. */
#include "driver/hosts_falcon.h"

#include "crowdstrike/hosts.h"
#include "driver/connect.h"
#include "driver/json_out.h"

#include <inttypes.h>
#include <string.h>

struct listing {
    struct falcon_hosts_report report; /* first: the interface is the object */
    struct driver *driver;
    bool is_json;
    bool is_all;
    uint64_t hosts;
    uint64_t others; /* that triage cannot collect from */
};

static const char *const online_words[] = {
    [FALCON_ONLINE] = "online", [FALCON_OFFLINE] = "offline", [FALCON_ONLINE_UNKNOWN] = "unknown"
};

static void add_column(struct output *out, str text, size_t width)
{
    static const char spaces[] = "                                  ";
    output_text(out, text.len == 0 ? STR("-") : text);
    size_t len = text.len == 0 ? 1 : text.len;
    output_add(out, (str){ spaces, (len < width ? width - len : 0) + 2 });
}

static void add_row(struct output *out, const str cells[static 7])
{
    static const size_t widths[] = { 32, 8, 7, 11, 15, 19 };
    for (size_t at = 0; at < COUNT_OF(widths); at++)
        add_column(out, cells[at], widths[at]);
    output_text(out, cells[6].len == 0 ? STR("-") : cells[6]);
}

static void add_host(struct listing *listing, const struct falcon_host *host)
{
    static const str head[] = { { "HOST", 4 }, { "PLATFORM", 8 }, { "ONLINE", 6 }, { "STATUS", 6 },
        { "ADDRESS", 7 }, { "INSTANCE", 8 }, { "NAME", 4 } };
    struct output *out = &listing->driver->out;
    const struct falcon_device *device = &host->device;
    const str cells[] = { device->id, device->platform, str_from(online_words[host->online]),
        device->status, device->local_ip, device->instance, device->name };
    if (listing->hosts + (listing->is_all ? listing->others : 0) == 1) {
        add_row(out, head);
        output_add(out, STR("\n"));
    }
    add_row(out, cells);
    if (host->refusal != NULL) {
        output_add(out, STR("  not collected from: "));
        output_text(out, str_from(host->refusal));
    }
    output_add(out, STR("\n"));
}

static json_t *groups_json(const struct xml *device)
{
    json_t *groups = json_array();
    for (const struct xml *group = xml_find(device, "groups"); group != NULL;
         group = xml_next(group))
        json_append(&groups, json_from_str(group->text));
    return groups;
}

static enum err add_json(struct output *out, const struct falcon_host *host)
{
    const struct falcon_device *device = &host->device;
    json_t *json = json_object();
    json_put(&json, "host", json_from_str(device->id));
    json_put(&json, "name", json_or_null(device->name));
    json_put(&json, "platform", json_or_null(device->platform));
    json_put(&json, "os", json_or_null(device->os));
    json_put(&json, "online", json_from_text(online_words[host->online]));
    json_put(&json, "status", json_or_null(device->status));
    json_put(&json, "local_ip", json_or_null(device->local_ip));
    json_put(&json, "external_ip", json_or_null(device->external_ip));
    json_put(&json, "mac", json_or_null(device->mac));
    json_put(&json, "service_provider", json_or_null(device->provider));
    json_put(&json, "account", json_or_null(device->account));
    json_put(&json, "instance", json_or_null(device->instance));
    json_put(&json, "zone", json_or_null(device->zone));
    json_put(&json, "last_seen", json_or_null(device->last_seen));
    json_put(&json, "groups", groups_json(device->item));
    json_put(&json, "response_policy", json_or_null(device->policy));
    json_put(&json, "policy_known", json_boolean(!host->is_policy_unknown));
    json_put(&json, "refusal", host->refusal == NULL ? json_null() : json_from_text(host->refusal));
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err;
}

static enum err tell_host(struct falcon_hosts_report *report, const struct falcon_host *host)
{
    struct listing *listing = (struct listing *)report;
    if (host->refusal == NULL)
        listing->hosts++;
    else
        listing->others++;
    if (host->refusal != NULL && !listing->is_all)
        return ERR_OK;
    if (listing->is_json)
        TRY(add_json(&listing->driver->out, host));
    else
        add_host(listing, host);
    output_relax(&listing->driver->out);
    return ERR_OK;
}

static void tell_no_policies(struct falcon_hosts_report *report, const char *reason)
{
    const struct listing *listing = (const struct listing *)report;
    driver_message(listing->driver,
        "whether response policies allow Real Time Response is not known (it needs the scope "
        "response-policies:read): %s",
        reason);
}

static void tell_end(struct listing *listing)
{
    driver_message(
        listing->driver, "%" PRIu64 " host%s", listing->hosts, listing->hosts == 1 ? "" : "s");
    if (listing->others > 0)
        driver_message(listing->driver, "%" PRIu64 " more cannot be collected from%s",
            listing->others, listing->is_all ? "" : ": --all lists them, and says why");
}

/* As Falcon spells it; empty: any. */
static const char *platform_of(const struct arguments *arguments)
{
    static const char *const names[][2] = { { "windows", "Windows" }, { "linux", "Linux" },
        { "mac", "Mac" } };
    const char *given = option_text(arguments, OPTION_PLATFORM);
    for (size_t at = 0; given != NULL && at < COUNT_OF(names); at++)
        if (strcmp(given, names[at][0]) == 0)
            return names[at][1];
    return "";
}

static enum exit_code list_failure(struct listing *listing, enum err err, const char *reason)
{
    if (err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS && err != ERR_LIMIT
        && err != ERR_INVALID)
        return driver_failure(listing->driver, "listing hosts", err);
    driver_message(listing->driver, "the hosts of Falcon cannot be listed: %s",
        reason == NULL ? err_text(err) : reason);
    return err == ERR_INVALID ? EXIT_USAGE : EXIT_FINDINGS;
}

static enum exit_code list(struct listing *listing, struct connector *connector,
    const struct compilation *compilation, const struct arguments *arguments)
{
    struct driver *driver = listing->driver;
    struct executor asking = { .clock = driver->clock, .self = connector };
    const char *group = option_text(arguments, OPTION_GROUP);
    const char *reason = NULL;
    struct falcon_hosts_query query = { .platform = str_from(platform_of(arguments)),
        .group = str_from(group == NULL ? "" : group),
        .is_online = option_is_given(arguments, OPTION_ONLINE) };
    enum err err = connector_use(connector, compilation->program);
    struct transport *transport =
        err == ERR_OK ? connector_connect(&asking, "crowdstrike", STR(""), &reason) : NULL;
    if (err == ERR_OK)
        err = transport == NULL
                  ? ERR_CREDENTIALS
                  : falcon_hosts_list(transport, &query, &listing->report, &driver->arena, &reason);
    if (err != ERR_OK)
        return list_failure(listing, err, reason);
    if (!listing->is_json)
        tell_end(listing);
    return EXIT_CLEAN;
}

enum exit_code hosts_of_falcon(
    struct driver *driver, const struct compilation *compilation, const struct arguments *arguments)
{
    struct connector connector = { .clock = driver->clock, .stop = driver->stop };
    struct listing listing = { .report = { tell_host, tell_no_policies },
        .driver = driver,
        .is_json = option_choice(arguments, OPTION_FORMAT) == 1,
        .is_all = option_is_given(arguments, OPTION_ALL) };
    enum exit_code code = list(&listing, &connector, compilation, arguments);
    connector_release(&connector);
    return code;
}
