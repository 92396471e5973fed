/* evaluator.h - the thread that puts every alert through the rules in force, once, in the order they
 * came in.
 *
 * What an alert comes to (its runs, its case, that it was evaluated) is one transaction with those of
 * the alerts beside it. An alert whose evaluation ends the daemon is found after the start: the first
 * of those that wait are tried one at a time, one try a daemon, each written down before it is made, and
 * one that three daemons ended with is set aside. So is one whose evaluation fails three times while the
 * journal can be written.
 */
#pragma once

#include "serve/daemon.h"

enum {
    EVALUATOR_BATCH = 256,   /* alerts of one transaction .. */
    EVALUATOR_SLICE_MS = 20, /* .. that took no longer: others write meanwhile */
    EVALUATOR_TRIES_MAX = 3,
};

/* ERR_MEMORY, ERR_LIMIT (no thread). */
MUST_CHECK enum err evaluator_start(struct daemon *daemon, struct evaluator **ret_evaluator);
/* Something waits. Any thread; `evaluator` is one. */
void evaluator_wake(void *evaluator);
/* Ends after the alerts at hand. NULL is fine, as below. */
void evaluator_stop(struct evaluator *evaluator);
/* When nobody can wake it any more. */
void evaluator_free(struct evaluator *evaluator);
