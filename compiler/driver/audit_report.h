/* audit_report.h - what `cdr audit` tells people and machines. */
#pragma once

#include "act/audit_check.h"
#include "driver/output.h"

/* What was found in the log of the journal in `data`. */
void audit_report_text(struct output *out, const char *data, const struct audit_report *report);
/* {"whole":..,"entries":..,"last":..,"anchors":..,"anchored":..,"anchored_at":..,"not_anchored":..,
 * "first_broken":..,"found":..,"findings":[{"fault":..,"entry":..,"anchor":..,"run":..,"step":..,
 * "text":..}]} on one line. */
void audit_report_json(struct output *out, const struct audit_report *report);
/* One entry on one line. */
void audit_entry_text(struct output *out, const struct audit_said *said);
