#include "crowdstrike/triage.h"

#include "aws/late_put.h"
#include "aws/requests_evidence.h"
#include "crowdstrike/requests.h"
#include "crowdstrike/rtr_requests.h"
#include "fronts.h"
#include "rest/late.h"
#include "rest/voice.h"

#include <jansson.h>

enum {
    QUICK_S = 600, /* the collector ends itself after 240, and then packs and uploads */
    FULL_S = 1800, /* after 900 */
    OWN_S = 3600,
    OWN_S_MAX = 4 * 3600,
    PACKING_S = 600,
    OFFLINE_MS = 3600 * 1000,
    OFFLINE_POLL_MS = 60 * 1000,
    POLL_MS = 30 * 1000,
    LATE_POLL_MS = 60 * 1000, /* after half an hour: turns of a step are counted */
    LATE_POLLS = 60,
    POLLS_MAX = 280,
    SCRIPT_S = 120,
    MISSES_MAX = 6,
    WORDS_MAX = 160,
};

/* Where S3 says in which region a bucket is. */
#define ANY_BUCKET_REGION "us-east-1"

static str id_of(const struct step *step)
{
    return falcon_triage_arg(step, TRIAGE_HOST);
}

static const char *host_words(struct step *step)
{
    struct falcon_triage *self = step->state;
    const char *words = falcon_device_words(step, &self->device);
    return words == NULL ? "" : words; /* the arena is full, which the turn shows */
}

const char *falcon_triage_words(struct step *step, str text)
{
    str first = str_first(text, WORDS_MAX);
    char *words = arena_alloc(step->arena, first.len + 1, 1);
    for (size_t at = 0; words != NULL && at < first.len; at++) {
        unsigned char byte = (unsigned char)first.ptr[at];
        bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z')
                        || (byte >= 'a' && byte <= 'z') || byte == ',' || byte == '.';
        words[at] = is_plain ? (char)byte : ' ';
    }
    return words;
}

/* ---- what the rule says, before anybody is asked ---- */

/* Why `to` is no place for evidence; NULL: it is one, or none is given. */
static const char *place_fault(struct step *step)
{
    struct falcon_triage *self = step->state;
    str to = falcon_triage_arg(step, TRIAGE_TO);
    if (to.len == 0)
        return "nothing says where the evidence goes: write evidence = \"/var/lib/cdr/evidence\" "
               "in "
               "the connection to crowdstrike, or to=\"s3://bucket/prefix\"";
    if (str_startswith(to, STR("/")))
        return NULL;
    const char *why = evidence_place_fault(to, &self->place);
    self->is_uploading = why == NULL;
    return why == NULL ? NULL
                       : arena_format(step->arena,
                           "%.*s is no place for evidence: %s, nor is it a folder from / on",
                           STR_ARG(to), why);
}

static enum step_turn begin(struct step *step, bool is_memory)
{
    struct falcon_triage *self = step->state;
    str plan = falcon_triage_arg(step, TRIAGE_PLAN);
    bool is_full = str_is(falcon_triage_arg(step, TRIAGE_PROFILE), "full");
    const char *why = place_fault(step);
    if (id_of(step).len == 0)
        return step_end(step, STEP_UNRESOLVED, "the alert names no host of CrowdStrike");
    if (why != NULL)
        return step_end(step, STEP_UNRESOLVED, why);
    if (plan.len == 0 && is_memory)
        return step_end(step, STEP_UNRESOLVED,
            "collecting memory needs a tool that reads it, and the profile names none: declare a "
            "collector with its file, SHA-256 and command");
    self->plan = plan.len > 0 ? plan : collector_profile(is_full ? STR("full") : STR("quick"));
    self->seconds = plan.len > 0 ? OWN_S : is_full ? FULL_S : QUICK_S;
    return falcon_device_ask(step, TRIAGE_DEVICE, id_of(step), 0);
}

/* ---- the host ---- */

/* What the plan says for the platform: a file to send, and how long it takes. False: it is none, or
 * says nothing for it. */
static bool plan_read(struct step *step)
{
    struct falcon_triage *self = step->state;
    struct collector_tool tool;
    if (!collector_needs(step->arena, self->platform, self->plan, &tool))
        return false;
    json_auto_t *plan = json_loadb(self->plan.ptr, self->plan.len, 0, NULL);
    const char *part = self->platform == PLATFORM_WINDOWS ? "windows" : "linux";
    json_int_t seconds = json_integer_value(json_object_get(json_object_get(plan, part), "time"));
    self->tool_file = tool.file;
    self->tool_sha256 = tool.sha256;
    if (seconds > 0)
        self->seconds = (uint32_t)(seconds < OWN_S_MAX ? seconds : OWN_S_MAX) + PACKING_S;
    return true;
}

/* Name the archive, and the object where it is uploaded. False: memory is short. */
static bool name_evidence(struct step *step)
{
    struct falcon_triage *self = step->state;
    const char *end = !self->is_uploading                  ? "7z"
                      : self->platform == PLATFORM_WINDOWS ? "zip"
                                                           : "tar.gz";
    self->name = arena_format(
        step->arena, "%.*s/triage-%.*s.%s", STR_ARG(id_of(step)), STR_ARG(step->key), end);
    if (self->name == NULL)
        return false;
    if (self->is_uploading)
        self->key = evidence_place_target(step->arena, &self->place, self->name);
    return !self->is_uploading || self->key.ptr != NULL;
}

static enum step_turn ask_bucket(struct step *step, str region)
{
    struct falcon_triage *self = step->state;
    self->bucket_region = region;
    struct request request = s3_list_objects(
        step, region, self->place.bucket, str_skip(self->key, self->place.bucket.len + 1));
    request.provider = "aws";
    return talk_ask(step, TRIAGE_BUCKET, request);
}

static enum step_turn heard_device(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    enum step_turn turn;
    if (!falcon_device_heard(step, answer, id_of(step), &self->device, &turn))
        return turn;
    self->rtr.device = self->device.id;
    if (answer->heard == HEARD_ANSWER) {
        const char *why = falcon_device_refusal(step->arena, &self->device);
        if (why != NULL && str_is(self->device.platform, "Mac"))
            return talk_end(step, STEP_UNRESOLVED, "%s: %s", host_words(step), why);
        if (why != NULL)
            return talk_end(step, STEP_UNRESOLVED,
                "%s cannot be collected from by Real Time Response: %s (Host setup and management "
                "> "
                "Response policies, of its platform: switch on Real Time Response, Custom Scripts, "
                "get and put, and assign a group that has the host)",
                host_words(step), why);
        if (falcon_containment_of(&self->device) != FALCON_NORMAL && self->is_uploading) {
            self->is_uploading = false; /* it reaches nothing but the cloud of Falcon */
            talk_found(step, "contained, so fetched by get");
        }
    }
    self->platform = str_is(self->device.platform, "Windows") ? PLATFORM_WINDOWS : PLATFORM_LINUX;
    if (!plan_read(step) && !step->arena->is_full)
        return talk_end(step, STEP_FAILED, "the profile says nothing of %s: %s runs that",
            self->platform == PLATFORM_WINDOWS ? "Windows" : "Linux", host_words(step));
    if (!name_evidence(step))
        return talk_memory(step);
    return falcon_online_ask(step, TRIAGE_ONLINE, self->device.id);
}

static enum step_turn go_on(struct step *step)
{
    const struct falcon_triage *self = step->state;
    return self->tool_file.len > 0 ? falcon_triage_upload_tool(step) : falcon_triage_open(step);
}

static enum step_turn heard_online(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    str region = falcon_triage_arg(step, TRIAGE_REGION);
    self->is_offline =
        answer->heard == HEARD_ANSWER && falcon_online_of(answer, self->device.id) != FALCON_ONLINE;
    if (self->is_uploading)
        return ask_bucket(step, region.len > 0 ? region : STR(ANY_BUCKET_REGION));
    return go_on(step);
}

/* May it be looked at, and where is it? */
static enum step_turn heard_bucket(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    if (answer->heard != HEARD_ERROR)
        return go_on(step);
    str told = arena_copy(step->arena, evidence_place_region(answer));
    if (told.ptr == NULL)
        return talk_memory(step);
    if (told.len > 0 && !str_equal(told, self->bucket_region))
        return ask_bucket(step, told);
    return evidence_place_fail(step, answer, &self->place);
}

/* ---- while it is offline ---- */

static enum step_turn ask_waiting(struct step *step)
{
    struct falcon_triage *self = step->state;
    struct request request = falcon_get_online(step, &self->device.id, 1);
    request.delay_ms = poll_delay_ms(self->looks++, OFFLINE_POLL_MS);
    self->waited_ms += request.delay_ms;
    return rtr_ask(step, TRIAGE_WAITING, request);
}

static enum step_turn wait_for_host(struct step *step)
{
    struct falcon_triage *self = step->state;
    self->looks = 0;
    return ask_waiting(step);
}

static enum step_turn heard_reopened(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    if (told->heard != RTR_DONE && ++self->misses < MISSES_MAX)
        return wait_for_host(step);
    if (told->heard != RTR_DONE)
        return falcon_triage_end(step, self->has_begun ? STEP_UNKNOWN : STEP_FAILED, false,
            "no session can be opened on %s any more: %s", host_words(step),
            told->why == NULL ? "it is queued" : told->why);
    return self->has_begun ? falcon_triage_poll(step, 0) : falcon_triage_open(step);
}

/* Of a host that is queued for, Falcon has to say that it is there; else it is tried. */
static bool is_there(const struct falcon_triage *self, const struct answer *answer)
{
    if (answer->heard != HEARD_ANSWER)
        return false;
    enum falcon_online online = falcon_online_of(answer, self->device.id);
    return online == FALCON_ONLINE || (online == FALCON_ONLINE_UNKNOWN && !self->is_queued);
}

static enum step_turn heard_waiting(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    if (is_there(self, answer)) {
        self->is_offline = false;
        return rtr_open(step, false, heard_reopened);
    }
    if (self->waited_ms < OFFLINE_MS)
        return ask_waiting(step);
    if (!self->has_begun)
        return falcon_triage_end(step, STEP_FAILED, false,
            "%s was offline for an hour; a collector of your own is not queued, so nothing was "
            "started",
            host_words(step));
    str directory = collector_archive_path(step->arena, self->platform, step->key);
    return falcon_triage_end(step, STEP_PARTIAL, false,
        "%s: the host was offline for an hour. What it collects then stays there as %.*s (session "
        "%.*s, request %.*s)",
        self->is_queued ? "queued: the collector starts when the host is back" : "not finished",
        STR_ARG(directory), STR_ARG(self->rtr.session), STR_ARG(self->rtr.request_id));
}

/* A start was sent to a session that waits, and not answered: is it in the queue? */
static enum step_turn heard_find_queued(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    for (const struct xml *command = xml_find(answer->root, "resources/Commands"); command != NULL;
         command = xml_next(command))
        if (str_equal(xml_text(command, "command_string"), self->rtr.command.line)) {
            self->rtr.request_id = arena_copy(step->arena, xml_text(command, "cloud_request_id"));
            self->is_queued = true;
        }
    /* Not there, it may be on its way all the same: the host tells, once it is back. */
    return self->rtr.request_id.ptr == NULL ? talk_memory(step) : wait_for_host(step);
}

/* ---- the start ---- */

static enum step_turn planned(struct step *step)
{
    const struct falcon_triage *self = step->state;
    str key = self->is_uploading ? self->key : str_from(self->name);
    return talk_end(step, STEP_DONE,
        "the collector would run on %s by Real Time Response, and what it packs be kept as %s%.*s",
        host_words(step), self->is_uploading ? "s3://" : "", STR_ARG(key));
}

static enum step_turn not_allowed(struct step *step, const char *why)
{
    return falcon_triage_end(step, STEP_UNRESOLVED, false,
        "Real Time Response does not run the collector on %s: %s (does its response policy allow "
        "Real Time Response and Custom Scripts?)",
        host_words(step), why);
}

static enum step_turn heard_open(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    if (told->heard == RTR_PLANNED)
        return planned(step);
    if (told->heard == RTR_UNANSWERED)
        return falcon_triage_end(
            step, STEP_FAILED, false, "nothing was started on %s: %s", host_words(step), told->why);
    if (told->heard == RTR_DECLINED
        && !self->is_offline) { /* gone offline since it was looked at? */
        self->is_offline = true;
        return rtr_open(step, true, heard_open);
    }
    if (told->heard == RTR_DECLINED)
        return not_allowed(step, told->why);
    if (self->rtr.is_queued && self->tool_file.len > 0)
        return wait_for_host(step);
    self->is_offline = self->rtr.is_queued;
    return self->tool_file.len > 0 ? falcon_triage_put_tool(step) : falcon_triage_start(step);
}

enum step_turn falcon_triage_open(struct step *step)
{
    const struct falcon_triage *self = step->state;
    return rtr_open(step, self->is_offline, heard_open);
}

static enum step_turn heard_start(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    self->has_begun |= told->heard != RTR_DECLINED;
    self->tries.accepted = told->heard == RTR_DONE;
    self->polls = 0;
    switch (told->heard) {
    case RTR_PLANNED:
        return planned(step);
    case RTR_QUEUED:
        self->is_queued = true;
        return wait_for_host(step);
    case RTR_DECLINED:
        return self->has_begun ? falcon_triage_poll(step, 0) : not_allowed(step, told->why);
    case RTR_UNANSWERED:
        if (self->rtr.is_queued)
            return rtr_ask(step, TRIAGE_FIND_QUEUED, rtr_queued(step, self->rtr.session));
        return falcon_triage_poll(step, poll_delay_ms(0, POLL_MS));
    case RTR_DONE:
        break;
    }
    bool is_started =
        told->out.len > 0
        && (memmem(told->out.ptr, told->out.len, "cdr-collector started", 21) != NULL
            || memmem(told->out.ptr, told->out.len, "cdr-collector running", 21) != NULL);
    if (!is_started)
        self->start_words = told->err.len > 0   ? told->err
                            : told->out.len > 0 ? told->out
                                                : STR("the script printed nothing");
    return falcon_triage_poll(step, poll_delay_ms(0, POLL_MS));
}

enum step_turn falcon_triage_start(struct step *step)
{
    struct falcon_triage *self = step->state;
    const char *put = "";
    uint32_t signed_s = self->seconds + PACKING_S + (self->is_offline ? OFFLINE_MS / 1000 : 0);
    if (self->is_uploading)
        put = arena_format(step->arena, REST_LATE_PUT "%.*s:%.*s:%u;", STR_ARG(self->key),
            STR_ARG(self->bucket_region),
            signed_s < LATE_PUT_SECONDS_MAX ? signed_s : LATE_PUT_SECONDS_MAX);
    struct collection what = { .key = step->key,
        .plan = self->plan,
        .put_url = str_from(put),
        .tool = self->tool_path,
        .sent_s = step->began_ms / 1000 };
    str script = collector_start_script(step->arena, self->platform, &what);
    if (put == NULL || step->arena->is_full)
        return talk_memory(step);
    if (!rtr_may_run(script))
        return falcon_triage_end(step, STEP_FAILED, false,
            "the profile cannot be sent by Real Time Response: three backticks in a row, or a line "
            "break where none may be, end a script there");
    tries_send(&self->tries);
    self->start_words = STR("");
    struct rtr_command command = { .base = "runscript",
        .line = rtr_runscript(step->arena, script, SCRIPT_S),
        .late = str_from(put),
        .is_change = true };
    return rtr_run(step, &command, heard_start);
}

/* ---- its status ---- */

static enum step_turn still_there(struct step *step, enum step_turn end, const char *what)
{
    struct falcon_triage *self = step->state;
    str archive = collector_archive_path(step->arena, self->platform, step->key);
    return falcon_triage_end(step, end, false,
        "the collector on %s %s; what it packs stays there as %.*s", host_words(step), what,
        STR_ARG(archive));
}

/* The host does not show a collector of ours. */
static enum step_turn heard_none(struct step *step)
{
    struct falcon_triage *self = step->state;
    uint32_t delay_ms;
    if (self->start_words.len > 0)
        return not_allowed(step, falcon_triage_words(step, self->start_words));
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return falcon_triage_start(step);
    case TRIES_LOOK:
        return falcon_triage_poll(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return falcon_triage_end(step, STEP_UNKNOWN, false,
        "the collector was started on %s %u times, and the host shows nothing of it",
        host_words(step), self->tries.sent);
}

static enum step_turn heard_running(struct step *step)
{
    struct falcon_triage *self = step->state;
    uint32_t delay_ms =
        poll_delay_ms(self->polls, self->polls < LATE_POLLS ? POLL_MS : LATE_POLL_MS);
    if (self->polled_ms / 1000 >= self->seconds || self->polls++ >= POLLS_MAX)
        return still_there(step, STEP_PARTIAL, "does not end in the time that it has");
    return falcon_triage_poll(step, delay_ms);
}

static enum step_turn heard_status(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    if (told->heard != RTR_DONE) {
        if (++self->misses < MISSES_MAX)
            return wait_for_host(step);
        return still_there(step, STEP_UNKNOWN, "cannot be asked any more");
    }
    if (collector_status_read(step->arena, told->out, &self->status) != ERR_OK)
        return talk_memory(step);
    self->misses = 0;
    switch (self->status.state) {
    case COLLECTOR_NONE:
        return heard_none(step);
    case COLLECTOR_RUNNING:
        return heard_running(step);
    case COLLECTOR_COMPLETE:
    case COLLECTOR_PARTIAL:
    case COLLECTOR_FAILED:
        break;
    }
    return falcon_triage_keep(step);
}

enum step_turn falcon_triage_poll(struct step *step, uint32_t delay_ms)
{
    struct falcon_triage *self = step->state;
    str script = collector_status_script(step->arena, self->platform, step->key);
    struct rtr_command command = { .base = "runscript",
        .line = rtr_runscript(step->arena, script, SCRIPT_S),
        .delay_ms = delay_ms };
    self->polled_ms += delay_ms + 1000;
    return rtr_run(step, &command, heard_status);
}

/* ---- all of it ---- */

static enum step_turn next(struct step *step, const struct reply *reply, bool is_memory)
{
    static talk_hearer *const hearers[] = {
        RTR_HEARERS,
        [TRIAGE_DEVICE] = heard_device,
        [TRIAGE_ONLINE] = heard_online,
        [TRIAGE_WAITING] = heard_waiting,
        [TRIAGE_BUCKET] = heard_bucket,
        [TRIAGE_FIND_TOOL] = falcon_triage_heard_find_tool,
        [TRIAGE_LOOK_AT_TOOL] = falcon_triage_heard_look_at_tool,
        [TRIAGE_CREATE_TOOL] = falcon_triage_heard_create_tool,
        [TRIAGE_FIND_QUEUED] = heard_find_queued,
        [TRIAGE_OBJECT] = falcon_triage_heard_object,
        [TRIAGE_FILES] = falcon_triage_heard_files,
        [TRIAGE_DOWNLOAD] = falcon_triage_heard_download,
        [TRIAGE_CLOSE] = falcon_triage_heard_close,
    };
    const struct falcon_triage *self = step->state;
    if (reply == NULL)
        return begin(step, is_memory);
    bool is_of_aws = self->rtr.talk.last.provider != NULL;
    return talk_hear(step, reply, hearers, is_of_aws ? &aws_speaker : &crowdstrike_speaker);
}

enum step_turn falcon_triage_next(struct step *step, const struct reply *reply)
{
    return next(step, reply, false);
}

enum step_turn falcon_memory_next(struct step *step, const struct reply *reply)
{
    return next(step, reply, true);
}
