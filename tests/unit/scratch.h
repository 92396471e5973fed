/* scratch.h - a directory of its own for a test, gone when the test is. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char path[64];
};

static inline int scratch_remove_one(
    const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* For CLEANUP. Files that cannot be removed stay behind. */
static inline void scratch_release(struct scratch *scratch)
{
    if (scratch->path[0] != '\0')
        (void)nftw(scratch->path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    scratch->path[0] = '\0';
}

/* A fresh directory with mode 0700; aborts the test program when there is no room. */
static inline struct scratch scratch_new(void)
{
    struct scratch scratch = { "/tmp/cdr-test-XXXXXX" };
    if (mkdtemp(scratch.path) == NULL) {
        perror("mkdtemp");
        abort();
    }
    return scratch;
}
