/* policy.c - see policy.h: from needs to a document. */
#include "driver/policy.h"

#include "aws/requests.h"
#include "driver/json_out.h"
#include "driver/policy_forms.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- a need ---- */

static void put_word(
    struct buf *out, const char *arn, str account, const struct policy_words *words)
{
    for (const char *at = arn; *at != '\0'; at++) {
        if (strncmp(at, "{P}", 3) == 0)
            buf_add(out, str_from(words->partition));
        else if (strncmp(at, "{R}", 3) == 0)
            buf_add(out, STR("*"));
        else if (strncmp(at, "{A}", 3) == 0)
            buf_add(out, account);
        else
            buf_add_byte(out, *at);
        at += *at == '{' && at[1] != '\0' && at[2] == '}' ? 2 : 0;
    }
}

static json_t *arn_json(const char *arn, str account, const struct policy_words *words)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(1024);
    put_word(&text, arn, account, words);
    return text.err == ERR_OK ? json_from_str(buf_str(&text)) : NULL;
}

/* A bucket of S3, or what is in it: these ARNs have neither region nor account. */
static json_t *place_json(str place, const struct policy_words *words)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
    buf_addf(&text, "arn:%s:s3:::%.*s", words->partition, STR_ARG(place));
    return text.err == ERR_OK ? json_from_str(buf_str(&text)) : NULL;
}

json_t *policy_resources(const struct need *need, const struct policy_words *words)
{
    json_t *all = json_array();
    if (need->type == NULL) {
        json_append(&all, json_string("*"));
        return all;
    }
    const char *arn = need->type->arn;
    if (need->narrow == IAM_PLACE && need->places.is_known) {
        for (uint32_t at = 0; at < need->places.count; at++)
            json_append(&all, place_json(need->places.values[at], words));
        return all;
    }
    bool has_accounts = need->accounts.is_known && need->accounts.count <= POLICY_ACCOUNTS_MAX
                        && strstr(arn, "{A}") != NULL;
    if (words->account != NULL || !has_accounts) {
        const char *open = need->accounts.is_known ? NULL : words->open;
        const char *account = words->account != NULL ? words->account : open;
        json_append(&all, arn_json(arn, account != NULL ? str_from(account) : STR("*"), words));
        return all;
    }
    for (uint32_t at = 0; at < need->accounts.count; at++)
        json_append(&all, arn_json(arn, need->accounts.values[at], words));
    return all;
}

/* all[test][key] = values */
static void put_condition(json_t **all, const char *test, const char *key, json_t *values)
{
    json_t *tests = *all == NULL ? NULL : json_object_get(*all, test);
    if (tests == NULL) {
        json_put(all, test, json_object());
        tests = *all == NULL ? NULL : json_object_get(*all, test);
    }
    if (tests == NULL || values == NULL || json_object_set_new(tests, key, values) != 0) {
        json_decref(*all);
        *all = NULL;
    }
}

static json_t *values_json(const struct implied *values)
{
    json_t *array = json_array();
    for (uint32_t at = 0; at < values->count; at++)
        json_append(&array, json_from_str(values->values[at]));
    return array;
}

static void put_tags(json_t **all, const struct need *need)
{
    for (uint32_t at = 0; at < need->tag_count; at++) {
        CLEANUP(buf_release) struct buf key = BUF_INIT(1024);
        buf_addf(&key, "aws:ResourceTag/%.*s", STR_ARG(need->tags[at].key));
        /* Rules compare text without regard to case. */
        put_condition(all, "StringEqualsIgnoreCase", key.ptr == NULL ? "" : key.ptr,
            key.err == ERR_OK ? values_json(&need->tags[at].values) : NULL);
    }
}

json_t *policy_conditions(const struct need *need)
{
    json_t *all = json_object();
    if (need->regions.is_known && iam_action_is_regional(str_from(need->permission)))
        put_condition(&all, "StringEquals", "aws:RequestedRegion", values_json(&need->regions));
    if (need->narrow == IAM_OURS)
        put_condition(
            &all, "StringEquals", "aws:ResourceTag/" TAG_OWNER, json_string(TAG_OWNER_VALUE));
    if (need->narrow == IAM_MADE || need->narrow == IAM_TAGGING)
        put_condition(
            &all, "StringEquals", "aws:RequestTag/" TAG_OWNER, json_string(TAG_OWNER_VALUE));
    if (need->narrow == IAM_TAGGING) {
        json_t *makers = json_array();
        for (size_t at = 0; at < NEED_MAKERS_MAX && need->makers[at] != NULL; at++)
            json_append(&makers, json_string(need->makers[at]));
        put_condition(&all, "StringEquals", "ec2:CreateAction", makers);
    }
    put_tags(&all, need);
    return all;
}

#define BY_PATH                                                                                    \
    ": deny it cdr's own role (--self; `cdr setup` does), keep the resource to a path of names "   \
    "where you can, and put a permissions boundary on the roles and users that it may change"

const char *policy_escalation(const char *permission)
{
    static const char *const ways[] = {
        "give any role any permission" BY_PATH,
        "give any user any permission" BY_PATH,
        "take policies away, those that deny something too: deny it the roles and users that only "
        "such a policy holds back",
        "replace or remove the permissions boundary of any role: deny it the roles that a boundary "
        "holds back",
        "run any command as root wherever an agent of Systems Manager runs, with the role of that "
        "instance: let rules say accounts, regions and tags",
    };
    static const struct {
        const char *permission;
        unsigned way;
    } rows[] = {
        { "iam:AttachRolePolicy", 0 },
        { "iam:PutRolePolicy", 0 },
        { "iam:AttachUserPolicy", 1 },
        { "iam:PutUserPolicy", 1 },
        { "iam:DeleteRolePolicy", 2 },
        { "iam:DeleteUserPolicy", 2 },
        { "iam:DetachRolePolicy", 2 },
        { "iam:DetachUserPolicy", 2 },
        { "iam:DeleteRolePermissionsBoundary", 3 },
        { "iam:PutRolePermissionsBoundary", 3 },
        { "ssm:SendCommand", 4 },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++)
        if (strcmp(permission, rows[at].permission) == 0)
            return ways[rows[at].way];
    return NULL;
}

/* ---- statements ---- */

/* In names of statements, behind their phase. */
#define CONNECTION_SID "Connection"

/* Whether a statement of that name is for needs of that phase and identity. */
static bool is_for(const char *sid, const struct need *need)
{
    const char *phase = need->is_undo ? "Undo" : "Apply";
    size_t length = strlen(phase);
    return sid != NULL && strncmp(sid, phase, length) == 0
           && (strncmp(sid + length, CONNECTION_SID, sizeof CONNECTION_SID - 1) == 0)
                  == need->is_connections;
}

/* "ApplyNetworkInterface", "ApplyConnectionBucket" of what the connection itself needs, then
 * numbered: letters and digits, unlike all others. */
static json_t *sid_json(const json_t *statements, const struct need *need)
{
    CLEANUP(buf_release) struct buf sid = BUF_INIT(256);
    buf_add(&sid, need->is_undo ? STR("Undo") : STR("Apply"));
    if (need->is_connections)
        buf_add(&sid, STR(CONNECTION_SID));
    bool is_first = true;
    for (const char *at = need->type == NULL ? "any" : need->type->type; *at != '\0'; at++) {
        if (isalnum((unsigned char)*at))
            buf_add_byte(&sid, (char)(is_first ? toupper((unsigned char)*at) : *at));
        is_first = !isalnum((unsigned char)*at);
    }
    size_t same = 0;
    size_t index;
    json_t *statement;
    json_array_foreach(statements, index, statement)
    {
        str other = str_from(json_string_value(json_object_get(statement, "Sid")));
        str digits = str_skip(other, sid.len);
        same += str_startswith(other, buf_str(&sid))
                && (digits.len == 0 || isdigit((unsigned char)digits.ptr[0]));
    }
    if (same > 0)
        buf_addf(&sid, "%zu", same + 1);
    return sid.err == ERR_OK ? json_from_str(buf_str(&sid)) : NULL;
}

/* The statement of its phase and identity with the same resources and conditions, or NULL. */
static json_t *find_statement(
    json_t *statements, const struct need *need, const json_t *resources, const json_t *conditions)
{
    size_t index;
    json_t *statement;
    json_array_foreach(statements, index, statement)
    {
        const char *sid = json_string_value(json_object_get(statement, "Sid"));
        const json_t *same = json_object_get(statement, "Condition");
        bool is_same =
            same == NULL ? json_object_size(conditions) == 0 : json_equal(same, conditions);
        if (is_for(sid, need) && is_same
            && json_equal(json_object_get(statement, "Resource"), resources))
            return statement;
    }
    return NULL;
}

static json_t *make_statement(
    const json_t *statements, const struct need *need, json_t *resources, json_t *conditions)
{
    json_t *made = json_object();
    json_put(&made, "Sid", sid_json(statements, need));
    json_put(&made, "Effect", json_string("Allow"));
    json_put(&made, "Action", json_array());
    json_put(&made, "Resource", json_incref(resources));
    if (json_object_size(conditions) > 0)
        json_put(&made, "Condition", json_incref(conditions));
    return made;
}

static void add_need(json_t **statements, const struct need *need, const struct policy_words *words)
{
    json_t *resources = policy_resources(need, words);
    json_t *conditions = policy_conditions(need);
    if (*statements == NULL || resources == NULL || conditions == NULL) {
        json_append(statements, NULL);
    } else {
        json_t *statement = find_statement(*statements, need, resources, conditions);
        if (statement == NULL) {
            statement = make_statement(*statements, need, resources, conditions);
            json_append(statements, statement);
        }
        json_t *actions = *statements == NULL ? NULL : json_object_get(statement, "Action");
        if (actions == NULL || json_array_append_new(actions, json_string(need->permission)) != 0)
            json_append(statements, NULL);
    }
    json_decref(resources);
    json_decref(conditions);
}

/* Whether what apply needs permits it already. */
static bool is_had(const struct needs *needs, const struct need *need)
{
    for (const struct need *at = needs->first; at != NULL; at = at->next)
        if (need->is_undo && !at->is_undo && need_covers(at, need))
            return true;
    return false;
}

/* Whoever gets the policy must not be able to give itself more. */
static void add_self(json_t **statements, const struct needs *needs, const char *self)
{
    json_t *actions = json_array();
    const char *before = "";
    for (const struct need *at = needs->first; at != NULL; at = at->next) {
        bool is_read = strncmp(at->permission, "iam:Get", 7) == 0
                       || strncmp(at->permission, "iam:List", 8) == 0;
        if (strncmp(at->permission, "iam:", 4) == 0 && !is_read
            && strcmp(before, at->permission) != 0)
            json_append(&actions, json_string(at->permission));
        before = at->permission;
    }
    if (json_array_size(actions) == 0) {
        json_decref(actions);
        return;
    }
    json_t *made = json_object();
    json_put(&made, "Sid", json_string(POLICY_ITSELF_SID));
    json_put(&made, "Effect", json_string("Deny"));
    json_put(&made, "Action", actions);
    json_put(&made, "Resource", json_string(self));
    json_append(statements, made);
}

json_t *policy_json(const struct needs *needs, const struct policy_words *words)
{
    json_t *statements = json_array();
    for (const struct need *at = needs->first; at != NULL; at = at->next)
        if (at->action != NULL && !is_had(needs, at))
            add_need(&statements, at, words);
    if (words->self != NULL)
        add_self(&statements, needs, words->self);
    json_t *policy = json_object();
    json_put(&policy, "Version", json_string("2012-10-17"));
    json_put(&policy, "Statement", statements);
    return policy;
}

size_t policy_length(const json_t *policy)
{
    char *text = json_dumps(policy, JSON_COMPACT);
    size_t length = text == NULL ? 0 : strlen(text);
    free(text);
    return length;
}
