/* sqlite_holds.c - holds and decisions in the journal. What they come to is said by act/hold.c;
 * here it is written down, each change of a state with its entry in the audit log.
 */
#include "store/audit.h"
#include "store/holds.h"
#include "store/sqlite_private.h"

#include "base/time.h"

#include <inttypes.h>

enum { HOLD_BYTES_MAX = 64 * 1024 * 1024 };

/* A hold as the tables spell it. */
struct hold_row {
    struct hold hold;
    str cause;
    str state;
};

#define COLUMN(type, member)                                                                       \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct hold_row, member)                                    \
    }
#define UNTIL                                                                                      \
    {                                                                                              \
        COLUMN_INTEGER, true, offsetof(struct hold_row, hold.until_ms)                             \
    }

/* As HOLD_COLUMNS. */
static const struct column hold_columns[] = {
    COLUMN(INTEGER, hold.id),
    COLUMN(INTEGER, hold.run),
    COLUMN(ORDINAL, hold.step),
    COLUMN(ORDINAL, hold.round),
    COLUMN(TEXT, hold.reason),
    COLUMN(TEXT, hold.clause),
    COLUMN(TEXT, hold.plan_hash),
    COLUMN(BLOB, hold.plan),
    COLUMN(TEXT, hold.stages),
    COLUMN(TEXT, hold.author),
    COLUMN(ORDINAL, hold.stage),
    UNTIL,
    COLUMN(INTEGER, hold.held_ms),
    COLUMN(INTEGER, hold.settled_ms),
    COLUMN(TEXT, cause),
    COLUMN(TEXT, state),
    COLUMN(TEXT, hold.target),
    COLUMN(TEXT, hold.builtin),
    COLUMN(FLAG, hold.is_step_over),
    COLUMN(TEXT, hold.rule),
    COLUMN(TEXT, hold.alert),
    COLUMN(TEXT, hold.program_hash),
    COLUMN(INTEGER, hold.audit),
};

#define DECISION(type, member)                                                                     \
    {                                                                                              \
        COLUMN_##type, false, offsetof(struct decision, member)                                    \
    }

static const struct column decision_columns[] = {
    DECISION(INTEGER, hold),
    DECISION(TEXT, who),
    DECISION(FLAG, is_approval),
    DECISION(TEXT, reason),
    DECISION(TEXT, plan_hash),
    DECISION(ORDINAL, stage),
    DECISION(INTEGER, decided_ms),
    DECISION(INTEGER, audit),
    DECISION(INTEGER, id),
};

enum { DECISION_WRITTEN = 8 };

/* ---- reading ---- */

static enum err hold_from_row(const struct hold_row *row, struct hold *ret_hold)
{
    *ret_hold = row->hold;
    ret_hold->cause = hold_cause_find(row->cause);
    ret_hold->state = hold_state_find(row->state);
    bool is_known = ret_hold->cause < HOLD_CAUSE_COUNT && ret_hold->state < HOLD_STATE_COUNT;
    return is_known ? ERR_OK : ERR_STORE;
}

/* The row that the statement has for its keys, which are the first columns of `key`. */
static enum err hold_find(struct store *store, enum statement which, const struct column *keys,
    int key_count, const struct hold_row *key, struct arena *arena, struct hold *ret_hold)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, keys, key_count, key));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    if (!is_row)
        return ERR_NOT_FOUND;
    struct hold_row row;
    TRY(record_read(statement, hold_columns, COUNT_OF(hold_columns), arena, &row));
    return hold_from_row(&row, ret_hold);
}

enum err holds_get(struct store *store, int64_t id, struct arena *arena, struct hold *ret_hold)
{
    struct hold_row key = { .hold = { .id = id } };
    return hold_find(store, STATEMENT_HOLD_GET, hold_columns, 1, &key, arena, ret_hold);
}

enum err holds_of_step(
    struct store *store, int64_t run, uint32_t step, struct arena *arena, struct hold *ret_hold)
{
    struct hold_row key = { .hold = { .run = run, .step = step } };
    return hold_find(store, STATEMENT_HOLD_OF_STEP, &hold_columns[1], 2, &key, arena, ret_hold);
}

/* The parameters of a hold_filter. */
struct filter_row {
    int64_t run;
    str rule;
    int64_t after;
    int64_t limit; /* -1: none */
};

static enum err rows_read(struct store *store, enum statement which,
    const struct filter_row *filter, struct arena *arena, struct hold_row **ret_rows,
    size_t *ret_count)
{
    static const struct column keys[] = {
        { COLUMN_INTEGER, false, offsetof(struct filter_row, run) },
        { COLUMN_TEXT, false, offsetof(struct filter_row, rule) },
        { COLUMN_INTEGER, false, offsetof(struct filter_row, after) },
        { COLUMN_INTEGER, false, offsetof(struct filter_row, limit) },
    };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, keys, COUNT_OF(keys), filter));
    void *rows;
    TRY(records_read(store, statement, hold_columns, COUNT_OF(hold_columns),
        sizeof(struct hold_row), arena, &rows, ret_count));
    *ret_rows = rows;
    return ERR_OK;
}

enum err holds_list(struct store *store, const struct hold_filter *filter, struct arena *arena,
    struct hold **ret_holds, size_t *ret_count)
{
    struct filter_row keys = { filter->run, filter->rule, filter->after,
        filter->limit == 0 ? -1 : (int64_t)filter->limit };
    enum statement which = filter->is_open         ? STATEMENT_HOLDS_OPEN
                           : filter->is_actionable ? STATEMENT_HOLDS_ACTIONABLE
                                                   : STATEMENT_HOLDS;
    struct hold_row *rows;
    size_t count;
    TRY(rows_read(store, which, &keys, arena, &rows, &count));
    struct hold *holds = ARENA_ARRAY(arena, struct hold, count);
    if (holds == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        TRY(hold_from_row(&rows[i], &holds[i]));
    *ret_holds = holds;
    *ret_count = count;
    return ERR_OK;
}

enum err holds_decisions(struct store *store, int64_t hold, struct arena *arena,
    struct decision **ret_decisions, size_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_DECISIONS, &statement));
    struct decision key = { .hold = hold };
    TRY(record_bind(store, statement, decision_columns, 1, &key));
    void *decisions;
    TRY(records_read(store, statement, decision_columns, COUNT_OF(decision_columns),
        sizeof(struct decision), arena, &decisions, ret_count));
    *ret_decisions = decisions;
    return ERR_OK;
}

/* ---- writing ---- */

/* Commit what was done; an answer of ERR_INVALID is one too. Else nothing of it is there. */
static enum err finish(struct store *store, enum err err)
{
    if (err == ERR_OK || err == ERR_INVALID) {
        TRY(store_commit(store));
        return err;
    }
    store_rollback(store);
    return err;
}

/* The entry that tells something of the hold. */
static struct audit_entry entry_of(
    const struct hold *hold, const char *event, int64_t now_ms, str who, const char *reason)
{
    return (struct audit_entry){ .event = event,
        .who = who,
        .at_ms = now_ms,
        .run = hold->run,
        .step = hold->step,
        .alert = hold->alert,
        .rule = hold->rule,
        .builtin = hold->builtin,
        .target = hold->target,
        .program_hash = hold->program_hash,
        .plan_hash = hold->plan_hash,
        .clause = hold->clause,
        .reason = str_from(reason) };
}

/* "hold 3 approved": what the hold was after what an entry tells. It binds the entry to the hold
 * and lets nobody pass off an approval that did not settle it as one that did. */
static const char *after_text(const struct hold *hold, enum hold_state state, struct arena *arena)
{
    return arena_format(arena, "hold %" PRId64 " %s", hold->id, hold_state_name(state));
}

static enum err entry_add(struct store *store, struct audit_entry entry, const struct hold *hold,
    enum hold_state state, int64_t *ret_seq)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(HOLD_BYTES_MAX);
    const char *after = after_text(hold, state, &arena);
    if (after == NULL)
        return ERR_MEMORY;
    entry.after = str_from(after);
    enum err err = audit_append(store, &entry, ret_seq);
    return err == ERR_INVALID ? ERR_STORE : err; /* not an answer: nothing of it may stay */
}

/* What a hold becomes, from the state that it had. */
struct settlement {
    int64_t id;
    str from;
    str to;
    uint32_t stage;
    int64_t until_ms;
    int64_t settled_ms;
};

/* Write the new state of the hold, and have *hold tell it. ERR_STORE: it is not what it was. */
static enum err settle(struct store *store, struct hold *hold, enum hold_state to, uint32_t stage,
    int64_t until_ms, int64_t now_ms)
{
    static const struct column columns[] = {
        { COLUMN_INTEGER, false, offsetof(struct settlement, id) },
        { COLUMN_TEXT, false, offsetof(struct settlement, from) },
        { COLUMN_TEXT, false, offsetof(struct settlement, to) },
        { COLUMN_ORDINAL, false, offsetof(struct settlement, stage) },
        { COLUMN_INTEGER, true, offsetof(struct settlement, until_ms) },
        { COLUMN_INTEGER, true, offsetof(struct settlement, settled_ms) },
    };
    struct settlement row = { hold->id, str_from(hold_state_name(hold->state)),
        str_from(hold_state_name(to)), stage, until_ms, to == HOLD_OPEN ? 0 : now_ms };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_HOLD_SETTLE, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &row));
    enum err err = statement_run_one(store, statement);
    if (err == ERR_INVALID)
        return store_say(store, "a hold is not what it was in the same transaction");
    TRY(err);
    hold->state = to;
    hold->stage = stage;
    hold->until_ms = until_ms;
    hold->settled_ms = row.settled_ms;
    return ERR_OK;
}

/* As settle, with an entry of its own in the audit log. */
static enum err settle_audited(struct store *store, struct hold *hold, enum hold_state to,
    const char *event, const char *reason, int64_t now_ms)
{
    int64_t seq;
    TRY(settle(store, hold, to, hold->stage, hold->until_ms, now_ms));
    return entry_add(store, entry_of(hold, event, now_ms, STR("cdr"), reason), hold, to, &seq);
}

static enum err make_void(
    struct store *store, struct hold *hold, const char *reason, int64_t now_ms)
{
    return settle_audited(store, hold, HOLD_VOID, "voided", reason, now_ms);
}

/* Whether somebody may still answer it, or act by the answer. */
static bool is_waiting(const struct hold *hold)
{
    return hold->state == HOLD_OPEN || hold->state == HOLD_APPROVED;
}

/* ---- holding ---- */

/* The step's holds so far: the one that waits becomes void; the next round. */
static enum err round_begin(
    struct store *store, const struct hold *hold, struct arena *arena, uint32_t *ret_round)
{
    struct hold before;
    enum err err = holds_of_step(store, hold->run, hold->step, arena, &before);
    *ret_round = 0;
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    *ret_round = before.round + 1;
    return is_waiting(&before)
               ? make_void(store, &before, "another hold takes its place", hold->held_ms)
               : ERR_OK;
}

static enum err step_set(struct store *store, enum statement which, const struct hold *hold)
{
    static const struct column columns[] = {
        COLUMN(INTEGER, hold.run),
        COLUMN(ORDINAL, hold.step),
        COLUMN(TEXT, hold.target),
        COLUMN(TEXT, hold.reason),
    };
    struct hold_row row = { .hold = *hold };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, which, &statement));
    TRY(record_bind(store, statement, columns, sqlite3_bind_parameter_count(statement), &row));
    return statement_run_one(store, statement);
}

static enum err hold_insert(struct store *store, struct hold *hold)
{
    static const struct column columns[] = {
        COLUMN(INTEGER, hold.run),
        COLUMN(ORDINAL, hold.step),
        COLUMN(ORDINAL, hold.round),
        COLUMN(TEXT, cause),
        COLUMN(TEXT, hold.reason),
        COLUMN(TEXT, hold.clause),
        COLUMN(TEXT, hold.plan_hash),
        COLUMN(BLOB, hold.plan),
        COLUMN(TEXT, hold.stages),
        COLUMN(TEXT, hold.author),
        COLUMN(ORDINAL, hold.stage),
        UNTIL,
        COLUMN(INTEGER, hold.held_ms),
    };
    struct hold_row row = { .hold = *hold, .cause = str_from(hold_cause_name(hold->cause)) };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_HOLD_ADD, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &row));
    TRY(statement_run(store, statement));
    hold->id = sqlite3_last_insert_rowid(store->db);
    return ERR_OK;
}

/* Seal what people are asked, so that who edits it shows. */
static enum err hold_ask(struct store *store, struct hold *hold, struct arena *arena)
{
    static const struct column columns[] = { COLUMN(INTEGER, hold.id),
        COLUMN(INTEGER, hold.audit) };
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    struct hold_row row;
    TRY(holds_get(store, hold->id, arena, &row.hold));
    const char *after = hold_asked_text(&row.hold, arena);
    if (after == NULL)
        return ERR_MEMORY;
    struct audit_entry entry = entry_of(&row.hold, "asked", hold->held_ms, STR("cdr"), NULL);
    entry.reason = row.hold.reason;
    entry.after = str_from(after);
    TRY(audit_append(store, &entry, &row.hold.audit));
    hold->audit = row.hold.audit;
    TRY(statement_take(store, STATEMENT_HOLD_ASK, &statement));
    TRY(record_bind(store, statement, columns, COUNT_OF(columns), &row));
    return statement_run_one(store, statement);
}

/* *hold as it is when nobody has said anything. */
static enum err hold_begin(struct hold *hold, struct arena *arena)
{
    struct approval_stage *stages;
    uint32_t count;
    TRY(hold_stages_from_json(arena, hold->stages, &stages, &count));
    hold->state = HOLD_OPEN;
    hold->settled_ms = 0;
    (void)hold_settle(hold, stages, count, NULL, 0, hold->held_ms, &hold->stage, &hold->until_ms);
    return ERR_OK;
}

static enum err hold_step(struct store *store, struct hold *hold, struct arena *arena)
{
    TRY(hold_begin(hold, arena));
    TRY(step_set(store, STATEMENT_STEP_HOLD, hold));
    TRY(round_begin(store, hold, arena, &hold->round));
    TRY(hold_insert(store, hold));
    return hold_ask(store, hold, arena);
}

enum err holds_add(struct store *store, struct hold *hold)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(HOLD_BYTES_MAX);
    TRY(store_may_execute(store));
    TRY(store_begin(store));
    return finish(store, hold_step(store, hold, &arena));
}

/* ---- deciding ---- */

/* A hold with all that is known of it, in one transaction. */
struct matter {
    struct hold hold;
    struct approval_stage *stages;
    uint32_t stage_count;
    struct decision *decisions; /* with room for one more */
    size_t decision_count;
    bool is_sealed; /* as people were asked; else there are no stages */
};

static const char changed[] =
    "the journal's record of this hold was changed: look with cdr audit verify";

static enum err matter_read(
    struct store *store, int64_t id, struct arena *arena, struct matter *ret_matter)
{
    struct decision *decisions;
    struct matter *m = ret_matter;
    TRY(holds_get(store, id, arena, &m->hold));
    TRY(holds_is_sealed(store, &m->hold, arena, &m->is_sealed));
    if (m->is_sealed)
        TRY(hold_stages_from_json(arena, m->hold.stages, &m->stages, &m->stage_count));
    TRY(holds_decisions(store, id, arena, &decisions, &m->decision_count));
    m->decisions = ARENA_ARRAY(arena, struct decision, m->decision_count + 1);
    if (m->decisions == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < m->decision_count; i++)
        m->decisions[i] = decisions[i];
    return ERR_OK;
}

static enum hold_state matter_settle(
    const struct matter *m, int64_t now_ms, uint32_t *ret_stage, int64_t *ret_until_ms)
{
    return hold_settle(&m->hold, m->stages, m->stage_count, m->decisions, m->decision_count, now_ms,
        ret_stage, ret_until_ms);
}

/* Let an open hold become what time has made of it. */
static enum err pass_time(struct store *store, struct matter *m, int64_t now_ms)
{
    uint32_t stage;
    int64_t until_ms;
    int64_t seq;
    struct hold *hold = &m->hold;
    if (hold->state != HOLD_OPEN)
        return ERR_OK;
    if (hold->is_step_over)
        return make_void(store, hold, "its step has ended", now_ms);
    if (!m->is_sealed)
        return ERR_OK;
    enum hold_state state = matter_settle(m, now_ms, &stage, &until_ms);
    if (state != HOLD_EXPIRED && (state != HOLD_OPEN || stage == hold->stage))
        return ERR_OK;
    TRY(settle(store, hold, state, stage, until_ms, now_ms));
    struct audit_entry entry = entry_of(hold, state == HOLD_EXPIRED ? "expired" : "escalated",
        now_ms, STR("cdr"), "nobody said enough in time");
    return entry_add(store, entry, hold, state, &seq);
}

static const char *why_not_open(struct store *store, const struct hold *hold, struct arena *arena)
{
    struct hold newest;
    char text[TIME_TEXT_MAX];
    if (hold->is_step_over && hold->state == HOLD_VOID)
        return "its step has ended, so there is nothing to decide";
    if (hold->state == HOLD_VOID
        && holds_of_step(store, hold->run, hold->step, arena, &newest) == ERR_OK
        && newest.id != hold->id)
        return arena_format(arena,
            "it is void: the plan is another one now, which hold %" PRId64 " is about", newest.id);
    if (hold->state == HOLD_EXPIRED)
        return arena_format(
            arena, "too late: it expired at %s", time_format(hold->until_ms, text).ptr);
    return arena_format(arena, "it is %s already, since %s", hold_state_name(hold->state),
        time_format(hold->settled_ms, text).ptr);
}

/* The same, said before by the same person to the same stage, or NULL. Whoever approved may still
 * reject. */
static const struct decision *said_before(const struct matter *m, const struct decision *decision)
{
    for (size_t i = 0; i < m->decision_count; i++)
        if (m->decisions[i].stage == m->hold.stage
            && m->decisions[i].is_approval == decision->is_approval
            && hold_is_same_person(m->decisions[i].who, decision->who))
            return &m->decisions[i];
    return NULL;
}

/* Why what is said does not fit the hold, or NULL. ERR_MEMORY: *ret_reason is NULL too. */
static enum err fault_find(struct store *store, const struct matter *m,
    const struct decision *decision, struct arena *arena, const char **ret_reason)
{
    const struct hold *hold = &m->hold;
    const struct decision *before = said_before(m, decision);
    *ret_reason = NULL;
    if (decision->reason.len == 0 || decision->who.len == 0)
        *ret_reason = decision->who.len == 0 ? "nobody says who it is" : "a reason is needed";
    else if (hold->state != HOLD_OPEN)
        *ret_reason = why_not_open(store, hold, arena);
    else if (!m->is_sealed)
        *ret_reason = changed;
    else if (decision->is_approval && hold->plan_hash.len == 0)
        *ret_reason = "it has no plan yet, so there is nothing to approve";
    else if (!str_equal(decision->plan_hash, hold->plan_hash))
        *ret_reason = arena_format(
            arena, "it is about the plan %.12s and not about the one seen", hold->plan_hash.ptr);
    else if (before != NULL)
        *ret_reason = arena_format(arena, "%.*s has %s it already", STR_ARG(before->who),
            before->is_approval ? "approved" : "rejected");
    else
        return ERR_OK;
    return *ret_reason == NULL ? ERR_MEMORY : ERR_INVALID;
}

/* Whoever may not say it is told, and the audit log too. */
static enum err leave_check(struct store *store, const struct matter *m,
    const struct decision *decision, const struct role_code *roles, uint32_t role_count,
    int64_t now_ms, struct arena *arena, const char **reterr_reason)
{
    int64_t seq;
    const struct hold_question question = { m->stages, m->stage_count == 0 ? 0 : m->hold.stage + 1,
        roles, role_count };
    if (hold_may_decide(
            &m->hold, &question, decision->who, decision->is_approval, arena, reterr_reason))
        return ERR_OK;
    TRY(entry_add(store, entry_of(&m->hold, "denied", now_ms, decision->who, *reterr_reason),
        &m->hold, HOLD_OPEN, &seq));
    return ERR_INVALID;
}

static enum err decision_insert(struct store *store, struct decision *decision)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_DECISION_ADD, &statement));
    TRY(record_bind(store, statement, decision_columns, DECISION_WRITTEN, decision));
    TRY(statement_run(store, statement));
    decision->id = sqlite3_last_insert_rowid(store->db);
    return ERR_OK;
}

/* What is said counts: it is in the log, in the table, and the hold is what it makes of it. */
static enum err decision_add(
    struct store *store, struct matter *m, struct decision *decision, int64_t now_ms)
{
    uint32_t stage;
    int64_t until_ms;
    decision->stage = m->hold.stage;
    decision->decided_ms = now_ms;
    m->decisions[m->decision_count++] = *decision;
    enum hold_state state = matter_settle(m, now_ms, &stage, &until_ms);
    struct audit_entry entry = entry_of(
        &m->hold, decision->is_approval ? "approved" : "rejected", now_ms, decision->who, NULL);
    entry.reason = decision->reason;
    TRY(entry_add(store, entry, &m->hold, state, &decision->audit));
    TRY(decision_insert(store, decision));
    return state == HOLD_OPEN ? ERR_OK : settle(store, &m->hold, state, stage, until_ms, now_ms);
}

static enum err decide(struct store *store, struct decision *decision,
    const struct role_code *roles, uint32_t role_count, int64_t now_ms, struct arena *arena,
    struct matter *m, const char **reterr_reason)
{
    TRY(matter_read(store, decision->hold, arena, m));
    TRY(pass_time(store, m, now_ms));
    TRY(fault_find(store, m, decision, arena, reterr_reason));
    TRY(leave_check(store, m, decision, roles, role_count, now_ms, arena, reterr_reason));
    return decision_add(store, m, decision, now_ms);
}

enum err holds_decide(struct store *store, struct decision *decision, const struct role_code *roles,
    uint32_t role_count, int64_t now_ms, struct arena *arena, enum hold_state *ret_state,
    const char **reterr_reason)
{
    struct matter m = { 0 };
    TRY(store_begin(store));
    enum err err =
        finish(store, decide(store, decision, roles, role_count, now_ms, arena, &m, reterr_reason));
    *ret_state = m.hold.state;
    return err;
}

/* ---- claiming ---- */

/* Whether the audit log has the decision word for word, and that it made the hold what `after`
 * says. */
static enum err is_in_log(struct store *store, const struct matter *m,
    const struct decision *decision, enum hold_state after, struct arena *arena, bool *ret_is)
{
    struct audit_entry said;
    const struct audit_entry *entry = &said;
    TRY(audit_entry_get(store, decision->audit, arena, &said, ret_is));
    if (!*ret_is)
        return ERR_OK;
    const char *state = after_text(&m->hold, after, arena);
    if (state == NULL)
        return ERR_MEMORY;
    *ret_is = str_is(str_from(entry->event), decision->is_approval ? "approved" : "rejected")
              && str_equal(entry->who, decision->who) && entry->at_ms == decision->decided_ms
              && entry->run == m->hold.run && entry->step == m->hold.step
              && str_equal(entry->plan_hash, decision->plan_hash) && str_is(entry->after, state);
    return ERR_OK;
}

/* NULL, or why the approval of the hold is none for the plan. */
static enum err doubt_find(struct store *store, const struct matter *m, str plan_hash,
    struct arena *arena, const char **ret_doubt)
{
    uint32_t stage;
    int64_t until_ms;
    size_t count = m->decision_count;
    *ret_doubt = NULL;
    if (!m->is_sealed)
        *ret_doubt = changed;
    else if (m->hold.plan_hash.len == 0 || !str_equal(m->hold.plan_hash, plan_hash))
        *ret_doubt = "the plan is another one now";
    else if (count == 0
             || matter_settle(m, m->decisions[count - 1].decided_ms, &stage, &until_ms)
                    != HOLD_APPROVED)
        *ret_doubt = "what people said of it is not an approval";
    for (size_t i = 0; i < count && *ret_doubt == NULL; i++) {
        bool is;
        TRY(is_in_log(
            store, m, &m->decisions[i], i + 1 < count ? HOLD_OPEN : HOLD_APPROVED, arena, &is));
        if (!is)
            *ret_doubt = "the audit log does not have what people said of it";
    }
    return ERR_OK;
}

static enum err claim(struct store *store, int64_t id, str plan_hash, int64_t now_ms,
    struct arena *arena, enum hold_state *ret_state)
{
    struct matter m = { 0 };
    const char *doubt;
    TRY(matter_read(store, id, arena, &m));
    *ret_state = m.hold.state;
    if ((m.hold.state != HOLD_APPROVED && m.hold.state != HOLD_USED) || m.hold.is_step_over)
        return ERR_INVALID;
    TRY(doubt_find(store, &m, plan_hash, arena, &doubt));
    if (doubt == NULL && m.hold.state == HOLD_USED)
        return ERR_OK;
    if (doubt == NULL) {
        TRY(step_set(store, STATEMENT_STEP_CLAIM, &m.hold));
        TRY(settle_audited(store, &m.hold, HOLD_USED, "used", NULL, now_ms));
    } else {
        TRY(make_void(store, &m.hold, doubt, now_ms));
    }
    *ret_state = m.hold.state;
    return ERR_OK;
}

enum err holds_claim(struct store *store, int64_t hold, str plan_hash, int64_t now_ms,
    struct arena *arena, enum hold_state *ret_state)
{
    TRY(store_may_execute(store));
    TRY(store_begin(store));
    return finish(store, claim(store, hold, plan_hash, now_ms, arena, ret_state));
}

/* ---- time ---- */

enum err holds_expire(struct store *store, int64_t hold, int64_t now_ms, enum hold_state *ret_state)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(HOLD_BYTES_MAX);
    struct matter m = { 0 };
    TRY(store_begin(store));
    enum err err = matter_read(store, hold, &arena, &m);
    if (err == ERR_OK)
        err = m.is_sealed || m.hold.state != HOLD_OPEN || m.hold.is_step_over
                  ? pass_time(store, &m, now_ms)
                  : settle_audited(store, &m.hold, HOLD_EXPIRED, "expired", changed, now_ms);
    TRY(finish(store, err));
    *ret_state = m.hold.state;
    return ERR_OK;
}

static enum err void_it(struct store *store, int64_t id, int64_t now_ms, const char *reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(HOLD_BYTES_MAX);
    struct hold hold;
    TRY(holds_get(store, id, &arena, &hold));
    return is_waiting(&hold) ? make_void(store, &hold, reason, now_ms) : ERR_INVALID;
}

enum err holds_void(struct store *store, int64_t hold, int64_t now_ms, const char *reason)
{
    TRY(store_begin(store));
    return finish(store, void_it(store, hold, now_ms, reason));
}
