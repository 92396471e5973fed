/* connect_edr.h - connections to CrowdStrike and Microsoft, opened by the settings of the rules.
 *
 * Steps go by the first connection of their provider. One is opened when a step first needs it, tried
 * once, and kept for all rules that say the same of it. On the sandbox (CDR_SANDBOX_URL, which
 * `cdr serve --sandbox` sets) whatever the rules say leads there.
 */
#pragma once

#include "bytecode.h"
#include "host/transport.h"
#include "rest/late.h"

struct connector;
struct rest_connection;
struct edr_way;

enum edr { EDR_CROWDSTRIKE, EDR_DEFENDER, EDR_COUNT };

/* Part of a connector (connect.h), zeroed with it. */
struct edr_ways {
    struct rest_signer signer; /* first: the connection to AWS */
    struct connector *connector;
    struct edr_way *all; /* newest first */
    uint32_t count;
    struct edr_way *used[EDR_COUNT]; /* by the rules in force; NULL: they have no connection */
};

/* EDR_COUNT: it is none of them. */
enum edr edr_find(const char *provider);
/* As connector_use; `program` may be NULL. ERR_MEMORY. */
MUST_CHECK enum err edr_use(struct connector *connector, const struct program *program);
/* The way to it; NULL: *reterr_reason is a sentence that lives as long as the connector. */
struct transport *edr_reach(struct connector *connector, enum edr edr, const char **reterr_reason);
/* The connection itself, once it was reached; NULL: it was not. */
struct rest_connection *edr_connection(const struct connector *connector, enum edr edr);
/* Whether there is none because a setting could not be looked up. */
bool edr_lacks_setting(const struct connector *connector);
void edr_release(struct connector *connector);
