/* sqlite_steps.c - steps and calls in the journal. */
#include "store/sqlite_private.h"

#define STEP_COLUMN(type, member)                                                                  \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct step_record, member)                                 \
    }
#define CALL_COLUMN(type, member)                                                                  \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct call_row, record.member)                             \
    }

/* As STEP_COLUMNS. */
static const struct column step_columns[] = {
    STEP_COLUMN(INTEGER, run),
    STEP_COLUMN(ORDINAL, index),
    STEP_COLUMN(TEXT, builtin),
    STEP_COLUMN(TEXT, args),
    STEP_COLUMN(TEXT, target),
    STEP_COLUMN(TEXT, found),
    STEP_COLUMN(TEXT, state),
    STEP_COLUMN(TEXT, reason),
    STEP_COLUMN(TEXT, results),
    STEP_COLUMN(TEXT, provider),
    STEP_COLUMN(TEXT, identity),
    STEP_COLUMN(TEXT, region),
    STEP_COLUMN(INTEGER, started_ms),
    STEP_COLUMN(INTEGER, ended_ms),
    STEP_COLUMN(INTEGER, joined_run),
    STEP_COLUMN(ORDINAL, joined_step),
    STEP_COLUMN(TEXT, account),
    STEP_COLUMN(TEXT, base),
};

enum { STEP_KEYS = 2 };

/* A call as the table spells it. */
struct call_row {
    struct call_record record;
    int64_t reply_status;
    str reply_kind;
};

/* As INTENT_COLUMNS, then the reply. */
static const struct column call_columns[] = {
    CALL_COLUMN(INTEGER, run),
    CALL_COLUMN(ORDINAL, step),
    CALL_COLUMN(ORDINAL, index),
    CALL_COLUMN(FLAG, is_change),
    CALL_COLUMN(TEXT, service),
    CALL_COLUMN(TEXT, operation),
    CALL_COLUMN(TEXT, region),
    CALL_COLUMN(TEXT, target),
    CALL_COLUMN(BLOB, body),
    CALL_COLUMN(TEXT, undo),
    CALL_COLUMN(INTEGER, intended_ms),
    CALL_COLUMN(INTEGER, replied_ms),
    CALL_COLUMN(BLOB, reply_body),
    { COLUMN_INTEGER, false, offsetof(struct call_row, reply_status) },
    { COLUMN_TEXT, false, offsetof(struct call_row, reply_kind) },
    CALL_COLUMN(FLAG, is_declined),
};

enum { CALL_KEYS = 3, INTENT_COLUMNS = 11 };

static const char *const reply_names[] = {
    [REPLY_RECEIVED] = "received",
    [REPLY_LOST] = "lost",
    [REPLY_REFUSED] = "refused",
};

enum err step_record_read(
    sqlite3_stmt *statement, struct arena *arena, struct step_record *ret_record)
{
    return record_read(statement, step_columns, COUNT_OF(step_columns), arena, ret_record);
}

static enum err step_find(struct store *store, const struct step_record *wanted,
    struct arena *arena, struct step_record *ret_record)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_STEP_GET, &statement));
    TRY(record_bind(store, statement, step_columns, STEP_KEYS, wanted));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    return record_read(statement, step_columns, COUNT_OF(step_columns), arena, ret_record);
}

/* Run a statement of the step's keys and what follows in `columns`; ERR_INVALID when there is no
 * such step. */
static enum err step_update(struct store *store, enum statement which, const struct column *columns,
    int count, const struct step_record *record)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(store_may_execute(store));
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, columns, count, record));
    return statement_run_one(store, statement);
}

static enum err step_insert(struct store *store, const struct step_record *record)
{
    static const struct column columns[] = {
        STEP_COLUMN(INTEGER, run),
        STEP_COLUMN(ORDINAL, index),
        STEP_COLUMN(TEXT, builtin),
        STEP_COLUMN(TEXT, args),
        STEP_COLUMN(INTEGER, started_ms),
    };
    TRY(store_begin_relaxed(store));
    return store_end_answered(
        store, step_update(store, STATEMENT_STEP_BEGIN, columns, COUNT_OF(columns), record));
}

enum err store_step_begin(struct store *store, struct arena *arena, struct step_record *record)
{
    struct step_record stored = { 0 };
    TRY(store_may_execute(store)); /* also where it would write nothing */
    enum err err = step_find(store, record, arena, &stored);
    if (err == ERR_NOT_FOUND) {
        TRY(step_insert(store, record));
        record->state = STR("running");
        return ERR_OK;
    }
    TRY(err);
    bool is_same =
        str_equal(stored.builtin, record->builtin) && str_equal(stored.args, record->args);
    *record = stored;
    return is_same ? ERR_OK : ERR_DIVERGED;
}

enum err store_step_bind(struct store *store, const struct step_record *record)
{
    static const struct column columns[] = {
        STEP_COLUMN(INTEGER, run),
        STEP_COLUMN(ORDINAL, index),
        STEP_COLUMN(TEXT, provider),
        STEP_COLUMN(TEXT, identity),
        STEP_COLUMN(TEXT, region),
        STEP_COLUMN(TEXT, account),
        STEP_COLUMN(TEXT, base),
    };
    TRY(store_begin_relaxed(store));
    return store_end_answered(
        store, step_update(store, STATEMENT_STEP_BIND, columns, COUNT_OF(columns), record));
}

enum err store_step_bound(struct store *store, int64_t run, str provider, str account,
    struct arena *arena, struct step_record *ret_record)
{
    static const struct column columns[] = { STEP_COLUMN(INTEGER, run), STEP_COLUMN(TEXT, provider),
        STEP_COLUMN(TEXT, account) };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_STEP_BOUND, &statement));
    struct step_record key = { .run = run, .provider = provider, .account = account };
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &key));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    return record_read(statement, step_columns, COUNT_OF(step_columns), arena, ret_record);
}

enum err store_step_end(struct store *store, const struct step_record *record)
{
    static const struct column columns[] = {
        STEP_COLUMN(INTEGER, run),
        STEP_COLUMN(ORDINAL, index),
        STEP_COLUMN(TEXT, target),
        STEP_COLUMN(TEXT, found),
        STEP_COLUMN(TEXT, state),
        STEP_COLUMN(TEXT, reason),
        STEP_COLUMN(TEXT, results),
        STEP_COLUMN(INTEGER, ended_ms),
        { COLUMN_INTEGER, true, offsetof(struct step_record, joined_run) },
        STEP_COLUMN(ORDINAL, joined_step),
    };
    return step_update(store, STATEMENT_STEP_END, columns, COUNT_OF(columns), record);
}

static enum err calls_forget(struct store *store, const struct step_record *key)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_STEP_FORGET, &statement));
    TRY(record_bind(store, statement, step_columns, STEP_KEYS, key));
    return statement_run(store, statement);
}

enum err store_step_again(struct store *store, int64_t run, uint32_t step)
{
    struct step_record key = { .run = run, .index = step };
    TRY(store_begin_relaxed(store));
    enum err err = step_update(store, STATEMENT_STEP_AGAIN, step_columns, STEP_KEYS, &key);
    return store_end(store, err == ERR_OK ? calls_forget(store, &key) : err);
}

enum err store_step_wait(struct store *store, int64_t run, uint32_t step)
{
    struct step_record key = { .run = run, .index = step };
    TRY(store_begin_relaxed(store));
    return store_end_answered(
        store, step_update(store, STATEMENT_STEP_WAIT, step_columns, STEP_KEYS, &key));
}

enum err store_step_aim(struct store *store, int64_t run, uint32_t step, str target)
{
    static const struct column columns[] = {
        STEP_COLUMN(INTEGER, run),
        STEP_COLUMN(ORDINAL, index),
        STEP_COLUMN(TEXT, target),
    };
    struct step_record record = { .run = run, .index = step, .target = target };
    return step_update(store, STATEMENT_STEP_AIM, columns, COUNT_OF(columns), &record);
}

enum err store_steps(struct store *store, int64_t run, struct arena *arena,
    struct step_record **ret_steps, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_STEPS, &statement));
    struct step_record key = { .run = run };
    TRY(record_bind(store, statement, step_columns, 1, &key));
    void *steps;
    TRY(records_read(store, statement, step_columns, COUNT_OF(step_columns),
        sizeof(struct step_record), arena, &steps, ret_count));
    *ret_steps = steps;
    return ERR_OK;
}

static enum err call_intend(struct store *store, const struct call_record *call)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CALL_INTEND, &statement));
    struct call_row row = { .record = *call };
    TRY(record_bind(store, statement, call_columns, INTENT_COLUMNS, &row));
    return statement_run_one(store, statement);
}

enum err store_call_intend(struct store *store, const struct call_record *call)
{
    TRY(store_may_execute(store));
    TRY(store_is_in_place(store));
    TRY(call->is_change ? store_begin(store) : store_begin_relaxed(store));
    return store_end(store, call_intend(store, call));
}

static enum err call_reply(struct store *store, const struct call_record *call)
{
    static const struct column columns[] = {
        CALL_COLUMN(INTEGER, run),
        CALL_COLUMN(ORDINAL, step),
        CALL_COLUMN(ORDINAL, index),
        { COLUMN_TEXT, false, offsetof(struct call_row, reply_kind) },
        { COLUMN_INTEGER, false, offsetof(struct call_row, reply_status) },
        CALL_COLUMN(BLOB, reply_body),
        CALL_COLUMN(INTEGER, replied_ms),
        CALL_COLUMN(FLAG, is_declined),
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CALL_REPLY, &statement));
    struct call_row row = {
        .record = *call,
        .reply_status = call->reply_status,
        .reply_kind = str_from(reply_names[call->reply_kind]),
    };
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &row));
    return statement_run_one(store, statement);
}

enum err store_call_reply(struct store *store, const struct call_record *call)
{
    if (call->reply_kind == REPLY_ASSUMED) /* nothing that was not sent is a fact */
        return ERR_INVALID;
    TRY(call->is_change ? store_begin(store) : store_begin_relaxed(store));
    return store_end(store, call_reply(store, call));
}

static struct call_record call_from_row(const struct call_row *row)
{
    struct call_record call = row->record;
    call.has_reply = row->reply_kind.len > 0;
    call.reply_status = (int)row->reply_status;
    for (size_t kind = 0; call.has_reply && kind < COUNT_OF(reply_names); kind++)
        if (str_is(row->reply_kind, reply_names[kind]))
            call.reply_kind = (enum reply_kind)kind;
    return call;
}

enum err store_call_get(struct store *store, int64_t run, uint32_t step, uint32_t index,
    struct arena *arena, struct call_record *ret_call)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CALL_GET, &statement));
    struct call_row row = { .record = { .run = run, .step = step, .index = index } };
    TRY(record_bind(store, statement, call_columns, CALL_KEYS, &row));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    TRY(record_read(statement, call_columns, COUNT_OF(call_columns), arena, &row));
    *ret_call = call_from_row(&row);
    return ERR_OK;
}

enum err store_calls(struct store *store, int64_t run, struct arena *arena,
    struct call_record **ret_calls, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CALLS, &statement));
    struct call_row key = { .record = { .run = run } };
    TRY(record_bind(store, statement, call_columns, 1, &key));
    void *read;
    size_t count;
    TRY(records_read(store, statement, call_columns, COUNT_OF(call_columns),
        sizeof(struct call_row), arena, &read, &count));
    const struct call_row *rows = read;
    struct call_record *calls = ARENA_ARRAY(arena, struct call_record, count);
    if (calls == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        calls[i] = call_from_row(&rows[i]);
    *ret_calls = calls;
    *ret_count = count;
    return ERR_OK;
}
