/* machines.h - the machines of Defender for Endpoint, asked for page by page: which of them can be
 * collected from.
 *
 * Pages are counted there ($top, $skip) and the list has no order: a machine that comes or goes
 * meanwhile may be missed, or told twice.
 *
 * https://learn.microsoft.com/en-us/defender-endpoint/api/get-machines
 */
#pragma once

#include "defender/machine.h"
#include "host/transport.h"

/* Of the call alone. */
struct defender_host {
    struct machine machine;
    str onboarding; /* onboardingStatus: "Onboarded", "CanBeOnboarded", .. */
    str last_ip;
    str external_ip;
    const struct xml *item; /* all that Defender says of it */
    const char *refusal;    /* why triage cannot collect from it, for a person; NULL: nothing is
                             * known that speaks against it */
};

struct defender_hosts_query {
    str platform;   /* what osPlatform begins with: "Windows", "Linux", "mac"; or empty: any */
    bool is_active; /* those alone that Defender calls Active */
};

struct defender_hosts_report {
    /* Each host. Its errors end the listing. */
    enum err (*host)(struct defender_hosts_report *report, const struct defender_host *host);
};

/* All machines that `query` is about, as Defender lists them: of about the last thirty days. None at
 * all is an empty list. ERR_TRANSPORT, ERR_REFUSED, ERR_CREDENTIALS with a sentence in `arena`;
 * ERR_LIMIT: the pages do not end; ERR_STOPPED, ERR_MEMORY, and what report->host returns. */
MUST_CHECK enum err defender_hosts_list(struct transport *transport,
    const struct defender_hosts_query *query, struct defender_hosts_report *report,
    struct arena *arena, const char **reterr_reason);
