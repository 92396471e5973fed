/* model_holds.c [DEPTH] - every order of at most DEPTH events around a held step, and what a
 * missing guard does to it: without any one of them the search must find a wrong act. */
#include "holds_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_DEFAULT = 14, DEPTH_OF_MUTATIONS = 14, STATES_AT_FIRST = 1 << 16 };

/* A state, and how it was reached first: breadth first, so by as few events as can be. */
struct node {
    struct model model;
    uint8_t event;
    uint8_t depth;
    uint32_t from;
};

struct search {
    enum mutation mutation;
    struct node *nodes;
    uint32_t count;
    uint32_t room;
    uint32_t *table; /* of node + 1; 0: free */
    uint32_t slots;  /* a power of two, twice the room */
    const char *fault;
};

static void *must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static uint32_t hash(const struct model *model)
{
    const unsigned char *bytes = (const unsigned char *)model;
    uint64_t sum = 0xcbf29ce484222325U;
    for (size_t i = 0; i < sizeof *model; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3U;
    return (uint32_t)(sum ^ (sum >> 32));
}

/* Where the state is, or the free slot where it would be. */
static uint32_t *slot_of(const struct search *search, const struct model *model)
{
    uint32_t at = hash(model) & (search->slots - 1);
    while (search->table[at] != 0
           && memcmp(&search->nodes[search->table[at] - 1].model, model, sizeof *model) != 0)
        at = (at + 1) & (search->slots - 1);
    return &search->table[at];
}

static void grow(struct search *search)
{
    search->room = search->room == 0 ? STATES_AT_FIRST : search->room * 2;
    search->slots = search->room * 2;
    search->nodes = must(realloc(search->nodes, search->room * sizeof *search->nodes));
    free(search->table);
    search->table = must(calloc(search->slots, sizeof *search->table));
    for (uint32_t i = 0; i < search->count; i++)
        *slot_of(search, &search->nodes[i].model) = i + 1;
}

static void add(struct search *search, const struct node *node)
{
    if (search->count == search->room)
        grow(search);
    uint32_t *slot = slot_of(search, &node->model);
    if (*slot != 0)
        return;
    search->nodes[search->count++] = *node;
    *slot = search->count;
}

/* Whatever may happen next to node `at`. False once something wrong did: it is the last node. */
static bool expand(struct search *search, uint32_t at)
{
    uint8_t events[EVENTS_MAX];
    struct node from = search->nodes[at];
    unsigned count = model_events(&from.model, search->mutation, events);
    for (unsigned i = 0; i < count; i++) {
        struct node next = { from.model, events[i], (uint8_t)(from.depth + 1), at };
        search->fault = model_move(&next.model, search->mutation, events[i]);
        add(search, &next);
        if (search->fault != NULL) {
            search->nodes[search->count - 1] = next;
            return false;
        }
    }
    return true;
}

static struct search search_run(enum mutation mutation, unsigned depth)
{
    struct search search = { .mutation = mutation };
    struct node first = { 0 };
    add(&search, &first);
    for (uint32_t at = 0; at < search.count && search.nodes[at].depth < depth; at++)
        if (!expand(&search, at))
            break;
    return search;
}

static void search_release(struct search *search)
{
    free(search->nodes);
    free(search->table);
}

/* The events that led to the last node, in one line. */
static void tell_way(const struct search *search)
{
    uint8_t events[UINT8_MAX];
    unsigned count = 0;
    for (uint32_t at = search->count - 1; at != 0; at = search->nodes[at].from)
        events[count++] = search->nodes[at].event;
    printf("#   %s:", search->fault);
    while (count > 0) {
        char words[64];
        model_event_words(events[--count], words);
        printf(" %s%s", words, count > 0 ? "," : "\n");
    }
}

/* How many states there are in which the change was made: a search that never acts proves nothing. */
static uint32_t count_acts(const struct search *search)
{
    uint32_t acts = 0;
    for (uint32_t i = 0; i < search->count; i++)
        acts += search->nodes[i].model.changes > 0;
    return acts;
}

int main(int argc, char **argv)
{
    unsigned depth = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DEPTH_DEFAULT;
    struct search whole = search_run(MUTATION_NONE, depth);
    uint32_t acts = count_acts(&whole);
    bool is_well = whole.fault == NULL && acts > 0;
    printf("%sok 1 - %u states by %u events, %u of them after the change: each was let through\n",
        is_well ? "" : "not ", whole.count, depth, acts);
    if (whole.fault != NULL)
        tell_way(&whole);
    search_release(&whole);
    for (int mutation = 1; mutation < MUTATION_COUNT; mutation++) {
        struct search search = search_run((enum mutation)mutation, DEPTH_OF_MUTATIONS);
        is_well &= search.fault != NULL;
        printf("%sok %d - without \"%s\" a wrong act is found after %u states\n",
            search.fault != NULL ? "" : "not ", mutation + 1,
            mutation_words((enum mutation)mutation), search.count);
        if (search.fault != NULL)
            tell_way(&search);
        search_release(&search);
    }
    printf("1..%d\n", MUTATION_COUNT);
    return is_well ? 0 : 1;
}
