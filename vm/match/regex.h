/* regex.h - regular expressions with limits that hold.
 *
 * PCRE2 with limits on steps, depth and memory (limits.h), UTF. Refused with a sentence: callouts, verbs such as (*LIMIT_MATCH=), \C, recursion, back references,
 * conditional groups. Subjects are refused, not cut in silence, past REGEX_SUBJECT_MAX.
 * A compiled expression lives in its arena.
 *
 * The first match makes machine code of it (PCRE2-JIT), which ends with the arena. Where that
 * cannot be, because a host allows no new code (systemd's MemoryDenyWriteExecute) or the pattern is
 * huge, or where a match needs more stack than it has, PCRE2 interprets the pattern. Both keep to
 * a budget of work, so that one match takes no more than about 0.1 s whatever the subject; what
 * reaches a limit is undecided, never "not found".
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/required.h"

struct regex;

/* Compile `pattern` with `flags` out of "ims". On ERR_INVALID, *reterr_reason is a
 * sentence in the arena and *reterr_at the offset in the pattern. ERR_MEMORY. */
MUST_CHECK enum err regex_new(struct arena *arena, str pattern, str flags, struct regex **ret_regex,
    const char **reterr_reason, size_t *reterr_at);

/* Whether the expression is found in `subject`. Threads may share a regex. Takes no memory from
 * malloc once there is machine code. ERR_UNDECIDED at a limit. ERR_MEMORY. */
MUST_CHECK enum err regex_matches(const struct regex *regex, str subject, bool *ret_matches);

/* The same, interpreted: what regex_matches is held against. */
MUST_CHECK enum err regex_matches_slowly(const struct regex *regex, str subject, bool *ret_matches);

/* Whether this process may make machine code. */
bool regex_has_machine_code(void);

/* Texts of which at least one is in every subject in which the expression is found, that is,
 * for which regex_matches says true. ERR_MEMORY. */
MUST_CHECK enum err regex_required(const struct regex *regex, struct required *ret_required);

/* `/pattern/flags`, for people. */
str regex_text(const struct regex *regex);
