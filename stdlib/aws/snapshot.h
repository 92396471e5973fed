/* snapshot.h - snapshots of all volumes of an EC2 instance, as of one moment.
 *
 * CreateSnapshots has no idempotency token, so each snapshot is tagged with step->key and
 * looked for before it is made. Snapshots are evidence: nothing undoes them, nor that they are
 * shared with the account of those who examine them (snapshot_share.c). */
#pragma once

#include "aws/identity.h"

/* Arguments of collect snapshot. */
enum {
    SNAPSHOT_INSTANCE,
    SNAPSHOT_ACCOUNT,
    SNAPSHOT_REGION,
    SNAPSHOT_SHARE,
    SNAPSHOT_RETAIN,
    SNAPSHOT_ARGS
};

enum snapshot_state { SNAPSHOT_MISSING, SNAPSHOT_PENDING, SNAPSHOT_COMPLETED, SNAPSHOT_ERROR };

/* Whose key a volume, and so its snapshot, is encrypted with. */
enum volume_key {
    KEY_NONE,     /* it is not, or nobody asked */
    KEY_UNKNOWN,  /* with one that cannot be looked at */
    KEY_CUSTOMER, /* can be shared, where its policy lets the other account use it */
    KEY_AWS,      /* the default: such a snapshot cannot be shared */
};

enum share_state { SHARE_OPEN, SHARE_DONE, SHARE_FAILED };

struct volume_snapshot {
    str id;
    str key_id;
    enum snapshot_state state;
    enum volume_key key;
    enum share_state share;
};

struct snapshot {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct volume_snapshot volumes[INSTANCE_VOLUMES_MAX]; /* as instance.volumes */
    struct tries tries;
    uint32_t waits; /* for EC2 to be ready to begin */
    uint32_t polls;
    uint32_t pages;        /* of the look that is going on */
    uint32_t at;           /* the volume whose key or snapshot is looked at */
    bool is_supposed;      /* the snapshots were not made: a plan */
    struct tries sharing;  /* of that snapshot */
    const char *share_why; /* why one could not be shared: the first reason */
};

/* instance, account, region, share, retain */
enum step_turn snapshot_next(struct step *step, const struct reply *reply);
