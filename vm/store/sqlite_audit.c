/* sqlite_audit.c - the audit log in the journal: rows that name the one before by its hash. */
#include "store/audit.h"
#include "store/sqlite_private.h"

enum err audit_origin(str store_id, uint8_t ret_hash[static SHA256_BYTES])
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add(&sha256, store_id);
    return sha256_end(&sha256, ret_hash);
}

enum err audit_hash(
    const uint8_t previous[static SHA256_BYTES], str text, uint8_t ret_hash[static SHA256_BYTES])
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add(&sha256, (str){ (const char *)previous, SHA256_BYTES });
    sha256_add(&sha256, text);
    return sha256_end(&sha256, ret_hash);
}

static void hash_read(sqlite3_stmt *statement, int at, uint8_t ret_hash[static SHA256_BYTES])
{
    memset(ret_hash, 0, SHA256_BYTES);
    if (sqlite3_column_type(statement, at) == SQLITE_BLOB
        && sqlite3_column_bytes(statement, at) == SHA256_BYTES)
        memcpy(ret_hash, sqlite3_column_blob(statement, at), SHA256_BYTES);
}

enum err audit_last(struct store *store, struct audit_row *ret_row)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_AUDIT_LAST, &statement));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    *ret_row = (struct audit_row){ .text = STR("") };
    if (!is_row)
        return audit_origin(store_id(store), ret_row->hash);
    ret_row->seq = sqlite3_column_int64(statement, 0);
    hash_read(statement, 1, ret_row->hash);
    return ERR_OK;
}

/* The run before the first that this log knows, as the migration that made it noted it. */
static enum err older_runs(struct store *store, int64_t *ret_run)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_AUDIT_OLDER, &statement));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    *ret_run = is_row ? sqlite3_column_int64(statement, 0) : 0;
    return ERR_OK;
}

static enum err row_add(struct store *store, const struct audit_row *row)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_AUDIT_ADD, &statement));
    int code = sqlite3_bind_int64(statement, 1, row->seq);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text64(
            statement, 2, row->text.ptr, row->text.len, SQLITE_STATIC, SQLITE_UTF8);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob64(statement, 3, row->hash, SHA256_BYTES, SQLITE_STATIC);
    return code == SQLITE_OK ? statement_run(store, statement) : store_fail(store, code);
}

static enum err append(struct store *store, const struct audit_entry *entry, int64_t *ret_seq)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(AUDIT_ENTRY_BYTES_MAX);
    struct audit_row last;
    TRY(audit_last(store, &last));
    struct audit_said said = { .seq = last.seq + 1, .entry = *entry };
    if (said.seq == 1)
        TRY(older_runs(store, &said.older_runs));
    TRY(audit_text_write(&text, &said));
    struct audit_row row = { .seq = said.seq, .text = buf_str(&text) };
    TRY(audit_hash(last.hash, row.text, row.hash));
    TRY(row_add(store, &row));
    store->anchoring.last_seq = row.seq;
    store->anchoring.last_ms = entry->at_ms;
    *ret_seq = row.seq;
    return ERR_OK;
}

enum err audit_append(struct store *store, const struct audit_entry *entry, int64_t *ret_seq)
{
    TRY(store_begin(store));
    enum err err = append(store, entry, ret_seq);
    if (err == ERR_OK)
        return store_commit(store);
    store_rollback(store);
    return err;
}

static enum err row_read(sqlite3_stmt *statement, struct arena *arena, struct audit_row *ret_row)
{
    const void *text = sqlite3_column_blob(statement, 1);
    size_t length = (size_t)sqlite3_column_bytes(statement, 1);
    ret_row->seq = sqlite3_column_int64(statement, 0);
    ret_row->text = arena_copy(arena, (str){ text == NULL ? "" : text, text == NULL ? 0 : length });
    hash_read(statement, 2, ret_row->hash);
    return ret_row->text.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err audit_page(struct store *store, int64_t after, uint32_t limit, struct arena *arena,
    struct audit_row **ret_rows, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    struct audit_row *rows = ARENA_ARRAY(arena, struct audit_row, limit);
    if (rows == NULL)
        return ERR_MEMORY;
    TRY(statement_take(store, STATEMENT_AUDIT_PAGE, &statement));
    int code = sqlite3_bind_int64(statement, 1, after);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, limit);
    if (code != SQLITE_OK)
        return store_fail(store, code);
    for (*ret_count = 0; *ret_count < limit; (*ret_count)++) {
        bool is_row = false;
        TRY(statement_next(store, statement, &is_row));
        if (!is_row)
            break;
        TRY(row_read(statement, arena, &rows[*ret_count]));
    }
    *ret_rows = rows;
    return ERR_OK;
}

enum err audit_get(struct store *store, int64_t seq, struct arena *arena, struct audit_row *ret_row)
{
    struct audit_row *rows;
    size_t count;
    TRY(audit_page(store, seq - 1, 1, arena, &rows, &count));
    if (count == 0 || rows[0].seq != seq)
        return ERR_NOT_FOUND;
    *ret_row = rows[0];
    return ERR_OK;
}

enum err audit_entry_get(struct store *store, int64_t seq, struct arena *arena,
    struct audit_entry *ret_entry, bool *ret_is_there)
{
    struct audit_row row;
    struct audit_said said = { 0 };
    enum err err = audit_get(store, seq, arena, &row);
    if (err == ERR_OK)
        err = audit_text_read(row.text, arena, &said);
    *ret_is_there = err == ERR_OK;
    *ret_entry = said.entry;
    return err == ERR_NOT_FOUND || err == ERR_JSON ? ERR_OK : err;
}
