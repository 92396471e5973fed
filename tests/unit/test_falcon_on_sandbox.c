/* The steps of Falcon against the simulated tenant, over the real connection: done, found done, taken
 * back; and with any one call, or every call from one on, going wrong. */
#include "falcon_client.h"

#include "crowdstrike/connection.h"
#include "fronts.h"
#include "registry.h"

#define HOST_ONLINE "1111000000000000c0ffee0000000001"
#define HOST_OFFLINE "1111000000000000c0ffee0000000003"
#define HOST_MAC "1111000000000000c0ffee0000000004"
#define HOST_CONTAINED "1111000000000000c0ffee0000000006"
#define ALERT                                                                                      \
    "11110000c0ffee00c0ffee0000001111:ind:1111000000000000c0ffee0000000001:1001-10197-5150"
#define TOLD                                                                                       \
    "{\"key\":\"k\",\"rule\":\"r\",\"alert\":{\"source\":\"crowdstrike\",\"alert.id\":\"" ALERT    \
    "\"}}"

enum { UNDOS_MAX = 8 };

/* ---- the steps, and what shows that each was done ---- */

struct action {
    const struct builtin *row;
    const char *arg; /* the first one; NULL: none */
    bool (*is_done)(const json_t *tenant);
};

static const json_t *one_of(const json_t *tenant, const char *list, const char *key, const char *id)
{
    size_t index;
    const json_t *item;
    json_array_foreach(json_object_get(tenant, list), index, item)
    {
        if (strcmp(json_string_value(json_object_get(item, key)), id) == 0)
            return item;
    }
    fail_msg("no %s in %s", id, list);
    return NULL;
}

static const char *member_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static bool is_contained(const json_t *tenant)
{
    const char *status = member_of(one_of(tenant, "devices", "device_id", HOST_ONLINE), "status");
    return strcmp(status, "contained") == 0 || strcmp(status, "containment_pending") == 0;
}

static bool is_closed(const json_t *tenant)
{
    return strcmp(member_of(one_of(tenant, "alerts", "composite_id", ALERT), "status"), "closed")
           == 0;
}

static bool has_comment(const json_t *tenant)
{
    const json_t *comments =
        json_object_get(one_of(tenant, "alerts", "composite_id", ALERT), "comments");
    return json_array_size(comments) == 1;
}

static const struct action actions[] = {
    { &crowdstrike_isolate_host, HOST_ONLINE, is_contained },
    { &crowdstrike_alert_status, "closed", is_closed },
    { &crowdstrike_alert_comment, "seen by 'us' \"\\", has_comment },
};

/* ---- plays ---- */

struct played {
    struct arena arena;
    const struct builtin *row;
    value args[STEP_PARAMS_MAX];
    struct step step;
    enum step_turn end;
    struct undo undos[UNDOS_MAX];
    uint32_t undos_count;
};

struct place {
    struct client *client;
    struct http_curl *curl;
    struct rest_connection *connection;
    struct transport *transport;
};

static int64_t now_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->now_ms(clock_system());
}

static void sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    (void)duration_ms;
}

static struct clock hasty_clock = { .now_ms = now_ms, .sleep_ms = sleep_ms };

/* A connection without a token yet: those of before a reset are none any more. */
static void connect_anew(struct place *place)
{
    struct secret secret = { NULL, 0 };
    struct arena *arena = &place->client->arena;
    const char *reason = NULL;
    rest_connection_close(place->connection);
    assert_int_equal(secret_set(&secret, STR(FALCON_SECRET)), ERR_OK);
    struct crowdstrike_settings settings = { .client_id = STR(FALCON_ID),
        .client_secret = &secret,
        .url = str_from(arena_format(arena, "http://127.0.0.1:%u/_crowdstrike",
            (unsigned)sandbox_port(place->client->sandbox))) };
    enum err err = crowdstrike_connection_open(&settings, http_curl_interface(place->curl), 1,
        &hasty_clock, arena, &place->connection, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason == NULL ? err_text(err) : reason);
    secret_release(&secret);
    place->transport = rest_connection_transport(place->connection);
}

static struct place *place_open(struct client *client)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->client = client;
    assert_int_equal(http_curl_new(NULL, &place->curl), ERR_OK);
    connect_anew(place);
    return place;
}

static void place_close(struct place *place)
{
    rest_connection_close(place->connection);
    http_curl_free(place->curl);
    free(place);
}

static struct reply send_once(struct place *place, struct played *played, bool is_change)
{
    struct reply reply = { .kind = REPLY_LOST };
    const char *reason = NULL;
    enum err err = place->transport->send(
        place->transport, &played->step.request, is_change, &played->arena, &reply, &reason);
    if (err == ERR_REFUSED || err == ERR_CREDENTIALS)
        return (struct reply){ REPLY_REFUSED, 0, str_from(reason) };
    if (err != ERR_OK && err != ERR_TRANSPORT)
        fail_msg("%s: %s", played->step.request.operation, err_text(err));
    return err == ERR_OK ? reply : (struct reply){ .kind = REPLY_LOST, .body = STR("") };
}

static void play(struct place *place, struct played *played)
{
    void *state = calloc(1, played->row->state_bytes);
    str none = STR("");
    played->step = (struct step){ .args = played->args,
        .arena = &played->arena,
        .key = STR("run-1-step-0"),
        .alert = STR(TOLD),
        .region = none,
        .state = state,
        .began_ms = now_ms(&hasty_clock),
        .target = none,
        .found = none };
    enum step_turn turn = played->row->next(&played->step, NULL);
    for (uint32_t calls = 0; !step_turn_is_end(turn); calls++) {
        bool is_change = turn == STEP_CHANGE;
        assert_true(calls < STEP_TURNS_MAX);
        assert_non_null(played->step.request.body.ptr);
        if (is_change)
            assert_true(str_equal(played->step.request.target, played->step.target));
        struct reply reply = send_once(place, played, is_change);
        bool is_declined =
            reply.kind == REPLY_REFUSED
            || (reply.kind == REPLY_RECEIVED && reply.status >= 400 && reply.status < 500);
        if (is_change && played->step.undo.builtin != NULL && !is_declined) {
            assert_true(played->undos_count < UNDOS_MAX);
            played->undos[played->undos_count++] = played->step.undo;
        }
        turn = played->row->next(&played->step, &reply);
    }
    played->end = turn;
    assert_non_null(played->step.reason);
    free(state);
}

static void act(
    struct place *place, const struct builtin *row, const char *arg, struct played *ret_played)
{
    *ret_played = (struct played){ .arena = ARENA_INIT(STEP_BYTES_MAX), .row = row };
    if (arg != NULL)
        ret_played->args[0] = value_text(str_from(arg));
    play(place, ret_played);
}

/* Take it back, newest change first; the worst of the ends. */
static enum step_turn take_back(struct place *place, const struct played *done)
{
    enum step_turn end = STEP_DONE;
    for (uint32_t at = done->undos_count; at > 0; at--) {
        const struct undo *undo = &done->undos[at - 1];
        struct played played = { .arena = ARENA_INIT(STEP_BYTES_MAX) };
        played.row = builtin_find_inverse(str_from(undo->builtin));
        assert_non_null(played.row);
        memcpy(played.args, undo->args, sizeof(undo->args));
        play(place, &played);
        end = played.end != STEP_DONE ? played.end : end;
        arena_release(&played.arena);
    }
    return end;
}

static bool is_done(struct place *place, const struct action *action)
{
    json_t *world = control_get(place->client, "state");
    bool is = action->is_done(json_object_get(world, "crowdstrike"));
    json_decref(world);
    return is;
}

/* How many changes were applied since the last reset, and how many calls there were. */
static size_t applied_count(struct place *place, size_t *ret_calls)
{
    json_t *calls = control_get(place->client, "calls");
    size_t index, count = 0;
    const json_t *call;
    json_array_foreach(calls, index, call)
    {
        const char *name = member_of(call, "operation");
        bool is_change =
            strcmp(name, "PerformActionV2") == 0 || strcmp(name, "PatchEntitiesAlertsV3") == 0;
        count += is_change && json_is_true(json_object_get(call, "applied"));
    }
    if (ret_calls != NULL)
        *ret_calls = json_array_size(calls);
    json_decref(calls);
    return count;
}

static void each_step_is_done_found_done_and_taken_back(void **state)
{
    struct place *place = place_open(*state);
    for (size_t at = 0; at < COUNT_OF(actions); at++) {
        const struct action *action = &actions[at];
        struct played done, again;
        control_post(place->client, "reset", "");
        connect_anew(place);
        assert_false(is_done(place, action));
        act(place, action->row, action->arg, &done);
        if (done.end != STEP_DONE)
            fail_msg("%s: %s", done.row->name, done.step.reason);
        assert_true(is_done(place, action));
        assert_int_equal(applied_count(place, NULL), 1);
        act(place, action->row, action->arg, &again);
        assert_int_equal(again.end, STEP_DONE);
        assert_int_equal(applied_count(place, NULL), 1);
        assert_int_equal(again.undos_count, 0);
        assert_int_equal(take_back(place, &done), STEP_DONE);
        if (done.row->inverse != NULL)
            assert_false(is_done(place, action));
        arena_release(&done.arena);
        arena_release(&again.arena);
    }
    place_close(place);
}

/* One play under a fault: it ends, says what is so, and changed it once. */
static void survive(struct place *place, const struct action *action, const char *fault)
{
    struct played played;
    connect_anew(place);
    control_post(place->client, "faults", fault);
    act(place, action->row, action->arg, &played);
    control_post(place->client, "faults", "[]");
    bool is = is_done(place, action);
    size_t applied = applied_count(place, NULL);
    if ((played.end == STEP_DONE && !is) || applied > 1)
        fail_msg("%s under %s: %s, applied %zu: %s", played.row->name, fault,
            step_turn_name(played.end), applied, played.step.reason);
    bool says_nothing_was_done = played.end == STEP_FAILED || played.end == STEP_UNRESOLVED;
    if (says_nothing_was_done && applied > 0)
        fail_msg("%s under %s changed something: %s", played.row->name, fault, played.step.reason);
    if (played.row->inverse != NULL && applied > 0
        && (take_back(place, &played) != STEP_DONE || is_done(place, action)))
        fail_msg("%s under %s cannot be taken back", played.row->name, fault);
    arena_release(&played.arena);
}

static void any_call_may_go_wrong(void **state)
{
    static const char *const kinds[] = { "throttle", "fail_before", "fail_after", "lose_reply",
        "html", "deny", "expire", "stale" };
    struct place *place = place_open(*state);
    for (size_t at = 0; at < COUNT_OF(actions); at++) {
        struct played played;
        size_t calls;
        control_post(place->client, "reset", "");
        connect_anew(place);
        act(place, actions[at].row, actions[at].arg, &played);
        arena_release(&played.arena);
        applied_count(place, &calls);
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
            for (size_t n = 0; n <= calls; n++)
                for (int times = 1; times < 1000; times += 998) {
                    char fault[128];
                    snprintf(fault, sizeof(fault),
                        "[{\"operation\":\"*\",\"kind\":\"%s\",\"after\":%zu,\"times\":%d}]",
                        kinds[kind], n, times);
                    control_post(place->client, "reset", "");
                    survive(place, &actions[at], fault);
                }
    }
    place_close(place);
}

static void hosts_that_are_away_or_not_ours_are_told_apart(void **state)
{
    static const struct {
        const char *host;
        enum step_turn end;
        const char *words;
        uint32_t undos;
    } cases[] = {
        { HOST_OFFLINE, STEP_PARTIAL, "it is offline", 1 },
        { HOST_MAC, STEP_DONE, "is contained", 1 },
        { HOST_CONTAINED, STEP_DONE, "was contained already", 0 },
        { "ffff000000000000c0ffee0000000001", STEP_UNRESOLVED, "Falcon shows no host", 0 },
    };
    struct place *place = place_open(*state);
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct played played;
        act(place, &crowdstrike_isolate_host, cases[at].host, &played);
        if (played.end != cases[at].end || strstr(played.step.reason, cases[at].words) == NULL)
            fail_msg("%s: %s", step_turn_name(played.end), played.step.reason);
        assert_int_equal(played.undos_count, cases[at].undos);
        arena_release(&played.arena);
    }
    place_close(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(each_step_is_done_found_done_and_taken_back),
        sandbox_test(any_call_may_go_wrong),
        sandbox_test(hosts_that_are_away_or_not_ours_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
