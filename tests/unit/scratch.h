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

/* A fresh directory with mode 0700 inside `parent`; aborts the program when there is no room. */
static inline struct scratch scratch_new_in(const char *parent)
{
    struct scratch scratch;
    snprintf(scratch.path, sizeof scratch.path, "%s/cdr-test-XXXXXX", parent);
    if (mkdtemp(scratch.path) == NULL) {
        perror("mkdtemp");
        abort();
    }
    return scratch;
}

static inline struct scratch scratch_new(void)
{
    return scratch_new_in("/tmp");
}
