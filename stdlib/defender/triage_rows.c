/* triage_rows.c - triage and memory by live response. */
#include "bytecode.h"
#include "defender/triage.h"
#include "fronts.h"

#define PAGE "https://learn.microsoft.com/en-us/defender-endpoint/api/run-live-response"
#define ROLES "Library.Manage", "Machine.LiveResponse", "Machine.Read.All"
#define LIMIT_HOSTS                                                                                \
    "Windows 10 and later and Linux, where live response (for servers too) and unsigned scripts "  \
    "are switched on; macOS is refused. The result of a session may ask for "                      \
    "Machine.ReadWrite.All"
#define LIMIT_QUEUE                                                                                \
    "one session a machine, 25 at a time and 10 new ones a minute in the tenant: others are "      \
    "waited for; a machine that does not come within an hour is given up and the request "         \
    "withdrawn, which Defender would keep for three days"
#define LIMIT_ARCHIVE                                                                              \
    "without s3:// it comes through Defender into the evidence folder of the connection, of an "   \
    "isolated machine always; where its SHA-256 is another than on the machine it ends as partial"

const struct builtin defender_triage = {
    .name = "triage",
    .verb = VERB_COLLECT,
    .provider = "defender",
    .doc = "Collect processes, connections, autostarts, logs and recent files of a host.",
    .params = TRIAGE_PARAMS("quick full"),
    .effect = EFFECT_COLLECTS,
    .permissions = { .apply = { ROLES } },
    .limits = { LIMIT_HOSTS, LIMIT_QUEUE, LIMIT_ARCHIVE,
        "whoever is administrator there may have changed what it shows; to=\"s3://..\" needs a "
        "connection to aws with s3:ListBucket and s3:PutObject" },
    .shows = { SHOWS_MACHINE },
    .source = PAGE,
    .fits = machine_fits,
    .state_bytes = sizeof(struct machine_triage),
    .next = machine_triage_next,
};

const struct builtin defender_memory = {
    .name = "memory",
    .verb = VERB_COLLECT,
    .provider = "defender",
    .doc = "Collect the memory of a running host.",
    .params = TRIAGE_PARAMS("quick full"),
    .effect = EFFECT_COLLECTS,
    .permissions = { .apply = { ROLES } },
    .limits = { LIMIT_HOSTS, LIMIT_QUEUE, LIMIT_ARCHIVE,
        "it takes a tool of your own that the profile names, for Windows and of 20 MB at most" },
    .shows = { SHOWS_MACHINE },
    .source = PAGE,
    .fits = machine_fits,
    .state_bytes = sizeof(struct machine_triage),
    .next = machine_memory_next,
};
