/* artifacts.h - what a profile may take by name (artifacts.def). */
#pragma once

#include "collector/collector.h"

struct artifact {
    const char *name;
    bool is_on[PLATFORM_COUNT];
    const char *meaning;
};

/* The rows in their order; NULL past the last. */
const struct artifact *artifact_at(size_t index);
/* The row of that name, or NULL. */
const struct artifact *artifact_find(str name);

/* "linux", "windows"; static. */
const char *platform_name(enum platform platform);
