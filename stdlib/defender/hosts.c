/* hosts.c - what rules may do to machines with Defender for Endpoint, live response excepted. */
#include "bytecode.h"
#include "defender/contain.h"
#include "defender/package.h"
#include "defender/quarantine.h"
#include "defender/scan_host.h"
#include "fronts.h"
#include "registry.h"

#define MDE_API "https://learn.microsoft.com/en-us/defender-endpoint/api/"

#define HOST PARAM("host", HOST, TARGET, "the machine's id in Defender, 40 hex digits")
#define RELEASE_PARAMS                                                                             \
    {                                                                                              \
        [RELEASE_HOST] = PARAM("host", HOST, REQUIRED, "the machine"),                             \
        [RELEASE_STEP] = PARAM("step", TEXT, REQUIRED, "the key of the step that is taken back")   \
    }

#define LIMIT_LATER                                                                                \
    "a host that is switched off hears of it when it reports: after ten minutes the step ends as " \
    "partial"
#define LIMIT_CLOUD                                                                                \
    "Defender shows account and instance of few machines outside Azure: protect those by name, "   \
    "address or tag too"

const struct builtin defender_isolate_host = {
    .name = "isolate_host",
    .verb = VERB_RESPOND,
    .provider = "defender",
    .doc = "Cut a host off from the network, Defender excepted.",
    .params = HOST_ISOLATE_PARAMS,
    .effect = EFFECT_CHANGES,
    .permissions = { .apply = { "Machine.Isolate", "Machine.Read.All" },
        .undo = { "Machine.Isolate", "Machine.Read.All" } },
    .limits = { "selective isolation, which keeps Outlook and Teams, is for Windows alone",
        "a host whose VPN takes all of its traffic loses Defender with it: it is then released "
        "only "
        "where the tunnel is gone, or by hand. Let the VPN leave Defender's addresses out",
        LIMIT_LATER, LIMIT_CLOUD },
    .shows = { SHOWS_MACHINE },
    .inverse = "release_machine",
    .source = MDE_API "isolate-machine",
    .fits = machine_fits,
    .state_bytes = sizeof(struct host_step),
    .next = defender_isolate_host_next,
};

static const struct builtin rows[] = {
    {
        .name = "package",
        .verb = VERB_COLLECT,
        .provider = "defender",
        .doc = "Collect the investigation package that Defender itself puts together.",
        .params = { [PACKAGE_HOST] = HOST,
            [PACKAGE_TO] = { .name = "to",
                .type = TYPE_TEXT,
                .need = PARAM_OPTIONAL,
                .directs = true,
                .setting = "evidence",
                .doc = "the folder in which it is kept: \"/var/lib/cdr/evidence\"" } },
        .effect = EFFECT_COLLECTS,
        .permissions = { .apply = { "Machine.CollectForensics", "Machine.Read.All" } },
        .limits = { "one at a time of a host: one that is being made is waited for",
            "kept in the folder that the connection names as its evidence; else it stays at "
            "Defender, "
            "and the step ends as partial",
            LIMIT_LATER },
        .shows = { SHOWS_MACHINE },
        .source = MDE_API "collect-investigation-package",
        .state_bytes = sizeof(struct host_step),
        .next = package_next,
    },
    {
        .name = "restrict_app_execution",
        .verb = VERB_RESPOND,
        .provider = "defender",
        .doc = "Let a host run only programs that Microsoft signed.",
        .params = { HOST },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "Machine.Read.All", "Machine.RestrictExecution" },
            .undo = { "Machine.Read.All", "Machine.RestrictExecution" } },
        .limits = { "Windows alone, with Defender Antivirus and Windows 10, version 1709, or later",
            "what runs already goes on running", LIMIT_LATER, LIMIT_CLOUD },
        .shows = { SHOWS_MACHINE },
        .inverse = "allow_app_execution",
        .source = MDE_API "restrict-code-execution",
        .state_bytes = sizeof(struct host_step),
        .next = restrict_app_execution_next,
    },
    {
        .name = "scan_host",
        .verb = VERB_RESPOND,
        .provider = "defender",
        .doc = "Start an antivirus scan.",
        .params = { [SCAN_HOST] = HOST,
            [SCAN_MODE] = PARAM_CHOICE("mode", "quick full", "quick when not given") },
        .effect = EFFECT_COLLECTS,
        .permissions = { .apply = { "Machine.Read.All", "Machine.Scan" } },
        .limits = { "its end is not waited for: what it finds becomes an alert of its own",
            "Defender Antivirus must be there, active or passive", LIMIT_LATER },
        .shows = { SHOWS_MACHINE },
        .source = MDE_API "run-av-scan",
        .state_bytes = sizeof(struct host_step),
        .next = scan_host_next,
    },
    {
        .name = "stop_and_quarantine_file",
        .verb = VERB_RESPOND,
        .provider = "defender",
        .doc = "Stop the processes of a file on a host and move it to quarantine.",
        .params = { [QUARANTINE_HOST] = HOST,
            [QUARANTINE_FILE] = PARAM_DIRECTS(
                "sha256", REQUIRED, "the file's SHA-256 in hex; its SHA-1 does too") },
        .effect = EFFECT_DESTROYS,
        .destroys = DESTROYS_MEMORY,
        .permissions = { .apply = { "File.Read.All", "Machine.Read.All",
                             "Machine.StopAndQuarantine" } },
        .limits = { "no API restores it: an administrator does, on the host (MpCmdRun.exe "
                    "-Restore)",
            "Windows alone; not files that Microsoft or a publisher it trusts has signed",
            LIMIT_LATER, LIMIT_CLOUD },
        .shows = { SHOWS_MACHINE },
        .source = MDE_API "stop-and-quarantine-file",
        .state_bytes = sizeof(struct quarantine),
        .next = quarantine_next,
    },
    {
        .name = "allow_app_execution",
        .verb = VERB_UNDO,
        .provider = "defender",
        .doc = "Let a host run every program again, unless somebody else restricted it since.",
        .params = RELEASE_PARAMS,
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "Machine.Read.All", "Machine.RestrictExecution" } },
        .shows = { SHOWS_MACHINE },
        .source = MDE_API "unrestrict-code-execution",
        .state_bytes = sizeof(struct host_step),
        .next = allow_app_execution_next,
    },
    {
        .name = "release_machine",
        .verb = VERB_UNDO,
        .provider = "defender",
        .doc = "Give a host its network back, unless somebody else isolated it since.",
        .params = RELEASE_PARAMS,
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "Machine.Isolate", "Machine.Read.All" } },
        .limits = { "an isolation of which the host has not heard is cancelled", LIMIT_LATER },
        .shows = { SHOWS_MACHINE },
        .source = MDE_API "unisolate-machine",
        .state_bytes = sizeof(struct host_step),
        .next = release_machine_next,
    },
};

const struct builtin_module defender_hosts_module = { "defender.hosts", rows, COUNT_OF(rows) };
