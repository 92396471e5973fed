/* audit.h - what was decided, by whom and why, in a log that shows whoever changes it.
 *
 * Entry n has hash n = SHA-256(hash n-1 | its JSON text). The head (number and hash) is signed and
 * kept outside the database, so that an end that was cut off shows too. An entry is written in
 * the transaction of what it tells: neither is there without the other.
 */
#pragma once

#include "store/store.h"

struct audit_entry {
    const char *event; /* "admitted", "held", "refused", "approved", "paused", "ended", ...; see
                        * audit_events.def */
    str who;           /* host/person.h, or "cdr" */
    int64_t at_ms;
    int64_t run;  /* or 0 */
    int64_t step; /* or -1 */
    str alert;    /* all of these may be empty */
    str rule;
    str builtin;
    str target;
    str program_hash; /* of the rule set */
    str plan_hash;
    str clause;
    str reason;
    str before; /* state before: the undos of the plan, JSON */
    str after;  /* how the step ended, JSON or words */
};

/* Append one; *ret_seq from 1. Joins an open transaction. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err audit_append(
    struct store *store, const struct audit_entry *entry, int64_t *ret_seq);
