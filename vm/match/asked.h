/* asked.h - the matcher's insides: one alert asked, step by step. For matcher.c and matcher_text.c. */
#pragma once

#include "match/image_private.h"
#include "match/matcher.h"

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* Of a predicate that was asked by itself. */
struct kept_answer {
    uint32_t alert; /* as in truths */
    enum answer answer;
};

/* Values of one path that are put side by side. */
struct laid {
    uint32_t count; /* but for the mark of an empty array */
    bool is_list;
};

struct matcher {
    const struct match_image *image;
    struct truths truths;
    struct arena scratch;        /* of one alert */
    struct arena element;        /* of asking one element */
    struct kept_answer *answers; /* by predicate */
    uint32_t *looked_at;         /* by condition: the alert it was last looked at for */
    struct match *matches;
    uint32_t match_count;
    struct skimmer *skimmer;
    const struct slots
        *raw; /* what the alert holds under the paths; NULL: it was not put together */
    const struct event *event; /* with its fields; NULL: none was made */
    /* of a text, until an event is made of it */
    str text;
    struct skim_hits hits;
    struct laid *laid;   /* by path of the program: how many values it has */
    value *values;       /* by path of the program: absent but for those of this alert .. */
    uint32_t *set_paths; /* .. which are these */
    uint32_t set_count;
    int64_t received_ms;
    const struct source_program *source;
    struct slots slots;
    struct event made;
    struct matcher_counts counts;
    uint64_t *rule_counts; /* by rule: how often its tree was looked at; NULL: not counted */
};

/* Forget the alert before. */
void asked_begin(struct matcher *matcher);
/* Mark what holds for one element, for a whole value, for every leaf of the alert. ERR_MEMORY. */
MUST_CHECK enum err asked_element(
    struct matcher *matcher, const struct subject_group *group, value element);
MUST_CHECK enum err asked_value(
    struct matcher *matcher, const struct subject_group *group, value v);
MUST_CHECK enum err asked_leaves(struct matcher *matcher, str json);
/* The answer of the condition whose branches begin at `first`, as far as it is known: an enum
 * branch_answer. ERR_MEMORY. */
MUST_CHECK enum err asked_condition(struct matcher *matcher, uint32_t first, uint16_t *ret_answer);
/* Look at the rules that what was marked leads to. ERR_MEMORY. */
MUST_CHECK enum err asked_rules(struct matcher *matcher, struct matches *ret_matches);
/* Forget the values of the alert before. */
void asked_raw_forget(struct matcher *matcher);
/* Have matcher->raw, matcher->event: put together from the text where they are not there yet. ERR_MEMORY;
 * of the event ERR_BUDGET and ERR_UNDECIDED too. */
MUST_CHECK enum err asked_raw(struct matcher *matcher);
MUST_CHECK enum err asked_event(struct matcher *matcher);
