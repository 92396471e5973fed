/* evidence.c - what rules may collect from AWS. */
#include "aws/delete_snapshot.h"
#include "aws/facts.h"
#include "aws/logs.h"
#include "aws/snapshot.h"
#include "params.h"
#include "bytecode.h"
#include "registry.h"

#define EC2_API "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_"
#define INSTANCE PARAM("instance", INSTANCE, TARGET, "the EC2 instance")

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "logs",
        .verb = VERB_COLLECT,
        .provider = "aws",
        .doc = "Keep what CloudTrail recorded about a role, a user, an instance or an access key.",
        .params = { [LOGS_ROLE] = PARAM("role", ROLE, TARGET, "the IAM role, and its sessions"),
            [LOGS_USER] = PARAM("user", USER, TARGET, "the IAM user, by name or ARN"),
            [LOGS_INSTANCE] = INSTANCE,
            [LOGS_ACCESS_KEY] = PARAM("access_key", ACCESS_KEY, TARGET, "the access key"),
            [LOGS_SINCE] = PARAM("since", DURATION, OPTIONAL, "how far back; 24h when not given"),
            [LOGS_TO] = { .name = "to",
                .type = TYPE_TEXT,
                .need = PARAM_OPTIONAL,
                .directs = true,
                .setting = "evidence",
                .doc = "where they go: s3://bucket/prefix" },
            [LOGS_ACCOUNT] = PARAM_ACCOUNT,
            [LOGS_REGION] = PARAM_REGION },
        .effect = EFFECT_COLLECTS,
        .permissions = { .apply = { "cloudtrail:LookupEvents", "s3:ListBucket", "s3:PutObject" } },
        .limits = { "management events alone, of 90 days at most; AWS shows them up to 15 minutes "
                    "late",
            "of the region, and of that where IAM is recorded",
            "at most 3,000 events or 8 MB: with more the step ends as partial",
            "a user is looked up by name: one that is known by its id (AIDA..) alone is not "
            "found" },
        .shows = { FIELD_INSTANCE_ID, FIELD_ROLE_ARN, FIELD_USER_ID, FIELD_ACCESS_KEY_ID,
            FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT, FIELD_CLOUD_REGION },
        .source = "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/"
                  "API_LookupEvents.html",
        .state_bytes = sizeof(struct logs),
        .next = logs_next,
    },
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
    {
        .name = "delete_snapshot",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc =
            "Delete a snapshot that a step of ours made, once it was kept as long as it should be.",
        .params = { [DELETE_SNAPSHOT_ID] = PARAM("snapshot", TEXT, REQUIRED, "the snapshot"),
            [DELETE_SNAPSHOT_STEP] =
                PARAM("step", TEXT, REQUIRED, "the key of the step that made it"),
            [DELETE_SNAPSHOT_RETAIN] =
                PARAM("retain", DURATION, REQUIRED, "how long it was to be kept"),
            [DELETE_SNAPSHOT_ACCOUNT] = PARAM_ACCOUNT,
            [DELETE_SNAPSHOT_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DeleteSnapshot", "ec2:DescribeSnapshots" } },
        .limits = { "cdr leftovers --remove alone asks for it" },
        .source = EC2_API "DeleteSnapshot.html",
        .state_bytes = sizeof(struct delete_snapshot),
        .next = delete_snapshot_next,
    },
};

const struct builtin_module aws_evidence_module = { "aws.evidence", rows, COUNT_OF(rows) };
