/* sqlite_admissions.c - the counts of limits in the journal. */
#include "store/admissions.h"
#include "store/sqlite_private.h"

#include <stdlib.h>

/* What a count is kept under. */
struct admission_row {
    str scope;
    str key;
    str other_key; /* of a rule its id; else as `key` */
    int64_t at_ms; /* or after when */
    str target;
    str account;
    str provider;
    int64_t most;
};

#define ROW_COLUMN(type, member)                                                                   \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct admission_row, member)                               \
    }

static const char *const scope_names[LIMIT_SCOPES] = {
    [LIMIT_RULE] = "rule",
    [LIMIT_ACTION] = "action",
    [LIMIT_ACCOUNT] = "account",
    [LIMIT_PROVIDER] = "provider",
};

/* Field 5 of arn:aws:sts::111122223333:assumed-role/ir/cdr. */
str admission_account(str identity)
{
    enum { FIELDS_BEFORE = 4 };
    str rest = identity;
    if (!str_startswith(identity, STR("arn:")))
        return identity;
    for (int field = 0; field < FIELDS_BEFORE; field++)
        rest = str_skip(rest, str_find(rest, ':') + 1);
    str account = str_first(rest, str_find(rest, ':'));
    return account.len == 0 ? identity : account;
}

static struct admission_row row_of(enum limit_scope scope, const struct admission *admission)
{
    struct admission_row row = { .scope = str_from(scope_names[scope]),
        .at_ms = admission->at_ms,
        .target = admission->target,
        .account = admission->account,
        .provider = admission->provider };
    switch (scope) {
    case LIMIT_RULE:
        row.key = admission->rule;
        row.other_key = admission->rule_id;
        return row;
    case LIMIT_ACTION:
        row.key = admission->builtin;
        break;
    case LIMIT_ACCOUNT:
        row.key = admission->account;
        break;
    case LIMIT_PROVIDER:
        row.key = admission->provider;
        break;
    case LIMIT_SCOPES:
        break;
    }
    row.other_key = row.key;
    return row;
}

static const struct column window_columns[] = {
    ROW_COLUMN(TEXT, scope),
    ROW_COLUMN(TEXT, key),
    ROW_COLUMN(TEXT, other_key),
    ROW_COLUMN(INTEGER, at_ms),
    ROW_COLUMN(TEXT, target),
    ROW_COLUMN(TEXT, account),
    ROW_COLUMN(TEXT, provider),
    ROW_COLUMN(INTEGER, most),
};

enum { HAS_COLUMNS = COUNT_OF(window_columns) - 1 };

static struct admission_row window_of(
    const struct limit_code *limit, const struct admission *admission)
{
    struct admission_row row = row_of(limit->scope, admission);
    row.at_ms = admission->at_ms - limit->window_ms;
    row.most = limit->targets > INT64_MAX ? INT64_MAX : (int64_t)limit->targets;
    return row;
}

enum err admissions_count(struct store *store, const struct limit_code *limit,
    const struct admission *admission, uint64_t *ret_targets)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_ADMISSION_COUNT, &statement));
    struct admission_row row = window_of(limit, admission);
    TRY(record_bind(store, statement, window_columns, COUNT_OF(window_columns), &row));
    bool is_row;
    TRY(statement_next(store, statement, &is_row));
    *ret_targets = (uint64_t)sqlite3_column_int64(statement, 0);
    return ERR_OK;
}

/* ---- what is known without counting ---- */

enum { ROOMS_MAX = 64 };

/* What was counted once. Since then there are no more than were added, because nothing else makes
 * more targets: the window moves on, and rows are never taken away. A rollback leaves it too high. */
struct admission_room {
    struct admission_room *next;
    enum limit_scope scope;
    int64_t window_ms;
    int64_t from_ms; /* the window began there, and counts as long as it does not move back */
    uint64_t most;   /* targets at most, by now */
    size_t key_len;
    size_t other_key_len;
    char keys[]; /* key, other_key */
};

void admission_rooms_release(struct store *store)
{
    while (store->rooms != NULL) {
        struct admission_room *next = store->rooms->next;
        free(store->rooms);
        store->rooms = next;
    }
}

/* Under the lock; NULL: it was not counted yet. *ret_count: how many there are. */
static struct admission_room *room_find(const struct store *store, const struct limit_code *limit,
    const struct admission_row *row, size_t *ret_count)
{
    *ret_count = 0;
    for (struct admission_room *room = store->rooms; room != NULL; room = room->next) {
        ++*ret_count;
        if (room->scope == limit->scope && room->window_ms == limit->window_ms
            && str_equal(row->key, (str){ room->keys, room->key_len })
            && str_equal(row->other_key, (str){ room->keys + room->key_len, room->other_key_len }))
            return room;
    }
    return NULL;
}

/* Under the lock; without memory for it, it is counted the next time too. */
static struct admission_room *room_new(
    struct store *store, const struct limit_code *limit, const struct admission_row *row)
{
    size_t bytes = row->key.len + row->other_key.len;
    struct admission_room *room = calloc(1, sizeof *room + bytes);
    if (room == NULL)
        return NULL;
    room->scope = limit->scope;
    room->window_ms = limit->window_ms;
    room->key_len = row->key.len;
    room->other_key_len = row->other_key.len;
    if (row->key.len > 0)
        memcpy(room->keys, row->key.ptr, row->key.len);
    if (row->other_key.len > 0)
        memcpy(room->keys + row->key.len, row->other_key.ptr, row->other_key.len);
    room->next = store->rooms;
    store->rooms = room;
    return room;
}

enum err admissions_room(struct store *store, const struct limit_code *limit,
    const struct admission *admission, bool *ret_has_room)
{
    LOCKED(store);
    size_t count;
    uint64_t targets;
    struct admission_row row = window_of(limit, admission);
    struct admission_room *room = room_find(store, limit, &row, &count);
    *ret_has_room = room != NULL && store->access == STORE_EXECUTES && row.at_ms >= room->from_ms
                    && room->most < limit->targets; /* nobody else adds to it then */
    if (*ret_has_room)
        return ERR_OK;
    TRY(admissions_count(store, limit, admission, &targets));
    *ret_has_room = targets < limit->targets;
    if (room == NULL && count == ROOMS_MAX)
        admission_rooms_release(store);
    if (room == NULL)
        room = room_new(store, limit, &row);
    if (room != NULL) {
        room->from_ms = row.at_ms;
        /* The target itself was left out; and of a full one no more is known. */
        room->most = *ret_has_room ? targets + 1 : UINT64_MAX / 2;
    }
    return ERR_OK;
}

/* A target more, maybe, in each. */
static void rooms_fill(struct store *store)
{
    LOCKED(store);
    for (struct admission_room *room = store->rooms; room != NULL; room = room->next)
        room->most++;
}

/* ---- what is asked and kept ---- */

enum err admissions_has(struct store *store, const struct limit_code *limit,
    const struct admission *admission, bool *ret_has)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_ADMISSION_HAS, &statement));
    struct admission_row row = window_of(limit, admission);
    TRY(record_bind(store, statement, window_columns, HAS_COLUMNS, &row));
    return statement_next(store, statement, ret_has);
}

static enum err row_add(struct store *store, const struct admission_row *row)
{
    static const struct column columns[] = {
        ROW_COLUMN(TEXT, scope),
        ROW_COLUMN(TEXT, key),
        ROW_COLUMN(INTEGER, at_ms),
        ROW_COLUMN(TEXT, target),
        ROW_COLUMN(TEXT, account),
        ROW_COLUMN(TEXT, provider),
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_ADMISSION_ADD, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), row));
    return statement_run(store, statement);
}

enum err admissions_add(struct store *store, const struct admission *admission)
{
    rooms_fill(store);
    for (int scope = 0; scope < LIMIT_SCOPES; scope++) {
        struct admission_row row = row_of((enum limit_scope)scope, admission);
        TRY(row_add(store, &row));
        bool is_same = str_equal(row.key, row.other_key);
        row.key = row.other_key;
        if (!is_same)
            TRY(row_add(store, &row));
    }
    return ERR_OK;
}

enum err admissions_kept(struct store *store, const struct admission *admission, bool *ret_is_kept)
{
    static const struct column columns[] = {
        { COLUMN_TEXT, false, offsetof(struct admission, rule) },
        { COLUMN_TEXT, false, offsetof(struct admission, builtin) },
        { COLUMN_TEXT, false, offsetof(struct admission, target) },
        { COLUMN_INTEGER, false, offsetof(struct admission, at_ms) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_ADMISSION_KEPT, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), admission));
    return statement_next(store, statement, ret_is_kept);
}
