/* rtr.h - a session of Real Time Response and the commands in it.
 *
 * There is one session of a caller on a host: who opens it gets the one that is there. It ends after
 * ten minutes unless it is refreshed, and whoever else has it may close it; so it is refreshed
 * when our own waiting has aged it, and opened again when it is gone. A command is sent once: when its
 * reply is lost, that is told, and the step looks on the host before it sends another. Commands that
 * only look are sent as reads, which may be repeated.
 *
 * A step's state begins with struct rtr, and its hearers with RTR_HEARERS. */
#pragma once

#include "talk/talk.h"

enum { RTR_INIT, RTR_PULSE, RTR_SEND, RTR_CHECK, RTR_QUESTIONS };
#define RTR_HEARERS                                                                                \
    [RTR_INIT] = rtr_heard_init, [RTR_PULSE] = rtr_heard_pulse, [RTR_SEND] = rtr_heard_send,       \
    [RTR_CHECK] = rtr_heard_check

enum rtr_heard {
    RTR_DONE,       /* the session is open, or the command ran */
    RTR_PLANNED,    /* not sent: a plan */
    RTR_QUEUED,     /* the host is offline: it runs once it is back */
    RTR_DECLINED,   /* it certainly did not run: `why` */
    RTR_UNANSWERED, /* it may have run, or be running: `why` */
};

struct rtr_told {
    enum rtr_heard heard;
    str out; /* what it printed, in step->arena: whoever is root on the host wrote it */
    str err;
    const char *why; /* a sentence, or NULL: the arena is full */
};

typedef enum step_turn rtr_hearer(struct step *step, const struct rtr_told *told);

struct rtr_command {
    const char *base; /* "runscript" */
    str line;         /* rtr_requests.h */
    str late;         /* the mark in it (rest/late.h), or empty */
    bool is_change;   /* sent once; else it only looks */
    uint32_t delay_ms;
};

struct rtr {
    struct talk talk;
    str device;
    str session;        /* empty: none */
    bool queue_offline; /* asked for */
    bool is_queued;     /* the session waits for its host */
    bool is_ours;       /* nobody had sent a command in it when it was opened */
    uint32_t aged_ms;   /* since it was last opened or refreshed, by our own delays */
    uint32_t opened;    /* how often, without a command that ran in between */
    uint32_t silent;    /* how often opening it got no answer */
    enum step_turn (*then)(struct step *step); /* once there is a session */
    rtr_hearer *hear;
    struct rtr_command command;
    str request_id; /* of the command */
    uint32_t sequence;
    uint32_t checks;
    uint32_t misses;
    str out;
    str err;
};

/* Open a session, or get the one that is there. */
enum step_turn rtr_open(struct step *step, bool queue_offline, rtr_hearer *hear);
/* Send a command and wait until it is complete. */
enum step_turn rtr_run(struct step *step, const struct rtr_command *command, rtr_hearer *hear);
/* Call `then` with a session that is not about to end; only when there is none, `hear`. */
enum step_turn rtr_awake(
    struct step *step, enum step_turn (*then)(struct step *step), rtr_hearer *hear);
/* Ask question `doing` of the step's own, a read that its hearer is told of whatever comes. */
enum step_turn rtr_ask(struct step *step, uint32_t doing, struct request request);

talk_hearer rtr_heard_init, rtr_heard_pulse, rtr_heard_send, rtr_heard_check;
