#include "find/host.h"

#include "aws/requests.h"
#include "aws/voice.h"
#include "crowdstrike/requests.h"
#include "defender/requests.h"
#include "rest/voice.h"

#include <string.h>

enum { INSTANCE, DEVICES };

/* How an EDR is asked for devices, and what it shows of each. */
struct edr {
    bool has_ids; /* it can be asked for the id of an instance */
    const struct speaker *speaker;
    const char *list; /* member of the answer that is the list */
    struct request (*by_id)(struct step *step, str id);
    struct request (*by_ip)(struct step *step, str ip);
    void (*read)(struct step *step, const struct xml *item, struct device *device);
};

static str arg(const struct step *step, uint32_t index)
{
    return step->args[index].kind == VALUE_TEXT ? value_str(step->args[index]) : STR("");
}

/* What the device is looked for by: an instance, or what the alert says of its host. */
static const char *sought(struct step *step)
{
    const struct find_host *self = step->state;
    str instance = self->instance.instance;
    const char *words = "the host of the alert";
    if (instance.len > 0)
        words = arena_format(step->arena, "instance %.*s", STR_ARG(instance));
    return words == NULL ? "" : words; /* the arena is full, which the turn shows */
}

static enum step_turn conclude(struct step *step)
{
    const struct find_host *self = step->state;
    const char *words = sought(step);
    if (self->matches > 1)
        return talk_end(step, STEP_UNRESOLVED, "%u devices could be %s: nothing tells them apart",
            (unsigned)self->matches, words);
    if (self->matches == 0)
        return talk_end(step, STEP_UNRESOLVED, "no device agrees with %s in two facts%s", words,
            self->doubtful > 0 ? ", though some do in one" : "");
    if (!self->is_strong && self->has_more)
        return talk_end(step, STEP_UNRESOLVED,
            "a device agrees with %s by %s alone, and there are more with that address "
            "than were read",
            words, self->agreement);
    step->target = str_from(arena_format(step->arena, "host/%.*s", STR_ARG(self->id)));
    talk_found(step, "%s is device %.*s: %s agree", words, STR_ARG(self->id), self->agreement);
    return talk_end(
        step, STEP_DONE, "%s is device %.*s: %s agree", words, STR_ARG(self->id), self->agreement);
}

/* The next question to the EDR: by id first, then by each address. */
static enum step_turn ask_devices(struct step *step, const struct edr *edr)
{
    struct find_host *self = step->state;
    bool by_id = edr->has_ids && self->instance.instance.len > 0;
    uint32_t at = self->address++;
    if (by_id && at == 0)
        return talk_ask(step, DEVICES, edr->by_id(step, self->instance.instance));
    at -= by_id ? 1 : 0;
    if ((self->matches > 0 && self->is_strong) || at >= self->instance.ip_count)
        return conclude(step);
    return talk_ask(step, DEVICES, edr->by_ip(step, self->instance.ips[at]));
}

static void judge(struct step *step, const struct edr *edr, const struct xml *item)
{
    struct find_host *self = step->state;
    struct device device = { .id = STR("") };
    char words[AGREEMENT_BYTES];
    edr->read(step, item, &device);
    enum agreement agreement = device_compare(&self->instance, &device, words);
    if (agreement == AGREES_NOT || device.id.len == 0) {
        self->doubtful++;
        return;
    }
    if (str_equal(device.id, self->id) || ++self->matches > 1)
        return;
    self->id = device.id;
    self->is_strong = agreement == AGREES_SURELY;
    self->agreement = arena_format(step->arena, "%s", words);
}

static enum step_turn heard_devices(
    struct step *step, const struct answer *answer, const struct edr *edr)
{
    struct find_host *self = step->state;
    /* Defender answers 404 where no device fits */
    bool is_none = answer_is(answer, "ResourceNotFound") || answer_is(answer, "HTTP404");
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_UNRESOLVED, "which device it is can be seen only when its EDR is asked");
    if (answer->heard != HEARD_ANSWER && !is_none)
        return talk_fail(step, answer);
    self->has_more = self->has_more || xml_text(answer->root, "@odata.nextLink").len > 0
                     || xml_text(answer->root, "meta/pagination/next").len > 0;
    for (const struct xml *item = xml_find(answer->root, edr->list); item != NULL;
         item = xml_next(item))
        judge(step, edr, item);
    return ask_devices(step, edr);
}

static enum step_turn heard_instance(
    struct step *step, const struct answer *answer, const struct edr *edr)
{
    struct find_host *self = step->state;
    str id = arg(step, FIND_INSTANCE);
    const struct xml *owner = xml_find(answer->root, "reservationSet/item");
    const struct xml *item = xml_find(owner, "instancesSet/item");
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_UNRESOLVED, "which device it is can be seen only when EC2 is asked");
    if (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidInstanceID.NotFound"))
        return talk_fail(step, answer);
    if (item == NULL)
        return talk_end(step, STEP_UNRESOLVED, "EC2 knows no instance %.*s", STR_ARG(id));
    device_of_instance(step, item, xml_text(owner, "ownerId"), &self->instance);
    if (!str_equal(self->instance.instance, id))
        return talk_end(step, STEP_UNRESOLVED, "EC2 does not answer about %.*s", STR_ARG(id));
    return ask_devices(step, edr);
}

static enum step_turn begin(struct step *step, const struct edr *edr)
{
    struct find_host *self = step->state;
    if (arg(step, FIND_INSTANCE).len == 0) {
        device_of_alert(step, &self->instance);
        self->talk.doing = DEVICES;
        return ask_devices(step, edr);
    }
    struct request request =
        ec2_describe_instance(step, arg(step, FIND_REGION), arg(step, FIND_INSTANCE));
    request.provider = "aws";
    request.account = arg(step, FIND_ACCOUNT);
    return talk_ask(step, INSTANCE, request);
}

/* ---- Falcon ---- */

static struct request falcon_by(struct step *step, const char *field, str text)
{
    return falcon_list_devices(step, rest_fql_is(step->arena, field, text), STR(""));
}

static struct request falcon_by_id(struct step *step, str id)
{
    return falcon_by(step, "instance_id", id);
}

static struct request falcon_by_ip(struct step *step, str ip)
{
    return falcon_by(step, "local_ip", ip);
}

static const struct edr falcon = { true, &crowdstrike_speaker, "resources", falcon_by_id,
    falcon_by_ip, device_of_falcon };

static enum step_turn falcon_instance(struct step *step, const struct answer *answer)
{
    return heard_instance(step, answer, &falcon);
}

static enum step_turn falcon_devices(struct step *step, const struct answer *answer)
{
    return heard_devices(step, answer, &falcon);
}

enum step_turn find_host_by_falcon_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = { falcon_instance, falcon_devices };
    const struct find_host *self = step->state;
    return reply == NULL ? begin(step, &falcon)
                         : talk_hear(step, reply, hearers,
                             self->talk.doing == INSTANCE ? &aws_speaker : falcon.speaker);
}

/* ---- Defender ---- */

static const struct edr defender = { false, &microsoft_speaker, "value", NULL, mde_find_machines,
    device_of_machine };

static enum step_turn defender_instance(struct step *step, const struct answer *answer)
{
    return heard_instance(step, answer, &defender);
}

static enum step_turn defender_devices(struct step *step, const struct answer *answer)
{
    return heard_devices(step, answer, &defender);
}

enum step_turn find_host_by_defender_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = { defender_instance, defender_devices };
    const struct find_host *self = step->state;
    return reply == NULL ? begin(step, &defender)
                         : talk_hear(step, reply, hearers,
                             self->talk.doing == INSTANCE ? &aws_speaker : defender.speaker);
}
