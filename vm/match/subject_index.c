#include "match/subject_parts.h"

#include "base/fold.h"
#include "ip.h"
#include "match/operate.h"
#include "number.h"

static void mark_all(const struct predicate_list *predicates, struct truths *truths)
{
    truths_add_row(truths, predicates->row, predicates->items, predicates->count);
}

void subject_index_there(const struct subject_index *index, struct truths *truths)
{
    mark_all(&index->there, truths);
}

/* A number, truth value, time or the like of the alert, or one that its text spells. */
static void ask_scalar(const struct subject_part *part, value v, struct truths *truths)
{
    enum ranges_order order = ranges_order_of(v, false);
    if (part->scalars != NULL)
        points_mark_scalar(part->scalars, v, truths);
    if (order != RANGES_ORDERS && part->ranges[order] != NULL)
        ranges_mark(part->ranges[order], v, truths);
}

/* Text of a raw path is a number, a truth value or an address, too, where it spells one and is
 * compared with one: operate.c, loosen. */
static void ask_spelled(const struct subject_part *part, str text, struct truths *truths)
{
    bool may_be_number =
        text.len > 0 && (text.ptr[0] == '-' || (text.ptr[0] >= '0' && text.ptr[0] <= '9'));
    bool is_true;
    value number;
    struct ip address;
    if (may_be_number && part->has_numbers && number_parse(text, &number))
        ask_scalar(part, number, truths);
    if (part->has_booleans && bool_spelled(text, &is_true))
        points_mark_scalar(part->scalars, value_bool(is_true), truths);
    if (part->networks != NULL && ip_parse(text, &address))
        networks_mark(part->networks, &address, truths);
}

static enum err ask_text(const struct subject_part *part, str text, const struct asking *asking)
{
    const struct ranges *folded = part->ranges[RANGES_FOLDED];
    const struct ranges *cased = part->ranges[RANGES_CASED];
    if (part->folded != NULL)
        TRY(points_mark_text(part->folded, text, asking->scratch, asking->truths));
    if (part->cased != NULL)
        TRY(points_mark_text(part->cased, text, asking->scratch, asking->truths));
    if (folded != NULL)
        ranges_mark(folded, value_text(text), asking->truths);
    if (cased != NULL)
        ranges_mark(cased, value_text(text), asking->truths);
    if (part->is_loose)
        ask_spelled(part, text, asking->truths);
    return ERR_OK;
}

/* Networks, and addresses under the loose rules: no alert's JSON has them, so they are worth no
 * table. One test after the other is asked of the definition. */
static enum err ask_unusual(const struct subject_index *index, const struct subject_part *part,
    value v, const struct asking *asking)
{
    for (uint32_t i = 0; i < part->unusual_count; i++) {
        const struct subject_test *test = &part->unusual[i];
        uint32_t budget = UINT32_MAX;
        const struct operation operation = {
            .opcode = test->test.opcode,
            .flags = test->test.flags,
            .program = index->program,
            .arena = asking->scratch,
            .budget = &budget,
        };
        bool holds;
        TRY(operate(&operation, v, test->test.right, &holds));
        if (holds)
            truths_add(asking->truths, test->predicate);
    }
    return ERR_OK;
}

static enum err ask_part(const struct subject_index *index, const struct subject_part *part,
    value v, const struct asking *asking)
{
    if (v.kind == VALUE_TEXT)
        return ask_text(part, value_str(v), asking);
    if (v.kind == VALUE_CIDR || (v.kind == VALUE_IP && part->is_loose))
        return ask_unusual(index, part, v, asking);
    if (v.kind == VALUE_IP && part->networks != NULL)
        networks_mark(part->networks, v.ip, asking->truths);
    ask_scalar(part, v, asking->truths);
    if (part->spelled != NULL)
        points_mark_scalar(part->spelled, v, asking->truths);
    return ERR_OK;
}

enum err subject_index_ask(
    const struct subject_index *index, value element, const struct asking *asking)
{
    if (element.kind == VALUE_NULL)
        mark_all(&index->nulls, asking->truths);
    if (element.kind == VALUE_TEXT) {
        if (index->literals != NULL)
            TRY(literals_find(
                index->literals, value_str(element), asking->scratch, asking->truths));
    }
    if (index->has_exact)
        TRY(ask_part(index, &index->exact, element, asking));
    if (index->has_loose)
        TRY(ask_part(index, &index->loose, element, asking));
    return ERR_OK;
}
