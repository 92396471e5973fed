/* revoke_sessions.h - making every session of a user of Entra ID sign in again.
 *
 * Graph says since when sessions count (signInSessionsValidFromDateTime): the change is made when that
 * has moved. Access tokens that were handed out live on to their end, an hour at most.
 * https://learn.microsoft.com/en-us/graph/api/user-revokesigninsessions */
#pragma once

#include "defender/user.h"

enum { REVOKE_USER };

struct revoke_entra_sessions {
    struct talk talk;
    struct entra_user user;
    struct tries tries;
    str before; /* since when sessions counted at the first look */
};

enum step_turn revoke_entra_sessions_next(struct step *step, const struct reply *reply);
