#include "act/audit_entries.h"

#include "base/json_writer.h"

enum { AFTER_BYTES_MAX = 8 * 1024 * 1024 };

static void text_member(struct json_writer *json, const char *key, str text)
{
    if (text.len > 0)
        json_text(json, key, text);
}

static enum err hash_member(struct json_writer *json, const char *key, str text)
{
    char hex[SHA256_HEX_SIZE];
    if (text.len == 0)
        return ERR_OK;
    TRY(sha256_hex(text, hex));
    json_text(json, key, str_from(hex));
    return ERR_OK;
}

static const char *reply_word(enum reply_kind kind)
{
    switch (kind) {
    case REPLY_RECEIVED:
        return "received";
    case REPLY_LOST:
        return "lost";
    case REPLY_REFUSED:
        return "refused";
    case REPLY_ASSUMED: /* never recorded */
        break;
    }
    return "assumed";
}

static enum err change_write(struct json_writer *json, const struct call_record *call)
{
    json_open(json, NULL, '{');
    text_member(json, "service", call->service);
    text_member(json, "operation", call->operation);
    text_member(json, "region", call->region);
    text_member(json, "target", call->target);
    TRY(hash_member(json, "body_sha256", call->body));
    TRY(hash_member(json, "undo_sha256", call->undo));
    if (call->has_reply)
        json_text(json, "reply", str_from(reply_word(call->reply_kind)));
    if (call->has_reply && call->reply_kind == REPLY_RECEIVED)
        json_number(json, "status", (uint64_t)call->reply_status);
    if (call->is_declined) /* without it entries are what they were before there was this */
        json_bool(json, "declined", true);
    json_close(json, '}');
    return ERR_OK;
}

static enum err changes_write(struct store *store, const struct step_record *record,
    struct json_writer *json, struct arena *arena)
{
    struct call_record *calls;
    size_t count;
    bool is_first = true;
    TRY(store_calls(store, record->run, arena, &calls, &count));
    for (size_t i = 0; i < count; i++) {
        if (calls[i].step != record->index || !calls[i].is_change)
            continue;
        if (is_first)
            json_open(json, "changes", '[');
        is_first = false;
        TRY(change_write(json, &calls[i]));
    }
    if (!is_first)
        json_close(json, ']');
    return ERR_OK;
}

enum err audit_step_after(
    struct store *store, const struct step_record *record, struct arena *arena, str *ret_json)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(AFTER_BYTES_MAX);
    struct json_writer json = { .out = &text };
    json_open(&json, NULL, '{');
    json_text(&json, "state", record->state);
    text_member(&json, "found", record->found);
    text_member(&json, "reason", record->reason);
    text_member(&json, "results", record->results);
    if (record->joined_run > 0) {
        json_number(&json, "joined_run", (uint64_t)record->joined_run);
        json_number(&json, "joined_step", record->joined_step);
    }
    TRY(changes_write(store, record, &json, arena));
    json_close(&json, '}');
    if (text.err != ERR_OK)
        return text.err;
    *ret_json = arena_copy(arena, buf_str(&text));
    return ret_json->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err audit_step_ended(struct store *store, const struct step_record *record,
    const struct audit_entry *entry, struct arena *arena)
{
    struct audit_entry ended = *entry;
    int64_t seq;
    ended.event = "ended";
    ended.at_ms = record->ended_ms;
    ended.run = record->run;
    ended.step = record->index;
    ended.builtin = record->builtin;
    ended.target = record->target;
    TRY(audit_step_after(store, record, arena, &ended.after));
    return audit_append(store, &ended, &seq);
}
