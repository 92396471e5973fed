#include "defender/requests.h"

#define MDE "defender"
#define GRAPH "graph"

/* "host/<id>", as step->target is. */
static str named(struct step *step, const char *kind, str id)
{
    return str_from(arena_format(step->arena, "%s/%.*s", kind, STR_ARG(id)));
}

static str host(struct step *step, str machine)
{
    return named(step, "host", machine);
}

static json_t *json_text(str text)
{
    return json_stringn(text.ptr, text.len);
}

/* {"Comment":".."}; NULL: out of memory. */
static json_t *commented(str comment)
{
    return json_pack("{s:o}", "Comment", json_text(comment));
}

/* {"Comment":"..","<member>":".."}. */
static json_t *commented_with(str comment, const char *member, str text)
{
    return json_pack("{s:o,s:o}", "Comment", json_text(comment), member, json_text(text));
}

static struct request get(struct step *step, const char *service, const char *operation, str target,
    const char *path, str id, const char *end)
{
    struct rest_draft draft = rest_begin(step, service, operation, target, "GET", path);
    rest_segment(&draft, id);
    if (end != NULL)
        rest_path(&draft, end);
    return rest_end(&draft);
}

struct request mde_find_machines(struct step *step, str ip)
{
    struct rest_draft draft =
        rest_begin(step, MDE, "ListMachines", STR(""), "GET", "/api/machines");
    rest_query(&draft, "$filter", rest_odata_is(step->arena, "lastIpAddress", ip));
    rest_query(&draft, "$top", STR("100"));
    return rest_end(&draft);
}

struct request mde_list_machines(struct step *step, size_t skip, size_t top)
{
    struct rest_draft draft =
        rest_begin(step, MDE, "ListMachines", STR("machines"), "GET", "/api/machines");
    rest_query(&draft, "$top", str_from(arena_format(step->arena, "%zu", top)));
    if (skip > 0)
        rest_query(&draft, "$skip", str_from(arena_format(step->arena, "%zu", skip)));
    return rest_end(&draft);
}

/* With `content`, which is stolen. */
static struct request send(struct step *step, const char *service, const char *operation,
    const char *method, str target, const char *path, str id, const char *end, json_t *content)
{
    struct rest_draft draft = rest_begin(step, service, operation, target, method, path);
    rest_segment(&draft, id);
    if (end != NULL)
        rest_path(&draft, end);
    rest_json(&draft, content);
    return rest_end(&draft);
}

static struct request on_machine(
    struct step *step, const char *operation, str machine, const char *end, json_t *content)
{
    return send(
        step, MDE, operation, "POST", host(step, machine), "/api/machines", machine, end, content);
}

/* ---- Defender for Endpoint ---- */

struct request mde_get_machine(struct step *step, str machine)
{
    return get(step, MDE, "GetMachineById", host(step, machine), "/api/machines", machine, NULL);
}

struct request mde_list_machine_actions(struct step *step, str machine)
{
    struct rest_draft draft = rest_begin(
        step, MDE, "ListMachineActions", host(step, machine), "GET", "/api/machineactions");
    const char *top = arena_format(step->arena, "%d", MACHINE_ACTIONS_LISTED);
    rest_query(&draft, "$filter", rest_odata_is(step->arena, "machineId", machine));
    rest_query(&draft, "$orderby", STR("creationDateTimeUtc desc"));
    rest_query(&draft, "$top", str_from(top));
    return rest_end(&draft);
}

struct request mde_get_machine_action(struct step *step, str machine, str action)
{
    return get(
        step, MDE, "GetMachineAction", host(step, machine), "/api/machineactions", action, NULL);
}

struct request mde_cancel_machine_action(struct step *step, str machine, str action, str comment)
{
    return send(step, MDE, "CancelMachineAction", "POST", host(step, machine),
        "/api/machineactions", action, "/cancel", commented(comment));
}

struct request mde_isolate(struct step *step, str machine, str comment, const char *isolation)
{
    return on_machine(step, "IsolateMachine", machine, "/isolate",
        commented_with(comment, "IsolationType", str_from(isolation)));
}

struct request mde_unisolate(struct step *step, str machine, str comment)
{
    return on_machine(step, "UnisolateMachine", machine, "/unisolate", commented(comment));
}

struct request mde_restrict_code_execution(struct step *step, str machine, str comment)
{
    return on_machine(
        step, "RestrictCodeExecution", machine, "/restrictCodeExecution", commented(comment));
}

struct request mde_unrestrict_code_execution(struct step *step, str machine, str comment)
{
    return on_machine(
        step, "UnrestrictCodeExecution", machine, "/unrestrictCodeExecution", commented(comment));
}

struct request mde_run_antivirus_scan(struct step *step, str machine, str comment, const char *scan)
{
    return on_machine(step, "RunAntivirusScan", machine, "/runAntiVirusScan",
        commented_with(comment, "ScanType", str_from(scan)));
}

struct request mde_stop_and_quarantine_file(struct step *step, str machine, str comment, str sha1)
{
    return on_machine(step, "StopAndQuarantineFile", machine, "/StopAndQuarantineFile",
        commented_with(comment, "Sha1", sha1));
}

struct request mde_collect_investigation_package(struct step *step, str machine, str comment)
{
    return on_machine(step, "CollectInvestigationPackage", machine, "/collectInvestigationPackage",
        commented(comment));
}

struct request mde_get_package_uri(struct step *step, str machine, str action)
{
    return get(step, MDE, "GetPackageUri", host(step, machine), "/api/machineactions", action,
        "/GetPackageUri");
}

struct request mde_get_file(struct step *step, str hash)
{
    return get(
        step, MDE, "GetFileInformation", named(step, "file", hash), "/api/files", hash, NULL);
}

struct request mde_get_alert(struct step *step, str alert)
{
    return get(step, MDE, "GetAlert", named(step, "alert", alert), "/api/alerts", alert, NULL);
}

struct request mde_update_alert(struct step *step, str alert, const char *member, str text)
{
    return send(step, MDE, "UpdateAlert", "PATCH", named(step, "alert", alert), "/api/alerts",
        alert, NULL, json_pack("{s:o}", member, json_text(text)));
}

/* ---- Microsoft Graph ---- */

static struct request get_user(struct step *step, str user, str members)
{
    struct rest_draft draft =
        rest_begin(step, GRAPH, "GetUser", named(step, "user", user), "GET", "/v1.0/users");
    rest_segment(&draft, user);
    rest_query(&draft, "$select", members);
    return rest_end(&draft);
}

struct request graph_get_user(struct step *step, str user)
{
    return get_user(
        step, user, STR("id,accountEnabled,userPrincipalName,onPremisesSyncEnabled,displayName"));
}

struct request graph_get_user_sessions(struct step *step, str user)
{
    return get_user(
        step, user, STR("id,userPrincipalName,displayName,signInSessionsValidFromDateTime"));
}

struct request graph_enable_user(struct step *step, str user, bool is_enabled)
{
    return send(step, GRAPH, "UpdateUser", "PATCH", named(step, "user", user), "/v1.0/users", user,
        NULL, json_pack("{s:b}", "accountEnabled", is_enabled));
}

struct request graph_revoke_sessions(struct step *step, str user)
{
    struct rest_draft draft = rest_begin(
        step, GRAPH, "RevokeSignInSessions", named(step, "user", user), "POST", "/v1.0/users");
    rest_segment(&draft, user);
    rest_path(&draft, "/revokeSignInSessions");
    return rest_end(&draft);
}

struct request graph_get_alert(struct step *step, str alert)
{
    return get(step, GRAPH, "GetAlert", named(step, "alert", alert), "/v1.0/security/alerts_v2",
        alert, NULL);
}

struct request graph_set_alert_status(struct step *step, str alert, str status)
{
    return send(step, GRAPH, "UpdateAlert", "PATCH", named(step, "alert", alert),
        "/v1.0/security/alerts_v2", alert, NULL, json_pack("{s:o}", "status", json_text(status)));
}

struct request graph_comment_alert(struct step *step, str alert, str text)
{
    return send(step, GRAPH, "CreateComment", "POST", named(step, "alert", alert),
        "/v1.0/security/alerts_v2", alert, "/comments",
        json_pack("{s:s,s:o}", "@odata.type", "microsoft.graph.security.alertComment", "comment",
            json_text(text)));
}
