#include "aws/policy_power.h"

#include "arn.h"

#include <jansson.h>
#include <strings.h>

enum { DOCUMENT_BYTES_MAX = 1024 * 1024 }; /* of AWS some have over 64 KiB, ours up to 6,144 */

bool policy_is_known_power(str arn)
{
    static const char *const names[] = { "policy/AdministratorAccess", "policy/IAMFullAccess",
        "policy/PowerUserAccess" };
    struct arn parts;
    if (!arn_read(arn, &parts) || !str_is(parts.account, "aws"))
        return false;
    for (size_t at = 0; at < COUNT_OF(names); at++)
        if (str_is(parts.resource, names[at]))
            return true;
    return false;
}

/* Whether `element`, a text or a list of them, has one of `words` in any case. */
static bool has_word(const json_t *element, const char *const *words, size_t count)
{
    size_t texts = json_is_array(element) ? json_array_size(element) : 1;
    for (size_t at = 0; at < texts; at++) {
        const json_t *one = json_is_array(element) ? json_array_get(element, at) : element;
        const char *text = json_string_value(one);
        for (size_t word = 0; text != NULL && word < count; word++)
            if (strcasecmp(text, words[word]) == 0)
                return true;
    }
    return false;
}

static bool statement_is_power(const json_t *statement)
{
    static const char *const actions[] = { "*", "*:*", "iam:*", "iam*" };
    static const char *const everything[] = { "*" };
    const json_t *action = json_object_get(statement, "Action");
    const json_t *resource = json_object_get(statement, "Resource");
    const char *effect = json_string_value(json_object_get(statement, "Effect"));
    if (effect == NULL || strcmp(effect, "Allow") != 0)
        return false;
    bool is_wide = json_object_get(statement, "NotAction") != NULL
                   || has_word(action, actions, COUNT_OF(actions));
    bool is_anywhere = json_object_get(statement, "NotResource") != NULL
                       || has_word(resource, everything, COUNT_OF(everything));
    return is_wide && is_anywhere;
}

enum err policy_judge(str document, bool *ret_is_power)
{
    json_error_t error;
    *ret_is_power = false;
    if (document.len > DOCUMENT_BYTES_MAX)
        return ERR_JSON;
    json_auto_t *policy = json_loadb(document.ptr, document.len, 0, &error);
    if (policy == NULL && json_error_code(&error) == json_error_out_of_memory)
        return ERR_MEMORY;
    const json_t *statements = json_object_get(policy, "Statement");
    if (!json_is_object(statements) && !json_is_array(statements))
        return ERR_JSON;
    if (json_is_object(statements))
        *ret_is_power = statement_is_power(statements);
    for (size_t at = 0; at < json_array_size(statements); at++)
        *ret_is_power |= statement_is_power(json_array_get(statements, at));
    return ERR_OK;
}
