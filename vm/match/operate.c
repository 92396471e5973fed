#include "match/operate.h"

#include "base/fold.h"
#include "ip.h"
#include "match/glob.h"
#include "match/regex.h"
#include "number.h"
#include "value_set.h"

/* A regex may take REGEX_MATCH_LIMIT steps whatever its subject. */
enum { BYTES_PER_UNIT = 64, REGEX_UNITS = 100 };

static enum err spend(const struct operation *operation, size_t bytes)
{
    size_t units = 1 + bytes / BYTES_PER_UNIT;
    if (units > *operation->budget)
        return ERR_BUDGET;
    *operation->budget -= (uint32_t)units;
    return ERR_OK;
}

static bool has_flag(const struct operation *operation, enum instruction_flag flag)
{
    return (operation->flags & flag) != 0;
}

/* An object fits nothing that it is compared with: it is as good as absent. */
static bool is_there(value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL && v.kind != VALUE_OBJECT;
}

/* A scalar as a list of itself, so that one loop serves both. */
struct elements {
    const value *items;
    uint32_t count;
};

static struct elements elements_of(const value *v)
{
    const value *items = value_items(*v);
    if (items != NULL || v->kind == VALUE_LIST || v->kind == VALUE_SET)
        return (struct elements){ items, v->count };
    return (struct elements){ v, v->kind == VALUE_ABSENT ? 0 : 1 };
}

/* ---- one value against one ---- */

static bool bool_parse(str text, bool *ret_boolean)
{
    *ret_boolean = fold_equal(text, STR("true"));
    return *ret_boolean || fold_equal(text, STR("false"));
}

/* Vendors disagree about quoting: on raw fields text takes the kind of the other side,
 * when it spells such a value. */
static void loosen(value *v, value other, struct ip *room)
{
    value number;
    bool boolean;
    if (v->kind != VALUE_TEXT)
        return;
    if (number_is(other) && number_parse(value_str(*v), &number))
        *v = number;
    else if (other.kind == VALUE_BOOL && bool_parse(value_str(*v), &boolean))
        *v = value_bool(boolean);
    else if ((other.kind == VALUE_IP || other.kind == VALUE_CIDR) && ip_parse(value_str(*v), room))
        *v = (value){ .kind = VALUE_IP, .ip = room };
}

/* The order of two values of one kind; false when they have none. */
static bool compare(const struct operation *operation, value left, value right, int *ret_order)
{
    struct ip unused;
    if (has_flag(operation, FLAG_LOOSE) && (number_is(left) || number_is(right))) {
        loosen(&left, right, &unused);
        loosen(&right, left, &unused);
    }
    if (number_is(left) && number_is(right)) {
        *ret_order = number_compare(left, right);
        return true;
    }
    if (left.kind != right.kind)
        return false;
    if (left.kind == VALUE_TEXT) {
        str a = value_str(left);
        str b = value_str(right);
        size_t least = a.len < b.len ? a.len : b.len;
        int bytes = least == 0 ? 0 : memcmp(a.ptr, b.ptr, least);
        int cased = bytes != 0 ? bytes : (a.len > b.len) - (a.len < b.len);
        *ret_order = has_flag(operation, FLAG_CASED) ? cased : fold_compare(a, b);
        return true;
    }
    bool is_ordered = left.kind == VALUE_TIME || left.kind == VALUE_DURATION
                      || left.kind == VALUE_SEVERITY || left.kind == VALUE_VERDICT;
    *ret_order = (left.integer > right.integer) - (left.integer < right.integer);
    return is_ordered;
}

/* The order for a test that asks for it: there text of raw fields is a number or nothing. */
static bool ordered(const struct operation *operation, value left, value right, int *ret_order)
{
    bool is_text = left.kind == VALUE_TEXT && right.kind == VALUE_TEXT;
    if (is_text && has_flag(operation, FLAG_LOOSE)
        && (!number_parse(value_str(left), &left) || !number_parse(value_str(right), &right)))
        return false;
    return compare(operation, left, right, ret_order);
}

static bool is_equal(const struct operation *operation, value left, value right)
{
    struct ip left_room;
    struct ip right_room;
    int order;
    if (has_flag(operation, FLAG_LOOSE)) {
        loosen(&left, right, &left_room);
        loosen(&right, left, &right_room);
    }
    if (left.kind == VALUE_BOOL && right.kind == VALUE_BOOL)
        return left.boolean == right.boolean;
    if (left.kind == right.kind && (left.kind == VALUE_IP || left.kind == VALUE_CIDR))
        return value_same(left, right);
    return compare(operation, left, right, &order) && order == 0;
}

static bool is_in(const struct operation *operation, value left, value right)
{
    struct ip room;
    if (has_flag(operation, FLAG_LOOSE))
        loosen(&left, right, &room);
    if ((left.kind == VALUE_IP || left.kind == VALUE_CIDR) && right.kind == VALUE_CIDR)
        return ip_covers(right.ip, left.ip);
    return is_equal(operation, left, right);
}

static enum err test_text(const struct operation *operation, str left, str right, bool *ret_holds)
{
    bool is_cased = has_flag(operation, FLAG_CASED);
    uint64_t steps = 0;
    uint64_t steps_max = (uint64_t)*operation->budget * BYTES_PER_UNIT;
    switch ((int)operation->opcode) {
    case OP_STARTSWITH:
        *ret_holds = is_cased ? str_startswith(left, right) : fold_startswith(left, right);
        return ERR_OK;
    case OP_ENDSWITH:
        *ret_holds = is_cased ? str_endswith(left, right) : fold_endswith(left, right);
        return ERR_OK;
    case OP_LIKE:
        *ret_holds = glob_matches(right, left, is_cased, steps_max, &steps);
        return spend(operation, steps);
    case OP_CONTAINS:
        if (!is_cased)
            return fold_contains(left, right, ret_holds);
        *ret_holds = right.len == 0 || memmem(left.ptr, left.len, right.ptr, right.len) != NULL;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

static enum err test_regex(
    const struct operation *operation, value left, value right, bool *ret_holds)
{
    const struct program *program = operation->program;
    if (left.kind != VALUE_TEXT || right.kind != VALUE_REGEX || program == NULL || right.integer < 0
        || right.integer >= program->regex_count)
        return ERR_OK;
    return regex_matches(program->regexes[right.integer], value_str(left), ret_holds);
}

static bool order_holds(enum opcode opcode, int order)
{
    switch ((int)opcode) {
    case OP_LESS:
        return order < 0;
    case OP_LESS_EQUAL:
        return order <= 0;
    case OP_GREATER:
        return order > 0;
    case OP_GREATER_EQUAL:
        return order >= 0;
    default:
        return false;
    }
}

/* Bytes that the test may have to look at. Most stop at the end of the shorter text, so
 * that a long one does not use up a rule's budget. */
static size_t cost(const struct operation *operation, value left, value right)
{
    size_t long_text = value_str(left).len;
    size_t pattern = value_str(right).len;
    if (operation->opcode == OP_MATCHES)
        return long_text + (size_t)REGEX_UNITS * BYTES_PER_UNIT;
    if (operation->opcode == OP_CONTAINS)
        return long_text;
    return long_text < pattern ? long_text : pattern;
}

/* The positive test: `!=` as `=`, `not in` as `in`. */
static enum err test_pair(
    const struct operation *operation, value left, value right, bool *ret_holds)
{
    int order;
    *ret_holds = false;
    TRY(spend(operation, cost(operation, left, right)));
    if (!is_there(left) || !is_there(right))
        return ERR_OK;
    switch ((int)operation->opcode) {
    case OP_EQUAL:
    case OP_NOT_EQUAL:
        *ret_holds = is_equal(operation, left, right);
        return ERR_OK;
    case OP_IN:
    case OP_NOT_IN:
        *ret_holds = is_in(operation, left, right);
        return ERR_OK;
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        *ret_holds =
            ordered(operation, left, right, &order) && order_holds(operation->opcode, order);
        return ERR_OK;
    case OP_MATCHES:
        return test_regex(operation, left, right, ret_holds);
    default:
        if (left.kind != VALUE_TEXT || right.kind != VALUE_TEXT)
            return ERR_OK;
        return test_text(operation, value_str(left), value_str(right), ret_holds);
    }
}

/* ---- one value against a set ---- */

static enum err text_in_set(
    const struct operation *operation, const struct value_set *set, str text, bool *ret_holds)
{
    uint32_t count;
    const value *found = value_set_texts(set, text, &count);
    *ret_holds = count > 0 && !has_flag(operation, FLAG_CASED);
    for (uint32_t i = 0; has_flag(operation, FLAG_CASED) && !*ret_holds && i < count; i++) {
        TRY(spend(operation, text.len));
        *ret_holds = str_equal(value_str(found[i]), text);
    }
    return ERR_OK;
}

static enum err in_set(
    const struct operation *operation, value left, const struct value_set *set, bool *ret_holds)
{
    bool is_loose = has_flag(operation, FLAG_LOOSE);
    struct ip room;
    value spelled;
    *ret_holds = false;
    TRY(spend(operation, value_str(left).len * 8));
    if (left.kind == VALUE_TEXT)
        TRY(text_in_set(operation, set, value_str(left), ret_holds));
    if (!*ret_holds && is_loose && left.kind == VALUE_TEXT) {
        if (number_parse(value_str(left), &spelled))
            *ret_holds = value_set_has_number(set, spelled, false);
        else if (set->networks_count > 0 && ip_parse(value_str(left), &room))
            *ret_holds = value_set_has_ip(set, &room);
    }
    if (left.kind == VALUE_IP)
        *ret_holds = value_set_has_ip(set, left.ip);
    if (number_is(left))
        *ret_holds = value_set_has_number(set, left, false)
                     || (is_loose && value_set_has_number(set, left, true));
    if (left.kind == VALUE_BOOL && is_loose) { /* spelled in any case, as beside one text */
        uint32_t count;
        (void)value_set_texts(set, left.boolean ? STR("true") : STR("false"), &count);
        *ret_holds = count > 0;
    }
    for (uint32_t i = 0; !*ret_holds && i < set->others_count; i++)
        TRY(test_pair(operation, left, set->others[i], ret_holds));
    return ERR_OK;
}

/* ---- lists ---- */

/* Whether `left` passes with any pattern. */
static enum err test_any_right(
    const struct operation *operation, value left, const value *right, bool *ret_holds)
{
    bool is_membership = operation->opcode == OP_IN || operation->opcode == OP_NOT_IN;
    if (right->kind == VALUE_SET && is_membership)
        return in_set(operation, left, right->set, ret_holds);
    struct elements patterns = elements_of(right);
    *ret_holds = false;
    for (uint32_t i = 0; !*ret_holds && i < patterns.count; i++)
        TRY(test_pair(operation, left, patterns.items[i], ret_holds));
    return ERR_OK;
}

/* What a list of answers comes to. Elements that are null are absent: they pass nothing. */
struct tally {
    uint32_t all;   /* elements */
    uint32_t there; /* those that are not null */
    uint32_t passed;
};

static enum err count_passes(const struct operation *operation, struct elements left,
    const value *right, bool wants_all, struct tally *tally)
{
    *tally = (struct tally){ .all = left.count };
    for (uint32_t i = 0; i < left.count; i++) {
        bool holds = false;
        if (!is_there(left.items[i]))
            continue;
        TRY(test_any_right(operation, left.items[i], right, &holds));
        tally->there++;
        tally->passed += holds;
        if (holds != wants_all)
            break; /* one is enough to know */
    }
    return ERR_OK;
}

static enum err positive(
    const struct operation *operation, value left, const value *right, bool *ret_holds)
{
    bool wants_all = has_flag(operation, FLAG_ALL);
    struct tally tally;
    TRY(count_passes(operation, elements_of(&left), right, wants_all, &tally));
    *ret_holds = wants_all ? tally.all > 0 && tally.passed == tally.all : tally.passed > 0;
    return ERR_OK;
}

/* `!=` and `not in`: there, and none is (FLAG_ANY: one is not). An absent right side
 * decides nothing, as an absent left side does. */
static enum err negative(
    const struct operation *operation, value left, const value *right, bool *ret_holds)
{
    bool wants_any = has_flag(operation, FLAG_ANY);
    struct tally tally;
    *ret_holds = false;
    if (!is_there(*right))
        return ERR_OK;
    TRY(count_passes(operation, elements_of(&left), right, wants_any, &tally));
    if (wants_any)
        *ret_holds = tally.passed < tally.there;
    else if (has_flag(operation, FLAG_ALL))
        *ret_holds = tally.all > 0 && tally.there == tally.all && tally.passed == 0;
    else
        *ret_holds = tally.there > 0 && tally.passed == 0;
    return ERR_OK;
}

enum err operate(const struct operation *operation, value left, value right, bool *ret_holds)
{
    *ret_holds = false;
    TRY(spend(operation, 0));
    if (operation->opcode == OP_NOT_EQUAL || operation->opcode == OP_NOT_IN)
        return negative(operation, left, &right, ret_holds);
    if (!has_flag(operation, FLAG_ALL_RIGHT))
        return positive(operation, left, &right, ret_holds);
    struct elements patterns = elements_of(&right);
    *ret_holds = patterns.count > 0;
    for (uint32_t i = 0; *ret_holds && i < patterns.count; i++)
        TRY(positive(operation, left, &patterns.items[i], ret_holds));
    return ERR_OK;
}

enum err operate_between(
    const struct operation *operation, value left, value low, value high, bool *ret_holds)
{
    struct elements items = elements_of(&left);
    struct tally tally = { .all = items.count };
    bool is_not = operation->opcode == OP_NOT_BETWEEN;
    *ret_holds = false;
    if (!is_there(low) || !is_there(high))
        return ERR_OK;
    for (uint32_t i = 0; i < items.count; i++) {
        int from_low;
        int from_high;
        TRY(spend(operation, value_str(items.items[i]).len));
        tally.there += is_there(items.items[i]);
        tally.passed += ordered(operation, items.items[i], low, &from_low)
                        && ordered(operation, items.items[i], high, &from_high) && from_low >= 0
                        && from_high <= 0;
    }
    bool wants_all = has_flag(operation, FLAG_ALL);
    if (!is_not)
        *ret_holds = wants_all ? tally.all > 0 && tally.passed == tally.all : tally.passed > 0;
    else if (has_flag(operation, FLAG_ANY))
        *ret_holds = tally.passed < tally.there;
    else
        *ret_holds =
            tally.there > 0 && tally.passed == 0 && (!wants_all || tally.there == tally.all);
    return ERR_OK;
}

bool operate_is_null(uint8_t flags, value v)
{
    struct elements items = elements_of(&v);
    uint32_t nulls = 0;
    for (uint32_t i = 0; i < items.count; i++)
        nulls += items.items[i].kind == VALUE_NULL;
    return (flags & FLAG_ALL) != 0 ? nulls > 0 && nulls == items.count : nulls > 0;
}
