/* Alerts of Falcon that are fetched: new ones and changed ones, each version once, whatever fails. */
#include "crowdstrike/alerts.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/limits.h"
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
#define HOUR_MS (60 * MINUTE_MS)
#define CID "11112222333344445555666677778888"

enum { ALERTS_MAX = 600, PAGE = 20 };

struct alert {
    int id;
    int version; /* what can be seen of it */
    struct poll_moment created;
    struct poll_moment updated;
};

enum broken {
    BROKEN_NOT,
    BROKEN_LOST,
    BROKEN_THROTTLED,
    BROKEN_PAGE,
    BROKEN_IN_SUCCESS,
    BROKEN_IN_PART, /* errors beside alerts */
    BROKEN_DENIED,
    BROKEN_TOKEN, /* it is known no more */
    BROKEN_COUNT,
};

/* Falcon, as far as alerts are concerned: sorted by creation, a token is the last one's place. */
struct falcon {
    struct transport transport;
    struct alert alerts[ALERTS_MAX];
    size_t count;
    size_t asked;
    size_t fail_at; /* 0: never */
    enum broken broken;
    bool
        is_empty_end; /* a token after the last alert, to a page without any that leads to itself */
    bool moves;       /* an alert that was read is changed before each page */
    char first[1024]; /* the first request */
    char last_filter[512];
};

static struct poll_moment moment(int64_t ms, int32_t ns)
{
    struct poll_moment made = poll_moment_of_ms(ms);
    made.ns += ns;
    return made;
}

static void falcon_add(struct falcon *falcon, int64_t created_ms, int64_t updated_ms)
{
    assert_true(falcon->count < ALERTS_MAX);
    int id = (int)falcon->count;
    falcon->alerts[falcon->count++] =
        (struct alert){ id, 0, moment(created_ms, id), moment(updated_ms, 123456 + id) };
}

static int by_creation(const void *a, const void *b)
{
    const struct alert *x = a, *y = b;
    int order = poll_moment_compare(x->created, y->created);
    return order != 0 ? order : x->id - y->id;
}

/* The bound after `words`, or false. */
static bool bound(const char *filter, const char *words, struct poll_moment *ret_moment)
{
    const char *at = strstr(filter, words);
    if (at == NULL)
        return false;
    at += strlen(words);
    assert_true(poll_moment_parse(str_first(str_from(at), strcspn(at, "'")), ret_moment));
    assert_int_equal(strcspn(at, "'"), strlen("2026-01-01T00:00:00.123456789Z"));
    return true;
}

static bool is_asked_for(const char *filter, const struct alert *alert)
{
    struct poll_moment limit;
    bool is = true;
    if (bound(filter, "created_timestamp:>='", &limit))
        is &= poll_moment_compare(alert->created, limit) >= 0;
    if (bound(filter, "created_timestamp:<'", &limit))
        is &= poll_moment_compare(alert->created, limit) < 0;
    if (bound(filter, "updated_timestamp:>='", &limit))
        is &= poll_moment_compare(alert->updated, limit) >= 0;
    if (bound(filter, "updated_timestamp:<'", &limit))
        is &= poll_moment_compare(alert->updated, limit) < 0;
    return is;
}

static void moment_print(struct poll_moment made, char out[static 64])
{
    char text[TIME_TEXT_MAX];
    str second = time_format(made.s * 1000, text);
    snprintf(out, 64, "%.19s.%09dZ", second.ptr, made.ns);
}

static void alert_print(const struct alert *alert, struct buf *out)
{
    char created[64], updated[64];
    moment_print(alert->created, created);
    moment_print(alert->updated, updated);
    buf_addf(out,
        "{\"composite_id\":\"" CID ":ind:%d\",\"severity\":70,\"status\":\"v%d\","
        "\"updated_timestamp\":\"%s\",\"created_timestamp\":\"%s\",\"process_id\":\"90071992547409"
        "93\",\"device\":{\"device_id\":\"d\",\"last_seen\":\"%s\"}}",
        alert->id, alert->version, updated, created, updated);
}

static void page_print(
    struct falcon *falcon, const char *filter, const char *after, struct buf *out)
{
    int from = after[0] == '\0' ? -1 : atoi(after + 1), last = from;
    size_t put = 0, left = 0;
    qsort(falcon->alerts, falcon->count, sizeof(falcon->alerts[0]), by_creation);
    buf_add(out, STR("{\"errors\":[],\"resources\":["));
    for (size_t at = (size_t)(from + 1); at < falcon->count; at++) {
        if (!is_asked_for(filter, &falcon->alerts[at]))
            continue;
        if (put == PAGE) {
            left++;
            continue;
        }
        buf_add(out, put++ == 0 ? STR("") : STR(","));
        alert_print(&falcon->alerts[at], out);
        last = (int)at;
    }
    buf_add(out, STR("],\"meta\":{\"query_time\":0.1,\"trace_id\":\"t\",\"pagination\":{"));
    if (left > 0 || falcon->is_empty_end)
        buf_addf(out, "\"after\":\"t%d\",", last);
    buf_addf(out, "\"limit\":%d,\"total\":%zu}}}", PAGE, put + left);
}

static void move_one(struct falcon *falcon)
{
    struct alert *alert = &falcon->alerts[(size_t)rand() % falcon->count];
    alert->version++;
    alert->updated = moment(NOW_MS, (int32_t)falcon->asked);
}

static enum err fail_so(enum broken broken, struct reply *reply, const char **reterr_reason)
{
    static const struct {
        int status;
        const char *body;
    } replies[BROKEN_COUNT] = {
        [BROKEN_THROTTLED] = { 429, "{\"errors\":[{\"code\":429,\"message\":\"slow\"}]}" },
        [BROKEN_PAGE] = { 200, "<html>Sign in</html>" },
        [BROKEN_IN_SUCCESS] = { 200,
            "{\"errors\":[{\"code\":500,\"message\":\"no\"}],\"resources\":[]}" },
        [BROKEN_IN_PART] = { 200, "{\"errors\":[{\"code\":500,\"message\":\"a shard is away\"}],"
                                  "\"resources\":[{\"composite_id\":\"x\"}]}" },
        [BROKEN_DENIED] = { 403, "{\"errors\":[{\"code\":403,\"message\":\"denied\"}]}" },
        [BROKEN_TOKEN] = { 400, "{\"errors\":[{\"code\":400,\"message\":\"bad after\"}]}" },
    };
    *reterr_reason = "lost";
    if (broken == BROKEN_LOST)
        return ERR_TRANSPORT;
    *reply =
        (struct reply){ REPLY_RECEIVED, replies[broken].status, str_from(replies[broken].body) };
    return ERR_OK;
}

static enum err falcon_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct falcon *falcon = (struct falcon *)transport;
    struct rest_request read;
    assert_false(is_change);
    assert_string_equal(request->operation, "PostCombinedAlertsV1");
    assert_true(rest_read(request->body, &read));
    if (falcon->asked++ == 0)
        snprintf(falcon->first, sizeof(falcon->first), "%.*s", STR_ARG(request->body));
    if (falcon->asked == falcon->fail_at)
        return fail_so(falcon->broken, ret_reply, reterr_reason);
    if (falcon->moves)
        move_one(falcon);
    json_auto_t *body = json_loadb(read.content.ptr, read.content.len, 0, NULL);
    const char *filter = json_string_value(json_object_get(body, "filter"));
    const char *after = json_string_value(json_object_get(body, "after"));
    snprintf(falcon->last_filter, sizeof(falcon->last_filter), "%s", filter);
    assert_string_equal(json_string_value(json_object_get(body, "sort")), "created_timestamp|asc");
    assert_int_equal(json_integer_value(json_object_get(body, "limit")), PAGE);
    CLEANUP(buf_release) struct buf out = BUF_INIT(REPLY_BYTES_MAX);
    page_print(falcon, filter, after == NULL ? "" : after, &out);
    *ret_reply = (struct reply){ REPLY_RECEIVED, 200, arena_copy(arena, buf_str(&out)) };
    return ERR_OK;
}

/* The inbox: a text that it has is known. */
struct inbox {
    struct poll_sink sink;
    struct arena arena;
    str texts[ALERTS_MAX * 4];
    size_t count;
};

static enum err inbox_keep(struct poll_sink *sink, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct inbox *inbox = (struct inbox *)sink;
    (void)cursor;
    *ret_new = 0;
    for (size_t at = 0; at < count; at++) {
        size_t known = 0;
        while (known < inbox->count && !str_equal(inbox->texts[known], records[at].text))
            known++;
        if (known < inbox->count)
            continue;
        assert_true(inbox->count < COUNT_OF(inbox->texts));
        inbox->texts[inbox->count++] = arena_copy(&inbox->arena, records[at].text);
        ++*ret_new;
    }
    return ERR_OK;
}

struct scene {
    struct falcon falcon;
    struct inbox inbox;
    struct poller poller;
    int64_t now_ms;
};

static struct scene *scene_new(int64_t first_ms)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->falcon.transport.send = falcon_send;
    scene->inbox.sink.keep = inbox_keep;
    scene->inbox.arena = (struct arena)ARENA_INIT(1 << 24);
    scene->now_ms = NOW_MS;
    assert_int_equal(poll_begin(&scene->poller, STR(""), 0, first_ms), ERR_OK);
    return scene;
}

static void scene_free(struct scene *scene)
{
    poll_release(&scene->poller);
    arena_release(&scene->inbox.arena);
    free(scene);
}

static enum err scene_look(struct scene *scene)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct falcon_alerts alerts = falcon_alerts_of(&scene->falcon.transport);
    const char *reason = NULL;
    size_t found_new;
    alerts.now_ms = scene->now_ms;
    enum err err = poll_look(
        &scene->poller, &alerts.provider, &scene->inbox.sink, &arena, &found_new, &reason);
    if (err != ERR_OK)
        assert_non_null(reason);
    return err;
}

static size_t versions_in(const struct scene *scene, int id, int version)
{
    char text[128], status[32];
    size_t found = 0;
    snprintf(text, sizeof(text), "\"" CID ":ind:%d\"", id);
    snprintf(status, sizeof(status), "\"v%d\"", version);
    for (size_t at = 0; at < scene->inbox.count; at++) {
        str one = scene->inbox.texts[at];
        found += memmem(one.ptr, one.len, text, strlen(text)) != NULL
                 && memmem(one.ptr, one.len, status, strlen(status)) != NULL;
    }
    return found;
}

/* What is there now has come in, once. */
static void assert_all_in(const struct scene *scene)
{
    for (size_t at = 0; at < scene->falcon.count; at++) {
        const struct alert *alert = &scene->falcon.alerts[at];
        if (versions_in(scene, alert->id, alert->version) != 1)
            fail_msg("alert %d, version %d: %zu times", alert->id, alert->version,
                versions_in(scene, alert->id, alert->version));
    }
}

static void what_is_asked_is_so_byte_for_byte(void **state)
{
    (void)state;
    struct scene *scene = scene_new(HOUR_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_string_equal(scene->falcon.first,
        "POST /alerts/combined/alerts/v1\nContent-Type: application/json\n\n"
        "{\"filter\":\"created_timestamp:>='2025-12-31T23:00:00.000000000Z'"
        "+created_timestamp:<'2025-12-31T23:50:00.000000000Z'\",\"limit\":20,"
        "\"sort\":\"created_timestamp|asc\"}");
    assert_string_equal(scene->falcon.last_filter,
        "updated_timestamp:>='2025-12-31T23:50:00.000000000Z'"
        "+created_timestamp:<'2025-12-31T23:50:00.000000000Z'");
    scene_free(scene);
}

static void new_and_changed_alerts_come_in_once(void **state)
{
    (void)state;
    struct scene *scene = scene_new(24 * HOUR_MS);
    for (int at = 0; at < 300; at++) /* of the day, and of days before that were changed */
        falcon_add(&scene->falcon, NOW_MS - (at + 1) * 8 * MINUTE_MS, NOW_MS - at * MINUTE_MS);
    for (int look = 0; look < 3; look++)
        assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(scene->inbox.count, 300);
    assert_true(scene->poller.has_cursor);
    scene_free(scene);
}

static void what_was_changed_long_after_it_was_made_comes_in_again(void **state)
{
    (void)state;
    struct scene *scene = scene_new(24 * HOUR_MS);
    for (int at = 0; at < 120; at++)
        falcon_add(&scene->falcon, NOW_MS - (at + 5) * 10 * MINUTE_MS, NOW_MS - at * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_int_equal(scene_look(scene), ERR_OK);
    scene->now_ms += 3 * HOUR_MS;
    for (int at = 0; at < 120; at += 7) {
        scene->falcon.alerts[at].version++;
        scene->falcon.alerts[at].updated = moment(scene->now_ms - MINUTE_MS, at);
    }
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    scene_free(scene);
}

static void a_change_that_cannot_be_seen_is_none(void **state)
{
    (void)state;
    struct scene *scene = scene_new(24 * HOUR_MS);
    for (int at = 0; at < 20; at++)
        falcon_add(&scene->falcon, NOW_MS - (at + 1) * HOUR_MS, NOW_MS - HOUR_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_int_equal(scene->inbox.count, 20);
    for (int look = 1; look < 5; look++) {
        for (size_t at = 0; at < scene->falcon.count; at++)
            scene->falcon.alerts[at].updated = moment(scene->now_ms, look);
        scene->now_ms += 10 * MINUTE_MS;
        assert_int_equal(scene_look(scene), ERR_OK);
    }
    assert_int_equal(scene->inbox.count, 20);
    scene_free(scene);
}

static void pages_that_move_while_they_are_read_lose_nothing(void **state)
{
    (void)state;
    struct scene *scene = scene_new(48 * HOUR_MS);
    srand(11);
    for (int at = 0; at < 400; at++)
        falcon_add(&scene->falcon, NOW_MS - (rand() % 5000) * MINUTE_MS,
            NOW_MS - (rand() % 2000) * MINUTE_MS);
    scene->falcon.moves = true;
    assert_int_equal(scene_look(scene), ERR_OK);
    scene->falcon.moves = false;
    assert_int_equal(scene_look(scene), ERR_OK);
    struct poll_moment edge = poll_moment_of_ms(NOW_MS - 48 * HOUR_MS);
    for (size_t at = 0; at < scene->falcon.count; at++) {
        const struct alert *alert = &scene->falcon.alerts[at];
        bool is_due = poll_moment_compare(alert->updated, edge) >= 0
                      || poll_moment_compare(alert->created, edge) >= 0;
        assert_true(!is_due || versions_in(scene, alert->id, alert->version) == 1);
    }
    scene_free(scene);
}

static void many_of_one_moment_are_read_by_their_token(void **state)
{
    (void)state;
    struct scene *scene = scene_new(24 * HOUR_MS);
    for (int at = 0; at < 180; at++) {
        falcon_add(&scene->falcon, NOW_MS - 5 * HOUR_MS, NOW_MS - 5 * HOUR_MS);
        scene->falcon.alerts[at].created = moment(NOW_MS - 5 * HOUR_MS, 7);
    }
    for (int look = 0; look < 2; look++)
        assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_true(scene->poller.has_cursor);
    scene_free(scene);
}

static void an_empty_last_page_is_the_end(void **state)
{
    (void)state;
    for (int count = 0; count <= 150; count += 50) {
        struct scene *scene = scene_new(24 * HOUR_MS);
        scene->falcon.is_empty_end = true;
        for (int at = 0; at < count; at++)
            falcon_add(&scene->falcon, NOW_MS - (at + 1) * MINUTE_MS, NOW_MS - at * MINUTE_MS);
        assert_int_equal(scene_look(scene), ERR_OK);
        assert_int_equal(scene_look(scene), ERR_OK);
        assert_all_in(scene);
        scene_free(scene);
    }
}

static void whichever_call_fails_the_next_look_reads_it_all(void **state)
{
    (void)state;
    for (int broken = BROKEN_LOST; broken < BROKEN_COUNT; broken++)
        for (size_t fail_at = 1;; fail_at++) {
            struct scene *scene = scene_new(24 * HOUR_MS);
            for (int at = 0; at < 130; at++)
                falcon_add(&scene->falcon, NOW_MS - (at + 1) * 20 * MINUTE_MS,
                    NOW_MS - at * 5 * MINUTE_MS);
            scene->falcon.fail_at = fail_at;
            scene->falcon.broken = (enum broken)broken;
            enum err err = scene_look(scene);
            bool is_over = scene->falcon.asked < fail_at;
            if (!is_over) {
                assert_int_equal(err, ERR_TRANSPORT);
                assert_false(scene->poller.has_cursor);
            }
            scene->falcon.fail_at = 0;
            assert_int_equal(scene_look(scene), ERR_OK);
            assert_all_in(scene);
            assert_int_equal(scene->inbox.count, 130);
            scene_free(scene);
            if (is_over)
                break;
        }
}

/* ---- alerts as Falcon writes them ---- */

struct one_page {
    struct transport transport;
    str body;
};

static enum err one_page_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    (void)request, (void)is_change, (void)arena, (void)reterr_reason;
    *ret_reply = (struct reply){ REPLY_RECEIVED, 200, ((struct one_page *)transport)->body };
    return ERR_OK;
}

static void real_alerts_are_records(void **state)
{
    (void)state;
    static const char *const files[] = { "schema-fuzz-alerts-v2.jsonl",
        "xsoar-alerts-v2-cloud-ioa.jsonl" };
    size_t total = 0;
    for (size_t file = 0; file < COUNT_OF(files); file++) {
        char path[256];
        snprintf(path, sizeof(path), "../shared/data/alerts/crowdstrike/%s", files[file]);
        FILE *in = fopen(path, "r");
        if (in == NULL) {
            print_message("skipped: no ../shared/data\n");
            skip();
        }
        char *line = NULL;
        size_t room = 0, lines = 0;
        CLEANUP(buf_release) struct buf all = BUF_INIT(REPLY_BYTES_MAX);
        buf_add(&all, STR("{\"errors\":[],\"meta\":{},\"resources\":["));
        for (ssize_t len; (len = getline(&line, &room, in)) > 0;)
            buf_addf(&all, "%s%.*s", lines++ == 0 ? "" : ",", (int)len, line);
        buf_add(&all, STR("]}"));
        free(line);
        fclose(in);
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 24);
        struct one_page only = { { .send = one_page_send }, buf_str(&all) };
        struct falcon_alerts alerts = falcon_alerts_of(&only.transport);
        struct poll_ask ask = { .token = STR("") };
        struct poll_page page;
        const char *reason = NULL;
        assert_int_equal(
            alerts.provider.page(&alerts.provider, &ask, &arena, &page, &reason), ERR_OK);
        assert_int_equal(page.count, lines);
        for (size_t at = 0; at < page.count; at++) {
            json_auto_t *alert =
                json_loadb(page.records[at].text.ptr, page.records[at].text.len, 0, NULL);
            assert_true(str_equal(page.records[at].id,
                str_from(json_string_value(json_object_get(alert, "composite_id")))));
            assert_null(json_object_get(alert, "updated_timestamp"));
            assert_non_null(json_object_get(alert, "created_timestamp"));
            assert_int_equal(page.records[at].revision.len, 64);
        }
        total += lines;
    }
    assert_true(total > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_is_so_byte_for_byte),
        cmocka_unit_test(new_and_changed_alerts_come_in_once),
        cmocka_unit_test(what_was_changed_long_after_it_was_made_comes_in_again),
        cmocka_unit_test(a_change_that_cannot_be_seen_is_none),
        cmocka_unit_test(pages_that_move_while_they_are_read_lose_nothing),
        cmocka_unit_test(many_of_one_moment_are_read_by_their_token),
        cmocka_unit_test(an_empty_last_page_is_the_end),
        cmocka_unit_test(whichever_call_fails_the_next_look_reads_it_all),
        cmocka_unit_test(real_alerts_are_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
