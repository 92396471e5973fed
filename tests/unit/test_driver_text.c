/* test_driver_text.c - diffs, and text that is safe for a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/diff.h"
#include "driver/doc.h"
#include "driver/output.h"

static str diff_of(struct buf *out, const char *before, const char *after)
{
    buf_clear(out);
    assert_int_equal(diff_print("f", str_from(before), str_from(after), out), ERR_OK);
    return buf_str(out);
}

static void equal_texts_have_no_diff(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    assert_int_equal(diff_of(&out, "a\nb\n", "a\nb\n").len, 0);
    assert_int_equal(diff_of(&out, "", "").len, 0);
}

static void a_changed_line_is_shown_in_its_context(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    diff_of(&out, "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
    assert_string_equal(
        out.ptr, "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void changes_far_apart_are_two_hunks_and_near_ones_are_one(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    diff_of(&out, "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "one\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    assert_non_null(strstr(out.ptr, "@@ -1,4 +1,4 @@"));
    assert_non_null(strstr(out.ptr, "@@ -6,4 +6,4 @@"));
    diff_of(&out, "1\n2\n3\n4\n5\n6\n7\n8\n", "one\n2\n3\n4\n5\n6\n7\neight\n");
    assert_non_null(strstr(out.ptr, "@@ -1,8 +1,8 @@"));
}

static void a_text_from_nothing_begins_at_line_0(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    diff_of(&out, "", "a\n");
    assert_string_equal(out.ptr, "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
    diff_of(&out, "a", "a\n");
    assert_string_equal(
        out.ptr, "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

static void safe(struct buf *out, str text, const char *expected)
{
    buf_clear(out);
    text_add_safe(out, text);
    assert_string_equal(out->ptr == NULL ? "" : out->ptr, expected);
}

static void what_a_terminal_would_obey_is_spelled_out(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    safe(&out, STR("plain \xc3\xa9 \xe2\x82\xac"), "plain \xc3\xa9 \xe2\x82\xac");
    safe(&out, STR("\033[2J"), "\\u{1b}[2J");
    safe(&out, STR("a\nb\tc\r"), "a\\nb\\tc\\u{d}");
    safe(&out, STR("\xc2\x9b"), "\\u{9b}");
    safe(&out, STR("\xe2\x80\xae"), "\\u{202e}");
    safe(&out, STR("\xe2\x81\xa6"), "\\u{2066}");
    safe(&out, STR("\xff\xc3"), "\\xff\\xc3");
    safe(&out, STR("\0"), "\\u{0}");
}

static void no_byte_pair_gets_a_control_character_through(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        char bytes[] = { (char)(pair >> 8), (char)(pair & 0xff) };
        buf_clear(&out);
        text_add_safe(&out, (str){ bytes, 2 });
        for (size_t i = 0; i < out.len; i++) {
            unsigned char byte = (unsigned char)out.ptr[i];
            assert_true(byte >= 0x20 && byte != 0x7f);
            assert_false(byte == 0xc2 && i + 1 < out.len && (unsigned char)out.ptr[i + 1] < 0xa0);
        }
    }
}

static const char *shown(struct buf *out, void (*show)(struct buf *out, str text), const char *text)
{
    buf_clear(out);
    show(out, str_from(text));
    return out->ptr;
}

static void text_in_a_page_draws_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    assert_string_equal(shown(&out, markdown_text, "a-b (c), d. e: f"), "a-b (c), d. e: f");
    assert_string_equal(shown(&out, markdown_text, "[a](b)"), "\\[a\\](b)");
    assert_string_equal(shown(&out, markdown_text, "<b>*x*|`"), "\\<b\\>\\*x\\*\\|\\`");
    assert_string_equal(shown(&out, markdown_text, "&lt;"), "\\&lt;");
    assert_string_equal(shown(&out, markdown_text, "http://x WWW.x"), "http\\://x WWW\\.x");
    assert_string_equal(shown(&out, markdown_text, "@all"), "&#64;all");
    assert_string_equal(shown(&out, markdown_text, "a\nb\033"), "a\\\\nb\\\\u\\{1b\\}");
}

static void code_in_a_page_cannot_be_left(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    assert_string_equal(shown(&out, markdown_code, "a  b"), "`a  b`");
    assert_string_equal(shown(&out, markdown_code, "a\n    b"), "`a b`");
    assert_string_equal(shown(&out, markdown_code, "a``b`c"), "```a``b`c```");
    assert_string_equal(shown(&out, markdown_code, "`"), "`` ` ``");
    assert_string_equal(shown(&out, markdown_code, "\xc3\xa9"), "`\xc3\xa9`");
    buf_clear(&out);
    markdown_block(&out, "cdr", STR("a\n```\n# b"));
    assert_string_equal(out.ptr, "````cdr\na\n```\n# b\n````\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_no_diff),
        cmocka_unit_test(a_changed_line_is_shown_in_its_context),
        cmocka_unit_test(changes_far_apart_are_two_hunks_and_near_ones_are_one),
        cmocka_unit_test(a_text_from_nothing_begins_at_line_0),
        cmocka_unit_test(what_a_terminal_would_obey_is_spelled_out),
        cmocka_unit_test(no_byte_pair_gets_a_control_character_through),
        cmocka_unit_test(text_in_a_page_draws_nothing),
        cmocka_unit_test(code_in_a_page_cannot_be_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
