#include "talk/talk.h"

enum {
    TURN_BYTES_MAX = 24 * 1024 * 1024, /* a reply of REPLY_BYTES_MAX as a tree */
    SILENCES_MAX = 3,
    SENDS_MAX = 3,
    LOOKS_AFTER_SILENCE = 2, /* before a change is sent again */
    LOOKS_AFTER_ANSWER = 6,  /* IAM and EC2 may take seconds to show what they accepted */
    MESSAGE_BYTES_MAX = 400, /* EC2 appends an encoded page to what it denies */
    SECOND_MS = 1000,
};

enum step_turn talk_ask(struct step *step, uint32_t doing, struct request request)
{
    struct talk *talk = step->state;
    talk->last = request;
    talk->doing = doing;
    talk->is_change = false;
    talk->is_optional = false;
    return step_ask(step, request);
}

enum step_turn talk_ask_for_facts(struct step *step, uint32_t doing, struct request request)
{
    struct talk *talk = step->state;
    enum step_turn turn = talk_ask(step, doing, request);
    talk->is_optional = true;
    return turn;
}

enum step_turn talk_change(
    struct step *step, uint32_t doing, struct request request, struct undo undo)
{
    struct talk *talk = step->state;
    talk->last = request;
    talk->doing = doing;
    talk->is_change = true;
    talk->has_undo |= undo.builtin != NULL;
    return step_change(step, request, undo);
}

bool answer_is_denied(const struct answer *answer)
{
    return answer->heard == HEARD_ERROR && (answer->is_forbidden || answer->is_bad_credential);
}

bool answer_is(const struct answer *answer, const char *code)
{
    return answer->heard == HEARD_ERROR && str_is(answer->code, code);
}

/* At most MESSAGE_BYTES_MAX, not cut inside a character. */
str answer_clipped(str message)
{
    if (message.len <= MESSAGE_BYTES_MAX)
        return message;
    size_t length = MESSAGE_BYTES_MAX;
    while (length > 0 && ((unsigned char)message.ptr[length] & 0xC0U) == 0x80U)
        length--;
    return str_first(message, length);
}

struct answer answer_nothing(const char *why)
{
    return (struct answer){ .heard = HEARD_NOTHING,
        .message = str_from(why == NULL ? "no answer came" : why) };
}

/* A proxy's page, a captive portal, half a reply. */
const char *answer_unreadable(str body)
{
    return body.len == 0                        ? "it is empty"
           : str_startswith(body, STR("<!"))    ? "it is a web page"
           : str_startswith(body, STR("<html")) ? "it is a web page"
                                                : "it cannot be read";
}

/* ERR_MEMORY. */
static MUST_CHECK enum err answer_read(struct arena *turn, const struct reply *reply,
    const struct talk *talk, struct answer *ret_answer)
{
    switch (reply->kind) {
    case REPLY_ASSUMED:
        *ret_answer = (struct answer){ .heard = HEARD_ASSUMED };
        return ERR_OK;
    case REPLY_REFUSED:
        *ret_answer =
            (struct answer){ .heard = HEARD_REFUSED, .message = answer_clipped(reply->body) };
        return ERR_OK;
    case REPLY_LOST:
        *ret_answer = answer_nothing(NULL);
        if (reply->body.len > 0)
            ret_answer->message = answer_clipped(reply->body);
        return ERR_OK;
    case REPLY_RECEIVED:
        break;
    }
    return talk->speaker->read(turn, reply, &talk->last, ret_answer);
}

static enum step_turn heard_read(
    struct step *step, const struct answer *answer, talk_hearer *const *hearers)
{
    struct talk *talk = step->state;
    if (answer->heard == HEARD_NOTHING && ++talk->silent < SILENCES_MAX) {
        struct request again = talk->last;
        again.delay_ms = poll_delay_ms(talk->silent - 1, SECOND_MS * SILENCES_MAX);
        return step_ask(step, again);
    }
    bool is_failure = answer->heard == HEARD_NOTHING || answer->heard == HEARD_REFUSED
                      || answer_is_denied(answer);
    if (is_failure && !talk->is_optional)
        return talk_fail(step, answer);
    talk->silent = 0;
    return hearers[talk->doing](step, answer);
}

enum step_turn talk_hear(struct step *step, const struct reply *reply, talk_hearer *const *hearers,
    const struct speaker *speaker)
{
    CLEANUP(arena_release) struct arena turn = ARENA_INIT(TURN_BYTES_MAX);
    struct talk *talk = step->state;
    struct answer answer = { .heard = HEARD_NOTHING };
    talk->speaker = speaker;
    if (answer_read(&turn, reply, talk, &answer) != ERR_OK)
        return talk_memory(step);
    if (!talk->is_change)
        return heard_read(step, &answer, hearers);
    if (answer.heard == HEARD_ANSWER || answer.heard == HEARD_NOTHING)
        talk->has_changed = true;
    return hearers[talk->doing](step, &answer);
}

/* End with `reason`, or for lack of memory when that is NULL. */
static enum step_turn end_for(struct step *step, enum step_turn end, const char *reason)
{
    const struct talk *talk = step->state;
    str what = step->target.len > 0 ? step->target : talk->last.target;
    if (end == STEP_UNKNOWN && reason != NULL)
        reason = arena_format(step->arena, "%s; look at %.*s yourself%s", reason, STR_ARG(what),
            talk->has_undo ? ", or take the run back: cdr undo looks what is there first" : "");
    return step_end(step, end, reason);
}

enum step_turn talk_end(struct step *step, enum step_turn end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *reason = arena_vformat(step->arena, format, args);
    va_end(args);
    return end_for(step, end, reason);
}

value talk_region(const struct step *step, value given)
{
    if (given.kind == VALUE_TEXT && value_str(given).len > 0)
        return given;
    return step->region.len > 0 ? value_text(step->region) : VALUE_NONE;
}

void talk_found(struct step *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *more = arena_vformat(step->arena, format, args);
    va_end(args);
    if (more == NULL)
        return;
    const char *all = arena_format(
        step->arena, "%.*s%s%s", STR_ARG(step->found), step->found.len > 0 ? " -> " : "", more);
    if (all != NULL)
        step->found = str_from(all);
}

enum step_turn talk_memory(struct step *step)
{
    return step_end(step, STEP_FAILED, NULL);
}

const char *talk_on_target(const struct request *request, struct arena *arena)
{
    if (request->target.len == 0)
        return "";
    return arena_format(arena, " on %.*s", STR_ARG(request->target));
}

const char *talk_why(struct step *step, const struct answer *answer)
{
    const struct talk *talk = step->state;
    return talk->speaker->why(step, &talk->last, answer);
}

enum step_turn talk_fail(struct step *step, const struct answer *answer)
{
    const struct talk *talk = step->state;
    return end_for(step, talk->has_changed ? STEP_UNKNOWN : STEP_FAILED, talk_why(step, answer));
}

enum tries_next tries_missing(struct tries *tries, uint32_t *ret_delay_ms)
{
    uint32_t looks_max = tries->accepted ? LOOKS_AFTER_ANSWER : LOOKS_AFTER_SILENCE;
    *ret_delay_ms = 0;
    if (tries->sent == 0)
        return TRIES_SEND;
    if (tries->looks < looks_max) {
        *ret_delay_ms = poll_delay_ms(tries->looks++, 8 * SECOND_MS);
        return TRIES_LOOK;
    }
    return !tries->accepted && tries->sent < SENDS_MAX ? TRIES_SEND : TRIES_GIVE_UP;
}

void tries_send(struct tries *tries)
{
    tries->sent++;
    tries->looks = 0;
    tries->accepted = false;
}

void tries_heard(struct tries *tries, const struct answer *answer)
{
    tries->accepted = answer->heard == HEARD_ANSWER;
}

uint32_t poll_delay_ms(uint32_t number, uint32_t ceiling_ms)
{
    uint32_t delay_ms = number < 16 ? (uint32_t)SECOND_MS << number : ceiling_ms;
    return delay_ms < ceiling_ms ? delay_ms : ceiling_ms;
}
