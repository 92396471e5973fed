/* console.h - permissions of CrowdStrike and Microsoft as their consoles show them.
 *
 * Rows spell a scope of Falcon "hosts:read"; whoever makes an API client ticks Read beside Hosts. An
 * application at Microsoft is given app roles below the API that they are of. */
#pragma once

#include "base/str.h"

#include <stdbool.h>

struct console_name {
    const char *group;  /* "Hosts"; "WindowsDefenderATP", "Microsoft Graph"; static */
    const char *access; /* "Read", "Write"; the app role itself */
};

/* Whether permissions of the provider are named like that. */
bool console_has(str provider);
/* "scope", "app role"; static. */
const char *console_word(str provider);
/* False: no such permission is known. */
bool console_find(str provider, const char *permission, struct console_name *ret_name);
/* Whether what has the permission `wide` needs no `narrow`: a role that writes reads. */
bool console_covers(str provider, const char *wide, const char *narrow);
