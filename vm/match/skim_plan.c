#include "base/fold.h"
#include "match/skim_private.h"

static uint64_t node_hash(uint32_t parent, str key)
{
    uint64_t hash = fold_hash(key) ^ (uint64_t)parent * 0x9E3779B97F4A7C15;
    return hash ^ hash >> 29;
}

/* The bucket that holds the node or would. */
static uint32_t *bucket_find(const struct skim_plan *plan, uint32_t parent, str key)
{
    uint32_t at = (uint32_t)node_hash(parent, key) & plan->bucket_mask;
    for (;; at = (at + 1) & plan->bucket_mask) {
        uint32_t *bucket = &plan->buckets[at];
        const struct skim_node *node = &plan->nodes[*bucket];
        if (*bucket == 0 || (node->parent == parent && fold_equal(node->key, key)))
            return bucket;
    }
}

uint32_t skim_plan_find(const struct skim_plan *plan, uint32_t parent, str key)
{
    uint32_t node = *bucket_find(plan, parent, key);
    return node == 0 ? SKIM_UNWANTED : node;
}

static uint32_t node_add(struct skim_plan *plan, uint32_t parent, str key)
{
    uint32_t *bucket = bucket_find(plan, parent, key);
    if (*bucket == 0) {
        *bucket = plan->node_count++;
        plan->nodes[*bucket] = (struct skim_node){ .parent = parent, .key = key };
        plan->nodes[parent].children++;
    }
    return *bucket;
}

static size_t dots(str path)
{
    size_t count = 0;
    for (size_t i = 0; i < path.len; i++)
        count += path.ptr[i] == '.';
    return count;
}

/* The two nodes at which a path ends: as one key, and as keys between its dots. They are one for a
 * path without dots. */
struct two_ends {
    uint32_t whole;
    uint32_t nested;
};

static struct two_ends path_add(struct skim_plan *plan, str path)
{
    struct two_ends two = { .whole = node_add(plan, SKIM_ROOT, path) };
    two.nested = two.whole;
    if (dots(path) == 0)
        return two;
    two.nested = SKIM_ROOT;
    for (str rest = path;;) {
        size_t dot = str_find(rest, '.');
        two.nested = node_add(plan, two.nested, str_first(rest, dot));
        if (dot == rest.len)
            return two;
        rest = str_skip(rest, dot + 1);
    }
}

/* Lay the ends of each node side by side. */
static void ends_lay(struct skim_plan *plan, const struct two_ends *twos)
{
    for (uint32_t i = 0; i < plan->path_count; i++) {
        plan->nodes[twos[i].whole].end_count++;
        if (twos[i].nested != twos[i].whole)
            plan->nodes[twos[i].nested].end_count++;
    }
    uint32_t laid = 0;
    for (uint32_t i = 0; i < plan->node_count; i++) {
        plan->nodes[i].ends = laid;
        laid += plan->nodes[i].end_count;
        plan->nodes[i].end_count = 0;
    }
    for (uint32_t i = 0; i < plan->path_count; i++) {
        bool has_dots = twos[i].nested != twos[i].whole;
        struct skim_node *whole = &plan->nodes[twos[i].whole];
        struct skim_node *nested = &plan->nodes[twos[i].nested];
        plan->ends[whole->ends + whole->end_count++] = (struct skim_path_end){ i, has_dots };
        if (has_dots)
            plan->ends[nested->ends + nested->end_count++] = (struct skim_path_end){ i, false };
    }
}

enum err skim_plan_new(
    struct arena *arena, const str *paths, uint32_t count, const struct skim_plan **ret_plan)
{
    size_t nodes = 1;
    for (uint32_t i = 0; i < count; i++)
        nodes += dots(paths[i]) + 2;
    size_t buckets = 16;
    while (buckets < nodes * 2)
        buckets *= 2;
    if (buckets > UINT32_MAX / 2)
        return ERR_MEMORY;
    struct skim_plan *plan = ARENA_NEW(arena, struct skim_plan);
    struct two_ends *twos = ARENA_ARRAY(arena, struct two_ends, count);
    if (plan == NULL || twos == NULL)
        return ERR_MEMORY;
    plan->path_count = count;
    plan->nodes = ARENA_ARRAY(arena, struct skim_node, nodes);
    plan->ends = ARENA_ARRAY(arena, struct skim_path_end, (size_t)count * 2);
    plan->buckets = ARENA_ARRAY(arena, uint32_t, buckets);
    plan->bucket_mask = (uint32_t)buckets - 1;
    if (plan->nodes == NULL || plan->ends == NULL || plan->buckets == NULL)
        return ERR_MEMORY;
    plan->nodes[SKIM_ROOT] = (struct skim_node){ .parent = SKIM_UNWANTED };
    plan->node_count = 1;
    for (uint32_t i = 0; i < count; i++)
        twos[i] = path_add(plan, paths[i]);
    ends_lay(plan, twos);
    *ret_plan = plan;
    return ERR_OK;
}
