/* tags.h - the tags of a resource, as vendors write them: an object {"env": "prod"}, or an
 * array of objects with key and value (AWS: {"key": "env", "value": "prod"}, in any case). */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "value.h"

/* The value of the tag called `key` (compared without case): text, null, or absent. `tags` is
 * what raw paths have: a VALUE_OBJECT, or a list of them. Of several tags with the key the
 * first counts; numbers and truths are the text that spells them; what is an object or array
 * is absent. *ret_bytes: so much of the alert was read again. ERR_MEMORY. */
MUST_CHECK enum err tags_find(
    struct arena *arena, value tags, str key, value *ret_value, size_t *ret_bytes);
