#include "defender/user.h"

#include "base/fold.h"
#include "bytecode.h"
#include "defender/replies.h"

enum { GUID_CHARS = 36 };

bool user_is_guid(str text)
{
    for (size_t at = 0; at < text.len; at++) {
        bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
        if (is_dash ? text.ptr[at] != '-'
                    : !str_all_of((str){ text.ptr + at, 1 }, "0123456789abcdefABCDEF"))
            return false;
    }
    return text.len == GUID_CHARS;
}

bool user_is_principal_name(str text)
{
    size_t at = str_find(text, '@');
    if (at == 0 || at + 1 >= text.len || at != str_find_last(text, '@'))
        return false;
    for (size_t byte = 0; byte < text.len; byte++)
        if ((unsigned char)text.ptr[byte] <= ' ' || (unsigned char)text.ptr[byte] >= 0x7F

            || strchr("/\\:;,<>()[]\"", text.ptr[byte]) != NULL)
            return false;
    return true;
}

bool user_fits(const value *args)
{
    str user = value_str(args[0]);
    return user_is_guid(user) || user_is_principal_name(user);
}

enum step_turn user_misfit(struct step *step, str given)
{
    return talk_end(step, STEP_UNRESOLVED,
        "%.*s is no user of Entra ID: those have an object id (a GUID) or a principal name "
        "(name@domain)",
        STR_ARG(given));
}

static void say(struct step *step, enum field field, str text)
{
    if (text.len > 0)
        step_fact(step, field, text);
    else
        step_none(step, field);
}

/* What it is called, before anything is changed. */
static void introduce(struct step *step, const struct xml *root, struct entra_user *user)
{
    str principal = xml_text(root, "userPrincipalName"), shown = xml_text(root, "displayName");
    const char *target;
    user->id = arena_copy(step->arena, xml_text(root, "id"));
    target = arena_format(step->arena, "user/%.*s", STR_ARG(user->id));
    step->target = str_from(target);
    step_fact(step, FIELD_USER_ID, user->id);
    step_fact(step, FIELD_USER_ID, principal);
    say(step, FIELD_USER_NAME, principal);
    step_fact(step, FIELD_USER_NAME, shown);
    say(step, FIELD_USER_EMAIL, principal);
    talk_found(step, "user %.*s", STR_ARG(principal));
}

bool user_heard(struct step *step, const struct answer *answer, str given, struct entra_user *user,
    enum step_turn *ret_turn)
{
    if (answer->heard == HEARD_ASSUMED) {
        const char *target = arena_format(step->arena, "user/%.*s", STR_ARG(given));
        step->target = str_from(target);
        user->id = given;
        return true;
    }
    if (answer->heard != HEARD_ANSWER && !reply_is_missing(answer)) {
        *ret_turn = talk_fail(step, answer);
        return false;
    }
    const struct xml *root = answer->root;
    str id = xml_text(root, "id");
    if (answer->heard == HEARD_ERROR || !user_is_guid(id)
        || (user_is_guid(given) ? !fold_equal(id, given)
                                : !fold_equal(xml_text(root, "userPrincipalName"), given))) {
        *ret_turn = talk_end(step, STEP_UNRESOLVED, "Entra ID has no user %.*s", STR_ARG(given));
        return false;
    }
    if (!user->is_known)
        introduce(step, root, user);
    user->is_known = true;
    user->is_shown = xml_text(root, "accountEnabled").len > 0;
    user->is_enabled = !str_is(xml_text(root, "accountEnabled"), "false");
    user->is_synced = str_is(xml_text(root, "onPremisesSyncEnabled"), "true");
    user->void_before = arena_copy(step->arena, xml_text(root, "signInSessionsValidFromDateTime"));
    return true;
}

enum step_turn user_declined(struct step *step, const struct answer *answer)
{
    const struct talk *talk = step->state;
    const char *why = talk_why(step, answer);
    if (why == NULL)
        return talk_memory(step);
    return talk_end(step, talk->has_changed ? STEP_UNKNOWN : STEP_FAILED, "%s%s", why,
        answer->heard == HEARD_ERROR && answer->is_forbidden
            ? "; of a user with an administrator's role the app itself needs a directory role that "
              "may do so, as Privileged Authentication Administrator"
            : "");
}
