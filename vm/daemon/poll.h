/* poll.h - alerts that are fetched: read from where we stopped, none lost and none twice.
 *
 * A look reads a chain of pages, everything that was updated since the cursor less an overlap, and
 * hands the records on page by page. The cursor is the greatest timestamp of the provider's own
 * whose whole chain is on disk, never "now"; it moves in the transaction of the chain's last
 * records, so a chain that breaks off anywhere is read again from the cursor. Tokens of pages are
 * never kept.
 *
 * What pages lose when records move while they are read, the order of reading mends:
 * - the past, older than the overlap, is read by moments: each page begins, inclusively, at the
 *   last moment of the page before, and ends where the overlap begins, so that a record which is
 *   updated meanwhile leaves for a later page and shifts nobody out of sight. Where that cannot be
 *   (more records of one moment than a page has, a provider that does not sort) tokens are
 *   followed, and the cursor moves only after a chain that brought nothing new;
 * - the overlap is read by tokens, and the cursor never comes so near that the next look would
 *   begin later than it. What was missed is in that.
 *
 * Records that were handed on are remembered as long as they are read again. That spares work and
 * nothing depends on it: it is bounded, lost with the process, and the inbox knows an alert anyway.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POLL_OVERLAP_MS = 5 * 60 * 1000,
    /* How far a provider's clock may be from ours: AWS refuses signatures beyond it. */
    POLL_SKEW_MS = 5 * 60 * 1000,
    POLL_SEEN_MAX = 100000,
    POLL_PAGES_MAX = 100000, /* of one chain: a provider whose pages never end is a fault */
    POLL_PAUSE_MS_MAX = 5 * 60 * 1000,
    POLL_CURSOR_TEXT_MAX = 96,
};

/* A moment of a provider's, which may have nine digits of fraction. */
struct poll_moment {
    int64_t s;  /* since 1970 */
    int32_t ns; /* 0 to 999999999 */
};

/* RFC 3339, any fraction; digits past the ninth are cut. False: it is none. */
bool poll_moment_parse(str text, struct poll_moment *ret_moment);
struct poll_moment poll_moment_of_ms(int64_t ms);
/* Cut to milliseconds, downwards. */
int64_t poll_moment_ms(struct poll_moment moment);
/* Below 0, 0, above 0, as `a` is before, at or after `b`. */
int poll_moment_compare(struct poll_moment a, struct poll_moment b);

/* One version of something that a provider tells. */
struct poll_record {
    str id;
    str revision; /* what tells versions of one moment apart, or empty */
    struct poll_moment updated;
    str text; /* the alert */
};

struct poll_page {
    const struct poll_record *records; /* in the arena of the call */
    size_t count;
    str next;         /* token of the page after it; empty: this was the last */
    bool is_unsorted; /* the provider lists in no order: pages of the past follow by token alone */
};

/* What is asked: records updated at or after `from` and, with has_until, before `until`, oldest
 * first. */
struct poll_ask {
    size_t part;
    struct poll_moment from;
    bool has_until;
    struct poll_moment until;
    str token; /* empty: the first page */
};

/* Who is asked. Both: any error but ERR_MEMORY and ERR_STOPPED comes with a sentence, in `arena` or
 * static. */
struct poll_provider {
    /* A chain begins: *ret_parts that are read one after the other, all of them by one cursor (an
     * account's detectors), and *ret_now_ms by the provider's clock, as near as it is known. */
    enum err (*begin)(struct poll_provider *provider, struct arena *arena, size_t *ret_parts,
        int64_t *ret_now_ms, const char **reterr_reason);
    enum err (*page)(struct poll_provider *provider, const struct poll_ask *ask,
        struct arena *arena, struct poll_page *ret_page, const char **reterr_reason);
};

/* Where records go. ERR_OK: all of them are on disk, and with them `cursor` (unless it is empty), in
 * one transaction; *ret_new of them were not known. `count` may be 0. */
struct poll_sink {
    enum err (*keep)(struct poll_sink *sink, const struct poll_record *records, size_t count,
        str cursor, size_t *ret_new);
};

struct poll_seen;

/* How far a way has read. poll_begin, then poll_look as often as it is to be asked; release. */
struct poller {
    int64_t overlap_ms;
    int64_t first_ms; /* how far back the very first look goes */
    bool has_cursor;
    struct poll_moment cursor;
    /* private */
    struct poll_seen *seen;
    size_t seen_count;
    size_t seen_size; /* a power of two, or 0 */
};

/* Go on from `cursor`, as keep was given it; empty: nothing was read yet. `overlap_ms` 0:
 * POLL_OVERLAP_MS. ERR_INVALID: it is no cursor. */
MUST_CHECK enum err poll_begin(
    struct poller *poller, str cursor, int64_t overlap_ms, int64_t first_ms);
void poll_release(struct poller *poller);

/* Read one chain. *ret_new records were new to the sink (also after an error). Errors of provider
 * and sink, with a sentence in `arena` where it is the provider's; ERR_LIMIT: its pages do not end.
 * After an error the next look begins where this one did. */
MUST_CHECK enum err poll_look(struct poller *poller, struct poll_provider *provider,
    struct poll_sink *sink, struct arena *arena, size_t *ret_new, const char **reterr_reason);

/* How long to wait after `failures` (from 1) looks in a row that failed: from half to all of 1 s,
 * 2 s, 4 s .. POLL_PAUSE_MS_MAX; `random` is any 32 bits. Never less than `after_ms`, what the
 * provider asked for (0: nothing), of which an hour is heeded. */
uint32_t poll_pause_ms(unsigned failures, uint32_t random, uint32_t after_ms);
