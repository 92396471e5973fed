#include "defender/live.h"

#include "defender/machine_action.h"
#include "defender/replies.h"
#include "defender/requests.h"
#include "rest/download.h"

enum { SEND, LIST, POLL, CANCEL, LINK, RESULT };
enum {
    LOOK_MS = 15 * 1000, /* until a request that was not answered may be among the actions */
    BUSY_MS = 60 * 1000, /* a session of somebody else lasts at least as long */
    BUSY_MAX = 30,
    POLL_MS = 5 * 1000,
    POLL_MS_MAX = 60 * 1000,
    PENDING_MS_MAX = 60 * 60 * 1000,
    RUNNING_MS_MAX = 20 * 60 * 1000, /* a script ends after 10 */
    WITHDRAWN_POLLS = 10,
    MISSES_MAX = 5,
    WORDS_MAX = 200,
    DOWNLOAD_MS = 30 * 60 * 1000, /* what the download of an archive may take */
};

static enum step_turn end(struct step *step, struct live *live, enum live_end how, const char *why)
{
    live->end = how;
    live->why = why;
    return why == NULL ? talk_memory(step) : live->ended(step, live);
}

static enum step_turn end_because(
    struct step *step, struct live *live, enum live_end how, const struct answer *answer)
{
    return end(step, live, how, talk_why(step, answer));
}

/* It was not taken; of an earlier request of ours that is not certain. */
static enum step_turn declined(struct step *step, struct live *live, const char *why)
{
    return end(step, live, live->is_unheard ? LIVE_UNKNOWN : LIVE_DECLINED, why);
}

/* Every read is one that the step can do without: what was begun is always brought to an end of ours. */
static enum step_turn ask(
    struct step *step, const struct live *live, uint32_t question, struct request request)
{
    return talk_ask_for_facts(step, live->first + question, request);
}

/* ---- asking for it ---- */

static enum step_turn send(struct step *step, struct live *live, uint32_t delay_ms)
{
    struct request request =
        mde_run_live_response(step, live->machine, live->comment, &live->command);
    request.delay_ms = delay_ms;
    tries_send(&live->tries);
    return talk_change(step, live->first + SEND, request, (struct undo){ .builtin = NULL });
}

enum step_turn live_begin(struct step *step, struct live *live, const struct live_command *command,
    str keep_as, uint32_t delay_ms)
{
    *live = (struct live){ .machine = live->machine,
        .first = live->first,
        .ended = live->ended,
        .command = *command,
        .keep_as = keep_as,
        .comment = machine_action_comment(step, command->what) };
    return send(step, live, delay_ms);
}

static enum step_turn look(struct step *step, struct live *live, uint32_t delay_ms)
{
    struct request request = mde_list_machine_actions(step, live->machine);
    request.delay_ms = delay_ms;
    return ask(step, live, LIST, request);
}

/* ---- what a machine or Defender says of a failure ---- */

/* Letters, digits and plain signs: whoever is root there may write what he likes. */
static const char *words_of(struct step *step, str text)
{
    char *words = arena_alloc(step->arena, WORDS_MAX + 1, 1);
    for (size_t at = 0; words != NULL && at < text.len && at < WORDS_MAX; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];
        bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z')
                        || (byte >= 'a' && byte <= 'z') || byte == ',' || byte == '.';
        words[at] = is_plain ? (char)byte : ' ';
    }
    return words;
}

/* The `index`th command as the action shows it, or NULL. */
static const struct xml *command_of(const struct xml *item, uint32_t index)
{
    const struct xml *command = xml_find(item, "commands");
    while (command != NULL && index-- > 0)
        command = xml_next(command);
    return command;
}

/* The first command that went wrong tells why. */
static const char *why_failed(struct step *step, const struct live *live, const struct xml *item)
{
    str status = xml_text(item, "status"), errors = STR("");
    for (uint32_t at = 0; errors.len == 0 && at < live_command_count(&live->command); at++)
        errors = xml_text(command_of(item, at), "errors");
    const char *words = words_of(step, errors);
    if (words == NULL)
        return NULL;
    return arena_format(step->arena, "Defender calls live response (%s) on it %.*s%s%s",
        live->command.what, STR_ARG(status), *words == '\0' ? "" : ": ", words);
}

/* ---- following it ---- */

static enum step_turn poll(struct step *step, struct live *live, uint32_t *waited_ms)
{
    struct request request = mde_get_machine_action(step, live->machine, live->id);
    uint32_t number = live->polls++;
    request.delay_ms = number < 4 ? POLL_MS << number : POLL_MS_MAX;
    if (request.delay_ms > POLL_MS_MAX)
        request.delay_ms = POLL_MS_MAX;
    *waited_ms += request.delay_ms;
    return ask(step, live, POLL, request);
}

static enum step_turn ask_link(struct step *step, struct live *live, uint32_t delay_ms)
{
    struct request request = mde_get_live_response_result(
        step, live->machine, live->id, live_command_count(&live->command) - 1);
    request.delay_ms = delay_ms;
    request.keep_as = live->keep_as; /* of a file: the connection fetches what is named */
    request.answer_ms = live->keep_as.len > 0 ? DOWNLOAD_MS : 0;
    return ask(step, live, LINK, request);
}

/* It waits for its machine, which does not come. */
static enum step_turn pending(struct step *step, struct live *live)
{
    if (live->is_withdrawn && live->polls >= WITHDRAWN_POLLS)
        return end(step, live, LIVE_QUEUED,
            "it is queued at Defender, which keeps it for three days, and could not be withdrawn");
    if (live->is_withdrawn || live->pending_ms < PENDING_MS_MAX)
        return poll(step, live, &live->pending_ms);
    live->is_withdrawn = true;
    live->polls = 0;
    return talk_change(step, live->first + CANCEL,
        mde_cancel_machine_action(step, live->machine, live->id, live->comment),
        (struct undo){ .builtin = NULL });
}

/* By what Defender says of the action. */
static enum step_turn follow(struct step *step, struct live *live, const struct xml *item)
{
    str status = xml_text(item, "status");
    const struct xml *last = command_of(item, live_command_count(&live->command) - 1);
    if (str_is(status, "Cancelled") && live->is_withdrawn)
        return declined(step, live,
            "the machine did not take it within an hour, and it was withdrawn from the queue");
    if (str_is(status, "Failed") || str_is(status, "TimeOut") || str_is(status, "Cancelled")
        || str_is(xml_text(last, "commandStatus"), "Failed"))
        return end(step, live, LIVE_FAILED, why_failed(step, live, item));
    if (str_is(status, "Succeeded"))
        return ask_link(step, live, 0);
    if (str_is(status, "Pending"))
        return pending(step, live);
    if (live->running_ms < RUNNING_MS_MAX)
        return poll(step, live, &live->running_ms);
    return end(step, live, LIVE_UNKNOWN, "live response on it does not end");
}

/* Of ours: take its id, and go on by its status. */
static enum step_turn found(struct step *step, struct live *live, const struct xml *item)
{
    live->id = arena_copy(step->arena, xml_text(item, "id"));
    live->tries.accepted = true;
    live->is_unheard = false;
    return live->id.ptr == NULL ? talk_memory(step) : follow(step, live, item);
}

static enum step_turn heard_poll(struct step *step, const struct answer *answer, struct live *live)
{
    /* What was just made may not be everywhere yet. */
    if (reply_is_missing(answer) && live->misses++ < MISSES_MAX)
        return poll(step, live, &live->running_ms);
    if (answer->heard != HEARD_ANSWER)
        return end_because(step, live, LIVE_UNKNOWN, answer);
    live->misses = 0;
    return follow(step, live, answer->root);
}

/* ---- was it taken? ---- */

static enum step_turn heard_send(struct step *step, const struct answer *answer, struct live *live)
{
    tries_heard(&live->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return end(step, live, LIVE_ASSUMED, "");
    if (answer->heard == HEARD_ANSWER && xml_text(answer->root, "id").len > 0)
        return found(step, live, answer->root);
    /* Of one machine, or of the tenant: 25 sessions at a time, 10 requests a minute. */
    live->is_busy = str_is(answer->code, "ActiveRequestAlreadyExists")
                    || str_is(answer->code, "TooManyRequests");
    if (answer->heard == HEARD_REFUSED || (answer->heard == HEARD_ERROR && !live->is_busy))
        return declined(step, live, talk_why(step, answer));
    live->is_unheard |= !live->is_busy;
    live->why = talk_why(step, answer);
    return live->why == NULL ? talk_memory(step) : look(step, live, live->is_busy ? 0 : LOOK_MS);
}

/* The session that keeps us from ours may be ours all the same: one of which no answer came. */
static const struct xml *ours(const struct live *live, const struct answer *answer)
{
    const struct xml *item = xml_find(answer->root, "value");
    while (item != NULL
           && !(str_is(xml_text(item, "type"), "LiveResponse")
                && str_equal(xml_text(item, "requestorComment"), live->comment)))
        item = xml_next(item);
    return item;
}

static enum step_turn missing(struct step *step, struct live *live)
{
    uint32_t delay_ms;
    if (live->is_busy)
        return live->busy++ < BUSY_MAX ? send(step, live, BUSY_MS)
                                       : declined(step, live, live->why);
    switch (tries_missing(&live->tries, &delay_ms)) {
    case TRIES_SEND:
        return send(step, live, LOOK_MS);
    case TRIES_LOOK:
        return look(step, live, LOOK_MS);
    case TRIES_GIVE_UP:
        break;
    }
    return end(step, live, LIVE_UNKNOWN, live->why);
}

static enum step_turn heard_list(struct step *step, const struct answer *answer, struct live *live)
{
    const struct xml *item = answer->heard == HEARD_ANSWER ? ours(live, answer) : NULL;
    if (answer->heard != HEARD_ANSWER && !reply_is_missing(answer))
        return end_because(step, live, LIVE_UNKNOWN, answer);
    return item == NULL ? missing(step, live) : found(step, live, item);
}

/* ---- the result ---- */

/* An address is good for a while, and another is to be had. */
static enum step_turn link_again(struct step *step, struct live *live, const struct answer *answer)
{
    if (answer->heard != HEARD_REFUSED && live->misses++ < MISSES_MAX)
        return ask_link(step, live, POLL_MS);
    return end_because(step, live, LIVE_UNKNOWN, answer);
}

static enum step_turn heard_result(
    struct step *step, const struct answer *answer, struct live *live)
{
    if (answer->heard != HEARD_ANSWER)
        return link_again(step, live, answer);
    live->output = arena_copy(step->arena, xml_text(answer->root, "script_output"));
    live->errors = arena_copy(step->arena, xml_text(answer->root, "script_errors"));
    live->path = arena_copy(step->arena, xml_text(answer->root, "path"));
    live->sha256 = arena_copy(step->arena, xml_text(answer->root, "sha256"));
    return end(step, live, LIVE_DONE, "");
}

static enum step_turn heard_link(struct step *step, const struct answer *answer, struct live *live)
{
    if (answer->heard != HEARD_ANSWER)
        return link_again(step, live, answer);
    if (live->keep_as.len > 0)
        return heard_result(step, answer, live);
    const char *target = arena_format(step->arena, "host/%.*s", STR_ARG(live->machine));
    struct request request = rest_download(step, REST_DOWNLOAD_MDE,
        str_from(target == NULL ? "" : target), xml_text(answer->root, "value"));
    if (request.body.ptr == NULL && !step->arena->is_full)
        return end(step, live, LIVE_UNKNOWN, "Defender names no address for its result");
    return ask(step, live, RESULT, request);
}

enum step_turn live_heard(struct step *step, const struct answer *answer, struct live *live)
{
    const struct talk *talk = step->state;
    switch (talk->doing - live->first) {
    case SEND:
        return heard_send(step, answer, live);
    case LIST:
        return heard_list(step, answer, live);
    case POLL:
        return heard_poll(step, answer, live);
    case CANCEL: /* whatever came of it, its status tells */
        return poll(step, live, &live->pending_ms);
    case LINK:
        return heard_link(step, answer, live);
    default:
        return heard_result(step, answer, live);
    }
}
