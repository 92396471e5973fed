/* needs_ways.h - by which providers a step of a rule may be taken, as far as that is certain before any
 * alert is there: vm/act/way.h and locate.h decide when there is one. */
#pragma once

#include "bytecode.h"
#include "implied.h"

/* A step, and whose alerts it may be about. */
struct way_case {
    const struct program *program;
    const struct step_code *code;
    struct implied sources; /* of `source`; is_known false: any */
};

/* Whether `part`, a way of the step's front or its only row, may carry it out. */
bool way_may_be(const struct way_case *step, const struct builtin *part);
/* Whether the device or the instance that the step acts on may be looked for with the help of
 * `provider`: "aws", or an EDR. */
bool way_may_find(const struct way_case *step, str provider);
/* The permission for that; NULL: it has no part in it. Static. */
const char *way_find_permission(str provider);
/* What a `poll` of the provider by `api` (empty: the first) asks with; NULL: another's. Static. */
const char *way_poll_permission(str provider, str api);
