/* sqlite_admissions.c - the counts of limits in the journal. */
#include "store/admissions.h"
#include "store/sqlite_private.h"

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
