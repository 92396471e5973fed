/* leftovers.h - what cdr left at AWS, who made it by the journal, and whether it may go.
 *
 * Tags can be written by whoever may tag in the account, so nothing goes by its tags alone: a thing is
 * removed only when this journal knows the step that made it, and what the journal says of it agrees
 * with what AWS shows. */
#pragma once

#include "aws/leftovers.h"
#include "builtin.h"
#include "store/store.h"

struct leftover {
    struct leftover *next;
    const struct aws_leftover *thing;
    str account;
    str region;
    int64_t run; /* that made it, or 0: the journal does not know it */
    uint32_t step;
    int64_t made_ms;  /* 0: not known */
    int64_t until_ms; /* it is kept so long; 0: not said */
    bool may_go;
    const char *why;           /* it may go, or not */
    const struct builtin *row; /* what removes it, when it may go, with its arguments */
    value args[STEP_PARAMS_MAX];
};

/* Where was looked, and what for. */
struct leftovers_look {
    struct store *store; /* NULL: no journal is known */
    struct arena *arena;
    struct aws_reader *reader;
    str account;
    bool is_own; /* that is the account of the connection itself */
    int64_t now_ms;
};

/* All of the account and region. Errors as aws_leftovers_read; ERR_STORE,
 * ERR_JSON. */
MUST_CHECK enum err leftovers_find(struct leftovers_look *look, struct leftover **ret_first);
