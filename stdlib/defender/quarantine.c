#include "defender/quarantine.h"

#include "base/fold.h"
#include "bytecode.h"
#include "defender/replies.h"
#include "defender/requests.h"

enum { FILE_LOOK = HOST_STEP_DOING_COUNT };
enum { SHA1_CHARS = 40, SHA256_CHARS = 64 };

static bool is_hash(str text, size_t chars)
{
    return text.len == chars && str_all_of(text, "0123456789abcdefABCDEF");
}

static str file(const struct step *step)
{
    return value_str(step->args[QUARANTINE_FILE]);
}

static struct request stop_file(struct step *step, str comment)
{
    const struct quarantine *self = step->state;
    return mde_stop_and_quarantine_file(
        step, value_str(step->args[QUARANTINE_HOST]), comment, self->sha1);
}

static enum step_turn found(struct step *step)
{
    struct quarantine *self = step->state;
    step_fact(step, FIELD_FILE_SHA256, is_hash(file(step), SHA256_CHARS) ? file(step) : STR(""));
    if (!is_hash(file(step), SHA1_CHARS))
        return talk_ask(step, FILE_LOOK, mde_get_file(step, file(step)));
    self->sha1 = file(step);
    return host_step_act(step);
}

static enum step_turn heard_file(struct step *step, const struct answer *answer)
{
    struct quarantine *self = step->state;
    if (answer->heard == HEARD_ASSUMED) {
        self->sha1 = STR("(its SHA-1)");
        return host_step_act(step);
    }
    if (reply_is_missing(answer))
        return talk_end(step, STEP_UNRESOLVED,
            "Defender knows no file of SHA-256 %.*s, and takes the SHA-1 alone: give that",
            STR_ARG(file(step)));
    if (answer->heard != HEARD_ANSWER)
        return talk_fail(step, answer);
    str sha1 = xml_text(answer->root, "sha1");
    if (!fold_equal(xml_text(answer->root, "sha256"), file(step)) || !is_hash(sha1, SHA1_CHARS))
        return talk_end(step, STEP_UNRESOLVED,
            "Defender does not say the SHA-1 of the file %.*s, which it takes alone",
            STR_ARG(file(step)));
    self->sha1 = arena_copy(step->arena, sha1);
    talk_found(step, "file of SHA-1 %.*s", STR_ARG(sha1));
    return host_step_act(step);
}

enum step_turn quarantine_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = { HOST_STEP_HEARERS, [FILE_LOOK] = heard_file };
    static const struct host_way way = { .type = "StopAndQuarantineFile",
        .of_step = -1,
        .words = { .would = "would have the file stopped and moved to quarantine",
            .is = "has the file in quarantine, and its processes are stopped",
            .already = "",
            .later = "moves the file as soon as the host reports" },
        .post = stop_file,
        .found = found };
    if (reply == NULL && !is_hash(file(step), SHA256_CHARS) && !is_hash(file(step), SHA1_CHARS))
        return talk_end(step, STEP_UNRESOLVED,
            "%.*s is no SHA-256 (64 hex digits) and no SHA-1 (40)", STR_ARG(file(step)));
    return host_step_next(step, reply, &way, hearers);
}
