/* test_metrics.c - the figures, and that Prometheus can read them: by a strict reader of the text
 * format here, and by promtool where the machine has one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int begin(void **state)
{
    struct metrics *metrics = NULL;
    assert_int_equal(metrics_new(&metrics), ERR_OK);
    *state = metrics;
    return 0;
}

static int end(void **state)
{
    metrics_free(*state);
    return 0;
}

/* The text; the caller frees it. */
static char *text_of(struct metrics *metrics)
{
    struct buf out = BUF_INIT(1 << 20);
    assert_int_equal(metrics_write(metrics, &out), ERR_OK);
    return out.ptr;
}

static void take(const char **at, const char *expected)
{
    assert_true(strncmp(*at, expected, strlen(expected)) == 0);
    *at += strlen(expected);
}

static size_t name_length(const char *at)
{
    return strspn(at, "abcdefghijklmnopqrstuvwxyz_");
}

/* {label="value"} with the three escapes that there are. */
static void read_label(const char **at)
{
    take(at, "{");
    assert_true(name_length(*at) > 0);
    *at += name_length(*at);
    take(at, "=\"");
    for (; **at != '"'; (*at)++) {
        assert_true(**at != '\0' && **at != '\n');
        if (**at == '\\') {
            (*at)++;
            assert_non_null(strchr("\\\"n", **at));
        }
    }
    take(at, "\"}");
}

static void read_number(const char **at)
{
    char *after = NULL;
    (void)strtod(*at, &after);
    assert_true(after > *at);
    *at = after;
}

/* Family after family: HELP, TYPE, samples of that name, each once. Returns how many samples. */
static size_t read_strictly(const char *at)
{
    size_t samples = 0;
    while (*at != '\0') {
        char name[80];
        take(&at, "# HELP ");
        size_t length = name_length(at);
        assert_true(length > 4 && length < sizeof name - 2);
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        at = strchr(at, '\n') + 1;
        take(&at, "# TYPE ");
        take(&at, name);
        bool is_counter = strncmp(at, " counter\n", 9) == 0;
        take(&at, is_counter ? " counter\n" : " gauge\n");
        assert_int_equal(strcmp(name + length - 6, "_total") == 0, is_counter);
        while (*at != '\0' && *at != '#') {
            take(&at, name);
            if (*at == '{')
                read_label(&at);
            take(&at, " ");
            read_number(&at);
            take(&at, "\n");
            samples++;
        }
    }
    return samples;
}

static void figures_are_told_in_the_order_of_their_rows(void **state)
{
    struct metrics *metrics = *state;
    metrics_add(metrics, METRIC_ALERTS_RECEIVED, STR("webhook hook"), 2);
    metrics_add(metrics, METRIC_ALERTS_RECEIVED, STR("api"), 1);
    metrics_add(metrics, METRIC_ALERTS_RECEIVED, STR("api"), 2);
    metrics_set(metrics, METRIC_CANARY_LAST, STR(""), 1767322994.5);
    char *text = text_of(metrics);
    const char *head = "# HELP cdr_alerts_received_total alerts that came in and are on disk\n"
                       "# TYPE cdr_alerts_received_total counter\n"
                       "cdr_alerts_received_total{way=\"webhook hook\"} 2\n"
                       "cdr_alerts_received_total{way=\"api\"} 3\n"
                       "# HELP cdr_alerts_known_total ";
    assert_true(strncmp(text, head, strlen(head)) == 0);
    assert_non_null(strstr(text, "\ncdr_canary_last_success_timestamp_seconds 1767322994.5\n"));
    assert_non_null(strstr(text, "\ncdr_store_failed 0\n"));
    assert_true(metrics_get(metrics, METRIC_ALERTS_RECEIVED, STR("api")) == 3);
    assert_true(metrics_get(metrics, METRIC_ALERTS_RECEIVED, STR("unheard")) == 0);
    assert_true(metrics_sum(metrics, METRIC_ALERTS_RECEIVED) == 5);
    (void)read_strictly(text);
    free(text);
}

static void a_hostile_label_is_one_sample(void **state)
{
    struct metrics *metrics = *state;
    size_t before = 0;
    char *text = text_of(metrics);
    before = read_strictly(text);
    free(text);
    metrics_set(metrics, METRIC_WAY_SILENT, STR("a\"} 1\ncdr_paused 7\n\\\xff"), 1);
    text = text_of(metrics);
    assert_int_equal(read_strictly(text), before + 1);
    assert_non_null(
        strstr(text, "cdr_way_silent{way=\"a\\\"} 1\\ncdr_paused 7\\n\\\\\xef\xbf\xbd\"} 1\n"));
    free(text);
}

static void labels_beyond_the_ceiling_count_as_other(void **state)
{
    struct metrics *metrics = *state;
    for (int at = 0; at < 1000; at++) {
        char name[16];
        snprintf(name, sizeof name, "way %d", at);
        metrics_add(metrics, METRIC_ALERTS_KNOWN, str_from(name), 1);
    }
    assert_true(metrics_get(metrics, METRIC_ALERTS_KNOWN, STR("way 63")) == 1);
    assert_true(metrics_get(metrics, METRIC_ALERTS_KNOWN, STR("way 64")) == 0);
    assert_true(metrics_get(metrics, METRIC_ALERTS_KNOWN, STR("other")) == 936);
    char *text = text_of(metrics);
    (void)read_strictly(text);
    free(text);
}

static void numbers_that_are_none_are_told_as_such(void **state)
{
    struct metrics *metrics = *state;
    metrics_set(metrics, METRIC_PAUSED, STR(""), NAN);
    metrics_set(metrics, METRIC_RULES_STALE, STR(""), INFINITY);
    metrics_set(metrics, METRIC_RUNS_OPEN, STR(""), -1e300);
    char *text = text_of(metrics);
    assert_non_null(strstr(text, "\ncdr_paused NaN\n"));
    assert_non_null(strstr(text, "\ncdr_rules_stale +Inf\n"));
    (void)read_strictly(text);
    free(text);
}

static void without_metrics_nothing_is_counted(void **state)
{
    (void)state;
    metrics_add(NULL, METRIC_PAUSED, STR(""), 1);
    metrics_set(NULL, METRIC_PAUSED, STR(""), 1);
    assert_true(metrics_get(NULL, METRIC_PAUSED, STR("")) == 0);
    metrics_free(NULL);
}

enum { THREADS = 4, ADDITIONS = 20000 };

static void *add_many(void *self)
{
    for (int at = 0; at < ADDITIONS; at++) {
        metrics_add(self, METRIC_ALERTS_EVALUATED, STR(""), 1);
        metrics_add(self, METRIC_ALERTS_RECEIVED, at % 2 == 0 ? STR("a") : STR("b"), 1);
    }
    return NULL;
}

static void no_addition_of_many_threads_is_lost(void **state)
{
    struct metrics *metrics = *state;
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, add_many, metrics), 0);
    for (int at = 0; at < 20; at++) {
        char *text = text_of(metrics);
        (void)read_strictly(text);
        free(text);
    }
    for (int at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
    assert_true(metrics_get(metrics, METRIC_ALERTS_EVALUATED, STR("")) == THREADS * ADDITIONS);
    assert_true(metrics_get(metrics, METRIC_ALERTS_RECEIVED, STR("b")) == THREADS * ADDITIONS / 2);
}

static void promtool_has_nothing_to_say(void **state)
{
    struct metrics *metrics = *state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        print_message("skipped: no promtool\n");
        skip();
    }
    metrics_add(metrics, METRIC_ALERTS_RECEIVED, STR("odd \"way\"\n"), 2);
    char *text = text_of(metrics);
    FILE *judge = popen("promtool check metrics", "w");
    assert_non_null(judge);
    fputs(text, judge);
    free(text);
    assert_int_equal(pclose(judge), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(figures_are_told_in_the_order_of_their_rows),
        TEST(a_hostile_label_is_one_sample),
        TEST(labels_beyond_the_ceiling_count_as_other),
        TEST(numbers_that_are_none_are_told_as_such),
        TEST(without_metrics_nothing_is_counted),
        TEST(no_addition_of_many_threads_is_lost),
        TEST(promtool_has_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
