/* replies.h - what Microsoft's answers say, where several steps read it alike. */
#pragma once

#include "talk/talk.h"

/* Whether Microsoft knows nothing of that name: "ResourceNotFound", "Request_ResourceNotFound",
 * "HTTP404". */
bool reply_is_missing(const struct answer *answer);
