/* probe.c - what leaves and the conditions over them come to; see probe.h. */
#include "probe.h"

#include "base/limits.h"

const char *probe_place_name(enum probe_place place)
{
    static const char *const names[] = {
        [PROBE_WHEN] = "when",
        [PROBE_UNLESS] = "unless",
        [PROBE_EXCEPTION] = "exception",
        [PROBE_IF] = "if",
    };
    return names[place];
}

const char *probe_state_name(enum probe_state state)
{
    static const char *const names[] = {
        [PROBE_FALSE] = "false",
        [PROBE_TRUE] = "true",
        [PROBE_ABSENT] = "absent",
        [PROBE_UNDECIDED] = "undecided",
    };
    return names[state];
}

/* Whether the fragment comes to true; PROBE_UNDECIDED at a limit, as for a whole rule. */
static enum err truth(const struct program *program, uint32_t fragment, const struct event *event,
    const struct kept_result *results, enum probe_state *ret_state)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(EVENT_BYTES_MAX);
    value v;
    enum err err = interp_probe(program, fragment, event, results, &scratch, &v);
    *ret_state = PROBE_UNDECIDED;
    if (err == ERR_UNDECIDED || err == ERR_BUDGET || err == ERR_MEMORY)
        return ERR_OK;
    *ret_state = err == ERR_OK && v.kind == VALUE_BOOL && v.boolean ? PROBE_TRUE : PROBE_FALSE;
    return err;
}

enum err probe_leaf_state(const struct program *program, const struct probe_leaf *leaf,
    const struct event *event, const struct kept_result *results, enum probe_state *ret_state)
{
    enum probe_state absence;
    *ret_state = PROBE_UNDECIDED;
    if (leaf->value == NO_INDEX || (leaf->reads_results && results == NULL))
        return ERR_OK;
    TRY(truth(program, leaf->value, event, results, ret_state));
    if (*ret_state != PROBE_FALSE || leaf->absence == NO_INDEX)
        return ERR_OK;
    TRY(truth(program, leaf->absence, event, results, &absence));
    if (absence == PROBE_TRUE)
        *ret_state = PROBE_ABSENT;
    return ERR_OK;
}

enum err probe_leaves(const struct program *program, const struct probe_rule *rule,
    const struct event *event, const struct kept_result *results, enum probe_state *states)
{
    for (uint32_t at = 0; at < rule->leaf_count; at++)
        TRY(probe_leaf_state(program, &rule->leaves[at], event, results, &states[at]));
    return ERR_OK;
}

static enum probe_state not_of(enum probe_state state)
{
    if (state == PROBE_UNDECIDED)
        return PROBE_UNDECIDED;
    return state == PROBE_TRUE ? PROBE_FALSE : PROBE_TRUE;
}

enum probe_state probe_state_of(const struct probe_node *node, const enum probe_state *states)
{
    enum probe_state decisive = node->kind == PROBE_AND ? PROBE_FALSE : PROBE_TRUE;
    enum probe_state whole = not_of(decisive);
    if (node->kind == PROBE_LEAF)
        return states[node->leaf];
    for (const struct probe_node *part = node->first; part != NULL; part = part->next) {
        enum probe_state state = probe_state_of(part, states);
        if (state == PROBE_ABSENT)
            state = PROBE_FALSE;
        if (node->kind == PROBE_USE)
            return state;
        if (node->kind == PROBE_NOT)
            return not_of(state);
        if (state == decisive)
            return decisive;
        if (state == PROBE_UNDECIDED)
            whole = PROBE_UNDECIDED;
    }
    return whole;
}
