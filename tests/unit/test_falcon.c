/* Containment by Falcon: what is asked, byte for byte, and that no end says more than is so. */
#include "script.h"

#include "base/attr.h"
#include "bytecode.h"
#include "crowdstrike/contain.h"
#include "fronts.h"

#define AID "15dbb9d8f06b45fe9f61eb46e829d986"
#define DEVICE(status)                                                                             \
    "{\"meta\":{\"query_time\":0.01,\"trace_id\":\"t\"},\"errors\":[],\"resources\":[{"            \
    "\"device_id\":\"" AID "\",\"cid\":\"11112222333344445555666677778888\","                      \
    "\"hostname\":\"web-1\",\"machine_domain\":\"corp.example\",\"platform_name\":\"Linux\","      \
    "\"os_version\":\"Ubuntu "                                                                     \
    "24.04\",\"local_ip\":\"192.0.2.10\",\"external_ip\":\"198.51.100.7\","                        \
    "\"mac_address\":\"02-00-00-00-00-01\",\"status\":\"" status "\","                             \
    "\"service_provider\":\"AWS_EC2_V2\",\"service_provider_account_id\":\"111122223333\","        \
    "\"instance_id\":\"i-0123456789abcdef0\",\"zone_group\":\"eu-west-1a\","                       \
    "\"last_seen\":\"2026-01-01T00:00:00Z\",\"groups\":[\"g1\"],"                                  \
    "\"tags\":[\"FalconGroupingTags/production\",\"SensorGroupingTags/web\",\"bare\"],"            \
    "\"device_policies\":{\"remote_response\":{\"policy_id\":\"p1\",\"applied\":true}}}]}"
#define NO_DEVICE                                                                                  \
    "{\"meta\":{},\"errors\":[{\"code\":404,\"message\":\"not found\",\"id\":\"" AID "\"}],"       \
    "\"resources\":[]}"
#define ONLINE(state)                                                                              \
    "{\"meta\":{},\"errors\":[],\"resources\":[{\"id\":\"" AID "\",\"state\":\"" state "\"}]}"
#define TAKEN "{\"meta\":{\"query_time\":0.1},\"errors\":[],\"resources\":[{\"id\":\"" AID "\"}]}"
#define FALCON_ERROR(code, message)                                                                \
    "{\"meta\":{},\"errors\":[{\"code\":" code ",\"message\":\"" message "\"}],\"resources\":[]}"

/* Byte for byte, each its lines. */
#define LOOK_REQUEST                                                                               \
    "POST /devices/entities/devices/v2\nContent-Type: application/json\n{\"ids\":[\"" AID "\"]}"
#define CONTAIN_REQUEST                                                                            \
    "POST /devices/entities/devices-actions/v2?action_name=contain\n"                              \
    "Content-Type: application/json\n{\"ids\":[\"" AID "\"]}"
#define LIFT_REQUEST                                                                               \
    "POST /devices/entities/devices-actions/v2?action_name=lift_containment\n"                     \
    "Content-Type: application/json\n{\"ids\":[\"" AID "\"]}"
#define ONLINE_REQUEST "GET /devices/entities/online-state/v1?ids=" AID

#define LOOKS(status) ASK("PostDeviceDetailsV2", LOOK_REQUEST, DEVICE(status))
#define CONTAINS CHANGE_ERROR("PerformActionV2", CONTAIN_REQUEST, 202, TAKEN)

static void begin(struct script *script, const struct builtin *row)
{
    script_begin_row(script, row);
    script_set(script, "host", AID);
}

static bool reason_has(const struct script *script, const char *part)
{
    if (strstr(script->step.reason, part) == NULL)
        fail_msg("'%s' has no '%s'", script->step.reason, part);
    return true;
}

/* "field=text" of each fact, or "field!" of a gap, "field-" of none. */
static bool has_fact(const struct script *script, uint32_t field, const char *key, const char *text)
{
    for (const struct fact *fact = script->step.facts; fact != NULL; fact = fact->next)
        if (fact->field == field && str_is(fact->key, key) && str_is(fact->text, text)
            && !fact->is_gap)
            return true;
    return false;
}

static void a_host_is_contained_once_falcon_shows_it(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKS("normal"), CONTAINS, LOOKS("normal"),
        LOOKS("containment_pending"), LOOKS("containment_pending"), LOOKS("contained") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(reason_has(&script, "host web-1 (" AID ") is contained"));
    assert_true(str_is(script.step.target, "host/" AID));
    assert_true(str_is(script.step.found, "host web-1"));
    assert_int_equal(script.changes, 1);
    assert_string_equal(script.undos[0].builtin, "lift_containment");
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_DONE);
    script_end(&script);
}

static void everything_that_falcon_shows_of_it_is_said_before_the_change(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKS("contained") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(has_fact(&script, FIELD_HOST_ID, "", AID));
    assert_true(has_fact(&script, FIELD_HOST_NAME, "", "web-1"));
    assert_true(has_fact(&script, FIELD_HOST_NAME, "", "web-1.corp.example"));
    assert_true(has_fact(&script, FIELD_HOST_IP, "", "192.0.2.10"));
    assert_true(has_fact(&script, FIELD_HOST_IP, "", "198.51.100.7"));
    assert_true(has_fact(&script, FIELD_HOST_OS, "", "Ubuntu 24.04"));
    assert_true(has_fact(&script, FIELD_INSTANCE_ID, "", "i-0123456789abcdef0"));
    assert_true(has_fact(&script, FIELD_CLOUD_PROVIDER, "", "aws"));
    assert_true(has_fact(&script, FIELD_CLOUD_ACCOUNT, "", "111122223333"));
    assert_true(has_fact(&script, FIELD_CLOUD_REGION, "", "eu-west-1"));
    assert_true(has_fact(&script, FIELD_RESOURCE_TAGS, "FalconGroupingTags", "production"));
    assert_true(has_fact(&script, FIELD_RESOURCE_TAGS, "bare", ""));
    for (size_t at = 0; script.row->shows[at] != 0; at++) {
        bool is_said = false;
        for (const struct fact *fact = script.step.facts; fact != NULL; fact = fact->next)
            is_said |= fact->field == script.row->shows[at];
        assert_true(is_said);
    }
    script_end(&script);
}

static void a_host_that_was_contained_is_not_ours(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKS("contained") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(reason_has(&script, "was contained already: nothing was changed"));
    assert_int_equal(script.changes, 0);
    script_end(&script);
}

static void an_offline_host_is_partial_and_nothing_is_sent_again(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKS("normal"), CONTAINS,
        LOOKS("containment_pending"), LOOKS("containment_pending"), LOOKS("containment_pending"),
        LOOKS("containment_pending"), ASK("GetOnlineState_V1", ONLINE_REQUEST, ONLINE("offline")) };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, exchanges), STEP_PARTIAL);
    assert_true(reason_has(&script, "has not taken it yet: it is offline"));
    assert_int_equal(script.changes, 1);
    script_end(&script);
}

static void a_host_that_never_takes_it_is_partial(void **state)
{
    (void)state;
    static const struct exchange pending = LOOKS("containment_pending");
    static const struct exchange online =
        ASK("GetOnlineState_V1", ONLINE_REQUEST, ONLINE("unknown"));
    struct exchange exchanges[64] = { LOOKS("normal"), CONTAINS };
    size_t count = 2;
    for (int at = 0; at < 4; at++)
        exchanges[count++] = pending;
    exchanges[count++] = online;
    for (int at = 0; at < 21; at++)
        exchanges[count++] = pending;
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(script_play(&script, exchanges, count), STEP_PARTIAL);
    assert_true(reason_has(&script, "pending after five minutes"));
    assert_in_range(script.waited_ms, 4 * 60 * 1000, 6 * 60 * 1000);
    script_end(&script);
}

static void a_lost_answer_is_looked_for_before_anything_is_sent_again(void **state)
{
    (void)state;
    static const struct exchange lost = CHANGE_WITHOUT("PerformActionV2", CONTAIN_REQUEST, LOST);
    const struct exchange arrived[] = { LOOKS("normal"), lost, LOOKS("containment_pending"),
        LOOKS("contained") };
    const struct exchange gone[] = { LOOKS("normal"), lost, LOOKS("normal"), LOOKS("normal"),
        LOOKS("normal"), CONTAINS, LOOKS("contained") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, arrived), STEP_DONE);
    assert_int_equal(script.changes, 1);
    script_end(&script);
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, gone), STEP_DONE);
    assert_int_equal(script.changes, 2);
    script_end(&script);
}

static void what_falcon_declines_is_looked_at(void **state)
{
    (void)state;
    static const struct exchange conflict = CHANGE_ERROR(
        "PerformActionV2", CONTAIN_REQUEST, 409, FALCON_ERROR("409", "already contained"));
    static const struct exchange within = CHANGE_ERROR(
        "PerformActionV2", CONTAIN_REQUEST, 202, FALCON_ERROR("409", "already contained"));
    const struct exchange meanwhile[] = { LOOKS("normal"), conflict, LOOKS("contained") };
    const struct exchange in_success[] = { LOOKS("normal"), within, LOOKS("contained") };
    const struct exchange on_its_way[] = { LOOKS("normal"), within, LOOKS("containment_pending"),
        LOOKS("contained") };
    const struct exchange refused[] = { LOOKS("normal"), conflict, LOOKS("normal") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, meanwhile), STEP_DONE);
    assert_true(reason_has(&script, "nothing was changed"));
    script_end(&script);
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, in_success), STEP_DONE);
    assert_true(reason_has(&script, "nothing was changed"));
    script_end(&script);
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, on_its_way), STEP_DONE);
    assert_true(reason_has(&script, "nothing was changed"));
    script_end(&script);
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, refused), STEP_FAILED);
    assert_true(reason_has(&script, "already contained"));
    script_end(&script);
}

static void who_may_not_is_told_so(void **state)
{
    (void)state;
    static const struct exchange to_look[] = { ASK_ERROR(
        "PostDeviceDetailsV2", LOOK_REQUEST, 403, FALCON_ERROR("403", "access denied")) };
    static const struct exchange to_change[] = { LOOKS("normal"),
        CHANGE_ERROR(
            "PerformActionV2", CONTAIN_REQUEST, 403, FALCON_ERROR("403", "access denied")) };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, to_look), STEP_FAILED);
    assert_true(reason_has(&script, "does not allow PostDeviceDetailsV2"));
    script_end(&script);
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, to_change), STEP_FAILED);
    assert_true(reason_has(&script, "does not allow PerformActionV2"));
    script_end(&script);
}

static void an_unknown_host_is_unresolved(void **state)
{
    (void)state;
    static const struct exchange in_success[] = { ASK("PostDeviceDetailsV2", "", NO_DEVICE) };
    static const struct exchange empty[] = { ASK(
        "PostDeviceDetailsV2", "", "{\"meta\":{},\"errors\":null,\"resources\":[]}") };
    static const struct exchange other[] = { ASK("PostDeviceDetailsV2", "",
        "{\"resources\":[{\"device_id\":\"ffffffffffffffffffffffffffffffff\"}]}") };
    static const struct exchange *const all[] = { in_success, empty, other };
    for (size_t at = 0; at < COUNT_OF(all); at++) {
        struct script script;
        begin(&script, &crowdstrike_isolate_host);
        assert_int_equal(script_play(&script, all[at], 1), STEP_UNRESOLVED);
        assert_int_equal(script.changes, 0);
        script_end(&script);
    }
}

static void what_is_no_agent_id_is_never_asked_for(void **state)
{
    (void)state;
    static const char *const ids[] = { "web-1", "", AID "0", "15dbb9d8f06b45fe9f61eb46e829d98'",
        "15dbb9d8f06b45fe9f61eb46e829d986\n", "../../../../../../../../../../..",
        "0123456789012345678901234567890123456789" };
    for (size_t at = 0; at < COUNT_OF(ids); at++) {
        struct script script;
        begin(&script, &crowdstrike_isolate_host);
        script_set(&script, "host", ids[at]);
        assert_false(script.row->fits(script.args));
        assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
        script_end(&script);
    }
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_true(script.row->fits(script.args));
    script.args[HOST_HOST] = VALUE_NONE;
    assert_false(script.row->fits(script.args));
    script_end(&script);
}

static void half_a_containment_is_declined(void **state)
{
    (void)state;
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    script_set(&script, "mode", "selective");
    assert_int_equal(script_play(&script, NULL, 0), STEP_FAILED);
    assert_true(reason_has(&script, "whole hosts"));
    script_end(&script);
}

static void a_state_that_is_not_known_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange odd[] = { LOOKS("quarantined") };
    static const struct exchange none[] = { ASK(
        "PostDeviceDetailsV2", LOOK_REQUEST, "{\"resources\":[{\"device_id\":\"" AID "\"}]}") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, odd), STEP_FAILED);
    assert_int_equal(script.changes, 0);
    script_end(&script);
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, none), STEP_FAILED);
    script_end(&script);
}

static void a_release_that_is_under_way_is_waited_for(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { LOOKS("lift_containment_pending"),
        LOOKS("lift_containment_pending"), LOOKS("normal"), CONTAINS, LOOKS("contained") };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    script_end(&script);
}

static void nothing_is_sent_offline(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK_WITHOUT(
                                                     "PostDeviceDetailsV2", LOOK_REQUEST, ASSUMED),
        CHANGE_WITHOUT("PerformActionV2", CONTAIN_REQUEST, ASSUMED) };
    struct script script;
    begin(&script, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(reason_has(&script, "would be contained"));
    script_end(&script);
}

static void an_undo_lifts_what_is_still_there(void **state)
{
    (void)state;
    static const struct exchange made[] = { LOOKS("normal"), CONTAINS, LOOKS("contained") };
    static const struct exchange lift = CHANGE_ERROR("PerformActionV2", LIFT_REQUEST, 202, TAKEN);
    const struct exchange there[] = { LOOKS("contained"), lift, LOOKS("lift_containment_pending"),
        LOOKS("normal") };
    const struct exchange waiting[] = { LOOKS("containment_pending"), lift, LOOKS("normal") };
    const struct exchange gone[] = { LOOKS("normal") };
    const struct exchange leaving[] = { LOOKS("lift_containment_pending"), LOOKS("normal") };
    const struct {
        const struct exchange *exchanges;
        size_t count;
        uint32_t changes;
    } all[] = { { there, COUNT_OF(there), 1 }, { waiting, COUNT_OF(waiting), 1 },
        { gone, COUNT_OF(gone), 0 }, { leaving, COUNT_OF(leaving), 0 } };
    struct script done, script;
    begin(&done, &crowdstrike_isolate_host);
    assert_int_equal(PLAY(&done, made), STEP_DONE);
    for (size_t at = 0; at < COUNT_OF(all); at++) {
        script_begin_undo(&script, &done, 0);
        assert_int_equal(script_play(&script, all[at].exchanges, all[at].count), STEP_DONE);
        assert_int_equal(script.changes, all[at].changes);
        script_end(&script);
    }
    script_end(&done);
}

/* ---- a Falcon that fails ---- */

enum fault {
    FAULT_NONE,
    FAULT_BEFORE, /* lost, and nothing was done */
    FAULT_AFTER,  /* lost, and it was done */
    FAULT_REFUSED,
    FAULT_THROTTLED,
    FAULT_PAGE, /* a web page in place of an answer; it was not done */
    FAULT_PAGE_AFTER,
    FAULT_DENIED,
    FAULT_BROKEN,     /* 500 */
    FAULT_IN_SUCCESS, /* an error in a reply of success */
    FAULT_COUNT,
};

struct falcon {
    bool is_contained;
    bool is_wanted;
    int pending; /* looks until the host takes it */
    uint32_t sent;
};

static struct reply answer_of(struct falcon *falcon, const struct request *request)
{
    if (strcmp(request->operation, "GetOnlineState_V1") == 0)
        return (struct reply){ REPLY_RECEIVED, 200, STR(ONLINE("online")) };
    if (strcmp(request->operation, "PerformActionV2") == 0) {
        bool wanted = memmem(request->body.ptr, request->body.len, "lift", 4) == NULL;
        falcon->pending = falcon->is_wanted == wanted ? falcon->pending : 5;
        falcon->is_wanted = wanted;
        return (struct reply){ REPLY_RECEIVED, 202, STR(TAKEN) };
    }
    if (falcon->is_contained != falcon->is_wanted && falcon->pending-- == 0)
        falcon->is_contained = falcon->is_wanted;
    bool is_pending = falcon->is_contained != falcon->is_wanted;
    return (struct reply){ REPLY_RECEIVED, 200,
        is_pending && falcon->is_wanted ? STR(DEVICE("containment_pending"))
        : is_pending                    ? STR(DEVICE("lift_containment_pending"))
        : falcon->is_contained          ? STR(DEVICE("contained"))
                                        : STR(DEVICE("normal")) };
}

static struct reply failing(struct falcon *falcon, const struct request *request, enum fault fault)
{
    static const struct reply replies[FAULT_COUNT] = {
        [FAULT_BEFORE] = { REPLY_LOST, 0, { "", 0 } },
        [FAULT_AFTER] = { REPLY_LOST, 0, { "", 0 } },
        [FAULT_REFUSED] = { REPLY_REFUSED, 0, { "nothing listens", 15 } },
        [FAULT_THROTTLED] = { REPLY_RECEIVED, 429, { "{\"errors\":[]}", 13 } },
        [FAULT_PAGE] = { REPLY_RECEIVED, 200, { WEB_PAGE, sizeof(WEB_PAGE) - 1 } },
        [FAULT_PAGE_AFTER] = { REPLY_RECEIVED, 200, { WEB_PAGE, sizeof(WEB_PAGE) - 1 } },
        [FAULT_DENIED] = { REPLY_RECEIVED, 403,
            { FALCON_ERROR("403", "no"), sizeof(FALCON_ERROR("403", "no")) - 1 } },
        [FAULT_BROKEN] = { REPLY_RECEIVED, 500, { "", 0 } },
        [FAULT_IN_SUCCESS] = { REPLY_RECEIVED, 200,
            { FALCON_ERROR("400", "no"), sizeof(FALCON_ERROR("400", "no")) - 1 } },
    };
    if (fault == FAULT_AFTER || fault == FAULT_PAGE_AFTER)
        (void)answer_of(falcon, request);
    return fault == FAULT_NONE ? answer_of(falcon, request) : replies[fault];
}

/* From call `first` on, `times` calls fail. */
static enum step_turn play_against(struct falcon *falcon, const struct builtin *row,
    enum fault fault, uint32_t first, uint32_t times, uint32_t *ret_calls)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    value args[STEP_PARAMS_MAX] = { value_text(STR(AID)) };
    void *memory = calloc(1, row->state_bytes);
    struct step step = { .args = args,
        .arena = &arena,
        .key = STR("k"),
        .alert = STR(""),
        .region = STR(""),
        .state = memory,
        .target = STR(""),
        .found = STR("") };
    enum step_turn turn = row->next(&step, NULL);
    uint32_t calls = 0;
    while (!step_turn_is_end(turn) && calls < 200) {
        bool fails = calls >= first && calls < first + times;
        falcon->sent += turn == STEP_CHANGE;
        struct reply reply = failing(falcon, &step.request, fails ? fault : FAULT_NONE);
        calls++;
        turn = row->next(&step, &reply);
    }
    assert_non_null(step.reason);
    assert_true(calls < 200);
    free(memory);
    *ret_calls = calls;
    return turn;
}

static void no_end_says_more_than_is_so(void **state)
{
    (void)state;
    const struct builtin *const all[] = { &crowdstrike_isolate_host,
        builtin_find_inverse(STR("lift_containment")) };
    for (size_t row = 0; row < COUNT_OF(all); row++)
        for (int fault = FAULT_NONE; fault < FAULT_COUNT; fault++)
            for (uint32_t first = 0; first < 12; first++)
                for (uint32_t times = 1; times < 5; times += 3) {
                    bool to_contain = row == 0;
                    struct falcon falcon = { .is_contained = !to_contain,
                        .is_wanted = !to_contain };
                    uint32_t calls;
                    enum step_turn turn =
                        play_against(&falcon, all[row], (enum fault)fault, first, times, &calls);
                    if (turn == STEP_DONE)
                        assert_int_equal(falcon.is_contained, to_contain);
                    if (turn == STEP_FAILED || turn == STEP_UNRESOLVED)
                        assert_int_equal(falcon.is_wanted, !to_contain);
                    if (fault == FAULT_NONE || (times == 1 && fault == FAULT_BEFORE))
                        assert_int_equal(turn, STEP_DONE);
                    if (fault == FAULT_AFTER)
                        assert_true(falcon.sent <= 1);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_contained_once_falcon_shows_it),
        cmocka_unit_test(everything_that_falcon_shows_of_it_is_said_before_the_change),
        cmocka_unit_test(a_host_that_was_contained_is_not_ours),
        cmocka_unit_test(an_offline_host_is_partial_and_nothing_is_sent_again),
        cmocka_unit_test(a_host_that_never_takes_it_is_partial),
        cmocka_unit_test(a_lost_answer_is_looked_for_before_anything_is_sent_again),
        cmocka_unit_test(what_falcon_declines_is_looked_at),
        cmocka_unit_test(who_may_not_is_told_so),
        cmocka_unit_test(an_unknown_host_is_unresolved),
        cmocka_unit_test(what_is_no_agent_id_is_never_asked_for),
        cmocka_unit_test(half_a_containment_is_declined),
        cmocka_unit_test(a_state_that_is_not_known_is_left_alone),
        cmocka_unit_test(a_release_that_is_under_way_is_waited_for),
        cmocka_unit_test(nothing_is_sent_offline),
        cmocka_unit_test(an_undo_lifts_what_is_still_there),
        cmocka_unit_test(no_end_says_more_than_is_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
