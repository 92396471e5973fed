/* replies.h - what the Falcon API answers, as the steps read it.
 *
 * An answer is the tree of {"meta":..,"errors":[..],"resources":[..]} (rest/voice.h); what is read
 * here borrows from it. A text that is not there is empty.
 */
#pragma once

#include "talk/talk.h"

enum falcon_containment {
    FALCON_NORMAL,
    FALCON_CONTAINING, /* accepted; the host has not taken it yet */
    FALCON_CONTAINED,
    FALCON_LIFTING,
    FALCON_OTHER, /* a word that is not known here, or none */
};

enum falcon_online { FALCON_ONLINE, FALCON_OFFLINE, FALCON_ONLINE_UNKNOWN };

struct falcon_device {
    str id;
    str name;        /* as the host calls itself: whoever has the host can choose it */
    str domain;      /* "corp.example", of a member of one */
    str platform;    /* "Windows", "Linux", "Mac" */
    str os;          /* "Windows Server 2022" */
    str local_ip;    /* the host's own, of the interface that the agent uses */
    str external_ip; /* where the cloud sees it come from */
    str connection_ip;
    str mac;
    str status;    /* of containment, as Falcon spells it */
    str provider;  /* "AWS_EC2_V2", "AZURE", "GCP", or empty */
    str account;   /* of that provider */
    str instance;  /* "i-0123456789abcdef0" */
    str zone;      /* "eu-west-1a" */
    str last_seen; /* RFC 3339 */
    str policy;    /* its response policy, or empty */
    bool is_policy_applied;
    const struct xml *item; /* all of it */
};

/* Whether `text` is written as an agent id (32 hex digits), as the composite id of an alert is (the
 * customer's 32 hex digits, a colon, and what identifies it: printable, without blanks). */
bool falcon_is_agent_id(str text);
bool falcon_is_alert_id(str text);

/* The resource of the answer whose member `name` is `id`, hex digits of any case; NULL: none. */
const struct xml *falcon_resource(const struct answer *answer, const char *name, str id);
/* Whether Falcon declined because there is no such thing, or because it is so already (conflict). */
bool falcon_is_missing(const struct answer *answer);
bool falcon_is_conflict(const struct answer *answer);

struct falcon_device falcon_device_of(const struct xml *item);
enum falcon_containment falcon_containment_of(const struct falcon_device *device);
/* Of the answer to GetOnlineState_V1. */
enum falcon_online falcon_online_of(const struct answer *answer, str id);
/* Whether `provider` is AWS. */
bool falcon_is_aws(const struct falcon_device *device);
