/* views.h - a target as events, so that conditions can be asked of it.
 *
 * A condition without negations holds for some of a target's names exactly when it holds for all
 * of them at once: one view is enough (and one for each resource's tags). With a negation,
 * `host.name != "sandbox"`, one more name could make it false; so there each name is asked
 * about by itself too, in every combination with those of other fields.
 */
#pragma once

#include "act/target.h"

enum { VIEWS_MAX = 4096 };

/* What a fragment with a condition reads of a target. */
struct condition_reads {
    bool has[FIELD_COUNT];
    bool has_negation; /* or anything else that more names may turn from true to false */
};

/* Add what the fragment at `start` reads. */
void condition_reads_add(
    const struct program *program, uint32_t start, struct condition_reads *reads);

/* The values that one field takes, one after the other. */
struct view_field {
    const value *values;
    const char *const *gaps; /* for each value why more may belong to it, or NULL */
    uint32_t count;          /* at least 1 */
    uint32_t at;
};

struct views {
    struct event event; /* the view */
    const char *gaps[FIELD_COUNT];
    struct view_field fields[FIELD_COUNT];
    bool has_more;
};

/* The first view of `target` for a condition: what is not about a target is as in `alert`.
 * ERR_LIMIT: there are more than VIEWS_MAX. ERR_MEMORY. */
MUST_CHECK enum err views_begin(struct views *views, const struct target *target,
    const struct event *alert, const struct condition_reads *reads);
/* The next one; sets has_more. */
void views_next(struct views *views);
