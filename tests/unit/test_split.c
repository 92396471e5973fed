#include "match/project.h"
#include "match/scan.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

/* Strings are read eight bytes at a time: every byte at every place in such eight, and in what is left. */
static void a_byte_in_a_string_means_the_same_wherever_it_is(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++)
        for (int place = 0; place < 20; place++) {
            char json[64];
            int len = snprintf(json, sizeof json, "\"%.*s%s%c%s\"", place, "abcdefghijklmnopqrst",
                byte == '"' ? "\\" : "", byte, byte == '\\' ? "\\opqrstuvwx" : "opqrstuvwx");
            struct scan scan = { .json = { json, (size_t)len } };
            struct json_token token = { 0 };
            struct json_fault fault;
            assert_int_equal(scan_next(&scan, &token, &fault), ERR_OK);
            assert_int_equal(token.text.len, len - 2);
            assert_int_equal(token.is_escaped, byte == '"' || byte == '\\');
            assert_int_equal(token.has_controls, byte < 0x20);
            scan = (struct scan){ .json = { json, (size_t)len - 1 } };
            assert_int_equal(scan_next(&scan, &token, &fault), ERR_JSON);
        }
}

/* All that json_next finds: documents between <>, faults as !. */
static void assert_splits(const char *text, const char *expected)
{
    char found[500] = "";
    size_t used = 0;
    str rest = str_from(text);
    enum json_place place = JSON_OUTSIDE;
    bool more = true;
    for (int turn = 0; more; turn++) {
        str json = STR("");
        struct json_fault fault = { 0 };
        assert_true(turn < 100); /* it always comes to an end */
        enum err err = json_next(&rest, &place, &json, &more, &fault);
        if (err == ERR_JSON)
            used += (size_t)snprintf(found + used, sizeof found - used, "!");
        else if (more)
            used += (size_t)snprintf(found + used, sizeof found - used, "<%.*s>", STR_ARG(json));
        assert_true(err == ERR_OK || (err == ERR_JSON && fault.reason != NULL));
    }
    if (strcmp(found, expected) != 0)
        fail_msg("%s: '%s', wanted '%s'", text, found, expected);
}

static void documents_follow_one_another_in_any_layout(void **state)
{
    (void)state;
    assert_splits("", "");
    assert_splits(" \n\t ", "");
    assert_splits("{}", "<{}>");
    assert_splits("{\"a\":1}\n{\"b\":2}\n", "<{\"a\":1}><{\"b\":2}>");
    assert_splits("{\"a\":1}\r\n\r\n{\"b\":2}", "<{\"a\":1}><{\"b\":2}>");
    assert_splits("{\"a\":1}{\"b\":2}", "<{\"a\":1}><{\"b\":2}>");
    assert_splits(
        "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{}", "<{\n  \"a\": {\n    \"b\": 1\n  }\n}><{}>");
    assert_splits("\xEF\xBB\xBF{}", "<{}>");
}

static void the_elements_of_one_array_are_documents(void **state)
{
    (void)state;
    assert_splits("[]", "");
    assert_splits("[{}]", "<{}>");
    assert_splits(" [ {\"a\":1} ,\n{\"b\":[2]} ] ", "<{\"a\":1}><{\"b\":[2]}>");
    assert_splits("[]{}", "<{}>");
    assert_splits("[{}]\n{\"a\":1}", "<{}><{\"a\":1}>");
    assert_splits("[1,\"x\"]", "<1><\"x\">");
}

static void a_fault_costs_no_more_than_its_own_document(void **state)
{
    (void)state;
    assert_splits("junk\n{\"a\":1}", "!<{\"a\":1}>");
    assert_splits("junk\nmore junk\n{\"a\":1}", "!!<{\"a\":1}>");
    assert_splits("{\"a\":\"cut\n{\"b\":2}\n", "!<{\"b\":2}>");
    assert_splits("{\"a\":1,\n{\"b\":2}\n{\"c\":3}", "!<{\"b\":2}><{\"c\":3}>");
    assert_splits("{\"a\":1}}\n{\"b\":2}", "<{\"a\":1}>!<{\"b\":2}>");
    assert_splits("{\"a\":", "!");
    assert_splits("{\"a\":1} x", "<{\"a\":1}>!");
}

static void parts_of_a_broken_alert_are_not_alerts(void **state)
{
    (void)state;
    assert_splits(
        "{\n  \"a\": [\n    {\"role\": \"x\"},\n    oops\n  ]\n}\n{\"b\":2}", "!<{\"b\":2}>");
}

static void indented_alerts_one_a_line_outlive_a_broken_one(void **state)
{
    (void)state;
    assert_splits("{\"a\":oops}\n  {\"b\":2}\n\t{\"c\":3}", "!<{\"b\":2}><{\"c\":3}>");
    assert_splits("  {\"a\":\"cut \r\n  {\"b\":2}", "!<{\"b\":2}>");
    assert_splits("{\"a\":1,\n  {\"b\":2}", "!<{\"b\":2}>");
}

static void an_array_is_read_on_behind_a_fault(void **state)
{
    (void)state;
    assert_splits("[{\"a\":1},{\"b\":..},\n{\"c\":3},\n{\"d\":4}]\n{\"e\":5}",
        "<{\"a\":1}>!<{\"c\":3}><{\"d\":4}><{\"e\":5}>");
    assert_splits("[{1},{\"b\":..},\n{\"c\":3},\n{\"d\":4}]\n{\"e\":5}",
        "!<{\"c\":3}><{\"d\":4}><{\"e\":5}>");
    assert_splits("[1,2\n{\"a\":1}\n {\"b\":2}\n", "<1><2>!<{\"a\":1}><{\"b\":2}>");
    assert_splits("[1,,\n{\"a\":1}\n", "<1>!<{\"a\":1}>");
    assert_splits("[{\"a\":1}\n{\"b\":2}]", "<{\"a\":1}>!<{\"b\":2}>");
    assert_splits("[\n  {\n    \"a\": [\n      {\"role\": 1}, oops\n    ]\n  },\n"
                  "  {\"b\":2}\n]\n{\"c\":3}",
        "!<{\"b\":2}><{\"c\":3}>");
}

static void a_control_character_in_a_string_costs_nothing(void **state)
{
    (void)state;
    assert_splits("[{\"a\":\"\x01\"},{\"b\":2}]", "<{\"a\":\"\x01\"}><{\"b\":2}>");
    assert_splits("{\"a\":\"\t\"}\n{\"b\":2}", "<{\"a\":\"\t\"}><{\"b\":2}>");
    assert_splits("[{\"a\":\"x\n{y\"},{\"b\":2}]", "<{\"a\":\"x\n{y\"}><{\"b\":2}>");
    assert_splits(
        "{ \"Records\" :[{\"a\":\"x\n {y\"},{}]}", "<{ \"Records\" :[{\"a\":\"x\n {y\"},{}]}>");
    assert_splits("[{\"a\":\"cut},\n{\"b\":2}]", "!<{\"b\":2}>");
}

static void a_line_break_in_a_string_ends_it_where_a_document_follows(void **state)
{
    (void)state;
    assert_splits("{\"a\":\"x\ny\"}\n{\"b\":2}", "<{\"a\":\"x\ny\"}><{\"b\":2}>");
    assert_splits("{\"a\":\"cut\n \n\t{\"b\":2}\n{\"c\":3}", "!<{\"b\":2}><{\"c\":3}>");
    assert_splits("{\"a\":\"cut\njunk\n{\"b\":2}", "!<{\"b\":2}>");
    assert_splits("{\"a\":\"cut\n\"junk\n{\"b\":2}", "!<{\"b\":2}>");
}

static void a_fault_in_an_array_is_told_once(void **state)
{
    (void)state;
    assert_splits("[{},", "<{}>!");
    assert_splits("[{} {}]", "<{}>!<{}>");
    assert_splits("[{},]", "<{}>!");
    assert_splits("[,{}]", "!");
    assert_splits("[", "!");
    assert_splits("[{}", "<{}>!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_in_a_string_means_the_same_wherever_it_is),
        cmocka_unit_test(documents_follow_one_another_in_any_layout),
        cmocka_unit_test(the_elements_of_one_array_are_documents),
        cmocka_unit_test(a_fault_costs_no_more_than_its_own_document),
        cmocka_unit_test(parts_of_a_broken_alert_are_not_alerts),
        cmocka_unit_test(indented_alerts_one_a_line_outlive_a_broken_one),
        cmocka_unit_test(an_array_is_read_on_behind_a_fault),
        cmocka_unit_test(a_control_character_in_a_string_costs_nothing),
        cmocka_unit_test(a_line_break_in_a_string_ends_it_where_a_document_follows),
        cmocka_unit_test(a_fault_in_an_array_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
