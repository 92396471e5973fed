/* policy_permits.c - see policy.h: what a document permits of what is needed.
 *
 * Judged for all that a need may be about, not for one request: a pattern of theirs must hold
 * every ARN of ours, and a condition of theirs must be one of ours. What is neither certainly
 * permitted nor certainly not is called unclear, with what was not compared.
 */
#include "driver/policy.h"

#include "driver/policy_forms.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- patterns ---- */

static bool is_same_byte(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Whether `pattern` (* and ?) matches every text that `text`, a pattern too, matches. A star of
 * ours is matched by a star of theirs only. Actions are compared without regard to case. */
static bool glob_covers(const char *pattern, const char *text, bool folds)
{
    const char *star = NULL, *again = NULL;
    while (*text != '\0') {
        bool is_one = *pattern == '?' && *text != '*';
        bool is_same =
            *pattern != '*' && (folds ? is_same_byte(*pattern, *text) : *pattern == *text);
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (is_one || is_same) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* Whether some text may match both. Conservative: true where it is not easily told. */
static bool globs_meet(const char *a, const char *b)
{
    while (*a != '\0' && *a != '*' && *b != '\0' && *b != '*') {
        if (*a != *b && *a != '?' && *b != '?')
            return false;
        a++;
        b++;
    }
    if (*a == '*' || *b == '*')
        return true;
    return *a == *b;
}

/* Text `index` of a text or a list of them; NULL past the last. */
static const char *text_at(const json_t *texts, size_t index)
{
    if (json_is_string(texts))
        return index == 0 ? json_string_value(texts) : NULL;
    return json_string_value(json_array_get(texts, index));
}

static bool any_covers(const json_t *patterns, const char *text, bool folds)
{
    const char *pattern;
    for (size_t at = 0; (pattern = text_at(patterns, at)) != NULL; at++)
        if (glob_covers(pattern, text, folds))
            return true;
    return false;
}

static bool any_meets(const json_t *patterns, const char *text)
{
    const char *pattern;
    for (size_t at = 0; (pattern = text_at(patterns, at)) != NULL; at++)
        if (strchr(pattern, '$') != NULL || globs_meet(pattern, text))
            return true;
    return false;
}

/* ---- a statement ---- */

static bool is_about_action(const json_t *statement, const char *action)
{
    const json_t *said = json_object_get(statement, "Action");
    if (said != NULL)
        return any_covers(said, action, true);
    return !any_covers(json_object_get(statement, "NotAction"), action, true);
}

/* Whether the statement is about every resource of `arn`. */
static bool is_about_all(const json_t *statement, const char *arn)
{
    const json_t *said = json_object_get(statement, "Resource");
    if (said != NULL)
        return any_covers(said, arn, false);
    return !any_meets(json_object_get(statement, "NotResource"), arn);
}

/* Whether it may be about some of them. */
static bool is_about_some(const json_t *statement, const char *arn)
{
    const json_t *said = json_object_get(statement, "Resource");
    if (said != NULL)
        return any_meets(said, arn);
    return !any_covers(json_object_get(statement, "NotResource"), arn, false);
}

static bool has_text(const json_t *values, const char *text, bool folds)
{
    const char *one;
    for (size_t at = 0; (one = text_at(values, at)) != NULL; at++)
        if (folds ? strcasecmp(one, text) == 0 : strcmp(one, text) == 0)
            return true;
    return false;
}

/* Whether `theirs` holds wherever `ours` (values of the same key) does. */
static bool values_hold(
    const char *test, const json_t *theirs, const char *our_test, const json_t *ours)
{
    bool folds = strcmp(test, "StringEqualsIgnoreCase") == 0;
    bool is_like = strcmp(test, "StringLike") == 0;
    /* What is equal but for case is not what is equal. */
    if ((!folds && !is_like && strcmp(test, "StringEquals") != 0)
        || (!folds && strcmp(our_test, "StringEqualsIgnoreCase") == 0))
        return false;
    const char *one;
    for (size_t at = 0; (one = text_at(ours, at)) != NULL; at++)
        if (is_like ? !any_covers(theirs, one, false) : !has_text(theirs, one, folds))
            return false;
    return true;
}

/* Whether some condition of ours makes this one of theirs hold. */
static bool is_implied(json_t *ours, const char *test, const char *key, const json_t *values)
{
    const char *our_test, *our_key;
    json_t *keys, *our_values;
    json_object_foreach(ours, our_test, keys)
    {
        json_object_foreach(keys, our_key, our_values)
        {
            if (strcasecmp(our_key, key) == 0 && values_hold(test, values, our_test, our_values))
                return true;
        }
    }
    return false;
}

/* The key of a condition that is not implied by ours, or NULL. */
static const char *unmet_condition(const json_t *statement, json_t *ours)
{
    const char *test, *key;
    json_t *keys, *values;
    json_object_foreach(json_object_get(statement, "Condition"), test, keys)
    {
        json_object_foreach(keys, key, values)
        {
            if (!is_implied(ours, test, key, values))
                return key;
        }
    }
    return NULL;
}

/* ---- the document ---- */

struct judging {
    const json_t *statements;
    const struct need *need;
    const char *self;   /* see struct policy_words */
    json_t *conditions; /* of the need */
    struct arena *arena;
    enum permitted is;
    const char *reason;
};

static void find(struct judging *judging, enum permitted is, const char *reason)
{
    bool is_worse = is == PERMITTED_NOT ? judging->is != PERMITTED_NOT : judging->is == PERMITTED;
    if (is == PERMITTED || !is_worse)
        return;
    judging->is = is;
    judging->reason = reason;
}

static const char *name_of(const struct judging *judging, size_t index)
{
    const char *sid =
        json_string_value(json_object_get(json_array_get(judging->statements, index), "Sid"));
    return sid != NULL ? sid : arena_format(judging->arena, "Statement[%zu]", index);
}

static bool is_effect(const json_t *statement, const char *effect)
{
    return strcmp(json_string_value(json_object_get(statement, "Effect")), effect) == 0;
}

/* "role/web" */
static const char *arn_name(const char *arn)
{
    return policy_arn_field(arn, 5);
}

/* Whether `text` is the role or user of `self`, perhaps in every account: cdr is that there too. */
static bool is_itself_one(const char *text, const char *self)
{
    bool is_principal =
        strstr(text, ":iam::") != NULL
        && (strncmp(arn_name(text), "role/", 5) == 0 || strncmp(arn_name(text), "user/", 5) == 0);
    return is_principal && strpbrk(arn_name(text), "*?$") == NULL && glob_covers(text, self, false);
}

/* Whether the statement is about nothing but cdr's own role or user. */
static bool is_itself(const json_t *statement, const char *self)
{
    const json_t *said = json_object_get(statement, "Resource");
    const char *text;
    for (size_t at = 0; (text = text_at(said, at)) != NULL; at++)
        if (self == NULL || !is_itself_one(text, self))
            return false;
    return said != NULL;
}

/* That cdr does nothing to itself is as it should be; any other Deny may be in its way. */
static void judge_denies(struct judging *judging, const char *arn)
{
    for (size_t at = 0; at < json_array_size(judging->statements); at++) {
        const json_t *statement = json_array_get(judging->statements, at);
        if (!is_effect(statement, "Deny") || !is_about_action(statement, judging->need->permission)
            || !is_about_some(statement, arn))
            continue;
        bool is_all = is_about_all(statement, arn)
                      && json_object_size(json_object_get(statement, "Condition")) == 0;
        if (is_all)
            find(judging, PERMITTED_NOT,
                arena_format(judging->arena, "%s denies it", name_of(judging, at)));
        else if (!is_itself(statement, judging->self))
            find(judging, PERMITTED_UNCLEAR,
                arena_format(judging->arena, "%s may deny it", name_of(judging, at)));
    }
}

static void judge_allows(struct judging *judging, const char *arn)
{
    const char *unclear = NULL;
    for (size_t at = 0; at < json_array_size(judging->statements); at++) {
        const json_t *statement = json_array_get(judging->statements, at);
        if (!is_effect(statement, "Allow") || !is_about_action(statement, judging->need->permission)
            || !is_about_some(statement, arn))
            continue;
        const char *unmet = unmet_condition(statement, judging->conditions);
        bool is_all = is_about_all(statement, arn);
        if (is_all && unmet == NULL)
            return;
        unclear = !is_all ? arena_format(
                      judging->arena, "%s allows it on some of %s", name_of(judging, at), arn)
                          : arena_format(judging->arena,
                              "%s allows it under a condition on %s, which is not compared",
                              name_of(judging, at), unmet);
    }
    if (unclear != NULL)
        find(judging, PERMITTED_UNCLEAR, unclear);
    else
        find(judging, PERMITTED_NOT, "no statement allows it");
}

enum err policy_permits(const json_t *policy, const struct need *need,
    const struct policy_words *words, struct arena *arena, enum permitted *ret_permitted,
    const char **ret_reason)
{
    json_t *resources = policy_resources(need, words);
    json_t *conditions = policy_conditions(need);
    struct judging judging = { .statements = json_object_get(policy, "Statement"),
        .need = need,
        .self = words->self,
        .conditions = conditions,
        .arena = arena,
        .is = PERMITTED };
    for (size_t at = 0; at < json_array_size(resources); at++) {
        judge_allows(&judging, json_string_value(json_array_get(resources, at)));
        judge_denies(&judging, json_string_value(json_array_get(resources, at)));
    }
    bool is_short = resources == NULL || conditions == NULL
                    || (judging.is != PERMITTED && judging.reason == NULL);
    json_decref(resources);
    json_decref(conditions);
    if (is_short)
        return ERR_MEMORY;
    *ret_permitted = judging.is;
    *ret_reason = judging.reason;
    return ERR_OK;
}

/* ---- too much ---- */

/* Whether one before it is of the same permission. */
static bool is_again(const struct needs *needs, const struct need *need)
{
    for (const struct need *at = needs->first; at != need; at = at->next)
        if (strcmp(at->permission, need->permission) == 0)
            return true;
    return false;
}

/* How many of the permissions that are needed the pattern allows. */
static size_t count_needed(const struct needs *needs, const char *pattern)
{
    size_t count = 0;
    for (const struct need *need = needs->first; need != NULL; need = need->next)
        count += glob_covers(pattern, need->permission, true) && !is_again(needs, need);
    return count;
}

/* A need that the pattern allows and that can do without "*", or NULL. */
static const struct need *narrower(const struct needs *needs, const char *pattern)
{
    for (const struct need *need = needs->first; need != NULL; need = need->next)
        if (need->type != NULL && glob_covers(pattern, need->permission, true))
            return need;
    return NULL;
}

static void add_text(json_t **all, struct arena *arena, const char *format, ...) PRINTF_LIKE(3, 4);

static void add_text(json_t **all, struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(arena, format, args);
    va_end(args);
    if (*all != NULL && (text == NULL || json_array_append_new(*all, json_string(text)) != 0)) {
        json_decref(*all);
        *all = NULL;
    }
}

static void judge_excess(json_t **all, struct arena *arena, const struct needs *needs,
    const json_t *statement, const char *action)
{
    size_t count = count_needed(needs, action);
    bool is_any = has_text(json_object_get(statement, "Resource"), "*", false)
                  || json_object_get(statement, "NotResource") != NULL;
    if (count == 0) {
        add_text(all, arena, "%s: nothing needs it", action);
        return;
    }
    if (strpbrk(action, "*?") != NULL)
        add_text(all, arena, "%s: of all that it allows, %zu actions are needed", action, count);
    const struct need *need = narrower(needs, action);
    if (is_any && need != NULL)
        add_text(all, arena, "%s: allowed on every resource; %s would do for %s", action,
            need->type->type, need->permission);
}

json_t *policy_excess(const json_t *policy, const struct needs *needs, struct arena *arena)
{
    json_t *all = json_array();
    const json_t *statements = json_object_get(policy, "Statement");
    for (size_t at = 0; at < json_array_size(statements); at++) {
        const json_t *statement = json_array_get(statements, at);
        const json_t *actions = json_object_get(statement, "Action");
        const char *action;
        if (!is_effect(statement, "Allow"))
            continue;
        if (actions == NULL)
            add_text(
                &all, arena, "Statement[%zu]: NotAction allows everything but what it names", at);
        for (size_t i = 0; (action = text_at(actions, i)) != NULL; i++)
            judge_excess(&all, arena, needs, statement, action);
    }
    return all;
}
