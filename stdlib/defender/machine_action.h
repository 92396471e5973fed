/* machine_action.h - one action on a machine: asked for once, then followed until Defender says what came
 * of it.
 *
 * Defender takes an action, says Pending while the machine has not heard of it (for days, when it is
 * switched off), InProgress, and at last Succeeded, Failed, TimeOut or Cancelled. The request has no
 * idempotency key: its comment holds the key of the step, and when no answer came ours is looked for
 * among the actions of the machine before it is sent again. An action of that kind which
 * somebody else began is waited for instead, because Defender refuses a second one.
 * https://learn.microsoft.com/en-us/defender-endpoint/api/machineaction
 *
 * A step has one in its state, fills in the first part, calls machine_action_begin, and passes the
 * answers of its four questions on; `ended` is called in the turn in which it is over. */
#pragma once

#include "rest/voice.h"

enum action_end {
    ACTION_ASSUMED, /* planning: it would be asked for */
    ACTION_ALREADY, /* the machine is in that state by an earlier action: nothing was asked for */
    ACTION_SUCCEEDED,
    ACTION_RUNNING,   /* InProgress, still or by `is_enough_running` */
    ACTION_PENDING,   /* still: the machine has not heard of it */
    ACTION_WITHDRAWN, /* ours was cancelled before the machine heard of it */
    ACTION_ENDED,     /* Failed, TimeOut or Cancelled: `status` */
    ACTION_DECLINED,  /* Defender did not take it: `why` */
    ACTION_LEFT,      /* what was to be taken back is not ours any more, and was left alone */
    ACTION_UNSEEN,    /* no answer came to any request, and Defender shows none */
};

struct machine_action {
    /* Filled in by the step. */
    str machine;
    const char *type;     /* as MachineAction.type has it: "Isolate" */
    const char *opposite; /* "Unisolate": the later of both that succeeded says what the machine is;
                           * NULL: there is none, and it is asked for without looking first */
    bool is_shared;       /* without an opposite: one that runs already is as good, so look first */
    bool is_enough_running;
    str of_step; /* not empty: only where the latest `opposite` was made by the step of that key */
    struct request (*post)(struct step *step, str comment);
    struct undo undo;                  /* of the request */
    uint32_t list, send, poll, cancel; /* its questions; `cancel` with `of_step` alone */
    enum step_turn (*ended)(
        struct step *step, const struct machine_action *action, const struct answer *answer);
    /* What came of it; in the step's arena. */
    enum action_end end;
    bool is_foreign; /* somebody else began it */
    str id;
    str status; /* in Defender's word */
    str scope;  /* of an isolation "Full" or "Selective", of a scan "Quick" or "Full" */
    str error;  /* errorHResult, where it is not 0 */
    const char *why;
    /* Its own. */
    struct tries tries;
    uint32_t polls;
    bool has_cancelled;
};

/* The comment of an action that the step of `key` asks for: "cdr [KEY]: what". ptr NULL: the arena is
 * full. */
str machine_action_comment(struct step *step, const char *what);
/* Whether a comment is that of an action which the step of `key` asked for. */
bool machine_action_is_of(str comment, str key);

enum step_turn machine_action_begin(struct step *step, struct machine_action *action);
/* The hearers of its questions. */
enum step_turn machine_action_heard_list(
    struct step *step, const struct answer *answer, struct machine_action *action);
enum step_turn machine_action_heard_send(
    struct step *step, const struct answer *answer, struct machine_action *action);
/* `ended` gets the answer, so that more can be read from it (commands); else NULL. */
enum step_turn machine_action_heard_poll(
    struct step *step, const struct answer *answer, struct machine_action *action);
enum step_turn machine_action_heard_cancel(
    struct step *step, const struct answer *answer, struct machine_action *action);
