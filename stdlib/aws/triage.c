#include "aws/triage.h"

#include "aws/facts.h"
#include "aws/late_put.h"
#include "aws/requests.h"
#include "aws/requests_evidence.h"
#include "aws/requests_ssm.h"

enum { CALLER, INSTANCE, BUCKET, AGENT, FIND, SEND, POLL, CANCEL };
enum {
    DELIVERY_S = 600,
    COLLECT_S = 900, /* the most that a profile may take */
    FULL_S = 1800,   /* with packing and uploading */
    POLL_MS = 5000,
    POLLS_MAX = (DELIVERY_S + FULL_S) / 5 + 20,
    PAGES_MAX = 10,
    LOOKS_MAX = 4,
};

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[TRIAGE_REGION]));
}

/* What to take: as the compiler wrote it, or a profile that is part of cdr. */
static str plan_of(const struct step *step)
{
    str plan = arg(step, TRIAGE_PLAN);
    return plan.len > 0 ? plan : collector_profile(arg(step, TRIAGE_PROFILE));
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    str id = arg(step, TRIAGE_INSTANCE);
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, TRIAGE_ACCOUNT), &self->caller, &turn))
        return turn;
    step->target = id;
    talk_found(step, "instance %.*s", STR_ARG(id));
    return talk_ask(step, INSTANCE, ec2_describe_instance(step, region(step), id));
}

/* Of the object, in its bucket. */
static str key(const struct triage *self)
{
    return str_skip(self->target, self->place.bucket.len + 1);
}

static enum step_turn ask_bucket(struct step *step, str bucket_region, uint32_t delay_ms)
{
    struct triage *self = step->state;
    self->bucket_region = bucket_region;
    struct request request = s3_list_objects(step, bucket_region, self->place.bucket, key(self));
    request.delay_ms = delay_ms;
    return talk_ask(step, BUCKET, request);
}

static enum step_turn heard_instance(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    str id = arg(step, TRIAGE_INSTANCE);
    enum step_turn turn;
    if (!instance_heard(step, answer, &self->caller, id, &self->instance, &turn))
        return turn;
    facts_of_instance(step, answer, &self->instance, &self->caller);
    if (!str_is(self->instance.state, "running"))
        return talk_end(step, STEP_FAILED,
            "instance %.*s is %.*s: triage runs on the instance, so it must be running; its disks "
            "can be kept with collect snapshot",
            STR_ARG(id), STR_ARG(self->instance.state));
    if (answer->heard == HEARD_ANSWER
        && xml_text(answer->root, "reservationSet/item/instancesSet/item/platform").len > 0)
        return talk_end(step, STEP_FAILED,
            "instance %.*s runs Windows, and the collector is for Linux", STR_ARG(id));
    str account = self->instance.owner.len > 0 ? self->instance.owner : STR("account");
    const char *name = arena_format(step->arena, "%.*s/%.*s/triage-%.*s.tar.gz", STR_ARG(account),
        STR_ARG(id), STR_ARG(step->key));
    str target =
        name == NULL ? (str){ NULL, 0 } : evidence_place_target(step->arena, &self->place, name);
    self->name = name;
    self->target = target;
    return target.ptr == NULL ? talk_memory(step) : ask_bucket(step, region(step), 0);
}

/* ---- afterwards: is it there? ---- */

static enum step_turn conclude(struct step *step, const struct xml *root)
{
    struct triage *self = step->state;
    const struct collector_status *told = &self->collected;
    str id = arg(step, TRIAGE_INSTANCE);
    const struct xml *item = xml_find(root, "Contents");
    while (item != NULL && !str_equal(xml_text(item, "Key"), key(self)))
        item = xml_next(item);
    const char *url = evidence_place_url(step->arena, &self->place, self->name).ptr;
    const char *bytes = arena_format(step->arena, "%lld", told->bytes);
    if (url == NULL || bytes == NULL)
        return talk_memory(step);
    if (item == NULL && self->looks++ < LOOKS_MAX)
        return ask_bucket(step, self->bucket_region, poll_delay_ms(self->looks, POLL_MS));
    if (item == NULL)
        return talk_end(step, STEP_FAILED,
            "the collector on instance %.*s says that it uploaded %s bytes, and S3 shows no %s",
            STR_ARG(id), bytes, url);
    if (!str_is(xml_text(item, "Size"), bytes))
        return talk_end(step, STEP_FAILED,
            "%s has %.*s bytes and the collector on instance %.*s packed %s: what lies there is "
            "not from it",
            url, STR_ARG(xml_text(item, "Size")), STR_ARG(id), bytes);
    step->results.url = value_text(str_from(url));
    step->results.sha256 = value_text(told->sha256);
    step->results.verdict = (value){ .kind = VALUE_VERDICT, .integer = VERDICT_UNKNOWN };
    if (told->has_existed)
        return talk_end(step, STEP_PARTIAL,
            "%s was there already when the collector on instance %.*s uploaded %lld file%s: an "
            "earlier try of it arrived, or somebody else put it there, and S3 shows its size alone",
            url, STR_ARG(id), told->files, told->files == 1 ? "" : "s");
    if (told->state == COLLECTOR_PARTIAL)
        return talk_end(step, STEP_PARTIAL,
            "%lld file%s of instance %.*s %s kept as %s; %lld things were there and not taken "
            "(%.*s): manifest.json in it says which and why",
            told->files, told->files == 1 ? "" : "s", STR_ARG(id), told->files == 1 ? "is" : "are",
            url, told->skipped, STR_ARG(told->why));
    return talk_end(step, STEP_DONE, "%lld file%s of instance %.*s %s kept as %s", told->files,
        told->files == 1 ? "" : "s", STR_ARG(id), told->files == 1 ? "is" : "are", url);
}

static enum step_turn heard_bucket(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    if (answer->heard == HEARD_ERROR) {
        str told = arena_copy(step->arena, evidence_place_region(answer));
        if (told.ptr == NULL)
            return talk_memory(step);
        if (told.len > 0 && !str_equal(told, self->bucket_region))
            return ask_bucket(step, told, 0);
        return evidence_place_fail(step, answer, &self->place);
    }
    if (self->is_sent)
        return conclude(step, answer->root);
    return talk_ask(
        step, AGENT, ssm_describe_agent(step, region(step), arg(step, TRIAGE_INSTANCE)));
}

/* ---- the command ---- */

static enum step_turn send(struct step *step)
{
    struct triage *self = step->state;
    uint32_t execution_s = self->seconds * 7 / 4 + (self->seconds >= COLLECT_S ? 225 : 0);
    const char *put = arena_format(step->arena, LATE_PUT "%.*s:%.*s:%u", STR_ARG(self->target),
        STR_ARG(self->bucket_region), DELIVERY_S + execution_s);
    struct collection what = { .plan = plan_of(step), .sent_s = step->began_ms / 1000 };
    struct ssm_script script = { .put = str_from(put),
        .profile = self->seconds >= COLLECT_S ? STR("full") : STR("quick"),
        .text = collector_run_script(step->arena, &what),
        .delivery_s = DELIVERY_S,
        .execution_s = execution_s };
    if (put == NULL || script.text.ptr == NULL)
        return talk_memory(step);
    tries_send(&self->tries);
    return talk_change(step, SEND,
        ssm_send_script(step, region(step), arg(step, TRIAGE_INSTANCE), &script),
        (struct undo){ .builtin = NULL });
}

static enum step_turn heard_agent(struct step *step, const struct answer *answer)
{
    str id = arg(step, TRIAGE_INSTANCE);
    const struct xml *agent =
        answer->heard == HEARD_ANSWER ? xml_find(answer->root, "InstanceInformationList") : NULL;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return send(step);
    if (agent == NULL)
        return talk_end(step, STEP_UNRESOLVED,
            "Systems Manager does not know instance %.*s: it needs the SSM agent, an instance "
            "profile with AmazonSSMManagedInstanceCore, and a way to the ssm endpoints",
            STR_ARG(id));
    if (!str_is(xml_text(agent, "PingStatus"), "Online"))
        return talk_end(step, STEP_UNRESOLVED,
            "the SSM agent of instance %.*s is %.*s since %.*s: its service, its instance profile "
            "or its network does not let it reach Systems Manager (an isolated instance cannot)",
            STR_ARG(id), STR_ARG(xml_text(agent, "PingStatus")),
            STR_ARG(xml_text(agent, "LastPingDateTime")));
    if (!str_is(xml_text(agent, "PlatformType"), "Linux"))
        return talk_end(step, STEP_FAILED,
            "instance %.*s runs %.*s, and the collector is for Linux", STR_ARG(id),
            STR_ARG(xml_text(agent, "PlatformType")));
    talk_found(step, "SSM agent %.*s", STR_ARG(xml_text(agent, "AgentVersion")));
    return send(step);
}

static enum step_turn poll(struct step *step, uint32_t delay_ms)
{
    struct triage *self = step->state;
    struct request request =
        ssm_get_invocation(step, region(step), self->command, arg(step, TRIAGE_INSTANCE));
    request.delay_ms = delay_ms;
    return talk_ask(step, POLL, request);
}

static enum step_turn find(struct step *step, str page, uint32_t delay_ms)
{
    struct request request = ssm_list_scripts(step, region(step), arg(step, TRIAGE_INSTANCE), page);
    request.delay_ms = delay_ms;
    return talk_ask(step, FIND, request);
}

/* Systems Manager shows no command of ours after one was sent and not answered. */
static enum step_turn heard_none(struct step *step)
{
    struct triage *self = step->state;
    uint32_t delay_ms;
    self->pages = 0;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return send(step);
    case TRIES_LOOK:
        return find(step, STR(""), delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, STEP_UNKNOWN,
        "the collector was sent to instance %.*s %u times, and AWS neither answered nor shows it",
        STR_ARG(arg(step, TRIAGE_INSTANCE)), self->tries.sent);
}

static enum step_turn heard_find(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    const char *comment = ssm_comment(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (comment == NULL)
        return talk_memory(step);
    for (const struct xml *item = xml_find(answer->root, "Commands"); item != NULL;
         item = xml_next(item)) {
        if (!str_is(xml_text(item, "Comment"), comment))
            continue;
        self->command = arena_copy(step->arena, xml_text(item, "CommandId"));
        return self->command.ptr == NULL ? talk_memory(step) : poll(step, 0);
    }
    str page = xml_text(answer->root, "NextToken");
    if (page.len > 0 && ++self->pages < PAGES_MAX)
        return find(step, page, 0);
    return heard_none(step);
}

static enum step_turn heard_send(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    str id = arg(step, TRIAGE_INSTANCE);
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE,
            "the collector would run on instance %.*s and upload to s3://%.*s", STR_ARG(id),
            STR_ARG(self->target));
    if (answer->heard == HEARD_REFUSED || answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_NOTHING)
        return find(step, STR(""), 0);
    self->command = arena_copy(step->arena, xml_text(answer->root, "Command/CommandId"));
    if (self->command.ptr == NULL)
        return talk_memory(step);
    return self->command.len == 0 ? find(step, STR(""), 0) : poll(step, poll_delay_ms(0, POLL_MS));
}

/* ---- its end ---- */

static enum step_turn ended(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    str id = arg(step, TRIAGE_INSTANCE), status = xml_text(answer->root, "StatusDetails");
    if (collector_status_read(
            step->arena, xml_text(answer->root, "StandardOutputContent"), &self->collected)
        != ERR_OK)
        return talk_memory(step);
    if (self->is_late)
        return talk_end(step, STEP_FAILED,
            "the collector on instance %.*s did not end in time and was cancelled", STR_ARG(id));
    if (self->collected.state == COLLECTOR_NONE || self->collected.state == COLLECTOR_RUNNING)
        return talk_end(step, STEP_FAILED,
            "the collector on instance %.*s ended as %.*s and told nothing of what it collected",
            STR_ARG(id), STR_ARG(status));
    if (!self->collected.is_uploaded)
        return talk_end(step, STEP_FAILED, "the collector on instance %.*s kept nothing: %.*s",
            STR_ARG(id), STR_ARG(self->collected.why));
    self->is_sent = true;
    return ask_bucket(step, self->bucket_region, 0);
}

static enum step_turn heard_poll(struct step *step, const struct answer *answer)
{
    static const char *const under_way[] = { "Pending", "InProgress", "Delayed", "Cancelling" };
    struct triage *self = step->state;
    bool is_under_way = answer_is(answer, "InvocationDoesNotExist");
    if (answer->heard == HEARD_ERROR && !is_under_way)
        return talk_fail(step, answer);
    for (size_t at = 0; at < COUNT_OF(under_way) && !is_under_way; at++)
        is_under_way = str_is(xml_text(answer->root, "Status"), under_way[at]);
    if (!is_under_way)
        return ended(step, answer);
    if (self->polls++ < POLLS_MAX)
        return poll(step, poll_delay_ms(self->polls, POLL_MS));
    if (self->is_late)
        return talk_end(step, STEP_UNKNOWN,
            "the collector on instance %.*s was cancelled, and Systems Manager shows no end of it",
            STR_ARG(arg(step, TRIAGE_INSTANCE)));
    self->is_late = true;
    return talk_change(step, CANCEL,
        ssm_cancel_command(step, region(step), self->command, arg(step, TRIAGE_INSTANCE)),
        (struct undo){ .builtin = NULL });
}

/* Whatever came of it: its state tells. */
static enum step_turn heard_cancel(struct step *step, const struct answer *answer)
{
    struct triage *self = step->state;
    (void)answer;
    self->polls = POLLS_MAX - 20;
    return poll(step, POLL_MS);
}

/* Whether the profile can be taken this way; if not, why. */
static const char *profile_fault(struct step *step)
{
    struct triage *self = step->state;
    struct collector_tool tool;
    if (!collector_needs(step->arena, PLATFORM_LINUX, plan_of(step), &tool))
        return "the profile takes nothing from Linux hosts, and Systems Manager collects from "
               "those "
               "alone";
    self->seconds = tool.seconds;
    if (tool.file.len > 0)
        return "Systems Manager cannot send a collector of your own: that needs a CrowdStrike or "
               "Defender connection";
    return tool.seconds > COLLECT_S ? "over Systems Manager a profile takes at most 15m" : NULL;
}

/* What the rule says, before anybody is asked. */
static enum step_turn begin(struct step *step)
{
    struct triage *self = step->state;
    const char *why;
    if (arg(step, TRIAGE_INSTANCE).len == 0)
        return step_end(step, STEP_UNRESOLVED,
            "no connection: triage needs a CrowdStrike or Defender connection; over AWS it "
            "needs an instance, and the alert names none");
    if (arg(step, TRIAGE_TO).len == 0)
        return step_end(step, STEP_UNRESOLVED,
            "nothing says where the evidence goes: write to=\"s3://bucket/prefix\", or "
            "evidence = \"s3://bucket/prefix\" in the connection to aws");
    why = evidence_place_fault(arg(step, TRIAGE_TO), &self->place);
    if (why != NULL)
        return talk_end(step, STEP_FAILED, "%.*s is no place for evidence: %s",
            STR_ARG(arg(step, TRIAGE_TO)), why);
    why = profile_fault(step);
    if (step->arena->is_full)
        return talk_memory(step);
    if (why != NULL)
        return step_end(step, STEP_FAILED, why);
    return talk_ask(step, CALLER, sts_get_caller_identity(step));
}

enum step_turn triage_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [INSTANCE] = heard_instance,
        [BUCKET] = heard_bucket,
        [AGENT] = heard_agent,
        [FIND] = heard_find,
        [SEND] = heard_send,
        [POLL] = heard_poll,
        [CANCEL] = heard_cancel,
    };
    return reply == NULL ? begin(step) : talk_next(step, reply, hearers);
}
