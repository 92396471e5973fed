/* contain.c - see contain.h. */
#include "crowdstrike/contain.h"

#include "crowdstrike/requests.h"
#include "fronts.h"
#include "rest/voice.h"

enum { LOOK, ONLINE, CHANGE };
enum {
    POLL_MS = 15000,
    PENDING_MAX = 24,   /* some five minutes */
    PENDING_BEFORE = 3, /* before it is asked whether the host is there at all */
    TURNING_MAX = 5,    /* while the opposite of what is wanted is pending: half a minute */
};

/* There and back are the same, in other words. */
struct contain_direction {
    const char *action;
    enum falcon_containment wanted;
    enum falcon_containment pending;
    enum falcon_containment turning; /* the opposite is pending */
    const char *inverse;             /* undo row, or NULL */
    const char *is;                  /* how the host is then */
    const char *was;                 /* it was so before */
    const char *becoming;            /* "Falcon accepted to .. host web-1" */
    const char *would;               /* "host web-1 would be .." */
    uint32_t patience; /* looks while the opposite is pending, before it is overtaken */
};

static const struct contain_direction containing = {
    .action = "contain",
    .wanted = FALCON_CONTAINED,
    .pending = FALCON_CONTAINING,
    .turning = FALCON_LIFTING,
    .inverse = "lift_containment",
    .is = "is contained: it reaches Falcon's cloud alone",
    .was = "was contained already",
    .becoming = "contain",
    .would = "contained",
    .patience = TURNING_MAX,
};

static const struct contain_direction lifting = {
    .action = "lift_containment",
    .wanted = FALCON_NORMAL,
    .pending = FALCON_LIFTING,
    .turning = FALCON_CONTAINING,
    .is = "is not contained any more",
    .was = "was not contained any more",
    .becoming = "let go",
    .would = "let go",
};

static str host_of(const struct step *step)
{
    return value_str(step->args[0]);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    return falcon_device_ask(step, LOOK, host_of(step), delay_ms);
}

static const char *words(struct step *step)
{
    const struct contain *self = step->state;
    const char *text = falcon_device_words(step, &self->device);
    return text == NULL ? "" : text;
}

static enum step_turn send(struct step *step)
{
    struct contain *self = step->state;
    const struct contain_direction *way = self->way;
    struct undo undo = { .builtin = way->inverse, .args_count = way->inverse == NULL ? 0 : 1 };
    undo.args[LIFT_HOST] = value_text(self->device.id);
    tries_send(&self->tries);
    self->declined = NULL;
    self->polls = 0;
    return talk_change(
        step, CHANGE, falcon_act_on_device(step, self->device.id, way->action), undo);
}

/* It is as it was: was it asked for, and is it time to? */
static enum step_turn unchanged(struct step *step)
{
    struct contain *self = step->state;
    const struct contain_direction *way = self->way;
    uint32_t delay_ms;
    if (self->declined != NULL)
        return step_end(step, STEP_FAILED, self->declined);
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return send(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    if (self->tries.accepted)
        return talk_end(step, STEP_UNKNOWN, "Falcon accepted to %s %s, and shows it as '%.*s'",
            way->becoming, words(step), STR_ARG(self->device.status));
    return talk_end(step, STEP_FAILED, "%s is as it was: Falcon answered none of %u requests",
        words(step), self->tries.sent);
}

/* Whether what Falcon shows was asked for by somebody else. A second request is sent only where nobody
 * answered the first, which may have come about after all. */
static bool is_of_others(const struct contain *self)
{
    return self->tries.sent == 0 || (self->declined != NULL && self->tries.sent == 1);
}

/* Why it stays at pending, and that nothing more has to be done for it. */
static enum step_turn end_pending(struct step *step, const char *why)
{
    const struct contain *self = step->state;
    return talk_end(step, STEP_PARTIAL,
        "Falcon accepted to %s %s%s, and the host has not taken it yet: %s (last seen %.*s); it "
        "takes it when it is connected",
        self->way->becoming, words(step),
        is_of_others(self) ? " when somebody else asked for it" : "", why,
        STR_ARG(self->device.last_seen.len > 0 ? self->device.last_seen : STR("never")));
}

static enum step_turn pending(struct step *step)
{
    struct contain *self = step->state;
    if (self->polls >= PENDING_BEFORE && !self->has_asked) {
        self->has_asked = true;
        return falcon_online_ask(step, ONLINE, self->device.id);
    }
    if (self->polls < PENDING_MAX)
        return look(step, poll_delay_ms(self->polls++, POLL_MS));
    return end_pending(step, "it is pending after five minutes");
}

/* The opposite is on its way: what somebody else began is given some time to arrive, what an undo is to
 * take back is not. */
static enum step_turn turning(struct step *step)
{
    struct contain *self = step->state;
    if (self->tries.sent == 0 && self->polls < self->way->patience)
        return look(step, poll_delay_ms(self->polls++, POLL_MS));
    return unchanged(step);
}

static enum step_turn done(struct step *step)
{
    const struct contain *self = step->state;
    const struct contain_direction *way = self->way;
    if (is_of_others(self))
        return talk_end(step, STEP_DONE, "%s %s: nothing was changed", words(step), way->was);
    return talk_end(step, STEP_DONE, "%s %s", words(step), way->is);
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct contain *self = step->state;
    const struct contain_direction *way = self->way;
    enum step_turn turn;
    if (!falcon_device_heard(step, answer, host_of(step), &self->device, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED)
        return send(step);
    enum falcon_containment now = falcon_containment_of(&self->device);
    if (now == way->wanted)
        return done(step);
    if (now == way->pending)
        return pending(step);
    if (now == way->turning)
        return turning(step);
    if (now != FALCON_OTHER)
        return unchanged(step);
    return talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
        "Falcon shows the containment of %s as '%.*s', which says nothing here", words(step),
        STR_ARG(self->device.status));
}

/* Not knowing is no reason to end: it is looked further. */
static enum step_turn heard_online(struct step *step, const struct answer *answer)
{
    const struct contain *self = step->state;
    if (falcon_online_of(answer, self->device.id) == FALCON_OFFLINE)
        return end_pending(step, "it is offline");
    return pending(step);
}

/* What Falcon declined may be so already, or on its way (409): the record of the host tells. */
static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct contain *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%s would be %s", words(step), self->way->would);
    if (answer->heard == HEARD_REFUSED || answer_is_denied(answer))
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ERROR) {
        self->declined = talk_why(step, answer);
        if (self->declined == NULL)
            return talk_memory(step);
    }
    return look(step, 0);
}

static talk_hearer *const hearers[] = {
    [LOOK] = heard_look,
    [ONLINE] = heard_online,
    [CHANGE] = heard_change,
};

static enum step_turn next(
    struct step *step, const struct reply *reply, const struct contain_direction *way)
{
    struct contain *self = step->state;
    self->way = way;
    return reply == NULL ? look(step, 0) : talk_hear(step, reply, hearers, &crowdstrike_speaker);
}

enum step_turn contain_next(struct step *step, const struct reply *reply)
{
    if (str_is(value_str(step->args[HOST_MODE]), "selective"))
        return step_end(step, STEP_FAILED,
            "Falcon contains whole hosts: mode=selective is of Defender; nothing was changed");
    return next(step, reply, &containing);
}

enum step_turn lift_containment_next(struct step *step, const struct reply *reply)
{
    return next(step, reply, &lifting);
}
