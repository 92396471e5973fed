/* The metadata service of instances. An instance of the world may have the member
 * "metadata": {"httpEndpoint", "httpTokens", "httpPutResponseHopLimit", "httpProtocolIpv6",
 * "instanceMetadataTags", "isPending"}; each has EC2's default when it is not there. */
#include "sandbox/ec2.h"
#include "sandbox/operation.h"

enum { HOPS_MAX = 64 };

struct option {
    const char *parameter;
    const char *member;
    const char *choices[2]; /* the first is the default */
};

static const struct option options[] = {
    { "HttpEndpoint", "httpEndpoint", { "enabled", "disabled" } },
    { "HttpTokens", "httpTokens", { "optional", "required" } },
    { "HttpProtocolIpv6", "httpProtocolIpv6", { "disabled", "enabled" } },
    { "InstanceMetadataTags", "instanceMetadataTags", { "disabled", "enabled" } },
};

void ec2_write_metadata(struct buf *out, const char *tag, const json_t *instance)
{
    const json_t *metadata = json_object_get(instance, "metadata");
    long long hops = world_number(metadata, "httpPutResponseHopLimit");
    markup_open(out, tag);
    markup_text(out, "state", world_flag(metadata, "isPending") ? "pending" : "applied");
    for (size_t at = 0; at < COUNT_OF(options); at++) {
        const char *now = world_text(metadata, options[at].member);
        markup_text(out, options[at].member, now[0] == '\0' ? options[at].choices[0] : now);
    }
    markup_number(out, "httpPutResponseHopLimit", hops == 0 ? 1 : hops);
    markup_close(out, tag);
}

void ec2_settle_metadata(json_t *instance)
{
    json_t *metadata = json_object_get(instance, "metadata");
    json_object_del(metadata, "isPending");
    if (metadata != NULL && json_object_size(metadata) == 0)
        json_object_del(instance, "metadata");
}

static bool options_are_good(struct call *call)
{
    for (size_t at = 0; at < COUNT_OF(options); at++) {
        const char *wanted = call_text(call, options[at].parameter);
        if (wanted != NULL && strcmp(wanted, options[at].choices[0]) != 0
            && strcmp(wanted, options[at].choices[1]) != 0)
            return call_refuse(call, 400, "InvalidParameterValue",
                "Value (%s) for parameter %s is invalid.", wanted, options[at].parameter);
    }
    return true;
}

/* What the request says into `metadata`; an option that has its default is not kept. Whether
 * anything is different. */
static bool set_options(struct call *call, json_t *metadata, long long hops)
{
    json_auto_t *before = json_copy(metadata);
    for (size_t at = 0; at < COUNT_OF(options); at++) {
        const char *wanted = call_text(call, options[at].parameter);
        if (wanted != NULL && strcmp(wanted, options[at].choices[0]) == 0)
            json_object_del(metadata, options[at].member);
        else if (wanted != NULL
                 && json_object_set_new(metadata, options[at].member, json_string(wanted)) != 0)
            call->err = ERR_MEMORY;
    }
    if (hops == 1)
        json_object_del(metadata, "httpPutResponseHopLimit");
    else if (hops != 0
             && json_object_set_new(metadata, "httpPutResponseHopLimit", json_integer(hops)) != 0)
        call->err = ERR_MEMORY;
    return !json_equal(before, metadata);
}

void sandbox_ec2_modify_instance_metadata_options(struct call *call)
{
    long long hops = 0;
    json_t *instance = ec2_find(call, EC2_INSTANCE, call_text(call, "InstanceId"));
    if (instance == NULL || !options_are_good(call)
        || !call_number(call, "HttpPutResponseHopLimit", 1, HOPS_MAX, &hops))
        return;
    const char *state = world_text(instance, "state");
    if (strcmp(state, "terminated") == 0 || strcmp(state, "shutting-down") == 0) {
        call_refuse(call, 400, "IncorrectInstanceState",
            "The instance '%s' is not in a state in which its metadata options can be changed.",
            world_text(instance, "instanceId"));
        return;
    }
    if (!call_may_proceed(call))
        return;
    const json_t *now = json_object_get(instance, "metadata");
    json_t *metadata = now == NULL ? json_object() : json_deep_copy(now);
    if (!set_options(call, metadata, hops)) {
        json_decref(metadata);
    } else {
        if (json_object_set_new(metadata, "isPending", json_true()) != 0)
            call->err = ERR_MEMORY;
        call_set(call, instance, "metadata", metadata);
    }
    markup_text(&call->body, "instanceId", world_text(instance, "instanceId"));
    ec2_write_metadata(&call->body, "instanceMetadataOptions", instance);
}
