/* policy_report.h - a policy that is in use beside what rules need. */
#pragma once

#include "driver/output.h"
#include "driver/policy.h"

/* The worst that was found. */
enum policy_level {
    POLICY_LEVEL_NOTHING,
    POLICY_LEVEL_EXCESS,  /* it allows what nothing needs */
    POLICY_LEVEL_UNCLEAR, /* something that was not compared may keep a rule from acting */
    POLICY_LEVEL_MISSING, /* it does not allow something that a rule needs */
};

/* Write what `policy` (of policy_read) lacks and has too much, as lines or one JSON object.
 * ERR_MEMORY. */
MUST_CHECK enum err policy_report(struct output *out, const struct compilation *compilation,
    const struct needs *needs, const struct policy_words *words, const json_t *policy, bool as_json,
    struct arena *arena, enum policy_level *ret_worst);
