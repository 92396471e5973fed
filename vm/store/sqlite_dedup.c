/* sqlite_dedup.c - windows of `dedup`, and the alerts that joined a run. See dedup.h. */
#include "store/dedup.h"

#include "base/fold.h"
#include "base/sha256.h"
#include "interp.h"
#include "store/sqlite_private.h"
#include "value_json.h"

static const struct column dedup_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct dedup, rule_id) },
    { COLUMN_TEXT, false, offsetof(struct dedup, key) },
    { COLUMN_INTEGER, false, offsetof(struct dedup, run) },
    { COLUMN_INTEGER, false, offsetof(struct dedup, until_ms) },
};

enum { DEDUP_KEYS = 2 };

static const struct column joined_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct joined_alert, source) },
    { COLUMN_TEXT, false, offsetof(struct joined_alert, alert) },
    { COLUMN_TEXT, false, offsetof(struct joined_alert, rule_id) },
    { COLUMN_INTEGER, false, offsetof(struct joined_alert, run) },
    { COLUMN_TEXT, false, offsetof(struct joined_alert, rule) },
    { COLUMN_INTEGER, false, offsetof(struct joined_alert, case_id) },
    { COLUMN_INTEGER, false, offsetof(struct joined_alert, at_ms) },
};

/* One value of a key as text; *ret_is_there is false where it says nothing. */
static enum err part_text(struct arena *arena, value part, str *ret_text, bool *ret_is_there)
{
    str json;
    bool is_list = part.kind == VALUE_LIST || part.kind == VALUE_SET;
    *ret_is_there = false;
    if (part.kind == VALUE_ABSENT || part.kind == VALUE_NULL || (is_list && part.count == 0))
        return ERR_OK;
    enum err err = values_to_json(arena, &part, 1, &json);
    if (err == ERR_INVALID || err == ERR_LIMIT) /* an object is equal to nothing */
        return ERR_OK;
    TRY(err);
    *ret_text = fold_copy(arena, json);
    *ret_is_there = true;
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err dedup_key(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, str *ret_key)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    char hex[SHA256_HEX_SIZE];
    *ret_key = STR("");
    if (rule->dedup_key_count == 0)
        return ERR_OK;
    TRY(sha256_begin(&sha256));
    for (uint32_t i = 0; i < rule->dedup_key_count; i++) {
        value part;
        str text;
        bool is_there;
        TRY(interp_value(program, rule->dedup_keys[i], event, arena, &part));
        TRY(part_text(arena, part, &text, &is_there));
        if (!is_there)
            return ERR_OK;
        sha256_add_framed(&sha256, text);
    }
    TRY(sha256_end_hex(&sha256, hex));
    *ret_key = arena_copy(arena, str_from(hex));
    return ret_key->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err dedup_find(struct store *store, int64_t now_ms, struct dedup *dedup)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_DEDUP_FIND, &statement));
    TRY(record_bind(store, statement, dedup_columns, DEDUP_KEYS, dedup));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row || sqlite3_column_int64(statement, 3) <= now_ms)
        return ERR_NOT_FOUND;
    dedup->run = sqlite3_column_int64(statement, 2);
    dedup->until_ms = sqlite3_column_int64(statement, 3);
    return ERR_OK;
}

static enum err forget(struct store *store, int64_t now_ms)
{
    static const struct column columns[] = { { COLUMN_INTEGER, false, 0 } };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_DEDUP_FORGET, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &now_ms));
    return statement_run(store, statement);
}

enum err dedup_begin(struct store *store, int64_t now_ms, const struct dedup *dedup)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(forget(store, now_ms));
    TRY(statement_take(store, STATEMENT_DEDUP_BEGIN, &statement));
    TRY(record_bind(store, statement, dedup_columns, COUNT_OF(dedup_columns), dedup));
    return statement_run(store, statement);
}

enum err dedup_join(struct store *store, const struct joined_alert *joined)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_JOINED_ADD, &statement));
    TRY(record_bind(store, statement, joined_columns, COUNT_OF(joined_columns), joined));
    return statement_run(store, statement);
}

enum err dedup_joined(struct store *store, const struct run_key *key, int64_t *ret_run)
{
    static const struct column keys[] = {
        { COLUMN_TEXT, false, offsetof(struct run_key, source) },
        { COLUMN_TEXT, false, offsetof(struct run_key, alert) },
        { COLUMN_TEXT, false, offsetof(struct run_key, rule_id) },
        { COLUMN_TEXT, false, offsetof(struct run_key, rule) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_JOINED_FIND, &statement));
    TRY(record_bind(store, statement, keys, COUNT_OF(keys), key));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    *ret_run = sqlite3_column_int64(statement, 0);
    return ERR_OK;
}

enum err dedup_alerts(struct store *store, int64_t run, int64_t case_id, struct arena *arena,
    struct joined_alert **ret_alerts, size_t *ret_count)
{
    static const struct column keys[] = {
        { COLUMN_INTEGER, false, offsetof(struct joined_alert, run) },
        { COLUMN_INTEGER, false, offsetof(struct joined_alert, case_id) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_JOINED_LIST, &statement));
    struct joined_alert key = { .run = run, .case_id = case_id };
    void *rows;
    TRY(record_bind(store, statement, keys, COUNT_OF(keys), &key));
    TRY(records_read(store, statement, joined_columns, COUNT_OF(joined_columns),
        sizeof(struct joined_alert), arena, &rows, ret_count));
    *ret_alerts = rows;
    return ERR_OK;
}
