/* scan_host.h - an antivirus scan: started, not waited for.
 * https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan */
#pragma once

#include "defender/host_step.h"

enum { SCAN_HOST, SCAN_MODE };

enum step_turn scan_host_next(struct step *step, const struct reply *reply);
