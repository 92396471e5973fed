/* emit_connection.c - how providers are reached: the settings of connections, and what this build
 * does not enforce of them. */
#include "emit_pass.h"
#include "fixture.h"
#include "settings.h"

/* Of a secret only where it is found is known here. */
bool emit_setting(struct emit *emit, str key, const struct expr *expr, bool is_path,
    struct connection_setting *ret_setting)
{
    static const char *const ways[WAY_COUNT] = { "", "env", "file", "credential" };
    enum setting_way way = WAY_WRITTEN;
    if (expr != NULL && expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_DURATION) {
        *ret_setting = (struct connection_setting){
            .key = key, .text = STR(""), .duration_ms = expr->literal.value.milliseconds
        };
        return true;
    }
    if (expr != NULL && expr->kind == EXPR_FIELD && expr->path->next == NULL) {
        *ret_setting = (struct connection_setting){ key, WAY_WRITTEN, expr->path->text, 0 };
        return true;
    }
    if (expr != NULL && expr->kind == EXPR_CALL) {
        while (way < WAY_COUNT && !str_is(expr->call.name, ways[way]))
            way++;
        expr = expr->call.arguments;
    }
    if (expr == NULL || way == WAY_COUNT || expr->kind != EXPR_LITERAL
        || expr->literal.value.kind != VALUE_TEXT)
        return false;
    str text = value_str(expr->literal.value);
    if (way == WAY_FILE || (way == WAY_WRITTEN && is_path))
        text =
            fixture_path(emit->arena, emit->compilation->sources.items[expr->at.file].file, text);
    *ret_setting = (struct connection_setting){ key, way, text, 0 };
    return emit_ok(emit, text.ptr == NULL ? ERR_MEMORY : ERR_OK);
}

static void emit_one(struct emit *emit, const struct item *item)
{
    uint32_t count = 0;
    for (const struct ast_line *line = item->block.lines; line != NULL; line = line->next)
        count++;
    struct connection_setting *settings =
        ARENA_ARRAY(emit->arena, struct connection_setting, count + 1);
    const char *text = arena_format(emit->arena, "connection %.*s { .. }", STR_ARG(item->name));
    if (!emit_ok(emit, settings == NULL || text == NULL ? ERR_MEMORY : ERR_OK))
        return;
    count = 0;
    for (const struct ast_line *line = item->block.lines; line != NULL; line = line->next)
        if (!str_is(line->key, "provider") && !str_is(line->key, "mode")
            && emit_setting(emit, line->key, line->value,
                setting_is_path(STR("connection"), connection_provider(item), line->key),
                &settings[count]))
            count++;
    struct connection_code code = { .name = item->name,
        .provider = connection_provider(item),
        .settings = settings,
        .setting_count = count,
        .place = emit_place_of(emit, item->at) };
    code.place.text = str_from(text);
    TABLE_ADD(emit, emit->connections, code);
}

/* ---- what is not enforced ---- */

static bool is_done_by(const struct builtin *builtin, str provider)
{
    const struct builtin *part;
    for (uint32_t at = 0; (part = builtin_part(builtin, at)) != NULL; at++)
        if (part->provider != NULL && str_is(provider, part->provider))
            return true;
    return false;
}

static bool acts_on(const struct ast_step *steps, str provider)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        const struct builtin *builtin =
            step->kind == STEP_KIND_ACTION ? step->action.builtin : NULL;
        if (step->kind == STEP_KIND_ACTION ? builtin != NULL && is_done_by(builtin, provider)
                                           : acts_on(step->branch.then_steps, provider)
                                                 || acts_on(step->branch.else_steps, provider))
            return true;
    }
    return false;
}

static bool is_needed(const struct emit *emit, const struct item *connection)
{
    str provider = connection_provider(connection);
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *rule = emit->compilation->trees[at]->items; rule != NULL;
             rule = rule->next)
            if (rule->kind == ITEM_RULE && rule->rule.disabled_by == NULL
                && acts_on(rule->rule.steps, provider))
                return true;
    return false;
}

/* Steps of a provider have one way to it, so that of two connections one would be ignored. */
static void emit_second(struct emit *emit, const struct item *second, const struct item *first)
{
    const struct source *source = &emit->compilation->sources.items[second->at.file];
    struct unenforced one = { .clause = "connection",
        .file = source->file,
        .line = source_place(source, second->at.start).line,
        .rule = STR("") };
    struct diag *diag = diag_add(emit->diags, DIAG_SECOND_CONNECTION, second->name_at,
        "`%.*s` is a second connection to %.*s: steps go by `%.*s`, and the rules are not applied",
        STR_ARG(second->name), STR_ARG(connection_provider(second)), STR_ARG(first->name));
    diag_note(emit->diags, diag, first->name_at, "the first is here");
    TABLE_ADD(emit, emit->unenforced, one);
}

/* Whoever connects keeps to all that a connection to these says. */
static bool is_reached(str provider)
{
    static const char *const reached[] = { "aws", "crowdstrike", "defender" };
    for (size_t at = 0; at < COUNT_OF(reached); at++)
        if (str_is(provider, reached[at]))
            return true;
    return false;
}

static void emit_block(struct emit *emit, const struct item *item)
{
    const struct compilation *compilation = emit->compilation;
    const struct item *used =
        connection_used(compilation->trees, compilation->tree_count, connection_provider(item));
    if (!connection_pins(item))
        return;
    emit_one(emit, item);
    if (!is_needed(emit, item))
        return;
    if (used != item)
        emit_second(emit, item, used);
    else if (!is_reached(connection_provider(item)))
        emit_unenforced(emit, "connection", item->at);
}

void emit_connections(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "connection"))
                emit_block(emit, item);
}
