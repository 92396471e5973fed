/* policy_read.c - see policy.h: a document that somebody wrote. Read strictly: what IAM would not
 * take, or what is no policy of an identity, is told with its place and not guessed at. */
#include "driver/policy.h"

#include "driver/policy_forms.h"

#include <string.h>

enum { STATEMENTS_MAX = 10000 };

struct reading {
    struct arena *arena;
    const char *fault; /* the first, or NULL */
};

static bool say(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);

/* Keep the first fault; false. */
static bool say(struct reading *reading, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (reading->fault == NULL)
        reading->fault = arena_vformat(reading->arena, format, args);
    va_end(args);
    return false;
}

/* A text, or an array of at least one. */
static bool are_texts(const json_t *texts)
{
    if (json_is_string(texts))
        return true;
    for (size_t at = 0; at < json_array_size(texts); at++)
        if (!json_is_string(json_array_get(texts, at)))
            return false;
    return json_array_size(texts) > 0;
}

/* Either `key` or `not_key`, and its texts. */
static bool check_one_of(struct reading *reading, const json_t *statement, const char *place,
    const char *key, const char *not_key)
{
    const json_t *said = json_object_get(statement, key);
    const json_t *not_said = json_object_get(statement, not_key);
    if ((said == NULL) == (not_said == NULL))
        return say(
            reading, "%s has %s %s and %s", place, said == NULL ? "neither" : "both", key, not_key);
    if (!are_texts(said != NULL ? said : not_said))
        return say(reading, "%s.%s is neither a text nor a list of texts", place,
            said != NULL ? key : not_key);
    return true;
}

static bool is_action(const char *text)
{
    const char *colon = strchr(text, ':');
    return strcmp(text, "*") == 0 || (colon != NULL && colon != text && colon[1] != '\0');
}

static bool check_actions(struct reading *reading, const json_t *statement, const char *place)
{
    const json_t *actions = json_object_get(statement, "Action");
    actions = actions != NULL ? actions : json_object_get(statement, "NotAction");
    for (size_t at = 0; at < json_array_size(actions) || (at == 0 && json_is_string(actions));
         at++) {
        const char *text =
            json_string_value(json_is_string(actions) ? actions : json_array_get(actions, at));
        if (!is_action(text))
            return say(reading, "%s: \"%s\" is no action; one is written \"ec2:StopInstances\"",
                place, text);
    }
    return true;
}

/* {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}} */
static bool check_conditions(struct reading *reading, json_t *condition, const char *place)
{
    const char *test, *key;
    json_t *keys, *texts;
    if (condition != NULL && !json_is_object(condition))
        return say(reading, "%s.Condition is no object", place);
    json_object_foreach(condition, test, keys)
    {
        if (!json_is_object(keys))
            return say(reading, "%s.Condition.%s is no object", place, test);
        json_object_foreach(keys, key, texts)
        {
            if (!are_texts(texts) && !json_is_boolean(texts) && !json_is_number(texts))
                return say(reading,
                    "%s.Condition.%s: the value of %s is neither a text nor a list of texts", place,
                    test, key);
        }
    }
    return true;
}

static bool check_members(struct reading *reading, json_t *statement, const char *place)
{
    static const char *const known[] = { "Sid", "Effect", "Action", "NotAction", "Resource",
        "NotResource", "Condition" };
    const char *key;
    json_t *member;
    json_object_foreach(statement, key, member)
    {
        size_t at = 0;
        while (at < COUNT_OF(known) && strcmp(key, known[at]) != 0)
            at++;
        if (at < COUNT_OF(known))
            continue;
        if (strcmp(key, "Principal") == 0 || strcmp(key, "NotPrincipal") == 0)
            return say(reading,
                "%s names a %s: this is a policy of a resource, and not of a role or user", place,
                key);
        return say(reading, "%s has no member %s in IAM", place, key);
    }
    return true;
}

static bool check_statement(struct reading *reading, json_t *statement, const char *place)
{
    const char *effect = json_string_value(json_object_get(statement, "Effect"));
    if (!json_is_object(statement))
        return say(reading, "%s is no object", place);
    if (!check_members(reading, statement, place))
        return false;
    if (effect == NULL || (strcmp(effect, "Allow") != 0 && strcmp(effect, "Deny") != 0))
        return say(reading, "%s.Effect is neither \"Allow\" nor \"Deny\"", place);
    return check_one_of(reading, statement, place, "Action", "NotAction")
           && check_actions(reading, statement, place)
           && check_one_of(reading, statement, place, "Resource", "NotResource")
           && check_conditions(reading, json_object_get(statement, "Condition"), place);
}

/* A single statement may stand without its list: make it one. */
static bool check_policy(struct reading *reading, json_t *policy)
{
    const char *key;
    json_t *member;
    if (!json_is_object(policy))
        return say(reading, "it is no JSON object");
    json_object_foreach(policy, key, member)
    {
        if (strcmp(key, "Version") != 0 && strcmp(key, "Id") != 0 && strcmp(key, "Statement") != 0)
            return say(reading,
                "it has no member %s; a policy has Version and Statement; what `aws iam "
                "get-policy-version` and `get-role-policy` print, and templates, are read too",
                key);
    }
    const char *version = json_string_value(json_object_get(policy, "Version"));
    if (version != NULL && strcmp(version, "2012-10-17") != 0 && strcmp(version, "2008-10-17") != 0)
        return say(reading, "its Version is neither \"2012-10-17\" nor \"2008-10-17\"");
    json_t *statements = json_object_get(policy, "Statement");
    if (json_is_object(statements)) {
        json_t *list = json_array();
        if (json_array_append(list, statements) != 0
            || json_object_set_new(policy, "Statement", list) != 0)
            return say(reading, "out of memory");
        statements = json_object_get(policy, "Statement");
    }
    if (!json_is_array(statements) || json_array_size(statements) > STATEMENTS_MAX)
        return say(reading, "its Statement is neither an object nor a list of some");
    for (size_t at = 0; at < json_array_size(statements); at++) {
        const char *place = arena_format(reading->arena, "Statement[%zu]", at);
        if (place == NULL || !check_statement(reading, json_array_get(statements, at), place))
            return false;
    }
    return true;
}

/* Add the statements of a document that was checked. */
static bool add_statements(struct reading *reading, json_t **policy, json_t *document)
{
    json_t *statements = json_object_get(document, "Statement");
    if (*policy == NULL) {
        *policy = json_incref(document);
        return true;
    }
    json_t *all = json_object_get(*policy, "Statement");
    if (json_array_size(all) + json_array_size(statements) > STATEMENTS_MAX)
        return say(reading, "these are more than %d statements", STATEMENTS_MAX);
    return json_array_extend(all, statements) == 0 || say(reading, "out of memory");
}

static bool read_documents(struct reading *reading, json_t *documents, json_t **policy)
{
    if (documents == NULL)
        return false;
    if (json_array_size(documents) == 0)
        return say(reading, "it has no policy");
    for (size_t at = 0; at < json_array_size(documents); at++) {
        json_t *document = json_array_get(documents, at);
        if (!check_policy(reading, document) || !add_statements(reading, policy, document))
            return false;
    }
    return true;
}

enum err policy_read(str text, struct arena *arena, json_t **policy, bool *ret_is_template,
    const char **reterr_reason)
{
    json_error_t error;
    struct reading reading = { .arena = arena };
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    json_t *documents = json == NULL ? NULL : policy_documents(json, ret_is_template);
    bool is_good = json != NULL && read_documents(&reading, documents, policy);
    if (json == NULL)
        say(&reading, "line %d, column %d: %s", error.line, error.column, error.text);
    json_decref(documents);
    json_decref(json);
    if (is_good)
        return ERR_OK;
    *reterr_reason = reading.fault;
    return reading.fault == NULL ? ERR_MEMORY : ERR_INVALID;
}
