/* contain.h - cutting a host off from the network, and letting it run only what Microsoft signed.
 *
 * https://learn.microsoft.com/en-us/defender-endpoint/api/isolate-machine
 * https://learn.microsoft.com/en-us/defender-endpoint/api/restrict-code-execution */
#pragma once

#include "defender/host_step.h"

/* Parameters of what takes either back. */
enum { RELEASE_HOST, RELEASE_STEP };

enum step_turn defender_isolate_host_next(struct step *step, const struct reply *reply);
enum step_turn release_machine_next(struct step *step, const struct reply *reply);
enum step_turn restrict_app_execution_next(struct step *step, const struct reply *reply);
enum step_turn allow_app_execution_next(struct step *step, const struct reply *reply);
