/* api_items.h - what the API says of an alert, a run, a step, a hold, an entry of the audit log.
 *
 * Runs, holds and entries are as the commands print them with --format json (story.h, hold_view.h,
 * audit_export.h); here each has an `id`, a text that names it in paths and cursors, and the hash of
 * its rules is `rule_set`. Objects are the caller's; NULL when out of memory.
 */
#pragma once

#include "base/buf.h"
#include "store/alerts.h"
#include "store/audit.h"
#include "store/listing.h"

#include <jansson.h>

/* Items as the API tells them: new references, NULL when memory is short. docs/openapi.yaml has their
 * members. */
json_t *api_alert_json(const struct alert_record *alert);
/* `json` is run_json or story_json of the run; it is taken. */
json_t *api_run_json(json_t *json, const struct run *run);
json_t *api_step_json(const struct listed_step *step);
/* `json` is hold_view_json; it is taken. */
json_t *api_approval_json(json_t *json);
/* Appended without a newline. ERR_JSON: it is no entry; ERR_MEMORY. */
MUST_CHECK enum err api_audit_add(const struct audit_row *row, struct buf *out);
