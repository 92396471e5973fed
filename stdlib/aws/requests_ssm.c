#include "aws/requests_ssm.h"

#include "aws/draft.h"

#define JSON_TEXT(text) (text).ptr, (text).len

static const char document[] = "AWS-RunShellScript";

struct request ssm_describe_agent(struct step *step, str region, str instance)
{
    return draft_json(step, "ssm", "DescribeInstanceInformation", region, instance,
        json_pack(
            "{s:[{s:s,s:[s%]}]}", "Filters", "Key", "InstanceIds", "Values", JSON_TEXT(instance)));
}

const char *ssm_comment(struct step *step)
{
    return arena_format(step->arena, "cdr %.*s", STR_ARG(step->key));
}

/* The lines that the document joins into one script. The address stands in a quoted here
 * document, so nothing of it means anything to a shell. */
static json_t *commands(struct step *step, const struct ssm_script *script)
{
    const char *profile = arena_format(step->arena, "CDR_PROFILE=%.*s", STR_ARG(script->profile));
    return profile == NULL ? NULL
                           : json_pack("[s,s%,s,s,s%]", "read -r CDR_PUT <<'CDR_END'",
                               JSON_TEXT(script->put), "CDR_END", profile, JSON_TEXT(script->text));
}

struct request ssm_send_script(
    struct step *step, str region, str instance, const struct ssm_script *script)
{
    const char *comment = ssm_comment(step);
    const char *seconds = arena_format(step->arena, "%u", script->execution_s);
    json_t *lines = commands(step, script);
    json_t *body = NULL;
    if (comment != NULL && seconds != NULL && lines != NULL)
        body = json_pack("{s:[s%],s:s,s:{s:O,s:[s]},s:i,s:s}", "InstanceIds", JSON_TEXT(instance),
            "DocumentName", document, "Parameters", "commands", lines, "executionTimeout", seconds,
            "TimeoutSeconds", (int)script->delivery_s, "Comment", comment);
    json_decref(lines);
    struct request request = draft_json(step, "ssm", "SendCommand", region, instance, body);
    request.late = script->put;
    return request;
}

struct request ssm_list_scripts(struct step *step, str region, str instance, str page)
{
    json_t *body = json_pack("{s:s%,s:[{s:s,s:s}],s:i}", "InstanceId", JSON_TEXT(instance),
        "Filters", "key", "DocumentName", "value", document, "MaxResults", 50);
    if (page.len > 0
        && json_object_set_new(body, "NextToken", json_stringn(JSON_TEXT(page))) != 0) {
        json_decref(body);
        body = NULL;
    }
    return draft_json(step, "ssm", "ListCommands", region, instance, body);
}

struct request ssm_get_invocation(struct step *step, str region, str command, str instance)
{
    return draft_json(step, "ssm", "GetCommandInvocation", region, instance,
        json_pack(
            "{s:s%,s:s%}", "CommandId", JSON_TEXT(command), "InstanceId", JSON_TEXT(instance)));
}

struct request ssm_cancel_command(struct step *step, str region, str command, str instance)
{
    return draft_json(step, "ssm", "CancelCommand", region, instance,
        json_pack("{s:s%}", "CommandId", JSON_TEXT(command)));
}
