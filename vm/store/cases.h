/* cases.h - alerts about the same thing within a window are one case. */
#pragma once

#include "event.h"
#include "store/store.h"

enum { CASE_ENTITIES_MAX = 256 };

struct case_record {
    int64_t id; /* from 1 */
    int64_t opened_ms;
    int64_t last_ms; /* of its newest alert */
    uint64_t alerts;
    uint64_t runs;
    str title; /* of its first alert */
};

/* The case that an alert joins, or a new one: it shares an identifier (host, instance, role,
 * user, access key, security group) with an alert of it that came at most `window_ms` before. */
MUST_CHECK enum err cases_join(struct store *store, const struct event *event, str alert,
    int64_t now_ms, int64_t window_ms, struct arena *arena, int64_t *ret_case);
