/* log.h - what the daemon says of itself: one line an event, on standard error.
 *
 * Text: "2026-01-02T03:04:05.678Z warning: words key=value". JSON: an object a line with "at",
 * "level", "message" and the fields. Values are made safe: one event is one line, whatever an alert
 * says. Any thread may write.
 */
#pragma once

#include "base/attr.h"
#include "base/str.h"
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
