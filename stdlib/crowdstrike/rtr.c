#include "crowdstrike/rtr.h"

#include "crowdstrike/rtr_requests.h"

enum {
    REFRESH_MS = 4 * 60 * 1000, /* of the ten minutes that a session lives */
    REQUEST_MS = 2 * 1000,      /* what a request is reckoned to take */
    OPENINGS_MAX = 4,
    SILENCES_MAX = 3,
    CHECK_MS = 10 * 1000,
    CHECKS_MAX = 40, /* six minutes: nothing that we send takes one */
    MISSES_MAX = 4,
    CHUNK_BYTES = 1000, /* output of that size may go on in another */
    OUTPUT_BYTES_MAX = 64 * 1024,
};

static enum step_turn tell(struct step *step, enum rtr_heard heard, const char *why)
{
    struct rtr *rtr = step->state;
    struct rtr_told told = { .heard = heard, .out = rtr->out, .err = rtr->err, .why = why };
    bool needs_why = heard == RTR_DECLINED || heard == RTR_UNANSWERED;
    return needs_why && why == NULL ? talk_memory(step) : rtr->hear(step, &told);
}

static void age(struct rtr *rtr, uint32_t delay_ms)
{
    rtr->aged_ms += delay_ms + REQUEST_MS;
}

enum step_turn rtr_ask(struct step *step, uint32_t doing, struct request request)
{
    age(step->state, request.delay_ms);
    return talk_ask_for_facts(step, doing, request);
}

/* ---- the session ---- */

static enum step_turn ask_init(struct step *step, uint32_t delay_ms)
{
    struct rtr *rtr = step->state;
    struct request request = rtr_init(step, rtr->device, rtr->queue_offline);
    request.delay_ms = delay_ms;
    rtr->opened++;
    return talk_change(step, RTR_INIT, request, (struct undo){ .builtin = NULL });
}

/* What Falcon calls a session: an id that may stand in a query. */
static bool is_session(str id)
{
    return id.len > 0 && id.len <= 64
           && str_all_of(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
}

/* Keep what the answer says of the session. ERR_NOT_FOUND: it names none; ERR_MEMORY. */
static enum err session_read(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    str id = xml_text(answer->root, "resources/session_id");
    if (!is_session(id))
        return ERR_NOT_FOUND;
    rtr->session = arena_copy(step->arena, id);
    rtr->is_queued = str_is(xml_text(answer->root, "resources/offline_queued"), "true");
    rtr->aged_ms = 0;
    return rtr->session.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum step_turn unopened(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return tell(step, RTR_DECLINED, talk_why(step, answer));
    if (++rtr->silent < SILENCES_MAX) /* who has a session gets it again */
        return ask_init(step, poll_delay_ms(rtr->silent, CHECK_MS));
    const char *why = answer->heard == HEARD_NOTHING ? talk_why(step, answer)
                                                     : "CrowdStrike answered without a session";
    rtr->silent = 0;
    return tell(step, RTR_UNANSWERED, why);
}

enum step_turn rtr_heard_init(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    bool is_first = rtr->session.len == 0;
    if (answer->heard == HEARD_ASSUMED)
        return tell(step, RTR_PLANNED, NULL);
    enum err err = answer->heard == HEARD_ANSWER ? session_read(step, answer) : ERR_NOT_FOUND;
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK)
        return unopened(step, answer);
    rtr->silent = 0;
    if (is_first)
        rtr->is_ours = xml_find(answer->root, "resources/previous_commands") == NULL;
    return rtr->then(step);
}

enum step_turn rtr_heard_pulse(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    enum err err = answer->heard == HEARD_ANSWER ? session_read(step, answer) : ERR_NOT_FOUND;
    if (err == ERR_MEMORY)
        return talk_memory(step);
    return err == ERR_OK ? rtr->then(step) : ask_init(step, 0);
}

enum step_turn rtr_awake(
    struct step *step, enum step_turn (*then)(struct step *step), rtr_hearer *hear)
{
    struct rtr *rtr = step->state;
    rtr->then = then;
    rtr->hear = hear;
    if (rtr->session.len == 0)
        return ask_init(step, 0);
    if (rtr->aged_ms < REFRESH_MS)
        return then(step);
    return talk_ask_for_facts(step, RTR_PULSE, rtr_pulse(step, rtr->device, rtr->queue_offline));
}

static enum step_turn opened(struct step *step)
{
    return tell(step, RTR_DONE, NULL);
}

enum step_turn rtr_open(struct step *step, bool queue_offline, rtr_hearer *hear)
{
    struct rtr *rtr = step->state;
    rtr->queue_offline = queue_offline;
    rtr->then = opened;
    rtr->hear = hear;
    return ask_init(step, 0);
}

/* Whether the answer means that there is no such session any more: 404, or 40401 and the like, or
 * words that say so. */
static bool is_gone(const struct answer *answer)
{
    str code = answer->code, words = answer->message;
    if (answer->heard != HEARD_ERROR || answer_is_denied(answer))
        return false;
    if (str_startswith(code, STR("HTTP")))
        code = str_skip(code, strlen("HTTP"));
    return str_startswith(code, STR("404"))
           || (words.len > 0 && memmem(words.ptr, words.len, "session", 7) != NULL);
}

/* ---- a command ---- */

static enum step_turn send(struct step *step)
{
    struct rtr *rtr = step->state;
    const struct rtr_command *command = &rtr->command;
    struct request request =
        rtr_execute(step, rtr->session, rtr->device, command->base, command->line);
    request.delay_ms = command->delay_ms;
    request.late = command->late;
    age(rtr, command->delay_ms);
    return command->is_change
               ? talk_change(step, RTR_SEND, request, (struct undo){ .builtin = NULL })
               : talk_ask_for_facts(step, RTR_SEND, request);
}

enum step_turn rtr_run(struct step *step, const struct rtr_command *command, rtr_hearer *hear)
{
    struct rtr *rtr = step->state;
    rtr->command = *command;
    rtr->request_id = rtr->out = rtr->err = STR("");
    rtr->sequence = rtr->checks = rtr->misses = 0;
    return rtr_awake(step, send, hear);
}

static enum step_turn check(struct step *step, uint32_t delay_ms)
{
    struct rtr *rtr = step->state;
    struct request request = rtr_check(step, rtr->request_id, rtr->sequence);
    request.delay_ms = delay_ms;
    return rtr_ask(step, RTR_CHECK, request);
}

enum step_turn rtr_heard_send(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    if (answer->heard == HEARD_ASSUMED)
        return tell(step, RTR_PLANNED, NULL);
    if (is_gone(answer) && rtr->opened < OPENINGS_MAX)
        return ask_init(step, 0);
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return tell(step, RTR_DECLINED, talk_why(step, answer));
    if (answer->heard == HEARD_NOTHING)
        return tell(step, RTR_UNANSWERED, talk_why(step, answer));
    str id = xml_text(answer->root, "resources/cloud_request_id");
    rtr->request_id = arena_copy(step->arena, id);
    if (rtr->request_id.ptr == NULL)
        return talk_memory(step);
    if (str_is(xml_text(answer->root, "resources/queued_command_offline"), "true"))
        return tell(step, RTR_QUEUED, NULL);
    if (!is_session(id))
        return tell(step, RTR_UNANSWERED, "CrowdStrike took a command and named no request");
    return check(step, poll_delay_ms(0, CHECK_MS));
}

/* `*text` and what is in the answer after it. */
static bool append(struct arena *arena, str *text, str more)
{
    if (more.len == 0 || text->len + more.len > OUTPUT_BYTES_MAX)
        return true;
    const char *both = arena_format(arena, "%.*s%.*s", STR_ARG(*text), STR_ARG(more));
    if (both != NULL)
        *text = str_from(both);
    return both != NULL;
}

static enum step_turn ran(struct step *step)
{
    struct rtr *rtr = step->state;
    rtr->opened = 0;
    return tell(step, RTR_DONE, NULL);
}

static enum step_turn missed(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    if (rtr->sequence > 0 && answer->heard == HEARD_ERROR)
        return ran(step); /* there was no more of its output */
    if (++rtr->misses < MISSES_MAX)
        return check(step, CHECK_MS);
    return tell(step, RTR_UNANSWERED,
        answer->heard == HEARD_ANSWER ? "CrowdStrike tells nothing of a command that it took"
                                      : talk_why(step, answer));
}

enum step_turn rtr_heard_check(struct step *step, const struct answer *answer)
{
    struct rtr *rtr = step->state;
    const struct xml *told =
        answer->heard == HEARD_ANSWER ? xml_find(answer->root, "resources") : NULL;
    if (told == NULL)
        return missed(step, answer);
    str out = xml_text(told, "stdout");
    bool is_complete = str_is(xml_text(told, "complete"), "true");
    if (!append(step->arena, &rtr->out, out)
        || !append(step->arena, &rtr->err, xml_text(told, "stderr")))
        return talk_memory(step);
    if (is_complete && out.len < CHUNK_BYTES)
        return ran(step);
    if (++rtr->checks >= CHECKS_MAX)
        return tell(step, RTR_UNANSWERED, "a command did not complete within six minutes");
    rtr->sequence += out.len > 0;
    return check(step, out.len > 0 ? 0 : poll_delay_ms(rtr->checks, CHECK_MS));
}
