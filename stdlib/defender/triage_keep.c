/* triage_keep.c - what the collector packed, from the machine to where it is kept; then the cleaning. */
#include "aws/requests_evidence.h"
#include "defender/triage.h"

enum { LOOKS_MAX = 6, OBJECT_MS = 5000, GETS_MAX = 2, AGAIN_MS = 60 * 1000 };

/* ---- the end ---- */

static enum step_turn conclude(struct step *step)
{
    const struct machine_triage *self = step->state;
    const char *left = self->library.left;
    return talk_end(step, self->end, "%s%s%s%s%s", self->why, self->note == NULL ? "" : "; ",
        self->note == NULL ? "" : self->note, left == NULL ? "" : "; ", left == NULL ? "" : left);
}

enum step_turn machine_triage_removed(struct step *step, struct live_library *library)
{
    (void)library;
    return conclude(step);
}

static enum step_turn remove_files(struct step *step)
{
    struct machine_triage *self = step->state;
    return live_library_remove(step, &self->library);
}

static enum step_turn heard_clean(struct step *step)
{
    struct machine_triage *self = step->state;
    str output = self->live.end == LIVE_DONE ? self->live.output : STR("");
    if (output.len == 0 || memmem(output.ptr, output.len, "cdr-collector clean", 19) == NULL)
        self->note = "the collector's directory stays on the machine";
    return remove_files(step);
}

enum step_turn machine_triage_end(
    struct step *step, enum step_turn end, bool is_clean, const char *format, ...)
{
    struct machine_triage *self = step->state;
    struct live_command command = { .what = "clean",
        .script = self->library.files[SCRIPT_CLEAN].name };
    va_list args;
    va_start(args, format);
    self->why = arena_vformat(step->arena, format, args);
    va_end(args);
    self->end = end;
    if (self->why == NULL)
        return talk_memory(step);
    if (!is_clean)
        return remove_files(step);
    self->after = heard_clean;
    return live_begin(step, &self->live, &command, STR(""), 0);
}

/* ---- what is kept ---- */

static const char *status_words(struct step *step)
{
    const struct machine_triage *self = step->state;
    if (self->status.why.len > 0)
        return arena_format(step->arena, ": %.*s", STR_ARG(self->status.why));
    return self->status.skipped == 0
               ? ""
               : arena_format(step->arena,
                   ": %lld things were there and not taken, and manifest.json in it says which and "
                   "why",
                   self->status.skipped);
}

/* It is at `url`; `doubt`: why it may not be what was packed, or NULL. */
static enum step_turn kept(struct step *step, str url, str sha256, const char *doubt)
{
    struct machine_triage *self = step->state;
    const char *why = status_words(step), *where = machine_triage_words(step);
    bool is_partial = self->status.state == COLLECTOR_PARTIAL || self->status.skipped > 0;
    step->results.url = value_text(url);
    step->results.sha256 = value_text(sha256);
    step->results.verdict = (value){ .kind = VALUE_VERDICT, .integer = VERDICT_UNKNOWN };
    if (why == NULL || where == NULL)
        return talk_memory(step);
    return machine_triage_end(step, is_partial || doubt != NULL ? STEP_PARTIAL : STEP_DONE,
        doubt == NULL, "%lld file%s of %s %s kept as %.*s%s%s%s%s", self->status.files,
        self->status.files == 1 ? "" : "s", where, self->status.files == 1 ? "is" : "are",
        STR_ARG(url), is_partial ? "; it is not all" : "", is_partial ? why : "",
        doubt == NULL ? "" : "; ", doubt == NULL ? "" : doubt);
}

/* It was packed, and did not come to us: it stays where it is. */
static enum step_turn not_kept(struct step *step, const char *why)
{
    struct machine_triage *self = step->state;
    str archive = collector_archive_path(step->arena, self->platform, step->key);
    const char *where = machine_triage_words(step);
    if (why == NULL || archive.ptr == NULL || where == NULL)
        return talk_memory(step);
    return machine_triage_end(step, STEP_PARTIAL, false,
        "the collector on %s packed %lld file%s, which stay there as %.*s: %s", where,
        self->status.files, self->status.files == 1 ? "" : "s", STR_ARG(archive), why);
}

/* ---- in S3 ---- */

static enum step_turn ask_object(struct step *step, uint32_t delay_ms)
{
    struct machine_triage *self = step->state;
    struct request request = s3_list_objects(step, self->bucket_region, self->place.bucket,
        str_skip(self->key, self->place.bucket.len + 1));
    request.provider = "aws";
    request.delay_ms = delay_ms;
    return talk_ask_for_facts(step, MACHINE_TRIAGE_OBJECT, request);
}

enum step_turn machine_triage_heard_object(struct step *step, const struct answer *answer)
{
    struct machine_triage *self = step->state;
    str wanted = str_skip(self->key, self->place.bucket.len + 1);
    const struct xml *item =
        answer->heard == HEARD_ANSWER ? xml_find(answer->root, "Contents") : NULL;
    while (item != NULL && !str_equal(xml_text(item, "Key"), wanted))
        item = xml_next(item);
    str url = evidence_place_url(step->arena, &self->place, self->name);
    const char *bytes = arena_format(step->arena, "%lld", self->status.bytes);
    if (url.ptr == NULL || bytes == NULL)
        return talk_memory(step);
    if (item == NULL && self->looks++ < LOOKS_MAX)
        return ask_object(step, poll_delay_ms(self->looks, OBJECT_MS));
    if (item == NULL)
        return not_kept(
            step, answer->heard == HEARD_ANSWER ? arena_format(step->arena,
                      "it says that it uploaded them, and S3 shows no %.*s", STR_ARG(url))
                                                : talk_why(step, answer));
    if (!str_is(xml_text(item, "Size"), bytes))
        return not_kept(step, arena_format(step->arena,
                                  "%.*s has %.*s bytes and the collector packed %s, so what lies "
                                  "there is not from it",
                                  STR_ARG(url), STR_ARG(xml_text(item, "Size")), bytes));
    if (self->status.has_existed) {
        step->results.url = value_text(url);
        return not_kept(
            step, arena_format(step->arena,
                      "%.*s was there already when the host uploaded: an earlier try of it "
                      "arrived, or somebody else put it there, and S3 shows its size alone",
                      STR_ARG(url)));
    }
    return kept(step, url, self->status.sha256, NULL);
}

/* ---- through Defender ---- */

static enum step_turn get(struct step *step, uint32_t delay_ms);

static enum step_turn heard_get(struct step *step)
{
    struct machine_triage *self = step->state;
    const struct live *live = &self->live;
    if (live->end != LIVE_DONE && live->end != LIVE_QUEUED && self->gets < GETS_MAX)
        return get(step, AGAIN_MS);
    if (live->end != LIVE_DONE || live->path.len == 0)
        return not_kept(step, live->end == LIVE_DONE ? "no file came" : live->why);
    const char *url = arena_format(step->arena, "file://%.*s", STR_ARG(live->path));
    if (url == NULL)
        return talk_memory(step);
    bool is_same = self->status.sha256.len > 0 && str_equal(live->sha256, self->status.sha256);
    return kept(step, str_from(url), live->sha256,
        is_same
            ? NULL
            : arena_format(step->arena,
                "its SHA-256 is not %.*s, which the archive has on the machine, where it stays: "
                "Defender may have packed it once more (gzip), or it is not from the collector",
                STR_ARG(self->status.sha256)));
}

static enum step_turn get(struct step *step, uint32_t delay_ms)
{
    struct machine_triage *self = step->state;
    const char *what = arena_format(step->arena, "get %u", ++self->gets);
    struct live_command command = { .what = what,
        .get = collector_archive_path(step->arena, self->platform, step->key) };
    if (what == NULL || command.get.ptr == NULL)
        return talk_memory(step);
    self->after = heard_get;
    return live_begin(step, &self->live, &command, str_from(self->name), delay_ms);
}

enum step_turn machine_triage_keep(struct step *step)
{
    const struct machine_triage *self = step->state;
    const char *where = machine_triage_words(step);
    if (where == NULL)
        return talk_memory(step);
    if (self->status.state == COLLECTOR_FAILED)
        return machine_triage_end(step, STEP_FAILED, true, "the collector on %s kept nothing: %.*s",
            where, STR_ARG(self->status.why));
    return self->is_uploading && self->status.is_uploaded ? ask_object(step, 0) : get(step, 0);
}
