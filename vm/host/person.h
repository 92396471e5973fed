/* person.h - who runs this process, as far as the system knows. */
#pragma once

#include "base/arena.h"

#include <sys/types.h>

/* The login name: of the login that the session began with (the kernel's loginuid, which sudo and
 * su leave as it is), else, for root alone, of who called sudo (SUDO_USER: anybody else could set
 * it to any name), else of the user of the process; a number where there is no name. In `arena`;
 * NULL when that is full. */
const char *person_name(struct arena *arena);

/* The name of a user, a number where there is none. In `arena`; NULL when that is full. */
const char *user_name(uid_t user, struct arena *arena);

/* What person_name goes by, handed in: the text of /proc/self/loginuid ("" when there is none),
 * SUDO_USER (NULL: not set) and the user of the process. */
const char *person_name_of(
    const char *login, const char *sudo_user, uid_t user, struct arena *arena);
