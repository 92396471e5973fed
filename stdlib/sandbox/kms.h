/* kms.h - the keys that volumes and snapshots are encrypted with.
 *
 * A volume that is encrypted and names no "kmsKeyId" has the default key of AWS of its region; the
 * others name a customer's. */
#pragma once

#include "sandbox/call.h"

/* ARN of the key of an encrypted volume or snapshot of the call's region, in the arena; NULL: it is
 * not encrypted, or no memory. */
const char *kms_key_of(struct call *call, const json_t *thing);
/* Whether that is the default key of AWS. */
bool kms_is_default(const json_t *thing);
