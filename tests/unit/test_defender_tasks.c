/* What Defender does on a host and does not undo: scans, quarantine, the investigation package. */
#include "bytecode.h"
#include "defender.h"

#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FILE_OF(sha1, sha256) "{\"sha1\":\"" sha1 "\",\"sha256\":\"" sha256 "\"}"

static void task(struct script *script, enum verb verb, const char *name)
{
    script_begin(script, verb, name);
    script_set(script, "host", MACHINE_ID);
}

/* ---- scans ---- */

#define SCAN(kind)                                                                                 \
    "POST /api/machines/" MACHINE_ID                                                               \
    "/runAntiVirusScan\n{\"Comment\":\"" MARK("RunAntiVirusScan") "\",\"ScanType\":\"" kind "\"}"
#define SCAN_SENT(kind)                                                                            \
    CHANGE("RunAntivirusScan", SCAN(kind), OURS_IS("RunAntiVirusScan", "Pending"))

static void a_scan_is_begun_and_not_waited_for(void **state)
{
    (void)state;
    static const struct exchange quick[] = { LOOKUP, SCAN_SENT("Quick"),
        POLL("RunAntiVirusScan", "Pending"), POLL("RunAntiVirusScan", "InProgress") };
    static const struct exchange full[] = { LOOKUP, SCAN_SENT("Full"),
        POLL("RunAntiVirusScan", "Succeeded") };
    static const struct exchange lost[] = { LOOKUP,
        CHANGE_WITHOUT("RunAntivirusScan", SCAN("Quick"), LOST),
        LIST(OURS_IS("RunAntiVirusScan", "InProgress")) };
    static const struct exchange failed[] = { LOOKUP, SCAN_SENT("Quick"),
        ASK("GetMachineAction", "",
            "{\"id\":\"" ACTION_ID "\",\"status\":\"Failed\",\"errorHResult\":-2147024809}") };
    static const struct exchange plan[] = { LOOKUP,
        CHANGE_WITHOUT("RunAntivirusScan", SCAN("Quick"), ASSUMED) };
    struct script script;
    task(&script, VERB_RESPOND, "scan_host");
    ends_with(&script, quick, COUNT_OF(quick), STEP_DONE, 1, "is being scanned, or was");
    assert_null(script.undos[0].builtin);
    script_starve(&script, quick, COUNT_OF(quick), STEP_DONE);
    script_end(&script);
    task(&script, VERB_RESPOND, "scan_host");
    script_set(&script, "mode", "full");
    ENDS(&script, full, STEP_DONE, 1, "is being scanned, or was");
    task(&script, VERB_RESPOND, "scan_host");
    ENDS(&script, lost, STEP_DONE, 1, "is being scanned");
    task(&script, VERB_RESPOND, "scan_host");
    ENDS(&script, failed, STEP_FAILED, 1, "Failed (error -2147024809)");
    task(&script, VERB_RESPOND, "scan_host");
    ENDS(&script, plan, STEP_DONE, 1, "would be scanned");
}

static void a_scan_that_runs_is_as_good_only_when_it_is_as_thorough(void **state)
{
    (void)state;
#define SCAN_BUSY(kind)                                                                            \
    CHANGE_ERROR("RunAntivirusScan", SCAN(kind), 400,                                              \
        MS_ERROR("ActiveRequestAlreadyExists", "Action is already in progress"))
    static const struct exchange quick[] = { LOOKUP, SCAN_BUSY("Quick"),
        LIST(LATER_BY_OTHER("RunAntiVirusScan", "InProgress", ",\"scope\":\"Quick\"")) };
    static const struct exchange full[] = { LOOKUP, SCAN_BUSY("Full"),
        LIST(LATER_BY_OTHER("RunAntiVirusScan", "InProgress", ",\"scope\":\"Quick\"")) };
    struct script script;
    task(&script, VERB_RESPOND, "scan_host");
    ENDS(&script, quick, STEP_DONE, 1, "somebody else had begun");
    task(&script, VERB_RESPOND, "scan_host");
    script_set(&script, "mode", "full");
    ENDS(&script, full, STEP_PARTIAL, 1, "no full scan was begun");
}

/* ---- files ---- */

#define QUARANTINE                                                                                 \
    "POST /api/machines/" MACHINE_ID "/StopAndQuarantineFile\n{\"Comment\":\"" MARK(               \
        "StopAndQuarantineFile") "\",\"Sha1\":\"" SHA1 "\"}"
#define QUARANTINED                                                                                \
    CHANGE("StopAndQuarantineFile", QUARANTINE, OURS_IS("StopAndQuarantineFile", "Pending")),      \
        POLL("StopAndQuarantineFile", "Succeeded")
#define FILE_LOOK ASK("GetFileInformation", "GET /api/files/" SHA256, FILE_OF(SHA1, SHA256))

static void quarantine(struct script *script, const char *hash)
{
    task(script, VERB_RESPOND, "stop_and_quarantine_file");
    script_set(script, "sha256", hash);
}

static void a_file_is_quarantined_by_the_sha1_that_defender_knows(void **state)
{
    (void)state;
    static const struct exchange by_sha256[] = { LOOKUP, FILE_LOOK, QUARANTINED };
    static const struct exchange by_sha1[] = { LOOKUP, QUARANTINED };
    static const struct exchange lost[] = { LOOKUP, FILE_LOOK,
        CHANGE_WITHOUT("StopAndQuarantineFile", QUARANTINE, LOST),
        LIST(OURS_IS("StopAndQuarantineFile", "Succeeded")) };
    static const struct exchange declined[] = { LOOKUP, FILE_LOOK,
        CHANGE_ERROR("StopAndQuarantineFile", "", 400,
            MS_ERROR("FileIsSystemCritical", "File cannot be quarantined")),
        LIST("") };
    struct script script;
    quarantine(&script, SHA256);
    ends_with(&script, by_sha256, COUNT_OF(by_sha256), STEP_DONE, 1, "has the file in quarantine");
    assert_null(script.undos[0].builtin);
    assert_true(has_fact(&script, FIELD_FILE_SHA256, SHA256));
    script_starve(&script, by_sha256, COUNT_OF(by_sha256), STEP_DONE);
    script_end(&script);
    quarantine(&script, SHA1);
    ENDS(&script, by_sha1, STEP_DONE, 1, "has the file in quarantine");
    quarantine(&script, SHA256);
    ENDS(&script, lost, STEP_DONE, 1, "has the file in quarantine");
    quarantine(&script, SHA256);
    ENDS(&script, declined, STEP_FAILED, 1, "FileIsSystemCritical");
}

static void a_file_that_defender_does_not_know_stays(void **state)
{
    (void)state;
    static const struct exchange unknown[] = { LOOKUP,
        ASK_ERROR("GetFileInformation", "", 404, MS_ERROR("ResourceNotFound", "File not found")) };
    static const struct exchange another[] = { LOOKUP,
        ASK("GetFileInformation", "", FILE_OF(SHA1, "00")) };
    static const struct exchange unnamed[] = { LOOKUP,
        ASK("GetFileInformation", "", FILE_OF("", SHA256)) };
    static const struct exchange denied[] = { LOOKUP,
        ASK_ERROR("GetFileInformation", "", 403, MS_DENIED) };
    struct script script;
    quarantine(&script, SHA256);
    ENDS(&script, unknown, STEP_UNRESOLVED, 0, "Defender knows no file of SHA-256");
    quarantine(&script, SHA256);
    ENDS(&script, another, STEP_UNRESOLVED, 0, "does not say the SHA-1");
    quarantine(&script, SHA256);
    ENDS(&script, unnamed, STEP_UNRESOLVED, 0, "does not say the SHA-1");
    quarantine(&script, SHA256);
    ENDS(&script, denied, STEP_FAILED, 0, "Microsoft does not allow GetFileInformation");
    quarantine(&script, "../machines");
    ends_with(&script, NULL, 0, STEP_UNRESOLVED, 0, "is no SHA-256 (64 hex digits)");
    script_end(&script);
}

/* ---- the package ---- */

#define COLLECT                                                                                    \
    CHANGE("CollectInvestigationPackage",                                                          \
        "POST /api/machines/" MACHINE_ID                                                           \
        "/collectInvestigationPackage\n{\"Comment\":\"" MARK("CollectInvestigationPackage") "\"}", \
        OURS_IS("CollectInvestigationPackage", "Pending"))
#define COLLECTED POLL("CollectInvestigationPackage", "Succeeded")
#define KEPT                                                                                       \
    "{\"bytes\":12,\"sha256\":\"" SHA256 "\",\"path\":\"/var/lib/cdr/evidence/x/package.zip\","    \
    "\"existed\":false}"
#define FETCH ASK("GetPackageUri", "GET /api/machineactions/" ACTION_ID "/GetPackageUri", KEPT)
#define FETCH_OTHER ASK("GetPackageUri", "GET /api/machineactions/" OTHER_ID "/GetPackageUri", KEPT)

static void package(struct script *script, const char *to)
{
    task(script, VERB_COLLECT, "package");
    if (to != NULL)
        script_set(script, "to", to);
}

static void the_package_is_fetched_into_the_evidence_folder(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKUP, LIST(""), COLLECT, COLLECTED, FETCH };
    static const struct exchange running[] = { LOOKUP,
        LIST(LATER_BY_OTHER("CollectInvestigationPackage", "InProgress", "")),
        ASK("GetMachineAction", OTHER_ID,
            LATER_BY_OTHER("CollectInvestigationPackage", "Succeeded", "")),
        FETCH_OTHER };
    static const struct exchange raced[] = { LOOKUP, LIST(""),
        CHANGE_ERROR("CollectInvestigationPackage", "", 400,
            MS_ERROR("BadRequest", "Action is already in progress")),
        LIST(LATER_BY_OTHER("CollectInvestigationPackage", "Pending", "")),
        ASK("GetMachineAction", OTHER_ID,
            LATER_BY_OTHER("CollectInvestigationPackage", "Succeeded", "")),
        FETCH_OTHER };
    static const struct exchange older[] = { LOOKUP,
        LIST(LATER_BY_OTHER("CollectInvestigationPackage", "Succeeded", "")), COLLECT, COLLECTED,
        FETCH };
    struct script script;
    package(&script, "/var/lib/cdr/evidence");
    ends_with(&script, exchanges, COUNT_OF(exchanges), STEP_DONE, 1,
        "is /var/lib/cdr/evidence/x/package.zip (12 bytes)");
    assert_true(str_is(value_str(script.step.results.sha256), SHA256));
    assert_true(str_is(value_str(script.step.results.url), "/var/lib/cdr/evidence/x/package.zip"));
    assert_true(str_is(script.step.request.keep_as, MACHINE_ID "/package-" ACTION_ID ".zip"));
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_DONE);
    script_end(&script);
    package(&script, "/var/lib/cdr/evidence");
    ENDS(&script, running, STEP_DONE, 0, "somebody else had asked for it");
    package(&script, "/var/lib/cdr/evidence");
    ENDS(&script, raced, STEP_DONE, 1, "somebody else had asked for it");
    package(&script, "/var/lib/cdr/evidence");
    ENDS(&script, older, STEP_DONE, 1, "(12 bytes)");
}

static void a_package_that_is_not_fetched_is_partial(void **state)
{
    (void)state;
    static const struct exchange nowhere[] = { LOOKUP, LIST(""), COLLECT, COLLECTED };
    static const struct exchange denied[] = { LOOKUP, LIST(""), COLLECT, COLLECTED,
        ASK_ERROR("GetPackageUri", "", 403, MS_DENIED) };
    static const struct exchange broken[] = { LOOKUP, LIST(""), COLLECT, COLLECTED,
        ASK_WITHOUT("GetPackageUri", "", REFUSED) };
    static const struct exchange unsaid[] = { LOOKUP, LIST(""), COLLECT, COLLECTED,
        ASK("GetPackageUri", "", "{}") };
    struct script script;
    package(&script, NULL);
    ENDS(&script, nowhere, STEP_PARTIAL, 1, "names no folder to keep it in");
    package(&script, "s3://evidence/x");
    ENDS(&script, nowhere, STEP_PARTIAL, 1, "names no folder to keep it in");
    package(&script, "/e");
    ENDS(&script, denied, STEP_PARTIAL, 1, "at Defender (action " ACTION_ID);
    package(&script, "/e");
    ENDS(&script, broken, STEP_PARTIAL, 1, "not here: GetPackageUri");
    package(&script, "/e");
    ENDS(&script, unsaid, STEP_PARTIAL, 1, "nothing says that it was kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_is_begun_and_not_waited_for),
        cmocka_unit_test(a_scan_that_runs_is_as_good_only_when_it_is_as_thorough),
        cmocka_unit_test(a_file_is_quarantined_by_the_sha1_that_defender_knows),
        cmocka_unit_test(a_file_that_defender_does_not_know_stays),
        cmocka_unit_test(the_package_is_fetched_into_the_evidence_folder),
        cmocka_unit_test(a_package_that_is_not_fetched_is_partial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
