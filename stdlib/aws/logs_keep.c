#include "aws/logs_keep.h"

#include "aws/requests_evidence.h"
#include "base/sha256.h"

enum { CONFLICTS_MAX = 4 };

/* "KEY/cloudtrail-1.ndjson", or NULL when the arena is full. */
static const char *name_of(struct step *step, uint32_t part)
{
    return arena_format(
        step->arena, "%.*s/cloudtrail-%u.ndjson", STR_ARG(step->key), (unsigned)part);
}

/* ---- the end ---- */

/* What was not read, or "". NULL when the arena is full. */
static const char *gaps(struct step *step)
{
    const struct logs *self = step->state;
    const char *words = "";
    if (self->failed > 0)
        words = arena_format(step->arena, "; %u of %u lookups failed: %s", self->failed,
            self->lookups_count, self->why);
    if (words != NULL && self->is_cut)
        words = arena_format(step->arena,
            "%s; there is more than a step reads: older events are "
            "missing, so ask for less with `since`",
            words);
    if (words != NULL && self->skipped > 0)
        words = arena_format(
            step->arena, "%s; %u lookups of sessions were left out", words, self->skipped);
    if (words != NULL && self->too_long > 0)
        words = arena_format(
            step->arena, "%s; %u records are too long to be kept", words, self->too_long);
    return words;
}

/* ERR_MEMORY. */
static MUST_CHECK enum err hash(struct step *step, value *ret_hash)
{
    const struct logs *self = step->state;
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    char hex[SHA256_HEX_SIZE];
    TRY(sha256_begin(&sha256));
    for (const struct logs_line *line = self->first; line != NULL; line = line->next)
        if (line->text.len <= REQUEST_BYTES_MAX)
            sha256_add(&sha256, line->text);
    TRY(sha256_end_hex(&sha256, hex));
    str copy = arena_copy(step->arena, str_from(hex));
    *ret_hash = value_text(copy);
    return copy.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Where it is: the object, or what all of them begin with. */
static str url_of(struct step *step)
{
    const struct logs *self = step->state;
    const char *name = self->parts == 1 ? name_of(step, 1)
                                        : arena_format(step->arena, "%.*s/", STR_ARG(step->key));
    return name == NULL ? (str){ NULL, 0 } : evidence_place_url(step->arena, &self->place, name);
}

static enum step_turn conclude(struct step *step)
{
    struct logs *self = step->state;
    const char *about = logs_about(step), *missing = gaps(step);
    str url = url_of(step);
    uint32_t events = self->events - self->too_long;
    if (about == NULL || missing == NULL || url.ptr == NULL
        || hash(step, &step->results.sha256) != ERR_OK)
        return talk_memory(step);
    enum step_turn end = missing[0] == '\0' ? STEP_DONE : STEP_PARTIAL;
    step->results.url = value_text(url);
    if (self->is_supposed)
        return talk_end(step, end, "%u events about %s would be kept as %.*s%s", events, about,
            STR_ARG(url), missing);
    return talk_end(step, end,
        "%u events about %s are kept as %.*s; CloudTrail tells management events alone, and those "
        "of "
        "the last minutes late%s",
        events, about, STR_ARG(url), missing);
}

/* CloudTrail told no event. */
static enum step_turn conclude_empty(struct step *step)
{
    const struct logs *self = step->state;
    const char *about = logs_about(step), *missing = gaps(step);
    if (about == NULL || missing == NULL)
        return talk_memory(step);
    if (self->is_assumed)
        return talk_end(step, STEP_DONE, "the events about %s would be kept", about);
    if (self->failed == self->lookups_count)
        return talk_end(step, STEP_FAILED, "%s", self->why);
    return talk_end(step, missing[0] == '\0' ? STEP_DONE : STEP_PARTIAL,
        "nothing to collect: CloudTrail has no event about %s, so no file is written (it tells "
        "management events alone, and those of the last minutes late)%s",
        about, missing);
}

/* ---- one object ---- */

/* Whole lines from self->line on, as many as one object takes. ERR_MEMORY. */
static MUST_CHECK enum err fill(struct step *step)
{
    struct logs *self = step->state;
    size_t length = 0;
    const struct logs_line *end = self->line;
    for (; end != NULL && length + end->text.len <= REQUEST_BYTES_MAX; end = end->next)
        length += end->text.len;
    char *body = arena_alloc(step->arena, length, 1);
    if (body == NULL)
        return ERR_MEMORY;
    self->body = (str){ body, length };
    for (; self->line != end; self->line = self->line->next) {
        memcpy(body, self->line->text.ptr, self->line->text.len);
        body += self->line->text.len;
    }
    return ERR_OK;
}

static enum step_turn put(struct step *step)
{
    struct logs *self = step->state;
    const char *name = name_of(step, self->parts);
    str target =
        name == NULL ? (str){ NULL, 0 } : evidence_place_target(step->arena, &self->place, name);
    if (target.ptr == NULL)
        return talk_memory(step);
    tries_send(&self->tries);
    return talk_change(step, LOGS_PUTS,
        s3_put_object(step, self->bucket_region, target, self->body),
        (struct undo){ .builtin = NULL });
}

enum step_turn logs_keep(struct step *step)
{
    struct logs *self = step->state;
    if (self->parts == 0)
        self->line = self->first;
    while (self->line != NULL && self->line->text.len > REQUEST_BYTES_MAX) {
        self->too_long++;
        self->line = self->line->next;
    }
    if (self->line == NULL)
        return self->parts == 0 ? conclude_empty(step) : conclude(step);
    if (fill(step) != ERR_OK)
        return talk_memory(step);
    self->parts++;
    self->tries = (struct tries){ 0 };
    return put(step);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct logs *self = step->state;
    const char *name = name_of(step, self->parts);
    str target =
        name == NULL ? (str){ NULL, 0 } : evidence_place_target(step->arena, &self->place, name);
    if (target.ptr == NULL)
        return talk_memory(step);
    struct request request = s3_list_objects(step, self->bucket_region, self->place.bucket,
        str_skip(target, self->place.bucket.len + 1));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOGS_LOOKS, request);
}

/* The object is not there: now, or after it was sent. */
static enum step_turn missing(struct step *step)
{
    struct logs *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return put(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, STEP_UNKNOWN, "S3 does not show object %u of the logs after %u requests",
        (unsigned)self->parts, self->tries.sent);
}

/* S3 told that the bucket is elsewhere: once it is asked there. */
static bool moves(struct step *step, const struct answer *answer)
{
    struct logs *self = step->state;
    str wanted = evidence_place_region(answer);
    if (answer->heard != HEARD_ERROR || wanted.len == 0 || self->is_moved)
        return false;
    self->is_moved = true;
    self->bucket_region = arena_copy(step->arena, wanted);
    return self->bucket_region.ptr != NULL;
}

enum step_turn logs_heard_object(struct step *step, const struct answer *answer)
{
    const struct logs *self = step->state;
    if (moves(step, answer))
        return look(step, 0);
    if (answer->heard != HEARD_ANSWER)
        return evidence_place_fail(step, answer, &self->place);
    const char *size = arena_format(step->arena, "%zu", self->body.len);
    const char *name = name_of(step, self->parts);
    str target =
        name == NULL ? (str){ NULL, 0 } : evidence_place_target(step->arena, &self->place, name);
    if (size == NULL || target.ptr == NULL)
        return talk_memory(step);
    /* What was asked for is all that begins with its name. */
    const struct xml *object = xml_find(answer->root, "Contents");
    while (object != NULL
           && !str_equal(
               xml_text(object, "Key"), str_skip(target, self->place.bucket.len + strlen("/"))))
        object = xml_next(object);
    if (object == NULL)
        return missing(step);
    if (str_is(xml_text(object, "Size"), size))
        return logs_keep(step);
    return talk_end(step, STEP_FAILED,
        "there is another object of %.*s bytes already where the logs should go: %.*s",
        STR_ARG(xml_text(object, "Size")), STR_ARG(xml_text(object, "Key")));
}

/* S3 took the objects before this one. */
static enum step_turn conclude_cut(struct step *step, const struct answer *answer)
{
    const struct logs *self = step->state;
    const char *why = talk_why(step, answer), *about = logs_about(step);
    str url = url_of(step);
    if (why == NULL || about == NULL || url.ptr == NULL)
        return talk_memory(step);
    step->results.url = value_text(url);
    return talk_end(step, STEP_PARTIAL,
        "of %u events about %s only those of %u objects are kept as %.*s: %s", self->events, about,
        (unsigned)self->parts - 1, STR_ARG(url), why);
}

enum step_turn logs_heard_put(struct step *step, const struct answer *answer)
{
    struct logs *self = step->state;
    tries_heard(&self->tries, answer);
    self->is_supposed |= answer->heard == HEARD_ASSUMED;
    if (answer->heard == HEARD_ASSUMED || answer->heard == HEARD_ANSWER)
        return logs_keep(step);
    if (moves(step, answer))
        return put(step);
    if (answer_is(answer, "ConditionalRequestConflict") && self->tries.sent < CONFLICTS_MAX)
        return put(step);
    if (answer->heard == HEARD_NOTHING || answer_is(answer, "PreconditionFailed"))
        return look(step, 0);
    return self->parts > 1 ? conclude_cut(step, answer)
                           : evidence_place_fail(step, answer, &self->place);
}
