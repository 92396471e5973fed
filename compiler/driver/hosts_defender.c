/* hosts_defender.c - see hosts_defender.h. */
#include "driver/hosts_defender.h"

#include "defender/machines.h"
#include "driver/connect.h"
#include "driver/json_out.h"

#include <inttypes.h>
#include <string.h>

struct listing {
    struct defender_hosts_report report; /* first: the interface is the object */
    struct driver *driver;
    bool is_json;
    bool is_all;
    uint64_t hosts;
    uint64_t others; /* that triage cannot collect from */
};

static void add_column(struct output *out, str text, size_t width)
{
    static const char spaces[] = "                                          ";
    output_text(out, text.len == 0 ? STR("-") : text);
    size_t len = text.len == 0 ? 1 : text.len;
    output_add(out, (str){ spaces, (len < width ? width - len : 0) + 2 });
}

static void add_row(struct output *out, const str cells[static 6])
{
    static const size_t widths[] = { 40, 17, 8, 14, 20 };
    for (size_t at = 0; at < COUNT_OF(widths); at++)
        add_column(out, cells[at], widths[at]);
    output_text(out, cells[5].len == 0 ? STR("-") : cells[5]);
}

static void add_host(struct listing *listing, const struct defender_host *host)
{
    static const str head[] = { { "HOST", 4 }, { "PLATFORM", 8 }, { "HEALTH", 6 },
        { "ONBOARDING", 10 }, { "LAST SEEN", 9 }, { "NAME", 4 } };
    struct output *out = &listing->driver->out;
    const struct machine *machine = &host->machine;
    const str cells[] = { machine->id, machine->os, machine->health, host->onboarding,
        str_first(machine->last_seen, str_find(machine->last_seen, '.')), machine->name };
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

static enum err add_json(struct output *out, const struct defender_host *host)
{
    const struct machine *machine = &host->machine;
    json_t *json = json_object();
    json_put(&json, "host", json_from_str(machine->id));
    json_put(&json, "name", json_or_null(machine->name));
    json_put(&json, "platform", json_or_null(machine->os));
    json_put(&json, "health", json_or_null(machine->health));
    json_put(&json, "onboarding", json_or_null(host->onboarding));
    json_put(&json, "last_seen", json_or_null(machine->last_seen));
    json_put(&json, "local_ip", json_or_null(host->last_ip));
    json_put(&json, "external_ip", json_or_null(host->external_ip));
    json_put(&json, "refusal", host->refusal == NULL ? json_null() : json_from_text(host->refusal));
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err;
}

static enum err tell_host(struct defender_hosts_report *report, const struct defender_host *host)
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

static void tell_end(struct listing *listing)
{
    driver_message(
        listing->driver, "%" PRIu64 " host%s", listing->hosts, listing->hosts == 1 ? "" : "s");
    if (listing->others > 0)
        driver_message(listing->driver, "%" PRIu64 " more cannot be collected from%s",
            listing->others, listing->is_all ? "" : ": --all lists them, and says why");
}

/* What Defender's word for it begins with; empty: any. */
static const char *platform_of(const struct arguments *arguments)
{
    static const char *const names[][2] = { { "windows", "Windows" }, { "linux", "Linux" },
        { "mac", "mac" } };
    const char *given = option_text(arguments, OPTION_PLATFORM);
    for (size_t at = 0; given != NULL && at < COUNT_OF(names); at++)
        if (strcmp(given, names[at][0]) == 0)
            return names[at][1];
    return "";
}

static enum exit_code list_failure(struct listing *listing, enum err err, const char *reason)
{
    if (err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS && err != ERR_LIMIT)
        return driver_failure(listing->driver, "listing machines", err);
    driver_message(listing->driver,
        "the machines of Defender cannot be listed (it needs Machine.Read.All): %s",
        reason == NULL ? err_text(err) : reason);
    return EXIT_FINDINGS;
}

static enum exit_code list(struct listing *listing, struct connector *connector,
    const struct compilation *compilation, const struct arguments *arguments)
{
    struct driver *driver = listing->driver;
    struct executor asking = { .clock = driver->clock, .self = connector };
    const char *reason = NULL;
    struct defender_hosts_query query = { .platform = str_from(platform_of(arguments)),
        .is_active = option_is_given(arguments, OPTION_ONLINE) };
    enum err err = connector_use(connector, compilation->program);
    struct transport *transport =
        err == ERR_OK ? connector_connect(&asking, "defender", STR(""), &reason) : NULL;
    if (err == ERR_OK)
        err = transport == NULL ? ERR_CREDENTIALS
                                : defender_hosts_list(
                                    transport, &query, &listing->report, &driver->arena, &reason);
    if (err != ERR_OK)
        return list_failure(listing, err, reason);
    if (!listing->is_json)
        tell_end(listing);
    return EXIT_CLEAN;
}

enum exit_code hosts_of_defender(
    struct driver *driver, const struct compilation *compilation, const struct arguments *arguments)
{
    struct connector connector = { .clock = driver->clock, .stop = driver->stop };
    struct listing listing = { .report = { tell_host },
        .driver = driver,
        .is_json = option_choice(arguments, OPTION_FORMAT) == 1,
        .is_all = option_is_given(arguments, OPTION_ALL) };
    enum exit_code code = list(&listing, &connector, compilation, arguments);
    connector_release(&connector);
    return code;
}
