/* evidence_place.h - where evidence goes: a bucket of S3, and what the keys in it begin with. */
#pragma once

#include "aws/voice.h"

struct evidence_place {
    str bucket;
    str prefix; /* without slashes at its ends; may be empty */
};

/* Read "s3://bucket/prefix", borrowed. NULL, or why it is no such place: static words. */
const char *evidence_place_fault(str url, struct evidence_place *ret_place);
/* "bucket/prefix/name" for requests, and "s3://bucket/prefix/name" for people; ptr is NULL when the
 * arena is full. */
str evidence_place_target(
    struct arena *arena, const struct evidence_place *place, const char *name);
str evidence_place_url(struct arena *arena, const struct evidence_place *place, const char *name);

/* The region that S3 wants instead, from how it declined ("expecting 'eu-west-1'", or the endpoint
 * that it points to), borrowed; empty: it names none. */
str evidence_place_region(const struct answer *answer);
/* End as talk_fail, with the settings that name the bucket when it is the bucket that is not there. */
enum step_turn evidence_place_fail(
    struct step *step, const struct answer *answer, const struct evidence_place *place);
