/* The hosts of a Falcon tenant: each once, whatever becomes of pages, and why not for the others. */
#include "crowdstrike/hosts.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/percent.h"
#include "rest/rest.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOSTS_MAX = 600, PAGE = 200 };

struct falcon {
    struct transport transport;
    size_t count;
    size_t asked;
    size_t pages;
    size_t expire_at;  /* that page's token has expired; 0: none */
    size_t fail_at;    /* that call fails; 0: none */
    int fail_status;   /* 0: lost */
    bool is_empty_end; /* a token after the last host */
    bool loops;        /* each page names itself as the next one */
    bool has_policies;
    bool is_partial; /* errors beside hosts */
    char first[512];
};

struct inbox {
    struct falcon_hosts_report report;
    unsigned told[HOSTS_MAX];
    size_t count;
    size_t refused;
    size_t unknown;
    size_t online;
    size_t no_policies;
    char refusals[4096];
};

static void host_print(size_t number, struct buf *out)
{
    static const char *const platforms[] = { "Windows", "Linux", "Mac", "Linux" };
    buf_addf(out,
        "{\"device_id\":\"%032zx\",\"hostname\":\"h%zu\",\"platform_name\":\"%s\",\"status\":"
        "\"normal\",\"groups\":[\"g\"]",
        number, number, platforms[number % 4]);
    if (number % 7 != 0)
        buf_addf(out,
            ",\"device_policies\":{\"remote_response\":{\"policy_id\":\"p%zu\",\"applied\":%s}}",
            number % 3, number % 11 == 0 ? "false" : "true");
    buf_add(out, STR("}"));
}

static void devices_print(struct falcon *falcon, str query, struct buf *out)
{
    static const char word[] = "offset=n";
    const char *offset = memmem(query.ptr, query.len, word, sizeof(word) - 1);
    size_t from = offset == NULL ? 0 : strtoul(offset + sizeof(word) - 1, NULL, 10);
    size_t end = from + PAGE < falcon->count ? from + PAGE : falcon->count;
    buf_addf(out, "{\"errors\":[%s],\"resources\":[",
        falcon->is_partial ? "{\"code\":500,\"message\":\"a shard is away\"}" : "");
    for (size_t at = from; at < end; at++) {
        buf_add(out, at == from ? STR("") : STR(","));
        host_print(at, out);
    }
    buf_addf(out, "],\"meta\":{\"pagination\":{\"offset\":\"x\",\"total\":%zu", falcon->count);
    if (falcon->loops && offset != NULL)
        buf_addf(out, ",\"next\":\"n%zu\"", from);
    else if (end < falcon->count || (falcon->is_empty_end && from < falcon->count))
        buf_addf(out, ",\"next\":\"n%zu\"", end);
    buf_add(out, STR("}}}"));
}

static void online_print(str query, struct buf *out)
{
    size_t put = 0;
    buf_add(out, STR("{\"errors\":[],\"resources\":["));
    for (const char *at = query.ptr; (at = strstr(at, "ids=")) != NULL; at += 4)
        buf_addf(out, "%s{\"id\":\"%.32s\",\"state\":\"%s\"}", put++ == 0 ? "" : ",", at + 4,
            strtoul(at + 4 + 24, NULL, 16) % 2 == 0 ? "online" : "offline");
    buf_add(out, STR("]}"));
    assert_in_range(put, 1, 100);
}

#define SETTING(id, on) "{\"id\":\"" id "\",\"value\":{\"enabled\":" on "}}"

/* p0 allows all, p1 no scripts, p2 (in groups of settings) nothing. */
static void policies_print(struct buf *out)
{
    buf_add(out,
        STR("{\"errors\":[],\"resources\":["
            "{\"id\":\"p0\",\"name\":\"all\",\"enabled\":true,\"settings\":[{\"name\":\"RTR\","
            "\"settings\":[" SETTING("RealTimeFunctionality", "true") "," SETTING("CustomScripts",
                "true") "]}]},"
                        "{\"id\":\"p1\",\"name\":\"half\",\"enabled\":true,\"settings\":[" SETTING(
                            "RealTimeFunctionality", "true") "," SETTING("CustomScripts",
                            "false") "]},"
                                     "{\"id\":\"p2\",\"name\":\"off\",\"enabled\":true,"
                                     "\"settings\":[" SETTING(
                                         "RealTimeFunctionality", "false") "]}]}"));
}

static enum err falcon_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct falcon *falcon = (struct falcon *)transport;
    struct rest_request read;
    CLEANUP(buf_release) struct buf out = BUF_INIT(REPLY_BYTES_MAX);
    assert_false(is_change);
    assert_true(rest_read(request->body, &read));
    if (falcon->asked++ == 0)
        snprintf(falcon->first, sizeof(falcon->first), "%.*s", STR_ARG(request->body));
    bool is_page = strcmp(request->operation, "CombinedDevicesByFilter") == 0;
    falcon->pages += is_page;
    *reterr_reason = "it is away";
    if (falcon->asked == falcon->fail_at && falcon->fail_status == 0)
        return ERR_TRANSPORT;
    *ret_reply = (struct reply){ REPLY_RECEIVED, 200, STR("") };
    const char *query = arena_format(arena, "%.*s", STR_ARG(read.query));
    if (falcon->asked == falcon->fail_at)
        ret_reply->status = falcon->fail_status;
    else if (is_page && falcon->pages == falcon->expire_at)
        ret_reply->status = 404;
    else if (is_page)
        devices_print(falcon, str_from(query), &out);
    else if (strcmp(request->operation, "GetOnlineState_V1") == 0)
        online_print(str_from(query), &out);
    else if (falcon->has_policies)
        policies_print(&out);
    else
        ret_reply->status = 403;
    if (ret_reply->status != 200)
        buf_add(&out, STR("{\"errors\":[{\"code\":1,\"message\":\"no\"}],\"resources\":null}"));
    ret_reply->body = arena_copy(arena, buf_str(&out));
    return ERR_OK;
}

static enum err keep_host(struct falcon_hosts_report *report, const struct falcon_host *host)
{
    struct inbox *inbox = (struct inbox *)report;
    size_t number = strtoul(host->device.id.ptr + 24, NULL, 16);
    assert_true(number < HOSTS_MAX);
    inbox->told[number]++;
    inbox->count++;
    inbox->unknown += host->is_policy_unknown;
    inbox->online += host->online == FALCON_ONLINE;
    inbox->refused += host->refusal != NULL;
    if (host->refusal != NULL && strstr(inbox->refusals, host->refusal) == NULL)
        snprintf(inbox->refusals + strlen(inbox->refusals),
            sizeof(inbox->refusals) - strlen(inbox->refusals), "%s\n", host->refusal);
    return ERR_OK;
}

static void keep_no_policies(struct falcon_hosts_report *report, const char *reason)
{
    assert_non_null(reason);
    ((struct inbox *)report)->no_policies++;
}

static enum err list(struct falcon *falcon, struct falcon_hosts_query query, struct inbox *inbox)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 24);
    const char *reason = NULL;
    memset(inbox, 0, sizeof(*inbox));
    inbox->report = (struct falcon_hosts_report){ keep_host, keep_no_policies };
    falcon->transport.send = falcon_send;
    enum err err = falcon_hosts_list(&falcon->transport, &query, &inbox->report, &arena, &reason);
    assert_true(err == ERR_OK || reason != NULL);
    return err;
}

static const struct falcon_hosts_query any = { .platform = { "", 0 }, .group = { "", 0 } };

static void assert_each_once(const struct inbox *inbox, size_t count)
{
    assert_int_equal(inbox->count, count);
    for (size_t at = 0; at < count; at++)
        assert_int_equal(inbox->told[at], 1);
}

static void every_host_is_told_once_over_pages(void **state)
{
    (void)state;
    static struct inbox inbox;
    static const size_t counts[] = { 0, 1, 199, 200, 201, 400, 450, 600 };
    for (size_t at = 0; at < COUNT_OF(counts); at++)
        for (int is_empty_end = 0; is_empty_end < 2; is_empty_end++) {
            struct falcon falcon = {
                .count = counts[at], .has_policies = true, .is_empty_end = is_empty_end == 1
            };
            assert_int_equal(list(&falcon, any, &inbox), ERR_OK);
            assert_each_once(&inbox, counts[at]);
        }
}

static void each_host_that_cannot_be_collected_from_says_why(void **state)
{
    (void)state;
    static struct inbox inbox;
    struct falcon falcon = { .count = 450, .has_policies = true };
    assert_int_equal(list(&falcon, any, &inbox), ERR_OK);
    size_t collected = 0;
    for (size_t at = 0; at < 450; at++)
        collected += at % 4 != 2 && at % 7 != 0 && at % 11 != 0 && at % 3 == 0;
    assert_int_equal(inbox.count - inbox.refused, collected);
    assert_int_equal(inbox.online, 225);
    assert_int_equal(inbox.unknown, 0);
    static const char *const whys[] = { "it runs macOS, which is not collected from\n",
        "no response policy is assigned to it\n", "its response policy is not applied yet\n",
        "its response policy 'half' does not allow custom scripts, by which triage collects\n",
        "its response policy 'off' does not allow Real Time Response\n" };
    size_t length = 0;
    for (size_t at = 0; at < COUNT_OF(whys); at++) {
        assert_non_null(strstr(inbox.refusals, whys[at]));
        length += strlen(whys[at]);
    }
    assert_int_equal(strlen(inbox.refusals), length);
}

static void policies_that_cannot_be_read_are_told_once_and_not_guessed(void **state)
{
    (void)state;
    static struct inbox inbox;
    struct falcon falcon = { .count = 450 };
    assert_int_equal(list(&falcon, any, &inbox), ERR_OK);
    assert_each_once(&inbox, 450);
    assert_int_equal(inbox.no_policies, 1);
    assert_int_equal(inbox.unknown, inbox.count - inbox.refused);
    assert_true(inbox.unknown > 100);
}

static void a_token_that_has_expired_begins_the_list_again_without_doubles(void **state)
{
    (void)state;
    static struct inbox inbox;
    for (size_t page = 2; page <= 3; page++) {
        struct falcon falcon = { .count = 600, .has_policies = true, .expire_at = page };
        assert_int_equal(list(&falcon, any, &inbox), ERR_OK);
        assert_each_once(&inbox, 600);
        assert_int_equal(falcon.pages, page + 3);
    }
    struct falcon falcon = { .count = 600, .has_policies = true, .expire_at = 1 };
    assert_int_equal(list(&falcon, any, &inbox), ERR_TRANSPORT);
}

static void pages_that_do_not_end_are_an_error(void **state)
{
    (void)state;
    static struct inbox inbox;
    struct falcon falcon = { .count = 600, .has_policies = true, .loops = true };
    assert_int_equal(list(&falcon, any, &inbox), ERR_LIMIT);
}

static void a_list_with_errors_beside_it_is_none(void **state)
{
    (void)state;
    static struct inbox inbox;
    struct falcon falcon = { .count = 100, .has_policies = true, .is_partial = true };
    assert_int_equal(list(&falcon, any, &inbox), ERR_TRANSPORT);
    assert_int_equal(inbox.count, 0);
}

static void whichever_call_fails_no_host_is_missing_without_an_error(void **state)
{
    (void)state;
    static struct inbox inbox;
    static const int statuses[] = { 0, 403, 429, 500 };
    for (size_t status = 0; status < COUNT_OF(statuses); status++)
        for (size_t fail_at = 1; fail_at < 16; fail_at++) {
            struct falcon falcon = { .count = 450,
                .has_policies = true,
                .fail_at = fail_at,
                .fail_status = statuses[status] };
            if (list(&falcon, any, &inbox) == ERR_OK)
                assert_each_once(&inbox, 450);
            for (size_t at = 0; at < 450; at++)
                assert_true(inbox.told[at] <= 1);
        }
}

static void filters_are_asked_of_falcon_byte_for_byte(void **state)
{
    (void)state;
    static struct inbox inbox;
    struct falcon falcon = { .count = 10, .has_policies = true };
    assert_int_equal(list(&falcon, any, &inbox), ERR_OK);
    assert_string_equal(falcon.first, "GET /devices/combined/devices/v1?limit=200\n");
    struct falcon_hosts_query query = { STR("Linux"), STR("a'+b"), false };
    falcon.asked = 0;
    assert_int_equal(list(&falcon, query, &inbox), ERR_OK);
    assert_string_equal(falcon.first,
        "GET /devices/combined/devices/v1?filter=platform_name%3A%27Linux%27%2Bgroups%3A%27a%5C%27"
        "%2Bb%27&limit=200\n");
    query.group = STR("a\nb");
    assert_int_equal(list(&falcon, query, &inbox), ERR_INVALID);
    query = (struct falcon_hosts_query){ STR(""), STR(""), true };
    assert_int_equal(list(&falcon, query, &inbox), ERR_OK);
    assert_int_equal(inbox.count, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_host_is_told_once_over_pages),
        cmocka_unit_test(each_host_that_cannot_be_collected_from_says_why),
        cmocka_unit_test(policies_that_cannot_be_read_are_told_once_and_not_guessed),
        cmocka_unit_test(a_token_that_has_expired_begins_the_list_again_without_doubles),
        cmocka_unit_test(pages_that_do_not_end_are_an_error),
        cmocka_unit_test(a_list_with_errors_beside_it_is_none),
        cmocka_unit_test(whichever_call_fails_no_host_is_missing_without_an_error),
        cmocka_unit_test(filters_are_asked_of_falcon_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
