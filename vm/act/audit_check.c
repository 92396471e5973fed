#include "act/audit_check_pass.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const fault_names[AUDIT_FAULT_COUNT] = {
#define AUDIT_FAULT(id, name, meaning) [AUDIT_FAULT_##id] = name,
#include "act/audit_faults.def"
#undef AUDIT_FAULT
};

const char *audit_fault_name(enum audit_fault fault)
{
    return fault_names[fault];
}

enum err check_find(
    struct audit_check *check, struct audit_finding finding, const char *format, ...)
{
    struct audit_report *report = check->report;
    if (finding.entry > 0 && finding.fault != AUDIT_FAULT_JOURNAL
        && (report->first_broken == 0 || finding.entry < report->first_broken))
        report->first_broken = finding.entry;
    report->found++;
    if (report->kept >= check->keep)
        return ERR_OK;
    va_list args;
    va_start(args, format);
    finding.text = arena_vformat(check->arena, format, args);
    va_end(args);
    if (finding.text == NULL)
        return ERR_MEMORY;
    report->findings[report->kept++] = finding;
    return ERR_OK;
}

/* More than one process at work leaves without an anchor, and more than two do. */
enum { UNANCHORED_MAX = 4 * ANCHOR_ENTRIES };

static enum err check_unanchored(struct audit_check *check)
{
    const struct audit_report *report = check->report;
    int64_t open = report->last - report->anchored;
    if (open <= UNANCHORED_MAX)
        return ERR_OK;
    struct audit_finding finding = { AUDIT_FAULT_NOT_ANCHORED, 0, 0, 0, -1, NULL };
    return check_find(check, finding,
        "%" PRId64 " entries after entry %" PRId64 " are not anchored, though at least every %dth "
        "is: anchors were deleted, or could not be written",
        open, report->anchored, ANCHOR_ENTRIES);
}

static enum err check_all(struct audit_check *check)
{
    check->keep = AUDIT_FINDINGS_MAX / 4;
    TRY(check_anchors(check));
    check->keep = AUDIT_FINDINGS_MAX * 3 / 4;
    TRY(check_chain(check));
    TRY(check_unanchored(check));
    check->keep = AUDIT_FINDINGS_MAX;
    return check_journal(check);
}

enum err audit_check(struct store *store, const struct audit_proofs *proofs, struct arena *arena,
    struct audit_report *ret_report)
{
    *ret_report = (struct audit_report){ 0 };
    struct audit_check check = {
        .store = store, .proofs = proofs, .arena = arena, .report = ret_report
    };
    enum err err = check_all(&check);
    free(check.marks);
    return err;
}
