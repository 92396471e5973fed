/* regex.h - regular expressions with limits that hold.
 *
 * PCRE2 with REGEX_MATCH_LIMIT and REGEX_DEPTH_LIMIT, UTF, no callouts, no verbs
 * such as (*LIMIT_MATCH=), no lookbehind of unknown length; subjects are cut off by
 * an error, not in silence, at REGEX_SUBJECT_MAX. Memory comes from the arena.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

struct regex;

/* Compile `pattern` with `flags` out of "ims". On ERR_INVALID, *reterr_reason is a
 * sentence in the arena and *reterr_at the offset in the pattern. ERR_MEMORY. */
MUST_CHECK enum err regex_new(struct arena *arena, str pattern, str flags, struct regex **ret_regex,
    const char **reterr_reason, size_t *reterr_at);

/* Whether the expression is found in `subject`. ERR_UNDECIDED at a limit. ERR_MEMORY. */
MUST_CHECK enum err regex_matches(
    const struct regex *regex, str subject, struct arena *arena, bool *ret_matches);

/* The pattern and flags as written, for people. */
str regex_text(const struct regex *regex);
