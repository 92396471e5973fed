/* cmd_hosts.c - cdr hosts: the instances that an environment selects now, or the hosts of an EDR. */
#include "driver/hosts.h"
#include "driver/hosts_defender.h"
#include "driver/hosts_falcon.h"
#include "driver/json_out.h"
#include "driver/rules.h"
#include "suggest.h"

#include "talk/xml.h"

#include <inttypes.h>
#include <string.h>

enum { NAMES_BYTES_MAX = 400 };

static const struct option options[] = {
    { OPTION_PROVIDER, OPTION_CHOICE, "NAME", "aws crowdstrike defender", "aws", "who is asked" },
    { OPTION_ENVIRONMENT, OPTION_TEXT, "NAME", NULL, NULL,
        "which environment of the rules (of aws)" },
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL,
        "where it is declared, with the connection to go by; else what cdr.json says" },
    { OPTION_PLATFORM, OPTION_CHOICE, "NAME", "windows linux mac", NULL,
        "of an EDR: those that run it" },
    { OPTION_GROUP, OPTION_TEXT, "ID", NULL, NULL, "of crowdstrike: members of the host group" },
    { OPTION_ONLINE, OPTION_FLAG, NULL, NULL, NULL,
        "of crowdstrike: those that are connected; of defender: those that it calls Active" },
    { OPTION_ALL, OPTION_FLAG, NULL, NULL, NULL,
        "of an EDR: also those that triage cannot collect from, and why" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a table, or one JSON object a line" },
    { 0 },
};

struct listing {
    struct hosts_report report; /* first: the interface is the object */
    struct driver *driver;
    bool is_json;
    uint64_t hosts;
    uint64_t unlisted;
};

/* ---- one instance ---- */

static void add_column(struct output *out, str text, size_t width)
{
    static const char spaces[] = "                                ";
    output_text(out, text.len == 0 ? STR("-") : text);
    size_t len = text.len == 0 ? 1 : text.len;
    size_t pad = len < width ? width - len : 0;
    output_add(out, (str){ spaces, pad + 2 });
}

static void add_row(struct output *out, const struct host *host)
{
    add_column(out, host->account, 12);
    add_column(out, host->region, 14);
    add_column(out, host->id, 19);
    add_column(out, host->state, 13);
    add_column(out, host->private_ip, 15);
    add_column(out, host->public_ip, 15);
    output_text(out, host->name.len == 0 ? STR("-") : host->name);
    output_add(out, STR("\n"));
}

static enum err add_json(struct output *out, const struct host *host)
{
    json_t *tags = json_array();
    for (const struct xml *tag = host->tags; tag != NULL; tag = xml_next(tag)) {
        json_t *one = json_object();
        json_put(&one, "key", json_from_str(xml_text(tag, "key")));
        json_put(&one, "value", json_from_str(xml_text(tag, "value")));
        json_append(&tags, one);
    }
    json_t *json = json_object();
    json_put(&json, "account", json_from_str(host->account));
    json_put(&json, "region", json_from_str(host->region));
    json_put(&json, "instance", json_from_str(host->id));
    json_put(&json, "state", json_from_str(host->state));
    json_put(&json, "private_ip", json_or_null(host->private_ip));
    json_put(&json, "public_ip", json_or_null(host->public_ip));
    json_put(&json, "name", json_or_null(host->name));
    json_put(&json, "tags", tags);
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err;
}

static enum err tell_host(struct hosts_report *report, const struct host *host)
{
    struct listing *listing = (struct listing *)report;
    struct output *out = &listing->driver->out;
    static const struct host head = { { "ACCOUNT", 7 }, { "REGION", 6 }, { "INSTANCE", 8 },
        { "STATE", 5 }, { "NAME", 4 }, { "PRIVATE", 7 }, { "PUBLIC", 6 }, NULL };
    if (listing->hosts++ == 0 && !listing->is_json)
        add_row(out, &head);
    if (listing->is_json)
        TRY(add_json(out, host));
    else
        add_row(out, host);
    output_relax(out);
    return ERR_OK;
}

static void tell_unlisted(struct hosts_report *report, str account, str region, const char *reason)
{
    struct listing *listing = (struct listing *)report;
    listing->unlisted++;
    driver_message(listing->driver, "account %.*s%s%.*s is not listed: %s", STR_ARG(account),
        region.len > 0 ? " in " : "", STR_ARG(region), reason);
}

/* ---- which environment ---- */

static void tell_none(struct driver *driver, const struct compilation *compilation, str name)
{
    struct suggestion near = { .word = name };
    const char *all = "";
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_ENVIRONMENT) {
                const char *more = arena_format(&driver->arena, "%s%s %.*s", all,
                    all[0] == '\0' ? "" : ",", STR_ARG(item->name));
                all = more == NULL || strlen(more) > NAMES_BYTES_MAX ? all : more;
                suggest(&near, item->name);
            }
    if (near.best.len > 0)
        driver_message(driver, "no environment is called %.*s; did you mean %.*s?", STR_ARG(name),
            STR_ARG(near.best));
    else if (all[0] != '\0')
        driver_message(
            driver, "these rules declare no environment %.*s, but%s", STR_ARG(name), all);
    else
        driver_message(
            driver, "these rules declare no environment %.*s, nor any other", STR_ARG(name));
}

const struct item *hosts_environment(
    struct driver *driver, const struct compilation *compilation, str name)
{
    const struct sources *sources = &compilation->sources;
    const struct item *found = NULL;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next) {
            if (item->kind != ITEM_ENVIRONMENT || !str_equal(item->name, name))
                continue;
            if (found != NULL
                && !str_equal(sources_text(sources, found->at), sources_text(sources, item->at))) {
                driver_message(driver,
                    "%.*s and %.*s each declare an environment %.*s: give one of them with --rules",
                    STR_ARG(sources->items[found->at.file].file),
                    STR_ARG(sources->items[item->at.file].file), STR_ARG(name));
                return NULL;
            }
            found = item;
        }
    if (found == NULL)
        tell_none(driver, compilation, name);
    return found;
}

static enum exit_code list_failure(struct listing *listing, enum err err, const char *reason)
{
    struct driver *driver = listing->driver;
    if (err == ERR_NOT_FOUND) {
        driver_message(driver, "the environment has no entry of aws, and others are not listed");
        return EXIT_USAGE;
    }
    if (err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS && err != ERR_LIMIT)
        return driver_failure(driver, "listing instances", err);
    driver_message(driver, "which accounts there are cannot be known: %s",
        reason == NULL ? err_text(err) : reason);
    return EXIT_FINDINGS;
}

static enum exit_code list(struct driver *driver, const struct compilation *compilation,
    const struct item *environment, bool is_json)
{
    struct connector connector = { .clock = driver->clock, .stop = driver->stop };
    struct listing listing = { .report = { .host = tell_host, .unlisted = tell_unlisted },
        .driver = driver,
        .is_json = is_json };
    const char *reason = NULL;
    enum err err =
        hosts_list(compilation, environment, &connector, &driver->arena, &listing.report, &reason);
    enum exit_code code = EXIT_CLEAN;
    if (err != ERR_OK)
        code = list_failure(&listing, err, reason);
    else if (!is_json)
        driver_message(
            driver, "%" PRIu64 " instance%s", listing.hosts, listing.hosts == 1 ? "" : "s");
    connector_release(&connector);
    return code == EXIT_CLEAN && listing.unlisted > 0 ? EXIT_FINDINGS : code;
}

/* The rules that say the way, or an exit code. */
static enum exit_code load(struct driver *driver, const struct arguments *arguments,
    const char *provider, struct compilation *compilation)
{
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    if (paths[0] == NULL)
        return driver_usage(driver, &hosts_command,
            str_is(str_from(provider), "aws")
                ? "where is the environment declared? Give --rules PATH"
                : "where is the connection declared? Give --rules PATH");
    enum exit_code code = rules_load(driver, paths, compilation);
    return code == EXIT_CLEAN ? rules_one_connection(driver, compilation, provider) : code;
}

static enum exit_code run_edr(
    struct driver *driver, const struct arguments *arguments, const char *provider)
{
    bool is_falcon = str_is(str_from(provider), "crowdstrike");
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    if (option_is_given(arguments, OPTION_ENVIRONMENT))
        return driver_usage(
            driver, &hosts_command, "--environment selects instances of aws: leave it out");
    if (!is_falcon && option_is_given(arguments, OPTION_GROUP))
        return driver_usage(driver, &hosts_command, "--group is for --provider crowdstrike");
    enum exit_code code = load(driver, arguments, provider, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    return is_falcon ? hosts_of_falcon(driver, &compilation, arguments)
                     : hosts_of_defender(driver, &compilation, arguments);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    static const enum option_id of_edr[] = { OPTION_PLATFORM, OPTION_GROUP, OPTION_ONLINE,
        OPTION_ALL };
    const char *name = option_text(arguments, OPTION_ENVIRONMENT);
    if (option_choice(arguments, OPTION_PROVIDER) > 0)
        return run_edr(driver, arguments,
            option_choice(arguments, OPTION_PROVIDER) == 1 ? "crowdstrike" : "defender");
    for (size_t at = 0; at < COUNT_OF(of_edr); at++)
        if (option_is_given(arguments, of_edr[at]))
            return driver_usage(driver, &hosts_command,
                "--%s is for --provider crowdstrike or defender", option_name(of_edr[at]));
    if (name == NULL)
        return driver_usage(
            driver, &hosts_command, "of which environment? Give --environment NAME");
    enum exit_code code = load(driver, arguments, "aws", &compilation);
    if (code != EXIT_CLEAN)
        return code;
    const struct item *environment = hosts_environment(driver, &compilation, str_from(name));
    if (environment == NULL)
        return EXIT_USAGE;
    return list(driver, &compilation, environment, option_choice(arguments, OPTION_FORMAT) == 1);
}

static const struct example examples[] = {
    { "cdr hosts --environment production --rules rules", "what `resource in production` is now" },
    { "cdr hosts --provider crowdstrike --platform linux --online --rules rules",
        "which hosts of Falcon can be collected from now" },
    { "cdr hosts --provider defender --all --rules rules",
        "the machines of Defender, and which of them cannot be collected from" },
    { 0 },
};

const struct command hosts_command = {
    .name = "hosts",
    .operands = "[PATH..]",
    .summary = "the instances that an environment selects now, or the hosts of an EDR",
    .help =
        "It looks into the accounts that the environment names, into those of the organization, "
        "or\n"
        "into that of the connection; in the regions that it names, else in each that is switched\n"
        "on. What is listed is what `resource in NAME` holds for, less what is terminated. An\n"
        "account that cannot be reached is told, the others are listed, and the exit code is 1.\n"
        "It needs ec2:DescribeInstances and ec2:DescribeRegions; for `accounts organization`\n"
        "organizations:ListAccounts, which the management account and delegated ones may call.\n"
        "\n"
        "With --provider crowdstrike the hosts of the tenant are listed from which triage can\n"
        "collect: Windows and Linux, whose response policy allows Real Time Response and custom\n"
        "scripts. It needs the scope hosts:read, and response-policies:read to know what the\n"
        "policies allow; where that is missing it is said, and the hosts are listed.\n"
        "\n"
        "With --provider defender the machines of Defender for Endpoint are listed from which\n"
        "triage can collect by live response: onboarded, with Windows 10 or later, a server of "
        "it,\n"
        "or Linux. It needs Machine.Read.All. Inactive is what has not reported for a week: it is\n"
        "switched off, or was offboarded.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
