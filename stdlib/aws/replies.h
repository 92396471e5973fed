/* replies.h - what AWS says, copied out of a reply into things that a step may keep.
 *
 * Everything returned lives in the arena that is passed. Absent members are empty.
 * All: ERR_MEMORY; ERR_NOT_FOUND when the reply does not have the thing; ERR_LIMIT when
 * there is more of it than the ceilings here allow. */
#pragma once

#include "arn.h"
#include "talk/xml.h"
#include "base/attr.h"
#include "value.h"

enum { INSTANCE_VOLUMES_MAX = 64, GROUPS_PER_INTERFACE_MAX = 16 };

/* GetCallerIdentity. */
struct caller {
    str account;
    str arn;
    str role;    /* of an assumed role: its name; else empty */
    str session; /* of an assumed role; the instance's id when an instance calls */
};
MUST_CHECK enum err reply_caller(
    struct arena *arena, const struct xml *root, struct caller *ret_caller);

/* DescribeInstances: the first instance. */
struct instance {
    str id;
    str owner; /* account */
    str state; /* "running" */
    str vpc;
    str profile;            /* ARN of its instance profile */
    str auto_scaling_group; /* it is a member of; or empty */
    str metadata_endpoint;  /* "enabled", "disabled" */
    str metadata_state;     /* "pending" while it is being changed, "applied" */
    str volumes[INSTANCE_VOLUMES_MAX];
    bool is_volume_lost[INSTANCE_VOLUMES_MAX]; /* deleted when the instance is terminated */
    uint32_t volumes_count;
};
MUST_CHECK enum err reply_instance(
    struct arena *arena, const struct xml *root, struct instance *ret_instance);

/* GetInstanceProfile (the role in it) and GetRole: the role's ARN. */
MUST_CHECK enum err reply_profile_role(struct arena *arena, const struct xml *root, str *ret_arn);
MUST_CHECK enum err reply_role(struct arena *arena, const struct xml *root, str *ret_arn);

/* One item of DescribeNetworkInterfaces. */
struct interface {
    str id;
    str owner;
    str instance; /* it is attached to */
    str subnet;
    value groups; /* ids: a VALUE_LIST */
};
MUST_CHECK enum err reply_interface(
    struct arena *arena, const struct xml *item, struct interface *ret_interface);

/* The tag `key` below `node` ("tagSet"); empty when there is none. Borrowed. */
str reply_tag(const struct xml *node, const char *key);

/* The elements of a list of texts, in any order, are the same. */
bool texts_same(value a, value b);
/* "sg-1, sg-2", or "none"; ptr is NULL when the arena is full. */
str texts_print(struct arena *arena, value texts);
