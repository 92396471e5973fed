/* collect triage and memory of a machine of Defender, by live response. */
#include "mde_host.h"

#define URL "file:///evidence/" MACHINE "/triage-" STEP_KEY

static void what_get_file_fetched_is_kept_and_nothing_of_ours_stays(void **state)
{
    (void)state;
    static const char *const systems[] = { "Linux", "Windows11", "WindowsServer2022" };
    for (size_t at = 0; at < COUNT_OF(systems); at++) {
        struct host *host = host_new(&defender_triage, "/evidence");
        host->os = systems[at];
        assert_int_equal(host_play(host), STEP_DONE);
        host_says(host, "5 files of web-1 (host/" MACHINE ") are kept as " URL);
        assert_true(str_startswith(value_str(host->step.results.url), STR(URL)));
        assert_true(str_is(value_str(host->step.results.sha256), SUM));
        assert_int_equal(host->step.results.verdict.integer, VERDICT_UNKNOWN);
        assert_int_equal(host->starts, 1);
        assert_true(host->is_cleaned);
        assert_int_equal(host->uploads, 3);
        assert_int_equal(files_left(host), 0);
        assert_true(str_is(host->step.target, "host/" MACHINE));
        host_free(host);
    }
}

/* The body of the n-th request of that operation. */
static const char *body_of(const struct host *host, const char *operation, size_t number)
{
    char word[64];
    snprintf(word, sizeof(word), " %s ", operation);
    for (size_t at = 0; at < host->turns; at++)
        if (strncmp(strchr(host->written[at], ' '), word, strlen(word)) == 0 && number-- == 0)
            return host->bodies[at];
    fail_msg("there is no %s", operation);
    return "";
}

static void requests_are_what_microsoft_documents(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    assert_int_equal(host_play(host), STEP_DONE);
    assert_string_equal(body_of(host, "RunLiveResponse", 0),
        "POST /api/machines/" MACHINE "/runliveresponse\nContent-Type: application/json\n\n"
        "{\"Commands\":[{\"type\":\"RunScript\",\"params\":[{\"key\":\"ScriptName\",\"value\":"
        "\"cdr-" STEP_KEY "-start.ps1\"}]}],\"Comment\":\"cdr [" STEP_KEY "]: start\"}");
    assert_string_equal(body_of(host, "RunLiveResponse", 1),
        "POST /api/machines/" MACHINE "/runliveresponse\nContent-Type: application/json\n\n"
        "{\"Commands\":[{\"type\":\"RunScript\",\"params\":[{\"key\":\"ScriptName\",\"value\":"
        "\"cdr-" STEP_KEY "-status.ps1\"}]}],\"Comment\":\"cdr [" STEP_KEY "]: status 1\"}");
    assert_string_equal(body_of(host, "ListLibraryFiles", 0), "GET /api/libraryfiles\n");
    assert_string_equal(body_of(host, "GetLiveResponseResult", 0),
        "GET /api/machineactions/action-0/GetLiveResponseResultDownloadLink(index=0)\n");
    assert_string_equal(
        body_of(host, "Download", 0), "GET /store1.blob.core.windows.net/r/action-0?sig=x%2By\n");
    assert_string_equal(body_of(host, "DeleteLibraryFile", 2),
        "DELETE /api/libraryfiles/cdr-" STEP_KEY "-clean.ps1\n");
    const char *upload = body_of(host, "UploadLibraryFile", 0);
    assert_true(str_startswith(str_from(upload),
        STR("POST /api/libraryfiles\nContent-Type: multipart/form-data; boundary=")));
    assert_non_null(strstr(upload, "name=\"file\"; filename=\"cdr-" STEP_KEY "-start.ps1\"\r\n"));
    host_free(host);
}

static size_t marks_of(const struct host *host)
{
    size_t marks = 0;
    for (size_t at = 0; at < host->turns; at++)
        marks += strstr(host->bodies[at], "cdr-late-put:evidence-bucket/cases/" MACHINE) != NULL;
    return marks;
}

/* Only the host says whose object it is: nothing that it packed is removed. */
static void an_object_that_was_there_before_is_no_evidence_of_ours(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "s3://evidence-bucket/cases");
    host->is_uploading = host->has_existed = true;
    assert_int_equal(host_play(host), STEP_PARTIAL);
    host_says(host, "was there already when the host uploaded");
    assert_false(host->is_cleaned);
    host_free(host);
}

static void what_the_machine_uploaded_is_looked_at_in_s3(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "s3://evidence-bucket/cases");
    host->is_uploading = true;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_true(str_is(value_str(host->step.results.url),
        "s3://evidence-bucket/cases/" MACHINE "/triage-" STEP_KEY ".zip"));
    assert_int_equal(marks_of(host), 1);
    assert_true(host->is_cleaned);
    assert_int_equal(files_left(host), 0);
    host_free(host);
}

static void an_isolated_machine_is_fetched_from_and_never_told_to_upload(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "s3://evidence-bucket/cases");
    host->is_isolated = true;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_true(str_startswith(value_str(host->step.results.url), STR(URL)));
    assert_int_equal(marks_of(host), 0);
    host_free(host);
}

static void a_machine_without_a_way_to_s3_is_fetched_from(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "s3://evidence-bucket/cases");
    assert_int_equal(host_play(host), STEP_DONE);
    assert_true(str_startswith(value_str(host->step.results.url), STR(URL)));
    host_free(host);
}

static void what_cannot_be_collected_from_is_refused_before_anything_is_changed(void **state)
{
    (void)state;
    static const struct {
        const char *os;
        const char *to;
        const char *why;
    } cases[] = {
        { "macOS", "/evidence", "runs macOS" },
        { "Windows7", "/evidence", "live response is for Windows 10 and later" },
        { "WindowsServer2008R2", "/evidence", "live response is for Windows 10 and later" },
        { "iOS", "/evidence", "live response is for" },
        { "Linux", NULL, "nothing says where the evidence goes" },
        { "Linux", "ftp://x", "is no place for evidence" },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct host *host = host_new(&defender_triage, cases[at].to);
        host->os = cases[at].os;
        assert_int_equal(host_play(host), STEP_UNRESOLVED);
        host_says(host, cases[at].why);
        assert_int_equal(host->action_count, 0);
        assert_int_equal(host->uploads, 0);
        host_free(host);
    }
}

static void what_the_collector_says_decides_the_end(void **state)
{
    (void)state;
    struct host *partial = host_new(&defender_triage, "/evidence");
    partial->collected = "partial";
    assert_int_equal(host_play(partial), STEP_PARTIAL);
    host_says(partial, "it is not all: no space left");
    host_free(partial);
    struct host *failed = host_new(&defender_triage, "/evidence");
    failed->collected = "failed";
    assert_int_equal(host_play(failed), STEP_FAILED);
    host_says(failed, "kept nothing: no space left");
    assert_true(failed->is_cleaned);
    host_free(failed);
    struct host *busy = host_new(&defender_triage, "/evidence");
    busy->busy_looks = 10000;
    assert_int_equal(host_play(busy), STEP_PARTIAL);
    host_says(busy, "does not end in the time that it has");
    assert_false(busy->is_cleaned);
    assert_int_equal(files_left(busy), 0);
    host_free(busy);
}

static void a_file_with_another_hash_is_kept_and_never_called_whole(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    host->is_packed = true;
    assert_int_equal(host_play(host), STEP_PARTIAL);
    host_says(host, "its SHA-256 is not " SUM);
    assert_false(host->is_cleaned);
    assert_int_equal(files_left(host), 0);
    host_free(host);
}

static void scripts_that_are_not_allowed_are_told_with_what_defender_says(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    host->is_unsigned = true;
    assert_int_not_equal(host_play(host), STEP_DONE);
    host_says(host, "Script   x  is not signed");
    assert_int_equal(host->starts, 0);
    assert_int_equal(files_left(host), 0);
    host_free(host);
}

static void a_machine_that_does_not_come_is_given_up_and_the_request_withdrawn(void **state)
{
    (void)state;
    for (int keeps = 0; keeps < 2; keeps++) {
        struct host *host = host_new(&defender_triage, "/evidence");
        host->is_away = true;
        host->keeps_queue = keeps;
        assert_int_equal(host_play(host), keeps ? STEP_UNKNOWN : STEP_FAILED);
        host_says(host, keeps ? "it is queued at Defender" : "withdrawn from the queue");
        assert_true(host->waited_ms >= 60 * 60 * 1000);
        assert_int_equal(files_left(host), 0);
        host_free(host);
    }
}

static void a_session_of_somebody_else_is_waited_for(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    host->foreign_ticks = 20;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_int_equal(host->starts, 1);
    host_free(host);
    host = host_new(&defender_triage, "/evidence");
    host->foreign_ticks = 100000;
    assert_int_equal(host_play(host), STEP_FAILED);
    host_says(host, "ActiveRequestAlreadyExists");
    assert_int_equal(files_left(host), 0);
    host_free(host);
}

static void a_library_file_that_is_not_ours_is_not_run(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    static char name[] = "cdr-" STEP_KEY "-status.ps1", sum[] = "0bad";
    host->files[0] = name;
    host->sums[0] = sum;
    assert_int_equal(host_play(host), STEP_FAILED);
    host_says(host, "its SHA-256 is another");
    assert_int_equal(host->action_count, 0);
    host_free(host);
}

static void results_are_fetched_from_no_address_that_is_none(void **state)
{
    (void)state;
    static const char *const links[] = { "", "file:///etc/passwd", "https://a b/", "http:" };
    for (size_t at = 0; at < COUNT_OF(links); at++) {
        struct host *host = host_new(&defender_triage, "/evidence");
        host->link = links[at];
        assert_int_equal(host_play(host), STEP_UNKNOWN);
        assert_int_equal(host->downloads, 0);
        host_free(host);
    }
}

static void without_a_folder_the_archive_stays_and_is_told(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    host->has_no_folder = true;
    assert_int_equal(host_play(host), STEP_PARTIAL);
    host_says(host, "which stay there as");
    host_says(host, "there is no evidence folder");
    assert_false(host->is_cleaned);
    host_free(host);
}

/* ---- a collector of the user's own ---- */

#define TOOL_PLAN                                                                                  \
    "{\"collector\":\"mine\",\"windows\":{\"file\":\"/opt/tools/collect.exe\",\"sha256\":\"" SUM   \
    "\",\"command\":[\"collect.exe\",\"{output}\"],\"time\":60,\"archive_mb\":100},\"linux\":{"    \
    "\"file\":"                                                                                    \
    "\"/opt/tools/collect\",\"sha256\":\"" SUM                                                     \
    "\",\"command\":[\"./collect\",\"{output}\"],\"time\":60,\"archive_mb\":100}}"

static void a_collector_of_ones_own_is_put_there_first_and_shared(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    host->args[TRIAGE_PLAN] = value_text(STR(TOOL_PLAN));
    assert_int_equal(host_play(host), STEP_DONE);
    assert_int_equal(host->puts, 1);
    assert_int_equal(host->uploads, 4);
    assert_int_equal(files_left(host), 1);
    assert_non_null(strstr(body_of(host, "RunLiveResponse", 0),
        "{\"type\":\"PutFile\",\"params\":[{\"key\":\"FileName\",\"value\":"
        "\"cdr-0123456789abcdef.exe\"}]}"));
    host_free(host);
    host = host_new(&defender_triage, "/evidence");
    host->args[TRIAGE_PLAN] = value_text(STR(TOOL_PLAN));
    host->os = "Linux";
    assert_int_equal(host_play(host), STEP_FAILED);
    host_says(host, "on Windows alone");
    host_free(host);
}

/* ---- all that can go wrong ---- */

static struct host *world(size_t number)
{
    struct host *host =
        host_new(&defender_triage, number == 1 ? "s3://evidence-bucket/cases" : "/evidence");
    host->is_uploading = number == 1;
    host->foreign_ticks = number == 2 ? 12 : 0;
    host->os = number == 0 ? "Linux" : "Windows10";
    if (number == 3)
        host->args[TRIAGE_PLAN] = value_text(STR(TOOL_PLAN));
    return host;
}

static bool may_end(enum fault fault, enum step_turn end)
{
    return end == STEP_DONE
           || (fault == FAULT_DENIED
               && (end == STEP_FAILED || end == STEP_PARTIAL || end == STEP_UNKNOWN));
}

static void whatever_goes_wrong_it_ends_rightly_and_starts_once(void **state)
{
    (void)state;
    for (size_t number = 0; number < 4; number++) {
        struct host *well = world(number);
        assert_int_equal(host_play(well), STEP_DONE);
        for (size_t at = 0; at < well->turns; at++)
            for (enum fault fault = FAULT_LOST; fault < FAULT_COUNT; fault++) {
                struct host *host = world(number);
                host->fault = fault;
                host->fault_at = at;
                enum step_turn end = host_play(host);
                if (!may_end(fault, end))
                    fail_msg("world %zu, fault %d at %zu (%.80s): %s, %s", number, (int)fault, at,
                        well->written[at], step_turn_name(end), host->step.reason);
                if (host->runs > 1)
                    fail_msg("world %zu, fault %d at %zu (%.80s): %u starts", number, (int)fault,
                        at, well->written[at], host->runs);
                if (fault != FAULT_DENIED && files_left(host) != (number == 3))
                    fail_msg("world %zu, fault %d at %zu (%.80s): %u files left", number,
                        (int)fault, at, well->written[at], files_left(host));
                host_free(host);
            }
        host_free(well);
    }
}

/* The first request may have arrived, though the second was declined. */
static void what_was_lost_and_then_declined_is_unknown(void **state)
{
    (void)state;
    struct host *well = world(0);
    assert_int_equal(host_play(well), STEP_DONE);
    for (size_t at = 0; at < well->turns; at++) {
        if (strncmp(well->written[at], "change RunLiveResponse ", 23) != 0)
            continue;
        struct host *host = world(0);
        host->fault = FAULT_LOST;
        host->fault_at = at;
        host->is_denied_then = true;
        enum step_turn end = host_play(host);
        assert_true(end == STEP_UNKNOWN || end == STEP_PARTIAL
                    || (end == STEP_DONE && strstr(host->step.reason, "stays on") != NULL));
        host_free(host);
    }
    host_free(well);
}

static void too_little_memory_asks_for_nothing_else(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    enum step_turn end = host_play(host);
    for (size_t limit = 512; limit < 1024 * 1024; limit += 4099)
        host_replay(host, end, limit);
    host_free(host);
}

static void a_plan_asks_and_changes_nothing(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_memory, "/evidence");
    host->args[TRIAGE_PLAN] = value_text(STR(TOOL_PLAN));
    void *room = calloc(1, host->row->state_bytes);
    host->step = host_step(host, &host->arena, room);
    enum step_turn turn = host->row->next(&host->step, NULL);
    uint32_t changes = 0;
    while (!step_turn_is_end(turn)) {
        struct reply reply = { .kind = REPLY_ASSUMED, .body = { "", 0 } };
        changes += turn == STEP_CHANGE;
        if (turn == STEP_ASK)
            reply = serve(host, &host->step.request);
        turn = host->row->next(&host->step, &reply);
    }
    if (turn != STEP_DONE)
        fail_msg("%s", host->step.reason);
    assert_int_equal(changes, 5);
    assert_int_equal(host->action_count, 0);
    host_says(host, "the collector would run on web-1");
    free(room);
    host_free(host);
}

static void memory_without_a_tool_is_refused(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_memory, "/evidence");
    assert_int_equal(host_play(host), STEP_UNRESOLVED);
    host_says(host, "a tool of your own");
    assert_int_equal(host->turns, 0);
    host_free(host);
}

static void offline_everything_is_assumed(void **state)
{
    (void)state;
    struct host *host = host_new(&defender_triage, "/evidence");
    void *room = calloc(1, host->row->state_bytes);
    host->step = host_step(host, &host->arena, room);
    enum step_turn turn = host->row->next(&host->step, NULL);
    for (int times = 0; times < 20 && !step_turn_is_end(turn); times++) {
        struct reply reply = { .kind = REPLY_ASSUMED, .body = { "", 0 } };
        turn = host->row->next(&host->step, &reply);
    }
    assert_int_equal(turn, STEP_DONE);
    free(room);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_get_file_fetched_is_kept_and_nothing_of_ours_stays),
        cmocka_unit_test(requests_are_what_microsoft_documents),
        cmocka_unit_test(an_object_that_was_there_before_is_no_evidence_of_ours),
        cmocka_unit_test(what_the_machine_uploaded_is_looked_at_in_s3),
        cmocka_unit_test(an_isolated_machine_is_fetched_from_and_never_told_to_upload),
        cmocka_unit_test(a_machine_without_a_way_to_s3_is_fetched_from),
        cmocka_unit_test(what_cannot_be_collected_from_is_refused_before_anything_is_changed),
        cmocka_unit_test(what_the_collector_says_decides_the_end),
        cmocka_unit_test(a_file_with_another_hash_is_kept_and_never_called_whole),
        cmocka_unit_test(scripts_that_are_not_allowed_are_told_with_what_defender_says),
        cmocka_unit_test(a_machine_that_does_not_come_is_given_up_and_the_request_withdrawn),
        cmocka_unit_test(a_session_of_somebody_else_is_waited_for),
        cmocka_unit_test(a_library_file_that_is_not_ours_is_not_run),
        cmocka_unit_test(results_are_fetched_from_no_address_that_is_none),
        cmocka_unit_test(without_a_folder_the_archive_stays_and_is_told),
        cmocka_unit_test(a_collector_of_ones_own_is_put_there_first_and_shared),
        cmocka_unit_test(whatever_goes_wrong_it_ends_rightly_and_starts_once),
        cmocka_unit_test(what_was_lost_and_then_declined_is_unknown),
        cmocka_unit_test(too_little_memory_asks_for_nothing_else),
        cmocka_unit_test(a_plan_asks_and_changes_nothing),
        cmocka_unit_test(memory_without_a_tool_is_refused),
        cmocka_unit_test(offline_everything_is_assumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
