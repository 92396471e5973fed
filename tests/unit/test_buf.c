#include "base/buf.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void text_grows_and_always_ends_in_nul(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf = BUF_INIT(10000);
    assert_int_equal(buf_str(&buf).len, 0);
    for (int i = 0; i < 1000; i++) {
        buf_add(&buf, STR("ab"));
        buf_add_byte(&buf, 'c');
        buf_addf(&buf, "%d", i % 10);
        assert_int_equal(buf.ptr[buf.len], '\0');
    }
    assert_int_equal(buf.err, ERR_OK);
    assert_int_equal(buf.len, 4000);
    assert_true(str_endswith(buf_str(&buf), STR("abc8abc9")));
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf = BUF_INIT(4);
    buf_add(&buf, STR("abcd"));
    assert_int_equal(buf.err, ERR_OK);
    buf_add_byte(&buf, 'e');
    assert_int_equal(buf.err, ERR_LIMIT);
}

static void a_failure_sticks_and_holds_no_memory(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf = BUF_INIT(4);
    buf_addf(&buf, "%s", "too long");
    buf_add(&buf, STR("a"));
    assert_int_equal(buf.err, ERR_LIMIT);
    assert_null(buf.ptr);
    assert_string_equal(buf_str(&buf).ptr, "");
    buf_clear(&buf);
    buf_add(&buf, STR("a"));
    assert_int_equal(buf.err, ERR_OK);
    assert_string_equal(buf.ptr, "a");
}

static void a_length_that_overflows_is_refused(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf = BUF_INIT(SIZE_MAX);
    buf_add(&buf, STR("a"));
    buf_add(&buf, (str){ "x", SIZE_MAX });
    assert_int_equal(buf.err, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_always_ends_in_nul),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(a_failure_sticks_and_holds_no_memory),
        cmocka_unit_test(a_length_that_overflows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
