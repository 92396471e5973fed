/* spelling.h - the other names of a name: see target.h. */
#pragma once

#include "act/target.h"

/* Note that the target is called `text` in `field`, in each of its spellings, and what follows
 * from it for other fields. With `is_loose` somebody may only mean it so. Text that does not fit
 * the field is a gap. A name beyond TARGET_NAMES_MAX is left out, and the field cut, with those that
 * names follow for. ERR_MEMORY. */
MUST_CHECK enum err target_say(struct target *target, enum field field, str text, bool is_loose);

/* The tag of a set, and its look-alikes; too many are a gap. ERR_MEMORY. */
MUST_CHECK enum err target_say_tag(struct target *target, struct tag_set *set, str key, str text);
