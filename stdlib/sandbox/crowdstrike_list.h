/* crowdstrike_list.h - the lists of the simulated tenant: filtered, in an order, page by page. */
#pragma once

#include "sandbox/crowdstrike.h"

struct crowdstrike_list {
    const char *collection; /* of the tenant */
    const char
        *sorts; /* fields that it may be sorted by, by blanks; the first one without a sort */
    bool is_newest_first; /* without a sort */
    long long limit_max;
    /* what is asked for */
    const char *filter; /* NULL: all */
    const char *sort;   /* "created_timestamp|asc"; NULL: as above */
    const char *token;  /* of the page before, NULL: the first page */
    long long offset;   /* where there are numbers in place of tokens */
    long long limit;
    bool with_hidden;
    /* what came of it */
    json_t **items; /* borrowed, in the arena */
    size_t total;
    size_t from; /* this page */
    size_t to;
};

/* Fill `list`. A token is good for its own filter and sort only, and for `token_lifetime_s` (0: for
 * ever). False: refused. */
MUST_CHECK bool crowdstrike_select(
    struct edr_call *call, struct crowdstrike_list *list, long long token_lifetime_s);
/* The token of the page after this one, in the arena; NULL: this was the last. */
const char *crowdstrike_next_token(
    struct edr_call *call, const struct crowdstrike_list *list, long long token_lifetime_s);
/* A copy of a thing as the API shows it: without what only the sandbox knows. */
json_t *crowdstrike_shown(const json_t *thing);
