#include "defender/triage.h"

#include "aws/late_put.h"
#include "aws/requests_evidence.h"
#include "base/sha256.h"
#include "base/time.h"
#include "defender/replies.h"
#include "defender/requests.h"
#include "fronts.h"
#include "rest/late.h"

enum {
    QUICK_S = 600, /* the collector ends itself after 240, and then packs and uploads */
    FULL_S = 1800, /* after 900 */
    OWN_S = 3600,
    OWN_S_MAX = 4 * 3600,
    PACKING_S = 600,
    SESSIONS_S = 5400, /* until the start has reached the machine */
    /* Of the whole tenant, ten sessions may be asked for a minute. */
    STATUS_MS_FIRST = 10 * 1000, /* a small host is done by then; with its sessions two a minute */
    STATUS_MS = 30 * 1000,
    STATUS_MS_MAX = 60 * 1000,
    SESSION_MS = 30 * 1000, /* a session takes about so long */
    POLLS_MAX = 120,
    MISSES_MAX = 3,
    TURNS_MAX = STEP_TURNS_MAX - 150, /* what is left is for the end */
};

/* Where S3 says in which region a bucket is. */
#define ANY_BUCKET_REGION "us-east-1"

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

const char *machine_triage_words(struct step *step)
{
    const struct machine_triage *self = step->state;
    if (self->machine.name.len == 0)
        return arena_format(step->arena, "%.*s", STR_ARG(step->target));
    return arena_format(
        step->arena, "%.*s (%.*s)", STR_ARG(self->machine.name), STR_ARG(step->target));
}

static const char *words(struct step *step)
{
    const char *text = machine_triage_words(step);
    return text == NULL ? "" : text; /* the arena is full, which the turn shows */
}

/* ---- what the rule says, before anybody is asked ---- */

/* Why `to` is no place for evidence; NULL: it is one. */
static const char *place_fault(struct step *step)
{
    struct machine_triage *self = step->state;
    str to = arg(step, TRIAGE_TO);
    if (to.len == 0)
        return "nothing says where the evidence goes: write evidence = \"/var/lib/cdr/evidence\" "
               "in "
               "the connection to defender, or to=\"s3://bucket/prefix\"";
    if (str_startswith(to, STR("/")))
        return NULL;
    const char *why = evidence_place_fault(to, &self->place);
    self->is_uploading = why == NULL;
    return why == NULL ? NULL
                       : arena_format(step->arena,
                           "%.*s is no place for evidence: %s, nor is it a folder from / on",
                           STR_ARG(to), why);
}

static enum step_turn live_ended(struct step *step, struct live *live)
{
    const struct machine_triage *self = step->state;
    (void)live;
    return self->after(step);
}

static enum step_turn begin(struct step *step, const char *profile)
{
    struct machine_triage *self = step->state;
    str id = arg(step, TRIAGE_HOST), plan = arg(step, TRIAGE_PLAN);
    const char *why = place_fault(step);
    if (id.len == 0)
        return step_end(step, STEP_UNRESOLVED, "the alert names no machine of Defender");
    if (why != NULL)
        return step_end(step, STEP_UNRESOLVED, why);
    if (profile == NULL)
        profile = str_is(arg(step, TRIAGE_PROFILE), "full") ? "full" : "quick";
    self->plan = plan.len > 0 ? plan : collector_profile(str_from(profile));
    if (self->plan.len == 0)
        return step_end(step, STEP_UNRESOLVED,
            "memory is read by a tool of your own: name a profile that has its file and SHA-256");
    self->seconds = strcmp(profile, "quick") == 0  ? QUICK_S
                    : strcmp(profile, "full") == 0 ? FULL_S
                                                   : OWN_S;
    self->live = (struct live){ .machine = id, .first = MACHINE_TRIAGE_LIVE, .ended = live_ended };
    return machine_ask(step, MACHINE_TRIAGE_MACHINE, id);
}

/* ---- the machine ---- */

/* What the plan says of the platform. False: it says nothing, or memory is short. */
static bool plan_read(struct step *step)
{
    struct machine_triage *self = step->state;
    json_auto_t *plan = json_loadb(self->plan.ptr, self->plan.len, 0, NULL);
    const json_t *part =
        json_object_get(plan, self->platform == PLATFORM_WINDOWS ? "windows" : "linux");
    struct library_file *tool = &self->library.files[SCRIPT_TOOL];
    json_int_t seconds = json_integer_value(json_object_get(part, "time"));
    tool->content =
        arena_copy(step->arena, str_from(json_string_value(json_object_get(part, "file"))));
    tool->sha256 =
        arena_copy(step->arena, str_from(json_string_value(json_object_get(part, "sha256"))));
    if (seconds > 0)
        self->seconds = (uint32_t)(seconds < OWN_S_MAX ? seconds : OWN_S_MAX) + PACKING_S;
    return json_is_object(part) && tool->content.ptr != NULL && tool->sha256.ptr != NULL;
}

static bool name_evidence(struct step *step)
{
    struct machine_triage *self = step->state;
    const char *end = self->platform == PLATFORM_WINDOWS ? "zip" : "tar.gz";
    self->name = arena_format(
        step->arena, "%.*s/triage-%.*s.%s", STR_ARG(self->machine.id), STR_ARG(step->key), end);
    if (self->name != NULL && self->is_uploading)
        self->key = evidence_place_target(step->arena, &self->place, self->name);
    return self->name != NULL && (!self->is_uploading || self->key.ptr != NULL);
}

static enum step_turn heard_machine(struct step *step, const struct answer *answer)
{
    struct machine_triage *self = step->state;
    enum step_turn turn;
    if (!machine_heard(step, answer, arg(step, TRIAGE_HOST), &self->machine, &turn))
        return turn;
    bool is_known = answer->heard == HEARD_ANSWER;
    bool is_linux = str_is(self->machine.os, "Linux");
    const char *refusal = is_known ? machine_live_refusal(step->arena, self->machine.os) : NULL;
    if (refusal != NULL)
        return talk_end(step, STEP_UNRESOLVED, "%s %s", words(step), refusal);
    self->platform = is_linux ? PLATFORM_LINUX : PLATFORM_WINDOWS;
    if (!plan_read(step) && !step->arena->is_full)
        return talk_end(step, STEP_FAILED, "the profile says nothing of %s: %s runs that",
            is_linux ? "Linux" : "Windows", words(step));
    if (!name_evidence(step))
        return talk_memory(step);
    return talk_ask(step, MACHINE_TRIAGE_ACTIONS, mde_list_machine_actions(step, self->machine.id));
}

/* The later of the two that is under way or succeeded says what the machine is. */
static bool is_isolated(const struct answer *answer)
{
    int64_t newest_ms = INT64_MIN;
    bool isolated = false;
    const struct xml *item = xml_find(answer->root, "value");
    for (; item != NULL; item = xml_next(item)) {
        str type = xml_text(item, "type"), status = xml_text(item, "status");
        int64_t made_ms = INT64_MIN;
        bool counts = str_is(status, "Pending") || str_is(status, "InProgress")
                      || str_is(status, "Succeeded");
        bool is_either = str_is(type, "Isolate") || str_is(type, "Unisolate");
        if (!time_parse(xml_text(item, "creationDateTimeUtc"), &made_ms))
            made_ms = INT64_MIN;
        if (!counts || !is_either || (newest_ms != INT64_MIN && made_ms <= newest_ms))
            continue;
        newest_ms = made_ms;
        isolated = str_is(type, "Isolate");
    }
    return isolated;
}

static enum step_turn ask_bucket(struct step *step, str region)
{
    struct machine_triage *self = step->state;
    self->bucket_region = region;
    struct request request = s3_list_objects(
        step, region, self->place.bucket, str_skip(self->key, self->place.bucket.len + 1));
    request.provider = "aws";
    return talk_ask(step, MACHINE_TRIAGE_BUCKET, request);
}

static enum step_turn fill_library(struct step *step);

static enum step_turn heard_actions(struct step *step, const struct answer *answer)
{
    struct machine_triage *self = step->state;
    str region = arg(step, TRIAGE_REGION);
    if (answer->heard == HEARD_ERROR && !reply_is_missing(answer))
        return talk_fail(step, answer);
    if (self->is_uploading && answer->heard == HEARD_ANSWER && is_isolated(answer)) {
        self->is_uploading = false; /* it reaches nothing but Defender's cloud */
        talk_found(step, "isolated, so fetched through Defender");
    }
    if (self->is_uploading)
        return ask_bucket(step, region.len > 0 ? region : STR(ANY_BUCKET_REGION));
    return fill_library(step);
}

/* May it be looked at, and where is it? */
static enum step_turn heard_bucket(struct step *step, const struct answer *answer)
{
    struct machine_triage *self = step->state;
    if (answer->heard != HEARD_ERROR)
        return fill_library(step);
    str told = arena_copy(step->arena, evidence_place_region(answer));
    if (told.ptr == NULL)
        return talk_memory(step);
    if (told.len > 0 && !str_equal(told, self->bucket_region))
        return ask_bucket(step, told);
    return evidence_place_fail(step, answer, &self->place);
}

/* ---- the library ---- */

/* The start script; where the host uploads, `*ret_late` in it becomes an address when it is sent. */
static str start_script(struct step *step, str tool, str *ret_late)
{
    const struct machine_triage *self = step->state;
    const char *put = "";
    uint32_t signed_s = self->seconds + PACKING_S + SESSIONS_S;
    if (self->is_uploading)
        put = arena_format(step->arena, REST_LATE_PUT "%.*s:%.*s:%u;", STR_ARG(self->key),
            STR_ARG(self->bucket_region),
            signed_s < LATE_PUT_SECONDS_MAX ? signed_s : LATE_PUT_SECONDS_MAX);
    *ret_late = str_from(put);
    struct collection what = { .key = step->key,
        .plan = self->plan,
        .put_url = *ret_late,
        .tool = tool,
        .sent_s = step->began_ms / 1000 };
    return collector_start_script(step->arena, self->platform, &what);
}

/* A file for this step alone. False: memory is short. */
static bool script_add(struct step *step, uint32_t at, const char *what, str content)
{
    struct machine_triage *self = step->state;
    char hex[SHA256_HEX_SIZE] = "";
    bool is_fixed = at != SCRIPT_START || !self->is_uploading;
    const char *name = arena_format(step->arena, "cdr-%.*s-%s.%s", STR_ARG(step->key), what,
        self->platform == PLATFORM_WINDOWS ? "ps1" : "sh");
    if (name == NULL || content.ptr == NULL || (is_fixed && sha256_hex(content, hex) != ERR_OK))
        return false;
    self->library.files[at] = (struct library_file){
        .name = str_from(name), .content = content, .sha256 = arena_copy(step->arena, str_from(hex))
    };
    return self->library.files[at].sha256.ptr != NULL;
}

/* Where PutFile leaves files: of Linux, Microsoft does not say. */
#define PUT_FOLDER                                                                                 \
    "C:\\ProgramData\\Microsoft\\Windows Defender Advanced Threat Protection\\Downloads\\"

/* A collector of the user's own: shared, because its name has its hash. Its path on the machine, or
 * empty; ptr NULL: memory is short. */
static str tool_add(struct step *step)
{
    struct machine_triage *self = step->state;
    struct library_file *tool = &self->library.files[SCRIPT_TOOL];
    if (tool->content.len == 0)
        return STR("");
    str name = collector_tool_name(step->arena, tool->content, tool->sha256);
    const char *mark = arena_format(
        step->arena, REST_LATE_FILE "%.*s:%.*s", STR_ARG(tool->sha256), STR_ARG(tool->content));
    const char *path = arena_format(step->arena, PUT_FOLDER "%.*s", STR_ARG(name));
    if (name.ptr == NULL || mark == NULL || path == NULL)
        return (str){ NULL, 0 };
    tool->name = name;
    tool->content = tool->late = str_from(mark);
    tool->is_shared = true;
    self->library.count = SCRIPT_TOOL + 1;
    return str_from(path);
}

static enum step_turn library_kept(struct step *step, struct live_library *library);

static enum step_turn fill_library(struct step *step)
{
    struct machine_triage *self = step->state;
    const struct library_file *tool = &self->library.files[SCRIPT_TOOL];
    if (tool->content.len > 0 && self->platform != PLATFORM_WINDOWS)
        return talk_end(step, STEP_FAILED,
            "a collector of your own runs by live response on Windows alone: where PutFile leaves "
            "a "
            "file on Linux is not documented");
    if (tool->content.len > 0
        && (tool->sha256.len != 64 || !str_all_of(tool->sha256, "0123456789abcdef")))
        return talk_end(step, STEP_FAILED,
            "the profile names a collector and no SHA-256 of it in 64 small hex digits");
    self->library.first = MACHINE_TRIAGE_LIBRARY;
    self->library.count = SCRIPT_COUNT;
    self->library.kept = library_kept;
    self->library.removed = machine_triage_removed;
    str path = tool_add(step);
    str late = STR("");
    str start = path.ptr == NULL ? path : start_script(step, path, &late);
    bool is_whole = script_add(step, SCRIPT_START, "start", start)
                    && script_add(step, SCRIPT_STATUS, "status",
                        collector_status_script(step->arena, self->platform, step->key))
                    && script_add(step, SCRIPT_CLEAN, "clean",
                        collector_clean_script(step->arena, self->platform, step->key));
    if (!is_whole && !step->arena->is_full)
        return talk_end(step, STEP_FAILED, "the profile is none that a collector can read");
    self->library.files[SCRIPT_START].late = late;
    return is_whole ? live_library_keep(step, &self->library) : talk_memory(step);
}

/* ---- the start ---- */

static enum step_turn heard_start(struct step *step);
static enum step_turn ask_status(struct step *step, uint32_t delay_ms);

static enum step_turn start(struct step *step)
{
    struct machine_triage *self = step->state;
    bool has_tool = self->library.count > SCRIPT_TOOL;
    struct live_command command = { .what = "start",
        .put = has_tool ? self->library.files[SCRIPT_TOOL].name : STR(""),
        .script = self->library.files[SCRIPT_START].name };
    self->after = heard_start;
    tries_send(&self->tries);
    if (self->tries.sent > 1)
        command.what = arena_format(step->arena, "start %u", self->tries.sent);
    return live_begin(step, &self->live, &command, STR(""), 0);
}

static enum step_turn library_kept(struct step *step, struct live_library *library)
{
    if (library->why == NULL)
        return start(step);
    return machine_triage_end(
        step, STEP_FAILED, false, "nothing was started on %s: %s", words(step), library->why);
}

static enum step_turn planned(struct step *step)
{
    const struct machine_triage *self = step->state;
    str key = self->is_uploading ? self->key : str_from(self->name);
    return talk_end(step, STEP_DONE,
        "the collector would run on %s by live response, and what it packs be kept as %s%.*s",
        words(step), self->is_uploading ? "s3://" : "", STR_ARG(key));
}

static bool holds(str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* What a script printed that it should not have, for a person: letters, digits and plain signs. */
static const char *script_words(struct step *step, const struct live *live)
{
    enum { WORDS_MAX = 160 };
    str text = str_first(live->errors.len > 0 ? live->errors : live->output, WORDS_MAX);
    char *plain = arena_alloc(step->arena, text.len + 1, 1);
    for (size_t at = 0; plain != NULL && at < text.len; at++)
        plain[at] =
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.", text.ptr[at])
                ? text.ptr[at]
                : ' ';
    return plain != NULL && text.len == 0 ? "the script printed nothing" : plain;
}

static enum step_turn heard_start(struct step *step)
{
    struct machine_triage *self = step->state;
    const struct live *live = &self->live;
    self->tries.accepted = live->end == LIVE_DONE;
    switch (live->end) {
    case LIVE_ASSUMED:
        return planned(step);
    case LIVE_DECLINED:
        if (self->tries.sent > 1)
            return ask_status(step, STATUS_MS);
        return machine_triage_end(step, STEP_FAILED, false,
            "nothing was started on %s: %s (are live response, for servers too, and unsigned "
            "scripts "
            "switched on under Settings > Endpoints > Advanced features?)",
            words(step), live->why);
    case LIVE_QUEUED:
        return machine_triage_end(step, STEP_UNKNOWN, false,
            "the start of the collector on %s: %s. Its script is gone from the library",
            words(step), live->why);
    case LIVE_FAILED:
    case LIVE_UNKNOWN:
        self->start_why = live->why;
        return ask_status(step, STATUS_MS);
    case LIVE_DONE:
        break;
    }
    bool is_started = holds(live->output, "cdr-collector started")
                      || holds(live->output, "cdr-collector running");
    self->start_why = is_started ? NULL : script_words(step, live);
    return ask_status(step, STATUS_MS_FIRST);
}

/* ---- its status ---- */

static enum step_turn heard_status(struct step *step);

static enum step_turn ask_status(struct step *step, uint32_t delay_ms)
{
    struct machine_triage *self = step->state;
    const char *what = arena_format(step->arena, "status %u", ++self->polls);
    struct live_command command = { .what = what,
        .script = self->library.files[SCRIPT_STATUS].name };
    if (what == NULL)
        return talk_memory(step);
    self->polled_ms += delay_ms + SESSION_MS;
    self->after = heard_status;
    return live_begin(step, &self->live, &command, STR(""), delay_ms);
}

static enum step_turn still_there(struct step *step, enum step_turn end, const char *what)
{
    struct machine_triage *self = step->state;
    str archive = collector_archive_path(step->arena, self->platform, step->key);
    return machine_triage_end(step, end, false,
        "the collector on %s %s; what it packs stays there as %.*s", words(step), what,
        STR_ARG(archive));
}

/* The machine does not show a collector of ours. */
static enum step_turn heard_none(struct step *step)
{
    struct machine_triage *self = step->state;
    uint32_t delay_ms;
    if (self->tries.accepted && self->start_why != NULL)
        return machine_triage_end(step, STEP_FAILED, true, "the collector does not start on %s: %s",
            words(step), self->start_why);
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return start(step);
    case TRIES_LOOK:
        return ask_status(step, STATUS_MS);
    case TRIES_GIVE_UP:
        break;
    }
    return machine_triage_end(step, STEP_UNKNOWN, false,
        "the collector was started on %s %u times, and the machine shows nothing of it%s%s",
        words(step), self->tries.sent, self->start_why == NULL ? "" : ": ",
        self->start_why == NULL ? "" : self->start_why);
}

static enum step_turn heard_running(struct step *step)
{
    struct machine_triage *self = step->state;
    if (self->polled_ms / 1000 >= self->seconds + PACKING_S || self->polls >= POLLS_MAX
        || self->turns >= TURNS_MAX)
        return still_there(step, STEP_PARTIAL, "does not end in the time that it has");
    return ask_status(step, self->polls < 3 ? STATUS_MS : STATUS_MS_MAX);
}

static enum step_turn heard_status(struct step *step)
{
    struct machine_triage *self = step->state;
    const struct live *live = &self->live;
    if (live->end != LIVE_DONE) {
        if (++self->misses < MISSES_MAX && self->turns < TURNS_MAX && live->end != LIVE_QUEUED)
            return ask_status(step, STATUS_MS_MAX);
        return still_there(step, STEP_UNKNOWN,
            arena_format(step->arena, "cannot be asked any more (%s)", live->why));
    }
    if (collector_status_read(step->arena, live->output, &self->status) != ERR_OK)
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
    return machine_triage_keep(step);
}

/* ---- all of it ---- */

static enum step_turn heard_library(struct step *step, const struct answer *answer)
{
    struct machine_triage *self = step->state;
    return live_library_heard(step, answer, &self->library);
}

static enum step_turn heard_live(struct step *step, const struct answer *answer)
{
    struct machine_triage *self = step->state;
    return live_heard(step, answer, &self->live);
}

static enum step_turn next(struct step *step, const struct reply *reply, const char *profile)
{
    static talk_hearer *const hearers[MACHINE_TRIAGE_QUESTIONS] = {
        [MACHINE_TRIAGE_MACHINE] = heard_machine,
        [MACHINE_TRIAGE_ACTIONS] = heard_actions,
        [MACHINE_TRIAGE_BUCKET] = heard_bucket,
        [MACHINE_TRIAGE_OBJECT] = machine_triage_heard_object,
        [MACHINE_TRIAGE_LIBRARY] = heard_library,
        [MACHINE_TRIAGE_LIBRARY + 1] = heard_library,
        [MACHINE_TRIAGE_LIBRARY + 2] = heard_library,
        [MACHINE_TRIAGE_LIVE] = heard_live,
        [MACHINE_TRIAGE_LIVE + 1] = heard_live,
        [MACHINE_TRIAGE_LIVE + 2] = heard_live,
        [MACHINE_TRIAGE_LIVE + 3] = heard_live,
        [MACHINE_TRIAGE_LIVE + 4] = heard_live,
        [MACHINE_TRIAGE_LIVE + 5] = heard_live,
    };
    struct machine_triage *self = step->state;
    if (reply == NULL)
        return begin(step, profile);
    self->turns++;
    bool is_of_aws = self->talk.last.provider != NULL;
    return talk_hear(step, reply, hearers, is_of_aws ? &aws_speaker : &microsoft_speaker);
}

enum step_turn machine_triage_next(struct step *step, const struct reply *reply)
{
    return next(step, reply, NULL);
}

enum step_turn machine_memory_next(struct step *step, const struct reply *reply)
{
    return next(step, reply, "memory");
}
