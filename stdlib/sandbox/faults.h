/* faults.h - what the sandbox was told to do wrong (see sandbox.h for the form). */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_THROTTLE,
    FAULT_FAIL_BEFORE,
    FAULT_FAIL_AFTER,
    FAULT_LOSE_REPLY,
    FAULT_SLOW,
    FAULT_HTML,
    FAULT_DENY,
    FAULT_STALE,
    FAULT_EXPIRE, /* of a bearer token (edr.h) */
    FAULT_KIND_COUNT
};

struct fault {
    enum fault_kind kind;
    uint32_t duration_ms; /* FAULT_SLOW */
    int status;           /* FAULT_HTML */
    uint32_t looks;       /* FAULT_STALE */
};

/* "throttle", ...; "" for none. Static. */
const char *fault_kind_name(enum fault_kind kind);

/* The list in `body` (JSON, one fault or an array) in canonical form: new reference. NULL
 * with a sentence when it is none. */
json_t *faults_read(str body, struct arena *arena, const char **reterr_reason);

/* What hits this call of `operation`; counts down in `faults` and drops what is spent. */
struct fault faults_take(json_t *faults, const char *operation);
