/* Bodies of alerts: what becomes an alert, what is refused, and what is answered when it is on disk,
 * and when it is not. */
#include "hooks_fixture.h"

/* ---- what becomes an alert ---- */

static void every_form_of_alerts_comes_in(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    const struct {
        str body;
        size_t count;
    } cases[] = {
        { STR("{\"a\":1}"), 1 },
        { STR("[{\"a\":2},{\"a\":3}]"), 2 },
        { STR("{\"a\":4}\n{\"a\":5}\r\n\n{\"a\":6}\n"), 3 },
        { STR("{\"Records\":[{\"a\":7},{\"a\":8}]}"), 2 },
        { STR("[]"), 0 },
        { STR(" [ ] "), 0 },
        { STR("{\"detail\":{\"findings\":[{\"a\":9},{\"a\":10}]}}"), 2 },
        /* no JSON: a person will see it */
        { STR("hello"), 1 },
        { STR("{\"a\":11}\ngarbage\n{\"a\":12}"), 3 },
        { STR("{\"a\":\"cut"), 1 },
        { STR("\"text\""), 1 },
    };
    size_t sum = 0;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct made_up request = as_admin();
        assert_int_equal(send_it(&world, &request, "/v1/alerts/any", cases[at].body), 202);
        sum += cases[at].count;
        if (world.intake.count != sum)
            fail_msg("%.*s: %zu", STR_ARG(cases[at].body), world.intake.count - sum);
    }
    assert_int_equal(world.counts.brought, sum);
    assert_string_equal(world.intake.stored[0].way, "api");
    assert_string_equal(world.intake.stored[0].source, "");
    end(&world);
}

static void garbage_is_kept_as_it_came(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = as_admin();
    assert_int_equal(
        POST(&world, &request, "/v1/alerts/guardduty", "{\"a\":1}\n  not \xFF json\0!\n"), 202);
    assert_int_equal(world.intake.count, 2);
    assert_int_equal(world.intake.stored[1].len, 12);
    assert_memory_equal(world.intake.stored[1].text, "not \xFF json\0!", 4);
    assert_string_equal(world.intake.stored[1].source, "guardduty");
    end(&world);
}

/* As docs/operations.md says. */
static void bytes_that_are_no_text_do_not_lose_the_alert(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = as_admin();
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{\"id\":\"a\xFF\x62\"}"), 202);
    assert_int_equal(world.intake.count, 1);
    /* Kept as it came; U+FFFD stands there when it is evaluated. */
    assert_string_equal(world.intake.stored[0].text, "{\"id\":\"a\xFF\x62\"}");
    end(&world);
}

static void lines_of_cef_are_alerts_of_that_source(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = with("Authorization", "Bearer " KEY);
    assert_int_equal(POST(&world, &request, "/hooks/lines",
                         "CEF:0|v|p|1|4000|Scan|8|src=192.0.2.1\n"
                         "CEF:0|v|p|1|4000|Scan|8|src=192.0.2.2\n"),
        202);
    assert_int_equal(world.intake.count, 2);
    assert_non_null(strstr(world.intake.stored[1].text, "192.0.2.2"));
    assert_int_equal(world.intake.stored[1].text[0], '{');
    request = as_admin();
    assert_int_equal(
        POST(&world, &request, "/v1/alerts/CEF", "CEF:0|v|p|1|4000|Scan|8|src=192.0.2.3\n"), 202);
    assert_non_null(strstr(world.intake.stored[2].text, "192.0.2.3"));
    end(&world);
}

static void what_is_empty_too_much_or_no_text_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct made_up request = as_admin();
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", ""), 400);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", " \r\n"), 400);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "\x1F\x8B\x08"), 415);
    assert_non_null(strstr(request.body, "gzip"));
    CLEANUP(buf_release) struct buf body = BUF_INIT((size_t)32 * 1024 * 1024);
    buf_add(&body, STR("{\"a\":1}\n{\"b\":\""));
    for (size_t at = 0; at < ALERT_BYTES_MAX / 16; at++)
        buf_add(&body, STR("0123456789abcdef"));
    buf_add(&body, STR("\"}"));
    assert_int_equal(send_it(&world, &request, "/v1/alerts/any", buf_str(&body)), 413);
    buf_clear(&body);
    for (size_t at = 0; at < POSTED_ALERTS_MAX; at++)
        buf_add(&body, STR("{}\n"));
    buf_add(&body, STR("{}"));
    assert_int_equal(send_it(&world, &request, "/v1/alerts/any", buf_str(&body)), 413);
    assert_int_equal(world.intake.count, 0);
    assert_int_equal(
        send_it(&world, &request, "/v1/alerts/any", str_first(buf_str(&body), body.len - 2)), 202);
    end(&world);
}

static void what_is_not_on_disk_is_not_acknowledged(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const enum err errors[] = { ERR_LIMIT, ERR_STOPPED, ERR_STORE, ERR_BUSY, ERR_MEMORY,
        ERR_STORE };
    struct made_up request = as_admin();
    for (size_t at = 0; at < COUNT_OF(errors); at++) {
        world.intake.submit_err = at < 2 ? errors[at] : ERR_OK;
        world.intake.done_err = at < 2 ? ERR_OK : errors[at];
        assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 503);
        assert_true(request.says_retry);
    }
    world.intake.done_err = ERR_OK;
    assert_int_equal(world.counts.brought, 0);
    assert_true(metrics_get(daemon_of(&world)->metrics, METRIC_INGEST_FAILED, STR("api")) == 6.0);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 202);
    assert_int_equal(POST(&world, &request, "/v1/alerts/any", "{}"), 202);
    assert_string_equal(request.body, "{\"ids\":[\"1\"],\"new\":0,\"known\":1}");
    assert_int_equal(world.counts.brought, 2);
    assert_true(metrics_get(daemon_of(&world)->metrics, METRIC_ALERTS_KNOWN, STR("api")) == 1.0);
    end(&world);
}

/* ---- vendors ---- */

/* The first real alert of a file comes through a webhook, and its source is found by itself. */
static void alerts_of_vendors_come_through_and_find_their_source(void **state)
{
    (void)state;
    static const struct {
        const char *file, *source;
    } samples[] = {
        { "datadog/api-v2-signal.jsonl", "datadog" },
        { "wiz/panther-issue.jsonl", "wiz" },
        { "wiz/panther-defend.jsonl", "wiz" },
        { "sentinelone/xsoar-threats-v2.1.jsonl", "sentinelone" },
        { "sentinelone/xsoar-star-alerts.jsonl", "sentinelone" },
        { "defender/msdocs-mde-alerts.jsonl", "defender" },
        { "crowdstrike/xsoar-alerts-v2-cloud-ioa.jsonl", "crowdstrike" },
    };
    if (access("../shared/data/alerts", R_OK) != 0) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    struct world world;
    begin(&world);
    for (size_t at = 0; at < COUNT_OF(samples); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
        CLEANUP(buf_release) struct buf body = BUF_INIT(ALERT_BYTES_MAX);
        char path[256];
        char line[65536];
        size_t got;
        snprintf(path, sizeof path, "../shared/data/alerts/%s", samples[at].file);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while ((got = fread(line, 1, sizeof line, file)) > 0)
            buf_add(&body, (str){ line, got });
        fclose(file);
        struct made_up request = with("x-webhook-secret", KEY);
        size_t before = world.intake.count;
        assert_int_equal(send_it(&world, &request, "/hooks/custom", buf_str(&body)), 202);
        assert_true(world.intake.count > before);
        struct event event =
            read_alert(world.rule_sets.set.program, &arena, world.intake.stored[before].text);
        if (!str_is(event.source, samples[at].source))
            fail_msg("%s: %.*s", samples[at].file, STR_ARG(event.source));
    }
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_alerts_comes_in),
        cmocka_unit_test(bytes_that_are_no_text_do_not_lose_the_alert),
        cmocka_unit_test(garbage_is_kept_as_it_came),
        cmocka_unit_test(lines_of_cef_are_alerts_of_that_source),
        cmocka_unit_test(what_is_empty_too_much_or_no_text_is_refused),
        cmocka_unit_test(what_is_not_on_disk_is_not_acknowledged),
        cmocka_unit_test(alerts_of_vendors_come_through_and_find_their_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
