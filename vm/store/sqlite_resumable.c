/* sqlite_resumable.c - see resumable.h. */
#include "store/resumable.h"

#include "store/sqlite_private.h"

/* The first row of a statement with `keys`, numbers all. */
static enum err numbers_read(struct store *store, enum statement which, const int64_t *keys,
    int key_count, int64_t *ret_numbers, int count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, which, &statement));
    for (int i = 0; i < key_count; i++) {
        int code = sqlite3_bind_int64(statement, i + 1, keys[i]);
        if (code != SQLITE_OK)
            return store_fail(store, code);
    }
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    for (int i = 0; i < count; i++)
        ret_numbers[i] = sqlite3_column_int64(statement, i);
    return ERR_OK;
}

enum err resumable_next(
    struct store *store, int64_t after, int64_t retry_ms, int64_t begun_ms, int64_t *ret_run)
{
    const int64_t keys[] = { retry_ms, after, begun_ms };
    return numbers_read(store, STATEMENT_RESUMABLE, keys, COUNT_OF(keys), ret_run, 1);
}

enum err resumable_unplanned(
    struct store *store, int64_t after, int64_t *ret_hold, int64_t *ret_run)
{
    int64_t found[2];
    TRY(numbers_read(store, STATEMENT_UNPLANNED, &after, 1, found, COUNT_OF(found)));
    *ret_hold = found[0];
    *ret_run = found[1];
    return ERR_OK;
}

enum err resumable_open(struct store *store, uint64_t *ret_count)
{
    int64_t count;
    TRY(numbers_read(store, STATEMENT_OPEN_COUNT, NULL, 0, &count, 1));
    *ret_count = (uint64_t)count;
    return ERR_OK;
}

enum err resumable_version(struct store *store, int64_t *ret_version)
{
    return numbers_read(store, STATEMENT_DATA_VERSION, NULL, 0, ret_version, 1);
}
