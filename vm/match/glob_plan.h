/* glob_plan.h - what a text must hold for a glob (match/glob.h) to cover it. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/literals.h"

enum glob_shape {
    GLOB_WHOLE,   /* no wildcard: the text itself */
    GLOB_PIECE,   /* stars around one piece, or stars alone: what holds the piece at its place */
    GLOB_FILTER,  /* the same holds where the glob covers, and elsewhere: `a*b`, `a?` */
    GLOB_UNKNOWN, /* nothing but wildcards, or not UTF-8 */
};

struct glob_plan {
    enum glob_shape shape;
    str piece; /* without escapes; of several the one that is rarest in alerts */
    enum literal_place place;
};

/* `piece` lies in the pattern or, where it had escapes, in `arena`. ERR_MEMORY. */
MUST_CHECK enum err glob_plan_read(struct arena *arena, str pattern, struct glob_plan *ret_plan);
