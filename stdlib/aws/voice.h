/* voice.h - how AWS speaks: XML, JSON or a status; codes that mean "later", "not you", "no".
 *
 * Codes: AWS general reference, and botocore's standard mode. */
#pragma once

#include "talk/talk.h"

extern const struct speaker aws_speaker;

/* talk_hear of a step whose requests all go to AWS. */
static inline enum step_turn talk_next(
    struct step *step, const struct reply *reply, talk_hearer *const *hearers)
{
    return talk_hear(step, reply, hearers, &aws_speaker);
}
