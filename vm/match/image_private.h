/* image_private.h - what an image is made of, for those that ask it. */
#pragma once

#include "match/image.h"
#include "match/predicates.h"
#include "match/skim.h"
#include "match/witness.h"

/* Rows of numbers under numbers: what belongs to `key` is items[starts[key]] up to starts[key + 1]. */
struct postings {
    uint32_t *starts;
    uint32_t *items;
};

/* Rules of which one predicate is a witness, and that need another one besides: items from `first` up to
 * the next group's. */
struct match_group {
    uint32_t also; /* or NO_INDEX */
    uint32_t first;
};

/* Fewer rules of one witness are looked at one by one. */
enum { SPLIT_LEAST = 6 };

/* A condition that is decided over alerts: of a rule, or the accept condition of a source. */
struct match_condition {
    uint32_t first; /* of its branches; before it stands its head */
    uint32_t count;
    bool is_always;
    bool is_exact; /* no branch is opaque */
    uint32_t also; /* a predicate that must be marked besides a witness, or NO_INDEX */
    double chance;
};

/* Paths that are read beside those of the program, because of what an alert is by them. */
enum own_path {
    PATH_SOURCE,   /* names its source in the canonical form */
    PATH_FINDINGS, /* an event of several findings is several alerts */
    PATH_RECORDS,  /* so is a file of records */
    PATH_FOUND,    /* and an answer of AWS's commands */
    OWN_PATHS
};

struct match_image {
    const struct program *program;
    const struct skim_plan *plan; /* the paths that somebody asks for, then those of `own_path` */
    uint32_t *read_paths;         /* by path of the plan: index into the program's */
    uint32_t read_count;          /* without our own */
    const struct subject_group *
        *read_groups; /* by path of the plan: what is asked about it, or NULL */
    struct predicates predicates;
    /* Of a condition: its head and its branches side by side. What an alert leads to is cold in the
     * cache, so a rule that is looked at should cost one line of it. The head's predicate is the rule,
     * and on_true says whether several predicates may lead to it. */
    struct branch *branches;
    uint32_t branch_count;
    struct match_condition *conditions; /* of the rules, then of the sources */
    uint32_t condition_count;
    struct postings of_rules; /* by predicate: the rules that it is a witness of, each by the first
                                 * of its branches .. */
    uint32_t *group_starts;   /* .. by predicate: its groups .. */
    struct match_group *groups; /* .. which are at least one; one more stands at the end */
    struct postings of_sources; /* by predicate: sources */
    struct postings witnesses;  /* by condition: predicates */
    uint32_t *always;           /* rules without a witness, by the first of their branches */
    uint32_t always_count;
    uint32_t *always_sources;
    uint32_t always_source_count;
    const struct subject_group **raw_groups;               /* by path of the program, likewise */
    const struct subject_group *field_groups[FIELD_COUNT]; /* fields that are asked about */
    uint32_t field_group_count;
    bool asks_source;
    bool wants_leaves;        /* something is asked of every leaf */
    bool wants_fields;        /* something is asked of a field other than source */
    bool wanted[FIELD_COUNT]; /* fields that are asked about */
    size_t bytes;
};
