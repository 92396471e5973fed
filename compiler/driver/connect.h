/* connect.h - providers, connected when a step first needs one, in the account that it is in.
 *
 * A way is what one set of rules says of its connection to AWS: who we are there, the base. Steps in
 * another account go as the member role of that account, which the base takes. Ways and roles are
 * kept, so that a session asks for each once.
 */
#pragma once

#include "act/executor.h"
#include "aws/connection.h"
#include "bytecode.h"
#include "driver/connect_edr.h"

struct aws_way;

/* The transport of somebody who could not be asked who we are: it sends nothing. */
struct mute_transport {
    struct transport transport;
    enum err err;
    const char *reason;
};

/* Zero it, set `clock` and `stop`, give connector_connect and it to an executor, release. */
struct connector {
    struct clock *clock;
    const volatile int *stop; /* not 0: reads that are under way end too; may be NULL */
    struct arena arena;       /* reasons */
    const char *aws_reason;   /* why nobody can be at AWS by the way in use, once it was tried */
    /* private */
    struct aws_way *ways; /* newest first */
    uint32_t way_count;
    struct aws_way *way; /* in use; NULL: that of the environment, not yet made */
    struct mute_transport mute;
    struct edr_ways edr;
};

/* Steps go as the program says from now on; NULL: by the environment alone. What is looked up is
 * looked up when a step first needs it. No transport given out before may be used. ERR_MEMORY. */
MUST_CHECK enum err connector_use(struct connector *connector, const struct program *program);

/* As executor.connect; `self` of the executor is the connector. A provider that could not be
 * connected is not tried again, a role that was refused after a minute. */
struct transport *connector_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason);

/* Steps may go into `account` too, which a person named. ERR_MEMORY. */
MUST_CHECK enum err connector_allow(struct connector *connector, str account);
/* Our own connection, opened and nothing sent; NULL with a sentence. */
struct aws_connection *connector_base(struct connector *connector, const char **reterr_reason);
/* The way to AWS in `account` (empty: our own), asking AWS who we are where that matters. NULL with
 * a sentence in *reterr_reason that lives as long as the connector. */
struct transport *connector_reach(
    struct connector *connector, str account, const char **reterr_reason);
/* Our own account and its partition, as AWS says. ERR_CREDENTIALS, ERR_TRANSPORT, ERR_REFUSED with a sentence;
 * ERR_STOPPED, ERR_MEMORY. */
MUST_CHECK enum err connector_own_account(
    struct connector *connector, str *ret_account, str *ret_partition, const char **reterr_reason);
/* Whether there is no way because a setting of the connection could not be looked up: a mistake that
 * does not mend itself by asking nobody. */
bool connector_lacks_setting(const struct connector *connector);
/* The name of the role that is taken in other accounts; empty: none, or nothing was looked up. */
str connector_member_role(const struct connector *connector);
/* `reason` the first time that it is told. Why there is no way is long and the same for all steps:
 * after that it is a few words that refer to it, and lives as long as the connector. */
const char *connector_tell(struct connector *connector, const char *reason);
void connector_release(struct connector *connector);
