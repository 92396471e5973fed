/* sqlite_twins.c - twins among the steps of the journal. */
#include "store/twins.h"
#include "store/sqlite_private.h"

#define QUERY_COLUMN(type, member)                                                                 \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct twin_query, member)                                  \
    }

static const struct column query_columns[] = {
    QUERY_COLUMN(INTEGER, run),
    QUERY_COLUMN(ORDINAL, step),
    QUERY_COLUMN(TEXT, builtin),
    QUERY_COLUMN(TEXT, target),
    QUERY_COLUMN(TEXT, args),
    QUERY_COLUMN(TEXT, provider),
    QUERY_COLUMN(TEXT, identity),
    QUERY_COLUMN(TEXT, region),
    QUERY_COLUMN(FLAG, takes_done),
    QUERY_COLUMN(FLAG, takes_held),
    QUERY_COLUMN(FLAG, takes_running),
    QUERY_COLUMN(INTEGER, from_ms),
    QUERY_COLUMN(INTEGER, until_ms),
    QUERY_COLUMN(TEXT, rule),
    QUERY_COLUMN(TEXT, stages),
    QUERY_COLUMN(INTEGER, running_from_ms),
};

enum { STEP_KEYS = 2 };

static enum err twin_read(struct store *store, enum statement which, int columns,
    const struct twin_query *query, struct arena *arena, struct step_record *ret_twin)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, query_columns, columns, query));
    bool is_row;
    TRY(statement_next(store, statement, &is_row));
    return is_row ? step_record_read(statement, arena, ret_twin) : ERR_NOT_FOUND;
}

enum err twins_find(struct store *store, const struct twin_query *query, struct arena *arena,
    struct step_record *ret_twin)
{
    return twin_read(store, STATEMENT_TWIN_FIND, COUNT_OF(query_columns), query, arena, ret_twin);
}

enum err twins_awaited(struct store *store, int64_t run, uint32_t step, struct arena *arena,
    struct step_record *ret_twin)
{
    struct twin_query query = { .run = run, .step = step };
    return twin_read(store, STATEMENT_TWIN_AWAITED, STEP_KEYS, &query, arena, ret_twin);
}

struct twin_note {
    int64_t run;
    uint32_t step;
    int64_t twin_run;
    uint32_t twin_step;
};

#define NOTE_COLUMN(type, member, is_null)                                                         \
    {                                                                                              \
        COLUMN_##type, is_null, offsetof(struct twin_note, member)                                 \
    }

enum err twins_note(struct store *store, int64_t run, uint32_t step, const struct step_record *twin)
{
    static const struct column columns[] = {
        NOTE_COLUMN(INTEGER, run, false),
        NOTE_COLUMN(ORDINAL, step, false),
        NOTE_COLUMN(INTEGER, twin_run, true),
        NOTE_COLUMN(ORDINAL, twin_step, false),
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_TWIN_NOTE, &statement));
    struct twin_note note = { .run = run, .step = step };
    if (twin != NULL) {
        note.twin_run = twin->run;
        note.twin_step = twin->index;
    }
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &note));
    return statement_run_one(store, statement);
}
