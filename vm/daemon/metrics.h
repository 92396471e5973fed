/* metrics.h - figures of the daemon, as Prometheus reads them. Any thread may write. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

enum metric {
#define METRIC(id, kind, name, label, help) METRIC_##id,
#include "daemon/metrics.def"
#undef METRIC
    METRIC_COUNT
};

enum { METRIC_LABELS_MAX = 64 /* values of one metric's label; more count as "other" */ };

struct metrics;

/* ERR_MEMORY. */
MUST_CHECK enum err metrics_new(struct metrics **ret_metrics);
void metrics_free(struct metrics *metrics);
/* `label` is empty where the metric has none; it is copied. NULL metrics: nothing is counted. */
void metrics_add(struct metrics *metrics, enum metric metric, str label, double amount);
void metrics_set(struct metrics *metrics, enum metric metric, str label, double value);
double metrics_get(struct metrics *metrics, enum metric metric, str label);
/* Of all its labels together. */
double metrics_sum(struct metrics *metrics, enum metric metric);
/* The labels whose value is not 0, at most METRIC_LABELS_MAX + 1, in `arena`. ERR_MEMORY. */
MUST_CHECK enum err metrics_raised(struct metrics *metrics, enum metric metric, struct arena *arena,
    str **ret_labels, size_t *ret_count);
/* The text exposition format, version 0.0.4, all metrics in the order of metrics.def. ERR_MEMORY. */
MUST_CHECK enum err metrics_write(struct metrics *metrics, struct buf *out);
