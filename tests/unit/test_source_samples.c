/* Every alert of every vendor at hand, against two oracles that do not know the sources.
 *
 * What is expected of each line (source, id, severity, title, time) was read by a person in
 * the raw file. Then a scan of the raw JSON: each value that looks like an identifier must
 * have come out in some field, or be on the list below with the reason why it does not. */
#include "compiled.h"

#include "ip.h"
#include "match/project.h"

#include <ctype.h>
#include <fnmatch.h>
#include <jansson.h>

#define SHARED "../shared/data/alerts/"
#define OWN "tests/alerts/"

struct sample {
    const char *file;
    size_t line;
    const char *source;
    const char *id;       /* NULL: absent; "*": not asked */
    const char *severity; /* NULL: absent; "*": not asked */
    const char *title;    /* how it begins; NULL: absent; "*": not asked */
    const char *time;     /* alert.time; NULL: absent; "*": not asked */
};

#define ACTIVITY_19 "Threat with confidence level malicious detected: eicar.txt"
#define SCAN "Agent BobsPC started full disk scan"
#define WIZ_PROBE "Recon:EC2/PortProbeUnprotectedPort"
#define FALCON_CLOUD "EC2 security group modified with new ingress rule"

static const struct sample samples[] = {
    { SHARED "crowdstrike/panther-eventstream-detection.jsonl", 1, "crowdstrike",
        "00000000000000000000000000000000:ind:00000000006e49842267fc5837c4e2fc:"
        "222222222222222222-33333-444444",
        "low", "Suspicious Activity", "2021-03-24T18:19:49Z" },
    { SHARED "crowdstrike/panther-eventstream-detection.jsonl", 2, "crowdstrike", NULL, "low", NULL,
        NULL },
    { SHARED "crowdstrike/panther-eventstream-summary.jsonl", 1, "crowdstrike", "DETECTION ID",
        "informational", "Known Malware", "2024-12-03T19:54:30Z" },
    { SHARED "crowdstrike/panther-eventstream-summary.jsonl", 2, "crowdstrike", "DETECTION ID",
        "medium", "Known Malware", "2024-12-03T19:54:30Z" },
    { SHARED "crowdstrike/panther-eventstream-summary.jsonl", 3, "crowdstrike", "DETECTION ID",
        "critical", "Known Malware", "2024-12-03T19:54:30Z" },
    { SHARED "crowdstrike/panther-eventstream-summary.jsonl", 4, "crowdstrike", NULL, NULL, NULL,
        "2024-12-03T19:54:30Z" },
    { SHARED "crowdstrike/sekoia-eventstream-mit.jsonl", 1, "crowdstrike",
        "ad5f82e879a9c5d6b5b442eb37e50551:ind:835449907c99453085a924a16e967be5:17212155109-1-2",
        NULL, NULL, "2024-08-28T11:32:04.582Z" },
    { SHARED "crowdstrike/xsoar-alerts-v2-cloud-ioa.jsonl", 1, "crowdstrike",
        "00000000000000000000000000000001:fcs:ioa-211:00000000-0000-0000-0000-000000000002", "high",
        FALCON_CLOUD, "2026-04-20T22:49:13Z" },
    { SHARED "crowdstrike/schema-fuzz-alerts-v2.jsonl", 0, "crowdstrike", "*", "*", "*", "*" },

    { SHARED "sentinelone/panther-activity.jsonl", 1, "sentinelone", "123456789", NULL, ACTIVITY_19,
        "2022-12-07T16:08:55.703Z" },
    { SHARED "sentinelone/panther-activity.jsonl", 2, "sentinelone", "123564", NULL, SCAN,
        "2022-12-07T16:06:35.483Z" },
    { SHARED "sentinelone/panther-activity.jsonl", 3, "sentinelone", "123456789", NULL, ACTIVITY_19,
        "2022-12-07T16:08:55.703Z" },
    { SHARED "sentinelone/panther-activity.jsonl", 4, "sentinelone", "567890123", NULL,
        "Threat with confidence level suspicious", "2022-12-07T16:15:00Z" },
    { SHARED "sentinelone/panther-activity.jsonl", 5, "sentinelone", "345678901", NULL,
        "Custom Rule automatically marked", "2022-12-07T16:25:00Z" },
    { SHARED "sentinelone/panther-activity.jsonl", 6, "sentinelone", "456789012", NULL,
        "Watchtower Cloud Detection engine", "2022-12-07T16:30:00Z" },
    { SHARED "sentinelone/panther-alert.jsonl", 1, "sentinelone", "1570395776954206544", "critical",
        "Alert created for sshd from Custom Rule: test-rule", "2022-12-07T17:35:48Z" },
    { SHARED "sentinelone/panther-alert.jsonl", 2, "sentinelone", "1570395776954206544", "medium",
        "Alert created for sshd from Custom Rule: test-rule", "2022-12-07T17:35:48Z" },
    { SHARED "sentinelone/panther-alert.jsonl", 3, "sentinelone", "123564", NULL, SCAN,
        "2022-12-07T16:06:35.483Z" },
    { SHARED "sentinelone/xsoar-star-alerts.jsonl", 1, "sentinelone", "123456", "critical",
        "user-alerts", "2022-12-20T13:54:43.040Z" },
    { SHARED "sentinelone/xsoar-star-alerts.jsonl", 2, "sentinelone", "123456", "critical",
        "user-alerts", "2022-12-20T13:54:43.027Z" },
    { SHARED "sentinelone/xsoar-threats-v2.1.jsonl", 1, "sentinelone", "715718962991148224", NULL,
        "Unconfirmed 123490.crdownload", "2019-09-15T12:05:49.095Z" },

    { SHARED "wiz/panther-alert.jsonl", 1, "wiz", "54321", "low", "Alert Name",
        "2024-06-04T02:28:06.763Z" },
    { SHARED "wiz/panther-alert.jsonl", 2, "wiz", "54321", "high", "Alert Name",
        "2024-06-04T02:28:06.763Z" },
    { SHARED "wiz/panther-defend.jsonl", 1, "wiz", "3a65eac1-b8ff-5eb8-8727-5e6cde9c39f3", "low",
        WIZ_PROBE, "2025-10-23T23:15:59.818Z" },
    { SHARED "wiz/panther-defend.jsonl", 2, "wiz", "3a65eac1-b8ff-5eb8-8727-5e6cde9c39f3",
        "informational", WIZ_PROBE, "2025-10-23T23:15:59.818Z" },
    { SHARED "wiz/panther-issue.jsonl", 1, "wiz", "e3188a71-794c-5ee8-b97c-eb794aa5b752", "high",
        WIZ_PROBE, "2025-07-25T13:09:25.306Z" },
    { SHARED "wiz/panther-issue.jsonl", 2, "wiz", "e3188a71-794c-5ee8-b97c-eb794aa5b752", "low",
        WIZ_PROBE, "2025-07-25T13:09:25.306Z" },

    { SHARED "datadog/api-v2-signal.jsonl", 1, "datadog",
        "AQAAAYAeDX6RQ1MmRQAAAABBWUFlRFg2UkFBRDZONmh4RHNIOGF3QUE", "high",
        "PAM Configuration Files Modification - pam_modification", "2022-04-12T13:54:02.513Z" },
    { SHARED "datadog/api-v2-signal.jsonl", 2, "datadog",
        "AQAAAYAeDaGdCLwmPQAAAABBWUFlRGFHZEFBQ3R3QXBJcFc0dEVBQUE", "high",
        "EC2 instance resolved a suspicious AWS metadata DNS query", "2022-04-12T13:54:11.485Z" },
    { SHARED "datadog/api-v2-signal.jsonl", 3, "datadog",
        "AQAAAYNqUBVU4-rffwAAAABBWU5xVUJWVUFBQjJBd3ptMDdQUnF3QUE", "informational",
        "Generate a fake Signal", "2022-09-23T12:26:16.788Z" },

    { SHARED "defender/msdocs-mde-alerts.jsonl", 1, "defender", "da637308392288907382_-880718168",
        "low", "Suspicious 'Meterpreter'", "2020-07-20T10:52:18.136Z" },
    { SHARED "defender/msdocs-mde-alerts.jsonl", 2, "defender", "da637472900382838869_1364969609",
        "low", "Low-reputation arbitrary code", "2021-01-26T20:31:33.057Z" },
    { SHARED "defender/panther-defender-alert.jsonl", 1, "defender",
        "0000000000-1111-2222-3333-444444444444", "high", "Regsvr32 Rundll32 Image Loads",
        "2025-04-21T20:51:04.058Z" },
    { SHARED "defender/panther-defender-alert.jsonl", 2, "defender",
        "sn34c87846-505a-4c84-b125-44bce1202df4", "high", "Regsvr32 Rundll32 Image Loads",
        "2025-04-11T20:51:04.058Z" },
    { SHARED "defender/panther-graph-alert-v1.jsonl", 1, "defender", "abcdefg-123456-hijklmno",
        "high", "Password Spray", "2026-04-02T14:22:00.698Z" },
    { SHARED "defender/panther-graph-alert-v1.jsonl", 2, "defender", "abcdefg12345hijklmnop",
        "high", "Anonymous IP address", "2026-04-03T19:54:13.725Z" },
    { SHARED "defender/panther-graph-alert-v1.jsonl", 3, "defender", "info-event-1",
        "informational", "Informational signal", "2026-04-04T10:00:00Z" },
    { SHARED "defender/xsoar-mde-alerts.jsonl", 1, "defender", "da637029413772554314_295039533",
        "low", "test alert2", "2019-08-05T00:53:51.146Z" },
    { SHARED "guardduty/all.jsonl", 0, "guardduty", "*", "*", "*", "*" },

    { OWN "graph-alerts-v2.synthetic.ndjson", 1, "defender", "da-synthetic-0001_1", "medium",
        "Suspicious execution of hidden file", "2026-05-02T07:56:58.222Z" },
    { OWN "graph-alerts-v2.synthetic.ndjson", 2, "defender", "aad-synthetic-2", NULL,
        "Unfamiliar sign-in properties", "2026-05-03T07:59:30Z" },
    { OWN "securityhub.synthetic.ndjson", 1, "securityhub",
        "arn:aws:guardduty:eu-west-1:111122223333:detector/d0/finding/f0", "high",
        "A synthetic instance queries", "2026-03-01T11:00:00Z" },
    { OWN "securityhub.synthetic.ndjson", 2, "securityhub", "synthetic-finding-2", "medium",
        "A synthetic key is old", "2026-03-02T10:00:00Z" },
    { OWN "ocsf.synthetic.ndjson", 1, "ocsf", "ocsf-synthetic-1", "high",
        "Synthetic credential dumping", "2026-01-01T12:01:00Z" },
    { OWN "ocsf.synthetic.ndjson", 2, "ocsf", "ocsf-synthetic-2", "critical", "Synthetic exposure",
        "2026-01-01T12:01:40Z" },
    { OWN "ocsf.synthetic.ndjson", 3, "ocsf", "ocsf-synthetic-3", NULL, "synthetic call",
        "2026-01-01T12:03:20Z" },
    { OWN "cloudtrail.synthetic.ndjson", 1, "cloudtrail", "00000000-0000-0000-0000-0000000000c1",
        NULL, "AuthorizeSecurityGroupIngress", "2026-01-02T03:04:05Z" },
    { OWN "cloudtrail.synthetic.ndjson", 2, "cloudtrail", "00000000-0000-0000-0000-0000000000c2",
        NULL, "StopInstances", "2026-01-02T03:04:05Z" },
    { OWN "cloudtrail.synthetic.ndjson", 3, "cloudtrail", "00000000-0000-0000-0000-0000000000c3",
        NULL, "DeleteDetector", "2026-01-02T03:04:05Z" },
    { OWN "sentinelone-unified.synthetic.ndjson", 1, "sentinelone",
        "018f0000-0000-7000-8000-000000000001", "high", "Synthetic lateral movement",
        "2026-01-02T03:04:05.678Z" },
    { OWN "crowdstrike.synthetic.ndjson", 1, "crowdstrike",
        "ffffffffffffffffffffffffffffffff:ind:0123456789abcdef0123456789abcdef:1-2-3", "high",
        "Synthetic ransomware behaviour", "2026-01-02T03:04:05.123Z" },
    { OWN "crowdstrike.synthetic.ndjson", 2, "crowdstrike",
        "ffffffffffffffffffffffffffffffff:idp:1", "low", "Synthetic unusual login",
        "2026-01-02T03:04:05Z" },
    { OWN "datadog-webhooks.synthetic.ndjson", 1, "datadog", "abcd1234", NULL,
        "Request from unexpected IP address", NULL },
    { OWN "datadog-webhooks.synthetic.ndjson", 2, "datadog", "efgh5678", "informational",
        "Fraudulent Credit Card Authorizations", NULL },
    { OWN "datadog-webhooks.synthetic.ndjson", 3, "datadog", "ijkl9012", "high", "Synthetic signal",
        "2026-01-02T03:04:05.678Z" },
    { OWN "cef-json.synthetic.ndjson", 1, "cef", "cef-1", "critical", "Synthetic worm stopped",
        "2026-01-02T03:04:05Z" },
    { OWN "cef-json.synthetic.ndjson", 2, "cef", "cef-2", "critical", "Synthetic scan",
        "2026-01-02T03:04:05Z" },
    { OWN "webhook.synthetic.ndjson", 1, "webhook", "w-1", "high", "Synthetic",
        "2026-01-02T03:04:05Z" },
};

/* What looks like an identifier and has no field, and why. Patterns of fnmatch(3) over the
 * file and over the path (arrays left out). */
static const struct exception {
    const char *file;
    const char *path;
    const char *why;
} exceptions[] = {
    { "*crowdstrike*", "*parent_details.*", "a parent of the process: no field for it" },
    { "*guardduty*", "account*", "the envelope's account is the administrator's" },
    { "*datadog*", "*network.ip.list", "every address of the logs, the host's own among them" },
    { "*datadog*", "*answers.Rdata", "what DNS answered: no direction, no field" },
    { "*datadog*", "*samples.*tags:*", "tags of one event; those of the signal are mapped" },
    { "*defender*", "*userSid", "the user has an id of the directory, and the field holds one" },
    { "*graph*", "*userSid", "the user has an id of the directory, and the field holds one" },
    { "*ocsf*", "account", "the envelope's account is the administrator's" },
    { "*securityhub*", "account", "the envelope's account is the administrator's" },
    { "*datadog*", "*tags:numeric_project_id", "a project of Google Cloud, by number" },
    { "*sentinelone*", "*ersion", "the agent's version, in four numbers" },
    { "*guardduty*", "*AccessKeyId", "a placeholder with a _, as no key has" },
};

struct world {
    struct compilation compilation;
    const struct program *program;
    struct arena arena;
    size_t lines;
    size_t seen;   /* identifiers that were looked for */
    size_t missed; /* and found nowhere */
    bool exception_used[COUNT_OF(exceptions)];
};

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL)
        return -1;
    world->arena.limit = EVENT_BYTES_MAX;
    world->program = compile_good(&world->compilation, "when severity >= low then collect triage");
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    compile_release(&world->compilation);
    arena_release(&world->arena);
    free(world);
    return 0;
}

/* ---- what a person read ---- */

static bool is_expected(
    struct world *world, const struct event *event, enum field field, const char *expected)
{
    bool is_start = field == FIELD_ALERT_TITLE;
    value v = event->fields[field];
    if (expected != NULL && strcmp(expected, "*") == 0)
        return true;
    if (expected == NULL)
        return v.kind == VALUE_ABSENT || v.kind == VALUE_NULL;
    str text = value_print(&world->arena, v);
    if (v.kind == VALUE_ABSENT)
        return false;
    return is_start ? str_startswith(text, str_from(expected)) : str_is(text, expected);
}

static size_t count_wrong(
    struct world *world, const struct sample *sample, const struct event *event)
{
    const struct {
        enum field field;
        const char *expected;
    } wanted[] = {
        { FIELD_SOURCE, sample->source },
        { FIELD_ALERT_ID, sample->id },
        { FIELD_SEVERITY, sample->severity },
        { FIELD_ALERT_TITLE, sample->title },
        { FIELD_ALERT_TIME, sample->time },
    };
    size_t wrong = 0;
    for (size_t at = 0; at < COUNT_OF(wanted); at++) {
        if (is_expected(world, event, wanted[at].field, wanted[at].expected))
            continue;
        str got = value_print(&world->arena, event->fields[wanted[at].field]);
        print_error("%s:%zu: %s is `%.*s` and should be `%s`\n", sample->file, sample->line,
            field_info(wanted[at].field)->name, STR_ARG(got),
            wanted[at].expected == NULL ? "(absent)" : wanted[at].expected);
        wrong++;
    }
    return wrong;
}

/* ---- what looks like an identifier ---- */

static bool all_hex(const char *text, size_t len)
{
    for (size_t at = 0; at < len; at++)
        if (!isxdigit((unsigned char)text[at]))
            return false;
    return text[len] == '\0';
}

static bool looks_like_address(const char *text)
{
    struct ip ip;
    return ip_parse(str_from(text), &ip);
}

static bool looks_like_mail(const char *text)
{
    const char *at = strchr(text, '@');
    return at != NULL && at > text && strpbrk(text, " /:") == NULL && strchr(at, '.') != NULL;
}

static bool looks_like_technique(const char *text)
{
    return text[0] == 'T' && strspn(text + 1, "0123456789.") == strlen(text + 1)
           && strlen(text) >= 5;
}

static bool looks_like_identifier(const char *text)
{
    size_t len = strlen(text);
    if (strncmp(text, "i-", 2) == 0 && len == 19)
        return all_hex(text + 2, 17) && strpbrk(text + 2, "ABCDEF") == NULL;
    if (strncmp(text, "sg-", 3) == 0 && (len == 11 || len == 20))
        return all_hex(text + 3, len - 3);
    if (strncmp(text, "arn:aws:iam:", 12) == 0 && strstr(text, ":role/") != NULL)
        return true;
    if ((strncmp(text, "AKIA", 4) == 0 || strncmp(text, "ASIA", 4) == 0) && len == 20)
        return true;
    if (len == 12 && strspn(text, "0123456789") == 12)
        return true;
    if (strncmp(text, "S-1-5-", 6) == 0)
        return true;
    return (len == 64 && all_hex(text, 64)) || looks_like_address(text) || looks_like_mail(text)
           || looks_like_technique(text);
}

static bool is_text_of(struct arena *arena, value v, const char *text)
{
    struct ip ip;
    if (v.kind == VALUE_IP && ip_parse(str_from(text), &ip))
        return memcmp(ip.bytes, v.ip->bytes, sizeof ip.bytes) == 0;
    str printed = value_print(arena, v);
    return printed.len == strlen(text) && strncasecmp(printed.ptr, text, printed.len) == 0;
}

static bool is_in_a_field(struct arena *arena, const struct event *event, const char *text)
{
    for (int field = 0; field < FIELD_COUNT; field++) {
        value v = event->fields[field];
        const value *items = value_items(v);
        for (uint32_t at = 0; at < (items == NULL ? 1 : v.count); at++)
            if (is_text_of(arena, items == NULL ? v : items[at], text))
                return true;
    }
    return false;
}

static bool is_excused(struct world *world, const char *file, const char *path)
{
    for (size_t at = 0; at < COUNT_OF(exceptions); at++)
        if (fnmatch(exceptions[at].file, file, 0) == 0
            && fnmatch(exceptions[at].path, path, 0) == 0) {
            world->exception_used[at] = true;
            return true;
        }
    return false;
}

/* An identifier, or one behind a key and a colon, as tags have them. */
static void look_for(struct world *world, const struct event *event, const char *file,
    const char *path, const char *text)
{
    const char *colon = strchr(text, ':');
    char tag[1200];
    if (!looks_like_identifier(text) && colon != NULL && strchr(colon + 1, ':') == NULL) {
        snprintf(tag, sizeof tag, "%s:%.*s", path, (int)(colon - text), text);
        path = tag;
        text = colon + 1;
    }
    if (!looks_like_identifier(text))
        return;
    world->seen++;
    if (is_in_a_field(&world->arena, event, text) || is_excused(world, file, path))
        return;
    print_error("%s: %s holds %s, which is in no field\n", file, path, text);
    world->missed++;
}

static void scan(struct world *world, const struct event *event, const char *file, const char *path,
    const json_t *json)
{
    const char *key;
    json_t *member;
    size_t at;
    json_t *walked = (json_t *)(uintptr_t)json;
    if (json_is_string(json))
        look_for(world, event, file, path, json_string_value(json));
    json_array_foreach(walked, at, member) scan(world, event, file, path, member);
    json_object_foreach(walked, key, member)
    {
        char below[1024];
        snprintf(below, sizeof below, "%s%s%s", path, path[0] == '\0' ? "" : ".", key);
        scan(world, event, file, below, member);
    }
}

/* ---- who accepts ---- */

static uint32_t count_accepting(struct world *world, const struct event *event)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < world->program->source_count; at++) {
        const struct rule_code accept = { .condition = world->program->sources[at].accept };
        bool holds = false;
        assert_int_equal(
            rule_matches(world->program, &accept, event, &world->arena, &holds), ERR_OK);
        count += holds;
        if (holds && !str_equal(world->program->sources[at].name, event->source))
            print_error("%.*s accepts it too\n", STR_ARG(world->program->sources[at].name));
    }
    return count;
}

/* ---- the files ---- */

static size_t look_at_line(
    struct world *world, const struct sample *sample, size_t line, const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    bool is_wrapped =
        json_object_get(json, "event") != NULL && strstr(sample->file, "guardduty/") != NULL;
    char *alert = json_dumps(is_wrapped ? json_object_get(json, "event") : json, 0);
    struct sample here = *sample;
    here.line = line;
    assert_non_null(alert);
    struct event event = read_alert(world->program, &world->arena, alert);
    size_t wrong = count_wrong(world, &here, &event);
    if (count_accepting(world, &event) != 1) {
        print_error("%s:%zu: not exactly one source accepts it\n", sample->file, line);
        wrong++;
    }
    json_t *read = json_loads(alert, 0, NULL);
    scan(world, &event, sample->file, "", read);
    json_decref(read);
    free(alert);
    json_decref(json);
    arena_release(&world->arena);
    world->lines++;
    return wrong;
}

/* Line `sample->line` of the file, or all of them for 0. *ret_wrong: what was wrong. */
static bool look_at_sample(struct world *world, const struct sample *sample, size_t *ret_wrong)
{
    FILE *stream = fopen(sample->file, "r");
    char *text = NULL;
    size_t size = 0;
    size_t line = 0;
    size_t before = world->lines;
    if (stream == NULL)
        return false;
    while (getline(&text, &size, stream) > 0) {
        if (strspn(text, " \t\r\n") == strlen(text))
            continue;
        if (++line == sample->line || sample->line == 0)
            *ret_wrong += look_at_line(world, sample, line, text);
    }
    free(text);
    fclose(stream);
    if (world->lines == before)
        print_error("%s:%zu is not there\n", sample->file, sample->line);
    *ret_wrong += world->lines == before;
    return true;
}

static void every_alert_comes_out_with_what_it_has(void **state)
{
    struct world *world = *state;
    size_t wrong = 0;
    bool has_shared = true;
    for (size_t at = 0; at < COUNT_OF(samples); at++) {
        bool is_shared = strncmp(samples[at].file, SHARED, strlen(SHARED)) == 0;
        bool is_there = look_at_sample(world, &samples[at], &wrong);
        assert_true(is_there || is_shared);
        has_shared = has_shared && is_there;
    }
    for (size_t at = 0; has_shared && at < COUNT_OF(exceptions); at++) {
        if (!world->exception_used[at])
            print_error("nothing needs the exception %s of %s any more\n", exceptions[at].path,
                exceptions[at].file);
        wrong += !world->exception_used[at];
    }
    print_message(
        "%zu alerts, %zu identifiers, %zu in no field\n", world->lines, world->seen, world->missed);
    assert_int_equal(wrong, 0);
    assert_int_equal(world->missed, 0);
    assert_true(world->lines >= 20 && world->seen >= 50);
    if (!has_shared) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
}

static void every_line_of_every_file_is_in_the_table(void **state)
{
    (void)state;
    size_t at = 0;
    while (at < COUNT_OF(samples)) {
        const char *file = samples[at].file;
        size_t rows = 0;
        size_t lines = 0;
        int c;
        bool is_whole = samples[at].line == 0;
        for (; at < COUNT_OF(samples) && strcmp(samples[at].file, file) == 0; at++)
            rows++;
        FILE *stream = fopen(file, "r");
        if (stream == NULL)
            continue;
        while ((c = getc(stream)) != EOF)
            lines += c == '\n';
        fclose(stream);
        if (!is_whole && lines != rows)
            print_error("%s has %zu lines, the table %zu\n", file, lines, rows);
        assert_true(is_whole || lines == rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_alert_comes_out_with_what_it_has, begin, end),
        cmocka_unit_test(every_line_of_every_file_is_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
