/* line_batch.c - see line_batch.h. */
#include "serve/line_batch.h"

#include "base/fold.h"
#include "base/limits.h"
#include "match/line.h"

#include <stdlib.h>

enum {
    ALERTS_MAX = 1000, /* of a batch */
    BYTES_FULL = 4 * 1024 * 1024,
    /* The last one added may be as large as an alert; an arena rounds up. */
    ARENA_BYTES_MAX = BYTES_FULL + 8 * ALERT_BYTES_MAX,
    WAIT_MS_FIRST = 200,
    WAIT_MS_MOST = 5000,
};

enum line_form line_form_of(str source)
{
    if (fold_equal(source, STR("cef")))
        return LINE_CEF;
    return fold_equal(source, STR("syslog")) ? LINE_SYSLOG : LINE_PLAIN;
}

void line_batch_init(struct line_batch *batch)
{
    *batch = (struct line_batch){ .arena = ARENA_INIT(ARENA_BYTES_MAX),
        .made = BUF_INIT(ALERT_BYTES_MAX) };
}

void line_batch_release(struct line_batch *batch)
{
    arena_release(&batch->arena);
    buf_release(&batch->made);
    free(batch->alerts);
    batch->alerts = NULL;
}

void line_batch_clear(struct line_batch *batch)
{
    arena_release(&batch->arena);
    batch->count = 0;
    batch->bytes = 0;
}

bool line_batch_is_full(const struct line_batch *batch)
{
    return batch->count >= ALERTS_MAX || batch->bytes >= BYTES_FULL;
}

/* The alert's text: in the batch's buffer, or the frame's own. */
static enum err make_text(
    struct line_batch *batch, const struct frame *frame, enum line_form form, str *ret_text)
{
    const char *why;
    enum err err = ERR_INVALID;
    buf_clear(&batch->made);
    *ret_text = frame->text;
    if (frame->is_over) {
        frame_over_text(frame, &batch->made);
        *ret_text = buf_str(&batch->made);
        return batch->made.err;
    }
    if (form == LINE_CEF)
        err = cef_line_to_json(frame->text, &batch->made, &why);
    if (form == LINE_SYSLOG)
        err = syslog_line_to_json(frame->text, &batch->made, &why);
    if (batch->made.err == ERR_MEMORY || err == ERR_MEMORY)
        return ERR_MEMORY;
    if (err == ERR_OK && batch->made.err == ERR_OK)
        *ret_text = buf_str(&batch->made);
    return ERR_OK;
}

enum err line_batch_add(
    struct line_batch *batch, const struct frame *frame, str forced_source, int64_t now_ms)
{
    str text;
    if (batch->alerts == NULL)
        batch->alerts = calloc(ALERTS_MAX, sizeof *batch->alerts);
    if (batch->alerts == NULL)
        return ERR_MEMORY;
    if (batch->count == ALERTS_MAX)
        return ERR_LIMIT;
    TRY(make_text(batch, frame, line_form_of(forced_source), &text));
    str kept = arena_copy(&batch->arena, text);
    if (kept.ptr == NULL)
        return ERR_MEMORY;
    batch->alerts[batch->count++] = (struct alert_record){
        .forced_source = forced_source, .text = kept, .received_ms = now_ms
    };
    batch->bytes += kept.len;
    return ERR_OK;
}

static void count_known(
    struct daemon *daemon, const struct way *way, const struct line_batch *batch)
{
    double known = 0;
    for (size_t at = 0; at < batch->count; at++)
        known += batch->alerts[at].copies != 0;
    if (known > 0)
        metrics_add(daemon->metrics, METRIC_ALERTS_KNOWN, way->name, known);
}

/* Told once, however often it is tried again. */
static void tell_waiting(
    struct daemon *daemon, const struct way *way, size_t count, enum err err, bool *has_told)
{
    metrics_add(daemon->metrics, METRIC_INGEST_FAILED, way->name, 1);
    if (!*has_told)
        LOG(&daemon->log, LOG_LEVEL_ERROR,
            "alerts cannot be stored; the way waits and reads no further",
            LOG_TEXT("way", way->name), LOG_NUMBER("alerts", (int64_t)count),
            LOG_TEXT("why", str_from(err_text(err))));
    *has_told = true;
}

enum err line_batch_put(struct line_batch *batch, struct daemon *daemon, const struct way *way,
    str cursor, const struct way_thread *thread)
{
    bool has_told = false;
    uint32_t wait_ms = WAIT_MS_FIRST;
    for (size_t at = 0; at < batch->count; at++)
        batch->alerts[at].way = way->name;
    for (;;) {
        struct intake_batch whole = {
            .alerts = batch->alerts, .count = batch->count, .way = way->name, .cursor = cursor
        };
        enum err err = intake_put(daemon->intake, &whole);
        if (err == ERR_OK)
            break;
        if (err == ERR_STOPPED)
            return err;
        tell_waiting(daemon, way, batch->count, err, &has_told);
        if (!way_thread_wait(thread, wait_ms))
            return ERR_STOPPED;
        wait_ms = wait_ms * 2 < WAIT_MS_MOST ? wait_ms * 2 : WAIT_MS_MOST;
    }
    if (has_told)
        LOG(&daemon->log, LOG_LEVEL_INFO, "alerts are stored again", LOG_TEXT("way", way->name));
    count_known(daemon, way, batch);
    if (batch->count > 0)
        way_has_brought(daemon, way, batch->count);
    line_batch_clear(batch);
    return ERR_OK;
}
