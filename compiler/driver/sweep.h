/* sweep.h - a file of alerts, most of which are only counted in passing.
 *
 * Of most alerts nothing is to be told but that they were there, and in a summary that rules fired
 * for them. The matcher says which these are from their text (match/matcher.h), block by block, with
 * several threads where that is wanted. Everything else goes the ordinary way, in the order of the
 * file: alerts.h reads it, evaluate.h evaluates it. So what is told, counted and kept is what the
 * ordinary way alone would tell, count and keep.
 */
#pragma once

#include "driver/evaluate.h"
#include "driver/sweep_lot.h"

struct sweep_wish {
    uint32_t jobs;       /* threads that match, from 1 */
    enum skim_care care; /* SKIM_LAX: parts of a counted alert that no rule reads may be broken */
};

/* Whether files of the evaluation can be read so: it has an index, plans, has a report in which some
 * alerts are mere counts, and its alerts are JSON. */
bool sweep_is_possible(const struct evaluation *evaluation);

/* Evaluate every alert of the file, as long as nobody stops it. Of any size, where it is one alert a
 * line or an array. What went wrong is told. */
MUST_CHECK enum exit_code sweep_file(
    struct evaluation *evaluation, const char *name, const struct sweep_wish *wish);
