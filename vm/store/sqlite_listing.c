/* sqlite_listing.c - see listing.h. */
#include "store/listing.h"

#include "store/sqlite_private.h"

#define RUN(type, member)                                                                          \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct run, member)                                         \
    }

enum err listing_runs(struct store *store, const struct run_page *page, struct arena *arena,
    struct run **ret_runs, size_t *ret_count)
{
    static const struct column keys[] = {
        { COLUMN_INTEGER, false, offsetof(struct run_page, after) },
        { COLUMN_ORDINAL, false, offsetof(struct run_page, limit) },
        { COLUMN_TEXT, false, offsetof(struct run_page, alert) },
    };
    static const struct column columns[] = {
        RUN(INTEGER, id),
        RUN(INTEGER, undoes),
        RUN(TEXT, alert),
        RUN(TEXT, source),
        RUN(TEXT, forced_source),
        RUN(TEXT, rule),
        RUN(TEXT, rule_id),
        RUN(TEXT, program_hash),
        RUN(INTEGER, received_ms),
        RUN(INTEGER, started_ms),
        RUN(TEXT, person),
        RUN(INTEGER, case_id),
        RUN(FLAG, is_of_one_step),
        RUN(ORDINAL, undoes_step),
        RUN(INTEGER, ended_ms),
        RUN(TEXT, cut_reason),
    };
    bool is_of_alert = page->alert.len > 0;
    enum statement which = is_of_alert     ? STATEMENT_RUNS_PAGE_OF_ALERT
                           : page->is_open ? STATEMENT_RUNS_PAGE_OPEN
                                           : STATEMENT_RUNS_PAGE;
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, keys, is_of_alert ? 3 : 2, page));
    void *runs;
    TRY(records_read(
        store, statement, columns, COUNT_OF(columns), sizeof(struct run), arena, &runs, ret_count));
    *ret_runs = runs;
    return ERR_OK;
}

#undef RUN
#define STEP(type, member)                                                                         \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct listed_step, member)                                 \
    }

enum err listing_steps(struct store *store, const struct step_page *page, struct arena *arena,
    struct listed_step **ret_steps, size_t *ret_count)
{
    static const struct column keys[] = {
        { COLUMN_INTEGER, false, offsetof(struct step_page, after) },
        { COLUMN_ORDINAL, false, offsetof(struct step_page, limit) },
        { COLUMN_INTEGER, false, offsetof(struct step_page, run) },
    };
    static const struct column columns[] = {
        STEP(INTEGER, record.run),
        STEP(ORDINAL, record.index),
        STEP(TEXT, record.builtin),
        STEP(TEXT, record.args),
        STEP(TEXT, record.target),
        STEP(TEXT, record.found),
        STEP(TEXT, record.state),
        STEP(TEXT, record.reason),
        STEP(TEXT, record.results),
        STEP(TEXT, record.provider),
        STEP(TEXT, record.identity),
        STEP(TEXT, record.region),
        STEP(INTEGER, record.started_ms),
        STEP(INTEGER, record.ended_ms),
        STEP(INTEGER, record.joined_run),
        STEP(ORDINAL, record.joined_step),
        STEP(TEXT, record.account),
        STEP(TEXT, record.base),
        STEP(INTEGER, key),
        STEP(INTEGER, calls),
        STEP(INTEGER, changes),
    };
    bool is_of_run = page->run != 0;
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(
        store, is_of_run ? STATEMENT_STEPS_PAGE_OF_RUN : STATEMENT_STEPS_PAGE, &statement));
    TRY(record_bind(store, statement, keys, is_of_run ? 3 : 2, page));
    void *steps;
    TRY(records_read(store, statement, columns, COUNT_OF(columns), sizeof(struct listed_step),
        arena, &steps, ret_count));
    *ret_steps = steps;
    return ERR_OK;
}
