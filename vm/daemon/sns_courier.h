/* sns_courier.h - a thread that finds out whether messages of SNS are what they say.
 *
 * It fetches certificates, keeps them for a day, and confirms subscriptions. Others only put
 * messages into its queue, which has an end, and are told later.
 */
#pragma once

#include "daemon/sns.h"
#include "host/clock.h"
#include "host/http.h"

struct sns_courier;

enum {
    SNS_WAITING_MAX = 256,    /* messages in the queue */
    SNS_CERTIFICATES_MAX = 8, /* that are kept */
    SNS_STRANGERS_MAX = 20,   /* addresses that turn out bad, in a minute, before new ones wait */
};

/* A message to look at. The memory is the sender's until `done` is called. */
struct sns_job {
    struct sns_message message; /* plausible (sns_is_plausible) */
    /* Called once, from the courier's thread: ERR_OK: SNS has signed it, and a subscription is
     * confirmed. ERR_INVALID: it was not, with a sentence. Others: it could not be found out now,
     * with a sentence; ERR_STOPPED. */
    void (*done)(struct sns_job *job, enum err err, const char *reason);
    void *self;           /* the sender's */
    struct sns_job *next; /* private */
};

struct sns_courier_options {
    struct http *http; /* its alone from now on */
    struct clock *clock;
    const char *ca_file; /* PEM, in place of the system's authorities; NULL: those */
};

/* ERR_IO: no authorities; ERR_MEMORY, ERR_LIMIT (no thread). */
MUST_CHECK enum err sns_courier_start(
    const struct sns_courier_options *options, struct sns_courier **ret_courier);
/* ERR_LIMIT: too much waits, or too many certificates could not be had of late: `done` is not
 * called. ERR_STOPPED. */
MUST_CHECK enum err sns_courier_submit(struct sns_courier *courier, struct sns_job *job);
/* End; what waits is told ERR_STOPPED. NULL is fine. */
void sns_courier_stop(struct sns_courier *courier);
