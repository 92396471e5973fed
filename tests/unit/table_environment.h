/* table_environment.h - settings that come from a test and from nowhere else. */
#pragma once

#include "aws/environment.h"

struct variable {
    const char *name;
    const char *value;
};

enum { TABLE_VARIABLES_MAX = 16 };

struct table_environment {
    struct aws_environment environment;             /* first: the interface is the object */
    struct variable variables[TABLE_VARIABLES_MAX]; /* ends at the first without a name */
};

static inline const char *table_get(const struct aws_environment *environment, const char *name)
{
    const struct table_environment *table = (const struct table_environment *)environment;
    for (const struct variable *v = table->variables; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v->value;
    return NULL;
}

/* TABLE({ "AWS_REGION", "eu-west-1" }, ...) */
#define TABLE(...)                                                                                 \
    {                                                                                              \
        { table_get },                                                                             \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
