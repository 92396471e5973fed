/* target.h - what a step is about to act on, by every name that it goes by.
 *
 * Made of the facts of a plan, or of the fields of an alert. A name is one thing that was said,
 * in each of its spellings: the exact ones mean the same whoever reads them (an id and its ARN),
 * the loose ones are what a person or a careless list may mean by it (a host's name without its
 * domain, a look-alike).
 */
#pragma once

#include "act/step.h"
#include "base/skeleton.h"
#include "builtin.h"
#include "event.h"

enum { TARGET_TAGS_MAX = 256 }; /* of one resource, with their look-alikes */

struct spelling {
    struct spelling *next; /* the exact ones come first */
    value v;               /* of the field's type */
    bool is_loose;
};

struct name {
    struct name *next;
    struct spelling *spellings;
};

struct target_tag {
    struct target_tag *next;
    str key;
    str text;
};

/* The tags of one resource; a step may have several (an instance and its role). */
struct tag_set {
    struct tag_set *next;
    value v;                 /* as an alert wrote them; else absent, and `tags` counts */
    struct target_tag *tags; /* in order, the exact ones first */
    uint32_t count;
    bool is_said;    /* that it has these and no others */
    const char *gap; /* why they are not known, or not all; or NULL */
};

/* Set `arena` and `skeletons`, zero the rest; it is filled. */
struct target {
    struct arena *arena;
    struct skeletons *skeletons;
    str account; /* of which it is; or empty */
    str region;
    struct name *names[FIELD_COUNT];
    const char *gaps[FIELD_COUNT]; /* why some of the field is not known; or NULL */
    bool is_said[FIELD_COUNT];     /* something was, maybe that there is none */
    bool is_cut[FIELD_COUNT];      /* it may have names beyond TARGET_NAMES_MAX that nobody knows */
    uint32_t name_counts[FIELD_COUNT];
    struct tag_set *sets; /* of FIELD_RESOURCE_TAGS */
};

/* Whether the field is about what a step acts on; the others are about the alert. */
bool target_has(enum field field);

/* As the provider shows it: `facts` newest first, as a step keeps them. A tag is of the resource
 * whose resource.id was said last before it. What `row` promises and nobody says is a gap.
 * ERR_MEMORY. */
MUST_CHECK enum err target_of_facts(
    struct target *target, const struct builtin *row, const struct fact *facts);

/* As the alert says; `account` and `region` may be set before, for where it does not say.
 * ERR_MEMORY. */
MUST_CHECK enum err target_of_alert(struct target *target, const struct event *event);

/* `upper` over `lower`, field by field: the lower one's where the upper says nothing. */
void target_overlay(struct target *target, const struct target *upper, const struct target *lower);
