/* state_pages.h - what the state of a step means for an operator: pages of cdr explain. */
#pragma once

#include "base/str.h"
#include "driver/output.h"

struct state_page {
    const char *name;    /* "unresolved", as runs, plans and the API spell it */
    const char *means;   /* in a line, without a full stop */
    const char *changed; /* what was changed */
    const char *now;     /* what to do now */
};

/* The page of that state, or NULL. Static. */
const struct state_page *state_page_find(str name);
/* The page number `at`, from 0, in the order of docs/architecture.md, or NULL. Static. */
const struct state_page *state_page_at(size_t at);
void state_page_show(struct output *out, const struct state_page *page);
/* A line of each. */
void state_pages_list(struct output *out);
