/* both_ways.h - one alert against every rule of a program, by the matcher and by a full scan.
 *
 * The full scan is event_read and rule_passes for each rule: the definition. Where that reaches a
 * limit, matcher_rule says what counts. What the matcher says of the event, and of the alert's text
 * in both cares, is held against it.
 */
#pragma once

#include "bytecode.h"
#include "event.h"
#include "match/image.h"
#include "match/matcher.h"

#include <stdbool.h>
#include <stdint.h>

/* 2026-01-01T00:00:00Z */
#define RECEIVED_MS INT64_C(1767225600000)

struct both_counts {
    uint64_t alerts;    /* that event_read reads */
    uint64_t refused;   /* that it does not */
    uint64_t pairs;     /* of a rule and an alert that it reads */
    uint64_t holding;   /* whose condition holds */
    uint64_t limited;   /* at a limit of the machine's; matcher_rule decides .. */
    uint64_t undecided; /* .. or does not */
    uint64_t listed;    /* candidates of matcher_event */
    uint64_t certain;   /* of those */
    uint64_t asked;     /* texts given to the fast way, both cares */
    uint64_t unsure;    /* of those */
    uint64_t different; /* told on standard output, the first ones in full */
};

/* Of one program. */
struct both_ways {
    const struct program *program;
    const struct projection *projection;
    struct matcher *matcher;
    struct arena arena;
    const struct match_image *image;
    unsigned char *scanned;
    uint64_t *holding; /* by rule: alerts for which it holds */
    str forced_source; /* for every alert, or empty */
    struct both_counts *counts;
};

/* The program must outlive it. Aborts when memory is short. */
void both_ways_begin(
    struct both_ways *both, const struct program *program, struct both_counts *counts);
void both_ways_end(struct both_ways *both);

/* Ask both ways about the alert; differences are told and counted. */
void both_ways_judge(struct both_ways *both, str json);
