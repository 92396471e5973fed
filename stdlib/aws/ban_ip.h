/* ban_ip.h - keep an address out, one of three ways, and let it in again.
 *
 *   ban_ip.c      may the address be banned, and which way
 *   ban_waf.c     into an IP set of AWS WAF
 *   ban_acl.c     entries of the network ACLs of an instance's subnets
 *   ban_policy.c  an IAM policy of a role or a user
 *
 * Only one public address is ever banned, and none of this account's own. Each way says what it
 * added in its undo, which takes back exactly that: never a list or a policy as it was before. */
#pragma once

#include "aws/inline_policy.h"
#include "aws/principal.h"
#include "aws/requests_waf.h"
#include "ip.h"

enum { BAN_ACLS_MAX = 16 };

/* Arguments of the row. */
enum {
    BAN_IP,
    BAN_VIA,
    BAN_IP_SET,
    BAN_SCOPE,
    BAN_INSTANCE,
    BAN_ACL,
    BAN_ROLE,
    BAN_USER,
    BAN_ACCOUNT,
    BAN_REGION,
};

/* The questions of all ways. */
enum {
    BAN_CALLER = PRINCIPAL_DOING_COUNT,
    BAN_OWN,
    BAN_WAF_LIST,
    BAN_WAF_LOOK,
    BAN_WAF_UPDATE,
    BAN_ACL_INSTANCE,
    BAN_ACL_SUBNETS,
    BAN_ACL_FIND,
    BAN_ACL_LOOK,
    BAN_ACL_CREATE,
    BAN_POLICY_LOOK,
    BAN_POLICY_PUT,
};

/* Of a WAF IP set, for both directions. */
struct ban_waf {
    struct ip_set set;
    struct tries tries;
    uint32_t conflicts; /* somebody else changed the set in between */
    str others;         /* names of sets that were read, the first few */
    uint32_t others_count;
};

struct ban_acl_one {
    str id;
    uint32_t subnets; /* associated with it */
};

struct ban_acl {
    value subnets[BAN_ACLS_MAX];
    uint32_t subnets_count;
    uint32_t subnets_known; /* whose ACL was found */
    struct ban_acl_one acls[BAN_ACLS_MAX];
    uint32_t acls_count;
    uint32_t at; /* the entry that is made now: 2 * ACL + direction */
    struct tries tries;
    bool may_be_ours;    /* some request to make the entry was not refused */
    uint32_t collisions; /* numbers that were taken when it arrived */
    uint32_t made;       /* entries */
    uint32_t kept;       /* that somebody had made before */
    const char *missing; /* what could not be made, in words; or NULL */
};

struct ban_ip {
    struct principal principal; /* begins with struct talk; the rest but the caller is of the way
                                 * by policy */
    struct ip ip;
    str shown; /* "198.51.100.7" */
    str cidr;  /* "198.51.100.7/32" */
    union {
        struct ban_waf waf;
        struct ban_acl acl;
        struct inline_policy policy;
    };
};

/* ip, via, ip_set, scope, acl, role, user, instance, account, region */
enum step_turn ban_ip_next(struct step *step, const struct reply *reply);

/* NULL, or why the address must not be banned: it is private, the machine itself, everybody. Static. */
const char *ban_ip_fault(const struct ip *ip);

/* Begin a way; the address, the caller and, for the policy, whose it will be are known. */
enum step_turn ban_waf_begin(struct step *step);
enum step_turn ban_acl_begin(struct step *step);
enum step_turn ban_policy_begin(struct step *step);

talk_hearer ban_waf_heard_list, ban_waf_heard_look, ban_waf_heard_update;
talk_hearer ban_acl_heard_instance, ban_acl_heard_subnets, ban_acl_heard_find, ban_acl_heard_look,
    ban_acl_heard_create;
talk_hearer ban_policy_heard_look, ban_policy_heard_put;

/* ---- taken back ---- */

/* ip (as it is in the set), ip_set, id, scope, account, region */
enum { UNBAN_IP, UNBAN_SET, UNBAN_ID, UNBAN_SCOPE, UNBAN_ACCOUNT, UNBAN_REGION, UNBAN_ARGS };
struct unban_ip {
    struct talk talk;
    struct caller caller;
    struct ban_waf waf;
};
enum step_turn unban_ip_next(struct step *step, const struct reply *reply);

/* Of every step that makes an entry that denies all traffic with a network:
 * acl, number, egress ("true", "false"), network, account, region */
enum {
    DELETE_ENTRY_ACL,
    DELETE_ENTRY_NUMBER,
    DELETE_ENTRY_EGRESS,
    DELETE_ENTRY_NETWORK,
    DELETE_ENTRY_ACCOUNT,
    DELETE_ENTRY_REGION,
    DELETE_ENTRY_ARGS
};
struct delete_acl_entry {
    struct talk talk;
    struct caller caller;
    struct tries tries;
};
enum step_turn delete_acl_entry_next(struct step *step, const struct reply *reply);
/* The undo of an entry that is being made. */
struct undo delete_acl_entry_undo(struct step *step, str acl, uint32_t number, bool is_egress,
    str network, str account, value region);

/* owner (ARN of a role or user), policy (the document that was put), name, id of the owner */
enum { UNBAN_OWNER, UNBAN_POLICY, UNBAN_NAME, UNBAN_OWNER_ID, UNBAN_POLICY_ARGS };
struct delete_ban_policy {
    struct restore_policy restore;
    struct restore_words words;
};
enum step_turn delete_ban_policy_next(struct step *step, const struct reply *reply);
