/* fix.h - repairs that diagnostics carry, applied to the text of a file. */
#pragma once

#include "base/buf.h"
#include "diag.h"

/* The repairs to make in one file at once: none overlaps or touches another. */
struct fixes {
    const struct diag **items; /* in the order of the text */
    uint32_t count;
    uint32_t left; /* that wait for the next time, since they may then be void */
};

/* Choose from sorted `diags` for file number `file`, whose text has `text_bytes`; guesses
 * only when `takes_guesses`. The first of those that overlap is taken. In the arena of
 * the list. ERR_MEMORY. */
MUST_CHECK enum err fixes_choose(const struct diag_list *diags, uint32_t file, size_t text_bytes,
    bool takes_guesses, struct fixes *ret_fixes);
/* Append `text` with the repairs; all other bytes stay. Failures are in out->err. */
void fixes_apply(const struct fixes *fixes, str text, struct buf *out);
