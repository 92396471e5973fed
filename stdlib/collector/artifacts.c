/* artifacts.c - see artifacts.h. */
#include "collector/artifacts.h"

enum { NONE, LINUX, WINDOWS };

static const struct artifact artifacts[] = {
#define ARTIFACT(name, linux, windows, meaning)                                                    \
    { #name, { [PLATFORM_LINUX] = (linux) == LINUX, [PLATFORM_WINDOWS] = (windows) == WINDOWS },   \
        meaning },
#include "collector/artifacts.def"
#undef ARTIFACT
};

const struct artifact *artifact_at(size_t index)
{
    return index < COUNT_OF(artifacts) ? &artifacts[index] : NULL;
}

const struct artifact *artifact_find(str name)
{
    for (size_t at = 0; at < COUNT_OF(artifacts); at++)
        if (str_is(name, artifacts[at].name))
            return &artifacts[at];
    return NULL;
}

const char *platform_name(enum platform platform)
{
    return platform == PLATFORM_WINDOWS ? "windows" : "linux";
}
