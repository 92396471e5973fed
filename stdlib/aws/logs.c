#include "aws/logs.h"

#include "aws/facts.h"
#include "aws/logs_keep.h"
#include "aws/requests_evidence.h"
#include "base/time.h"
#include "bytecode.h"

enum {
    PAGES_MAX = 60, /* of 50 events, two a second: half a minute */
    EVENTS_BYTES_MAX = 8 * 1024 * 1024,
    PAUSE_MS = 600, /* LookupEvents: two requests a second for an account and region */
    DAY_S = 24 * 3600,
    SECOND_MS = 1000,
};

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[LOGS_REGION]));
}

/* ---- what is asked ---- */

/* Note a lookup, once; too many are counted. */
static void add(
    struct step *step, const char *attribute, str wanted, str where, bool finds_sessions)
{
    struct logs *self = step->state;
    for (uint32_t at = 0; at < self->lookups_count; at++)
        if (strcmp(self->lookups[at].attribute, attribute) == 0
            && str_equal(self->lookups[at].wanted, wanted)
            && str_equal(self->lookups[at].region, where))
            return;
    if (wanted.len == 0)
        return;
    if (self->lookups_count == LOGS_LOOKUPS_MAX)
        self->skipped++;
    else
        self->lookups[self->lookups_count++] =
            (struct logs_lookup){ attribute, wanted, where, finds_sessions };
}

/* Where IAM, and STS under its old name, are recorded. */
static str global_region(const struct step *step)
{
    str here = region(step);
    return str_startswith(here, STR("cn-"))       ? STR("cn-north-1")
           : str_startswith(here, STR("us-gov-")) ? STR("us-gov-west-1")
                                                  : STR("us-east-1");
}

/* In the region, and where IAM is recorded. */
static void add_both(struct step *step, const char *attribute, str wanted, bool finds_sessions)
{
    add(step, attribute, wanted, region(step), finds_sessions);
    add(step, attribute, wanted, global_region(step), finds_sessions);
}

/* "arn:aws:iam::111122223333:role/app/web", one of a session of it, or "web". */
static void add_role(struct step *step, str role)
{
    struct arn arn;
    bool is_arn = arn_read(role, &arn);
    str path = is_arn ? arn.resource : role;
    bool is_session = is_arn && str_startswith(path, STR("assumed-role/"));
    str rest = str_skip(path, is_session ? strlen("assumed-role/") : 0);
    if (is_session) {
        add_both(step, "ResourceName", role, true);
        add_both(step, "Username", path_last(path), false);
        add_both(step, "ResourceName", str_first(rest, str_find(rest, '/')), true);
        return;
    }
    if (is_arn)
        add_both(step, "ResourceName", role, true);
    add_both(step, "ResourceName", path_last(path), true);
}

static void add_user(struct step *step, str user)
{
    struct arn arn;
    str name = arn_read(user, &arn) ? path_last(arn.resource) : user;
    add_both(step, "Username", name, false);
    add_both(step, "ResourceName", name, false);
}

/* The sessions that an instance has are called like it. */
static void add_targets(struct step *step)
{
    str instance = arg(step, LOGS_INSTANCE), key = arg(step, LOGS_ACCESS_KEY);
    add_both(step, "AccessKeyId", key, false);
    add_both(step, "Username", instance, false);
    add(step, "ResourceName", instance, region(step), false);
    add_user(step, arg(step, LOGS_USER));
    add_role(step, arg(step, LOGS_ROLE));
}

/* ---- words ---- */

static const struct {
    int arg;
    const char *noun;
    enum field field;
} targets[] = {
    { LOGS_INSTANCE, "instance", FIELD_INSTANCE_ID },
    { LOGS_ROLE, "role", FIELD_ROLE_ARN },
    { LOGS_USER, "user", FIELD_USER_ID },
    { LOGS_ACCESS_KEY, "access key", FIELD_ACCESS_KEY_ID },
};

/* "instance i-1 and access key AKIA", or NULL when the arena is full. */
static const char *targets_words(struct step *step)
{
    const char *words = "";
    for (size_t at = 0; at < COUNT_OF(targets) && words != NULL; at++) {
        str text = arg(step, targets[at].arg);
        if (text.len > 0)
            words = arena_format(step->arena, "%s%s%s %.*s", words, words[0] == '\0' ? "" : " and ",
                targets[at].noun, STR_ARG(text));
    }
    return words;
}

const char *logs_about(struct step *step)
{
    const struct logs *self = step->state;
    char text[DURATION_TEXT_MAX];
    const char *words = targets_words(step);
    str length = duration_format((self->until_s - self->since_s) * SECOND_MS, text);
    return words == NULL ? NULL
                         : arena_format(step->arena, "%s, of the %.*s before the step began", words,
                             STR_ARG(length));
}

/* Nothing but CloudTrail is asked, so what the rule and the alert say is what is known. */
static void say_facts(struct step *step)
{
    const struct logs *self = step->state;
    step_fact(step, FIELD_CLOUD_PROVIDER, STR("aws"));
    step_fact(step, FIELD_CLOUD_ACCOUNT, self->caller.account);
    step_fact(step, FIELD_CLOUD_REGION, region(step));
    for (size_t at = 0; at < COUNT_OF(targets); at++) {
        str text = arg(step, targets[at].arg);
        if (text.len > 0)
            step_fact(step, (uint32_t)targets[at].field, text);
        else
            step_none(step, (uint32_t)targets[at].field);
    }
}

/* ---- looking up ---- */

static enum step_turn ask(struct step *step, str page)
{
    struct logs *self = step->state;
    const struct logs_lookup *lookup = &self->lookups[self->at];
    struct request request = cloudtrail_lookup(step, lookup->region, lookup->attribute,
        lookup->wanted, self->since_s, self->until_s, page);
    request.delay_ms = self->pages > 0 ? PAUSE_MS : 0;
    return talk_ask_for_facts(step, LOGS_LOOKS_UP, request);
}

/* The next lookup, or what was found goes to its place. */
static enum step_turn next_lookup(struct step *step)
{
    struct logs *self = step->state;
    self->at++;
    if (self->at < self->lookups_count && !self->is_cut)
        return ask(step, STR(""));
    return logs_keep(step);
}

static bool is_known(const struct logs *self, str id)
{
    for (const struct logs_line *line = self->first; line != NULL; line = line->next)
        if (str_equal(line->id, id))
            return true;
    return false;
}

/* One line: within a text of JSON no line can end. */
static str line_of(struct arena *arena, str record)
{
    char *text = arena_alloc(arena, record.len + 1, 1);
    if (text == NULL)
        return (str){ NULL, 0 };
    for (size_t at = 0; at < record.len; at++)
        text[at] = record.ptr[at] == '\n' || record.ptr[at] == '\r' ? ' ' : record.ptr[at];
    text[record.len] = '\n';
    return (str){ text, record.len + 1 };
}

/* ERR_MEMORY. */
static MUST_CHECK enum err note_event(struct step *step, const struct xml *event)
{
    struct logs *self = step->state;
    str id = xml_text(event, "EventId"), record = xml_text(event, "CloudTrailEvent");
    if (record.len == 0 || is_known(self, id))
        return ERR_OK;
    if (self->bytes + record.len >= EVENTS_BYTES_MAX) {
        self->is_cut = true;
        return ERR_OK;
    }
    struct logs_line *line = ARENA_NEW(step->arena, struct logs_line);
    if (line == NULL)
        return ERR_MEMORY;
    *line = (struct logs_line){ .id = arena_copy(step->arena, id),
        .text = line_of(step->arena, record) };
    if (line->id.ptr == NULL || line->text.ptr == NULL)
        return ERR_MEMORY;
    *(self->last == NULL ? &self->first : &self->last->next) = line;
    self->last = line;
    self->events++;
    self->bytes += line->text.len;
    return ERR_OK;
}

/* The keys that an AssumeRole of the role handed out: what was done with them. ERR_MEMORY. */
static MUST_CHECK enum err note_sessions(struct step *step, const struct xml *event)
{
    const struct logs *self = step->state;
    const struct logs_lookup lookup = self->lookups[self->at];
    if (!lookup.finds_sessions || !str_startswith(xml_text(event, "EventName"), STR("AssumeRole")))
        return ERR_OK;
    for (const struct xml *item = xml_find(event, "Resources"); item != NULL;
         item = xml_next(item)) {
        if (!str_is(xml_text(item, "ResourceType"), "AWS::IAM::AccessKey"))
            continue;
        str key = arena_copy(step->arena, xml_text(item, "ResourceName"));
        if (key.ptr == NULL)
            return ERR_MEMORY;
        add_both(step, "AccessKeyId", key, false);
    }
    return ERR_OK;
}

static enum step_turn lookup_failed(struct step *step, const struct answer *answer)
{
    struct logs *self = step->state;
    const char *why = talk_why(step, answer);
    if (why == NULL)
        return talk_memory(step);
    if (self->why == NULL)
        self->why = why;
    self->failed++;
    return next_lookup(step);
}

static enum step_turn heard_lookup(struct step *step, const struct answer *answer)
{
    struct logs *self = step->state;
    self->pages++;
    self->is_assumed |= answer->heard == HEARD_ASSUMED;
    if (answer->heard == HEARD_ASSUMED)
        return next_lookup(step);
    if (answer->heard != HEARD_ANSWER)
        return lookup_failed(step, answer);
    for (const struct xml *event = xml_find(answer->root, "Events"); event != NULL;
         event = xml_next(event))
        if (note_event(step, event) != ERR_OK || note_sessions(step, event) != ERR_OK)
            return talk_memory(step);
    str page = xml_text(answer->root, "NextToken");
    self->is_cut |=
        self->pages >= PAGES_MAX && (page.len > 0 || self->at + 1 < self->lookups_count);
    return page.len > 0 && !self->is_cut ? ask(step, page) : next_lookup(step);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct logs *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, LOGS_ACCOUNT), &self->caller, &turn))
        return turn;
    int64_t since_ms = step->args[LOGS_SINCE].kind == VALUE_DURATION
                           ? step->args[LOGS_SINCE].milliseconds
                           : (int64_t)DAY_S * SECOND_MS;
    self->until_s = step->began_ms / SECOND_MS;
    self->since_s = since_ms / SECOND_MS < self->until_s ? self->until_s - since_ms / SECOND_MS : 0;
    add_targets(step);
    if (answer->heard == HEARD_ANSWER)
        say_facts(step);
    const char *words = targets_words(step);
    if (words == NULL)
        return talk_memory(step);
    step->target = str_from(words);
    talk_found(step, "%s in CloudTrail of %.*s", words, STR_ARG(region(step)));
    return ask(step, STR(""));
}

/* Without a place nothing is asked. */
static enum step_turn begin(struct step *step)
{
    struct logs *self = step->state;
    str to = arg(step, LOGS_TO);
    if (to.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "where the logs go is not said: give to=\"s3://bucket/prefix\", or the connection the "
            "setting `evidence`");
    const char *fault = evidence_place_fault(to, &self->place);
    if (fault != NULL)
        return talk_end(step, STEP_UNRESOLVED, "%.*s is no place for logs: %s", STR_ARG(to), fault);
    return talk_ask(step, LOGS_ASKS_CALLER, sts_get_caller_identity(step));
}

enum step_turn logs_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [LOGS_ASKS_CALLER] = heard_caller,
        [LOGS_LOOKS_UP] = heard_lookup,
        [LOGS_LOOKS] = logs_heard_object,
        [LOGS_PUTS] = logs_heard_put,
    };
    return reply == NULL ? begin(step) : talk_next(step, reply, hearers);
}
