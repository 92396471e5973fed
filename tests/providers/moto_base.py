"""moto_base.py - an account at moto's EC2, IAM and STS, with signatures and policies checked."""
import json
import urllib.request

import boto3
import botocore

ACCOUNT, REGION = "123456789012", "eu-west-1"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Moto:
    alert_id = "7e57c0de7e57c0de7e57c0de7e57c0de"

    def __init__(self, port):
        self.port = port
        self.session = boto3.session.Session()

    def client(self, service, **keys):
        keys = keys or dict(aws_access_key_id=self.key, aws_secret_access_key=self.secret)
        return self.session.client(service, region_name=REGION, endpoint_url="http://127.0.0.1:%d" % self.port,
                            config=botocore.config.Config(retries={"max_attempts": 0}), **keys)

    def control(self, path, body=b"", kind="text/plain"):
        request = urllib.request.Request("http://127.0.0.1:%d/moto-api/%s" % (self.port, path), data=body,
                                         headers={"Content-Type": kind}, method="POST")
        urllib.request.urlopen(request).read()

    def reset(self):
        """A fresh account: two interfaces, two groups, a profile whose name is not the role's."""
        self.control("reset-auth", b"inf")
        self.control("reset")
        self.control("seed?a=42")
        self.key, self.secret = "any", "any"
        iam, ec2 = self.client("iam"), self.client("ec2")
        iam.create_user(UserName="cdr")
        iam.put_user_policy(UserName="cdr", PolicyName="all", PolicyDocument=ALLOW)
        key = iam.create_access_key(UserName="cdr")["AccessKey"]
        trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {
            "Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
        iam.create_role(RoleName="web-role", Path="/app/", AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName="web-role", PolicyName="work", PolicyDocument=ALLOW)
        profile = iam.create_instance_profile(InstanceProfileName="web-profile", Path="/app/")["InstanceProfile"]["Arn"]
        iam.add_role_to_instance_profile(InstanceProfileName="web-profile", RoleName="web-role")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        groups = [ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("web", "ops")]
        # Groups of the instance, not of an interface, would show on every interface for ever: moto's mistake.
        card = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": groups}
        self.instance = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, NetworkInterfaces=[card],
                                          IamInstanceProfile={"Arn": profile})["Instances"][0]["InstanceId"]
        second = ec2.create_network_interface(SubnetId=subnet, Groups=groups[1:])["NetworkInterface"]["NetworkInterfaceId"]
        ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=self.instance, DeviceIndex=1)
        role = self.client("sts").assume_role(RoleArn="arn:aws:iam::%s:role/app/web-role" % ACCOUNT, RoleSessionName="i-session")["Credentials"]
        self.role_keys = dict(aws_access_key_id=role["AccessKeyId"], aws_secret_access_key=role["SecretAccessKey"],
                              aws_session_token=role["SessionToken"])
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]
        self.control("reset-auth", b"0")

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": REGION}

    def alert(self):
        return {"version": "0", "id": "e0e0e0e0-0000-4000-8000-00000000e0e0", "detail-type": "GuardDuty Finding",
                "source": "aws.guardduty", "account": ACCOUNT, "time": "2026-01-05T10:00:00Z", "region": REGION, "resources": [],
                "detail": {"schemaVersion": "2.0", "accountId": ACCOUNT, "region": REGION, "partition": "aws", "id": self.alert_id,
                           "type": "Backdoor:EC2/C&CActivity.B", "severity": 8, "title": "The instance queries a command and control server.",
                           "createdAt": "2026-01-05T09:58:00.000Z", "updatedAt": "2026-01-05T09:58:00.000Z",
                           "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": self.instance}},
                           "service": {"serviceName": "guardduty", "detectorId": "12abc34d567e8fa901bc2d34e56789f0", "count": 1}}}

    def denied(self):
        """Whether the role's running session is cut off."""
        try:
            self.client("ec2", **self.role_keys).describe_instances()
            return False
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"] in ("AccessDenied", "UnauthorizedOperation")

    def state(self):
        iam, ec2 = self.client("iam"), self.client("ec2")
        names = iam.list_role_policies(RoleName="web-role")["PolicyNames"]
        interfaces = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [self.instance]}])
        return {
            "role_policies": {name: iam.get_role_policy(RoleName="web-role", PolicyName=name)["PolicyDocument"] for name in sorted(names)},
            "interface_groups": {i["NetworkInterfaceId"]: sorted(g["GroupId"] for g in i["Groups"]) for i in interfaces["NetworkInterfaces"]},
            "groups": {g["GroupId"]: [g["GroupName"], g["IpPermissions"], g["IpPermissionsEgress"]] for g in ec2.describe_security_groups()["SecurityGroups"]},
            "instance": ec2.describe_instances(InstanceIds=[self.instance])["Reservations"][0]["Instances"][0]["State"]["Name"],
        }

    @staticmethod
    def shape(state):
        return (state["role_policies"], sorted(len(g) for g in state["interface_groups"].values()), len(state["groups"]),
                state["instance"], sorted(str(g[0]).split("-vpc")[0] for g in state["groups"].values()))
