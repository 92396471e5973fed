/* answer.c - see answer.h. */
#include "driver/answer.h"

#include "act/timers.h"
#include "driver/hold_view.h"
#include "driver/json_out.h"
#include "driver/session.h"
#include "host/person.h"
#include "serve/mark.h"

#include <inttypes.h>
#include <string.h>

enum {
    REASON_BYTES_MAX = 4 * 1024, /* whole in the audit log */
    PREFIX_DIGITS_MIN = 8,
    BATCH = 200, /* holds of one transaction: another cdr waits for no more than that */
};

struct answer {
    struct session session;
    struct hold_reader reader;
    const struct arguments *arguments;
    bool is_approval;
    const char *reason;
    const char *who;
    uint64_t accepted;
    uint64_t refused;
    uint64_t settled; /* holds that are over now, so that their steps can go on */
    const char *first_refusal;
};

static const char *verb(const struct answer *answer)
{
    return answer->is_approval ? "approve" : "reject";
}

/* ---- one hold ---- */

static enum err say(struct answer *answer, const struct hold *hold, const struct role_code *roles,
    uint32_t role_count, struct arena *arena, enum hold_state *ret_state,
    const char **reterr_reason)
{
    struct store *store = answer->session.store;
    struct decision decision = { .hold = hold->id,
        .who = str_from(answer->who),
        .is_approval = answer->is_approval,
        .reason = str_from(answer->reason),
        .plan_hash = hold->plan_hash };
    int64_t now_ms;
    TRY(timers_now(store, answer->session.driver->clock, &now_ms));
    return holds_decide(
        store, &decision, roles, role_count, now_ms, arena, ret_state, reterr_reason);
}

/* Why somebody was refused; with the way out where the roles may be wrong: they are those that the
 * rules had, and to correct them now changes nothing for a run that has begun. */
static const char *refusal_words(struct answer *answer, const struct hold_view *view,
    enum hold_state state, const char *reason, struct arena *arena)
{
    const struct hold *hold = &view->hold;
    struct hold_question question = hold_view_question(view);
    str who = str_from(answer->who);
    const char *why;
    if (state != HOLD_OPEN || str_equal(who, hold->author)
        || hold_may_decide(hold, &question, who, answer->is_approval, arena, &why))
        return reason;
    const char *words = arena_format(arena,
        "%s. Members are as they were when the run began: one of them can answer, or take the run "
        "back, cdr undo %" PRId64 ", and contain by hand; roles that are corrected count for runs "
        "that begin after that",
        reason, hold->run);
    return words == NULL ? reason : words;
}

/* What a person does who was refused. */
static void tell_refusal(struct answer *answer, const struct hold *hold, const char *refusal)
{
    bool is_unplanned = hold->plan_hash.len == 0 && answer->is_approval;
    driver_message(answer->session.driver, "hold %" PRId64 " was not %s: %s\n%s --data %s",
        hold->id, answer->is_approval ? "approved" : "rejected", refusal,
        is_unplanned ? "It is planned by: cdr resume" : "What waits is shown by: cdr approvals",
        session_data_word(&answer->session));
}

/* Say what came of it; `refusal` is NULL when it was accepted. */
static enum exit_code tell(
    struct answer *answer, const struct hold *hold, enum hold_state state, const char *refusal)
{
    struct driver *driver = answer->session.driver;
    if (answer->session.reporter.format == REPORT_JSON) {
        json_t *json = json_object();
        json_put(&json, "hold", json_integer(hold->id));
        json_put(&json, "answer", json_from_text(verb(answer)));
        json_put(&json, "who", json_from_text(answer->who));
        json_put(&json, "accepted", json_boolean(refusal == NULL));
        json_put(&json, "refused_because", json_from_text(refusal));
        json_put(&json, "state", json_from_text(hold_state_name(state)));
        json_put(&json, "plan_hash", json_from_str(hold->plan_hash));
        enum err err = json_add_line(&driver->out.buf, json);
        json_decref(json);
        return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing the answer", err);
    }
    if (refusal != NULL)
        tell_refusal(answer, hold, refusal);
    else if (state == HOLD_OPEN)
        output_addf(&driver->out,
            "Hold %" PRId64 ": your approval counts; it needs more of them.\n", hold->id);
    else
        output_addf(&driver->out, "Hold %" PRId64 " is %s.\n", hold->id, hold_state_name(state));
    return EXIT_CLEAN;
}

static enum exit_code refuse(
    struct answer *answer, const struct hold *hold, enum hold_state state, const char *refusal)
{
    answer->refused++;
    enum exit_code code = tell(answer, hold, state, refusal);
    return code == EXIT_CLEAN ? EXIT_FINDINGS : code;
}

/* Why the plan that was seen is not that of the hold, or NULL. */
static const char *plan_fault(struct answer *answer, const struct hold *hold)
{
    const char *seen = option_text(answer->arguments, OPTION_PLAN);
    struct arena *arena = &answer->session.driver->arena;
    if (seen == NULL || str_startswith(hold->plan_hash, str_from(seen)))
        return NULL;
    if (hold->plan_hash.len == 0)
        return "it has no plan yet";
    return arena_format(arena, "its plan is %.12s and not %s", hold->plan_hash.ptr, seen);
}

static enum exit_code answer_view(
    struct answer *answer, const struct hold_view *view, struct arena *arena)
{
    struct session *session = &answer->session;
    const struct hold *hold = &view->hold;
    enum hold_state state = hold->state;
    const char *reason = plan_fault(answer, hold);
    if (reason != NULL)
        return refuse(answer, hold, state, reason);
    if (!view->has_roles)
        return refuse(answer, hold, state,
            "this build makes another program of its rules, so who may answer is not known; use "
            "the "
            "build that held it, or take the run back with cdr undo");
    if (session->reporter.format == REPORT_TEXT && hold->state == HOLD_OPEN)
        hold_view_text(
            &session->driver->out, view, answer->reader.now_ms, answer->is_approval, NULL);
    enum err err = say(answer, hold, view->roles, view->role_count, arena, &state, &reason);
    if (err == ERR_INVALID)
        return refuse(answer, hold, state, refusal_words(answer, view, state, reason, arena));
    if (err != ERR_OK)
        return session_store_failure(session, "recording the answer", err);
    answer->accepted++;
    answer->settled += state != HOLD_OPEN;
    return tell(answer, hold, state, NULL);
}

static enum exit_code answer_one(struct answer *answer, int64_t id)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    CLEANUP(hold_view_release) struct hold_view view = { .plan = NULL };
    struct session *session = &answer->session;
    enum err err = hold_view_read(&answer->reader, id, &arena, &view);
    if (err == ERR_NOT_FOUND) {
        driver_message(session->driver,
            "there is no hold %" PRId64 " in %s; cdr approvals --data %s lists them", id,
            session->data, session_data_word(session));
        return EXIT_FINDINGS;
    }
    return err == ERR_OK ? answer_view(answer, &view, &arena)
                         : session_store_failure(session, "reading a hold", err);
}

static enum exit_code answer_given(struct answer *answer)
{
    enum exit_code worst = EXIT_CLEAN;
    for (size_t i = 0; i < answer->arguments->operand_count; i++) {
        enum exit_code code = answer_one(answer, hold_number(answer->arguments->operands[i]));
        if (code > EXIT_FINDINGS)
            return code;
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* ---- all of a rule ---- */

static enum err answer_in_batch(struct answer *answer, const struct hold *hold)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    const struct program *program = NULL;
    const char *reason = "this build makes another program of its rules";
    enum hold_state state;
    TRY(hold_reader_program(&answer->reader, hold->program_hash, &program));
    enum err err = program == NULL ? ERR_INVALID
                                   : say(answer, hold, program->roles, program->role_count, &arena,
                                       &state, &reason);
    if (err == ERR_INVALID) {
        if (answer->first_refusal == NULL)
            answer->first_refusal = arena_format(
                &answer->session.driver->arena, "hold %" PRId64 ": %s", hold->id, reason);
        answer->refused++;
        return ERR_OK;
    }
    TRY(err);
    answer->accepted++;
    answer->settled++;
    return ERR_OK;
}

static enum err answer_batch(struct answer *answer, const struct hold *holds, size_t count)
{
    struct store *store = answer->session.store;
    TRY(store_begin(store));
    for (size_t i = 0; i < count; i++) {
        enum err err = answer_in_batch(answer, &holds[i]);
        if (err != ERR_OK) {
            store_rollback(store);
            return err;
        }
    }
    return store_commit(store);
}

static enum err answer_rule(struct answer *answer, str rule)
{
    struct hold_filter filter = { .is_open = true, .rule = rule, .limit = BATCH };
    for (;;) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
        struct hold *holds = NULL;
        size_t count = 0;
        TRY(holds_list(answer->session.store, &filter, &arena, &holds, &count));
        if (count == 0)
            return ERR_OK;
        TRY(answer_batch(answer, holds, count));
        filter.after = holds[count - 1].id;
    }
}

static enum exit_code tell_rule(struct answer *answer, const char *rule)
{
    struct session *session = &answer->session;
    if (answer->accepted + answer->refused == 0) {
        driver_message(session->driver, "no step of rule %s waits in %s", rule, session->data);
        return EXIT_FINDINGS;
    }
    if (answer->refused > 0)
        driver_message(session->driver, "%" PRIu64 " could not be rejected, first %s",
            answer->refused, answer->first_refusal == NULL ? "" : answer->first_refusal);
    if (session->reporter.format == REPORT_TEXT) {
        output_addf(&session->driver->out, "%" PRIu64 " hold%s of rule ", answer->accepted,
            answer->accepted == 1 ? "" : "s");
        output_text(&session->driver->out, str_from(rule));
        output_addf(&session->driver->out, " %s rejected.\n", answer->accepted == 1 ? "is" : "are");
        return answer->refused > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
    }
    json_t *json = json_object();
    json_put(&json, "rule", json_from_text(rule));
    json_put(&json, "rejected", json_integer((json_int_t)answer->accepted));
    json_put(&json, "refused", json_integer((json_int_t)answer->refused));
    enum err err = json_add_line(&session->driver->out.buf, json);
    json_decref(json);
    if (err != ERR_OK)
        return driver_failure(session->driver, "writing the answer", err);
    return answer->refused > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* ---- the command ---- */

static void tell_how_it_goes_on(struct session *session)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct daemon_mark mark;
    struct output *out = &session->driver->out;
    if (daemon_mark_read(session->data, &arena, &mark) == ERR_OK)
        output_add(out, STR("The daemon that is at work there goes on with it.\n"));
    else
        output_addf(out, "Go on with: cdr resume --data %s\n", session_data_word(session));
}

static enum exit_code answer_what_is_asked(struct answer *answer)
{
    struct session *session = &answer->session;
    const char *rule = option_text(answer->arguments, OPTION_RULE);
    answer->reader.store = session->store;
    answer->who = person_name(&session->driver->arena);
    enum err err = answer->who == NULL
                       ? ERR_MEMORY
                       : timers_now(session->store, session->driver->clock, &answer->reader.now_ms);
    if (err == ERR_OK && rule != NULL)
        err = answer_rule(answer, str_from(rule));
    if (err != ERR_OK)
        return session_store_failure(session, "recording the answer", err);
    enum exit_code code = rule != NULL ? tell_rule(answer, rule) : answer_given(answer);
    if (answer->settled > 0 && session->reporter.format == REPORT_TEXT)
        tell_how_it_goes_on(session);
    return code;
}

static bool is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

/* EXIT_CLEAN when the command line makes sense. */
static enum exit_code usage_check(struct driver *driver, const struct arguments *arguments)
{
    const char *reason = option_text(arguments, OPTION_REASON);
    const char *plan = option_text(arguments, OPTION_PLAN);
    const char *name = arguments->command->name;
    bool is_all = option_is_given(arguments, OPTION_ALL);
    if (is_all != (option_text(arguments, OPTION_RULE) != NULL))
        return driver_usage(driver, arguments->command,
            "--all and --rule belong together: every step of that rule which waits");
    if (is_all == (arguments->operand_count > 0))
        return driver_usage(
            driver, arguments->command, "which hold? Give its number; cdr approvals lists them");
    if (is_blank(reason) || strlen(reason) > REASON_BYTES_MAX)
        return driver_usage(driver, arguments->command,
            "why? cdr %s needs --reason TEXT, of at most %d bytes: it goes into the audit log",
            name, REASON_BYTES_MAX);
    if (plan != NULL && (arguments->operand_count != 1 || strlen(plan) < PREFIX_DIGITS_MIN))
        return driver_usage(driver, arguments->command,
            "--plan is for one hold, with at least %d digits of the hash of its plan",
            PREFIX_DIGITS_MIN);
    for (size_t i = 0; i < arguments->operand_count; i++)
        if (hold_number(arguments->operands[i]) == 0)
            return driver_usage(driver, arguments->command, "%s is not the number of a hold",
                arguments->operands[i]);
    return EXIT_CLEAN;
}

enum exit_code answer_run(
    struct driver *driver, const struct arguments *arguments, bool is_approval)
{
    struct answer answer = { .arguments = arguments,
        .is_approval = is_approval,
        .reason = option_text(arguments, OPTION_REASON) };
    enum exit_code code = usage_check(driver, arguments);
    if (code != EXIT_CLEAN)
        return code;
    code = session_begin(&answer.session, driver, arguments, MODE_APPLY, JOURNAL_BESIDE);
    if (code == EXIT_CLEAN)
        code = answer_what_is_asked(&answer);
    hold_reader_release(&answer.reader);
    session_release(&answer.session);
    return code;
}
