/* sweep_lot.h - blocks of lines on their way through the matcher, by one thread or several.
 *
 * A lot is a block of whole lines and what its alerts came to. Threads share nothing but the image:
 * each has a matcher, takes the next block of the stream, and works on it alone. Whoever wants the
 * lots gets them in the order of the stream.
 *
 * What a lot says is counts: of alerts of which nothing has to be told but that they were there. All
 * others are gaps between its stretches, which the ordinary reader (alerts.h) reads.
 */
#pragma once

#include "base/attr.h"
#include "match/blocks.h"
#include "match/matcher.h"

/* What may be passed over with a count. Constant, shared by threads. */
struct sweep_rules {
    const struct match_image *image;
    str forced_source;
    enum skim_care care;
    bool counts_strangers;    /* alerts that no source takes */
    const bool *is_countable; /* by rule: that it fires is told by its count alone; NULL: no rule */
    struct clock *clock;      /* when alerts come in; may be asked by several threads */
};

/* Lines one after the other that are alerts to count, or blank. */
struct stretch {
    size_t from, to; /* bytes of the text */
    uint32_t lines;
    uint32_t alerts, matched, strangers;
    size_t hits_from, hits_count; /* in lot.hits */
};

struct lot {
    struct block block;
    /* What lies between them is no line to count, and begins and ends a line. */
    struct stretch *stretches;
    size_t stretch_count;
    uint32_t *hits; /* rules that fired, once for each alert */
    size_t hit_count;
    bool is_end;  /* there was nothing left */
    enum err err; /* of reading, with `reason`, or of matching */
    int reason;   /* errno of ERR_IO */
    bool is_read; /* err is of reading */
    /* private */
    size_t stretch_room, hit_room;
    int64_t received_ms;
    bool is_done;
};

/* Free what the lot holds. Safe on a zeroed one. */
void lot_release(struct lot *lot);

/* Match the lines of `text` from byte `from` on, up to the first that is none to count where
 * `stops`, else all; what the lot said before is forgotten. ERR_MEMORY. */
MUST_CHECK enum err lot_match(struct lot *lot, const struct sweep_rules *rules,
    struct matcher *matcher, str text, size_t from, bool stops);

struct sweepers; /* the threads, and the lots that are under way */

enum { SWEEP_JOBS_MAX = 256 };

/* With one job all is done by whoever asks for the next lot. ERR_MEMORY; ERR_LIMIT: no more threads;
 * ERR_IO: no more descriptors.
 * `blocks` and `rules` must outlive them. */
MUST_CHECK enum err sweepers_start(struct blocks *blocks, const struct sweep_rules *rules,
    uint32_t jobs, struct sweepers **ret_sweepers);
/* The next lot of the stream, valid until the next call. Never NULL: at the end one that says so. */
const struct lot *sweepers_next(struct sweepers *sweepers);
/* NULL is fine. */
void sweepers_stop(struct sweepers *sweepers);
