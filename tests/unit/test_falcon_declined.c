/* An analyst is faster: Falcon declines our request, in a reply with the status of success, and what
 * the analyst did stays when our run is taken back. Over the real connection, the breaker and a journal,
 * against the simulated tenant. */
#include "falcon_client.h"

#include "act/undo.h"
#include "crowdstrike/connection.h"
#include "daemon/breaker.h"
#include "fronts.h"
#include "registry.h"
#include "store/store.h"

#define HOST "1111000000000000c0ffee0000000001"

/* The network, in which an analyst's request overtakes ours; what Falcon declines then comes as 202. */
struct race {
    struct http http; /* first */
    struct http *inner;
    bool is_on;
};

static enum err race_send(struct http *http, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    struct race *race = (struct race *)http;
    bool is_raced = race->is_on && strstr(request->url, "devices-actions") != NULL;
    if (is_raced) {
        TRY(race->inner->send(race->inner, request, arena, ret_reply, reterr_reason));
        assert_int_equal(ret_reply->status, 202);
    }
    TRY(race->inner->send(race->inner, request, arena, ret_reply, reterr_reason));
    if (is_raced) {
        assert_int_equal(ret_reply->status, 409);
        ret_reply->status = 202;
    }
    return ERR_OK;
}

static int64_t now_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->now_ms(clock_system());
}

static void sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock, (void)duration_ms;
}

static struct clock hasty_clock = { .now_ms = now_ms, .sleep_ms = sleep_ms };

struct place {
    struct client *client;
    struct http_curl *curl;
    struct race race;
    struct rest_connection *connection;
    struct breakers *breakers;
    struct breaker_transport way;
    struct store *store;
    struct executor executor;
};

static struct transport *connect_place(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct place *place = executor->self;
    (void)provider, (void)account;
    *reterr_reason = NULL;
    return &place->way.transport;
}

static void place_open(struct place *place, struct client *client)
{
    struct secret secret = { NULL, 0 };
    const char *reason = NULL;
    *place = (struct place){ .client = client };
    assert_int_equal(http_curl_new(NULL, &place->curl), ERR_OK);
    place->race =
        (struct race){ .http.send = race_send, .inner = http_curl_interface(place->curl) };
    assert_int_equal(secret_set(&secret, STR(FALCON_SECRET)), ERR_OK);
    struct crowdstrike_settings settings = { .client_id = STR(FALCON_ID),
        .client_secret = &secret,
        .url = str_from(arena_format(&client->arena, "http://127.0.0.1:%u/_crowdstrike",
            (unsigned)sandbox_port(client->sandbox))) };
    assert_int_equal(crowdstrike_connection_open(&settings, &place->race.http, 1, &hasty_clock,
                         &client->arena, &place->connection, &reason),
        ERR_OK);
    secret_release(&secret);
    assert_int_equal(breakers_new(&hasty_clock, NULL, NULL, &place->breakers), ERR_OK);
    breaker_wrap(place->breakers, STR("crowdstrike"), rest_connection_transport(place->connection),
        &place->way);
    assert_int_equal(store_open_memory(&client->arena, &place->store, &reason), ERR_OK);
    assert_int_equal(store_program_put(place->store, STR("hash"), STR("[]")), ERR_OK);
    place->executor = (struct executor){ .mode = MODE_APPLY,
        .store = place->store,
        .clock = &hasty_clock,
        .connect = connect_place,
        .self = place };
}

static void place_close(struct place *place)
{
    store_close(place->store);
    breakers_free(place->breakers);
    rest_connection_close(place->connection);
    http_curl_free(place->curl);
}

/* A run that contains the host, with the race or without, and its undo: how the host is then. */
static const char *contain_and_undo(struct place *place, bool is_race, const char *words)
{
    struct arena *arena = &place->client->arena;
    struct run run = { .alert = STR("a-1"),
        .source = STR("crowdstrike"),
        .rule = STR("r"),
        .program_hash = STR("hash") };
    const value args[STEP_PARAMS_MAX] = { value_text(STR(HOST)) };
    struct step_outcome outcome;
    int64_t undo;
    place->race.is_on = is_race;
    assert_int_equal(store_run_begin(place->store, &run), ERR_OK);
    struct step_order order = {
        .row = &crowdstrike_isolate_host, .args = args, .run = run.id, .found = STR("")
    };
    assert_int_equal(step_execute(&place->executor, &order, arena, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    if (strstr(outcome.reason, words) == NULL)
        fail_msg("%s", outcome.reason);
    assert_int_equal(store_run_end(place->store, run.id, 1), ERR_OK);
    place->race.is_on = false;
    assert_int_equal(
        undo_execute(&place->executor, builtin_find_inverse,
            &(struct undo_order){ .run = run.id, .person = STR("ann") }, arena, NULL, &undo),
        ERR_OK);
    json_t *world = control_get(place->client, "state");
    assert_true(arena_add_guest(arena, (void (*)(void *))json_decref, world));
    size_t index;
    const json_t *device;
    json_array_foreach(
        json_object_get(json_object_get(world, "crowdstrike"), "devices"), index, device)
    {
        if (strcmp(json_string_value(json_object_get(device, "device_id")), HOST) == 0)
            return json_string_value(json_object_get(device, "status"));
    }
    return "";
}

static void an_undo_leaves_the_containment_of_an_analyst_who_was_faster(void **state)
{
    struct place place;
    place_open(&place, *state);
    const char *after = contain_and_undo(&place, true, "nothing was changed");
    assert_string_equal(after, "contained");
    place_close(&place);
}

static void an_undo_lifts_our_own(void **state)
{
    struct place place;
    place_open(&place, *state);
    const char *after = contain_and_undo(&place, false, "is contained");
    assert_string_equal(after, "normal");
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(an_undo_leaves_the_containment_of_an_analyst_who_was_faster),
        sandbox_test(an_undo_lifts_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
