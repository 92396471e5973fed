"""moto_permissions.py - what `cdr permissions` prints is enough, and nothing of it too much.

Usage: moto_permissions.py PORT,PORT,... CDR [WORD ...]     (a server of its own for each world)

Each row of CASES is a rule and what it changes. moto judges actions, neither resources nor
conditions, so the actions of the printed policy are allowed on "*":
 1. with exactly these the rule is applied and taken back, and everything is as before;
 2. with any single one taken away it ends badly, and says which permission of which rule is
    missing. Reads that only add facts are gaps: they are told, and where a clause needs
    them the step is refused.
"""
import concurrent.futures
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time

import crash
from moto_base import ACCOUNT, ALLOW, REGION, Moto

RULE = "guarded"


class World(Moto):
    """A fresh account with one of everything, and cdr as a user whose policy a test sets."""

    def reset(self):
        super().reset()
        self.admin = dict(aws_access_key_id=self.key, aws_secret_access_key=self.secret)
        self.control("reset-auth", b"inf")
        iam, ec2, waf = self.client("iam"), self.client("ec2"), self.client("wafv2")
        iam.create_user(UserName="acting")
        key = iam.create_access_key(UserName="acting")["AccessKey"]
        self.acting = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"], "AWS_REGION": REGION}
        iam.create_user(UserName="someone", Path="/staff/")
        self.access_key = iam.create_access_key(UserName="someone")["AccessKey"]["AccessKeyId"]
        self.policy = iam.create_policy(PolicyName="powerful", PolicyDocument=ALLOW)["Policy"]["Arn"]
        self.boundary = iam.create_policy(PolicyName="bounds", PolicyDocument=ALLOW.replace('"Action": "*"', '"Action": "s3:*"'))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="web-role", PolicyArn=self.policy)
        self.volume = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [self.instance]}])["Volumes"]
        self.ip_set = waf.create_ip_set(Name="banned", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["192.0.2.0/24"])["Summary"]["Id"]
        self.groups = [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] == "web"]
        vpc = ec2.describe_instances(InstanceIds=[self.instance])["Reservations"][0]["Instances"][0]["VpcId"]
        self.unused = ec2.create_security_group(GroupName="unused", Description="unused", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=self.groups[0], IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        self.client("s3").create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.control("reset-auth", b"0")

    def allow(self, actions):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}]}
        if not actions:
            document["Statement"][0]["Effect"] = "Deny"
            document["Statement"][0]["Action"] = "*"
        self.client("iam", **self.admin).put_user_policy(UserName="acting", PolicyName="least", PolicyDocument=json.dumps(document))

    def words(self):
        return dict(instance=self.instance, role="arn:aws:iam::%s:role/app/web-role" % ACCOUNT, user="arn:aws:iam::%s:user/staff/someone" % ACCOUNT,
                    access_key=self.access_key, boundary=self.boundary, group=self.groups[0], unused=self.unused, account=ACCOUNT)

    def state(self):
        state = super().state()
        iam, ec2, waf = self.client("iam"), self.client("ec2"), self.client("wafv2")
        role = iam.get_role(RoleName="web-role")["Role"]
        instance = ec2.describe_instances(InstanceIds=[self.instance])["Reservations"][0]["Instances"][0]
        state.update(
            boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            attached=sorted(p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="web-role")["AttachedPolicies"]),
            user_policies={n: iam.get_user_policy(UserName="someone", PolicyName=n)["PolicyDocument"]
                           for n in sorted(iam.list_user_policies(UserName="someone")["PolicyNames"])},
            keys={k["AccessKeyId"]: k["Status"] for k in iam.list_access_keys(UserName="someone")["AccessKeyMetadata"]},
            stop_protection=ec2.describe_instance_attribute(InstanceId=self.instance, Attribute="disableApiStop")["DisableApiStop"]["Value"],
            metadata=instance.get("MetadataOptions", {}).get("HttpEndpoint"),
            snapshots=sorted(s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=[ACCOUNT])["Snapshots"]),
            shared=sorted(str(ec2.describe_snapshot_attribute(SnapshotId=s["SnapshotId"], Attribute="createVolumePermission")["CreateVolumePermissions"])
                          for s in ec2.describe_snapshots(OwnerIds=[ACCOUNT])["Snapshots"]),
            kept=sorted(o["Key"] for o in self.client("s3", **self.admin).list_objects_v2(Bucket="evidence").get("Contents", [])),
            entries={a["NetworkAclId"]: sorted(str(sorted(e.items(), key=str)) for e in a["Entries"]) for a in ec2.describe_network_acls()["NetworkAcls"]},
            ip_set=waf.get_ip_set(Name="banned", Scope="REGIONAL", Id=self.ip_set)["IPSet"]["Addresses"])
        return state


def protect(world):
    world.client("ec2", **world.admin).modify_instance_attribute(InstanceId=world.instance, DisableApiStop={"Value": True})


def narrow_inline(world):
    world.client("iam", **world.admin).put_role_policy(RoleName="web-role", PolicyName="work", PolicyDocument=ALLOW.replace('"Action": "*"', '"Action": "s3:GetObject"'))


MOTO_CREATE_TAGS = {"ec2:CreateTags": "moto does not ask for it where tags come with what is made"}
MOTO_PUBLIC_IP = "moto answers DescribeNetworkInterfaces by association.public-ip with a web page (500)"
PROTECTION = {"undo ec2:DescribeInstanceAttribute": "only the undo of what override=protection did asks for it"}
BY_NAME = {"iam:ListUsers": "only where the alert tells the id of a user and not its name"}
MOTO_ACL = "moto does not know the filter network-acl-id of DescribeNetworkAcls, by which the undo looks"
MOTO_SSM = "moto does not know DescribeInstanceInformation"
FORMER = "only where sessions were revoked before, by somebody else"

# name, step, what else. `begin` changes the world first. `kept`: nothing takes it back (or why moto cannot). `facts`: reads that only
# add facts. `spare`: what this case does without, and why ("undo ACTION": while it is taken back).
# `skip`: why moto cannot judge it.
CASES = [
    dict(name="stop_instance", step='respond stop_instance instance="{instance}"', spare=PROTECTION),
    dict(name="stop_instance, protected", step='respond stop_instance instance="{instance}" override=protection', begin=protect),
    dict(name="isolate_role", step='respond isolate_role role="{role}"'),
    dict(name="isolate_role of an instance", step='respond isolate_role instance="{instance}"', facts=("iam:GetRole",)),
    dict(name="isolate_security_group", step='respond isolate_security_group instance="{instance}"',
         spare={"ec2:RevokeSecurityGroupIngress": "only where somebody has opened our group", **MOTO_CREATE_TAGS}),
    dict(name="isolate_security_group, untracked", step='respond isolate_security_group instance="{instance}" cut=untrack',
         spare={"ec2:RevokeSecurityGroupIngress": "only where somebody has opened our group", **MOTO_CREATE_TAGS}),
    dict(name="isolate_security_group, cut by network ACL", step='respond isolate_security_group instance="{instance}" cut=nacl', kept=MOTO_ACL,
         spare={"ec2:RevokeSecurityGroupIngress": "only where somebody has opened our group", **MOTO_CREATE_TAGS}),
    dict(name="snapshot", step='collect snapshot instance="{instance}"', kept=True, spare=MOTO_CREATE_TAGS),
    dict(name="snapshot, shared", step='collect snapshot instance="{instance}" share="444455556666"', kept=True,
         spare={"kms:DescribeKey": "only where a volume is encrypted",
                "ec2:DescribeVolumes": "without it encrypted volumes are found out when sharing fails", **MOTO_CREATE_TAGS}),
    dict(name="logs", step='collect logs access_key="{access_key}" to="s3://evidence/ir"', kept=True, skip="moto does not know LookupEvents"),
    dict(name="triage", step='collect triage instance="{instance}" to="s3://evidence/ir"', kept=True, skip=MOTO_SSM),
    dict(name="lambda", step='call lambda function="answer"', kept=True, skip="moto runs functions in Docker, which is not here"),
    dict(name="webhook", step='call webhook url="https://abcde12345.execute-api.eu-west-1.amazonaws.com/prod/alert"', kept=True,
         skip="moto serves no addresses of API Gateway with policies checked"),
    dict(name="disable_access_key", step='respond disable_access_key access_key="{access_key}"', facts=("iam:GetUser",)),
    dict(name="disable_user", step='respond disable_user user="{user}"', spare=BY_NAME),
    dict(name="revoke_sessions of a role", step='respond revoke_sessions role="{role}"', spare={"undo iam:PutRolePolicy": FORMER}),
    dict(name="revoke_sessions of a user", step='respond revoke_sessions user="{user}"', spare={"undo iam:PutUserPolicy": FORMER, **BY_NAME}),
    dict(name="restrict_role", step='respond restrict_role role="{role}"', begin=narrow_inline),
    dict(name="restrict_role, bounded", step='respond restrict_role role="{role}" boundary="{boundary}"',
         spare={"undo iam:PutRolePermissionsBoundary": "only where the role had another boundary"}),
    dict(name="disable_metadata", step='respond disable_metadata instance="{instance}"'),
    dict(name="terminate_instance", step='respond terminate_instance instance="{instance}" irreversible', mode="mode destroy", kept=True),
    dict(name="close_security_group", step='respond close_security_group group="{group}"'),
    dict(name="close_security_group, both ways", step='respond close_security_group group="{group}" direction=both'),
    dict(name="delete_security_group", step='respond delete_security_group group="{unused}" irreversible', mode="mode destroy", kept=True),
    dict(name="ban_ip by network ACL", step='respond ban_ip ip="198.51.100.7" via=nacl instance="{instance}"', skip=MOTO_PUBLIC_IP),
    dict(name="ban_ip by WAF", step='respond ban_ip ip="198.51.100.7" via=waf ip_set="banned"', skip=MOTO_PUBLIC_IP),
    dict(name="ban_ip by policy", step='respond ban_ip ip="198.51.100.7" via=iam role="{role}"', skip=MOTO_PUBLIC_IP),
]


class Try:
    """One data directory and one rule in a world that was just made."""

    def __init__(self, cdr, world, case, clause=""):
        self.cdr, self.world = cdr, world
        world.reset()
        case.get("begin", lambda w: None)(world)
        self.home = tempfile.mkdtemp(prefix="cdr-permissions-")
        self.rule, self.alert = os.path.join(self.home, "rule.cdr"), os.path.join(self.home, "alert.json")
        with open(self.rule, "w") as file:
            file.write("%s\nrule %s { when source = guardduty %s then %s }\n" % (clause, RULE, case.get("mode", ""), case["step"].format(**world.words())))
        with open(self.alert, "w") as file:
            json.dump(world.alert(), file)
        self.environment = dict(os.environ, HOME=self.home, AWS_ENDPOINT_URL="http://127.0.0.1:%d" % world.port, **world.acting)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *words):
        done = subprocess.run([*self.cdr, *words], env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=120)
        return done.returncode, done.stdout

    def apply(self):
        return self.run("run", "--rules", self.rule, "--alerts", self.alert, "--mode", "apply", "--data", os.path.join(self.home, "data"))

    def undo(self):
        return self.run("undo", "--alert", self.world.alert_id, "--data", os.path.join(self.home, "data"))

    def needs(self):
        """Actions for apply and for undo, as printed."""
        done = subprocess.run([*self.cdr, "permissions", self.rule, "--format", "json"], env=self.environment, text=True, stdout=subprocess.PIPE, check=True)
        needs = json.loads(done.stdout)["needs"]
        return [sorted({n["permission"] for n in needs if n["phase"] == phase}) for phase in ("apply", "undo")]


def enough(cdr, world, case):
    """"" or what went wrong with exactly the printed actions; and these."""
    with Try(cdr, world, case) as one:
        apply, undo = one.needs()
        before = world.state()
        world.allow(set(apply))
        status, output = one.apply()
        if status != 0:
            return "apply ended with %d\n%s" % (status, output), apply, undo
        if world.state() == before:
            return "nothing was changed\n%s" % output, apply, undo
        if case.get("kept"):
            return "", apply, undo
        world.allow(set(undo))
        status, output = one.undo()
        after = world.state()
        if status != 0:
            return "undo ended with %d\n%s" % (status, output), apply, undo
        if after != before:
            return "not restored\n%s\n%s\n%s" % (before, after, output), apply, undo
    return "", apply, undo


def without(cdr, world, case, actions, missing, in_undo):
    """"" or what went wrong without one of the actions; "gap" when it did well."""
    with Try(cdr, world, case) as one:
        world.allow({"*"} if in_undo else set(actions) - {missing})
        status, output = one.apply()
        if in_undo:
            world.allow(set(actions) - {missing})
            status, output = one.undo()
        if status == 0:
            return "gap"
        if missing not in output:
            return "%s is not named (%d)\n%s" % (missing, status, output)
        if RULE not in output:
            return "the rule is not named\n%s" % output
        return ""


def refused(cdr, world, case, actions, missing):
    """"" or what went wrong when a clause asks for what cannot be read."""
    with Try(cdr, world, case, 'defaults { never target resource.tags["keep"] = "yes" }') as one:
        world.allow(set(actions) - {missing})
        before = world.state()
        status, output = one.apply()
        if status == 0 or world.state() != before:
            return "acted although %s could not be asked for (%d)\n%s" % (missing, status, output)
    return ""


def judge(tap, cdr, worlds, case):
    free = queue.SimpleQueue()
    for world in worlds:
        free.put(world)

    def lend(function, *words):
        world = free.get()
        try:
            return function(cdr, world, case, *words)
        except Exception as error:
            return "%s: %s" % (type(error).__name__, error)
        finally:
            free.put(world)

    if case.get("skip"):
        tap.count += 1
        print("ok", tap.count, "-", case["name"], "# SKIP", case["skip"], flush=True)
        return
    began = time.monotonic()
    found = lend(enough)
    wrong, apply, undo = found if isinstance(found, tuple) else (found, [], [])
    if not tap.check(not wrong, "%s: what is printed is enough%s" % (case["name"], "" if case.get("kept") else ", and to take it back"), wrong):
        return
    facts = case.get("facts", ())
    with concurrent.futures.ThreadPoolExecutor(len(worlds)) as pool:
        tries = [(missing, False, pool.submit(lend, without, apply, missing, False)) for missing in apply]
        tries += [(missing, True, pool.submit(lend, without, undo, missing, True)) for missing in ([] if case.get("kept") else undo)]
        held = [(missing, pool.submit(lend, refused, apply, missing)) for missing in facts]
        wrong = ""
        for missing, in_undo, done in tries:
            spared = ("undo " + missing if in_undo else missing) in case.get("spare", {})
            expected = "gap" if spared or (missing in facts and not in_undo) else ""
            if done.result() != expected:
                wrong += "%s without %s: %s\n" % ("undo" if in_undo else "apply", missing, done.result() or "it is needed")
        for missing, done in held:
            wrong += done.result() and "without %s: %s\n" % (missing, done.result())
    tap.check(not wrong, "%s: without any one of %d permissions it says which" % (case["name"], len(tries)), wrong)
    print("# %.1f s" % (time.monotonic() - began), flush=True)


def judged(tap, cdr):
    """Every step that this build takes on AWS has a case."""
    rows = json.loads(subprocess.run([*cdr, "builtins", "--json"], text=True, stdout=subprocess.PIPE, check=True).stdout)
    steps = {row["name"] for row in rows if row["provider"] == "aws" and row["step"] not in ("undo", "find") and not row["missing"]}
    left = steps - {case["step"].split()[1] for case in CASES}
    tap.check(not left, "every step on AWS has a case", "without one: %s" % ", ".join(sorted(left)))


def main():
    ports, cdr = [int(port) for port in sys.argv[1].split(",")], sys.argv[2:]
    tap, worlds = crash.Tap(), [World(port) for port in ports]
    only = os.environ.get("CASES", "")
    judged(tap, cdr)
    for case in CASES:
        if only in case["name"]:
            judge(tap, cdr, worlds, case)
    tap.end()


if __name__ == "__main__":
    main()
