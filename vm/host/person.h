/* person.h - who runs this process, as far as the system knows. */
#pragma once

#include "base/arena.h"

/* The login name: of the login that the session began with (the kernel's loginuid, which sudo and
 * su leave as it is), else of who called sudo, else of the user of the process; a number where
 * there is no name. In `arena`; NULL when that is full. */
const char *person_name(struct arena *arena);
