/* principal.h - finding the IAM role or user that a step acts on, and saying what it is.
 *
 * The part of the conversation that such steps have in common: who are we, which role or user is
 * meant, does IAM know it, may it be touched. The state of a step begins with struct principal and
 * its hearers with PRINCIPAL_HEARERS; `found` goes on when all of that is answered.
 *
 * A role is named by its ARN, the ARN of a session, its name and an account, or by an instance that
 * has it; a user by its ARN, its unique id (AIDA..) and an account, or its name and an account.
 * Names alone are not enough: other directories have users of the same name. */
#pragma once

#include "aws/identity.h"

/* Which arguments of the row they are; -1: it has none such. */
struct principal_args {
    int role, user, instance, account, region;
};

struct principal {
    struct talk talk;
    const struct principal_args *args; /* static */
    enum step_turn (*found)(struct step *step);
    struct caller caller;
    str arn;  /* once it is known; what was given until then */
    str name; /* as IAM wants it */
    str id;   /* that IAM gave it (AROA.., AIDA..), which no other ever has; empty: not read */
    bool is_user;
    bool is_assumed; /* planning offline: nothing of it was read */
    bool is_shown;   /* facts were said */
    str page;        /* of ListUsers */
    uint32_t pages;
};

/* The questions asked here; those of the step follow. */
enum {
    PRINCIPAL_CALLER,
    PRINCIPAL_INSTANCE,
    PRINCIPAL_PROFILE,
    PRINCIPAL_ROLE,
    PRINCIPAL_TAGS,
    PRINCIPAL_USER,
    PRINCIPAL_USERS,
    PRINCIPAL_DOING_COUNT,
};

#define PRINCIPAL_HEARERS                                                                          \
    [PRINCIPAL_CALLER] = principal_heard_caller, [PRINCIPAL_INSTANCE] = principal_heard_instance,  \
    [PRINCIPAL_PROFILE] = principal_heard_profile, [PRINCIPAL_ROLE] = principal_heard_role,        \
    [PRINCIPAL_TAGS] = principal_heard_tags, [PRINCIPAL_USER] = principal_heard_user,              \
    [PRINCIPAL_USERS] = principal_heard_users

/* The first turn. `args` is static. */
enum step_turn principal_begin(struct step *step, const struct principal_args *args,
    enum step_turn (*found)(struct step *step));

talk_hearer principal_heard_caller, principal_heard_instance, principal_heard_profile,
    principal_heard_role, principal_heard_tags, principal_heard_user, principal_heard_users;

/* "web" of arn:aws:iam::111122223333:role/app/web, of the sts ARN of one of its sessions, of
 * arn:aws:iam::111122223333:user/app/web, and of plain "web". */
str principal_name(str arn);
/* Whether the ARN is that of a user. */
bool principal_is_user(str arn);
/* Whether `name` is the user that calls. */
bool caller_is_user(const struct caller *caller, str name);
/* Whether `arn` is of another account than the caller's: true when both are known. */
bool principal_is_elsewhere(const struct caller *caller, str arn);
/* For what takes a change back: whether the role or user that IAM has under the name of `arn` now, in
 * the answer to principal_ask, is the one that was changed. Others take the names of those that
 * were deleted, also under another path. `id` is what struct principal had, or empty. False: the
 * step has ended, and *ret_turn is what its hearer returns. */
bool principal_is_still(
    struct step *step, const struct answer *answer, str arn, str id, enum step_turn *ret_turn);
/* GetRole, GetUser. */
struct request principal_ask(struct step *step, str arn);
enum step_turn principal_end_elsewhere(struct step *step, const struct caller *caller, str arn);
