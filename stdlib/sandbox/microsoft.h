/* microsoft.h - what the sandbox's login, Defender for Endpoint and Graph share.
 *
 *   login      POST /_microsoft/{tenant}/oauth2/v2.0/token   microsoft_login.c
 *   Defender   /_microsoft/api/...                           microsoft_machines.c, _actions.c, _live.c
 *   Graph      /_microsoft/v1.0/...                          microsoft_alerts.c, microsoft_users.c
 *
 * In the world, beside "accounts":
 *
 *   {"microsoft": {"tenantId", "cloud": "commercial", "limits": {"liveResponseAMinute": 10,
 *     "liveResponseSessions": 25, "libraryFileBytes", "collectLooks", "actionLooks"}, "clients": [..],
 *     "machines": [..], "machineActions": [..], "libraryFiles": [..], "alerts": [..], "graphAlerts": [..], "users": [..], "files": [..]}}
 *
 * A limit of 0 is none. A client has "clientId", "secret", "certificates" (PEM), "defenderRoles",
 * "graphRoles" and "directoryRoles". A machine has, beside what Defender shows, "online", "runs"
 * (host_run.h), "isolation" and, of the collector, "sandbox" (fake_host.h); an action {"action", "looks", "results"}. Time inside passes
 * with each look: an action is Pending at the first, InProgress at the second, over at the third;
 * "actionLooks" says at how many looks it is not over yet (2).
 */
#pragma once

#include "sandbox/edr.h"

#define MICROSOFT_OPERATION(                                                                       \
    service, method, path, name, run, effect, scope, target, query, content, members)              \
    void sandbox_microsoft_##run(struct edr_call *call);
#include "sandbox/microsoft.def"
#undef MICROSOFT_OPERATION

extern const struct edr_family microsoft_family;

/* ---- lists (microsoft_list.c) ---- */

struct microsoft_list {
    const char *context; /* of "@odata.context" after "$metadata#": "Machines" */
    const char *fields;  /* that $filter may name, by spaces */
    const char *newest;  /* the member to sort by, the newest first; NULL: as they stand */
    long long top;       /* without $top */
    long long top_most;
    json_t *(*told)(struct edr_call *call, json_t *thing); /* as it is shown: new reference */
};

/* Answer with what of `things` fits $filter, from $skip on, at most $top; with $count=true how many
 * there are. A full page has an @odata.nextLink, whether or not something follows. The number of things
 * that fit, or -1 when refused. */
long long microsoft_answer_list(
    struct edr_call *call, json_t *things, const struct microsoft_list *how);

/* "http://127.0.0.1:8470/_microsoft" as the caller wrote it, without an end slash; in the arena. */
const char *microsoft_base(struct edr_call *call);

/* ---- bodies ---- */

/* Whether the JSON object has members of those names alone, all text, and those with a "!" at all:
 * "Comment! IsolationType ExternalId". Refuses as Defender does; a name in another case is none. */
MUST_CHECK bool microsoft_members_accept(struct edr_call *call, const char *members);
/* Whether `value` is among `values` ("Full|Selective"), case and all. */
bool microsoft_is_among(const char *value, const char *values);

/* "2025-04-01T02:00:00.0000000Z" of now, as Microsoft writes it; in the arena. */
const char *microsoft_now(struct edr_call *call);
/* The element of the tenant's array whose text `key` is `value`, or NULL; `value` may be NULL. */
json_t *microsoft_find(
    const struct edr_call *call, const char *collection, const char *key, const char *value);
/* 404 as Defender words it; returns false. */
bool microsoft_refuse_missing(struct edr_call *call, const char *what);

/* The client of the call's token, or NULL. */
const json_t *microsoft_client(const struct edr_call *call);

/* A limit of the tenant, or what Microsoft says; 0 is none. */
long long microsoft_limit(const struct edr_call *call, const char *name, long long usual);

/* ---- machine actions ---- */

/* The machine of the path; NULL: refused. */
json_t *microsoft_machine(struct edr_call *call);
/* Whether an action of that type is under way there: then the call is refused. */
bool microsoft_is_busy(struct edr_call *call, const json_t *machine, const char *type);
/* A new action, Pending, answered with 201; its record (borrowed), NULL without memory. `scope` and
 * `commands` (stolen) may be NULL. */
json_t *microsoft_action_start(
    struct edr_call *call, json_t *machine, const char *type, const char *scope, json_t *commands);
/* One look at the commands of a live response that is in progress. True: all of them are over. */
bool microsoft_live_proceed(struct edr_call *call, json_t *record, json_t *machine);

/* Write what a command of a live response brought, one of its "results". */
void microsoft_write_result(struct edr_call *call, const json_t *result);

/* ---- login ---- */

/* Why a client assertion is none, as Entra says it ("AADSTS700027: ..."), or NULL when it is good.
 * microsoft_assertion.c; `audience_end` is what "aud" must end with. */
const char *microsoft_assertion_fault(
    struct edr_call *call, str assertion, const json_t *client, const char *audience_end);
/* Who a client assertion says it is (its unverified "sub"), in the arena; "" when it is none. */
const char *microsoft_assertion_subject(struct edr_call *call, str assertion);
/* base64url without padding, into the arena; ptr NULL: no memory. */
str microsoft_base64url(struct arena *arena, str bytes);
