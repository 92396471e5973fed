/* iam_judge.h - whether the policies of a caller allow a call on each thing that it touches.
 *
 * Only of roles and users that are `"judged": true` in the world: others may do what no policy denies
 * them (iam_policy.h). Everything a call touches must be allowed, as the Service Authorization
 * Reference has it (iam_judge.def); what it makes with tags needs ec2:CreateTags too. What a
 * statement says in words that are not known here makes no Allow hold, and every Deny. */
#pragma once

#include "sandbox/call.h"

enum { JUDGED_MAX = 128 };

/* Something that a call touches. */
struct touched {
    const char *arn;           /* "*": the action knows no resources */
    const json_t *tags;        /* of it, borrowed; NULL: none */
    const char *type;          /* of what the call makes: "security-group"; else NULL */
    const char *create_action; /* of ec2:CreateTags at a creation; else NULL */
};

/* What the call touches, in `touched` of JUDGED_MAX, and how much. */
size_t iam_judge_touched(struct call *call, struct touched *touched);
/* The tags that the call gives to what it makes of that type, or that it sets, new reference. */
json_t *iam_judge_request_tags(struct call *call, const char *type);

/* Judge the call of `principal`. False: refused. */
MUST_CHECK bool iam_judge(struct call *call, const json_t *principal, const char *action);
