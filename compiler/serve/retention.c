/* retention.c - see retention.h. */
#include "serve/retention.h"

#include "serve/blocks.h"
#include "store/alerts.h"

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

enum { KEEP_DAYS = 90, REDACT_DAYS = 30 };

enum err retention_read(
    const struct program *program, struct arena *arena, struct retention *ret_retention)
{
    const struct daemon_block *block = block_find(program, "daemon");
    uint32_t count = block == NULL ? 0 : block->setting_count;
    str *paths = ARENA_ARRAY(arena, str, count);
    if (paths == NULL && count > 0)
        return ERR_MEMORY;
    *ret_retention =
        (struct retention){ .keep_ms = block_ms(block, "keep_alerts", KEEP_DAYS * day_ms),
            .redact_ms = block_ms(block, "redact_after", REDACT_DAYS * day_ms),
            .paths = paths };
    for (uint32_t at = 0; at < count; at++)
        if (str_is(block->settings[at].key, "redact") && block->settings[at].text.len > 0)
            paths[ret_retention->path_count++] = block->settings[at].text;
    return ERR_OK;
}

enum err retention_slice(struct store *store, const struct retention *retention, int64_t now_ms,
    struct retention_done *ret_done)
{
    struct retention_done done = { .redacted = 0 };
    if (retention->path_count > 0)
        TRY(alerts_redact(store, now_ms - retention->redact_ms, retention->paths,
            retention->path_count, RETENTION_SLICE, &done.redacted));
    TRY(alerts_forget(store, now_ms - retention->keep_ms, RETENTION_SLICE, &done.forgotten));
    TRY(messages_forget(
        store, now_ms - MESSAGES_KEPT_DAYS * day_ms, RETENTION_SLICE, &done.messages));
    /* What is redacted is a slice of alerts and one of runs, or less where texts are large. */
    done.is_more =
        done.redacted > 0 || done.forgotten == RETENTION_SLICE || done.messages == RETENTION_SLICE;
    *ret_done = done;
    return ERR_OK;
}
