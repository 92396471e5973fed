#include "sandbox/operation.h"

#define IP_PERMISSIONS                                                                             \
    "IpPermissions.N.IpProtocol IpPermissions.N.FromPort IpPermissions.N.ToPort "                  \
    "IpPermissions.N.IpRanges.N.CidrIp IpPermissions.N.IpRanges.N.Description "                    \
    "IpPermissions.N.Ipv6Ranges.N.CidrIpv6 IpPermissions.N.Ipv6Ranges.N.Description "              \
    "IpPermissions.N.PrefixListIds.N.PrefixListId IpPermissions.N.PrefixListIds.N.Description "    \
    "IpPermissions.N.Groups.N.GroupId IpPermissions.N.Groups.N.UserId "                            \
    "IpPermissions.N.Groups.N.Description"

static const struct operation operations[] = {
#define OPERATION(service, name, run, effect, target, parameters)                                  \
    { #service, #name, OPERATION_##effect, target, parameters, sandbox_##service##_##run },
#include "sandbox/operations.def"
#undef OPERATION
};

/* Of a query service version and name space; of a JSON one its version and X-Amz-Target. */
struct service {
    const char *name;
    const char *version;
    const char *space;
    const char *json;
    const char *target;
};

static const struct service services[] = {
    { "ec2", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/", NULL, NULL },
    { "iam", "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/", NULL, NULL },
    { "sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/", NULL, NULL },
    { "elasticloadbalancing", "2015-12-01",
        "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", NULL, NULL },
    { "cloudtrail", NULL, NULL, "1.1", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101" },
    { "kms", NULL, NULL, "1.1", "TrentService" },
    { "organizations", NULL, NULL, "1.1", "AWSOrganizationsV20161128" },
    { "sqs", NULL, NULL, "1.0", "AmazonSQS" },
    { "ssm", NULL, NULL, "1.1", "AmazonSSM" },
    { "wafv2", NULL, NULL, "1.1", "AWSWAF_20190729" },
    { "execute-api", NULL, NULL, NULL, NULL },
    { "guardduty", NULL, NULL, NULL, NULL },
    { "lambda", NULL, NULL, NULL, NULL },
    { "s3", NULL, NULL, NULL, NULL },
};

/* A row is called by what C can name: execute_api. */
static bool is_of(const struct operation *operation, const char *service)
{
    size_t length = strlen(service);
    if (strlen(operation->service) != length)
        return false;
    for (size_t at = 0; at < length; at++)
        if (operation->service[at] != (service[at] == '-' ? '_' : service[at]))
            return false;
    return true;
}

const struct operation *operation_find(const char *service, const char *name)
{
    for (size_t at = 0; at < COUNT_OF(operations); at++)
        if (is_of(&operations[at], service) && strcmp(operations[at].name, name) == 0)
            return &operations[at];
    return NULL;
}

const struct operation *operation_at(size_t index)
{
    return index < COUNT_OF(operations) ? &operations[index] : NULL;
}

static const struct service *service_find(const char *name)
{
    for (size_t at = 0; at < COUNT_OF(services); at++)
        if (strcmp(services[at].name, name) == 0)
            return &services[at];
    return NULL;
}

bool service_is_known(const char *service)
{
    return service_find(service) != NULL;
}

const char *service_json_version(str prefix, const char **ret_service)
{
    for (size_t at = 0; at < COUNT_OF(services); at++) {
        if (services[at].target == NULL || !str_is(prefix, services[at].target))
            continue;
        *ret_service = services[at].name;
        return services[at].json;
    }
    return NULL;
}

const char *service_version(const char *service)
{
    const struct service *found = service_find(service);
    return found == NULL ? NULL : found->version;
}

const char *service_target(const char *service)
{
    const struct service *found = service_find(service);
    return found == NULL ? NULL : found->target;
}

const char *service_namespace(const char *service)
{
    const struct service *found = service_find(service);
    return found == NULL ? NULL : found->space;
}

static bool is_ec2(const struct call *call)
{
    return strcmp(call->service, "ec2") == 0;
}

/* How a service calls what does not fit its model. */
static const char *validation_error(const struct call *call)
{
    return call->protocol == PROTOCOL_QUERY ? "ValidationError" : "ValidationException";
}

/* The next shape of a row's parameters, without its "!"; empty at the end. */
static str next_shape(const char **at, bool *ret_required)
{
    *at += strspn(*at, " ");
    str shape = { *at, strcspn(*at, " ") };
    *at += shape.len;
    *ret_required = str_endswith(shape, STR("!"));
    return str_first(shape, shape.len - *ret_required);
}

static bool is_known(const struct call *call, str shape)
{
    if (str_is(shape, "Action") || str_is(shape, "Version")
        || (is_ec2(call) && str_is(shape, "DryRun")))
        return true;
    const char *at = call->operation->parameters;
    bool required;
    for (str known = next_shape(&at, &required); known.len > 0; known = next_shape(&at, &required))
        if (str_equal(known, shape)
            || (str_endswith(known, STR("*"))
                && str_startswith(shape, str_first(known, known.len - 1))))
            return true;
    return false;
}

static bool know_all(struct call *call)
{
    char shape[FORM_NAME_BYTES_MAX + 1];
    for (size_t at = 0; at < call->form.count; at++) {
        const char *name = call->form.parameters[at].name;
        form_shape(name, shape);
        if (!is_known(call, str_from(shape)))
            return call_refuse(call, 400,
                is_ec2(call) ? "UnknownParameter" : validation_error(call),
                "The parameter %s is not recognized", name);
    }
    const char *bad = form_bad_place(&call->form);
    if (bad != NULL)
        return call_refuse(call, 400, "InvalidParameterValue",
            "The parameter %s is numbered wrongly: lists count from 1 without gaps", bad);
    return true;
}

/* The value of the parameter of that shape at its first places. */
static const char *first_of(const struct call *call, str shape)
{
    char name[FORM_NAME_BYTES_MAX + 1];
    size_t len = shape.len < FORM_NAME_BYTES_MAX ? shape.len : FORM_NAME_BYTES_MAX;
    memcpy(name, shape.ptr, len);
    name[len] = '\0';
    for (char *at = strchr(name, '.'); at != NULL; at = strchr(at + 1, '.'))
        if (at[1] == 'N' && (at[2] == '.' || at[2] == '\0'))
            at[1] = '1';
    return form_get(&call->form, name);
}

static bool has_all(struct call *call)
{
    const char *at = call->operation->parameters;
    bool required;
    for (str shape = next_shape(&at, &required); shape.len > 0;
         shape = next_shape(&at, &required)) {
        const char *value = required ? first_of(call, shape) : "present";
        if (value != NULL && value[0] != '\0')
            continue;
        if (is_ec2(call))
            return call_refuse(call, 400, "MissingParameter",
                "The request must contain the parameter %.*s", STR_ARG(shape));
        return call_refuse(call, 400, validation_error(call),
            "1 validation error detected: Value null at '%.*s' failed to satisfy constraint: "
            "Member must not be null",
            STR_ARG(shape));
    }
    return true;
}

/* What the call is about, as the log shows it: the values of its target parameter. */
static void note_target(struct call *call)
{
    if (call->operation->target[0] == '\0')
        return;
    CLEANUP(buf_release) struct buf text = BUF_INIT(CALL_BODY_BYTES_MAX);
    char shape[FORM_NAME_BYTES_MAX + 1];
    for (size_t at = 0; at < call->form.count; at++) {
        form_shape(call->form.parameters[at].name, shape);
        if (strcmp(shape, call->operation->target) == 0)
            buf_addf(&text, "%s%s", text.len == 0 ? "" : ",", call->form.parameters[at].value);
    }
    call->target = arena_copy(call->arena, buf_str(&text)).ptr;
}

static bool find_version(struct call *call)
{
    const char *version = call_text(call, "Version");
    if (call->operation_name[0] == '\0')
        return call_refuse(
            call, 400, "MissingAction", "The request must contain the parameter Action");
    if (version == NULL || strcmp(version, service_version(call->service)) != 0) {
        if (is_ec2(call))
            return call_refuse(call, 400, "NoSuchVersion", "The specified version does not exist");
        return call_refuse(call, 400, "InvalidAction", "Could not find operation %s for version %s",
            call->operation_name, version == NULL ? "NO_VERSION_SPECIFIED" : version);
    }
    return true;
}

static bool find_operation(struct call *call)
{
    if (call->protocol == PROTOCOL_QUERY && !find_version(call))
        return false;
    call->operation = operation_find(call->service, call->operation_name);
    if (call->operation == NULL && call->protocol == PROTOCOL_JSON)
        return call_refuse(call, 400, "UnknownOperationException",
            "The sandbox does not simulate %s of %s", call->operation_name, call->service);
    if (call->operation == NULL)
        return call_refuse(call, 400, "InvalidAction",
            "The action %s is not valid for this web service", call->operation_name);
    return true;
}

bool operation_accepts(struct call *call)
{
    if (!find_operation(call))
        return false;
    note_target(call);
    return know_all(call) && has_all(call) && call_flag(call, "DryRun", &call->dry_run);
}
