/* alert_text.h - an alert for those who are told of it: functions, webhooks, channels.
 *
 *   {"key": "<names the step to the world, the same however often it is sent>",
 *    "rule": "<name>", "alert": {"source": "guardduty", "severity": "high", ..}}
 *
 * The alert is in the canonical form that cdr itself reads (event.h): each field under its dotted
 * name, those of an alert that no source took left out. Of what would make it longer than
 * ALERT_TEXT_BYTES_MAX the names alone are told, under "omitted". */
#pragma once

#include "base/arena.h"
#include "event.h"

enum { ALERT_TEXT_BYTES_MAX = 240 * 1024 }; /* Lambda takes 256 KB of an asynchronous call */

/* In `arena`. Which fields come depends on the event alone. ERR_MEMORY. */
MUST_CHECK enum err alert_text(
    const struct event *event, str rule, str key, struct arena *arena, str *ret_json);
