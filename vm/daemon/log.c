/* log.c - see log.h.
 *
 * A line is made whole and written at once, under the lock of standard error: a long line of one
 * thread has no line of another in its middle.
 */
#include "daemon/log.h"

#include "base/json_text.h"
#include "base/json_writer.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 16 * 1024,
    LINE_TAIL_BYTES = 64,  /* kept free for the end of the line */
    ESCAPED_BYTES_MAX = 6, /* of one byte: \u00XX */
    KEY_BYTES_MAX = 64,
    MESSAGE_BYTES_MAX = 2048,
    LIMITER_MS = 1000,
    STUCK_MS = 100, /* nobody reads: the line is lost, and the daemon goes on */
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* Always with milliseconds, so that lines sort as text. */
static void time_add(struct buf *line, int64_t ms)
{
    struct civil_time civil = time_civil(ms);
    buf_addf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", civil.year, civil.month, civil.day,
        civil.hour, civil.minute, civil.second, civil.millisecond);
}

/* Whether the text can stand without quotes: one word, and nothing that ends it. */
static bool is_plain(str text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:@+,%#~";
    return text.len > 0 && str_all_of(text, plain);
}

/* As much of a quoted text as `room` bytes surely hold. */
static void quoted_add(struct buf *line, str text, size_t room)
{
    CLEANUP(buf_release) struct buf quoted = BUF_INIT(LINE_BYTES_MAX);
    if (text.len <= LINE_BYTES_MAX)
        json_text_add(&quoted, text);
    if (text.len <= LINE_BYTES_MAX && quoted.err == ERR_OK && quoted.len <= room) {
        buf_add(line, buf_str(&quoted));
        return;
    }
    CLEANUP(buf_release) struct buf cut = BUF_INIT(LINE_BYTES_MAX);
    buf_add(&cut, str_first(text, room / ESCAPED_BYTES_MAX));
    buf_add(&cut, STR("..."));
    json_text_add(line, buf_str(&cut));
}

static size_t room_of(const struct buf *line)
{
    size_t used = line->len + KEY_BYTES_MAX + 2 * LINE_TAIL_BYTES;
    return used < LINE_BYTES_MAX ? LINE_BYTES_MAX - used : 0;
}

static bool field_has_room(const struct buf *line, const struct log_field *field)
{
    return room_of(line) > LINE_TAIL_BYTES && strlen(field->key) <= KEY_BYTES_MAX;
}

static void text_fields(struct buf *line, const struct log_field *fields, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const struct log_field *field = &fields[at];
        if (!field_has_room(line, field))
            continue;
        buf_addf(line, " %s=", field->key);
        if (field->text.ptr == NULL)
            buf_addf(line, "%" PRId64, field->number);
        else if (is_plain(field->text) && field->text.len <= room_of(line))
            buf_add(line, field->text);
        else
            quoted_add(line, field->text, room_of(line));
    }
}

static void json_fields(struct buf *line, const struct log_field *fields, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const struct log_field *field = &fields[at];
        if (!field_has_room(line, field))
            continue;
        buf_add_byte(line, ',');
        json_text_add(line, str_from(field->key));
        buf_add_byte(line, ':');
        if (field->text.ptr == NULL)
            buf_addf(line, "%" PRId64, field->number);
        else
            quoted_add(line, field->text, room_of(line));
    }
}

/* The sentence as it is; escaped where it holds what could end the line. */
static void message_add(struct buf *line, str message)
{
    bool is_clean = true;
    for (size_t at = 0; at < message.len; at++)
        is_clean &= message.ptr[at] >= ' ' && message.ptr[at] < 0x7f;
    if (is_clean)
        buf_add(line, str_first(message, MESSAGE_BYTES_MAX));
    else
        quoted_add(line, message, MESSAGE_BYTES_MAX);
}

static void text_line(struct buf *line, const struct log *log, enum log_level level,
    const char *message, const struct log_field *fields, size_t count)
{
    time_add(line, log->clock->now_ms(log->clock));
    buf_addf(line, " %s: ", level_names[level]);
    message_add(line, str_from(message));
    text_fields(line, fields, count);
}

static void json_line(struct buf *line, const struct log *log, enum log_level level,
    const char *message, const struct log_field *fields, size_t count)
{
    buf_add(line, STR("{\"at\":\""));
    time_add(line, log->clock->now_ms(log->clock));
    buf_addf(line, "\",\"level\":\"%s\",\"message\":", level_names[level]);
    quoted_add(line, str_from(message), MESSAGE_BYTES_MAX);
    json_fields(line, fields, count);
    buf_add_byte(line, '}');
}

static void line_put(int fd, str line)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    while (line.len > 0 && poll(&ready, 1, STUCK_MS) == 1) {
        ssize_t written = write(fd, line.ptr, line.len);
        if (written < 0 && errno != EINTR)
            return;
        line = str_skip(line, written < 0 ? 0 : (size_t)written);
    }
}

void log_write(const struct log *log, enum log_level level, const char *message,
    const struct log_field *fields, size_t count)
{
    if (level > log->most)
        return;
    CLEANUP(buf_release) struct buf line = BUF_INIT(LINE_BYTES_MAX);
    if (log->is_json)
        json_line(&line, log, level, message, fields, count);
    else
        text_line(&line, log, level, message, fields, count);
    buf_add_byte(&line, '\n');
    if (line.err != ERR_OK)
        return;
    flockfile(stderr);
    line_put(log->fd, buf_str(&line));
    funlockfile(stderr);
}

bool log_may(struct log_limiter *limiter, int64_t now_ms, int64_t *ret_left_out)
{
    int_fast64_t next_ms = atomic_load(&limiter->next_ms);
    bool is_time = now_ms >= next_ms || now_ms < next_ms - LIMITER_MS;
    if (!is_time
        || !atomic_compare_exchange_strong(&limiter->next_ms, &next_ms, now_ms + LIMITER_MS)) {
        atomic_fetch_add(&limiter->left_out, 1);
        return false;
    }
    *ret_left_out = (int64_t)atomic_exchange(&limiter->left_out, 0);
    return true;
}
