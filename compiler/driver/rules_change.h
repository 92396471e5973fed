/* rules_change.h - rule files changed as one: tried first, then written, then committed.
 *
 * Nothing is written unless the whole set compiles with the changes and passes its tests. What is
 * in a work tree of git is committed, these files and no others.
 */
#pragma once

#include "driver/command.h"
#include "serve/rule_trial.h"

enum { RULES_CHANGED_MAX = 32 };

struct rules_change {
    struct driver *driver;
    struct rule_files *files; /* the set */
    struct rule_change changes[RULES_CHANGED_MAX];
    str before[RULES_CHANGED_MAX]; /* what each file says until then */
    size_t count;
    bool
        may_stay_bad; /* rules that are refused already are changed all the same, when no mistake comes
                        * with it: who switches a rule off cannot wait for another file */
    bool stays_bad; /* and they are; set by rules_change_make */
    bool commits;
    const char *subject; /* "Disable rule noisy" */
    const char *reason;  /* or NULL */
};

/* Make them; what was done, or why nothing was, is told. EXIT_FINDINGS: the rules would be bad, or
 * stay so.
 * The changes are put into their canonical form. */
MUST_CHECK enum exit_code rules_change_make(struct rules_change *change);
