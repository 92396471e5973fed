/* audit_entries.h - what the audit log says of a step that has ended.
 *
 * It is computed from the journal, and again by `cdr audit verify`: whoever edits the state of a
 * step, the answer to a change or how it would be taken back is found out, too.
 */
#pragma once

#include "store/audit.h"

/* The member `after` of "ended", in `arena`: {"state":..,"found":..,"reason":..,"results":"..",
 * "joined_run":..,"joined_step":..,"changes":[{"service":..,"operation":..,"region":..,"target":..,
 * "body_sha256":..,"undo_sha256":..,"reply":..,"status":..}]}. `record` is the step as it is, or
 * is about to be, in the journal; its changes are those recorded there. What is empty is left
 * out. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err audit_step_after(
    struct store *store, const struct step_record *record, struct arena *arena, str *ret_json);

/* Append "ended" for it: `entry` says all but event, at_ms, run, step, builtin, target and after.
 * Joins an open transaction. ERR_STORE, ERR_MEMORY, ERR_INVALID (entry->who is empty). */
MUST_CHECK enum err audit_step_ended(struct store *store, const struct step_record *record,
    const struct audit_entry *entry, struct arena *arena);
