#include "defender/revoke_sessions.h"

#include "defender/requests.h"

enum { LOOK, CHANGE };

static str given(const struct step *step)
{
    const struct revoke_entra_sessions *self = step->state;
    return self->user.is_known ? self->user.id : value_str(step->args[REVOKE_USER]);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct request request = graph_get_user_sessions(step, given(step));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn revoke(struct step *step)
{
    struct revoke_entra_sessions *self = step->state;
    tries_send(&self->tries);
    return talk_change(
        step, CHANGE, graph_revoke_sessions(step, self->user.id), (struct undo){ .builtin = NULL });
}

static enum step_turn unseen(struct step *step)
{
    struct revoke_entra_sessions *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return revoke(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    if (self->tries.accepted)
        return talk_end(step, STEP_UNKNOWN,
            "Microsoft took the request, and does not show that sessions of %.*s are void",
            STR_ARG(step->target));
    return talk_end(step, STEP_FAILED,
        "sessions of %.*s go on: Microsoft answered none of %u requests", STR_ARG(step->target),
        self->tries.sent);
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct revoke_entra_sessions *self = step->state;
    enum step_turn turn;
    if (!user_heard(step, answer, given(step), &self->user, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED)
        return revoke(step);
    if (self->tries.sent == 0)
        self->before = self->user.void_before;
    else if (!str_equal(self->user.void_before, self->before))
        return talk_end(step, STEP_DONE,
            "all sessions of %.*s must sign in again; what was handed out lives on for up to an "
            "hour",
            STR_ARG(step->target));
    return unseen(step);
}

static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct revoke_entra_sessions *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_DONE, "all sessions of %.*s would be revoked", STR_ARG(step->target));
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, 0);
    return user_declined(step, answer);
}

enum step_turn revoke_entra_sessions_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = { [LOOK] = heard_look, [CHANGE] = heard_change };
    if (reply != NULL)
        return talk_hear(step, reply, hearers, &microsoft_speaker);
    return user_fits(step->args) ? look(step, 0) : user_misfit(step, given(step));
}
