/* sqlite_statements.c - every statement of the journal, and how records pass through them.
 *
 * All SQL but the schema is in one table. Nothing is ever pasted into it: what varies
 * is a parameter.
 */
#include "store/alerts.h"
#include "store/timers.h"
#include "store/sqlite_private.h"

/* A change that certainly never took effect: not sent, or refused by the provider. */
#define CAME_TO_NOTHING                                                                            \
    "(reply_kind IS NOT NULL AND (reply_kind = 'refused' OR is_declined = 1"                       \
    " OR (reply_kind = 'received' AND reply_status BETWEEN 400 AND 499)))"

/* A change of run `r` that may have been made. */
#define CHANGES "call WHERE call.run = r.id AND is_change = 1 AND NOT " CAME_TO_NOTHING

/* An undo `u` that ended and took everything back that it was to take back: no step of it is
 * anything but done (undo.c: each tries what the one before left). */
#define IS_COMPLETE                                                                                \
    "u.ended_ms IS NOT NULL AND NOT EXISTS"                                                        \
    " (SELECT 1 FROM step WHERE step.run = u.id AND state <> 'done')"

/* A complete undo of all of run `r`. */
#define COMPLETE_UNDO "run AS u WHERE u.undoes = r.id AND u.undoes_step IS NULL AND " IS_COMPLETE

/* What the rule itself wanted to end in time (`for 4h`), once it has: run `r` stands. */
#define IS_IN_TIME "(u.undoes_step IS NOT NULL AND u.person = '' AND " IS_COMPLETE ")"

/* It has something to take back: the removal of what a step left (act/leftover.h) has not, and a run
 * stands after it as before. */
#define IS_OF_CHANGES                                                                              \
    "(u.undoes_step IS NULL OR EXISTS (SELECT 1 FROM call AS made WHERE made.run = u.undoes"       \
    "   AND made.step = u.undoes_step AND made.is_change = 1 AND coalesce(made.undo, '') <> ''))"

/* A step that is not done because a clause or a person said no, and certainly changed nothing. */
#define DECIDED "'refused', 'rejected', 'shadowed'"

/* A run `r` of a rule in shadow, which changed nothing: it is no obstacle to the live rule. */
#define ONLY_LOOKED                                                                                \
    "(r.ended_ms IS NOT NULL"                                                                      \
    " AND EXISTS (SELECT 1 FROM step WHERE step.run = r.id AND state = 'shadowed')"                \
    " AND NOT EXISTS (SELECT 1 FROM " CHANGES "))"

/* enum run_standing of run `r`. A run whose rule wanted no step stands: it was dealt with. */
#define STANDING                                                                                   \
    "CASE WHEN EXISTS (SELECT 1 FROM " COMPLETE_UNDO ") THEN 4"                                    \
    " WHEN EXISTS (SELECT 1 FROM run AS u WHERE u.undoes = r.id AND NOT " IS_IN_TIME               \
    "   AND " IS_OF_CHANGES ") THEN 3"                                                             \
    " WHEN r.ended_ms IS NULL THEN 0"                                                              \
    " WHEN r.cut_reason = '' AND NOT EXISTS"                                                       \
    "   (SELECT 1 FROM step WHERE step.run = r.id AND state <> 'done') THEN 1"                     \
    " WHEN r.cut_reason = '' AND NOT EXISTS"                                                       \
    "   (SELECT 1 FROM step WHERE step.run = r.id AND state NOT IN ('done', " DECIDED "))"         \
    "   THEN 6"                                                                                    \
    " WHEN EXISTS (SELECT 1 FROM step WHERE step.run = r.id"                                       \
    "     AND state NOT IN ('failed', 'unresolved'))"                                              \
    "   OR EXISTS (SELECT 1 FROM " CHANGES ") THEN 2"                                              \
    " ELSE 5 END"
static_assert(RUN_OPEN == 0 && RUN_STANDS == 1 && RUN_INCOMPLETE == 2 && RUN_PARTLY_TAKEN_BACK == 3
                  && RUN_TAKEN_BACK == 4 && RUN_CAME_TO_NOTHING == 5 && RUN_DECIDED == 6,
    "the numbers are in STANDING");

/* Whether later alerts may belong to run `run`: not when nothing was done that still stands. A
 * plan's windows are of no run at all. */
#define CAN_BE_JOINED(run)                                                                         \
    "NOT EXISTS (SELECT 1 FROM run AS r WHERE r.id = " run " AND (" STANDING " IN (4, 5)"          \
    " OR (" STANDING " = 2 AND NOT EXISTS (SELECT 1 FROM " CHANGES "))))"

#define RUN_COLUMNS                                                                                \
    "id, undoes, alert, source, alert_text, forced_source, rule, rule_id, program_hash,"           \
    " received_ms, started_ms, person, case_id, undoes_step IS NOT NULL, undoes_step, ended_ms,"   \
    " cut_reason, " STANDING
/* Parameters of a run_filter. */
#define RUNS_THAT_PASS(undoing)                                                                    \
    "SELECT id, undoes, alert, source, x'', forced_source, rule, rule_id,"                         \
    " program_hash, received_ms, started_ms, person, case_id, undoes_step IS NOT NULL,"            \
    " undoes_step, ended_ms, cut_reason, " STANDING " FROM run AS r"                               \
    " WHERE (?1 = 0 OR ended_ms IS NULL) AND (?2 = '' OR alert = ?2)"                              \
    " AND " undoing " AND (?4 = 0 OR case_id = ?4) ORDER BY id"
#define STEP_COLUMNS                                                                               \
    "run, idx, builtin, args, target, found, state, reason, results, provider, identity,"          \
    " region, started_ms, ended_ms, joined_run, joined_step, account, base"
#define CASE_COLUMNS                                                                               \
    "id, opened_ms, last_ms, title,"                                                               \
    " (SELECT count(*) FROM case_alert WHERE case_id = c.id),"                                     \
    " (SELECT count(*) FROM run WHERE case_id = c.id)"
#define INTENT_COLUMNS                                                                             \
    "run, step, idx, is_change, service, operation, region, target, body, undo, intended_ms"

/* The account that a step acted in, as far as it is known: the one it was to, else that of who it
 * was, which AWS writes behind the empty region of an ARN. Else empty. */
#define ACCOUNT_OF(step)                                                                           \
    "CASE WHEN " step ".account <> '' THEN " step ".account"                                       \
    " WHEN " step ".identity LIKE 'arn:%::____________:%'"                                         \
    "   THEN substr(" step ".identity, instr(" step ".identity, '::') + 2, 12) ELSE '' END"
/* Whether steps `mine` and `theirs` are not known to have acted in different places. Regions do
 * not count: what is of one is named with it, and IAM has none. */
#define IN_ONE_PLACE                                                                               \
    "theirs.provider = mine.provider AND (" ACCOUNT_OF("mine") " = '' OR " ACCOUNT_OF(             \
        "theirs") " IN ('', " ACCOUNT_OF("mine") "))"

/* Whether the target of a step, which may be several things, names what a call is about. */
#define NAMES(step, call)                                                                          \
    "(" call ".target <> ''"                                                                       \
    " AND instr(', ' || " step ".target || ', ', ', ' || " call ".target || ', ') > 0)"
/* Whether step `other` wants in force what `change` of step `step` made: both are the same action
 * on the same thing, or `change` made what is only a part to its own step. */
#define WANTS(other, step, change)                                                                 \
    "(" other ".builtin = " step ".builtin AND (" other ".target = " step                          \
    ".target OR " NAMES(other, change) ") OR " step ".target NOT IN ('', " change                  \
                                       ".target) AND " NAMES(other, change) ")"
#define A_CHANGE(step, change)                                                                     \
    change ".run = " step ".run AND " change ".step = " step ".idx AND " change ".is_change = 1"   \
           " AND " change ".undo <> ''"

/* Other undos that are set, of what steps did that are about the same thing as step `mine`. */
#define UNDOS_OF_THE_SAME                                                                          \
    "timer AS t JOIN step AS theirs ON theirs.run = t.run AND theirs.idx = t.step"                 \
    " WHERE t.kind = 'undo' AND t.ended_ms IS NULL AND " IN_ONE_PLACE                              \
    " AND (theirs.builtin = mine.builtin AND theirs.target = mine.target"                          \
    "   OR EXISTS (SELECT 1 FROM call AS c WHERE " A_CHANGE("theirs", "c") " AND " WANTS("mine",   \
        "theirs",                                                                                  \
        "c") ")"                                                                                   \
             "   OR EXISTS (SELECT 1 FROM call AS c WHERE " A_CHANGE("mine", "c") " AND " WANTS(   \
                 "theirs", "mine", "c") "))"                                                       \
                                        " AND (t.run <> mine.run OR t.step <> mine.idx)"
#define TIMER_COLUMNS "id, kind, run, step, hold, set_ms, due_ms, ended_ms, outcome"

/* As hold_columns in sqlite_holds.c; `plan` in its place, because lists leave it out. */
#define HOLD_COLUMNS(plan)                                                                         \
    "h.id, h.run, h.step, h.round, h.reason, h.clause, h.plan_hash, " plan                         \
    ", h.stages, h.author, h.stage, h.until_ms, h.held_ms, h.settled_ms, h.cause, h.state,"        \
    " s.target, s.builtin, s.ended_ms IS NOT NULL, r.rule, r.alert, r.program_hash,"               \
    " coalesce(h.audit, 0)"
#define HOLD_TABLES "step AS s ON s.run = h.run AND s.idx = h.step JOIN run AS r ON r.id = h.run"
/* Parameters of a hold_filter. */
#define HOLDS_THAT_PASS                                                                            \
    " (?1 = 0 OR h.run = ?1) AND (?2 = '' OR r.rule = ?2) AND h.id > ?3"                           \
    " ORDER BY h.id LIMIT ?4"

/* As alert_columns in sqlite_alerts.c; `text` in its place, because lists leave it out. The state
 * is a number of enum alert_state. */
#define ALERT_COLUMNS(text)                                                                        \
    "id, way, forced_source, " text ", lower(hex(digest)), received_ms, attempts, copies, source," \
    " name, first, program_hash, evaluated_ms, matched, reason,"                                   \
    " CASE state WHEN 'waiting' THEN 0 WHEN 'evaluated' THEN 1 ELSE 2 END"
static_assert(ALERT_WAITING == 0 && ALERT_EVALUATED == 1 && ALERT_DEAD == 2,
    "the numbers are in ALERT_COLUMNS");
/* Parameters of an alert_filter; an index of its own needs the state in words. */
#define ALERTS_THAT(pass)                                                                          \
    "SELECT " ALERT_COLUMNS("x''") " FROM alerts WHERE id > ?1 AND " pass " ORDER BY id LIMIT ?2"

/* As read by listing_runs; where a run stands is asked of one run at a time. */
#define LISTED_RUNS                                                                                \
    "SELECT id, undoes, alert, source, forced_source, rule, rule_id, program_hash, received_ms,"   \
    " started_ms, person, case_id, undoes_step IS NOT NULL, undoes_step, ended_ms, cut_reason"     \
    " FROM run WHERE id > ?1"

/* As read by listing_steps. Steps are never deleted, so rowid is the order they were begun in. */
#define LISTED_STEPS                                                                               \
    "SELECT " STEP_COLUMNS ", rowid,"                                                              \
    " (SELECT count(*) FROM call WHERE call.run = s.run AND call.step = s.idx),"                   \
    " (SELECT count(*) FROM call WHERE call.run = s.run AND call.step = s.idx AND is_change = 1)"  \
    " FROM step AS s WHERE rowid > ?1"

static const char *const sql[STATEMENT_COUNT] = {
    [STATEMENT_PROGRAM_PUT] = "INSERT INTO program (hash, texts) VALUES (?1, ?2)"
                              " ON CONFLICT (hash) DO NOTHING",
    [STATEMENT_PROGRAM_GET] = "SELECT texts FROM program WHERE hash = ?1",
    [STATEMENT_RUN_BEGIN] = "INSERT INTO run (undoes, alert, source, alert_text, forced_source,"
                            " rule, rule_id, program_hash, received_ms, started_ms, person,"
                            " case_id, undoes_step)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
                            " CASE WHEN ?13 THEN ?14 END)",
    [STATEMENT_RUN_END] = "UPDATE run SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL"
                          " AND NOT EXISTS"
                          " (SELECT 1 FROM step WHERE step.run = ?1"
                          " AND state IN ('running', 'held'))",
    [STATEMENT_RUN_GET] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE id = ?1",
    [STATEMENT_RUN_FIND] = "SELECT " RUN_COLUMNS " FROM run AS r"
                           " WHERE alert = ?1 AND source = ?2 AND undoes IS NULL"
                           " AND (rule_id = ?4 OR (rule = ?3 AND NOT " ONLY_LOOKED "))"
                           " AND (" STANDING " NOT IN (4, 5) OR (?5 > 0 AND id >= ?5))"
                           " ORDER BY rule_id IN (?4, '') DESC, id DESC LIMIT 1",
    [STATEMENT_RUNS] = RUNS_THAT_PASS("?3 = 0"),
    /* By its index: every undo asks for those before it. */
    [STATEMENT_RUNS_UNDOING] = RUNS_THAT_PASS("undoes = ?3"),
    [STATEMENT_RUNS_PAGE] = LISTED_RUNS " ORDER BY id LIMIT ?2",
    [STATEMENT_RUNS_PAGE_OPEN] = LISTED_RUNS " AND ended_ms IS NULL ORDER BY id LIMIT ?2",
    [STATEMENT_RUNS_PAGE_OF_ALERT] = LISTED_RUNS " AND alert = ?3 ORDER BY id LIMIT ?2",
    [STATEMENT_OPEN_RUNS] = "SELECT id, alert, rule, rule_id, program_hash FROM run"
                            " WHERE ended_ms IS NULL AND undoes IS NULL ORDER BY id",
    /* `mine` made `change`; `theirs` is of run `r`. A step that was cut off never told its
     * target: then what was asked about is compared. One that joined `mine` asked nothing. */
    [STATEMENT_RELIANCE] =
        "SELECT r.id, r.alert, max(EXISTS (SELECT 1 FROM " CHANGES " AND call.step = theirs.idx))"
        " FROM step AS mine"
        " JOIN call AS change ON change.run = mine.run AND change.step = mine.idx"
        " JOIN step AS theirs"
        " JOIN run AS r ON r.id = theirs.run"
        " WHERE mine.run = ?1 AND (?2 < 0 OR mine.idx = ?2)"
        " AND NOT EXISTS (SELECT 1 FROM run AS u WHERE u.undoes = ?1"
        "   AND u.undoes_step = mine.idx AND " IS_COMPLETE ")"
        " AND change.is_change = 1 AND change.undo <> ''"
        " AND NOT " CAME_TO_NOTHING
        " AND r.id <> ?1 AND r.undoes IS NULL AND theirs.state IN ('done', 'partial')"
        " AND (theirs.joined_run = mine.run AND theirs.joined_step = mine.idx"
        "   OR EXISTS (SELECT 1 FROM call WHERE call.run = r.id AND call.step = theirs.idx"
        "     AND (call.target = change.target OR mine.target <> '')"
        "     AND (call.id > change.id OR r.id > ?1))"
        "   AND (mine.target = '' AND theirs.builtin = mine.builtin OR " WANTS("theirs", "mine",
            "change") ")"
                      "   AND " IN_ONE_PLACE
                      "   AND (r.id > ?1 OR NOT EXISTS (SELECT 1 FROM " CHANGES ")))"
                      " AND NOT EXISTS (SELECT 1 FROM run AS u WHERE u.undoes = r.id"
                      "   AND (u.undoes_step IS NULL OR u.undoes_step = theirs.idx) "
                      "AND " IS_COMPLETE ")"
                      " GROUP BY r.id ORDER BY r.id DESC LIMIT ?3",
    [STATEMENT_RUN_ABANDON] = "UPDATE run SET ended_ms = ?2, cut_reason = ?3"
                              " WHERE id = ?1 AND ended_ms IS NULL",
    [STATEMENT_STEP_CUT] = "UPDATE step SET state = 'unknown', ended_ms = ?2, reason = ?3"
                           " WHERE run = ?1 AND state = 'running'",
    [STATEMENT_STEP_CUT_HELD] = "UPDATE step SET state = 'rejected', ended_ms = ?2, reason = ?3"
                                " WHERE run = ?1 AND state = 'held'",
    [STATEMENT_STEP_BEGIN] = "INSERT INTO step (" STEP_COLUMNS ")"
                             " SELECT ?1, ?2, ?3, ?4, '', '', 'running', '', '', '', '', '', ?5, "
                             "NULL, NULL, NULL, '', ''"
                             " FROM run WHERE id = ?1 AND ended_ms IS NULL",
    [STATEMENT_STEP_BIND] =
        "UPDATE step SET provider = ?3, identity = ?4, region = ?5, account = ?6, base = ?7"
        " WHERE run = ?1 AND idx = ?2 AND state = 'running'"
        " AND NOT EXISTS (SELECT 1 FROM call WHERE call.run = ?1 AND call.step = ?2)",
    [STATEMENT_STEP_BOUND] = "SELECT " STEP_COLUMNS " FROM step"
                             " WHERE run = ?1 AND provider = ?2 AND ?3 IN ('', account)"
                             " ORDER BY idx LIMIT 1",
    [STATEMENT_STEP_END] = "UPDATE step SET target = ?3, found = ?4, state = ?5, reason = ?6,"
                           " results = ?7, ended_ms = ?8, joined_run = ?9,"
                           " joined_step = CASE WHEN ?9 IS NOT NULL THEN ?10 END"
                           " WHERE run = ?1 AND idx = ?2 AND (state = 'running'"
                           " OR (state = 'held' AND ?5 IN (" DECIDED ")))",
    [STATEMENT_STEP_AGAIN] =
        "UPDATE step SET state = 'running', reason = ''"
        " WHERE run = ?1 AND idx = ?2 AND state IN ('running', 'held') AND NOT EXISTS"
        " (SELECT 1 FROM call WHERE call.run = ?1 AND call.step = ?2 AND is_change = 1)",
    [STATEMENT_STEP_WAIT] = "UPDATE step SET state = 'held'"
                            " WHERE run = ?1 AND idx = ?2 AND state IN ('running', 'held')",
    [STATEMENT_STEP_AIM] = "UPDATE step SET target = ?3"
                           " WHERE run = ?1 AND idx = ?2 AND state IN ('running', 'held')",
    [STATEMENT_STEP_FORGET] = "DELETE FROM call WHERE run = ?1 AND step = ?2",
    [STATEMENT_STEP_GET] = "SELECT " STEP_COLUMNS " FROM step WHERE run = ?1 AND idx = ?2",
    [STATEMENT_STEPS] = "SELECT " STEP_COLUMNS " FROM step WHERE run = ?1 ORDER BY idx",
    [STATEMENT_STEPS_PAGE] = LISTED_STEPS " ORDER BY rowid LIMIT ?2",
    /* The run's index, not the table: a run has few steps. */
    [STATEMENT_STEPS_PAGE_OF_RUN] = LISTED_STEPS " AND run = ?3 ORDER BY +rowid LIMIT ?2",
    [STATEMENT_CALL_INTEND] =
        "INSERT INTO call (" INTENT_COLUMNS ")"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11"
        " FROM step JOIN run ON run.id = step.run"
        " WHERE step.run = ?1 AND step.idx = ?2 AND state = 'running' AND run.ended_ms IS NULL",
    [STATEMENT_CALL_REPLY] = "UPDATE call SET reply_kind = ?4, reply_status = ?5, reply_body = ?6,"
                             " replied_ms = ?7, is_declined = ?8"
                             " WHERE run = ?1 AND step = ?2 AND idx = ?3 AND reply_kind IS NULL",
    [STATEMENT_CALL_GET] =
        "SELECT " INTENT_COLUMNS ", replied_ms, reply_body, reply_status,"
        " reply_kind, is_declined FROM call WHERE run = ?1 AND step = ?2 AND idx = ?3",
    [STATEMENT_CALLS] = "SELECT " INTENT_COLUMNS ", replied_ms, x'', reply_status, reply_kind,"
                        " is_declined FROM call WHERE run = ?1 ORDER BY id",
    [STATEMENT_AUDIT_LAST] = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
    [STATEMENT_AUDIT_ADD] = "INSERT INTO audit (seq, entry, hash) VALUES (?1, ?2, ?3)",
    [STATEMENT_AUDIT_PAGE] = "SELECT seq, entry, hash FROM audit WHERE seq > ?1"
                             " ORDER BY seq LIMIT ?2",
    [STATEMENT_AUDIT_OLDER] = "SELECT value FROM meta WHERE key = 'audit_older_runs'",
    [STATEMENT_AUDIT_ANCHORS] = "SELECT value FROM meta WHERE key = 'audit_anchors'",
    [STATEMENT_AUDIT_ANCHORED] = "INSERT INTO meta VALUES ('audit_anchors', CAST(?1 AS TEXT))"
                                 " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    /* A step has one undo, a run one retry, a hold one expiry; an undo is only put off. */
    [STATEMENT_TIMER_MOVE] =
        "UPDATE timer SET due_ms = CASE kind WHEN 'undo' THEN max(due_ms, ?6) ELSE ?6 END"
        " WHERE ended_ms IS NULL AND kind = ?1 AND run = ?2"
        " AND (step = ?3 OR kind = 'retry') AND (hold = ?4 OR kind <> 'expire')"
        " AND ?5 IS NOT NULL RETURNING id",
    [STATEMENT_TIMER_SET] = "INSERT INTO timer (kind, run, step, hold, set_ms, due_ms, outcome)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, '')",
    [STATEMENT_TIMER_END] = "UPDATE timer SET ended_ms = ?2, outcome = ?3"
                            " WHERE id = ?1 AND ended_ms IS NULL",
    [STATEMENT_TIMER_GET] = "SELECT " TIMER_COLUMNS " FROM timer WHERE id = ?1",
    [STATEMENT_TIMER_FIND] = "SELECT " TIMER_COLUMNS ", count(*) OVER () FROM timer"
                             " WHERE kind = ?1 AND run = ?2 AND (step = ?3 OR kind = 'retry')"
                             " ORDER BY id DESC LIMIT 1",
    [STATEMENT_TIMER_JOIN] =
        "SELECT max(?3, coalesce((SELECT max(t.due_ms) FROM " UNDOS_OF_THE_SAME "), 0))"
        " FROM step AS mine WHERE mine.run = ?1 AND mine.idx = ?2 AND mine.target <> ''"
        " AND EXISTS (SELECT 1 FROM call WHERE call.run = ?1 AND call.step = ?2"
        "   AND is_change = 1 AND NOT " CAME_TO_NOTHING ")",
    [STATEMENT_TIMER_PUT_OFF] = "UPDATE timer SET due_ms = ?3 WHERE due_ms < ?3 AND id IN"
                                " (SELECT t.id FROM step AS mine, " UNDOS_OF_THE_SAME
                                "   AND mine.run = ?1 AND mine.idx = ?2 AND mine.target <> '')",
    [STATEMENT_TIMERS] = "SELECT " TIMER_COLUMNS " FROM timer"
                         " WHERE ended_ms IS NULL ORDER BY due_ms, id",
    /* The run's index, not that of all that are set: each run asks for its own as it begins. */
    [STATEMENT_TIMERS_OF_RUN] = "SELECT " TIMER_COLUMNS " FROM timer"
                                " WHERE +ended_ms IS NULL AND run = ?1 ORDER BY due_ms, id",
    [STATEMENT_TIMERS_DUE] = "SELECT " TIMER_COLUMNS " FROM timer"
                             " WHERE ended_ms IS NULL AND due_ms <= ?1 AND (due_ms, id) > (?2, ?3)"
                             " ORDER BY due_ms, id LIMIT ?4",
    [STATEMENT_TIMER_NEXT] = "SELECT min(due_ms) FROM timer WHERE ended_ms IS NULL",
    [STATEMENT_TIMER_TWIN] = "SELECT max(t.due_ms) FROM step AS mine, " UNDOS_OF_THE_SAME
                             " AND mine.run = ?1 AND mine.idx = ?2 AND t.run = ?3",
    [STATEMENT_STEP_CHANGED] = "SELECT 1 FROM call WHERE run = ?1 AND step = ?2 AND is_change = 1"
                               " AND coalesce(undo, '') <> '' AND NOT " CAME_TO_NOTHING " LIMIT 1",
    [STATEMENT_OVERDUE] =
        "SELECT u.undoes, u.undoes_step, count(*) OVER () FROM run AS u"
        " WHERE u.undoes IS NOT NULL AND u.undoes_step IS NOT NULL AND u.person = ''"
        " AND u.ended_ms IS NOT NULL AND NOT (" IS_COMPLETE ")"
        " AND NOT EXISTS (SELECT 1 FROM run AS v WHERE v.undoes = u.undoes AND v.id > u.id"
        "   AND (v.undoes_step IS NULL OR v.undoes_step = u.undoes_step))"
        " AND NOT EXISTS (SELECT 1 FROM timer AS t WHERE t.kind = 'undo' AND t.run = u.undoes"
        "   AND t.step = u.undoes_step AND t.outcome LIKE '" TIMER_LEFT_ALONE "%')"
        " ORDER BY u.undoes, u.undoes_step LIMIT 1",
    [STATEMENT_RESUMABLE] =
        "SELECT r.id FROM run AS r WHERE r.ended_ms IS NULL AND r.id > ?2"
        " AND NOT EXISTS (SELECT 1 FROM step AS s JOIN hold AS h ON h.run = s.run"
        "   AND h.step = s.idx WHERE s.run = r.id AND s.state = 'held' AND h.state = 'open')"
        " AND NOT EXISTS (SELECT 1 FROM step AS s JOIN step AS twin ON twin.run = s.joined_run"
        "   AND twin.idx = s.joined_step"
        "   WHERE s.run = r.id AND s.state = 'held'"
        "   AND (twin.state = 'held' OR (twin.state = 'running' AND twin.started_ms > ?3)))"
        " AND NOT EXISTS (SELECT 1 FROM timer AS t WHERE t.run = r.id AND t.kind = 'retry'"
        "   AND t.ended_ms IS NULL AND t.due_ms > ?1)"
        " ORDER BY r.id LIMIT 1",
    [STATEMENT_UNPLANNED] = "SELECT h.id, h.run FROM hold AS h JOIN step AS s ON s.run = h.run"
                            " AND s.idx = h.step WHERE h.state = 'open' AND h.plan_hash = ''"
                            " AND s.state = 'held' AND h.id > ?1 ORDER BY h.id LIMIT 1",
    [STATEMENT_OPEN_COUNT] = "SELECT count(*) FROM run WHERE ended_ms IS NULL",
    [STATEMENT_DATA_VERSION] = "PRAGMA data_version",
    [STATEMENT_MARK_GET] = "SELECT value->>'boot', value->>'elapsed_ms', value->>'timer_ms'"
                           " FROM meta WHERE key = 'clock_mark'",
    [STATEMENT_MARK_SET] =
        "INSERT INTO meta (key, value) VALUES ('clock_mark',"
        " json_object('boot', ?1, 'elapsed_ms', ?2, 'timer_ms', ?3))"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        " WHERE value->>'boot' <> ?1 OR value->>'timer_ms' < ?3 OR value->>'elapsed_ms' > ?2",
    [STATEMENT_CASE_ADD] = "INSERT INTO cases (opened_ms, last_ms, title) VALUES (?1, ?1, ?2)",
    [STATEMENT_CASE_TOUCH] = "UPDATE cases SET last_ms = max(last_ms, ?2) WHERE id = ?1",
    [STATEMENT_CASE_GET] = "SELECT " CASE_COLUMNS " FROM cases AS c WHERE id = ?1",
    [STATEMENT_CASES] = "SELECT " CASE_COLUMNS " FROM cases AS c WHERE id IN"
                        " (SELECT id FROM cases ORDER BY id DESC LIMIT ?1) ORDER BY id",
    [STATEMENT_CASES_RELATED] =
        "SELECT " CASE_COLUMNS " FROM cases AS c WHERE id <> ?1"
        " AND id IN (SELECT theirs.case_id FROM case_entity AS mine"
        "   JOIN case_entity AS theirs USING (field, scope, value) WHERE mine.case_id = ?1)"
        " AND last_ms >= (SELECT opened_ms FROM cases WHERE id = ?1) - ?2"
        " AND opened_ms <= (SELECT last_ms FROM cases WHERE id = ?1) + ?2 ORDER BY id",
    [STATEMENT_CASE_OF_ALERT] = "SELECT case_id FROM case_alert WHERE source = ?1 AND alert = ?2"
                                " ORDER BY case_id DESC LIMIT 1",
    [STATEMENT_CASE_OF_ENTITY] = "SELECT case_id FROM case_entity"
                                 " WHERE field = ?1 AND scope = ?2 AND value = ?3"
                                 " AND last_ms >= ?4 ORDER BY case_id LIMIT 1",
    [STATEMENT_CASE_ALERT_ADD] = "INSERT INTO case_alert (case_id, alert, source, title, at_ms)"
                                 " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    [STATEMENT_CASE_ALERTS] = "SELECT case_id, alert, source, title, at_ms FROM case_alert"
                              " WHERE case_id = ?1 ORDER BY at_ms, source, alert",
    [STATEMENT_CASE_ENTITY_ADD] =
        "INSERT INTO case_entity (field, scope, value, case_id, last_ms)"
        " SELECT ?1, ?2, ?3, ?4, ?5"
        " WHERE (SELECT count(*) FROM case_entity WHERE case_id = ?4) < ?6"
        " OR EXISTS (SELECT 1 FROM case_entity"
        "   WHERE field = ?1 AND scope = ?2 AND value = ?3 AND case_id = ?4)"
        " ON CONFLICT (field, scope, value, case_id)"
        " DO UPDATE SET last_ms = max(last_ms, excluded.last_ms)",
    [STATEMENT_CASE_ENTITIES] = "SELECT field, scope, value, case_id, last_ms FROM case_entity"
                                " WHERE case_id = ?1 ORDER BY field, scope, value",
    [STATEMENT_DEDUP_FIND] = "SELECT rule_id, key, run, until_ms FROM dedup"
                             " WHERE rule_id = ?1 AND key = ?2 AND " CAN_BE_JOINED("dedup.run"),
    [STATEMENT_DEDUP_BEGIN] = "INSERT INTO dedup (rule_id, key, run, until_ms)"
                              " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (rule_id, key)"
                              " DO UPDATE SET run = excluded.run, until_ms = excluded.until_ms",
    [STATEMENT_DEDUP_FORGET] = "DELETE FROM dedup WHERE until_ms <= ?1",
    [STATEMENT_JOINED_ADD] =
        "INSERT INTO joined_alert (source, alert, rule_id, run, rule, case_id, at_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    [STATEMENT_JOINED_FIND] = "SELECT run FROM joined_alert WHERE source = ?1 AND alert = ?2"
                              " AND (rule_id = ?3 OR rule = ?4) AND " CAN_BE_JOINED(
                                  "joined_alert.run") " ORDER BY rule_id = ?3 DESC, run DESC"
                                                      " LIMIT 1",
    [STATEMENT_JOINED_LIST] = "SELECT source, alert, rule_id, run, rule, case_id, at_ms"
                              " FROM joined_alert WHERE (?1 = 0 OR run = ?1)"
                              " AND (?2 = 0 OR case_id = ?2) ORDER BY at_ms, source, alert",
    /* Each row that is left to look at is one more target, and the limit ends it. A rule is
     * looked for by name and by id, so that neither renaming nor editing begins a new count. */
    [STATEMENT_ADMISSION_COUNT] =
        "SELECT count(*) FROM (SELECT DISTINCT target, account, provider FROM admission"
        " WHERE scope = ?1 AND key IN (?2, ?3) AND at_ms > ?4"
        " AND NOT (target = ?5 AND account = ?6 AND provider = ?7) LIMIT ?8)",
    [STATEMENT_ADMISSION_HAS] =
        "SELECT 1 FROM admission WHERE scope = ?1 AND key IN (?2, ?3) AND at_ms > ?4"
        " AND target = ?5 AND account = ?6 AND provider = ?7 LIMIT 1",
    /* In each of the four counts; the account and the provider are told by the first. */
    [STATEMENT_ADMISSION_KEPT] =
        "SELECT 1 FROM admission AS a WHERE a.scope = 'action' AND a.key = ?2 AND a.target = ?3"
        " AND a.at_ms >= ?4 AND 3 = (SELECT count(*) FROM admission AS b"
        "   WHERE (b.scope, b.key) IN (VALUES ('rule', ?1), ('account', a.account),"
        "     ('provider', a.provider)) AND b.target = a.target AND b.account = a.account"
        "     AND b.provider = a.provider AND b.at_ms >= ?4) LIMIT 1",
    [STATEMENT_ADMISSION_ADD] =
        "INSERT INTO admission (scope, key, at_ms, target, account, provider)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)",
    /* Its own words of the partial index step_twin, so that SQLite sees it. */
    [STATEMENT_TWIN_FIND] =
        "SELECT " STEP_COLUMNS " FROM step AS s"
        " WHERE builtin = ?3 AND target = ?4 AND target <> '' AND joined_run IS NULL"
        " AND state IN ('running', 'held', 'done')"
        " AND run <> ?1 AND args = ?5 AND provider = ?6 AND identity = ?7 AND region = ?8"
        " AND CASE state"
        "   WHEN 'done' THEN ?9 AND ended_ms BETWEEN ?12 AND ?13 AND NOT EXISTS (SELECT 1 FROM run"
        "     WHERE undoes = s.run AND (undoes_step IS NULL OR undoes_step = s.idx))"
        "   WHEN 'held' THEN ?10 AND run < ?1 AND EXISTS (SELECT 1 FROM hold AS h"
        "     JOIN run AS r ON r.id = h.run WHERE h.run = s.run AND h.step = s.idx"
        "     AND h.state IN ('open', 'approved') AND r.rule = ?14 AND h.stages = ?15)"
        "   ELSE ?11 AND run < ?1 AND started_ms BETWEEN ?16 AND ?13 END"
        " ORDER BY state = 'done' DESC, run DESC, idx DESC LIMIT 1",
    [STATEMENT_TWIN_AWAITED] = "SELECT " STEP_COLUMNS " FROM step WHERE (run, idx) ="
                               " (SELECT joined_run, joined_step FROM step"
                               " WHERE run = ?1 AND idx = ?2)",
    [STATEMENT_TWIN_NOTE] = "UPDATE step SET joined_run = ?3,"
                            " joined_step = CASE WHEN ?3 IS NOT NULL THEN ?4 END"
                            " WHERE run = ?1 AND idx = ?2 AND state IN ('running', 'held')",
    [STATEMENT_HOLD_ADD] =
        "INSERT INTO hold (run, step, round, cause, reason, clause, plan_hash, plan, stages,"
        " author, stage, until_ms, held_ms, state)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'open')",
    [STATEMENT_HOLD_GET] =
        "SELECT " HOLD_COLUMNS("h.plan") " FROM hold AS h JOIN " HOLD_TABLES " WHERE h.id = ?1",
    [STATEMENT_HOLD_OF_STEP] = "SELECT " HOLD_COLUMNS(
        "h.plan") " FROM hold AS h JOIN " HOLD_TABLES
                  " WHERE h.run = ?1 AND h.step = ?2 ORDER BY h.round DESC LIMIT 1",
    [STATEMENT_HOLDS] =
        "SELECT " HOLD_COLUMNS("x''") " FROM hold AS h JOIN " HOLD_TABLES " WHERE" HOLDS_THAT_PASS,
    [STATEMENT_HOLDS_OPEN] = "SELECT " HOLD_COLUMNS(
        "x''") " FROM hold AS h JOIN " HOLD_TABLES
               " WHERE h.state = 'open' AND s.ended_ms IS NULL AND" HOLDS_THAT_PASS,
    [STATEMENT_HOLDS_ACTIONABLE] = "SELECT " HOLD_COLUMNS(
        "x''") " FROM hold AS h JOIN " HOLD_TABLES
               " WHERE s.state = 'held' AND (h.state IN ('approved', 'rejected', 'expired')"
               "   OR (h.state = 'open' AND h.plan_hash = ''))"
               " AND h.round = (SELECT max(round) FROM hold WHERE run = s.run AND step = s.idx)"
               " AND" HOLDS_THAT_PASS,
    [STATEMENT_HOLD_ASK] = "UPDATE hold SET audit = ?2 WHERE id = ?1",
    [STATEMENT_HOLD_SETTLE] = "UPDATE hold SET state = ?3, stage = ?4, until_ms = ?5,"
                              " settled_ms = ?6 WHERE id = ?1 AND state = ?2",
    [STATEMENT_STEP_HOLD] = "UPDATE step SET state = 'held', reason = ?4,"
                            " target = CASE ?3 WHEN '' THEN target ELSE ?3 END"
                            " WHERE run = ?1 AND idx = ?2 AND state IN ('running', 'held')",
    [STATEMENT_STEP_CLAIM] = "UPDATE step SET state = 'running', reason = ''"
                             " WHERE run = ?1 AND idx = ?2 AND state IN ('running', 'held')",
    [STATEMENT_DECISION_ADD] =
        "INSERT INTO decision (hold, who, is_approval, reason, plan_hash, stage, decided_ms, audit)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_DECISIONS] = "SELECT hold, who, is_approval, reason, plan_hash, stage, decided_ms,"
                            " audit, id FROM decision WHERE hold = ?1 ORDER BY id",
    /* Not RETURNING, which makes a table for its answer, each time. */
    [STATEMENT_ALERT_PUT] =
        "INSERT INTO alerts (way, forced_source, digest, received_ms, text)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (digest, way, forced_source) DO NOTHING",
    [STATEMENT_ALERT_AGAIN] = "UPDATE alerts SET copies = copies + 1"
                              " WHERE way = ?1 AND forced_source = ?2 AND digest = ?3",
    [STATEMENT_ALERT_KNOWN] = "SELECT id, copies FROM alerts"
                              " WHERE way = ?1 AND forced_source = ?2 AND digest = ?3",
    [STATEMENT_ALERTS_WAITING] =
        "SELECT " ALERT_COLUMNS("text") " FROM alerts"
                                        " WHERE state = 'waiting' AND id > ?1 ORDER BY id LIMIT ?2",
    [STATEMENT_ALERT_TRY] = "UPDATE alerts SET attempts = attempts + 1"
                            " WHERE id = ?1 AND state = 'waiting'",
    [STATEMENT_ALERT_FIRST] = "SELECT coalesce(first, id) FROM alerts WHERE state = 'evaluated'"
                              " AND name = ?3 AND source = ?2 AND id <> ?1 ORDER BY id LIMIT 1",
    [STATEMENT_ALERT_EVALUATED] =
        "UPDATE alerts SET state = 'evaluated', source = ?2, name = ?3, first = ?4,"
        " program_hash = ?5, evaluated_ms = ?6, matched = ?7 WHERE id = ?1 AND state = 'waiting'",
    [STATEMENT_ALERT_SET_ASIDE] = "UPDATE alerts SET state = 'dead', reason = ?2"
                                  " WHERE id = ?1 AND state = 'waiting'",
    [STATEMENT_ALERT_REVIVE] = "UPDATE alerts SET state = 'waiting', reason = '', attempts = 0"
                               " WHERE id = ?1 AND state = 'dead'",
    [STATEMENT_ALERT_DROP] = "DELETE FROM alerts WHERE id = ?1 AND state = 'dead'",
    [STATEMENT_ALERT_GET] = "SELECT " ALERT_COLUMNS("text") " FROM alerts WHERE id = ?1",
    [STATEMENT_ALERT_HEAD] = "SELECT " ALERT_COLUMNS("x''") " FROM alerts WHERE id = ?1",
    [STATEMENT_ALERTS] = ALERTS_THAT("?3 = ''"),
    [STATEMENT_ALERTS_NAMED] = ALERTS_THAT("state = 'evaluated' AND name = ?3"),
    [STATEMENT_ALERTS_OF_WAITING] = ALERTS_THAT("state = 'waiting' AND ?3 IN ('', name)"),
    [STATEMENT_ALERTS_OF_EVALUATED] = ALERTS_THAT("state = 'evaluated' AND ?3 = ''"),
    [STATEMENT_ALERTS_OF_DEAD] = ALERTS_THAT("state = 'dead' AND ?3 IN ('', name)"),
    [STATEMENT_ALERTS_WAITING_COUNT] = "SELECT count(*) FROM alerts WHERE state = 'waiting'",
    [STATEMENT_ALERTS_DEAD_COUNT] = "SELECT count(*) FROM alerts WHERE state = 'dead'",
    [STATEMENT_ALERTS_COUNT] = "SELECT (SELECT count(*) FROM alerts WHERE state = 'waiting'),"
                               " (SELECT count(*) FROM alerts WHERE state = 'evaluated'),"
                               " (SELECT count(*) FROM alerts WHERE state = 'dead')",
    [STATEMENT_ALERT_FORGET] = "DELETE FROM alerts WHERE id = ?1",
    /* What its runs, and the runs that it joined, still need is not forgotten. */
    [STATEMENT_ALERTS_FORGET] =
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts AS a WHERE state = 'evaluated'"
        " AND is_redacted IN (0, 1) AND received_ms < ?1"
        " AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.alert = a.name AND r.source = a.source"
        "   AND r.ended_ms IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM joined_alert AS j JOIN run AS r ON r.id = j.run"
        "   WHERE j.source = a.source AND j.alert = a.name AND r.ended_ms IS NULL) LIMIT ?2)",
    [STATEMENT_ALERTS_UNREDACTED] =
        "SELECT id, text FROM alerts WHERE state = 'evaluated' AND is_redacted = 0"
        " AND received_ms < ?1 ORDER BY received_ms LIMIT ?2",
    [STATEMENT_ALERT_REDACT] = "UPDATE alerts SET text = ?2, is_redacted = 1 WHERE id = ?1",
    [STATEMENT_RUNS_UNREDACTED] =
        "SELECT id, alert_text FROM run WHERE is_redacted = 0 AND ended_ms IS NOT NULL"
        " AND undoes IS NULL AND received_ms < ?1 ORDER BY received_ms LIMIT ?2",
    [STATEMENT_RUN_REDACT] = "UPDATE run SET alert_text = ?2, is_redacted = 1 WHERE id = ?1",
    [STATEMENT_MESSAGE_ADD] = "INSERT INTO messages (way, id, digest, at_ms)"
                              " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (way, id) DO NOTHING",
    [STATEMENT_MESSAGE_GET] = "SELECT digest FROM messages WHERE way = ?1 AND id = ?2",
    [STATEMENT_MESSAGES_FORGET] = "DELETE FROM messages WHERE (way, id) IN"
                                  " (SELECT way, id FROM messages WHERE at_ms < ?1 LIMIT ?2)",
    [STATEMENT_CURSOR_GET] = "SELECT text FROM cursors WHERE way = ?1",
    [STATEMENT_CURSOR_SET] =
        "INSERT INTO cursors (way, text, at_ms) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (way) DO UPDATE SET text = excluded.text, at_ms = excluded.at_ms",
};

enum err statement_take(struct store *store, enum statement which, sqlite3_stmt **ret_statement)
{
    LOCKED(store);
    sqlite3_stmt **kept = &store->statements[which];
    TRY(store_is_whole(store));
    if (*kept == NULL) {
        int code =
            sqlite3_prepare_v3(store->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
        if (code != SQLITE_OK)
            return store_fail(store, code);
    }
    *ret_statement = *kept;
    (void)store_lock(store); /* until statement_release */
    return ERR_OK;
}

void statement_release(sqlite3_stmt **statement)
{
    if (*statement == NULL)
        return;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    sqlite3_mutex_leave(sqlite3_db_mutex(sqlite3_db_handle(*statement)));
}

enum err statement_next(struct store *store, sqlite3_stmt *statement, bool *ret_row)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return store_fail(store, code);
    *ret_row = code == SQLITE_ROW;
    return ERR_OK;
}

enum err statement_run(struct store *store, sqlite3_stmt *statement)
{
    bool is_row;
    TRY(statement_next(store, statement, &is_row));
    store->busy_ms = 0;
    return store->depth > 0 ? ERR_OK : sync_wait(store, sync_count(store));
}

enum err statement_run_one(struct store *store, sqlite3_stmt *statement)
{
    TRY(statement_run(store, statement));
    return sqlite3_changes(store->db) == 1 ? ERR_OK : ERR_INVALID;
}

static int column_bind(
    sqlite3_stmt *statement, int at, const struct column *column, const void *record)
{
    const void *member = (const char *)record + column->offset;
    switch (column->type) {
    case COLUMN_TEXT:
    case COLUMN_BLOB: {
        str text = *(const str *)member;
        if (text.len == 0 && column->is_null_when_empty)
            return sqlite3_bind_null(statement, at);
        const char *bytes = text.len == 0 ? "" : text.ptr;
        return column->type == COLUMN_TEXT
                   ? sqlite3_bind_text64(statement, at, bytes, text.len, SQLITE_STATIC, SQLITE_UTF8)
                   : sqlite3_bind_blob64(statement, at, bytes, text.len, SQLITE_STATIC);
    }
    case COLUMN_INTEGER: {
        int64_t number = *(const int64_t *)member;
        if (number == 0 && column->is_null_when_empty)
            return sqlite3_bind_null(statement, at);
        return sqlite3_bind_int64(statement, at, number);
    }
    case COLUMN_ORDINAL:
        return sqlite3_bind_int64(statement, at, *(const uint32_t *)member);
    case COLUMN_FLAG:
        return sqlite3_bind_int64(statement, at, *(const bool *)member);
    }
    return SQLITE_MISUSE;
}

enum err record_bind(struct store *store, sqlite3_stmt *statement, const struct column *columns,
    int count, const void *record)
{
    for (int i = 0; i < count; i++) {
        int code = column_bind(statement, i + 1, &columns[i], record);
        if (code != SQLITE_OK)
            return store_fail(store, code);
    }
    return ERR_OK;
}

/* A column's bytes; SQLite hands out NULL both for no bytes and for no memory. */
static enum err text_read(sqlite3_stmt *statement, int at, struct arena *arena, str *ret_text)
{
    *ret_text = STR("");
    if (sqlite3_column_type(statement, at) == SQLITE_NULL)
        return ERR_OK;
    const void *bytes = sqlite3_column_blob(statement, at);
    int size = sqlite3_column_bytes(statement, at);
    if (bytes == NULL && sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM)
        return ERR_MEMORY;
    *ret_text = arena_copy(arena, (str){ bytes == NULL ? "" : bytes, (size_t)size });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err record_read(sqlite3_stmt *statement, const struct column *columns, int count,
    struct arena *arena, void *record)
{
    for (int i = 0; i < count; i++) {
        void *member = (char *)record + columns[i].offset;
        switch (columns[i].type) {
        case COLUMN_TEXT:
        case COLUMN_BLOB:
            TRY(text_read(statement, i, arena, member));
            break;
        case COLUMN_INTEGER:
            *(int64_t *)member = sqlite3_column_int64(statement, i);
            break;
        case COLUMN_ORDINAL:
            *(uint32_t *)member = (uint32_t)sqlite3_column_int64(statement, i);
            break;
        case COLUMN_FLAG:
            *(bool *)member = sqlite3_column_int64(statement, i) != 0;
            break;
        }
    }
    return ERR_OK;
}

enum { RECORDS_AT_FIRST = 16 };

/* Room for one more; the array doubles, and the arena keeps the smaller ones. */
static void *records_grow(
    struct arena *arena, void *records, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return records;
    size_t more = *room == 0 ? RECORDS_AT_FIRST : *room * 2;
    void *grown = arena_array(arena, more, size, alignof(max_align_t));
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, records, count * size);
    *room = more;
    return grown;
}

enum err records_read(struct store *store, sqlite3_stmt *statement, const struct column *columns,
    int count, size_t size, struct arena *arena, void **ret_records, size_t *ret_count)
{
    void *records = NULL;
    size_t room = 0;
    for (size_t at = 0;; at++) {
        bool is_row = false;
        TRY(statement_next(store, statement, &is_row));
        if (!is_row) {
            *ret_records = records;
            *ret_count = at;
            return ERR_OK;
        }
        records = records_grow(arena, records, at, &room, size);
        if (records == NULL)
            return ERR_MEMORY;
        TRY(record_read(statement, columns, count, arena, (char *)records + at * size));
    }
}
