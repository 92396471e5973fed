#include "find/instance.h"

#include "aws/requests_hosts.h"
#include "aws/voice.h"
#include "crowdstrike/replies.h"
#include "crowdstrike/requests.h"
#include "defender/requests.h"
#include "rest/voice.h"

#include <string.h>

enum { DEVICE, ORGANIZATION, SEARCH };

static str arg(const struct step *step, uint32_t index)
{
    return step->args[index].kind == VALUE_TEXT ? value_str(step->args[index]) : STR("");
}

/* ---- what is known of the device ---- */

/* ---- where it may be ---- */

static void add_place(struct find_instance *self, str account, str region)
{
    for (uint32_t at = 0; at < self->place_count; at++)
        if (str_equal(self->places[at].account, account)
            && str_equal(self->places[at].region, region))
            return;
    if (self->place_count < FIND_PLACES_MAX)
        self->places[self->place_count++] = (struct find_place){ account, region };
    else
        self->unread = "; there are more than 64 places where it may be";
}

static bool is_account(str text)
{
    return text.len == 12 && str_all_of(text, "0123456789");
}

/* In every region that is named; without any in the connection's own. */
static void add_account(struct step *step, str account)
{
    struct find_instance *self = step->state;
    value regions = step->args[FIND_REGIONS];
    const value *items = value_items(regions);
    str said = arg(step, FIND_REGION);
    if (said.len > 0)
        add_place(self, account, said);
    for (uint32_t at = 0; items != NULL && at < regions.count; at++)
        add_place(self, account, value_str(items[at]));
    if (said.len == 0 && regions.count == 0)
        add_place(self, account, STR(""));
}

static void know_places(struct step *step)
{
    const struct find_instance *self = step->state;
    value accounts = step->args[FIND_ACCOUNTS];
    const value *items = value_items(accounts);
    if (is_account(self->device.account))
        add_account(step, self->device.account);
    if (arg(step, FIND_ACCOUNT).len > 0)
        add_account(step, arg(step, FIND_ACCOUNT));
    for (uint32_t at = 0; items != NULL && at < accounts.count; at++)
        if (is_account(value_str(items[at])))
            add_account(step, value_str(items[at]));
    add_account(step, STR(""));
}

/* ---- EC2 ---- */

static const char *partition_of(str region)
{
    return str_startswith(region, STR("cn-"))       ? "aws-cn"
           : str_startswith(region, STR("us-gov-")) ? "aws-us-gov"
                                                    : "aws";
}

static const char *place_words(struct step *step, const struct find_place *place)
{
    return arena_format(step->arena, "%s%.*s%s%.*s", place->account.len > 0 ? "account " : "",
        STR_ARG(place->account.len > 0 ? place->account : STR("the connection's account")),
        place->region.len > 0 ? " in " : "", STR_ARG(place->region));
}

static const char *tried_words(struct step *step)
{
    const struct find_instance *self = step->state;
    const char *words = "";
    for (uint32_t at = 0; words != NULL && at < self->place_count; at++) {
        const char *place = place_words(step, &self->places[at]);
        words = place == NULL
                    ? NULL
                    : arena_format(step->arena, "%s%s%s", words, at == 0 ? "" : ", ", place);
    }
    return words;
}

static enum step_turn conclude(struct step *step)
{
    const struct find_instance *self = step->state;
    const char *tried = tried_words(step);
    const char *edr = self->edr == NULL ? "" : self->edr;
    const char *unread = self->unread == NULL ? "" : self->unread;
    if (tried == NULL)
        return talk_memory(step);
    if (self->matches > 1)
        return talk_end(step, STEP_UNRESOLVED,
            "%u instances could be the device: nothing tells them apart (looked in %s)%s",
            (unsigned)self->matches, tried, edr);
    if (self->matches == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "no instance agrees with the device in two facts%s "
            "(looked in %s)%s%s",
            self->doubtful > 0 ? ", though some do in one" : "", tried, unread, edr);
    if (!self->is_strong && self->unread != NULL)
        return talk_end(step, STEP_UNRESOLVED,
            "an instance agrees by %s alone, and networks of other accounts may have the same%s",
            self->agreement, unread);
    step->target = self->arn;
    talk_found(step, "the device is %.*s: %s agree", STR_ARG(self->arn), self->agreement);
    return talk_end(
        step, STEP_DONE, "the device is %.*s: %s agree", STR_ARG(self->arn), self->agreement);
}

static enum step_turn search(struct step *step)
{
    struct find_instance *self = step->state;
    const struct device *device = &self->device;
    if (self->place == self->place_count)
        return conclude(step);
    const struct find_place *place = &self->places[self->place];
    struct request request =
        device->instance.len > 0
            ? ec2_find_instances(step, place->region, "instance-id", &device->instance, 1)
            : ec2_find_instances(
                step, place->region, "private-ip-address", device->ips, device->ip_count);
    request.provider = "aws";
    request.account = place->account;
    return talk_ask_for_facts(step, SEARCH, request);
}

/* ---- two facts ---- */

static void judge(struct step *step, const struct xml *item, str owner, str region)
{
    struct find_instance *self = step->state;
    struct device instance = { .instance = STR("") };
    char words[AGREEMENT_BYTES];
    device_of_instance(step, item, owner, &instance);
    enum agreement agreement = device_compare(&self->device, &instance, words);
    if (agreement == AGREES_NOT) {
        self->doubtful++;
        return;
    }
    str arn = str_from(arena_format(step->arena, "arn:%s:ec2:%.*s:%.*s:instance/%.*s",
        partition_of(region), STR_ARG(region), STR_ARG(owner), STR_ARG(instance.instance)));
    if (str_equal(arn, self->arn)) /* the connection's own account may be named too */
        return;
    if (++self->matches > 1)
        return;
    self->is_strong = agreement == AGREES_SURELY;
    self->agreement = arena_format(step->arena, "%s", words);
    self->arn = arn;
}

/* A place that could not be read hides what is there. */
static void unread(struct step *step, const char *why)
{
    struct find_instance *self = step->state;
    const char *place = place_words(step, &self->places[self->place]);
    self->unread = arena_format(step->arena, "%s; %s could not be read: %s",
        self->unread == NULL ? "" : self->unread, place == NULL ? "" : place, why);
}

static enum step_turn heard_search(struct step *step, const struct answer *answer)
{
    struct find_instance *self = step->state;
    str region = self->talk.last.region.len > 0 ? self->talk.last.region : step->region;
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_UNRESOLVED, "which instance it is can be seen only when EC2 is asked");
    if (answer->heard != HEARD_ANSWER) {
        const char *why = talk_why(step, answer);
        unread(step, why == NULL ? "" : why);
    } else if (xml_text(answer->root, "nextToken").len > 0)
        unread(step, "there are more instances with these addresses than can be told apart");
    for (const struct xml *reservation = xml_find(answer->root, "reservationSet/item");
         reservation != NULL; reservation = xml_next(reservation))
        for (const struct xml *instance = xml_find(reservation, "instancesSet/item");
             instance != NULL; instance = xml_next(instance))
            judge(step, instance, xml_text(reservation, "ownerId"), region);
    self->place++;
    return search(step);
}

/* ---- the organization ---- */

static bool is_in_organization(const struct step *step)
{
    value accounts = step->args[FIND_ACCOUNTS];
    const value *items = value_items(accounts);
    for (uint32_t at = 0; items != NULL && at < accounts.count; at++)
        if (str_is(value_str(items[at]), "organization"))
            return true;
    return false;
}

static enum step_turn ask_accounts(struct step *step, str page)
{
    static const char *const homes[][2] = { { "aws", "us-east-1" }, { "aws-cn", "cn-northwest-1" },
        { "aws-us-gov", "us-gov-west-1" } };
    const char *partition = partition_of(step->region);
    struct request request = { .service = "organizations" };
    for (size_t at = 0; at < COUNT_OF(homes); at++)
        if (strcmp(homes[at][0], partition) == 0)
            request = organizations_list_accounts(step, str_from(homes[at][1]), page);
    request.provider = "aws";
    return talk_ask_for_facts(step, ORGANIZATION, request);
}

static enum step_turn heard_accounts(struct step *step, const struct answer *answer)
{
    struct find_instance *self = step->state;
    const struct xml *item = xml_find(answer->root, "Accounts");
    str page = xml_text(answer->root, "NextToken");
    if (answer->heard != HEARD_ANSWER) {
        const char *why = talk_why(step, answer);
        self->unread = arena_format(step->arena,
            "; which accounts the organization has could not be read: %s", why == NULL ? "" : why);
    }
    for (; item != NULL; item = xml_next(item))
        if (str_is(xml_text(item, "Status"), "ACTIVE"))
            add_account(step, arena_copy(step->arena, xml_text(item, "Id")));
    return page.len > 0 && self->place_count < FIND_PLACES_MAX
               ? ask_accounts(step, arena_copy(step->arena, page))
               : search(step);
}

/* ---- the EDR ---- */

static enum step_turn begin_search(struct step *step)
{
    struct find_instance *self = step->state;
    if (self->device.instance.len == 0 && self->device.ip_count == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "neither the alert nor its EDR says an address or an instance id of the device%s",
            self->edr == NULL ? "" : self->edr);
    know_places(step);
    return is_in_organization(step) ? ask_accounts(step, STR("")) : search(step);
}

/* The record of the EDR counts alone, and not for an alert that speaks of another name or address. */
static bool is_of_alert(struct step *step, const struct device *record)
{
    struct device alert = { .id = STR("") };
    device_of_alert(step, &alert);
    return device_may_be(&alert, record);
}

static enum step_turn heard_device(struct step *step, const struct answer *answer)
{
    struct find_instance *self = step->state;
    str id = arg(step, FIND_HOST);
    const struct xml *item = NULL;
    struct device record = { .id = STR("") };
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_UNRESOLVED, "which instance it is can be seen only when its EDR is asked");
    if (answer->heard != HEARD_ANSWER) {
        const char *why = talk_why(step, answer);
        self->edr =
            arena_format(step->arena, "; the EDR does not say more: %s", why == NULL ? "" : why);
    } else if (str_is(arg(step, FIND_SOURCE), "crowdstrike")) {
        item = falcon_resource(answer, "device_id", id);
        if (item != NULL)
            device_of_falcon(step, item, &record);
    } else if (str_equal(xml_text(answer->root, "id"), id))
        device_of_machine(step, answer->root, &record);
    if (record.id.len > 0 && !is_of_alert(step, &record))
        return talk_end(step, STEP_UNRESOLVED,
            "the alert and the EDR's record of the device speak of different names or addresses: "
            "one of them is old, or not of this device");
    if (record.id.len > 0)
        self->device = record;
    return begin_search(step);
}

static enum step_turn begin(struct step *step)
{
    struct find_instance *self = step->state;
    str source = arg(step, FIND_SOURCE);
    str id = arg(step, FIND_HOST);
    struct request request;
    device_of_alert(step, &self->device);
    if (str_is(source, "crowdstrike") && falcon_is_agent_id(id))
        request = falcon_get_device(step, id);
    else if (str_is(source, "defender"))
        request = mde_get_machine(step, id);
    else
        return begin_search(step);
    request.provider = str_is(source, "defender") ? "defender" : "crowdstrike";
    return talk_ask_for_facts(step, DEVICE, request);
}

enum step_turn find_instance_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [DEVICE] = heard_device, [ORGANIZATION] = heard_accounts, [SEARCH] = heard_search
    };
    const struct find_instance *self = step->state;
    if (reply == NULL)
        return begin(step);
    const struct speaker *speaker = self->talk.doing != DEVICE ? &aws_speaker
                                    : str_is(arg(step, FIND_SOURCE), "defender")
                                        ? &microsoft_speaker
                                        : &crowdstrike_speaker;
    return talk_hear(step, reply, hearers, speaker);
}
