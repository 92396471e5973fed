/* falcon.c - what rules may do with CrowdStrike Falcon, Real Time Response apart. */
#include "bytecode.h"
#include "crowdstrike/alert.h"
#include "crowdstrike/contain.h"
#include "fronts.h"
#include "registry.h"

#define FALCON_PAGE "https://www.falconpy.io/Service-Collections/"
#define HOSTS_PAGE FALCON_PAGE "Hosts.html#performactionv2"
#define ALERTS_PAGE FALCON_PAGE "Alerts.html#patchentitiesalertsv3"

const struct builtin crowdstrike_isolate_host = {
    .name = "isolate_host",
    .verb = VERB_RESPOND,
    .provider = "crowdstrike",
    .doc = "Contain a host by Falcon: it reaches nothing but Falcon's cloud.",
    .params = HOST_ISOLATE_PARAMS,
    .effect = EFFECT_CHANGES,
    .permissions = { .apply = { "hosts:read", "hosts:write" },
        .undo = { "hosts:read", "hosts:write" } },
    .limits = { "a host that is offline takes it when it is back: until then the step ends as "
                "partial, "
                "and Falcon keeps the request",
        "addresses of the tenant's containment policy stay reachable",
        "Falcon contains whole hosts: mode=selective is declined",
        "Falcon does not say who contained a host: one that somebody else contains again after a "
        "release looks like ours" },
    .shows = { FALCON_SHOWS_DEVICE },
    .inverse = "lift_containment",
    .source = HOSTS_PAGE,
    .fits = falcon_fits,
    .state_bytes = sizeof(struct contain),
    .next = contain_next,
};

const struct builtin crowdstrike_alert_status = {
    .name = "alert_status",
    .verb = VERB_RESPOND,
    .provider = "crowdstrike",
    .doc = "Set the status of the alert in Falcon.",
    .params = ALERT_STATUS_PARAMS,
    .effect = EFFECT_CHANGES,
    .tells = true,
    .permissions = { .apply = { "alerts:read", "alerts:write" },
        .undo = { "alerts:read", "alerts:write" } },
    .limits = { "alerts of the Alerts API alone: events of the event stream have no such status" },
    .inverse = "restore_alert_status",
    .source = ALERTS_PAGE,
    .state_bytes = sizeof(struct falcon_status),
    .next = falcon_status_next,
};

const struct builtin crowdstrike_alert_comment = {
    .name = "alert_comment",
    .verb = VERB_NOTIFY,
    .provider = "crowdstrike",
    .doc = "Write a comment to the alert in Falcon.",
    .params = ALERT_COMMENT_PARAMS,
    .effect = EFFECT_COLLECTS,
    .tells = true,
    .permissions = { .apply = { "alerts:read", "alerts:write" } },
    .limits = { "where the API shows no comments, a comment whose answer was lost is not sent "
                "again: "
                "the step ends as unknown",
        "comments cannot be removed" },
    .source = ALERTS_PAGE,
    .state_bytes = sizeof(struct falcon_comment),
    .next = falcon_comment_next,
};

static const struct builtin rows[] = {
    {
        .name = "lift_containment",
        .verb = VERB_UNDO,
        .provider = "crowdstrike",
        .doc = "Let a host out of containment, if it is in it.",
        .params = { [LIFT_HOST] = PARAM("host", HOST, REQUIRED, "the agent id of the host") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "hosts:read", "hosts:write" } },
        .limits = { "a host that is offline takes it when it is back" },
        .source = HOSTS_PAGE,
        .state_bytes = sizeof(struct contain),
        .next = lift_containment_next,
    },
    {
        .name = "restore_alert_status",
        .verb = VERB_UNDO,
        .provider = "crowdstrike",
        .doc = "Give an alert the status back that it had, if it still has the one that was set.",
        .params = { [RESTORE_ALERT] = PARAM("alert", TEXT, REQUIRED, "its composite id"),
            [RESTORE_BEFORE] = PARAM("before", TEXT, REQUIRED, "the status that it had"),
            [RESTORE_SET] = PARAM("set", TEXT, REQUIRED, "the status that was set") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "alerts:read", "alerts:write" } },
        .source = ALERTS_PAGE,
        .state_bytes = sizeof(struct falcon_status),
        .next = falcon_restore_next,
    },
};

const struct builtin_module crowdstrike_module = { "crowdstrike", rows, COUNT_OF(rows) };
