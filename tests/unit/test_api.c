/* test_api.c - what the daemon tells over HTTP, and to whom. */
#include "api_fixture.h"

#include "serve/admin_token.h"
#include "serve/canary.h"
#include "store/alerts.h"

#define ASKED CLEANUP(asked_release) struct asked

static int64_t alert_put(struct api_fixture *f, const char *way, int number)
{
    char text[64];
    bool is_new;
    snprintf(text, sizeof text, "{\"id\":\"a-%d\"}", number);
    struct alert_record record = { .way = str_from(way),
        .forced_source = STR("guardduty"),
        .text = str_from(text),
        .received_ms = f->time.now_ms };
    assert_int_equal(alerts_put(f->fixture.store, &record, &is_new), ERR_OK);
    return record.id;
}

static const char *const paths[] = { "/v1/alerts", "/v1/alerts/1", "/v1/runs", "/v1/runs/1",
    "/v1/steps", "/v1/approvals", "/v1/audit" };

static void without_the_token_nothing_is_told(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    alert_put(&f, "api", 1);
    for (size_t at = 0; at < COUNT_OF(paths); at++) {
        ASKED nobody = { 0 };
        ASKED other = { .authorization = "Bearer cdr_0123456789012345678901234567890123456789012" };
        assert_int_equal(ask_as(&f, &nobody, "GET", paths[at], ""), 401);
        assert_int_equal(ask_as(&f, &other, "GET", paths[at], ""), 401);
        assert_string_equal(nobody.answer.authenticate, "Bearer realm=\"cdr\"");
    }
    assert_true(metrics_get(f.daemon.metrics, METRIC_REQUESTS_REFUSED, STR("token"))
                == 2 * COUNT_OF(paths));
    api_fixture_end(&f);
}

/* ---- paths and parameters ---- */

static void a_path_that_is_none_is_404_and_another_method_405(void **state)
{
    (void)state;
    static const char *const unknown[] = { "/", "/v1", "/v1/", "/v1/alert", "/v1/alerts/1/text",
        "/v1/alerts/", "/v1/runs/99", "/v1/runs/0", "/v1/runs/x", "/v1/runs/1/undo/2", "/v2/runs",
        "/v1/runs/99999999999999999999", "/v1/alerts/-1" };
    struct api_fixture f;
    api_fixture_begin(&f);
    for (size_t at = 0; at < COUNT_OF(unknown); at++) {
        ASKED asked = { 0 };
        assert_int_equal(ask(&f, &asked, unknown[at], NULL), 404);
    }
    ASKED put = { .authorization = f.token };
    assert_int_equal(ask_as(&f, &put, "PUT", "/v1/alerts", ""), 405);
    assert_string_equal(put.answer.allow, "GET");
    ASKED removal = { .authorization = f.token };
    assert_int_equal(ask_as(&f, &removal, "DELETE", "/v1/alerts/1", ""), 405);
    assert_string_equal(removal.answer.allow, "GET, POST");
    ASKED undo = { 0 };
    assert_int_equal(ask(&f, &undo, "/v1/runs/1/undo", NULL), 405);
    assert_string_equal(undo.answer.allow, "POST");
    ASKED sent = { 0 };
    assert_int_equal(ask_as(&f, &sent, "POST", "/v1/alerts/guardduty", "{}"), 202);
    ASKED hook = { 0 };
    assert_int_equal(ask_as(&f, &hook, "POST", "/hooks/edr", "{}"), 202);
    api_fixture_end(&f);
}

static void a_bad_parameter_is_named_with_what_it_takes(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *query;
        const char *name;
    } rows[] = {
        { "/v1/alerts", "limit=0", "limit" },
        { "/v1/runs", "limit=1001", "limit" },
        { "/v1/audit", "limit=ten", "limit" },
        { "/v1/steps", "limit=-1", "limit" },
        { "/v1/alerts", "after=x", "after" },
        { "/v1/alerts", "after=1.5", "after" },
        { "/v1/alerts", "state=open", "state" },
        { "/v1/runs", "state=waiting", "state" },
        { "/v1/runs", "open=yes", "open" },
        { "/v1/steps", "state=finished", "state" },
        { "/v1/steps", "run=a", "run" },
        { "/v1/approvals", "state=closed", "state" },
    };
    struct api_fixture f;
    api_fixture_begin(&f);
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        ASKED asked = { 0 };
        char takes[32];
        assert_int_equal(ask(&f, &asked, rows[at].path, rows[at].query), 400);
        snprintf(takes, sizeof takes, "%s takes ", rows[at].name);
        assert_true(strncmp(member(&asked, "detail"), takes, strlen(takes)) == 0);
    }
    api_fixture_end(&f);
}

static void a_parameter_that_is_not_known_is_told_with_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *query;
        const char *title;
        const char *detail;
    } rows[] = {
        { "/v1/alerts", "stat=dead", "stat is not known", "did you mean state?" },
        { "/v1/runs", "state=done&lmit=1", "lmit is not known", "did you mean limit?" },
        { "/v1/runs", "open=true&open=false", "open is there twice", "this path takes after, " },
        { "/v1/audit", "state=done", "state is not known", "this path takes after, limit" },
        { "/v1/runs/1", "x", "x is not known", "this path takes none" },
    };
    struct api_fixture f;
    api_fixture_begin(&f);
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        ASKED asked = { 0 };
        assert_int_equal(ask(&f, &asked, rows[at].path, rows[at].query), 400);
        assert_non_null(strstr(member(&asked, "title"), rows[at].title));
        assert_non_null(strstr(member(&asked, "detail"), rows[at].detail));
    }
    api_fixture_end(&f);
}

/* ---- pages ---- */

static void every_alert_is_on_one_page_while_more_arrive(void **state)
{
    (void)state;
    enum { FIRST = 500, PER_PAGE = 7, MORE = 3 };
    struct api_fixture f;
    int64_t expected = 0;
    int sent = 0;
    char query[64] = "limit=7";
    api_fixture_begin(&f);
    for (; sent < FIRST; sent++)
        alert_put(&f, "api", sent);
    for (bool is_end = false; !is_end;) {
        ASKED asked = { 0 };
        assert_int_equal(ask(&f, &asked, "/v1/alerts", query), 200);
        size_t index;
        json_t *item;
        assert_true(json_array_size(items(&asked)) <= PER_PAGE);
        json_array_foreach(items(&asked), index, item)
        {
            expected++;
            assert_true(atoll(json_string_value(json_object_get(item, "id"))) == expected);
        }
        is_end = json_is_null(json_object_get(asked.json, "next"));
        for (int at = 0; at < MORE && !is_end; at++)
            alert_put(&f, "api", sent++);
        snprintf(query, sizeof query, "limit=7&after=%s", member(&asked, "next"));
    }
    assert_true(expected > FIRST && expected == sent);
    api_fixture_end(&f);
}

static void an_alert_is_told_with_its_text_by_its_id(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    alert_put(&f, "webhook hook", 1);
    alert_put(&f, "webhook hook", 1);
    ASKED listed = { 0 };
    ASKED whole = { 0 };
    assert_int_equal(ask(&f, &listed, "/v1/alerts", "state=waiting"), 200);
    assert_int_equal(ask(&f, &whole, "/v1/alerts/1", NULL), 200);
    assert_string_equal(member(&whole, "text"), "{\"id\":\"a-1\"}");
    assert_string_equal(member(&whole, "way"), "webhook hook");
    assert_string_equal(member(&whole, "source"), "guardduty");
    assert_string_equal(member(&whole, "received"), "2023-11-14T22:13:20Z");
    assert_int_equal(json_integer_value(json_object_get(whole.json, "copies")), 1);
    assert_int_equal(json_array_size(items(&listed)), 1);
    assert_int_equal(json_object_del(whole.json, "text"), 0);
    assert_true(json_equal(json_array_get(items(&listed), 0), whole.json));
    ASKED dead = { 0 };
    assert_int_equal(ask(&f, &dead, "/v1/alerts", "state=dead"), 200);
    assert_int_equal(json_array_size(items(&dead)), 0);
    assert_true(json_is_null(json_object_get(dead.json, "next")));
    api_fixture_end(&f);
}

static void alerts_of_our_own_are_left_out(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    for (int at = 0; at < 20; at++)
        alert_put(&f, at % 2 == 0 ? CANARY_WAY : "api", at);
    ASKED asked = { 0 };
    assert_int_equal(ask(&f, &asked, "/v1/alerts", "limit=10"), 200);
    assert_int_equal(json_array_size(items(&asked)), 10);
    assert_true(json_is_null(json_object_get(asked.json, "next")));
    api_fixture_end(&f);
}

static void a_filter_that_nothing_passes_looks_at_a_bounded_part(void **state)
{
    (void)state;
    enum { ALERTS = 10500 };
    struct api_fixture f;
    api_fixture_begin(&f);
    assert_int_equal(store_begin(f.fixture.store), ERR_OK);
    for (int at = 0; at < ALERTS; at++)
        alert_put(&f, CANARY_WAY, at);
    alert_put(&f, "api", ALERTS);
    assert_int_equal(store_commit(f.fixture.store), ERR_OK);
    ASKED first = { 0 };
    assert_int_equal(ask(&f, &first, "/v1/alerts", "limit=2"), 200);
    assert_int_equal(json_array_size(items(&first)), 0);
    assert_string_equal(member(&first, "next"), "10000");
    ASKED second = { 0 };
    assert_int_equal(ask(&f, &second, "/v1/alerts", "limit=2&after=10000"), 200);
    assert_int_equal(json_array_size(items(&second)), 1);
    assert_true(json_is_null(json_object_get(second.json, "next")));
    api_fixture_end(&f);
}

/* Runs 1 to `count`; every second one has a step, and every third one has ended. */
static void runs_make(struct api_fixture *f, int count)
{
    for (int at = 0; at < count; at++) {
        char alert[16];
        snprintf(alert, sizeof alert, "a-%d", at % 5);
        int64_t run = run_new(&f->fixture, alert);
        struct step_record step = { .run = run,
            .builtin = STR("isolate_role"),
            .args = STR("[\"web\"]"),
            .target = STR("role/web"),
            .started_ms = 1 };
        if (at % 2 == 0) {
            assert_int_equal(store_step_begin(f->fixture.store, &f->fixture.arena, &step), ERR_OK);
            step.state = STR("done");
            step.ended_ms = 2;
            assert_int_equal(store_step_end(f->fixture.store, &step), ERR_OK);
        }
        if (at % 3 == 0)
            assert_int_equal(store_run_end(f->fixture.store, run, 3), ERR_OK);
    }
}

static size_t count_of(struct api_fixture *f, const char *path, const char *query)
{
    ASKED asked = { 0 };
    assert_int_equal(ask(f, &asked, path, query), 200);
    return json_array_size(items(&asked));
}

static void runs_and_steps_are_listed_and_filtered(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    runs_make(&f, 30);
    assert_int_equal(count_of(&f, "/v1/runs", ""), 30);
    assert_int_equal(count_of(&f, "/v1/runs", "open=true"), 20);
    assert_int_equal(count_of(&f, "/v1/runs", "alert=a-1"), 6);
    assert_int_equal(count_of(&f, "/v1/runs", "alert=a-1&open=true"), 4);
    assert_int_equal(count_of(&f, "/v1/runs", "state=done"), 10);
    assert_int_equal(count_of(&f, "/v1/runs", "state=open&limit=3"), 3);
    assert_int_equal(count_of(&f, "/v1/runs", "rule=nothing"), 0);
    assert_int_equal(count_of(&f, "/v1/steps", ""), 15);
    assert_int_equal(count_of(&f, "/v1/steps", "state=done&limit=4"), 4);
    assert_int_equal(count_of(&f, "/v1/steps", "run=3"), 1);
    assert_int_equal(count_of(&f, "/v1/steps", "run=4"), 0);
    assert_int_equal(count_of(&f, "/v1/approvals", ""), 0);
    ASKED listed = { 0 };
    ASKED whole = { 0 };
    assert_int_equal(ask(&f, &listed, "/v1/runs", "limit=1"), 200);
    assert_string_equal(member(&listed, "next"), "1");
    assert_int_equal(ask(&f, &whole, "/v1/runs/1", NULL), 200);
    const char *name;
    json_t *told;
    assert_true(json_object_size(json_array_get(items(&listed), 0)) >= 10);
    json_object_foreach(json_array_get(items(&listed), 0), name, told)
        assert_true(json_equal(told, json_object_get(whole.json, name)));
    assert_string_equal(member(&whole, "id"), "1");
    assert_string_equal(member(&whole, "rule_set"), "hash");
    assert_int_equal(json_array_size(json_object_get(whole.json, "steps")), 1);
    ASKED steps = { 0 };
    assert_int_equal(ask(&f, &steps, "/v1/steps", "run=3"), 200);
    json_t *step = json_array_get(items(&steps), 0);
    assert_string_equal(json_string_value(json_object_get(step, "id")), "3.0");
    assert_string_equal(json_string_value(json_object_get(step, "name")), "isolate_role");
    assert_int_equal(json_integer_value(json_object_get(step, "calls")), 0);
    api_fixture_end(&f);
}

static void the_audit_log_is_told_entry_by_entry(void **state)
{
    (void)state;
    struct api_fixture f;
    char query[64] = "limit=3";
    int64_t expected = 0;
    api_fixture_begin(&f);
    for (int at = 0; at < 10; at++)
        assert_int_equal(
            alerts_set_aside(f.fixture.store, alert_put(&f, "api", at), 5, "no JSON"), ERR_OK);
    for (bool is_end = false; !is_end;) {
        ASKED asked = { 0 };
        size_t index;
        json_t *item;
        assert_int_equal(ask(&f, &asked, "/v1/audit", query), 200);
        json_array_foreach(items(&asked), index, item)
        {
            expected++;
            assert_int_equal(json_integer_value(json_object_get(item, "seq")), expected);
            assert_true(atoll(json_string_value(json_object_get(item, "id"))) == expected);
            assert_int_equal(json_string_length(json_object_get(item, "hash")), 64);
        }
        is_end = json_is_null(json_object_get(asked.json, "next"));
        snprintf(query, sizeof query, "limit=3&after=%s", member(&asked, "next"));
    }
    assert_int_equal(expected, 11); /* the rules came into force, ten alerts are dead */
    api_fixture_end(&f);
}

static void too_many_readers_are_told_to_come_again(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    struct handler *handler = NULL;
    const char *reason = NULL;
    assert_int_equal(api_new(&f.daemon, &f.fixture.arena, &handler, &reason), ERR_OK);
    struct api *api = (struct api *)handler;
    struct store *stores[API_READERS_MAX];
    for (size_t at = 0; at < API_READERS_MAX; at++) {
        ASKED asked = { 0 };
        asked.exchange.arena = &asked.arena;
        assert_true(api_reader_open(api, &asked.exchange, &stores[at]));
    }
    struct store *none = NULL;
    ASKED asked = { 0 };
    asked.exchange.arena = &asked.arena;
    assert_false(api_reader_open(api, &asked.exchange, &none));
    assert_int_equal(asked.answer.status, 503);
    assert_int_equal(asked.answer.retry_after_s, 1);
    for (size_t at = 0; at < API_READERS_MAX; at++)
        api_reader_close(api, stores[at]);
    ASKED after = { 0 };
    after.exchange.arena = &after.arena;
    assert_true(api_reader_open(api, &after.exchange, &none));
    api_reader_close(api, none);
    api_free(handler);
    api_fixture_end(&f);
}

/* ---- undo ---- */

static int undo(struct api_fixture *f, struct asked *asked, const char *path, const char *body)
{
    asked->authorization = f->token;
    return ask_as(f, asked, "POST", path, body);
}

static void an_undo_is_handed_to_the_crew_with_who_asks_and_why(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    runs_make(&f, 3);
    ASKED all = { 0 };
    assert_int_equal(undo(&f, &all, "/v1/runs/1/undo", "{\"reason\":\"a false alarm\"}"), 200);
    assert_int_equal(json_integer_value(json_object_get(all.json, "code")), EXIT_FINDINGS);
    assert_string_equal(member(&all, "story"), "run 2 takes run 1 back\n");
    assert_int_equal(f.told.order.run, 1);
    assert_false(f.told.order.is_of_one_step);
    assert_string_equal(f.told.person, "admin token");
    assert_string_equal(f.told.reason, "a false alarm");
    ASKED step = { .person = "alice" };
    assert_int_equal(
        undo(&f, &step, "/v1/runs/3/undo", "{\"reason\":\"not this one\",\"step\":0}"), 200);
    assert_true(f.told.order.is_of_one_step);
    assert_int_equal(f.told.order.step, 0);
    assert_string_equal(f.told.person, "alice (admin token)");
    ASKED none = { 0 };
    assert_int_equal(undo(&f, &none, "/v1/runs/3/undo", "{\"reason\":\"r\",\"step\":7}"), 400);
    f.told.err = ERR_LIMIT;
    ASKED later = { 0 };
    assert_int_equal(undo(&f, &later, "/v1/runs/1/undo", "{\"reason\":\"r\"}"), 503);
    assert_true(later.answer.retry_after_s > 0);
    api_fixture_end(&f);
}

static void an_order_that_is_none_reaches_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *says;
    } rows[] = {
        { "", "JSON object" },
        { "[]", "JSON object" },
        { "{}", "reason takes" },
        { "{\"reason\":\"\"}", "reason takes" },
        { "{\"reason\":\" \\n\"}", "reason takes" },
        { "{\"reason\":7}", "reason takes" },
        { "{\"reason\":\"r\",\"step\":-1}", "step takes" },
        { "{\"reason\":\"r\",\"step\":\"1\"}", "step takes" },
        { "{\"reason\":\"r\",\"steps\":1}", "nothing else" },
        { "{\"reason\":\"r\",\"reason\":\"s\"}", "JSON object" },
    };
    struct api_fixture f;
    api_fixture_begin(&f);
    runs_make(&f, 2);
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        ASKED asked = { 0 };
        assert_int_equal(undo(&f, &asked, "/v1/runs/1/undo", rows[at].body), 400);
        assert_non_null(strstr(member(&asked, "detail"), rows[at].says));
    }
    char longest[NAME_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[NAME_BYTES_MAX + 1] = '\0';
    ASKED long_name = { .authorization = f.token, .person = longest };
    assert_int_equal(ask_as(&f, &long_name, "POST", "/v1/runs/1/undo", "{\"reason\":\"r\"}"), 400);
    assert_non_null(strstr(member(&long_name, "title"), "X-Cdr-Person"));
    longest[NAME_BYTES_MAX] = '\0';
    ASKED just_fits = { .authorization = f.token, .person = longest };
    assert_int_equal(
        ask_as(&f, &just_fits, "POST", "/v1/runs/999/undo", "{\"reason\":\"r\"}"), 404);
    ASKED two_names = { .authorization = f.token, .person = "" };
    assert_int_equal(ask_as(&f, &two_names, "POST", "/v1/runs/1/undo", "{\"reason\":\"r\"}"), 400);
    ASKED forged = { .person = "alice\nbob" };
    assert_int_equal(undo(&f, &forged, "/v1/runs/1/undo", "{\"reason\":\"r\"}"), 400);
    ASKED nobody = { 0 };
    assert_int_equal(ask_as(&f, &nobody, "POST", "/v1/runs/1/undo", "{\"reason\":\"r\"}"), 401);
    ASKED missing = { 0 };
    assert_int_equal(undo(&f, &missing, "/v1/runs/77/undo", "{\"reason\":\"r\"}"), 404);
    struct run inverse = { .alert = STR("a-1"), .undoes = 1, .person = STR("alice") };
    assert_int_equal(store_run_begin(f.fixture.store, &inverse), ERR_OK);
    ASKED twice = { 0 };
    assert_int_equal(undo(&f, &twice, "/v1/runs/3/undo", "{\"reason\":\"r\"}"), 409);
    assert_int_equal(f.told.count, 0);
    api_fixture_end(&f);
}

/* ---- /healthz and /metrics ---- */

static const char *check_of(const struct asked *asked, const char *name)
{
    json_t *check = json_object_get(json_object_get(asked->json, "checks"), name);
    const char *status = json_string_value(json_object_get(check, "status"));
    return status == NULL ? "" : status;
}

static void health_is_a_word_to_strangers_and_all_of_it_to_the_admin(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    ASKED stranger = { .exchange = { .peer = STR("198.51.100.7") } };
    assert_int_equal(ask_as(&f, &stranger, "GET", "/healthz", ""), 200);
    assert_string_equal(stranger.body, "{\"status\":\"ok\"}");
    ASKED guess = { .authorization = "Bearer wrong" };
    assert_int_equal(ask_as(&f, &guess, "GET", "/healthz", ""), 401);
    ASKED admin = { 0 };
    assert_int_equal(ask(&f, &admin, "/healthz", NULL), 200);
    assert_string_equal(member(&admin, "status"), "ok");
    assert_int_equal(strlen(member(&admin, "rule_set")), 64);
    assert_string_equal(member(&admin, "version"), driver_version());
    static const char *const checks[] = { "store", "intake", "rules", "canary", "ways", "providers",
        "paused" };
    for (size_t at = 0; at < COUNT_OF(checks); at++)
        assert_string_equal(check_of(&admin, checks[at]), "ok");
    api_fixture_end(&f);
}

/* Its 503 is an answer, no problem. */
static int ask_health(struct api_fixture *f, struct asked *asked)
{
    asked->exchange.method = "GET";
    asked->exchange.path = STR("/healthz");
    asked->exchange.arena = &asked->arena;
    assert_true(f->front->admit(f->front, &asked->exchange) > 0);
    f->front->handle(f->front, &asked->exchange);
    assert_string_equal(asked->answer.content_type, "application/json");
    return asked->answer.status;
}

static void what_needs_a_person_is_degraded_and_what_loses_alerts_is_503(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    metrics_set(f.daemon.metrics, METRIC_WAY_SILENT, STR("webhook hook"), 1);
    fixture_put(&f, "data/paused", "");
    ASKED degraded = { 0 };
    assert_int_equal(ask(&f, &degraded, "/healthz", NULL), 200);
    assert_string_equal(member(&degraded, "status"), "degraded");
    assert_string_equal(check_of(&degraded, "ways"), "degraded");
    assert_string_equal(check_of(&degraded, "paused"), "degraded");
    assert_string_equal(check_of(&degraded, "store"), "ok");
    metrics_set(f.daemon.metrics, METRIC_STORE_FAILED, STR(""), 1);
    ASKED failing = { .authorization = f.token };
    assert_int_equal(ask_health(&f, &failing), 503);
    assert_string_equal(member(&failing, "status"), "failing");
    assert_string_equal(check_of(&failing, "store"), "failing");
    metrics_set(f.daemon.metrics, METRIC_STORE_FAILED, STR(""), 0);
    f.daemon.is_stopping = true;
    ASKED ending = { 0 };
    assert_int_equal(ask_health(&f, &ending), 503);
    assert_string_equal(ending.body, "{\"status\":\"failing\"}");
    api_fixture_end(&f);
}

static void figures_are_for_this_machine_or_the_admin(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    ASKED local = { 0 };
    assert_int_equal(ask_as(&f, &local, "GET", "/metrics", ""), 200);
    assert_string_equal(local.answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_non_null(strstr(local.body, "\ncdr_store_failed 0\n"));
    ASKED far = { .exchange = { .peer = STR("198.51.100.7") } };
    assert_int_equal(ask_as(&f, &far, "GET", "/metrics", ""), 401);
    ASKED forwarded = { .forwarded = "198.51.100.7" };
    assert_int_equal(ask_as(&f, &forwarded, "GET", "/metrics", ""), 401);
    /* There twice, or empty. */
    ASKED unclear = { .forwarded = "" };
    assert_int_equal(ask_as(&f, &unclear, "GET", "/metrics", ""), 401);
    ASKED admin = { .exchange = { .peer = STR("198.51.100.7") }, .host = "cdr.internal" };
    assert_int_equal(ask(&f, &admin, "/metrics", NULL), 200);
    api_fixture_end(&f);
}

/* A page of a browser on this machine may be at a name that its owner had lead here. */
static void figures_are_for_who_asks_this_machine_by_its_own_name(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    static const struct {
        const char *host;
        int status;
    } rows[] = { { "localhost", 200 }, { "LOCALHOST:8080", 200 }, { "127.0.0.1", 200 },
        { "127.1.2.3:1", 200 }, { "[::1]", 200 }, { "[::1]:8080", 200 }, { "", 401 },
        { "evil.example", 401 }, { "evil.example:8080", 401 }, { "127.evil.example", 401 },
        { "localhost.evil.example", 401 }, { "[::2]", 401 }, { "[::1].evil.example", 401 },
        { "localhost:x", 401 }, { "[::1", 401 }, { "0.0.0.0", 401 } };
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        ASKED asked = { .host = rows[at].host };
        if (ask_as(&f, &asked, "GET", "/metrics", "") != rows[at].status)
            fail_msg("%s: %d", rows[at].host, asked.answer.status);
    }
    api_fixture_end(&f);
}

/* What changes something wants the token, which a browser sends for nobody. */
static void a_page_of_a_browser_changes_nothing(void **state)
{
    (void)state;
    struct api_fixture f;
    api_fixture_begin(&f);
    ASKED page = { .origin = "http://evil.example" };
    assert_int_equal(ask_as(&f, &page, "POST", "/v1/runs/1/undo", "{\"reason\":\"r\"}"), 401);
    assert_int_equal(f.told.count, 0);
    api_fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_token_nothing_is_told),
        cmocka_unit_test(a_path_that_is_none_is_404_and_another_method_405),
        cmocka_unit_test(a_bad_parameter_is_named_with_what_it_takes),
        cmocka_unit_test(a_parameter_that_is_not_known_is_told_with_the_nearest),
        cmocka_unit_test(every_alert_is_on_one_page_while_more_arrive),
        cmocka_unit_test(an_alert_is_told_with_its_text_by_its_id),
        cmocka_unit_test(alerts_of_our_own_are_left_out),
        cmocka_unit_test(a_filter_that_nothing_passes_looks_at_a_bounded_part),
        cmocka_unit_test(runs_and_steps_are_listed_and_filtered),
        cmocka_unit_test(the_audit_log_is_told_entry_by_entry),
        cmocka_unit_test(too_many_readers_are_told_to_come_again),
        cmocka_unit_test(an_undo_is_handed_to_the_crew_with_who_asks_and_why),
        cmocka_unit_test(an_order_that_is_none_reaches_nobody),
        cmocka_unit_test(health_is_a_word_to_strangers_and_all_of_it_to_the_admin),
        cmocka_unit_test(what_needs_a_person_is_degraded_and_what_loses_alerts_is_503),
        cmocka_unit_test(figures_are_for_this_machine_or_the_admin),
        cmocka_unit_test(figures_are_for_who_asks_this_machine_by_its_own_name),
        cmocka_unit_test(a_page_of_a_browser_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
