/* environment.h - the only way by which settings enter: variables of the environment. */
#pragma once

#include "base/str.h"

/* Where settings come from: getenv in the product, a table in tests. */
struct aws_environment {
    const char *(*get)(const struct aws_environment *environment, const char *name);
};

/* The process's own environment; constant. It is the only reader of it in stdlib/, so a
 * test that hands in a table cannot be disturbed by the machine it runs on. */
const struct aws_environment *aws_environment_process(void);

/* What a program that is started inherits: the process's own variables, as execve takes them. */
char *const *aws_environment_inherited(void);

/* The value of `name`; NULL when it is not set, or set to nothing. */
const char *aws_environment_get(const struct aws_environment *environment, const char *name);
