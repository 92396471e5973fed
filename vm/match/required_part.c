#include "match/required_part.h"

/* ---- sets of texts ---- */

/* A copy of what is used: a set is half a kilobyte. */
static void copy(struct required *to, const struct required *from)
{
    memcpy(to->texts, from->texts, from->count * sizeof from->texts[0]);
    to->count = from->count;
}

static void only_empty(struct required *set)
{
    set->texts[0].len = 0;
    set->texts[0].is_cased = true;
    set->count = 1;
}

/* How much looking for one of these tells: the shortest decides, and of as long ones the
 * fewer are the better. 0 for what is not worth looking for. */
static uint32_t worth(const struct required *set)
{
    uint32_t shortest = set->count == 0 ? 0 : REQUIRED_BYTES_MAX;
    for (uint32_t i = 0; i < set->count; i++)
        if (set->texts[i].len < shortest)
            shortest = set->texts[i].len;
    if (shortest < REQUIRED_BYTES_MIN)
        return 0;
    return shortest * REQUIRED_TEXTS_MAX + REQUIRED_TEXTS_MAX - set->count;
}

static void take_better(struct required *best, const struct required *other)
{
    if (worth(other) > worth(best))
        copy(best, other);
}

static bool has(const struct required *set, const struct required_text *text)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->texts[i].is_cased == text->is_cased
            && str_equal(required_text(&set->texts[i]), required_text(text)))
            return true;
    return false;
}

/* The texts of both; false, and nothing done, when there are too many. */
static bool add_all(struct required *set, const struct required *other)
{
    uint32_t count = set->count;
    for (uint32_t i = 0; i < other->count; i++) {
        if (has(set, &other->texts[i]))
            continue;
        if (set->count == REQUIRED_TEXTS_MAX) {
            set->count = count;
            return false;
        }
        set->texts[set->count++] = other->texts[i];
    }
    return true;
}

static bool join(const struct required_text *left, const struct required_text *right,
    struct required_text *ret_text)
{
    if (left->len + right->len > REQUIRED_BYTES_MAX)
        return false;
    *ret_text = *left;
    memcpy(ret_text->bytes + left->len, right->bytes, right->len);
    ret_text->len = (uint8_t)(left->len + right->len);
    ret_text->is_cased = left->is_cased && right->is_cased;
    return true;
}

/* Each of `left` with each of `right` behind it; false when they are too many or too long. */
static bool multiply(
    const struct required *left, const struct required *right, struct required *ret_set)
{
    if (left->count * right->count > REQUIRED_TEXTS_MAX)
        return false;
    ret_set->count = 0;
    for (uint32_t i = 0; i < left->count; i++)
        for (uint32_t j = 0; j < right->count; j++)
            if (!join(&left->texts[i], &right->texts[j], &ret_set->texts[ret_set->count++]))
                return false;
    return true;
}

/* ---- parts ---- */

void part_empty(struct part *part)
{
    part->is_exact = true;
    only_empty(&part->first);
    part->last.count = 0;
    part->inside.count = 0;
}

void part_unknown(struct part *part)
{
    part_empty(part);
    part->is_exact = false;
    only_empty(&part->last);
}

/* Give up knowing all that it matches. */
static void make_inexact(struct part *part)
{
    if (!part->is_exact)
        return;
    part->is_exact = false;
    copy(&part->last, &part->first);
    take_better(&part->inside, &part->first);
}

static struct required *end_of(struct part *part)
{
    return part->is_exact ? &part->first : &part->last;
}

/* The usual case of part_then, without copies: the texts grow where they are. */
void part_then_text(struct part *part, str text, bool is_cased)
{
    struct required *end = end_of(part);
    for (uint32_t i = 0; i < end->count; i++) {
        if (end->texts[i].len + text.len > REQUIRED_BYTES_MAX) {
            struct part next;
            part_empty(&next);
            part_then_text(&next, text, is_cased);
            part_then(part, &next);
            return;
        }
    }
    for (uint32_t i = 0; i < end->count; i++) {
        struct required_text *grown = &end->texts[i];
        memcpy(grown->bytes + grown->len, text.ptr, text.len);
        grown->len = (uint8_t)(grown->len + text.len);
        grown->is_cased = grown->is_cased && is_cased;
    }
}

void part_then(struct part *part, const struct part *next)
{
    struct required joint;
    bool fits = multiply(end_of(part), &next->first, &joint);
    take_better(&part->inside, &next->inside);
    if (fits && next->is_exact) {
        copy(end_of(part), &joint);
        return;
    }
    bool was_exact = part->is_exact;
    make_inexact(part);
    take_better(&part->inside, fits ? &joint : &part->last);
    take_better(&part->inside, &next->first);
    if (was_exact && fits)
        copy(&part->first, &joint);
    copy(&part->last, next->is_exact ? &next->first : &next->last);
}

void part_required(const struct part *part, struct required *ret_required)
{
    ret_required->count = 0;
    take_better(ret_required, &part->inside);
    take_better(ret_required, &part->first);
    if (!part->is_exact)
        take_better(ret_required, &part->last);
}

void part_or(struct part *part, const struct part *other)
{
    struct required inside;
    struct required other_inside;
    part_required(part, &inside);
    part_required(other, &other_inside);
    if (inside.count == 0 || other_inside.count == 0 || !add_all(&inside, &other_inside))
        inside.count = 0;
    if (!part->is_exact || !other->is_exact || !add_all(&part->first, &other->first)) {
        make_inexact(part);
        if (!add_all(&part->first, &other->first))
            only_empty(&part->first);
        if (!add_all(&part->last, other->is_exact ? &other->first : &other->last))
            only_empty(&part->last);
    }
    copy(&part->inside, &inside);
}

void part_optional(struct part *part)
{
    struct part nothing;
    part_empty(&nothing);
    if (part->is_exact && add_all(&part->first, &nothing.first))
        part->inside.count = 0;
    else
        part_unknown(part);
}

void part_repeat(struct part *part)
{
    make_inexact(part);
}

void part_looks_at(struct part *part, const struct part *ahead)
{
    struct required seen;
    part_required(ahead, &seen);
    take_better(&part->inside, &seen);
}
