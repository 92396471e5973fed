/* sqlite_runs.c - programs and runs in the journal. */
#include "store/holds.h"
#include "store/sqlite_private.h"

#define COLUMN(type, member)                                                                       \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct run, member)                                         \
    }
#define COLUMN_OR_NULL(type, member)                                                               \
    {                                                                                              \
        COLUMN_##type, true, offsetof(struct run, member)                                          \
    }

/* As RUN_COLUMNS; those from the second on are what is written at the start. */
static const struct column run_columns[] = {
    COLUMN(INTEGER, id),
    COLUMN_OR_NULL(INTEGER, undoes),
    COLUMN(TEXT, alert),
    COLUMN(TEXT, source),
    COLUMN(BLOB, alert_text),
    COLUMN(TEXT, forced_source),
    COLUMN(TEXT, rule),
    COLUMN(TEXT, rule_id),
    COLUMN_OR_NULL(TEXT, program_hash),
    COLUMN(INTEGER, received_ms),
    COLUMN(INTEGER, started_ms),
    COLUMN(TEXT, person),
    COLUMN_OR_NULL(INTEGER, case_id),
    COLUMN(FLAG, is_of_one_step),
    COLUMN(ORDINAL, undoes_step),
    COLUMN_OR_NULL(INTEGER, ended_ms),
    COLUMN(TEXT, cut_reason),
    COLUMN(ORDINAL, standing),
};
static_assert(sizeof(enum run_standing) == sizeof(uint32_t), "an ordinal");

enum { BEGIN_COLUMNS = 14 };

struct program_row {
    str hash;
    str texts;
};

static const struct column program_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct program_row, hash) },
    { COLUMN_BLOB, false, offsetof(struct program_row, texts) },
};

enum err store_program_put(struct store *store, str hash, str texts)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_PROGRAM_PUT, &statement));
    struct program_row row = { hash, texts };
    TRY(record_bind(store, statement, program_columns, COUNT_OF(program_columns), &row));
    return statement_run(store, statement);
}

/* Read the one row that the statement has, or ERR_NOT_FOUND. */
static enum err read_one(struct store *store, sqlite3_stmt *statement, const struct column *columns,
    int count, struct arena *arena, void *record)
{
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    return is_row ? record_read(statement, columns, count, arena, record) : ERR_NOT_FOUND;
}

enum err store_program_get(struct store *store, str hash, struct arena *arena, str *ret_texts)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_PROGRAM_GET, &statement));
    struct program_row row = { hash, STR("") };
    TRY(record_bind(store, statement, program_columns, 1, &row));
    TRY(read_one(store, statement, &program_columns[1], 1, arena, &row));
    *ret_texts = row.texts;
    return ERR_OK;
}

enum err store_run_begin(struct store *store, struct run *run)
{
    TRY(store_may_execute(store));
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_RUN_BEGIN, &statement));
    TRY(record_bind(store, statement, &run_columns[1], BEGIN_COLUMNS, run));
    enum err err = statement_run(store, statement);
    if (err == ERR_STORE && sqlite3_extended_errcode(store->db) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return ERR_NOT_FOUND;
    TRY(err);
    run->id = sqlite3_last_insert_rowid(store->db);
    return ERR_OK;
}

/* What ends a run or the steps it was cut off in. */
struct ending {
    int64_t run;
    int64_t now_ms;
    str reason;
};

static const struct column ending_columns[] = {
    { COLUMN_INTEGER, false, offsetof(struct ending, run) },
    { COLUMN_INTEGER, false, offsetof(struct ending, now_ms) },
    { COLUMN_TEXT, false, offsetof(struct ending, reason) },
};

/* `count` of ending_columns are the statement's parameters; *ret_rows have ended. */
static enum err end(struct store *store, enum statement which, const struct ending *ending,
    int count, int *ret_rows)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, ending_columns, count, ending));
    TRY(statement_run(store, statement));
    *ret_rows = sqlite3_changes(store->db);
    return ERR_OK;
}

enum err store_run_end(struct store *store, int64_t run, int64_t now_ms)
{
    struct ending ending = { .run = run, .now_ms = now_ms };
    int rows;
    TRY(store_may_execute(store));
    TRY(store_begin_relaxed(store));
    enum err err = end(store, STATEMENT_RUN_END, &ending, 2, &rows);
    return store_end_answered(store, err == ERR_OK && rows != 1 ? ERR_INVALID : err);
}

/* Nobody needs to answer for a run that nobody goes on with. */
static enum err holds_cut(struct store *store, const struct ending *ending)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct hold_filter filter = { .run = ending->run };
    struct hold *holds = NULL;
    size_t count = 0;
    const char *reason = arena_format(&arena, "its run was ended: %.*s", STR_ARG(ending->reason));
    if (reason == NULL)
        return ERR_MEMORY;
    TRY(holds_list(store, &filter, &arena, &holds, &count));
    for (size_t i = 0; i < count; i++)
        if (holds[i].state == HOLD_OPEN || holds[i].state == HOLD_APPROVED)
            TRY(holds_void(store, holds[i].id, ending->now_ms, reason));
    return ERR_OK;
}

static enum err abandon(struct store *store, const struct ending *ending)
{
    int rows;
    TRY(holds_cut(store, ending));
    TRY(end(store, STATEMENT_STEP_CUT, ending, 3, &rows));
    TRY(end(store, STATEMENT_STEP_CUT_HELD, ending, 3, &rows));
    TRY(end(store, STATEMENT_RUN_ABANDON, ending, 3, &rows));
    return rows == 1 ? ERR_OK : ERR_INVALID;
}

enum err store_run_abandon(struct store *store, int64_t run, int64_t now_ms, const char *reason)
{
    struct ending ending = { run, now_ms, str_from(reason) };
    TRY(store_may_execute(store));
    TRY(store_begin(store));
    return store_end(store, abandon(store, &ending));
}

enum err store_run_get(struct store *store, int64_t id, struct arena *arena, struct run *ret_run)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_RUN_GET, &statement));
    struct run run = { .id = id };
    TRY(record_bind(store, statement, run_columns, 1, &run));
    TRY(read_one(store, statement, run_columns, COUNT_OF(run_columns), arena, &run));
    *ret_run = run;
    return ERR_OK;
}

enum err store_run_find(
    struct store *store, const struct run_key *key, struct arena *arena, struct run *ret_run)
{
    static const struct column keys[] = {
        { COLUMN_TEXT, false, offsetof(struct run_key, alert) },
        { COLUMN_TEXT, false, offsetof(struct run_key, source) },
        { COLUMN_TEXT, false, offsetof(struct run_key, rule) },
        { COLUMN_TEXT, false, offsetof(struct run_key, rule_id) },
        { COLUMN_INTEGER, false, offsetof(struct run_key, since) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_RUN_FIND, &statement));
    struct run run;
    TRY(record_bind(store, statement, keys, COUNT_OF(keys), key));
    TRY(read_one(store, statement, run_columns, COUNT_OF(run_columns), arena, &run));
    *ret_run = run;
    return ERR_OK;
}

enum err store_reliances(struct store *store, int64_t run, int64_t step, uint32_t most,
    struct arena *arena, struct reliance **ret_reliances, size_t *ret_count)
{
    const int64_t keys[] = { run, step, most };
    static const struct column key_columns[] = { { COLUMN_INTEGER, false, 0 },
        { COLUMN_INTEGER, false, sizeof(int64_t) },
        { COLUMN_INTEGER, false, 2 * sizeof(int64_t) } };
    static const struct column columns[] = {
        { COLUMN_INTEGER, false, offsetof(struct reliance, run) },
        { COLUMN_TEXT, false, offsetof(struct reliance, alert) },
        { COLUMN_FLAG, false, offsetof(struct reliance, has_changed) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_RELIANCE, &statement));
    TRY(record_bind(store, statement, key_columns, COUNT_OF(key_columns), keys));
    void *reliances;
    TRY(records_read(store, statement, columns, COUNT_OF(columns), sizeof(struct reliance), arena,
        &reliances, ret_count));
    *ret_reliances = reliances;
    return ERR_OK;
}

enum err store_reliance(struct store *store, int64_t run, int64_t step, struct arena *arena,
    struct reliance *ret_reliance)
{
    struct reliance *reliances;
    size_t count;
    TRY(store_reliances(store, run, step, 1, arena, &reliances, &count));
    if (count == 0)
        return ERR_NOT_FOUND;
    *ret_reliance = reliances[0];
    return ERR_OK;
}

enum err store_runs(struct store *store, const struct run_filter *filter, struct arena *arena,
    struct run **ret_runs, size_t *ret_count)
{
    static const struct column keys[] = {
        { COLUMN_FLAG, false, offsetof(struct run_filter, is_open) },
        { COLUMN_TEXT, false, offsetof(struct run_filter, alert) },
        { COLUMN_INTEGER, false, offsetof(struct run_filter, undoes) },
        { COLUMN_INTEGER, false, offsetof(struct run_filter, case_id) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(
        store, filter->undoes == 0 ? STATEMENT_RUNS : STATEMENT_RUNS_UNDOING, &statement));
    TRY(record_bind(store, statement, keys, COUNT_OF(keys), filter));
    void *runs;
    TRY(records_read(store, statement, run_columns, COUNT_OF(run_columns), sizeof(struct run),
        arena, &runs, ret_count));
    *ret_runs = runs;
    return ERR_OK;
}

enum err store_open_runs(
    struct store *store, struct arena *arena, struct run **ret_runs, size_t *ret_count)
{
    static const struct column columns[] = { COLUMN(INTEGER, id), COLUMN(TEXT, alert),
        COLUMN(TEXT, rule), COLUMN(TEXT, rule_id), COLUMN(TEXT, program_hash) };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_OPEN_RUNS, &statement));
    void *runs;
    TRY(records_read(
        store, statement, columns, COUNT_OF(columns), sizeof(struct run), arena, &runs, ret_count));
    *ret_runs = runs;
    return ERR_OK;
}
