/* wide.h - random rules and alerts beyond the model's: more operators, more text, and alerts out of
 * the ordinary. There is no naive evaluator for these: two ways to evaluate are held together.
 *
 * Rules and alerts draw from the same few words, so that tests hold often, and rules share tests.
 */
#pragma once

#include "model.h"

#include <stdio.h>

/* What a file of such rules begins with: sources, lists. */
extern const char wide_head[];

/* A condition of at most `depth` levels, on one line. */
void wide_condition(struct random *random, int depth, FILE *out);

/* An alert as vendors write them. */
void wide_alert(struct random *random, FILE *out);

/* The text of an alert made one out of the ordinary: duplicate keys, escapes, what is not UTF-8,
 * cut, deep, numbers at the edges .. Free it. */
char *hostile_alert(struct random *random, const char *alert, size_t len, size_t *ret_len);
