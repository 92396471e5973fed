/* audit_export.h - an entry of the audit log for other tools: NDJSON, OCSF. */
#pragma once

#include "base/buf.h"
#include "store/audit.h"

/* The entry as it is stored, with a member "hash" at its end, and a newline. ERR_JSON: it is no
 * entry; ERR_MEMORY. */
MUST_CHECK enum err audit_export_ndjson(const struct audit_row *row, struct buf *out);
/* An OCSF 1.7.0 event on one line: Remediation Activity (7001) for what is about a step, else the
 * Base Event. ERR_JSON, ERR_MEMORY. */
MUST_CHECK enum err audit_export_ocsf(const struct audit_row *row, str store_id, struct buf *out);
