/* audit_places.h - where the key of the audit log is, and a second place for its anchors.
 *
 * CDR_AUDIT_KEY=FILE and CDR_AUDIT_ANCHOR=FILE, from the environment alone: a file of settings
 * could come with somebody else's rules.
 */
#pragma once

#include "store/store.h"

struct audit_places {
    const char *key;    /* or NULL: DIR/audit.key */
    const char *beside; /* or NULL */
};

/* What CDR_AUDIT_KEY and CDR_AUDIT_ANCHOR say; borrowed from the environment. */
struct audit_places audit_places_read(void);
/* Tell a journal that was opened to be written. ERR_MEMORY. */
MUST_CHECK enum err audit_places_use(struct store *store);
