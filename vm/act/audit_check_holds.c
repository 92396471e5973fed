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
    TRY(audit_entry_get(check->store, decision->audit, arena, &entry, &is_there));
    const char *event = decision->is_approval ? "approved" : "rejected";
    if (is_there && strcmp(entry.event, event) == 0 && str_equal(entry.who, decision->who)
        && entry.run == hold->run && entry.step == hold->step && entry.at_ms == decision->decided_ms
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
    bool has_waited;  /* past the end of a stage */
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
        hearing.has_waited |=
            strcmp(mark->event, "escalated") == 0 || strcmp(mark->event, "expired") == 0;
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
        return find(check, hold, 0,
            hold->state == HOLD_OPEN ? "is not in the log"
                                     : "is settled, and the log does not say so");
    TRY(audit_entry_get(check->store, hearing->newest, arena, &entry, &is_there));
    const char *state =
        arena_format(arena, "hold %" PRId64 " %s", hold->id, hold_state_name(hold->state));
    if (state == NULL)
        return ERR_MEMORY;
    if (is_there && strcmp(entry.event, "asked") == 0 && hold->state == HOLD_OPEN)
        return ERR_OK; /* the seal is behind the state */
    return !is_there || str_is(entry.after, state)
               ? ERR_OK
               : find(check, hold, hearing->newest, "is not what the log says that it became");
}

/* When a stage ends: those before it follow each other from held_ms on. */
static int64_t stage_end(
    const struct hold *hold, const struct approval_stage *stages, uint32_t stage)
{
    int64_t end_ms = hold->held_ms;
    for (uint32_t i = 0; i <= stage; i++)
        if (__builtin_add_overflow(end_ms, stages[i].within_ms, &end_ms))
            return INT64_MAX;
    return end_ms;
}

/* Which stage was asked at that time; count: none any more. */
static uint32_t stage_at(
    const struct hold *hold, const struct approval_stage *stages, uint32_t count, int64_t at_ms)
{
    uint32_t stage = 0;
    while (stage < count && at_ms >= stage_end(hold, stages, stage))
        stage++;
    return stage;
}

/* Which stage is asked and until when, and which one people spoke to, follow from what is sealed
 * and from the time. */
static enum err check_stages(struct audit_check *check, const struct hold *hold,
    const struct hearing *hearing, const struct decision *decisions, size_t count,
    struct arena *arena)
{
    struct approval_stage *stages;
    uint32_t stage_count;
    TRY(hold_stages_from_json(arena, hold->stages, &stages, &stage_count));
    bool is_right = stage_count == 0 ? hold->stage == 0 && hold->until_ms == 0
                                     : hold->stage < stage_count
                                           && hold->until_ms == stage_end(hold, stages, hold->stage)
                                           && (hold->stage == 0 || hearing->has_waited);
    if (!is_right)
        TRY(find(check, hold, hearing->newest,
            "asks another stage, or until another time, than "
            "the log says"));
    for (size_t i = 0; i < count; i++) {
        uint32_t stage =
            stage_count == 0 ? 0 : stage_at(hold, stages, stage_count, decisions[i].decided_ms);
        if (decisions[i].stage != stage)
            TRY(find(check, hold, decisions[i].audit,
                "has what was said of one stage as said of another"));
    }
    return ERR_OK;
}

/* What people were asked is what they see. */
static enum err check_seal(struct audit_check *check, const struct hold *hold,
    const struct hearing *hearing, const struct decision *decisions, size_t count,
    struct arena *arena)
{
    struct hold whole;
    bool is_sealed;
    TRY(holds_get(
        check->store, hold->id, arena, &whole)); /* with the plan, which lists leave out */
    TRY(holds_is_sealed(check->store, &whole, arena, &is_sealed));
    return is_sealed ? check_stages(check, &whole, hearing, decisions, count, arena)
                     : find(check, hold, hearing->newest,
                         "is not the one that people were asked "
                         "about");
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
    TRY(check_state(check, hold, &hearing, &arena));
    return hearing.newest == 0 ? ERR_OK
                               : check_seal(check, hold, &hearing, decisions, count, &arena);
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
