/* metrics.c - see metrics.h. Owns the figures; one lock, held for as long as an addition takes.
 *
 * The format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4).
 */
#include "daemon/metrics.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum kind { COUNTER, GAUGE };

/* A metric as metrics.def has it. */
struct row {
    enum kind kind;
    const char *name;
    const char *label;
    const char *help;
};

static const struct row rows[] = {
#define METRIC(id, kind, name, label, help) { kind, name, label, help },
#include "daemon/metrics.def"
#undef METRIC
};

/* One more for those that are too many. */
enum { SERIES_MAX = METRIC_LABELS_MAX + 1 };

struct series {
    str label; /* owned */
    double value;
};

struct family {
    struct series *series; /* owned; room for SERIES_MAX where it has a label, else for one */
    size_t count;
};

struct metrics {
    pthread_mutex_t lock;
    struct family families[METRIC_COUNT];
};

enum err metrics_new(struct metrics **ret_metrics)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL || pthread_mutex_init(&metrics->lock, NULL) != 0) {
        free(metrics);
        return ERR_MEMORY;
    }
    for (size_t at = 0; at < METRIC_COUNT; at++) {
        struct family *family = &metrics->families[at];
        bool has_label = rows[at].label != NULL;
        family->series = calloc(has_label ? SERIES_MAX : 1, sizeof *family->series);
        family->count = has_label ? 0 : 1;
        if (family->series == NULL) {
            metrics_free(metrics);
            return ERR_MEMORY;
        }
    }
    *ret_metrics = metrics;
    return ERR_OK;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t at = 0; at < METRIC_COUNT; at++) {
        struct family *family = &metrics->families[at];
        for (size_t i = 0; family->series != NULL && i < family->count; i++)
            free((void *)(uintptr_t)family->series[i].label.ptr);
        free(family->series);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static struct series *series_find(struct family *family, str label)
{
    for (size_t at = 0; at < family->count; at++)
        if (str_equal(family->series[at].label, label))
            return &family->series[at];
    return NULL;
}

/* A new one with a copy of `label`; NULL when there is no memory or no room. */
static struct series *series_add(struct family *family, str label)
{
    if (family->count == SERIES_MAX)
        return NULL;
    char *copy = malloc(label.len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, label.ptr, label.len);
    copy[label.len] = '\0';
    struct series *series = &family->series[family->count++];
    *series = (struct series){ .label = { copy, label.len } };
    return series;
}

/* The series of that label, made if need be; NULL: no memory. With the lock. */
static struct series *series_of(struct metrics *metrics, enum metric metric, str label)
{
    struct family *family = &metrics->families[metric];
    if (rows[metric].label == NULL)
        return &family->series[0];
    if (label.len == 0 || label.len > NAME_BYTES_MAX)
        label = STR("other");
    struct series *series = series_find(family, label);
    if (series != NULL)
        return series;
    if (family->count < METRIC_LABELS_MAX)
        return series_add(family, label);
    series = series_find(family, STR("other"));
    return series != NULL ? series : series_add(family, STR("other"));
}

void metrics_add(struct metrics *metrics, enum metric metric, str label, double amount)
{
    if (metrics == NULL)
        return;
    pthread_mutex_lock(&metrics->lock);
    struct series *series = series_of(metrics, metric, label);
    if (series != NULL)
        series->value += amount;
    pthread_mutex_unlock(&metrics->lock);
}

void metrics_set(struct metrics *metrics, enum metric metric, str label, double value)
{
    if (metrics == NULL)
        return;
    pthread_mutex_lock(&metrics->lock);
    struct series *series = series_of(metrics, metric, label);
    if (series != NULL)
        series->value = value;
    pthread_mutex_unlock(&metrics->lock);
}

double metrics_get(struct metrics *metrics, enum metric metric, str label)
{
    if (metrics == NULL)
        return 0;
    pthread_mutex_lock(&metrics->lock);
    struct family *family = &metrics->families[metric];
    struct series *series =
        rows[metric].label == NULL ? &family->series[0] : series_find(family, label);
    double value = series == NULL ? 0 : series->value;
    pthread_mutex_unlock(&metrics->lock);
    return value;
}

double metrics_sum(struct metrics *metrics, enum metric metric)
{
    double sum = 0;
    if (metrics == NULL)
        return 0;
    pthread_mutex_lock(&metrics->lock);
    for (size_t at = 0; at < metrics->families[metric].count; at++)
        sum += metrics->families[metric].series[at].value;
    pthread_mutex_unlock(&metrics->lock);
    return sum;
}

enum err metrics_raised(struct metrics *metrics, enum metric metric, struct arena *arena,
    str **ret_labels, size_t *ret_count)
{
    str *labels = ARENA_ARRAY(arena, str, SERIES_MAX);
    bool is_full = labels == NULL;
    size_t count = 0;
    if (is_full)
        return ERR_MEMORY;
    pthread_mutex_lock(&metrics->lock);
    const struct family *family = &metrics->families[metric];
    for (size_t at = 0; at < family->count && !is_full; at++) {
        if (family->series[at].value == 0)
            continue;
        labels[count] = arena_copy(arena, family->series[at].label);
        is_full = labels[count++].ptr == NULL;
    }
    pthread_mutex_unlock(&metrics->lock);
    *ret_labels = labels;
    *ret_count = count;
    return is_full ? ERR_MEMORY : ERR_OK;
}

static void value_add(struct buf *out, double value)
{
    if (isnan(value))
        buf_add(out, STR("NaN"));
    else if (isinf(value))
        buf_add(out, value > 0 ? STR("+Inf") : STR("-Inf"));
    else if (fabs(value) < 1e15 && value == trunc(value))
        buf_addf(out, "%" PRId64, (int64_t)value);
    else
        buf_addf(out, "%.17g", value);
}

/* Label values are UTF-8, in which a backslash, a quote and a newline are escaped. */
static void label_add(struct buf *out, str label)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    uint32_t repairs = 0;
    str text;
    if (utf8_repair(&arena, label, &text, &repairs) != ERR_OK)
        text = STR("other");
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        if (byte == '\\' || byte == '"')
            buf_add_byte(out, '\\');
        if (byte == '\n')
            buf_add(out, STR("\\n"));
        else
            buf_add_byte(out, byte);
    }
}

static void series_write(struct buf *out, const struct row *row, const struct series *series)
{
    buf_add(out, str_from(row->name));
    if (row->label != NULL) {
        buf_addf(out, "{%s=\"", row->label);
        label_add(out, series->label);
        buf_add(out, STR("\"}"));
    }
    buf_add_byte(out, ' ');
    value_add(out, series->value);
    buf_add_byte(out, '\n');
}

enum err metrics_write(struct metrics *metrics, struct buf *out)
{
    pthread_mutex_lock(&metrics->lock);
    for (size_t at = 0; at < METRIC_COUNT; at++) {
        const struct row *row = &rows[at];
        const struct family *family = &metrics->families[at];
        buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
            row->kind == COUNTER ? "counter" : "gauge");
        for (size_t i = 0; i < family->count; i++)
            series_write(out, row, &family->series[i]);
    }
    pthread_mutex_unlock(&metrics->lock);
    return out->err;
}
