/* hold_view_json.c - a hold for programs. See hold_view.h. */
#include "driver/hold_view.h"

#include "driver/hold_words.h"
#include "driver/json_out.h"
#include "driver/story.h"

/* The names of all who may say so; null for anybody, and where the roles are not known nobody. */
static json_t *json_from_people(const struct hold_view *view, bool is_approval)
{
    if (view->has_roles && view->role_count == 0 && view->asked == NULL)
        return json_null();
    json_t *json = json_array();
    struct hold_question question = hold_view_question(view);
    for (uint32_t i = 0; view->has_roles && i < view->role_count; i++) {
        const struct role_code *role = &view->roles[i];
        question.roles = role;
        question.role_count = 1;
        for (uint32_t at = 0; at < role->member_count; at++) {
            CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
            const char *reason;
            if (hold_may_decide(
                    &view->hold, &question, role->members[at], is_approval, &arena, &reason))
                json_append(&json, json_from_str(role->members[at]));
        }
    }
    return json;
}

static json_t *json_from_decision(const struct decision *said)
{
    json_t *json = json_object();
    json_put(&json, "who", json_from_str(said->who));
    json_put(&json, "said", json_from_text(said->is_approval ? "approve" : "reject"));
    json_put(&json, "reason", json_from_str(said->reason));
    json_put(&json, "at", json_from_moment(said->decided_ms));
    json_put(&json, "stage", json_integer(said->stage + 1));
    json_put(&json, "plan_hash", json_or_null(said->plan_hash));
    json_put(&json, "audit", json_integer(said->audit));
    return json;
}

static json_t *json_from_alert(const struct hold_view *view)
{
    json_t *json = json_object();
    json_put(&json, "id", json_from_str(view->hold.alert));
    json_put(&json, "source", json_or_null(view->source));
    json_put(&json, "title", json_or_null(view->title));
    json_put(&json, "severity", json_or_null(view->severity));
    return json;
}

/* What happens at `until`; null when nothing does. */
static json_t *json_from_then(const struct hold_view *view)
{
    if (view->hold.state != HOLD_OPEN || view->hold.until_ms == 0)
        return json_null();
    return json_from_text(view->hold.stage + 1 < view->stage_count ? "next stage" : "rejected");
}

json_t *hold_view_json(const struct hold_view *view)
{
    const struct hold *hold = &view->hold;
    const struct builtin *row = builtin_by_name(hold->builtin);
    json_t *said = json_array();
    for (size_t i = 0; i < view->decision_count; i++)
        json_append(&said, json_from_decision(&view->decisions[i]));
    json_t *json = hold_json(hold);
    json_put(&json, "run", json_integer(hold->run));
    json_put(&json, "step", json_integer(hold->step));
    json_put(&json, "replaces", view->replaced == 0 ? json_null() : json_integer(view->replaced));
    json_put(&json, "rule", json_from_str(hold->rule));
    json_put(&json, "alert", json_from_alert(view));
    json_put(&json, "verb", row == NULL ? json_null() : json_from_text(verb_name(row->verb)));
    json_put(&json, "name", json_from_str(hold->builtin));
    json_put(&json, "target", json_or_null(hold->target));
    json_put(&json, "author", json_or_null(hold->author));
    json_put(&json, "stage", json_integer(hold->stage + 1));
    json_put(&json, "then", json_from_then(view));
    json_put(&json, "may_approve", json_from_people(view, true));
    json_put(&json, "may_reject", json_from_people(view, false));
    json_put(&json, "answers", said);
    json_put(&json, "settled", json_from_moment(hold->settled_ms));
    json_put(&json, "plan", view->plan == NULL ? json_null() : json_incref(view->plan));
    return json;
}
