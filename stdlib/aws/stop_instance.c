#include "aws/stop_instance.h"

#include "aws/facts.h"
#include "aws/requests.h"

enum { ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION, START_ARGS, ARG_OVERRIDE = START_ARGS };
enum { CALLER, LOOK, PROTECTION, UNPROTECT, CHANGE };
/* botocore's waiters ask 40 times, 15 seconds apart. */
enum { POLLS_MAX = 44, POLL_MS = 15000 };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[ARG_REGION]));
}

static bool is_state(const struct instance *instance, const char *state)
{
    return str_is(instance->state, state);
}

static bool is_gone(const struct instance *instance)
{
    return is_state(instance, "shutting-down") || is_state(instance, "terminated");
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct request request = ec2_describe_instance(step, region(step), arg(step, ARG_INSTANCE));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn look_first(struct step *step)
{
    step->target = arg(step, ARG_INSTANCE);
    return look(step, 0);
}

static enum step_turn stop_heard_caller(struct step *step, const struct answer *answer)
{
    struct stop_instance *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    return look_first(step);
}

/* The account of the instance, or what was given while it is not known. */
static value owner(const struct step *step)
{
    const struct stop_instance *self = step->state;
    return self->instance.owner.len > 0 ? value_text(self->instance.owner)
                                        : step->args[ARG_ACCOUNT];
}

static enum step_turn stop_now(struct step *step)
{
    struct stop_instance *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    struct undo undo = { .builtin = "start_instance", .args_count = START_ARGS };
    undo.args[ARG_INSTANCE] = value_text(id);
    undo.args[ARG_ACCOUNT] = owner(step);
    undo.args[ARG_REGION] = talk_region(step, step->args[ARG_REGION]);
    tries_send(&self->tries);
    return talk_change(step, CHANGE, ec2_stop_instance(step, region(step), id), undo);
}

static enum step_turn ask_protection(struct step *step)
{
    struct stop_instance *self = step->state;
    self->protection = (struct protection){ .attribute = "disableApiStop",
        .against = "stopping",
        .look = PROTECTION,
        .change = UNPROTECT,
        .instance = arg(step, ARG_INSTANCE),
        .account = owner(step),
        .region = region(step),
        .given_region = talk_region(step, step->args[ARG_REGION]),
        .may_override = str_is(arg(step, ARG_OVERRIDE), "protection") };
    return protection_ask(step, &self->protection);
}

/* It runs: is it the first time that we see it, and may it be stopped? */
static enum step_turn stop_running(struct step *step)
{
    struct stop_instance *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    uint32_t delay_ms;
    if (!self->protection.is_off)
        return ask_protection(step);
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return stop_now(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    if (self->tries.accepted)
        return talk_end(step, STEP_UNKNOWN, "AWS accepted to stop instance %.*s, but it still runs",
            STR_ARG(id));
    return talk_end(step, STEP_FAILED, "instance %.*s still runs after %u requests to stop it",
        STR_ARG(id), self->tries.sent);
}

static enum step_turn stop_done(struct step *step)
{
    struct stop_instance *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    const char *caveat = instance_caveat(step, &self->instance);
    const char *protection = protection_caveat(step, &self->protection);
    if (caveat == NULL || protection == NULL)
        return talk_memory(step);
    if (self->tries.sent == 0)
        return talk_end(step, STEP_DONE, "instance %.*s was stopped already: nothing was changed%s",
            STR_ARG(id), caveat);
    return talk_end(
        step, STEP_DONE, "instance %.*s is stopped%s%s", STR_ARG(id), protection, caveat);
}

/* On its way to a state in which something can be done: wait for it. */
static enum step_turn wait(struct step *step, const struct instance *instance, uint32_t *polls)
{
    const struct talk *talk = step->state;
    if (*polls < POLLS_MAX)
        return look(step, poll_delay_ms((*polls)++, POLL_MS));
    return talk_end(step, talk->has_changed ? STEP_PARTIAL : STEP_FAILED,
        "instance %.*s is still %.*s after ten minutes", STR_ARG(arg(step, ARG_INSTANCE)),
        STR_ARG(instance->state));
}

static enum step_turn stop_heard_look(struct step *step, const struct answer *answer)
{
    struct stop_instance *self = step->state;
    const struct instance *instance = &self->instance;
    enum step_turn turn;
    if (!instance_heard(
            step, answer, &self->caller, arg(step, ARG_INSTANCE), &self->instance, &turn))
        return turn;
    if (is_state(instance, "running") && !self->protection.is_off)
        facts_of_instance(step, answer, instance, &self->caller);
    if (is_state(instance, "running"))
        return stop_running(step);
    if (is_state(instance, "stopped"))
        return stop_done(step);
    if (is_state(instance, "stopping") || is_state(instance, "pending"))
        return wait(step, instance, &self->polls);
    if (is_gone(instance))
        return talk_end(step, STEP_FAILED, "instance %.*s is terminated: there is nothing to stop",
            STR_ARG(instance->id));
    return talk_end(step, STEP_FAILED, "instance %.*s is %.*s, which cannot be stopped",
        STR_ARG(instance->id), STR_ARG(instance->state));
}

static enum step_turn stop_heard_protection(struct step *step, const struct answer *answer)
{
    struct stop_instance *self = step->state;
    enum step_turn turn;
    return protection_heard_look(step, answer, &self->protection, &turn) ? stop_running(step)
                                                                         : turn;
}

static enum step_turn stop_heard_unprotect(struct step *step, const struct answer *answer)
{
    struct stop_instance *self = step->state;
    enum step_turn turn;
    return protection_heard_change(step, answer, &self->protection, &turn) ? stop_running(step)
                                                                           : turn;
}

static enum step_turn stop_heard_change(struct step *step, const struct answer *answer)
{
    struct stop_instance *self = step->state;
    const char *caveat = instance_caveat(step, &self->instance);
    tries_heard(&self->tries, answer);
    if (caveat == NULL)
        return talk_memory(step);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "instance %.*s would be stopped%s",
            STR_ARG(arg(step, ARG_INSTANCE)), caveat);
    /* Somebody else began to change its state: the next look tells. */
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "IncorrectInstanceState")))
        return protection_declined(
            step, answer, &self->protection, "is not stopped", self->tries.sent == 1);
    return look(step, 0);
}

enum step_turn stop_instance_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = stop_heard_caller,
        [LOOK] = stop_heard_look,
        [PROTECTION] = stop_heard_protection,
        [UNPROTECT] = stop_heard_unprotect,
        [CHANGE] = stop_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}

static enum step_turn start_heard_caller(struct step *step, const struct answer *answer)
{
    struct start_instance *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    return look_first(step);
}

static enum step_turn start_stopped(struct step *step)
{
    struct start_instance *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    struct undo nothing = { .builtin = NULL };
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE, ec2_start_instance(step, region(step), id), nothing);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "instance %.*s is still stopped after %u requests to start it", STR_ARG(id),
        self->tries.sent);
}

static enum step_turn start_heard_look(struct step *step, const struct answer *answer)
{
    struct start_instance *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    const struct instance *instance = &self->instance;
    enum step_turn turn;
    if (!instance_heard(step, answer, &self->caller, id, &self->instance, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED || is_state(instance, "stopped"))
        return start_stopped(step);
    if (is_state(instance, "stopping") || (is_state(instance, "pending") && self->tries.sent > 0))
        return wait(step, instance, &self->polls);
    if (is_state(instance, "running") || is_state(instance, "pending"))
        return talk_end(step, STEP_DONE,
            self->tries.sent > 0 ? "instance %.*s runs again"
                                 : "instance %.*s runs already: nothing was changed",
            STR_ARG(id));
    return talk_end(step, STEP_FAILED, "instance %.*s is %.*s and cannot be started", STR_ARG(id),
        STR_ARG(instance->state));
}

static enum step_turn start_heard_change(struct step *step, const struct answer *answer)
{
    struct start_instance *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_DONE, "instance %.*s would be started", STR_ARG(arg(step, ARG_INSTANCE)));
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "IncorrectInstanceState")))
        return talk_fail(step, answer);
    return look(step, 0);
}

enum step_turn start_instance_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = start_heard_caller,
        [LOOK] = start_heard_look,
        [CHANGE] = start_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
