/* Every step of Defender and Graph against the simulated ones, over the real connection: done, found
 * done, taken back; and with any one call, or every call from one on, going wrong. */
#include "microsoft_client.h"

#include "defender/connection.h"
#include "fronts.h"
#include "registry.h"

#include <ftw.h>
#include <unistd.h>

#define USER_ID "0c0ffee0-0000-4000-8000-00000000a002"
#define FILE_SHA256 "d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4"
#define ALERT "da638816000000000002_1002"
#define TOLD                                                                                       \
    "{\"key\":\"k\",\"rule\":\"r\",\"alert\":{\"source\":\"defender\",\"alert.id\":\"" ALERT       \
    "\",\"alert.url\":\"https://security.example/x\"}}"

enum { UNDOS_MAX = 8, ARGS_MAX = 2 };

/* ---- the steps, and what shows that each was done ---- */

struct action {
    const struct builtin *way; /* NULL: the row of `verb` and `name` */
    enum verb verb;
    const char *name;
    const char *args[ARGS_MAX][2];
    bool (*is_done)(const json_t *tenant);
    bool sends_anew; /* another step does it again */
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

static bool is_text(const json_t *object, const char *key, const char *text)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found != NULL && strcmp(found, text) == 0;
}

static bool is_isolated(const json_t *tenant)
{
    return is_text(one_of(tenant, "machines", "id", WINDOWS), "isolation", "Full");
}

static bool is_restricted(const json_t *tenant)
{
    return json_is_true(json_object_get(one_of(tenant, "machines", "id", WINDOWS), "restricted"));
}

/* An action of that type of the machine, in one of two states. */
static bool has_action(const json_t *tenant, const char *type, const char *a, const char *b)
{
    size_t index;
    const json_t *record;
    json_array_foreach(json_object_get(tenant, "machineActions"), index, record)
    {
        const json_t *action = json_object_get(record, "action");
        if (is_text(action, "type", type) && is_text(action, "machineId", WINDOWS)
            && (is_text(action, "status", a) || is_text(action, "status", b)))
            return true;
    }
    return false;
}

static bool is_scanning(const json_t *tenant)
{
    return has_action(tenant, "RunAntiVirusScan", "InProgress", "Succeeded");
}

static bool is_quarantined(const json_t *tenant)
{
    return has_action(tenant, "StopAndQuarantineFile", "Succeeded", "Succeeded");
}

static bool is_collected(const json_t *tenant)
{
    return has_action(tenant, "CollectInvestigationPackage", "Succeeded", "Succeeded");
}

static bool is_disabled(const json_t *tenant)
{
    return json_is_false(json_object_get(one_of(tenant, "users", "id", USER_ID), "accountEnabled"));
}

static bool is_revoked(const json_t *tenant)
{
    const char *since = json_string_value(
        json_object_get(one_of(tenant, "users", "id", USER_ID), "signInSessionsValidFromDateTime"));
    return since != NULL && strcmp(since, "2026") > 0;
}

static bool is_resolved(const json_t *tenant)
{
    return is_text(one_of(tenant, "graphAlerts", "id", ALERT), "status", "resolved");
}

static bool has_comment(const json_t *tenant)
{
    return json_array_size(json_object_get(one_of(tenant, "graphAlerts", "id", ALERT), "comments"))
           == 1;
}

static const struct action actions[] = {
    { &defender_isolate_host, VERB_RESPOND, "", { { "host", WINDOWS } }, is_isolated, false },
    { NULL, VERB_RESPOND, "restrict_app_execution", { { "host", WINDOWS } }, is_restricted, false },
    { NULL, VERB_RESPOND, "scan_host", { { "host", WINDOWS } }, is_scanning, true },
    { NULL, VERB_RESPOND, "stop_and_quarantine_file",
        { { "host", WINDOWS }, { "sha256", FILE_SHA256 } }, is_quarantined, true },
    { NULL, VERB_COLLECT, "package", { { "host", WINDOWS }, { "to", "/evidence" } }, is_collected,
        true },
    { &defender_disable_user, VERB_RESPOND, "", { { "user", USER_ID } }, is_disabled, false },
    { NULL, VERB_RESPOND, "revoke_entra_sessions", { { "user", USER_ID } }, is_revoked, true },
    { &defender_alert_status, VERB_RESPOND, "", { { "status", "closed" } }, is_resolved, false },
    { &defender_alert_comment, VERB_NOTIFY, "", { { "text", "seen" } }, has_comment, false },
};

/* ---- plays ---- */

struct played {
    struct arena arena;
    const struct builtin *row;
    value args[STEP_PARAMS_MAX];
    const char *key;
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
    char folder[32];
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
    assert_int_equal(secret_set(&secret, STR("sandbox-secret-of-cdr-defender")), ERR_OK);
    struct defender_settings settings = { .tenant = STR(TENANT),
        .client_id = STR("0c0ffee0-0000-4000-8000-00000000c001"),
        .client_secret = &secret,
        .url = str_from(arena_format(arena, "http://127.0.0.1:%u/_microsoft",
            (unsigned)sandbox_port(place->client->sandbox))),
        .evidence = str_from(place->folder) };
    enum err err = defender_connection_open(&settings, http_curl_interface(place->curl), 1,
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
    strcpy(place->folder, "/tmp/cdr-evidence-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    assert_int_equal(http_curl_new(NULL, &place->curl), ERR_OK);
    connect_anew(place);
    return place;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void place_close(struct place *place)
{
    rest_connection_close(place->connection);
    http_curl_free(place->curl);
    nftw(place->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
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
        .key = str_from(played->key),
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
        if (is_change && played->step.undo.builtin != NULL) {
            assert_true(played->undos_count < UNDOS_MAX);
            played->undos[played->undos_count++] = played->step.undo;
        }
        struct reply reply = send_once(place, played, is_change);
        turn = played->row->next(&played->step, &reply);
    }
    played->end = turn;
    assert_non_null(played->step.reason);
    free(state);
}

static void act(
    struct place *place, const struct action *action, const char *key, struct played *ret_played)
{
    *ret_played = (struct played){ .arena = ARENA_INIT(STEP_BYTES_MAX), .key = key };
    ret_played->row =
        action->way != NULL ? action->way : builtin_find(action->verb, str_from(action->name));
    assert_non_null(ret_played->row);
    for (size_t arg = 0; arg < ARGS_MAX && action->args[arg][0] != NULL; arg++)
        for (uint32_t at = 0; at < builtin_param_count(ret_played->row); at++)
            if (strcmp(ret_played->row->params[at].name, action->args[arg][0]) == 0)
                ret_played->args[at] = value_text(str_from(action->args[arg][1]));
    play(place, ret_played);
}

static const char *undo_key(struct played *done)
{
    return arena_format(&done->arena, "%s-undo", done->key);
}

/* Take it back, newest change first; the worst of the ends. */
static enum step_turn take_back(struct place *place, struct played *done)
{
    enum step_turn end = STEP_DONE;
    for (uint32_t at = done->undos_count; at > 0; at--) {
        const struct undo *undo = &done->undos[at - 1];
        struct played played = { .arena = ARENA_INIT(STEP_BYTES_MAX), .key = undo_key(done) };
        played.row = builtin_find_inverse(str_from(undo->builtin));
        assert_non_null(played.row);
        memcpy(played.args, undo->args, sizeof(undo->args));
        play(place, &played);
        if (played.end != STEP_DONE)
            print_message("%s: %s\n", undo->builtin, played.step.reason);
        end = played.end != STEP_DONE ? played.end : end;
        arena_release(&played.arena);
    }
    return end;
}

static bool is_done(struct place *place, const struct action *action)
{
    json_t *world = control_get(place->client, "state");
    bool is = action->is_done(json_object_get(world, "microsoft"));
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
        const char *name = json_string_value(json_object_get(call, "operation"));
        bool is_read = strncmp(name, "Get", 3) == 0 || strncmp(name, "List", 4) == 0
                       || strcmp(name, "Download") == 0;
        count += !is_read && json_is_true(json_object_get(call, "applied"));
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
        act(place, action, "run-1-step-0", &done);
        if (done.end != STEP_DONE)
            fail_msg("%s: %s", done.row->name, done.step.reason);
        assert_true(is_done(place, action));
        assert_int_equal(applied_count(place, NULL), 1);
        act(place, action, action->way == &defender_alert_comment ? "run-1-step-0" : "run-2-step-0",
            &again);
        if (!action->sends_anew) {
            assert_int_equal(again.end, STEP_DONE);
            assert_int_equal(applied_count(place, NULL), 1);
            assert_int_equal(again.undos_count, 0);
        }
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
    act(place, action, "run-1-step-0", &played);
    control_post(place->client, "faults", "[]");
    bool is = is_done(place, action);
    size_t applied = applied_count(place, NULL);
    if ((played.end == STEP_DONE && !is) || applied > 1)
        fail_msg("%s under %s: %s, applied %zu: %s", played.row->name, fault,
            step_turn_name(played.end), applied, played.step.reason);
    bool says_nothing_was_done = played.end == STEP_FAILED || played.end == STEP_UNRESOLVED;
    if (says_nothing_was_done && applied > 0)
        fail_msg("%s under %s changed something: %s", played.row->name, fault, played.step.reason);
    if (played.row->inverse != NULL && applied > 0) {
        if (take_back(place, &played) != STEP_DONE || is_done(place, action))
            fail_msg("%s under %s cannot be taken back", played.row->name, fault);
    }
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
        act(place, &actions[at], "run-1-step-0", &played);
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

static void an_administrator_needs_more_and_an_offline_host_waits(void **state)
{
    static const struct action admin = { &defender_disable_user, VERB_RESPOND, "",
        { { "user", "admin.one@corp.example" } }, NULL, false };
    static const struct action quoted = { &defender_disable_user, VERB_RESPOND, "",
        { { "user", "on'call@corp.example" } }, NULL, false };
    static const struct action offline = { &defender_isolate_host, VERB_RESPOND, "",
        { { "host", OFFLINE } }, NULL, false };
    static const struct action absent = { &defender_isolate_host, VERB_RESPOND, "",
        { { "host", ABSENT } }, NULL, false };
    static const struct action theirs = { &defender_isolate_host, VERB_RESPOND, "",
        { { "host", ISOLATED } }, NULL, false };
    static const struct action selective = { &defender_isolate_host, VERB_RESPOND, "",
        { { "host", LINUX }, { "mode", "selective" } }, NULL, false };
    static const struct {
        const struct action *action;
        enum step_turn end;
        const char *words;
    } cases[] = {
        { &admin, STEP_FAILED, "Privileged Authentication Administrator" },
        { &quoted, STEP_DONE, "is disabled" },
        { &offline, STEP_PARTIAL, "isolates the host as soon as it reports" },
        { &absent, STEP_UNRESOLVED, "Defender knows no machine" },
        { &theirs, STEP_DONE, "was isolated already" },
        { &selective, STEP_FAILED, "on Windows alone" },
    };
    struct place *place = place_open(*state);
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct played played;
        act(place, cases[at].action, "run-1-step-0", &played);
        if (played.end != cases[at].end || strstr(played.step.reason, cases[at].words) == NULL)
            fail_msg("%s: %s", step_turn_name(played.end), played.step.reason);
        if (cases[at].action == &offline) /* cancelled before it begins */
            assert_int_equal(take_back(place, &played), STEP_DONE);
        arena_release(&played.arena);
    }
    place_close(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(each_step_is_done_found_done_and_taken_back),
        sandbox_test(any_call_may_go_wrong),
        sandbox_test(an_administrator_needs_more_and_an_offline_host_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
