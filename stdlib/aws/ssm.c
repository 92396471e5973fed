/* ssm.c - triage by Systems Manager: AWS's way of the front (fronts.h). */
#include "aws/facts.h"
#include "aws/triage.h"
#include "bytecode.h"
#include "fronts.h"

static bool fits(const value *args)
{
    return args[TRIAGE_INSTANCE].kind == VALUE_TEXT;
}

const struct builtin aws_triage = {
    .name = "triage",
    .verb = VERB_COLLECT,
    .provider = "aws",
    .doc = "Collect processes, connections, autostarts, logs and recent files of a host.",
    .params = TRIAGE_PARAMS("quick full"),
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
    .fits = fits,
    .next = triage_next,
};
