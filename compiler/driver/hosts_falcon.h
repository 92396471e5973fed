/* hosts_falcon.h - cdr hosts --provider crowdstrike: the hosts of a Falcon tenant. */
#pragma once

#include "compile.h"
#include "driver/command.h"

/* Print those of which triage can collect (`is_all`: the others too, with why not), by the connection
 * to crowdstrike that the rules have. `platform` "windows", "linux", "mac", `group`: or NULL.
 * EXIT_FINDINGS: it could not be listed. */
enum exit_code hosts_of_falcon(struct driver *driver, const struct compilation *compilation,
    const struct arguments *arguments);
