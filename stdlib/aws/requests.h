/* requests.h - the calls that steps make, one builder an operation.
 *
 * Each request lives in step->arena. Its body.ptr is NULL when that is full, which
 * act/step.h calls a turn that must not be sent. Parameters as in the EC2, IAM and STS
 * API references; `region` empty: step->region, as for IAM and STS always. */
#pragma once

#include "act/step.h"
#include "talk/xml.h"

/* What cdr makes carries this tag, so that it knows its own again. */
#define TAG_OWNER "managed-by"
#define TAG_OWNER_VALUE "cdr"
/* Which step made it: step->key. */
#define TAG_STEP "cdr:step"

/* One request of one operation, in the step's arena; body.ptr is NULL when that is full. */
struct request sts_get_caller_identity(struct step *step);

/* `profile` and `role` are names, not ARNs. */
struct request iam_get_instance_profile(struct step *step, str profile);
struct request iam_get_role(struct step *step, str role);
struct request iam_get_role_policy(struct step *step, str role, str policy);
struct request iam_put_role_policy(struct step *step, str role, str policy, str document);
struct request iam_delete_role_policy(struct step *step, str role, str policy);

/* One instance by its id, in `region`. */
struct request ec2_describe_instance(struct step *step, str region, str instance);
/* attribute: "disableApiStop" */
struct request ec2_describe_instance_attribute(
    struct step *step, str region, str instance, str attribute);
struct request ec2_stop_instance(struct step *step, str region, str instance);
struct request ec2_start_instance(struct step *step, str region, str instance);

/* Filtered by one name ("attachment.instance-id", "group-id", "network-interface-id");
 * `page` is the token of the next page, or empty. */
struct request ec2_describe_interfaces(
    struct step *step, str region, const char *filter, str wanted, str page);
/* `groups`: a VALUE_LIST of ids, which replaces all groups of the interface. */
struct request ec2_modify_interface_groups(
    struct step *step, str region, str interface, value groups);

/* The group of that name in the VPC; `page` is a NextToken, or empty. */
struct request ec2_describe_group_named(struct step *step, str region, str name, str vpc, str page);
/* Tagged as ours. `description` in the characters that EC2 allows. */
struct request ec2_create_group(struct step *step, str region, str name, str description, str vpc);
/* Revoke the rules of `permissions`: the element ipPermissions (or ipPermissionsEgress,
 * with `is_egress`) of the group as DescribeSecurityGroups shows it. NULL, for a plan: what
 * a new group begins with, everything to 0.0.0.0/0 and, where the VPC has IPv6, to ::/0. */
struct request ec2_revoke_rules(
    struct step *step, str region, str group, bool is_egress, const struct xml *permissions);
struct request ec2_delete_group(struct step *step, str region, str group);
