/* restrict_role.h - take from a role the policies that let it do everything, or bound them.
 *
 * Attached policies that are too powerful (policy_power.h) are detached, each with its own undo;
 * inline policies that are so are named and left. With a boundary, what the role may do is cut to
 * what that policy allows too, and nothing is detached. */
#pragma once

#include "aws/principal.h"

enum { ATTACHED_MAX = 32, INLINE_MAX = 64 }; /* IAM lets a role have 20 attached at most */

struct attached_policy {
    str arn;
    bool is_power;
    bool is_listed;    /* in the last list */
    bool is_assumed;   /* planning: it was not detached */
    const char *fault; /* why it could not be detached */
    struct tries tries;
};

struct restrict_role {
    struct principal principal; /* first */
    struct attached_policy attached[ATTACHED_MAX];
    uint32_t attached_count;
    str inlines[INLINE_MAX]; /* names */
    uint32_t inlines_count;
    uint32_t at;     /* which of them is being judged, or was sent */
    bool is_looking; /* listing again what is attached */
    str page;
    const char *inline_powers; /* "admin, root", or "" */
    str former;                /* the boundary before; or empty */
    struct tries tries;        /* of the boundary */
};

/* One change and its way back: `policy` that was detached, or `boundary` that was put in the place
 * of `former`. */
struct unrestrict_role {
    struct talk talk;
    struct caller caller;
    bool is_seen; /* in the pages so far */
    str page;
    struct tries tries;
};

enum { RESTRICT_ARG_BOUNDARY = 2 };

/* role, instance, boundary, account, region */
enum step_turn restrict_role_next(struct step *step, const struct reply *reply);
/* role (ARN), policy, boundary, former: ARNs; the id of the role */
enum step_turn unrestrict_role_next(struct step *step, const struct reply *reply);

/* GetRole: the ARN of the permissions boundary, or empty. ERR_MEMORY. */
MUST_CHECK enum err reply_role_boundary(
    struct arena *arena, const struct xml *root, str *ret_boundary);

/* Told to restrict_role.c by role_boundary.c, which bounds. */
enum {
    RESTRICT_BOUNDARY_LOOK = PRINCIPAL_DOING_COUNT,
    RESTRICT_BOUNDARY_CHANGE,
    RESTRICT_DOING_COUNT
};
enum step_turn boundary_begin(struct step *step, str boundary);
talk_hearer boundary_heard_look, boundary_heard_change;
