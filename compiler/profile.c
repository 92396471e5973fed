/* profile.c - see profile.h. */
#include "profile.h"

#include "collector/collector.h"
#include "fixture.h"
#include "settings.h"

#include <jansson.h>
#include <stdlib.h>

bool item_is_profile(const struct item *item)
{
    return item->kind == ITEM_BLOCK
           && (str_is(item->block.keyword, "profile") || str_is(item->block.keyword, "collector"));
}

str profile_word(const struct expr *expr)
{
    if (expr->kind == EXPR_FIELD && expr->path->next == NULL && !expr->path->is_index)
        return expr->path->text;
    if (expr->kind == EXPR_LITERAL && expr->literal.value.kind == VALUE_TEXT)
        return value_str(expr->literal.value);
    return STR("");
}

static json_t *json_of_text(str text)
{
    return json_stringn(text.ptr, text.len);
}

/* The words of a list, or the one that stands alone. */
static json_t *json_of_words(const struct expr *expr)
{
    json_t *words = json_array();
    bool is_list = expr->kind == EXPR_LIST;
    const struct expr *one = is_list ? expr->elements : expr;
    for (; one != NULL; one = is_list ? one->next : NULL)
        if (json_array_append_new(words, json_of_text(profile_word(one))) != 0) {
            json_decref(words);
            return NULL;
        }
    return words;
}

static const struct setting *row_of(str keyword, str block, str key)
{
    const struct setting *row;
    for (size_t at = 0; (row = setting_at(at))->key != NULL; at++)
        if (str_is(key, row->key) && setting_is_in(row, keyword, block))
            return row;
    return NULL;
}

static json_t *json_of_value(struct arena *arena, const struct sources *sources,
    const struct ast_line *line, const struct setting *row)
{
    const struct expr *expr = line->value;
    if (row->kind == SETTING_ARTIFACTS || row->kind == SETTING_PATTERNS
        || row->kind == SETTING_COMMAND)
        return json_of_words(expr);
    if (row->kind == SETTING_NUMBER)
        return json_integer(expr->literal.value.integer);
    if (row->kind == SETTING_SECONDS)
        return json_integer(expr->literal.value.milliseconds / 1000);
    if (row->kind == SETTING_PATH) {
        str path = fixture_path(arena, sources->items[expr->at.file].file, profile_word(expr));
        return path.ptr == NULL ? NULL : json_of_text(path);
    }
    return json_of_text(profile_word(expr));
}

/* One platform's block; NULL: memory is short. */
static json_t *json_of_part(
    struct arena *arena, const struct sources *sources, str keyword, const struct ast_line *block)
{
    json_t *part = json_object();
    for (const struct ast_line *line = block->lines; line != NULL; line = line->next) {
        const struct setting *row = row_of(keyword, block->key, line->key);
        if (row == NULL || line->value == NULL)
            continue; /* the checker has said it */
        if (json_object_set_new(part, row->key, json_of_value(arena, sources, line, row)) != 0) {
            json_decref(part);
            return NULL;
        }
    }
    return part;
}

static json_t *json_of_item(
    struct arena *arena, const struct sources *sources, const struct item *item)
{
    str keyword = item->block.keyword;
    json_t *plan = json_object();
    bool is_made = json_object_set_new(plan, str_is(keyword, "profile") ? "profile" : "collector",
                       json_of_text(item->name))
                   == 0;
    for (const struct ast_line *line = item->block.lines; line != NULL && is_made;
         line = line->next) {
        const char *platform = str_is(line->key, "windows") ? "windows" : "linux";
        is_made =
            json_object_set_new(plan, platform, json_of_part(arena, sources, keyword, line)) == 0;
    }
    if (is_made)
        return plan;
    json_decref(plan);
    return NULL;
}

static const struct item *find(struct tree *const *trees, uint32_t count, str name)
{
    for (uint32_t at = 0; at < count; at++)
        for (const struct item *item = trees[at]->items; item != NULL; item = item->next)
            if (item_is_profile(item) && str_equal(item->name, name))
                return item;
    return NULL;
}

enum err profile_plan(struct arena *arena, const struct sources *sources, struct tree *const *trees,
    uint32_t count, str name, str *ret_plan)
{
    const struct item *item = find(trees, count, name);
    *ret_plan = collector_profile(name);
    if (item == NULL)
        return ERR_OK;
    json_auto_t *plan = json_of_item(arena, sources, item);
    char *text = plan == NULL ? NULL : json_dumps(plan, JSON_COMPACT | JSON_SORT_KEYS);
    *ret_plan = text == NULL ? (str){ NULL, 0 } : arena_copy(arena, str_from(text));
    free(text);
    return ret_plan->ptr == NULL ? ERR_MEMORY : ERR_OK;
}
