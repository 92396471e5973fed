/* connect.c - see connect.h. */
#include "driver/connect.h"

static struct transport *connect_aws(struct connector *connector, const char **reterr_reason)
{
    if (connector->aws == NULL && connector->aws_reason == NULL) {
        const char *reason = NULL;
        enum err err = aws_connection_open(aws_environment_process(), NULL, connector->clock,
            &connector->arena, &connector->aws, &reason);
        if (err != ERR_OK) {
            connector->aws = NULL;
            connector->aws_reason = reason != NULL ? reason : err_text(err);
        } else {
            aws_connection_heed(connector->aws, connector->stop);
        }
    }
    if (connector->aws != NULL)
        return aws_connection_transport(connector->aws);
    *reterr_reason = connector->aws_reason;
    return NULL;
}

struct transport *connector_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct connector *connector = executor->self;
    (void)account;
    if (provider != NULL && strcmp(provider, "aws") == 0)
        return connect_aws(connector, reterr_reason);
    *reterr_reason = arena_format(&connector->arena, "this build does not reach %s",
        provider == NULL ? "any provider" : provider);
    if (*reterr_reason == NULL)
        *reterr_reason = err_text(ERR_MEMORY);
    return NULL;
}

void connector_release(struct connector *connector)
{
    aws_connection_close(connector->aws);
    arena_release(&connector->arena);
    *connector = (struct connector){ 0 };
}
