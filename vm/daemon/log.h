/* log.h - what the daemon says of itself: one line an event, on standard error.
 *
 * Text: "2026-01-02T03:04:05.678Z warning: words key=value". JSON: an object a line with "at",
 * "level", "message" and the fields. Values are made safe: one event is one line, whatever an alert
 * says. Any thread may write.
 */
#pragma once

#include "base/attr.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include "host/clock.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
    int fd;
    enum log_level most; /* nothing beyond it is written */
    bool is_json;
    struct clock *clock;
};

/* A field of an event: `text`, unless that is NULL; then `number`. */
struct log_field {
    const char *key;
    str text;
    int64_t number;
};

/* `message` is a sentence of our own; `fields` may be NULL. Lines over 16 KiB are cut. Never fails: what cannot be
 * written is lost. */
void log_write(const struct log *log, enum log_level level, const char *message,
    const struct log_field *fields, size_t count);
#define LOG(log, level, message, ...)                                                              \
    log_write(log, level, message, (const struct log_field[]){ __VA_ARGS__ },                      \
        sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))
#define LOG_TEXT(name, value)                                                                      \
    {                                                                                              \
        .key = (name), .text = (value)                                                             \
    }
#define LOG_NUMBER(name, value)                                                                    \
    {                                                                                              \
        .key = (name), .number = (value)                                                           \
    }

/* For a line that somebody can cause who has shown no secret: one a second, so that nobody fills the disk
 * with them. Zeroed it is ready; one for each kind of line. Any thread may ask. */
struct log_limiter {
    atomic_int_fast64_t next_ms;
    atomic_uint_fast64_t left_out;
};
/* Whether the line may be written at `now_ms`; then *ret_left_out is how many were not since the last
 * one, to be told in it. A clock that was set back by over a second lets one through. */
MUST_CHECK bool log_may(struct log_limiter *limiter, int64_t now_ms, int64_t *ret_left_out);
