/* crowdstrike.h - a simulated Falcon tenant: what its operations share.
 *
 * The member "crowdstrike" of a world: {"id" (CID), "region", "clients": [{"clientId",
 * "clientSecret", "scopes"}], "devices", "alerts", ...}; world_crowdstrike.json is the example with
 * every member but the knobs, all numbers: "tokenLifetimeS" (1799), "sessionLifetimeS" (600),
 * "offsetLifetimeS" (120), "rateLimit" and "retryAfterS" (what headers say), "containLooks" (2),
 * "commandLooks" (1), "collectLooks" (2), "fileLooks" (1): so many looks show it unfinished,
 * "chunkBytes" (4096) of output; and flags: "emptyLastPage", "touchAlerts" (an updated_timestamp
 * moves at each list of alerts). A device's "sandbox" is not shown: "online" ("online", "offline",
 * "unknown"), "onlineAfter" (looks until it is), "runs" (host_run.h), "hidden".
 */
#pragma once

#include "sandbox/edr.h"

extern const struct edr_family crowdstrike_family;

#define OPERATION(method, path, name, run, effect, scope, target, query, content, members)         \
    void crowdstrike_##run(struct edr_call *call);
#include "sandbox/crowdstrike.def"
#undef OPERATION

/* Answer with `status`: the vendor's envelope around `resources` (stolen); `pagination` (stolen)
 * goes into meta, NULL for none. Operations that change something answer so last. */
void crowdstrike_answer(struct edr_call *call, int status, json_t *resources, json_t *pagination);
/* One more of the errors that an answer may have beside its resources; `id` NULL: of none. */
void crowdstrike_error(struct edr_call *call, int code, const char *message, const char *id);

/* A number of the tenant's own, or `fallback` where it has none. */
long long crowdstrike_knob(const struct edr_call *call, const char *name, long long fallback);
/* The device of that id, borrowed, or NULL. */
json_t *crowdstrike_device(const struct edr_call *call, const char *id);
