/* intake.h - the one door for alerts: many ways in, one commit for all that wait.
 *
 * A way in hands over batches; a thread of its own writes what has gathered in one transaction and
 * then answers each batch. What is answered with ERR_OK is on disk. Nothing else is ever
 * acknowledged.
 */
#pragma once

#include "daemon/store_watch.h"
#include "store/alerts.h"

struct intake;

/* Alerts that stand or fall together. The memory is the sender's until `done` is called. */
struct intake_batch {
    struct alert_record *alerts; /* way, forced_source, text, received_ms; id is set, and of a known
                                  * one `copies` is not 0 */
    size_t count;
    str way;            /* all alerts have it */
    str message;        /* what the sender calls it (webhook-id), or empty: noted with the alerts */
    str message_digest; /* of its body */
    str cursor;         /* how far the way has read with this, or empty */
    /* Called once, from the thread of the intake, when all is on disk, or nothing is: ERR_STORE,
     * ERR_BUSY, ERR_MEMORY; ERR_INVALID: the message came in before with another body. Quick. */
    void (*done)(struct intake_batch *batch, enum err err);
    void *self; /* the sender's */
    bool
        is_known; /* the message came in before, with the same body: nothing was stored, and ids are
                    * those of the first time; 0 of an alert that is forgotten by now */
    struct intake_batch *next; /* private */
};

struct intake_options {
    struct store *store; /* shared with other threads */
    /* Called from the intake's thread after a commit that brought something new; may be NULL. */
    void (*arrived)(void *self);
    void *self;
    uint64_t queue_bytes_max;  /* text that waits to be written; 0: 64 MiB */
    struct store_watch *watch; /* told of writes that fail; may be NULL */
};

/* ERR_MEMORY, ERR_LIMIT (no thread). */
MUST_CHECK enum err intake_start(const struct intake_options *options, struct intake **ret_intake);
/* Hand over a batch. ERR_LIMIT: too much waits; try again later, `done` is not called. ERR_STOPPED. */
MUST_CHECK enum err intake_submit(struct intake *intake, struct intake_batch *batch);
/* The same, and wait for it: what `done` would be told. */
MUST_CHECK enum err intake_put(struct intake *intake, struct intake_batch *batch);
/* The last error of a commit, ERR_OK after one that went well: for health. */
enum err intake_state(struct intake *intake);
/* Write what waits, answer it, end. NULL is fine. */
void intake_stop(struct intake *intake);
