#include "defender/machine.h"

#include "base/fold.h"
#include "bytecode.h"
#include "defender/replies.h"
#include "defender/requests.h"

enum { MACHINE_ID_CHARS = 40, ACCOUNT_DIGITS = 12 };

bool machine_is_id(str id)
{
    return id.len == MACHINE_ID_CHARS && str_all_of(id, "0123456789abcdefABCDEF");
}

bool machine_fits(const value *args)
{
    return machine_is_id(value_str(args[0]));
}

bool machine_is_windows(const struct machine *machine)
{
    return str_startswith(machine->os, STR("Windows"));
}

bool machine_is_macos(const struct machine *machine)
{
    return str_startswith(machine->os, STR("mac"));
}

const char *machine_live_refusal(struct arena *arena, str os)
{
    const struct machine machine = { .os = os };
    bool is_old = str_is(os, "Windows7") || str_is(os, "Windows8") || str_is(os, "Windows8.1")
                  || str_startswith(os, STR("WindowsServer2008"));
    if (machine_is_macos(&machine))
        return arena_format(
            arena, "runs macOS (%.*s): the collectors are for Windows and Linux", STR_ARG(os));
    if (!is_old && (str_is(os, "Linux") || machine_is_windows(&machine)))
        return NULL;
    return arena_format(arena,
        "runs %.*s, and live response is for Windows 10 and later, servers of it, and Linux",
        STR_ARG(os));
}

enum step_turn machine_ask(struct step *step, uint32_t doing, str id)
{
    if (!machine_is_id(id))
        return talk_end(step, STEP_UNRESOLVED,
            "%.*s is no machine of Defender: those have ids of 40 hex digits", STR_ARG(id));
    const char *target = arena_format(step->arena, "host/%.*s", STR_ARG(id));
    if (target == NULL)
        return talk_memory(step);
    step->target = str_from(target);
    return talk_ask(step, doing, mde_get_machine(step, id));
}

/* ---- facts ---- */

/* Each text once, in the order of the answer; *is_any becomes true when it has one. */
static void say(struct step *step, enum field field, str text, bool *is_any)
{
    *is_any |= text.len > 0;
    for (const struct fact *fact = step->facts; fact != NULL; fact = fact->next)
        if (fact->field == (uint32_t)field && str_equal(fact->text, text))
            return;
    step_fact(step, field, text);
}

static void say_or_none(struct step *step, enum field field, str text)
{
    bool is_any = false;
    say(step, field, text, &is_any);
    if (!is_any)
        step_none(step, field);
}

static void say_addresses(struct step *step, const struct xml *root)
{
    bool is_any = false;
    const struct xml *item = xml_find(root, "ipAddresses");
    for (; item != NULL; item = xml_next(item))
        say(step, FIELD_HOST_IP, xml_text(item, "ipAddress"), &is_any);
    say(step, FIELD_HOST_IP, xml_text(root, "lastIpAddress"), &is_any);
    say(step, FIELD_HOST_IP, xml_text(root, "lastExternalIpAddress"), &is_any);
    if (!is_any)
        step_none(step, FIELD_HOST_IP);
}

/* Defender's tags are words; "env:prod" and "env=prod" are read as what people mean by them, too. */
static void say_tag(struct step *step, str tag)
{
    size_t at = str_find(tag, '=');
    if (at == tag.len)
        at = str_find(tag, ':');
    step_fact_tag(step, tag, tag);
    if (at > 0 && at < tag.len)
        step_fact_tag(
            step, str_trim(str_first(tag, at), " "), str_trim(str_skip(tag, at + 1), " "));
}

static void say_tags(struct step *step, const struct xml *root)
{
    const struct xml *tag = xml_find(root, "machineTags");
    if (tag == NULL)
        step_none(step, FIELD_RESOURCE_TAGS);
    for (; tag != NULL; tag = xml_next(tag))
        say_tag(step, tag->text);
}

/* "AWS" as cloud.provider has it: "aws". */
static str lower(struct step *step, str text)
{
    str copy = arena_copy(step->arena, text);
    const char *name = str_equal(copy, STR("AWS"))     ? "aws"
                       : str_equal(copy, STR("Azure")) ? "azure"
                       : str_equal(copy, STR("GCP"))   ? "gcp"
                                                       : NULL;
    return name == NULL ? copy : str_from(name);
}

static bool is_instance(str id)
{
    return id.len > 2 && str_startswith(id, STR("i-"))
           && str_all_of(str_skip(id, 2), "0123456789abcdef");
}

/* A subscription of Azure is no account in the sense of cloud.account; what stands there for AWS is. */
static bool is_account(str id)
{
    return id.len == ACCOUNT_DIGITS && str_all_of(id, "0123456789");
}

/* Of what is said to be on AWS more is there than is told; of another machine there is none. */
static void say_of_cloud(struct step *step, enum field field, str text, bool is_aws)
{
    if (text.len > 0 || !is_aws)
        say_or_none(step, field, text);
    else
        step_gap(step, field, "Defender says that the host is on AWS, and not this");
}

/* Defender knows of clouds what its connectors tell; of many machines nothing. */
static void say_cloud(struct step *step, const struct xml *root)
{
    const struct xml *cloud = xml_find(root, "vmMetadata");
    str resource = xml_text(cloud, "resourceId"), vm = xml_text(cloud, "vmId");
    str account = xml_text(cloud, "subscriptionId"), nothing = STR("");
    str provider = lower(step, xml_text(cloud, "cloudProvider"));
    bool is_aws = str_is(provider, "aws");
    say_or_none(step, FIELD_CLOUD_PROVIDER, provider);
    say_of_cloud(step, FIELD_CLOUD_ACCOUNT, is_account(account) ? account : nothing, is_aws);
    say_of_cloud(step, FIELD_INSTANCE_ID, is_instance(vm) ? vm : nothing, is_aws);
    if (resource.len > 0)
        step_fact(step, FIELD_RESOURCE_ID, resource);
}

static void say_machine(struct step *step, const struct xml *root)
{
    str device = xml_text(root, "aadDeviceId");
    step_fact(step, FIELD_HOST_ID, xml_text(root, "id"));
    step_fact(step, FIELD_HOST_ID, device);
    say_or_none(step, FIELD_HOST_NAME, xml_text(root, "computerDnsName"));
    say_or_none(step, FIELD_HOST_OS, xml_text(root, "osPlatform"));
    say_addresses(step, root);
    step_fact(step, FIELD_RESOURCE_ID, xml_text(root, "id"));
    say_tags(step, root);
    say_cloud(step, root);
}

/* ---- the answer ---- */

static enum step_turn not_found(struct step *step, str id)
{
    return talk_end(step, STEP_UNRESOLVED,
        "Defender knows no machine %.*s; it forgets those that have not reported for months",
        STR_ARG(id));
}

bool machine_heard(struct step *step, const struct answer *answer, str id,
    struct machine *ret_machine, enum step_turn *ret_turn)
{
    struct arena *arena = step->arena;
    *ret_machine = (struct machine){ .id = id };
    if (answer->heard == HEARD_ASSUMED)
        return true;
    if (answer->heard != HEARD_ANSWER) {
        *ret_turn = reply_is_missing(answer) ? not_found(step, id) : talk_fail(step, answer);
        return false;
    }
    str status = xml_text(answer->root, "onboardingStatus");
    if (!fold_equal(xml_text(answer->root, "id"), id)) {
        *ret_turn = not_found(step, id);
        return false;
    }
    if (status.len > 0 && !str_is(status, "Onboarded")) {
        *ret_turn = talk_end(step, STEP_FAILED,
            "%.*s is seen by Defender and not onboarded (%.*s): nothing can be done on it",
            STR_ARG(step->target), STR_ARG(status));
        return false;
    }
    ret_machine->name = arena_copy(arena, xml_text(answer->root, "computerDnsName"));
    ret_machine->os = arena_copy(arena, xml_text(answer->root, "osPlatform"));
    ret_machine->health = arena_copy(arena, xml_text(answer->root, "healthStatus"));
    ret_machine->last_seen = arena_copy(arena, xml_text(answer->root, "lastSeen"));
    say_machine(step, answer->root);
    talk_found(step, "machine %.*s", STR_ARG(ret_machine->name));
    return true;
}

const char *machine_doubt(struct step *step, const struct machine *machine)
{
    if (machine->health.len == 0 || str_is(machine->health, "Active"))
        return "";
    return arena_format(step->arena, "; Defender calls it %.*s, last seen %.*s",
        STR_ARG(machine->health), STR_ARG(machine->last_seen));
}
