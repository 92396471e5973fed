/* What others are told of an alert. */
#include "act/alert_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>

static const char *told(struct arena *arena, const struct event *event)
{
    str json;
    assert_int_equal(alert_text(event, STR("a \"rule\""), STR("k-1"), arena, &json), ERR_OK);
    assert_in_range(json.len, 1, ALERT_TEXT_BYTES_MAX);
    json_t *read = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(read));
    json_decref(read);
    return json.ptr;
}

static void each_field_comes_in_the_form_that_cdr_reads(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct event event = { .text = STR("") };
    value ip, tags = { .kind = VALUE_OBJECT };
    static const char object[] = "{\"env\": \"prod\"}, \"more\": [1]";
    tags.text = object;
    tags.count = sizeof(object) - 1;
    assert_int_equal(value_convert(&arena, value_text(STR("198.51.100.7")), TYPE_IP, &ip), ERR_OK);
    value both[] = { ip, ip };
    event.fields[FIELD_SOURCE] = value_text(STR("guardduty"));
    event.fields[FIELD_SEVERITY] = (value){ .kind = VALUE_SEVERITY, .integer = SEVERITY_HIGH };
    event.fields[FIELD_ALERT_TITLE] = value_text(STR("a \"title\"\n\xff"));
    event.fields[FIELD_ALERT_TIME] = (value){ .kind = VALUE_TIME, .milliseconds = 0 };
    event.fields[FIELD_SRC_IP] = ip;
    event.fields[FIELD_HOST_IP] = value_list(both, 2);
    event.fields[FIELD_RESOURCE_TAGS] = tags;
    event.fields[FIELD_USER_ID] = (value){ .kind = VALUE_NULL };
    const char *json = told(&arena, &event);
    static const char *const parts[] = { "{\"key\":\"k-1\",\"rule\":\"a \\\"rule\\\"\",\"alert\":{",
        "\"source\":\"guardduty\"", "\"severity\":\"high\"",
        "\"alert.time\":\"1970-01-01T00:00:00Z\"", "\"src.ip\":\"198.51.100.7\"",
        "\"host.ip\":[\"198.51.100.7\",\"198.51.100.7\"]", "\"resource.tags\":{\"env\":\"prod\"}" };
    for (size_t at = 0; at < COUNT_OF(parts); at++)
        if (strstr(json, parts[at]) == NULL)
            fail_msg("%s has no %s", json, parts[at]);
    assert_null(strstr(json, "user.id"));
    assert_null(strstr(json, "omitted"));
}

static void what_is_too_long_is_named_and_the_rest_is_told(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct event event = { .text = STR("") };
    size_t size = 400 * 1024;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    event.fields[FIELD_ALERT_TITLE] = value_text((str){ text, size });
    event.fields[FIELD_PROCESS_CMDLINE] = value_text((str){ text, 150 * 1024 });
    event.fields[FIELD_PROCESS_PATH] = value_text((str){ text, 150 * 1024 });
    event.fields[FIELD_ALERT_ID] = value_text(STR("a-1"));
    const char *json = told(&arena, &event);
    assert_non_null(strstr(json, "\"alert.id\":\"a-1\""));
    assert_non_null(strstr(json, "\"omitted\":[\"alert.title\",\"process.cmdline\"]"));
    free(text);
}

static void little_memory_is_an_error(void **state)
{
    (void)state;
    struct event event = { .text = STR("") };
    event.fields[FIELD_ALERT_ID] = value_text(STR("a-1"));
    event.fields[FIELD_ALERT_TIME] = (value){ .kind = VALUE_TIME, .milliseconds = 0 };
    for (size_t limit = 1; limit < 600; limit += 13) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        str json = { NULL, 0 };
        enum err err = alert_text(&event, STR("r"), STR("k"), &arena, &json);
        assert_true(err == ERR_MEMORY || (err == ERR_OK && json.ptr != NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_comes_in_the_form_that_cdr_reads),
        cmocka_unit_test(what_is_too_long_is_named_and_the_rest_is_told),
        cmocka_unit_test(little_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
