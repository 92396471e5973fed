#include "sandbox/iam_judge.h"

#include <fnmatch.h>

enum { VALUES_MAX = 16 };

/* One question: may the caller do `action` to this? */
struct question {
    struct call *call;
    const json_t *principal;
    const char *action;
    const struct touched *touched;
    json_t *request_tags;
    bool is_allowed, is_denied;
};

static bool like(const char *pattern, const char *text, bool folds)
{
    return fnmatch(pattern, text, FNM_NOESCAPE | (folds ? FNM_CASEFOLD : 0)) == 0;
}

/* Whether one of `patterns`, a text or a list, fits. */
static bool any_fits(const json_t *patterns, const char *text, bool folds)
{
    size_t index;
    json_t *one;
    if (json_is_string(patterns))
        return like(json_string_value(patterns), text, folds);
    json_array_foreach((json_t *)(uintptr_t)patterns, index,
        one) if (json_is_string(one) && like(json_string_value(one), text, folds)) return true;
    return false;
}

/* ---- conditions ---- */

/* What the context has under `key`; *ret_known is false for a key that is not known here. */
static size_t context_values(const struct question *question, const char *key,
    const char *values[static VALUES_MAX], bool *ret_known)
{
    struct call *call = question->call;
    const char *tag = strchr(key, '/');
    const char *found = NULL;
    *ret_known = true;
    if (strncmp(key, "aws:ResourceTag/", 16) == 0 || strncmp(key, "ec2:ResourceTag/", 16) == 0
        || strncmp(key, "ssm:resourceTag/", 16) == 0 || strncmp(key, "iam:ResourceTag/", 16) == 0)
        found = json_string_value(json_object_get(question->touched->tags, tag + 1));
    else if (strncmp(key, "aws:RequestTag/", 15) == 0)
        found = json_string_value(json_object_get(question->request_tags, tag + 1));
    else if (strcmp(key, "aws:RequestedRegion") == 0 || strcmp(key, "ec2:Region") == 0)
        found = call->region_name;
    else if (strcmp(key, "ec2:CreateAction") == 0)
        found = question->touched->create_action;
    else if (strcmp(key, "aws:ResourceAccount") == 0)
        found = call_account_id(call);
    else if (strcmp(key, "iam:PolicyARN") == 0)
        found = call_text(call, "PolicyArn");
    else if (strcmp(key, "iam:PermissionsBoundary") == 0)
        found = call_text(call, "PermissionsBoundary");
    else if (strcmp(key, "s3:prefix") == 0)
        found = call_text(call, "prefix");
    else if (strcmp(key, "sts:ExternalId") == 0)
        found = call_text(call, "ExternalId");
    else if (strcmp(key, "ec2:Add/userId") == 0)
        found = call_text(call, "UserId.1");
    else
        *ret_known = false;
    values[0] = found;
    return found == NULL ? 0 : 1;
}

/* `name` without the prefix and suffix that say how it is meant. */
static const char *plain_operator(struct call *call, const char *name, bool *ret_if_exists)
{
    const char *colon = strchr(name, ':');
    str rest = str_from(colon == NULL ? name : colon + 1);
    *ret_if_exists = str_endswith(rest, STR("IfExists"));
    if (*ret_if_exists)
        rest = str_first(rest, rest.len - strlen("IfExists"));
    return arena_copy(call->arena, rest).ptr;
}

/* Whether `found` meets one of `wanted`; *ret_known is false for an operator that is not known. */
static bool meets(const char *operator, const char * found, const json_t *wanted, bool *ret_known)
{
    bool folds = strcmp(operator, "StringEqualsIgnoreCase") == 0;
    bool is_exact = strcmp(operator, "StringEquals") == 0 || folds;
    bool is_like = strcmp(operator, "StringLike") == 0 || strcmp(operator, "ArnLike") == 0
                   || strcmp(operator, "ArnEquals") == 0;
    size_t index;
    json_t *one;
    *ret_known = is_exact || is_like;
    if (is_like)
        return any_fits(wanted, found, false);
    if (json_is_string(wanted))
        return folds ? strcasecmp(json_string_value(wanted), found) == 0
                     : strcmp(json_string_value(wanted), found) == 0;
    json_array_foreach((json_t *)(uintptr_t)wanted, index, one)
    {
        const char *text = json_is_string(one) ? json_string_value(one) : "";
        if (folds ? strcasecmp(text, found) == 0 : strcmp(text, found) == 0)
            return true;
    }
    return false;
}

/* Whether one operator of a condition holds for one key; `unknown` when that cannot be told. */
static bool test_holds(const struct question *question, const char *name, const char *key,
    const json_t *wanted, bool unknown)
{
    bool if_exists, is_key_known, is_operator_known = true;
    const char *values[VALUES_MAX];
    const char *operator= plain_operator(question->call, name, &if_exists);
    size_t count = context_values(question, key, values, &is_key_known);
    if (operator== NULL || !is_key_known)
        return unknown;
    if (strcmp(operator, "Null") == 0)
        return (count == 0) == any_fits(wanted, "true", true);
    if (count == 0)
        return if_exists;
    bool is_met = meets(operator, values[0], wanted, &is_operator_known);
    return is_operator_known ? is_met : unknown;
}

static bool condition_holds(const struct question *question, const json_t *condition, bool unknown)
{
    const char *name, *key;
    json_t *keys, *wanted;
    json_object_foreach((json_t *)(uintptr_t)condition, name, keys)
        json_object_foreach(keys, key, wanted)
    {
        if (!test_holds(question, name, key, wanted, unknown))
            return false;
    }
    return true;
}

/* ---- statements ---- */

static bool statement_fits(const struct question *question, const json_t *statement)
{
    bool is_deny = strcmp(world_text(statement, "Effect"), "Deny") == 0;
    const json_t *actions = json_object_get(statement, "Action");
    const json_t *resources = json_object_get(statement, "Resource");
    bool has_action = actions != NULL ? any_fits(actions, question->action, true)
                                      : !any_fits(json_object_get(statement, "NotAction"),
                                          question->action, true);
    bool has_resource = resources != NULL ? any_fits(resources, question->touched->arn, false)
                                          : !any_fits(json_object_get(statement, "NotResource"),
                                              question->touched->arn, false);
    return has_action && has_resource
           && condition_holds(question, json_object_get(statement, "Condition"), is_deny);
}

static void weigh_statement(struct question *question, const json_t *statement)
{
    if (!json_is_object(statement) || !statement_fits(question, statement))
        return;
    if (strcmp(world_text(statement, "Effect"), "Deny") == 0)
        question->is_denied = true;
    else
        question->is_allowed = true;
}

static void weigh_document(struct question *question, const char *document)
{
    json_auto_t *policy = document == NULL ? NULL : json_loads(document, 0, NULL);
    const json_t *statements = json_object_get(policy, "Statement");
    size_t index;
    json_t *one;
    weigh_statement(question, statements);
    if (json_is_array(statements))
        json_array_foreach((json_t *)(uintptr_t)statements, index, one)
            weigh_statement(question, one);
}

static void weigh(struct question *question)
{
    const char *name;
    size_t index;
    json_t *one;
    json_object_foreach(json_object_get(question->principal, "policies"), name, one)
        weigh_document(question, json_string_value(one));
    json_array_foreach(json_object_get(question->principal, "attachedPolicies"), index, one)
    {
        const json_t *policy =
            world_find(question->call->account, "managedPolicies", "arn", json_string_value(one));
        weigh_document(question, json_string_value(json_object_get(policy, "document")));
    }
}

static bool refuse(const struct question *question)
{
    struct call *call = question->call;
    bool is_ec2 = strcmp(call->service, "ec2") == 0;
    const char *code = is_ec2                            ? "UnauthorizedOperation"
                       : call->protocol == PROTOCOL_JSON ? "AccessDeniedException"
                                                         : "AccessDenied";
    return call_refuse(call, is_ec2 || call->protocol != PROTOCOL_JSON ? 403 : 400, code,
        "%sUser: %s is not authorized to perform: %s on resource: %s %s",
        is_ec2 ? "You are not authorized to perform this operation. " : "",
        world_text(call->credential, "arn"), question->action, question->touched->arn,
        question->is_denied ? "with an explicit deny in an identity-based policy"
                            : "because no identity-based policy allows the action");
}

/* One thing that is touched, and where it is made with tags the tagging of it. */
static bool is_allowed(
    struct call *call, const json_t *principal, const char *action, struct touched touched)
{
    json_auto_t *tags = iam_judge_request_tags(call, touched.type);
    struct question question = { .call = call,
        .principal = principal,
        .action = action,
        .touched = &touched,
        .request_tags = tags };
    weigh(&question);
    if (!question.is_allowed || question.is_denied)
        return refuse(&question);
    if (touched.type == NULL || json_object_size(tags) == 0)
        return true;
    touched.create_action = call->operation_name;
    question = (struct question){ .call = call,
        .principal = principal,
        .action = "ec2:CreateTags",
        .touched = &touched,
        .request_tags = tags };
    weigh(&question);
    return (question.is_allowed && !question.is_denied) || refuse(&question);
}

bool iam_judge(struct call *call, const json_t *principal, const char *action)
{
    struct touched *touched = ARENA_ARRAY(call->arena, struct touched, JUDGED_MAX);
    if (!world_flag(principal, "judged") || call->error_code != NULL)
        return true;
    if (touched == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    size_t count = iam_judge_touched(call, touched);
    for (size_t at = 0; at < count; at++)
        if (!is_allowed(call, principal, action, touched[at]))
            return false;
    return true;
}
