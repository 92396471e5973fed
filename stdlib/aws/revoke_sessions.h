/* revoke_sessions.h - make the sessions that a role or a user has now worthless.
 *
 * An inline policy of our own denies everything to what was issued before the policy was sent; the
 * time is written by whoever sends it (late.h). The console uses a policy AWSRevokeOlderSessions
 * for the same, which is somebody else's: theirs and ours stand side by side. The Sid names the
 * step, so that one step's undo leaves a later one's revocation alone. */
#pragma once

#include "aws/inline_policy.h"
#include "aws/principal.h"

struct revoke_sessions {
    struct principal principal; /* first */
    struct inline_policy policy;
    str former; /* document of an earlier step of ours; or empty */
};

/* role, user, instance, account, region */
enum step_turn revoke_sessions_next(struct step *step, const struct reply *reply);
