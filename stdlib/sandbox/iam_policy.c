#include "sandbox/iam_policy.h"
#include "base/time.h"
#include "sandbox/world.h"

#include <fnmatch.h>
#include <ctype.h>

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (strcmp(name, names[at]) == 0)
            return true;
    return false;
}

/* Whether `value` is a text, or a list of at least one, each of which `is_good`. */
static bool all_texts(const json_t *value, bool (*is_good)(const char *text))
{
    if (json_is_string(value))
        return is_good(json_string_value(value));
    size_t index;
    json_t *element;
    json_array_foreach(value, index,
        element) if (!json_is_string(element) || !is_good(json_string_value(element))) return false;
    return json_array_size(value) > 0;
}

static bool is_action(const char *text)
{
    const char *colon = strchr(text, ':');
    return strcmp(text, "*") == 0 || (colon != NULL && colon != text && colon[1] != '\0');
}

static bool is_resource(const char *text)
{
    return strcmp(text, "*") == 0 || strncmp(text, "arn:", 4) == 0;
}

static bool is_sid(const json_t *sid)
{
    const char *text = json_string_value(sid);
    if (text == NULL)
        return false;
    while (isalnum((unsigned char)*text))
        text++;
    return *text == '\0';
}

static const char *statement_fault(const json_t *statement)
{
    static const char *const members[] = { "Sid", "Effect", "Action", "NotAction", "Resource",
        "NotResource", "Condition" };
    const char *name;
    json_t *value;
    if (!json_is_object(statement))
        return "Syntax errors in policy.";
    json_object_foreach((json_t *)(uintptr_t)statement, name,
        value) if (!is_one_of(name, members, COUNT_OF(members))) return strcmp(name, "Principal")
            == 0
        ? "Policy document should not specify a principal."
        : "Syntax errors in policy.";
    const char *effect = world_text(statement, "Effect");
    const json_t *action = json_object_get(statement, "Action");
    const json_t *not_action = json_object_get(statement, "NotAction");
    const json_t *resource = json_object_get(statement, "Resource");
    const json_t *not_resource = json_object_get(statement, "NotResource");
    const json_t *sid = json_object_get(statement, "Sid");
    const json_t *condition = json_object_get(statement, "Condition");
    if (strcmp(effect, "Allow") != 0 && strcmp(effect, "Deny") != 0)
        return "Syntax errors in policy.";
    if ((action == NULL) == (not_action == NULL))
        return "Policy statement must contain actions.";
    if ((resource == NULL) == (not_resource == NULL))
        return "Policy statement must contain resources.";
    if (!all_texts(action != NULL ? action : not_action, is_action))
        return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    if (!all_texts(resource != NULL ? resource : not_resource, is_resource))
        return "Resource must be in ARN format or \"*\".";
    if ((sid != NULL && !is_sid(sid)) || (condition != NULL && !json_is_object(condition)))
        return "Syntax errors in policy.";
    return NULL;
}

static const char *policy_fault(const json_t *policy)
{
    static const char *const versions[] = { "2012-10-17", "2008-10-17" };
    static const char *const members[] = { "Version", "Id", "Statement" };
    const json_t *version = json_object_get(policy, "Version");
    const json_t *statements = json_object_get(policy, "Statement");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)policy, name,
        value) if (!is_one_of(name, members, COUNT_OF(members))) return "Syntax errors in policy.";
    if (version != NULL && !is_one_of(world_text(policy, "Version"), versions, COUNT_OF(versions)))
        return "The policy must contain a valid version string.";
    if (json_is_object(statements))
        return statement_fault(statements);
    if (json_array_size(statements) == 0)
        return "Syntax errors in policy.";
    const char *fault = NULL;
    size_t index;
    json_array_foreach(statements, index, value) if (fault == NULL) fault = statement_fault(value);
    return fault;
}

const char *iam_policy_fault(const char *document)
{
    json_auto_t *policy = json_loads(document, JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(policy) ? policy_fault(policy) : "Syntax errors in policy.";
}

/* Whether `value`, a text or a list, has a pattern for `text`. */
static bool any_like(const json_t *value, const char *text)
{
    if (json_is_string(value))
        return fnmatch(json_string_value(value), text, FNM_NOESCAPE | FNM_CASEFOLD) == 0;
    size_t index;
    json_t *element;
    json_array_foreach(value, index,
        element) if (json_is_string(element)
                     && fnmatch(json_string_value(element), text, FNM_NOESCAPE | FNM_CASEFOLD)
                            == 0) return true;
    return false;
}

/* Whether the condition of a statement holds for a session issued at `issued_at`. */
static bool condition_holds(const json_t *condition, const char *issued_at)
{
    if (condition == NULL)
        return true;
    const char *before =
        world_text(json_object_get(condition, "DateLessThan"), "aws:TokenIssueTime");
    int64_t limit;
    int64_t issued;
    return json_object_size(condition) == 1 && time_parse(str_from(before), &limit)
           && time_parse(str_from(issued_at), &issued) && issued < limit;
}

static bool statement_denies(const json_t *statement, const char *action, const char *issued_at)
{
    return strcmp(world_text(statement, "Effect"), "Deny") == 0
           && any_like(json_object_get(statement, "Action"), action)
           && any_like(json_object_get(statement, "Resource"), "*")
           && condition_holds(json_object_get(statement, "Condition"), issued_at);
}

bool iam_document_denies(const char *document, const char *action, const char *issued_at)
{
    json_auto_t *policy = json_loads(document, 0, NULL);
    json_t *statements = json_object_get(policy, "Statement");
    size_t index;
    json_t *statement;
    if (statement_denies(statements, action, issued_at))
        return true;
    json_array_foreach(statements, index,
        statement) if (statement_denies(statement, action, issued_at)) return true;
    return false;
}

bool iam_role_denies(const json_t *role, const char *action, const char *issued_at)
{
    const char *name;
    json_t *document;
    json_object_foreach(json_object_get(role, "policies"), name,
        document) if (iam_document_denies(json_string_value(document), action,
                          issued_at)) return true;
    return false;
}
