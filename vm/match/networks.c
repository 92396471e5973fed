#include "match/networks.h"

#include <endian.h>
#include <stdlib.h>

#define NO_NETWORK UINT32_MAX

/* 128 bits of address, the first bytes high. */
struct point {
    uint64_t high, low;
};

/* The distinct networks are nodes, by their first address, outer ones before inner ones. */
struct node {
    uint32_t parent; /* index, or NO_NETWORK */
    uint32_t marks;  /* index of the predicates; they end where those of the next node begin */
};

struct forest {
    const struct point
        *starts; /* of the pieces, sorted; what is before the first is in no network */
    const uint32_t *innermost; /* by piece: index of a node, or NO_NETWORK */
    uint32_t pieces;
    const struct node *nodes; /* and one that ends the marks of the last */
    uint32_t node_count;
    const uint32_t *marks;
    uint32_t first_row; /* a node's row is its index + first_row */
};

struct networks {
    struct forest v4, v6;
};

static struct point point_of(const uint8_t bytes[static 16])
{
    struct point point;
    memcpy(&point.high, bytes, 8);
    memcpy(&point.low, bytes + 8, 8);
    return (struct point){ be64toh(point.high), be64toh(point.low) };
}

static bool point_less(struct point a, struct point b)
{
    return (a.high < b.high) | ((a.high == b.high) & (a.low < b.low));
}

/* The first address behind the network; false when there is none. */
static bool point_behind(const struct ip *network, struct point *ret_point)
{
    struct point point = point_of(network->bytes);
    unsigned bits = network->bits;
    uint64_t high_step = bits == 0 || bits > 64 ? 0 : UINT64_C(1) << (64 - bits);
    uint64_t low_step = bits <= 64 ? 0 : UINT64_C(1) << (128 - bits);
    bool carries = __builtin_add_overflow(point.low, low_step, &point.low);
    bool is_past = __builtin_add_overflow(point.high, high_step + carries, &point.high);
    *ret_point = point;
    return !is_past && bits > 0;
}

/* IPv4 first, then by first address, the outer before the inner. */
static int compare_networks(const void *a, const void *b)
{
    const struct ip *left = ((const struct network *)a)->ip;
    const struct ip *right = ((const struct network *)b)->ip;
    if (left->is_v4 != right->is_v4)
        return left->is_v4 ? -1 : 1;
    int order = memcmp(left->bytes, right->bytes, sizeof left->bytes);
    return order != 0 ? order : (left->bits > right->bits) - (left->bits < right->bits);
}

/* What is known on the way along the sorted networks. */
struct sweep {
    struct point *starts;
    uint32_t *innermost;
    uint32_t pieces;
    struct node *nodes;
    const struct ip **ips; /* by node */
    uint32_t node_count;
    uint32_t open; /* the innermost node not yet ended */
};

/* From `at` on `node` is the innermost; of pieces that begin at one address the last counts. */
static void piece_add(struct sweep *sweep, struct point at, uint32_t node)
{
    struct point *last = sweep->pieces == 0 ? NULL : &sweep->starts[sweep->pieces - 1];
    if (last == NULL || point_less(*last, at))
        sweep->starts[sweep->pieces++] = at;
    sweep->innermost[sweep->pieces - 1] = node;
}

/* End the open networks that lie wholly before `at`; NULL ends all. */
static void nodes_end(struct sweep *sweep, const struct point *at)
{
    while (sweep->open != NO_NETWORK) {
        struct point behind;
        bool is_end = point_behind(sweep->ips[sweep->open], &behind);
        if (at != NULL && (!is_end || point_less(*at, behind)))
            return;
        sweep->open = sweep->nodes[sweep->open].parent;
        if (is_end)
            piece_add(sweep, behind, sweep->open);
    }
}

static enum err forest_build(
    struct arena *arena, const struct network *items, uint32_t count, struct forest *forest)
{
    CLEANUP(arena_release) struct arena work = ARENA_INIT(0);
    uint32_t *marks = ARENA_ARRAY(arena, uint32_t, count);
    struct sweep sweep = {
        .starts = ARENA_ARRAY(arena, struct point, 2 * (size_t)count),
        .innermost = ARENA_ARRAY(arena, uint32_t, 2 * (size_t)count),
        .nodes = ARENA_ARRAY(arena, struct node, (size_t)count + 1),
        .ips = ARENA_ARRAY(&work, const struct ip *, count),
        .open = NO_NETWORK,
    };
    if (marks == NULL || sweep.starts == NULL || sweep.innermost == NULL || sweep.nodes == NULL
        || sweep.ips == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        struct point start = point_of(items[i].ip->bytes);
        marks[i] = items[i].predicate;
        if (i > 0 && compare_networks(&items[i - 1], &items[i]) == 0)
            continue;
        nodes_end(&sweep, &start);
        sweep.nodes[sweep.node_count] = (struct node){ .parent = sweep.open, .marks = i };
        sweep.ips[sweep.node_count] = items[i].ip;
        sweep.open = sweep.node_count++;
        piece_add(&sweep, start, sweep.open);
    }
    nodes_end(&sweep, NULL);
    sweep.nodes[sweep.node_count] = (struct node){ .parent = NO_NETWORK, .marks = count };
    *forest = (struct forest){ sweep.starts, sweep.innermost, sweep.pieces, sweep.nodes,
        sweep.node_count, marks, 0 };
    return ERR_OK;
}

enum err networks_new(struct arena *arena, struct network *items, uint32_t count, uint32_t *io_rows,
    const struct networks **ret_networks)
{
    *ret_networks = NULL;
    if (count == 0)
        return ERR_OK;
    struct networks *networks = ARENA_NEW(arena, struct networks);
    uint32_t v4 = 0;
    if (networks == NULL || count > UINT32_MAX / 4)
        return ERR_MEMORY;
    qsort(items, count, sizeof *items, compare_networks);
    while (v4 < count && items[v4].ip->is_v4)
        v4++;
    TRY(forest_build(arena, items, v4, &networks->v4));
    TRY(forest_build(arena, items + v4, count - v4, &networks->v6));
    networks->v4.first_row = *io_rows;
    networks->v6.first_row = *io_rows + networks->v4.node_count;
    *io_rows += networks_count(networks);
    *ret_networks = networks;
    return ERR_OK;
}

/* How many pieces begin at or before the point. Without branches: which way it goes is a coin each
 * time. Of IPv4 all high halves are the same. */
static uint32_t pieces_before(const struct forest *forest, struct point point, bool is_v4)
{
    uint32_t base = 0;
    for (uint32_t left = forest->pieces; left > 0;) {
        uint32_t half = (left + 1) / 2;
        struct point start = forest->starts[base + half - 1];
        uint32_t is_before = is_v4 ? start.low <= point.low : !point_less(point, start);
        base += half & -is_before;
        left -= half;
    }
    return base;
}

void networks_mark(const struct networks *networks, const struct ip *address, struct truths *truths)
{
    const struct forest *forest = address->is_v4 ? &networks->v4 : &networks->v6;
    struct point point = point_of(address->bytes);
    uint32_t pieces =
        address->is_v4 ? pieces_before(forest, point, true) : pieces_before(forest, point, false);
    if (pieces == 0)
        return;
    for (uint32_t node = forest->innermost[pieces - 1]; node != NO_NETWORK;
         node = forest->nodes[node].parent)
        truths_add_row(truths, forest->first_row + node, forest->marks + forest->nodes[node].marks,
            forest->nodes[node + 1].marks - forest->nodes[node].marks);
}

uint32_t networks_count(const struct networks *networks)
{
    return networks == NULL ? 0 : networks->v4.node_count + networks->v6.node_count;
}
