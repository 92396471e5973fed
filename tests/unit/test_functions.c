#include "registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

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
        cmocka_unit_test(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
