/* step_needs.h - what a step of a plan needs of what its row names. */
#pragma once

#include "driver/report.h"

/* Whether the step may need the permission, with the values that its parameters have: `via=nacl`
 * needs nothing of WAF. True where that is not known, and in an undo. */
bool step_needs(const struct step_view *step, const char *permission);
