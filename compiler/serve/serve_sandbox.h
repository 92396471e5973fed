/* serve_sandbox.h - the simulated providers of a daemon that is tried out. */
#pragma once

#include "driver/command.h"

struct sandbox;

/* Go by the sandbox at `url` (loopback), or by one of our own where that is NULL: *ret_sandbox, which
 * sandbox_stop ends. The environment of this process says so from here on, and no other variable
 * AWS_* is left in it: call it before there are threads. What is wrong is told; that nothing answers
 * at `url` yet, too. */
MUST_CHECK enum exit_code serve_sandbox(
    struct driver *driver, const char *url, struct sandbox **ret_sandbox);
