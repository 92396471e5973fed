/* always.c - see always.h. */
#include "act/always.h"

#include "interp.h"

/* Whether the fragment holds for the event; one that cannot be decided does. */
static enum err holds(const struct program *program, uint32_t fragment, const struct event *event,
    struct arena *arena, bool *ret_holds)
{
    value met;
    enum err err = interp_value(program, fragment, event, arena, &met);
    if (err == ERR_MEMORY)
        return err;
    *ret_holds = err != ERR_OK || (met.kind == VALUE_BOOL && met.boolean);
    return ERR_OK;
}

static enum err is_asked(const struct program *program, const struct guard_code *guard,
    const struct event *event, struct arena *arena, bool *ret_is_asked)
{
    *ret_is_asked = guard->certain == NO_INDEX;
    if (!*ret_is_asked)
        TRY(holds(program, guard->certain, event, arena, ret_is_asked));
    if (!*ret_is_asked && guard->possible != NO_INDEX)
        TRY(holds(program, guard->possible, event, arena, ret_is_asked));
    return ERR_OK;
}

enum err always_begin(struct always *always, const struct program *program,
    const struct event *event, struct arena *arena)
{
    *always = (struct always){ .items = ARENA_ARRAY(
                                   arena, struct always_item, program->guard_count + 1) };
    if (always->items == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < program->guard_count; i++) {
        const struct guard_code *guard = &program->guards[i];
        bool asked = false;
        if (guard->kind == GUARD_ALWAYS)
            TRY(is_asked(program, guard, event, arena, &asked));
        if (asked)
            always->items[always->count++] = (struct always_item){ .guard = guard };
    }
    return ERR_OK;
}

void always_took(struct always *always, const struct builtin *builtin, enum step_turn turn)
{
    if (turn != STEP_DONE && turn != STEP_PARTIAL && turn != STEP_SHADOWED)
        return;
    for (uint32_t i = 0; i < always->count; i++) {
        const struct guard_code *guard = always->items[i].guard;
        if (guard->verb == builtin->verb
            && (guard->step.len == 0 || str_is(guard->step, builtin->name)))
            always->items[i].is_done = true;
    }
}

static enum err tell(const struct guard_code *guard, const char *what, struct arena *arena,
    const char **ret_sentence, str *ret_clause)
{
    const char *clause = arena_format(arena, "%.*s:%u: %.*s", STR_ARG(guard->place.file),
        (unsigned)guard->place.line, STR_ARG(guard->place.text));
    const char *sentence = clause == NULL ? NULL : arena_format(arena, "%s: %s", clause, what);
    if (sentence == NULL)
        return ERR_MEMORY;
    *ret_sentence = sentence;
    *ret_clause = str_from(clause);
    return ERR_OK;
}

enum err always_due(
    const struct always *always, struct arena *arena, const char **ret_due, str *ret_clause)
{
    for (uint32_t i = 0; i < always->count; i++) {
        const struct always_item *item = &always->items[i];
        if (!item->is_done && item->guard->verb == VERB_COLLECT)
            return tell(
                item->guard, "nothing was collected before this step", arena, ret_due, ret_clause);
    }
    return ERR_OK;
}

enum err always_unkept(
    const struct always *always, struct arena *arena, const char **ret_unkept, str *ret_clause)
{
    for (uint32_t i = 0; i < always->count; i++)
        if (!always->items[i].is_done)
            return tell(always->items[i].guard, "the run came to its end without that", arena,
                ret_unkept, ret_clause);
    return ERR_OK;
}
