#include "aws/policy_power.h"

#include "arn.h"

#include <ctype.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

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

/* How much of the pattern at `at` stands for any text: a star, or a variable; else 0. */
static size_t any_len(str pattern, size_t at)
{
    str rest = str_skip(pattern, at);
    if (rest.len > 0 && rest.ptr[0] == '*')
        return 1;
    size_t end = str_find(rest, '}');
    return str_startswith(rest, STR("${")) && end < rest.len ? end + 1 : 0;
}

static bool char_covers(char pattern, char text, bool folds)
{
    return pattern == '?' || pattern == text
           || (folds && tolower((unsigned char)pattern) == tolower((unsigned char)text));
}

/* Whether the pattern of a policy matches all of `text`; actions are compared in any case. */
static bool pattern_covers(str pattern, str text, bool folds)
{
    size_t at = 0, from = 0; /* what comes after the last star, and where that is tried */
    size_t after = SIZE_MAX, tried = 0;
    while (from < text.len) {
        size_t any = any_len(pattern, at);
        if (any > 0) {
            after = at += any;
            tried = from;
        } else if (at < pattern.len && char_covers(pattern.ptr[at], text.ptr[from], folds)) {
            at++;
            from++;
        } else if (after != SIZE_MAX) {
            at = after;
            from = ++tried;
        } else {
            return false;
        }
    }
    for (size_t any = any_len(pattern, at); any > 0; any = any_len(pattern, at))
        at += any;
    return at == pattern.len;
}

static bool action_is_wide(str action)
{
    bool has_wildcard = str_find(action, '*') < action.len || str_find(action, '?') < action.len;
    return has_wildcard && pattern_covers(action, STR("iam:PutRolePolicy"), true);
}

/* Whether `element`, a text or a list of them, has an action as is meant, or, with a role, a resource
 * that covers it. */
static bool has_wide(const json_t *element, const str *role)
{
    size_t texts = json_is_array(element) ? json_array_size(element) : 1;
    for (size_t at = 0; at < texts; at++) {
        const json_t *one = json_is_array(element) ? json_array_get(element, at) : element;
        const char *text = json_string_value(one);
        if (text == NULL)
            continue;
        if (role == NULL ? action_is_wide(str_from(text))
                         : pattern_covers(str_from(text), *role, false))
            return true;
    }
    return false;
}

static bool statement_is_power(const json_t *statement, str role)
{
    const char *effect = json_string_value(json_object_get(statement, "Effect"));
    if (effect == NULL || strcmp(effect, "Allow") != 0)
        return false;
    bool is_wide = json_object_get(statement, "NotAction") != NULL
                   || has_wide(json_object_get(statement, "Action"), NULL);
    bool has_role = json_object_get(statement, "NotResource") != NULL
                    || has_wide(json_object_get(statement, "Resource"), &role);
    return is_wide && has_role;
}

enum err policy_judge(str document, str role, bool *ret_is_power)
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
        *ret_is_power = statement_is_power(statements, role);
    for (size_t at = 0; at < json_array_size(statements); at++)
        *ret_is_power |= statement_is_power(json_array_get(statements, at), role);
    return ERR_OK;
}
