/* protection.h - an instance's protection against being stopped or terminated.
 *
 * Steps ask for it before they act. It is taken away only where the rule says
 * `override=protection`, looked for until AWS shows it gone, and its undo sets it again. */
#pragma once

#include "aws/identity.h"

/* For rows: the parameter that permits it. */
#define PARAM_OVERRIDE                                                                             \
    PARAM_CHOICE("override", "protection",                                                         \
        "protection: take the instance's protection against this away first")

/* Arguments of protect_instance. */
enum { PROTECT_INSTANCE, PROTECT_ATTRIBUTE, PROTECT_ACCOUNT, PROTECT_REGION, PROTECT_ARGS };

/* Filled in by the step, down to the blank line. */
struct protection {
    const char *attribute; /* "disableApiStop" */
    const char *against;   /* "stopping" */
    uint32_t look, change; /* the step's numbers for the two questions */
    str instance;
    value account;
    str region;
    value given_region; /* for the undo: talk_region */
    bool may_override;

    bool is_off;         /* AWS says so, or a plan could not ask */
    bool was_taken_away; /* by us, or would be */
    struct tries tries;
};

/* Ask whether it is on. */
enum step_turn protection_ask(struct step *step, struct protection *protection);
/* The hearers of both questions. True: it is off, go on. False: *ret_turn. */
bool protection_heard_look(struct step *step, const struct answer *answer,
    struct protection *protection, enum step_turn *ret_turn);
bool protection_heard_change(struct step *step, const struct answer *answer,
    struct protection *protection, enum step_turn *ret_turn);
/* End because AWS declined what the protection was taken away for: "instance i-1 `left`: ..".
 * `is_known`: no earlier request to do it was lost, so nothing else was done. */
enum step_turn protection_declined(struct step *step, const struct answer *answer,
    const struct protection *protection, const char *left, bool is_known);
/* "; its protection against stopping was taken away" or "". */
const char *protection_caveat(struct step *step, const struct protection *protection);

struct protect_instance {
    struct talk talk;
    struct caller caller;
    struct tries tries;
};

/* The inverse: set the attribute again. */
enum step_turn protect_instance_next(struct step *step, const struct reply *reply);
