/* sqlite_alerts.c - the alerts of the journal. See alerts.h. */
#include "store/alerts.h"

#include "base/sha256.h"
#include "store/audit.h"
#include "store/sqlite_private.h"

#include <inttypes.h>

enum { ALERT_WORDS_BYTES = 16 * 1024 };

/* As ALERT_COLUMNS in sqlite_statements.c. */
static const struct column alert_columns[] = {
    { COLUMN_INTEGER, false, offsetof(struct alert_record, id) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, way) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, forced_source) },
    { COLUMN_BLOB, false, offsetof(struct alert_record, text) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, digest) },
    { COLUMN_INTEGER, false, offsetof(struct alert_record, received_ms) },
    { COLUMN_ORDINAL, false, offsetof(struct alert_record, attempts) },
    { COLUMN_INTEGER, false, offsetof(struct alert_record, copies) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, source) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, name) },
    { COLUMN_INTEGER, false, offsetof(struct alert_record, first) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, program_hash) },
    { COLUMN_INTEGER, false, offsetof(struct alert_record, evaluated_ms) },
    { COLUMN_ORDINAL, false, offsetof(struct alert_record, matched) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, reason) },
    { COLUMN_ORDINAL, false, offsetof(struct alert_record, state) },
};
static_assert(sizeof(enum alert_state) == sizeof(uint32_t), "it is read as an ordinal");

static const struct column id_column[] = { { COLUMN_INTEGER, false, 0 } };

const char *alert_state_name(enum alert_state state)
{
    static const char *const names[ALERT_STATE_COUNT] = {
        [ALERT_WAITING] = "waiting",
        [ALERT_EVALUATED] = "evaluated",
        [ALERT_DEAD] = "dead",
    };
    return names[state];
}

static enum err digest_make(str text, uint8_t ret_digest[static SHA256_BYTES])
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add(&sha256, text);
    return sha256_end(&sha256, ret_digest);
}

static const struct column put_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct alert_record, way) },
    { COLUMN_TEXT, false, offsetof(struct alert_record, forced_source) },
    { COLUMN_BLOB, false, offsetof(struct alert_record, digest) },
    { COLUMN_INTEGER, false, offsetof(struct alert_record, received_ms) },
    { COLUMN_BLOB, false, offsetof(struct alert_record, text) },
};
enum { PUT_KEYS = 3 };

/* Store `row`, or find out that it is known. */
static enum err put_new(struct store *store, struct alert_record *row, bool *ret_is_new)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_ALERT_PUT, &statement));
    TRY(record_bind(store, statement, put_columns, COUNT_OF(put_columns), row));
    TRY(statement_run(store, statement));
    *ret_is_new = sqlite3_changes(store->db) == 1;
    row->id = sqlite3_last_insert_rowid(store->db);
    row->copies = 0;
    return ERR_OK;
}

static enum err known_count(struct store *store, const struct alert_record *row)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_ALERT_AGAIN, &statement));
    TRY(record_bind(store, statement, put_columns, PUT_KEYS, row));
    return statement_run(store, statement);
}

static enum err known_read(struct store *store, struct alert_record *row)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_ALERT_KNOWN, &statement));
    TRY(record_bind(store, statement, put_columns, PUT_KEYS, row));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row) /* dropped by another process, just now */
        return store_say(store, "an alert that was known is gone; send it again");
    row->id = sqlite3_column_int64(statement, 0);
    row->copies = (uint64_t)sqlite3_column_int64(statement, 1);
    return ERR_OK;
}

enum err alerts_put(struct store *store, struct alert_record *record, bool *ret_is_new)
{
    uint8_t digest[SHA256_BYTES];
    struct alert_record row = *record;
    TRY(store_may_execute(store));
    TRY(digest_make(record->text, digest)); /* before the lock is taken */
    row.digest = (str){ (const char *)digest, sizeof digest };
    LOCKED(store);
    TRY(put_new(store, &row, ret_is_new));
    if (!*ret_is_new) {
        TRY(known_count(store, &row));
        TRY(known_read(store, &row));
    }
    record->id = row.id;
    record->copies = row.copies;
    return ERR_OK;
}

enum err alerts_count_again(struct store *store, struct alert_record *record)
{
    uint8_t digest[SHA256_BYTES];
    struct alert_record row = *record;
    TRY(store_may_execute(store));
    TRY(digest_make(record->text, digest));
    row.digest = (str){ (const char *)digest, sizeof digest };
    LOCKED(store);
    TRY(known_count(store, &row));
    if (sqlite3_changes(store->db) == 0)
        return ERR_OK;
    TRY(known_read(store, &row));
    record->id = row.id;
    record->copies = row.copies;
    return ERR_OK;
}

enum err alerts_waiting(struct store *store, int64_t after, size_t most, struct arena *arena,
    struct alert_record **ret_alerts, size_t *ret_count)
{
    static const struct column columns[] = { { COLUMN_INTEGER, false, 0 },
        { COLUMN_INTEGER, false, sizeof(int64_t) } };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    size_t room = most < ALERTS_PAGE_MAX ? most : ALERTS_PAGE_MAX;
    const int64_t keys[] = { after, (int64_t)room };
    struct alert_record *alerts = ARENA_ARRAY(arena, struct alert_record, room);
    size_t count = 0;
    if (alerts == NULL)
        return ERR_MEMORY;
    TRY(statement_take(store, STATEMENT_ALERTS_WAITING, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), keys));
    for (size_t bytes = 0; count < room && bytes < ALERTS_PAGE_BYTES; count++) {
        bool is_row = false;
        TRY(statement_next(store, statement, &is_row));
        if (!is_row)
            break;
        TRY(record_read(statement, alert_columns, COUNT_OF(alert_columns), arena, &alerts[count]));
        bytes += alerts[count].text.len;
    }
    *ret_alerts = alerts;
    *ret_count = count;
    return ERR_OK;
}

/* A statement about one alert by its number. ERR_INVALID: it is in another state. */
static enum err change_one(struct store *store, enum statement which, int64_t id)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, id_column, COUNT_OF(id_column), &id));
    return statement_run_one(store, statement);
}

enum err alerts_try(struct store *store, int64_t id)
{
    TRY(store_may_execute(store));
    return change_one(store, STATEMENT_ALERT_TRY, id);
}

static enum err first_find(struct store *store, struct alert_record *record)
{
    static const struct column columns[] = {
        { COLUMN_INTEGER, false, offsetof(struct alert_record, id) },
        { COLUMN_TEXT, false, offsetof(struct alert_record, source) },
        { COLUMN_TEXT, false, offsetof(struct alert_record, name) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    record->first = 0;
    if (record->name.len == 0)
        return ERR_OK;
    TRY(statement_take(store, STATEMENT_ALERT_FIRST, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), record));
    TRY(statement_next(store, statement, &is_row));
    if (is_row)
        record->first = sqlite3_column_int64(statement, 0);
    return ERR_OK;
}

static enum err evaluated_write(struct store *store, struct alert_record *record)
{
    static const struct column columns[] = {
        { COLUMN_INTEGER, false, offsetof(struct alert_record, id) },
        { COLUMN_TEXT, false, offsetof(struct alert_record, source) },
        { COLUMN_TEXT, false, offsetof(struct alert_record, name) },
        { COLUMN_INTEGER, true, offsetof(struct alert_record, first) },
        { COLUMN_TEXT, false, offsetof(struct alert_record, program_hash) },
        { COLUMN_INTEGER, false, offsetof(struct alert_record, evaluated_ms) },
        { COLUMN_ORDINAL, false, offsetof(struct alert_record, matched) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(first_find(store, record));
    TRY(statement_take(store, STATEMENT_ALERT_EVALUATED, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), record));
    return statement_run_one(store, statement);
}

enum err alerts_evaluated(struct store *store, struct alert_record *record)
{
    TRY(store_may_execute(store));
    LOCKED(store); /* ERR_INVALID is an answer: a transaction around it goes on */
    TRY(evaluated_write(store, record));
    record->state = ALERT_EVALUATED;
    return ERR_OK;
}

/* What the audit log says of an alert: which it is, by which way it came, and its text by hash. */
static enum err tell(struct store *store, const char *event, const struct alert_record *alert,
    struct audit_entry entry)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(ALERT_WORDS_BYTES);
    int64_t seq;
    entry.event = event;
    entry.step = -1;
    entry.alert = alert->name;
    entry.target = str_from(arena_format(&arena, "alert %" PRId64, alert->id));
    entry.after = str_from(arena_format(&arena, "by %.*s, sha256 %.*s",
        (int)str_first(alert->way, NAME_BYTES_MAX).len, alert->way.ptr, STR_ARG(alert->digest)));
    enum err err = arena.is_full ? ERR_MEMORY : audit_append(store, &entry, &seq);
    return err == ERR_INVALID ? ERR_STORE : err; /* not an answer: nothing of it may stay */
}

static enum err read_without_text(
    struct store *store, int64_t id, struct arena *arena, struct alert_record *ret_alert)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_ALERT_HEAD, &statement));
    TRY(record_bind(store, statement, id_column, COUNT_OF(id_column), &id));
    TRY(statement_next(store, statement, &is_row));
    return is_row ? record_read(statement, alert_columns, COUNT_OF(alert_columns), arena, ret_alert)
                  : ERR_NOT_FOUND;
}

static enum err set_aside(struct store *store, int64_t id, const char *reason)
{
    static const struct column columns[] = {
        { COLUMN_INTEGER, false, offsetof(struct alert_record, id) },
        { COLUMN_TEXT, false, offsetof(struct alert_record, reason) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const struct alert_record record = { .id = id, .reason = str_from(reason) };
    TRY(statement_take(store, STATEMENT_ALERT_SET_ASIDE, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &record));
    return statement_run_one(store, statement);
}

enum err alerts_set_aside(struct store *store, int64_t id, int64_t now_ms, const char *reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(ALERT_BYTES_MAX);
    struct alert_record alert;
    TRY(store_may_execute(store));
    TRY(store_begin(store));
    enum err err = read_without_text(store, id, &arena, &alert);
    if (err == ERR_NOT_FOUND)
        err = ERR_INVALID;
    if (err == ERR_OK)
        err = set_aside(store, id, reason);
    if (err == ERR_OK)
        err = tell(store, "alert_dead", &alert,
            (struct audit_entry){ .who = STR("cdr"), .at_ms = now_ms, .reason = str_from(reason) });
    return store_end(store, err);
}

/* Revive or drop a dead one, as `entry` tells. */
static enum err decide(struct store *store, int64_t id, enum statement which, const char *event,
    struct audit_entry entry, str who)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(ALERT_BYTES_MAX);
    struct alert_record alert;
    entry.who = who;
    TRY(store_begin(store));
    enum err err = read_without_text(store, id, &arena, &alert);
    if (err == ERR_OK)
        err = change_one(store, which, id);
    if (err == ERR_OK)
        err = tell(store, event, &alert, entry);
    return store_end(store, err);
}

enum err alerts_revive(struct store *store, int64_t id, int64_t now_ms, str who)
{
    return decide(store, id, STATEMENT_ALERT_REVIVE, "alert_revived",
        (struct audit_entry){ .at_ms = now_ms }, who);
}

enum err alerts_drop(struct store *store, int64_t id, int64_t now_ms, str who, str reason)
{
    return decide(store, id, STATEMENT_ALERT_DROP, "alert_dropped",
        (struct audit_entry){ .at_ms = now_ms, .reason = reason }, who);
}

enum err alerts_get(
    struct store *store, int64_t id, struct arena *arena, struct alert_record *ret_alert)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_ALERT_GET, &statement));
    TRY(record_bind(store, statement, id_column, COUNT_OF(id_column), &id));
    TRY(statement_next(store, statement, &is_row));
    return is_row ? record_read(statement, alert_columns, COUNT_OF(alert_columns), arena, ret_alert)
                  : ERR_NOT_FOUND;
}

/* The statement whose index fits best: names are known of evaluated ones. */
static enum statement list_statement(const struct alert_filter *filter)
{
    static const enum statement of_state[ALERT_STATE_COUNT] = {
        [ALERT_WAITING] = STATEMENT_ALERTS_OF_WAITING,
        [ALERT_EVALUATED] = STATEMENT_ALERTS_OF_EVALUATED,
        [ALERT_DEAD] = STATEMENT_ALERTS_OF_DEAD,
    };
    if (filter->name.len > 0 && (!filter->is_of_state || filter->state == ALERT_EVALUATED))
        return STATEMENT_ALERTS_NAMED;
    return filter->is_of_state ? of_state[filter->state] : STATEMENT_ALERTS;
}

enum err alerts_list(struct store *store, const struct alert_filter *filter, struct arena *arena,
    struct alert_record **ret_alerts, size_t *ret_count)
{
    struct key {
        int64_t after;
        int64_t most;
        str name;
    };
    static const struct column columns[] = {
        { COLUMN_INTEGER, false, offsetof(struct key, after) },
        { COLUMN_INTEGER, false, offsetof(struct key, most) },
        { COLUMN_TEXT, false, offsetof(struct key, name) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const struct key key = { filter->after, filter->most == 0 ? -1 : (int64_t)filter->most,
        filter->name };
    void *rows;
    TRY(statement_take(store, list_statement(filter), &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &key));
    TRY(records_read(store, statement, alert_columns, COUNT_OF(alert_columns),
        sizeof(struct alert_record), arena, &rows, ret_count));
    *ret_alerts = rows;
    return ERR_OK;
}

static enum err state_count(struct store *store, enum statement which, uint64_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, which, &statement));
    TRY(statement_next(store, statement, &is_row));
    *ret_count = (uint64_t)sqlite3_column_int64(statement, 0);
    return ERR_OK;
}

enum err alerts_waiting_count(struct store *store, uint64_t *ret_count)
{
    return state_count(store, STATEMENT_ALERTS_WAITING_COUNT, ret_count);
}

enum err alerts_set_aside_count(struct store *store, uint64_t *ret_count)
{
    return state_count(store, STATEMENT_ALERTS_DEAD_COUNT, ret_count);
}

enum err alerts_count(struct store *store, uint64_t ret_counts[static ALERT_STATE_COUNT])
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_ALERTS_COUNT, &statement));
    TRY(statement_next(store, statement, &is_row));
    for (int state = 0; state < ALERT_STATE_COUNT; state++)
        ret_counts[state] = (uint64_t)sqlite3_column_int64(statement, state);
    return ERR_OK;
}
