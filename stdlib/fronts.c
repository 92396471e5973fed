/* fronts.c - see fronts.h. */
#include "fronts.h"

#include "registry.h"

static const struct builtin *const triage_ways[] = { &aws_triage, NULL };

static const struct builtin rows[] = {
    {
        .name = "triage",
        .verb = VERB_COLLECT,
        .doc = "Collect processes, connections, autostarts, logs and recent files of a host.",
        .params = TRIAGE_PARAMS("quick full"),
        .effect = EFFECT_COLLECTS,
        .ways = triage_ways,
    },
};

const struct builtin_module fronts_module = { "fronts", rows, COUNT_OF(rows) };
