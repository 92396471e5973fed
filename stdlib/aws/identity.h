/* identity.h - who we are, and in which account: asked before anything else.
 *
 * A step that reaches another account than the alert's must not act there, and the
 * responder must not lock itself out. */
#pragma once

#include "aws/replies.h"
#include "aws/voice.h"

/* Read GetCallerIdentity into *ret_caller (all empty when the answer is assumed) and
 * compare the account with `wanted`, the one of the alert or the rule (empty: any).
 * False: the step has ended, and *ret_turn is what its hearer returns. */
bool identity_heard(struct step *step, const struct answer *answer, str wanted,
    struct caller *ret_caller, enum step_turn *ret_turn);

/* Read DescribeInstances of `id` into *ret_instance; an assumed answer gives an instance
 * of that id, state "running" and nothing else. False: the step has ended; there is no such
 * instance, it belongs to another account than the caller's, or it is the caller itself. */
bool instance_heard(struct step *step, const struct answer *answer, const struct caller *caller,
    str id, struct instance *ret_instance, enum step_turn *ret_turn);

/* "; it is a member of the Auto Scaling group G, which may replace it", or "".
 * NULL when the arena is full. */
const char *instance_caveat(struct step *step, const struct instance *instance);
