/* cut_acl.h - cut what is open with entries of network ACLs that deny everything.
 *
 * An entry names the far end alone: none can be about one instance, so what denies everything
 * cuts the whole subnet. It is made only where the instance has its subnet, and the subnet its
 * ACL, for itself. ACLs track nothing: what was open is cut at once.
 *
 * A part of isolate_security_group, after the interfaces have been moved. */
#pragma once

#include "aws/voice.h"

enum { CUT_SUBNETS_MAX = 50 };

struct cut_acl {
    str subnets[CUT_SUBNETS_MAX];
    uint32_t subnets_count;
    uint32_t at;    /* the subnet that is being cut */
    uint32_t entry; /* of its four: IPv4 in, IPv6 in, IPv4 out, IPv6 out */
    uint32_t last;  /* number of the entry that was made last in this direction; 0: none */
    uint32_t made;  /* entries that were asked for */
    uint32_t pages;
    struct tries tries;
    str acl;
    const char *failure; /* why one of the subnets cannot be cut; or NULL */
    bool is_done;
};

/* Cut the subnets of the interfaces; isolate_conclude goes on. */
enum step_turn cut_acl_begin(struct step *step);

/* Go on after an answer: about what else is in the subnet, about its ACL, to a new entry. */
enum step_turn heard_acl_neighbours(struct step *step, const struct answer *answer);
enum step_turn heard_acl_look(struct step *step, const struct answer *answer);
enum step_turn heard_acl_create(struct step *step, const struct answer *answer);
