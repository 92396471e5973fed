/* image_plan.c - what `explain --plan` tells of an image: witnesses in the words of rules. */
#include "base/buf.h"
#include "match/image_private.h"
#include "match/regex.h"

enum {
    WITNESS_BYTES_MAX = 64 * 1024,
    TESTS_SHOWN = 8, /* of a witness: a list of a thousand says no more */
    WAY_SHOWN = 3,
    VALUES_SHOWN = 4, /* of a list */
    TEXT_SHOWN = 60,
};

/* ---- words ---- */

static const char *word_of(uint8_t opcode)
{
    switch ((int)opcode) {
    case OP_EQUAL:
        return "=";
    case OP_NOT_EQUAL:
        return "!=";
    case OP_LESS:
        return "<";
    case OP_LESS_EQUAL:
        return "<=";
    case OP_GREATER:
        return ">";
    case OP_GREATER_EQUAL:
        return ">=";
    case OP_IN:
    case OP_BETWEEN:
        return "in";
    case OP_NOT_IN:
    case OP_NOT_BETWEEN:
        return "not in";
    case OP_CONTAINS:
        return "contains";
    case OP_STARTSWITH:
        return "startswith";
    case OP_ENDSWITH:
        return "endswith";
    case OP_LIKE:
        return "like";
    case OP_MATCHES:
        return "matches";
    default:
        return "is null";
    }
}

static void add_subject(const struct program *program, struct subject subject, struct buf *out)
{
    switch (subject.kind) {
    case SUBJECT_RAW:
        buf_addf(out, "raw[\"%.*s\"]", STR_ARG(program->paths[subject.index]));
        return;
    case SUBJECT_FIELD:
        buf_add(out, str_from(field_info((enum field)subject.index)->name));
        return;
    case SUBJECT_LEAVES:
        buf_add(out, STR("anywhere"));
        return;
    }
}

/* Whether values of the subject are written as bare words: `source = guardduty`. */
static bool is_bare(struct subject subject)
{
    return subject.kind == SUBJECT_FIELD
           && field_info((enum field)subject.index)->type == TYPE_SOURCE;
}

static enum err add_scalar(
    const struct program *program, value v, bool is_word, struct arena *arena, struct buf *out)
{
    if (v.kind == VALUE_REGEX) {
        buf_add(out, regex_text(program->regexes[v.integer]));
        return ERR_OK;
    }
    str text = value_print(arena, v);
    if (text.ptr == NULL)
        return ERR_MEMORY;
    const char *quote = v.kind == VALUE_TEXT && !is_word ? "\"" : "";
    str shown = str_first(text, TEXT_SHOWN);
    buf_addf(out, "%s%.*s%s%s", quote, STR_ARG(shown), shown.len < text.len ? ".." : "", quote);
    return ERR_OK;
}

static enum err add_value(
    const struct program *program, value v, bool is_word, struct arena *arena, struct buf *out)
{
    const value *items = value_items(v);
    if (items == NULL && v.kind != VALUE_LIST)
        return add_scalar(program, v, is_word, arena, out);
    buf_add(out, STR("["));
    for (uint32_t at = 0; at < v.count && at < VALUES_SHOWN; at++) {
        buf_add(out, at > 0 ? STR(", ") : STR(""));
        TRY(add_scalar(program, items[at], is_word, arena, out));
    }
    if (v.count > VALUES_SHOWN)
        buf_addf(out, ", .. %u in all", v.count);
    buf_add(out, STR("]"));
    return ERR_OK;
}

static enum err add_test(const struct program *program, struct subject subject,
    const struct leaf_test_code *test, struct arena *arena, struct buf *out)
{
    bool is_word = is_bare(subject)
                   && (test->opcode == OP_EQUAL || test->opcode == OP_NOT_EQUAL
                       || test->opcode == OP_IN || test->opcode == OP_NOT_IN);
    if (test->opcode == OP_EXISTS)
        buf_add(out, STR("exists "));
    if ((test->flags & FLAG_ALL) != 0)
        buf_add(out, STR("all "));
    add_subject(program, subject, out);
    if (test->opcode == OP_EXISTS)
        return ERR_OK;
    buf_addf(
        out, " %s%s", word_of(test->opcode), (test->flags & FLAG_ALL_RIGHT) != 0 ? " all" : "");
    if (test->right == NO_INDEX)
        return ERR_OK;
    buf_add(out, STR(" "));
    TRY(add_value(program, program->constants[test->right], is_word, arena, out));
    if (test->high != NO_INDEX) {
        buf_add(out, STR(".."));
        TRY(add_value(program, program->constants[test->high], is_word, arena, out));
    }
    if ((test->flags & FLAG_CASED) != 0)
        buf_add(out, STR(" cased"));
    return ERR_OK;
}

/* The tests of the predicate that are shown; how many were before. */
static enum err add_predicate(const struct match_image *image, uint32_t index, struct arena *arena,
    struct buf *out, uint32_t *shown)
{
    const struct predicate *predicate = &image->predicates.items[index];
    if (predicate->kind == LEAF_THERE) {
        buf_add(out, (*shown)++ > 0 ? STR(" or exists ") : STR("exists "));
        add_subject(image->program, predicate->subject, out);
    }
    for (uint32_t at = 0; at < predicate->count; at++, ++*shown) {
        if (*shown >= TESTS_SHOWN)
            continue;
        buf_add(out, *shown > 0 ? STR(" or ") : STR(""));
        TRY(add_test(image->program, predicate->subject,
            &image->predicates.tests[predicate->first + at], arena, out));
    }
    return ERR_OK;
}

static enum err add_witness(
    const struct match_image *image, uint32_t rule, struct arena *arena, struct buf *out)
{
    const struct postings *witnesses = &image->witnesses;
    uint32_t shown = 0;
    for (uint32_t at = witnesses->starts[rule]; at < witnesses->starts[rule + 1]; at++)
        TRY(add_predicate(image, witnesses->items[at], arena, out, &shown));
    if (shown > TESTS_SHOWN)
        buf_addf(out, " or one of %u more", shown - TESTS_SHOWN);
    return out->err;
}

/* ---- why there is none ---- */

/* How a branch was come to: from which other one, by which of its ways. */
struct way_step {
    uint32_t from; /* plus one; 0: it was not */
    bool is_held;
};

/* What the branch asks; PREDICATE_CONSTANT or PREDICATE_OPAQUE where that is no test. */
static uint32_t asked_by(const struct branch *branch)
{
    bool is_test = branch->predicate < PREDICATE_CONSTANT;
    return is_test ? branch->predicate & ~PREDICATE_CONFIRM : branch->predicate;
}

/* Whether the way on is one that no index has to mark a test for. */
static bool is_free(const struct match_image *image, const struct branch *branch, bool is_held)
{
    uint32_t predicate = asked_by(branch);
    return !is_held || predicate >= PREDICATE_CONSTANT
           || image->predicates.items[predicate].way == INDEX_NONE;
}

/* How each branch, and "true" behind the last one, is come to where no test holds that an index
 * knows. Ways lead forward, so one pass will do. */
static void find_ways(const struct match_image *image, const struct match_condition *condition,
    struct way_step *steps)
{
    const struct branch *branches = image->branches + condition->first;
    for (uint32_t at = 0; at < condition->count; at++) {
        if (at > 0 && steps[at].from == 0)
            continue;
        for (int held = 1; held >= 0; held--) {
            uint16_t to = held ? branches[at].on_true : branches[at].on_false;
            uint32_t place = to == ANSWER_TRUE ? condition->count : to;
            if (to == ANSWER_FALSE || place > condition->count
                || !is_free(image, &branches[at], held) || steps[place].from != 0)
                continue;
            steps[place] = (struct way_step){ at + 1, held };
        }
    }
}

/* The steps that lead to `end`, from the first branch on; how many. */
static uint32_t steps_to(const struct way_step *steps, uint32_t end, struct way_step *ret_way)
{
    uint32_t count = 0;
    for (uint32_t at = end; at > 0 && steps[at].from > 0; at = steps[at].from - 1)
        ret_way[count++] = steps[at];
    for (uint32_t low = 0, high = count; low + 1 < high; low++) {
        struct way_step swapped = ret_way[--high];
        ret_way[high] = ret_way[low];
        ret_way[low] = swapped;
    }
    return count;
}

/* A test that holds, or does not. */
static enum err add_outcome(const struct match_image *image, uint32_t index, bool is_held,
    struct arena *arena, struct buf *out)
{
    const struct predicate *predicate = &image->predicates.items[index];
    bool is_there =
        predicate->kind == LEAF_THERE
        || (predicate->count == 1 && image->predicates.tests[predicate->first].opcode == OP_EXISTS);
    bool is_row = !is_held && predicate->count > 1;
    uint32_t tests = 0;
    if (is_there && !is_held) {
        buf_add(out, STR("missing "));
        add_subject(image->program, predicate->subject, out);
        return out->err;
    }
    buf_addf(out, "%s%s", is_held ? "" : "not ", is_row ? "(" : "");
    TRY(add_predicate(image, index, arena, out, &tests));
    buf_add(out, is_row ? STR(")") : STR(""));
    return out->err;
}

static enum err add_way(const struct match_image *image, const struct match_condition *condition,
    const struct way_step *way, uint32_t count, struct arena *arena, struct buf *out)
{
    uint32_t shown = 0;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t predicate = asked_by(&image->branches[condition->first + way[at].from - 1]);
        if (predicate >= PREDICATE_CONSTANT || ++shown > WAY_SHOWN)
            continue;
        buf_add(out, shown > 1 ? STR(" and ") : STR(""));
        TRY(add_outcome(image, predicate, way[at].is_held, arena, out));
    }
    if (shown > WAY_SHOWN)
        buf_addf(out, " and %u more", shown - WAY_SHOWN);
    return out->err;
}

static enum match_obstacle obstacle_of(const struct match_image *image,
    const struct match_condition *condition, const struct way_step *way, uint32_t count)
{
    enum match_obstacle obstacle = OBSTACLE_CONSTANT;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t predicate = asked_by(&image->branches[condition->first + way[at].from - 1]);
        if (predicate == PREDICATE_OPAQUE)
            return OBSTACLE_COMPUTED;
        if (predicate < PREDICATE_CONSTANT && way[at].is_held)
            obstacle = OBSTACLE_UNINDEXED;
        else if (predicate < PREDICATE_CONSTANT && obstacle == OBSTACLE_CONSTANT)
            obstacle = OBSTACLE_ABSENCE;
    }
    return obstacle;
}

static enum err tell_way(const struct match_image *image, const struct match_condition *condition,
    struct arena *arena, struct match_plan *plan)
{
    CLEANUP(arena_release) struct arena scratch = { 0 };
    CLEANUP(buf_release) struct buf words = BUF_INIT(WITNESS_BYTES_MAX);
    struct way_step *steps = ARENA_ARRAY(&scratch, struct way_step, (size_t)condition->count + 1);
    struct way_step *way = ARENA_ARRAY(&scratch, struct way_step, (size_t)condition->count + 1);
    if (steps == NULL || way == NULL)
        return ERR_MEMORY;
    find_ways(image, condition, steps);
    uint32_t count = steps_to(steps, condition->count, way);
    plan->obstacle = obstacle_of(image, condition, way, count);
    TRY(add_way(image, condition, way, count, arena, &words));
    plan->way = arena_copy(arena, buf_str(&words));
    return plan->way.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err match_image_plan(const struct match_image *image, uint32_t rule, struct arena *arena,
    struct match_plan *ret_plan)
{
    const struct match_condition *condition = &image->conditions[rule];
    CLEANUP(buf_release) struct buf witness = BUF_INIT(WITNESS_BYTES_MAX);
    struct match_plan plan = { .is_always = condition->is_always,
        .is_exact = condition->is_exact,
        .candidates = condition->is_always ? 1 : condition->chance,
        .witness = STR(""),
        .way = STR("") };
    if (plan.is_always)
        TRY(tell_way(image, condition, arena, &plan));
    else
        TRY(add_witness(image, rule, arena, &witness));
    if (witness.len > 0)
        plan.witness = arena_copy(arena, buf_str(&witness));
    *ret_plan = plan;
    return plan.witness.ptr == NULL ? ERR_MEMORY : ERR_OK;
}
