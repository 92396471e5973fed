/* test_log.c - one event is one line, whatever is in it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/log.h"

#include "fake_time.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 4 * 1024 * 1024 };

/* A log into a file of its own. */
struct fixture {
    struct fake_time time;
    struct log log;
    FILE *file;
    char *text;
};

static int begin(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->time = (struct fake_time)FAKE_TIME;
    fixture->time.now_ms = INT64_C(1767322994005);
    fixture->file = tmpfile();
    fixture->text = calloc(1, TEXT_MAX);
    assert_non_null(fixture->file);
    assert_non_null(fixture->text);
    fixture->log = (struct log){
        .fd = fileno(fixture->file), .most = LOG_LEVEL_INFO, .clock = &fixture->time.clock
    };
    *state = fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    fclose(fixture->file);
    free(fixture->text);
    free(fixture);
    return 0;
}

static const char *written(struct fixture *fixture)
{
    ssize_t got = pread(fixture->log.fd, fixture->text, TEXT_MAX - 1, 0);
    assert_true(got >= 0);
    fixture->text[got] = '\0';
    return fixture->text;
}

static size_t lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void an_event_is_a_line_with_its_fields(void **state)
{
    struct fixture *fixture = *state;
    LOG(&fixture->log, LOG_LEVEL_WARNING, "the way in is silent",
        LOG_TEXT("way", STR("webhook hook")), LOG_NUMBER("minutes", 61),
        LOG_TEXT("source", STR("guardduty")));
    assert_string_equal(written(fixture),
        "2026-01-02T03:03:14.005Z warning: the way in is silent way=\"webhook hook\" minutes=61 "
        "source=guardduty\n");
}

static void an_event_without_fields_is_a_line_too(void **state)
{
    struct fixture *fixture = *state;
    log_write(&fixture->log, LOG_LEVEL_INFO, "ready", NULL, 0);
    assert_string_equal(written(fixture), "2026-01-02T03:03:14.005Z info: ready\n");
}

static void what_is_beyond_the_level_is_not_written(void **state)
{
    struct fixture *fixture = *state;
    log_write(&fixture->log, LOG_LEVEL_DEBUG, "much", NULL, 0);
    assert_string_equal(written(fixture), "");
    fixture->log.most = LOG_LEVEL_ERROR;
    log_write(&fixture->log, LOG_LEVEL_WARNING, "some", NULL, 0);
    assert_string_equal(written(fixture), "");
}

/* A newline, a carriage return, an escape sequence, a NUL, the separators of Unicode, bytes that
 * are no UTF-8, and words that look like another event. */
#define HOSTILE STR("a\n2026-01-02T03:04:05.678Z error: forged\r\x1b[2J\0\xe2\x80\xa8\xff\" b=\x7f")

static void a_hostile_text_is_one_line(void **state)
{
    struct fixture *fixture = *state;
    LOG(&fixture->log, LOG_LEVEL_INFO, "came in", LOG_TEXT("name", HOSTILE), LOG_NUMBER("n", 1));
    const char *text = written(fixture);
    assert_int_equal(lines(text), 1);
    assert_non_null(strstr(text, "name=\"a\\n2026-01-02T03:04:05.678Z error: forged\\r\\u001b[2J"
                                 "\\u0000\\u2028\xef\xbf\xbd\\\" b=\\u007f\" n=1\n"));
}

static void a_message_that_holds_a_newline_is_one_line(void **state)
{
    struct fixture *fixture = *state;
    log_write(&fixture->log, LOG_LEVEL_INFO, "two\nlines", NULL, 0);
    assert_int_equal(lines(written(fixture)), 1);
}

static void json_is_an_object_a_line_for_any_bytes(void **state)
{
    struct fixture *fixture = *state;
    fixture->log.is_json = true;
    LOG(&fixture->log, LOG_LEVEL_ERROR, "a \"sentence\"\n", LOG_TEXT("name", HOSTILE),
        LOG_NUMBER("n", INT64_MIN), LOG_TEXT("none", STR("")));
    const char *text = written(fixture);
    assert_int_equal(lines(text), 1);
    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "at")), "2026-01-02T03:03:14.005Z");
    assert_string_equal(json_string_value(json_object_get(json, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(json, "message")), "a \"sentence\"\n");
    assert_int_equal(json_string_length(json_object_get(json, "name")), 57);
    assert_true(json_integer_value(json_object_get(json, "n")) == INT64_MIN);
    assert_string_equal(json_string_value(json_object_get(json, "none")), "");
    json_decref(json);
}

static void a_long_text_is_cut_and_the_line_stays_whole(void **state)
{
    struct fixture *fixture = *state;
    static const char fillers[] = { 'x', '\n', '\xff', '"' };
    char *big = malloc(1 << 20);
    for (size_t at = 0; at < sizeof fillers; at++)
        for (int is_json = 0; is_json < 2; is_json++) {
            memset(big, fillers[at], 1 << 20);
            fixture->log.is_json = is_json != 0;
            LOG(&fixture->log, LOG_LEVEL_INFO, "came in", LOG_TEXT("name", ((str){ big, 1 << 20 })),
                LOG_TEXT("more", ((str){ big, 20000 })), LOG_NUMBER("n", 7));
        }
    free(big);
    char *rest = NULL;
    (void)written(fixture);
    assert_int_equal(lines(fixture->text), 2 * sizeof fillers);
    for (char *line = strtok_r(fixture->text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        assert_true(strlen(line) < 16 * 1024);
        assert_non_null(strstr(line, "..."));
        if (line[0] != '{')
            continue;
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        json_decref(json);
    }
}

enum { THREADS = 8, EVENTS = 200 };

static void *write_many(void *self)
{
    struct fixture *fixture = self;
    char text[6000];
    memset(text, 'y', sizeof text);
    for (int at = 0; at < EVENTS; at++)
        LOG(&fixture->log, LOG_LEVEL_INFO, "came in",
            LOG_TEXT("name", ((str){ text, sizeof text })));
    return NULL;
}

static void threads_do_not_write_into_each_others_lines(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[THREADS];
    int ends[2];
    assert_int_equal(pipe(ends), 0); /* where long writes are taken in pieces */
    fixture->log.fd = ends[1];
    for (int at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, write_many, fixture), 0);
    FILE *reader = fdopen(ends[0], "r");
    char *line = NULL;
    size_t room = 0;
    for (int at = 0; at < THREADS * EVENTS; at++) {
        assert_true(getline(&line, &room, reader) > 6000);
        assert_true(strncmp(line, "2026-01-02T03:03:14.005Z info: came in name=yyyy", 47) == 0);
        assert_true(strspn(line + 44, "y") == 6000 && line[6044] == '\n');
    }
    for (int at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
    free(line);
    fclose(reader);
    close(ends[1]);
}

static void a_log_that_nobody_reads_stops_nobody(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    char filler[4096] = { 0 };
    while (write(ends[1], filler, sizeof filler) > 0)
        ;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    fixture->log.fd = ends[1];
    log_write(&fixture->log, LOG_LEVEL_INFO, "lost", NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static void a_line_that_strangers_cause_comes_once_a_second(void **state)
{
    (void)state;
    struct log_limiter limiter = { 0 };
    int64_t left_out = -1;
    assert_true(log_may(&limiter, 5000, &left_out));
    assert_int_equal(left_out, 0);
    for (int again = 0; again < 100; again++)
        assert_false(log_may(&limiter, 5000 + again, &left_out));
    assert_false(log_may(&limiter, 5999, &left_out));
    assert_true(log_may(&limiter, 6000, &left_out));
    assert_int_equal(left_out, 101);
    assert_false(log_may(&limiter, 6500, &left_out));
    /* The clock was set back. */
    assert_true(log_may(&limiter, 1000, &left_out));
    assert_int_equal(left_out, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_a_line_with_its_fields),
        TEST(an_event_without_fields_is_a_line_too),
        TEST(what_is_beyond_the_level_is_not_written),
        TEST(a_hostile_text_is_one_line),
        TEST(a_message_that_holds_a_newline_is_one_line),
        TEST(json_is_an_object_a_line_for_any_bytes),
        TEST(a_long_text_is_cut_and_the_line_stays_whole),
        TEST(threads_do_not_write_into_each_others_lines),
        TEST(a_log_that_nobody_reads_stops_nobody),
        cmocka_unit_test(a_line_that_strangers_cause_comes_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
