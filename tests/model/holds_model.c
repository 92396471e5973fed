/* holds_model.c - see holds_model.h. */
#include "holds_model.h"

#include <assert.h>
#include <stdio.h>

enum move {
    MOVE_TICK,
    MOVE_CHANGE, /* somebody else changes the provider */
    MOVE_PAUSE,  /* and lift it */
    MOVE_RESTART,
    MOVE_TIMER,
    MOVE_RESUME, /* the executor looks at the step, and plans it when it may go on */
    MOVE_CLAIM,
    MOVE_HOLD, /* another round begins */
    MOVE_SEND,
    MOVE_END,
    MOVE_FORGE,      /* somebody writes two approvals into the tables */
    MOVE_FORGE_USED, /* and that the step was begun with them */
    MOVES,
};

/* What people do: to the newest hold, or to the one before it; with the plan that it is about,
 * or with the other one. */
enum deed { DEED_APPROVE, DEED_REJECT, DEED_APPROVE_OTHER, DEED_APPROVE_OLD, DEEDS };

enum { STAGES = 2, STAGE_TIME = 2 };

static const str people[PEOPLE] = { { "alice", 5 }, { "bob", 3 }, { "author", 6 }, { "carol", 5 },
    { "dave", 4 }, { "eve", 3 } };
static const str role_names[] = { { "ir", 2 }, { "ciso", 4 } };
static const struct role_code roles[] = {
    { { "ir", 2 }, people, 3, RIGHT_APPROVE | RIGHT_REJECT },
    { { "ciso", 4 }, &people[CAROL], 2, RIGHT_APPROVE | RIGHT_REJECT },
};
static const struct approval_stage stages[STAGES] = {
    { &role_names[0], 1, 2, STAGE_TIME },
    { &role_names[1], 1, 2, STAGE_TIME },
};
static const str plans[] = { { "plan-0", 6 }, { "plan-1", 6 } };

const char *mutation_words(enum mutation mutation)
{
    static const char *const words[MUTATION_COUNT] = {
        [MUTATION_NONE] = "nothing",
        [MUTATION_AUTHOR] = "that the author of a rule does not approve it",
        [MUTATION_ROLE] = "that only members of a role that is asked decide",
        [MUTATION_NEEDED] = "that as many approve as are needed",
        [MUTATION_DISTINCT] = "that they are different persons",
        [MUTATION_SEEN] = "that an approval is for the plan that was seen",
        [MUTATION_CLAIM] = "that the plan carried out is the approved one",
        [MUTATION_FRESH] = "that the step is planned anew before it acts",
        [MUTATION_VOID] = "that another plan ends the approval",
        [MUTATION_TIME] = "that a stage has an end",
        [MUTATION_STAGE] = "that what was said in a stage counts in that stage",
        [MUTATION_REJECTION] = "that a rejection ends the hold",
        [MUTATION_WITHDRAW] = "that whoever approved may still reject",
        [MUTATION_EARLIER] = "that whoever was asked before may still reject",
        [MUTATION_LOG] = "that the audit log has the decisions",
        [MUTATION_PAUSE] = "that the pause is looked at before a change",
        [MUTATION_REMEMBERED] = "that a change is on disk before it is sent",
    };
    return words[mutation];
}

/* There is one. */
static struct model_hold *newest(struct model *model)
{
    return &model->holds[model->hold_count - 1];
}

/* ---- the real code, asked with what a mutation leaves of its input ---- */

static struct hold hold_real(const struct model_hold *hold, enum mutation mutation)
{
    return (struct hold){ .id = 1,
        .plan_hash = plans[hold->plan],
        .author = mutation == MUTATION_AUTHOR ? STR("") : people[AUTHOR],
        .held_ms = hold->held };
}

static void stages_real(enum mutation mutation, struct approval_stage ret_stages[STAGES])
{
    for (uint32_t at = 0; at < STAGES; at++) {
        ret_stages[at] = stages[at];
        if (mutation == MUTATION_NEEDED)
            ret_stages[at].needed = 1;
        if (mutation == MUTATION_TIME)
            ret_stages[at].within_ms = 1000;
    }
}

/* The decisions as hold_settle is shown them; how many. */
static size_t decisions_real(const struct model_hold *hold, enum mutation mutation, uint32_t stage,
    struct decision ret_decisions[SAID_MAX])
{
    static const str others[SAID_MAX] = { { "x1", 2 }, { "x2", 2 }, { "x3", 2 } };
    size_t count = 0;
    for (uint8_t i = 0; i < hold->said_count; i++) {
        const struct said *said = &hold->said[i];
        if (mutation == MUTATION_REJECTION && !said->is_approval)
            continue;
        ret_decisions[count++] = (struct decision){
            .who = mutation == MUTATION_DISTINCT ? others[i] : people[said->who],
            .is_approval = said->is_approval,
            .plan_hash = mutation == MUTATION_SEEN ? plans[hold->plan] : plans[said->plan],
            .stage = mutation == MUTATION_STAGE ? stage : said->stage,
            .decided_ms =
                mutation == MUTATION_STAGE ? hold->held + (int64_t)stage * STAGE_TIME : said->at,
        };
    }
    return count;
}

static enum hold_state settle(
    const struct model_hold *hold, enum mutation mutation, uint8_t now, uint32_t *ret_stage)
{
    struct hold real = hold_real(hold, mutation);
    struct approval_stage real_stages[STAGES];
    struct decision decisions[SAID_MAX];
    int64_t until_ms;
    stages_real(mutation, real_stages);
    size_t count = decisions_real(hold, mutation, 0, decisions);
    enum hold_state state =
        hold_settle(&real, real_stages, STAGES, decisions, count, now, ret_stage, &until_ms);
    if (mutation != MUTATION_STAGE || state != HOLD_OPEN || *ret_stage == 0)
        return state;
    count = decisions_real(hold, mutation, *ret_stage, decisions);
    return hold_settle(&real, real_stages, STAGES, decisions, count, now, ret_stage, &until_ms);
}

static bool may_decide(const struct model_hold *hold, enum mutation mutation, uint32_t stage,
    enum person who, bool is_approval)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct hold real = hold_real(hold, mutation);
    const char *reason;
    if (mutation == MUTATION_ROLE)
        return who != AUTHOR || !is_approval;
    struct hold_question question = { stages, stage + 1, roles, COUNT_OF(roles) };
    if (mutation == MUTATION_EARLIER)
        question = (struct hold_question){ &stages[stage], 1, roles, COUNT_OF(roles) };
    return hold_may_decide(&real, &question, people[who], is_approval, &arena, &reason);
}

/* ---- what is true, whatever the code under test says ---- */

static bool is_of_stage(uint8_t who, uint32_t stage)
{
    return stage == 0 ? who == ALICE || who == BOB : who == CAROL || who == DAVE;
}

/* Whether people let the plan of this hold through: counted from what they said, without any
 * of the code under test. */
static bool is_let_through(const struct model_hold *hold)
{
    unsigned persons[STAGES] = { 0 };
    for (uint8_t i = 0; i < hold->said_count; i++) {
        const struct said *said = &hold->said[i];
        uint32_t stage = (uint32_t)(said->at - hold->held) / STAGE_TIME;
        if (!said->is_in_log || stage >= STAGES)
            continue;
        if (!said->is_approval)
            return false; /* nothing is said once it is settled */
        if (is_of_stage(said->who, stage) && said->plan == hold->plan)
            persons[stage] |= 1U << said->who;
        if (persons[0] == ((1U << ALICE) | (1U << BOB))
            || persons[1] == ((1U << CAROL) | (1U << DAVE)))
            return true;
    }
    return false;
}

/* Somebody says no to an open hold: it counts when they are asked now, or were before. */
static void note_objection(struct model_hold *hold, uint8_t who, uint8_t now)
{
    uint32_t stage = (uint32_t)(now - hold->held) / STAGE_TIME;
    bool is_first = who == ALICE || who == BOB || who == AUTHOR;
    bool is_second = who == CAROL || who == DAVE;
    if (hold->state == HOLD_OPEN && stage < STAGES && (is_first || (is_second && stage == 1)))
        hold->has_objector = true;
}

/* The change leaves: was it let through? */
static const char *act_fault(const struct model *model)
{
    const struct model_hold *hold = &model->holds[model->hold_count - 1];
    if (model->changes > 0)
        return "the change is made twice";
    if (model->is_paused)
        return "a change is made while cdr is paused";
    if (hold->plan != model->plan)
        return "the plan that is carried out is not the one of the hold";
    if (hold->has_met_other)
        return "the approval is of before the plan became another one";
    if (hold->has_objector)
        return "somebody who was asked said no";
    if (!model->is_fresh)
        return "the provider was not looked at since the approval";
    return is_let_through(hold) ? NULL : "people did not let the plan through";
}

/* ---- the journal ---- */

static void hold_add(struct model *model, uint8_t plan)
{
    if (model->hold_count > 0
        && (newest(model)->state == HOLD_OPEN || newest(model)->state == HOLD_APPROVED))
        newest(model)->state = HOLD_VOID;
    model->holds[model->hold_count++] =
        (struct model_hold){ .plan = plan, .held = model->time, .state = HOLD_OPEN };
    model->step = STEP_WAITS;
}

static void pass_time(struct model *model, struct model_hold *hold, enum mutation mutation)
{
    uint32_t stage;
    if (hold->state == HOLD_OPEN && settle(hold, mutation, model->time, &stage) == HOLD_EXPIRED)
        hold->state = HOLD_EXPIRED;
}

static bool has_said(const struct model_hold *hold, enum mutation mutation, enum person who,
    uint32_t stage, bool is_approval)
{
    for (uint8_t i = 0; i < hold->said_count; i++)
        if (hold->said[i].who == who && hold->said[i].stage == stage
            && (hold->said[i].is_approval == is_approval || mutation == MUTATION_WITHDRAW))
            return true;
    return false;
}

static void decide(struct model *model, struct model_hold *hold, enum mutation mutation,
    enum person who, bool is_approval, uint8_t plan)
{
    uint32_t stage;
    pass_time(model, hold, mutation);
    if (!is_approval && plan == hold->plan)
        note_objection(hold, (uint8_t)who, model->time);
    (void)settle(hold, mutation, model->time, &stage);
    if (hold->state != HOLD_OPEN || hold->said_count == SAID_MAX
        || (plan != hold->plan && mutation != MUTATION_SEEN)
        || (has_said(hold, mutation, who, stage, is_approval) && mutation != MUTATION_DISTINCT)
        || !may_decide(hold, mutation, stage, who, is_approval))
        return;
    hold->said[hold->said_count++] =
        (struct said){ who, is_approval, plan, (uint8_t)stage, model->time, true };
    enum hold_state state = settle(hold, mutation, model->time, &stage);
    hold->state = (uint8_t)state;
}

/* Rows that look like two approvals, and a hold that looks approved. */
static void forge(struct model *model, enum hold_state state)
{
    struct model_hold *hold = newest(model);
    hold->said_count = 0;
    for (uint8_t who = ALICE; who <= BOB; who++)
        hold->said[hold->said_count++] =
            (struct said){ who, true, hold->plan, 0, hold->held, false };
    hold->state = (uint8_t)state;
}

static bool is_in_log(const struct model_hold *hold)
{
    for (uint8_t i = 0; i < hold->said_count; i++)
        if (!hold->said[i].is_in_log)
            return false;
    return true;
}

/* ---- the executor ---- */

static void forget(struct model *model)
{
    model->phase = PHASE_IDLE;
    model->plan = 0;
    model->is_fresh = false;
}

static void go_on(struct model *model, struct model_hold *hold, enum mutation mutation)
{
    model->plan = mutation == MUTATION_FRESH ? hold->plan : model->provider;
    model->is_fresh = mutation != MUTATION_FRESH;
    model->phase = PHASE_PLANNED;
    model->step = STEP_GOES;
}

static void resume(struct model *model, enum mutation mutation)
{
    if (model->is_sent) { /* the builtin looks, and it is so */
        model->step = STEP_OVER;
        return;
    }
    if (model->hold_count == 0) {
        hold_add(model, model->provider);
        return;
    }
    struct model_hold *hold = newest(model);
    switch ((enum hold_state)hold->state) {
    case HOLD_OPEN:
        return;
    case HOLD_REJECTED:
    case HOLD_EXPIRED:
        model->step = STEP_OVER;
        return;
    case HOLD_APPROVED:
    case HOLD_USED:
    case HOLD_VOID:
        go_on(model, hold, mutation);
        return;
    case HOLD_STATE_COUNT:
        break;
    }
    assert(false);
}

static void claim(struct model *model, enum mutation mutation)
{
    struct model_hold *hold = newest(model);
    uint32_t stage;
    bool is_same = hold->plan == model->plan || mutation == MUTATION_CLAIM;
    hold->has_met_other |= hold->plan != model->plan;
    bool is_approved = (hold->state == HOLD_APPROVED || hold->state == HOLD_USED) && is_same
                       && (mutation == MUTATION_LOG || is_in_log(hold))
                       && settle(hold, mutation, model->time, &stage) == HOLD_APPROVED;
    model->phase = is_approved ? PHASE_CLAIMED : PHASE_VOIDED;
    if (is_approved)
        hold->state = HOLD_USED;
    if (!is_approved && mutation == MUTATION_VOID) {
        forget(model); /* it waits for a plan that fits */
        model->step = STEP_WAITS;
    } else if (!is_approved) {
        hold->state = HOLD_VOID;
    }
}

static const char *send(struct model *model, enum mutation mutation)
{
    const char *fault = act_fault(model);
    if (mutation != MUTATION_REMEMBERED)
        model->is_sent = true;
    model->changes++;
    model->phase = PHASE_SENT;
    return fault;
}

/* ---- moves ---- */

static bool is_possible(const struct model *model, enum mutation mutation, enum move move)
{
    const struct model_hold *hold =
        model->hold_count == 0 ? NULL : &model->holds[model->hold_count - 1];
    bool may_change = !model->is_paused || mutation == MUTATION_PAUSE;
    switch (move) {
    case MOVE_TICK:
        return model->time < TIME_MAX;
    case MOVE_CHANGE:
    case MOVE_PAUSE:
        return true;
    case MOVE_RESTART:
        return model->phase != PHASE_IDLE;
    case MOVE_TIMER:
        return hold != NULL && hold->state == HOLD_OPEN;
    case MOVE_RESUME:
        return model->phase == PHASE_IDLE && model->step != STEP_OVER;
    case MOVE_CLAIM:
        return model->phase == PHASE_PLANNED && may_change;
    case MOVE_HOLD:
        return model->phase == PHASE_VOIDED && model->hold_count < HOLDS_MAX;
    case MOVE_SEND:
        return model->phase == PHASE_CLAIMED && may_change;
    case MOVE_END:
        return model->phase == PHASE_SENT;
    case MOVE_FORGE:
    case MOVE_FORGE_USED:
        return hold != NULL && hold->state == HOLD_OPEN;
    case MOVES:
        break;
    }
    return false;
}

unsigned model_events(const struct model *model, enum mutation mutation, uint8_t events[EVENTS_MAX])
{
    unsigned count = 0;
    for (uint8_t move = 0; move < MOVES; move++)
        if (is_possible(model, mutation, (enum move)move))
            events[count++] = move;
    for (uint8_t at = 0; model->hold_count > 0 && at < PEOPLE * DEEDS; at++)
        if (at % DEEDS != DEED_APPROVE_OLD || model->hold_count > 1)
            events[count++] = (uint8_t)(MOVES + at);
    return count;
}
static_assert(MOVES + PEOPLE * DEEDS <= EVENTS_MAX, "room for all of them");

static void people_move(struct model *model, enum mutation mutation, unsigned at)
{
    enum person who = (enum person)(at / DEEDS);
    struct model_hold *hold = newest(model);
    switch ((enum deed)(at % DEEDS)) {
    case DEED_APPROVE:
        decide(model, hold, mutation, who, true, hold->plan);
        return;
    case DEED_REJECT:
        decide(model, hold, mutation, who, false, hold->plan);
        return;
    case DEED_APPROVE_OTHER:
        decide(model, hold, mutation, who, true, !hold->plan);
        return;
    case DEED_APPROVE_OLD:
        decide(model, hold - 1, mutation, who, true, (hold - 1)->plan);
        return;
    case DEEDS:
        break;
    }
    assert(false);
}

const char *model_move(struct model *model, enum mutation mutation, uint8_t event)
{
    if (event >= MOVES) {
        people_move(model, mutation, event - MOVES);
        return NULL;
    }
    switch ((enum move)event) {
    case MOVE_TICK:
        model->time++;
        break;
    case MOVE_CHANGE:
        model->provider = !model->provider;
        break;
    case MOVE_PAUSE:
        model->is_paused = !model->is_paused;
        break;
    case MOVE_RESTART:
        forget(model);
        break;
    case MOVE_TIMER:
        pass_time(model, newest(model), mutation);
        break;
    case MOVE_RESUME:
        resume(model, mutation);
        break;
    case MOVE_CLAIM:
        claim(model, mutation);
        break;
    case MOVE_HOLD:
        hold_add(model, model->plan);
        forget(model);
        break;
    case MOVE_SEND:
        return send(model, mutation);
    case MOVE_END:
        model->step = STEP_OVER;
        forget(model);
        break;
    case MOVE_FORGE:
        forge(model, HOLD_APPROVED);
        break;
    case MOVE_FORGE_USED:
        forge(model, HOLD_USED);
        break;
    case MOVES:
        break;
    }
    return NULL;
}

void model_event_words(uint8_t event, char text[static 64])
{
    static const char *const moves[MOVES] = {
        [MOVE_TICK] = "time passes",
        [MOVE_CHANGE] = "the provider is changed by somebody else",
        [MOVE_PAUSE] = "pause, or lift it",
        [MOVE_RESTART] = "cdr is killed",
        [MOVE_TIMER] = "the timer of the hold",
        [MOVE_RESUME] = "the executor looks at the step",
        [MOVE_CLAIM] = "it claims the hold",
        [MOVE_HOLD] = "it holds the step again",
        [MOVE_SEND] = "it sends the change",
        [MOVE_END] = "it ends the step",
        [MOVE_FORGE] = "somebody writes approvals into the tables",
        [MOVE_FORGE_USED] = "somebody writes a used approval into the tables",
    };
    static const char *const deeds[DEEDS] = {
        [DEED_APPROVE] = "approves",
        [DEED_REJECT] = "rejects",
        [DEED_APPROVE_OTHER] = "approves another plan",
        [DEED_APPROVE_OLD] = "approves the hold before",
    };
    if (event < MOVES)
        snprintf(text, 64, "%s", moves[event]);
    else
        snprintf(text, 64, "%.*s %s", STR_ARG(people[(event - MOVES) / DEEDS]),
            deeds[(event - MOVES) % DEEDS]);
}
