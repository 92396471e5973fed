/* way.h - which provider's row carries out a step that several could.
 *
 * `isolate_host` is one name for rule authors; Falcon and Defender each have a row for it, a way
 * (builtin.h). Of the ways that fit what is to be acted on, by the form of its identifier, count
 * those that the rules have a connection for, if any; of several that of the alert's own source. What
 * is still open is for the rule to say: `via=`. What acts on the alert itself is of its own source alone. The choice depends on the rules, the alert and the
 * arguments alone, so a resumed run makes it again.
 */
#pragma once

#include "base/attr.h"
#include "bytecode.h"
#include "event.h"

/* The row that acts: code->builtin itself unless it is a front. `args` are bound; those of a way that
 * are settings of its connection and were not given are filled in from there.
 * ERR_NOT_FOUND: the step is unresolved, *reterr_reason is a sentence in `arena`. ERR_MEMORY. */
MUST_CHECK enum err way_choose(const struct program *program, const struct step_code *code,
    const struct event *event, value *args, struct arena *arena, const struct builtin **ret_row,
    const char **reterr_reason);

/* The connection by which steps go to `provider`: the first; NULL: none. */
const struct connection_code *way_connection(const struct program *program, str provider);
/* Whether the rules say how `row` is reached; AWS is by the environment too. */
bool way_is_connected(const struct program *program, const struct builtin *row);
/* "CrowdStrike or Defender" of a front, in `arena`; NULL: it is full. */
const char *way_names(const struct builtin *front, struct arena *arena);
