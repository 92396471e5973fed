#include "aws/terminate_instance.h"

#include "aws/facts.h"
#include "aws/requests.h"
#include "aws/requests_ec2.h"

enum { ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION, ARG_OVERRIDE };
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

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct request request = ec2_describe_instance(step, region(step), arg(step, ARG_INSTANCE));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct terminate_instance *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    step->target = arg(step, ARG_INSTANCE);
    return look(step, 0);
}

/* "vol-1, vol-2" of those that go with the instance, or of those that stay; "" or NULL. */
static const char *volumes(struct step *step, bool are_lost)
{
    const struct terminate_instance *self = step->state;
    const struct instance *instance = &self->instance;
    const char *all = "";
    for (uint32_t at = 0; at < instance->volumes_count && all != NULL; at++)
        if (instance->is_volume_lost[at] == are_lost)
            all = arena_format(step->arena, "%s%s%.*s", all, all[0] == '\0' ? "" : ", ",
                STR_ARG(instance->volumes[at]));
    return all;
}

/* What will be lost, for the plan and the reason. NULL: the arena is full. */
static const char *losses(struct step *step)
{
    const char *lost = volumes(step, true), *kept = volumes(step, false);
    if (lost == NULL || kept == NULL)
        return NULL;
    return arena_format(step->arena, "%s%s%s%s",
        lost[0] == '\0' ? "no volume is deleted with it" : "deleted with it: ", lost,
        kept[0] == '\0' ? "" : "; left behind: ", kept);
}

/* The first look at an instance that can be terminated. */
static enum step_turn see(struct step *step, const struct answer *answer)
{
    struct terminate_instance *self = step->state;
    facts_of_instance(step, answer, &self->instance, &self->caller);
    self->is_seen = true;
    self->lost =
        answer->heard == HEARD_ASSUMED ? "its volumes may be deleted with it" : losses(step);
    if (self->lost == NULL)
        return talk_memory(step);
    talk_found(step, "instance %.*s (%.*s; %s)", STR_ARG(self->instance.id),
        STR_ARG(self->instance.state), self->lost);
    self->protection = (struct protection){ .attribute = "disableApiTermination",
        .against = "termination",
        .look = PROTECTION,
        .change = UNPROTECT,
        .instance = arg(step, ARG_INSTANCE),
        .account = self->instance.owner.len > 0 ? value_text(self->instance.owner)
                                                : step->args[ARG_ACCOUNT],
        .region = region(step),
        .given_region = talk_region(step, step->args[ARG_REGION]),
        .may_override = str_is(arg(step, ARG_OVERRIDE), "protection") };
    return protection_ask(step, &self->protection);
}

/* It is there and unprotected. */
static enum step_turn terminate(struct step *step)
{
    struct terminate_instance *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE, ec2_terminate_instance(step, region(step), id),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "instance %.*s is still there after %u requests to terminate it", STR_ARG(id),
        self->tries.sent);
}

static enum step_turn done(struct step *step, const struct instance *now)
{
    struct terminate_instance *self = step->state;
    const char *caveat = instance_caveat(step, &self->instance);
    const char *protection = protection_caveat(step, &self->protection);
    if (caveat == NULL || protection == NULL)
        return talk_memory(step);
    if (self->tries.sent == 0)
        return talk_end(step, STEP_DONE,
            "instance %.*s was terminated already: nothing was changed", STR_ARG(now->id));
    return talk_end(step, STEP_DONE, "instance %.*s is terminated; %s%s%s", STR_ARG(now->id),
        self->lost, protection, caveat);
}

static enum step_turn wait(struct step *step, const struct instance *now)
{
    struct terminate_instance *self = step->state;
    if (self->polls < POLLS_MAX)
        return look(step, poll_delay_ms(self->polls++, POLL_MS));
    return talk_end(step, self->tries.sent > 0 ? STEP_PARTIAL : STEP_FAILED,
        "instance %.*s is still %.*s after ten minutes", STR_ARG(now->id), STR_ARG(now->state));
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct terminate_instance *self = step->state;
    struct instance now;
    enum step_turn turn;
    /* EC2 forgets a terminated instance, after an hour or so. */
    if (self->tries.sent > 0 && answer_is(answer, "InvalidInstanceID.NotFound"))
        return done(step, &self->instance);
    if (!instance_heard(step, answer, &self->caller, arg(step, ARG_INSTANCE), &now, &turn))
        return turn;
    if (str_is(now.state, "terminated"))
        return done(step, &now);
    if (str_is(now.state, "shutting-down"))
        return wait(step, &now);
    if (self->is_seen)
        return terminate(step);
    self->instance = now;
    return see(step, answer);
}

static enum step_turn heard_protection(struct step *step, const struct answer *answer)
{
    struct terminate_instance *self = step->state;
    enum step_turn turn;
    return protection_heard_look(step, answer, &self->protection, &turn) ? terminate(step) : turn;
}

static enum step_turn heard_unprotect(struct step *step, const struct answer *answer)
{
    struct terminate_instance *self = step->state;
    enum step_turn turn;
    return protection_heard_change(step, answer, &self->protection, &turn) ? terminate(step) : turn;
}

static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct terminate_instance *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "instance %.*s would be terminated; %s",
            STR_ARG(arg(step, ARG_INSTANCE)), self->lost);
    if (answer->heard == HEARD_REFUSED || answer->heard == HEARD_ERROR)
        return protection_declined(
            step, answer, &self->protection, "is not terminated", self->tries.sent == 1);
    return look(step, 0);
}

enum step_turn terminate_instance_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [LOOK] = heard_look,
        [PROTECTION] = heard_protection,
        [UNPROTECT] = heard_unprotect,
        [CHANGE] = heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
