/* image_plan.c - what `explain --plan` tells of an image: witnesses in the words of rules. */
#include "base/buf.h"
#include "match/image_private.h"
#include "match/regex.h"

enum {
    WITNESS_BYTES_MAX = 64 * 1024,
    TESTS_SHOWN = 8,  /* of a witness: a list of a thousand says no more */
    VALUES_SHOWN = 4, /* of a list */
    TEXT_SHOWN = 60,
};

/* ---- words ---- */

static const char *word_of(uint8_t opcode)
{
    switch ((int)opcode) {
    case OP_EQUAL:
        return "=";
    case OP_LESS:
        return "<";
    case OP_LESS_EQUAL:
        return "<=";
    case OP_GREATER:
        return ">";
    case OP_GREATER_EQUAL:
        return ">=";
    case OP_IN:
        return "in";
    case OP_BETWEEN:
        return "between";
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

static enum err add_scalar(
    const struct program *program, value v, struct arena *arena, struct buf *out)
{
    if (v.kind == VALUE_REGEX) {
        buf_add(out, regex_text(program->regexes[v.integer]));
        return ERR_OK;
    }
    str text = value_print(arena, v);
    if (text.ptr == NULL)
        return ERR_MEMORY;
    const char *quote = v.kind == VALUE_TEXT ? "\"" : "";
    str shown = str_first(text, TEXT_SHOWN);
    buf_addf(out, "%s%.*s%s%s", quote, STR_ARG(shown), shown.len < text.len ? ".." : "", quote);
    return ERR_OK;
}

static enum err add_value(
    const struct program *program, value v, struct arena *arena, struct buf *out)
{
    const value *items = value_items(v);
    if (items == NULL && v.kind != VALUE_LIST)
        return add_scalar(program, v, arena, out);
    buf_add(out, STR("["));
    for (uint32_t at = 0; at < v.count && at < VALUES_SHOWN; at++) {
        buf_add(out, at > 0 ? STR(", ") : STR(""));
        TRY(add_scalar(program, items[at], arena, out));
    }
    if (v.count > VALUES_SHOWN)
        buf_addf(out, ", .. %u in all", v.count);
    buf_add(out, STR("]"));
    return ERR_OK;
}

static enum err add_test(const struct program *program, struct subject subject,
    const struct leaf_test_code *test, struct arena *arena, struct buf *out)
{
    if (test->opcode == OP_EXISTS)
        buf_add(out, STR("exists "));
    add_subject(program, subject, out);
    if (test->opcode == OP_EXISTS)
        return ERR_OK;
    buf_addf(out, " %s", word_of(test->opcode));
    if (test->right == NO_INDEX)
        return ERR_OK;
    buf_add(out, STR(" "));
    TRY(add_value(program, program->constants[test->right], arena, out));
    if (test->high != NO_INDEX) {
        buf_add(out, STR(" and "));
        TRY(add_value(program, program->constants[test->high], arena, out));
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

/* What stands in the way of a witness: the most telling thing that the condition has. */
static const char *reason_of(
    const struct match_image *image, const struct match_condition *condition)
{
    bool has_test = false;
    bool has_opaque = false;
    for (uint32_t at = 0; at < condition->count; at++) {
        const struct branch *branch = &image->branches[condition->first + at];
        has_opaque |= branch->predicate == PREDICATE_OPAQUE;
        has_test |= branch->predicate < PREDICATE_CONSTANT
                    && image->predicates.items[branch->predicate].way != INDEX_NONE;
    }
    if (has_test)
        return "one of its alternatives asks only for what an alert does not have (`not`, "
               "`missing`), or for what no index knows";
    if (has_opaque)
        return "it asks only what is computed from the alert";
    return "it asks only for what no index knows: patterns without a fixed part";
}

enum err match_image_plan(const struct match_image *image, uint32_t rule, struct arena *arena,
    struct match_plan *ret_plan)
{
    const struct match_condition *condition = &image->conditions[rule];
    CLEANUP(buf_release) struct buf witness = BUF_INIT(WITNESS_BYTES_MAX);
    struct match_plan plan = { .is_always = condition->is_always,
        .is_exact = condition->is_exact,
        .candidates = condition->is_always ? 1 : condition->chance,
        .witness = STR("") };
    if (plan.is_always)
        plan.reason = reason_of(image, condition);
    else
        TRY(add_witness(image, rule, arena, &witness));
    if (witness.len > 0)
        plan.witness = arena_copy(arena, buf_str(&witness));
    *ret_plan = plan;
    return plan.witness.ptr == NULL ? ERR_MEMORY : ERR_OK;
}
