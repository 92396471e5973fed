/* alert.h - what is done to the alert itself: its status, a comment to it.
 *
 * Which alert that is, the step is told (step.alert): its alert.id, where Falcon is its source and
 * the id has the form of a composite id.
 */
#pragma once

#include "crowdstrike/replies.h"

struct falcon_status {
    struct talk talk; /* first */
    str id;
    str from; /* the status that is to be changed; empty: whatever it is */
    str to;
    str status; /* as last read */
    str before; /* as first read */
    struct tries tries;
    bool is_undo;
};

struct falcon_comment {
    struct talk talk; /* first */
    str id;
    str text; /* with its mark */
    str mark;
    bool shows_comments; /* alerts are shown with their comments */
    struct tries tries;
};

/* builtin.next of alert_status and alert_comment (fronts.h). */
enum step_turn falcon_status_next(struct step *step, const struct reply *reply);
enum step_turn falcon_comment_next(struct step *step, const struct reply *reply);

/* restore_alert_status: what it was, if it still is what we made of it. */
enum { RESTORE_ALERT, RESTORE_BEFORE, RESTORE_SET, RESTORE_ARGS };
enum step_turn falcon_restore_next(struct step *step, const struct reply *reply);

/* The composite id in `alert` (act/alert_text.h), in `arena`; empty: it is no alert of Falcon's, or
 * none that the Alerts API knows (an event of the event stream). ptr NULL: the arena is full. */
str falcon_alert_id_of(struct arena *arena, str alert);
