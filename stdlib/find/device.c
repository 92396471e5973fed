#include "find/device.h"

#include "act/locate.h"
#include "crowdstrike/replies.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool has_text(const str *texts, uint32_t count, str text)
{
    for (uint32_t at = 0; at < count; at++)
        if (str_equal(texts[at], text))
            return true;
    return false;
}

static void add(struct step *step, str *texts, uint32_t *count, uint32_t most, str text)
{
    if (text.len > 0 && *count < most && !has_text(texts, *count, text))
        texts[(*count)++] = arena_copy(step->arena, text);
}

void device_add_name(struct step *step, struct device *device, str name)
{
    add(step, device->names, &device->name_count, DEVICE_NAMES_MAX, name);
}

void device_add_ip(struct step *step, struct device *device, str ip)
{
    add(step, device->ips, &device->ip_count, DEVICE_ADDRESSES_MAX, ip);
}

void device_add_mac(struct step *step, struct device *device, str mac)
{
    char digits[12];
    size_t count = 0;
    for (size_t at = 0; at < mac.len; at++) {
        unsigned char c = (unsigned char)mac.ptr[at];
        if (c == '-' || c == ':')
            continue;
        if (!isxdigit(c) || count == sizeof digits)
            return;
        digits[count++] = (char)tolower(c);
    }
    if (count == sizeof digits)
        add(step, device->macs, &device->mac_count, DEVICE_ADDRESSES_MAX,
            (str){ digits, sizeof digits });
}

static void keep(struct step *step, str *kept, str text)
{
    if (text.len > 0)
        *kept = arena_copy(step->arena, text);
}

void device_of_falcon(struct step *step, const struct xml *item, struct device *device)
{
    struct falcon_device record = falcon_device_of(item);
    keep(step, &device->id, record.id);
    device_add_name(step, device, record.name);
    keep(step, &device->seen, record.last_seen);
    device_add_ip(step, device, record.local_ip);
    device_add_ip(step, device, record.connection_ip);
    device_add_mac(step, device, record.mac);
    if (falcon_is_aws(&record)) {
        keep(step, &device->instance, record.instance);
        keep(step, &device->account, record.account);
    }
}

/* "i-0abc" of itself or of an ARN; what other clouds say is none. */
static str instance_in(str resource)
{
    size_t slash = str_find_last(resource, '/');
    str last = slash == resource.len ? resource : str_skip(resource, slash + 1);
    return str_startswith(last, STR("i-")) ? last : STR("");
}

void device_of_machine(struct step *step, const struct xml *item, struct device *device)
{
    const struct xml *address = xml_find(item, "ipAddresses");
    str id = instance_in(xml_text(item, "vmMetadata/vmId"));
    keep(step, &device->id, xml_text(item, "id"));
    device_add_name(step, device, xml_text(item, "computerDnsName"));
    keep(step, &device->seen, xml_text(item, "lastSeen"));
    device_add_ip(step, device, xml_text(item, "lastIpAddress"));
    for (; address != NULL; address = xml_next(address)) {
        device_add_ip(step, device, xml_text(address, "ipAddress"));
        device_add_mac(step, device, xml_text(address, "macAddress"));
    }
    if (id.len == 0)
        id = instance_in(xml_text(item, "vmMetadata/resourceId"));
    keep(step, &device->instance, id);
    if (id.len > 0)
        keep(step, &device->account, xml_text(item, "vmMetadata/subscriptionId"));
}

void device_of_instance(struct step *step, const struct xml *item, str owner, struct device *device)
{
    keep(step, &device->instance, xml_text(item, "instanceId"));
    keep(step, &device->account, owner);
    keep(step, &device->launched, xml_text(item, "launchTime"));
    device_add_name(step, device, xml_text(item, "privateDnsName"));
    device_add_ip(step, device, xml_text(item, "privateIpAddress"));
    for (const struct xml *card = xml_find(item, "networkInterfaceSet/item"); card != NULL;
         card = xml_next(card)) {
        device_add_mac(step, device, xml_text(card, "macAddress"));
        for (const struct xml *address = xml_find(card, "privateIpAddressesSet/item");
             address != NULL; address = xml_next(address))
            device_add_ip(step, device, xml_text(address, "privateIpAddress"));
    }
    for (const struct xml *tag = xml_find(item, "tagSet/item"); tag != NULL; tag = xml_next(tag))
        if (str_is(xml_text(tag, "key"), "Name"))
            device_add_name(step, device, xml_text(tag, "value"));
}

void device_of_alert(struct step *step, struct device *device)
{
    value name = step->args[FIND_NAME], ips = step->args[FIND_IPS];
    const value *items = value_items(ips);
    if (name.kind == VALUE_TEXT)
        device_add_name(step, device, value_str(name));
    for (uint32_t at = 0; items != NULL && at < ips.count; at++)
        device_add_ip(step, device, value_print(step->arena, items[at]));
    if (items == NULL && ips.kind != VALUE_ABSENT && ips.kind != VALUE_NULL)
        device_add_ip(step, device, value_print(step->arena, ips));
}

/* ---- do they mean the same? ---- */

/* EC2 calls instances by their addresses, "ip-10-0-1-15": that is no second fact. */
static bool is_of_address(str name)
{
    str prefix = STR("ip-");
    return str_startswith(name, prefix) && str_all_of(str_skip(name, prefix.len), "0123456789-");
}

/* Up to their first dot, in any case. */
static bool is_label(str a, str b)
{
    a = str_first(a, str_find(a, '.'));
    b = str_first(b, str_find(b, '.'));
    return a.len > 0 && a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool is_name(str a, str b)
{
    return is_label(a, b) && !is_of_address(str_first(a, str_find(a, '.')));
}

static bool shares_name(const struct device *a, const struct device *b)
{
    for (uint32_t at = 0; at < a->name_count; at++)
        for (uint32_t other = 0; other < b->name_count; other++)
            if (is_name(a->names[at], b->names[other]))
                return true;
    return false;
}

static bool shares(const str *a, uint32_t a_count, const str *b, uint32_t b_count)
{
    for (uint32_t at = 0; at < a_count; at++)
        if (has_text(b, b_count, a[at]))
            return true;
    return false;
}

bool device_may_be(const struct device *a, const struct device *b)
{
    bool is_address =
        a->ip_count == 0 || b->ip_count == 0 || shares(a->ips, a->ip_count, b->ips, b->ip_count);
    bool is_named = a->name_count == 0 || b->name_count == 0;
    for (uint32_t at = 0; at < a->name_count && !is_named; at++)
        for (uint32_t other = 0; other < b->name_count && !is_named; other++)
            is_named = is_label(a->names[at], b->names[other]);
    return is_address && is_named;
}

/* In UTC, to the second: the text decides. */
static bool is_launched_after(str launched, str seen)
{
    size_t len = sizeof "2026-01-01T00:00:00" - 1;
    return launched.len >= len && seen.len >= len && memcmp(launched.ptr, seen.ptr, len) > 0;
}

/* Of one that is said by one side alone nothing follows. */
static bool contradicts(str a, str b)
{
    return a.len > 0 && b.len > 0 && !str_equal(a, b);
}

enum agreement device_compare(const struct device *a, const struct device *b, char *words)
{
    bool is_id = a->instance.len > 0 && str_equal(a->instance, b->instance);
    bool is_mac = shares(a->macs, a->mac_count, b->macs, b->mac_count);
    bool is_address = shares(a->ips, a->ip_count, b->ips, b->ip_count);
    bool is_named = shares_name(a, b);
    bool is_other = contradicts(a->instance, b->instance) || contradicts(a->account, b->account)
                    || (a->mac_count > 0 && b->mac_count > 0 && !is_mac)
                    || is_launched_after(a->launched, b->seen)
                    || is_launched_after(b->launched, a->seen);
    snprintf(words, AGREEMENT_BYTES, "%s%s%s%s", is_id ? "id, " : "", is_mac ? "MAC, " : "",
        is_address ? "address, " : "", is_named ? "name, " : "");
    if (words[0] != '\0')
        words[strlen(words) - 2] = '\0';
    if (is_other || is_id + is_mac + is_address + is_named < 2)
        return AGREES_NOT;
    return is_id || is_mac ? AGREES_SURELY : AGREES;
}
