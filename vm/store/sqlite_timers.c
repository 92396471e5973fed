/* sqlite_timers.c - timers in the journal, and the mark of the clock that they go by. */
#include "store/timers.h"

#include "store/sqlite_private.h"

static const char *const kind_names[] = {
    [TIMER_UNDO] = "undo",
    [TIMER_EXPIRE] = "expire",
    [TIMER_RETRY] = "retry",
};
static_assert(COUNT_OF(kind_names) == TIMER_KIND_COUNT, "every kind has a name");

const char *timer_kind_name(enum timer_kind kind)
{
    return kind_names[kind];
}

/* A timer as the table spells it. */
struct timer_row {
    struct timer timer;
    str kind;
};

#define COLUMN(type, member)                                                                       \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct timer_row, member)                                   \
    }
#define COLUMN_OR_NULL(type, member)                                                               \
    {                                                                                              \
        COLUMN_##type, true, offsetof(struct timer_row, member)                                    \
    }

/* As TIMER_COLUMNS; those from the second on are what is written at the start. */
static const struct column timer_columns[] = {
    COLUMN(INTEGER, timer.id),
    COLUMN(TEXT, kind),
    COLUMN(INTEGER, timer.run),
    COLUMN(ORDINAL, timer.step),
    COLUMN_OR_NULL(INTEGER, timer.hold),
    COLUMN(INTEGER, timer.set_ms),
    COLUMN(INTEGER, timer.due_ms),
    COLUMN_OR_NULL(INTEGER, timer.ended_ms),
    COLUMN(TEXT, timer.outcome),
};

enum { SET_COLUMNS = 6, KEY_COLUMNS = 3 };

/* Move the timer that is set already; *ret_id is 0 where there is none. */
static enum err timer_move(struct store *store, const struct timer_row *row, int64_t *ret_id)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_TIMER_MOVE, &statement));
    TRY(record_bind(store, statement, &timer_columns[1], SET_COLUMNS, row));
    bool is_row = false;
    *ret_id = 0;
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_OK;
    *ret_id = sqlite3_column_int64(statement, 0);
    return statement_next(store, statement, &is_row); /* to its end: then it is committed */
}

/* A timer counts from a time that no restart may fall behind. */
static enum err mark_keep(struct store *store)
{
    const struct timer_line line = timers_line_get(store);
    if (!line.is_known || line.marked_ms == line.last_ms)
        return ERR_OK;
    bool is_elapsed = line.boot[0] != '\0';
    struct clock_mark mark = { str_from(line.boot), is_elapsed ? line.last_ms - line.offset_ms : 0,
        line.last_ms };
    return timers_mark_set(store, &mark);
}

static enum err timer_set(struct store *store, struct timer *timer)
{
    struct timer_row row = { *timer, str_from(kind_names[timer->kind]) };
    TRY(mark_keep(store));
    TRY(timer_move(store, &row, &timer->id));
    if (timer->id != 0)
        return ERR_OK;
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_TIMER_SET, &statement));
    TRY(record_bind(store, statement, &timer_columns[1], SET_COLUMNS, &row));
    TRY(statement_run(store, statement));
    timer->id = sqlite3_last_insert_rowid(store->db);
    return ERR_OK;
}

enum err timers_set(struct store *store, struct timer *timer)
{
    TRY(store_begin(store));
    return store_end(store, timer_set(store, timer));
}

/* The kind is known by its name. */
static struct timer timer_of(const struct timer_row *row)
{
    struct timer timer = row->timer;
    for (int kind = 0; kind < TIMER_KIND_COUNT; kind++)
        if (str_is(row->kind, kind_names[kind]))
            timer.kind = (enum timer_kind)kind;
    return timer;
}

enum err timers_find(struct store *store, enum timer_kind kind, int64_t run, uint32_t step,
    struct arena *arena, struct timer *ret_timer, uint32_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    struct timer_row row = { { .run = run, .step = step }, str_from(kind_names[kind]) };
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_TIMER_FIND, &statement));
    TRY(record_bind(store, statement, &timer_columns[1], KEY_COLUMNS, &row));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    TRY(record_read(statement, timer_columns, COUNT_OF(timer_columns), arena, &row));
    *ret_timer = timer_of(&row);
    *ret_count = (uint32_t)sqlite3_column_int64(statement, COUNT_OF(timer_columns));
    return ERR_OK;
}

enum err timers_get(struct store *store, int64_t id, struct arena *arena, struct timer *ret_timer)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    struct timer_row row = { .timer = { .id = id } };
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_TIMER_GET, &statement));
    TRY(record_bind(store, statement, timer_columns, 1, &row));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    TRY(record_read(statement, timer_columns, COUNT_OF(timer_columns), arena, &row));
    *ret_timer = timer_of(&row);
    return ERR_OK;
}

/* Run, step and time, as the statements of timers_join take them. */
static const struct column join_columns[] = {
    COLUMN(INTEGER, timer.run),
    COLUMN(ORDINAL, timer.step),
    COLUMN(INTEGER, timer.due_ms),
};

enum err timers_join(struct store *store, const struct timer *timer, int64_t *ret_due_ms)
{
    CLEANUP(statement_release) sqlite3_stmt *others = NULL;
    CLEANUP(statement_release) sqlite3_stmt *put_off = NULL;
    struct timer_row row = { *timer, STR("") };
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_TIMER_JOIN, &others));
    TRY(record_bind(store, others, join_columns, COUNT_OF(join_columns), &row));
    TRY(statement_next(store, others, &is_row));
    if (is_row)
        row.timer.due_ms = sqlite3_column_int64(others, 0);
    if (row.timer.due_ms > timer->due_ms) {
        TRY(timers_set(store, &row.timer));
    }
    TRY(statement_take(store, STATEMENT_TIMER_PUT_OFF, &put_off));
    TRY(record_bind(store, put_off, join_columns, COUNT_OF(join_columns), &row));
    *ret_due_ms = row.timer.due_ms;
    return statement_run(store, put_off);
}

/* All timers that a statement finds. */
static enum err timers_read(struct store *store, sqlite3_stmt *statement, struct arena *arena,
    struct timer **ret_timers, size_t *ret_count)
{
    void *rows;
    TRY(records_read(store, statement, timer_columns, COUNT_OF(timer_columns),
        sizeof(struct timer_row), arena, &rows, ret_count));
    struct timer *timers = ARENA_ARRAY(arena, struct timer, *ret_count);
    if (timers == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < *ret_count; i++)
        timers[i] = timer_of((const struct timer_row *)rows + i);
    *ret_timers = timers;
    return ERR_OK;
}

/* Bind numbers to parameters 1, 2, ... */
static enum err numbers_bind(
    struct store *store, sqlite3_stmt *statement, const int64_t *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        int code = sqlite3_bind_int64(statement, i + 1, numbers[i]);
        if (code != SQLITE_OK)
            return store_fail(store, code);
    }
    return ERR_OK;
}

enum err timers_due(struct store *store, int64_t now_ms, const struct timer *after,
    struct arena *arena, struct timer **ret_timers, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const int64_t keys[] = { now_ms, after == NULL ? INT64_MIN : after->due_ms,
        after == NULL ? 0 : after->id, TIMERS_PAGE };
    TRY(statement_take(store, STATEMENT_TIMERS_DUE, &statement));
    TRY(numbers_bind(store, statement, keys, COUNT_OF(keys)));
    return timers_read(store, statement, arena, ret_timers, ret_count);
}

enum err timers_list(struct store *store, int64_t run, struct arena *arena,
    struct timer **ret_timers, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, run == 0 ? STATEMENT_TIMERS : STATEMENT_TIMERS_OF_RUN, &statement));
    TRY(numbers_bind(store, statement, &run, run == 0 ? 0 : 1));
    return timers_read(store, statement, arena, ret_timers, ret_count);
}

/* The one number that a statement has. ERR_NOT_FOUND: it is NULL. */
static enum err number_read(struct store *store, sqlite3_stmt *statement, int64_t *ret_number)
{
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    if (!is_row || sqlite3_column_type(statement, 0) == SQLITE_NULL)
        return ERR_NOT_FOUND;
    *ret_number = sqlite3_column_int64(statement, 0);
    return ERR_OK;
}

enum err timers_next(struct store *store, int64_t *ret_due_ms)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_TIMER_NEXT, &statement));
    enum err err = number_read(store, statement, ret_due_ms);
    if (err == ERR_NOT_FOUND)
        *ret_due_ms = INT64_MAX;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err timers_twin(
    struct store *store, const struct timer *timer, int64_t run, int64_t *ret_due_ms)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const int64_t keys[] = { timer->run, timer->step, run };
    TRY(statement_take(store, STATEMENT_TIMER_TWIN, &statement));
    TRY(numbers_bind(store, statement, keys, COUNT_OF(keys)));
    return number_read(store, statement, ret_due_ms);
}

enum err timers_step_changed(struct store *store, int64_t run, uint32_t step, bool *ret_has_changed)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const int64_t keys[] = { run, step };
    TRY(statement_take(store, STATEMENT_STEP_CHANGED, &statement));
    TRY(numbers_bind(store, statement, keys, COUNT_OF(keys)));
    return statement_next(store, statement, ret_has_changed);
}

enum err timers_overdue(
    struct store *store, int64_t *ret_run, uint32_t *ret_step, uint64_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_OVERDUE, &statement));
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    *ret_run = sqlite3_column_int64(statement, 0);
    *ret_step = (uint32_t)sqlite3_column_int64(statement, 1);
    *ret_count = (uint64_t)sqlite3_column_int64(statement, 2);
    return ERR_OK;
}

enum err timers_end(struct store *store, int64_t id, int64_t now_ms, str outcome)
{
    static const struct column columns[] = {
        COLUMN(INTEGER, timer.id),
        COLUMN(INTEGER, timer.ended_ms),
        COLUMN(TEXT, timer.outcome),
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    struct timer_row row = { .timer = { .id = id, .ended_ms = now_ms, .outcome = outcome } };
    TRY(statement_take(store, STATEMENT_TIMER_END, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &row));
    return statement_run_one(store, statement);
}

static const struct column mark_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct clock_mark, boot) },
    { COLUMN_INTEGER, false, offsetof(struct clock_mark, elapsed_ms) },
    { COLUMN_INTEGER, false, offsetof(struct clock_mark, timer_ms) },
};

enum err timers_mark_get(struct store *store, struct arena *arena, struct clock_mark *ret_mark)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    *ret_mark = (struct clock_mark){ .boot = STR("") };
    TRY(statement_take(store, STATEMENT_MARK_GET, &statement));
    TRY(statement_next(store, statement, &is_row));
    return is_row ? record_read(statement, mark_columns, COUNT_OF(mark_columns), arena, ret_mark)
                  : ERR_OK;
}

enum err timers_mark_set(struct store *store, const struct clock_mark *mark)
{
    if (store->access == STORE_READS)
        return ERR_OK;
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_MARK_SET, &statement));
    TRY(record_bind(store, statement, mark_columns, COUNT_OF(mark_columns), mark));
    TRY(statement_run(store, statement));
    /* In an open transaction it may yet be rolled back: it is written again then. */
    if (sqlite3_get_autocommit(store->db) != 0)
        store->timer_line.marked_ms = mark->timer_ms;
    return ERR_OK;
}

struct timer_line timers_line_get(struct store *store)
{
    LOCKED(store);
    return store->timer_line;
}

void timers_line_set(struct store *store, const struct timer_line *line)
{
    LOCKED(store);
    struct timer_line *kept = &store->timer_line;
    int64_t marked_ms = kept->marked_ms;
    int64_t last_ms = kept->last_ms;
    *kept = *line;
    kept->marked_ms = marked_ms;
    if (kept->last_ms < last_ms)
        kept->last_ms = last_ms;
}
