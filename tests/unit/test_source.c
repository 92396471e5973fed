#include "base/limits.h"
#include "source.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct sources sources_in(struct arena *arena)
{
    return (struct sources){ .arena = arena };
}

static void lines_and_columns_count_code_points(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct sources sources = sources_in(&arena);
    uint32_t file;
    str text = STR("caf\xC3\xA9 = 1\nsecond\n");
    assert_int_equal(sources_add(&sources, STR("a"), text, false, &file), ERR_OK);
    const struct source *source = &sources.items[file];

    struct place place = source_place(source, 6); /* the `=`, after é of two bytes */
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 6);
    place = source_place(source, 10);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 1);
    place = source_place(source, 9999); /* past the end: the end */
    assert_int_equal(place.line, 3);
    assert_int_equal(place.column, 1);
}

static void a_byte_order_mark_is_cut_off_and_crlf_ends_lines(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct sources sources = sources_in(&arena);
    uint32_t file;
    str text = STR("\xEF\xBB\xBFone\r\ntwo");
    assert_int_equal(sources_add(&sources, STR("a"), text, false, &file), ERR_OK);
    assert_true(str_is(source_line(&sources.items[file], 1), "one"));
    assert_true(str_is(source_line(&sources.items[file], 2), "two"));
    assert_true(str_is(source_line(&sources.items[file], 3), ""));
    assert_true(str_is(sources_text(&sources, (span){ 0, 3, file }), "one"));
    assert_true(str_is(sources_text(&sources, (span){ 0, 3, 7 }), ""));
}

static void many_files_keep_their_numbers(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct sources sources = sources_in(&arena);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t file;
        str name = str_from(arena_format(&arena, "file %u", i));
        assert_int_equal(sources_add(&sources, name, name, false, &file), ERR_OK);
        assert_int_equal(file, i);
    }
    assert_true(str_is(sources.items[73].text, "file 73"));
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 24);
    struct sources sources = sources_in(&arena);
    char path[] = "/tmp/cdr-test-source-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(write(fd, "0123456789abcde\n", 16), 16);
    close(fd);
    uint32_t file;
    assert_int_equal(sources_read(&sources, str_from(path), &file), ERR_OK);
    unlink(path);
    assert_int_equal(sources.items[file].text.len, 80000);
    assert_int_equal(sources.items[file].line_count, 5001);
}

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct sources sources = sources_in(&arena);
    uint32_t file;
    assert_int_equal(sources_read(&sources, STR("/proc/nowhere/at/all.cdr"), &file), ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(sources_read(&sources, STR("/tmp"), &file), ERR_IO);
    assert_int_equal(errno, EISDIR);
}

static void a_huge_file_is_refused_without_reading_it_all(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct sources sources = sources_in(&arena);
    char path[] = "/tmp/cdr-test-source-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)100 * 1024 * 1024), 0);
    close(fd);
    uint32_t file;
    enum err err = sources_read(&sources, str_from(path), &file);
    unlink(path);
    assert_int_equal(err, ERR_LIMIT);
    assert_true(arena.held < SOURCE_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_columns_count_code_points),
        cmocka_unit_test(a_byte_order_mark_is_cut_off_and_crlf_ends_lines),
        cmocka_unit_test(many_files_keep_their_numbers),
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(what_cannot_be_read_says_why),
        cmocka_unit_test(a_huge_file_is_refused_without_reading_it_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
