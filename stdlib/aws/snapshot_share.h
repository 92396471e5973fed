/* snapshot_share.h - snapshots for the account of those who examine them.
 *
 * A snapshot that is encrypted with the default key of AWS cannot be shared: that is found out
 * from the volumes, and said in `found`, before anything is made. */
#pragma once

#include "aws/snapshot.h"

/* The questions of collect snapshot. */
enum snapshot_question {
    SNAPSHOT_ASKS_CALLER,
    SNAPSHOT_ASKS_INSTANCE,
    SNAPSHOT_ASKS_VOLUMES,
    SNAPSHOT_ASKS_KEY,
    SNAPSHOT_LOOKS,
    SNAPSHOT_CREATES,
    SNAPSHOT_ASKS_SHARED,
    SNAPSHOT_SHARES,
};

/* With whom to share; empty: nobody, or the account is the one that the snapshots are in. */
str snapshot_sharer(const struct step *step);

/* Find out how the volumes are encrypted, then go on with snapshot_look. */
enum step_turn snapshot_ask_keys(struct step *step);
/* Share what is completed, one after the other, then go on with snapshot_conclude. */
enum step_turn snapshot_share(struct step *step);
/* What is to be said of sharing at the end: "", or "; ..." in the arena, NULL when that is full.
 * *ret_is_whole: all that exists is shared, or nobody wants it. */
const char *snapshot_share_words(struct step *step, bool *ret_is_whole);

talk_hearer snapshot_heard_volumes;
talk_hearer snapshot_heard_key;
talk_hearer snapshot_heard_shared;
talk_hearer snapshot_heard_share;

/* In snapshot.c: look for the snapshots of this step; end. */
enum step_turn snapshot_look(struct step *step, uint32_t delay_ms);
enum step_turn snapshot_conclude(struct step *step);
