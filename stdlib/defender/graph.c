/* graph.c - what rules may do to users of Entra ID, and to Defender's alerts themselves. */
#include "bytecode.h"
#include "defender/alert.h"
#include "defender/disable_user.h"
#include "defender/revoke_sessions.h"
#include "fronts.h"
#include "registry.h"

#define GRAPH_API "https://learn.microsoft.com/en-us/graph/api/"

#define LIMIT_ADMIN                                                                                \
    "of a user with an administrator's role the app needs a directory role as well, as "           \
    "Privileged "                                                                                  \
    "Authentication Administrator"

const struct builtin defender_disable_user = {
    .name = "disable_user",
    .verb = VERB_RESPOND,
    .provider = "defender",
    .doc = "Disable a user of Entra ID: nobody can sign in as it.",
    .params = { [USER_USER] = PARAM("user", USER, TARGET,
                    "the user's object id (a GUID), or principal name (name@domain)"),
        [USER_ACCOUNT] = PARAM_ACCOUNT },
    .effect = EFFECT_CHANGES,
    .permissions = { .apply = { "User.EnableDisableAccount.All", "User.Read.All" },
        .undo = { "User.EnableDisableAccount.All", "User.Read.All" } },
    .limits = { "sessions go on until they are refused, up to an hour: revoke_entra_sessions",
        "a user that is synchronised from a directory of one's own may be enabled by the next "
        "synchronisation: the step ends as partial",
        LIMIT_ADMIN },
    .shows = { SHOWS_ENTRA_USER },
    .inverse = "enable_entra_user",
    .source = GRAPH_API "user-update",
    .fits = user_fits,
    .state_bytes = sizeof(struct switch_user),
    .next = defender_disable_user_next,
};

const struct builtin defender_alert_status = {
    .name = "alert_status",
    .verb = VERB_RESPOND,
    .provider = "defender",
    .doc = "Set the status of the alert itself, at Microsoft.",
    .params = ALERT_STATUS_PARAMS,
    .effect = EFFECT_CHANGES,
    .tells = true,
    .permissions = { .apply = { "Alert.ReadWrite.All", "SecurityAlert.ReadWrite.All" },
        .undo = { "Alert.ReadWrite.All", "SecurityAlert.ReadWrite.All" } },
    .limits = { "Microsoft has no state reopened: such an alert becomes new",
        "an alert of Graph is set there (SecurityAlert.ReadWrite.All), one of Defender for "
        "Endpoint "
        "there (Alert.ReadWrite.All)" },
    .inverse = "restore_defender_alert",
    .source = GRAPH_API "security-alert-update",
    .state_bytes = sizeof(struct defender_alert),
    .next = defender_alert_status_next,
};

const struct builtin defender_alert_comment = {
    .name = "alert_comment",
    .verb = VERB_NOTIFY,
    .provider = "defender",
    .doc = "Write a comment to the alert itself, at Microsoft.",
    .params = ALERT_COMMENT_PARAMS,
    .effect = EFFECT_COLLECTS,
    .tells = true,
    .permissions = { .apply = { "Alert.ReadWrite.All", "SecurityAlert.ReadWrite.All" } },
    .limits = { "1,000 bytes; it ends in the key of the step, by which it is known again" },
    .source = GRAPH_API "security-alert-post-comments",
    .state_bytes = sizeof(struct defender_alert),
    .next = defender_alert_comment_next,
};

static const struct builtin rows[] = {
    {
        .name = "revoke_entra_sessions",
        .verb = VERB_RESPOND,
        .provider = "defender",
        .doc = "Make every session of a user of Entra ID sign in again.",
        .params = { [REVOKE_USER] = PARAM("user", USER, TARGET,
                        "the user's object id (a GUID), or principal name (name@domain)") },
        .effect = EFFECT_DESTROYS,
        .permissions = { .apply = { "User.Read.All", "User.RevokeSessions.All" } },
        .limits = { "access tokens that were handed out live on, for an hour at most",
            "whoever knows the password signs in again: disable_user", LIMIT_ADMIN,
            "not of guests, whose sessions are those of their own tenant" },
        .shows = { SHOWS_ENTRA_USER },
        .source = GRAPH_API "user-revokesigninsessions",
        .state_bytes = sizeof(struct revoke_entra_sessions),
        .next = revoke_entra_sessions_next,
    },
    {
        .name = "enable_entra_user",
        .verb = VERB_UNDO,
        .provider = "defender",
        .doc = "Enable a user of Entra ID again that a step of ours disabled.",
        .params = { [ENABLE_USER] = PARAM("user", TEXT, REQUIRED, "the user's object id") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "User.EnableDisableAccount.All", "User.Read.All" } },
        .limits = { "Graph does not say who disabled a user: where somebody else wants it disabled "
                    "too, this enables it all the same" },
        .shows = { SHOWS_ENTRA_USER },
        .source = GRAPH_API "user-update",
        .state_bytes = sizeof(struct switch_user),
        .next = enable_entra_user_next,
    },
    {
        .name = "restore_defender_alert",
        .verb = VERB_UNDO,
        .provider = "defender",
        .doc =
            "Set the status of an alert back, where it is still the one that a step of ours set.",
        .params = { [RESTORE_ALERT] = PARAM("alert", TEXT, REQUIRED, "the alert's id"),
            [RESTORE_API] = PARAM_CHOICE("api", "graph endpoint", "whose alert it is"),
            [RESTORE_BEFORE] = PARAM("before", TEXT, REQUIRED, "the status that it had"),
            [RESTORE_SET] = PARAM("set", TEXT, REQUIRED, "the status that it was given") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "Alert.ReadWrite.All", "SecurityAlert.ReadWrite.All" } },
        .source = GRAPH_API "security-alert-update",
        .state_bytes = sizeof(struct defender_alert),
        .next = restore_defender_alert_next,
    },
};

const struct builtin_module defender_graph_module = { "defender.graph", rows, COUNT_OF(rows) };
