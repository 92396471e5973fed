/* snapshot.h - snapshots of all volumes of an EC2 instance, as of one moment.
 *
 * CreateSnapshots has no idempotency token, so each snapshot is tagged with step->key and
 * looked for before it is made. Snapshots are evidence: nothing undoes them. */
#pragma once

#include "aws/identity.h"

struct volume_snapshot {
    str id;
    enum { SNAPSHOT_MISSING, SNAPSHOT_PENDING, SNAPSHOT_COMPLETED, SNAPSHOT_ERROR } state;
};

struct snapshot {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct volume_snapshot volumes[INSTANCE_VOLUMES_MAX]; /* as instance.volumes */
    struct tries tries;
    uint32_t waits; /* for EC2 to be ready to begin */
    uint32_t polls;
    uint32_t pages; /* of the look that is going on */
};

/* instance, account, region */
enum step_turn snapshot_next(struct step *step, const struct reply *reply);
