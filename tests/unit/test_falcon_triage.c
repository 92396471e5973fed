/* collect triage and memory of a host of CrowdStrike, by Real Time Response. */
#include "rtr_host.h"

static bool is_folder_url(const struct host *host)
{
    return str_is(
        value_str(host->step.results.url), "file:///evidence/" AID "/triage-" STEP_KEY ".7z");
}

static void what_get_fetched_is_kept_and_the_host_is_left_clean(void **state)
{
    (void)state;
    static const char *const platforms[] = { "Linux", "Windows" };
    for (size_t at = 0; at < COUNT_OF(platforms); at++) {
        struct host *host = host_new(&crowdstrike_triage, "/evidence");
        host->platform = platforms[at];
        host->file_looks = 2;
        host->has_other_files = true;
        assert_int_equal(host_play(host), STEP_DONE);
        host_says(host, "5 files of host web-1 (" AID ") are kept as file:///evidence/" AID);
        host_says(host, "a 7z archive whose password is infected");
        assert_true(is_folder_url(host));
        assert_true(str_is(value_str(host->step.results.sha256), SUM_7Z));
        assert_int_equal(host->step.results.verdict.integer, VERDICT_UNKNOWN);
        assert_int_equal(host->starts, 1);
        assert_int_equal(host->fetches, 1);
        assert_true(host->is_cleaned);
        assert_int_equal(host->closes, 1);
        assert_true(str_is(host->step.target, "host/" AID));
        host_free(host);
    }
}

static void what_comes_in_no_7z_archive_is_not_called_one(void **state)
{
    (void)state;
    static const struct {
        const char *sum, *words;
        enum step_turn end;
    } cases[] = { { SUM, "as the collector packed it, in no 7z archive", STEP_DONE },
        { SUM_7Z, "neither a 7z archive nor what the collector packed", STEP_PARTIAL } };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct host *host = host_new(&crowdstrike_triage, "/evidence");
        host->bare = cases[at].sum;
        assert_int_equal(host_play(host), cases[at].end);
        host_says(host, cases[at].words);
        assert_true(
            str_is(value_str(host->step.results.url), "file:///evidence/" AID "/triage.tar.gz"));
        assert_int_equal(host->is_cleaned, cases[at].end == STEP_DONE);
        host_free(host);
    }
}

/* Only the host says whose object it is: nothing that it packed is removed. */
static void an_object_that_was_there_before_is_no_evidence_of_ours(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "s3://evidence-bucket/cases");
    host->is_uploading = host->has_existed = true;
    assert_int_equal(host_play(host), STEP_PARTIAL);
    host_says(host, "was there already when the host uploaded");
    assert_false(host->is_cleaned);
    host_free(host);
}

static void what_the_host_uploaded_is_looked_at_in_s3(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "s3://evidence-bucket/cases");
    host->is_uploading = true;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_true(str_is(value_str(host->step.results.url),
        "s3://evidence-bucket/cases/" AID "/triage-" STEP_KEY ".tar.gz"));
    assert_true(str_is(value_str(host->step.results.sha256), SUM));
    assert_int_equal(host->fetches, 0);
    size_t marks = 0;
    for (size_t at = 0; at < host->turns; at++)
        marks += strstr(host->written[at], "cdr-late-put:evidence-bucket/cases/" AID
                                           "/triage-" STEP_KEY ".tar.gz:us-east-1:")
                 != NULL;
    assert_int_equal(marks, 1);
    assert_true(host->is_cleaned);
    host_free(host);
}

static void a_contained_host_is_fetched_from_and_never_told_to_upload(void **state)
{
    (void)state;
    static const char *const statuses[] = { "contained", "containment_pending",
        "lift_containment_pending", "something new" };
    for (size_t at = 0; at < COUNT_OF(statuses); at++) {
        struct host *host = host_new(&crowdstrike_triage, "s3://evidence-bucket/cases");
        host->status = statuses[at];
        assert_int_equal(host_play(host), STEP_DONE);
        assert_true(is_folder_url(host));
        for (size_t turn = 0; turn < host->turns; turn++)
            assert_null(strstr(host->written[turn], "cdr-late-put:evidence"));
        host_free(host);
    }
}

static void a_host_without_a_way_to_s3_is_fetched_from(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "s3://evidence-bucket/cases");
    assert_int_equal(host_play(host), STEP_DONE);
    assert_true(is_folder_url(host));
    assert_int_equal(host->fetches, 1);
    host_free(host);
}

static void what_cannot_be_collected_from_is_refused_before_anything_is_changed(void **state)
{
    (void)state;
    static const struct {
        const char *platform;
        const char *policy;
        const char *to;
        const char *why;
    } cases[] = {
        { "Mac", "\"remote_response\":{\"policy_id\":\"p\",\"applied\":true}", "/evidence",
            "macOS" },
        { "Linux", "", "/evidence", "Response policies" },
        { "Linux", "\"remote_response\":{\"policy_id\":\"p\",\"applied\":false}", "/evidence",
            "not applied yet" },
        { "Linux", "\"remote_response\":{\"policy_id\":\"p\",\"applied\":true}", NULL,
            "nothing says where the evidence goes" },
        { "Linux", "\"remote_response\":{\"policy_id\":\"p\",\"applied\":true}", "ftp://x",
            "is no place for evidence" },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct host *host = host_new(&crowdstrike_triage, cases[at].to);
        host->platform = cases[at].platform;
        host->policy = cases[at].policy;
        assert_int_equal(host_play(host), STEP_UNRESOLVED);
        host_says(host, cases[at].why);
        assert_int_equal(host->sessions, 0);
        host_free(host);
    }
}

static void a_policy_without_custom_scripts_is_told_with_where_to_click(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->is_blocked = true;
    assert_int_equal(host_play(host), STEP_UNRESOLVED);
    host_says(host, "Custom scripts are not allowed (does its response policy allow");
    assert_int_equal(host->closes, 1);
    host_free(host);
}

static void what_the_collector_says_decides_the_end(void **state)
{
    (void)state;
    struct host *partial = host_new(&crowdstrike_triage, "/evidence");
    partial->collected = "partial";
    assert_int_equal(host_play(partial), STEP_PARTIAL);
    host_says(partial, "it is not all: no space left");
    assert_true(is_folder_url(partial));
    host_free(partial);
    struct host *failed = host_new(&crowdstrike_triage, "/evidence");
    failed->collected = "failed";
    assert_int_equal(host_play(failed), STEP_FAILED);
    host_says(failed, "kept nothing: no space left");
    assert_int_equal(failed->step.results.url.kind, VALUE_ABSENT);
    assert_true(failed->is_cleaned);
    host_free(failed);
}

static void a_collector_that_does_not_end_is_left_and_told(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->busy_looks = 10000;
    assert_int_equal(host_play(host), STEP_PARTIAL);
    host_says(host, "does not end in the time that it has");
    assert_false(host->is_cleaned);
    assert_true(host->pulses >= 1);
    assert_true(host->longest_ms < 5 * 60 * 1000);
    host_free(host);
}

static void a_session_that_somebody_works_in_is_not_closed(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->is_foreign = true;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_int_equal(host->closes, 0);
    host_free(host);
}

/* ---- offline ---- */

static void a_host_that_comes_back_runs_what_was_queued_once(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->is_offline = true;
    host->offline_looks = 5;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_int_equal(host->starts, 1);
    assert_true(is_folder_url(host));
    host_free(host);
}

static void what_was_queued_and_never_ran_is_started_when_the_host_is_back(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->is_offline = true;
    host->is_dropped = true;
    host->offline_looks = 5;
    assert_int_equal(host_play(host), STEP_DONE);
    assert_int_equal(host->starts, 1);
    host_free(host);
}

static void a_host_that_stays_offline_is_told_as_queued(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->is_offline = true;
    assert_int_equal(host_play(host), STEP_PARTIAL);
    host_says(host, "queued: the collector starts when the host is back");
    host_says(host, "session session-1, request request-0");
    assert_int_equal(host->closes, 0);
    assert_int_equal(host->step.results.url.kind, VALUE_ABSENT);
    assert_true(host->waited_ms >= 3600 * 1000);
    host_free(host);
}

/* ---- a collector of the user's own ---- */

#define TOOL_PLAN                                                                                  \
    "{\"collector\":\"mine\",\"linux\":{\"file\":\"/opt/tools/collect\",\"sha256\":\"" SUM         \
    "\",\"command\":[\"./collect\",\"{output}\"],\"time\":60,\"archive_mb\":100}}"

static struct host *tool_host(void)
{
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->args[TRIAGE_PLAN] = value_text(STR(TOOL_PLAN));
    host->hash = "SHA256: " SUM "\n";
    return host;
}

static void a_collector_of_ones_own_is_sent_once_and_looked_at(void **state)
{
    (void)state;
    for (int has_tool = 0; has_tool < 2; has_tool++) {
        struct host *host = tool_host();
        host->has_tool = has_tool;
        assert_int_equal(host_play(host), STEP_DONE);
        assert_int_equal(host->uploads, !has_tool);
        assert_int_equal(host->puts, 1);
        assert_int_equal(host->starts, 1);
        host_free(host);
    }
}

static void a_collector_with_another_hash_on_the_host_is_not_run(void **state)
{
    (void)state;
    struct host *host = tool_host();
    host->hash = "SHA256: " SUM_7Z "\n";
    assert_int_equal(host_play(host), STEP_FAILED);
    host_says(host, "so it was not run");
    assert_int_equal(host->starts, 0);
    host_free(host);
}

/* ---- all that can go wrong ---- */

static bool may_end(enum host_fault fault, enum step_turn end)
{
    if (end == STEP_DONE)
        return true;
    return fault == HOST_DENIED
           && (end == STEP_FAILED || end == STEP_UNRESOLVED || end == STEP_PARTIAL
               || end == STEP_UNKNOWN);
}

static struct host *world(size_t number)
{
    struct host *host;
    switch (number) {
    case 0:
        return host_new(&crowdstrike_triage, "/evidence");
    case 1:
        host = host_new(&crowdstrike_triage, "s3://evidence-bucket/cases");
        host->is_uploading = true;
        return host;
    case 2:
        host = host_new(&crowdstrike_triage, "/evidence");
        host->is_offline = true;
        host->offline_looks = 4;
        return host;
    default:
        return tool_host();
    }
}

static void whatever_goes_wrong_it_ends_rightly_and_starts_once(void **state)
{
    (void)state;
    for (size_t number = 0; number < 4; number++) {
        struct host *well = world(number);
        assert_int_equal(host_play(well), STEP_DONE);
        for (size_t at = 0; at < well->turns; at++)
            for (enum host_fault fault = HOST_LOST; fault < HOST_COUNT; fault++) {
                struct host *host = world(number);
                host->fault = fault;
                host->fault_at = at;
                enum step_turn end = host_play(host);
                if (!may_end(fault, end))
                    fail_msg("world %zu, fault %d at %zu (%.80s): %s, %s", number, (int)fault, at,
                        well->written[at], step_turn_name(end), host->step.reason);
                if (host->starts > 1)
                    fail_msg("world %zu, fault %d at %zu: %u starts", number, (int)fault, at,
                        host->starts);
                assert_int_equal(end == STEP_DONE,
                    host->step.results.url.kind == VALUE_TEXT && end != STEP_PARTIAL);
                assert_true(host->uploads <= 1);
                host_free(host);
            }
        host_free(well);
    }
}

static void too_little_memory_asks_for_nothing_else(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    enum step_turn end = host_play(host);
    for (size_t limit = 512; limit < 512 * 1024; limit += 4099)
        host_replay(host, end, limit);
    host_free(host);
}

static void a_plan_asks_and_changes_nothing(void **state)
{
    (void)state;
    struct host *host = host_new(&crowdstrike_memory, "/evidence");
    host->args[TRIAGE_PLAN] =
        value_text(STR("{\"profile\":\"mine\",\"linux\":{\"take\":[\"processes\"]}}"));
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
    assert_int_equal(turn, STEP_DONE);
    assert_int_equal(changes, 1);
    assert_int_equal(host->sessions, 0);
    host_says(host, "the collector would run on host web-1");
    free(room);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_get_fetched_is_kept_and_the_host_is_left_clean),
        cmocka_unit_test(what_comes_in_no_7z_archive_is_not_called_one),
        cmocka_unit_test(an_object_that_was_there_before_is_no_evidence_of_ours),
        cmocka_unit_test(what_the_host_uploaded_is_looked_at_in_s3),
        cmocka_unit_test(a_contained_host_is_fetched_from_and_never_told_to_upload),
        cmocka_unit_test(a_host_without_a_way_to_s3_is_fetched_from),
        cmocka_unit_test(what_cannot_be_collected_from_is_refused_before_anything_is_changed),
        cmocka_unit_test(a_policy_without_custom_scripts_is_told_with_where_to_click),
        cmocka_unit_test(what_the_collector_says_decides_the_end),
        cmocka_unit_test(a_collector_that_does_not_end_is_left_and_told),
        cmocka_unit_test(a_session_that_somebody_works_in_is_not_closed),
        cmocka_unit_test(a_host_that_comes_back_runs_what_was_queued_once),
        cmocka_unit_test(what_was_queued_and_never_ran_is_started_when_the_host_is_back),
        cmocka_unit_test(a_host_that_stays_offline_is_told_as_queued),
        cmocka_unit_test(a_collector_of_ones_own_is_sent_once_and_looked_at),
        cmocka_unit_test(a_collector_with_another_hash_on_the_host_is_not_run),
        cmocka_unit_test(whatever_goes_wrong_it_ends_rightly_and_starts_once),
        cmocka_unit_test(too_little_memory_asks_for_nothing_else),
        cmocka_unit_test(a_plan_asks_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
