/* Alerts of Defender that are fetched: whatever order they are listed in, whatever moves meanwhile and
 * wherever a page points, each version comes in once and nothing else is asked. */
#include "defender/alerts.h"

#include "base/buf.h"
#include "base/time.h"
#include "rest/rest.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)

enum { ALERTS_MAX = 400 };

struct alert {
    int id;
    int revision;
    int64_t updated_ms;
};

/* Microsoft, as far as alerts are concerned: newest first, by pages that shift. */
struct world {
    struct transport transport;
    enum defender_api api;
    struct alert alerts[ALERTS_MAX];
    size_t count;
    size_t asked;
    size_t fail_at;
    const char *link; /* instead of the right one */
    int64_t now_ms;
    bool moves;        /* the oldest alert is updated before each page */
    bool is_empty_end; /* a link after the last alert, to a page without any */
    char first[1024];
};

static int newest_first(const void *a, const void *b)
{
    const struct alert *x = a, *y = b;
    return x->updated_ms != y->updated_ms ? (x->updated_ms < y->updated_ms ? 1 : -1)
                                          : x->id - y->id;
}

static long number_in(str text, const char *before, long none)
{
    const char *at = memmem(text.ptr, text.len, before, strlen(before));
    return at == NULL ? none : strtol(at + strlen(before), NULL, 10);
}

static struct poll_moment moment_in(str text, const char *before)
{
    struct poll_moment moment = { 0, 0 };
    char plain[64] = "";
    const char *at = memmem(text.ptr, text.len, before, strlen(before));
    assert_non_null(at);
    at += strlen(before);
    for (size_t to = 0; to + 1 < sizeof(plain) && *at != '\0' && *at != '&' && *at != '\n'; to++) {
        bool is_colon = strncmp(at, "%3A", 3) == 0;
        if (*at == '%' && !is_colon)
            break;
        plain[to] = is_colon ? ':' : *at;
        at += is_colon ? 3 : 1;
    }
    assert_true(poll_moment_parse(str_from(plain), &moment));
    return moment;
}

static void alert_print(const struct world *world, const struct alert *alert, struct buf *out)
{
    char text[TIME_TEXT_MAX];
    str updated = time_format(alert->updated_ms, text);
    bool is_graph = world->api == DEFENDER_API_GRAPH;
    buf_addf(out, "{\"title\":\"t%d\",\"id\":\"a%d\",\"%s\":\"%.*s\",\"severity\":\"high\"}",
        alert->revision, alert->id, is_graph ? "lastUpdateDateTime" : "lastUpdateTime",
        STR_ARG(updated));
}

static void page_print(struct world *world, const struct rest_request *request, struct buf *out)
{
    str query = request->query;
    struct poll_moment from = moment_in(query, "%20ge%20"), until = moment_in(query, "%20lt%20");
    long skip = number_in(query, "$skip=", 0), top = number_in(query, "$top=", 0), at = 0, put = 0;
    assert_int_equal(top, 10);
    qsort(world->alerts, world->count, sizeof(world->alerts[0]), newest_first);
    buf_add(out, STR("{\"value\":["));
    for (size_t index = 0; index < world->count; index++) {
        struct poll_moment updated = poll_moment_of_ms(world->alerts[index].updated_ms);
        bool is_in =
            poll_moment_compare(updated, from) >= 0 && poll_moment_compare(updated, until) < 0;
        if (!is_in || at++ < skip || put == top)
            continue;
        buf_add(out, put++ > 0 ? STR(",") : STR(""));
        alert_print(world, &world->alerts[index], out);
    }
    buf_add(out, STR("]"));
    bool has_more = at > skip + put || (world->is_empty_end && put > 0);
    if (world->api == DEFENDER_API_GRAPH && has_more && world->link == NULL) {
        const char *old = memmem(query.ptr, query.len, "&$skip=", 7);
        str window = old == NULL ? query : str_first(query, (size_t)(old - query.ptr));
        buf_addf(out, ",\"@odata.nextLink\":\"https://graph.microsoft.com%.*s?%.*s&$skip=%ld\"",
            STR_ARG(request->path), STR_ARG(window), skip + put);
    } else if (world->link != NULL)
        buf_addf(out, ",\"@odata.nextLink\":\"%s\"", world->link);
    buf_add(out, STR("}"));
}

static enum err world_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct world *world = (struct world *)transport;
    CLEANUP(buf_release) struct buf out = BUF_INIT(1024 * 1024);
    struct rest_request read;
    assert_false(is_change);
    assert_true(rest_read(request->body, &read));
    if (world->asked++ == 0)
        snprintf(world->first, sizeof(world->first), "%.*s", STR_ARG(request->body));
    assert_string_equal(request->service, world->api == DEFENDER_API_GRAPH ? "graph" : "defender");
    assert_true(str_is(
        read.path, world->api == DEFENDER_API_GRAPH ? "/v1.0/security/alerts_v2" : "/api/alerts"));
    assert_true(str_is(rest_header_of(&read, "prefer"),
        world->api == DEFENDER_API_GRAPH ? "include-unknown-enum-members" : ""));
    if (world->asked == world->fail_at) {
        *reterr_reason = "it failed";
        return ERR_TRANSPORT;
    }
    if (world->moves && world->count > 0) {
        struct alert *oldest = &world->alerts[world->count - 1];
        oldest->updated_ms = world->now_ms + (int64_t)world->asked;
        oldest->revision++;
    }
    page_print(world, &read, &out);
    *ret_reply = (struct reply){ REPLY_RECEIVED, 200, arena_copy(arena, buf_str(&out)) };
    return ERR_OK;
}

/* Where records go: counted by id and version, as the inbox does. */
struct sink {
    struct poll_sink sink;
    char *texts[4 * ALERTS_MAX];
    size_t count;
    size_t repeated;
    size_t cursors;
};

static enum err keep(struct poll_sink *self, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct sink *sink = (struct sink *)self;
    sink->cursors += cursor.len > 0;
    *ret_new = 0;
    for (size_t at = 0; at < count; at++) {
        size_t same = 0;
        while (same < sink->count && !str_is(records[at].text, sink->texts[same]))
            same++;
        sink->repeated += same < sink->count;
        if (same < sink->count)
            continue;
        assert_true(sink->count < COUNT_OF(sink->texts));
        sink->texts[sink->count++] = strndup(records[at].text.ptr, records[at].text.len);
        ++*ret_new;
    }
    return ERR_OK;
}

static bool has_alert(const struct sink *sink, int id)
{
    char text[32];
    snprintf(text, sizeof(text), "\"id\":\"a%d\"", id);
    for (size_t at = 0; at < sink->count; at++)
        if (strstr(sink->texts[at], text) != NULL)
            return true;
    return false;
}

static void sink_release(struct sink *sink)
{
    for (size_t at = 0; at < sink->count; at++)
        free(sink->texts[at]);
}

static struct world world_of(
    enum defender_api api, size_t count, int64_t first_ms, int64_t apart_ms)
{
    struct world world = { .transport = { .send = world_send }, .api = api, .now_ms = NOW_MS };
    for (size_t at = 0; at < count; at++)
        world.alerts[world.count++] =
            (struct alert){ (int)at, 0, first_ms + (int64_t)at * apart_ms };
    return world;
}

static enum err look(struct world *world, struct poller *poller, struct sink *sink)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(16 * 1024 * 1024);
    struct defender_alerts alerts = defender_alerts_of(&world->transport, world->api);
    const char *reason = NULL;
    size_t found_new = 0;
    alerts.now_ms = world->now_ms;
    enum err err = poll_look(poller, &alerts.provider, &sink->sink, &arena, &found_new, &reason);
    assert_true(err == ERR_OK || reason != NULL);
    return err;
}

static void poller_begin(struct poller *poller)
{
    assert_int_equal(poll_begin(poller, STR(""), DEFENDER_ALERTS_OVERLAP_MS, DAY_MS), ERR_OK);
}

static void each_alert_comes_in_once_though_the_newest_are_listed_first(void **state)
{
    (void)state;
    for (int api = 0; api < 2; api++)
        for (size_t count = 0; count <= 110; count += 5) {
            struct world world = world_of(
                (enum defender_api)api, count, NOW_MS - DAY_MS + MINUTE_MS, 10 * MINUTE_MS);
            struct sink sink = { .sink = { keep } };
            struct poller poller;
            poller_begin(&poller);
            for (int times = 0; times < 3; times++)
                assert_int_equal(look(&world, &poller, &sink), ERR_OK);
            assert_int_equal(sink.count, count);
            assert_int_equal(sink.repeated, 0);
            assert_true(count == 0 || poller.has_cursor);
            poll_release(&poller);
            sink_release(&sink);
        }
}

static void many_alerts_of_one_moment_all_come_in(void **state)
{
    (void)state;
    for (int api = 0; api < 2; api++) {
        struct world world = world_of((enum defender_api)api, 90, NOW_MS - 10 * 60 * MINUTE_MS, 0);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        poller_begin(&poller);
        world.is_empty_end = true;
        assert_int_equal(look(&world, &poller, &sink), ERR_OK);
        assert_int_equal(sink.count, 90);
        poll_release(&poller);
        sink_release(&sink);
    }
}

static void alerts_that_move_while_pages_are_read_are_not_lost(void **state)
{
    (void)state;
    for (int api = 0; api < 2; api++) {
        struct world world =
            world_of((enum defender_api)api, 100, NOW_MS - DAY_MS + MINUTE_MS, 10 * MINUTE_MS);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        poller_begin(&poller);
        world.moves = true;
        assert_int_equal(look(&world, &poller, &sink), ERR_OK);
        world.moves = false;
        for (int times = 0; times < 3; times++) {
            world.now_ms += 10 * MINUTE_MS;
            assert_int_equal(look(&world, &poller, &sink), ERR_OK);
        }
        for (int id = 0; id < 100; id++)
            assert_true(has_alert(&sink, id));
        poll_release(&poller);
        sink_release(&sink);
    }
}

static void a_page_that_fails_anywhere_moves_no_cursor_and_loses_nothing(void **state)
{
    (void)state;
    for (size_t fail_at = 1; fail_at < 7; fail_at++) {
        struct world world =
            world_of(DEFENDER_API_GRAPH, 100, NOW_MS - DAY_MS + MINUTE_MS, 10 * MINUTE_MS);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        poller_begin(&poller);
        world.fail_at = fail_at;
        enum err err = look(&world, &poller, &sink);
        if (err != ERR_OK)
            assert_int_equal(sink.cursors, 0);
        world.fail_at = 0;
        assert_int_equal(look(&world, &poller, &sink), ERR_OK);
        assert_int_equal(sink.count, 100);
        poll_release(&poller);
        sink_release(&sink);
    }
}

/* A link decides only which page of our own question is asked. */
static void a_link_that_points_elsewhere_is_not_followed(void **state)
{
    (void)state;
    static const char *const links[] = {
        "https://evil.example/v1.0/users?$skip=25",
        "https://graph.microsoft.com/v1.0/users?$skip=25",
        "https://graph.microsoft.com/v1.0/security/alerts_v2",
        "https://graph.microsoft.com/v1.0/security/alerts_v2?",
        "https://graph.microsoft.com/v1.0/security/alerts_v2?$skip=25 HTTP/1.1",
        "https://graph.microsoft.com/v1.0/security/alerts_v2?$skip=25\\nHost: evil.example",
        "https://graph.microsoft.com/v1.0/security/alerts_v2?$skip=\\u00e9",
        "https://graph.microsoft.com/v1.0/security/alerts_v2/../../users?$skip=25",
        "file:///v1.0/security/alerts_v2?$skip=25",
        "/v1.0/security/alerts_v2?$skip=25",
    };
    for (size_t at = 0; at < COUNT_OF(links); at++) {
        struct world world = world_of(DEFENDER_API_GRAPH, 3, NOW_MS - DAY_MS / 2, MINUTE_MS);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        poller_begin(&poller);
        world.link = links[at];
        assert_int_equal(look(&world, &poller, &sink), ERR_TRANSPORT);
        assert_int_equal(world.asked, 1);
        assert_int_equal(sink.cursors, 0);
        poll_release(&poller);
        sink_release(&sink);
    }
}

static void pages_that_lead_to_themselves_end(void **state)
{
    (void)state;
    struct world world = world_of(DEFENDER_API_GRAPH, 3, NOW_MS - DAY_MS / 2, MINUTE_MS);
    struct sink sink = { .sink = { keep } };
    struct poller poller;
    poller_begin(&poller);
    world.link = "https://evil.example/v1.0/security/alerts_v2?x%20ge%202025-01-01T00:00:00Z"
                 "%20lt%202026-01-01T00:00:00Z&$top=10";
    assert_int_equal(look(&world, &poller, &sink), ERR_LIMIT);
    assert_int_equal(world.asked, 2);
    poll_release(&poller);
    sink_release(&sink);
}

static void the_window_is_asked_for_from_both_sides(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "GET /v1.0/security/alerts_v2?$filter=lastUpdateDateTime%20ge%202025-12-31T00%3A00%3A00."
        "0000000Z%20and%20lastUpdateDateTime%20lt%202025-12-31T22%3A55%3A00.0000000Z&$top=10\n"
        "Prefer: include-unknown-enum-members\n",
        "GET /api/alerts?$filter=lastUpdateTime%20ge%202025-12-31T00%3A00%3A00.0000000Z%20and%20"
        "lastUpdateTime%20lt%202025-12-31T22%3A55%3A00.0000000Z&$expand=evidence&$top=10\n",
    };
    for (int api = 0; api < 2; api++) {
        struct world world = world_of((enum defender_api)api, 0, 0, 0);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        poller_begin(&poller);
        assert_int_equal(look(&world, &poller, &sink), ERR_OK);
        assert_string_equal(world.first, expected[api]);
        assert_int_equal(world.asked, 2);
        poll_release(&poller);
    }
}

struct canned {
    struct transport transport;
    int status;
    const char *body;
};

static enum err canned_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    const struct canned *canned = (const struct canned *)transport;
    (void)request, (void)is_change, (void)arena, (void)reterr_reason;
    *ret_reply = (struct reply){ REPLY_RECEIVED, canned->status, str_from(canned->body) };
    return ERR_OK;
}

static void answers_that_are_none_are_errors_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        const char *says;
    } answers[] = {
        { 200, "<html>", "web page" },
        { 200, "{}", "no list" },
        { 200, "{\"value\":{}}", "no list" },
        { 200, "{\"error\":{\"code\":\"Forbidden\",\"message\":\"no\"}}", "no" },
        { 403, "{\"error\":{\"code\":\"Forbidden\",\"message\":\"no\"}}", "does not allow" },
        { 429, "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"slow\"}}", "slow" },
        { 502, "<html>", "web page" },
    };
    for (size_t at = 0; at < COUNT_OF(answers); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(16 * 1024 * 1024);
        struct canned canned = { { .send = canned_send }, answers[at].status, answers[at].body };
        struct defender_alerts alerts = defender_alerts_of(&canned.transport, DEFENDER_API_GRAPH);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        const char *reason = NULL;
        size_t found_new = 0;
        poller_begin(&poller);
        alerts.now_ms = NOW_MS;
        assert_int_equal(
            poll_look(&poller, &alerts.provider, &sink.sink, &arena, &found_new, &reason),
            ERR_TRANSPORT);
        assert_non_null(reason);
        if (strstr(reason, answers[at].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", reason, answers[at].says);
        poll_release(&poller);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_alert_comes_in_once_though_the_newest_are_listed_first),
        cmocka_unit_test(many_alerts_of_one_moment_all_come_in),
        cmocka_unit_test(alerts_that_move_while_pages_are_read_are_not_lost),
        cmocka_unit_test(a_page_that_fails_anywhere_moves_no_cursor_and_loses_nothing),
        cmocka_unit_test(a_link_that_points_elsewhere_is_not_followed),
        cmocka_unit_test(pages_that_lead_to_themselves_end),
        cmocka_unit_test(the_window_is_asked_for_from_both_sides),
        cmocka_unit_test(answers_that_are_none_are_errors_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
