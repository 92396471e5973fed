/* triage_tool.c - a collector of the user's own: to Falcon's cloud once, to the host, and looked at
 * there before it runs. */
#include "crowdstrike/rtr_requests.h"
#include "crowdstrike/triage.h"

enum { SHA256_DIGITS = 64, PUTS_MAX = 3 };

static bool is_sha256(str text)
{
    return text.len == SHA256_DIGITS && str_all_of(text, "0123456789abcdef");
}

/* ---- in the cloud ---- */

static enum step_turn find_tool(struct step *step, uint32_t delay_ms)
{
    struct falcon_triage *self = step->state;
    struct request request = rtr_find_put_file(step, self->tool_name);
    request.delay_ms = delay_ms;
    return talk_ask(step, TRIAGE_FIND_TOOL, request);
}

enum step_turn falcon_triage_upload_tool(struct step *step)
{
    struct falcon_triage *self = step->state;
    if (!is_sha256(self->tool_sha256))
        return falcon_triage_end(step, STEP_FAILED, false,
            "the profile names a collector and no SHA-256 of it in 64 small hex digits");
    str name = collector_tool_name(step->arena, self->tool_file, self->tool_sha256);
    const char *path = arena_format(
        step->arena, "%s%.*s", self->platform == PLATFORM_WINDOWS ? "C:\\" : "/", STR_ARG(name));
    if (name.ptr == NULL || path == NULL)
        return talk_memory(step);
    self->tool_name = name;
    self->tool_path = str_from(path);
    return find_tool(step, 0);
}

static enum step_turn create_tool(struct step *step)
{
    struct falcon_triage *self = step->state;
    tries_send(&self->tool_tries);
    return talk_change(step, TRIAGE_CREATE_TOOL,
        rtr_create_put_file(step, self->tool_name, self->tool_file, self->tool_sha256),
        (struct undo){ .builtin = NULL });
}

/* Falcon has no file of that name. */
static enum step_turn heard_no_tool(struct step *step)
{
    struct falcon_triage *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tool_tries, &delay_ms)) {
    case TRIES_SEND:
        return create_tool(step);
    case TRIES_LOOK:
        return find_tool(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return falcon_triage_end(step, STEP_FAILED, false,
        "the collector %.*s was sent to CrowdStrike, which does not show it",
        STR_ARG(self->tool_name));
}

enum step_turn falcon_triage_heard_find_tool(struct step *step, const struct answer *answer)
{
    str ids[FALCON_TOOL_IDS_MAX];
    size_t count = 0;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    for (const struct xml *id = xml_find(answer->root, "resources");
         id != NULL && count < FALCON_TOOL_IDS_MAX; id = xml_next(id))
        if (id->text.len > 0)
            ids[count++] = id->text;
    return count == 0 ? heard_no_tool(step)
                      : talk_ask(step, TRIAGE_LOOK_AT_TOOL, rtr_put_files(step, ids, count));
}

enum step_turn falcon_triage_heard_look_at_tool(struct step *step, const struct answer *answer)
{
    const struct falcon_triage *self = step->state;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *file = xml_find(answer->root, "resources");
    while (file != NULL && !str_equal(xml_text(file, "name"), self->tool_name))
        file = xml_next(file);
    if (file == NULL)
        return heard_no_tool(step);
    if (!str_equal(xml_text(file, "sha256"), self->tool_sha256))
        return falcon_triage_end(step, STEP_FAILED, false,
            "CrowdStrike has another file as %.*s than the collector with that SHA-256: remove it "
            "(Host setup and management > Response scripts and files)",
            STR_ARG(self->tool_name));
    return falcon_triage_open(step);
}

enum step_turn falcon_triage_heard_create_tool(struct step *step, const struct answer *answer)
{
    struct falcon_triage *self = step->state;
    tries_heard(&self->tool_tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return falcon_triage_open(step);
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && answer_is_denied(answer)))
        return talk_fail(step, answer);
    /* A name that is taken is an error too: what is there now tells. */
    return find_tool(step, poll_delay_ms(0, 1000));
}

/* ---- on the host ---- */

/* filehash prints several hashes, in its own layout and case. */
static bool has_hash(str out, str sha256)
{
    for (size_t at = 0; at + sha256.len <= out.len; at++)
        if (strncasecmp(out.ptr + at, sha256.ptr, sha256.len) == 0)
            return true;
    return false;
}

static enum step_turn heard_hash(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    if (told->heard == RTR_DONE && has_hash(told->out, self->tool_sha256))
        return falcon_triage_start(step);
    if (self->is_put_unheard && self->puts < PUTS_MAX)
        return falcon_triage_put_tool(step);
    const char *words = told->why != NULL
                            ? told->why
                            : falcon_triage_words(step, told->err.len > 0 ? told->err : told->out);
    return falcon_triage_end(step, STEP_FAILED, true,
        "the collector did not come to the host as it is here (SHA-256 %.*s), so it was not run: "
        "%s",
        STR_ARG(self->tool_sha256), words == NULL ? "" : words);
}

/* Whatever came of it, a file that was there already included: its hash tells. One that may not have
 * arrived is put again: a file that came meanwhile is not written over. */
static enum step_turn heard_put(struct step *step, const struct rtr_told *told)
{
    struct falcon_triage *self = step->state;
    self->puts++;
    self->is_put_unheard = told->heard == RTR_UNANSWERED;
    struct rtr_command command = { .base = "filehash",
        .line = rtr_line(step->arena, "filehash", self->tool_path) };
    return rtr_run(step, &command, heard_hash);
}

static enum step_turn heard_cd(struct step *step, const struct rtr_told *told)
{
    const struct falcon_triage *self = step->state;
    (void)told;
    struct rtr_command command = {
        .base = "put", .line = rtr_line(step->arena, "put", self->tool_name), .is_change = true
    };
    return rtr_run(step, &command, heard_put);
}

/* Into a folder that nobody but an administrator can write to: so nobody else changes it between
 * the look at its hash and its start. */
enum step_turn falcon_triage_put_tool(struct step *step)
{
    const struct falcon_triage *self = step->state;
    str folder = self->platform == PLATFORM_WINDOWS ? STR("C:\\") : STR("/");
    struct rtr_command command = { .base = "cd", .line = rtr_line(step->arena, "cd", folder) };
    return rtr_run(step, &command, heard_cd);
}
