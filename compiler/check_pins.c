/* check_pins.c - fields that no source of the rule can have.
 *
 * A condition says which sources can make it true: `source = defender and ..` only one.
 * A field that none of these maps is always absent, so whoever wrote it was mistaken. */
#include "check_pass.h"

#include "arguments.h"
#include "constant.h"
#include "expand.h"
#include "logic.h"

/* One bit a source, in the order of check->source_items; one more for alerts that no
 * source takes. With more sources than bits nothing is claimed. */
typedef uint64_t source_set;
enum { SOURCES_MAX = 63 };

struct pins {
    struct check *check;
    struct arena scratch;
    const struct item *rule;
    source_set all; /* with the bit of no source */
    source_set none;
};

static source_set named(const struct pins *pins, value word)
{
    if (word.kind != VALUE_TEXT)
        return 0;
    for (uint32_t at = 0; at < pins->check->source_count; at++)
        if (str_equal(pins->check->source_items[at]->name, value_str(word)))
            return (source_set)1 << at;
    return 0;
}

static source_set in_list(const struct pins *pins, const struct expr *right)
{
    source_set set = 0;
    uint32_t count = 0;
    struct list_walk walk = list_walk(right);
    for (struct list_element element; list_next(&walk, &element); count++)
        set |= named(pins, element.v);
    return count == 0 ? pins->all : set; /* an empty list has a message of its own */
}

static bool is_source_field(const struct expr *expr)
{
    return expr->kind == EXPR_FIELD && expr->means == MEANING_FIELD
           && expr->is.field == FIELD_SOURCE;
}

/* The sources with which a test on `source` holds. */
static source_set test_allows(const struct pins *pins, const struct expr *expr)
{
    const struct expr *right = expr->test.right;
    value v = VALUE_NONE;
    enum type type;
    bool is_known = right != NULL && (right->is_list || constant_of(right, &v, &type));
    if (!is_source_field(expr->test.left) || !is_known)
        return pins->all;
    switch (expr->test.test) {
    case TEST_EQUAL:
        return named(pins, v);
    case TEST_NOT_EQUAL:
        return pins->all & ~pins->none & ~named(pins, v);
    case TEST_IN:
        return in_list(pins, right);
    case TEST_NOT_IN:
        return pins->all & ~pins->none & ~in_list(pins, right);
    case TEST_LESS:
    case TEST_LESS_EQUAL:
    case TEST_GREATER:
    case TEST_GREATER_EQUAL:
    case TEST_BETWEEN:
    case TEST_NOT_BETWEEN:
    case TEST_CONTAINS:
    case TEST_STARTSWITH:
    case TEST_ENDSWITH:
    case TEST_LIKE:
    case TEST_MATCHES:
    case TEST_IS_NULL:
        return pins->all;
    }
    return pins->all;
}

static source_set leaf_allows(const struct pins *pins, struct part leaf)
{
    const struct expr *expr = leaf.expr;
    source_set set = pins->all;
    if (expr->kind == EXPR_TEST && is_source_field(expr->test.left))
        set = test_allows(pins, expr);
    else if (expr->kind == EXPR_EXISTS && is_source_field(expr->exists.operand))
        set = expr->exists.is_missing ? pins->none : pins->all & ~pins->none;
    else
        return set;
    bool is_undecided = set == pins->all;
    return leaf.wanted || is_undecided ? set : pins->all & ~set;
}

/* The sources with which the part can be as wanted. */
static source_set allows(const struct pins *pins, struct part part)
{
    struct part one;
    enum part_kind kind = part_kind(part);
    if (kind == PART_LEAF)
        return leaf_allows(pins, part);
    source_set set = kind == PART_AND ? pins->all : 0;
    for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
        set = kind == PART_AND ? set & allows(pins, one) : set | allows(pins, one);
    return set;
}

static bool maps(const struct item *source, enum field field)
{
    for (const struct ast_mapping *mapping = source->source.mappings; mapping != NULL;
         mapping = mapping->next)
        if (mapping->field->means == MEANING_FIELD && mapping->field->is.field == field)
            return true;
    return false;
}

static bool any_maps(const struct pins *pins, source_set set, enum field field)
{
    for (uint32_t at = 0; at < pins->check->source_count; at++)
        if ((set >> at & 1) != 0 && maps(pins->check->source_items[at], field))
            return true;
    return false;
}

static str first_word(enum field field)
{
    str name = str_from(field_info(field)->name);
    return str_first(name, str_find(name, '.'));
}

/* A field that the sources do have: of the same type, else of the same family. */
static const char *other_field(const struct pins *pins, source_set set, enum field field)
{
    enum type type = field_info(field)->type;
    for (int other = 0; other < FIELD_COUNT; other++)
        if (type != TYPE_TEXT && field_info((enum field)other)->type == type
            && any_maps(pins, set, (enum field)other))
            return field_info((enum field)other)->name;
    for (int other = 0; other < FIELD_COUNT; other++)
        if (str_equal(first_word((enum field)other), first_word(field))
            && any_maps(pins, set, (enum field)other))
            return field_info((enum field)other)->name;
    return NULL;
}

static bool is_written_here(const struct pins *pins, span at)
{
    return at.file == pins->rule->at.file && at.start >= pins->rule->at.start
           && at.end <= pins->rule->at.end;
}

static void look_at_field(const struct pins *pins, const struct expr *expr, source_set set)
{
    enum field field = expr->is.field;
    if (set == 0 || (set & pins->none) != 0 || field == FIELD_SOURCE || field == FIELD_TIME
        || field == FIELD_RECEIVED || !is_written_here(pins, expr->at)
        || any_maps(pins, set, field))
        return;
    const char *name = field_info(field)->name;
    struct check *check = pins->check;
    struct diag *diag = diag_add(check->diags, DIAG_FIELD_NOT_IN_SOURCE, expr->at,
        "no source that gets here has `%s`", name);
    for (uint32_t at = 0; at < check->source_count; at++)
        if ((set >> at & 1) != 0)
            diag_note(check->diags, diag, check->source_items[at]->name_at,
                "`%.*s` does not map it", STR_ARG(check->source_items[at]->name));
    const char *other = other_field(pins, set, field);
    if (other != NULL)
        diag_help(
            check->diags, diag, "there is `%s`, or `raw[\"..\"]` with the vendor's path", other);
    else
        diag_help(check->diags, diag, "use `raw[\"..\"]` with the vendor's path");
}

/* The fields of an operand, or of a step's text. */
static void look_at(const struct pins *pins, const struct expr *expr, source_set set)
{
    if (expr == NULL)
        return;
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_FIELD)
        look_at_field(pins, expr, set);
    if (expr->kind == EXPR_CALL)
        for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
            look_at(pins, arg, set);
    if (expr->kind == EXPR_LITERAL)
        for (const struct expr *part = expr->literal.parts; part != NULL; part = part->next)
            look_at(pins, part, set);
    if (expr->kind != EXPR_SEVERAL)
        return;
    look_at(pins, expr->several->operand, set);
    for (const struct expr *by = expr->several->by; by != NULL; by = by->next)
        look_at(pins, by, set);
}

static void walk(const struct pins *pins, struct part part, source_set set)
{
    struct part one;
    set &= allows(pins, part);
    if (part_kind(part) == PART_LEAF) {
        if (part.expr->kind == EXPR_TEST) {
            look_at(pins, part.expr->test.left, set);
            look_at(pins, part.expr->test.right, set);
        } else if (part.expr->kind != EXPR_EXISTS) {
            look_at(pins, part.expr, set);
        }
        return;
    }
    for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
        walk(pins, one, set);
}

static struct part expanded(struct pins *pins, struct expr *expr, bool wanted)
{
    struct expand expand = { .arena = &pins->scratch };
    struct expr *made = expand_expr(&expand, expr);
    check_ok(pins->check, expand.err);
    return part_of(made, wanted);
}

static void walk_steps(struct pins *pins, const struct ast_step *steps, source_set set)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            for (const struct pair *pair = step->action.pairs; pair != NULL; pair = pair->next)
                look_at(pins, pair->value, set);
            const struct clause *from = clause_find(step->action.clauses, CLAUSE_FROM);
            look_at(pins, from == NULL ? NULL : from->condition, set);
            continue;
        }
        struct part yes = expanded(pins, step->branch.condition, true);
        struct part no = part_of(yes.expr, !yes.wanted);
        walk(pins, yes, set);
        walk_steps(pins, step->branch.then_steps, set & allows(pins, yes));
        walk_steps(pins, step->branch.else_steps, set & allows(pins, no));
    }
}

/* Keys are of the alerts before and of those that follow. Returns the sources of the alert
 * that the steps see: the last that followed, or the one that began it. */
static source_set walk_followed(struct pins *pins, source_set when)
{
    source_set seen = when;
    bool has_absence = false;
    for (const struct clause *clause = pins->rule->rule.clauses; clause != NULL;
         clause = clause->next) {
        if (clause->kind != CLAUSE_FOLLOWED)
            continue;
        struct part condition = expanded(pins, clause->condition, true);
        source_set set = allows(pins, condition);
        walk(pins, condition, pins->all);
        for (const struct expr *field = clause->fields; field != NULL; field = field->next) {
            look_at(pins, field, when);
            look_at(pins, field, set);
        }
        has_absence = has_absence || clause->is_negated;
        seen = clause->is_negated ? seen : set;
    }
    return has_absence && seen != when ? pins->all : seen;
}

static void report_no_source(struct check *check, const struct item *rule)
{
    struct diag *diag = diag_add(check->diags, DIAG_NO_SOURCE_LEFT, rule->rule.when->at,
        "an alert has one source, and none meets all of this: the rule never fires");
    diag_help(check->diags, diag, "for alerts of several sources write `source in [..]`");
}

void check_pins(struct check *check, struct item *rule)
{
    struct pins pins = { .check = check, .rule = rule };
    if (check->source_count > SOURCES_MAX)
        return;
    pins.none = (source_set)1 << check->source_count;
    pins.all = pins.none | (pins.none - 1);
    struct part when = expanded(&pins, rule->rule.when, true);
    walk(&pins, when, pins.all);
    if (allows(&pins, when) == 0)
        report_no_source(check, rule);
    /* A rule whose `unless` can never be decided would always wait for a person. */
    for (const struct clause *clause = rule->rule.clauses; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_UNLESS)
            walk(&pins, expanded(&pins, clause->condition, true), allows(&pins, when));
    walk_steps(&pins, rule->rule.steps, walk_followed(&pins, allows(&pins, when)));
    arena_release(&pins.scratch);
}
