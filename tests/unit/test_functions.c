#include "base/limits.h"
#include "registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

/* What the function gives for one argument, converted as the machine does it, printed. */
static void assert_gives(const char *name, value arg, const char *expected)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const struct function *function = function_find(str_from(name));
    value args[FUNCTION_PARAMS_MAX] = { 0 };
    value result = VALUE_NONE;
    assert_non_null(function);
    assert_int_equal(value_convert(&arena, arg, function->params[0], &args[0]), ERR_OK);
    assert_int_not_equal(args[0].kind, VALUE_ABSENT);
    assert_int_equal(function->call(&arena, args, &result), ERR_OK);
    str printed = value_print(&arena, result);
    if (!str_is(printed, expected))
        fail_msg("%s: '%s', wanted '%s'", name, printed.ptr, expected);
}

static value T(const char *text)
{
    return value_text(str_from(text));
}

static void every_row_can_be_found_and_called(void **state)
{
    (void)state;
    const struct function *function;
    size_t index = 0;
    for (; (function = function_at(index)) != NULL; index++) {
        assert_ptr_equal(function_find(str_from(function->name)), function);
        assert_true(function->doc[0] != '\0' && function->call != NULL);
        assert_true(function->params_count <= FUNCTION_PARAMS_MAX);
        assert_true(function->optional_count <= function->params_count);
    }
    assert_true(index >= 10);
    assert_null(function_find(STR("nonsense")));
    assert_null(function_find(STR("")));
}

static void moments_come_apart(void **state)
{
    (void)state;
    value moment = T("2026-11-22T23:59:01Z"); /* a Sunday */
    assert_gives("hour", moment, "23");
    assert_gives("minute", moment, "59");
    assert_gives("day", moment, "22");
    assert_gives("month", moment, "11");
    assert_gives("weekday", moment, "7");
    assert_gives("hour", T("1969-12-31T23:00:00Z"), "23");
    assert_gives("hour", T("2026-11-22T01:00:00+02:00"), "23"); /* UTC */
    assert_gives("epoch", value_integer(1767261600), "2026-01-01T10:00:00Z");
    assert_gives("epoch_ms", value_integer(1767261600007), "2026-01-01T10:00:00.007Z");
    assert_gives("epoch", T("1767261600"), "2026-01-01T10:00:00Z");
    assert_gives("epoch", value_integer(INT64_MAX), "-");
    assert_gives("epoch_ms", value_integer(INT64_MIN), "-");
}

static void text_changes_case_and_has_a_length(void **state)
{
    (void)state;
    assert_gives("lower", T("ABC \xC3\x84\xC3\x9C\xC3\x9F"), "abc \xC3\xA4\xC3\xBC\xC3\x9F");
    assert_gives("upper", T("abc \xC3\xA4\xCE\xBC"), "ABC \xC3\x84\xCE\x9C");
    assert_gives("upper", T("\xC3\xBF"), "\xC5\xB8");
    assert_gives("lower", T(""), "");
    assert_gives("len", T("a\xE2\x82\xAC\xF0\x9F\x98\x80"), "3");
    assert_gives("len", T(""), "0");
    assert_gives("len", value_list((const value[]){ T("a"), T("b") }, 2), "2");
    assert_gives("len", value_list(NULL, 0), "0");
    assert_gives("len", value_integer(12), "-");
}

static void numbers_are_read_from_text(void **state)
{
    (void)state;
    assert_gives("number", T("12"), "12");
    assert_gives("number", T("12.50"), "12.5");
    assert_gives("number", value_integer(7), "7");
    assert_gives("number", T("twelve"), "-");
    assert_gives("number", value_bool(true), "-");
}

static void texts_are_found_inside_of_base64(void **state)
{
    (void)state;
    assert_gives("base64", T("http://"), "aHR0cDovLw==");
    assert_gives("base64", T(""), "");
    assert_gives("base64", T("f\xC3\xB6\xC3\xB6"), "ZsO2w7Y=");
    assert_gives("base64offset", T("http"), "aHR0c, h0dH, odHRw");
    assert_gives("base64offset", T("foobar"), "Zm9vYmFy, Zvb2Jhc, mb29iYX");
    assert_gives("base64offset", T("xy"), "eH, h5, 4e");
    assert_gives("base64offset", T("\xC3\xA9"), "w6, Op, Dq"); /* on bytes */
    assert_gives("base64offset", T("x"), "-");                 /* nothing certain is left */
    assert_gives("base64offset", T(""), "-");
    assert_gives("base64offset", value_text((str){ "h\0t\0t\0p\0", 8 }),
        "aAB0AHQAcA, gAdAB0AHAA, oAHQAdABwA");
}

static void assert_bytes(const char *name, const char *arg, const char *bytes, size_t count)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    value text = T(arg);
    value result = VALUE_NONE;
    assert_int_equal(function_find(str_from(name))->call(&arena, &text, &result), ERR_OK);
    assert_int_equal(result.count, count);
    assert_memory_equal(result.text, bytes, count);
}

static void wide_text_is_utf_16(void **state)
{
    (void)state;
    assert_bytes("wide", "ab", "a\0b", 4);
    assert_bytes("wide", "", "", 0);
    assert_bytes("wide", "\xC3\xA9", "\xE9", 2);
    assert_bytes("wide", "\xE2\x82\xAC", "\xAC\x20", 2);
    assert_bytes("wide", "\xF0\x9F\x98\x80", "\x3D\xD8\x00\xDE", 4);
}

static void options_have_five_dashes(void **state)
{
    (void)state;
    const char *five = "-x, /x, \xE2\x80\x93x, \xE2\x80\x94x, \xE2\x80\x95x";
    assert_gives("windash", T("-x"), five);
    assert_gives("windash", T("/x"), five);
    assert_gives("windash", T("a-b"), "a-b");
    assert_gives("windash", T("a -"), "a -");
    assert_gives("windash", T("-"), "-");
    assert_gives("windash", T(""), "");
    assert_gives("windash", T("\xC3\xA9-b"), "\xC3\xA9-b");
}

static void what_would_be_too_much_is_a_limit(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    char *text = calloc(1, ENCODED_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, 'x', ENCODED_BYTES_MAX);
    value result;
    value most = value_text((str){ text, ENCODED_BYTES_MAX / 4 * 3 });
    value more = value_text((str){ text, ENCODED_BYTES_MAX / 4 * 3 + 1 });
    assert_int_equal(function_find(STR("base64"))->call(&arena, &most, &result), ERR_OK);
    assert_int_equal(function_find(STR("base64"))->call(&arena, &more, &result), ERR_LIMIT);
    assert_int_equal(function_find(STR("base64offset"))->call(&arena, &more, &result), ERR_LIMIT);
    assert_int_equal(function_find(STR("wide"))->call(&arena, &most, &result), ERR_LIMIT);
    value five = T("-a -b -c -d -e");
    value six = T("-a -b -c -d -e -f");
    assert_int_equal(function_find(STR("windash"))->call(&arena, &five, &result), ERR_OK);
    assert_int_equal(result.count, VARIANTS_MAX);
    assert_int_equal(function_find(STR("windash"))->call(&arena, &six, &result), ERR_LIMIT);
    free(text);
}

/* ---- the vectors of Sigma's reference implementation ---- */

static bool has_text(value result, const char *text, size_t length)
{
    const value *items = value_items(result);
    uint32_t count = items == NULL ? 1 : result.count;
    for (uint32_t at = 0; at < count; at++)
        if (str_equal(value_str(items == NULL ? result : items[at]), (str){ text, length }))
            return true;
    return false;
}

/* {"t": "str", "p": ["text"]}, or a list of such: each must be among the results. */
static void assert_has_all(value result, json_t *wanted)
{
    json_t *one;
    size_t index;
    json_t *any = json_object_get(wanted, "v");
    if (any != NULL) {
        assert_int_equal(json_array_size(any), result.kind == VALUE_LIST ? result.count : 1);
        json_array_foreach(any, index, one) assert_has_all(result, one);
        return;
    }
    json_t *part = json_array_get(json_object_get(wanted, "p"), 0);
    if (!has_text(result, part == NULL ? "" : json_string_value(part), json_string_length(part)))
        fail_msg("not among the results: '%s'", json_string_value(part));
}

/* Whether the vector is one function of a plain text; runs it then. */
static bool run_vector(json_t *vector)
{
    json_t *selection = json_object_get(json_object_get(vector, "detection"), "sel");
    const char *key = json_object_iter_key(json_object_iter(selection));
    const char *name = key != NULL && strncmp(key, "F|", 2) == 0 ? key + 2 : "";
    json_t *given = json_object_get(selection, key == NULL ? "" : key);
    json_t *wanted = json_object_get(
        json_object_get(json_array_get(json_object_get(vector, "conditions"), 0), "v"), "t");
    const struct function *function = function_find(str_from(name));
    if (function == NULL || !function->is_written || !json_is_string(given) || wanted == NULL
        || strpbrk(json_string_value(given), "*?\\") != NULL)
        return false;
    str text = { json_string_value(given), json_string_length(given) };
    bool is_ascii = true;
    for (size_t at = 0; at < text.len; at++)
        is_ascii = is_ascii && (unsigned char)text.ptr[at] < 0x80;
    /* There offsets count characters, and one character leaves an empty text. */
    if (str_is(str_from(name), "base64offset") && (!is_ascii || text.len < 2))
        return false;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    value arg = value_text(text);
    value result = VALUE_NONE;
    assert_int_equal(function->call(&arena, &arg, &result), ERR_OK);
    assert_has_all(
        result, json_object_get(json_array_get(json_object_get(vector, "conditions"), 0), "v"));
    return true;
}

static void encodings_are_those_of_sigma(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/data/detection/pysigma-vectors/modifiers.ndjson", "r");
    char *line = NULL;
    size_t size = 0;
    int vectors = 0;
    if (file == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    while (getline(&line, &size, file) > 0) {
        json_t *vector = json_loads(line, JSON_ALLOW_NUL, NULL);
        assert_non_null(vector);
        vectors += run_vector(vector);
        json_decref(vector);
    }
    free(line);
    fclose(file);
    assert_true(vectors > 80);
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1);
    value arg = T("text");
    value result;
    assert_int_equal(function_find(STR("lower"))->call(&arena, &arg, &result), ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_can_be_found_and_called),
        cmocka_unit_test(moments_come_apart),
        cmocka_unit_test(text_changes_case_and_has_a_length),
        cmocka_unit_test(numbers_are_read_from_text),
        cmocka_unit_test(texts_are_found_inside_of_base64),
        cmocka_unit_test(wide_text_is_utf_16),
        cmocka_unit_test(options_have_five_dashes),
        cmocka_unit_test(what_would_be_too_much_is_a_limit),
        cmocka_unit_test(encodings_are_those_of_sigma),
        cmocka_unit_test(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
