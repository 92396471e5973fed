/* hosts_defender.h - cdr hosts --provider defender: the machines of Defender for Endpoint. */
#pragma once

#include "compile.h"
#include "driver/command.h"

/* Print those from which triage can collect by live response (with --all the others too, with why
 * not), by the connection to defender that the rules have. EXIT_FINDINGS: it could not be listed. */
enum exit_code hosts_of_defender(struct driver *driver, const struct compilation *compilation,
    const struct arguments *arguments);
