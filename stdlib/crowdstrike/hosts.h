/* hosts.h - the hosts of a Falcon tenant, asked for page by page: which of them can be collected from.
 *
 * Falcon collects by Real Time Response, which the response policy of a host has to allow, with its
 * own scripts. Policies are read once each; where the API client may not read them, that is said and
 * not guessed.
 *
 * https://www.falconpy.io/Service-Collections/Hosts.html#combineddevicesbyfilter
 */
#pragma once

#include "crowdstrike/replies.h"
#include "host/transport.h"

struct falcon_host {
    struct falcon_device device; /* of the call alone */
    enum falcon_online online;
    const char *refusal;    /* why triage cannot collect from it, for a person; NULL: nothing is
                             * known that speaks against it */
    bool is_policy_unknown; /* its response policy could not be read */
};

struct falcon_hosts_query {
    str platform;   /* "Windows", "Linux", "Mac", as Falcon spells it, or empty: any */
    str group;      /* id of a host group, or empty */
    bool is_online; /* connected now */
};

struct falcon_hosts_report {
    /* Each host, once. Its errors end the listing. */
    enum err (*host)(struct falcon_hosts_report *report, const struct falcon_host *host);
    /* Once: policies cannot be read, because of `reason`. */
    void (*no_policies)(struct falcon_hosts_report *report, const char *reason);
};

/* All hosts that `query` is about, by agent id. A page whose token has expired begins the list again;
 * what was told is not told twice. ERR_TRANSPORT, ERR_REFUSED, ERR_CREDENTIALS with a sentence in
 * `arena`; ERR_LIMIT: the pages do not end; ERR_INVALID: a filter has control characters; ERR_STOPPED,
 * ERR_MEMORY, and what report->host returns. */
MUST_CHECK enum err falcon_hosts_list(struct transport *transport,
    const struct falcon_hosts_query *query, struct falcon_hosts_report *report, struct arena *arena,
    const char **reterr_reason);
