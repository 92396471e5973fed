/* find.c - what steps act on, looked for when the alert does not name it (act/locate.h). */
#include "find/host.h"
#include "find/instance.h"
#include "params.h"
#include "registry.h"

#define LIMIT_FACTS "two facts must agree: instance id, MAC, private address, name"
#define FIND_ROW_PARAMS                                                                            \
    {                                                                                              \
        [FIND_HOST] = PARAM("host", HOST, OPTIONAL, "the device of the alert"),                    \
        [FIND_INSTANCE] = PARAM("instance", INSTANCE, OPTIONAL, "the instance of the alert"),      \
        [FIND_NAME] = PARAM("name", TEXT, OPTIONAL, "its name, to compare"),                       \
        [FIND_IPS] = PARAM_LIST("ips", IP, OPTIONAL, "its addresses, to compare"),                 \
        [FIND_SOURCE] = PARAM("source", TEXT, OPTIONAL, "whose alert it is"),                      \
        [FIND_ACCOUNTS] = PARAM_LIST("accounts", ACCOUNT, OPTIONAL, "where instances may be"),     \
        [FIND_REGIONS] = PARAM_LIST("regions", REGION, OPTIONAL, "the same"),                      \
        [FIND_ACCOUNT] = PARAM("cloud_account", TEXT, OPTIONAL, "where the alert says it is"),     \
        [FIND_REGION] = PARAM("cloud_region", TEXT, OPTIONAL, "the same"),                         \
    }

static const struct builtin host_by_falcon = {
    .name = "host",
    .verb = VERB_FIND,
    .provider = "crowdstrike",
    .doc = "Find the device of Falcon that an EC2 instance is.",
    .params = FIND_ROW_PARAMS,
    .effect = EFFECT_READS,
    .permissions = { .apply = { "hosts:read" } },
    .limits = { LIMIT_FACTS, "EC2 is asked for the instance too: ec2:DescribeInstances" },
    .source = "https://www.falconpy.io/Service-Collections/Hosts.html#combineddevicesbyfilter",
    .state_bytes = sizeof(struct find_host),
    .next = find_host_by_falcon_next,
};

static const struct builtin host_by_defender = {
    .name = "host",
    .verb = VERB_FIND,
    .provider = "defender",
    .doc = "Find the device of Defender for Endpoint that an EC2 instance is.",
    .params = FIND_ROW_PARAMS,
    .effect = EFFECT_READS,
    .permissions = { .apply = { "Machine.Read.All" } },
    .limits = { LIMIT_FACTS, "Defender can be asked by the last address alone",
        "EC2 is asked for the instance too: ec2:DescribeInstances" },
    .source = "https://learn.microsoft.com/en-us/defender-endpoint/api/get-machines",
    .state_bytes = sizeof(struct find_host),
    .next = find_host_by_defender_next,
};

static const struct builtin *const host_ways[] = { &host_by_falcon, &host_by_defender, NULL };

static const struct builtin rows[] = {
    {
        .name = "host",
        .verb = VERB_FIND,
        .doc = "Find the device of an EDR that an EC2 instance is.",
        .params = FIND_ROW_PARAMS,
        .effect = EFFECT_READS,
        .ways = host_ways,
    },
    {
        .name = "instance",
        .verb = VERB_FIND,
        .provider = "aws",
        .doc = "Find the EC2 instance that the device of an EDR's alert is.",
        .params = FIND_ROW_PARAMS,
        .effect = EFFECT_READS,
        .permissions = { .apply = { "ec2:DescribeInstances" } },
        .limits = { LIMIT_FACTS,
            "looked for in accounts and regions that the rules name, those that the EDR's record "
            "says, and the connection's own; 64 places at most",
            "for `accounts organization` the connection itself needs organizations:ListAccounts",
            "whoever is root on a host can have its agent tell what he likes" },
        .source = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
                  "API_DescribeInstances.html",
        .state_bytes = sizeof(struct find_instance),
        .next = find_instance_next,
    },
};

const struct builtin_module find_module = { "find", rows, COUNT_OF(rows) };
