#include "aws/network_acl.h"

#include "number.h"

str acl_cidr(struct arena *arena, const struct ip *network)
{
    char text[IP_TEXT_MAX];
    str shown = ip_format(network, text);
    if (str_find(shown, '/') < shown.len)
        return arena_copy(arena, shown);
    const char *all = arena_format(arena, "%.*s/%d", STR_ARG(shown), network->is_v4 ? 32 : 128);
    return all == NULL ? (str){ NULL, 0 } : str_from(all);
}

bool acl_entry_read(const struct xml *item, struct acl_entry *ret_entry)
{
    value number;
    str v4 = xml_text(item, "cidrBlock"), v6 = xml_text(item, "ipv6CidrBlock");
    str action = xml_text(item, "ruleAction"), egress = xml_text(item, "egress");
    struct acl_entry entry = {
        .is_egress = str_is(egress, "true"),
        .is_deny = str_is(action, "deny"),
        .is_all = str_is(xml_text(item, "protocol"), "-1"),
    };
    bool is_read = number_parse(xml_text(item, "ruleNumber"), &number)
                   && number.kind == VALUE_INTEGER && number.integer > 0
                   && number.integer <= UINT16_MAX && (entry.is_egress || str_is(egress, "false"))
                   && (entry.is_deny || str_is(action, "allow"))
                   && cidr_parse(v4.len > 0 ? v4 : v6, &entry.network);
    if (!is_read)
        return false;
    entry.number = (uint32_t)number.integer;
    *ret_entry = entry;
    return true;
}

static const struct xml *first_entry(const struct xml *acl)
{
    return xml_find(acl, "entrySet/item");
}

bool acl_entry_at(
    const struct xml *acl, uint32_t number, bool is_egress, struct acl_entry *ret_entry)
{
    struct acl_entry entry;
    for (const struct xml *item = first_entry(acl); item != NULL; item = xml_next(item))
        if (acl_entry_read(item, &entry) && entry.number == number
            && entry.is_egress == is_egress) {
            *ret_entry = entry;
            return true;
        }
    return false;
}

static bool is_same(const struct ip *a, const struct ip *b)
{
    return ip_covers(a, b) && ip_covers(b, a);
}

static bool overlap(const struct ip *a, const struct ip *b)
{
    return ip_covers(a, b) || ip_covers(b, a);
}

bool acl_entry_denies(const struct acl_entry *entry, const struct ip *network)
{
    return entry->is_deny && entry->is_all && is_same(&entry->network, network);
}

/* The lowest number of an entry of the direction that may let some traffic with `network`
 * through; ACL_NUMBER_MAX + 1 where none does. What cannot be read counts from the front. */
static uint32_t first_allow(const struct xml *acl, bool is_egress, const struct ip *network)
{
    uint32_t first = ACL_NUMBER_MAX + 1;
    struct acl_entry entry;
    for (const struct xml *item = first_entry(acl); item != NULL; item = xml_next(item)) {
        if (!acl_entry_read(item, &entry))
            return 0;
        if (entry.is_egress == is_egress && !entry.is_deny && entry.number < first
            && overlap(&entry.network, network))
            first = entry.number;
    }
    return first;
}

uint32_t acl_deny_find(const struct xml *acl, bool is_egress, const struct ip *network)
{
    uint32_t allow = first_allow(acl, is_egress, network);
    struct acl_entry entry;
    for (const struct xml *item = first_entry(acl); item != NULL; item = xml_next(item))
        if (acl_entry_read(item, &entry) && entry.is_egress == is_egress && entry.is_deny
            && entry.is_all && entry.number < allow && ip_covers(&entry.network, network))
            return entry.number;
    return 0;
}

uint32_t acl_number_free(
    const struct xml *acl, bool is_egress, const struct ip *network, uint32_t under)
{
    struct acl_entry entry;
    uint32_t number = first_allow(acl, is_egress, network);
    if (under > 0 && under < number)
        number = under;
    while (number > 1)
        if (!acl_entry_at(acl, --number, is_egress, &entry))
            return number;
    return 0;
}
