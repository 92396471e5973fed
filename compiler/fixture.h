/* fixture.h - the alert files that tests name: where they are, and what is in them. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "source.h"

/* The path of `name`, which is written in the rule file `file`: beside it, unless `name` is
 * absolute. It ends in NUL; ptr is NULL when the arena is full. */
str fixture_path(struct arena *arena, str file, str name);

/* Append the whole of a regular file, as `sources` read files that `from` names, to `text`, which has the limit; with a NULL `text` only
 * see that it can be read. ERR_IO (errno says why; EINVAL: it is no regular file), ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK enum err fixture_read(
    const struct sources *sources, str from, const char *path, struct buf *text);

/* Why fixture_read failed, in words; `number` is what errno was. Static. */
const char *fixture_reason(enum err err, int number);
