#include "aws/metadata.h"

#include "aws/facts.h"
#include "aws/requests.h"
#include "aws/requests_ec2.h"

enum { ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION, ARGS };
enum { CALLER, LOOK, CHANGE };
enum { POLLS_MAX = 20, POLL_MS = 15000 };

/* What the two steps differ in. */
struct way {
    const char *from, *to; /* values of HttpEndpoint */
    const char *undo;
};
static const struct way disable = { "enabled", "disabled", "enable_metadata" };
static const struct way enable = { "disabled", "enabled", NULL };

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
    struct metadata *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    step->target = arg(step, ARG_INSTANCE);
    return look(step, 0);
}

static struct undo undo_of(const struct step *step, const struct way *way)
{
    const struct metadata *self = step->state;
    struct undo undo = { .builtin = way->undo, .args_count = way->undo == NULL ? 0 : ARGS };
    if (way->undo == NULL)
        return undo;
    undo.args[ARG_INSTANCE] = value_text(arg(step, ARG_INSTANCE));
    undo.args[ARG_ACCOUNT] =
        self->instance.owner.len > 0 ? value_text(self->instance.owner) : step->args[ARG_ACCOUNT];
    undo.args[ARG_REGION] = talk_region(step, step->args[ARG_REGION]);
    return undo;
}

/* The endpoint is not as wanted. */
static enum step_turn change(struct step *step, const struct way *way)
{
    struct metadata *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE,
            ec2_set_metadata_endpoint(
                step, region(step), arg(step, ARG_INSTANCE), str_from(way->to)),
            undo_of(step, way));
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "the metadata service of instance %.*s is still %s after %u requests to change it",
        STR_ARG(arg(step, ARG_INSTANCE)), way->from, self->tries.sent);
}

/* The endpoint is as wanted, or about to be. */
static enum step_turn changed(struct step *step, const struct way *way)
{
    struct metadata *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    if (str_is(self->instance.metadata_state, "pending")) {
        if (self->polls < POLLS_MAX)
            return look(step, poll_delay_ms(self->polls++, POLL_MS));
        return talk_end(step, STEP_PARTIAL,
            "instance %.*s is to have its metadata service %s, but that is not applied after "
            "five minutes",
            STR_ARG(id), way->to);
    }
    if (self->tries.sent == 0)
        return talk_end(step, STEP_DONE,
            "the metadata service of instance %.*s was %s already: nothing was changed",
            STR_ARG(id), way->to);
    return talk_end(step, STEP_DONE, "the metadata service of instance %.*s is %s%s", STR_ARG(id),
        way->to,
        way->undo == NULL ? " again"
                          : "; credentials that it handed out before are good until they expire, "
                            "up to six hours");
}

static enum step_turn heard_look(
    struct step *step, const struct answer *answer, const struct way *way)
{
    struct metadata *self = step->state;
    enum step_turn turn;
    if (!instance_heard(
            step, answer, &self->caller, arg(step, ARG_INSTANCE), &self->instance, &turn))
        return turn;
    const struct instance *instance = &self->instance;
    if (!self->is_seen)
        facts_of_instance(step, answer, instance, &self->caller);
    self->is_seen = true;
    if (str_is(instance->state, "terminated") || str_is(instance->state, "shutting-down"))
        return talk_end(step, way->undo == NULL ? STEP_DONE : STEP_FAILED,
            "instance %.*s is terminated: it has no metadata service any more",
            STR_ARG(instance->id));
    if (answer->heard == HEARD_ASSUMED || str_is(instance->metadata_endpoint, way->from))
        return change(step, way);
    if (str_is(instance->metadata_endpoint, way->to))
        return changed(step, way);
    return talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
        "AWS does not say whether instance %.*s has a metadata service", STR_ARG(instance->id));
}

static enum step_turn heard_change(
    struct step *step, const struct answer *answer, const struct way *way)
{
    struct metadata *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "the metadata service of instance %.*s would be %s",
            STR_ARG(arg(step, ARG_INSTANCE)), way->to);
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return talk_fail(step, answer);
    return look(step, 0);
}

static enum step_turn disable_heard_look(struct step *step, const struct answer *answer)
{
    return heard_look(step, answer, &disable);
}

static enum step_turn disable_heard_change(struct step *step, const struct answer *answer)
{
    return heard_change(step, answer, &disable);
}

static enum step_turn enable_heard_look(struct step *step, const struct answer *answer)
{
    return heard_look(step, answer, &enable);
}

static enum step_turn enable_heard_change(struct step *step, const struct answer *answer)
{
    return heard_change(step, answer, &enable);
}

enum step_turn disable_metadata_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [LOOK] = disable_heard_look,
        [CHANGE] = disable_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}

enum step_turn enable_metadata_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [LOOK] = enable_heard_look,
        [CHANGE] = enable_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
