/* story.c - a run as the journal has it, for a person. See story.h. */
#include "driver/story.h"

#include "driver/hold_words.h"
#include "driver/paragraph.h"
#include "driver/report_forms.h"
#include "driver/session.h"
#include "registry.h"
#include "value_json.h"

#include <inttypes.h>
#include <string.h>

enum { STATE_COLUMN = 60 };

enum err story_read(
    struct store *store, const struct run *run, struct arena *arena, struct story *ret_story)
{
    struct story story = { .run = *run };
    TRY(run_state(store, run, arena, &story.state));
    TRY(store_steps(store, run->id, arena, &story.steps, &story.step_count));
    TRY(store_calls(store, run->id, arena, &story.calls, &story.call_count));
    struct run *undos = NULL;
    TRY(store_runs(
        store, &(struct run_filter){ .undoes = run->id }, arena, &undos, &story.undo_count));
    struct story_undo *told = ARENA_ARRAY(arena, struct story_undo, story.undo_count + 1);
    if (told == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < story.undo_count; i++) {
        told[i].run = undos[i].id;
        TRY(run_state(store, &undos[i], arena, &told[i].state));
        told[i].is_done = strcmp(told[i].state, step_turn_name(STEP_DONE)) == 0;
    }
    story.undos = told;
    TRY(holds_list(
        store, &(struct hold_filter){ .run = run->id }, arena, &story.holds, &story.hold_count));
    for (size_t i = 0; i < story.hold_count; i++) /* a list has no plans */
        if (story.holds[i].state == HOLD_OPEN)
            TRY(holds_get(store, story.holds[i].id, arena, &story.holds[i]));
    TRY(timers_list(store, run->id, arena, &story.timers, &story.timer_count));
    TRY(dedup_alerts(store, run->id, 0, arena, &story.joined, &story.joined_count));
    *ret_story = story;
    return ERR_OK;
}

const struct hold *story_hold(const struct story *story, const struct step_record *step)
{
    const struct hold *newest = NULL;
    for (size_t i = 0; i < story->hold_count; i++)
        if (story->holds[i].step == step->index)
            newest = &story->holds[i];
    return newest;
}

int64_t story_undo_ms(const struct story *story, const struct step_record *step)
{
    for (size_t i = 0; i < story->timer_count; i++)
        if (story->timers[i].kind == TIMER_UNDO && story->timers[i].step == step->index)
            return story->timers[i].due_ms;
    return 0;
}

const struct builtin *builtin_by_name(str name)
{
    const struct builtin *row;
    for (size_t i = 0; (row = builtin_at(i)) != NULL; i++)
        if (str_is(name, row->name))
            return row;
    return builtin_find_inverse(name);
}

/* A moment of the journal; "-" for none. */
static void add_time(struct output *out, int64_t at_ms)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    output_text(out, moment_words(at_ms, &arena));
}

/* What a step brought: where it is, what it is, what it says. */
static void show_evidence(struct output *out, const struct step_record *step, struct arena *arena)
{
    value results[3] = { 0 }; /* verdict, url, sha256 */
    uint32_t count = 0;
    if (step->results.len == 0
        || values_from_json(arena, step->results, results, COUNT_OF(results), &count) != ERR_OK
        || results[1].kind != VALUE_TEXT)
        return;
    struct paragraph paragraph;
    paragraph_begin(&paragraph, out, 0, "evidence");
    paragraph_text(&paragraph, value_str(results[1]));
    if (results[2].kind == VALUE_TEXT)
        paragraph_text(&paragraph,
            str_from(arena_format(arena, "SHA-256 %.*s", STR_ARG(value_str(results[2])))));
    if (results[0].kind == VALUE_VERDICT)
        paragraph_text(&paragraph, str_from(arena_format(arena, "verdict %s",
                                       verdict_name((enum verdict)results[0].integer))));
    paragraph_end(&paragraph);
}

/* Whose end it took over, what it waits for, when it is taken back. */
static void show_bonds(struct output *out, const struct story *story,
    const struct step_record *step, const char *data, struct arena *arena)
{
    const struct hold *hold = story_hold(story, step);
    int64_t undo_ms = story_undo_ms(story, step);
    if (step->joined_run != 0)
        paragraph_show(out, 0, "joined",
            str_from(arena_format(
                arena, "run %" PRId64 ", step %" PRIu32, step->joined_run, step->joined_step + 1)));
    if (hold != NULL && str_is(step->state, step_turn_name(STEP_HELD)))
        hold_text(out, 0, hold, data);
    if (undo_ms != 0)
        paragraph_show(out, 0, "undone at", moment_words(undo_ms, arena));
}

/* What became of a request. */
static const char *reply_words(const struct call_record *call, struct arena *arena)
{
    if (!call->has_reply)
        return "no reply is known: it may or may not have arrived";
    switch (call->reply_kind) {
    case REPLY_RECEIVED:
        return arena_format(arena, "answered %d%s", call->reply_status,
            call->is_declined && call->reply_status < 400 ? ", and declined it" : "");
    case REPLY_ASSUMED:
        return "not sent";
    case REPLY_LOST:
        return "no answer came: it may have arrived";
    case REPLY_REFUSED:
        return "did not arrive";
    }
    return "";
}

/* The inverse of a change with the state before it: "remove_role_policy role=web". */
void story_undo_text(struct output *out, str undo_json, struct arena *arena)
{
    struct undo undo = { 0 };
    if (undo_from_json(arena, undo_json, &undo) != ERR_OK || undo.builtin == NULL)
        return;
    const struct builtin *row = builtin_find_inverse(str_from(undo.builtin));
    struct paragraph paragraph;
    paragraph_begin(&paragraph, out, 0, "undo by");
    paragraph_text(&paragraph, str_from(undo.builtin));
    for (uint32_t i = 0; i < undo.args_count; i++) {
        if (undo.args[i].kind == VALUE_ABSENT)
            continue;
        bool is_named = row != NULL && i < builtin_param_count(row);
        str text = value_print(arena, undo.args[i]);
        paragraph_text(&paragraph, str_from(arena_format(arena, "%s=%.*s",
                                       is_named ? row->params[i].name : "?", STR_ARG(text))));
    }
    paragraph_end(&paragraph);
}

static void show_change(struct output *out, const struct call_record *call)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    const char *words = reply_words(call, &arena);
    output_add(out, STR("       changed     "));
    output_text(out, call->service);
    output_add(out, STR(" "));
    output_text(out, call->operation);
    output_add(out, STR(" "));
    output_text(out, call->target);
    output_text(out, str_from(region_words(call->service, call->region, &arena)));
    output_addf(out, " (%s)\n", words == NULL ? "" : words);
    story_undo_text(out, call->undo, &arena);
}

static void show_step(
    struct output *out, const struct story *story, const struct step_record *step, const char *data)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct builtin *row = builtin_by_name(step->builtin);
    const char *state = arena_copy(&arena, step->state).ptr;
    size_t before = out->buf.len;
    output_addf(out, "  %3u. %s ", step->index + 1, row == NULL ? "step" : verb_name(row->verb));
    output_text(out, step->builtin);
    size_t used = out->buf.len - before;
    output_addf(out, "%*s", used < STATE_COLUMN ? (int)(STATE_COLUMN - used) : 1, "");
    output_styled(out, state == NULL ? STYLE_PLAIN : state_style(state), step->state);
    output_add(out, STR("\n"));
    paragraph_show(out, 0, "on", step->target);
    paragraph_show(out, 0, "found by", step->found);
    paragraph_show_some(out, 0, str_is(step->state, "done") ? "result" : "because", step->reason);
    show_bonds(out, story, step, data, &arena);
    show_evidence(out, step, &arena);
    uint32_t reads = 0;
    for (size_t i = 0; i < story->call_count; i++) {
        if (story->calls[i].step != step->index)
            continue;
        if (story->calls[i].is_change)
            show_change(out, &story->calls[i]);
        else
            reads++;
    }
    if (reads > 0)
        output_addf(out, "       asked       %u time%s\n", reads, reads == 1 ? "" : "s");
}

static void show_head(struct output *out, const struct story *story)
{
    const struct run *run = &story->run;
    output_style(out, STYLE_BOLD);
    output_addf(out, "run %" PRId64, run->id);
    output_style(out, STYLE_PLAIN);
    if (run->undoes != 0)
        output_addf(out, ", the undo of run %" PRId64, run->undoes);
    if (run->rule.len > 0) {
        output_add(out, STR(": rule "));
        output_text(out, run->rule);
    }
    output_add(out, STR(", alert "));
    output_text(out, run->alert);
    if (run->source.len > 0) {
        output_add(out, STR(" from "));
        output_text(out, run->source);
    }
    output_add(out, STR("\n  began "));
    add_time(out, run->started_ms);
    if (run->ended_ms != 0) {
        output_add(out, STR(", ended "));
        add_time(out, run->ended_ms);
    }
    output_add(out, STR(": "));
    output_styled(out, state_style(story->state), str_from(story->state));
    output_add(out, STR("\n"));
    if (run->cut_reason.len > 0) {
        output_add(out, STR("  ended early because "));
        output_text(out, run->cut_reason);
        output_add(out, STR("\n"));
    }
}

void story_text(struct output *out, const struct story *story, const char *data)
{
    show_head(out, story);
    for (size_t i = 0; i < story->step_count; i++)
        show_step(out, story, &story->steps[i], data);
    for (size_t i = 0; i < story->joined_count; i++) {
        output_add(out, STR("  joined by dedup: alert "));
        output_text(out, story->joined[i].alert);
        output_add(out, STR("\n"));
    }
    for (size_t i = 0; i < story->undo_count; i++) {
        const struct story_undo *undo = &story->undos[i];
        if (undo->is_done)
            output_addf(out, "  taken back by run %" PRId64 "\n", undo->run);
        else
            output_addf(out, "  undo tried by run %" PRId64 ": %s\n", undo->run, undo->state);
    }
}
