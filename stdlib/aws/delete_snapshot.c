#include "aws/delete_snapshot.h"

#include "aws/requests_evidence.h"
#include "base/time.h"

enum { CALLER, LOOK, CHANGE };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[DELETE_SNAPSHOT_REGION]));
}

bool retention_end(str start, str tag, int64_t retain_ms, int64_t *ret_ms)
{
    int64_t start_ms, tag_ms;
    if (retain_ms <= 0 || !time_parse(start, &start_ms) || !duration_parse(tag, &tag_ms))
        return false;
    return !__builtin_add_overflow(start_ms, tag_ms > retain_ms ? tag_ms : retain_ms, ret_ms);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct request request =
        ec2_describe_snapshot(step, region(step), arg(step, DELETE_SNAPSHOT_ID));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct delete_snapshot *self = step->state;
    enum step_turn turn;
    step->target = arg(step, DELETE_SNAPSHOT_ID);
    if (!identity_heard(step, answer, arg(step, DELETE_SNAPSHOT_ACCOUNT), &self->caller, &turn))
        return turn;
    return look(step, 0);
}

/* It is there, ours, and its time is over. */
static enum step_turn still_there(struct step *step)
{
    struct delete_snapshot *self = step->state;
    str id = arg(step, DELETE_SNAPSHOT_ID);
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE, ec2_delete_snapshot(step, region(step), id),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "snapshot %.*s is still there after %u requests to delete it", STR_ARG(id),
        self->tries.sent);
}

static enum step_turn gone(struct step *step)
{
    const struct delete_snapshot *self = step->state;
    str id = arg(step, DELETE_SNAPSHOT_ID);
    if (self->tries.sent > 0)
        return talk_end(step, STEP_DONE, "snapshot %.*s is deleted", STR_ARG(id));
    return talk_end(
        step, STEP_DONE, "snapshot %.*s is not there any more: nothing was changed", STR_ARG(id));
}

static enum step_turn judge(struct step *step, const struct xml *item)
{
    int64_t end_ms;
    char text[TIME_TEXT_MAX];
    str id = arg(step, DELETE_SNAPSHOT_ID), start = xml_text(item, "startTime");
    int64_t retain_ms = step->args[DELETE_SNAPSHOT_RETAIN].milliseconds;
    if (!str_is(reply_tag(item, TAG_OWNER), TAG_OWNER_VALUE)
        || !str_equal(reply_tag(item, TAG_STEP), arg(step, DELETE_SNAPSHOT_STEP)))
        return talk_end(step, STEP_FAILED,
            "snapshot %.*s is not tagged as that of the step (any more) and was left alone",
            STR_ARG(id));
    if (!retention_end(start, reply_tag(item, TAG_RETAIN), retain_ms, &end_ms))
        return talk_end(step, STEP_FAILED,
            "snapshot %.*s is kept until somebody deletes it, by its tag " TAG_RETAIN, STR_ARG(id));
    if (end_ms > step->began_ms)
        return talk_end(step, STEP_FAILED, "snapshot %.*s is kept until %.*s", STR_ARG(id),
            STR_ARG(time_format(end_ms, text)));
    return still_there(step);
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    if (answer->heard == HEARD_ASSUMED)
        return still_there(step);
    if (answer_is(answer, "InvalidSnapshot.NotFound"))
        return gone(step);
    if (answer->heard != HEARD_ANSWER)
        return talk_fail(step, answer);
    const struct xml *item = xml_find(answer->root, "snapshotSet/item");
    return item == NULL ? gone(step) : judge(step, item);
}

static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct delete_snapshot *self = step->state;
    str id = arg(step, DELETE_SNAPSHOT_ID);
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "snapshot %.*s would be deleted", STR_ARG(id));
    if (answer_is(answer, "InvalidSnapshot.InUse"))
        return talk_end(step, STEP_FAILED, "snapshot %.*s is in use and was kept (%.*s)",
            STR_ARG(id), STR_ARG(answer->message));
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidSnapshot.NotFound")))
        return talk_fail(step, answer);
    return look(step, 0);
}

enum step_turn delete_snapshot_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [LOOK] = heard_look,
        [CHANGE] = heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
