#!/usr/bin/env python3
"""Print tests/golden/aws-endpoints.tsv: where botocore's own rules send requests.

    python3 tests/providers/endpoints.py >tests/golden/aws-endpoints.tsv

With --check, compare the file with the botocore that is installed, and say which lines differ.
"""
import sys

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError

FILE = "tests/golden/aws-endpoints.tsv"
# Our name (in signatures and host names), and botocore's.
SERVICES = {
    "ec2": "ec2", "iam": "iam", "sts": "sts", "elasticloadbalancing": "elbv2",
    "cloudtrail": "cloudtrail", "kms": "kms", "organizations": "organizations", "sqs": "sqs",
    "ssm": "ssm", "wafv2": "wafv2", "guardduty": "guardduty", "lambda": "lambda", "s3": "s3",
}
REGIONS = ["us-east-1", "eu-west-1", "cn-north-1", "cn-northwest-1", "us-gov-west-1",
           "us-gov-east-1", "eusc-de-east-1"]


def resolve(provider, names, region, fips, dual):
    """The address and the region that is signed; `-` and why, where there is none."""
    wanted = {"Region": region, "UseFIPS": fips, "UseDualStack": dual, "UseGlobalEndpoint": False,
              "Bucket": "bkt"}
    try:
        found = provider.resolve_endpoint(**{k: v for k, v in wanted.items() if k in names})
    except BotoCoreError as error:
        return "-", str(error)
    schemes = [s for s in found.properties.get("authSchemes", []) if s.get("signingRegion")]
    return found.url.replace("https://bkt.", "https://"), (
        schemes[0]["signingRegion"] if schemes else region)


def lines():
    loader = botocore.session.Session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    for ours, theirs in SERVICES.items():
        rules = loader.load_service_model(theirs, "endpoint-rule-set-1")
        provider = EndpointProvider(rules, partitions)
        for region in REGIONS:
            for fips in (False, True):
                for dual in (False, True):
                    url, signed = resolve(provider, rules["parameters"], region, fips, dual)
                    yield "\t".join([ours, region, str(int(fips)), str(int(dual)), url, signed])


def main():
    made = list(lines())
    if "--check" not in sys.argv:
        print("# service, region, FIPS, dual stack, address, region that is signed: as botocore "
              f"{botocore.__version__}\n# resolves them from its own rules (of s3 without the "
              "bucket; sts regional). `-`: it refuses.")
        print("\n".join(made))
        return 0
    with open(FILE, encoding="utf-8") as file:
        kept = {line.rstrip("\n") for line in file if not line.startswith("#")}
    for line in sorted(kept.symmetric_difference(made)):
        print("only in the file:" if line in kept else "only in botocore:", line)
    return 1 if kept != set(made) else 0


if __name__ == "__main__":
    sys.exit(main())
