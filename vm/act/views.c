/* views.c - see views.h. */
#include "act/views.h"

#include "base/buf.h"
#include "base/fold.h"
#include "base/json_writer.h"
#include "base/limits.h"

/* ---- what a condition reads ---- */

/* Whether more names can only make its value true, or leave it. */
static bool is_monotone(const struct instruction *in)
{
    switch ((enum opcode)in->opcode) {
    case OP_CONSTANT:
    case OP_FIELD:
    case OP_RAW:
    case OP_TAG:
    case OP_LOST:
    case OP_EXISTS:
    case OP_AND:
    case OP_OR:
    case OP_RETURN:
        return true;
    case OP_EQUAL:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
    case OP_IN:
    case OP_BETWEEN:
    case OP_CONTAINS:
    case OP_STARTSWITH:
    case OP_ENDSWITH:
    case OP_LIKE:
    case OP_MATCHES:
    case OP_ANYWHERE:
        return (in->flags & FLAG_ALL) == 0;
    case OP_RESULT:
    case OP_CONVERT:
    case OP_CALL:
    case OP_FIRST:
    case OP_FORMAT:
    case OP_NOT_EQUAL:
    case OP_NOT_IN:
    case OP_NOT_BETWEEN:
    case OP_MISSING:
    case OP_UNKNOWN:
    case OP_IS_NULL:
    case OP_NOT:
    case OP_JUMP:
    case OP_JUMP_FALSE:
    case OP_BRANCH:
    case OP_JOIN:
    case OP_STEP:
    case OP_HALT:
    case OP_COUNT:
        return false;
    }
    return false;
}

void condition_reads_add(
    const struct program *program, uint32_t start, struct condition_reads *reads)
{
    const struct instruction *in;
    uint32_t at = start;
    do {
        in = &program->code[at++];
        if ((in->opcode == OP_FIELD || in->opcode == OP_LOST) && target_has((enum field)in->a))
            reads->has[in->a] = true;
        reads->has_negation |= !is_monotone(in);
    } while (in->opcode != OP_RETURN && at < program->code_count);
}

/* ---- names as values ---- */

struct choices {
    struct arena *arena;
    value *values;
    const char **gaps;
    uint32_t count;
};

static MUST_CHECK enum err choices_new(struct arena *arena, uint32_t room, struct choices *ret)
{
    *ret = (struct choices){ .arena = arena,
        .values = ARENA_ARRAY(arena, value, room),
        .gaps = ARENA_ARRAY(arena, const char *, room) };
    return ret->values == NULL || ret->gaps == NULL ? ERR_MEMORY : ERR_OK;
}

static uint32_t count_spellings(const struct name *name, bool with_loose)
{
    uint32_t count = 0;
    for (const struct spelling *one = name->spellings; one != NULL; one = one->next)
        count += with_loose || !one->is_loose;
    return count;
}

/* The spellings of the names up to `end` as one value. */
static MUST_CHECK enum err choose(struct choices *choices, const struct name *first,
    const struct name *end, bool with_loose, const char *gap)
{
    uint32_t room = 0;
    uint32_t count = 0;
    for (const struct name *name = first; name != end; name = name->next)
        room += count_spellings(name, with_loose);
    value *values = ARENA_ARRAY(choices->arena, value, room + 1);
    if (values == NULL)
        return ERR_MEMORY;
    for (const struct name *name = first; name != end; name = name->next)
        for (const struct spelling *one = name->spellings; one != NULL; one = one->next)
            if (with_loose || !one->is_loose)
                values[count++] = one->v;
    choices->gaps[choices->count] = gap;
    choices->values[choices->count++] = count == 0   ? VALUE_NONE
                                        : count == 1 ? values[0]
                                                     : value_list(values, count);
    return ERR_OK;
}

/* All names at once; for a negation each by itself too, as it is and as it may be meant. */
static MUST_CHECK enum err choose_names(
    struct choices *choices, const struct target *target, enum field field, bool has_negation)
{
    const struct name *names = target->names[field];
    TRY(choose(choices, names, NULL, true, target->gaps[field]));
    for (const struct name *name = names; has_negation && name != NULL; name = name->next) {
        uint32_t exact = count_spellings(name, false);
        bool is_loose_too = exact < count_spellings(name, true);
        if (exact > 0)
            TRY(choose(choices, name, name->next, false, target->gaps[field]));
        if (exact > 0 && is_loose_too && names->next != NULL)
            TRY(choose(choices, name, name->next, true, target->gaps[field]));
    }
    return ERR_OK;
}

static uint32_t count_names(const struct target *target, enum field field)
{
    uint32_t count = 0;
    for (const struct name *name = target->names[field]; name != NULL; name = name->next)
        count++;
    return count;
}

/* ---- tags as values ---- */

/* How many tags before `tag` have its key: keys are compared without case, and one condition
 * sees one of them. */
static uint32_t rank_of(const struct tag_set *set, const struct target_tag *tag)
{
    uint32_t rank = 0;
    for (const struct target_tag *one = set->tags; one != tag; one = one->next)
        rank += fold_equal(one->key, tag->key);
    return rank;
}

static uint32_t count_ranks(const struct tag_set *set)
{
    uint32_t ranks = 1;
    for (const struct target_tag *tag = set->tags; tag != NULL; tag = tag->next) {
        uint32_t rank = rank_of(set, tag);
        ranks = rank >= ranks ? rank + 1 : ranks;
    }
    return ranks;
}

static bool has_later(const struct target_tag *tag, str key)
{
    for (const struct target_tag *one = tag->next; one != NULL; one = one->next)
        if (fold_equal(one->key, key))
            return true;
    return false;
}

/* {"env": "prod"}: of each key the tag of that rank, or the last. */
static MUST_CHECK enum err write_tags(
    struct arena *arena, const struct tag_set *set, uint32_t rank, value *ret_value)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(EVENT_BYTES_MAX);
    struct json_writer json = { .out = &out };
    json_open(&json, NULL, '{');
    for (const struct target_tag *tag = set->tags; tag != NULL; tag = tag->next) {
        uint32_t own = rank_of(set, tag);
        CLEANUP(buf_release) struct buf key = BUF_INIT(EVENT_BYTES_MAX);
        buf_add(&key, tag->key);
        buf_add_byte(&key, '\0');
        if (key.err != ERR_OK)
            return key.err;
        if (own == rank || (own < rank && !has_later(tag, tag->key)))
            json_text(&json, key.ptr, tag->text);
    }
    json_close(&json, '}');
    if (out.err != ERR_OK)
        return out.err;
    str text = arena_copy(arena, buf_str(&out));
    *ret_value = (value){ .kind = VALUE_OBJECT, .count = (uint32_t)text.len, .text = text.ptr };
    return text.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static MUST_CHECK enum err choose_tags(struct choices *choices, const struct target *target)
{
    const char *gap = target->gaps[FIELD_RESOURCE_TAGS];
    for (const struct tag_set *set = target->sets; set != NULL; set = set->next) {
        uint32_t ranks = count_ranks(set);
        for (uint32_t rank = 0; rank < ranks; rank++) {
            value *v = &choices->values[choices->count];
            choices->gaps[choices->count++] = set->gap != NULL ? set->gap : gap;
            *v = set->v;
            if (v->kind == VALUE_ABSENT && set->tags != NULL)
                TRY(write_tags(choices->arena, set, rank, v));
        }
    }
    if (choices->count == 0)
        return choose(choices, NULL, NULL, true, gap);
    return ERR_OK;
}

static uint32_t count_tag_choices(const struct target *target)
{
    uint32_t count = 1;
    for (const struct tag_set *set = target->sets; set != NULL; set = set->next)
        count += count_ranks(set);
    return count;
}

/* ---- views ---- */

static MUST_CHECK enum err field_begin(
    struct view_field *view, const struct target *target, enum field field, bool has_negation)
{
    struct choices choices;
    bool is_tags = field == FIELD_RESOURCE_TAGS;
    uint32_t room = is_tags ? count_tag_choices(target) : 1 + 2 * count_names(target, field);
    TRY(choices_new(target->arena, room, &choices));
    if (is_tags)
        TRY(choose_tags(&choices, target));
    else
        TRY(choose_names(&choices, target, field, has_negation));
    *view = (struct view_field){ choices.values, choices.gaps, choices.count, 0 };
    return ERR_OK;
}

static void show(struct views *views, enum field field)
{
    const struct view_field *view = &views->fields[field];
    views->event.fields[field] = view->values[view->at];
    views->gaps[field] = view->gaps[view->at];
    views->event.lost[field] = view->gaps[view->at] != NULL;
}

enum err views_begin(struct views *views, const struct target *target, const struct event *alert,
    const struct condition_reads *reads)
{
    uint64_t count = 1;
    *views = (struct views){ .event = *alert, .has_more = true };
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        if (!target_has(field))
            continue;
        views->event.fields[field] = VALUE_NONE;
        views->event.lost[field] = false;
        if (!reads->has[field])
            continue;
        TRY(field_begin(&views->fields[field], target, field, reads->has_negation));
        count *= views->fields[field].count;
        if (count > VIEWS_MAX)
            return ERR_LIMIT;
        show(views, field);
    }
    return ERR_OK;
}

void views_next(struct views *views)
{
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        struct view_field *view = &views->fields[field];
        if (view->count == 0)
            continue;
        view->at = view->at + 1 < view->count ? view->at + 1 : 0;
        show(views, field);
        if (view->at > 0)
            return;
    }
    views->has_more = false;
}
