/* audit_check_holds.c - whether what people said, and what holds became, is what the log says.
 *
 * Each change of a hold has an entry whose `after` is "hold 3 approved"; the newest says what the
 * hold is. Each decision names its entry.
 */
#include "act/audit_check_pass.h"
#include "store/holds.h"

#include <inttypes.h>

static enum err find(
    struct audit_check *check, const struct hold *hold, int64_t entry, const char *what)
{
    struct audit_finding finding = { AUDIT_FAULT_JOURNAL, entry, 0, hold->run, hold->step, NULL };
    return check_find(check, finding, "hold %" PRId64 " %s", hold->id, what);
}

/* An entry, as it says. *ret_is_there is false for one that is gone or unreadable, which the chain
 * told. */
static enum err entry_read(struct audit_check *check, int64_t seq, struct arena *arena,
    struct audit_entry *ret_entry, bool *ret_is_there)
{
    struct audit_row row;
    struct audit_said said = { 0 };
    enum err err = audit_get(check->store, seq, arena, &row);
    if (err == ERR_OK)
        err = audit_text_read(row.text, arena, &said);
    *ret_is_there = err == ERR_OK;
    *ret_entry = said.entry;
    return err == ERR_NOT_FOUND || err == ERR_JSON ? ERR_OK : err;
}

/* Whether `said` is `text`, perhaps cut. */
static bool agrees(str said, str text)
{
    return str_equal(said, text)
           || (text.len > AUDIT_TEXT_BYTES_MAX && said.len > 0 && str_startswith(text, said));
}

static enum err check_decision(struct audit_check *check, const struct hold *hold,
    const struct decision *decision, struct arena *arena)
{
    struct audit_entry entry;
    bool is_there;
    TRY(entry_read(check, decision->audit, arena, &entry, &is_there));
    const char *event = decision->is_approval ? "approved" : "rejected";
    if (is_there && strcmp(entry.event, event) == 0 && str_equal(entry.who, decision->who)
        && entry.run == hold->run && entry.step == hold->step
        && str_equal(entry.plan_hash, decision->plan_hash)
        && agrees(entry.reason, decision->reason))
        return ERR_OK;
    return find(check, hold, decision->audit,
        decision->is_approval ? "has an approval that the log does not have so"
                              : "has a rejection that the log does not have so");
}

/* What the log says of a hold. */
struct hearing {
    int64_t newest;   /* entry, or 0 */
    size_t decisions; /* so many */
};

static struct hearing hear(const struct audit_check *check, const struct hold *hold)
{
    struct hearing hearing = { 0 };
    for (size_t i = check_marks_from(check, hold->run, hold->step); i < check->mark_count; i++) {
        const struct audit_mark *mark = &check->marks[i];
        if (mark->run != hold->run || mark->step != hold->step)
            break;
        if (mark->hold != hold->id || strcmp(mark->event, "denied") == 0)
            continue;
        hearing.newest = mark->seq;
        hearing.decisions +=
            strcmp(mark->event, "approved") == 0 || strcmp(mark->event, "rejected") == 0;
    }
    return hearing;
}

static enum err check_state(struct audit_check *check, const struct hold *hold,
    const struct hearing *hearing, struct arena *arena)
{
    struct audit_entry entry;
    bool is_there;
    if (hearing->newest == 0)
        return hold->state == HOLD_OPEN
                   ? ERR_OK
                   : find(check, hold, 0, "is settled, and the log does not say so");
    TRY(entry_read(check, hearing->newest, arena, &entry, &is_there));
    const char *state =
        arena_format(arena, "hold %" PRId64 " %s", hold->id, hold_state_name(hold->state));
    if (state == NULL)
        return ERR_MEMORY;
    return !is_there || str_is(entry.after, state)
               ? ERR_OK
               : find(check, hold, hearing->newest, "is not what the log says that it became");
}

static enum err check_hold(struct audit_check *check, const struct hold *hold)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct decision *decisions;
    size_t count;
    struct hearing hearing = hear(check, hold);
    TRY(holds_decisions(check->store, hold->id, &arena, &decisions, &count));
    for (size_t i = 0; i < count; i++)
        TRY(check_decision(check, hold, &decisions[i], &arena));
    if (hearing.decisions > count)
        TRY(find(check, hold, hearing.newest, "lacks what somebody said of it, as the log has it"));
    return check_state(check, hold, &hearing, &arena);
}

/* The log tells of holds that the journal has not. */
static enum err check_lost(struct audit_check *check)
{
    for (size_t i = 0; i < check->mark_count; i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        const struct audit_mark *mark = &check->marks[i];
        struct hold hold = { .id = mark->hold, .run = mark->run, .step = (uint32_t)mark->step };
        if (mark->hold == 0 || (i > 0 && check->marks[i - 1].hold == mark->hold))
            continue;
        enum err err = holds_get(check->store, mark->hold, &arena, &hold);
        if (err == ERR_NOT_FOUND)
            err = find(check, &hold, mark->seq, "is not in the journal, and the log tells of it");
        TRY(err);
    }
    return ERR_OK;
}

enum { PAGE_HOLDS = 256 };

enum err check_holds(struct audit_check *check)
{
    TRY(check_lost(check));
    struct hold_filter filter = { .limit = PAGE_HOLDS };
    for (;;) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct hold *holds;
        size_t count;
        TRY(holds_list(check->store, &filter, &arena, &holds, &count));
        for (size_t i = 0; i < count; i++)
            TRY(check_hold(check, &holds[i]));
        if (count < PAGE_HOLDS)
            return ERR_OK;
        filter.after = holds[count - 1].id;
    }
}
