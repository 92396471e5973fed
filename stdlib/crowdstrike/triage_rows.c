/* triage_rows.c - triage and memory by Real Time Response, and what must be excluded for them. */
#include "bytecode.h"
#include "crowdstrike/exclusions.h"
#include "crowdstrike/triage.h"
#include "fronts.h"

#define RTR_PAGE "https://www.falconpy.io/Service-Collections/Real-Time-Response-Admin.html"
#define SCOPES                                                                                     \
    "hosts:read", "real-time-response:read", "real-time-response:write",                           \
        "real-time-response-admin:write"
#define LIMIT_HOSTS                                                                                \
    "Windows and Linux hosts whose response policy allows Real Time Response, Custom Scripts, "    \
    "get "                                                                                         \
    "and put; macOS is refused"
#define LIMIT_OFFLINE                                                                              \
    "a host that is offline is waited for an hour; the start stays queued with Falcon, which "     \
    "keeps "                                                                                       \
    "it for some days, and a collector of your own is not queued"
#define LIMIT_ARCHIVE                                                                              \
    "without s3:// it comes through CrowdStrike as a 7z archive whose password is infected, of "   \
    "at "                                                                                          \
    "most 4 GB; of a contained host always, so its connection needs an evidence folder"

const struct builtin crowdstrike_triage = {
    .name = "triage",
    .verb = VERB_COLLECT,
    .provider = "crowdstrike",
    .doc = "Collect processes, connections, autostarts, logs and recent files of a host.",
    .params = TRIAGE_PARAMS("quick full"),
    .effect = EFFECT_COLLECTS,
    .permissions = { .apply = { SCOPES } },
    .limits = { LIMIT_HOSTS, LIMIT_OFFLINE, LIMIT_ARCHIVE,
        "whoever is administrator there may have changed what it shows; to=\"s3://..\" needs a "
        "connection to aws with s3:ListBucket and s3:PutObject" },
    .shows = { FALCON_SHOWS_DEVICE },
    .source = RTR_PAGE,
    .fits = falcon_fits,
    .state_bytes = sizeof(struct falcon_triage),
    .next = falcon_triage_next,
};

const struct builtin crowdstrike_memory = {
    .name = "memory",
    .verb = VERB_COLLECT,
    .provider = "crowdstrike",
    .doc = "Collect the memory of a running host.",
    .params = TRIAGE_PARAMS("quick full"),
    .effect = EFFECT_COLLECTS,
    .permissions = { .apply = { SCOPES } },
    .limits = { LIMIT_HOSTS, LIMIT_OFFLINE, LIMIT_ARCHIVE,
        "it needs a tool, by a `collector` that the step names with profile=: without one it ends "
        "as unresolved" },
    .shows = { FALCON_SHOWS_DEVICE },
    .source = RTR_PAGE,
    .fits = falcon_fits,
    .state_bytes = sizeof(struct falcon_triage),
    .next = falcon_memory_next,
};

static const struct crowdstrike_exclusion exclusions[] = {
    { "cdr, a collector of your own", CROWDSTRIKE_EXCLUDE_ML, "cdr-*",
        "where the sensor stops a program that cdr puts there: its name is cdr- and 16 digits of "
        "its "
        "SHA-256, in C:\\ while it runs" },
    { "Cado Host", CROWDSTRIKE_EXCLUDE_ML, "Windows\\Temp\\_MEI*\\**\\CadoHostRawGrabber.exe",
        "detections and preventions of machine learning" },
    { "Cado Host", CROWDSTRIKE_EXCLUDE_ML, "Windows\\Temp\\cado-host-*\\cado-host.exe",
        "detections and preventions of machine learning" },
    { "Cado Host", CROWDSTRIKE_EXCLUDE_IOA_IMAGE,
        ".*\\\\Windows\\\\Temp\\\\_MEI.*\\\\.*\\\\CadoHostRawGrabber\\.exe",
        "HiveCredTheft, RawReadOnSAMHive, RawReadOnSecurityHive: image filename" },
    { "Cado Host", CROWDSTRIKE_EXCLUDE_IOA_COMMAND,
        ".*\\\\Windows\\\\TEMP\\\\_MEI.*\\\\binaries\\\\CadoHostRawGrabber\\.exe\\s+--inputPath\\s+"
        ".*"
        "\\s+--outputPath\\s+.*\\\\Windows\\\\TEMP\\\\.*",
        "of the same exclusions: command line" },
};

size_t crowdstrike_exclusions_count(void)
{
    return COUNT_OF(exclusions);
}

const struct crowdstrike_exclusion *crowdstrike_exclusion_at(size_t index)
{
    return index < COUNT_OF(exclusions) ? &exclusions[index] : NULL;
}

const char *crowdstrike_exclusion_kind(enum crowdstrike_exclusion_kind kind)
{
    switch (kind) {
    case CROWDSTRIKE_EXCLUDE_ML:
        return "machine learning exclusion";
    case CROWDSTRIKE_EXCLUDE_IOA_IMAGE:
        return "IOA exclusion, image filename";
    case CROWDSTRIKE_EXCLUDE_IOA_COMMAND:
        return "IOA exclusion, command line";
    }
    return "";
}
