/* probe_make.c - conditions as trees over leaves, with the places where each was written.
 *
 * The condition as it stands in the rule is walked beside the same one written out
 * (expand.h): the first knows which macro a part stands in, the second what the part means
 * there. Depth of the recursion: as in expand.c.
 */
#include "probe.h"

#include "constant.h"
#include "expand.h"

/* What the parameters of the macro around stand for, and where that was written. */
struct frame {
    struct expr **args;
    const struct frame *outer;
    const struct probe_use *use; /* around the call */
};

struct walk {
    struct probe_make *make;
    const struct frame *frame;
    const struct probe_use *use;
};

static void fail(struct probe_make *make, enum err err)
{
    if (make->err == ERR_OK)
        make->err = err;
}

static void *grow(struct probe_make *make, void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return items;
    uint32_t larger = *room == 0 ? 8 : *room * 2;
    void *moved = arena_array(make->arena, larger, size, alignof(max_align_t));
    if (moved == NULL) {
        fail(make, ERR_MEMORY);
        return NULL;
    }
    if (count > 0)
        memcpy(moved, items, count * size);
    *room = larger;
    return moved;
}

static struct probe_node *new_node(struct probe_make *make, enum probe_kind kind, span at)
{
    struct probe_node *node = ARENA_NEW(make->arena, struct probe_node);
    if (node == NULL)
        fail(make, ERR_MEMORY);
    else
        *node = (struct probe_node){ .kind = kind, .at = at };
    return node;
}

/* ---- leaves ---- */

/* What an expression is made of, at most this many at once. */
enum { SIDES_MAX = 3 };

static void sides_of(const struct expr *expr, const struct expr *ret_sides[SIDES_MAX])
{
    memset(ret_sides, 0, SIDES_MAX * sizeof ret_sides[0]);
    if (expr->kind == EXPR_TEST) {
        ret_sides[0] = expr->test.left;
        ret_sides[1] = expr->test.right;
        ret_sides[2] = expr->test.high;
    } else if (expr->kind == EXPR_ANYWHERE) {
        ret_sides[0] = expr->anywhere.right;
    } else if (expr->kind == EXPR_EXISTS) {
        ret_sides[0] = expr->exists.operand;
    } else if (expr->kind == EXPR_NOT) {
        ret_sides[0] = expr->operand;
    } else if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        ret_sides[0] = expr->binary.left;
        ret_sides[1] = expr->binary.right;
    }
}

/* Results of steps, or the alert that began a detection: neither is known without a run. */
static bool reads_results(const struct expr *expr)
{
    const struct expr *sides[SIDES_MAX];
    if (expr->kind == EXPR_FIELD)
        return expr->means == MEANING_RESULT || expr->means == MEANING_FIRST_FIELD
               || expr->means == MEANING_FIRST_RAW;
    sides_of(expr, sides);
    for (int at = 0; at < SIDES_MAX && sides[at] != NULL; at++)
        if (reads_results(sides[at]))
            return true;
    const struct expr *arg =
        expr->kind == EXPR_CALL && expr->means != MEANING_CONSTANT ? expr->call.arguments : NULL;
    for (; arg != NULL; arg = arg->next)
        if (reads_results(arg))
            return true;
    return false;
}

static bool is_constant(const struct expr *expr)
{
    value v;
    enum type type;
    return expr->kind == EXPR_LIST || expr->kind == EXPR_REGEX
           || (expr->kind == EXPR_FIELD && expr->means == MEANING_LIST)
           || constant_of(expr, &v, &type);
}

uint32_t probe_operands(
    const struct expr *leaf, const struct expr *ret_operands[PROBE_OPERANDS_MAX])
{
    const struct expr *sides[SIDES_MAX];
    uint32_t count = 0;
    sides_of(leaf, sides);
    if (leaf->kind != EXPR_TEST && leaf->kind != EXPR_ANYWHERE && leaf->kind != EXPR_EXISTS)
        sides[0] = leaf;
    for (int at = 0; at < SIDES_MAX && sides[at] != NULL; at++)
        if (!is_constant(sides[at]))
            ret_operands[count++] = sides[at];
    return count;
}

enum type probe_operand_type(const struct expr *leaf, const struct expr *operand)
{
    if (leaf->kind != EXPR_TEST || operand->type != TYPE_RAW)
        return operand->type;
    enum test test = leaf->test.test;
    bool is_order = (test >= TEST_LESS && test <= TEST_GREATER_EQUAL) || test == TEST_BETWEEN
                    || test == TEST_NOT_BETWEEN;
    return is_order ? TYPE_DECIMAL : TYPE_RAW;
}

/* The operands, and the fields inside of those that are calls. */
struct reads {
    struct probe_read items[PROBE_READS_MAX];
    uint32_t count;
};

static void add_read(struct reads *reads, const struct expr *expr)
{
    for (uint32_t at = 0; at < reads->count; at++)
        if (expr_same(reads->items[at].expr, expr))
            return;
    if (reads->count < PROBE_READS_MAX)
        reads->items[reads->count++] = (struct probe_read){ .expr = expr, .value = NO_INDEX };
}

static void add_fields(struct reads *reads, const struct expr *expr)
{
    const struct expr *sides[SIDES_MAX];
    if (reads->count == PROBE_READS_MAX || is_constant(expr))
        return;
    if (expr->kind == EXPR_FIELD)
        add_read(reads, expr);
    sides_of(expr, sides);
    for (int at = 0; at < SIDES_MAX && sides[at] != NULL; at++)
        add_fields(reads, sides[at]);
    const struct expr *arg = expr->kind == EXPR_CALL ? expr->call.arguments : NULL;
    for (; arg != NULL; arg = arg->next)
        add_fields(reads, arg);
}

static void set_reads(struct probe_make *make, struct probe_leaf *leaf)
{
    const struct expr *operands[PROBE_OPERANDS_MAX];
    struct reads reads = { .count = 0 };
    uint32_t count = probe_operands(leaf->expr, operands);
    for (uint32_t at = 0; at < count; at++)
        add_read(&reads, operands[at]);
    for (uint32_t at = 0; at < count; at++)
        add_fields(&reads, operands[at]);
    struct probe_read *items = ARENA_ARRAY(make->arena, struct probe_read, reads.count + 1);
    if (items == NULL) {
        fail(make, ERR_MEMORY);
        return;
    }
    memcpy(items, reads.items, reads.count * sizeof items[0]);
    leaf->reads = items;
    leaf->read_count = reads.count;
}

static struct probe_node *make_leaf(
    struct walk walk, const struct expr *written, const struct expr *expr)
{
    struct probe_make *make = walk.make;
    struct probe_node *node = new_node(make, PROBE_LEAF, written->at);
    void *leaves =
        grow(make, make->leaves, make->leaf_count, &make->leaf_room, sizeof make->leaves[0]);
    if (node == NULL || leaves == NULL)
        return node;
    make->leaves = leaves;
    node->leaf = make->leaf_count++;
    struct probe_leaf *leaf = &make->leaves[node->leaf];
    *leaf = (struct probe_leaf){ .expr = expr,
        .at = written->at,
        .use = walk.use,
        .is_several = expr->kind == EXPR_SEVERAL,
        .reads_results = reads_results(expr),
        .value = NO_INDEX,
        .absence = NO_INDEX };
    if (!leaf->is_several)
        set_reads(make, leaf);
    return node;
}

/* ---- trees ---- */

static struct probe_node *make_node(
    struct walk walk, const struct expr *written, const struct expr *expr);

/* The let, macro or environment that the expression uses, or NULL. */
static const struct item *used_by(const struct expr *written)
{
    if ((written->kind == EXPR_FIELD && written->means == MEANING_LET)
        || (written->kind == EXPR_CALL && written->means == MEANING_MACRO))
        return written->is.declaration;
    const struct expr *right = written->kind == EXPR_TEST ? written->test.right : NULL;
    return right != NULL && right->means == MEANING_ENVIRONMENT ? right->is.declaration : NULL;
}

/* What it says there. */
static const struct expr *body_of(const struct item *declaration, const struct expr *written)
{
    if (declaration->kind == ITEM_LET)
        return declaration->let.body;
    if (declaration->kind == ITEM_MACRO)
        return declaration->macro.body;
    return written->test.test == TEST_NOT_IN ? declaration->environment.outside
                                             : declaration->environment.inside;
}

/* What a declaration says, and that it was used here. */
static struct probe_node *make_use(
    struct walk walk, const struct expr *written, const struct expr *expr)
{
    const struct item *declaration = used_by(written);
    bool is_macro = written->kind == EXPR_CALL;
    struct probe_node *node = new_node(walk.make, PROBE_USE, written->at);
    struct probe_use *use = ARENA_NEW(walk.make->arena, struct probe_use);
    struct frame frame = { NULL, walk.frame, walk.use };
    uint32_t count = 0;
    for (struct expr *arg = is_macro ? written->call.arguments : NULL; arg != NULL; arg = arg->next)
        count++;
    frame.args = ARENA_ARRAY(walk.make->arena, struct expr *, count + 1);
    if (node == NULL || use == NULL || frame.args == NULL) {
        fail(walk.make, ERR_MEMORY);
        return node;
    }
    count = 0;
    for (struct expr *arg = is_macro ? written->call.arguments : NULL; arg != NULL; arg = arg->next)
        frame.args[count++] = arg;
    *use = (struct probe_use){ walk.use, written->at, declaration };
    node->declaration = declaration;
    walk = (struct walk){ walk.make, is_macro ? &frame : NULL, use };
    node->first = make_node(walk, body_of(declaration, written), expr);
    return node;
}

/* The operator of one place in a chain, with what stands right of it. */
struct link {
    const struct expr *written;
    const struct expr *right;
};

/* `a and b and c` leans to the left as far as the text is long: from its end up. What one
 * operator joins is one node. */
static struct probe_node *make_chain(
    struct walk walk, const struct expr *written, const struct expr *expr)
{
    uint32_t count = 0;
    for (const struct expr *at = written; at->kind == EXPR_AND || at->kind == EXPR_OR;
         at = at->binary.left)
        count++;
    struct link *links = ARENA_ARRAY(walk.make->arena, struct link, count);
    if (links == NULL) {
        fail(walk.make, ERR_MEMORY);
        return NULL;
    }
    for (uint32_t at = count; at > 0; written = written->binary.left, expr = expr->binary.left)
        links[--at] = (struct link){ written, expr->binary.right };
    struct probe_node *whole = make_node(walk, written, expr);
    struct probe_node *last = NULL;
    for (uint32_t at = 0; at < count && walk.make->err == ERR_OK; at++) {
        enum probe_kind kind = links[at].written->kind == EXPR_AND ? PROBE_AND : PROBE_OR;
        if (last == NULL || whole->kind != kind) {
            struct probe_node *outer = new_node(walk.make, kind, links[at].written->at);
            if (outer == NULL)
                return whole;
            outer->first = whole;
            last = whole;
            whole = outer;
        }
        struct probe_node *right =
            make_node(walk, links[at].written->binary.right, links[at].right);
        whole->at = links[at].written->at;
        last->next = right;
        last = right;
    }
    return whole;
}

static struct probe_node *make_not(
    struct walk walk, const struct expr *written, const struct expr *expr)
{
    const struct expr *inner = written;
    bool is_odd = false;
    for (; inner->kind == EXPR_NOT; inner = inner->operand)
        is_odd = !is_odd;
    if (!is_odd)
        return make_node(walk, inner, expr);
    struct probe_node *node = new_node(walk.make, PROBE_NOT, written->at);
    struct probe_node *operand = make_node(walk, inner, expr->operand);
    if (node != NULL)
        node->first = operand;
    return node;
}

static struct probe_node *make_node(
    struct walk walk, const struct expr *written, const struct expr *expr)
{
    if (walk.make->err != ERR_OK)
        return NULL;
    while (written->kind == EXPR_FIELD && written->means == MEANING_PARAM && walk.frame != NULL) {
        written = walk.frame->args[written->is.param];
        walk.use = walk.frame->use;
        walk.frame = walk.frame->outer;
    }
    if (used_by(written) != NULL)
        return make_use(walk, written, expr);
    if (written->kind == EXPR_AND || written->kind == EXPR_OR)
        return make_chain(walk, written, expr);
    if (written->kind == EXPR_NOT)
        return make_not(walk, written, expr);
    return make_leaf(walk, written, expr);
}

/* ---- rules ---- */

static void add_condition(
    struct probe_make *make, struct probe_condition condition, struct expr *written)
{
    struct expand expand = { .arena = make->arena };
    const struct expr *expr = expand_expr(&expand, written);
    if (expand.err != ERR_OK)
        fail(make, expand.err);
    condition.at = written->at;
    condition.first_leaf = make->leaf_count;
    condition.root =
        make->err == ERR_OK ? make_node((struct walk){ make, NULL, NULL }, written, expr) : NULL;
    condition.leaf_count = make->leaf_count - condition.first_leaf;
    void *conditions = grow(make, make->conditions, make->condition_count, &make->condition_room,
        sizeof make->conditions[0]);
    if (conditions == NULL)
        return;
    make->conditions = conditions;
    make->conditions[make->condition_count++] = condition;
}

/* In the order in which the rule asks them. */
static void add_excuses(struct probe_make *make, const struct item *rule)
{
    for (const struct ast_excuse *excuse = rule->rule.excuses; excuse != NULL;
         excuse = excuse->next) {
        struct probe_condition condition = { .clause = excuse->unless,
            .place = excuse->exception == NULL ? PROBE_UNLESS : PROBE_EXCEPTION,
            .exception = excuse->exception };
        add_condition(make, condition, excuse->unless->condition);
    }
}

static void add_ifs(struct probe_make *make, const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind != STEP_KIND_IF)
            continue;
        add_condition(make, (struct probe_condition){ .place = PROBE_IF }, step->branch.condition);
        add_ifs(make, step->branch.then_steps);
        add_ifs(make, step->branch.else_steps);
    }
}

enum err probe_conditions(struct probe_make *make, const struct item *rule)
{
    add_condition(make, (struct probe_condition){ .place = PROBE_WHEN }, rule->rule.when);
    add_excuses(make, rule);
    add_ifs(make, rule->rule.steps);
    return make->err;
}
