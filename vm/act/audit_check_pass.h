/* audit_check_pass.h - what the parts of audit_check share, and nobody else. */
#pragma once

#include "act/audit_check.h"

/* What the log says about a step or a run: enough to find it in the journal. */
struct audit_mark {
    int64_t run;
    int64_t step;      /* or -1 */
    int64_t seq;       /* of the entry */
    int64_t hold;      /* or 0: `after` is "hold 3 approved", as store/holds.h writes it */
    const char *event; /* static: of audit_events.def */
};

/* An anchor that is as it was signed. */
struct anchor_mark {
    int64_t number;
    int64_t seq;
    int64_t at_ms;
    uint8_t hash[SHA256_BYTES];
    uint8_t line_hash[SHA256_BYTES];
};

struct audit_check {
    struct store *store;
    const struct audit_proofs *proofs;
    struct arena *arena;
    struct audit_report *report;
    uint32_t keep;               /* findings, so that one part leaves room for the next */
    struct anchor_mark *anchors; /* by entry */
    size_t anchor_count;
    int64_t older_runs;
    struct audit_mark *marks; /* of malloc; by run, step and entry once the chain was read */
    size_t mark_count;
    size_t mark_room;
};

/* Keep a finding. ERR_MEMORY. */
MUST_CHECK enum err check_find(struct audit_check *check, struct audit_finding finding,
    const char *format, ...) PRINTF_LIKE(3, 4);

/* Read the anchors, and find what is wrong with them by themselves. */
MUST_CHECK enum err check_anchors(struct audit_check *check);
/* Read every entry: chain, numbers, anchors; and mark what the journal must have. */
MUST_CHECK enum err check_chain(struct audit_check *check);
/* The first mark that is not before (run, step). */
size_t check_marks_from(const struct audit_check *check, int64_t run, int64_t step);
/* Hold the journal against the marks: runs and steps; what people said. */
MUST_CHECK enum err check_journal(struct audit_check *check);
MUST_CHECK enum err check_rows(struct audit_check *check);
MUST_CHECK enum err check_holds(struct audit_check *check);
