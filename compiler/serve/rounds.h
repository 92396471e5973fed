/* rounds.h - a way in that asks a provider, round after round, in a thread of its own.
 *
 * Each round goes by the connection of the rules in force. A round that fails is told once, when
 * it begins to fail, and once when it is over; meanwhile it is tried again, each time later.
 */
#pragma once

#include "aws/connection.h"
#include "driver/connect.h"
#include "serve/daemon.h"
#include "serve/way_thread.h"

enum { ROUND_BYTES_MAX = 128 * 1024 * 1024 };

/* One round. */
struct round {
    struct transport *transport;
    int64_t now_ms;      /* by the provider's clock, as near as it is known */
    struct arena *arena; /* as long as the round */
    uint32_t pause_ms;   /* before the next one, when this one went well; set by the round */
    uint64_t put;        /* alerts that were handed to the intake, and are on disk */
};

struct rounds {
    struct way way; /* first: a way is a struct rounds */
    /* What is asked in a round. ERR_STOPPED; else a failure, with a sentence in the round's arena,
     * or static, or NULL. */
    enum err (*ask)(struct rounds *rounds, struct round *round, const char **reterr_reason);
    /* Free the whole way, once its thread has ended. */
    void (*release)(struct rounds *rounds);
    const char *provider; /* of the connection it goes by: "aws" unless set */
    str forced_source;    /* of every alert, or empty */
    struct arena arena;   /* settings: as long as the way */
    struct daemon *daemon;
    /* private */
    struct connector connector;
    struct way_thread thread;
    volatile int stop; /* for what waits for an answer */
    unsigned failures; /* in a row */
    bool is_ingest;    /* the last failure was the intake's */
};

/* The name of the way ("poll gd") and its silent_after, from its block. ERR_MEMORY. */
MUST_CHECK enum err rounds_init(
    struct rounds *rounds, struct daemon *daemon, const struct daemon_block *block);
/* Begin. ERR_LIMIT: there is no room for a thread. */
MUST_CHECK enum err rounds_start(struct rounds *rounds);

/* Hand alerts to the intake, which reads their texts alone, and wait until they are on disk,
 * together with `cursor` unless that is empty; *ret_new of them had not come in before. Of a round,
 * which is told. ERR_STORE, ERR_BUSY, ERR_MEMORY; ERR_STOPPED. */
MUST_CHECK enum err rounds_put(struct rounds *rounds, struct round *round,
    struct alert_record *alerts, size_t count, str cursor, size_t *ret_new);
