#include "defender/host_step.h"

enum { ARG_HOST };

/* ---- the end ---- */

/* Something that somebody else did is of a scope that is not enough. */
static bool is_weaker(const struct host_step *self)
{
    const struct machine_action *action = &self->action;
    return self->scope != NULL && strcmp(self->scope, "Full") == 0 && action->scope.len > 0
           && !str_is(action->scope, "Full")
           && (action->is_foreign || action->end == ACTION_ALREADY);
}

enum step_turn host_step_done(struct step *step)
{
    const struct host_step *self = step->state;
    const struct machine_action *action = &self->action;
    if (is_weaker(self))
        return talk_end(
            step, STEP_PARTIAL, "%.*s %s", STR_ARG(step->target), self->way->words.weaker);
    return talk_end(step, STEP_DONE, "%.*s %s%s", STR_ARG(step->target), self->way->words.is,
        action->is_foreign ? ", by an action that somebody else had begun: nothing was changed"
                           : "");
}

static enum step_turn already(struct step *step)
{
    const struct host_step *self = step->state;
    if (is_weaker(self))
        return host_step_done(step);
    return talk_end(step, STEP_DONE, "%.*s %s", STR_ARG(step->target), self->way->words.already);
}

/* The machine has not heard of it, or not said what came of it. */
static enum step_turn unfinished(struct step *step)
{
    const struct host_step *self = step->state;
    const struct machine_action *action = &self->action;
    const char *doubt = machine_doubt(step, &self->machine);
    if (doubt == NULL)
        return talk_memory(step);
    if (action->end == ACTION_RUNNING)
        return talk_end(step, STEP_PARTIAL,
            "%.*s: Defender still calls the action %.*s InProgress%s: %s", STR_ARG(step->target),
            STR_ARG(action->id), doubt, self->way->words.later);
    if (action->has_cancelled)
        return talk_end(step, STEP_PARTIAL,
            "%.*s: Defender was told to cancel the action %.*s and still calls it %.*s",
            STR_ARG(step->target), STR_ARG(action->id), STR_ARG(action->status));
    return talk_end(step, STEP_PARTIAL,
        "%.*s has not heard of the action %.*s in ten minutes%s: Defender keeps it, and %s",
        STR_ARG(step->target), STR_ARG(action->id), doubt, self->way->words.later);
}

/* Failed, TimeOut, Cancelled. Of one that timed out nobody knows whether the machine did it. */
static enum step_turn ended_badly(struct step *step)
{
    const struct host_step *self = step->state;
    const struct machine_action *action = &self->action;
    bool is_unknown = str_is(action->status, "TimeOut") && self->talk.has_changed;
    const char *error = action->error.len == 0
                            ? ""
                            : arena_format(step->arena, " (error %.*s)", STR_ARG(action->error));
    if (error == NULL)
        return talk_memory(step);
    return talk_end(step, is_unknown ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s: Defender calls the action %.*s %.*s%s%s", STR_ARG(step->target), STR_ARG(action->id),
        STR_ARG(action->status), error,
        action->is_foreign ? ", which somebody else had begun" : "");
}

static enum step_turn unseen(struct step *step)
{
    const struct host_step *self = step->state;
    const struct tries *tries = &self->action.tries;
    if (tries->accepted)
        return talk_end(step, STEP_UNKNOWN, "%.*s: Defender took the request and shows no action",
            STR_ARG(step->target));
    return talk_end(step, STEP_UNKNOWN,
        "%.*s: Defender answered none of %u requests and shows no action", STR_ARG(step->target),
        tries->sent);
}

static enum step_turn ended(
    struct step *step, const struct machine_action *action, const struct answer *answer)
{
    const struct host_step *self = step->state;
    (void)answer;
    switch (action->end) {
    case ACTION_ASSUMED:
        return talk_end(step, STEP_DONE, "%.*s %s", STR_ARG(step->target), self->way->words.would);
    case ACTION_ALREADY:
        return already(step);
    case ACTION_SUCCEEDED:
        return self->way->succeeded != NULL ? self->way->succeeded(step) : host_step_done(step);
    case ACTION_RUNNING:
        return self->way->is_enough_running ? host_step_done(step) : unfinished(step);
    case ACTION_PENDING:
        return unfinished(step);
    case ACTION_WITHDRAWN:
        return talk_end(step, STEP_DONE,
            "%.*s: the action was cancelled before the host heard of it", STR_ARG(step->target));
    case ACTION_ENDED:
        return ended_badly(step);
    case ACTION_DECLINED:
        /* An earlier request, unanswered, may have arrived all the same. */
        return talk_end(
            step, action->tries.sent > 1 ? STEP_UNKNOWN : STEP_FAILED, "%s", action->why);
    case ACTION_LEFT:
        return talk_end(step, STEP_FAILED,
            "%.*s is as somebody else left it since, and was left alone", STR_ARG(step->target));
    case ACTION_UNSEEN:
        break;
    }
    return unseen(step);
}

/* ---- the conversation ---- */

enum step_turn host_step_act(struct step *step)
{
    struct host_step *self = step->state;
    const struct host_way *way = self->way;
    str host = value_str(step->args[ARG_HOST]);
    self->action = (struct machine_action){ .machine = host,
        .type = way->type,
        .opposite = way->opposite,
        .is_shared = way->is_shared,
        .is_enough_running = way->is_enough_running,
        .of_step = way->of_step < 0 ? STR("") : value_str(step->args[way->of_step]),
        .post = way->post,
        .undo = { .builtin = way->undo },
        .list = HOST_STEP_LIST,
        .send = HOST_STEP_SEND,
        .poll = HOST_STEP_POLL,
        .cancel = HOST_STEP_CANCEL,
        .ended = ended };
    if (way->undo != NULL) {
        self->action.undo.args_count = 2;
        self->action.undo.args[0] = value_text(host);
        self->action.undo.args[1] = value_text(step->key);
    }
    return machine_action_begin(step, &self->action);
}

enum step_turn host_step_heard_machine(struct step *step, const struct answer *answer)
{
    struct host_step *self = step->state;
    enum step_turn turn;
    if (!machine_heard(step, answer, value_str(step->args[ARG_HOST]), &self->machine, &turn))
        return turn;
    return self->way->found != NULL ? self->way->found(step) : host_step_act(step);
}

enum step_turn host_step_heard_list(struct step *step, const struct answer *answer)
{
    struct host_step *self = step->state;
    return machine_action_heard_list(step, answer, &self->action);
}

enum step_turn host_step_heard_send(struct step *step, const struct answer *answer)
{
    struct host_step *self = step->state;
    return machine_action_heard_send(step, answer, &self->action);
}

enum step_turn host_step_heard_poll(struct step *step, const struct answer *answer)
{
    struct host_step *self = step->state;
    return machine_action_heard_poll(step, answer, &self->action);
}

enum step_turn host_step_heard_cancel(struct step *step, const struct answer *answer)
{
    struct host_step *self = step->state;
    return machine_action_heard_cancel(step, answer, &self->action);
}

enum step_turn host_step_next(struct step *step, const struct reply *reply,
    const struct host_way *way, talk_hearer *const *hearers)
{
    struct host_step *self = step->state;
    self->way = way;
    if (reply == NULL)
        return machine_ask(step, HOST_STEP_MACHINE, value_str(step->args[ARG_HOST]));
    return talk_hear(step, reply, hearers, &microsoft_speaker);
}

enum step_turn host_step_plain(
    struct step *step, const struct reply *reply, const struct host_way *way)
{
    static talk_hearer *const hearers[] = { HOST_STEP_HEARERS };
    return host_step_next(step, reply, way, hearers);
}
