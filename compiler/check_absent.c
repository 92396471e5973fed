/* check_absent.c - nothing is done to the world because a field is absent.
 *
 * A test on an absent field is false, so a test wanted false holds when its field is
 * absent. In front of a response such a test needs a guard: a part that must hold too and
 * says that the field is there, or a way around it that says it is missing.
 */
#include "check_pass.h"

#include "expand.h"
#include "logic.h"

/* Parts that hold together (and), or of which one holds (or), around the part `self`. */
struct around {
    const struct around *outer;
    const struct part *parts;
    uint32_t count;
    uint32_t self;
    bool is_or;
};

struct absent {
    struct check *check;
    struct arena scratch;
    const struct item *rule;
    const char *place; /* "the rule", "the `else`" */
};

/* What may be absent: a field, a raw path, the url or sha256 of a result. */
static bool is_absentable(const struct expr *expr)
{
    if (expr->kind != EXPR_FIELD)
        return false;
    if (expr->means == MEANING_RESULT)
        return expr->is.result.member == RESULT_URL || expr->is.result.member == RESULT_SHA256;
    if (expr->means == MEANING_FIELD)
        return expr->is.field != FIELD_TIME && expr->is.field != FIELD_RECEIVED;
    return expr->means == MEANING_RAW;
}

static bool same_thing(const struct expr *a, const struct expr *b)
{
    if (a->kind != EXPR_FIELD || b->kind != EXPR_FIELD || a->means != b->means)
        return false;
    if (a->means == MEANING_FIELD)
        return a->is.field == b->is.field;
    if (a->means == MEANING_RAW)
        return str_equal(a->is.path, b->is.path);
    return a->means == MEANING_RESULT && a->is.result.step == b->is.result.step
           && a->is.result.member == b->is.result.member;
}

/* Whether `expr` is absent whenever `thing` is. */
static bool depends_on(const struct expr *expr, const struct expr *thing)
{
    if (expr->kind == EXPR_FIELD)
        return same_thing(expr, thing);
    if (expr->kind != EXPR_CALL || expr->means == MEANING_FIRST)
        return false;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
        if (depends_on(arg, thing))
            return true;
    return false;
}

/* Whether the leaf, when it is as wanted, shows that `thing` is there. */
static bool leaf_shows(struct part leaf, const struct expr *thing)
{
    const struct expr *expr = leaf.expr;
    if (expr->kind == EXPR_EXISTS)
        return leaf.wanted != expr->exists.is_missing && same_thing(expr->exists.operand, thing);
    if (!leaf.wanted)
        return false;
    if (expr->kind == EXPR_TEST)
        return expr->test.test != TEST_IS_NULL
               && (depends_on(expr->test.left, thing)
                   || (expr->test.right != NULL && depends_on(expr->test.right, thing)));
    return depends_on(expr, thing);
}

static bool shows(struct part part, const struct expr *thing)
{
    struct part one;
    enum part_kind kind = part_kind(part);
    if (kind == PART_LEAF)
        return leaf_shows(part, thing);
    for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
        if (shows(one, thing) == (kind == PART_AND))
            return kind == PART_AND;
    return kind == PART_OR;
}

/* Whether the part is `missing thing`, in any spelling. */
static bool says_missing(struct part part, const struct expr *thing)
{
    const struct expr *expr = part.expr;
    return expr->kind == EXPR_EXISTS && part.wanted == expr->exists.is_missing
           && same_thing(expr->exists.operand, thing);
}

static bool is_guarded(const struct around *around, const struct expr *thing)
{
    for (; around != NULL; around = around->outer)
        for (uint32_t at = 0; at < around->count; at++) {
            if (at == around->self)
                continue;
            if (around->is_or ? says_missing(around->parts[at], thing)
                              : shows(around->parts[at], thing))
                return true;
        }
    return false;
}

/* The first thing whose absence alone makes `expr` absent, and which nothing guards. For
 * first(a, b), which is absent only without both, one guard is enough. */
static const struct expr *find_unguarded(const struct expr *expr, const struct around *around)
{
    const struct expr *found = NULL;
    if (is_absentable(expr))
        return is_guarded(around, expr) ? NULL : expr;
    if (expr->kind != EXPR_CALL || expr->means == MEANING_CONSTANT)
        return NULL;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next) {
        const struct expr *one = find_unguarded(arg, around);
        if (one != NULL && found == NULL)
            found = one;
        if (one == NULL && expr->means == MEANING_FIRST)
            return NULL;
    }
    return found;
}

static bool is_in_rule(const struct absent *absent, span at)
{
    return at.file == absent->rule->at.file && at.start >= absent->rule->at.start
           && at.end <= absent->rule->at.end;
}

static void report(struct absent *absent, struct part leaf, const struct expr *thing)
{
    struct check *check = absent->check;
    str name = path_text(check, thing);
    span at = leaf.not_at.end > 0 ? leaf.not_at : leaf.expr->at;
    struct diag *diag = diag_add(check->diags, DIAG_ABSENT_NEGATION, at,
        "an alert without `%.*s` would make this true, and %s responds", STR_ARG(name),
        absent->place);
    if (!is_in_rule(absent, at))
        diag_note(check->diags, diag, absent->rule->at, "it is used by this rule");
    if (leaf.not_at.end == 0)
        diag_help(check->diags, diag,
            "write `missing %.*s or ..` into the condition: then the `else` is for alerts that "
            "have it",
            STR_ARG(name));
    else
        diag_help(check->diags, diag,
            "write `exists %.*s and ..`, or `missing %.*s or ..` if it shall respond then too",
            STR_ARG(name), STR_ARG(name));
    if (leaf.not_at.end == 0 || !is_in_rule(absent, at))
        return;
    const char *text = arena_format(check->arena, "(exists %.*s and %.*s)", STR_ARG(name),
        STR_ARG(sources_text(check->sources, at)));
    if (check_ok(check, text == NULL ? ERR_MEMORY : ERR_OK))
        diag_set_fix(check->diags, diag, at, str_from(text));
}

static void look_at_leaf(struct absent *absent, struct part leaf, const struct around *around)
{
    const struct expr *expr = leaf.expr;
    const struct expr *thing = NULL;
    if (leaf.wanted || expr->kind == EXPR_EXISTS || expr->kind == EXPR_ANYWHERE)
        return;
    if (expr->kind == EXPR_TEST) {
        thing = find_unguarded(expr->test.left, around);
        if (thing == NULL && expr->test.right != NULL)
            thing = find_unguarded(expr->test.right, around);
    } else {
        thing = find_unguarded(expr, around);
    }
    if (thing != NULL)
        report(absent, leaf, thing);
}

static void walk(struct absent *absent, struct part part, const struct around *outer)
{
    struct part *parts;
    uint32_t count;
    enum part_kind kind = part_kind(part);
    if (kind == PART_LEAF) {
        look_at_leaf(absent, part, outer);
        return;
    }
    if (!check_ok(absent->check, parts_all(&absent->scratch, part, &parts, &count)))
        return;
    struct around around = { outer, parts, count, 0, kind == PART_OR };
    for (; around.self < count; around.self++)
        walk(absent, parts[around.self], &around);
}

static struct expr *expanded(struct absent *absent, struct expr *expr)
{
    struct expand expand = { .arena = &absent->scratch };
    struct expr *made = expand_expr(&expand, expr);
    check_ok(absent->check, expand.err);
    return made;
}

static bool has_respond(const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? step->action.verb == VERB_RESPOND
                : has_respond(step->branch.then_steps) || has_respond(step->branch.else_steps))
            return true;
    return false;
}

/* Each way of an `if` that responds; what led there holds around it. */
static void walk_steps(
    struct absent *absent, const struct ast_step *steps, const struct around *outer)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind != STEP_KIND_IF)
            continue;
        const struct expr *condition = expanded(absent, step->branch.condition);
        for (int way = 0; way < 2; way++) {
            const struct ast_step *inner =
                way == 0 ? step->branch.then_steps : step->branch.else_steps;
            if (!has_respond(inner))
                continue;
            struct part part = part_of(condition, way == 0);
            /* No part is itself: all of the condition holds for the steps inside. */
            struct around around = { outer, &part, 1, UINT32_MAX, false };
            absent->place = way == 0 ? "the `then`" : "the `else`";
            walk(absent, part, outer);
            walk_steps(absent, inner, &around);
        }
    }
}

void check_absent(struct check *check, struct item *rule)
{
    struct absent absent = { .check = check, .rule = rule, .place = "the rule" };
    if (!has_respond(rule->rule.steps))
        return;
    struct part when = part_of(expanded(&absent, rule->rule.when), true);
    struct around around = { NULL, &when, 1, UINT32_MAX, false };
    walk(&absent, when, NULL);
    walk_steps(&absent, rule->rule.steps, &around);
    arena_release(&absent.scratch);
}
