/* sqlite_alerts_kept.c - how long alerts are kept, and how much of them. See alerts.h. */
#include "store/alerts.h"

#include "base/json_blank.h"
#include "base/limits.h"
#include "store/sqlite_private.h"

static const struct column slice_columns[] = { { COLUMN_INTEGER, false, 0 },
    { COLUMN_INTEGER, false, sizeof(int64_t) } };

enum err alerts_forget(struct store *store, int64_t until_ms, size_t most, uint64_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const int64_t keys[] = { until_ms, (int64_t)most };
    TRY(store_may_execute(store));
    TRY(statement_take(store, STATEMENT_ALERTS_FORGET, &statement));
    TRY(record_bind(store, statement, slice_columns, COUNT_OF(slice_columns), keys));
    TRY(statement_run(store, statement));
    *ret_count = (uint64_t)sqlite3_changes(store->db);
    return ERR_OK;
}

enum err alerts_forget_one(struct store *store, int64_t id)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(store_may_execute(store));
    TRY(statement_take(store, STATEMENT_ALERT_FORGET, &statement));
    TRY(record_bind(store, statement, slice_columns, 1, &id));
    TRY(statement_run(store, statement));
    return sqlite3_changes(store->db) == 0 ? ERR_NOT_FOUND : ERR_OK;
}

/* A text of the journal: of an alert, or of a run. */
struct kept {
    int64_t id;
    str text;
};

static const struct column kept_columns[] = {
    { COLUMN_INTEGER, false, offsetof(struct kept, id) },
    { COLUMN_BLOB, false, offsetof(struct kept, text) },
};

struct redaction {
    struct store *store;
    int64_t until_ms;
    const str *paths;
    size_t path_count;
    size_t most;
    enum statement find;
    enum statement write;
};

/* `text` without what the paths name, in `arena`; a text that is no object is blanked whole. */
static enum err text_blank(
    const struct redaction *redaction, str text, struct arena *arena, str *ret_text)
{
    bool is_object = true;
    for (size_t i = 0; i < redaction->path_count && is_object; i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(EVENT_BYTES_MAX);
        is_object = json_blank(text, redaction->paths[i], &out);
        if (out.err != ERR_OK)
            return out.err;
        text = is_object ? arena_copy(arena, buf_str(&out)) : STR(JSON_BLANK);
        if (text.ptr == NULL)
            return ERR_MEMORY;
    }
    *ret_text = text;
    return ERR_OK;
}

static enum err redact_one(const struct redaction *redaction, const struct kept *kept)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    struct kept blank = { .id = kept->id };
    TRY(text_blank(redaction, kept->text, &arena, &blank.text));
    TRY(statement_take(redaction->store, redaction->write, &statement));
    TRY(record_bind(redaction->store, statement, kept_columns, COUNT_OF(kept_columns), &blank));
    return statement_run(redaction->store, statement);
}

/* Of texts in one slice: others wait for the journal meanwhile. The last one may go beyond. */
enum { REDACT_BYTES = 2 * 1024 * 1024 };

/* Read the next ones, as many as REDACT_BYTES hold. */
static enum err kept_read(
    const struct redaction *redaction, struct arena *arena, struct kept *kept, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    const int64_t keys[] = { redaction->until_ms, (int64_t)redaction->most };
    size_t bytes = 0;
    *ret_count = 0;
    TRY(statement_take(redaction->store, redaction->find, &statement));
    TRY(record_bind(redaction->store, statement, slice_columns, COUNT_OF(slice_columns), keys));
    while (*ret_count < redaction->most && bytes < REDACT_BYTES) {
        bool is_row = false;
        TRY(statement_next(redaction->store, statement, &is_row));
        if (!is_row)
            break;
        struct kept *next = &kept[(*ret_count)++];
        TRY(record_read(statement, kept_columns, COUNT_OF(kept_columns), arena, next));
        bytes += next->text.len;
    }
    return ERR_OK;
}

static enum err redact(const struct redaction *redaction, uint64_t *count)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct kept *kept = ARENA_ARRAY(&arena, struct kept, redaction->most);
    size_t found = 0;
    if (kept == NULL)
        return ERR_MEMORY;
    TRY(kept_read(redaction, &arena, kept, &found));
    for (size_t i = 0; i < found; i++)
        TRY(redact_one(redaction, &kept[i]));
    *count += found;
    return ERR_OK;
}

enum err alerts_redact(struct store *store, int64_t until_ms, const str *paths, size_t path_count,
    size_t most, uint64_t *ret_count)
{
    struct redaction redaction = { store, until_ms, paths, path_count,
        most < ALERTS_PAGE_MAX ? most : ALERTS_PAGE_MAX, STATEMENT_ALERTS_UNREDACTED,
        STATEMENT_ALERT_REDACT };
    *ret_count = 0;
    TRY(store_may_execute(store));
    TRY(store_begin(store));
    enum err err = redact(&redaction, ret_count);
    redaction.find = STATEMENT_RUNS_UNREDACTED;
    redaction.write = STATEMENT_RUN_REDACT;
    if (err == ERR_OK)
        err = redact(&redaction, ret_count);
    return store_end(store, err);
}
