/* alert.c - see alert.h. */
#include "crowdstrike/alert.h"

#include "crowdstrike/requests.h"
#include "event.h"
#include "fronts.h"
#include "rest/voice.h"

#include <ctype.h>
#include <jansson.h>

enum { LOOK, CHANGE };

/* ---- which alert ---- */

static str json_member(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    return (str){ json_is_string(text) ? json_string_value(text) : "", json_string_length(text) };
}

str falcon_alert_id_of(struct arena *arena, str alert)
{
    json_auto_t *root = json_loadb(alert.ptr, alert.len, JSON_ALLOW_NUL, NULL);
    const json_t *fields = json_object_get(root, "alert");
    str id = json_member(fields, "alert.id");
    if (!str_is(json_member(fields, "source"), "crowdstrike") || !falcon_is_alert_id(id))
        return STR("");
    return arena_copy(arena, id);
}

/* Begin with the alert `id`, or end: it is none. */
static enum step_turn ask_first(struct step *step, str id)
{
    if (id.ptr == NULL)
        return talk_memory(step);
    if (id.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "this is no alert of Falcon's Alerts API: it has no composite id");
    const char *target = arena_format(step->arena, "alert/%.*s", STR_ARG(id));
    if (target == NULL)
        return talk_memory(step);
    step->target = str_from(target);
    return talk_ask(step, LOOK, falcon_get_alert(step, id));
}

static enum step_turn look(struct step *step, str id, uint32_t delay_ms)
{
    struct request request = falcon_get_alert(step, id);
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

/* The alert in the answer; NULL: the step ends, as *ret_turn. */
static const struct xml *alert_heard(
    struct step *step, const struct answer *answer, str id, enum step_turn *ret_turn)
{
    const struct talk *talk = step->state;
    const struct xml *item = falcon_resource(answer, "composite_id", id);
    if (item != NULL)
        return item;
    if (answer->heard == HEARD_ERROR && !falcon_is_missing(answer))
        *ret_turn = talk_fail(step, answer);
    else
        *ret_turn = talk_end(step, talk->has_changed ? STEP_UNKNOWN : STEP_UNRESOLVED,
            "Falcon shows no alert %.*s", STR_ARG(id));
    return NULL;
}

/* ---- its status ---- */

/* "New" is shown where "new" is meant. */
static str in_small_letters(struct arena *arena, str text)
{
    char *copy = arena_alloc(arena, text.len + 1, 1);
    for (size_t at = 0; copy != NULL && at < text.len; at++)
        copy[at] = (char)tolower((unsigned char)text.ptr[at]);
    return (str){ copy, copy == NULL ? 0 : text.len };
}

static enum step_turn set(struct step *step)
{
    struct falcon_status *self = step->state;
    struct undo undo = { .builtin = NULL };
    if (!self->is_undo)
        undo = (struct undo){ .builtin = "restore_alert_status",
            .args = { [RESTORE_ALERT] = value_text(self->id),
                [RESTORE_BEFORE] = value_text(self->before),
                [RESTORE_SET] = value_text(self->to) },
            .args_count = RESTORE_ARGS };
    tries_send(&self->tries);
    return talk_change(
        step, CHANGE, falcon_update_alert(step, self->id, "update_status", self->to), undo);
}

static enum step_turn not_set(struct step *step)
{
    struct falcon_status *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return set(step);
    case TRIES_LOOK:
        return look(step, self->id, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "the alert is '%.*s' after %u request%s to make it '%.*s'", STR_ARG(self->status),
        self->tries.sent, self->tries.sent == 1 ? "" : "s", STR_ARG(self->to));
}

static enum step_turn status_heard_look(struct step *step, const struct answer *answer)
{
    struct falcon_status *self = step->state;
    enum step_turn turn;
    if (answer->heard == HEARD_ASSUMED)
        return set(step);
    const struct xml *item = alert_heard(step, answer, self->id, &turn);
    if (item == NULL)
        return turn;
    self->status = in_small_letters(step->arena, xml_text(item, "status"));
    if (self->status.ptr == NULL)
        return talk_memory(step);
    if (self->before.len == 0)
        self->before = self->status;
    if (str_equal(self->status, self->to))
        return talk_end(step, STEP_DONE,
            self->tries.sent > 0 ? "the alert is '%.*s'"
                                 : "the alert was '%.*s' already: nothing was changed",
            STR_ARG(self->to));
    if (self->from.len > 0 && self->tries.sent == 0 && !str_equal(self->status, self->from))
        return talk_end(step, STEP_FAILED,
            "somebody has made the alert '%.*s' since: it was left alone", STR_ARG(self->status));
    if (self->status.len == 0)
        return talk_end(
            step, STEP_FAILED, "Falcon shows no status of the alert: it was left alone");
    return not_set(step);
}

static enum step_turn status_heard_change(struct step *step, const struct answer *answer)
{
    struct falcon_status *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "the alert would become '%.*s'", STR_ARG(self->to));
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, self->id, 0);
    return talk_fail(step, answer);
}

static enum step_turn status_hear(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = status_heard_look,
        [CHANGE] = status_heard_change,
    };
    return talk_hear(step, reply, hearers, &crowdstrike_speaker);
}

enum step_turn falcon_status_next(struct step *step, const struct reply *reply)
{
    struct falcon_status *self = step->state;
    if (reply != NULL)
        return status_hear(step, reply);
    str wanted = value_str(step->args[ALERT_STATUS]);
    self->to = wanted.len > 0 ? wanted : STR("closed");
    self->id = falcon_alert_id_of(step->arena, step->alert);
    self->from = self->before = STR("");
    return ask_first(step, self->id);
}

enum step_turn falcon_restore_next(struct step *step, const struct reply *reply)
{
    struct falcon_status *self = step->state;
    if (reply != NULL)
        return status_hear(step, reply);
    str id = value_str(step->args[RESTORE_ALERT]);
    self->is_undo = true;
    self->id = falcon_is_alert_id(id) ? id : STR("");
    self->to = value_str(step->args[RESTORE_BEFORE]);
    self->from = value_str(step->args[RESTORE_SET]);
    self->before = STR("");
    return ask_first(step, self->id);
}

/* ---- a comment ---- */

/* Whether our mark is in some text below `comments`, which has a member `value` with it. */
static bool has_mark(const struct xml *alert, str mark)
{
    for (const struct xml *comment = xml_find(alert, "comments"); comment != NULL;
         comment = xml_next(comment)) {
        const struct xml *part = comment->child == NULL ? comment : comment->child;
        for (; part != NULL; part = comment->child == NULL ? NULL : part->next)
            if (part->text.len >= mark.len
                && memmem(part->text.ptr, part->text.len, mark.ptr, mark.len) != NULL)
                return true;
    }
    return false;
}

static enum step_turn comment_send(struct step *step)
{
    struct falcon_comment *self = step->state;
    struct undo nothing = { .builtin = NULL };
    tries_send(&self->tries);
    return talk_change(
        step, CHANGE, falcon_update_alert(step, self->id, "append_comment", self->text), nothing);
}

/* The comment is not shown. Where Falcon shows none at all, that says nothing: it is not sent twice. */
static enum step_turn comment_missing(struct step *step)
{
    struct falcon_comment *self = step->state;
    uint32_t delay_ms;
    enum tries_next next = tries_missing(&self->tries, &delay_ms);
    if (next == TRIES_LOOK)
        return look(step, self->id, delay_ms);
    if (next == TRIES_SEND && (self->tries.sent == 0 || self->shows_comments))
        return comment_send(step);
    if (self->tries.accepted && !self->shows_comments)
        return talk_end(step, STEP_DONE,
            "Falcon accepted the comment; the API does not show comments of this alert");
    return talk_end(step, STEP_UNKNOWN,
        self->tries.accepted ? "Falcon accepted the comment and does not show it"
                             : "no answer came, and the alert does not show whether the comment "
                               "was written: it was not sent again");
}

static enum step_turn comment_heard_look(struct step *step, const struct answer *answer)
{
    struct falcon_comment *self = step->state;
    enum step_turn turn;
    if (answer->heard == HEARD_ASSUMED)
        return comment_send(step);
    const struct xml *item = alert_heard(step, answer, self->id, &turn);
    if (item == NULL)
        return turn;
    if (has_mark(item, self->mark))
        return talk_end(step, STEP_DONE, "the alert has the comment");
    return comment_missing(step);
}

static enum step_turn comment_heard_change(struct step *step, const struct answer *answer)
{
    struct falcon_comment *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "the alert would have the comment");
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, self->id, 0);
    return talk_fail(step, answer);
}

enum step_turn falcon_comment_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = comment_heard_look,
        [CHANGE] = comment_heard_change,
    };
    static const char member[] = "\"comments\""; /* within a text its quotes are escaped */
    struct falcon_comment *self = step->state;
    if (reply != NULL) {
        self->shows_comments |=
            reply->body.len > 0 && reply->kind == REPLY_RECEIVED
            && memmem(reply->body.ptr, reply->body.len, member, sizeof(member) - 1) != NULL;
        return talk_hear(step, reply, hearers, &crowdstrike_speaker);
    }
    str text = value_str(step->args[ALERT_COMMENT]);
    const char *mark = arena_format(step->arena, "[cdr %.*s]", STR_ARG(step->key));
    const char *whole = arena_format(step->arena, "%.*s %s",
        STR_ARG(text.len > 0 ? text : STR("a rule of cdr matched this alert")),
        mark == NULL ? "" : mark);
    if (mark == NULL || whole == NULL)
        return talk_memory(step);
    self->mark = str_from(mark);
    self->text = str_from(whole);
    self->id = falcon_alert_id_of(step->arena, step->alert);
    return ask_first(step, self->id);
}
