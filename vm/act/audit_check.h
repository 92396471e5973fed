/* audit_check.h - whether the audit log is what was written: its chain, its anchors, the journal.
 *
 * Reads only. What is wrong is data; the first AUDIT_FINDINGS_MAX findings are kept and all are
 * counted. The anchors are to be read before the journal is opened, or under their lock: an anchor
 * that is younger than what is seen of the journal looks like an end that was cut off.
 */
#pragma once

#include "host/anchor.h"
#include "store/audit.h"

enum { AUDIT_FINDINGS_MAX = 20 };

enum audit_fault {
#define AUDIT_FAULT(id, name, meaning) AUDIT_FAULT_##id,
#include "act/audit_faults.def"
#undef AUDIT_FAULT
    AUDIT_FAULT_COUNT
};

/* "edited", ...; static. */
const char *audit_fault_name(enum audit_fault fault);

struct audit_finding {
    enum audit_fault fault;
    int64_t entry;    /* its number, or 0 */
    int64_t anchor;   /* or 0 */
    int64_t run;      /* or 0 */
    int64_t step;     /* or -1 */
    const char *text; /* a sentence without a full stop */
};

/* A file of anchors. */
struct anchor_text {
    const char *name; /* as it is shown; NULL: there is no such file */
    str text;
};

/* What the log is held against. */
struct audit_proofs {
    const struct public_keys *keys;
    struct anchor_text head;   /* DIR/audit.head */
    struct anchor_text beside; /* the second place: may begin later, and lack some */
};

struct audit_report {
    uint64_t entries;
    int64_t last;         /* number of the newest entry */
    uint64_t anchors;     /* lines of head and beside that are good */
    int64_t anchored;     /* up to this entry; 0: none is */
    int64_t anchored_ms;  /* when */
    int64_t first_broken; /* entry; 0: the chain is whole */
    uint64_t found;       /* findings */
    uint32_t kept;
    struct audit_finding findings[AUDIT_FINDINGS_MAX]; /* of the chain, the anchors, the journal */
};

/* ERR_STORE, ERR_MEMORY: the log could not be read. Texts live in `arena`. */
MUST_CHECK enum err audit_check(struct store *store, const struct audit_proofs *proofs,
    struct arena *arena, struct audit_report *ret_report);
