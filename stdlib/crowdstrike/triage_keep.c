/* triage_keep.c - what the collector packed, from the host to where it is kept; then the cleaning. */
#include "aws/requests_evidence.h"
#include "crowdstrike/rtr_requests.h"
#include "crowdstrike/triage.h"

enum {
    LOOKS_MAX = 6,
    OBJECT_MS = 5000,
    FILES_MS = 30 * 1000,
    FILES_MAX = 130, /* about an hour */
    ABSENT_MAX = 6,
    DOWNLOAD_MS = 30 * 60 * 1000, /* what the download of an archive may take */
    SCRIPT_S = 60,
    CLEANS_MAX = 3,
    SHA256_DIGITS = 64,
};

static enum step_turn ask_files(struct step *step);

/* ---- the end ---- */

static enum step_turn conclude(struct step *step)
{
    const struct falcon_triage *self = step->state;
    if (self->why == NULL)
        return talk_memory(step);
    if (self->note == NULL)
        return talk_end(step, self->end, "%s", self->why);
    return talk_end(step, self->end, "%s; %s", self->why, self->note);
}

/* Whatever came of it: a session that is not closed ends by itself. */
enum step_turn falcon_triage_heard_close(struct step *step, const struct answer *answer)
{
    (void)answer;
    return conclude(step);
}

/* Not one that waits for its host, nor one that somebody else is working in. */
static enum step_turn close_session(struct step *step)
{
    const struct rtr *rtr = step->state;
    if (rtr->session.len == 0 || rtr->is_queued || !rtr->is_ours)
        return conclude(step);
    return talk_change(step, TRIAGE_CLOSE, rtr_delete_session(step, rtr->session),
        (struct undo){ .builtin = NULL });
}

static enum step_turn heard_rm(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    bool is_gone = told->heard == RTR_DONE && told->err.len == 0;
    if (!is_gone && self->note == NULL)
        self->note = arena_format(step->arena, "%.*s stays on the host", STR_ARG(self->tool_path));
    return close_session(step);
}

static enum step_turn remove_tool(struct step *step)
{
    const struct falcon_triage *self = step->state;
    if (self->tool_path.len == 0)
        return close_session(step);
    struct rtr_command command = {
        .base = "rm", .line = rtr_line(step->arena, "rm", self->tool_path), .is_change = true
    };
    return rtr_run(step, &command, heard_rm);
}

static enum step_turn clean(struct step *step);

static enum step_turn heard_clean(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    bool is_clean = told->heard == RTR_DONE && told->out.len > 0
                    && memmem(told->out.ptr, told->out.len, "cdr-collector clean", 19) != NULL;
    if (told->heard == RTR_UNANSWERED && ++self->cleans < CLEANS_MAX) /* twice does no harm */
        return clean(step);
    if (!is_clean) {
        self->note = "the collector's directory stays on the host";
        if (told->heard != RTR_DONE)
            return close_session(step);
    }
    return remove_tool(step);
}

static enum step_turn clean(struct step *step)
{
    const struct falcon_triage *self = step->state;
    str script = collector_clean_script(step->arena, self->platform, step->key);
    struct rtr_command command = {
        .base = "runscript", .line = rtr_runscript(step->arena, script, SCRIPT_S), .is_change = true
    };
    return rtr_run(step, &command, heard_clean);
}

enum step_turn falcon_triage_end(
    struct step *step, enum step_turn end, bool is_clean, const char *format, ...)
{
    struct falcon_triage *self = step->state;
    va_list args;
    va_start(args, format);
    self->why = arena_vformat(step->arena, format, args);
    va_end(args);
    self->end = end;
    if (self->why == NULL)
        return talk_memory(step);
    return is_clean && self->rtr.session.len > 0 ? clean(step) : close_session(step);
}

/* ---- what is kept ---- */

static const char *host_words(struct step *step)
{
    struct falcon_triage *self = step->state;
    const char *words = falcon_device_words(step, &self->device);
    return words == NULL ? "" : words;
}

static const char *words_of_status(struct step *step)
{
    const struct falcon_triage *self = step->state;
    if (self->status.why.len > 0)
        return arena_format(step->arena, ": %.*s", STR_ARG(self->status.why));
    return self->status.skipped == 0
               ? ""
               : arena_format(step->arena,
                   ": %lld things were there and not taken, and manifest.json in it says which and "
                   "why",
                   self->status.skipped);
}

/* It is at `url`; `how`: what a person must know to read it. */
static enum step_turn kept(struct step *step, str url, str sha256, const char *how)
{
    struct falcon_triage *self = step->state;
    const char *why = words_of_status(step);
    bool is_partial = self->status.state == COLLECTOR_PARTIAL || self->status.skipped > 0;
    step->results.url = value_text(url);
    step->results.sha256 = value_text(sha256);
    if (why == NULL)
        return talk_memory(step);
    return falcon_triage_end(step, is_partial ? STEP_PARTIAL : STEP_DONE, true,
        "%lld file%s of %s %s kept as %.*s%s%s%s", self->status.files,
        self->status.files == 1 ? "" : "s", host_words(step),
        self->status.files == 1 ? "is" : "are", STR_ARG(url), how,
        is_partial ? "; it is not all" : "", is_partial ? why : "");
}

/* It was packed, and did not come to us: it stays where it is. */
static enum step_turn not_kept(struct step *step, const char *why)
{
    struct falcon_triage *self = step->state;
    str archive = collector_archive_path(step->arena, self->platform, step->key);
    if (why == NULL || archive.ptr == NULL)
        return talk_memory(step);
    str told = self->status.why; /* such as why it could not upload */
    return falcon_triage_end(step, STEP_PARTIAL, false,
        "the collector on %s packed %lld file%s, which stay there as %.*s: %s%s%.*s",
        host_words(step), self->status.files, self->status.files == 1 ? "" : "s", STR_ARG(archive),
        why, told.len > 0 ? "; it says: " : "", STR_ARG(told));
}

/* ---- in S3 ---- */

static enum step_turn ask_object(struct step *step, uint32_t delay_ms)
{
    struct falcon_triage *self = step->state;
    struct request request = s3_list_objects(step, self->bucket_region, self->place.bucket,
        str_skip(self->key, self->place.bucket.len + 1));
    request.provider = "aws";
    request.delay_ms = delay_ms;
    return rtr_ask(step, TRIAGE_OBJECT, request);
}

enum step_turn falcon_triage_heard_object(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
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
    return kept(step, url, self->status.sha256, ", with the SHA-256 that the host says");
}

/* ---- through the cloud of Falcon ---- */

static enum step_turn heard_get(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    self->gets.accepted = told->heard == RTR_DONE;
    if (told->heard == RTR_DECLINED)
        return not_kept(step, told->why);
    if (told->heard == RTR_DONE && told->err.len > 0 && told->out.len == 0)
        return not_kept(step, falcon_triage_words(step, told->err));
    self->get_id = self->rtr.request_id;
    self->looks = 0;
    return ask_files(step);
}

static enum step_turn get(struct step *step)
{
    struct falcon_triage *self = step->state;
    str path = collector_archive_path(step->arena, self->platform, step->key);
    struct rtr_command command = {
        .base = "get", .line = rtr_line(step->arena, "get", path), .is_change = true
    };
    tries_send(&self->gets);
    return rtr_run(step, &command, heard_get);
}

static enum step_turn unopened(struct step *step, const struct rtr_told *told)
{
    return not_kept(step, told->why == NULL ? "its session ended" : told->why);
}

static enum step_turn ask_files_now(struct step *step)
{
    struct falcon_triage *self = step->state;
    struct request request = rtr_files(step, self->rtr.session);
    request.delay_ms = poll_delay_ms(self->looks, FILES_MS);
    return rtr_ask(step, TRIAGE_FILES, request);
}

static enum step_turn ask_files(struct step *step)
{
    return rtr_awake(step, ask_files_now, unopened);
}

static enum step_turn download_now(struct step *step)
{
    const struct falcon_triage *self = step->state;
    str path = collector_archive_path(step->arena, self->platform, step->key);
    size_t before =
        self->platform == PLATFORM_WINDOWS ? str_find_last(path, '\\') : str_find_last(path, '/');
    struct request request = rtr_file_contents(
        step, self->rtr.session, self->fetched, str_skip(path, before + 1), str_from(self->name));
    request.answer_ms = DOWNLOAD_MS;
    return rtr_ask(step, TRIAGE_DOWNLOAD, request);
}

/* What the list says of our archive: by its hash, else by the request that fetched it. */
static const struct xml *find_file(const struct falcon_triage *self, const struct answer *answer)
{
    const struct xml *ours = NULL;
    if (answer->heard != HEARD_ANSWER)
        return NULL;
    for (const struct xml *item = xml_find(answer->root, "resources"); item != NULL;
         item = xml_next(item)) {
        if (str_equal(xml_text(item, "sha256"), self->status.sha256))
            return item;
        if (self->get_id.len > 0 && str_equal(xml_text(item, "cloud_request_id"), self->get_id))
            ours = item;
    }
    return ours;
}

static enum step_turn heard_no_file(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    uint32_t delay_ms;
    if (self->looks++ < ABSENT_MAX)
        return ask_files(step);
    if (answer->heard != HEARD_ANSWER)
        return not_kept(step, talk_why(step, answer));
    self->gets.accepted = false; /* a session that was opened again does not show it */
    self->gets.looks = ABSENT_MAX;
    if (tries_missing(&self->gets, &delay_ms) == TRIES_SEND)
        return get(step);
    return not_kept(step, "CrowdStrike does not show the file that `get` fetched");
}

enum step_turn falcon_triage_heard_files(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    const struct xml *file = find_file(self, answer);
    if (file == NULL)
        return heard_no_file(step, answer);
    bool is_complete = str_is(xml_text(file, "complete"), "true");
    str fault = xml_text(file, "error_message");
    if (fault.len > 0 && !is_complete)
        return not_kept(step, falcon_triage_words(step, fault));
    if (!is_complete && self->looks++ < FILES_MAX)
        return ask_files(step);
    if (!is_complete)
        return not_kept(step, "the file did not come to CrowdStrike within an hour");
    if (!str_equal(xml_text(file, "sha256"), self->status.sha256))
        return not_kept(step,
            "the file that came has another SHA-256 than the collector told, so it is not from it");
    self->fetched = self->status.sha256;
    self->looks = 0;
    return rtr_awake(step, download_now, unopened);
}

/* The reply is what became of the file (act/step.h). */
enum step_turn falcon_triage_heard_download(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    str path = answer->heard == HEARD_ANSWER ? xml_text(answer->root, "path") : STR("");
    if (path.len == 0 && answer->heard == HEARD_NOTHING && self->looks++ < LOOKS_MAX)
        return rtr_awake(step, download_now, unopened);
    if (path.len == 0)
        return not_kept(
            step, answer->heard == HEARD_ANSWER ? "it was not kept" : talk_why(step, answer));
    const char *url = arena_format(step->arena, "file://%.*s", STR_ARG(path));
    str sha256 = arena_copy(step->arena, xml_text(answer->root, "sha256"));
    if (url == NULL || sha256.ptr == NULL)
        return talk_memory(step);
    if (str_endswith(path, STR(".7z")))
        return kept(step, str_from(url), sha256, ", a 7z archive whose password is infected");
    if (str_equal(sha256, self->status.sha256))
        return kept(step, str_from(url), sha256, ", as the collector packed it, in no 7z archive");
    step->results.url = value_text(str_from(url));
    return not_kept(step,
        arena_format(step->arena,
            "what came is kept as %s, and is neither a 7z archive nor what the collector packed",
            url));
}

enum step_turn falcon_triage_keep(struct step *step)
{
    struct falcon_triage *self = step->state;
    step->results.verdict = (value){ .kind = VALUE_VERDICT, .integer = VERDICT_UNKNOWN };
    self->looks = 0;
    if (self->status.state == COLLECTOR_FAILED)
        return falcon_triage_end(step, STEP_FAILED, true, "the collector on %s kept nothing: %.*s",
            host_words(step), STR_ARG(self->status.why));
    if (self->status.sha256.len != SHA256_DIGITS)
        return not_kept(step, "it does not say what it packed");
    if (self->is_uploading && self->status.is_uploaded)
        return ask_object(step, 0);
    if (self->is_uploading) { /* the host has no way to S3: the sensor has one to its cloud */
        self->is_uploading = false;
        self->name = arena_format(
            step->arena, "%.*s/triage-%.*s.7z", STR_ARG(self->device.id), STR_ARG(step->key));
        if (self->name == NULL)
            return talk_memory(step);
    }
    return get(step);
}
