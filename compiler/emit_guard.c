/* emit_guard.c - `never`, `always` and the ceilings of environments and connections to guards. */
#include "emit_pass.h"

/* A condition as the guard asks it: of what a provider shows of a target, and `always` of the
 * alert. */
static void set_condition(struct emit *emit, struct guard_code *guard, struct expr *condition)
{
    if (condition == NULL)
        return;
    struct doubt_code doubt = emit_doubt(emit, condition, guard->kind != GUARD_ALWAYS);
    guard->certain = doubt.certain;
    guard->possible = doubt.possible;
    guard->reads = doubt.reads;
    guard->read_count = doubt.read_count;
}

static struct guard_code guard_at(struct emit *emit, enum guard_kind kind, span at)
{
    return (struct guard_code){ .kind = kind,
        .place = emit_place_of(emit, at),
        .reason = STR(""),
        .step = STR(""),
        .provider = STR(""),
        .text_index = at.file,
        .at = at.start,
        .certain = NO_INDEX,
        .possible = NO_INDEX };
}

static void emit_never(struct emit *emit, const struct item *item)
{
    bool is_target = item->never.is_target;
    struct guard_code guard =
        guard_at(emit, is_target ? GUARD_NEVER_TARGET : GUARD_NEVER, item->at);
    guard.reason = item->never.reason;
    guard.verb = item->never.step.verb;
    guard.step = is_target ? STR("") : item->never.step.name;
    set_condition(emit, &guard, item->never.condition);
    TABLE_ADD(emit, emit->guards, guard);
}

static void emit_always(struct emit *emit, const struct item *item)
{
    struct guard_code guard = guard_at(emit, GUARD_ALWAYS, item->at);
    guard.reason = item->always.reason;
    guard.verb = item->always.step.verb;
    guard.step = item->always.step.name;
    set_condition(emit, &guard, item->always.condition);
    TABLE_ADD(emit, emit->guards, guard);
}

static void emit_default_guards(struct emit *emit, const struct item *item)
{
    for (const struct clause *clause = item->defaults.clauses; clause != NULL;
         clause = clause->next) {
        if (clause->kind != CLAUSE_NEVER_TARGET)
            continue;
        struct guard_code guard = guard_at(emit, GUARD_NEVER_TARGET, clause->at);
        guard.reason = clause->reason.ptr == NULL ? STR("") : clause->reason;
        guard.is_of_file = true;
        set_condition(emit, &guard, clause->condition);
        TABLE_ADD(emit, emit->guards, guard);
    }
}

/* How far steps may go in an environment. */
static void emit_environment(struct emit *emit, const struct item *item)
{
    const struct ast_place *mode = item->environment.mode;
    if (mode == NULL)
        return;
    struct guard_code guard = guard_at(emit, GUARD_ENVIRONMENT, mode->at);
    const char *text = arena_format(
        emit->arena, "environment %.*s { mode %.*s }", STR_ARG(item->name), STR_ARG(mode->word));
    if (!emit_ok(emit, text == NULL ? ERR_MEMORY : ERR_OK))
        return;
    guard.place.text = str_from(text);
    guard.ceiling = item->environment.ceiling;
    set_condition(emit, &guard, item->environment.inside);
    TABLE_ADD(emit, emit->guards, guard);
}

/* How far steps may go at a provider. While each provider has one way to it, the lowest ceiling of
 * its connections holds for all of its steps. */
static void emit_connection(struct emit *emit, const struct item *item)
{
    const struct ast_line *mode = connection_line(item, "mode");
    if (mode == NULL)
        return;
    struct guard_code guard = guard_at(emit, GUARD_CONNECTION, mode->at);
    str word = mode->value->kind == EXPR_FIELD ? mode->value->path->text
                                               : value_str(mode->value->literal.value);
    const char *text = arena_format(
        emit->arena, "connection %.*s { mode = %.*s }", STR_ARG(item->name), STR_ARG(word));
    if (!emit_ok(emit, text == NULL ? ERR_MEMORY : ERR_OK))
        return;
    guard.place.text = str_from(text);
    guard.provider = connection_provider(item);
    while (guard.ceiling < CEILING_DESTROY && !str_is(word, ceiling_name(guard.ceiling)))
        guard.ceiling++;
    TABLE_ADD(emit, emit->guards, guard);
}

static void emit_guards_of(struct emit *emit, const struct item *item)
{
    if (item->kind == ITEM_NEVER)
        emit_never(emit, item);
    else if (item->kind == ITEM_ALWAYS)
        emit_always(emit, item);
    else if (item->kind == ITEM_DEFAULTS)
        emit_default_guards(emit, item);
    else if (item->kind == ITEM_ENVIRONMENT)
        emit_environment(emit, item);
    else if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "connection"))
        emit_connection(emit, item);
}

void emit_invariants(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            emit_guards_of(emit, item);
}
