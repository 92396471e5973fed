/* Files that grow, are rotated, cut off, deleted: every line once, also with a kill -9 anywhere. */
#include "daemon_fixture.h"

#include <signal.h>
#include <sys/wait.h>

struct world {
    struct daemon_fixture f;
    struct connection_setting settings[2];
    struct daemon_block block;
    struct fake_time time;
    char path[120]; /* of the file or directory that is followed */
};

static int64_t real_elapsed(struct clock *clock)
{
    char boot[BOOT_TEXT_MAX];
    (void)clock;
    return clock_system()->elapsed_ms(clock_system(), boot);
}

/* The clock goes as fast as any, and can be put forward. */
static int64_t moved_elapsed(struct clock *clock, char boot[static BOOT_TEXT_MAX])
{
    struct fake_time *fake = (struct fake_time *)clock;
    boot[0] = '\0';
    return __atomic_load_n(&fake->elapsed_ms, __ATOMIC_RELAXED) + real_elapsed(clock);
}

static int64_t moved_now(struct clock *clock)
{
    return ((struct fake_time *)clock)->now_ms;
}

static void let_pass(struct world *w, int64_t duration_ms)
{
    __atomic_fetch_add(&w->time.elapsed_ms, duration_ms, __ATOMIC_RELAXED);
}

static void start(struct world *w)
{
    const struct program program = { .daemon_blocks = &w->block, .daemon_block_count = 1 };
    const char *reason = "";
    daemon_begin(&w->f, &w->time.clock);
    enum err err = ways_start(&w->f.daemon, &program, &w->f.arena, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
}

static void prepare(struct world *w, const char *source)
{
    *w = (struct world){ .f = { .store = fixture_new() },
        .time = { .clock = { .now_ms = moved_now, .elapsed_ms = moved_elapsed }, .now_ms = 1000 } };
    snprintf(w->path, sizeof w->path, "%s/in", w->f.store.scratch.path);
    w->settings[0] = (struct connection_setting){ .key = STR("path"), .text = str_from(w->path) };
    w->settings[1] = (struct connection_setting){ .key = STR("source"), .text = str_from(source) };
    w->block = (struct daemon_block){ .kind = STR("follow"),
        .name = STR("f"),
        .settings = w->settings,
        .setting_count = source[0] == '\0' ? 1 : 2 };
}

static void stop(struct world *w)
{
    daemon_end(&w->f);
}

static void release(struct world *w)
{
    fixture_release(&w->f.store);
}

static void append(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void in_directory(struct world *w, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", w->path, name);
    append(path, text);
}

/* Long enough for a look or two. */
static void wait_for_looks(void)
{
    usleep(1300 * 1000);
}

static int64_t number_of(struct world *w, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(
        sqlite3_prepare_v2(w->f.store.store->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void lines_are_alerts_and_none_comes_twice(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "");
    append(w.path, "{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":");
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n");
    append(w.path, "3}\n");
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    stop(&w);
    start(&w);
    append(w.path, "{\"a\":4}\n");
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n");
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_ALERTS_RECEIVED, STR("follow f")) == 1);
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_ALERTS_KNOWN, STR("follow f")) == 0);
    stop(&w);
    release(&w);
}

static void a_file_that_was_rotated_is_read_to_its_end_first(void **state)
{
    (void)state;
    struct world w;
    char old[200];
    prepare(&w, "");
    snprintf(old, sizeof old, "%s.1", w.path);
    append(w.path, "{\"a\":1}\n");
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n");
    assert_int_equal(rename(w.path, old), 0);
    append(old, "{\"a\":2}\n");
    append(w.path, "{\"a\":3}\n");
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    append(old, "{\"a\":4}\n{\"a\":5");
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n");
    wait_for_looks();
    let_pass(&w, 11000);
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5\n");
    stop(&w);
    release(&w);
}

static void a_file_that_was_rotated_while_nobody_looked_is_found(void **state)
{
    (void)state;
    struct world w;
    char old[200];
    prepare(&w, "");
    snprintf(old, sizeof old, "%s.1", w.path);
    append(w.path, "{\"a\":1}\n");
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n");
    stop(&w);
    append(w.path, "{\"a\":2}\n");
    assert_int_equal(rename(w.path, old), 0);
    append(w.path, "{\"a\":3}\n");
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    stop(&w);
    release(&w);
}

static void a_file_that_was_cut_off_begins_anew(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "");
    append(w.path, "{\"long\":1}\n{\"long\":2}\n");
    start(&w);
    daemon_await(&w.f, "{\"long\":1}\n{\"long\":2}\n");
    assert_int_equal(truncate(w.path, 0), 0);
    append(w.path, "{\"b\":1}\n");
    daemon_await(&w.f, "{\"long\":1}\n{\"long\":2}\n{\"b\":1}\n");
    assert_int_equal(daemon_logged(&w.f, "a file was cut off"), 1);
    stop(&w);
    /* Cut off and grown past where we were, while nobody looked: it begins otherwise. */
    assert_int_equal(truncate(w.path, 0), 0);
    append(w.path, "{\"c\":1}\n{\"c\":2}\n{\"c\":3}\n");
    start(&w);
    daemon_await(&w.f, "{\"long\":1}\n{\"long\":2}\n{\"b\":1}\n{\"c\":1}\n{\"c\":2}\n{\"c\":3}\n");
    assert_int_equal(daemon_logged(&w.f, "a file begins otherwise"), 1);
    stop(&w);
    release(&w);
}

static void another_file_of_the_same_inode_and_size_begins_anew(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "");
    append(w.path, "{\"a\":1}\n");
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n");
    stop(&w);
    assert_int_equal(truncate(w.path, 0), 0);
    append(w.path, "{\"a\":2}\n");
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n");
    stop(&w);
    release(&w);
}

static void a_last_line_without_end_waits_until_it_is_quiet_and_whole(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "");
    append(w.path, "{\"a\":1}\n{\"a\":2}");
    start(&w);
    wait_for_looks();
    daemon_await(&w.f, "{\"a\":1}\n");
    let_pass(&w, 11000);
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n");
    append(w.path, "\n{\"a\":3}\n{\"half");
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    wait_for_looks();
    let_pass(&w, 11000);
    wait_for_looks();
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    stop(&w);
    release(&w);
}

static void lines_of_a_directory_come_in_the_order_of_its_names(void **state)
{
    (void)state;
    struct world w;
    char other[200];
    char link[200];
    prepare(&w, "");
    assert_int_equal(mkdir(w.path, 0700), 0);
    in_directory(&w, "c", "{\"c\":1}\n");
    in_directory(&w, "a", "{\"a\":1}\n");
    in_directory(&w, "b", "{\"b\":1}\n");
    in_directory(&w, ".hidden", "{\"hidden\":1}\n");
    in_directory(&w, "old.gz", "zipped\n");
    snprintf(other, sizeof other, "%s/other", w.f.store.scratch.path);
    append(other, "{\"other\":1}\n");
    snprintf(link, sizeof link, "%s/link", w.path);
    assert_int_equal(symlink(other, link), 0);
    snprintf(link, sizeof link, "%s/pipe", w.path);
    assert_int_equal(mkfifo(link, 0600), 0);
    start(&w);
    daemon_await(&w.f, "{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n");
    in_directory(&w, "d", "{\"d\":1}\n");
    daemon_await(&w.f, "{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n{\"d\":1}\n");
    assert_int_equal(daemon_logged(&w.f, "no regular file"), 1);
    stop(&w);
    release(&w);
}

/* Whoever may write into the directory does not say which other files are read. */
static void a_link_in_a_directory_is_not_followed(void **state)
{
    (void)state;
    struct world w;
    char other[200];
    char link[200];
    prepare(&w, "");
    assert_int_equal(mkdir(w.path, 0700), 0);
    in_directory(&w, "b", "{\"b\":1}\n");
    snprintf(other, sizeof other, "%s/other", w.f.store.scratch.path);
    append(other, "{\"other\":1}\n");
    snprintf(link, sizeof link, "%s/a", w.path);
    assert_int_equal(symlink(other, link), 0);
    start(&w);
    daemon_await(&w.f, "{\"b\":1}\n");
    append(other, "{\"other\":2}\n");
    in_directory(&w, "c", "{\"c\":1}\n");
    wait_for_looks();
    daemon_await(&w.f, "{\"b\":1}\n{\"c\":1}\n");
    assert_int_equal(daemon_logged(&w.f, "what is no regular file is not followed"), 1);
    assert_int_equal(daemon_logged(&w.f, "cannot be opened"), 0);
    stop(&w);
    release(&w);
}

/* What is put while a piece of the file is being cut into lines does not say that all of the piece
 * was read. */
static void the_end_within_a_piece_that_was_read_loses_no_line(void **state)
{
    (void)state;
    enum { ALL = 2500, PUT = 1000 };
    struct world w;
    struct buf expected = BUF_INIT(1 << 20);
    prepare(&w, "");
    for (int line = 0; line < ALL; line++)
        buf_addf(&expected, "{\"line\":%d}\n", line);
    append(w.path, expected.ptr);
    assert_int_equal(sqlite3_exec(w.f.store.store->db,
                         "CREATE TEMP TRIGGER full BEFORE INSERT ON main.alerts WHEN (SELECT "
                         "count(*) FROM main.alerts) >= 1000 BEGIN SELECT raise(ABORT,'full'); END",
                         NULL, NULL, NULL),
        SQLITE_OK);
    start(&w);
    for (int at = 0; at < 200 && daemon_logged(&w.f, "alerts cannot be stored") == 0; at++)
        usleep(50 * 1000);
    stop(&w);
    assert_int_equal(number_of(&w, "SELECT count(*) FROM alerts"), PUT);
    assert_int_equal(
        sqlite3_exec(w.f.store.store->db, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
    start(&w);
    daemon_await(&w.f, expected.ptr);
    assert_int_equal(number_of(&w, "SELECT sum(copies) FROM alerts"), 0);
    stop(&w);
    buf_release(&expected);
    release(&w);
}

static void more_files_than_are_kept_open_are_read(void **state)
{
    (void)state;
    struct world w;
    struct buf expected = BUF_INIT(1 << 20);
    prepare(&w, "");
    assert_int_equal(mkdir(w.path, 0700), 0);
    for (int at = 0; at < 600; at++) {
        char name[16];
        char text[32];
        snprintf(name, sizeof name, "f%04d", at);
        snprintf(text, sizeof text, "{\"f\":%d}\n", at);
        in_directory(&w, name, text);
        buf_addf(&expected, "%s", text);
    }
    start(&w);
    daemon_await(&w.f, expected.ptr);
    in_directory(&w, "f0000", "{\"more\":1}\n");
    buf_addf(&expected, "{\"more\":1}\n");
    daemon_await(&w.f, expected.ptr);
    stop(&w);
    start(&w);
    in_directory(&w, "f0599", "{\"more\":2}\n");
    buf_addf(&expected, "{\"more\":2}\n");
    daemon_await(&w.f, expected.ptr);
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_ALERTS_RECEIVED, STR("follow f")) == 1);
    stop(&w);
    buf_release(&expected);
    release(&w);
}

static void lines_of_cef_are_kept_as_json(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "cef");
    append(w.path, "CEF:0|acme|wall|1|7|drop|5|src=192.0.2.7\nno such line\n");
    start(&w);
    daemon_await(&w.f, "{\"cefVersion\":\"0\",\"deviceVendor\":\"acme\",\"deviceProduct\":\"wall\","
                       "\"deviceVersion\":\"1\",\"deviceEventClassId\":\"7\",\"name\":\"drop\","
                       "\"severity\":\"5\",\"src\":\"192.0.2.7\"}\nno such line\n");
    stop(&w);
    release(&w);
}

static void what_is_no_file_is_refused_and_what_is_not_there_yet_is_waited_for(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "");
    const struct program program = { .daemon_blocks = &w.block, .daemon_block_count = 1 };
    const char *reason = "";
    assert_int_equal(mkfifo(w.path, 0600), 0);
    daemon_begin(&w.f, &w.time.clock);
    assert_int_equal(ways_start(&w.f.daemon, &program, &w.f.arena, &reason), ERR_INVALID);
    assert_non_null(strstr(reason, "neither a file nor a directory"));
    assert_null(w.f.daemon.ways);
    stop(&w);
    assert_int_equal(unlink(w.path), 0);
    start(&w);
    wait_for_looks();
    append(w.path, "{\"a\":1}\n");
    daemon_await(&w.f, "{\"a\":1}\n");
    assert_int_equal(unlink(w.path), 0);
    wait_for_looks();
    append(w.path, "{\"a\":2}\n");
    daemon_await(&w.f, "{\"a\":1}\n{\"a\":2}\n");
    stop(&w);
    release(&w);
}

/* ---- kill -9 ---- */

enum { LINES = 3000 };

/* A process of its own that follows until it is killed; it has started. */
static pid_t follow_elsewhere(struct world *w)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        reopen(&w->f.store);
        start(w);
        assert_int_equal(write(ready[1], "r", 1), 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

/* Lines come all the while, and every 500 the file is rotated. */
static void write_lines(struct world *w, int from, int to)
{
    char text[64];
    char path[160];
    char old[200];
    snprintf(path, sizeof path, "%s/log", w->path);
    for (int line = from; line < to; line++) {
        if (line > 0 && line % 500 == 0) {
            snprintf(old, sizeof old, "%s.%d", path, line);
            assert_int_equal(rename(path, old), 0);
        }
        snprintf(text, sizeof text, "{\"line\":%d}\n", line);
        append(path, text);
    }
}

/* What another process that follows has stored by now. */
static bool has_stored(const struct world *w)
{
    struct arena arena = { 0 };
    struct store *store;
    struct alert_record *alerts;
    const struct alert_filter filter = { .most = 1 };
    const char *reason;
    size_t count = 0;
    if (store_open_reader(w->f.store.directory, &arena, &store, &reason) == ERR_OK) {
        assert_int_equal(alerts_list(store, &filter, &arena, &alerts, &count), ERR_OK);
        store_close(store);
    }
    arena_release(&arena);
    return count > 0;
}

static void every_line_comes_once_whenever_it_is_killed(void **state)
{
    (void)state;
    struct world w;
    prepare(&w, "");
    assert_int_equal(mkdir(w.path, 0700), 0);
    store_close(w.f.store.store);
    w.f.store.store = NULL;
    srand(7);
    for (int at = 0; at < 20; at++) {
        pid_t pid = follow_elsewhere(&w);
        write_lines(&w, LINES / 20 * at, LINES / 20 * at + LINES / 40);
        usleep((useconds_t)(rand() % 150) * 1000);
        write_lines(&w, LINES / 20 * at + LINES / 40, LINES / 20 * (at + 1));
        /* A slow machine kills the others before they come to anything. */
        for (int waited = 0; at == 10 && waited < 3000 && !has_stored(&w); waited++)
            usleep(10 * 1000);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    reopen(&w.f.store);
    assert_true(number_of(&w, "SELECT count(*) FROM alerts") > 0);
    start(&w);
    for (int at = 0; at < 1000 && number_of(&w, "SELECT count(*) FROM alerts") < LINES; at++)
        usleep(10 * 1000);
    wait_for_looks();
    assert_int_equal(number_of(&w, "SELECT count(*) FROM alerts"), LINES);
    assert_int_equal(number_of(&w, "SELECT sum(copies) FROM alerts"), 0);
    stop(&w);
    release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_alerts_and_none_comes_twice),
        cmocka_unit_test(a_file_that_was_rotated_is_read_to_its_end_first),
        cmocka_unit_test(a_file_that_was_rotated_while_nobody_looked_is_found),
        cmocka_unit_test(a_file_that_was_cut_off_begins_anew),
        cmocka_unit_test(another_file_of_the_same_inode_and_size_begins_anew),
        cmocka_unit_test(a_last_line_without_end_waits_until_it_is_quiet_and_whole),
        cmocka_unit_test(lines_of_a_directory_come_in_the_order_of_its_names),
        cmocka_unit_test(a_link_in_a_directory_is_not_followed),
        cmocka_unit_test(the_end_within_a_piece_that_was_read_loses_no_line),
        cmocka_unit_test(more_files_than_are_kept_open_are_read),
        cmocka_unit_test(lines_of_cef_are_kept_as_json),
        cmocka_unit_test(what_is_no_file_is_refused_and_what_is_not_there_yet_is_waited_for),
        cmocka_unit_test(every_line_comes_once_whenever_it_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
