/* disable_user.h - switching a user of Entra ID off, and on again.
 *
 * PATCH accountEnabled, then looked at until Graph shows it. A user that is synchronised from a directory
 * of one's own is told as partial: the next synchronisation writes that directory's word.
 * https://learn.microsoft.com/en-us/graph/api/user-update */
#pragma once

#include "defender/user.h"

enum { ENABLE_USER }; /* parameter of the undo */

/* State of both. */
struct switch_user {
    struct talk talk;
    struct entra_user user;
    struct tries tries;
};

enum step_turn defender_disable_user_next(struct step *step, const struct reply *reply);
enum step_turn enable_entra_user_next(struct step *step, const struct reply *reply);
