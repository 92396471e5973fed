/* needs.h - what rules need to be permitted, why, and on what.
 *
 * Each step's row names its permissions. Of AWS each is told apart by the type of resource it is
 * judged on, and narrowed by what the conditions of all rules that need it imply: never by
 * less than all, and never by what the step itself may have from somewhere else. What can certainly
 * never be done by the provider needs nothing of it (needs_ways.h).
 */
#pragma once

#include "aws/iam_actions.h"
#include "compile.h"
#include "implied.h"

enum { NEED_TAGS_MAX = 8, NEED_MAKERS_MAX = 4 };

/* A step of a rule that needs something; or a way in. */
struct need_user {
    struct need_user *next;
    const struct item *rule; /* NULL: a way in */
    const struct ast_step *step;
    const struct ast_line *way; /* NULL: a step; the block `poll NAME {` of a daemon */
    bool is_found; /* not to act: to look for the device or instance that the step acts on */
};

/* The resource has one of these values in that tag. */
struct need_tag {
    str key;
    struct implied values;
};

struct need {
    struct need *next;
    const char *permission; /* "ec2:StopInstances" */
    bool is_undo;
    const struct iam_action *action; /* NULL: not one of AWS */
    const struct iam_resource *type; /* NULL: judged on no resource, "*" */
    bool is_connections; /* of the connection's own identity, and of no role of an account */
    enum iam_narrow narrow;
    struct implied accounts;
    struct implied regions;
    struct need_tag tags[NEED_TAGS_MAX]; /* of IAM_TARGET; all must hold */
    uint32_t tag_count;
    const char *makers[NEED_MAKERS_MAX]; /* of IAM_TAGGING: in which actions; static */
    struct implied places;               /* of IAM_PLACE: "bucket" or "bucket/prefix/" and a star */
    struct need_user *users;             /* in the order of the rules */
};

struct needs {
    struct need *first; /* by phase, permission and type of resource */
    uint32_t rules;     /* that need something */
    uint32_t disabled;  /* that were left out because they are disabled */
    uint32_t idle;      /* steps that this build cannot take: they need nothing */
};

/* What the rules of a compiled program need of `provider`; in the compilation's arena.
 * ERR_MEMORY. */
MUST_CHECK enum err needs_of(
    struct compilation *compilation, str provider, struct needs *ret_needs);

/* Add what `cdr leftovers --remove` needs in each account: no rule is its user. ERR_MEMORY. */
MUST_CHECK enum err needs_add_leftovers(struct compilation *compilation, struct needs *needs);

/* Those of `all` that the connection's own identity needs, or those of the role in each account;
 * in `arena`, with the same users. ERR_MEMORY. */
MUST_CHECK enum err needs_part(
    const struct needs *all, bool is_connections, struct arena *arena, struct needs *ret_needs);

/* Whether `wide` permits all that `narrow` does, of the same action and type. */
bool need_covers(const struct need *wide, const struct need *narrow);

/* "stop_instance"; how a user's step is called. Of a way in what kind it is: "poll". */
str need_step_name(const struct need_user *user);
/* The rule's name, or the way's; may be empty. */
str need_user_name(const struct need_user *user);
span need_user_at(const struct need_user *user);
