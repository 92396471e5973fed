/* check_overlap.c - two sources that can accept the same alert.
 *
 * Any two conditions on different members can hold for one alert, so that alone says nothing.
 * What is told is certain and mostly a mistake: each alert of one case of a source is accepted
 * by another source too. A case is one way through the `or`s of a condition: tests that hold
 * together. One case holds whenever another does when each of its tests is among the other's,
 * or asks for something to be there that the other compares. That an alert is not what hardly
 * any is (`not raw["source"] = "webhook"`) tells two cases apart only where the other says that
 * it is. */
#include "check_pass.h"

/* Conditions with more are not looked at: nothing is told of them. */
enum { CASES_MAX = 64, TESTS_MAX = 16 };

struct accept_case {
    const struct expr *tests[TESTS_MAX];
    uint32_t count;
};

struct accept_cases {
    struct accept_case items[CASES_MAX];
    uint32_t count;
    bool is_full;
};

static void add_case(struct accept_cases *cases, const struct accept_case *added)
{
    if (cases->count == CASES_MAX)
        cases->is_full = true;
    else
        cases->items[cases->count++] = *added;
}

/* Both at once: each case of the one with each of the other. */
static void multiply(
    struct accept_cases *cases, const struct accept_cases *others, struct accept_cases *scratch)
{
    *scratch = (struct accept_cases){ .is_full = cases->is_full || others->is_full };
    for (uint32_t i = 0; i < cases->count; i++)
        for (uint32_t j = 0; j < others->count; j++) {
            struct accept_case both = cases->items[i];
            for (uint32_t at = 0; at < others->items[j].count; at++)
                if (both.count < TESTS_MAX)
                    both.tests[both.count++] = others->items[j].tests[at];
                else
                    scratch->is_full = true;
            add_case(scratch, &both);
        }
    *cases = *scratch;
}

static struct accept_cases *find_cases(struct check *check, const struct expr *expr);

/* `a and b and c`: from the right, as the tree leans to the left. */
static void find_chain(struct check *check, const struct expr *expr, struct accept_cases *ret_cases)
{
    enum expr_kind kind = expr->kind;
    struct accept_cases *scratch = ARENA_NEW(check->arena, struct accept_cases);
    if (!check_ok(check, scratch == NULL ? ERR_MEMORY : ERR_OK))
        return;
    if (kind == EXPR_AND)
        ret_cases->count = 1; /* of no tests */
    for (bool is_last = false; !is_last && !ret_cases->is_full; expr = expr->binary.left) {
        is_last = expr->kind != kind;
        const struct accept_cases *part = find_cases(check, is_last ? expr : expr->binary.right);
        if (part == NULL)
            return;
        if (kind == EXPR_AND)
            multiply(ret_cases, part, scratch);
        for (uint32_t at = 0; kind == EXPR_OR && at < part->count; at++)
            add_case(ret_cases, &part->items[at]);
        ret_cases->is_full = ret_cases->is_full || part->is_full;
        if (is_last)
            break;
    }
}

/* NULL when memory is short. Chains are walked; only parentheses nest, and not past
 * NESTING_MAX. */
static struct accept_cases *find_cases(struct check *check, const struct expr *expr)
{
    struct accept_cases *cases = ARENA_NEW(check->arena, struct accept_cases);
    if (!check_ok(check, cases == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    if (expr->kind == EXPR_AND || expr->kind == EXPR_OR)
        find_chain(check, expr, cases);
    else
        add_case(cases, &(struct accept_case){ .tests = { expr }, .count = 1 });
    return cases;
}

/* Whether `wanted` holds whenever `given` does. */
static bool test_implies(const struct expr *given, const struct expr *wanted)
{
    if (expr_same(given, wanted))
        return true;
    return wanted->kind == EXPR_EXISTS && !wanted->exists.is_missing && given->kind == EXPR_TEST
           && expr_same(given->test.left, wanted->exists.operand);
}

/* `not ..` of what the case does not ask for. */
static bool excludes_others(const struct accept_case *given, const struct expr *wanted)
{
    if (wanted->kind != EXPR_NOT)
        return false;
    for (uint32_t i = 0; i < given->count; i++)
        if (expr_same(given->tests[i], wanted->operand))
            return false;
    return true;
}

static bool case_implies(const struct accept_case *given, const struct accept_case *wanted)
{
    for (uint32_t at = 0; at < wanted->count; at++) {
        bool is_implied = excludes_others(given, wanted->tests[at]);
        for (uint32_t i = 0; i < given->count && !is_implied; i++)
            is_implied = test_implies(given->tests[i], wanted->tests[at]);
        if (!is_implied)
            return false;
    }
    return true;
}

static bool overlap(const struct accept_cases *first, const struct accept_cases *second)
{
    if (first->is_full || second->is_full)
        return false;
    for (uint32_t i = 0; i < first->count; i++)
        for (uint32_t j = 0; j < second->count; j++)
            if (case_implies(&first->items[i], &second->items[j])
                || case_implies(&second->items[j], &first->items[i]))
                return true;
    return false;
}

static bool is_shipped(const struct check *check, const struct item *item)
{
    return check->sources->items[item->at.file].is_shipped;
}

static bool is_before(str a, str b)
{
    size_t both = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, both);
    return order < 0 || (order == 0 && a.len < b.len);
}

static void report(struct check *check, const struct item *mine, const struct item *other)
{
    str first = is_before(mine->name, other->name) ? mine->name : other->name;
    struct diag *diag = diag_add(check->diags, DIAG_SOURCES_OVERLAP, mine->source.accept->at,
        "what this accepts, `%.*s` can accept too: the first by name, `%.*s`, takes it",
        STR_ARG(other->name), STR_ARG(first));
    diag_note(check->diags, diag, other->name_at, "`%.*s` is declared here", STR_ARG(other->name));
    diag_help(check->diags, diag,
        "add what tells them apart, `and missing raw[\"..\"]` for example, or run with --source "
        "%.*s",
        STR_ARG(mine->name));
}

void check_overlaps(struct check *check)
{
    struct accept_cases **cases =
        ARENA_ARRAY(check->arena, struct accept_cases *, (size_t)check->source_count + 1);
    bool has_own = false;
    for (uint32_t at = 0; at < check->source_count; at++)
        has_own = has_own || !is_shipped(check, check->source_items[at]);
    if (!has_own || !check_ok(check, cases == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t i = 0; i < check->source_count; i++) {
        const struct item *mine = check->source_items[i];
        cases[i] = find_cases(check, mine->source.accept);
        for (uint32_t j = 0; j < i && cases[i] != NULL && cases[j] != NULL; j++) {
            const struct item *other = check->source_items[j];
            bool is_own = !is_shipped(check, mine);
            if ((is_own || !is_shipped(check, other)) && overlap(cases[i], cases[j]))
                report(check, is_own ? mine : other, is_own ? other : mine);
        }
    }
}
