/* CloudTrail over what the sandbox itself was asked: its log of calls, newest first.
 *
 * As AWS has it: one attribute a lookup, 50 events a page, a token only with the parameters that it
 * was given for. Unlike AWS nothing comes late. Global services log in us-east-1. */
#include "sandbox/operation.h"

#include "base/time.h"

#include <stdio.h>

enum { EVENTS_MAX = 50 };

struct lookup {
    struct call *call;
    const char *key; /* NULL: all events */
    const char *text;
    long long since_s;
    long long until_s;
    size_t upto; /* entries of the log that were there at the first page */
    size_t next; /* of them, those that were looked at, from the newest */
    json_t *events;
};

/* What stands after the last slash of an ARN: the user, or the session of a role. */
static const char *name_of(const char *arn)
{
    const char *slash = strrchr(arn, '/');
    return slash == NULL ? "root" : slash + 1;
}

static int add_resource(json_t *resources, const char *type, const char *name)
{
    return json_array_append_new(
        resources, json_pack("{s:s,s:s}", "ResourceType", type, "ResourceName", name));
}

/* The keys of the sessions that this very call may have handed out. */
static int add_sessions(const struct lookup *lookup, const json_t *line, json_t *resources)
{
    const json_t *parameters = json_object_get(line, "parameters");
    size_t index;
    json_t *session;
    json_array_foreach(lookup->call->world->sessions, index, session)
    {
        const char *arn = world_text(session, "arn");
        if (strcmp(name_of(arn), world_text(parameters, "RoleSessionName")) == 0
            && strcmp(world_text(session, "issuedAt"), world_text(line, "at")) == 0
            && (add_resource(resources, "AWS::IAM::AccessKey", world_text(session, "accessKeyId"))
                    != 0
                || add_resource(resources, "AWS::STS::AssumedRole", arn) != 0))
            return -1;
    }
    return 0;
}

/* New reference, or NULL. */
static json_t *resources_of(const struct lookup *lookup, const json_t *line)
{
    const char *target = world_text(line, "target");
    bool is_assume = strcmp(world_text(line, "operation"), "AssumeRole") == 0;
    json_t *resources = json_array();
    int failed = 0;
    if (target[0] != '\0')
        failed =
            add_resource(resources, is_assume ? "AWS::IAM::Role" : "AWS::EC2::Resource", target);
    if (failed == 0 && is_assume)
        failed = add_sessions(lookup, line, resources);
    if (failed == 0)
        return resources;
    json_decref(resources);
    return NULL;
}

static bool names(const json_t *resources, const char *member, const char *wanted)
{
    size_t index;
    json_t *resource;
    json_array_foreach(resources, index,
        resource) if (strcmp(world_text(resource, member), wanted) == 0) return true;
    return false;
}

static const char *read_only(const json_t *line)
{
    const struct operation *operation =
        operation_find(world_text(line, "service"), world_text(line, "operation"));
    return operation != NULL && operation->effect == OPERATION_CHANGES ? "false" : "true";
}

static bool matches(const struct lookup *lookup, const json_t *event)
{
    const char *key = lookup->key;
    if (key == NULL)
        return true;
    if (strcmp(key, "ResourceName") == 0 || strcmp(key, "ResourceType") == 0)
        return names(json_object_get(event, "Resources"), key, lookup->text);
    return strcmp(world_text(event, key), lookup->text) == 0;
}

/* The record itself, as text; NULL: no memory. */
static char *record_of(const json_t *line, const char *id)
{
    json_auto_t *record = json_pack("{s:s,s:{s:s,s:s,s:s},s:s,s:s+,s:s,s:s,s:s,s:s,s:O,s:s}",
        "eventVersion", "1.11", "userIdentity", "arn", world_text(line, "caller"), "accountId",
        world_text(line, "account"), "accessKeyId", world_text(line, "accessKeyId"), "eventTime",
        world_text(line, "at"), "eventSource", world_text(line, "service"), ".amazonaws.com",
        "eventName", world_text(line, "operation"), "awsRegion", world_text(line, "region"),
        "sourceIPAddress", "192.0.2.1", "eventID", id, "requestParameters",
        json_object_get(line, "parameters"), "recipientAccountId", world_text(line, "account"));
    if (record != NULL && world_text(line, "error")[0] != '\0')
        json_object_set_new(record, "errorCode", json_string(world_text(line, "error")));
    return record == NULL ? NULL : json_dumps(record, JSON_COMPACT);
}

/* New reference; NULL: no memory. */
static json_t *event_of(const struct lookup *lookup, const json_t *line, size_t number)
{
    int64_t at_ms = 0;
    const char *at = world_text(line, "at");
    const char *id = arena_format(lookup->call->arena, "0c0de000-0000-4000-8000-%012zu", number);
    char *record = id == NULL ? NULL : record_of(line, id);
    if (record == NULL || !time_parse(str_from(at), &at_ms))
        return NULL;
    json_t *event = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s+,s:s,s:o,s:s}", "EventId", id, "EventName",
        world_text(line, "operation"), "ReadOnly", read_only(line), "AccessKeyId",
        world_text(line, "accessKeyId"), "EventTime", (json_int_t)(at_ms / 1000), "EventSource",
        world_text(line, "service"), ".amazonaws.com", "Username",
        name_of(world_text(line, "caller")), "Resources", resources_of(lookup, line),
        "CloudTrailEvent", record);
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(record);
    return event;
}

static bool is_in_range(const struct lookup *lookup, const json_t *line)
{
    const struct call *call = lookup->call;
    int64_t at_ms = 0;
    return strcmp(world_text(line, "account"), call_account_id(call)) == 0
           && strcmp(world_text(line, "region"), call->region_name) == 0
           && time_parse(str_from(world_text(line, "at")), &at_ms)
           && at_ms / 1000 >= lookup->since_s && at_ms / 1000 <= lookup->until_s;
}

/* One page, newest first; lookup->next is where the following begins, lookup->upto at the end. */
static void fill_page(struct lookup *lookup, size_t size)
{
    struct call *call = lookup->call;
    while (lookup->next < lookup->upto && json_array_size(lookup->events) < size) {
        size_t number = lookup->upto - ++lookup->next;
        const json_t *line = json_array_get(call->log, number);
        if (!is_in_range(lookup, line))
            continue;
        json_t *event = event_of(lookup, line, number);
        if (event == NULL)
            call->err = ERR_MEMORY;
        else if (!matches(lookup, event))
            json_decref(event);
        else if (json_array_append_new(lookup->events, event) != 0)
            call->err = ERR_MEMORY;
    }
}

static bool attribute_is_good(struct call *call, struct lookup *lookup)
{
    static const char *const keys[] = { "EventId", "EventName", "ReadOnly", "Username",
        "ResourceType", "ResourceName", "EventSource", "AccessKeyId" };
    lookup->key = call_text(call, "LookupAttributes.1.AttributeKey");
    lookup->text = call_text(call, "LookupAttributes.1.AttributeValue");
    if (form_hasf(&call->form, "LookupAttributes.2.")
        || (lookup->key == NULL) != (lookup->text == NULL))
        return call_refuse(call, 400, "InvalidLookupAttributesException",
            "Occurs when a lookup attribute is specified that is not valid.");
    for (size_t at = 0; lookup->key != NULL && at < COUNT_OF(keys); at++)
        if (strcmp(keys[at], lookup->key) == 0)
            return true;
    return lookup->key == NULL
           || call_refuse(call, 400, "InvalidLookupAttributesException",
               "Occurs when a lookup attribute is specified that is not valid.");
}

/* What a token must have been given for. */
static const char *token_tail(struct call *call, const struct lookup *lookup)
{
    return arena_format(call->arena, "%lld/%lld/%s/%s", lookup->since_s, lookup->until_s,
        lookup->key == NULL ? "" : lookup->key, lookup->key == NULL ? "" : lookup->text);
}

static bool token_is_good(struct call *call, struct lookup *lookup)
{
    const char *token = call_text(call, "NextToken");
    const char *tail = token_tail(call, lookup);
    int length = 0;
    if (token == NULL || tail == NULL)
        return true;
    if (sscanf(token, "%zu/%zu/%n", &lookup->next, &lookup->upto, &length) == 2 && length > 0
        && strcmp(token + length, tail) == 0 && lookup->upto <= json_array_size(call->log))
        return true;
    return call_refuse(call, 400, "InvalidNextTokenException",
        "A token that is not valid, or a token that was previously used in a request with "
        "different parameters.");
}

void sandbox_cloudtrail_lookup_events(struct call *call)
{
    struct lookup lookup = {
        .call = call, .until_s = call->now_ms / 1000 + 1, .upto = json_array_size(call->log)
    };
    long long size = EVENTS_MAX;
    long long last = INT32_MAX * 4LL;
    if (!attribute_is_good(call, &lookup) || !call_number(call, "MaxResults", 1, EVENTS_MAX, &size)
        || !call_number(call, "StartTime", 0, last, &lookup.since_s)
        || !call_number(call, "EndTime", lookup.since_s, last, &lookup.until_s)
        || !token_is_good(call, &lookup) || !call_may_proceed(call))
        return;
    lookup.events = json_array();
    fill_page(&lookup, (size_t)size);
    const char *tail = token_tail(call, &lookup);
    if (json_object_set_new(call->json, "Events", lookup.events) != 0 || tail == NULL)
        call->err = ERR_MEMORY;
    else if (lookup.next < lookup.upto
             && json_object_set_new(call->json, "NextToken",
                    json_sprintf("%zu/%zu/%s", lookup.next, lookup.upto, tail))
                    != 0)
        call->err = ERR_MEMORY;
}
