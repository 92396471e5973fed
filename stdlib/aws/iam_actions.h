/* iam_actions.h - what a policy of IAM can say of the actions that rows name.
 *
 * Facts only: iam_actions.def. Which rule needs what is the compiler's to say.
 */
#pragma once

#include "base/str.h"

#include <stddef.h>

enum iam_source { IAM_TABLE, IAM_PART, IAM_REFERENCE };

struct iam_action {
    const char *name;      /* "ec2:StopInstances" */
    const char *resources; /* types, with spaces between; "": its Resource is "*" */
    enum iam_source source;
};

struct iam_resource {
    const char *service; /* whose actions name it so: "ssm" */
    const char *type;    /* "instance" */
    const char *arn;     /* "arn:{P}:ec2:{R}:{A}:instance/ *" without the space */
    bool takes_tags;     /* aws:ResourceTag */
};

enum iam_narrow { IAM_ANY, IAM_TARGET, IAM_OURS, IAM_MADE, IAM_TAGGING, IAM_PLACE };

/* On what a step uses an action. */
struct iam_use {
    const char *step;
    const char *action;
    const char *resources; /* as iam_action.resources, some of these */
    enum iam_narrow narrow;
};

/* What a step needs only with some values of a parameter. */
struct iam_when {
    const char *step;
    const char *actions; /* with spaces between */
    const char *param;
    const char *values; /* with spaces between; see iam_actions.def */
};

/* Rows by index; NULL past the last. */
const struct iam_action *iam_action_at(size_t index);
const struct iam_resource *iam_resource_at(size_t index);
const struct iam_use *iam_use_at(size_t index);
const struct iam_when *iam_when_at(size_t index);

/* The row of "ec2:StopInstances", or NULL. */
const struct iam_action *iam_action_find(str name);
/* The type `type` of the service that `action` ("ssm:SendCommand") is of, or NULL. */
const struct iam_resource *iam_resource_find(str action, str type);

/* "s3:ListBucket", the action that permits "ListObjectsV2" of "s3"; NULL: it is called as the
 * operation is. */
const char *iam_action_of(const char *service, const char *operation);

/* Whether requests for it go to the region that a step acts in, so that aws:RequestedRegion is that
 * region: not so for IAM, which is everywhere, nor for what has an address of its own. */
bool iam_action_is_regional(str action);

/* Whether requests for it are signed by the connection itself, whatever account a step acts in, and
 * not by the role of that account: evidence in S3, the list of accounts, taking roles
 * (connection.h). */
bool iam_action_is_connections(str action);

/* Take the first word off `*words`; false when there is none. */
bool iam_word_next(str *words, str *ret_word);
/* Whether `word` is one of `words`. */
bool iam_words_have(const char *words, str word);
