/* skim.h - the values under a program's paths, at the speed of reading the alert.
 *
 * It reads what projection_read (project.h) reads and gives up where an alert is out of the ordinary:
 * what would have to be mended or refused, duplicate keys, nesting past ALERT_DEPTH_MAX, numbers
 * that fit no number, more elements than a slot holds. Such an alert is SKIM_UNSURE, and
 * projection_read says what it is. So there is one definition, and two ways to read.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/project.h"
#include "value.h"

/* What is done about parts that no rule reads. */
enum skim_care {
    SKIM_STRICT, /* their JSON is checked as projection_read does: what is refused there is UNSURE here */
    SKIM_LAX, /* only that brackets and quotes pair: the rest is passed over, and so is what comes in an
               * object after all that is wanted of it: the first of duplicate keys counts */
};

enum skim_end { SKIM_DONE, SKIM_UNSURE };

/* One value found. Of an array each element is one, in the order of the text; an array without
 * elements is one VALUE_LIST of none. */
struct skim_hit {
    value v;         /* text is a slice of the alert, or unescaped in the thread's memory */
    uint32_t path;   /* index into the paths */
    bool is_in_list; /* an array is on the way to it */
};

struct skim_hits {
    const struct skim_hit *items; /* valid until the next alert */
    uint32_t count;
};

struct skim_plan; /* immutable: the paths as a trie, laid out for reading; threads may share it */
struct skimmer;   /* of one thread: bitmaps, hits, unescaped text, what keys came last */

/* ERR_MEMORY. `paths` as for projection_new, and borrowed. */
MUST_CHECK enum err skim_plan_new(
    struct arena *arena, const str *paths, uint32_t count, const struct skim_plan **ret_plan);
/* ERR_MEMORY. */
MUST_CHECK enum err skimmer_new(const struct skim_plan *plan, struct skimmer **ret_skimmer);
/* NULL is fine. */
void skimmer_free(struct skimmer *skimmer);

/* Read one alert: text that is one JSON object, white space around it allowed. No memory is taken
 * from malloc once the skimmer has met an alert as large. ERR_MEMORY. */
MUST_CHECK enum err skim_read(struct skimmer *skimmer, str json, enum skim_care care,
    enum skim_end *ret_end, struct skim_hits *ret_hits);

/* The hits of the last skim_read as projection_read would have them. ERR_MEMORY. */
MUST_CHECK enum err skim_slots(
    const struct skimmer *skimmer, struct arena *arena, struct slots *ret_slots);

/* Which instructions are used: "avx512", "avx2", "sse2", "portable"; static. */
const char *skim_instructions(void);
