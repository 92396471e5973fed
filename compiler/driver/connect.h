/* connect.h - providers, connected when a step first needs one. */
#pragma once

#include "act/executor.h"
#include "aws/connection.h"

/* Zero it, set `clock` and `stop`, give connector_connect and it to an executor, release. */
struct connector {
    struct clock *clock;
    const volatile int *stop; /* not 0: reads that are under way end too; may be NULL */
    struct arena arena;       /* reasons */
    struct aws_connection *aws;
    const char *aws_reason; /* why there is none, once it was tried */
};

/* As executor.connect; `self` of the executor is the connector. A provider that could
 * not be connected is not tried again. */
struct transport *connector_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason);
void connector_release(struct connector *connector);
