/* test_json_blank.c - members of a JSON text are blanked, and not a byte beside them. */
#include "base/json_blank.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"

#define B JSON_BLANK

static void values_are_blanked_where_the_path_leads_and_nowhere_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *path;
        const char *expected; /* NULL: it is no object */
    } cases[] = {
        { "{\"a\":1}", "a", "{\"a\":" B "}" },
        { " { \"a\" : 1 , \"b\" : 2 } ", "b", " { \"a\" : 1 , \"b\" : " B " } " },
        { "{\"a\":{\"b\":\"x\"},\"b\":\"y\"}", "a.b", "{\"a\":{\"b\":" B "},\"b\":\"y\"}" },
        { "{\"a.b\":1,\"a\":{\"b\":2}}", "a.b", "{\"a.b\":" B ",\"a\":{\"b\":" B "}}" },
        { "{\"a\":{\"b.c\":1}}", "a.b.c", "{\"a\":{\"b.c\":" B "}}" },
        { "{\"a\":[{\"b\":1},[{\"b\":2}],3]}", "a.b", "{\"a\":[{\"b\":" B "},[{\"b\":" B "}],3]}" },
        { "{\"a\":1,\"a\":[2,{}]}", "a", "{\"a\":" B ",\"a\":" B "}" },
        { "{\"a\":{\"x\":\"}\\\"{\"},\"b\":[]}", "a", "{\"a\":" B ",\"b\":[]}" },
        { "{\"\\u0061\\/\":1}", "a/", "{\"\\u0061\\/\":" B "}" },
        { "{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "{\"\\ud83d\\ude00\":" B "}" },
        { "{\"ab\":1,\"A\":2}", "a", "{\"ab\":1,\"A\":2}" },
        { "{\"a\":1}", "a.b", "{\"a\":1}" },
        { "{\"a\":1e400,\"n\":\"\\u0000\"}", "n", "{\"a\":1e400,\"n\":" B "}" },
        { "{}", "a", "{}" },
        { "[{\"a\":1}]", "a", NULL },
        { "\"a\"", "a", NULL },
        { "{\"a\":1", "a", NULL },
        { "{\"a\":\"1}", "a", NULL },
        { "{\"a\"1}", "a", NULL },
        { "{\"a\":}", "a", NULL },
        { "{\"a\":1,}", "a", NULL },
        { "{\"a\":1]", "a", NULL },
        { "{\"a\":1}{", "a", NULL },
        { "{\"a\\", "a", NULL },
        { "", "a", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(1000);
        bool is_object = json_blank(str_from(cases[i].text), str_from(cases[i].path), &out);
        assert_int_equal(is_object, cases[i].expected != NULL);
        if (is_object)
            assert_string_equal(out.ptr, cases[i].expected);
    }
}

static void what_is_deeper_than_an_alert_may_be_is_no_object(void **state)
{
    (void)state;
    char text[4 * ALERT_DEPTH_MAX + 16];
    for (int deep = ALERT_DEPTH_MAX - 1; deep <= ALERT_DEPTH_MAX; deep++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(1000);
        memset(text, '[', sizeof text);
        memcpy(text, "{\"a\":", 5);
        memset(text + 5 + deep, ']', (size_t)deep);
        text[5 + 2 * deep] = '}';
        assert_int_equal(json_blank((str){ text, 6 + 2 * (size_t)deep }, STR("b"), &out),
            deep < ALERT_DEPTH_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_blanked_where_the_path_leads_and_nowhere_else),
        cmocka_unit_test(what_is_deeper_than_an_alert_may_be_is_no_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
