/* Drafts of REST requests: what is varied stays data, whatever it holds. */
#include "rest/rest.h"

#include "base/percent.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        str found_ = (actual);                                                                     \
        assert_non_null(found_.ptr);                                                               \
        assert_int_equal(found_.len, strlen(expected));                                            \
        assert_memory_equal(found_.ptr, expected, found_.len);                                     \
    } while (0)

static struct step step_in(struct arena *arena)
{
    return (struct step){ .arena = arena, .key = STR("run-1-step-2") };
}

static void a_request_is_written_as_it_goes_over_the_wire(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct step step = step_in(&arena);
    struct rest_draft draft = rest_begin(&step, "crowdstrike", "PerformActionV2", STR("host/15db"),
        "POST", "/devices/entities/devices-actions/v2");
    rest_query(&draft, "action_name", STR("contain"));
    rest_json(&draft, json_pack("{s:[s]}", "ids", "15db"));
    struct request request = rest_end(&draft);
    assert_str(request.body, "POST /devices/entities/devices-actions/v2?action_name=contain\n"
                             "Content-Type: application/json\n\n{\"ids\":[\"15db\"]}");
    assert_str(request.target, "host/15db");
    assert_string_equal(request.service, "crowdstrike");
    assert_string_equal(request.operation, "PerformActionV2");
}

static void a_request_without_content_is_lines_alone(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct step step = step_in(&arena);
    struct rest_draft draft =
        rest_begin(&step, "graph", "ListUsers", STR("user/a"), "GET", "/v1.0/users");
    rest_query(&draft, "$filter", rest_odata_is(&arena, "mail", STR("o'neil@example.com")));
    rest_query(&draft, "$top", STR("2"));
    rest_header(&draft, "ConsistencyLevel", "eventual");
    assert_str(rest_end(&draft).body,
        "GET /v1.0/users?$filter=mail%20eq%20%27o%27%27neil%40example.com%27&$top=2\n"
        "ConsistencyLevel: eventual\n");
}

static const char *const hostile[] = { "'", "\\", "\\'", "' or '1'='1", "a b", "?x=1&y=2#z",
    "../../etc", "%2e%2e", "\"", "{\"a\":1}", "\r\nHost: evil", "\n\nGET /", "\xC3\xA9\xE2\x80\xAE",
    "$(id)", "`id`", "+", ";", "a'+status:'x", "a',b:'c", "\x01", "\x7F" };

static void nothing_of_a_segment_or_a_query_leaves_its_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < COUNT_OF(hostile); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
        struct step step = step_in(&arena);
        struct rest_draft draft =
            rest_begin(&step, "defender", "X", STR(""), "GET", "/api/machines");
        rest_segment(&draft, str_from(hostile[at]));
        rest_path(&draft, "/isolate");
        rest_query(&draft, "q", str_from(hostile[at]));
        struct request request = rest_end(&draft);
        struct rest_request read;
        str decoded;
        assert_true(rest_read(request.body, &read));
        assert_int_equal(read.headers_count, 0);
        assert_int_equal(read.content.len, 0);
        assert_true(str_endswith(read.path, STR("/isolate")));
        str segment = str_skip(read.path, strlen("/api/machines/"));
        segment.len -= strlen("/isolate");
        assert_int_equal(str_find(segment, '/'), segment.len);
        assert_int_equal(percent_decode(&arena, segment, false, &decoded), ERR_OK);
        assert_str(decoded, hostile[at]);
        assert_int_equal(str_find(read.query, '&'), read.query.len);
        assert_int_equal(percent_decode(&arena, str_skip(read.query, 2), false, &decoded), ERR_OK);
        assert_str(decoded, hostile[at]);
    }
}

static void a_segment_that_is_a_step_of_a_path_makes_no_request(void **state)
{
    (void)state;
    static const char *const refused[] = { "", ".", ".." };
    for (size_t at = 0; at < COUNT_OF(refused); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
        struct step step = step_in(&arena);
        struct rest_draft draft = rest_begin(&step, "graph", "X", STR(""), "POST", "/v1.0/users");
        rest_segment(&draft, str_from(refused[at]));
        assert_null(rest_end(&draft).body.ptr);
    }
}

static void json_that_could_not_be_made_makes_no_request(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct step step = step_in(&arena);
    struct rest_draft draft = rest_begin(&step, "graph", "X", STR(""), "POST", "/v1.0/users");
    rest_json(&draft, NULL);
    assert_null(rest_end(&draft).body.ptr);
}

static void a_request_over_its_ceiling_has_no_body(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(4 << 20);
    struct step step = step_in(&arena);
    char *big = arena_alloc(&arena, REQUEST_BYTES_MAX + 1, 1);
    assert_non_null(big);
    memset(big, 'a', REQUEST_BYTES_MAX);
    struct rest_draft draft = rest_begin(&step, "graph", "X", STR(""), "POST", "/v1.0/users");
    rest_json(&draft, json_pack("{s:s}", "a", big));
    assert_null(rest_end(&draft).body.ptr);
}

static void parts_are_set_off_by_a_boundary_that_they_cannot_hold(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct step step = step_in(&arena);
    struct rest_draft draft = rest_begin(
        &step, "crowdstrike", "RTR_CreateScriptsV2", STR("host/a"), "POST", "/scripts/v2");
    rest_part(&draft, "description", NULL, STR("one"));
    rest_part(&draft, "file", "a\"b\r\n.sh", STR("#!/bin/sh\n"));
    rest_parts_end(&draft);
    struct request request = rest_end(&draft);
    struct rest_request read;
    assert_true(rest_read(request.body, &read));
    str type = rest_header_of(&read, "content-type");
    str mark = STR("multipart/form-data; boundary=");
    assert_true(str_startswith(type, mark));
    str boundary = str_skip(type, mark.len);
    assert_int_equal(boundary.len, REST_BOUNDARY_BYTES);
    const char *expected = arena_format(&arena,
        "--%.*s\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\none\r\n"
        "--%.*s\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a%%22b%%0D%%0A.sh\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n#!/bin/sh\n\r\n--%.*s--\r\n",
        STR_ARG(boundary), STR_ARG(boundary), STR_ARG(boundary));
    assert_str(read.content, expected);

    struct rest_draft bad = rest_begin(&step, "crowdstrike", "X", STR(""), "POST", "/scripts/v2");
    rest_part(&bad, "file", "a", boundary);
    rest_parts_end(&bad);
    assert_null(rest_end(&bad).body.ptr);
}

static void what_is_no_request_is_not_read_as_one(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "GET", "GET /", "get /\n", "GET x\n", "GET /a b\n",
        "GET /\nA\n", "GET /\nA:b\n", "GET /\n: b\n", "GET /\nA: b", " /\n", "GET /\r\n\n",
        "GET /\nA: 1\nA: 2\nA: 3\nA: 4\nA: 5\n", "GET /\nA: \x01\n" };
    struct rest_request read;
    for (size_t at = 0; at < COUNT_OF(wrong); at++)
        if (rest_read(str_from(wrong[at]), &read))
            fail_msg("read: %s", wrong[at]);
    assert_true(rest_read(STR("PATCH /a?b=c?d\nX: y: z\n\n\n\nq"), &read));
    assert_str(read.query, "b=c?d");
    assert_str(rest_header_of(&read, "x"), "y: z");
    assert_str(read.content, "\n\nq");
    assert_int_equal(rest_header_of(&read, "xx").len, 0);
}

static void a_value_of_a_filter_cannot_end_it(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    assert_str(
        rest_fql_is(&arena, "hostname", STR("a'+status:'x\\")), "hostname:'a\\'+status:\\'x\\\\'");
    assert_str(rest_odata_is(&arena, "computerDnsName", STR("a' or 'a' eq 'a")),
        "computerDnsName eq 'a'' or ''a'' eq ''a'");
    assert_str(rest_fql_is(&arena, "a", STR("")), "a:''");
}

static void a_value_that_no_filter_can_hold_makes_none(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    static const str wrong[] = { { "a\nb", 3 }, { "a\0b", 3 }, { "\x7F", 1 }, { "\xFF", 1 },
        { "\xC3", 1 } };
    for (size_t at = 0; at < COUNT_OF(wrong); at++) {
        assert_null(rest_fql_is(&arena, "a", wrong[at]).ptr);
        assert_null(rest_odata_is(&arena, "a", wrong[at]).ptr);
    }
}

static void every_hostile_text_comes_out_of_a_filter_as_it_went_in(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    for (size_t at = 0; at < COUNT_OF(hostile); at++) {
        str filter = rest_fql_is(&arena, "f", str_from(hostile[at]));
        if (filter.ptr == NULL)
            continue;
        char back[256];
        size_t length = 0, from = 3;
        for (; from < filter.len && filter.ptr[from] != '\''; from++) {
            if (filter.ptr[from] == '\\')
                from++;
            back[length++] = filter.ptr[from];
        }
        assert_int_equal(from, filter.len - 1);
        assert_int_equal(length, strlen(hostile[at]));
        assert_memory_equal(back, hostile[at], length);
    }
}

static void a_full_arena_makes_no_request_and_no_crash(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 8192; limit += 97) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        struct step step = step_in(&arena);
        struct rest_draft draft =
            rest_begin(&step, "graph", "X", STR("user/a"), "POST", "/v1.0/users");
        rest_query(&draft, "f", rest_fql_is(&arena, "a", STR("b")));
        rest_json(&draft, json_pack("{s:s}", "a", "b"));
        struct request request = rest_end(&draft);
        assert_true(request.body.ptr == NULL || request.body.len > 0);
        assert_true(request.body.ptr != NULL || arena.is_full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_as_it_goes_over_the_wire),
        cmocka_unit_test(a_request_without_content_is_lines_alone),
        cmocka_unit_test(nothing_of_a_segment_or_a_query_leaves_its_place),
        cmocka_unit_test(a_segment_that_is_a_step_of_a_path_makes_no_request),
        cmocka_unit_test(json_that_could_not_be_made_makes_no_request),
        cmocka_unit_test(a_request_over_its_ceiling_has_no_body),
        cmocka_unit_test(parts_are_set_off_by_a_boundary_that_they_cannot_hold),
        cmocka_unit_test(what_is_no_request_is_not_read_as_one),
        cmocka_unit_test(a_value_of_a_filter_cannot_end_it),
        cmocka_unit_test(a_value_that_no_filter_can_hold_makes_none),
        cmocka_unit_test(every_hostile_text_comes_out_of_a_filter_as_it_went_in),
        cmocka_unit_test(a_full_arena_makes_no_request_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
