/* device.h - one machine as different people know it, and whether two of them mean the same one.
 *
 * Whoever is root on a host can have its agent report another host's name or address, and networks of
 * different accounts have the same addresses. So one fact that agrees is never enough, and one that
 * contradicts is: an id, MACs of which none is the same, a launch after it was last seen.
 */
#pragma once

#include "act/step.h"
#include "talk/xml.h"

enum { DEVICE_ADDRESSES_MAX = 16, DEVICE_NAMES_MAX = 4, AGREEMENT_BYTES = 64 };

/* Texts that are not there are empty. */
struct device {
    str id;                      /* of the EDR */
    str names[DEVICE_NAMES_MAX]; /* that it goes by; whoever has it may choose them */
    uint32_t name_count;
    str ips[DEVICE_ADDRESSES_MAX]; /* private ones */
    uint32_t ip_count;
    str macs[DEVICE_ADDRESSES_MAX]; /* 12 hex digits in small letters */
    uint32_t mac_count;
    str instance; /* its id; an agent has it from the instance's metadata */
    str account;  /* the same */
    str launched; /* RFC 3339, in UTC; of an instance */
    str seen;     /* the same, when its EDR saw it last */
};

/* All copied into step->arena; what there is no room for is left out, so it can only agree less. */
void device_add_name(struct step *step, struct device *device, str name);
void device_add_ip(struct step *step, struct device *device, str ip);
/* "06-AB-..", "06:ab:..", "06AB..": anything else is none. */
void device_add_mac(struct step *step, struct device *device, str mac);

/* A record of Falcon, one of Defender for Endpoint, an item of DescribeInstances and its owner. */
void device_of_falcon(struct step *step, const struct xml *item, struct device *device);
void device_of_machine(struct step *step, const struct xml *item, struct device *device);
void device_of_instance(
    struct step *step, const struct xml *item, str owner, struct device *device);

/* Whether nothing that both say speaks against it: of names, and of addresses, they share one. */
bool device_may_be(const struct device *a, const struct device *b);

/* What the alert says of its host: name and addresses (FIND_NAME, FIND_IPS). */
void device_of_alert(struct step *step, struct device *device);

enum agreement {
    AGREES_NOT,    /* in one fact at most, or one contradicts */
    AGREES,        /* in two, of those that any network may have again: address and name */
    AGREES_SURELY, /* in two, the id or a MAC among them */
};

/* Whether two mean the same machine; *words: "MAC, address", of AGREEMENT_BYTES. */
enum agreement device_compare(const struct device *a, const struct device *b, char *words);
