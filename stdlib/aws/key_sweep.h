/* key_sweep.h - making the access keys of an IAM user inactive, or one of them active again.
 *
 * The part of a conversation that lists the keys, changes those that are not as wanted, each with
 * an undo of its own, and lists again until IAM shows it. What one key refuses does not stop the
 * others. */
#pragma once

#include "aws/voice.h"

enum { SWEEP_KEYS_MAX = 8 }; /* IAM lets a user have two */

struct swept_key {
    str id;
    bool is_listed;    /* in the last list */
    bool is_so;        /* it has the wanted status */
    bool was_so;       /* when it was first seen */
    bool is_assumed;   /* planning: the change was not sent */
    const char *fault; /* why it could not be changed; NULL: it was, or may still be */
    struct tries tries;
};

struct key_sweep {
    str user;              /* name */
    str account;           /* of the user, for the undo */
    str only;              /* the key that is meant; empty: all */
    bool activates;        /* else they become inactive */
    uint32_t list, change; /* the questions of the step that are ours */
    enum step_turn (*ended)(struct step *step);
    struct swept_key keys[SWEEP_KEYS_MAX];
    uint32_t count;
    uint32_t at; /* key of the change that was sent */
    str page;
    const char *fault; /* the keys could not be listed: why */
};

/* Begin: list. The step's hearers of `list` and `change` call the two below. `ended` is called
 * when nothing is left to do. */
enum step_turn key_sweep_begin(struct step *step, struct key_sweep *sweep);
enum step_turn key_sweep_heard_list(
    struct step *step, const struct answer *answer, struct key_sweep *sweep);
enum step_turn key_sweep_heard_change(
    struct step *step, const struct answer *answer, struct key_sweep *sweep);

/* How many keys were changed, or would be; and how many could not be. */
uint32_t key_sweep_changed(const struct key_sweep *sweep);
uint32_t key_sweep_failed(const struct key_sweep *sweep);
/* Whether a change of some key was sent, and the keys could not be listed since. */
bool key_sweep_is_unclear(const struct key_sweep *sweep);
/* "AKIA1, AKIA2" of those that were changed, or why the others were not; NULL: no memory. */
const char *key_sweep_names(struct step *step, const struct key_sweep *sweep);
const char *key_sweep_faults(struct step *step, const struct key_sweep *sweep);
