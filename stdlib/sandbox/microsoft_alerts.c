/* Alerts, as Defender for Endpoint and as Graph show them. One detection may be in both: "alerts"
 * and "graphAlerts" of the tenant, joined by providerAlertId, so that a status that is set in one is
 * set in the other. */
#include "sandbox/microsoft.h"

enum { DEFENDER_TOP_MAX = 10000, GRAPH_TOP_MAX = 2000, GRAPH_TOP = 100 };

/* ---- Defender for Endpoint ---- */

static json_t *defender_told(struct edr_call *call, json_t *alert)
{
    const char *expand = edr_query(call, "$expand");
    json_t *told = json_copy(alert);
    /* Related evidence comes with $expand alone. */
    if (told != NULL && expand == NULL)
        json_object_set_new(told, "evidence", json_array());
    return told;
}

static bool expands(struct edr_call *call)
{
    const char *expand = edr_query(call, "$expand");
    if (expand == NULL || strcmp(expand, "evidence") == 0)
        return true;
    return edr_refuse(call, 400, "ODataError",
        "Could not find a property named '%s' on type 'microsoft.windowsDefenderATP.api.Alert'.",
        expand);
}

void sandbox_microsoft_list_alerts(struct edr_call *call)
{
    static const struct microsoft_list how = {
        .context = "Alerts",
        .fields = "alertCreationTime lastUpdateTime incidentId investigationId id assignedTo "
                  "detectionSource lastEventTime status severity category",
        .top = DEFENDER_TOP_MAX,
        .top_most = DEFENDER_TOP_MAX,
        .told = defender_told,
    };
    if (expands(call))
        microsoft_answer_list(call, json_object_get(call->tenant, "alerts"), &how);
}

static json_t *find_alert(struct edr_call *call)
{
    json_t *alert = microsoft_find(call, "alerts", "id", edr_place(call, "id"));
    if (alert == NULL)
        microsoft_refuse_missing(call, edr_place(call, "id"));
    return alert;
}

void sandbox_microsoft_get_alert(struct edr_call *call)
{
    json_t *alert = expands(call) ? find_alert(call) : NULL;
    if (alert != NULL)
        call->answer = defender_told(call, alert);
}

/* How the two of them spell a status. */
static const struct status {
    const char *defender;
    const char *graph;
} statuses[] = {
    { "New", "new" },
    { "InProgress", "inProgress" },
    { "Resolved", "resolved" },
};

static const struct status *status_of(const char *text)
{
    for (size_t at = 0; at < COUNT_OF(statuses); at++)
        if (strcmp(statuses[at].defender, text) == 0 || strcmp(statuses[at].graph, text) == 0)
            return &statuses[at];
    return NULL;
}

/* Set the status of both; each notes when it was changed. */
static void set_status(
    struct edr_call *call, json_t *alert, json_t *graph_alert, const struct status *status)
{
    const char *now = microsoft_now(call);
    json_t *resolved = status == &statuses[2] ? json_string(now) : json_null();
    if (alert != NULL) {
        edr_set(call, alert, "status", json_string(status->defender));
        edr_set(call, alert, "resolvedTime", json_incref(resolved));
        edr_set(call, alert, "lastUpdateTime", json_string(now));
    }
    if (graph_alert != NULL) {
        edr_set(call, graph_alert, "status", json_string(status->graph));
        edr_set(call, graph_alert, "resolvedDateTime", json_incref(resolved));
        edr_set(call, graph_alert, "lastUpdateDateTime", json_string(now));
    }
    json_decref(resolved);
}

static json_t *comment_of(struct edr_call *call, const char *text, const char *time_key)
{
    const json_t *client = microsoft_client(call);
    return json_pack("{s:s,s:s,s:s}",
        strcmp(time_key, "createdTime") == 0 ? "createdBy" : "createdByDisplayName",
        world_text(client, "name"), time_key, microsoft_now(call), "comment", text);
}

/* Put a comment (stolen) at the end of those of `alert`. */
static void add_comment(struct edr_call *call, json_t *alert, json_t *comment)
{
    json_t *comments = json_object_get(alert, "comments");
    if (!json_is_array(comments)) {
        comments = json_array();
        edr_set(call, alert, "comments", comments);
    }
    if (json_array_append_new(comments, comment) == 0)
        call->applied = true;
}

/* The texts of `names` in the body, as they stand. */
static void set_texts(struct edr_call *call, json_t *alert, const char *const *names, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        json_t *value = edr_member(call, names[at]);
        if (value != NULL)
            edr_set(call, alert, names[at], json_incref(value));
    }
}

void sandbox_microsoft_update_alert(struct edr_call *call)
{
    static const char *const texts[] = { "assignedTo", "classification", "determination" };
    json_t *alert = find_alert(call);
    if (alert == NULL
        || !microsoft_members_accept(
            call, "status assignedTo classification determination comment"))
        return;
    const char *wanted = edr_text(call, "status");
    const char *comment = edr_text(call, "comment");
    const struct status *status = wanted == NULL ? NULL : status_of(wanted);
    if (wanted != NULL && (status == NULL || strcmp(status->defender, wanted) != 0)) {
        edr_refuse(call, 400, "InvalidRequestBody", "Request body is incorrect: status.");
        return;
    }
    set_texts(call, alert, texts, COUNT_OF(texts));
    if (comment != NULL)
        add_comment(call, alert, comment_of(call, comment, "createdTime"));
    if (status != NULL)
        set_status(call, alert,
            microsoft_find(call, "graphAlerts", "providerAlertId", world_text(alert, "id")),
            status);
    edr_set(call, alert, "lastUpdateTime", json_string(microsoft_now(call)));
    call->answer = json_deep_copy(alert);
}

/* ---- Graph ---- */

static json_t *graph_told(struct edr_call *call, json_t *alert)
{
    (void)call;
    return json_incref(alert);
}

void sandbox_microsoft_list_graph_alerts(struct edr_call *call)
{
    static const struct microsoft_list how = {
        .context = "security/alerts_v2",
        .fields = "assignedTo classification determination createdDateTime lastUpdateDateTime "
                  "severity serviceSource status",
        .newest = "createdDateTime",
        .top = GRAPH_TOP,
        .top_most = GRAPH_TOP_MAX,
        .told = graph_told,
    };
    microsoft_answer_list(call, json_object_get(call->tenant, "graphAlerts"), &how);
}

static json_t *find_graph_alert(struct edr_call *call)
{
    json_t *alert = microsoft_find(call, "graphAlerts", "id", edr_place(call, "id"));
    if (alert == NULL)
        edr_refuse(call, 404, "NotFound", "Alert not found");
    return alert;
}

void sandbox_microsoft_get_graph_alert(struct edr_call *call)
{
    call->answer = json_incref(find_graph_alert(call));
}

/* Whether a member that is there has one of the values. */
static bool is_one_of(struct edr_call *call, const char *name, const char *values)
{
    const char *value = edr_text(call, name);
    return value == NULL || microsoft_is_among(value, values)
           || edr_refuse(call, 400, "BadRequest", "Invalid value of property '%s'.", name);
}

void sandbox_microsoft_update_graph_alert(struct edr_call *call)
{
    static const char *const texts[] = { "assignedTo", "classification", "determination" };
    json_t *alert = find_graph_alert(call);
    if (alert == NULL
        || !microsoft_members_accept(
            call, "status assignedTo classification determination customDetails")
        || !is_one_of(call, "status", "new|inProgress|resolved")
        || !is_one_of(call, "classification",
            "unknown|falsePositive|truePositive|informationalExpectedActivity"))
        return;
    const char *status = edr_text(call, "status");
    set_texts(call, alert, texts, COUNT_OF(texts));
    if (status != NULL)
        set_status(call, microsoft_find(call, "alerts", "id", world_text(alert, "providerAlertId")),
            alert, status_of(status));
    edr_set(call, alert, "lastUpdateDateTime", json_string(microsoft_now(call)));
    call->answer = json_incref(alert);
}

void sandbox_microsoft_comment_graph_alert(struct edr_call *call)
{
    json_t *alert = find_graph_alert(call);
    if (alert == NULL || !microsoft_members_accept(call, "@odata.type comment!"))
        return;
    add_comment(call, alert, comment_of(call, edr_text(call, "comment"), "createdDateTime"));
    edr_set(call, alert, "lastUpdateDateTime", json_string(microsoft_now(call)));
    call->answer = json_pack("{s:s,s:O}", "@odata.context",
        arena_format(call->arena, "%s/v1.0/$metadata#security/alerts_v2('%s')/comments",
            microsoft_base(call), world_text(alert, "id")),
        "value", json_object_get(alert, "comments"));
}
