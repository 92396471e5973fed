/* triage.h - what a running Linux instance shows of itself, collected by Systems Manager.
 *
 * SendCommand runs collector/collector.sh, whole in the request, which uploads one archive to an address that
 * is signed for it (late_put.h); then S3 shows the object with the size that the collector told.
 * SendCommand has no idempotency token, so its comment carries step->key and a command whose reply
 * was lost is looked for before another is sent. What was collected stays: nothing undoes it. */
#pragma once

#include "aws/evidence_place.h"
#include "aws/identity.h"
#include "collector/collector.h"
#include "fronts.h"

struct triage {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct evidence_place place;
    str bucket_region;
    const char *name; /* of the object, without what keys there begin with */
    str target;       /* bucket and key */
    str command;
    struct collector_status collected; /* the last line of its output */
    struct tries tries;
    uint32_t seconds; /* that the profile may take */
    uint32_t polls;
    uint32_t pages;
    uint32_t looks; /* at the bucket, afterwards */
    bool is_sent;   /* look at the bucket for what was uploaded, not whether it may be reached */
    bool is_late;   /* cancelled */
};

enum step_turn triage_next(struct step *step, const struct reply *reply);
