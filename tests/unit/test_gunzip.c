/* Bodies that came compressed: what they hold, and that neither a bomb nor a cut one gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/gunzip.h"

#include <stdlib.h>
#include <zlib.h>

#define TEXT "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"

static void compress_text(str text, struct buf *out)
{
    z_stream stream = { .next_in = (unsigned char *)(uintptr_t)text.ptr,
        .avail_in = (uInt)text.len };
    size_t room = text.len + 4096;
    char *bytes = malloc(room);
    assert_non_null(bytes);
    assert_int_equal(
        deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = (unsigned char *)bytes;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    buf_add(out, (str){ bytes, room - stream.avail_out });
    deflateEnd(&stream);
    free(bytes);
}

static enum err gunzip_to(str bytes, size_t limit, str expected)
{
    struct buf out = BUF_INIT(limit);
    enum err err = gunzip(bytes, &out);
    if (err == ERR_OK)
        assert_true(str_equal(buf_str(&out), expected));
    buf_release(&out);
    return err;
}

static void members_are_read_one_after_the_other(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf bytes = BUF_INIT(65536);
    compress_text(STR(TEXT), &bytes);
    assert_int_equal(gunzip_to(buf_str(&bytes), 4096, STR(TEXT)), ERR_OK);
    compress_text(STR(TEXT), &bytes);
    assert_int_equal(gunzip_to(buf_str(&bytes), 4096, STR(TEXT TEXT)), ERR_OK);
}

static void what_is_cut_changed_or_no_gzip_is_refused(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf bytes = BUF_INIT(65536);
    compress_text(STR(TEXT), &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(gunzip_to(str_first(buf_str(&bytes), len), 4096, STR(TEXT)), ERR_INVALID);
    for (size_t at = bytes.len - 8; at < bytes.len; at++) { /* its checksum and length */
        bytes.ptr[at] = (char)(bytes.ptr[at] ^ 1);
        assert_int_equal(gunzip_to(buf_str(&bytes), 4096, STR(TEXT)), ERR_INVALID);
        bytes.ptr[at] = (char)(bytes.ptr[at] ^ 1);
    }
    buf_add(&bytes, STR("x"));
    assert_int_equal(gunzip_to(buf_str(&bytes), 4096, STR(TEXT)), ERR_INVALID);
    assert_int_equal(gunzip_to(STR(TEXT), 4096, STR(TEXT)), ERR_INVALID);
}

static void a_bomb_ends_at_a_ceiling(void **state)
{
    (void)state;
    const size_t size = (size_t)32 * 1024 * 1024;
    CLEANUP(buf_release) struct buf bytes = BUF_INIT(1024 * 1024);
    char *zeros = calloc(1, size);
    assert_non_null(zeros);
    compress_text((str){ zeros, size }, &bytes);
    assert_true(bytes.len * GUNZIP_RATIO_MAX < size);
    assert_int_equal(gunzip_to(buf_str(&bytes), size * 2, STR("")), ERR_LIMIT);
    assert_int_equal(gunzip_to(buf_str(&bytes), 4096, STR("")), ERR_LIMIT);
    buf_clear(&bytes);
    compress_text((str){ zeros, GUNZIP_FREE_BYTES }, &bytes);
    assert_int_equal(gunzip_to(buf_str(&bytes), size, (str){ zeros, GUNZIP_FREE_BYTES }), ERR_OK);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_one_after_the_other),
        cmocka_unit_test(what_is_cut_changed_or_no_gzip_is_refused),
        cmocka_unit_test(a_bomb_ends_at_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
