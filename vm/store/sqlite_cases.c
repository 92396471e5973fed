/* sqlite_cases.c - cases in the journal. See cases.h. */
#include "store/cases.h"
#include "store/sqlite_private.h"

#define CASE_COLUMN(type, member)                                                                  \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct case_record, member)                                 \
    }

/* As CASE_COLUMNS. */
static const struct column case_columns[] = {
    CASE_COLUMN(INTEGER, id),
    CASE_COLUMN(INTEGER, opened_ms),
    CASE_COLUMN(INTEGER, last_ms),
    CASE_COLUMN(TEXT, title),
    CASE_COLUMN(INTEGER, alerts),
    CASE_COLUMN(INTEGER, runs),
};

/* An alert of a case, as the table has it. */
struct alert_row {
    int64_t case_id;
    struct case_alert alert;
};

static const struct column alert_columns[] = {
    { COLUMN_INTEGER, false, offsetof(struct alert_row, case_id) },
    { COLUMN_TEXT, false, offsetof(struct alert_row, alert.alert) },
    { COLUMN_TEXT, false, offsetof(struct alert_row, alert.source) },
    { COLUMN_TEXT, false, offsetof(struct alert_row, alert.title) },
    { COLUMN_INTEGER, false, offsetof(struct alert_row, alert.at_ms) },
};

struct entity_row {
    struct case_entity entity;
    int64_t case_id;
    int64_t most; /* CASE_ENTITIES_MAX */
};

static const struct column entity_columns[] = {
    { COLUMN_TEXT, false, offsetof(struct entity_row, entity.field) },
    { COLUMN_TEXT, false, offsetof(struct entity_row, entity.scope) },
    { COLUMN_TEXT, false, offsetof(struct entity_row, entity.value) },
    { COLUMN_INTEGER, false, offsetof(struct entity_row, case_id) },
    { COLUMN_INTEGER, false, offsetof(struct entity_row, entity.last_ms) },
    { COLUMN_INTEGER, false, offsetof(struct entity_row, most) },
};

enum { ENTITY_COLUMNS = 5 };

/* Two numbers: what most statements about a case are asked with. */
struct case_key {
    int64_t id;
    int64_t number;
};

static const struct column key_columns[] = {
    { COLUMN_INTEGER, false, offsetof(struct case_key, id) },
    { COLUMN_INTEGER, false, offsetof(struct case_key, number) },
};

/* The first column of the one row that the statement has, 0 for none. */
static enum err read_id(struct store *store, sqlite3_stmt *statement, int64_t *ret_id)
{
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    *ret_id = is_row ? sqlite3_column_int64(statement, 0) : 0;
    return ERR_OK;
}

static enum err find_by_alert(struct store *store, const struct case_alert *alert, int64_t *ret_id)
{
    static const struct column columns[] = {
        { COLUMN_TEXT, false, offsetof(struct case_alert, source) },
        { COLUMN_TEXT, false, offsetof(struct case_alert, alert) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CASE_OF_ALERT, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), alert));
    return read_id(store, statement, ret_id);
}

static enum err find_by_entity(
    struct store *store, const struct entity *entity, int64_t since_ms, int64_t *ret_id)
{
    static const struct column columns[] = {
        { COLUMN_TEXT, false, offsetof(struct case_entity, field) },
        { COLUMN_TEXT, false, offsetof(struct case_entity, scope) },
        { COLUMN_TEXT, false, offsetof(struct case_entity, value) },
        { COLUMN_INTEGER, false, offsetof(struct case_entity, last_ms) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CASE_OF_ENTITY, &statement));
    struct case_entity key = { entity->field, entity->scope, entity->value, since_ms };
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &key));
    return read_id(store, statement, ret_id);
}

/* The oldest case that has one of the entities; 0 for none. */
static enum err find_by_entities(struct store *store, const struct entity *entities, size_t count,
    int64_t since_ms, int64_t *ret_id)
{
    *ret_id = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t id;
        TRY(find_by_entity(store, &entities[i], since_ms, &id));
        if (id != 0 && (*ret_id == 0 || id < *ret_id))
            *ret_id = id;
    }
    return ERR_OK;
}

static enum err case_add(
    struct store *store, const struct case_alert *alert, int64_t now_ms, int64_t *ret_id)
{
    static const struct column columns[] = { CASE_COLUMN(INTEGER, opened_ms),
        CASE_COLUMN(TEXT, title) };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CASE_ADD, &statement));
    struct case_record record = { .opened_ms = now_ms,
        .title = alert->title.len > 0 ? alert->title : alert->alert };
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &record));
    TRY(statement_run(store, statement));
    *ret_id = sqlite3_last_insert_rowid(store->db);
    return ERR_OK;
}

static enum err case_touch(struct store *store, int64_t id, int64_t now_ms)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CASE_TOUCH, &statement));
    struct case_key key = { id, now_ms };
    TRY(record_bind(store, statement, key_columns, COUNT_OF(key_columns), &key));
    return statement_run(store, statement);
}

static enum err alert_add(struct store *store, int64_t id, const struct case_alert *alert)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CASE_ALERT_ADD, &statement));
    struct alert_row row = { id, *alert };
    TRY(record_bind(store, statement, alert_columns, COUNT_OF(alert_columns), &row));
    return statement_run(store, statement);
}

static enum err entity_add(
    struct store *store, int64_t id, const struct entity *entity, int64_t now_ms)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_CASE_ENTITY_ADD, &statement));
    struct entity_row row = { .entity = { entity->field, entity->scope, entity->value, now_ms },
        .case_id = id,
        .most = CASE_ENTITIES_MAX };
    TRY(record_bind(store, statement, entity_columns, COUNT_OF(entity_columns), &row));
    return statement_run(store, statement);
}

static enum err join(struct store *store, const struct case_alert *alert,
    const struct entity *entities, size_t count, int64_t since_ms, int64_t *ret_case,
    enum case_entry *ret_entry)
{
    TRY(find_by_alert(store, alert, ret_case));
    *ret_entry = *ret_case == 0 ? CASE_JOINED : CASE_KNOWN;
    if (*ret_case == 0)
        TRY(find_by_entities(store, entities, count, since_ms, ret_case));
    if (*ret_case == 0) {
        *ret_entry = CASE_OPENED;
        TRY(case_add(store, alert, alert->at_ms, ret_case));
    } else
        TRY(case_touch(store, *ret_case, alert->at_ms));
    for (size_t i = 0; i < count; i++)
        TRY(entity_add(store, *ret_case, &entities[i], alert->at_ms));
    return alert_add(store, *ret_case, alert);
}

enum err cases_join(struct store *store, const struct event *event, str alert, int64_t now_ms,
    int64_t window_ms, struct arena *arena, int64_t *ret_case, enum case_entry *ret_entry)
{
    struct entity *entities = NULL;
    size_t count = 0;
    struct case_alert record = { .alert = alert,
        .source = event->source,
        .title = value_str(event->fields[FIELD_ALERT_TITLE]),
        .at_ms = now_ms };
    TRY(event_entities(event, arena, &entities, &count));
    TRY(store_begin(store));
    enum err err = join(store, &record, entities, count, now_ms - window_ms, ret_case, ret_entry);
    if (err == ERR_OK)
        err = store_commit(store);
    if (err != ERR_OK)
        store_rollback(store);
    return err;
}

enum err cases_get(
    struct store *store, int64_t id, struct arena *arena, struct case_record *ret_record)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    bool is_row = false;
    TRY(statement_take(store, STATEMENT_CASE_GET, &statement));
    struct case_key key = { .id = id };
    TRY(record_bind(store, statement, key_columns, 1, &key));
    TRY(statement_next(store, statement, &is_row));
    return is_row ? record_read(statement, case_columns, COUNT_OF(case_columns), arena, ret_record)
                  : ERR_NOT_FOUND;
}

/* All rows of a statement that is asked with `count` numbers of a case_key. */
static enum err read_all(struct store *store, enum statement which, struct case_key key, int count,
    const struct column *columns, int column_count, size_t size, struct arena *arena,
    void **ret_rows, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, key_columns, count, &key));
    return records_read(store, statement, columns, column_count, size, arena, ret_rows, ret_count);
}

enum err cases_list(struct store *store, uint32_t last, struct arena *arena,
    struct case_record **ret_records, size_t *ret_count)
{
    struct case_key key = { .id = last == 0 ? -1 : (int64_t)last }; /* LIMIT -1 is none */
    void *rows;
    TRY(read_all(store, STATEMENT_CASES, key, 1, case_columns, COUNT_OF(case_columns),
        sizeof(struct case_record), arena, &rows, ret_count));
    *ret_records = rows;
    return ERR_OK;
}

enum err cases_related(struct store *store, int64_t id, int64_t window_ms, struct arena *arena,
    struct case_record **ret_records, size_t *ret_count)
{
    void *rows;
    TRY(read_all(store, STATEMENT_CASES_RELATED, (struct case_key){ id, window_ms }, 2,
        case_columns, COUNT_OF(case_columns), sizeof(struct case_record), arena, &rows, ret_count));
    *ret_records = rows;
    return ERR_OK;
}

enum err cases_alerts(struct store *store, int64_t id, struct arena *arena,
    struct case_alert **ret_alerts, size_t *ret_count)
{
    void *read;
    TRY(read_all(store, STATEMENT_CASE_ALERTS, (struct case_key){ id, 0 }, 1, alert_columns,
        COUNT_OF(alert_columns), sizeof(struct alert_row), arena, &read, ret_count));
    const struct alert_row *rows = read;
    struct case_alert *alerts = ARENA_ARRAY(arena, struct case_alert, *ret_count + 1);
    if (alerts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < *ret_count; i++)
        alerts[i] = rows[i].alert;
    *ret_alerts = alerts;
    return ERR_OK;
}

enum err cases_entities(struct store *store, int64_t id, struct arena *arena,
    struct case_entity **ret_entities, size_t *ret_count)
{
    void *read;
    TRY(read_all(store, STATEMENT_CASE_ENTITIES, (struct case_key){ id, 0 }, 1, entity_columns,
        ENTITY_COLUMNS, sizeof(struct entity_row), arena, &read, ret_count));
    const struct entity_row *rows = read;
    struct case_entity *entities = ARENA_ARRAY(arena, struct case_entity, *ret_count + 1);
    if (entities == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < *ret_count; i++)
        entities[i] = rows[i].entity;
    *ret_entities = entities;
    return ERR_OK;
}
