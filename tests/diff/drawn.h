/* drawn.h - rules whose constants are drawn from real events, so that they match some. */
#pragma once

#include "base/str.h"
#include "bytecode.h"
#include "match/project.h"
#include "model.h"

#include <stdio.h>

/* Lines of a file, each an event. */
struct events {
    str *items; /* malloc'ed; slices of the file */
    uint32_t count;
};

/* Write a rule called `name`, on one line. `program` has the sources that tell an event's fields. */
void drawn_rule(struct random *random, const struct events *events, const struct program *program,
    const struct projection *projection, const char *name, FILE *out);
