#include "defender/disable_user.h"

#include "defender/requests.h"

enum { ARG_USER };
enum { LOOK, CHANGE };

static str given(const struct step *step)
{
    const struct switch_user *self = step->state;
    return self->user.is_known ? self->user.id : value_str(step->args[ARG_USER]);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct request request = graph_get_user(step, given(step));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn begin(struct step *step)
{
    return user_fits(step->args) ? look(step, 0) : user_misfit(step, given(step));
}

static enum step_turn change(struct step *step, bool is_enabled, struct undo undo)
{
    struct switch_user *self = step->state;
    tries_send(&self->tries);
    return talk_change(step, CHANGE, graph_enable_user(step, self->user.id, is_enabled), undo);
}

static enum step_turn disable(struct step *step)
{
    const struct switch_user *self = step->state;
    struct undo undo = { .builtin = "enable_entra_user",
        .args = { [ENABLE_USER] = value_text(self->user.id) },
        .args_count = 1 };
    return change(step, false, undo);
}

static enum step_turn enable(struct step *step)
{
    return change(step, true, (struct undo){ .builtin = NULL });
}

/* Graph does not show what is wanted: `make` it, or wait for it. */
static enum step_turn unseen(
    struct step *step, enum step_turn (*make)(struct step *step), const char *wanted)
{
    struct switch_user *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return make(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    if (self->tries.accepted)
        return talk_end(step, STEP_UNKNOWN, "Microsoft took the change, and does not show %.*s %s",
            STR_ARG(step->target), wanted);
    return talk_end(step, STEP_FAILED, "%.*s is not %s: Microsoft answered none of %u requests",
        STR_ARG(step->target), wanted, self->tries.sent);
}

static enum step_turn hidden(struct step *step)
{
    const struct switch_user *self = step->state;
    return talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
        "Graph does not show whether %.*s is enabled: the app needs User.Read.All",
        STR_ARG(step->target));
}

/* ---- disabling ---- */

static enum step_turn is_disabled(struct step *step)
{
    const struct switch_user *self = step->state;
    if (self->tries.sent == 0)
        return talk_end(step, STEP_DONE, "%.*s was disabled already: nothing was changed",
            STR_ARG(step->target));
    if (self->user.is_synced)
        return talk_end(step, STEP_PARTIAL,
            "%.*s is disabled in Entra ID, but comes from a directory of its own, which may enable "
            "it "
            "with the next synchronisation: disable it there too",
            STR_ARG(step->target));
    return talk_end(step, STEP_DONE,
        "%.*s is disabled: nobody can sign in as it; sessions that it has go on until they are "
        "refused (revoke_entra_sessions)",
        STR_ARG(step->target));
}

static enum step_turn disable_heard_look(struct step *step, const struct answer *answer)
{
    struct switch_user *self = step->state;
    enum step_turn turn;
    if (!user_heard(step, answer, given(step), &self->user, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED)
        return disable(step);
    if (!self->user.is_shown)
        return hidden(step);
    return self->user.is_enabled ? unseen(step, disable, "disabled") : is_disabled(step);
}

static enum step_turn disable_heard_change(struct step *step, const struct answer *answer)
{
    struct switch_user *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would be disabled", STR_ARG(step->target));
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, 0);
    return user_declined(step, answer);
}

enum step_turn defender_disable_user_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = disable_heard_look,
        [CHANGE] = disable_heard_change,
    };
    return reply == NULL ? begin(step) : talk_hear(step, reply, hearers, &microsoft_speaker);
}

/* ---- enabling ---- */

static enum step_turn enable_heard_look(struct step *step, const struct answer *answer)
{
    struct switch_user *self = step->state;
    enum step_turn turn;
    if (!user_heard(step, answer, given(step), &self->user, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED)
        return enable(step);
    if (!self->user.is_shown)
        return hidden(step);
    if (!self->user.is_enabled)
        return unseen(step, enable, "enabled");
    if (self->tries.sent == 0)
        return talk_end(step, STEP_DONE, "%.*s is enabled already: there is nothing to take back",
            STR_ARG(step->target));
    return talk_end(step, STEP_DONE, "%.*s is enabled again", STR_ARG(step->target));
}

static enum step_turn enable_heard_change(struct step *step, const struct answer *answer)
{
    struct switch_user *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would be enabled again", STR_ARG(step->target));
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, 0);
    return user_declined(step, answer);
}

enum step_turn enable_entra_user_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = enable_heard_look,
        [CHANGE] = enable_heard_change,
    };
    return reply == NULL ? begin(step) : talk_hear(step, reply, hearers, &microsoft_speaker);
}
