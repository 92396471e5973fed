/* setup_edr.h - what an EDR's console must be told before rules can act there, step by step. */
#pragma once

#include "driver/command.h"
#include "driver/needs.h"

/* The steps, with exactly what `needs` say, and the connection to paste: as text for a person, or as
 * one JSON object {provider, grants, steps, connection, environment}. `provider` is one of console.h.
 * ERR_MEMORY. */
MUST_CHECK enum err setup_edr_text(struct output *out, const struct needs *needs, str provider);
MUST_CHECK enum err setup_edr_json(struct output *out, const struct needs *needs, str provider);
