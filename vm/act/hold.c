/* hold.c - see hold.h. */
#include "act/hold.h"

#include "base/buf.h"
#include "base/fold.h"
#include "base/sha256.h"

#include <inttypes.h>

enum { PEOPLE_SHOWN_MAX = 10, PEOPLE_BYTES_MAX = 64 * 1024 };

static const char *const cause_names[HOLD_CAUSE_COUNT] = {
    [HOLD_BY_APPROVE] = "approve",
    [HOLD_BY_LIMIT] = "limit",
    [HOLD_BY_DOUBT] = "doubt",
    [HOLD_BY_ALWAYS] = "always",
};

static const char *const state_names[HOLD_STATE_COUNT] = {
    [HOLD_OPEN] = "open",
    [HOLD_APPROVED] = "approved",
    [HOLD_USED] = "used",
    [HOLD_REJECTED] = "rejected",
    [HOLD_EXPIRED] = "expired",
    [HOLD_VOID] = "void",
};

static unsigned name_find(const char *const *names, unsigned count, str name)
{
    unsigned at = 0;
    while (at < count && !str_is(name, names[at]))
        at++;
    return at;
}

const char *hold_cause_name(enum hold_cause cause)
{
    return cause_names[cause];
}

enum hold_cause hold_cause_find(str name)
{
    return (enum hold_cause)name_find(cause_names, HOLD_CAUSE_COUNT, name);
}

const char *hold_state_name(enum hold_state state)
{
    return state_names[state];
}

enum hold_state hold_state_find(str name)
{
    return (enum hold_state)name_find(state_names, HOLD_STATE_COUNT, name);
}

static enum err seal(const struct hold *hold, char ret_hex[static SHA256_HEX_SIZE])
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    CLEANUP(buf_release) struct buf numbers = BUF_INIT(PEOPLE_BYTES_MAX);
    buf_addf(&numbers, "%" PRId64 " %" PRIu32 " %" PRIu32 " %" PRId64, hold->run, hold->step,
        hold->round, hold->held_ms);
    const str parts[] = { buf_str(&numbers), str_from(hold_cause_name(hold->cause)), hold->reason,
        hold->clause, hold->plan_hash, hold->plan, hold->stages, hold->author };
    TRY(numbers.err);
    TRY(sha256_begin(&sha256));
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        sha256_add_framed(&sha256, parts[i]);
    return sha256_end_hex(&sha256, ret_hex);
}

const char *hold_asked_text(const struct hold *hold, struct arena *arena)
{
    char hex[SHA256_HEX_SIZE];
    return seal(hold, hex) == ERR_OK
               ? arena_format(arena, "hold %" PRId64 " open %s", hold->id, hex)
               : NULL;
}

bool hold_is_same_person(str a, str b)
{
    a = str_trim(a, " ");
    b = str_trim(b, " ");
    str login_a = str_first(a, str_find(a, '@'));
    str login_b = str_first(b, str_find(b, '@'));
    return fold_equal(a, b) || (login_a.len > 0 && fold_equal(login_a, login_b));
}

static bool is_author(const struct hold *hold, str who)
{
    for (str rest = hold->author; rest.len > 0;) {
        size_t end = str_find(rest, ',');
        if (str_trim(str_first(rest, end), " ").len > 0
            && hold_is_same_person(str_first(rest, end), who))
            return true;
        rest = str_skip(rest, end + 1);
    }
    return false;
}

/* Whether somebody says of the plan, in this stage, what they did not say before. */
static bool counts(
    const struct hold *hold, const struct decision *decisions, size_t at, uint32_t stage)
{
    const struct decision *said = &decisions[at];
    if (hold->plan_hash.len == 0 || !str_equal(said->plan_hash, hold->plan_hash))
        return false;
    if (is_author(hold, said->who))
        return false;
    for (size_t i = 0; i < at; i++)
        if (decisions[i].stage == stage && hold_is_same_person(decisions[i].who, said->who))
            return false;
    return true;
}

/* From begin_ms on, and before end_ms. */
struct stage_time {
    int64_t begin_ms;
    int64_t end_ms;
};

/* HOLD_APPROVED, HOLD_REJECTED, or HOLD_OPEN: not enough was said until now. */
static enum hold_state stage_settle(const struct hold *hold, uint32_t stage, uint32_t needed,
    struct stage_time time, const struct decision *decisions, size_t count, int64_t now_ms)
{
    uint32_t approvals = 0;
    for (size_t i = 0; i < count; i++) {
        const struct decision *said = &decisions[i];
        if (said->stage != stage || said->decided_ms < time.begin_ms
            || said->decided_ms >= time.end_ms || said->decided_ms > now_ms)
            continue;
        if (!said->is_approval)
            return HOLD_REJECTED;
        if (counts(hold, decisions, i, stage) && ++approvals >= needed)
            return HOLD_APPROVED;
    }
    return HOLD_OPEN;
}

static int64_t time_add(int64_t ms, int64_t more_ms)
{
    int64_t sum;
    return __builtin_add_overflow(ms, more_ms, &sum) ? INT64_MAX : sum;
}

enum hold_state hold_settle(const struct hold *hold, const struct approval_stage *stages,
    uint32_t stage_count, const struct decision *decisions, size_t decision_count, int64_t now_ms,
    uint32_t *ret_stage, int64_t *ret_until_ms)
{
    *ret_stage = 0;
    *ret_until_ms = 0;
    if (stage_count == 0 || hold->plan_hash.len == 0) /* nobody can approve it yet */
        return stage_settle(hold, 0, 1, (struct stage_time){ INT64_MIN, INT64_MAX }, decisions,
            decision_count, now_ms);
    struct stage_time time = { .end_ms = hold->held_ms };
    for (uint32_t at = 0; at < stage_count; at++) {
        time = (struct stage_time){ time.end_ms, time_add(time.end_ms, stages[at].within_ms) };
        *ret_stage = at;
        *ret_until_ms = time.end_ms;
        enum hold_state state =
            stage_settle(hold, at, stages[at].needed, time, decisions, decision_count, now_ms);
        if (state != HOLD_OPEN || now_ms < time.end_ms)
            return state;
    }
    return HOLD_EXPIRED;
}

static bool role_has(const struct role_code *role, str who)
{
    for (uint32_t i = 0; i < role->member_count; i++)
        if (fold_equal(role->members[i], who))
            return true;
    return false;
}

static bool stage_has(const struct approval_stage *stage, str role)
{
    for (uint32_t i = 0; i < stage->role_count; i++)
        if (str_equal(stage->roles[i], role))
            return true;
    return false;
}

/* Whether the role is one of those asked: to approve now, or to reject now or before. All of them
 * are without a stage. */
static bool role_is_asked(
    const struct hold_question *question, const struct role_code *role, bool is_approval)
{
    uint32_t count = question->stage_count;
    for (uint32_t at = is_approval && count > 0 ? count - 1 : 0; at < count; at++)
        if (stage_has(&question->stages[at], role->name))
            return true;
    return count == 0;
}

/* The next role from *at on that is asked and has the right, or NULL. */
static const struct role_code *role_next(
    const struct hold_question *question, bool is_approval, uint32_t *at)
{
    unsigned right = is_approval ? RIGHT_APPROVE : RIGHT_REJECT;
    while (*at < question->role_count) {
        const struct role_code *role = &question->roles[(*at)++];
        if ((role->may & right) != 0 && role_is_asked(question, role, is_approval))
            return role;
    }
    return NULL;
}

static void add_role(struct buf *out, const struct role_code *role)
{
    buf_addf(out, "%s%.*s (", out->len > 0 ? ", " : "", STR_ARG(role->name));
    for (uint32_t i = 0; i < role->member_count && i < PEOPLE_SHOWN_MAX; i++)
        buf_addf(out, "%s%.*s", i > 0 ? ", " : "", STR_ARG(role->members[i]));
    if (role->member_count > PEOPLE_SHOWN_MAX)
        buf_addf(out, " and %u more", role->member_count - PEOPLE_SHOWN_MAX);
    buf_add(out, STR(")"));
}

/* Without roles and without a stage anybody may. */
static bool is_for_anybody(const struct hold_question *question)
{
    return question->stage_count == 0 && question->role_count == 0;
}

const char *hold_whom(const struct hold_question *question, bool is_approval, struct arena *arena)
{
    if (is_for_anybody(question))
        return "anybody";
    CLEANUP(buf_release) struct buf out = BUF_INIT(PEOPLE_BYTES_MAX);
    const struct role_code *role;
    for (uint32_t at = 0; (role = role_next(question, is_approval, &at)) != NULL;)
        add_role(&out, role);
    if (out.len == 0)
        buf_addf(&out, "nobody: no role that is asked may %s", is_approval ? "approve" : "reject");
    return out.err == ERR_OK ? arena_copy(arena, buf_str(&out)).ptr : NULL;
}

/* *ret_reason for a refusal, whatever became of the memory. */
static bool refuse(const char *reason, const char **ret_reason)
{
    *ret_reason = reason == NULL ? err_text(ERR_MEMORY) : reason;
    return false;
}

bool hold_may_decide(const struct hold *hold, const struct hold_question *question, str who,
    bool is_approval, struct arena *arena, const char **ret_reason)
{
    const char *whom = hold_whom(question, is_approval, arena);
    if (whom == NULL)
        return refuse(NULL, ret_reason);
    if (is_approval && is_author(hold, who))
        return refuse(arena_format(arena,
                          "%.*s wrote the rule, and nobody approves what their own rule "
                          "does; who may: %s",
                          STR_ARG(who), whom),
            ret_reason);
    if (is_for_anybody(question))
        return true;
    const struct role_code *role;
    for (uint32_t at = 0; (role = role_next(question, is_approval, &at)) != NULL;)
        if (role_has(role, who))
            return true;
    return refuse(arena_format(arena, "%.*s may not %s this; who may: %s", STR_ARG(who),
                      is_approval ? "approve" : "reject", whom),
        ret_reason);
}
