/* profile.h - the `profile` and `collector` blocks of a set of files, as steps name them. */
#pragma once

#include "ast.h"
#include "source.h"

/* What a word of a setting or a parameter says: bare or in quotes; empty when it is neither. */
str profile_word(const struct expr *expr);

/* The plan (stdlib/collector/plan.h) of the profile or collector of that name: declared in `trees`, or
 * part of cdr; empty when there is none. Canonical: members by their names, without spaces, times in
 * seconds. In `arena`; ERR_MEMORY. */
MUST_CHECK enum err profile_plan(struct arena *arena, const struct sources *sources,
    struct tree *const *trees, uint32_t count, str name, str *ret_plan);
