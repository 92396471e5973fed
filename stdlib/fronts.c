/* fronts.c - see fronts.h. */
#include "fronts.h"

#include "registry.h"

static const struct builtin *const triage_ways[] = { &crowdstrike_triage, &defender_triage,
    &aws_triage, NULL };
static const struct builtin *const memory_ways[] = { &crowdstrike_memory, &defender_memory, NULL };
static const struct builtin *const isolate_host_ways[] = { &crowdstrike_isolate_host,
    &defender_isolate_host, NULL };
static const struct builtin *const alert_status_ways[] = { &crowdstrike_alert_status,
    &defender_alert_status, NULL };
static const struct builtin *const alert_comment_ways[] = { &crowdstrike_alert_comment,
    &defender_alert_comment, NULL };
static const struct builtin *const disable_user_ways[] = { &aws_disable_user,
    &defender_disable_user, NULL };

static const struct builtin rows[] = {
    {
        .name = "memory",
        .verb = VERB_COLLECT,
        .doc = "Collect the memory of a running host.",
        .params = TRIAGE_PARAMS("quick full"),
        .effect = EFFECT_COLLECTS,
        .ways = memory_ways,
    },
    {
        .name = "triage",
        .verb = VERB_COLLECT,
        .doc = "Collect processes, connections, autostarts, logs and recent files of a host.",
        .params = TRIAGE_PARAMS("quick full"),
        .effect = EFFECT_COLLECTS,
        .ways = triage_ways,
    },
    {
        .name = "alert_status",
        .verb = VERB_RESPOND,
        .doc = "Say in the EDR how far the work on the alert is.",
        .params = ALERT_STATUS_PARAMS,
        .effect = EFFECT_CHANGES,
        .tells = true,
        .ways = alert_status_ways,
    },
    {
        .name = "disable_user",
        .verb = VERB_RESPOND,
        .doc = "Deny a user everything: of IAM, or of Entra ID.",
        .params = { [USER_USER] = PARAM("user", USER, TARGET,
                        "of IAM its ARN, or its id or name and account=; of Entra ID its object id "
                        "or "
                        "principal name"),
            [USER_ACCOUNT] = PARAM_ACCOUNT },
        .effect = EFFECT_CHANGES,
        .ways = disable_user_ways,
    },
    {
        .name = "isolate_host",
        .verb = VERB_RESPOND,
        .doc = "Cut a host off from the network, its EDR excepted.",
        .params = HOST_ISOLATE_PARAMS,
        .effect = EFFECT_CHANGES,
        .ways = isolate_host_ways,
    },
    {
        .name = "alert_comment",
        .verb = VERB_NOTIFY,
        .doc = "Write a comment on the alert itself.",
        .params = ALERT_COMMENT_PARAMS,
        .effect = EFFECT_COLLECTS,
        .tells = true,
        .ways = alert_comment_ways,
    },
};

const struct builtin_module fronts_module = { "fronts", rows, COUNT_OF(rows) };
