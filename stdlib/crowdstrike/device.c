/* device.c - see device.h. */
#include "crowdstrike/device.h"

#include "crowdstrike/requests.h"
#include "event.h"

#include <ctype.h>

bool falcon_fits(const value *args)
{
    return args[0].kind == VALUE_TEXT && falcon_is_agent_id(value_str(args[0]));
}

enum step_turn falcon_device_ask(struct step *step, uint32_t doing, str id, uint32_t delay_ms)
{
    if (!falcon_is_agent_id(id))
        return talk_end(step, STEP_UNRESOLVED,
            "%.*s is no agent id of Falcon, which has 32 hex digits", STR_ARG(id));
    struct request request = falcon_get_device(step, id);
    request.delay_ms = delay_ms;
    return talk_ask(step, doing, request);
}

enum step_turn falcon_online_ask(struct step *step, uint32_t doing, str id)
{
    return talk_ask_for_facts(step, doing, falcon_get_online(step, &id, 1));
}

/* ---- facts ---- */

/* What is there, or that there is none. */
static void say(struct step *step, uint32_t field, str text)
{
    if (text.len > 0)
        step_fact(step, field, text);
    else
        step_none(step, field);
}

static void say_names(struct step *step, const struct falcon_device *device)
{
    say(step, FIELD_HOST_NAME, device->name);
    if (device->name.len == 0 || device->domain.len == 0)
        return;
    const char *whole =
        arena_format(step->arena, "%.*s.%.*s", STR_ARG(device->name), STR_ARG(device->domain));
    if (whole != NULL)
        step_fact(step, FIELD_HOST_NAME, str_from(whole));
}

static void say_addresses(struct step *step, const struct falcon_device *device)
{
    const str all[] = { device->local_ip, device->external_ip, device->connection_ip };
    bool has_any = false;
    for (size_t at = 0; at < COUNT_OF(all); at++) {
        step_fact(step, FIELD_HOST_IP, all[at]);
        has_any |= all[at].len > 0;
    }
    if (!has_any)
        step_gap(step, FIELD_HOST_IP, "Falcon shows no address of the host");
}

/* "FalconGroupingTags/production": a key and a text; a tag without a slash is a key alone. */
static void say_tags(struct step *step, const struct falcon_device *device)
{
    const struct xml *tag = xml_find(device->item, "tags");
    step_fact(step, FIELD_RESOURCE_ID, device->id);
    if (tag == NULL)
        step_none(step, FIELD_RESOURCE_TAGS);
    for (; tag != NULL; tag = xml_next(tag)) {
        size_t slash = str_find(tag->text, '/');
        step_fact_tag(step, str_first(tag->text, slash), str_skip(tag->text, slash + 1));
    }
}

/* "eu-west-1" of "eu-west-1a"; empty where the zone is not written so. */
static str region_of(str zone)
{
    bool is_zone = zone.len > 2 && islower((unsigned char)zone.ptr[zone.len - 1])
                   && isdigit((unsigned char)zone.ptr[zone.len - 2]);
    return is_zone ? str_first(zone, zone.len - 1) : STR("");
}

static void say_place(struct step *step, const struct falcon_device *device)
{
    bool is_aws = falcon_is_aws(device);
    str region = is_aws ? region_of(device->zone) : STR("");
    str provider = is_aws                                           ? STR("aws")
                   : str_startswith(device->provider, STR("AZURE")) ? STR("azure")
                   : str_startswith(device->provider, STR("GCP"))   ? STR("gcp")
                                                                    : device->provider;
    say(step, FIELD_CLOUD_PROVIDER, provider);
    if (!is_aws) {
        say(step, FIELD_INSTANCE_ID, STR(""));
        say(step, FIELD_CLOUD_ACCOUNT, STR(""));
        say(step, FIELD_CLOUD_REGION, STR(""));
        return;
    }
    static const char *const unsaid = "Falcon says that the host is on AWS, and not this";
    const struct {
        uint32_t field;
        str text;
    } all[] = { { FIELD_INSTANCE_ID, device->instance }, { FIELD_CLOUD_ACCOUNT, device->account },
        { FIELD_CLOUD_REGION, region } };
    for (size_t at = 0; at < COUNT_OF(all); at++) {
        if (all[at].text.len > 0)
            step_fact(step, all[at].field, all[at].text);
        else
            step_gap(step, all[at].field, unsaid);
    }
}

static void say_all(struct step *step, const struct falcon_device *device)
{
    step_fact(step, FIELD_HOST_ID, device->id);
    say_names(step, device);
    say_addresses(step, device);
    say(step, FIELD_HOST_OS, device->os.len > 0 ? device->os : device->platform);
    say_tags(step, device);
    say_place(step, device);
}

/* ---- the record ---- */

static bool keep(struct arena *arena, struct falcon_device *device)
{
    str *const texts[] = { &device->id, &device->name, &device->domain, &device->platform,
        &device->os, &device->local_ip, &device->external_ip, &device->connection_ip, &device->mac,
        &device->status, &device->provider, &device->account, &device->instance, &device->zone,
        &device->last_seen, &device->policy };
    for (size_t at = 0; at < COUNT_OF(texts); at++) {
        *texts[at] = arena_copy(arena, *texts[at]);
        if (texts[at]->ptr == NULL)
            return false;
    }
    return true;
}

/* Small letters: the same host is the same target however its id was written. */
static str target_of(struct step *step, str id)
{
    char *text = arena_alloc(step->arena, sizeof("host/") + id.len, 1);
    if (text == NULL)
        return (str){ NULL, 0 };
    memcpy(text, "host/", 5);
    for (size_t at = 0; at < id.len; at++)
        text[5 + at] = (char)tolower((unsigned char)id.ptr[at]);
    return (str){ text, 5 + id.len };
}

static bool begin(struct step *step, str id)
{
    if (step->target.len == 0)
        step->target = target_of(step, id);
    return step->target.ptr != NULL;
}

static enum step_turn end_missing(struct step *step, str id)
{
    const struct talk *talk = step->state;
    return talk_end(step, talk->has_changed ? STEP_UNKNOWN : STEP_UNRESOLVED,
        "Falcon shows no host %.*s: it is hidden, was removed, or is another customer's",
        STR_ARG(id));
}

bool falcon_device_heard(struct step *step, const struct answer *answer, str id,
    struct falcon_device *device, enum step_turn *ret_turn)
{
    bool is_first = device->id.len == 0;
    if (!begin(step, id)) {
        *ret_turn = talk_memory(step);
        return false;
    }
    if (answer->heard == HEARD_ASSUMED) {
        *device = (struct falcon_device){ .id = id };
        return true;
    }
    if (answer->heard != HEARD_ANSWER && !falcon_is_missing(answer)) {
        *ret_turn = talk_fail(step, answer);
        return false;
    }
    const struct xml *item = falcon_resource(answer, "device_id", id);
    if (item == NULL) {
        *ret_turn = end_missing(step, id);
        return false;
    }
    *device = falcon_device_of(item);
    if (is_first) {
        talk_found(step, "host %.*s", STR_ARG(device->name.len > 0 ? device->name : id));
        say_all(step, device);
    }
    *ret_turn = talk_memory(step);
    return keep(step->arena, device);
}

const char *falcon_device_words(struct step *step, const struct falcon_device *device)
{
    if (device->name.len == 0)
        return arena_format(step->arena, "host %.*s", STR_ARG(device->id));
    return arena_format(
        step->arena, "host %.*s (%.*s)", STR_ARG(device->name), STR_ARG(device->id));
}

const char *falcon_device_refusal(struct arena *arena, const struct falcon_device *device)
{
    const char *why = NULL;
    if (str_is(device->platform, "Mac"))
        why = "it runs macOS, which is not collected from";
    else if (!str_is(device->platform, "Windows") && !str_is(device->platform, "Linux"))
        why = arena_format(arena, "its platform is '%.*s'", STR_ARG(device->platform));
    else if (device->policy.len == 0)
        why = "no response policy is assigned to it";
    else if (!device->is_policy_applied)
        why = "its response policy is not applied yet";
    else
        return NULL;
    return why == NULL ? "" : why;
}
