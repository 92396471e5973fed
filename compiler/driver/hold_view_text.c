/* hold_view_text.c - a hold for a person. What an alert, a rule or a provider says is made safe
 * for a terminal. See hold_view.h. */
#include "driver/hold_view.h"

#include "base/time.h"
#include "driver/hold_words.h"
#include "driver/paragraph.h"
#include "driver/report_forms.h"
#include "driver/story.h"

#include <inttypes.h>

enum { STATE_COLUMN = 60, HASH_SHOWN = 12, SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

/* A text of the plan, borrowed from it. */
static str member(const json_t *object, const char *key)
{
    const json_t *text = json_object_get(object, key);
    return json_is_string(text) ? (str){ json_string_value(text), json_string_length(text) }
                                : STR("");
}

static void show(struct output *out, const char *label, const char *text)
{
    paragraph_show(out, 0, label, str_from(text));
}

static const char *state_words(const struct hold *hold)
{
    if (hold->state != HOLD_OPEN)
        return hold_state_name(hold->state);
    return hold->plan_hash.len == 0 ? "not planned yet" : "waits for a person";
}

static enum style state_color(enum hold_state state)
{
    switch (state) {
    case HOLD_OPEN:
        return STYLE_YELLOW;
    case HOLD_APPROVED:
    case HOLD_USED:
        return STYLE_GREEN;
    case HOLD_REJECTED:
    case HOLD_EXPIRED:
        return STYLE_RED;
    case HOLD_VOID:
    case HOLD_STATE_COUNT:
        break;
    }
    return STYLE_FAINT;
}

static void show_head(struct output *out, const struct hold *hold)
{
    const struct builtin *row = builtin_by_name(hold->builtin);
    const char *words = state_words(hold);
    size_t before = out->buf.len;
    output_addf(
        out, "hold %" PRId64 ". %s ", hold->id, row == NULL ? "step" : verb_name(row->verb));
    output_text(out, hold->builtin);
    size_t used = out->buf.len - before;
    output_addf(out, "%*s", used < STATE_COLUMN ? (int)(STATE_COLUMN - used) : 1, "");
    output_styled(out, state_color(hold->state), str_from(words));
    output_add(out, STR("\n"));
}

static void show_cause(struct output *out, const struct hold_view *view, struct arena *arena)
{
    const struct hold *hold = &view->hold;
    const char *alert =
        arena_format(arena, "%.*s from %.*s%s%.*s", STR_ARG(hold->alert), STR_ARG(view->source),
            view->severity.len > 0 ? ", severity " : "", STR_ARG(view->severity));
    show(out, "alert", alert);
    if (view->title.len > 0)
        show(out, "", arena_format(arena, "\"%.*s\"", STR_ARG(view->title)));
    show(out, "rule",
        arena_format(arena, "%.*s, run %" PRId64 ", step %" PRIu32, STR_ARG(hold->rule), hold->run,
            hold->step + 1));
    paragraph_show(out, 0, "because", hold->reason);
    paragraph_show(out, 0, "clause", hold->clause);
    if (view->replaced != 0)
        show(out, "instead of",
            arena_format(arena, "hold %" PRId64 ", which %s", view->replaced,
                view->had_no_plan ? "had no plan yet" : "was for another plan"));
}

/* A fact: "resource.tags[env] = prod", or what could not be read. */
static void show_fact(struct output *out, const json_t *fact, struct arena *arena)
{
    str key = member(fact, "key");
    str field = member(fact, "field");
    bool is_gap = json_object_get(fact, "gap") != NULL;
    str text = member(fact, is_gap ? "gap" : "text");
    show(out, is_gap ? "not known" : "known",
        arena_format(arena, "%.*s%s%.*s%s %s %.*s", STR_ARG(field), key.len > 0 ? "[" : "",
            STR_ARG(key), key.len > 0 ? "]" : "", is_gap ? ":" : "=", STR_ARG(text)));
}

static void show_undo(struct output *out, const json_t *undo, struct arena *arena)
{
    char *text = undo == NULL ? NULL : json_dumps(undo, JSON_COMPACT);
    if (text != NULL)
        story_undo_text(out, str_from(text), arena);
    free(text);
}

static void show_change(
    struct output *out, const json_t *change, bool is_whole, struct arena *arena)
{
    str region = member(change, "region");
    str service = member(change, "service");
    str operation = member(change, "operation");
    str target = member(change, "target");
    show(out, "would send",
        arena_format(arena, "%.*s %.*s %.*s%s", STR_ARG(service), STR_ARG(operation),
            STR_ARG(target), region_words(service, region, arena)));
    if (is_whole)
        text_parameters(out, 0, member(change, "body"));
    show_undo(out, json_object_get(change, "undo"), arena);
}

/* "1h" of a member in milliseconds, or NULL where the plan has none. */
static const char *member_duration(const json_t *plan, const char *key, struct arena *arena)
{
    const json_t *ms = json_object_get(plan, key);
    char text[DURATION_TEXT_MAX];
    if (!json_is_integer(ms))
        return NULL;
    duration_format(json_integer_value(ms), text);
    return arena_format(arena, "%s", text);
}

/* How long what it does stays, and how much time it has to do it. */
static void show_durations(struct output *out, const json_t *plan, struct arena *arena)
{
    const char *lasts = member_duration(plan, "for_ms", arena);
    const char *timeout = member_duration(plan, "timeout_ms", arena);
    if (lasts != NULL)
        show(out, "lasts", arena_format(arena, "for %s, then taken back", lasts));
    else if (json_array_size(json_object_get(plan, "changes")) > 0)
        show(out, "lasts", "stays until somebody takes it back");
    if (timeout != NULL)
        show(out, "timeout", arena_format(arena, "%s, then it begins nothing more", timeout));
}

static void show_plan(
    struct output *out, const struct hold_view *view, bool is_whole, struct arena *arena)
{
    size_t at;
    const json_t *one;
    str identity = member(view->plan, "identity");
    str region = member(view->plan, "region");
    paragraph_show(out, 0, "on", view->hold.target);
    paragraph_show(out, 0, "found by", member(view->plan, "found"));
    paragraph_show(out, 0, "result", member(view->plan, "result"));
    if (is_whole)
        json_array_foreach(json_object_get(view->plan, "facts"), at, one)
            show_fact(out, one, arena);
    json_array_foreach(json_object_get(view->plan, "changes"), at, one)
        show_change(out, one, is_whole, arena);
    if (json_array_size(json_object_get(view->plan, "changes")) == 0)
        show(out, "would send", "no change");
    show_durations(out, view->plan, arena);
    if (is_whole && identity.len > 0)
        show(out, "as",
            arena_format(arena, "%.*s%s%.*s", STR_ARG(identity), region.len > 0 ? ", in " : "",
                STR_ARG(region)));
    show(out, "plan",
        arena_format(arena, "%.*s", is_whole ? (int)view->hold.plan_hash.len : HASH_SHOWN,
            view->hold.plan_hash.ptr));
}

/* "12m" of the time that is left: no more exact than a person asks. */
static const char *left_words(int64_t left_ms, struct arena *arena)
{
    char text[DURATION_TEXT_MAX];
    int64_t unit_ms = left_ms < 10 * MINUTE_MS ? SECOND_MS : MINUTE_MS;
    if (left_ms >= 120 * MINUTE_MS)
        unit_ms = 60 * MINUTE_MS;
    duration_format(left_ms / unit_ms * unit_ms, text);
    return arena_format(arena, "%s", text);
}

/* What happens when nobody answers. */
static const char *then_words(const struct hold_view *view, struct arena *arena)
{
    uint32_t next = view->hold.stage + 1;
    if (next >= view->stage_count)
        return "it is rejected";
    const char *asked = stage_words(&view->stages[next], arena);
    return asked == NULL ? NULL : arena_format(arena, "%s is asked", asked);
}

static void show_asked(
    struct output *out, const struct hold_view *view, int64_t now_ms, struct arena *arena)
{
    const struct hold *hold = &view->hold;
    const char *approve = hold_view_whom(view, true, arena);
    const char *reject = hold_view_whom(view, false, arena);
    show(out, "asked", stage_words(view->asked, arena));
    if (view->asked != NULL && view->asked->needed > 1)
        show(out, "needs",
            arena_format(arena, "%" PRIu32 " approvals by different persons", view->asked->needed));
    if (hold->plan_hash.len > 0)
        show(out, "may approve", approve);
    show(out, "may reject", reject);
    if (hold->author.len > 0)
        show(out, "not by", arena_format(arena, "%.*s, who wrote the rule", STR_ARG(hold->author)));
    if (hold->until_ms == 0) {
        bool is_unplanned = hold->plan_hash.len == 0 && view->stage_count > 0;
        show(out, "until",
            is_unplanned ? "somebody answers: the time to do so begins when it is planned"
                         : "somebody answers");
        return;
    }
    str until = moment_words(hold->until_ms, arena);
    const char *left = left_words(hold->until_ms - now_ms, arena);
    const char *then = then_words(view, arena);
    if (left != NULL && then != NULL)
        show(out, "until",
            arena_format(arena, "%.*s (%s left); then %s", STR_ARG(until), left, then));
}

static void show_said(struct output *out, const struct decision *said, struct arena *arena)
{
    str at = moment_words(said->decided_ms, arena);
    show(out, said->is_approval ? "approved" : "rejected",
        arena_format(arena, "by %.*s at %.*s: %.*s", STR_ARG(said->who), STR_ARG(at),
            STR_ARG(said->reason)));
}

static void show_way_on(
    struct output *out, const struct hold *hold, const char *data, struct arena *arena)
{
    if (hold->state == HOLD_OPEN && hold->plan_hash.len == 0)
        show(out, "answer",
            arena_format(arena,
                "cdr resume --data %s plans it; or cdr reject %" PRId64 " --data %s --reason WHY",
                data, hold->id, data));
    else if (hold->state == HOLD_OPEN)
        show(out, "answer",
            arena_format(arena, "cdr approve %" PRId64 " --data %s --reason WHY, or cdr reject",
                hold->id, data));
    else if (!hold->is_step_over
             && (hold->state == HOLD_APPROVED || hold->state == HOLD_REJECTED
                 || hold->state == HOLD_EXPIRED))
        show(out, "goes on by", arena_format(arena, "cdr resume --data %s", data));
}

void hold_view_text(struct output *out, const struct hold_view *view, int64_t now_ms, bool is_whole,
    const char *data)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    show_head(out, &view->hold);
    show_cause(out, view, &arena);
    if (view->plan != NULL)
        show_plan(out, view, is_whole, &arena);
    paragraph_show(out, 0, "since", moment_words(view->hold.held_ms, &arena));
    if (view->hold.state == HOLD_OPEN)
        show_asked(out, view, now_ms, &arena);
    for (size_t i = 0; i < view->decision_count; i++)
        show_said(out, &view->decisions[i], &arena);
    if (data != NULL)
        show_way_on(out, &view->hold, data, &arena);
    if (arena.is_full)
        output_add(out, STR("       (parts of it cannot be shown: out of memory)\n"));
}
