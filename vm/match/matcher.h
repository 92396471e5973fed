/* matcher.h - which rules may fire for an alert: the image asked by one thread.
 *
 * A rule that is not among the answers is silent (decide.h): its condition is false. One that is
 * `certain` has a condition that is true; of the others the machine has to say. What the rules make
 * of it (excuses, steps) is not asked here.
 *
 * Limits hold, and both ways say the same: where the machine decides a condition, that counts. Where it
 * reaches a limit, what the matcher knows counts (matcher_rule): one of the tests that must hold does
 * not, or the row of tests came out true, each test under limits of its own. Else the rule is undecided.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "event.h"
#include "match/image.h"
#include "match/skim.h"

struct match {
    uint32_t rule;   /* index into the program's rules */
    bool is_certain; /* its condition holds; else it may */
};

struct matches {
    const struct match *items; /* by rule; valid until the next question */
    uint32_t count;
};

struct matcher;

/* ERR_MEMORY. The image must outlive it. */
MUST_CHECK enum err matcher_new(const struct match_image *image, struct matcher **ret_matcher);
/* NULL is fine. */
void matcher_free(struct matcher *matcher);

/* The rules that may fire for an event that was read. ERR_MEMORY. */
MUST_CHECK enum err matcher_event(
    struct matcher *matcher, const struct event *event, struct matches *ret_matches);

/* What an alert is to the fast way. */
enum matcher_end {
    MATCHER_DONE,   /* *ret_matches has the rules, *ret_source the source that takes it; NULL: none,
                     * or nobody asks (match_image_asks_source) */
    MATCHER_UNSURE, /* read it with event_read, ask matcher_event */
};

/* The same of an alert's text (one JSON object), without making an event of it: no digest, and of
 * the canonical fields those alone that rules ask for. An event of several findings is UNSURE.
 * ERR_MEMORY. */
MUST_CHECK enum err matcher_text(struct matcher *matcher, str json, str forced_source,
    int64_t received_ms, enum skim_care care, enum matcher_end *ret_end,
    const struct source_program **ret_source, struct matches *ret_matches);

/* Whether the text is sound all over, as SKIM_STRICT reads it: for one that was asked SKIM_LAX. What
 * matcher_text gave stays valid. ERR_MEMORY. */
MUST_CHECK enum err matcher_check(struct matcher *matcher, str json, bool *ret_is_sound);

/* What matcher_event says of one rule: for a full scan that met a limit. */
enum matcher_answer {
    MATCHER_SILENT, /* not among the matches */
    MATCHER_MAY,
    MATCHER_CERTAIN,
};

/* ERR_MEMORY. */
MUST_CHECK enum err matcher_rule(struct matcher *matcher, const struct event *event, uint32_t rule,
    enum matcher_answer *ret_answer);

/* From here on add to looked_at[rule] whenever the tree of a rule is looked at: as many numbers as the
 * program has rules, the caller's. NULL: nobody wants to know. */
void matcher_count_rules(struct matcher *matcher, uint64_t *looked_at);

/* How often since matcher_new, for those who look inside. */
struct matcher_counts {
    uint64_t alerts, unsure; /* given to matcher_text */
    uint64_t candidates;     /* rules whose tree was looked at */
    uint64_t confirmed;      /* predicates that had to be asked by themselves */
};

struct matcher_counts matcher_counts(const struct matcher *matcher);
