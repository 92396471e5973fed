/* triage.h - what a running Linux instance shows of itself, collected by Systems Manager.
 *
 * SendCommand runs collector.sh, whole in the request, which uploads one archive to an address that
 * is signed for it (late_put.h); then S3 shows the object with the size that the collector told.
 * SendCommand has no idempotency token, so its comment carries step->key and a command whose reply
 * was lost is looked for before another is sent. What was collected stays: nothing undoes it. */
#pragma once

#include "aws/evidence_place.h"
#include "aws/identity.h"
#include "fronts.h"

/* What the collector told of itself in the last line of its output. */
struct collected {
    bool is_told;
    bool is_uploaded; /* or something was there before */
    str sha256;
    str fault; /* in its words; empty: none */
    long long bytes;
    long long files;
    long long skipped; /* there, and not taken */
};

struct triage {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct evidence_place place;
    str bucket_region;
    const char *name; /* of the object, without what keys there begin with */
    str target;       /* bucket and key */
    str command;
    struct collected collected;
    struct tries tries;
    uint32_t polls;
    uint32_t pages;
    uint32_t looks; /* at the bucket, afterwards */
    bool is_sent;   /* look at the bucket for what was uploaded, not whether it may be reached */
    bool is_late;   /* cancelled */
};

enum step_turn triage_next(struct step *step, const struct reply *reply);

/* collector.sh without its comments, line by line (embedded by the build). */
extern const char *const collector_lines[];
extern const size_t collector_lines_count;
