#include "match/subject_draft.h"

#include "base/fold.h"
#include "base/utf8.h"
#include "ip.h"
#include "match/glob_plan.h"
#include "match/regex.h"
#include "match/required.h"
#include "number.h"

/* ---- constants ---- */

bool bool_spelled(str text, bool *ret_boolean)
{
    /* The longest spelling has U+017F, two bytes, for the s. */
    if (text.len < 4 || text.len > 6)
        return false;
    *ret_boolean = fold_equal(text, STR("true"));
    return *ret_boolean || fold_equal(text, STR("false"));
}

static enum err keep(struct arena *arena, value v, const value **ret_value)
{
    value *kept = ARENA_NEW(arena, value);
    if (kept == NULL)
        return ERR_MEMORY;
    *kept = v;
    *ret_value = kept;
    return ERR_OK;
}

/* What a text constant spells is what a number or truth value of a raw path equals. */
static enum err add_spelled(const struct adding *adding, str text)
{
    const struct subject_test *test = adding->test;
    const value *kept;
    value spelled;
    bool is_true;
    if (!number_parse(text, &spelled)) {
        if (!bool_spelled(text, &is_true))
            return ERR_OK;
        spelled = value_bool(is_true);
    }
    TRY(keep(adding->draft->arena, spelled, &kept));
    return points_add(&adding->part->spelled, kept, test->predicate);
}

/* How likely an address is thought to be in a network: each four bits halve it twice. Far more than
 * its share of all addresses, since the networks that rules name are those that are in use. */
static double network_chance(const struct ip *ip)
{
    unsigned bits = ip->is_v4 ? ip->bits - (unsigned)IP_V4_BITS : ip->bits / 2u;
    return 0.5 / (double)(UINT64_C(1) << bits / 4);
}

static enum err add_network(const struct adding *adding, const struct ip *ip)
{
    const struct network network = { .ip = ip, .predicate = adding->test->predicate };
    adding->draft->weights[adding->owner].chance += network_chance(ip);
    return pile_add(&adding->part->networks, &network, sizeof network);
}

static enum err add_scalar(const struct adding *adding, const value *constant)
{
    struct part_draft *part = adding->part;
    part->has_numbers = part->has_numbers || number_is(*constant);
    part->has_booleans = part->has_booleans || constant->kind == VALUE_BOOL;
    if (constant->kind == VALUE_BOOL)
        adding->draft->weights[adding->owner].chance += 0.5; /* there are two */
    else
        adding->draft->weights[adding->owner].constants += 1;
    return points_add(&part->scalars, constant, adding->test->predicate);
}

static enum err add_whole_text(const struct adding *adding, const value *constant)
{
    struct part_draft *part = adding->part;
    bool is_cased = (adding->test->test.flags & FLAG_CASED) != 0;
    adding->draft->weights[adding->owner].constants += 1;
    return points_add(is_cased ? &part->cased : &part->folded, constant, adding->test->predicate);
}

/* One constant of `=` or `in`; it stays where it is. */
static enum err add_constant(const struct adding *adding, const value *constant)
{
    switch ((int)constant->kind) {
    case VALUE_TEXT:
        TRY(add_whole_text(adding, constant));
        return adding->part->is_loose ? add_spelled(adding, value_str(*constant)) : ERR_OK;
    case VALUE_CIDR:
        /* Only a network equals a network: ask_unusual. */
        return adding->test->test.opcode == OP_IN ? add_network(adding, constant->ip) : ERR_OK;
    case VALUE_IP:
        return add_network(adding, constant->ip);
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
    case VALUE_BOOL:
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_SEVERITY:
    case VALUE_VERDICT:
        return add_scalar(adding, constant);
    default:
        return ERR_OK; /* null and the like equal nothing */
    }
}

struct constants {
    const value *items;
    uint32_t count;
};

/* The right side as a list, in the program or, of one value, in `arena`. */
static enum err constants_of(struct arena *arena, value right, struct constants *ret_constants)
{
    *ret_constants = (struct constants){ value_items(right), right.count };
    if (right.kind == VALUE_LIST || right.kind == VALUE_SET)
        return ERR_OK;
    ret_constants->count = right.kind != VALUE_ABSENT;
    return keep(arena, right, &ret_constants->items);
}

/* Whether an address or a network of the alert may equal the constant. Texts of a set are not
 * asked for what they spell: operate.c, in_set. */
static bool is_unusual(const struct adding *adding, value constant)
{
    const struct test_code *test = &adding->test->test;
    struct ip unused;
    bool may_spell = adding->part->is_loose && constant.kind == VALUE_TEXT
                     && !(test->opcode == OP_IN && test->right.kind == VALUE_SET);
    return constant.kind == VALUE_IP || constant.kind == VALUE_CIDR
           || (may_spell && ip_parse(value_str(constant), &unused));
}

static enum err add_equal(const struct adding *adding)
{
    const struct subject_test *test = adding->test;
    struct constants constants;
    bool has_unusual = false;
    TRY(constants_of(adding->draft->arena, test->test.right, &constants));
    for (uint32_t i = 0; i < constants.count; i++) {
        TRY(add_constant(adding, &constants.items[i]));
        has_unusual = has_unusual || is_unusual(adding, constants.items[i]);
    }
    return has_unusual ? pile_add(&adding->part->unusual, test, sizeof *test) : ERR_OK;
}

/* ---- order ---- */

/* On raw paths text is a number or has no order. */
static value end_of(const struct part_draft *part, value constant)
{
    value number;
    if (constant.kind != VALUE_TEXT || !part->is_loose)
        return constant;
    return number_parse(value_str(constant), &number) ? number : VALUE_NONE;
}

static enum err add_range(const struct adding *adding, value constant)
{
    const struct subject_test *test = adding->test;
    struct part_draft *part = adding->part;
    value end = end_of(part, constant);
    value high = end_of(part, test->test.high);
    bool is_cased = (test->test.flags & FLAG_CASED) != 0;
    enum ranges_order order = ranges_order_of(end, is_cased);
    enum opcode opcode = test->test.opcode;
    struct range range = { .predicate = test->predicate };
    bool is_below = opcode == OP_LESS || opcode == OP_LESS_EQUAL;
    if (order == RANGES_ORDERS)
        return ERR_OK; /* never holds */
    if (opcode == OP_BETWEEN && ranges_order_of(high, is_cased) != order)
        return ERR_OK;
    range.low = is_below ? VALUE_NONE : end;
    range.high = is_below ? end : opcode == OP_BETWEEN ? high : VALUE_NONE;
    range.has_low = opcode == OP_GREATER_EQUAL || opcode == OP_BETWEEN;
    range.has_high = opcode == OP_LESS_EQUAL || opcode == OP_BETWEEN;
    part->has_numbers = part->has_numbers || order == RANGES_NUMBERS;
    return pile_add(&part->ranges[order], &range, sizeof range);
}

/* Half of all values lie on one side, a quarter between two ends. */
static enum err add_order(const struct adding *adding)
{
    const struct test_code *test = &adding->test->test;
    struct constants constants;
    bool is_between = test->opcode == OP_BETWEEN;
    adding->draft->weights[adding->owner].chance = is_between ? 0.25 : 0.5;
    if (is_between)
        return add_range(adding, test->right);
    TRY(constants_of(adding->draft->arena, test->right, &constants));
    for (uint32_t i = 0; i < constants.count; i++)
        TRY(add_range(adding, constants.items[i]));
    return ERR_OK;
}

/* ---- texts in texts ---- */

static enum err glob_way(struct arena *work, str pattern, enum index_way *ret_way)
{
    struct glob_plan plan;
    TRY(glob_plan_read(work, pattern, &plan));
    *ret_way = plan.shape == GLOB_UNKNOWN  ? INDEX_NONE
               : plan.shape == GLOB_FILTER ? INDEX_FILTER
                                           : INDEX_EXACT;
    return ERR_OK;
}

/* NULL for what is no regex of the program. */
static const struct regex *regex_of(const struct program *program, value constant)
{
    bool is_one = constant.kind == VALUE_REGEX && program != NULL && constant.integer >= 0
                  && constant.integer < program->regex_count;
    return is_one ? program->regexes[constant.integer] : NULL;
}

/* How a text test can be asked with one constant; what never holds is exact. */
static enum err text_way(
    const struct program *program, enum opcode opcode, value constant, enum index_way *ret_way)
{
    CLEANUP(arena_release) struct arena work = ARENA_INIT(0);
    const struct regex *regex = regex_of(program, constant);
    struct required required;
    *ret_way = INDEX_EXACT;
    if (opcode == OP_MATCHES && regex != NULL) {
        TRY(regex_required(regex, &required));
        *ret_way = required.count > 0 ? INDEX_FILTER : INDEX_NONE;
    } else if (opcode == OP_LIKE && constant.kind == VALUE_TEXT) {
        TRY(glob_way(&work, value_str(constant), ret_way));
    } else if (utf8_valid_bytes(value_str(constant)) != value_str(constant).len) {
        *ret_way = INDEX_NONE;
    }
    return ERR_OK;
}

static enum err add_literal(
    const struct adding *adding, str text, enum literal_place place, bool is_cased)
{
    struct literal literal = {
        .text = text, .place = place, .is_cased = is_cased, .predicate = adding->test->predicate
    };
    TRY(pile_add(&adding->draft->owners, &adding->owner, sizeof adding->owner));
    return pile_add(&adding->draft->literals, &literal, sizeof literal);
}

static enum err add_glob(const struct adding *adding, str pattern)
{
    const value *whole;
    struct glob_plan plan;
    TRY(glob_plan_read(adding->draft->arena, pattern, &plan));
    if (plan.shape != GLOB_WHOLE)
        return add_literal(
            adding, plan.piece, plan.place, (adding->test->test.flags & FLAG_CASED) != 0);
    TRY(keep(adding->draft->arena, value_text(plan.piece), &whole));
    return add_whole_text(adding, whole);
}

static enum err add_regex(const struct adding *adding, const struct regex *regex)
{
    struct required required;
    if (regex == NULL)
        return ERR_OK;
    TRY(regex_required(regex, &required));
    for (uint32_t i = 0; i < required.count; i++) {
        str text = arena_copy(adding->draft->arena, required_text(&required.texts[i]));
        if (text.ptr == NULL)
            return ERR_MEMORY;
        TRY(add_literal(adding, text, LITERAL_ANYWHERE, required.texts[i].is_cased));
    }
    return ERR_OK;
}

static enum err add_text_constant(const struct adding *adding, value constant)
{
    const struct test_code *test = &adding->test->test;
    if (test->opcode == OP_MATCHES)
        return add_regex(adding, regex_of(adding->draft->program, constant));
    if (constant.kind != VALUE_TEXT)
        return ERR_OK; /* never holds */
    if (test->opcode == OP_LIKE)
        return add_glob(adding, value_str(constant));
    enum literal_place place = test->opcode == OP_STARTSWITH ? LITERAL_START
                               : test->opcode == OP_ENDSWITH ? LITERAL_END
                                                             : LITERAL_ANYWHERE;
    return add_literal(adding, value_str(constant), place, (test->flags & FLAG_CASED) != 0);
}

/* The test is as good as the worst of its constants. */
static enum err add_text(const struct adding *adding)
{
    struct subject_test *test = adding->test;
    struct constants constants;
    TRY(constants_of(adding->draft->arena, test->test.right, &constants));
    for (uint32_t i = 0; i < constants.count; i++) {
        enum index_way way;
        TRY(text_way(adding->draft->program, test->test.opcode, constants.items[i], &way));
        if (way < test->way)
            test->way = way;
    }
    for (uint32_t i = 0; test->way != INDEX_NONE && i < constants.count; i++)
        TRY(add_text_constant(adding, constants.items[i]));
    return ERR_OK;
}

/* ---- tests ---- */

static enum index_way way_of(const struct test_code *test)
{
    bool is_list = test->right.kind == VALUE_LIST || test->right.kind == VALUE_SET;
    if (test->opcode == OP_EXISTS)
        return INDEX_EXACT;
    if ((test->flags & FLAG_ALL) != 0
        || ((test->flags & FLAG_ALL_RIGHT) != 0 && is_list && test->right.count != 1))
        return INDEX_NONE;
    switch ((int)test->opcode) {
    case OP_IS_NULL:
    case OP_EQUAL:
    case OP_IN:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
    case OP_BETWEEN:
    case OP_CONTAINS:
    case OP_STARTSWITH:
    case OP_ENDSWITH:
    case OP_LIKE:
    case OP_MATCHES:
        return INDEX_EXACT; /* at best: add_text */
    default:
        return INDEX_NONE;
    }
}

static enum err add_presence(const struct adding *adding)
{
    bool is_null = adding->test->test.opcode == OP_IS_NULL;
    struct draft *draft = adding->draft;
    uint32_t predicate = adding->test->predicate;
    draft->weights[adding->owner].chance = is_null ? 0.1 : CHANCE_THERE; /* nulls are rare */
    return pile_add(is_null ? &draft->nulls : &draft->there, &predicate, sizeof predicate);
}

enum err subject_add(const struct adding *adding)
{
    adding->test->way = way_of(&adding->test->test);
    if (adding->test->way == INDEX_NONE)
        return ERR_OK;
    switch ((int)adding->test->test.opcode) {
    case OP_EXISTS:
    case OP_IS_NULL:
        return add_presence(adding);
    case OP_EQUAL:
    case OP_IN:
        return add_equal(adding);
    case OP_CONTAINS:
    case OP_STARTSWITH:
    case OP_ENDSWITH:
    case OP_LIKE:
    case OP_MATCHES:
        return add_text(adding);
    default:
        return add_order(adding);
    }
}
