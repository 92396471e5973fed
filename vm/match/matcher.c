/* matcher.c - see matcher.h. */
#include "match/matcher.h"

#include "base/limits.h"
#include "match/asked.h"

#include <stdlib.h>

/* ---- begin and end ---- */

enum err matcher_new(const struct match_image *image, struct matcher **ret_matcher)
{
    struct matcher *matcher = calloc(1, sizeof *matcher);
    uint32_t predicates = image->predicates.count;
    uint32_t conditions = image->condition_count;
    if (matcher == NULL)
        return ERR_MEMORY;
    matcher->image = image;
    matcher->scratch = (struct arena)ARENA_INIT(EVENT_BYTES_MAX);
    matcher->element = (struct arena)ARENA_INIT(EVENT_BYTES_MAX);
    matcher->truths.stamps = calloc((size_t)predicates + 1, sizeof(uint32_t));
    matcher->truths.rows = calloc((size_t)image->predicates.row_count + 1, sizeof(uint32_t));
    matcher->truths.held = calloc((size_t)predicates + 1, sizeof(uint32_t));
    matcher->answers = calloc((size_t)predicates + 1, sizeof *matcher->answers);
    matcher->looked_at = calloc((size_t)conditions + 1, sizeof(uint32_t));
    matcher->matches = calloc((size_t)image->program->rule_count + 1, sizeof *matcher->matches);
    size_t paths = (size_t)image->program->path_count + 1;
    matcher->laid = calloc(paths, sizeof *matcher->laid);
    matcher->values = calloc(paths, sizeof *matcher->values);
    matcher->set_paths = calloc(paths, sizeof *matcher->set_paths);
    enum err err = skimmer_new(image->plan, &matcher->skimmer);
    if (matcher->truths.stamps == NULL || matcher->truths.rows == NULL
        || matcher->truths.held == NULL || matcher->answers == NULL || matcher->looked_at == NULL
        || matcher->matches == NULL || matcher->laid == NULL || matcher->values == NULL
        || matcher->set_paths == NULL)
        err = ERR_MEMORY;
    if (err != ERR_OK)
        matcher_free(matcher);
    else
        *ret_matcher = matcher;
    return err;
}

void matcher_free(struct matcher *matcher)
{
    if (matcher == NULL)
        return;
    skimmer_free(matcher->skimmer);
    arena_release(&matcher->scratch);
    arena_release(&matcher->element);
    free(matcher->truths.stamps);
    free(matcher->truths.rows);
    free(matcher->truths.held);
    free(matcher->answers);
    free(matcher->looked_at);
    free(matcher->matches);
    free(matcher->laid);
    free(matcher->values);
    free(matcher->set_paths);
    free(matcher);
}

void asked_begin(struct matcher *matcher)
{
    const struct match_image *image = matcher->image;
    struct truths *truths = &matcher->truths;
    if (matcher->scratch.newest != NULL)
        arena_release(&matcher->scratch);
    asked_raw_forget(matcher);
    truths->held_count = 0;
    matcher->match_count = 0;
    matcher->raw = NULL;
    matcher->event = NULL;
    if (++truths->alert != 0)
        return;
    /* Once in four billion alerts the numbers begin anew, so no old stamp may look like a new one. */
    memset(truths->stamps, 0, image->predicates.count * sizeof *truths->stamps);
    memset(truths->rows, 0, image->predicates.row_count * sizeof *truths->rows);
    memset(matcher->looked_at, 0, image->condition_count * sizeof *matcher->looked_at);
    memset(matcher->answers, 0, image->predicates.count * sizeof *matcher->answers);
    truths->alert = 1;
}

struct matcher_counts matcher_counts(const struct matcher *matcher)
{
    return matcher->counts;
}

void matcher_count_rules(struct matcher *matcher, uint64_t *looked_at)
{
    matcher->rule_counts = looked_at;
}

/* ---- values to predicates ---- */

static bool is_something(value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL && v.kind != VALUE_OBJECT;
}

/* What asking an element took is given back once it is more than a little: an alert needs a few times
 * its longest text, however many subjects read that text. */
enum { ELEMENT_KEPT_BYTES = 256 * 1024 };

enum err asked_element(struct matcher *matcher, const struct subject_group *group, value element)
{
    const struct asking asking = { &matcher->truths, &matcher->element };
    if (group->there != NO_INDEX && is_something(element))
        truths_add(&matcher->truths, group->there);
    enum err err = subject_index_ask(group->index, element, &asking);
    if (matcher->element.held > ELEMENT_KEPT_BYTES)
        arena_release(&matcher->element);
    return err;
}

enum err asked_value(struct matcher *matcher, const struct subject_group *group, value v)
{
    const value *items = value_items(v);
    if (v.kind == VALUE_ABSENT)
        return ERR_OK;
    subject_index_there(group->index, &matcher->truths);
    if (v.kind != VALUE_LIST && v.kind != VALUE_SET)
        return asked_element(matcher, group, v);
    for (uint32_t at = 0; at < v.count; at++)
        TRY(asked_element(matcher, group, items[at]));
    return ERR_OK;
}

struct leaves {
    struct matcher *matcher;
    const struct subject_group *group;
    enum err err;
};

/* A function for json_leaves: true ends the search. */
static bool ask_leaf(void *self, str leaf)
{
    struct leaves *leaves = self;
    leaves->err = asked_element(leaves->matcher, leaves->group, value_text(leaf));
    return leaves->err != ERR_OK;
}

enum err asked_leaves(struct matcher *matcher, str json)
{
    const struct predicates *predicates = &matcher->image->predicates;
    struct leaves leaves = { matcher,
        predicates_group(predicates, (struct subject){ SUBJECT_LEAVES, 0 }), ERR_OK };
    bool is_cut_off;
    if (leaves.group == NULL)
        return ERR_OK;
    TRY(json_leaves(json, ask_leaf, &leaves, &is_cut_off));
    return leaves.err;
}

static enum err ask_fields(struct matcher *matcher, const struct event *event)
{
    const struct match_image *image = matcher->image;
    for (uint32_t at = 0; at < image->field_group_count; at++) {
        const struct subject_group *group = image->field_groups[at];
        TRY(asked_value(matcher, group, event->fields[group->subject.index]));
    }
    return ERR_OK;
}

/* ---- predicates to conditions ---- */

static enum err value_of(struct matcher *matcher, struct subject subject, value *ret_value)
{
    *ret_value = VALUE_NONE;
    if (subject.kind == SUBJECT_FIELD) {
        TRY(asked_event(matcher));
        *ret_value = matcher->event->fields[subject.index];
        return ERR_OK;
    }
    TRY(asked_raw(matcher));
    if (subject.index < matcher->raw->count)
        *ret_value = matcher->raw->values[subject.index];
    return ERR_OK;
}

/* Ask the predicate by itself, once for an alert. */
static enum err confirm(struct matcher *matcher, uint32_t predicate, enum answer *ret_answer)
{
    const struct predicate *asked = &matcher->image->predicates.items[predicate];
    struct kept_answer *kept = &matcher->answers[predicate];
    *ret_answer = kept->answer;
    if (kept->alert == matcher->truths.alert)
        return ERR_OK;
    bool holds = false;
    *ret_answer = ANSWER_UNKNOWN;
    if (asked->subject.kind != SUBJECT_LEAVES) {
        value v;
        TRY(value_of(matcher, asked->subject, &v));
        matcher->counts.confirmed++;
        enum err err =
            predicates_holds(&matcher->image->predicates, predicate, v, &matcher->scratch, &holds);
        if (err != ERR_OK && err != ERR_UNDECIDED && err != ERR_BUDGET)
            return err;
        if (err == ERR_OK)
            *ret_answer = holds ? ANSWER_YES : ANSWER_NO;
    }
    *kept = (struct kept_answer){ matcher->truths.alert, *ret_answer };
    return ERR_OK;
}

static enum err answer_of(struct matcher *matcher, uint32_t predicate, enum answer *ret_answer)
{
    uint32_t index = predicate & ~PREDICATE_CONFIRM;
    *ret_answer = ANSWER_NO;
    if (predicate == PREDICATE_CONSTANT)
        return ERR_OK;
    if (predicate == PREDICATE_OPAQUE) {
        *ret_answer = ANSWER_UNKNOWN;
        return ERR_OK;
    }
    bool is_filter = matcher->image->predicates.items[index].way == INDEX_FILTER;
    if (is_filter && !truths_has(&matcher->truths, index))
        return ERR_OK;
    return confirm(matcher, index, ret_answer);
}

enum err asked_condition(struct matcher *matcher, uint32_t first, uint16_t *ret_answer)
{
    const struct branch *branches = matcher->image->branches + first;
    uint16_t at = 0;
    do {
        const struct branch *branch = &branches[at];
        enum answer answer;
        if (branch->predicate < PREDICATE_CONFIRM)
            answer = truths_has(&matcher->truths, branch->predicate) ? ANSWER_YES : ANSWER_NO;
        else
            TRY(answer_of(matcher, branch->predicate, &answer));
        if (answer == ANSWER_UNKNOWN) {
            *ret_answer = ANSWER_ASK;
            return ERR_OK;
        }
        at = answer == ANSWER_YES ? branch->on_true : branch->on_false;
    } while (at < BRANCHES_MAX);
    *ret_answer = at;
    return ERR_OK;
}

static enum err look_at(struct matcher *matcher, uint32_t first)
{
    const struct branch *head = &matcher->image->branches[first - 1];
    uint32_t rule = head->predicate;
    uint16_t answer;
    if (head->on_true != 0) {
        if (matcher->looked_at[rule] == matcher->truths.alert)
            return ERR_OK;
        matcher->looked_at[rule] = matcher->truths.alert;
    }
    matcher->counts.candidates++;
    if (matcher->rule_counts != NULL)
        matcher->rule_counts[rule]++;
    TRY(asked_condition(matcher, first, &answer));
    if (answer != ANSWER_FALSE)
        matcher->matches[matcher->match_count++] =
            (struct match){ .rule = rule, .is_certain = answer == ANSWER_TRUE };
    return ERR_OK;
}

static int by_rule(const void *a, const void *b)
{
    uint32_t left = ((const struct match *)a)->rule;
    uint32_t right = ((const struct match *)b)->rule;
    return (left > right) - (left < right);
}

/* Look at the rules that the predicate is a witness of, where what they need besides is marked too. */
static enum err look_at_rules_of(struct matcher *matcher, uint32_t predicate)
{
    const struct match_image *image = matcher->image;
    const struct match_group *group = image->groups + image->group_starts[predicate];
    const struct match_group *end = image->groups + image->group_starts[predicate + 1];
    for (; group < end; group++)
        if (group->also == NO_INDEX || truths_has(&matcher->truths, group->also))
            for (uint32_t at = group[0].first; at < group[1].first; at++)
                TRY(look_at(matcher, image->of_rules.items[at]));
    return ERR_OK;
}

enum err asked_rules(struct matcher *matcher, struct matches *ret_matches)
{
    const struct match_image *image = matcher->image;
    const struct truths *truths = &matcher->truths;
    for (uint32_t held = 0; held < truths->held_count; held++)
        TRY(look_at_rules_of(matcher, truths->held[held]));
    for (uint32_t at = 0; at < image->always_count; at++)
        TRY(look_at(matcher, image->always[at]));
    if (matcher->match_count > 1)
        qsort(matcher->matches, matcher->match_count, sizeof *matcher->matches, by_rule);
    *ret_matches = (struct matches){ matcher->matches, matcher->match_count };
    return ERR_OK;
}

/* ---- an event ---- */

enum err matcher_event(
    struct matcher *matcher, const struct event *event, struct matches *ret_matches)
{
    const struct match_image *image = matcher->image;
    asked_begin(matcher);
    matcher->raw = &event->raw;
    matcher->event = event;
    for (uint32_t at = 0; at < event->raw.count; at++)
        if (image->raw_groups[at] != NULL)
            TRY(asked_value(matcher, image->raw_groups[at], event->raw.values[at]));
    TRY(ask_fields(matcher, event));
    TRY(asked_leaves(matcher, event->text));
    return asked_rules(matcher, ret_matches);
}

enum err matcher_rule(struct matcher *matcher, const struct event *event, uint32_t rule,
    enum matcher_answer *ret_answer)
{
    struct matches matches;
    TRY(matcher_event(matcher, event, &matches));
    *ret_answer = MATCHER_SILENT;
    for (uint32_t at = 0; at < matches.count; at++)
        if (matches.items[at].rule == rule)
            *ret_answer = matches.items[at].is_certain ? MATCHER_CERTAIN : MATCHER_MAY;
    return ERR_OK;
}
