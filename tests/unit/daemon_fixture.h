/* daemon_fixture.h - so much of the daemon as a way in needs: journal, intake, metrics, a log that
 * is a file. Nothing evaluates. */
#pragma once

#include "fake_time.h"
#include "serve/daemon.h"
#include "serve/ways.h"
#include "store_fixture.h"

#include <sys/stat.h>

struct daemon_fixture {
    struct fixture store;
    char log_path[120];
    struct driver driver;
    struct daemon daemon;
    struct arena arena;
};

/* In `f`, whose store was opened; `clock` is the log's, and of all that asks for the time. */
static inline void daemon_begin(struct daemon_fixture *f, struct clock *clock)
{
    snprintf(f->log_path, sizeof f->log_path, "%s/log", f->store.scratch.path);
    f->driver = (struct driver){ .clock = clock };
    f->daemon = (struct daemon){ .driver = &f->driver,
        .store = f->store.store,
        .data = f->store.directory,
        .log = { .fd = open(f->log_path, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600),
            .most = LOG_LEVEL_DEBUG,
            .clock = clock } };
    assert_true(f->daemon.log.fd >= 0);
    assert_int_equal(metrics_new(&f->daemon.metrics), ERR_OK);
    const struct intake_options options = { .store = f->store.store };
    assert_int_equal(intake_start(&options, &f->daemon.intake), ERR_OK);
}

static inline void daemon_end(struct daemon_fixture *f)
{
    ways_stop(&f->daemon);
    intake_stop(f->daemon.intake);
    metrics_free(f->daemon.metrics);
    close(f->daemon.log.fd);
    arena_release(&f->arena);
    arena_release(&f->driver.arena);
    f->daemon = (struct daemon){ .driver = NULL };
}

/* How often `text` stands in the log. */
static inline size_t daemon_logged(struct daemon_fixture *f, const char *text)
{
    static const size_t most = (size_t)1024 * 1024;
    char *bytes = calloc(1, most);
    int fd = open(f->log_path, O_RDONLY | O_CLOEXEC);
    assert_non_null(bytes);
    assert_true(fd >= 0 && read(fd, bytes, most - 1) >= 0);
    close(fd);
    size_t count = 0;
    for (const char *at = strstr(bytes, text); at != NULL; at = strstr(at + 1, text))
        count++;
    free(bytes);
    return count;
}

/* The texts of all alerts, oldest first, each with a newline; in the fixture's arena. */
static inline str daemon_alerts(struct daemon_fixture *f)
{
    struct alert_record *alerts;
    struct buf all = BUF_INIT((size_t)64 * 1024 * 1024);
    size_t count;
    int64_t after = 0;
    do {
        struct arena arena = { 0 };
        assert_int_equal(
            alerts_waiting(f->daemon.store, after, 500, &arena, &alerts, &count), ERR_OK);
        for (size_t at = 0; at < count; at++) {
            buf_add(&all, alerts[at].text);
            buf_add_byte(&all, '\n');
            after = alerts[at].id;
        }
        arena_release(&arena);
    } while (count > 0);
    str kept = arena_copy(&f->arena, buf_str(&all));
    buf_release(&all);
    return kept;
}

/* Wait until the alerts are these; fails after a minute in which none came: a slow disk syncs for
 * each of many. */
static inline void daemon_await(struct daemon_fixture *f, const char *expected)
{
    str have = STR("");
    for (int at = 0; at < 1200; at++) {
        size_t had = have.len;
        have = daemon_alerts(f);
        if (str_is(have, expected))
            return;
        if (have.len > had)
            at = 0;
        usleep(50 * 1000);
    }
    fail_msg("the alerts are %.*s, not %s", STR_ARG(have), expected);
}
