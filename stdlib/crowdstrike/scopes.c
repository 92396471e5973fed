/* scopes.c - see scopes.h. */
#include "crowdstrike/scopes.h"

#include "rest/rest.h"

#include <string.h>

#define NOBODY "00000000-0000-0000-0000-000000000000"

static const struct {
    const char *scope;
    const char *operation;
    const char *method;
    const char *path;
    const char *query[2]; /* names; the value of both beside them */
    const char *values[2];
    const char *ids; /* of the content {"ids": [..]}, or NULL */
} reads[] = {
    { "hosts:read", "QueryDevicesByFilterScroll", "GET", "/devices/queries/devices-scroll/v1",
        { "limit" }, { "1" }, NULL },
    { "alerts:read", "GetQueriesAlertsV2", "GET", "/alerts/queries/alerts/v2", { "limit" }, { "1" },
        NULL },
    { "response-policies:read", "getRTResponsePolicies", "GET", "/policy/entities/response/v1",
        { "ids" }, { "00000000000000000000000000000000" }, NULL },
    { "real-time-response:read", "RTR_ListQueuedSessions", "POST",
        "/real-time-response/entities/queued-sessions/GET/v1", { NULL }, { NULL }, NOBODY },
    { "real-time-response:write", "RTR_CheckActiveResponderCommandStatus", "GET",
        "/real-time-response/entities/active-responder-command/v1",
        { "cloud_request_id", "sequence_id" }, { NOBODY, "0" }, NULL },
    { "real-time-response-admin:write", "RTR_ListPut_Files", "GET",
        "/real-time-response/queries/put-files/v1", { "limit" }, { "1" }, NULL },
};

struct request falcon_try_scope(struct step *step, const char *scope)
{
    size_t at = 0;
    while (at < COUNT_OF(reads) && strcmp(reads[at].scope, scope) != 0)
        at++;
    if (at == COUNT_OF(reads))
        return (struct request){ 0 };
    struct rest_draft draft = rest_begin(
        step, "crowdstrike", reads[at].operation, STR(""), reads[at].method, reads[at].path);
    for (size_t i = 0; i < COUNT_OF(reads[at].query) && reads[at].query[i] != NULL; i++)
        rest_query(&draft, reads[at].query[i], str_from(reads[at].values[i]));
    if (reads[at].ids != NULL)
        rest_json(&draft, json_pack("{s:[s]}", "ids", reads[at].ids));
    return rest_end(&draft);
}
