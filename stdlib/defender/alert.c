#include "defender/alert.h"

#include "base/fold.h"
#include "defender/replies.h"
#include "defender/requests.h"
#include "fronts.h"
#include "talk/json_tree.h"

enum { LOOK, CHANGE };
enum { ALERT_TREE_BYTES_MAX = 4 * 1024 * 1024, COMMENT_BYTES_MAX = 1000 };

static const char id_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_-.:";

/* ---- which alert ---- */

static bool is_id(str id)
{
    return id.len > 2 && id.len <= 128 && str_all_of(id, id_characters);
}

/* False: step->alert is none of Defender's. ERR_MEMORY. */
static MUST_CHECK enum err alert_of_step(struct step *step, struct defender_alert *self)
{
    CLEANUP(arena_release) struct arena turn = ARENA_INIT(ALERT_TREE_BYTES_MAX);
    const struct xml *root = NULL;
    enum err err = json_tree_parse(&turn, step->alert, &root);
    if (err == ERR_MEMORY)
        return err;
    if (err != ERR_OK || !str_is(xml_text(root, "alert/source"), "defender"))
        return ERR_OK;
    self->id = arena_copy(step->arena, xml_text(root, "alert/alert.id"));
    self->is_endpoint = xml_text(root, "alert/alert.url").len == 0;
    return self->id.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct defender_alert *self = step->state;
    struct request request =
        self->is_endpoint ? mde_get_alert(step, self->id) : graph_get_alert(step, self->id);
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn begin(struct step *step)
{
    struct defender_alert *self = step->state;
    if (!is_id(self->id))
        return talk_end(
            step, STEP_UNRESOLVED, "this is no alert of Defender's that its API would know");
    const char *target = arena_format(step->arena, "alert/%.*s", STR_ARG(self->id));
    if (target == NULL)
        return talk_memory(step);
    step->target = str_from(target);
    return look(step, 0);
}

/* Whether the alert is in the answer, or assumed; else the turn is in *ret_turn. */
static bool is_shown(struct step *step, const struct answer *answer, enum step_turn *ret_turn)
{
    struct defender_alert *self = step->state;
    if (answer->heard == HEARD_ASSUMED)
        return true;
    if (answer->heard == HEARD_ANSWER && str_equal(xml_text(answer->root, "id"), self->id)) {
        if (!self->is_found)
            talk_found(step, "alert of %s",
                self->is_endpoint ? "Defender for Endpoint" : "Microsoft Graph");
        self->is_found = true;
        return true;
    }
    if (answer->heard == HEARD_ERROR && !reply_is_missing(answer)) {
        *ret_turn = talk_fail(step, answer);
        return false;
    }
    if (!self->is_found && !self->has_asked_other) {
        self->has_asked_other = true;
        self->is_endpoint = !self->is_endpoint;
        *ret_turn = look(step, 0);
        return false;
    }
    *ret_turn = talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_UNRESOLVED,
        "Microsoft shows no alert %.*s", STR_ARG(self->id));
    return false;
}

static enum step_turn changing(struct step *step, struct request request, struct undo undo)
{
    struct defender_alert *self = step->state;
    tries_send(&self->tries);
    return talk_change(step, CHANGE, request, undo);
}

/* The change is not shown: `make` it, wait for it, or end because of `what`. */
static enum step_turn unseen(
    struct step *step, enum step_turn (*make)(struct step *step), const char *what)
{
    struct defender_alert *self = step->state;
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
        return talk_end(step, STEP_UNKNOWN, "Microsoft took %s of %.*s and does not show it", what,
            STR_ARG(step->target));
    return talk_end(step, STEP_FAILED, "%s of %.*s was not taken: none of %u requests was answered",
        what, STR_ARG(step->target), self->tries.sent);
}

static enum step_turn heard_change(
    struct step *step, const struct answer *answer, const char *would)
{
    struct defender_alert *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would %s", STR_ARG(step->target), would);
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, 0);
    return talk_fail(step, answer);
}

/* ---- its status ---- */

static const struct {
    const char *word; /* of rules */
    const char *graph;
    const char *endpoint;
} states[] = {
    { "new", "new", "New" },
    { "in_progress", "inProgress", "InProgress" },
    { "closed", "resolved", "Resolved" },
    { "reopened", "new", "New" },
};

/* As the API that is asked spells it. */
static str spelled(const struct defender_alert *self, str state)
{
    for (size_t at = 0; at < COUNT_OF(states); at++)
        if (fold_equal(state, str_from(states[at].graph)))
            return str_from(self->is_endpoint ? states[at].endpoint : states[at].graph);
    return state;
}

static struct request status_request(struct step *step, str state)
{
    const struct defender_alert *self = step->state;
    return self->is_endpoint ? mde_update_alert(step, self->id, "status", spelled(self, state))
                             : graph_set_alert_status(step, self->id, spelled(self, state));
}

static enum step_turn set_status(struct step *step)
{
    const struct defender_alert *self = step->state;
    struct undo undo = { .builtin = "restore_defender_alert", .args_count = RESTORE_ARGS };
    undo.args[RESTORE_ALERT] = value_text(self->id);
    undo.args[RESTORE_API] = value_text(self->is_endpoint ? STR("endpoint") : STR("graph"));
    undo.args[RESTORE_BEFORE] = value_text(self->before);
    undo.args[RESTORE_SET] = value_text(self->wanted);
    return changing(step, status_request(step, self->wanted), undo);
}

static enum step_turn status_heard_look(struct step *step, const struct answer *answer)
{
    struct defender_alert *self = step->state;
    enum step_turn turn;
    if (!is_shown(step, answer, &turn))
        return turn;
    str status = xml_text(answer->root, "status");
    if (self->tries.sent == 0)
        self->before =
            answer->heard == HEARD_ASSUMED ? STR("(as it is)") : arena_copy(step->arena, status);
    if (answer->heard == HEARD_ASSUMED || !fold_equal(status, self->wanted))
        return unseen(step, set_status, "the status");
    return talk_end(step, STEP_DONE,
        self->tries.sent == 0 ? "%.*s was %.*s already: nothing was changed" : "%.*s is %.*s",
        STR_ARG(step->target), STR_ARG(self->wanted));
}

static enum step_turn status_heard_change(struct step *step, const struct answer *answer)
{
    return heard_change(step, answer, "get another status");
}

static str status_wanted(const struct step *step)
{
    str word = value_str(step->args[ALERT_STATUS]);
    for (size_t at = 0; at < COUNT_OF(states); at++)
        if (str_is(word, states[at].word))
            return str_from(states[at].graph);
    return STR("resolved");
}

enum step_turn defender_alert_status_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = status_heard_look, [CHANGE] = status_heard_change
    };
    struct defender_alert *self = step->state;
    if (reply != NULL)
        return talk_hear(step, reply, hearers, &microsoft_speaker);
    if (alert_of_step(step, self) != ERR_OK)
        return talk_memory(step);
    self->wanted = status_wanted(step);
    return begin(step);
}

/* ---- its status, taken back ---- */

static enum step_turn restore(struct step *step)
{
    return changing(step, status_request(step, value_str(step->args[RESTORE_BEFORE])),
        (struct undo){ .builtin = NULL });
}

static enum step_turn restore_heard_look(struct step *step, const struct answer *answer)
{
    struct defender_alert *self = step->state;
    str before = value_str(step->args[RESTORE_BEFORE]), set = value_str(step->args[RESTORE_SET]);
    enum step_turn turn;
    if (!is_shown(step, answer, &turn))
        return turn;
    str status = xml_text(answer->root, "status");
    if (answer->heard == HEARD_ASSUMED || fold_equal(status, set))
        return unseen(step, restore, "the status");
    if (fold_equal(status, before))
        return talk_end(step, STEP_DONE,
            self->tries.sent == 0 ? "%.*s is %.*s: there is nothing to take back"
                                  : "%.*s is %.*s again",
            STR_ARG(step->target), STR_ARG(before));
    return talk_end(step, STEP_FAILED,
        "%.*s was set to %.*s by somebody else since, and was left alone", STR_ARG(step->target),
        STR_ARG(status));
}

enum step_turn restore_defender_alert_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = restore_heard_look, [CHANGE] = status_heard_change
    };
    struct defender_alert *self = step->state;
    if (reply != NULL)
        return talk_hear(step, reply, hearers, &microsoft_speaker);
    self->id = value_str(step->args[RESTORE_ALERT]);
    self->is_endpoint = str_is(value_str(step->args[RESTORE_API]), "endpoint");
    self->has_asked_other = true;
    return begin(step);
}

/* ---- a comment ---- */

static enum step_turn comment(struct step *step)
{
    const struct defender_alert *self = step->state;
    return changing(step,
        self->is_endpoint ? mde_update_alert(step, self->id, "comment", self->wanted)
                          : graph_comment_alert(step, self->id, self->wanted),
        (struct undo){ .builtin = NULL });
}

/* One of its comments ends in our mark. */
static bool has_mark(const struct xml *root, const char *mark)
{
    const struct xml *item = xml_find(root, "comments");
    while (item != NULL && !str_endswith(xml_text(item, "comment"), str_from(mark)))
        item = xml_next(item);
    return item != NULL;
}

static enum step_turn comment_heard_look(struct step *step, const struct answer *answer)
{
    const struct defender_alert *self = step->state;
    enum step_turn turn;
    if (!is_shown(step, answer, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED || !has_mark(answer->root, self->mark))
        return unseen(step, comment, "the comment");
    return talk_end(step, STEP_DONE, "%.*s has the comment", STR_ARG(step->target));
}

static enum step_turn comment_heard_change(struct step *step, const struct answer *answer)
{
    return heard_change(step, answer, "get a comment");
}

/* At most COMMENT_BYTES_MAX, not cut inside a character. */
static str clipped(str text)
{
    size_t length = text.len < COMMENT_BYTES_MAX ? text.len : COMMENT_BYTES_MAX;
    while (length > 0 && length < text.len && ((unsigned char)text.ptr[length] & 0xC0U) == 0x80U)
        length--;
    return str_first(text, length);
}

enum step_turn defender_alert_comment_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOOK] = comment_heard_look, [CHANGE] = comment_heard_change
    };
    struct defender_alert *self = step->state;
    if (reply != NULL)
        return talk_hear(step, reply, hearers, &microsoft_speaker);
    if (alert_of_step(step, self) != ERR_OK)
        return talk_memory(step);
    str text = clipped(value_str(step->args[ALERT_COMMENT]));
    self->mark = arena_format(step->arena, "[cdr %.*s]", STR_ARG(step->key));
    const char *whole =
        arena_format(step->arena, "%.*s %s", STR_ARG(text), self->mark == NULL ? "" : self->mark);
    if (self->mark == NULL || whole == NULL)
        return talk_memory(step);
    self->wanted = str_from(whole);
    return begin(step);
}
