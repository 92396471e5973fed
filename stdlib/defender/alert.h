/* alert.h - what is done to the alert itself: its status, a comment to it.
 *
 * Which alert that is, the step is told (step.alert): its alert.id, where Defender is its source. Graph
 * and Defender for Endpoint each have the alert under that id; alerts of Graph come with an address
 * (alert.url), so that is asked first of those, and the other where the first knows nothing of it.
 * Both spell the states alike but for case: new is new, in_progress inProgress, closed resolved, and
 * reopened is new again, since nobody works on it yet.
 * https://learn.microsoft.com/en-us/graph/api/security-alert-update
 * https://learn.microsoft.com/en-us/defender-endpoint/api/update-alert */
#pragma once

#include "rest/voice.h"

/* Parameters of restore_defender_alert; `api` is "graph" or "endpoint". */
enum { RESTORE_ALERT, RESTORE_API, RESTORE_BEFORE, RESTORE_SET, RESTORE_ARGS };

struct defender_alert {
    struct talk talk;
    str id;
    bool is_endpoint; /* asked of Defender for Endpoint, and not of Graph */
    bool is_found;    /* that one knows it */
    bool has_asked_other;
    struct tries tries;
    str before;       /* its status at the first look */
    str wanted;       /* of Graph's spelling; of a comment its text */
    const char *mark; /* of a comment */
};

enum step_turn defender_alert_status_next(struct step *step, const struct reply *reply);
enum step_turn restore_defender_alert_next(struct step *step, const struct reply *reply);
enum step_turn defender_alert_comment_next(struct step *step, const struct reply *reply);
