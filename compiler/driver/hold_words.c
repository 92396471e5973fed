/* hold_words.c - see hold_words.h. */
#include "driver/hold_words.h"

#include "driver/json_out.h"
#include "driver/paragraph.h"

#include <inttypes.h>

str moment_words(int64_t at_ms, struct arena *arena)
{
    value at = at_ms == 0 ? VALUE_NONE : (value){ .kind = VALUE_TIME, .milliseconds = at_ms };
    str text = value_print(arena, at);
    return text.ptr == NULL ? STR("") : text;
}

const char *stage_words(const struct approval_stage *stage, struct arena *arena)
{
    if (stage == NULL || stage->role_count == 0)
        return "anybody who may approve";
    const char *roles = "";
    for (uint32_t i = 0; roles != NULL && i < stage->role_count; i++)
        roles =
            arena_format(arena, "%s%s%.*s", roles, i == 0 ? "" : ", ", STR_ARG(stage->roles[i]));
    if (roles == NULL || stage->needed <= 1)
        return roles;
    return arena_format(arena, "%" PRIu32 " of %s", stage->needed, roles);
}

/* The stage that is asked; NULL where anybody may answer, or the journal's text is damaged. */
static const struct approval_stage *stage_asked(const struct hold *hold, struct arena *arena)
{
    struct approval_stage *stages = NULL;
    uint32_t count = 0;
    if (hold_stages_from_json(arena, hold->stages, &stages, &count) != ERR_OK)
        return NULL;
    return hold->stage < count ? &stages[hold->stage] : NULL;
}

static void show_clause(struct output *out, size_t indent, str clause)
{
    if (clause.len > 0)
        paragraph_show(out, indent, "clause", clause);
}

static const char *answer_words(const struct hold *hold, const char *data, struct arena *arena)
{
    if (hold->plan_hash.len == 0) /* over a limit before anybody was asked */
        return arena_format(arena,
            "not planned yet: cdr resume --data %s plans it; or cdr reject %" PRId64
            " --data %s --reason WHY",
            data, hold->id, data);
    return arena_format(arena,
        "cdr approve %" PRId64 " --data %s --reason WHY, or cdr reject; the plan: cdr approvals "
        "%" PRId64 " --data %s",
        hold->id, data, hold->id, data);
}

static void show_open(struct output *out, size_t indent, const struct hold *hold, const char *data,
    struct arena *arena)
{
    const char *asked = stage_words(stage_asked(hold, arena), arena);
    str until = moment_words(hold->until_ms, arena);
    const char *who = hold->until_ms == 0 ? asked
                                          : arena_format(arena, "%s, until %.*s",
                                              asked == NULL ? "" : asked, STR_ARG(until));
    paragraph_show(out, indent, "asked", str_from(who));
    paragraph_show(out, indent, "answer", str_from(answer_words(hold, data, arena)));
}

/* What the step that waits would do, as its plan says it. */
static void show_result(struct output *out, size_t indent, str plan)
{
    json_auto_t *json = json_loadb(plan.ptr, plan.len, JSON_ALLOW_NUL, NULL);
    const json_t *result = json_object_get(json, "result");
    if (json_is_string(result))
        paragraph_show(
            out, indent, "result", (str){ json_string_value(result), json_string_length(result) });
}

void hold_text(struct output *out, size_t indent, const struct hold *hold, const char *data)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    struct paragraph paragraph;
    const char *state = hold->state == HOLD_OPEN ? "a person" : hold_state_name(hold->state);
    if (hold->plan.len > 0)
        show_result(out, indent, hold->plan);
    paragraph_begin(&paragraph, out, indent, hold->state == HOLD_OPEN ? "waits for" : "was");
    paragraph_text(&paragraph, str_from(arena_format(&arena, "%s: hold %" PRId64 ", by %s", state,
                                   hold->id, hold_cause_name(hold->cause))));
    paragraph_end(&paragraph);
    show_clause(out, indent, hold->clause);
    if (hold->state == HOLD_OPEN)
        show_open(out, indent, hold, data, &arena);
    else if (hold->state == HOLD_APPROVED || hold->state == HOLD_REJECTED
             || hold->state == HOLD_EXPIRED)
        paragraph_show(out, indent, "goes on by",
            str_from(arena_format(&arena, "cdr resume --data %s", data)));
}

void judgement_text(struct output *out, size_t indent, const struct judgement *judgement)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    show_clause(out, indent, judgement->clause);
    if (judgement->ruling != RULING_HELD)
        return;
    const struct approval_stage *stage = judgement->stage_count > 0 ? &judgement->stages[0] : NULL;
    const char *asked = stage_words(stage, &arena);
    value within = { .kind = VALUE_DURATION, .milliseconds = stage == NULL ? 0 : stage->within_ms };
    if (stage != NULL && asked != NULL)
        asked =
            arena_format(&arena, "%s, within %.*s", asked, STR_ARG(value_print(&arena, within)));
    paragraph_show(out, indent, "would ask", str_from(asked));
}

static json_t *json_from_stage(const struct approval_stage *stage)
{
    if (stage == NULL)
        return json_null();
    json_t *roles = json_array();
    for (uint32_t i = 0; i < stage->role_count; i++)
        json_append(&roles, json_from_str(stage->roles[i]));
    json_t *json = json_object();
    json_put(&json, "roles", roles);
    json_put(&json, "needed", json_integer(stage->needed));
    return json;
}

json_t *hold_json(const struct hold *hold)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    json_t *json = json_object();
    json_put(&json, "id", json_integer(hold->id));
    json_put(&json, "state", json_from_text(hold_state_name(hold->state)));
    json_put(&json, "cause", json_from_text(hold_cause_name(hold->cause)));
    json_put(&json, "clause", json_or_null(hold->clause));
    json_put(&json, "reason", json_or_null(hold->reason));
    json_put(&json, "round", json_integer(hold->round));
    json_put(&json, "plan_hash", json_or_null(hold->plan_hash));
    json_put(&json, "held", json_from_moment(hold->held_ms));
    json_put(&json, "until", json_from_moment(hold->until_ms));
    json_put(&json, "asked", json_from_stage(stage_asked(hold, &arena)));
    return json;
}

json_t *judgement_json(const struct judgement *judgement)
{
    json_t *json = json_object();
    json_put(&json, "cause", json_from_text(hold_cause_name(judgement->hold_cause)));
    json_put(&json, "clause", json_or_null(judgement->clause));
    json_put(
        &json, "asked", json_from_stage(judgement->stage_count > 0 ? &judgement->stages[0] : NULL));
    return json;
}
