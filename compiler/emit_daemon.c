/* emit_daemon.c - the `daemon` block and the channels as the daemon reads them: a flat list. */
#include "emit_pass.h"
#include "settings.h"

static uint32_t values_of(const struct ast_line *line)
{
    uint32_t count = line->value == NULL ? 0 : 1;
    if (line->value != NULL && line->value->kind == EXPR_LIST)
        for (const struct expr *one = line->value->elements; one != NULL; one = one->next)
            count++;
    return count;
}

/* The settings of one line: one for each value of a list. */
static uint32_t emit_values(
    struct emit *emit, str kind, const struct ast_line *line, struct connection_setting *settings)
{
    uint32_t count = 0;
    bool is_path = setting_is_path(STR("daemon"), kind, line->key);
    if (line->value == NULL)
        return 0;
    if (line->value->kind != EXPR_LIST)
        return emit_setting(emit, line->key, line->value, is_path, settings) ? 1 : 0;
    for (const struct expr *one = line->value->elements; one != NULL; one = one->next)
        count += emit_setting(emit, line->key, one, is_path, &settings[count]);
    return count;
}

static void emit_one(struct emit *emit, str kind, str name, span at, const struct ast_line *lines)
{
    uint32_t room = 0;
    uint32_t count = 0;
    for (const struct ast_line *line = lines; line != NULL; line = line->next)
        room += values_of(line);
    struct connection_setting *settings =
        ARENA_ARRAY(emit->arena, struct connection_setting, (size_t)room + 1);
    if (!emit_ok(emit, settings == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (const struct ast_line *line = lines; line != NULL; line = line->next)
        count += emit_values(emit, kind, line, &settings[count]);
    struct daemon_block block = { .kind = kind,
        .name = name,
        .settings = settings,
        .setting_count = count,
        .place = emit_place_of(emit, at) };
    TABLE_ADD(emit, emit->daemon_blocks, block);
}

static void emit_channels(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "channel"))
                emit_one(emit, STR("channel"), item->name, item->at, item->block.lines);
}

void emit_daemon(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next) {
            if (item->kind != ITEM_BLOCK || !str_is(item->block.keyword, "daemon"))
                continue;
            emit_one(emit, STR("daemon"), STR(""), item->at, item->block.lines);
            for (const struct ast_line *line = item->block.lines; line != NULL; line = line->next)
                if (line->value == NULL)
                    emit_one(emit, line->key, line->label, line->at, line->lines);
        }
    emit_channels(emit);
}
