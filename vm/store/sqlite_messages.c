/* sqlite_messages.c - what senders call their messages, and how far ways in have read. See alerts.h. */
#include "store/alerts.h"
#include "store/sqlite_private.h"

struct message {
    str way;
    str id;
    str digest;
    int64_t at_ms;
};

static const struct column message_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct message, way) },
    { COLUMN_BLOB, false, offsetof(struct message, id) },
    { COLUMN_BLOB, false, offsetof(struct message, digest) },
    { COLUMN_INTEGER, false, offsetof(struct message, at_ms) },
};
enum { MESSAGE_KEYS = 2 };

static enum err message_add(struct store *store, const struct message *message)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_MESSAGE_ADD, &statement));
    TRY(record_bind(store, statement, message_columns, COUNT_OF(message_columns), message));
    return statement_run_one(store, statement);
}

static enum err message_is_same(struct store *store, const struct message *message, bool *ret_same)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_MESSAGE_GET, &statement));
    TRY(record_bind(store, statement, message_columns, MESSAGE_KEYS, message));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return store_say(store, "a message that was noted is gone");
    const void *digest = sqlite3_column_blob(statement, 0);
    *ret_same = str_equal(message->digest,
        (str){ digest == NULL ? "" : digest, (size_t)sqlite3_column_bytes(statement, 0) });
    return ERR_OK;
}

enum err messages_note(
    struct store *store, str way, str id, str digest, int64_t now_ms, bool *ret_is_known)
{
    const struct message message = { way, id, digest, now_ms };
    bool is_same = false;
    *ret_is_known = false;
    TRY(store_may_execute(store));
    LOCKED(store);
    enum err err = message_add(store, &message);
    if (err != ERR_INVALID)
        return err;
    TRY(message_is_same(store, &message, &is_same));
    *ret_is_known = is_same;
    return is_same ? ERR_OK : ERR_INVALID;
}

enum err messages_forget(struct store *store, int64_t until_ms, size_t most, uint64_t *ret_count)
{
    static const struct column columns[] = { { COLUMN_INTEGER, false, 0 },
        { COLUMN_INTEGER, false, sizeof(int64_t) } };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const int64_t keys[] = { until_ms, (int64_t)most };
    TRY(store_may_execute(store));
    TRY(statement_take(store, STATEMENT_MESSAGES_FORGET, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), keys));
    TRY(statement_run(store, statement));
    *ret_count = (uint64_t)sqlite3_changes(store->db);
    return ERR_OK;
}

struct cursor {
    str way;
    str text;
    int64_t at_ms;
};

static const struct column cursor_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct cursor, way) },
    { COLUMN_BLOB, false, offsetof(struct cursor, text) },
    { COLUMN_INTEGER, false, offsetof(struct cursor, at_ms) },
};

enum err cursors_get(struct store *store, str way, struct arena *arena, str *ret_text)
{
    static const struct column text_column[] = { { COLUMN_BLOB, false, 0 } };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const struct cursor key = { .way = way };
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_CURSOR_GET, &statement));
    TRY(record_bind(store, statement, cursor_columns, 1, &key));
    TRY(statement_next(store, statement, &is_row));
    return is_row ? record_read(statement, text_column, COUNT_OF(text_column), arena, ret_text)
                  : ERR_NOT_FOUND;
}

enum err cursors_set(struct store *store, str way, str text, int64_t now_ms)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const struct cursor cursor = { way, text, now_ms };
    TRY(store_may_execute(store));
    TRY(statement_take(store, STATEMENT_CURSOR_SET, &statement));
    TRY(record_bind(store, statement, cursor_columns, COUNT_OF(cursor_columns), &cursor));
    return statement_run(store, statement);
}
