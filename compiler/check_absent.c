/* check_absent.c - nothing is done to the world because a field is absent.
 *
 * A test on an absent field is false, so a test wanted false holds when its field is
 * absent. In front of a response such a test needs a guard: a part that must hold too and
 * says that the field is there, or a way around it that says it is missing. A raw value
 * that does not fit the type it is read as is absent too: only a test that reads it so
 * can guard it. first() has another value for what is absent, so that must be guarded
 * whether the test is wanted true or false.
 */
#include "check_pass.h"

#include "arguments.h"
#include "expand.h"
#include "function.h"
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
    bool is_skipped;   /* what could hold that place is in the other way of the `if` */
};

/* What may be absent: a field, a raw path, the url or sha256 of a result. */
static bool is_absentable(const struct expr *expr)
{
    if (expr->kind != EXPR_FIELD)
        return false;
    if (expr->means == MEANING_RESULT)
        return expr->is.result.member == RESULT_URL || expr->is.result.member == RESULT_SHA256;
    if (expr->means == MEANING_FIELD || expr->means == MEANING_FIRST_FIELD)
        return expr->is.field != FIELD_TIME && expr->is.field != FIELD_RECEIVED;
    return expr->means == MEANING_RAW || expr->means == MEANING_FIRST_RAW
           || expr->means == MEANING_TAG;
}

static bool same_thing(const struct expr *a, const struct expr *b)
{
    if (a->kind != EXPR_FIELD || b->kind != EXPR_FIELD || a->means != b->means)
        return false;
    if (a->means == MEANING_FIELD || a->means == MEANING_FIRST_FIELD)
        return a->is.field == b->is.field;
    if (a->means == MEANING_RAW || a->means == MEANING_FIRST_RAW || a->means == MEANING_TAG)
        return str_equal(a->is.path, b->is.path);
    return a->means == MEANING_RESULT && a->is.result.step == b->is.result.step
           && a->is.result.member == b->is.result.member;
}

/* ---- reads ---- */

/* A value and the type that it is read as: raw JSON that does not fit it is absent. */
struct read {
    const struct expr *expr;
    enum type type;
};

static bool is_order(enum test test)
{
    return (test >= TEST_LESS && test <= TEST_GREATER_EQUAL) || test == TEST_BETWEEN
           || test == TEST_NOT_BETWEEN;
}

/* An operand of the leaf: beside `<` and in a range raw JSON is read as a number, beside
 * `contains` as text, and beside a value of some type as one of that type. */
static struct read read_of(const struct expr *leaf, const struct expr *operand)
{
    if (leaf->kind != EXPR_TEST || operand->type != TYPE_RAW || leaf->test.test == TEST_IS_NULL)
        return (struct read){ operand, operand->type };
    if (is_order(leaf->test.test))
        return (struct read){ operand, TYPE_DECIMAL };
    if (leaf->test.test >= TEST_CONTAINS && leaf->test.test <= TEST_MATCHES)
        return (struct read){ operand, TYPE_TEXT };
    const struct expr *other = operand == leaf->test.left ? leaf->test.right : leaf->test.left;
    return (struct read){ operand, other->type == TYPE_INTEGER ? TYPE_DECIMAL : other->type };
}

static struct read argument(const struct expr *arg)
{
    return (struct read){ arg, arg->type };
}

/* The operands of a leaf, or the leaf itself when it is a value. */
enum { OPERANDS_MAX = 3 };
static void operands_of(const struct expr *leaf, const struct expr *ret_operands[OPERANDS_MAX])
{
    ret_operands[0] = leaf;
    ret_operands[1] = NULL;
    ret_operands[2] = NULL;
    if (leaf->kind == EXPR_ANYWHERE) {
        ret_operands[0] = leaf->anywhere.right;
    } else if (leaf->kind == EXPR_TEST) {
        ret_operands[0] = leaf->test.left;
        ret_operands[1] = leaf->test.right;
        ret_operands[2] = leaf->test.high;
    }
}

/* Functions of text and of times have a value for each; others not for every argument. */
static bool function_converts(const struct expr *call)
{
    const struct function *function = call->is.function;
    if (function->is_partial)
        return true;
    if (function->takes_list)
        return call->call.arguments != NULL && call->call.arguments->type == TYPE_RAW;
    for (uint32_t at = 0; at < function->params_count; at++)
        if (function->params[at] != TYPE_TEXT && function->params[at] != TYPE_TIME
            && function->params[at] != TYPE_ZONE)
            return true;
    return false;
}

/* Whether the read may be absent although all that it reads is there. */
static bool converts(struct read read)
{
    const struct expr *expr = read.expr;
    if (expr->kind == EXPR_FIELD)
        return (expr->means == MEANING_RAW || expr->means == MEANING_FIRST_RAW)
               && read.type != TYPE_RAW;
    if (expr->kind != EXPR_CALL || expr->means == MEANING_CONSTANT)
        return false;
    if (expr->means == MEANING_FUNCTION)
        return function_converts(expr);
    if (expr->means != MEANING_FIRST)
        return true;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
        if (arg->type == TYPE_RAW && read.type != TYPE_RAW)
            return true;
    return false;
}

/* Whether what fits `a` fits `b` too: an address, a time, an identifier is written as text. */
static bool fits_too(enum type a, enum type b)
{
    bool is_number = a == TYPE_BOOL || a == TYPE_INTEGER || a == TYPE_DECIMAL;
    return a == b || (b == TYPE_TEXT && a != TYPE_RAW && !is_number);
}

/* Whether `b` is there whenever `a` is. */
static bool same_read(struct read a, struct read b)
{
    if (a.expr->kind == EXPR_FIELD)
        return same_thing(a.expr, b.expr) && (fits_too(a.type, b.type) || !converts(b));
    if (a.expr->kind != EXPR_CALL)
        return expr_same(a.expr, b.expr);
    if (b.expr->kind != EXPR_CALL || a.type != b.type || a.expr->means != b.expr->means
        || !str_equal(a.expr->call.name, b.expr->call.name))
        return false;
    const struct expr *left = a.expr->call.arguments;
    const struct expr *right = b.expr->call.arguments;
    for (; left != NULL && right != NULL; left = left->next, right = right->next)
        if (left->type != right->type || !same_read(argument(left), argument(right)))
            return false;
    return left == NULL && right == NULL;
}

/* Whether `one` is absent whenever `read` is. */
static bool depends_on(struct read one, struct read read)
{
    if (same_read(one, read))
        return true;
    if (one.expr->kind != EXPR_CALL || one.expr->means == MEANING_FIRST)
        return false;
    for (const struct expr *arg = one.expr->call.arguments; arg != NULL; arg = arg->next)
        if (depends_on(argument(arg), read))
            return true;
    return false;
}

/* ---- guards ---- */

/* Whether the leaf, when it is as wanted, shows that `read` is there. */
static bool leaf_shows(struct part leaf, struct read read)
{
    const struct expr *expr = leaf.expr;
    const struct expr *operands[OPERANDS_MAX];
    if (expr->kind == EXPR_EXISTS)
        return leaf.wanted != expr->exists.is_missing && !converts(read)
               && same_thing(expr->exists.operand, read.expr);
    if (!leaf.wanted || (expr->kind == EXPR_TEST && expr->test.test == TEST_IS_NULL))
        return false;
    operands_of(expr, operands);
    for (int at = 0; at < OPERANDS_MAX; at++)
        if (operands[at] != NULL && depends_on(read_of(expr, operands[at]), read))
            return true;
    return false;
}

static bool shows(struct part part, struct read read)
{
    struct part one;
    enum part_kind kind = part_kind(part);
    if (kind == PART_LEAF)
        return leaf_shows(part, read);
    for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
        if (shows(one, read) == (kind == PART_AND))
            return kind == PART_AND;
    return kind == PART_OR;
}

/* Whether the part is `missing f`, in any spelling. */
static bool says_missing(struct part part, struct read read)
{
    const struct expr *expr = part.expr;
    return expr->kind == EXPR_EXISTS && part.wanted == expr->exists.is_missing && !converts(read)
           && same_thing(expr->exists.operand, read.expr);
}

static bool is_guarded(const struct around *around, struct read read)
{
    for (; around != NULL; around = around->outer)
        for (uint32_t at = 0; at < around->count; at++) {
            if (at == around->self)
                continue;
            if (around->is_or ? says_missing(around->parts[at], read)
                              : shows(around->parts[at], read))
                return true;
        }
    return false;
}

/* Whether the rule asks for alerts without it in so many words. */
static bool is_said_missing(const struct around *around, struct read read)
{
    for (; around != NULL; around = around->outer)
        for (uint32_t at = 0; !around->is_or && at < around->count; at++)
            if (at != around->self && says_missing(around->parts[at], read))
                return true;
    return false;
}

static const struct read nothing = { NULL, TYPE_COUNT };

/* The first thing whose absence alone makes the read absent, and which nothing guards. For
 * first(a, b), which is absent only without both, one guard is enough. */
static struct read find_unguarded(struct read read, const struct around *around)
{
    const struct expr *expr = read.expr;
    struct read found = nothing;
    bool is_call = expr->kind == EXPR_CALL && expr->means != MEANING_CONSTANT;
    if ((!is_call && !is_absentable(expr)) || is_guarded(around, read))
        return nothing;
    if (!is_call || converts(read))
        return read;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next) {
        struct read one = find_unguarded(argument(arg), around);
        if (one.expr != NULL && found.expr == NULL)
            found = one;
        if (one.expr == NULL && expr->means == MEANING_FIRST)
            return nothing;
    }
    return found;
}

/* What first() has another value for when it is absent, and which nothing guards. */
static struct read find_replaced(struct read read, const struct around *around)
{
    const struct expr *expr = read.expr;
    if (expr->kind != EXPR_CALL || expr->means == MEANING_CONSTANT)
        return nothing;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next) {
        struct read found = find_replaced(argument(arg), around);
        if (found.expr == NULL && expr->means == MEANING_FIRST && arg->next != NULL)
            found = find_unguarded(argument(arg), around);
        if (found.expr != NULL && !is_said_missing(around, found))
            return found;
    }
    return nothing;
}

/* A condition that is used as a value: false when its fields are absent, and not absent. */
static const struct expr *find_condition(const struct expr *expr)
{
    if (expr->kind == EXPR_TEST || expr->kind == EXPR_ANYWHERE || expr->kind == EXPR_EXISTS
        || expr->kind == EXPR_NOT || expr->kind == EXPR_AND || expr->kind == EXPR_OR)
        return expr;
    if (expr->kind != EXPR_CALL || expr->means == MEANING_CONSTANT)
        return NULL;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next) {
        const struct expr *found = find_condition(arg);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* ---- reports ---- */

static bool is_in_rule(const struct absent *absent, span at)
{
    return at.file == absent->rule->at.file && at.start >= absent->rule->at.start
           && at.end <= absent->rule->at.end;
}

/* What the read is called in a message: short, whatever stands in the rule. */
static str read_name(struct absent *absent, struct read read)
{
    enum { NAME_MAX_BYTES = 80 };
    str name = read.expr->kind == EXPR_FIELD ? path_text(absent->check, read.expr)
                                             : sources_text(absent->check->sources, read.expr->at);
    if (name.len <= NAME_MAX_BYTES && str_find(name, '\n') == name.len)
        return name;
    return read.expr->kind == EXPR_FIELD ? STR("raw[..]") : STR("..");
}

static void report_condition(struct absent *absent, struct part leaf)
{
    struct check *check = absent->check;
    struct diag *diag = diag_add(check->diags, DIAG_ABSENT_NEGATION, leaf.expr->at,
        "a condition is false when its fields are absent, and here it is a value, and %s responds",
        absent->place);
    if (!is_in_rule(absent, leaf.expr->at))
        diag_note(check->diags, diag, absent->rule->at, "it is used by this rule");
    diag_help(check->diags, diag, "write the condition by itself, or `not` in front of it");
}

static void report_replaced(struct absent *absent, struct part leaf, struct read read)
{
    struct check *check = absent->check;
    str name = read_name(absent, read);
    struct diag *diag = diag_add(check->diags, DIAG_ABSENT_NEGATION, leaf.expr->at,
        "`first` would make this true for an alert without `%.*s`, and %s responds", STR_ARG(name),
        absent->place);
    if (!is_in_rule(absent, leaf.expr->at))
        diag_note(check->diags, diag, absent->rule->at, "it is used by this rule");
    if (converts(read))
        diag_help(check->diags, diag, "write a test of `%.*s` by itself", STR_ARG(name));
    else
        diag_help(check->diags, diag,
            "write two tests, the second behind `missing %.*s and ..`, or `exists %.*s and ..`",
            STR_ARG(name), STR_ARG(name));
}

/* `exists` says nothing about a value that does not fit: there a test must hold. */
static void help_with_type(struct absent *absent, struct diag *diag, struct read read, str name)
{
    if (read.expr->kind == EXPR_FIELD && read.type == TYPE_TEXT) {
        diag_help(absent->check->diags, diag,
            "`exists` does not say that it is text: write `%.*s != ..` in place of `not (%.*s = "
            "..)`, "
            "or `%.*s startswith \"\" and ..` in front, which only text passes",
            STR_ARG(name), STR_ARG(name), STR_ARG(name));
        return;
    }
    diag_help(absent->check->diags, diag,
        "`exists` does not say that it fits: write a test of `%.*s` that must hold, with `not in`, "
        "`!=` or `<` in place of `not`",
        STR_ARG(name));
}

static void help_with_guard(
    struct absent *absent, struct diag *diag, struct part leaf, struct read read)
{
    str name = read_name(absent, read);
    struct check *check = absent->check;
    if (leaf.not_at.end == 0) {
        diag_help(check->diags, diag, "write `missing %.*s or ..` into the condition: then %s",
            STR_ARG(name),
            absent->is_skipped ? "what can hold the response is done for alerts without it too"
                               : "the `else` is for alerts that have it");
        return;
    }
    diag_help(check->diags, diag,
        "write `exists %.*s and ..`, or `missing %.*s or ..` if it shall respond then too",
        STR_ARG(name), STR_ARG(name));
    if (!is_in_rule(absent, leaf.not_at))
        return;
    const char *text = arena_format(check->arena, "(exists %.*s and %.*s)",
        STR_ARG(path_text(check, read.expr)), STR_ARG(sources_text(check->sources, leaf.not_at)));
    if (check_ok(check, text == NULL ? ERR_MEMORY : ERR_OK))
        diag_set_guess(check->diags, diag, leaf.not_at, str_from(text));
}

static void report(struct absent *absent, struct part leaf, struct read read)
{
    struct check *check = absent->check;
    str name = read_name(absent, read);
    span at = leaf.not_at.end > 0 ? leaf.not_at : leaf.expr->at;
    struct diag *diag = diag_add(check->diags, DIAG_ABSENT_NEGATION, at,
        converts(read) ? "an alert whose `%.*s` does not fit would make this true, and %s responds"
                       : "an alert without `%.*s` would make this true, and %s responds",
        STR_ARG(name), absent->place);
    if (!is_in_rule(absent, at))
        diag_note(check->diags, diag, absent->rule->at, "it is used by this rule");
    if (converts(read))
        help_with_type(absent, diag, read, name);
    else
        help_with_guard(absent, diag, leaf, read);
}

/* One message a leaf: what mends it may mend the rest. */
static void look_at_leaf(struct absent *absent, struct part leaf, const struct around *around)
{
    const struct expr *operands[OPERANDS_MAX];
    const struct expr *expr = leaf.expr;
    if (expr->kind == EXPR_EXISTS)
        return;
    operands_of(expr, operands);
    for (int at = 0; at < OPERANDS_MAX && operands[at] != NULL; at++) {
        struct read read = read_of(expr, operands[at]);
        struct read found = find_replaced(read, around);
        if (find_condition(operands[at]) != NULL) {
            report_condition(absent, leaf);
            return;
        }
        if (found.expr != NULL) {
            report_replaced(absent, leaf, found);
            return;
        }
        if (!leaf.wanted)
            found = find_unguarded(read, around);
        if (found.expr != NULL) {
            report(absent, leaf, found);
            return;
        }
    }
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

/* Whether the steps may end or hold the ones after them. */
static bool may_hold(const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? clause_find(step->action.clauses, CLAUSE_ON_FAILURE_STOP) != NULL
                      || clause_find(step->action.clauses, CLAUSE_APPROVE) != NULL
                : may_hold(step->branch.then_steps) || may_hold(step->branch.else_steps))
            return true;
    return false;
}

/* Each way of an `if` that responds, and each that goes around a step which could hold a
 * response after the `if`; what led there holds around it. Depth: of the parentheses. */
static void walk_steps(struct absent *absent, const struct ast_step *steps,
    const struct around *outer, bool responds_after)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind != STEP_KIND_IF)
            continue;
        bool is_followed = responds_after || has_respond(step->next);
        const struct expr *condition = expanded(absent, step->branch.condition);
        const struct ast_step *ways[2] = { step->branch.then_steps, step->branch.else_steps };
        for (int way = 0; way < 2; way++) {
            bool responds = has_respond(ways[way]);
            struct part part = part_of(condition, way == 0);
            /* No part is itself: all of the condition holds for the steps inside. */
            struct around around = { outer, &part, 1, UINT32_MAX, false };
            absent->is_skipped = !responds;
            absent->place = !responds  ? "a step after the `if`"
                            : way == 0 ? "the `then`"
                                       : "the `else`";
            if (responds || (is_followed && may_hold(ways[1 - way])))
                walk(absent, part, outer);
            if (responds || (is_followed && may_hold(ways[way])))
                walk_steps(absent, ways[way], &around, is_followed);
        }
    }
}

/* The alert that the steps see completed the detection: what holds for it is the condition of
 * the last `followed by`, not `when`. Where several could be meant, nothing is known. */
static struct part known_in_steps(struct absent *absent, struct part when, bool *ret_is_known)
{
    struct part known = when;
    bool has_followed = false;
    bool has_absence = false;
    for (const struct clause *clause = absent->rule->rule.clauses; clause != NULL;
         clause = clause->next) {
        if (clause->kind != CLAUSE_FOLLOWED)
            continue;
        has_absence = has_absence || clause->is_negated;
        if (clause->is_negated)
            continue;
        has_followed = true;
        known = part_of(expanded(absent, clause->condition), true);
        walk(absent, known, NULL);
    }
    *ret_is_known = !has_followed || !has_absence;
    return known;
}

void check_absent(struct check *check, struct item *rule)
{
    struct absent absent = { .check = check, .rule = rule, .place = "the rule" };
    bool is_known;
    if (!has_respond(rule->rule.steps))
        return;
    struct part when = part_of(expanded(&absent, rule->rule.when), true);
    walk(&absent, when, NULL);
    struct part known = known_in_steps(&absent, when, &is_known);
    struct around around = { NULL, &known, 1, UINT32_MAX, false };
    walk_steps(&absent, rule->rule.steps, is_known ? &around : NULL, false);
    arena_release(&absent.scratch);
}
