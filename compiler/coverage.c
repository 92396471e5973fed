/* coverage.c - see coverage.h. */
#include "coverage.h"

static enum err evaluated(
    struct testcase_watcher *watcher, uint32_t rule, const struct event *event, bool fires)
{
    return coverage_see((struct coverage *)watcher, rule, event, fires);
}

static enum err stepped(struct testcase_watcher *watcher, uint32_t rule, const struct event *event,
    const struct kept_result *newest)
{
    return coverage_see_steps((struct coverage *)watcher, rule, event, newest);
}

enum err coverage_begin(struct coverage *coverage, const struct compilation *compilation)
{
    const struct probes *probes = compilation->probes;
    *coverage = (struct coverage){ .watcher = { evaluated, stepped }, .compilation = compilation };
    if (probes == NULL || compilation->program == NULL)
        return ERR_INVALID;
    size_t steps = (size_t)compilation->program->step_count + 1;
    coverage->rules =
        ARENA_ARRAY(&coverage->arena, struct rule_coverage, (size_t)probes->rule_count + 1);
    coverage->steps = ARENA_ARRAY(&coverage->arena, uint32_t, steps);
    if (coverage->rules == NULL || coverage->steps == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < probes->rule_count; at++) {
        const struct probe_rule *rule = &probes->rules[at];
        struct leaf_coverage *leaves =
            ARENA_ARRAY(&coverage->arena, struct leaf_coverage, (size_t)rule->leaf_count + 1);
        if (leaves == NULL)
            return ERR_MEMORY;
        coverage->rules[at] = (struct rule_coverage){ rule, at, leaves, 0, 0 };
    }
    return ERR_OK;
}

void coverage_release(struct coverage *coverage)
{
    arena_release(&coverage->arena);
    *coverage = (struct coverage){ 0 };
}

/* ---- what a rule got to ---- */

struct look {
    const struct coverage *coverage;
    struct rule_coverage *rule;
    const struct event *event;
    const struct kept_result *results;
    enum err err;
};

static enum probe_state see_leaf(struct look *look, uint32_t at)
{
    enum probe_state state = PROBE_UNDECIDED;
    enum err err = probe_leaf_state(look->coverage->compilation->program,
        &look->rule->probes->leaves[at], look->event, look->results, &state);
    if (look->err == ERR_OK)
        look->err = err;
    look->rule->leaves[at].seen[state]++;
    return state == PROBE_ABSENT ? PROBE_FALSE : state;
}

/* As the machine goes: from left to right, until it is known. What one alert cannot decide
 * stands for true in an `and`, as in the rule. Depth: that of the tree. */
static enum probe_state see_node(struct look *look, const struct probe_node *node)
{
    enum probe_state decisive = node->kind == PROBE_AND ? PROBE_FALSE : PROBE_TRUE;
    enum probe_state whole = decisive == PROBE_TRUE ? PROBE_FALSE : PROBE_TRUE;
    if (node->kind == PROBE_LEAF)
        return see_leaf(look, node->leaf);
    for (const struct probe_node *part = node->first; part != NULL; part = part->next) {
        enum probe_state state = see_node(look, part);
        if (node->kind == PROBE_USE || state == PROBE_UNDECIDED)
            whole = state;
        else if (node->kind == PROBE_NOT)
            return state == PROBE_TRUE ? PROBE_FALSE : PROBE_TRUE;
        else if (state == decisive)
            return decisive;
    }
    return whole;
}

enum err coverage_see(
    struct coverage *coverage, uint32_t rule, const struct event *event, bool fires)
{
    struct rule_coverage *covered = &coverage->rules[rule];
    struct look look = { coverage, covered, event, NULL, ERR_OK };
    bool is_met = false;
    covered->fired += fires;
    covered->quiet += !fires;
    for (uint32_t at = 0; at < covered->probes->condition_count; at++) {
        const struct probe_condition *condition = &covered->probes->conditions[at];
        if (condition->place == PROBE_WHEN)
            is_met = see_node(&look, condition->root) != PROBE_FALSE;
        else if (condition->place != PROBE_IF && is_met && probe_is_in_force(condition, event))
            see_node(&look, condition->root);
    }
    return look.err;
}

/* ---- steps ---- */

/* A walk over the steps of a rule beside its `if` conditions, which stand in the same order. */
struct step_walk {
    struct look look;
    struct coverage *coverage;
    uint32_t condition; /* the next `if` */
    bool is_over;       /* a step that failed ended the rest */
};

static const struct kept_result *find_result(const struct kept_result *kept, uint32_t step)
{
    while (kept != NULL && kept->step != step)
        kept = kept->older;
    return kept;
}

static void see_action(struct step_walk *walk, const struct ast_step *step)
{
    uint32_t index = step->action.index;
    const struct program *program = walk->coverage->compilation->program;
    const struct kept_result *kept = find_result(walk->look.results, index);
    if (kept == NULL) {
        walk->is_over = true;
        return;
    }
    walk->coverage->steps[index]++;
    if (program->steps[index].stops_on_failure && kept->result.has_failed)
        walk->is_over = true;
}

static const struct probe_node *next_if(struct step_walk *walk)
{
    const struct probe_rule *rule = walk->look.rule->probes;
    while (rule->conditions[walk->condition].place != PROBE_IF)
        walk->condition++;
    return rule->conditions[walk->condition++].root;
}

/* Depth: of blocks within each other, NESTING_MAX. */
static void see_steps(struct step_walk *walk, const struct ast_step *steps, bool is_reached)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        bool is_here = is_reached && !walk->is_over;
        if (step->kind == STEP_KIND_ACTION) {
            if (is_here)
                see_action(walk, step);
            continue;
        }
        const struct probe_node *root = next_if(walk);
        enum probe_state state = is_here ? see_node(&walk->look, root) : PROBE_UNDECIDED;
        see_steps(walk, step->branch.then_steps, state == PROBE_TRUE);
        see_steps(walk, step->branch.else_steps, state == PROBE_FALSE);
    }
}

enum err coverage_see_steps(struct coverage *coverage, uint32_t rule, const struct event *event,
    const struct kept_result *newest)
{
    /* Of a rule whose first step is an `if`, no step may have run; it has no results then. */
    static const struct kept_result none = { .step = NO_INDEX };
    struct step_walk walk = { .look = { coverage, &coverage->rules[rule], event,
                                  newest == NULL ? &none : newest, ERR_OK },
        .coverage = coverage };
    see_steps(&walk, coverage->rules[rule].probes->item->rule.steps, true);
    return walk.look.err;
}

/* ---- counts ---- */

bool coverage_counts(const struct probe_leaf *leaf)
{
    return leaf->value != NO_INDEX && (leaf->read_count > 0 || leaf->expr->kind == EXPR_ANYWHERE);
}

bool coverage_is_covered(const struct leaf_coverage *leaf)
{
    return leaf->seen[PROBE_TRUE] > 0
           && (leaf->seen[PROBE_FALSE] > 0 || leaf->seen[PROBE_ABSENT] > 0);
}

struct coverage_count coverage_leaves(const struct rule_coverage *rule)
{
    struct coverage_count count = { 0, 0 };
    for (uint32_t at = 0; at < rule->probes->leaf_count; at++) {
        if (!coverage_counts(&rule->probes->leaves[at]))
            continue;
        count.total++;
        count.covered += coverage_is_covered(&rule->leaves[at]);
    }
    return count;
}

uint32_t coverage_percent(struct coverage_count count)
{
    return count.total == 0 ? 100 : (uint32_t)(UINT64_C(100) * count.covered / count.total);
}
