/* setup_template.c - see setup_template.h. */
#include "driver/setup_template.h"

#include "driver/json_out.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How each tool writes what it knows only where it makes the role; NULL: as who takes it has it. */
static const struct {
    const char *partition, *account;
} forms[] = {
    [SETUP_CLOUDFORMATION] = { "${AWS::Partition}", "${AWS::AccountId}" },
    [SETUP_TERRAFORM] = { "${data.aws_partition.current.partition}",
        "${data.aws_caller_identity.current.account_id}" },
    [SETUP_JSON] = { NULL, "*" },
};

/* ---- what is given ---- */

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static bool has_only(const char *text, const char *others)
{
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr(others, *text) == NULL)
            return false;
    return true;
}

const char *setup_role_fault(const char *name)
{
    bool is_good = name[0] != '\0' && strlen(name) <= 64 && has_only(name, "_+=,.@-");
    return is_good ? NULL : "a role's name has letters, digits and _+=,.@- and up to 64 of them";
}

const char *setup_external_id_fault(const char *text)
{
    bool is_good = strlen(text) >= 2 && strlen(text) <= 1224 && has_only(text, "_+=,.@:/-");
    return is_good ? NULL
                   : "an external id has letters, digits and _+=,.@:/- and 2 to 1,224 of them";
}

/* "arn:aws:iam::111122223333:" of an ARN, up to behind the account; 0 when it is none of IAM. */
static size_t iam_prefix(const char *text)
{
    static const char *const starts[] = { "arn:aws:iam::", "arn:aws-cn:iam::",
        "arn:aws-us-gov:iam::", "arn:aws-iso:iam::", "arn:aws-iso-b:iam::", "arn:aws-iso-e:iam::",
        "arn:aws-iso-f:iam::", "arn:aws-eusc:iam::" };
    for (size_t at = 0; at < COUNT_OF(starts); at++) {
        size_t length = strlen(starts[at]);
        if (strncmp(text, starts[at], length) == 0 && strspn(text + length, "0123456789") == 12
            && text[length + 12] == ':')
            return length + 13;
    }
    return 0;
}

bool setup_trusts_account(const char *trust)
{
    size_t prefix = iam_prefix(trust);
    return is_account(trust) || (prefix > 0 && strcmp(trust + prefix, "root") == 0);
}

/* "role/a/path/name": a name of at least one character, and no empty part. */
static bool is_principal(const char *text)
{
    return (strncmp(text, "role/", 5) == 0 || strncmp(text, "user/", 5) == 0)
           && has_only(text, "_+=,.@/-") && text[strlen(text) - 1] != '/'
           && strstr(text, "//") == NULL;
}

const char *setup_trust_fault(const char *text)
{
    size_t prefix = iam_prefix(text);
    bool is_good = setup_trusts_account(text) || (prefix > 0 && is_principal(text + prefix));
    return is_good ? NULL : "trusted is an account (12 digits), or the ARN of a role or user";
}

/* "aws-cn" of an ARN that is trusted; of an account "aws". */
static void partition_of(const struct setup *setup, char text[static 32])
{
    const char *name = is_account(setup->trust) ? "aws" : setup->trust + strlen("arn:");
    snprintf(text, 32, "%.*s", (int)strcspn(name, ":"), name);
}

/* ---- documents ---- */

static json_t *format_json(const char *format, ...) PRINTF_LIKE(1, 2);

static json_t *format_json(const char *format, ...)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 16);
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(&arena, format, args);
    va_end(args);
    return text == NULL ? NULL : json_string(text);
}

static json_t *document(json_t *statements)
{
    json_t *policy = json_object();
    json_put(&policy, "Version", json_string("2012-10-17"));
    json_put(&policy, "Statement", statements);
    return policy;
}

static json_t *trust_json(const struct setup *setup, enum setup_form form)
{
    const char *partition = forms[form].partition == NULL ? "aws" : forms[form].partition;
    json_t *principal = json_object();
    json_put(&principal, "AWS",
        is_account(setup->trust) ? format_json("arn:%s:iam::%s:root", partition, setup->trust)
                                 : json_string(setup->trust));
    json_t *equal = json_object();
    json_put(&equal, "sts:ExternalId", json_string(setup->external_id));
    json_t *condition = json_object();
    json_put(&condition, "StringEquals", equal);
    json_t *statement = json_object();
    json_put(&statement, "Sid", json_string("TakenByCdr"));
    json_put(&statement, "Effect", json_string("Allow"));
    json_put(&statement, "Principal", principal);
    json_put(&statement, "Action", json_string("sts:AssumeRole"));
    json_put(&statement, "Condition", condition);
    json_t *statements = json_array();
    json_append(&statements, statement);
    return document(statements);
}

/* The statements of a policy in as many documents as they fill. */
static json_t *documents(const json_t *policy)
{
    const json_t *statements = json_object_get(policy, "Statement");
    json_t *all = json_array();
    json_t *open = NULL;
    size_t room = 0;
    for (size_t at = 0; at < json_array_size(statements); at++) {
        json_t *statement = json_array_get(statements, at);
        size_t length = policy_length(statement) + 1;
        if (open == NULL || length > room) {
            json_t *made = document(json_array());
            open = made == NULL ? NULL : json_object_get(made, "Statement");
            room = POLICY_MANAGED_MAX - (made == NULL ? 0 : policy_length(made));
            json_append(&all, made);
        }
        if (all == NULL || json_array_append(open, statement) != 0) {
            json_decref(all);
            return NULL;
        }
        room -= length < room ? length : room;
    }
    return all;
}

/* `text` so that the tool replaces in it what is ours (forms) and nothing that rules say. */
static json_t *quoted(const char *text, enum setup_form form, bool *ret_has_ours)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 20);
    bool is_terraform = form == SETUP_TERRAFORM;
    const char *const ours[] = { forms[form].partition, forms[form].account };
    *ret_has_ours = false;
    for (const char *at = text; *at != '\0'; at++) {
        bool is_ours = strncmp(at, ours[0], strlen(ours[0])) == 0
                       || strncmp(at, ours[1], strlen(ours[1])) == 0;
        bool is_variable = !is_ours && strncmp(at, "${", 2) == 0;
        bool is_directive = is_terraform && strncmp(at, "%{", 2) == 0;
        *ret_has_ours |= is_ours;
        if (is_terraform && (is_variable || is_directive))
            buf_add_byte(&out, *at);
        buf_add_byte(&out, *at);
        if (!is_terraform && is_variable) {
            buf_add(&out, STR("{!"));
            at++;
        }
    }
    return out.err == ERR_OK ? json_from_str(buf_str(&out)) : NULL;
}

/* ---- CloudFormation ---- */

/* Every text of `json` that holds ${..} of ours as {"Fn::Sub": text}. Documents of ours are some
 * levels deep. */
static json_t *substituted(json_t *json)
{
    const char *text = json_string_value(json);
    if (text != NULL) {
        bool has_ours;
        json_t *escaped = quoted(text, SETUP_CLOUDFORMATION, &has_ours);
        if (escaped != NULL && !has_ours) {
            json_decref(escaped);
            return json_string(text);
        }
        json_t *made = json_object();
        json_put(&made, "Fn::Sub", escaped);
        return made;
    }
    if (json_is_array(json)) {
        json_t *made = json_array();
        for (size_t at = 0; at < json_array_size(json); at++)
            json_append(&made, substituted(json_array_get(json, at)));
        return made;
    }
    json_t *made = json_object();
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at))
        json_put(&made, json_object_iter_key(at), substituted(json_object_iter_value(at)));
    return made;
}

static json_t *resource(const char *type, json_t *properties)
{
    json_t *made = json_object();
    json_put(&made, "Type", json_string(type));
    json_put(&made, "Properties", properties);
    return made;
}

static json_t *reference(const char *name)
{
    json_t *made = json_object();
    json_put(&made, "Ref", json_string(name));
    return made;
}

#define DESCRIPTION "The role that cdr takes to carry out detection and response rules"

static json_t *stack_role(const struct setup *setup, json_t *trust)
{
    json_t *properties = json_object();
    json_put(&properties, "RoleName", json_string(setup->role));
    json_put(&properties, "Description", json_string(DESCRIPTION));
    json_put(&properties, "MaxSessionDuration", json_integer(3600));
    json_put(&properties, "AssumeRolePolicyDocument", substituted(trust));
    return resource("AWS::IAM::Role", properties);
}

static json_t *stack_policy(json_t *policy)
{
    json_t *roles = json_array();
    json_append(&roles, reference("Role"));
    json_t *properties = json_object();
    json_put(&properties, "Description", json_string("The least that its rules need"));
    json_put(&properties, "PolicyDocument", substituted(policy));
    json_put(&properties, "Roles", roles);
    return resource("AWS::IAM::ManagedPolicy", properties);
}

static json_t *stack(const struct setup *setup, json_t *trust, const json_t *policies)
{
    json_t *resources = json_object();
    json_put(&resources, "Role", stack_role(setup, trust));
    for (size_t at = 0; at < json_array_size(policies); at++) {
        char name[32];
        snprintf(name, sizeof name, "Policy%zu", at + 1);
        json_put(&resources, name, stack_policy(json_array_get(policies, at)));
    }
    json_t *get = json_array();
    json_append(&get, json_string("Role"));
    json_append(&get, json_string("Arn"));
    json_t *attribute = json_object();
    json_put(&attribute, "Fn::GetAtt", get);
    json_t *output = json_object();
    json_put(&output, "Value", attribute);
    json_t *outputs = json_object();
    json_put(&outputs, "RoleArn", output);
    json_t *made = json_object();
    json_put(&made, "AWSTemplateFormatVersion", json_string("2010-09-09"));
    json_put(&made, "Description", json_string(DESCRIPTION));
    json_put(&made, "Resources", resources);
    json_put(&made, "Outputs", outputs);
    return made;
}

/* ---- Terraform ---- */

/* {type: {name: body}} */
static void put_block(json_t **all, const char *type, const char *name, json_t *body)
{
    json_t *blocks = *all == NULL ? NULL : json_object_get(*all, type);
    if (blocks == NULL) {
        json_put(all, type, json_object());
        blocks = *all == NULL ? NULL : json_object_get(*all, type);
    }
    if (blocks == NULL || body == NULL || json_object_set_new(blocks, name, body) != 0) {
        json_decref(*all);
        *all = NULL;
    }
}

static json_t *dumped(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    bool has_ours;
    json_t *made = text == NULL ? NULL : quoted(text, SETUP_TERRAFORM, &has_ours);
    free(text);
    return made;
}

static void put_plan_policy(
    json_t **resources, const struct setup *setup, size_t number, const json_t *policy)
{
    char name[32];
    snprintf(name, sizeof name, "cdr_%zu", number);
    json_t *body = json_object();
    json_put(&body, "name", format_json("%s-%zu", setup->role, number));
    json_put(&body, "description", json_string("The least that its rules need"));
    json_put(&body, "policy", dumped(policy));
    put_block(resources, "aws_iam_policy", name, body);
    json_t *attachment = json_object();
    json_put(&attachment, "role", json_string("${aws_iam_role.cdr.name}"));
    json_put(&attachment, "policy_arn", format_json("${aws_iam_policy.%s.arn}", name));
    put_block(resources, "aws_iam_role_policy_attachment", name, attachment);
}

static json_t *plan(const struct setup *setup, const json_t *trust, const json_t *policies)
{
    json_t *data = json_object();
    put_block(&data, "aws_partition", "current", json_object());
    put_block(&data, "aws_caller_identity", "current", json_object());
    json_t *role = json_object();
    json_put(&role, "name", json_string(setup->role));
    json_put(&role, "description", json_string(DESCRIPTION));
    json_put(&role, "max_session_duration", json_integer(3600));
    json_put(&role, "assume_role_policy", dumped(trust));
    json_t *resources = json_object();
    put_block(&resources, "aws_iam_role", "cdr", role);
    for (size_t at = 0; at < json_array_size(policies); at++)
        put_plan_policy(&resources, setup, at + 1, json_array_get(policies, at));
    json_t *output = json_object();
    json_put(&output, "value", json_string("${aws_iam_role.cdr.arn}"));
    json_t *outputs = json_object();
    json_put(&outputs, "cdr_role_arn", output);
    json_t *made = json_object();
    json_put(&made, "data", data);
    json_put(&made, "resource", resources);
    json_put(&made, "output", outputs);
    return made;
}

/* ---- who takes the role ---- */

static json_t *allow(const char *sid, const char *action, json_t *where)
{
    json_t *statement = json_object();
    json_put(&statement, "Sid", json_string(sid));
    json_put(&statement, "Effect", json_string("Allow"));
    json_put(&statement, "Action", json_string(action));
    json_put(&statement, "Resource", where);
    return statement;
}

json_t *setup_hub_policy(const struct setup *setup)
{
    char partition[32];
    partition_of(setup, partition);
    const struct policy_words words = { .partition = partition };
    json_t *statements = json_array();
    json_append(&statements, allow("TakeRoles", "sts:AssumeRole",
                                 format_json("arn:%s:iam::*:role/%s", partition, setup->role)));
    json_append(&statements, allow("ListAccounts", "organizations:ListAccounts", json_string("*")));
    json_t *own = policy_json(setup->own, &words);
    if (own == NULL || json_array_extend(statements, json_object_get(own, "Statement")) != 0) {
        json_decref(statements);
        statements = NULL;
    }
    json_decref(own);
    return document(statements);
}

/* ---- all of it ---- */

static json_t *plain(const struct setup *setup, json_t *trust, json_t *policies)
{
    json_t *made = json_object();
    json_put(&made, "role", json_string(setup->role));
    json_put(&made, "external_id", json_string(setup->external_id));
    json_put(&made, "trust", json_incref(trust));
    json_put(&made, "policies", json_incref(policies));
    json_put(&made, "taker", setup_hub_policy(setup));
    return made;
}

json_t *setup_template(const struct needs *needs, const struct setup *setup, enum setup_form form,
    size_t *ret_policies)
{
    char own[32];
    partition_of(setup, own);
    const char *partition = forms[form].partition == NULL ? own : forms[form].partition;
    json_t *self =
        format_json("arn:%s:iam::%s:role/%s", partition, forms[form].account, setup->role);
    const struct policy_words words = { .partition = partition,
        .account = form == SETUP_JSON ? NULL : forms[form].account,
        .self = self == NULL ? "" : json_string_value(self) };
    json_t *policy = self == NULL ? NULL : policy_json(needs, &words);
    json_t *policies = policy == NULL ? NULL : documents(policy);
    json_t *trust = trust_json(setup, form);
    json_t *made = NULL;
    *ret_policies = json_array_size(policies);
    if (policies != NULL && trust != NULL && form == SETUP_CLOUDFORMATION)
        made = stack(setup, trust, policies);
    else if (policies != NULL && trust != NULL && form == SETUP_TERRAFORM)
        made = plan(setup, trust, policies);
    else if (policies != NULL && trust != NULL)
        made = plain(setup, trust, policies);
    json_decref(self);
    json_decref(policy);
    json_decref(policies);
    json_decref(trust);
    return made;
}
