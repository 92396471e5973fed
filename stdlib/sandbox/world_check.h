/* world_check.h - whether a world from outside has what the operations rely on. */
#pragma once

#include "base/arena.h"

#include <jansson.h>

/* NULL, or a sentence in `arena` about what is wrong with one element of "accounts".
 * Lists that are absent become empty ones, so that things can be added to them. */
const char *world_account_fault(json_t *account, struct arena *arena);
