/* branches.c - see branches.h. */
#include "match/branches.h"

#include "function.h"

/* Fewer are not worth a predicate of their own: each may be another rule's too. */
enum { GROUP_LEAST = 4 };

/* What an instruction left on the stack, as far as a test wants to know it. */
enum cell_kind { CELL_OTHER, CELL_SUBJECT, CELL_CONSTANT, CELL_TEST };

struct cell {
    enum cell_kind kind;
    bool is_address;        /* of SUBJECT: a raw path read as an address */
    struct subject subject; /* of SUBJECT and TEST */
    uint32_t constant;
    struct leaf_test_code test;
};

struct reader {
    const struct program *program;
    struct arena *arena;
    uint32_t start;
    uint32_t length; /* instructions, RETURN included */
    uint32_t at;
    uint32_t inner_until; /* jumps within an operand land here at the latest: no leaf ends before */
    bool is_odd;          /* the code is not of the form that conditions have */
    uint32_t depth;
    struct cell stack[STACK_MAX];
    uint32_t *leaf_at; /* by instruction: the leaf that begins there, or NO_INDEX */
    uint32_t *ends;    /* by leaf: the instruction after it */
    struct leaf *leaves;
    uint32_t count;
};

static const struct instruction *instruction_at(const struct reader *reader, uint32_t at)
{
    return &reader->program->code[reader->start + at];
}

static uint32_t length_of(const struct program *program, uint32_t start)
{
    uint32_t at = start;
    while (program->code[at].opcode != OP_RETURN)
        at++;
    return at - start + 1;
}

/* ---- operands and tests ---- */

static void push(struct reader *reader, struct cell cell)
{
    if (reader->depth < STACK_MAX)
        reader->stack[reader->depth++] = cell;
    else
        reader->is_odd = true;
}

static void pop_many(struct reader *reader, uint32_t count)
{
    reader->is_odd = reader->is_odd || count > reader->depth;
    reader->depth -= count < reader->depth ? count : reader->depth;
}

static struct cell pop(struct reader *reader)
{
    pop_many(reader, 1);
    return reader->stack[reader->depth];
}

static void push_other(struct reader *reader)
{
    push(reader, (struct cell){ .kind = CELL_OTHER });
}

static bool is_network(value v)
{
    return v.kind == VALUE_IP || v.kind == VALUE_CIDR;
}

/* Whether `in` asks of a raw path read as an address what it would ask of its text: of networks alone, since
 * text that spells an address is one beside them (operate.c, loosen), and what spells none is in none. */
static bool is_in_networks(
    const struct reader *reader, const struct instruction *in, uint32_t right)
{
    value list = right == NO_INDEX ? VALUE_NONE : reader->program->constants[right];
    const value *items = value_items(list);
    bool is = in->opcode == OP_IN && (in->flags & (FLAG_ALL | FLAG_ALL_RIGHT)) == 0
              && (items != NULL || is_network(list));
    for (uint32_t at = 0; is && items != NULL && at < list.count; at++)
        is = is_network(items[at]);
    return is;
}

/* A test of a subject with a constant, or anything. */
static void push_test(struct reader *reader, const struct instruction *in, struct cell left,
    uint32_t right, uint32_t high, bool is_plain)
{
    struct cell cell = { .kind = left.kind == CELL_SUBJECT && is_plain ? CELL_TEST : CELL_OTHER,
        .subject = left.subject,
        .test = { in->opcode, in->flags, right, high } };
    if (left.is_address) {
        cell.kind =
            cell.kind == CELL_TEST && is_in_networks(reader, in, right) ? CELL_TEST : CELL_OTHER;
        cell.test.flags |= FLAG_LOOSE;
    }
    push(reader, cell);
}

static void read_anywhere(struct reader *reader, const struct instruction *in)
{
    struct cell right = pop(reader);
    struct cell leaves = { .kind = CELL_SUBJECT, .subject = { SUBJECT_LEAVES, 0 } };
    uint8_t flags =
        in->flags & (FLAG_CASED | FLAG_ALL_RIGHT); /* the others say nothing of leaves */
    struct instruction test = { (uint8_t)in->a, flags, 0 };
    push_test(reader, &test, leaves, right.constant, NO_INDEX, right.kind == CELL_CONSTANT);
}

static bool is_truth(const struct reader *reader, const struct cell *cell)
{
    return cell->kind == CELL_CONSTANT
           && reader->program->constants[cell->constant].kind == VALUE_BOOL;
}

/* `true = true` and `false = true`: a written truth value where a condition stands. It says itself. */
static bool is_spelled_out(
    const struct reader *reader, const struct instruction *in, struct cell left, struct cell right)
{
    return in->opcode == OP_EQUAL && is_truth(reader, &left) && is_truth(reader, &right)
           && reader->program->constants[right.constant].boolean;
}

static void read_test(struct reader *reader, const struct instruction *in)
{
    struct cell right = pop(reader);
    struct cell left = pop(reader);
    if (is_spelled_out(reader, in, left, right)) {
        push(reader, left);
        return;
    }
    push_test(reader, in, left, right.constant, NO_INDEX, right.kind == CELL_CONSTANT);
}

static void read_between(struct reader *reader, const struct instruction *in)
{
    struct cell high = pop(reader);
    struct cell low = pop(reader);
    struct cell left = pop(reader);
    push_test(reader, in, left, low.constant, high.constant,
        low.kind == CELL_CONSTANT && high.kind == CELL_CONSTANT);
}

static uint32_t pops_of(const struct program *program, const struct instruction *in)
{
    int pops = opcode_info(in->opcode)->pops;
    if (pops == POPS_ARGS)
        return program->functions[in->a]->params_count;
    return pops == POPS_COUNT ? in->a : (uint32_t)pops;
}

/* A jump within an operand: whatever comes out at its target is no longer known. */
static void jump_inside(struct reader *reader, const struct instruction *in)
{
    uint32_t target = in->a - reader->start;
    if (target > reader->inner_until)
        reader->inner_until = target;
    pop_many(reader, 1); /* JUMP leaves its value to the target, which the other way has too */
}

static void read_operand(struct reader *reader, const struct instruction *in)
{
    switch ((int)in->opcode) {
    case OP_CONSTANT:
        push(reader, (struct cell){ .kind = CELL_CONSTANT, .constant = in->a });
        return;
    case OP_RAW:
        push(reader, (struct cell){ .kind = CELL_SUBJECT, .subject = { SUBJECT_RAW, in->a } });
        return;
    case OP_FIELD:
        push(reader, (struct cell){ .kind = CELL_SUBJECT, .subject = { SUBJECT_FIELD, in->a } });
        return;
    case OP_CONVERT: {
        struct cell cell = pop(reader);
        cell.is_address = cell.kind == CELL_SUBJECT && cell.subject.kind == SUBJECT_RAW
                          && !cell.is_address && in->a == TYPE_IP;
        cell.kind = cell.is_address ? CELL_SUBJECT : CELL_OTHER;
        push(reader, cell);
        return;
    }
    case OP_EXISTS:
    case OP_MISSING:
    case OP_IS_NULL:
        push_test(reader, in, pop(reader), NO_INDEX, NO_INDEX, true);
        return;
    case OP_BETWEEN:
    case OP_NOT_BETWEEN:
        read_between(reader, in);
        return;
    case OP_ANYWHERE:
        read_anywhere(reader, in);
        return;
    case OP_JUMP:
    case OP_JUMP_FALSE:
    case OP_AND:
    case OP_OR:
        jump_inside(reader, in);
        return;
    default:
        break;
    }
    if (in->opcode >= OP_EQUAL && in->opcode <= OP_MATCHES) {
        read_test(reader, in);
        return;
    }
    pop_many(reader, pops_of(reader->program, in));
    if (opcode_info(in->opcode)->pushes > 0)
        push_other(reader);
}

/* ---- leaves ---- */

static bool is_structure(uint8_t opcode)
{
    return opcode == OP_AND || opcode == OP_OR || opcode == OP_NOT || opcode == OP_RETURN;
}

static struct leaf *add_leaf(struct reader *reader, struct leaf leaf, uint32_t end)
{
    reader->ends[reader->count] = end;
    reader->leaves[reader->count] = leaf;
    return &reader->leaves[reader->count++];
}

static bool is_negated(uint8_t opcode)
{
    return opcode == OP_NOT_EQUAL || opcode == OP_NOT_IN || opcode == OP_NOT_BETWEEN;
}

/* A negated test with null or nothing is false whatever the subject is: no `not` of the plain one. */
static bool is_value(const struct reader *reader, uint32_t constant)
{
    if (constant == NO_INDEX)
        return true;
    enum value_kind kind = reader->program->constants[constant].kind;
    return kind != VALUE_ABSENT && kind != VALUE_NULL && kind != VALUE_OBJECT;
}

static enum leaf_kind kind_of(const struct reader *reader, const struct cell *cell)
{
    const struct leaf_test_code *test = &cell->test;
    if (is_truth(reader, cell))
        return LEAF_CONSTANT;
    if (cell->kind != CELL_TEST)
        return LEAF_OPAQUE;
    bool is_plain = !is_negated(test->opcode)
                    || (is_value(reader, test->right) && is_value(reader, test->high));
    return is_plain ? LEAF_TEST : LEAF_OPAQUE;
}

/* What the code from one structural instruction to the next came to. A negated test is two leaves:
 * something is there (operate.h), and then the test itself, which branches_read turns round. */
static void close_leaf(struct reader *reader, uint32_t begin, uint32_t end)
{
    const struct cell *cell = &reader->stack[0];
    struct leaf leaf = { .kind = reader->inner_until > begin ? LEAF_OPAQUE : kind_of(reader, cell),
        .subject = cell->subject,
        .test = cell->test };
    if (leaf.kind == LEAF_CONSTANT)
        leaf.test.right = cell->constant;
    reader->leaf_at[begin] = reader->count;
    if (leaf.kind == LEAF_TEST && is_negated(leaf.test.opcode)) {
        struct leaf there = leaf;
        there.kind = LEAF_THERE;
        add_leaf(reader, there, NO_INDEX);
    }
    add_leaf(reader, leaf, end);
}

/* A jump between leaves leads to where an answer is looked at. Otherwise the leaves are operands of
 * something larger, `(a and b) = c`; so they are where one begins while an answer waits. */
static bool is_between_leaves(const struct reader *reader, const struct instruction *in)
{
    bool is_jump = in->opcode == OP_AND || in->opcode == OP_OR;
    uint32_t target = in->a - reader->start;
    return !is_jump
           || (target < reader->length && is_structure(instruction_at(reader, target)->opcode));
}

/* Cut the code into leaves; false when it is not made of them. */
static bool read_leaves(struct reader *reader)
{
    uint32_t begin = 0;
    bool is_open = false;
    for (reader->at = 0; reader->at < reader->length && !reader->is_odd; reader->at++) {
        const struct instruction *in = instruction_at(reader, reader->at);
        bool is_inside = reader->at < reader->inner_until || reader->depth != 1;
        if (is_inside || !is_structure(in->opcode)) {
            if (!is_open && reader->depth > 0)
                return false;
            begin = is_open ? begin : reader->at;
            is_open = true;
            read_operand(reader, in);
            continue;
        }
        if (!is_between_leaves(reader, in))
            return false;
        if (is_open)
            close_leaf(reader, begin, reader->at);
        is_open = false;
        if (in->opcode == OP_AND || in->opcode == OP_OR)
            pop_many(reader, 1);
        if (in->opcode == OP_RETURN)
            return !reader->is_odd;
    }
    return false;
}

/* ---- ways on ---- */

/* Where the answer `holds` leads that arrives at instruction `at`; what lies behind is known. */
static uint32_t way_on(
    const struct reader *reader, uint32_t *const ways[2], uint32_t at, bool holds)
{
    const struct instruction *in = instruction_at(reader, at);
    uint32_t target = in->a - reader->start;
    switch ((int)in->opcode) {
    case OP_RETURN:
        return holds ? BRANCH_TRUE : BRANCH_FALSE;
    case OP_NOT:
        return ways[!holds][at + 1];
    case OP_AND:
        return holds ? reader->leaf_at[at + 1] : ways[0][target];
    case OP_OR:
        return holds ? ways[1][target] : reader->leaf_at[at + 1];
    default:
        return NO_INDEX; /* not arrived at by an answer */
    }
}

static bool constant_holds(const struct reader *reader, const struct leaf *leaf)
{
    return reader->program->constants[leaf->test.right].boolean;
}

/* The plain test whose answer turned round is this one's, or OP_COUNT. `any f != v` and `all f != v`
 * have none. */
static uint8_t turned_round(const struct leaf_test_code *test)
{
    if (test->opcode == OP_MISSING)
        return OP_EXISTS;
    if (!is_negated(test->opcode) || (test->flags & (FLAG_ANY | FLAG_ALL)) != 0)
        return OP_COUNT;
    return test->opcode == OP_NOT_EQUAL ? OP_EQUAL : test->opcode == OP_NOT_IN ? OP_IN : OP_BETWEEN;
}

static void link_leaf(const struct reader *reader, uint32_t *const ways[2], uint32_t index)
{
    struct leaf *leaf = &reader->leaves[index];
    bool is_there = leaf->kind == LEAF_THERE;
    uint32_t end = reader->ends[is_there ? index + 1 : index];
    uint8_t plain = leaf->kind == LEAF_TEST ? turned_round(&leaf->test) : OP_COUNT;
    leaf->on_true = is_there ? index + 1 : ways[plain == OP_COUNT][end];
    leaf->on_false = ways[plain != OP_COUNT][end];
    if (plain != OP_COUNT)
        leaf->test.opcode = plain;
    if (leaf->kind == LEAF_CONSTANT)
        leaf->on_true = leaf->on_false = ways[constant_holds(reader, leaf)][end];
}

/* All jumps go forward, so from the end each answer's way is known when it is asked for. */
static enum err link_leaves(struct reader *reader)
{
    uint32_t *ways[2];
    for (int holds = 0; holds < 2; holds++) {
        ways[holds] = ARENA_ARRAY(reader->arena, uint32_t, (size_t)reader->length + 1);
        if (ways[holds] == NULL)
            return ERR_MEMORY;
    }
    for (uint32_t at = reader->length; at-- > 0;)
        for (int holds = 0; holds < 2; holds++)
            ways[holds][at] = way_on(reader, ways, at, holds);
    for (uint32_t index = 0; index < reader->count; index++)
        link_leaf(reader, ways, index);
    return ERR_OK;
}

/* ---- groups ---- */

static bool is_groupable(const struct leaf *leaf)
{
    return leaf->kind == LEAF_TEST && leaf->subject.kind != SUBJECT_LEAVES
           && (leaf->test.flags & (FLAG_ALL | FLAG_ALL_RIGHT | FLAG_ANY)) == 0
           && leaf->test.opcode != OP_EXISTS;
}

static bool is_alike(const struct leaf *first, const struct leaf *leaf)
{
    return is_groupable(leaf) && leaf->on_true == first->on_true
           && leaf->subject.kind == first->subject.kind
           && leaf->subject.index == first->subject.index;
}

static void count_arrivals(const struct reader *reader, uint32_t *arrivals, uint32_t way)
{
    if (way < reader->count)
        arrivals[way]++;
}

/* `a or b or c` about one subject, and `not (a or b or c)`: leaves one after the other that lead to the
 * same place when true, and to each other when not. They are one bit. */
static enum err group_leaves(struct reader *reader)
{
    uint32_t *arrivals = ARENA_ARRAY(reader->arena, uint32_t, (size_t)reader->count + 1);
    if (arrivals == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < reader->count; at++) {
        count_arrivals(reader, arrivals, reader->leaves[at].on_true);
        count_arrivals(reader, arrivals, reader->leaves[at].on_false);
    }
    for (uint32_t at = 0; at < reader->count;) {
        struct leaf *first = &reader->leaves[at];
        uint32_t end = at + 1;
        while (is_groupable(first) && end < reader->count && arrivals[end] == 1
               && reader->leaves[end - 1].on_false == end && is_alike(first, &reader->leaves[end]))
            end++;
        if (end - at >= GROUP_LEAST) {
            first->also = end - at - 1;
            first->on_false = reader->leaves[end - 1].on_false;
        }
        at = end;
    }
    return ERR_OK;
}

/* ---- all of it ---- */

/* Whether every way leads on. What is no row of leaves has none that do. */
static bool is_forward(const struct reader *reader)
{
    bool is = reader->count > 0;
    for (uint32_t at = 0; is && at < reader->count; at++)
        is = reader->leaves[at].on_true > at && reader->leaves[at].on_false > at;
    return is;
}

enum err branches_read(const struct program *program, uint32_t start, struct arena *arena,
    struct branches *ret_branches)
{
    struct reader *reader = ARENA_NEW(arena, struct reader);
    if (reader == NULL)
        return ERR_MEMORY;
    reader->program = program;
    reader->arena = arena;
    reader->start = start;
    reader->length = length_of(program, start);
    size_t room = (size_t)reader->length + 1;
    reader->leaf_at = ARENA_ARRAY(arena, uint32_t, room);
    reader->ends = ARENA_ARRAY(arena, uint32_t, 2 * room);
    reader->leaves = ARENA_ARRAY(arena, struct leaf, 2 * room);
    if (reader->leaf_at == NULL || reader->ends == NULL || reader->leaves == NULL)
        return ERR_MEMORY;
    if (read_leaves(reader))
        TRY(link_leaves(reader));
    if (is_forward(reader)) {
        TRY(group_leaves(reader));
    } else {
        reader->leaves[0] =
            (struct leaf){ .kind = LEAF_OPAQUE, .on_true = BRANCH_TRUE, .on_false = BRANCH_FALSE };
        reader->count = 1;
    }
    *ret_branches = (struct branches){ reader->leaves, reader->count };
    return ERR_OK;
}
