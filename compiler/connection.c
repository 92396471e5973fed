/* connection.c - see connection.h. */
#include "connection.h"

const struct ast_line *connection_line(const struct item *connection, const char *key)
{
    const struct ast_line *line = connection->block.lines;
    while (line != NULL && !str_is(line->key, key))
        line = line->next;
    return line;
}

bool connection_pins(const struct item *connection)
{
    for (const struct ast_line *line = connection->block.lines; line != NULL; line = line->next)
        if (!str_is(line->key, "provider") && !str_is(line->key, "mode"))
            return true;
    return false;
}

/* The first to the provider but `other`. */
static const struct item *find(
    struct tree *const *trees, uint32_t count, str provider, const struct item *other)
{
    for (uint32_t at = 0; at < count; at++)
        for (const struct item *item = trees[at]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "connection")
                && item != other && str_equal(connection_provider(item), provider)
                && connection_pins(item))
                return item;
    return NULL;
}

const struct item *connection_used(struct tree *const *trees, uint32_t count, str provider)
{
    return find(trees, count, provider, NULL);
}

const struct item *connection_second(struct tree *const *trees, uint32_t count, str provider)
{
    const struct item *used = connection_used(trees, count, provider);
    return used == NULL ? NULL : find(trees, count, provider, used);
}

struct expr *connection_setting_of(struct connection_cache *cache, struct tree *const *trees,
    uint32_t count, const char *provider, const char *key)
{
    if (provider == NULL || key == NULL)
        return NULL;
    if (cache->provider == NULL || strcmp(cache->provider, provider) != 0)
        *cache = (struct connection_cache){ provider,
            connection_used(trees, count, str_from(provider)) };
    const struct ast_line *line = cache->used == NULL ? NULL : connection_line(cache->used, key);
    return line == NULL ? NULL : line->value;
}
