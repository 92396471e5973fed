/* governor_joins.c - one target, one case: who joins whom; see the head of governor.h. */
#include "act/governor_inquiry.h"
#include "store/twins.h"
#include "value_json.h"

static const char *join_words(struct arena *arena, const struct step_record *twin)
{
    static const struct {
        const char *state;
        const char *before;
        const char *after;
    } words[] = {
        { "done", "", " did the same" },
        { "rejected", "a person did not let ", " do the same" },
        { "held", "waits for what a person decides about the same in ", "" },
        { "running", "waits for ", ", which is doing the same" },
    };
    size_t at = 0;
    while (at + 1 < COUNT_OF(words) && !str_is(twin->state, words[at].state))
        at++;
    return arena_format(
        arena, "%srun %lld%s", words[at].before, (long long)twin->run, words[at].after);
}

/* Take over how `twin` ends. */
static enum err join(struct inquiry *inquiry, const struct step_record *twin)
{
    TRY(inquiry_decide(inquiry, RULING_JOINED, NULL, join_words(inquiry->arena, twin)));
    inquiry->judgement.joined = *twin;
    return ERR_OK;
}

/* The step that this one was told to wait for; ERR_NOT_FOUND: none, or it is over and does not
 * matter any more. */
static enum err awaited(struct inquiry *inquiry, struct step_record *ret_twin)
{
    const struct step_order *order = inquiry->proposal->order;
    if (inquiry->proposal->hold != NULL || inquiry->cause->rule->is_shadow)
        return ERR_NOT_FOUND;
    return twins_awaited(
        inquiry->governor->store, order->run, order->index, inquiry->arena, ret_twin);
}

/* The stages that people are asked in, as holds have them. */
static enum err stages_write(const struct inquiry *inquiry, str *ret_stages)
{
    const struct step_code *approver = inquiry->cause->approver;
    return hold_stages_to_json(inquiry->arena, approver == NULL ? NULL : approver->stages,
        approver == NULL ? 0 : approver->stage_count, ret_stages);
}

/* Whether the newest hold of `twin` is of the same rule, asks the same people, and is in one of
 * the `states` (bits). */
static enum err is_held_alike(
    struct inquiry *inquiry, const struct step_record *twin, uint32_t states, bool *ret_is)
{
    struct hold theirs;
    str stages;
    *ret_is = false;
    enum err err =
        holds_of_step(inquiry->governor->store, twin->run, twin->index, inquiry->arena, &theirs);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    TRY(stages_write(inquiry, &stages));
    *ret_is = (states & 1U << theirs.state) != 0 && str_equal(theirs.stages, stages)
              && str_equal(theirs.rule, inquiry->cause->rule->name);
    return ERR_OK;
}

/* Whether `twin` was rejected by somebody who was asked the same as would be asked of this step. */
static enum err is_rejected_alike(
    struct inquiry *inquiry, const struct step_record *twin, bool *ret_is)
{
    *ret_is = false;
    return str_is(twin->state, "rejected")
               ? is_held_alike(inquiry, twin, 1U << HOLD_REJECTED, ret_is)
               : ERR_OK;
}

static bool is_at_work(const struct inquiry *inquiry, const struct step_record *twin)
{
    struct clock *clock = inquiry->governor->clock;
    int64_t age_ms = clock->now_ms(clock) - twin->started_ms;
    return str_is(twin->state, "running") && age_ms >= 0 && age_ms < JOIN_RUNNING_MS;
}

/* Whether the step that was told to wait for `twin` goes on waiting. */
static enum err is_awaited(struct inquiry *inquiry, const struct step_record *twin, bool *ret_is)
{
    *ret_is = is_at_work(inquiry, twin);
    return str_is(twin->state, "held") ? is_held_alike(inquiry, twin, UINT32_MAX, ret_is) : ERR_OK;
}

enum err joins_check_rejected(struct inquiry *inquiry)
{
    struct step_record twin;
    bool is_rejected;
    enum err err = awaited(inquiry, &twin);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    TRY(is_rejected_alike(inquiry, &twin, &is_rejected));
    return is_rejected ? join(inquiry, &twin) : ERR_OK;
}

static bool can_join(const struct inquiry *inquiry)
{
    const struct builtin *row = inquiry->row;
    return changes_something(row) && (row->verb == VERB_RESPOND || row->verb == VERB_COLLECT);
}

/* What twins of the step are like; see the head of governor.h. */
static enum err twins_wanted(struct inquiry *inquiry, struct twin_query *ret_query)
{
    const struct proposal *proposal = inquiry->proposal;
    const struct plan *plan = proposal->plan;
    *ret_query = (struct twin_query){ .run = proposal->order->run,
        .step = proposal->order->index,
        .builtin = str_from(inquiry->row->name),
        .target = plan->target,
        .provider = str_from(inquiry->row->provider),
        .identity = plan->identity,
        .region = plan->region,
        .rule = inquiry->cause->rule->name };
    TRY(stages_write(inquiry, &ret_query->stages));
    return values_to_json(
        inquiry->arena, proposal->order->args, builtin_param_count(inquiry->row), &ret_query->args);
}

static enum err join_found(struct inquiry *inquiry, const struct twin_query *query)
{
    struct step_record twin;
    enum err err = twins_find(inquiry->governor->store, query, inquiry->arena, &twin);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    return join(inquiry, &twin);
}

/* What has a hold of its own, or an approval, waits for nobody else. */
static bool may_wait(const struct inquiry *inquiry)
{
    return inquiry->proposal->hold == NULL && !inquiry->proposal->is_approved;
}

enum err joins_check_done(struct inquiry *inquiry)
{
    struct twin_query query;
    struct clock *clock = inquiry->governor->clock;
    int64_t now_ms = clock->now_ms(clock);
    bool is_evidence = inquiry->row->verb == VERB_COLLECT;
    if (!can_join(inquiry))
        return ERR_OK;
    TRY(twins_wanted(inquiry, &query));
    query.takes_done = is_evidence || inquiry->proposal->plan->change_count == 0;
    query.takes_running = may_wait(inquiry) && is_evidence;
    query.from_ms = is_evidence ? now_ms - JOIN_WINDOW_MS : INT64_MIN;
    query.until_ms = is_evidence ? now_ms : INT64_MAX;
    query.running_from_ms = now_ms - JOIN_RUNNING_MS + 1;
    return join_found(inquiry, &query);
}

/* A step that is to wait for a person does so behind one whose people are asked the same. One
 * that its own clauses let act never comes here. */
enum err joins_check_held(struct inquiry *inquiry)
{
    struct twin_query query;
    if (!can_join(inquiry) || !may_wait(inquiry))
        return ERR_OK;
    TRY(twins_wanted(inquiry, &query));
    query.takes_held = true;
    return join_found(inquiry, &query);
}

enum err joins_foresee(struct inquiry *inquiry, bool *ret_is_waiting)
{
    struct step_record twin;
    bool is_rejected;
    enum err err = awaited(inquiry, &twin);
    *ret_is_waiting = err == ERR_OK;
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    TRY(is_awaited(inquiry, &twin, &inquiry->is_known));
    TRY(is_rejected_alike(inquiry, &twin, &is_rejected));
    return inquiry->is_known || is_rejected ? join(inquiry, &twin) : ERR_OK;
}
