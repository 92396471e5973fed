/* ssm.c - what rules may have Systems Manager do. */
#include "aws/facts.h"
#include "aws/triage.h"
#include "bytecode.h"
#include "params.h"
#include "registry.h"

static const struct builtin rows[] = {
    {
        .name = "triage",
        .verb = VERB_COLLECT,
        .provider = "aws",
        .doc = "Collect processes, connections, autostarts, logs and recent files of a host.",
        .params = { [TRIAGE_HOST] = PARAM("host", HOST, TARGET, "the device, as its EDR names it"),
            [TRIAGE_INSTANCE] = PARAM("instance", INSTANCE, TARGET, "the EC2 instance"),
            [TRIAGE_PROFILE] =
                PARAM_CHOICE("profile", "quick full", "how much; quick when not given"),
            [TRIAGE_TO] = { .name = "to",
                .type = TYPE_TEXT,
                .need = PARAM_OPTIONAL,
                .directs = true,
                .setting = "evidence",
                .doc = "where it goes: \"s3://bucket/prefix\"" },
            [TRIAGE_ACCOUNT] = PARAM_ACCOUNT,
            [TRIAGE_REGION] = PARAM_REGION },
        .effect = EFFECT_COLLECTS,
        .permissions = { .apply = { "ec2:DescribeInstances", "s3:ListBucket", "s3:PutObject",
                             "ssm:CancelCommand", "ssm:DescribeInstanceInformation",
                             "ssm:GetCommandInvocation", "ssm:ListCommands", "ssm:SendCommand" } },
        .limits = { "Linux instances that run and that Systems Manager reaches; a device that only "
                    "an EDR knows needs that EDR's connection",
            "the instance needs curl, wget or python3, and a way to S3",
            "whoever is root there may have changed what it shows",
            "nothing deletes what was collected: it is evidence" },
        .shows = { SHOWS_INSTANCE },
        .source = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/"
                  "API_SendCommand.html",
        .state_bytes = sizeof(struct triage),
        .next = triage_next,
    },
};

const struct builtin_module aws_ssm_module = { "aws.ssm", rows, COUNT_OF(rows) };
