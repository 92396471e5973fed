/* test_value_json.c - what the journal keeps of a value is the value. */
#include "value_json.h"

#include "base/arena.h"
#include "ip.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

static void is_written(struct arena *arena, value v, const char *expected)
{
    str json;
    assert_int_equal(values_to_json(arena, &v, 1, &json), ERR_OK);
    assert_string_equal(json.ptr, expected);
    value back = value_integer(-1);
    uint32_t count = 0;
    assert_int_equal(values_from_json(arena, json, &back, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(back.kind, v.kind);
    assert_true(value_same(v, back));
}

static void every_kind_of_value_comes_back_as_it_was(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    is_written(&arena, VALUE_NONE, "[null]");
    is_written(&arena, (value){ .kind = VALUE_NULL }, "[{\"null\":true}]");
    is_written(&arena, value_bool(true), "[true]");
    is_written(&arena, value_bool(false), "[false]");
    is_written(&arena, value_integer(INT64_MIN), "[-9223372036854775808]");
    is_written(&arena, value_integer(INT64_MAX), "[9223372036854775807]");
    is_written(&arena, value_text(STR("")), "[\"\"]");
    is_written(&arena, value_text(STR("a\0\"\xc3\xa9")), "[\"a\\u0000\\\"\xc3\xa9\"]");
    is_written(&arena, value_text(STR("\xff\x00z")), "[{\"bytes\":\"ff007a\"}]");
    is_written(&arena, (value){ .kind = VALUE_DECIMAL, .decimal = 0.5 }, "[{\"decimal\":0.5}]");
    is_written(&arena, (value){ .kind = VALUE_TIME, .milliseconds = -7 }, "[{\"time\":-7}]");
    is_written(&arena, (value){ .kind = VALUE_DURATION, .milliseconds = 900000 },
        "[{\"duration\":900000}]");
    is_written(&arena, (value){ .kind = VALUE_SEVERITY, .integer = SEVERITY_HIGH },
        "[{\"severity\":\"high\"}]");
    is_written(&arena, (value){ .kind = VALUE_VERDICT, .integer = VERDICT_CLEAN },
        "[{\"verdict\":\"clean\"}]");
    is_written(&arena, value_list(NULL, 0), "[[]]");
}

static void decimals_come_back_to_the_last_bit(void **state)
{
    (void)state;
    static const double decimals[] = { 0.1, -0.0, 1e308, 5e-324, 1.0 / 3.0, 123456789.123456789,
        2 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    for (size_t i = 0; i < COUNT_OF(decimals); i++) {
        value v = { .kind = VALUE_DECIMAL, .decimal = decimals[i] };
        value back;
        uint32_t count;
        str json;
        assert_int_equal(values_to_json(&arena, &v, 1, &json), ERR_OK);
        assert_int_equal(values_from_json(&arena, json, &back, 1, &count), ERR_OK);
        assert_memory_equal(&back.decimal, &v.decimal, sizeof v.decimal);
    }
}

static void addresses_and_networks_come_back(void **state)
{
    (void)state;
    static const char *const addresses[] = { "198.51.100.7", "0.0.0.0", "2001:db8::1", "::" };
    static const char *const networks[] = { "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0" };
    CLEANUP(arena_release) struct arena arena = { 0 };
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        char expected[96];
        struct ip ip;
        assert_true(ip_parse(str_from(addresses[i]), &ip));
        snprintf(expected, sizeof expected, "[{\"ip\":\"%s\"}]", addresses[i]);
        is_written(&arena, (value){ .kind = VALUE_IP, .ip = &ip }, expected);
        assert_true(cidr_parse(str_from(networks[i]), &ip));
        snprintf(expected, sizeof expected, "[{\"cidr\":\"%s\"}]", networks[i]);
        is_written(&arena, (value){ .kind = VALUE_CIDR, .ip = &ip }, expected);
    }
}

static void lists_come_back_element_by_element(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    const value items[] = { value_text(STR("sg-0a")), VALUE_NONE, value_integer(3) };
    is_written(&arena, value_list(items, 3), "[[\"sg-0a\",null,3]]");
    const value inner = value_list(items, 3);
    const value outer = value_list(&inner, 1);
    value back;
    uint32_t count;
    str json, again;
    assert_int_equal(values_to_json(&arena, &outer, 1, &json), ERR_OK);
    assert_int_equal(values_from_json(&arena, json, &back, 1, &count), ERR_OK);
    assert_int_equal(values_to_json(&arena, &back, 1, &again), ERR_OK);
    assert_string_equal(again.ptr, "[[[\"sg-0a\",null,3]]]");
}

static void what_has_no_json_is_refused(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    str json;
    value v = { .kind = VALUE_DECIMAL, .decimal = NAN };
    assert_int_equal(values_to_json(&arena, &v, 1, &json), ERR_INVALID);
    v = (value){ .kind = VALUE_REGEX, .integer = 1 };
    assert_int_equal(values_to_json(&arena, &v, 1, &json), ERR_INVALID);
    value deep[VALUE_JSON_DEPTH_MAX + 1];
    deep[0] = value_list(NULL, 0);
    for (int i = 1; i <= VALUE_JSON_DEPTH_MAX; i++)
        deep[i] = value_list(&deep[i - 1], 1);
    assert_int_equal(values_to_json(&arena, &deep[VALUE_JSON_DEPTH_MAX - 1], 1, &json), ERR_OK);
    assert_int_equal(values_to_json(&arena, &deep[VALUE_JSON_DEPTH_MAX], 1, &json), ERR_LIMIT);
}

static void damaged_text_is_no_value(void **state)
{
    (void)state;
    static const char *const damaged[] = { "", "{}", "[", "[1] 2", "[1.5]", "[{}]", "[{\"ip\":7}]",
        "[{\"ip\":\"10.0.0\"}]", "[{\"cidr\":\"10.0.0.0/33\"}]", "[{\"severity\":\"huge\"}]",
        "[{\"bytes\":\"f\"}]", "[{\"bytes\":\"zz\"}]", "[{\"null\":false}]", "[{\"time\":\"now\"}]",
        "[{\"null\":true,\"time\":1}]", "[\"\xff\"]" };
    CLEANUP(arena_release) struct arena arena = { 0 };
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        value back[2];
        uint32_t count;
        enum err err = values_from_json(&arena, str_from(damaged[i]), back, 2, &count);
        if (err != ERR_JSON)
            fail_msg("%s: %s", damaged[i], err_text(err));
    }
    value one;
    uint32_t count;
    assert_int_equal(values_from_json(&arena, STR("[1,2]"), &one, 1, &count), ERR_LIMIT);
    assert_int_equal(
        values_from_json(&arena, STR("[[[[[[[[[[1]]]]]]]]]]"), &one, 1, &count), ERR_LIMIT);
}

static void an_undo_comes_back_with_its_arguments(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct undo undo = { .builtin = "release_role",
        .args = { value_text(STR("web")), VALUE_NONE, value_bool(true) },
        .args_count = 3 };
    struct undo back;
    str json;
    assert_int_equal(undo_to_json(&arena, &undo, &json), ERR_OK);
    assert_string_equal(json.ptr, "{\"args\":[\"web\",null,true],\"builtin\":\"release_role\"}");
    assert_int_equal(undo_from_json(&arena, json, &back), ERR_OK);
    assert_string_equal(back.builtin, "release_role");
    assert_int_equal(back.args_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(value_same(undo.args[i], back.args[i]));

    assert_int_equal(undo_to_json(&arena, &(struct undo){ 0 }, &json), ERR_OK);
    assert_int_equal(json.len, 0);
    assert_int_equal(undo_from_json(&arena, json, &back), ERR_OK);
    assert_null(back.builtin);
    assert_int_equal(undo_from_json(&arena, STR("{\"args\":[]}"), &back), ERR_JSON);
    assert_int_equal(undo_from_json(&arena, STR("{\"builtin\":\"x\"}"), &back), ERR_JSON);
    assert_int_equal(undo_from_json(&arena, STR("[]"), &back), ERR_JSON);
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena whole = { 0 };
    struct ip ip;
    assert_true(ip_parse(STR("198.51.100.7"), &ip));
    const value items[] = { value_text(STR("one")), { .kind = VALUE_IP, .ip = &ip } };
    value v = value_list(items, 2);
    str json;
    assert_int_equal(values_to_json(&whole, &v, 1, &json), ERR_OK);
    bool was_full = false;
    for (size_t limit = 1; limit < 600; limit++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        value back;
        uint32_t count;
        str again;
        enum err err = values_from_json(&arena, json, &back, 1, &count);
        if (err == ERR_OK)
            err = values_to_json(&arena, &back, 1, &again);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        was_full |= err == ERR_MEMORY;
    }
    assert_true(was_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_comes_back_as_it_was),
        cmocka_unit_test(decimals_come_back_to_the_last_bit),
        cmocka_unit_test(addresses_and_networks_come_back),
        cmocka_unit_test(lists_come_back_element_by_element),
        cmocka_unit_test(what_has_no_json_is_refused),
        cmocka_unit_test(damaged_text_is_no_value),
        cmocka_unit_test(an_undo_comes_back_with_its_arguments),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
