/* hold_view.c - reading a hold with its rules, its alert and its plan. See hold_view.h. */
#include "driver/hold_view.h"

#include "driver/program_texts.h"
#include "match/project.h"

#include <errno.h>
#include <stdlib.h>

int64_t hold_number(const char *word)
{
    char *end = NULL;
    errno = 0;
    long long number = word[0] >= '1' && word[0] <= '9' ? strtoll(word, &end, 10) : 0;
    return end == NULL || *end != '\0' || errno != 0 ? 0 : (int64_t)number;
}

static enum err program_compile(struct hold_reader *reader, str hash)
{
    compile_release(&reader->compilation);
    arena_release(&reader->arena);
    reader->compilation = (struct compilation){ 0 };
    reader->program = NULL;
    reader->is_known = false;
    reader->program_hash = arena_copy(&reader->arena, hash);
    if (reader->program_hash.ptr == NULL)
        return ERR_MEMORY;
    enum err err = program_texts_compile(reader->store, hash, &reader->compilation);
    bool is_other = err == ERR_DIVERGED || err == ERR_JSON || err == ERR_NOT_FOUND;
    if (!is_other)
        TRY(err);
    reader->program = is_other ? NULL : reader->compilation.program;
    reader->is_known = true;
    return ERR_OK;
}

enum err hold_reader_program(
    struct hold_reader *reader, str hash, const struct program **ret_program)
{
    if (!reader->is_known || !str_equal(reader->program_hash, hash))
        TRY(program_compile(reader, hash));
    *ret_program = reader->program;
    return ERR_OK;
}

/* A field of the alert as people read it, or nothing. */
static enum err field_keep(
    const struct event *event, enum field field, struct arena *arena, str *ret_text)
{
    value v = event->fields[field];
    if (v.kind == VALUE_ABSENT)
        return ERR_OK;
    CLEANUP(arena_release) struct arena own = ARENA_INIT(EVENT_BYTES_MAX);
    str text = value_print(&own, v);
    *ret_text = text.ptr == NULL ? text : arena_copy(arena, text);
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* What the alert says of itself. One that cannot be read by now says nothing. */
static enum err alert_read(const struct program *program, const struct run *run,
    struct arena *arena, struct hold_view *view)
{
    CLEANUP(arena_release) struct arena own = ARENA_INIT(EVENT_BYTES_MAX);
    const struct projection *projection = NULL;
    struct event event;
    struct json_fault fault = { 0 };
    view->source = run->source;
    if (program == NULL)
        return ERR_OK;
    TRY(projection_new(&own, program->paths, program->path_count, &projection));
    enum err err = event_read(program, projection, run->alert_text, run->forced_source,
        run->received_ms, &own, &event, &fault);
    if (err != ERR_OK)
        return err == ERR_MEMORY ? err : ERR_OK;
    TRY(field_keep(&event, FIELD_ALERT_TITLE, arena, &view->title));
    return field_keep(&event, FIELD_SEVERITY, arena, &view->severity);
}

/* What time has made of it: nobody may have looked since. */
static enum err settle(struct hold_reader *reader, struct arena *arena, struct hold_view *view)
{
    struct hold *hold = &view->hold;
    struct approval_stage *stages;
    TRY(hold_stages_from_json(arena, hold->stages, &stages, &view->stage_count));
    TRY(holds_decisions(reader->store, hold->id, arena, &view->decisions, &view->decision_count));
    view->stages = stages;
    if (hold->state == HOLD_OPEN)
        hold->state = hold->is_step_over
                          ? HOLD_VOID
                          : hold_settle(hold, stages, view->stage_count, view->decisions,
                              view->decision_count, reader->now_ms, &hold->stage, &hold->until_ms);
    bool is_asked = hold->state == HOLD_OPEN && hold->stage < view->stage_count;
    view->asked = is_asked ? &stages[hold->stage] : NULL;
    return ERR_OK;
}

/* Which hold of its step was there before it. */
static enum err replaced_find(
    struct hold_reader *reader, struct arena *arena, struct hold_view *view)
{
    const struct hold *hold = &view->hold;
    struct hold *holds = NULL;
    size_t count = 0;
    if (hold->round == 0)
        return ERR_OK;
    struct hold_filter filter = { .run = hold->run };
    TRY(holds_list(reader->store, &filter, arena, &holds, &count));
    for (size_t i = 0; i < count; i++) {
        if (holds[i].step != hold->step || holds[i].round != hold->round - 1)
            continue;
        view->replaced = holds[i].id;
        view->had_no_plan = holds[i].plan_hash.len == 0;
    }
    return ERR_OK;
}

enum err hold_view_read(
    struct hold_reader *reader, int64_t id, struct arena *arena, struct hold_view *ret_view)
{
    struct run run;
    const struct program *program = NULL;
    struct hold_view view = { .title = STR(""), .severity = STR("") };
    TRY(holds_get(reader->store, id, arena, &view.hold));
    TRY(store_run_get(reader->store, view.hold.run, arena, &run));
    TRY(settle(reader, arena, &view));
    TRY(replaced_find(reader, arena, &view));
    TRY(hold_reader_program(reader, view.hold.program_hash, &program));
    TRY(alert_read(program, &run, arena, &view));
    if (program != NULL) {
        view.has_roles = true;
        view.roles = program->roles;
        view.role_count = program->role_count;
    }
    if (view.hold.plan.len > 0) {
        view.plan = json_loadb(view.hold.plan.ptr, view.hold.plan.len, JSON_ALLOW_NUL, NULL);
        if (view.plan == NULL)
            return ERR_JSON;
    }
    *ret_view = view;
    return ERR_OK;
}

void hold_view_release(struct hold_view *view)
{
    json_decref(view->plan);
    view->plan = NULL;
}

void hold_reader_release(struct hold_reader *reader)
{
    compile_release(&reader->compilation);
    arena_release(&reader->arena);
}

struct hold_question hold_view_question(const struct hold_view *view)
{
    return (struct hold_question){ view->stages, view->asked == NULL ? 0 : view->hold.stage + 1,
        view->roles, view->role_count };
}

const char *hold_view_whom(const struct hold_view *view, bool is_approval, struct arena *arena)
{
    if (!view->has_roles)
        return "not known: this build makes another program of its rules";
    const struct hold_question question = hold_view_question(view);
    return hold_whom(&question, is_approval, arena);
}
