#include "aws/environment.h"

#include <stdlib.h>

static const char *process_get(const struct aws_environment *environment, const char *name)
{
    (void)environment;
    return getenv(name);
}

const struct aws_environment *aws_environment_process(void)
{
    static const struct aws_environment process = { process_get };
    return &process;
}

const char *aws_environment_get(const struct aws_environment *environment, const char *name)
{
    const char *value = environment->get(environment, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}
