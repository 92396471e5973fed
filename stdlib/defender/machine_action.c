#include "defender/machine_action.h"

#include "base/fold.h"
#include "base/time.h"
#include "defender/replies.h"
#include "defender/requests.h"

/* Ten minutes: 1, 2, 4, 8 and then 15 seconds apart. */
enum { POLLS_MAX = 43, POLL_MS = 15000, MISSES_MAX = 5 };

/* ---- comments ---- */

str machine_action_comment(struct step *step, const char *what)
{
    const char *text = arena_format(step->arena, "cdr [%.*s]: %s", STR_ARG(step->key), what);
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}

bool machine_action_is_of(str comment, str key)
{
    str rest = str_skip(comment, strlen("cdr ["));
    return key.len > 0 && str_startswith(comment, STR("cdr [")) && str_startswith(rest, key)
           && str_startswith(str_skip(rest, key.len), STR("]"));
}

/* ---- what the list shows ---- */

static bool is_active(str status)
{
    return str_is(status, "Pending") || str_is(status, "InProgress");
}

/* Of an action that timed out nobody knows whether the machine did it: what is to be taken back counts
 * as there, because its release does no harm. */
static bool may_be_in_force(const struct xml *item, const struct machine_action *action)
{
    return action->of_step.len > 0 && str_is(xml_text(item, "status"), "TimeOut")
           && str_is(xml_text(item, "type"), action->opposite)
           && machine_action_is_of(xml_text(item, "requestorComment"), action->of_step);
}

static bool counts(const struct xml *item, const struct machine_action *action)
{
    str machine = xml_text(item, "machineId"), status = xml_text(item, "status");
    str type = xml_text(item, "type");
    bool is_type =
        str_is(type, action->type) || (action->opposite != NULL && str_is(type, action->opposite));
    return is_type && fold_equal(machine, action->machine)
           && (is_active(status) || str_is(status, "Succeeded") || may_be_in_force(item, action));
}

static int64_t created_ms(const struct xml *item)
{
    int64_t ms;
    return time_parse(xml_text(item, "creationDateTimeUtc"), &ms) ? ms : INT64_MIN;
}

/* The newest action of the type or its opposite that is under way or succeeded; of two of the same
 * moment the first, since Defender lists the newest first. NULL: there is none. */
static const struct xml *latest(const struct answer *answer, const struct machine_action *action)
{
    const struct xml *newest = NULL;
    const struct xml *item = xml_find(answer->root, "value");
    for (; item != NULL; item = xml_next(item))
        if (counts(item, action) && (newest == NULL || created_ms(item) > created_ms(newest)))
            newest = item;
    return newest;
}

/* One of the type that is under way, or NULL. */
static const struct xml *under_way(const struct answer *answer, const struct machine_action *action)
{
    const struct xml *item = xml_find(answer->root, "value");
    while (item != NULL
           && !(counts(item, action) && str_is(xml_text(item, "type"), action->type)
                && is_active(xml_text(item, "status"))))
        item = xml_next(item);
    return item;
}

/* Whether there are more actions than the list shows. A full page has a link, too, when it is the last. */
static bool is_cut_off(const struct answer *answer)
{
    return xml_text(answer->root, "@odata.nextLink").len > 0;
}

/* Ours, whatever became of it, or NULL. */
static const struct xml *ours(
    const struct answer *answer, const struct machine_action *action, str key)
{
    const struct xml *item = xml_find(answer->root, "value");
    while (item != NULL
           && !(str_is(xml_text(item, "type"), action->type)
                && machine_action_is_of(xml_text(item, "requestorComment"), key)))
        item = xml_next(item);
    return item;
}

/* ---- the questions ---- */

static enum step_turn end(struct step *step, struct machine_action *action, enum action_end end,
    const struct answer *answer)
{
    action->end = end;
    return action->ended(step, action, answer);
}

static enum step_turn look(
    struct step *step, const struct machine_action *action, uint32_t delay_ms)
{
    struct request request = mde_list_machine_actions(step, action->machine);
    request.delay_ms = delay_ms;
    return talk_ask(step, action->list, request);
}

static enum step_turn send(struct step *step, struct machine_action *action)
{
    tries_send(&action->tries);
    action->why = NULL;
    struct request request = action->post(step, machine_action_comment(step, action->type));
    return talk_change(step, action->send, request, action->undo);
}

static enum step_turn poll_again(struct step *step, struct machine_action *action)
{
    struct request request = mde_get_machine_action(step, action->machine, action->id);
    request.delay_ms = poll_delay_ms(action->polls++, POLL_MS);
    return talk_ask(step, action->poll, request);
}

/* Read what Defender says of the action, and go on by it. */
static enum step_turn follow(struct step *step, struct machine_action *action,
    const struct xml *item, const struct answer *answer)
{
    str error = xml_text(item, "errorHResult");
    action->id = arena_copy(step->arena, xml_text(item, "id"));
    action->status = arena_copy(step->arena, xml_text(item, "status"));
    action->scope = arena_copy(step->arena, xml_text(item, "scope"));
    action->error = str_is(error, "0") ? STR("") : arena_copy(step->arena, error);
    if (str_is(action->status, "Succeeded"))
        return end(step, action, ACTION_SUCCEEDED, answer);
    bool is_running = str_is(action->status, "InProgress");
    bool is_over = action->polls >= POLLS_MAX;
    if (is_running && (is_over || action->is_enough_running))
        return end(step, action, ACTION_RUNNING, answer);
    if (str_is(action->status, "Pending") && is_over)
        return end(step, action, ACTION_PENDING, answer);
    bool is_final = str_is(action->status, "Failed") || str_is(action->status, "TimeOut")
                    || str_is(action->status, "Cancelled");
    if (is_final)
        return end(step, action, ACTION_ENDED, answer);
    if (!is_over)
        return poll_again(step, action);
    return talk_end(step, STEP_UNKNOWN,
        "%.*s: Defender calls the action %.*s %.*s, which says nothing", STR_ARG(step->target),
        STR_ARG(action->id), STR_ARG(action->status));
}

static enum step_turn follow_foreign(
    struct step *step, struct machine_action *action, const struct xml *item)
{
    action->is_foreign = true;
    return follow(step, action, item, NULL);
}

/* ---- what was to be taken back ---- */

/* It is there, pending or running, and ours: Defender is told to forget it, once. */
static enum step_turn withdraw(
    struct step *step, struct machine_action *action, const struct xml *item)
{
    struct undo nothing = { .builtin = NULL };
    action->status = arena_copy(step->arena, xml_text(item, "status"));
    if (action->polls >= POLLS_MAX)
        return end(step, action, ACTION_PENDING, NULL);
    if (action->has_cancelled)
        return look(step, action, poll_delay_ms(action->polls++, POLL_MS));
    action->has_cancelled = true;
    action->id = arena_copy(step->arena, xml_text(item, "id"));
    return talk_change(step, action->cancel,
        mde_cancel_machine_action(
            step, action->machine, action->id, machine_action_comment(step, action->type)),
        nothing);
}

/* Whether the machine did what is to be taken back, although it was to be cancelled. */
static bool was_done(const struct answer *answer, const struct machine_action *action)
{
    const struct xml *item = xml_find(answer->root, "value");
    while (item != NULL
           && !(machine_action_is_of(xml_text(item, "requestorComment"), action->of_step)
                && str_is(xml_text(item, "status"), "Succeeded")))
        item = xml_next(item);
    return item != NULL;
}

/* The machine is in the state that is to be left. */
static enum step_turn opposed(struct step *step, struct machine_action *action,
    const struct xml *item, const struct answer *answer)
{
    bool is_withdrawn = action->has_cancelled && !was_done(answer, action);
    if (action->of_step.len > 0
        && !machine_action_is_of(xml_text(item, "requestorComment"), action->of_step))
        return end(step, action, is_withdrawn ? ACTION_WITHDRAWN : ACTION_LEFT, NULL);
    if (action->of_step.len > 0 && is_active(xml_text(item, "status")))
        return withdraw(step, action, item);
    return send(step, action);
}

/* ---- the hearers ---- */

static enum step_turn heard_first_list(
    struct step *step, const struct answer *answer, struct machine_action *action)
{
    const struct xml *item = latest(answer, action);
    if (answer->heard == HEARD_ASSUMED)
        return send(step, action);
    if (item == NULL && action->opposite != NULL && is_cut_off(answer))
        return talk_end(step, STEP_UNKNOWN,
            "%.*s: Defender shows the newest %d actions of the machine, and none of them says what "
            "it "
            "is: nothing was changed",
            STR_ARG(step->target), MACHINE_ACTIONS_LISTED);
    if (item != NULL && action->opposite != NULL
        && str_is(xml_text(item, "type"), action->opposite))
        return opposed(step, action, item, answer);
    if (item != NULL && is_active(xml_text(item, "status")))
        return follow_foreign(step, action, item);
    if (action->of_step.len > 0)
        return end(step, action, action->has_cancelled ? ACTION_WITHDRAWN : ACTION_ALREADY, NULL);
    if (item != NULL && action->opposite != NULL) {
        action->scope = arena_copy(step->arena, xml_text(item, "scope"));
        return end(step, action, ACTION_ALREADY, NULL);
    }
    return send(step, action);
}

/* It was sent: is it there? */
static enum step_turn heard_later_list(
    struct step *step, const struct answer *answer, struct machine_action *action)
{
    uint32_t delay_ms;
    const struct xml *item = ours(answer, action, step->key);
    if (item != NULL)
        return follow(step, action, item, NULL);
    item = under_way(answer, action);
    if (action->why != NULL)
        return item != NULL ? follow_foreign(step, action, item)
                            : end(step, action, ACTION_DECLINED, NULL);
    switch (tries_missing(&action->tries, &delay_ms)) {
    case TRIES_SEND:
        return send(step, action);
    case TRIES_LOOK:
        return look(step, action, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return end(step, action, ACTION_UNSEEN, NULL);
}

enum step_turn machine_action_heard_list(
    struct step *step, const struct answer *answer, struct machine_action *action)
{
    /* No actions at all is an empty list; where it is a 404 it says the same. */
    if (answer->heard == HEARD_ERROR && !reply_is_missing(answer))
        return talk_fail(step, answer);
    return action->tries.sent == 0 ? heard_first_list(step, answer, action)
                                   : heard_later_list(step, answer, action);
}

enum step_turn machine_action_heard_send(
    struct step *step, const struct answer *answer, struct machine_action *action)
{
    tries_heard(&action->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return end(step, action, ACTION_ASSUMED, NULL);
    if (answer->heard == HEARD_REFUSED || answer_is_denied(answer))
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ANSWER && xml_text(answer->root, "id").len > 0)
        return follow(step, action, answer->root, NULL);
    if (answer->heard != HEARD_ERROR)
        return look(step, action, 0);
    /* Of two at a time Defender declines the later one: does another run, or an earlier one of ours? */
    action->why = talk_why(step, answer);
    return action->why == NULL ? talk_memory(step) : look(step, action, 0);
}

enum step_turn machine_action_heard_poll(
    struct step *step, const struct answer *answer, struct machine_action *action)
{
    /* What was just made may not be everywhere yet. */
    if (reply_is_missing(answer) && action->polls < MISSES_MAX)
        return poll_again(step, action);
    if (answer->heard != HEARD_ANSWER)
        return talk_fail(step, answer);
    return follow(step, action, answer->root, answer);
}

enum step_turn machine_action_heard_cancel(
    struct step *step, const struct answer *answer, struct machine_action *action)
{
    if (answer->heard == HEARD_ASSUMED)
        return end(step, action, ACTION_ASSUMED, NULL);
    if (answer->heard == HEARD_REFUSED || answer_is_denied(answer))
        return talk_fail(step, answer);
    return look(step, action, poll_delay_ms(action->polls++, POLL_MS));
}

enum step_turn machine_action_begin(struct step *step, struct machine_action *action)
{
    return action->opposite != NULL || action->is_shared ? look(step, action, 0)
                                                         : send(step, action);
}
