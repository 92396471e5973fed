#include "aws/environment.h"

#include <stdlib.h>
#include <unistd.h>

static const char *process_get(const struct aws_environment *environment, const char *name)
{
    (void)environment;
    return getenv(name);
}

char *const *aws_environment_inherited(void)
{
    return environ;
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
