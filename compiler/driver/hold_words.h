/* hold_words.h - what a step waits for, in words and as JSON: the same in every command. */
#pragma once

#include "act/governor.h"
#include "driver/output.h"
#include "store/holds.h"

#include <jansson.h>

/* "ir-lead", "2 of ir-lead, soc", or "anybody who may approve" for no stage. In `arena`; NULL when
 * that is full. */
const char *stage_words(const struct approval_stage *stage, struct arena *arena);

/* Lines under a step that waits for a person: for what clause, who is asked and until when, and
 * the commands that answer. `data` is the data directory as a word of a shell. */
void hold_text(struct output *out, size_t indent, const struct hold *hold, const char *data);
/* The same for a step that would wait, in a plan. */
void judgement_text(struct output *out, size_t indent, const struct judgement *judgement);

/* {"id":4,"cause":"limit","clause":..,"round":0,"plan_hash":..,"held":..,"until":..,"state":"open",
 * "asked":{"roles":[..],"needed":1}}; `asked` is null where anybody may. NULL when out of memory. */
json_t *hold_json(const struct hold *hold);
/* The same of a plan: {"cause":..,"clause":..,"asked":..}. */
json_t *judgement_json(const struct judgement *judgement);

/* A moment as people read it, "-" for 0. In `arena`; empty when that is full. */
str moment_words(int64_t at_ms, struct arena *arena);
