/* story_json.c - a run as the journal has it, for programs. See story.h. */
#include "driver/hold_words.h"
#include "driver/json_out.h"
#include "driver/report_forms.h"
#include "driver/story.h"
#include "value_json.h"

#include <stdio.h>

static const char *reply_name(const struct call_record *call)
{
    if (!call->has_reply)
        return "none";
    switch (call->reply_kind) {
    case REPLY_RECEIVED:
        return "received";
    case REPLY_ASSUMED:
        return "assumed";
    case REPLY_LOST:
        return "lost";
    case REPLY_REFUSED:
        return "refused";
    }
    return "none";
}

/* Arguments by the name of their parameter; without a row by their number. */
static json_t *json_from_arguments(const struct builtin *row, const value *args, uint32_t count)
{
    json_t *json = json_object();
    for (uint32_t i = 0; i < count && i < STEP_PARAMS_MAX; i++) {
        if (args[i].kind == VALUE_ABSENT)
            continue;
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        bool is_named = row != NULL && i < builtin_param_count(row);
        json_put(&json, is_named ? row->params[i].name : number, json_from_value(args[i]));
    }
    return json;
}

static json_t *json_from_undo(str text)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    struct undo undo = { 0 };
    if (undo_from_json(&arena, text, &undo) != ERR_OK || undo.builtin == NULL)
        return json_null();
    const struct builtin *row = builtin_by_name(str_from(undo.builtin));
    json_t *json = json_object();
    json_put(&json, "name", json_from_text(undo.builtin));
    json_put(&json, "arguments", json_from_arguments(row, undo.args, undo.args_count));
    return json;
}

static json_t *json_from_call(const struct call_record *call)
{
    json_t *json = json_object();
    json_put(&json, "service", json_from_str(call->service));
    json_put(&json, "operation", json_from_str(call->operation));
    json_put(&json, "region", json_from_str(call->region));
    json_put(&json, "target", json_from_str(call->target));
    json_put(&json, "parameters", json_from_body(call->body));
    json_put(&json, "effect", json_from_text(call->is_change ? "changes" : "reads"));
    json_put(&json, "reply", json_from_text(reply_name(call)));
    json_put(&json, "status", json_integer(call->has_reply ? call->reply_status : 0));
    if (call->is_change)
        json_put(&json, "undo", json_from_undo(call->undo));
    return json;
}

static void put_results(json_t **json, const struct step_record *step, struct arena *arena)
{
    static const char *const names[] = { "verdict", "url", "sha256" };
    value results[COUNT_OF(names)] = { 0 };
    uint32_t count = 0;
    if (step->results.len > 0
        && values_from_json(arena, step->results, results, COUNT_OF(names), &count) != ERR_OK)
        return;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_put(json, names[i],
            results[i].kind == VALUE_ABSENT ? json_null() : json_from_value(results[i]));
}

/* Steps are counted from 1, as in the text. */
static void put_bonds(json_t **json, const struct story *story, const struct step_record *step)
{
    const struct hold *hold = story_hold(story, step);
    json_t *joined = json_null();
    if (step->joined_run != 0) {
        joined = json_object();
        json_put(&joined, "run", json_integer(step->joined_run));
        json_put(&joined, "step", json_integer(step->joined_step));
    }
    json_put(json, "joined", joined);
    json_put(json, "hold", hold == NULL ? json_null() : hold_json(hold));
    json_put(json, "undone_at", json_from_moment(story_undo_ms(story, step)));
}

static json_t *json_from_step(const struct story *story, const struct step_record *step)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    const struct builtin *row = builtin_by_name(step->builtin);
    value args[STEP_PARAMS_MAX] = { 0 };
    uint32_t count = 0;
    if (values_from_json(&arena, step->args, args, STEP_PARAMS_MAX, &count) != ERR_OK)
        count = 0;
    json_t *calls = json_array();
    for (size_t i = 0; i < story->call_count; i++)
        if (story->calls[i].step == step->index)
            json_append(&calls, json_from_call(&story->calls[i]));
    json_t *json = json_object();
    json_put(&json, "step", row == NULL ? json_null() : json_from_text(verb_name(row->verb)));
    json_put(&json, "name", json_from_str(step->builtin));
    json_put(&json, "arguments", json_from_arguments(row, args, count));
    json_put(&json, "target", json_or_null(step->target));
    json_put(&json, "found", json_or_null(step->found));
    json_put(&json, "state", json_from_str(step->state));
    json_put(&json, "reason", json_or_null(step->reason));
    json_put(&json, "started", json_from_moment(step->started_ms));
    json_put(&json, "ended", json_from_moment(step->ended_ms));
    json_put(&json, "requests", calls);
    put_results(&json, step, &arena);
    put_bonds(&json, story, step);
    return json;
}

static json_t *json_from_joined(const struct story *story)
{
    json_t *alerts = json_array();
    for (size_t i = 0; i < story->joined_count; i++)
        json_append(&alerts, json_from_str(story->joined[i].alert));
    return alerts;
}

json_t *run_json(const struct run *run, const char *state)
{
    json_t *json = json_object();
    json_put(&json, "run", json_integer(run->id));
    json_put(&json, "undoes", run->undoes == 0 ? json_null() : json_integer(run->undoes));
    json_put(&json, "alert", json_from_str(run->alert));
    json_put(&json, "source", json_or_null(run->source));
    json_put(&json, "rule", json_or_null(run->rule));
    json_put(&json, "program", json_or_null(run->program_hash));
    json_put(&json, "started", json_from_moment(run->started_ms));
    json_put(&json, "ended", json_from_moment(run->ended_ms));
    json_put(&json, "state", json_from_text(state));
    json_put(&json, "reason", json_or_null(run->cut_reason));
    json_put(&json, "case", run->case_id == 0 ? json_null() : json_integer(run->case_id));
    return json;
}

json_t *story_json(const struct story *story)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < story->step_count; i++)
        json_append(&steps, json_from_step(story, &story->steps[i]));
    json_t *undone = json_array();
    json_t *tried = json_array();
    for (size_t i = 0; i < story->undo_count; i++)
        json_append(story->undos[i].is_done ? &undone : &tried, json_integer(story->undos[i].run));
    json_t *json = run_json(&story->run, story->state);
    json_put(&json, "undone_by", undone);
    json_put(&json, "undo_tried_by", tried);
    json_put(&json, "joined_alerts", json_from_joined(story));
    json_put(&json, "steps", steps);
    return json;
}
