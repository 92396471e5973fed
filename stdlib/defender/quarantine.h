/* quarantine.h - stopping the processes of a file and moving it to quarantine, on one machine.
 *
 * Defender names the file by its SHA-1; of a SHA-256 it is asked for that first. It says Succeeded when
 * the file is in quarantine. Getting it back is work for a person on the machine.
 * https://learn.microsoft.com/en-us/defender-endpoint/api/stop-and-quarantine-file */
#pragma once

#include "defender/host_step.h"

enum { QUARANTINE_HOST, QUARANTINE_FILE };

struct quarantine {
    struct host_step host;
    str sha1;
};

enum step_turn quarantine_next(struct step *step, const struct reply *reply);
