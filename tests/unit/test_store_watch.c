/* test_store_watch.c - a journal that fails is told once, whoever fails and however often. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/store_watch.h"

#include "fake_time.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct fake_time time;
    struct log log;
    FILE *file;
    struct metrics *metrics;
    struct store_watch *watch;
    char text[4096];
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){ .time = FAKE_TIME, .file = tmpfile() };
    assert_non_null(f->file);
    f->log = (struct log){ .fd = fileno(f->file), .most = LOG_LEVEL_INFO, .clock = &f->time.clock };
    assert_int_equal(metrics_new(&f->metrics), ERR_OK);
    assert_int_equal(store_watch_new(&f->log, f->metrics, &f->watch), ERR_OK);
}

static void end(struct fixture *f)
{
    store_watch_free(f->watch);
    metrics_free(f->metrics);
    fclose(f->file);
}

static size_t said(struct fixture *f, const char *words)
{
    size_t count = 0;
    ssize_t got = pread(f->log.fd, f->text, sizeof f->text - 1, 0);
    f->text[got > 0 ? got : 0] = '\0';
    for (const char *at = f->text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void what_fails_each_second_is_told_once(void **state)
{
    UNUSED void **none = state;
    struct fixture f;
    struct arena arena = { 0 };
    begin(&f);
    assert_int_equal(store_watch_reason(f.watch, &arena).len, 0);
    for (int second = 0; second < 20; second++) {
        store_watch_failed(f.watch, "evaluating alerts", "database or disk is full");
        store_watch_tick(f.watch);
    }
    assert_int_equal(said(&f, "error: the journal cannot be written"), 1);
    assert_int_equal(said(&f, "database or disk is full"), 1);
    assert_true(metrics_get(f.metrics, METRIC_STORE_FAILED, STR("")) == 1);
    assert_true(str_equal(store_watch_reason(f.watch, &arena), STR("database or disk is full")));
    arena_release(&arena);
    end(&f);
}

static void it_is_well_again_when_nobody_has_failed_for_a_while(void **state)
{
    UNUSED void **none = state;
    struct fixture f;
    begin(&f);
    store_watch_failed(f.watch, "taking alerts in", "database or disk is full");
    for (int second = 0; second < STORE_WATCH_QUIET_TICKS; second++)
        store_watch_tick(f.watch);
    assert_true(metrics_get(f.metrics, METRIC_STORE_FAILED, STR("")) == 1);
    store_watch_tick(f.watch);
    store_watch_tick(f.watch);
    assert_true(metrics_get(f.metrics, METRIC_STORE_FAILED, STR("")) == 0);
    assert_int_equal(said(&f, "info: the journal is written again"), 1);
    store_watch_failed(f.watch, "taking alerts in", "disk I/O error");
    assert_int_equal(said(&f, "error: the journal cannot be written"), 2);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fails_each_second_is_told_once),
        cmocka_unit_test(it_is_well_again_when_nobody_has_failed_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
