/* posted.c - see posted.h. */
#include "serve/posted.h"

#include "base/json_writer.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "daemon/gunzip.h"
#include "driver/alerts.h"
#include "serve/api_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ANSWER_BYTES_MAX = 8 * 1024 * 1024,
    RETRY_AFTER_S = 5,
    /* Texts that had to be made of what came: JSON of lines, findings each with the event around
     * it. Of a body of 32 MiB of CEF that is about three times as much. */
    MADE_BYTES_MAX = 128 * 1024 * 1024,
};

struct taking {
    struct daemon *daemon;
    struct exchange *exchange;
    struct posted posted;
    struct arena made;
    struct buf unpacked;
    struct alert_record *alerts;
    size_t count;
    size_t room;
    char digest[SHA256_HEX_SIZE];
    struct intake_batch batch;
};

static void taking_free(struct taking *taking)
{
    arena_release(&taking->made);
    buf_release(&taking->unpacked);
    free(taking->alerts);
    free(taking);
}

/* ---- answers ---- */

void posted_refuse(struct exchange *exchange, int status, const char *title, const char *detail)
{
    const struct answer head = { .status = status,
        .authenticate = status == 401 ? "Bearer" : NULL,
        .allow = status == 405 ? "POST" : NULL,
        .retry_after_s = status == 503 ? RETRY_AFTER_S : 0 };
    api_refuse(exchange, &head, status, title, detail);
}

static void refuse_err(struct taking *taking, enum err err)
{
    const struct way *way = taking->posted.way;
    metrics_add(taking->daemon->metrics, METRIC_INGEST_FAILED, way->name, 1);
    LOG(&taking->daemon->log, LOG_LEVEL_ERROR,
        "alerts could not be stored, and are not acknowledged", LOG_TEXT("way", way->name),
        LOG_TEXT("reason", str_from(err_text(err))), LOG_NUMBER("alerts", (int64_t)taking->count));
    posted_refuse(taking->exchange, 503, "The alerts could not be stored; send them again later.",
        err_text(err));
}

/* A message of this name came before with another body: somebody, or a fault of the sender's, uses
 * what was said to be said once. */
static void refuse_other_body(struct taking *taking)
{
    LOG(&taking->daemon->log, LOG_LEVEL_WARNING,
        "a message came again with another body, and was not taken",
        LOG_TEXT("way", taking->posted.way->name), LOG_TEXT("message", taking->posted.message));
    metrics_add(taking->daemon->metrics, METRIC_REQUESTS_REFUSED, STR("other body"), 1);
    posted_refuse(
        taking->exchange, 409, "A message with this id came before, with another body.", NULL);
}

static void answer_accepted(struct taking *taking)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(ANSWER_BYTES_MAX);
    struct json_writer json = { .out = &body };
    size_t known = 0;
    json_open(&json, NULL, '{');
    json_open(&json, "ids", '[');
    for (size_t at = 0; at < taking->count; at++) {
        char id[32];
        known += taking->batch.is_known || taking->alerts[at].copies != 0;
        int len = snprintf(id, sizeof id, "%lld", (long long)taking->alerts[at].id);
        if (taking->alerts[at].id != 0)
            json_text(&json, NULL, (str){ id, (size_t)len });
    }
    json_close(&json, ']');
    json_number(&json, "new", taking->count - known);
    json_number(&json, "known", known);
    json_close(&json, '}');
    if (body.err != ERR_OK) { /* they are stored; who sends them again is told so */
        refuse_err(taking, body.err);
        return;
    }
    const struct way *way = taking->posted.way;
    way_has_brought(taking->daemon, way, taking->count);
    metrics_add(taking->daemon->metrics, METRIC_ALERTS_KNOWN, way->name, (double)known);
    const struct answer answer = {
        .status = 202, .content_type = "application/json", .body = buf_str(&body)
    };
    exchange_answer(taking->exchange, &answer);
}

/* From the thread of the intake. */
static void on_disk(struct intake_batch *batch, enum err err)
{
    struct taking *taking = batch->self;
    if (err == ERR_OK)
        answer_accepted(taking);
    else if (err == ERR_INVALID && taking->posted.message.len > 0)
        refuse_other_body(taking);
    else
        refuse_err(taking, err);
    atomic_uint *open = taking->posted.open;
    taking_free(taking);
    atomic_fetch_sub(open, 1);
}

/* ---- reading ---- */

static bool is_part_of(str whole, str part)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static enum err make_room(struct taking *taking)
{
    if (taking->count < taking->room)
        return ERR_OK;
    if (taking->count >= POSTED_ALERTS_MAX)
        return ERR_LIMIT;
    size_t room = taking->room == 0 ? 16 : taking->room * 2;
    struct alert_record *alerts = reallocarray(taking->alerts, room, sizeof *alerts);
    if (alerts == NULL)
        return ERR_MEMORY;
    taking->alerts = alerts;
    taking->room = room;
    return ERR_OK;
}

/* ERR_LIMIT: too many, or one is too large. */
static enum err add_alert(struct taking *taking, const struct alert_text *alert)
{
    struct clock *clock = taking->daemon->log.clock;
    str text = alert->reason == NULL ? alert->json : str_trim(alert->json, " \t\r\n");
    if (text.len > ALERT_BYTES_MAX || taking->count >= POSTED_ALERTS_MAX)
        return ERR_LIMIT;
    if (text.len == 0)
        return ERR_OK;
    TRY(make_room(taking));
    if (!is_part_of(taking->posted.text, text))
        text = arena_copy(&taking->made, text);
    if (text.ptr == NULL)
        return ERR_MEMORY;
    taking->alerts[taking->count++] = (struct alert_record){ .way = taking->posted.way->name,
        .forced_source = taking->posted.forced_source,
        .text = text,
        .received_ms = clock->now_ms(clock) };
    return ERR_OK;
}

/* False: it was answered here. */
static bool unpack(struct taking *taking)
{
    if (taking->posted.gzip_max == 0)
        return true;
    taking->unpacked = (struct buf)BUF_INIT(taking->posted.gzip_max);
    enum err err = gunzip(taking->posted.text, &taking->unpacked);
    taking->posted.text = buf_str(&taking->unpacked);
    if (err == ERR_LIMIT)
        posted_refuse(taking->exchange, 413, "It is too much for one request; nothing was stored.",
            "unpacked it is over the limit, or it packs more than 250 bytes into one");
    else if (err == ERR_INVALID)
        posted_refuse(taking->exchange, 400, "The body is no gzip, or is cut off.", NULL);
    else if (err != ERR_OK)
        refuse_err(taking, err);
    return err == ERR_OK;
}

/* False: it was answered here. */
static bool is_something(struct taking *taking)
{
    bool is_empty = str_trim(taking->posted.text, " \t\r\n").len == 0;
    if (is_empty)
        posted_refuse(taking->exchange, 400, "The body is empty.", NULL);
    return !is_empty;
}

/* False: it was answered here. */
static bool read_alerts(struct taking *taking)
{
    CLEANUP(alerts_close) struct alert_reader reader = { 0 };
    struct alert_text alert;
    enum err err = alerts_open_text(&reader, taking->posted.text, taking->posted.forced_source);
    if (err != ERR_OK) {
        posted_refuse(
            taking->exchange, 415, "The body is no text of alerts.", alerts_failure(&reader, err));
        return false;
    }
    while (err == ERR_OK && alerts_next(&reader, &alert))
        err = add_alert(taking, &alert);
    if (err == ERR_LIMIT)
        posted_refuse(taking->exchange, 413, "It is too much for one request; nothing was stored.",
            taking->count >= POSTED_ALERTS_MAX ? "at most 100,000 alerts"
                                               : "at most 2 MiB for an alert");
    else if (err != ERR_OK)
        refuse_err(taking, err);
    return err == ERR_OK;
}

static enum err submit(struct taking *taking)
{
    if (taking->posted.message.len > 0)
        TRY(sha256_hex(taking->posted.signed_text, taking->digest));
    taking->batch = (struct intake_batch){ .alerts = taking->alerts,
        .count = taking->count,
        .way = taking->posted.way->name,
        .message = taking->posted.message,
        .message_digest = str_from(taking->digest),
        .done = on_disk,
        .self = taking };
    return intake_submit(taking->daemon->intake, &taking->batch);
}

void posted_take(struct daemon *daemon, struct exchange *exchange, const struct posted *posted)
{
    struct taking *taking = calloc(1, sizeof *taking);
    if (taking == NULL) {
        posted_refuse(exchange, 503, "There is no memory; send it again later.", NULL);
        return;
    }
    *taking = (struct taking){ .daemon = daemon,
        .exchange = exchange,
        .posted = *posted,
        .made = ARENA_INIT(MADE_BYTES_MAX) };
    if (posted->held != NULL) {
        taking->made = *posted->held;
        taking->made.limit = MADE_BYTES_MAX;
        *posted->held = (struct arena){ .limit = posted->held->limit };
    }
    if (!unpack(taking) || !is_something(taking) || !read_alerts(taking)) {
        taking_free(taking);
        return;
    }
    if (taking->count == 0) {
        answer_accepted(taking);
        taking_free(taking);
        return;
    }
    atomic_fetch_add(posted->open, 1);
    enum err err = submit(taking);
    if (err == ERR_OK)
        return; /* on_disk has it */
    refuse_err(taking, err);
    taking_free(taking);
    atomic_fetch_sub(posted->open, 1);
}
