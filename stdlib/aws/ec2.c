/* ec2.c - what rules may do to EC2. */
#include "aws/facts.h"
#include "aws/isolate_security_group.h"
#include "aws/isolation_group.h"
#include "aws/metadata.h"
#include "aws/protection.h"
#include "aws/stop_instance.h"
#include "aws/terminate_instance.h"
#include "params.h"
#include "bytecode.h"
#include "registry.h"

#define EC2_API "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_"
#define INSTANCE PARAM("instance", INSTANCE, TARGET, "the EC2 instance")

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "disable_metadata",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Take the metadata service, and with it fresh credentials, from an instance.",
        .params = { INSTANCE, PARAM_ACCOUNT, PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeInstances", "ec2:ModifyInstanceMetadataOptions" },
            .undo = { "ec2:DescribeInstances", "ec2:ModifyInstanceMetadataOptions" } },
        .limits = { "credentials that were handed out before are good for up to six hours: revoke "
                    "the role's sessions too",
            "programs on the instance lose the role's permissions as these expire, the agent of "
            "Systems Manager too: collect first" },
        .inverse = "enable_metadata",
        .shows = { SHOWS_INSTANCE },
        .source = EC2_API "ModifyInstanceMetadataOptions.html",
        .state_bytes = sizeof(struct metadata),
        .next = disable_metadata_next,
    },
    {
        .name = "isolate_security_group",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Give every network interface of an instance a security group that lets nothing in "
               "or out.",
        .params = { INSTANCE, PARAM_ACCOUNT, PARAM_REGION,
            PARAM_CHOICE("cut", "untrack nacl none",
                "cut open connections too: untrack opens the instance to the world for a moment, "
                "nacl needs a subnet of its own; none when not given") },
        .effect = EFFECT_CHANGES,
        .destroys = DESTROYS_CHANNEL,
        .permissions = { .apply = { "ec2:AuthorizeSecurityGroupEgress",
                             "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateNetworkAclEntry",
                             "ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:DescribeInstances",
                             "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
                             "ec2:DescribeSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute",
                             "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress" },
            .undo = { "ec2:DeleteNetworkAclEntry", "ec2:DeleteSecurityGroup",
                "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute" } },
        .limits = { "connections that are open live on until EC2 no longer tracks them: idle ones "
                    "up to five days; cut=untrack cuts them and lets everything in for a moment, "
                    "cut=nacl cuts them where the instance has a subnet and its ACL for itself",
            "interfaces that AWS manages cannot be changed: the step ends as partial",
            "a VPC holds 2,500 security groups: one or two of them are ours",
            "Systems Manager loses the instance: collect first" },
        .inverse = "restore_interface_groups",
        .shows = { SHOWS_INSTANCE },
        .source = EC2_API "ModifyNetworkInterfaceAttribute.html",
        .state_bytes = sizeof(struct isolate_security_group),
        .next = isolate_security_group_next,
    },
    {
        .name = "stop_instance",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Stop an instance.",
        .params = { INSTANCE, PARAM_ACCOUNT, PARAM_REGION, PARAM_OVERRIDE },
        .effect = EFFECT_CHANGES,
        .destroys = DESTROYS_MEMORY | DESTROYS_CHANNEL,
        .permissions = { .apply = { "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances",
                             "ec2:ModifyInstanceAttribute", "ec2:StopInstances" },
            .undo = { "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances",
                "ec2:ModifyInstanceAttribute", "ec2:StartInstances" } },
        .limits = { "memory, instance store and an automatic public address are lost",
            "instances with an instance store as root, and one-time spot instances, cannot be "
            "stopped",
            "an Auto Scaling group replaces a member that is stopped",
            "an instance protected by disableApiStop is left running without override=protection" },
        .inverse = "start_instance",
        .shows = { SHOWS_INSTANCE },
        .source = EC2_API "StopInstances.html",
        .state_bytes = sizeof(struct stop_instance),
        .next = stop_instance_next,
    },
    {
        .name = "terminate_instance",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Terminate an EC2 instance: its memory and most of its disks are gone.",
        .params = { INSTANCE, PARAM_ACCOUNT, PARAM_REGION, PARAM_OVERRIDE },
        .effect = EFFECT_DESTROYS,
        .destroys = DESTROYS_MEMORY | DESTROYS_CHANNEL | DESTROYS_DISK,
        .permissions = { .apply = { "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances",
                             "ec2:ModifyInstanceAttribute", "ec2:TerminateInstances" },
            .undo = { "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances",
                "ec2:ModifyInstanceAttribute" } },
        .limits = { "nothing brings the instance back: take snapshots first",
            "volumes that are not deleted with it stay, and cost",
            "an Auto Scaling group replaces a member that is terminated",
            "an instance protected by disableApiTermination is left alone without "
            "override=protection" },
        .shows = { SHOWS_INSTANCE },
        .source = EC2_API "TerminateInstances.html",
        .state_bytes = sizeof(struct terminate_instance),
        .next = terminate_instance_next,
    },
    {
        .name = "delete_isolation_group",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Delete the isolation group of a VPC, if it is ours and nobody uses it.",
        .params = { [DELETE_VPC] = PARAM("vpc", TEXT, REQUIRED, "the VPC"),
            [DELETE_NAME] = PARAM("name", TEXT, REQUIRED, "the group's name"),
            [DELETE_ACCOUNT] = PARAM_ACCOUNT,
            [DELETE_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DeleteSecurityGroup", "ec2:DescribeNetworkInterfaces",
                             "ec2:DescribeSecurityGroups" } },
        .source = EC2_API "DeleteSecurityGroup.html",
        .state_bytes = sizeof(struct delete_isolation_group),
        .next = delete_isolation_group_next,
    },
    {
        .name = "enable_metadata",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Give an instance its metadata service back.",
        .params = { PARAM("instance", INSTANCE, REQUIRED, "the EC2 instance"), PARAM_ACCOUNT,
            PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeInstances",
                             "ec2:ModifyInstanceMetadataOptions" } },
        .source = EC2_API "ModifyInstanceMetadataOptions.html",
        .state_bytes = sizeof(struct metadata),
        .next = enable_metadata_next,
    },
    {
        .name = "protect_instance",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Set an instance's protection against stopping or termination again.",
        .params = { [PROTECT_INSTANCE] = PARAM("instance", INSTANCE, REQUIRED, "the EC2 instance"),
            [PROTECT_ATTRIBUTE] =
                PARAM("attribute", TEXT, REQUIRED, "disableApiStop or disableApiTermination"),
            [PROTECT_ACCOUNT] = PARAM_ACCOUNT,
            [PROTECT_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances",
                             "ec2:ModifyInstanceAttribute" } },
        .source = EC2_API "ModifyInstanceAttribute.html",
        .state_bytes = sizeof(struct protect_instance),
        .next = protect_instance_next,
    },
    {
        .name = "restore_interface_groups",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Give a network interface the groups back that it had, if it still has ours.",
        .params = { [RESTORE_INTERFACE] = PARAM("interface", TEXT, REQUIRED, "the interface"),
            [RESTORE_BEFORE] =
                PARAM_LIST("groups", SECURITY_GROUP, REQUIRED, "the groups that it had"),
            [RESTORE_SET] = PARAM("group", SECURITY_GROUP, REQUIRED, "the group that was set"),
            [RESTORE_ACCOUNT] = PARAM_ACCOUNT,
            [RESTORE_REGION] = PARAM_REGION,
            [RESTORE_CUT] = PARAM("cut_group", SECURITY_GROUP, OPTIONAL,
                "the group that it had for a moment before that") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeNetworkInterfaces",
                             "ec2:ModifyNetworkInterfaceAttribute" } },
        .source = EC2_API "ModifyNetworkInterfaceAttribute.html",
        .state_bytes = sizeof(struct restore_interface_groups),
        .next = restore_interface_groups_next,
    },
    {
        .name = "start_instance",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Start an instance again that was stopped.",
        .params = { PARAM("instance", INSTANCE, REQUIRED, "the EC2 instance"), PARAM_ACCOUNT,
            PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeInstances", "ec2:StartInstances" } },
        .limits = { "volumes encrypted with a customer's key need kms:CreateGrant too" },
        .source = EC2_API "StartInstances.html",
        .state_bytes = sizeof(struct start_instance),
        .next = start_instance_next,
    },
};

const struct builtin_module aws_ec2_module = { "aws.ec2", rows, COUNT_OF(rows) };
