/* host_step.h - a step on a machine that is one action of Defender: what all of them have in common.
 *
 * The machine is looked up, what the step has against it is asked, the action is made and followed,
 * and what came of it is told. A step is a row of words and what differs (struct host_way). */
#pragma once

#include "defender/machine.h"
#include "defender/machine_action.h"

enum { HOST_STEP_MACHINE, HOST_STEP_LIST, HOST_STEP_SEND, HOST_STEP_POLL, HOST_STEP_CANCEL };
enum { HOST_STEP_DOING_COUNT = HOST_STEP_CANCEL + 1 };

#define HOST_STEP_HEARERS                                                                          \
    [HOST_STEP_MACHINE] = host_step_heard_machine, [HOST_STEP_LIST] = host_step_heard_list,        \
    [HOST_STEP_SEND] = host_step_heard_send, [HOST_STEP_POLL] = host_step_heard_poll,              \
    [HOST_STEP_CANCEL] = host_step_heard_cancel

/* In reasons, each after the step's target ("host/70a.."). */
struct host_words {
    const char *would;   /* "would be isolated" */
    const char *is;      /* "is isolated" */
    const char *already; /* "was isolated already: nothing was changed" */
    const char
        *later; /* "it is isolated as soon as it reports": what becomes of a pending action */
    const char *weaker; /* of a scope that is not the wanted one; NULL: there are no scopes */
};

struct host_step;

struct host_way {
    const char *type; /* these as in struct machine_action */
    const char *opposite;
    bool is_shared;
    bool is_enough_running;
    const char *undo; /* the row that takes it back: (host, key of the step); NULL: none */
    int of_step;      /* index of the argument with the key of the step that is taken back, or -1 */
    struct host_words words;
    struct request (*post)(struct step *step, str comment);
    /* The machine is known: go on with host_step_act, or end; NULL: host_step_act. */
    enum step_turn (*found)(struct step *step);
    /* It has succeeded: go on, or end; NULL: end as done. */
    enum step_turn (*succeeded)(struct step *step);
};

/* A state begins with it. */
struct host_step {
    struct talk talk;
    const struct host_way *way;
    struct machine machine;
    struct machine_action action;
    const char *scope; /* wanted: "Full"; NULL: any */
};

/* The turn of a step whose first argument is the machine. */
enum step_turn host_step_next(struct step *step, const struct reply *reply,
    const struct host_way *way, talk_hearer *const *hearers);
/* For ways that ask nothing else. */
enum step_turn host_step_plain(
    struct step *step, const struct reply *reply, const struct host_way *way);
enum step_turn host_step_act(struct step *step);
/* End as done with the words of a success. */
enum step_turn host_step_done(struct step *step);

talk_hearer host_step_heard_machine, host_step_heard_list, host_step_heard_send;
talk_hearer host_step_heard_poll, host_step_heard_cancel;
