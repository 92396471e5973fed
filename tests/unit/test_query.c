/* Form bodies, against what the vendor's own client sends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/query.h"
#include "base/limits.h"
#include "base/percent.h"

#include <jansson.h>
#include <stdio.h>

#define WIRE "../shared/data/aws/wire-requests.jsonl"

static void assert_text(str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

static void a_body_reads_as_the_protocol_says(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
    str text;
    query_begin(&body, "ec2", "DescribeInstances");
    query_add(&body, "Filter.1.Name", STR("tag:a b "));
    query_addf(&body, STR("*+/~%"), "Filter.%u.Value.%u", 1U, 2U);
    assert_int_equal(query_end(&body, &arena, &text), ERR_OK);
    assert_text(text, "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aa+b+"
                      "&Filter.1.Value.2=%2A%2B%2F~%25");
    arena_release(&arena);
}

static void one_buffer_serves_several_bodies(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
    str first, second;
    query_begin(&body, "sts", "GetCallerIdentity");
    assert_int_equal(query_end(&body, &arena, &first), ERR_OK);
    query_begin(&body, "iam", "GetRole");
    assert_int_equal(query_end(&body, &arena, &second), ERR_OK);
    assert_text(first, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_text(second, "Action=GetRole&Version=2010-05-08");
    arena_release(&arena);
}

static void failures_are_told_at_the_end(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct buf body = BUF_INIT(REQUEST_BYTES_MAX), small = BUF_INIT(40);
    str text;
    query_begin(&body, "s4", "PutObject");
    query_add(&body, "Key", STR("x"));
    assert_int_equal(query_end(&body, &arena, &text), ERR_INVALID);
    query_begin(&body, "ec2", "StopInstances");
    query_addf(&body, STR("x"), "%0300d", 1);
    assert_int_equal(query_end(&body, &arena, &text), ERR_LIMIT);
    query_begin(&small, "ec2", "StopInstances");
    query_add(&small, "InstanceId.1", STR("i-1"));
    assert_int_equal(query_end(&small, &arena, &text), ERR_LIMIT);
    struct arena full = ARENA_INIT(1);
    query_begin(&body, "ec2", "StopInstances");
    assert_int_equal(query_end(&body, &full, &text), ERR_MEMORY);
    arena_release(&full);
    arena_release(&arena);
}

static void pairs_are_taken_off_whatever_stands_there(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    str rest = STR("&&a=1+2&b&=x&c=%3d=%&d=%zz%4"), key, value;
    const char *want[][2] = { { "a", "1 2" }, { "b", "" }, { "c", "==%" }, { "d", "%zz%4" },
        { "", "" }, { "", "" } };
    for (size_t at = 0; at < COUNT_OF(want); at++) {
        assert_int_equal(query_next(&arena, &rest, &key, &value), ERR_OK);
        assert_text(key, want[at][0]);
        assert_text(value, want[at][1]);
    }
    arena_release(&arena);
}

static void every_byte_survives_encoding(void **state)
{
    (void)state;
    char bytes[256];
    for (int at = 0; at < 256; at++)
        bytes[at] = (char)at;
    struct arena arena = ARENA_INIT(1 << 20);
    struct buf body = BUF_INIT(1024);
    percent_encode(&body, (str){ bytes, sizeof(bytes) }, "");
    str back;
    assert_int_equal(percent_decode(&arena, buf_str(&body), false, &back), ERR_OK);
    assert_true(str_equal(back, (str){ bytes, sizeof(bytes) }));
    assert_int_equal(body.len, 66 + 190 * 3);
    buf_release(&body);
    arena_release(&arena);
}

/* Build the recorded request anew from its decoded pairs and compare the bytes. */
static void check_recorded(const char *service, const char *operation, str recorded)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
    str rest = recorded, key, value, built;
    query_begin(&body, service, operation);
    assert_int_equal(query_next(&arena, &rest, &key, &value), ERR_OK);
    assert_text(key, "Action");
    assert_text(value, operation);
    assert_int_equal(query_next(&arena, &rest, &key, &value), ERR_OK);
    assert_text(value, query_version(service));
    for (;;) {
        assert_int_equal(query_next(&arena, &rest, &key, &value), ERR_OK);
        if (key.len == 0)
            break;
        query_addf(&body, value, "%.*s", STR_ARG(key));
    }
    assert_int_equal(query_end(&body, &arena, &built), ERR_OK);
    if (!str_equal(built, recorded))
        fail_msg("%.*s\nis not\n%.*s", STR_ARG(built), STR_ARG(recorded));
    arena_release(&arena);
}

static void recorded_requests_are_built_alike(void **state)
{
    (void)state;
    FILE *file = fopen(WIRE, "r");
    if (file == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    char line[65536];
    unsigned checked = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        json_t *request = json_loads(line, 0, NULL);
        assert_non_null(request);
        const char *service = json_string_value(json_object_get(request, "service"));
        if (query_version(service) != NULL) {
            check_recorded(service, json_string_value(json_object_get(request, "op")),
                str_from(json_string_value(json_object_get(request, "body"))));
            checked++;
        }
        json_decref(request);
    }
    fclose(file);
    assert_true(checked >= 50);
    print_message("%u recorded requests\n", checked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_reads_as_the_protocol_says),
        cmocka_unit_test(one_buffer_serves_several_bodies),
        cmocka_unit_test(failures_are_told_at_the_end),
        cmocka_unit_test(pairs_are_taken_off_whatever_stands_there),
        cmocka_unit_test(every_byte_survives_encoding),
        cmocka_unit_test(recorded_requests_are_built_alike),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
