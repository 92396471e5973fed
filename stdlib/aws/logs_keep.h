/* logs_keep.h - the second half of collect logs: what was found, into objects of S3. */
#pragma once

#include "aws/logs.h"

enum logs_question { LOGS_ASKS_CALLER, LOGS_LOOKS_UP, LOGS_LOOKS, LOGS_PUTS };

/* Write all of it, then end. */
enum step_turn logs_keep(struct step *step);

talk_hearer logs_heard_object;
talk_hearer logs_heard_put;

/* In logs.c: "the last 24h about role web", in the arena or NULL. */
const char *logs_about(struct step *step);
