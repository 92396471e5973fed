#include "base/json_text.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

static void assert_mends(const char *text, const char *expected, uint32_t repairs)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str mended;
    uint32_t counted = 0;
    assert_int_equal(utf8_repair(&arena, str_from(text), &mended, &counted), ERR_OK);
    assert_int_equal(mended.len, strlen(expected));
    assert_memory_equal(mended.ptr, expected, mended.len);
    assert_int_equal(counted, repairs);
}

static void every_code_point_survives_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        char bytes[UTF8_BYTES_MAX];
        uint32_t first;
        uint32_t last;
        size_t length = utf8_encode(point, bytes);
        bool is_valid;
        assert_int_equal(utf8_decode((str){ bytes, length }, &first, &is_valid), length);
        assert_int_equal(utf8_decode_last((str){ bytes, length }, &last), length);
        assert_true(is_valid && first == point && last == point);
    }
}

static void what_is_not_utf8_becomes_one_mark_for_each_broken_part(void **state)
{
    (void)state;
    assert_mends("plain", "plain", 0);
    assert_mends("\xC3\xA4", "\xC3\xA4", 0);
    assert_mends("a\xFFz", "a\xEF\xBF\xBDz", 1);
    assert_mends("\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD", 2);                 /* overlong NUL */
    assert_mends("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3); /* surrogate */
    assert_mends("\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 4);
    assert_mends("\xE2\x82z", "\xEF\xBF\xBDz", 1); /* cut short: one part */
    assert_mends("\xF0\x9F\x98", "\xEF\xBF\xBD", 1);
}

static void valid_text_is_not_copied(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str text = STR("gr\xC3\xBC\xC3\x9F");
    str mended;
    uint32_t repairs = 0;
    assert_int_equal(utf8_repair(&arena, text, &mended, &repairs), ERR_OK);
    assert_ptr_equal(mended.ptr, text.ptr);
}

static void length_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(STR("")), 0);
    assert_int_equal(utf8_length(STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
    assert_int_equal(utf8_length(STR("\xFF\xFE")), 2);
}

static void the_last_code_point_of_broken_text_is_a_mark(void **state)
{
    (void)state;
    uint32_t point;
    assert_int_equal(utf8_decode_last(STR("a\x80"), &point), 1);
    assert_int_equal(point, UTF8_REPLACEMENT);
    assert_int_equal(utf8_decode_last(STR("\xE2\x82"), &point), 2);
    assert_int_equal(point, UTF8_REPLACEMENT);
    assert_int_equal(utf8_decode_last(STR(""), &point), 0);
}

static void text_becomes_a_json_string_that_stays_on_its_line(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf = BUF_INIT(1000);
    json_text_add(&buf, STR("a\"\\\n\x01\x7F\xE2\x80\xA8\xFF\xC3\xA4\0z"));
    assert_string_equal(
        buf.ptr, "\"a\\\"\\\\\\n\\u0001\\u007f\\u2028\xEF\xBF\xBD\xC3\xA4\\u0000z\"");
}

static void sha256_of_parts_is_that_of_the_whole(void **state)
{
    (void)state;
    char whole[SHA256_HEX_SIZE];
    char parts[SHA256_HEX_SIZE];
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    assert_int_equal(sha256_hex(STR("abc"), whole), ERR_OK);
    assert_string_equal(whole, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(sha256_begin(&sha256), ERR_OK);
    sha256_add(&sha256, STR("a"));
    sha256_add(&sha256, STR("bc"));
    assert_int_equal(sha256_end_hex(&sha256, parts), ERR_OK);
    assert_string_equal(whole, parts);
}

static void framed_parts_hash_differently_when_cut_differently(void **state)
{
    (void)state;
    char first[SHA256_HEX_SIZE];
    char second[SHA256_HEX_SIZE];
    struct sha256 sha256 = { 0 };
    assert_int_equal(sha256_begin(&sha256), ERR_OK);
    sha256_add_framed(&sha256, STR("ab"));
    sha256_add_framed(&sha256, STR("c"));
    assert_int_equal(sha256_end_hex(&sha256, first), ERR_OK);
    assert_int_equal(sha256_begin(&sha256), ERR_OK);
    sha256_add_framed(&sha256, STR("a"));
    sha256_add_framed(&sha256, STR("bc"));
    assert_int_equal(sha256_end_hex(&sha256, second), ERR_OK);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives_a_round_trip),
        cmocka_unit_test(what_is_not_utf8_becomes_one_mark_for_each_broken_part),
        cmocka_unit_test(valid_text_is_not_copied),
        cmocka_unit_test(length_counts_code_points),
        cmocka_unit_test(the_last_code_point_of_broken_text_is_a_mark),
        cmocka_unit_test(text_becomes_a_json_string_that_stays_on_its_line),
        cmocka_unit_test(sha256_of_parts_is_that_of_the_whole),
        cmocka_unit_test(framed_parts_hash_differently_when_cut_differently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
