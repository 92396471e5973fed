/* Streams of bytes as messages: each split of the bytes makes the same ones. */
#include "daemon/framing.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64, ALL_BYTES = 64 * 1024 };

/* What a stream was taken for: "[text]" a message, "[over SIZE DIGEST text]", "!" broken. */
struct reading {
    struct framing framing;
    struct buf told;
};

static void write_frame(struct buf *told, const struct frame *frame)
{
    buf_add_byte(told, '[');
    if (frame->is_over)
        buf_addf(told, "over %d %.8s ", (int)frame->size, frame->digest);
    buf_add(told, frame->text);
    buf_add_byte(told, ']');
}

static bool feed(struct reading *reading, str bytes)
{
    /* A copy of its own size, so that a sanitizer sees every byte too many. */
    char *copy = malloc(bytes.len + (bytes.len == 0));
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    str rest = { copy, bytes.len };
    enum err err = ERR_OK;
    bool has = true;
    while (has && err == ERR_OK) {
        struct frame frame;
        err = framing_next(&reading->framing, &rest, &frame, &has);
        if (err == ERR_OK && has)
            write_frame(&reading->told, &frame);
    }
    assert_true(err == ERR_INVALID || rest.len == 0);
    free(copy);
    if (err == ERR_INVALID)
        buf_add_byte(&reading->told, '!');
    return err == ERR_OK;
}

static void finish(struct reading *reading)
{
    struct frame frame;
    bool has;
    assert_int_equal(framing_end(&reading->framing, &frame, &has), ERR_OK);
    if (has)
        write_frame(&reading->told, &frame);
    framing_release(&reading->framing);
}

static struct reading reading_new(enum framing_form form)
{
    struct reading reading = { .told = BUF_INIT(ALL_BYTES) };
    framing_init(&reading.framing, form, MOST);
    return reading;
}

/* The stream in three pieces, cut in every pair of places, is the messages of `expected`. */
static void expect_as(enum framing_form form, str stream, const char *expected)
{
    for (size_t a = 0; a <= stream.len; a++) {
        for (size_t b = a; b <= stream.len; b++) {
            struct reading reading = reading_new(form);
            if (feed(&reading, str_first(stream, a))
                && feed(&reading, str_first(str_skip(stream, a), b - a))
                && feed(&reading, str_skip(stream, b)))
                finish(&reading);
            else
                framing_release(&reading.framing);
            if (!str_is(buf_str(&reading.told), expected))
                fail_msg("cut at %zu and %zu: %.*s, not %s", a, b, (int)reading.told.len,
                    reading.told.ptr, expected);
            buf_release(&reading.told);
        }
    }
}

static void expect(str stream, const char *expected)
{
    expect_as(FRAMING_UNDECIDED, stream, expected);
}

static void lines_are_messages(void **state)
{
    (void)state;
    expect(STR("<14>one\n<14>two\r\n\n\r\nthree\n"), "[<14>one][<14>two][three]");
    expect(STR(""), "");
    expect(STR("\n"), "");
}

static void a_last_line_without_its_end_counts(void **state)
{
    (void)state;
    expect(STR("one\ntwo"), "[one][two]");
    expect(STR("one\r"), "[one]");
    expect(STR("123"), "[123]");
}

static void counted_messages_may_hold_line_ends(void **state)
{
    (void)state;
    expect(STR("5 a\nb\nc12 <14>1 - - - 3 abc"), "[a\nb\nc][<14>1 - - - ][abc]");
    expect(STR("4 one\n5 two\r\n"), "[one][two]");
    expect(STR("1 \n3 abc"), "[abc]");
}

static void a_counted_message_cut_off_is_kept_as_it_is(void **state)
{
    (void)state;
    expect(STR("3 abc9 def"), "[abc][def]");
    expect(STR("3 abc9"), "[abc]");
    expect(STR("3 abc9 "), "[abc]");
}

static void what_is_no_count_ends_a_counted_stream(void **state)
{
    (void)state;
    expect(STR("3 abc\n4 defg"), "[abc]!");
    expect(STR("3 abcx"), "[abc]!");
    expect(STR("3 abc03 def"), "[abc]!");
    expect(STR("3 abc123456789 x"), "[abc]!");
    expect(STR("3 abc-1 x"), "[abc]!");
}

static void a_line_that_begins_with_a_number_is_no_count(void **state)
{
    (void)state;
    expect(STR("2026-01-02 a\n7 b\n"), "[2026-01-02 a][7 b]");
    expect(STR("<1>a\n9 b\n"), "[<1>a][9 b]");
    expect(STR("0 b\n"), "[0 b]");
    expect(STR("123456789 b\n"), "[123456789 b]");
    expect_as(FRAMING_LINES, STR("3 abc\n"), "[3 abc]");
}

static void a_byte_of_zero_is_a_byte(void **state)
{
    (void)state;
    struct reading reading = reading_new(FRAMING_LINES);
    assert_true(feed(&reading, STR("a\0b\n")));
    assert_int_equal(reading.told.len, 5);
    assert_memory_equal(reading.told.ptr, "[a\0b]", 5);
    finish(&reading);
    buf_release(&reading.told);
}

static void a_message_over_the_ceiling_is_told_by_its_digest(void **state)
{
    (void)state;
    char text[MOST + 2];
    memset(text, 'a', sizeof text);
    char digest[SHA256_HEX_SIZE];
    assert_int_equal(sha256_hex((str){ text, MOST + 1 }, digest), ERR_OK);
    char expected[256];
    snprintf(expected, sizeof expected, "[ok][over %d %.8s %.*s][next]", MOST + 1, digest, MOST + 1,
        text);
    char stream[256];
    int size = snprintf(stream, sizeof stream, "ok\n%.*s\nnext\n", MOST + 1, text);
    expect((str){ stream, (size_t)size }, expected);
    size = snprintf(stream, sizeof stream, "2 ok%d %.*s4 next", MOST + 1, MOST + 1, text);
    expect((str){ stream, (size_t)size }, expected);
}

static void a_message_as_large_as_the_ceiling_is_whole(void **state)
{
    (void)state;
    char text[MOST];
    memset(text, 'b', sizeof text);
    char stream[128];
    char expected[128];
    int size = snprintf(stream, sizeof stream, "%.*s\nx", MOST, text);
    snprintf(expected, sizeof expected, "[%.*s][x]", MOST, text);
    expect((str){ stream, (size_t)size }, expected);
}

static void a_long_message_over_the_ceiling_takes_no_memory(void **state)
{
    (void)state;
    struct reading reading = reading_new(FRAMING_LINES);
    char piece[997];
    memset(piece, 'c', sizeof piece);
    for (int at = 0; at < 2000; at++) {
        assert_true(feed(&reading, (str){ piece, sizeof piece }));
        assert_true(framing_begun(&reading.framing).len <= FRAME_HEAD_BYTES);
    }
    assert_true(feed(&reading, STR("\n")));
    struct frame frame = { .text = STR("head"), .size = 1994000, .is_over = true, .digest = "abc" };
    buf_clear(&reading.told);
    frame_over_text(&frame, &reading.told);
    assert_string_equal(reading.told.ptr,
        "A message of 1994000 bytes, which is over the ceiling; SHA-256 abc. It begins: head");
    finish(&reading);
    buf_release(&reading.told);
}

static void what_is_taken_ends_with_the_last_whole_message(void **state)
{
    (void)state;
    struct reading reading = reading_new(FRAMING_LINES);
    assert_true(feed(&reading, STR("one\r\n\ntwo\nthr")));
    assert_int_equal(reading.framing.taken, 10);
    assert_int_equal(framing_begun(&reading.framing).len, 3);
    assert_true(feed(&reading, STR("ee\n")));
    assert_int_equal(reading.framing.taken, 16);
    finish(&reading);
    buf_release(&reading.told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_messages),
        cmocka_unit_test(a_last_line_without_its_end_counts),
        cmocka_unit_test(counted_messages_may_hold_line_ends),
        cmocka_unit_test(a_counted_message_cut_off_is_kept_as_it_is),
        cmocka_unit_test(what_is_no_count_ends_a_counted_stream),
        cmocka_unit_test(a_line_that_begins_with_a_number_is_no_count),
        cmocka_unit_test(a_byte_of_zero_is_a_byte),
        cmocka_unit_test(a_message_over_the_ceiling_is_told_by_its_digest),
        cmocka_unit_test(a_message_as_large_as_the_ceiling_is_whole),
        cmocka_unit_test(a_long_message_over_the_ceiling_takes_no_memory),
        cmocka_unit_test(what_is_taken_ends_with_the_last_whole_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
