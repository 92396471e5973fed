/* policy_forms.c - see policy_forms.h. */
#include "driver/policy_forms.h"

#include "driver/json_out.h"

#include <string.h>

/* ---- templates ---- */

/* A copy with each {"Fn::Sub": text} as its text. jansson bounds how deep what it read is. */
static json_t *plain(json_t *json)
{
    json_t *text = json_object_get(json, "Fn::Sub");
    if (json_is_string(text) && json_object_size(json) == 1)
        return json_incref(text);
    if (json_is_array(json)) {
        json_t *made = json_array();
        for (size_t at = 0; at < json_array_size(json); at++)
            json_append(&made, plain(json_array_get(json, at)));
        return made;
    }
    if (!json_is_object(json))
        return json_incref(json);
    json_t *made = json_object();
    const char *key;
    json_t *member;
    json_object_foreach(json, key, member) json_put(&made, key, plain(member));
    return made;
}

static void add_document(json_t **all, json_t *document)
{
    if (document != NULL)
        json_append(all, plain(document));
}

/* What AWS::IAM::ManagedPolicy, ::Policy and the Policies of ::Role have. */
static void add_stack(json_t **all, json_t *resources)
{
    const char *name;
    json_t *resource;
    json_object_foreach(resources, name, resource)
    {
        const char *type = json_string_value(json_object_get(resource, "Type"));
        const json_t *properties = json_object_get(resource, "Properties");
        if (type == NULL || strncmp(type, "AWS::IAM::", 10) != 0)
            continue;
        add_document(all, json_object_get(properties, "PolicyDocument"));
        const json_t *inlined = json_object_get(properties, "Policies");
        for (size_t at = 0; at < json_array_size(inlined); at++)
            add_document(all, json_object_get(json_array_get(inlined, at), "PolicyDocument"));
    }
}

/* Terraform keeps a document as text. What is none stays text, and is refused as a policy. */
static void add_plan(json_t **all, const json_t *resource)
{
    static const char *const types[] = { "aws_iam_policy", "aws_iam_role_policy" };
    for (size_t type = 0; type < COUNT_OF(types); type++) {
        const char *name;
        json_t *body;
        json_object_foreach(json_object_get(resource, types[type]), name, body)
        {
            json_t *text = json_object_get(body, "policy");
            json_t *read = json_loads(
                json_is_string(text) ? json_string_value(text) : "", JSON_REJECT_DUPLICATES, NULL);
            if (text != NULL)
                json_append(all, read != NULL ? read : json_incref(text));
        }
    }
}

static void add_all(json_t **all, json_t *documents)
{
    for (size_t at = 0; at < json_array_size(documents); at++)
        add_document(all, json_array_get(documents, at));
}

json_t *policy_documents(json_t *json, bool *ret_is_template)
{
    json_t *body = json_object_get(json, "TemplateBody");
    json_t *template = body != NULL ? body : json;
    json_t *version = json_object_get(json, "PolicyVersion");
    json_t *all = json_array();
    *ret_is_template = true;
    if (json_is_object(json_object_get(template, "Resources")))
        add_stack(&all, json_object_get(template, "Resources"));
    else if (json_is_object(json_object_get(json, "resource")))
        add_plan(&all, json_object_get(json, "resource"));
    else if (json_is_array(json_object_get(json, "policies")))
        add_all(&all, json_object_get(json, "policies"));
    else
        *ret_is_template = false;
    if (*ret_is_template)
        return all;
    if (json_is_object(version))
        add_document(&all, json_object_get(version, "Document"));
    else if (json_is_object(json_object_get(json, "PolicyDocument")))
        add_document(&all, json_object_get(json, "PolicyDocument"));
    else
        add_document(&all, json);
    return all;
}

const char *policy_itself(const json_t *policy)
{
    const json_t *statements = json_object_get(policy, "Statement");
    for (size_t at = 0; at < json_array_size(statements); at++) {
        const json_t *statement = json_array_get(statements, at);
        const char *sid = json_string_value(json_object_get(statement, "Sid"));
        const char *effect = json_string_value(json_object_get(statement, "Effect"));
        if (sid != NULL && strcmp(sid, POLICY_ITSELF_SID) == 0 && strcmp(effect, "Deny") == 0)
            return json_string_value(json_object_get(statement, "Resource"));
    }
    return NULL;
}

/* ---- ARNs ---- */

const char *policy_arn_field(const char *arn, int index)
{
    while (*arn != '\0' && index > 0) {
        const char *end = strncmp(arn, "${", 2) == 0 ? strchr(arn, '}') : NULL;
        index -= *arn == ':';
        arn = end != NULL ? end + 1 : arn + 1;
    }
    return arn;
}

/* What was found of a field so far. */
struct only {
    str one;
    bool is_several;
};

static void look(struct only *only, const char *arn, int index)
{
    const char *from = policy_arn_field(arn, index);
    const char *to = policy_arn_field(arn, index + 1);
    str field = { from, to > from ? (size_t)(to - from) - (to[-1] == ':') : 0 };
    if (field.len == 0 || memchr(field.ptr, '*', field.len) != NULL)
        return;
    only->is_several |= only->one.len > 0 && !str_equal(only->one, field);
    only->one = field;
}

static const char *told(const struct only *only, struct arena *arena)
{
    return only->one.len == 0 || only->is_several ? NULL : arena_copy(arena, only->one).ptr;
}

void policy_places(
    const json_t *policy, struct arena *arena, const char **ret_partition, const char **ret_account)
{
    struct only partition = { 0 }, account = { 0 };
    const json_t *statements = json_object_get(policy, "Statement");
    for (size_t at = 0; at < json_array_size(statements); at++) {
        const json_t *said = json_object_get(json_array_get(statements, at), "Resource");
        for (size_t i = 0; i < json_array_size(said) || (i == 0 && json_is_string(said)); i++) {
            const char *arn =
                json_string_value(json_is_string(said) ? said : json_array_get(said, i));
            if (arn == NULL || strncmp(arn, "arn:", 4) != 0)
                continue;
            look(&partition, arn, 1);
            look(&account, arn, 4);
        }
    }
    *ret_partition = told(&partition, arena);
    *ret_account = told(&account, arena);
}
