/* version.h - which libraries this build runs with. */
#pragma once

#include "base/arena.h"

struct library {
    const char *name;
    const char *version;
};

/* Library `index`, sorted by name; false past the last. Texts are static or in `arena`. */
bool library_at(size_t index, struct arena *arena, struct library *ret_library);
