/* daemon.h - the parts of the daemon, and who has them.
 *
 *   ways in --> intake --> journal --> evaluator --> journal --> crew --> providers
 *               (one commit)           (one thread)              (threads, a run each)
 *
 * cmd_serve.c makes the parts in this order and ends them in the other. Each part is told by its own
 * arguments what it may use; only cmd_serve.c, the API and the ways in see this struct.
 */
#pragma once

#include "daemon/intake.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "driver/command.h"
#include "serve/rule_sets.h"

struct alarms;
struct breakers;
struct canary;
struct claims;
struct crew;
struct evaluator;
struct keeper;
struct ways;

/* How often a run is put off whose provider is silent: for about a day, which is longer than any outage
 * that nobody notices. */
enum { STEP_PATIENCE_TRIES = 30 };

struct daemon {
    struct driver *driver;
    struct log log;
    const char *config; /* its file */
    const char *data;   /* its directory */
    struct store *store;
    struct metrics *metrics;
    struct store_watch *watch; /* whoever fails to write tells it */
    struct rule_sets *rule_sets;
    struct intake *intake;
    struct breakers *breakers;
    struct claims *claims;
    struct crew *crew;
    struct evaluator *evaluator;
    struct ways *ways; /* NULL before they are started */
    struct canary *canary;
    struct keeper *keeper;
    struct alarms *alarms; /* NULL: nobody is told */
    int64_t started_ms;
    volatile bool is_stopping; /* it takes no more alerts */
};

/* A way in for alerts: a listener, a poller, a file. A row of ways.c makes it from its block of
 * settings; it hands what it reads to daemon->intake, and stops when it is told. */
struct way {
    str name;                /* "webhook hook": of every alert that it brings */
    int64_t silent_after_ms; /* 0: never an alarm */
    /* Ask it to end, then wait for its threads, and free it. */
    void (*stop)(struct way *way);
};

/* Make a way from its block. ERR_INVALID, ERR_IO, ERR_CREDENTIALS with a sentence in `arena` that
 * names the setting. */
typedef enum err way_start(struct daemon *daemon, const struct daemon_block *block,
    struct arena *arena, struct way **ret_way, const char **reterr_reason);
way_start poll_start;   /* poll.c */
way_start queue_start;  /* queue.c */
way_start syslog_start; /* syslog.c */
way_start follow_start; /* follow.c */

/* The way brought `count` alerts now, which are on disk, or was asked and had none (0): for metrics
 * (received, last success) and the alarm of a silent source. Any thread; a way that is not in
 * daemon->ways is counted all the same. */
void way_has_brought(struct daemon *daemon, const struct way *way, uint64_t count);
