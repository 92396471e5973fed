/* flip_value.h - values of one field that would change what a leaf comes to.
 *
 * These are guesses, the likeliest first: whoever asks tries them on the machine. What a
 * leaf compares with is read from its fragment, so lists of any kind are at hand as the
 * machine sees them.
 */
#pragma once

#include "event.h"
#include "probe.h"

struct flip_value {
    const struct expr *target; /* a canonical field or a raw path */
    value to;                  /* of the field's type, or as JSON may hold it; VALUE_ABSENT: no
                                * such field */
    bool is_example;           /* others would do as well */
};

enum { FLIP_VALUES_MAX = 6 };

/* Values that may make the leaf `wanted`, in `arena`: of one field each, and other than the
 * field has in `event`. None for what no written value decides. ERR_MEMORY. */
MUST_CHECK enum err flip_values(const struct program *program, const struct probe_leaf *leaf,
    bool wanted, const struct event *event, struct arena *arena,
    struct flip_value ret_values[static FLIP_VALUES_MAX], uint32_t *ret_count);

/* What the alert has for a canonical field or a raw path: as the event says. */
value flip_current(
    const struct program *program, const struct event *event, const struct expr *target);
