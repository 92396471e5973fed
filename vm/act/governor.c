/* governor.c - see governor.h.
 *
 * What may be said of a step is a list of checks, in the order in which their answers count; the
 * first that has one ends it. Those that count and those that write are one transaction, so that
 * no two steps take the same last place.
 */
#include "act/governor.h"

#include "act/audit_entries.h"
#include "act/governor_inquiry.h"
#include "act/timers.h"
#include "base/buf.h"
#include "base/time.h"
#include "host/pause.h"
#include "store/admissions.h"
#include "store/twins.h"
#include "value_json.h"

enum { BEFORE_BYTES_MAX = 8 * 1024 * 1024 };

const char *ruling_name(enum ruling ruling)
{
    static const char *const names[RULING_COUNT] = {
        [RULING_ADMITTED] = "admitted",
        [RULING_HELD] = "held",
        [RULING_JOINED] = "joined",
        [RULING_SHADOWED] = "shadowed",
        [RULING_REFUSED] = "refused",
        [RULING_PAUSED] = "paused",
    };
    return names[ruling];
}

/* What limits count: `respond` steps. Telling people and collecting evidence is never too much. */
static bool is_limited(const struct builtin *row)
{
    return row->verb == VERB_RESPOND && changes_something(row);
}

/* ---- words ---- */

/* "rules/a.cdr:12" */
static const char *place_words(struct arena *arena, const struct clause_place *place)
{
    return place->file.len == 0
               ? "built into cdr"
               : arena_format(arena, "%.*s:%u", STR_ARG(place->file), (unsigned)place->line);
}

/* "`never respond stop_instance` (rules/a.cdr:12)" */
static const char *clause_words(struct arena *arena, const struct clause_place *place)
{
    const char *where = place_words(arena, place);
    return where == NULL ? NULL : arena_format(arena, "`%.*s` (%s)", STR_ARG(place->text), where);
}

enum err inquiry_decide(
    struct inquiry *inquiry, enum ruling ruling, const struct clause_place *place, const char *what)
{
    struct arena *arena = inquiry->arena;
    const struct step_cause *cause = inquiry->cause;
    struct judgement *judgement = &inquiry->judgement;
    *judgement = (struct judgement){ .ruling = ruling, .clause = STR(""), .reason = what };
    if (what != NULL && ruling != RULING_JOINED) /* that names another run */
        judgement->reason = arena_format(arena, "%s (rule %.*s, alert %.*s)", what,
            STR_ARG(cause->rule->name), STR_ARG(cause->alert));
    if (judgement->reason == NULL)
        return ERR_MEMORY;
    inquiry->is_decided = true;
    if (place == NULL)
        return ERR_OK;
    const char *where = place_words(arena, place);
    const char *clause =
        where == NULL ? NULL : arena_format(arena, "%s: %.*s", where, STR_ARG(place->text));
    judgement->clause = str_from(clause);
    return clause == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err hold(struct inquiry *inquiry, enum hold_cause why, const struct clause_place *place,
    const char *what)
{
    TRY(inquiry_decide(inquiry, RULING_HELD, place, what));
    inquiry->judgement.hold_cause = why;
    const struct step_code *approver = inquiry->cause->approver;
    inquiry->judgement.stages = approver == NULL ? NULL : approver->stages;
    inquiry->judgement.stage_count = approver == NULL ? 0 : approver->stage_count;
    return ERR_OK;
}

/* ---- what is known before the provider is asked ---- */

/* Who paused it and why, where the file says that. */
static const char *pause_words(const struct governor *governor, struct arena *arena)
{
    struct pause pause;
    if (pause_read(governor->pause_file, arena, &pause) != ERR_OK)
        return NULL;
    return arena_format(arena, "cdr is paused%s%.*s%s%.*s: nothing is changed until that is lifted",
        pause.who.len == 0 ? "" : " by ", STR_ARG(pause.who), pause.reason.len == 0 ? "" : ", ",
        STR_ARG(pause.reason));
}

static enum err check_pause(struct inquiry *inquiry)
{
    const char *file = inquiry->governor->pause_file;
    if (!changes_something(inquiry->row) || file == NULL || !pause_is_on(file))
        return ERR_OK;
    return inquiry_decide(
        inquiry, RULING_PAUSED, NULL, pause_words(inquiry->governor, inquiry->arena));
}

static enum err keep_below(
    struct inquiry *inquiry, enum ceiling ceiling, const struct clause_place *place)
{
    enum ceiling needed = ceiling_needed(inquiry->row);
    if (needed <= ceiling)
        return ERR_OK;
    const char *clause = clause_words(inquiry->arena, place);
    return inquiry_decide(inquiry, RULING_REFUSED, place,
        clause == NULL ? NULL
                       : arena_format(inquiry->arena, "%s needs `%s`, and %s does not go so far",
                           inquiry->row->name, ceiling_name(needed), clause));
}

static enum err check_rule_ceiling(struct inquiry *inquiry)
{
    const struct rule_code *rule = inquiry->cause->rule;
    return keep_below(inquiry, rule->ceiling, &rule->ceiling_place);
}

static enum err check_connection_ceiling(struct inquiry *inquiry)
{
    str provider = str_from(inquiry->row->provider);
    const struct program *program = inquiry->cause->program;
    for (uint32_t at = 0; at < program->guard_count && !inquiry->is_decided; at++) {
        const struct guard_code *guard = &program->guards[at];
        if (guard->kind == GUARD_CONNECTION && str_equal(provider, guard->provider))
            TRY(keep_below(inquiry, guard->ceiling, &guard->place));
    }
    return ERR_OK;
}

/* A `never` without a condition forbids its steps whatever they act on. */
static bool forbids_always(const struct guard_code *guard, const struct inquiry *inquiry)
{
    const struct rule_code *rule = inquiry->cause->rule;
    return guard->kind == GUARD_NEVER && guard->certain == NO_INDEX
           && guard->verb == inquiry->row->verb
           && (guard->step.len == 0 || str_is(guard->step, inquiry->row->name))
           && (!guard->is_of_file || guard->text_index == rule->text_index);
}

static enum err forbid(struct inquiry *inquiry, const struct guard_code *guard)
{
    const char *clause = clause_words(inquiry->arena, &guard->place);
    const char *because = guard->reason.len == 0 ? "" : ": ";
    return inquiry_decide(inquiry, RULING_REFUSED, &guard->place,
        clause == NULL ? NULL
                       : arena_format(inquiry->arena, "%s forbids it%s%.*s", clause, because,
                           STR_ARG(guard->reason)));
}

static enum err check_never(struct inquiry *inquiry)
{
    const struct program *program = inquiry->cause->program;
    for (uint32_t at = 0; at < program->guard_count; at++)
        if (forbids_always(&program->guards[at], inquiry))
            return forbid(inquiry, &program->guards[at]);
    return ERR_OK;
}

/* ---- what the target decides ---- */

static enum err check_protection(struct inquiry *inquiry)
{
    struct protection protection = { 0 };
    if (inquiry->proposal->is_offline)
        return ERR_OK;
    TRY(protect_judge(
        inquiry->cause, inquiry->row, inquiry->proposal->plan, inquiry->arena, &protection));
    if (protection.is_doubt)
        inquiry->doubt = protection;
    return protection.guard == NULL || protection.is_doubt
               ? ERR_OK
               : inquiry_decide(
                   inquiry, RULING_REFUSED, &protection.guard->place, protection.reason);
}

static enum err check_shadow(struct inquiry *inquiry)
{
    const struct rule_code *rule = inquiry->cause->rule;
    if (!rule->is_shadow || !changes_something(inquiry->row))
        return ERR_OK;
    const char *clause = clause_words(inquiry->arena, &rule->shadow_place);
    return inquiry_decide(inquiry, RULING_SHADOWED, &rule->shadow_place,
        clause == NULL ? NULL
                       : arena_format(inquiry->arena,
                           "in shadow by %s: planned to the end, nothing is changed", clause));
}

/* ---- holds ---- */

/* Who waited for a person once is let through by a person. */
static enum err check_hold_before(struct inquiry *inquiry)
{
    const struct hold *before = inquiry->proposal->hold;
    if (before == NULL)
        return ERR_OK;
    TRY(hold(inquiry, before->cause, NULL, ""));
    inquiry->judgement.reason = before->reason.ptr;
    inquiry->judgement.clause = before->clause;
    return ERR_OK;
}

static enum err check_guard_in_doubt(struct inquiry *inquiry)
{
    const struct protection *doubt = &inquiry->doubt;
    return doubt->guard == NULL ? ERR_OK
                                : hold(inquiry, HOLD_BY_DOUBT, &doubt->guard->place, doubt->reason);
}

static enum err check_doubt(struct inquiry *inquiry)
{
    const char *doubt = inquiry->cause->doubt;
    return doubt == NULL || inquiry->row->verb != VERB_RESPOND
               ? ERR_OK
               : hold(inquiry, HOLD_BY_DOUBT, NULL, doubt);
}

static enum err check_always(struct inquiry *inquiry)
{
    const char *due = inquiry->cause->due;
    if (due == NULL || inquiry->row->verb != VERB_RESPOND)
        return ERR_OK;
    TRY(hold(inquiry, HOLD_BY_ALWAYS, NULL, due));
    inquiry->judgement.clause = inquiry->cause->due_clause;
    return ERR_OK;
}

static enum err admission_of(struct inquiry *inquiry, struct admission *ret_admission)
{
    const struct plan *plan = inquiry->proposal->plan;
    const struct rule_code *rule = inquiry->cause->rule;
    *ret_admission = (struct admission){ .rule = rule->name,
        .rule_id = rule->id,
        .builtin = str_from(inquiry->row->name),
        .provider = str_from(inquiry->row->provider),
        .account = plan == NULL ? STR("") : admission_account(plan->identity),
        .target = plan == NULL ? STR("") : plan->target };
    return timers_now(inquiry->governor->store, inquiry->governor->clock, &ret_admission->at_ms);
}

/* Whose targets were counted: "rule ransomware". */
static const char *scope_words(
    struct arena *arena, const struct limit_code *limit, const struct admission *admission)
{
    switch (limit->scope) {
    case LIMIT_RULE:
        return arena_format(arena, "rule %.*s", STR_ARG(admission->rule));
    case LIMIT_ACTION:
        return arena_format(arena, "%.*s", STR_ARG(admission->builtin));
    case LIMIT_ACCOUNT:
        return arena_format(arena, "account %.*s", STR_ARG(admission->account));
    case LIMIT_PROVIDER:
        return arena_format(arena, "%.*s", STR_ARG(admission->provider));
    case LIMIT_SCOPES:
        break;
    }
    return "";
}

static enum err hold_over(
    struct inquiry *inquiry, const struct limit_code *limit, const struct admission *admission)
{
    char text[DURATION_TEXT_MAX];
    const char *clause = clause_words(inquiry->arena, &limit->place);
    const char *whose = scope_words(inquiry->arena, limit, admission);
    str window = duration_format(limit->window_ms, text);
    return hold(inquiry, HOLD_BY_LIMIT, &limit->place,
        clause == NULL || whose == NULL
            ? NULL
            : arena_format(inquiry->arena,
                "over %s: %llu %s of %s in the last %.*s; a person may let it through", clause,
                (unsigned long long)limit->targets, limit->targets == 1 ? "target" : "targets",
                whose, STR_ARG(window)));
}

/* Whether the limit has room for the target; without a plan, for one that is not known yet. */
static enum err check_limit(
    struct inquiry *inquiry, const struct limit_code *limit, const struct admission *admission)
{
    struct store *store = inquiry->governor->store;
    bool has = false;
    if (inquiry->proposal->plan != NULL)
        TRY(admissions_has(store, limit, admission, &has));
    if (!has)
        TRY(admissions_room(store, limit, admission, &has));
    return has ? ERR_OK : hold_over(inquiry, limit, admission);
}

static enum err check_limits(struct inquiry *inquiry)
{
    const struct rule_code *rule = inquiry->cause->rule;
    struct admission admission;
    if (!is_limited(inquiry->row))
        return ERR_OK;
    TRY(admission_of(inquiry, &admission));
    for (uint32_t at = 0; at < rule->limit_count && !inquiry->is_decided; at++) {
        const struct limit_code *limit = &rule->limits[at];
        bool is_known = inquiry->proposal->plan != NULL || limit->scope != LIMIT_ACCOUNT;
        if (is_known)
            TRY(check_limit(inquiry, limit, &admission));
    }
    return ERR_OK;
}

static enum err check_approve(struct inquiry *inquiry)
{
    const struct step_code *approver = inquiry->cause->approver;
    if (approver == NULL)
        return ERR_OK;
    const char *clause = clause_words(inquiry->arena, &approver->approve);
    const char *whose = approver == inquiry->cause->code ? "" : ", which holds the later steps too";
    return hold(inquiry, HOLD_BY_APPROVE, &approver->approve,
        clause == NULL ? NULL : arena_format(inquiry->arena, "waits for %s%s", clause, whose));
}

/* Before the provider is asked: a step that waits goes on waiting, and what waited once is planned
 * whatever room there is, for whoever looks at it. */
static enum err check_waiting(struct inquiry *inquiry)
{
    bool is_waiting;
    TRY(joins_foresee(inquiry, &is_waiting));
    return is_waiting || inquiry->proposal->hold != NULL || inquiry->cause->rule->is_shadow
               ? ERR_OK
               : check_limits(inquiry);
}

/* ---- the answer ---- */

static enum err ask(struct inquiry *inquiry, check *const *checks, size_t count)
{
    for (size_t at = 0; at < count && !inquiry->is_decided; at++)
        TRY(checks[at](inquiry));
    return ERR_OK;
}

static enum err admit(struct inquiry *inquiry)
{
    struct admission admission;
    TRY(inquiry_decide(inquiry, RULING_ADMITTED, NULL,
        inquiry->proposal->is_approved ? "people let it through" : "no clause is against it"));
    if (inquiry->proposal->plan == NULL || !is_limited(inquiry->row))
        return ERR_OK;
    TRY(admission_of(inquiry, &admission));
    inquiry->counted_ms = admission.at_ms;
    return admissions_add(inquiry->governor->store, &admission);
}

/* The undos of what it would change, which hold the state before; null for what has none. */
static enum err before_write(struct inquiry *inquiry, str *ret_json)
{
    const struct plan *plan = inquiry->proposal->plan;
    CLEANUP(buf_release) struct buf json = BUF_INIT(BEFORE_BYTES_MAX);
    *ret_json = STR("");
    if (plan == NULL || plan->changes == NULL)
        return ERR_OK;
    for (const struct plan_change *at = plan->changes; at != NULL; at = at->next) {
        buf_add(&json, at == plan->changes ? STR("[") : STR(","));
        buf_add(&json, at->undo.len == 0 ? STR("null") : at->undo);
    }
    buf_add(&json, STR("]"));
    TRY(json.err);
    *ret_json = arena_copy(inquiry->arena, buf_str(&json));
    return ret_json->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static str actor_of(const struct governor *governor)
{
    return governor->actor == NULL ? STR("cdr") : str_from(governor->actor);
}

static enum err tell(struct inquiry *inquiry)
{
    const struct governor *governor = inquiry->governor;
    const struct step_order *order = inquiry->proposal->order;
    const struct plan *plan = inquiry->proposal->plan;
    int64_t seq;
    struct audit_entry entry = { .event = ruling_name(inquiry->judgement.ruling),
        .who = actor_of(governor),
        .at_ms = governor->clock->now_ms(governor->clock),
        .run = order->run,
        .step = order->index,
        .alert = inquiry->cause->alert,
        .rule = inquiry->cause->rule->name,
        .builtin = str_from(inquiry->row->name),
        .target = plan == NULL ? inquiry->judgement.joined.target : plan->target,
        .program_hash = inquiry->cause->program->hash,
        .plan_hash = inquiry->proposal->plan_hash,
        .clause = inquiry->judgement.clause,
        .reason = str_from(inquiry->judgement.reason) };
    TRY(before_write(inquiry, &entry.before));
    if (inquiry->counted_ms != 0) {
        const char *after =
            arena_format(inquiry->arena, "counted at %lld", (long long)inquiry->counted_ms);
        if (after == NULL)
            return ERR_MEMORY;
        entry.after = str_from(after);
    }
    return audit_append(governor->store, &entry, &seq);
}

/* What later steps look for: on what this one acts, and whom it joins. */
static enum err note(struct inquiry *inquiry)
{
    const struct step_order *order = inquiry->proposal->order;
    struct store *store = inquiry->governor->store;
    const struct judgement *judgement = &inquiry->judgement;
    bool is_joined = judgement->ruling == RULING_JOINED;
    if (order->run <= 0) /* a plan */
        return ERR_OK;
    TRY(store_step_aim(store, order->run, order->index, inquiry->proposal->plan->target));
    return twins_note(store, order->run, order->index, is_joined ? &judgement->joined : NULL);
}

static enum err judge_in_transaction(struct inquiry *inquiry)
{
    static check *const joins[] = { check_shadow, joins_check_rejected, joins_check_done };
    static check *const holds[] = { check_hold_before, check_guard_in_doubt, check_doubt,
        check_always, check_limits, check_approve };
    TRY(ask(inquiry, joins, COUNT_OF(joins)));
    if (!inquiry->proposal->is_approved)
        TRY(ask(inquiry, holds, COUNT_OF(holds)));
    if (inquiry->judgement.ruling == RULING_HELD)
        TRY(joins_check_held(inquiry));
    if (!inquiry->is_decided)
        TRY(admit(inquiry));
    TRY(note(inquiry));
    return tell(inquiry);
}

/* Do `work` as one transaction. It is relaxed: what comes of an answer, the intent of a change, a
 * hold or the end of the step, goes to disk by itself and takes the answer along. */
static enum err together(struct inquiry *inquiry, check *work)
{
    struct store *store = inquiry->governor->store;
    TRY(store_begin_relaxed(store));
    return store_end(store, work(inquiry));
}

static struct inquiry inquiry_of(
    struct governor *governor, const struct proposal *proposal, struct arena *arena)
{
    return (struct inquiry){ .governor = governor,
        .proposal = proposal,
        .cause = proposal->order->cause,
        .row = proposal->order->row,
        .arena = arena };
}

enum err governor_foresee(struct governor *governor, const struct proposal *proposal,
    struct arena *arena, struct judgement *ret_judgement)
{
    static check *const checks[] = { check_pause, check_rule_ceiling, check_connection_ceiling,
        check_never, check_waiting };
    struct inquiry inquiry = inquiry_of(governor, proposal, arena);
    TRY(ask(&inquiry, checks, COUNT_OF(checks)));
    bool is_new =
        inquiry.is_decided && !inquiry.is_known && inquiry.judgement.ruling != RULING_PAUSED;
    if (!inquiry.is_decided)
        TRY(admit(&inquiry));
    if (is_new)
        TRY(together(&inquiry, tell));
    *ret_judgement = inquiry.judgement;
    return ERR_OK;
}

static check *const refusals[] = { check_rule_ceiling, check_connection_ceiling, check_never,
    check_protection };

enum err governor_judge(struct governor *governor, const struct proposal *proposal,
    struct arena *arena, struct judgement *ret_judgement)
{
    struct inquiry inquiry = inquiry_of(governor, proposal, arena);
    TRY(ask(&inquiry, refusals, COUNT_OF(refusals)));
    TRY(together(&inquiry, judge_in_transaction));
    *ret_judgement = inquiry.judgement;
    return ERR_OK;
}

enum err governor_look_again(struct governor *governor, const struct proposal *proposal,
    struct arena *arena, struct judgement *ret_judgement)
{
    struct inquiry inquiry = inquiry_of(governor, proposal, arena);
    *ret_judgement = (struct judgement){ .ruling = RULING_ADMITTED };
    TRY(ask(&inquiry, refusals, COUNT_OF(refusals)));
    if (!inquiry.is_decided)
        return ERR_OK;
    TRY(together(&inquiry, tell));
    *ret_judgement = inquiry.judgement;
    return ERR_OK;
}

void governor_look(struct governor *governor)
{
    if (governor->claims != NULL)
        governor->turn = claims_turn(governor->claims);
}

enum err governor_claim(struct governor *governor, const struct step_order *order, str target,
    bool is_change, struct arena *arena, const char **ret_reason)
{
    int64_t other = 0;
    struct claim_wish wish = { .builtin = str_from(order->row->name),
        .target = target,
        .run = order->run,
        .turn = governor->turn,
        .is_shared = !is_change };
    if (governor->claims == NULL || order->row->verb != VERB_RESPOND)
        return ERR_OK;
    enum err err = claims_take(governor->claims, &wish, &other);
    if (err != ERR_BUSY)
        return err;
    *ret_reason = arena_format(
        arena, "run %lld does the same to it: it is looked at again", (long long)other);
    return *ret_reason == NULL ? ERR_MEMORY : ERR_PAUSED;
}

enum err governor_may_change(
    struct governor *governor, struct arena *arena, const char **ret_reason)
{
    if (governor->pause_file == NULL || !pause_is_on(governor->pause_file))
        return ERR_OK;
    *ret_reason = pause_words(governor, arena);
    return *ret_reason == NULL ? ERR_MEMORY : ERR_PAUSED;
}

enum err governor_ended(struct governor *governor, const struct step_order *order,
    const struct step_record *record, str plan_hash, struct arena *arena)
{
    const struct step_cause *cause = order->cause;
    struct audit_entry entry = { .who = actor_of(governor), .plan_hash = plan_hash };
    if (cause != NULL) {
        entry.alert = cause->alert;
        entry.rule = cause->rule->name;
        entry.program_hash = cause->program->hash;
    }
    return audit_step_ended(governor->store, record, &entry, arena);
}

enum err governor_unkept(struct governor *governor, const struct program *program,
    const struct rule_code *rule, str alert, int64_t run, str clause, const char *reason)
{
    int64_t seq;
    struct audit_entry entry = { .event = "unkept",
        .who = actor_of(governor),
        .at_ms = governor->clock->now_ms(governor->clock),
        .run = run,
        .step = -1,
        .alert = alert,
        .rule = rule->name,
        .program_hash = program->hash,
        .clause = clause,
        .reason = str_from(reason) };
    return audit_append(governor->store, &entry, &seq);
}
