/* evidence.c - what rules may collect from AWS. */
#include "aws/facts.h"
#include "aws/snapshot.h"
#include "params.h"
#include "bytecode.h"
#include "registry.h"

#define EC2_API "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_"
#define INSTANCE PARAM("instance", INSTANCE, TARGET, "the EC2 instance")

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "snapshot",
        .verb = VERB_COLLECT,
        .provider = "aws",
        .doc = "Take snapshots of all EBS volumes of an instance, as of one moment.",
        .params = { [SNAPSHOT_INSTANCE] = INSTANCE,
            [SNAPSHOT_ACCOUNT] = PARAM_ACCOUNT,
            [SNAPSHOT_REGION] = PARAM_REGION,
            [SNAPSHOT_SHARE] = { .name = "share",
                .type = TYPE_ACCOUNT,
                .need = PARAM_OPTIONAL,
                .setting = "forensic_account",
                .doc = "an account that may read them too" },
            [SNAPSHOT_RETAIN] = PARAM("retain", DURATION, OPTIONAL,
                "how long to keep them; when not given, until somebody deletes them") },
        .effect = EFFECT_COLLECTS,
        .permissions = { .apply = { "ec2:CreateSnapshots", "ec2:CreateTags",
                             "ec2:DescribeInstances", "ec2:DescribeSnapshotAttribute",
                             "ec2:DescribeSnapshots", "ec2:DescribeVolumes",
                             "ec2:ModifySnapshotAttribute", "kms:DescribeKey" } },
        .limits = { "memory and instance store are not in a snapshot",
            "big volumes take hours to copy: after two the step ends as partial",
            "a snapshot that is encrypted with AWS's own key cannot be shared: the step ends as "
            "partial",
            "nothing deletes them but cdr leftovers --remove, once `retain` is over" },
        .shows = { SHOWS_INSTANCE },
        .source = EC2_API "CreateSnapshots.html",
        .state_bytes = sizeof(struct snapshot),
        .next = snapshot_next,
    },
};

const struct builtin_module aws_evidence_module = { "aws.evidence", rows, COUNT_OF(rows) };
