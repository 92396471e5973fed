/* protection.c - see protection.h. */
#include "aws/protection.h"

#include "aws/requests.h"
#include "aws/requests_ec2.h"

static enum step_turn ask(struct step *step, const struct protection *protection, uint32_t delay_ms)
{
    struct request request = ec2_describe_instance_attribute(
        step, protection->region, protection->instance, str_from(protection->attribute));
    request.delay_ms = delay_ms;
    return talk_ask(step, protection->look, request);
}

enum step_turn protection_ask(struct step *step, struct protection *protection)
{
    return ask(step, protection, 0);
}

static enum step_turn take_away(struct step *step, struct protection *protection)
{
    struct undo undo = { .builtin = "protect_instance", .args_count = PROTECT_ARGS };
    undo.args[PROTECT_INSTANCE] = value_text(protection->instance);
    undo.args[PROTECT_ATTRIBUTE] = value_text(str_from(protection->attribute));
    undo.args[PROTECT_ACCOUNT] = protection->account;
    undo.args[PROTECT_REGION] = protection->given_region;
    protection->was_taken_away = true;
    tries_send(&protection->tries);
    return talk_change(step, protection->change,
        ec2_set_instance_flag(
            step, protection->region, protection->instance, str_from(protection->attribute), false),
        undo);
}

/* It is on. */
static enum step_turn heard_on(struct step *step, struct protection *protection)
{
    uint32_t delay_ms;
    if (!protection->may_override)
        return talk_end(step, STEP_FAILED,
            "instance %.*s is protected against %s (its attribute %s is true): a rule may say "
            "override=protection, or isolate it instead",
            STR_ARG(protection->instance), protection->against, protection->attribute);
    switch (tries_missing(&protection->tries, &delay_ms)) {
    case TRIES_SEND:
        return take_away(step, protection);
    case TRIES_LOOK:
        return ask(step, protection, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, protection->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "instance %.*s is still protected against %s after %u requests to change that",
        STR_ARG(protection->instance), protection->against, protection->tries.sent);
}

/* The text "true" or "false" of the attribute; empty when AWS does not say. */
static str flag_of(struct arena *arena, const struct answer *answer, str attribute)
{
    const char *path = arena_format(arena, "%.*s/value", STR_ARG(attribute));
    return path == NULL ? (str){ NULL, 0 } : xml_text(answer->root, path);
}

bool protection_heard_look(struct step *step, const struct answer *answer,
    struct protection *protection, enum step_turn *ret_turn)
{
    protection->is_off = answer->heard == HEARD_ASSUMED;
    if (protection->is_off)
        return true;
    if (answer->heard == HEARD_ERROR) {
        *ret_turn = talk_fail(step, answer);
        return false;
    }
    str flag = flag_of(step->arena, answer, str_from(protection->attribute));
    protection->is_off = str_is(flag, "false");
    if (flag.ptr == NULL)
        *ret_turn = talk_memory(step);
    else if (str_is(flag, "true"))
        *ret_turn = heard_on(step, protection);
    else if (!protection->is_off)
        *ret_turn = talk_end(step, protection->tries.sent > 0 ? STEP_UNKNOWN : STEP_FAILED,
            "AWS does not say whether instance %.*s is protected against %s",
            STR_ARG(protection->instance), protection->against);
    return protection->is_off;
}

bool protection_heard_change(struct step *step, const struct answer *answer,
    struct protection *protection, enum step_turn *ret_turn)
{
    tries_heard(&protection->tries, answer);
    protection->is_off = answer->heard == HEARD_ASSUMED;
    if (answer->heard == HEARD_REFUSED || answer->heard == HEARD_ERROR)
        *ret_turn = talk_fail(step, answer);
    else if (!protection->is_off)
        *ret_turn = ask(step, protection, 0);
    return protection->is_off;
}

enum step_turn protection_declined(struct step *step, const struct answer *answer,
    const struct protection *protection, const char *left, bool is_known)
{
    const char *why = talk_why(step, answer);
    if (!protection->was_taken_away || !is_known)
        return talk_fail(step, answer);
    if (why == NULL)
        return talk_memory(step);
    return talk_end(step, STEP_PARTIAL,
        "instance %.*s %s: %s; its protection against %s was taken away, and cdr undo sets it "
        "again",
        STR_ARG(protection->instance), left, why, protection->against);
}

const char *protection_caveat(struct step *step, const struct protection *protection)
{
    if (!protection->was_taken_away)
        return "";
    return arena_format(
        step->arena, "; its protection against %s was taken away", protection->against);
}

enum { CALLER, INSTANCE, LOOK, CHANGE };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[PROTECT_REGION]));
}

static enum step_turn protect_look(struct step *step, uint32_t delay_ms)
{
    struct request request = ec2_describe_instance_attribute(
        step, region(step), arg(step, PROTECT_INSTANCE), arg(step, PROTECT_ATTRIBUTE));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn protect_heard_caller(struct step *step, const struct answer *answer)
{
    struct protect_instance *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, PROTECT_ACCOUNT), &self->caller, &turn))
        return turn;
    step->target = arg(step, PROTECT_INSTANCE);
    return talk_ask(
        step, INSTANCE, ec2_describe_instance(step, region(step), arg(step, PROTECT_INSTANCE)));
}

/* What is terminated needs no protection, and EC2 sets none. */
static enum step_turn protect_heard_instance(struct step *step, const struct answer *answer)
{
    struct protect_instance *self = step->state;
    struct instance instance;
    enum step_turn turn;
    if (!instance_heard(step, answer, &self->caller, arg(step, PROTECT_INSTANCE), &instance, &turn))
        return turn;
    if (str_is(instance.state, "terminated") || str_is(instance.state, "shutting-down"))
        return talk_end(step, STEP_DONE,
            "instance %.*s is terminated: there is nothing to protect any more",
            STR_ARG(instance.id));
    return protect_look(step, 0);
}

static enum step_turn protect_now(struct step *step)
{
    struct protect_instance *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE,
            ec2_set_instance_flag(step, region(step), arg(step, PROTECT_INSTANCE),
                arg(step, PROTECT_ATTRIBUTE), true),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return protect_look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "the attribute %.*s of instance %.*s is still false after %u requests to set it",
        STR_ARG(arg(step, PROTECT_ATTRIBUTE)), STR_ARG(arg(step, PROTECT_INSTANCE)),
        self->tries.sent);
}

static enum step_turn protect_heard_look(struct step *step, const struct answer *answer)
{
    struct protect_instance *self = step->state;
    str attribute = arg(step, PROTECT_ATTRIBUTE);
    if (answer->heard == HEARD_ASSUMED)
        return protect_now(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    str flag = flag_of(step->arena, answer, attribute);
    if (flag.ptr == NULL)
        return talk_memory(step);
    if (str_is(flag, "false"))
        return protect_now(step);
    if (!str_is(flag, "true"))
        return talk_end(step, self->tries.sent > 0 ? STEP_UNKNOWN : STEP_FAILED,
            "AWS does not say what the attribute %.*s of instance %.*s is", STR_ARG(attribute),
            STR_ARG(arg(step, PROTECT_INSTANCE)));
    return talk_end(step, STEP_DONE,
        self->tries.sent > 0 ? "instance %.*s is protected again: %.*s is true"
                             : "instance %.*s is protected already: %.*s is true",
        STR_ARG(arg(step, PROTECT_INSTANCE)), STR_ARG(attribute));
}

static enum step_turn protect_heard_change(struct step *step, const struct answer *answer)
{
    struct protect_instance *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "instance %.*s would be protected again",
            STR_ARG(arg(step, PROTECT_INSTANCE)));
    if (answer->heard == HEARD_REFUSED || answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    return protect_look(step, 0);
}

enum step_turn protect_instance_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = protect_heard_caller,
        [INSTANCE] = protect_heard_instance,
        [LOOK] = protect_heard_look,
        [CHANGE] = protect_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
