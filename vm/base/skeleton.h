/* skeleton.h - what else a person may take a name for.
 *
 * "prоd" with a Cyrillic o is not "prod" to a machine and is to a reader. Unicode's UTS 39 says
 * which characters look alike; the table is ICU's. Characters of ASCII stand for themselves
 * alone: "web-1" is no "web-l".
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

enum { SKELETON_TEXT_BYTES_MAX = 1024, SKELETON_READINGS_MAX = 1024 };

struct USpoofChecker;

/* Set `arena`; it opens itself when it is first asked about a text outside of ASCII. */
struct skeletons {
    struct arena *arena;           /* of everything that it returns */
    struct USpoofChecker *checker; /* owned */
    str ascii[128];                /* the skeleton of each character of names */
};

/* The readings of `text` but itself: its compatibility form without what draws nothing, also
 * in capitals, each with every character outside of ASCII as those of ASCII that it looks like.
 * None for a text of ASCII. ERR_LIMIT: the text is too long or has too many readings.
 * ERR_MEMORY. */
MUST_CHECK enum err skeleton_readings(
    struct skeletons *skeletons, str text, const str **ret_readings, uint32_t *ret_count);

/* Safe on one that was never asked. What it returned stays. */
void skeletons_release(struct skeletons *skeletons);
