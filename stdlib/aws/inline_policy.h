/* inline_policy.h - an inline policy of ours on an IAM role or user, put and taken back.
 *
 * It is put when it is not there, counts as put when IAM shows it, and is taken back only while it
 * is as it was put. Of one whose text has the mark of late.h the time is not compared. */
#pragma once

#include "aws/identity.h"

#define POLICY_ISOLATION "cdr-isolation"
#define POLICY_SESSIONS "cdr-revoked-sessions"
/* The document of POLICY_ISOLATION. */
#define DENY_ALL                                                                                   \
    STR("{\"Version\":\"2012-10-17\",\"Statement\":"                                               \
        "[{\"Sid\":\"CdrIsolation\",\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}")

struct inline_policy {
    bool is_user;
    str owner;        /* name of the user or role */
    const char *name; /* static */
    str document;     /* as it is put */
    struct tries tries;
};

/* What the answer to a look (inline_policy_look) says. */
enum inline_seen {
    INLINE_PUT,   /* it is not there: put it (also of an assumed answer) */
    INLINE_AGAIN, /* it was put and is not there yet: look after *ret_delay_ms */
    INLINE_THERE, /* it is there as it was put */
    INLINE_OTHER, /* there is one of that name with other words: *ret_document */
    INLINE_NEVER, /* it was put, and IAM does not show it */
    INLINE_ERROR, /* the answer is an error of another kind */
    INLINE_MEMORY,
};

/* Ask for it; what the answer shows, with the wait before INLINE_AGAIN and of INLINE_OTHER the
 * document, in the step's arena. */
struct request inline_policy_look(
    struct step *step, const struct inline_policy *policy, uint32_t delay_ms);
enum inline_seen inline_policy_seen(struct step *step, struct inline_policy *policy,
    const struct answer *answer, uint32_t *ret_delay_ms, str *ret_document);
/* The request that puts it, counted. */
struct request inline_policy_put(struct step *step, struct inline_policy *policy);

/* GetRolePolicy, GetUserPolicy: the document as it was put. ERR_NOT_FOUND, ERR_MEMORY. */
MUST_CHECK enum err reply_inline_policy(
    struct arena *arena, const struct xml *root, bool is_user, str *ret_document);
/* Whether `seen` is `ours`, apart from the time where `ours` has the mark. */
bool document_is(str seen, str ours);

/* The inverses: args are the ARN of the role or user, the document that was put, and, where the
 * row has it, the document that was there before; last the id of the role or user. Only the one
 * with that ARN and that id is touched. */
struct restore_policy {
    struct talk talk;
    struct caller caller;
    const struct restore_words *words;
    bool has_former;
    str id; /* of the role or user that was changed; or empty */
    struct inline_policy policy;
    struct tries tries;
};

/* What the sentences of a row say. */
struct restore_words {
    const char *name;  /* of the policy */
    const char *done;  /* "is no longer denied everything" */
    const char *would; /* "would no longer be denied everything" */
};

/* `words` is static. */
enum step_turn restore_policy_next(
    struct step *step, const struct reply *reply, const struct restore_words *words);
/* release_role (role), enable_user (user): ARN, policy, id; allow_sessions (either): ARN, policy,
 * former, id */
enum step_turn release_principal_next(struct step *step, const struct reply *reply);
enum step_turn allow_sessions_next(struct step *step, const struct reply *reply);
