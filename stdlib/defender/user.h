/* user.h - a user of Entra ID as Microsoft Graph shows it.
 * https://learn.microsoft.com/en-us/graph/api/user-get */
#pragma once

#include "builtin.h"
#include "rest/voice.h"

/* Fields that user_heard says, for rows (builtin.shows). */
#define SHOWS_ENTRA_USER FIELD_USER_ID, FIELD_USER_NAME, FIELD_USER_EMAIL

/* In the step's arena. */
struct entra_user {
    str id;        /* a GUID; what was given while planning offline */
    bool is_known; /* the rest was read */
    bool is_shown; /* whether it is enabled was told: Graph hides it from those who may not know */
    bool is_enabled;
    bool is_synced;  /* from a directory of one's own, which overwrites what is changed here */
    str void_before; /* signInSessionsValidFromDateTime, where it was asked for */
};

/* Whether `text` is a GUID, or looks like a user principal name (ASCII, one @, no blanks and slashes). */
bool user_is_guid(str text);
bool user_is_principal_name(str text);
/* `fits` of a way whose first parameter is the user. */
bool user_fits(const value *args);

/* End as unresolved, because `given` is neither. */
enum step_turn user_misfit(struct step *step, str given);
/* Whether the answer to a look for `given` shows the user. The first time its facts are said, and the
 * step's target is "user/<id>". False: the turn is in *ret_turn (nobody of that name: unresolved). */
bool user_heard(struct step *step, const struct answer *answer, str given, struct entra_user *user,
    enum step_turn *ret_turn);
/* End because Graph did not allow a change of a user: as talk_fail, and what it takes. */
enum step_turn user_declined(struct step *step, const struct answer *answer);
