/* late.h - what is only known when a request is sent.
 *
 * Steps have no clock and no secrets, so that a journal can be replayed and shown. Where one
 * needs either it writes a mark, and the connection replaces it in what it sends, at every attempt
 * anew. Plans, hashes and the journal have the mark.
 *
 * LATE_NOW becomes the time of sending, as AWS's clock has it: "2026-11-22T09:00:00Z".
 *
 * Only where the step says that its request has it (request.late): in any other the same words, of
 * an alert, a rule or a host, stay what they are. Even there a mark is one only as a whole JSON
 * string, with its quotation marks: `"cdr-late-now"` of a JSON body, `%22cdr-late-now%22` of a
 * document in a form. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

#define LATE_NOW "cdr-late-now"

/* What the marks become. */
struct late {
    int64_t now_s; /* LATE_NOW: Unix time, corrected for a wrong clock of ours */
};

/* `body` with its marks replaced, in `arena` (`body` itself when it has none). `is_form`: it is
 * a form, and what is written into it is percent-encoded. ERR_MEMORY; ERR_LIMIT: over
 * REQUEST_BYTES_MAX. */
MUST_CHECK enum err late_fill(
    str body, bool is_form, const struct late *late, struct arena *arena, str *ret_body);
