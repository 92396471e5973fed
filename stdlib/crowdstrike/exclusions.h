/* exclusions.h - what Falcon must be told to leave alone, so that collectors run on Windows.
 *
 * The collector that cdr brings is a script of the host's own shell and needs none on Linux; on
 * Windows a policy that blocks suspicious scripts may stop it, for which there is no exclusion but
 * that policy. Programs that read raw disks and registry hives need those that are listed here, each
 * by its maker's own words. All are of Windows. */
#pragma once

#include <stddef.h>

enum crowdstrike_exclusion_kind {
    CROWDSTRIKE_EXCLUDE_ML,        /* a glob, from the root of a volume on */
    CROWDSTRIKE_EXCLUDE_IOA_IMAGE, /* a regular expression */
    CROWDSTRIKE_EXCLUDE_IOA_COMMAND,
};

struct crowdstrike_exclusion {
    const char *collector; /* whose it is */
    enum crowdstrike_exclusion_kind kind;
    const char *pattern;
    const char *why;
};

/* The table, for who prints it (doctor); NULL past its end. */
const struct crowdstrike_exclusion *crowdstrike_exclusion_at(size_t index);
size_t crowdstrike_exclusions_count(void);
/* "machine learning exclusion"; static. */
const char *crowdstrike_exclusion_kind(enum crowdstrike_exclusion_kind kind);
