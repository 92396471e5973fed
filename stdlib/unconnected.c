/* unconnected.c - steps that rules may name although this build cannot carry them out.
 *
 * Each row says what the step will do, to what, and which connection is missing, so that
 * rules are checked whole, and a plan tells why a step stays undone. A row leaves this file
 * when its provider arrives. */
#include "params.h"
#include "registry.h"

#define MESSAGE PARAM("text", TEXT, OPTIONAL, "the message; else the alert in one line")

static const struct builtin rows[] = {
    {
        .name = "email",
        .verb = VERB_NOTIFY,
        .doc = "Send an e-mail.",
        .params = { PARAM_DIRECTS_LIST("to", OPTIONAL, "addresses; else those of the connection"),
            PARAM("subject", TEXT, OPTIONAL, "else the alert's title"), MESSAGE },
        .effect = EFFECT_COLLECTS,
        .source = "https://www.rfc-editor.org/rfc/rfc5321",
        .missing = "e-mail needs a connection to a mail server",
    },
    {
        .name = "pagerduty",
        .verb = VERB_NOTIFY,
        .provider = "pagerduty",
        .doc = "Raise a PagerDuty incident.",
        .params = { PARAM_DIRECTS("service", OPTIONAL, "else that of the connection"),
            PARAM("severity", SEVERITY, OPTIONAL, "else the alert's"), MESSAGE },
        .effect = EFFECT_COLLECTS,
        .source = "https://developer.pagerduty.com/docs/events-api-v2-overview",
        .missing = "pagerduty needs a PagerDuty connection",
    },
    {
        .name = "slack",
        .verb = VERB_NOTIFY,
        .provider = "slack",
        .doc = "Write into a Slack channel.",
        .params = { PARAM_DIRECTS("channel", OPTIONAL, "else that of the connection"), MESSAGE },
        .effect = EFFECT_COLLECTS,
        .source = "https://docs.slack.dev/reference/methods/chat.postMessage",
        .missing = "slack needs a Slack connection",
    },
    {
        .name = "teams",
        .verb = VERB_NOTIFY,
        .provider = "teams",
        .doc = "Write into a Microsoft Teams channel.",
        .params = { PARAM_DIRECTS("channel", OPTIONAL, "else that of the connection"), MESSAGE },
        .effect = EFFECT_COLLECTS,
        .source = "https://learn.microsoft.com/en-us/microsoftteams/platform/"
                  "webhooks-and-connectors/how-to/add-incoming-webhook",
        .missing = "teams needs a Microsoft Teams connection",
    },
    {
        .name = "case",
        .verb = VERB_OPEN,
        .doc = "Open a case in the ticket system.",
        .params = { PARAM_DIRECTS("project", OPTIONAL, "else that of the connection"),
            PARAM("title", TEXT, OPTIONAL, "else the alert's"), MESSAGE },
        .effect = EFFECT_COLLECTS,
        .source = "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/",
        .missing = "a case needs a connection to a ticket system",
    },
    {
        .name = "cado",
        .verb = VERB_IMPORT,
        .provider = "cado",
        .doc = "Hand collected evidence to a Cado investigation.",
        .params = { PARAM_DIRECTS("evidence", OPTIONAL, "URL; else what the run has collected"),
            PARAM_DIRECTS("project", OPTIONAL, "else one named after the alert") },
        .effect = EFFECT_COLLECTS,
        .source = "https://docs.cadosecurity.com/",
        .missing = "cado needs a Cado connection",
    },
};

const struct builtin_module unconnected_module = { "unconnected", rows, COUNT_OF(rows) };
