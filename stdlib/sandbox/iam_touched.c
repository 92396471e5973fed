/* iam_touched.c - what a call touches, as ARNs: see iam_judge.h. */
#include "sandbox/ec2.h"
#include "sandbox/iam_judge.h"

enum kind {
    KIND_EC2,     /* the things of these ids */
    KIND_WEARER,  /* the instance that the interface is of */
    KIND_VOLUMES, /* of the instance */
    KIND_MADE,    /* a new thing; the parameter is its type */
    KIND_PROFILE,
    KIND_ROLE,
    KIND_USER,
    KIND_KEY, /* the user whose access key it is */
    KIND_ARN, /* the parameter itself */
    KIND_OBJECT,
    KIND_BUCKET,
    KIND_DOCUMENT,
    KIND_IPSET,
    KIND_FUNCTION,
    KIND_KMS,
};

static const struct row {
    const char *service;
    const char *operation;
    enum kind kind;
    const char *parameter;
} rows[] = {
#define TOUCHES(service, operation, kind, parameter)                                               \
    { #service, #operation, KIND_##kind, parameter },
#include "sandbox/iam_judge.def"
#undef TOUCHES
};

/* A list in the making. */
struct list {
    struct call *call;
    struct touched *items;
    size_t count;
};

static void add(struct list *list, const char *arn, const json_t *tags, const char *type)
{
    if (list->count < JUDGED_MAX && arn != NULL)
        list->items[list->count++] = (struct touched){ arn, tags, type, NULL };
}

/* "instance" of the kind of an id, as ARNs have it. */
static const char *arn_type(enum ec2_kind kind)
{
    static const char *const types[EC2_KIND_COUNT] = {
        [EC2_INSTANCE] = "instance",
        [EC2_INTERFACE] = "network-interface",
        [EC2_GROUP] = "security-group",
        [EC2_VOLUME] = "volume",
        [EC2_SNAPSHOT] = "snapshot",
        [EC2_VPC] = "vpc",
        [EC2_SUBNET] = "subnet",
    };
    return kind < EC2_KIND_COUNT && types[kind] != NULL ? types[kind] : "network-acl";
}

static const char *ec2_arn(const struct call *call, const char *type, const char *id)
{
    bool has_account = strcmp(type, "snapshot") != 0;
    return arena_format(call->arena, "arn:aws:ec2:%s:%s:%s/%s", call->region_name,
        has_account ? call_account_id(call) : "", type, id);
}

static void add_ec2(struct list *list, const char *id)
{
    enum ec2_kind kind = ec2_kind_of(id);
    const struct ec2_kind_info *info = kind < EC2_KIND_COUNT ? ec2_kind_info(kind) : NULL;
    const json_t *thing =
        info == NULL ? NULL : world_find(list->call->region, info->collection, info->key, id);
    add(list, ec2_arn(list->call, arn_type(kind), id), json_object_get(thing, "tags"), NULL);
}

/* The parameter of that shape at each of its places, from 1. */
static const char *parameter_at(const struct call *call, const char *shape, unsigned place)
{
    size_t length = strlen(shape);
    if (length < 2 || strcmp(shape + length - 2, ".N") != 0)
        return place == 1 ? call_text(call, shape) : NULL;
    return form_getf(&call->form, "%.*s.%u", (int)length - 2, shape, place);
}

static void add_volumes(struct list *list, const char *instance)
{
    size_t index;
    json_t *volume;
    json_array_foreach(json_object_get(list->call->region, "volumes"), index,
        volume) if (strcmp(world_text(volume, "instanceId"), instance) == 0)
        add_ec2(list, world_text(volume, "volumeId"));
}

static void add_wearer(struct list *list, const char *interface)
{
    const json_t *thing =
        world_find(list->call->region, "networkInterfaces", "networkInterfaceId", interface);
    const char *instance = world_text(thing, "instanceId");
    if (instance[0] != '\0')
        add_ec2(list, instance);
}

/* A thing of IAM by its name; one that is not there is all of its kind. */
static void add_named(
    struct list *list, const char *collection, const char *key, const char *name, const char *type)
{
    const json_t *thing = world_find(list->call->account, collection, key, name);
    const char *arn = thing != NULL ? world_text(thing, "arn")
                                    : arena_format(list->call->arena, "arn:aws:iam::%s:%s/%s",
                                        call_account_id(list->call), type, name);
    add(list, arn, json_object_get(thing, "tags"), NULL);
}

static void add_key_user(struct list *list, const char *id)
{
    size_t index;
    json_t *user;
    json_array_foreach(json_object_get(list->call->account, "users"), index,
        user) if (world_find(user, "accessKeys", "accessKeyId", id) != NULL)
        add(list, world_text(user, "arn"), json_object_get(user, "tags"), NULL);
}

static void add_address(struct list *list, enum kind kind, const char *text)
{
    const struct call *call = list->call;
    struct arena *arena = call->arena;
    const char *arn = text;
    if (kind == KIND_OBJECT)
        arn = arena_format(arena, "arn:aws:s3:::%s/%s", call_text(call, "Bucket"), text);
    else if (kind == KIND_BUCKET)
        arn = arena_format(arena, "arn:aws:s3:::%s", text);
    else if (kind == KIND_DOCUMENT) /* AWS's own */
        arn = arena_format(arena, "arn:aws:ssm:%s::document/%s", call->region_name, text);
    else if (kind == KIND_IPSET)
        arn = arena_format(arena, "arn:aws:wafv2:%s:%s:%s/ipset/%s/%s", call->region_name,
            call_account_id(call),
            strcmp(call_text(call, "Scope"), "REGIONAL") == 0 ? "regional" : "global",
            call_text(call, "Name"), text);
    else if (kind == KIND_FUNCTION && strncmp(text, "arn:", 4) != 0)
        arn = arena_format(arena, "arn:aws:lambda:%s:%s:function:%s", call->region_name,
            call_account_id(call), text);
    else if (kind == KIND_KMS && strncmp(text, "arn:", 4) != 0)
        arn = arena_format(
            arena, "arn:aws:kms:%s:%s:key/%s", call->region_name, call_account_id(call), text);
    add(list, arn, NULL, NULL);
}

static void add_one(struct list *list, enum kind kind, const char *text)
{
    switch (kind) {
    case KIND_EC2:
        add_ec2(list, text);
        break;
    case KIND_WEARER:
        add_wearer(list, text);
        break;
    case KIND_VOLUMES:
        add_volumes(list, text);
        break;
    case KIND_PROFILE:
        add_named(list, "instanceProfiles", "instanceProfileName", text, "instance-profile");
        break;
    case KIND_ROLE:
        add_named(list, "roles", "roleName", text, "role");
        break;
    case KIND_USER:
        add_named(list, "users", "userName", text, "user");
        break;
    case KIND_KEY:
        add_key_user(list, text);
        break;
    case KIND_MADE:
        add(list, ec2_arn(list->call, text, "*"), NULL, text);
        break;
    case KIND_ARN:
    case KIND_OBJECT:
    case KIND_BUCKET:
    case KIND_DOCUMENT:
    case KIND_IPSET:
    case KIND_FUNCTION:
    case KIND_KMS:
        add_address(list, kind, text);
        break;
    }
}

size_t iam_judge_touched(struct call *call, struct touched *touched)
{
    struct list list = { call, touched, 0 };
    bool is_known = false;
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        const struct row *row = &rows[at];
        if (strcmp(row->service, call->service) != 0
            || strcmp(row->operation, call->operation_name) != 0)
            continue;
        is_known = true;
        const char *text;
        if (row->kind == KIND_MADE)
            add_one(&list, row->kind, row->parameter);
        for (unsigned place = 1;
             row->kind != KIND_MADE && (text = parameter_at(call, row->parameter, place)) != NULL;
             place++)
            add_one(&list, row->kind, text);
    }
    if (!is_known)
        add(&list, "*", NULL, NULL);
    return list.count;
}

/* The pairs `prefix`Tag.N of the form into `tags`. */
static void read_tags(struct call *call, const char *prefix, json_t *tags)
{
    const char *key;
    for (unsigned n = 1; (key = form_getf(&call->form, "%sTag.%u.Key", prefix, n)) != NULL; n++) {
        const char *text = form_getf(&call->form, "%sTag.%u.Value", prefix, n);
        json_object_set_new(tags, key, json_string(text == NULL ? "" : text));
    }
}

json_t *iam_judge_request_tags(struct call *call, const char *type)
{
    json_t *tags = json_object();
    const char *specified;
    if (type == NULL) {
        read_tags(call, "", tags);
        return tags;
    }
    for (unsigned n = 1;
         (specified = form_getf(&call->form, "TagSpecification.%u.ResourceType", n)) != NULL; n++) {
        const char *prefix = arena_format(call->arena, "TagSpecification.%u.", n);
        if (prefix != NULL && strcmp(specified, type) == 0)
            read_tags(call, prefix, tags);
    }
    return tags;
}
