#include "match/blocks.h"
#include "scratch.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

/* A stream whose bytes a child writes, `step` at a time, so that reads end anywhere. */
struct stream {
    struct blocks blocks;
    int fd;
    pid_t writer;
};

static void write_all(int fd, str text, size_t step)
{
    while (text.len > 0) {
        ssize_t bytes = write(fd, text.ptr, text.len < step ? text.len : step);
        if (bytes <= 0)
            _exit(1);
        text = str_skip(text, (size_t)bytes);
    }
    _exit(0);
}

static struct stream stream_of(str text, size_t step, int flags)
{
    struct stream stream = { .fd = -1 };
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    stream.writer = fork();
    assert_true(stream.writer >= 0);
    if (stream.writer == 0) {
        close(ends[0]);
        write_all(ends[1], text, step);
    }
    close(ends[1]);
    stream.fd = ends[0];
    assert_int_equal(fcntl(stream.fd, F_SETFL, flags), 0);
    blocks_open_fd(&stream.blocks, stream.fd);
    return stream;
}

static void stream_release(struct stream *stream)
{
    blocks_close(&stream->blocks);
    if (stream->fd >= 0)
        close(stream->fd);
    if (stream->writer > 0)
        waitpid(stream->writer, NULL, 0);
}

/* Read all blocks; they must be whole lines, one behind the other, and give back `text`. */
static uint64_t assert_gives(struct blocks *blocks, str text)
{
    CLEANUP(block_release) struct block block = { .number = 0 };
    bool has_more = true;
    uint64_t count = 0;
    uint64_t at = str_startswith(text, STR("\xEF\xBB\xBF")) ? 3 : 0;
    for (;; count++) {
        assert_int_equal(blocks_next(blocks, &block, &has_more), ERR_OK);
        if (!has_more)
            break;
        assert_int_equal(block.number, count);
        assert_int_equal(block.offset, at);
        assert_true(block.text.len > 0 && at + block.text.len <= text.len);
        assert_memory_equal(block.text.ptr, text.ptr + at, block.text.len);
        at += block.text.len;
        assert_true(at == text.len || block.is_unfinished || text.ptr[at - 1] == '\n');
    }
    assert_int_equal(at, text.len);
    assert_int_equal(block.text.len, 0);
    assert_int_equal(blocks_next(blocks, &block, &has_more), ERR_OK);
    assert_false(has_more);
    return count;
}

static void assert_stream(str text, size_t step)
{
    CLEANUP(stream_release) struct stream stream = stream_of(text, step, 0);
    (void)assert_gives(&stream.blocks, text);
    CLEANUP(stream_release) struct stream hasty = stream_of(text, step, O_NONBLOCK);
    (void)assert_gives(&hasty.blocks, text);
}

static void blocks_hold_whole_lines_wherever_reads_end(void **state)
{
    (void)state;
    const str texts[] = { STR(""), STR("\n"), STR("{}"), STR("{}\n"), STR("\r\n\r\n{}\r\n"),
        STR("{\"a\":1}\n{\"a\":2}\n\n{\"a\":3}"), STR("\xEF\xBB\xBF{}\n{}\n"), STR("\xEF\xBB\xBF"),
        STR("\xEF\xBB\xBF\n"), STR("\xEF\xBB") };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t step = 1; step < 8; step++)
            assert_stream(texts[i], step);
}

static void lines_are_cut_without_their_ends(void **state)
{
    (void)state;
    static const char *const expected[] = { "{\"a\":1}", "", "\r", " ", "{}" };
    str rest = STR("{\"a\":1}\r\n\n\r\r\n \n{}");
    str line;
    size_t count = 0;
    for (; block_line(&rest, &line); count++)
        assert_true(count < COUNT_OF(expected) && str_is(line, expected[count]));
    assert_int_equal(count, COUNT_OF(expected));
}

/* `count` lines of about `bytes` bytes each. */
static void add_lines(struct buf *text, size_t count, size_t bytes)
{
    CLEANUP(buf_release) struct buf filler = BUF_INIT(64 * 1024 * 1024);
    while (filler.len < bytes)
        buf_add_byte(&filler, (char)('a' + filler.len % 26));
    for (size_t i = 0; i < count; i++)
        buf_addf(text, "{\"number\":%zu,\"text\":\"%s\"}\n", i, filler.ptr);
    assert_int_equal(text->err, ERR_OK);
}

static void a_file_of_many_blocks_comes_back_as_it_is(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(buf_release) struct buf text = BUF_INIT(64 * 1024 * 1024);
    add_lines(&text, 3000, 700);
    add_lines(&text, 2, BLOCK_BYTES);
    add_lines(&text, 1, ALERT_BYTES_MAX);
    add_lines(&text, 3, 10);
    char path[128];
    snprintf(path, sizeof path, "%s/alerts", scratch.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
    struct blocks blocks;
    assert_int_equal(blocks_open(&blocks, path), ERR_OK);
    assert_true(assert_gives(&blocks, buf_str(&text)) >= 10);
    blocks_close(&blocks);
}

static void a_line_past_all_bounds_comes_in_parts_of_bounded_size(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text = BUF_INIT(64 * 1024 * 1024);
    add_lines(&text, 1, 3 * (size_t)BLOCK_LINE_MAX);
    add_lines(&text, 1, 10);
    CLEANUP(stream_release) struct stream stream = stream_of(buf_str(&text), text.len, 0);
    CLEANUP(block_release) struct block block = { .number = 0 };
    bool has_more;
    assert_int_equal(blocks_next(&stream.blocks, &block, &has_more), ERR_OK);
    assert_true(has_more && block.is_unfinished);
    assert_true(block.text.len > BLOCK_LINE_MAX && block.room <= 2 * (size_t)BLOCK_LINE_MAX);
    CLEANUP(buf_release) struct buf rest = BUF_INIT(64 * 1024 * 1024);
    assert_int_equal(blocks_rest(&stream.blocks, &rest), ERR_OK);
    assert_int_equal(block.text.len + rest.len, text.len);
    assert_memory_equal(rest.ptr, text.ptr + block.text.len, rest.len);
}

static void the_rest_is_everything_that_was_not_handed_out(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text = BUF_INIT(64 * 1024 * 1024);
    add_lines(&text, 2000, 500);
    buf_add(&text, STR("{\"cut\":"));
    CLEANUP(stream_release) struct stream stream = stream_of(buf_str(&text), text.len, 0);
    CLEANUP(block_release) struct block block = { .number = 0 };
    CLEANUP(buf_release) struct buf all = BUF_INIT(64 * 1024 * 1024);
    bool has_more;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(blocks_next(&stream.blocks, &block, &has_more), ERR_OK);
        assert_true(has_more);
        buf_add(&all, block.text);
    }
    assert_true(all.len < text.len);
    assert_int_equal(blocks_rest(&stream.blocks, &all), ERR_OK);
    assert_true(str_equal(buf_str(&all), buf_str(&text)));
    CLEANUP(stream_release) struct stream again = stream_of(buf_str(&text), text.len, 0);
    CLEANUP(buf_release) struct buf small = BUF_INIT(1000);
    assert_int_equal(blocks_rest(&again.blocks, &small), ERR_LIMIT);
}

static void a_file_that_shrinks_while_it_is_read_is_no_crash(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(buf_release) struct buf text = BUF_INIT(64 * 1024 * 1024);
    add_lines(&text, 2000, 500);
    char path[128];
    snprintf(path, sizeof path, "%s/alerts", scratch.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fflush(file), 0);
    struct blocks blocks;
    CLEANUP(block_release) struct block block = { .number = 0 };
    bool has_more;
    assert_int_equal(blocks_open(&blocks, path), ERR_OK);
    assert_int_equal(blocks_next(&blocks, &block, &has_more), ERR_OK);
    str first = block.text;
    assert_int_equal(ftruncate(fileno(file), 100), 0);
    assert_memory_equal(first.ptr, text.ptr, first.len);
    assert_int_equal(blocks_next(&blocks, &block, &has_more), ERR_OK);
    assert_true(has_more && block.text.len < 1000); /* the line that the first block had begun */
    assert_int_equal(blocks_next(&blocks, &block, &has_more), ERR_OK);
    assert_false(has_more);
    blocks_close(&blocks);
    assert_int_equal(fclose(file), 0);
}

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    struct blocks blocks;
    CLEANUP(block_release) struct block block = { .number = 0 };
    bool has_more = true;
    assert_int_equal(blocks_open(&blocks, "/nonexistent/alerts"), ERR_IO);
    assert_int_equal(errno, ENOENT);
    blocks_close(&blocks);
    assert_int_equal(blocks_open(&blocks, "/"), ERR_OK);
    assert_int_equal(blocks_next(&blocks, &block, &has_more), ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_false(has_more);
    assert_int_equal(blocks_next(&blocks, &block, &has_more), ERR_OK);
    assert_false(has_more);
    blocks_close(&blocks);
    blocks_close(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_hold_whole_lines_wherever_reads_end),
        cmocka_unit_test(lines_are_cut_without_their_ends),
        cmocka_unit_test(a_file_of_many_blocks_comes_back_as_it_is),
        cmocka_unit_test(a_line_past_all_bounds_comes_in_parts_of_bounded_size),
        cmocka_unit_test(the_rest_is_everything_that_was_not_handed_out),
        cmocka_unit_test(a_file_that_shrinks_while_it_is_read_is_no_crash),
        cmocka_unit_test(what_cannot_be_read_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
